//! Rendered templates.

use super::*;
use crate::rule::{RuleFile, RuleName};
use crate::template::Template;
use crate::window::Day;

const RULES: &str = r#"
[rule.p]
table = "nba.predictions"
partition = "game_date"
key = ["game_id", "system_id"]
keep = ["created_at DESC", "id DESC"]
row_id = "id"
active = "is_active"
touched_at = "updated_at"
written_at = "created_at"
[rule.p.vars]
quote = "it's; DROP TABLE x --"
day = 2026-01-28
systems = ["a", "b"]
limit = 5
"#;

fn file() -> RuleFile {
    RuleFile::parse("onerow.toml", RULES).unwrap()
}

fn window() -> Window {
    Window::day(Day::parse("2026-01-28").unwrap())
}

fn render_with(template: &str, vars: &[&str]) -> Result<String> {
    let own = Template { path: "sql/own.sql".into(), text: template.into() };
    let templates = Templates::shipped().with(None, "own.sql", own);
    let vars: Vec<VarArg> = vars.iter().map(|var| var.parse().unwrap()).collect();
    let file = file();
    let renderer = Renderer::new(&file.rules[0], &templates, &vars)?;
    let statements = renderer.render(&StepName::parse("own").unwrap(), &window())?;
    let (_, body) = statements[0].sql.split_once('\n').unwrap();
    Ok(body.trim_end().to_owned())
}

fn render(template: &str) -> String {
    render_with(template, &[]).unwrap()
}

#[test]
fn a_value_is_written_as_its_typed_literal() {
    assert_eq!(render("{{ vars.quote }}"), r"'it\'s; DROP TABLE x --'");
    assert_eq!(render("{{ vars.day }}"), "DATE '2026-01-28'");
    assert_eq!(render("IN UNNEST({{ vars.systems }})"), "IN UNNEST(['a', 'b'])");
    assert_eq!(render("IN ({{ vars.systems | commas }})"), "IN ('a', 'b')");
    assert_eq!(render("{{ vars.limit }} {{ 1.0 }} {{ none }} {{ true }}"), "5 1.0 NULL TRUE");
    assert_eq!(
        render("{{ window.first }} {{ rule.table }}"),
        "DATE '2026-01-28' `nba.predictions`"
    );
}

#[test]
fn a_negative_number_cannot_begin_a_comment() {
    assert_eq!(render("n > 5 -{{ 0 - 3 }} AND k"), "n > 5 - -3 AND k");
    assert_eq!(render_with("5 -{{ vars.limit }}", &["limit=-7"]).unwrap(), "5 - -7");
}

#[test]
fn a_string_stays_data_whatever_a_template_does_to_it() {
    assert_eq!(render("{{ vars.quote | upper }}"), r"'IT\'S; DROP TABLE X --'");
    assert_eq!(render("{{ vars.quote ~ '!' }}"), r"'it\'s; DROP TABLE x --!'");
    assert_eq!(render("{{ vars.systems | join(', ') }}"), "'a, b'");
    assert_eq!(render("{{ vars.quote | replace('it', rule.row_id) }}").matches('\'').count(), 3);
    assert!(render_with("{{ vars.quote | safe }}", &[]).is_err());
}

#[test]
fn sql_and_names_from_a_string_are_asked_for_by_name() {
    assert_eq!(render("{{ 'a + b' | raw }} {{ 'order' | ident }}"), "a + b `order`");
    assert!(render_with("{{ vars.quote | ident }}", &[]).is_err());
}

#[test]
fn a_var_of_the_command_line_takes_the_declared_type() {
    assert_eq!(render_with("{{ vars.limit }}", &["limit=7"]).unwrap(), "7");
    assert_eq!(
        render_with("{{ vars.fresh }}", &["fresh=2026-01-01"]).unwrap(),
        "DATE '2026-01-01'"
    );
    let error = render_with("{{ vars.limit }}", &["limti=7"]).unwrap_err().to_string();
    assert!(error.contains("did you mean `limit`?"), "{error}");
}

#[test]
fn a_mistake_in_a_template_names_file_line_and_column() {
    let cases = [
        ("SELECT 1\nFROM {{ rule.tabel }}\n", "sql/own.sql:2:"),
        ("SELECT 1\n  {% if %}\n", "sql/own.sql:2:"),
        ("SELECT {{ nothing }}", "sql/own.sql:1:"),
        ("{% from \"_survivors.sql\" import counts %}\n{{ counts(rule, {}) }}", "_survivors.sql"),
        ("{{ 'x' | shout }}", "sql/own.sql:1:"),
    ];
    for (template, place) in cases {
        let error = render_with(template, &[]).unwrap_err();
        assert_eq!(error.kind(), Kind::Template);
        assert!(error.to_string().contains(place), "{template:?}: {error}");
    }
}

