//! Rendering and checking the plans of 365 single dates, against minijinja and sqlparser alone.

use std::hint::black_box;
use std::path::Path;

use minijinja::value::Value;
use minijinja::{AutoEscape, Environment, context};
use onerow::googlesql::SqlValue;
use onerow::plan;
use onerow::project::Project;
use onerow::rule::Rule;
use onerow::template::{Renderer, Templates};
use onerow::window::{Day, Window};
use sqlparser::dialect::BigQueryDialect;
use sqlparser::parser::Parser;

use super::run::{Row, in_turn};

const STEPS: [&str; 3] = ["detect", "deactivate", "verify"];

pub fn render_and_check() -> Row {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/player_props");
    let project = Project::open(&folder).unwrap();
    let rule = project.file.rule("player_prop_predictions").unwrap();
    let days: Vec<Window> = days().into_iter().map(Window::day).collect();
    let renderer = Renderer::new(rule, &project.templates, &[]).unwrap();
    let steps = plan::steps_of(&renderer);
    let bare = Bare::new(rule);
    assert_same_texts(&renderer, &bare, rule, &days);
    let [ours, baseline] = in_turn(
        15,
        || {
            for day in &days {
                black_box(plan::plan(&renderer, &steps, day).unwrap().unwrap());
            }
        },
        || {
            for day in &days {
                for step in STEPS {
                    let text = bare.render(rule, step, day);
                    black_box(Parser::parse_sql(&BigQueryDialect {}, &text).unwrap());
                }
            }
        },
    );
    Row {
        what: "render and check the plans of 365 dates, against minijinja and sqlparser alone",
        ours,
        baseline: Some(baseline),
        bound: 2.0,
    }
}

fn days() -> Vec<Day> {
    let first = Day::parse("2026-01-01").unwrap();
    std::iter::successors(Some(first), |day| day.next()).take(365).collect()
}

/// The same templates in an environment that knows nothing of onerow: no typed literals, no
/// header, no tidying.
struct Bare {
    environment: Environment<'static>,
    rule: Value,
}

impl Bare {
    fn new(rule: &Rule) -> Self {
        let mut environment = Environment::new();
        environment.set_auto_escape_callback(|_| AutoEscape::None);
        environment.add_filter("commas", |items: Vec<String>| items.join(", "));
        for file in STEPS.iter().chain(&["_survivors"]) {
            let name = format!("{file}.sql");
            let text = Templates::shipped_text(&name).unwrap();
            environment.add_template_owned(name, text).unwrap();
        }
        let text = |value: &dyn ToString| value.to_string();
        let rule = context! {
            table => text(&rule.table),
            strategy => rule.strategy.step(),
            date => text(&rule.partition.date()),
            key => rule.key.iter().map(|part| part.to_string()).collect::<Vec<_>>(),
            keep => rule.keep.iter().map(|part| part.order.to_string()).collect::<Vec<_>>(),
            row_id => text(&rule.row_id),
            active => rule.active.as_ref().map(|column| text(column)),
            touched_at => rule.touched_at.as_ref().map(|(column, _)| column.to_string()),
            touched_now => "CURRENT_TIMESTAMP()",
            written_at => rule.written_at.as_ref().map(|column| column.to_string()),
        };
        Self { environment, rule }
    }

    fn render(&self, rule: &Rule, step: &str, window: &Window) -> String {
        let window = context! {
            filter => rule.partition.filter(window).to_string(),
            first => SqlValue::from(window.first()).literal().to_string(),
            last => SqlValue::from(window.last()).literal().to_string(),
        };
        let template = self.environment.get_template(&format!("{step}.sql")).unwrap();
        template.render(context! { rule => self.rule.clone(), window => window }).unwrap()
    }
}

/// The comparison is of the same work: but for our header, the texts are equal.
fn assert_same_texts(renderer: &Renderer<'_>, bare: &Bare, rule: &Rule, days: &[Window]) {
    for day in days {
        let plan = plan::plan(renderer, &plan::steps_of(renderer), day).unwrap().unwrap();
        for (checked, step) in plan.statements().zip(STEPS) {
            let (_, ours) = checked.statement().sql.split_once('\n').unwrap();
            assert_eq!(ours.trim(), bare.render(rule, step, day).trim());
        }
    }
}
