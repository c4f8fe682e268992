//! Rendering and checking the plan of a window, and the same with minijinja and sqlparser alone.

use std::hint::black_box;
use std::path::Path;

use minijinja::value::{Value, ValueKind};
use minijinja::{AutoEscape, Environment, context};
use onerow::plan;
use onerow::project::Project;
use onerow::rule::Rule;
use onerow::statement::StepName;
use onerow::template::{Renderer, Templates};
use onerow::window::{Day, Window};
use sqlparser::dialect::BigQueryDialect;
use sqlparser::parser::Parser;

use super::bare;

const STEPS: [&str; 3] = ["detect", "deactivate", "verify"];

/// The example project, opened.
pub fn example() -> Project {
    Project::open(&Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/player_props")).unwrap()
}

/// So many dates.
pub fn window(count: usize) -> Window {
    let first = Day::parse("2026-01-01").unwrap();
    let days = std::iter::successors(Some(first), |day| day.next());
    Window::of_days(days.take(count).collect()).unwrap()
}

/// The same, each by itself.
pub fn dates(count: usize) -> Vec<Window> {
    window(count).days().iter().map(|day| Window::day(*day)).collect()
}

/// onerow's way.
pub struct Ours<'a> {
    renderer: Renderer<'a>,
}

impl<'a> Ours<'a> {
    pub fn new(project: &'a Project) -> Self {
        let rule = &project.file.rules[0];
        Self { renderer: Renderer::new(rule, &project.templates, &[]).unwrap() }
    }

    /// Renders and checks what stands in every plan; the bare way has no removal log.
    pub fn render_and_check(&self, window: &Window) {
        let steps = STEPS.map(|step| StepName::parse(step).unwrap());
        black_box(plan::plan(&self.renderer, &steps, window).unwrap().unwrap());
    }
}

/// The same templates in an environment that knows nothing of onerow: no typed literals, no
/// header, no tidying.
pub struct Bare<'a> {
    environment: Environment<'static>,
    rule: &'a Rule,
    value: Value,
}

impl<'a> Bare<'a> {
    pub fn new(project: &'a Project) -> Self {
        let rule = &project.file.rules[0];
        let mut environment = Environment::new();
        environment.set_auto_escape_callback(|_| AutoEscape::None);
        // SQL writes `FALSE` where Jinja writes `False`.
        environment.set_formatter(|out, state, value| match value.kind() {
            ValueKind::Bool => Ok(write!(out, "{}", value.to_string().to_uppercase())?),
            _ => minijinja::escape_formatter(out, state, value),
        });
        environment.add_filter("raw", |text: String| text);
        environment.add_filter("commas", |items: Vec<String>| items.join(", "));
        for file in STEPS.iter().chain(&["_removals", "_survivors"]) {
            let name = format!("{file}.sql");
            let text = Templates::shipped_text(&name).unwrap();
            environment.add_template_owned(name, text).unwrap();
        }
        Self { environment, rule, value: bare::value(&bare::rule(rule)) }
    }

    /// Renders and parses, and looks at nothing.
    pub fn render_and_parse(&self, window: &Window) {
        for text in self.texts(window) {
            black_box(Parser::parse_sql(&BigQueryDialect {}, &text).unwrap());
        }
    }

    /// One UPDATE for each date, between the queries of the window.
    fn texts<'b>(&'b self, window: &'b Window) -> impl Iterator<Item = String> + 'b {
        let [detect, deactivate, verify] = STEPS;
        let updates = window.days().iter().map(move |day| (deactivate, Window::day(*day)));
        let first = std::iter::once((detect, window.clone()));
        let statements = first.chain(updates).chain([(verify, window.clone())]);
        statements.map(|(step, window)| self.render(step, &window))
    }

    fn render(&self, step: &str, window: &Window) -> String {
        let window = bare::value(&bare::window(self.rule, window));
        let template = self.environment.get_template(&format!("{step}.sql")).unwrap();
        let removals = bare::value(&bare::removals());
        let rule = self.value.clone();
        template.render(context! { rule, window, removals }).unwrap()
    }
}

/// The comparison is of the same work: but for our header, the texts are equal.
pub fn assert_same_texts(ours: &Ours<'_>, bare: &Bare<'_>, window: &Window) {
    let steps = STEPS.map(|step| StepName::parse(step).unwrap());
    let statements = plan::render(&ours.renderer, &steps, window).unwrap();
    let texts: Vec<String> = bare.texts(window).collect();
    assert_eq!(statements.len(), texts.len());
    for (statement, text) in statements.iter().zip(texts) {
        let (_, sql) = statement.sql.split_once('\n').unwrap();
        assert_eq!(sql.trim(), text.trim());
    }
}