/// A gap in a statement would change its meaning.
#[test]
fn a_name_without_a_value_is_an_error_whatever_it_goes_through() {
    let through = [
        "",
        "| commas",
        "| raw",
        "| ident",
        "| of('a')",
        "| list",
        "| list | commas",
        "| join(',')",
        "| upper",
        "| lower",
        "| trim",
        "| first",
        "| last",
        "| length",
        "| sort | commas",
        "| unique | commas",
        "| reverse",
        "| replace('a', 'b')",
        "| map('upper') | commas",
        "| select | commas",
        "| reject | commas",
        "| batch(2)",
        "| items",
        "| dictsort",
        "| abs",
        "| int",
        "| float",
        "| min",
        "| max",
        "| indent(2)",
        "| string",
        "| title",
        "| capitalize",
        "| round",
        "| urlencode",
        "| split(',') | commas",
        "| lines | commas",
        "| bool",
        "| pprint",
        "| sum",
        "~ 'x'",
        "~ rule.table",
        "== 1",
        "in [1]",
        "+ 1",
        ".x",
    ];
    let mut passed = Vec::new();
    for filter in through {
        for name in ["nothing", "window.frist"] {
            let template = format!("SELECT {{{{ {name} {filter} }}}}");
            if let Ok(sql) = render_with(&template, &[]) {
                passed.push((template, sql));
            }
        }
    }
    for statement in ["{% for x in nothing %}x{% endfor %}", "{% if nothing %}x{% endif %}"] {
        if let Ok(sql) = render_with(statement, &[]) {
            passed.push((statement.to_owned(), sql));
        }
    }
    assert!(passed.is_empty(), "{passed:#?}");
}

#[test]
fn the_same_rule_and_window_give_the_same_bytes() {
    let file = file();
    let templates = Templates::shipped();
    for step in ["detect", "deactivate", "verify", "current"] {
        let step = StepName::parse(step).unwrap();
        let render = || {
            let renderer = Renderer::new(&file.rules[0], &templates, &[]).unwrap();
            renderer.render(&step, &window()).unwrap()[0].clone()
        };
        assert_eq!(render().fingerprint, render().fingerprint);
    }
}

#[test]
fn a_step_without_a_template_offers_the_nearest() {
    let file = file();
    let renderer = Renderer::new(&file.rules[0], &Templates::shipped(), &[]).unwrap();
    let error = renderer.render(&StepName::parse("detekt").unwrap(), &window()).unwrap_err();
    assert!(error.to_string().contains("did you mean `detect`?"), "{error}");
}

#[test]
fn a_rules_own_template_comes_before_the_projects_and_the_shipped_one() {
    let own = |text: &str| Template { path: "x".into(), text: text.into() };
    let templates = Templates::shipped()
        .with(None, "explain.sql", own("SELECT 'project'"))
        .with(Some(RuleName::parse("p").unwrap()), "current.sql", own("SELECT 'rule'"))
        .with(Some(RuleName::parse("q").unwrap()), "current.sql", own("SELECT 'other'"));
    let file = file();
    let renderer = Renderer::new(&file.rules[0], &templates, &[]).unwrap();
    let sql =
        |step| renderer.render(&StepName::parse(step).unwrap(), &window()).unwrap()[0].sql.clone();
    assert!(sql("explain").contains("'project'"));
    assert!(sql("current").contains("'rule'"));
}

/// Steps that decide and record always use the shipped text, whatever macros a project replaces.
#[test]
fn a_step_that_is_always_shipped_uses_the_shipped_macros() {
    let own = Template { path: "x".into(), text: "{% macro rank(rule) %}1{% endmacro %}".into() };
    let text = own.text + "{% macro counts(rule, window) %}SELECT 0{% endmacro %}";
    let own = Template { path: own.path, text };
    let templates = Templates::shipped().with(None, "_survivors.sql", own);
    let file = file();
    let shipped = Renderer::new(&file.rules[0], &Templates::shipped(), &[]).unwrap();
    let renderer = Renderer::new(&file.rules[0], &templates, &[]).unwrap();
    for step in ["detect", "verify", "record", "correct"] {
        let step = StepName::parse(step).unwrap();
        let sql = |renderer: &Renderer| renderer.render(&step, &window()).unwrap()[0].sql.clone();
        assert_eq!(sql(&renderer), sql(&shipped), "{step}");
    }
}

#[test]
fn text_is_tidied() {
    let mut sql = "-- header\n".to_owned();
    push_tidied(&mut sql, "\n\n a  \n\n\n b\n\n");
    assert_eq!(sql, "-- header\n a\n\n b\n");
}
