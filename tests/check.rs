//! Every check, by example: `tests/check/<code>.toml` holds statements that must be refused with
//! that code, and statements that must pass. A code without a file fails.

use std::path::Path;

use onerow::check::{self, CHECKS, Check, Code, Example, On, Severity};
use onerow::rule::RuleFile;
use onerow::statement::{Statement, StepName};
use onerow::template::{Renderer, Templates};
use onerow::window::{Day, Window};
use serde::Deserialize;

use crate::common::document;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cases {
    refused: Vec<Case>,
    passes: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    /// What the case is about.
    name: String,
    #[serde(default = "own_step")]
    step: String,
    /// Overrides of the rule, as lines of TOML.
    #[serde(default)]
    rule: String,
    #[serde(default = "one_date")]
    dates: Vec<String>,
    sql: String,
    /// The shipped text that it replaces.
    replaces: Option<String>,
    /// Where the finding is, as `line:column`.
    at: Option<String>,
}

fn own_step() -> String {
    "own".to_owned()
}

fn one_date() -> Vec<String> {
    vec!["2026-01-28".to_owned()]
}

const RULE: &str = r#"
table = "nba.predictions"
partition = "game_date"
key = ["game_id", "player"]
keep = ["created_at DESC", "id DESC"]
row_id = "id"
active = "is_active"
touched_at = "updated_at"
"#;

/// The rule file of a case.
fn rules(case: &Case) -> RuleFile {
    let overridden = |line: &&str| {
        let key = line.split('=').next().unwrap().trim();
        // Where rows are not updated, no column can be set.
        let dropped = key == "touched_at" && case.rule.contains("strategy");
        !dropped && !case.rule.lines().any(|o| o.split('=').next().unwrap().trim() == key)
    };
    let base: Vec<&str> = RULE.lines().filter(overridden).collect();
    let text = format!("[rule.p]\n{}\n{}", base.join("\n"), case.rule).replace("active = NONE", "");
    RuleFile::parse("onerow.toml", &text).unwrap()
}

fn statement(case: &Case, window: Window, sql: &str) -> Statement {
    let statement = Statement::new(StepName::parse(&case.step).unwrap(), window, sql.to_owned());
    match &case.replaces {
        Some(shipped) => statement.replacing(shipped),
        None => statement,
    }
}

fn findings(case: &Case) -> Vec<check::Finding> {
    let file = rules(case);
    let days = case.dates.iter().map(|date| Day::parse(date).unwrap()).collect();
    let window = Window::of_days(days).unwrap();
    let mut findings = check::rule(&file.rules[0]);
    let inspected = check::inspect(&file.rules[0], statement(case, window, &case.sql));
    let errors = inspected.findings.iter().any(|f| f.code.severity() == Severity::Error);
    assert_eq!(
        inspected.checked.is_none(),
        errors,
        "an error keeps it from running, and nothing else"
    );
    findings.extend(inspected.findings);
    findings
}

fn cases(code: Code) -> Cases {
    let path = Path::new("tests/check").join(format!("{code}.toml"));
    let text = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{code} needs cases in {}: {error}", path.display()));
    toml::from_str(&text).unwrap_or_else(|e| panic!("{code}: {e}"))
}

#[test]
fn every_code_refuses_what_it_must_and_passes_what_it_may() {
    let mut wrong = Vec::new();
    for code in Code::ALL {
        let cases = cases(code);
        assert!(!cases.refused.is_empty() && !cases.passes.is_empty(), "{code} needs both");
        for case in &cases.refused {
            let found = findings(case);
            let Some(finding) = found.iter().find(|finding| finding.code == code) else {
                wrong.push(format!("{code}: `{}` must be refused: {found:?}", case.name));
                continue;
            };
            let says = !finding.reason.is_empty() && !finding.help.is_empty();
            assert!(says, "{code}: {}", case.name);
            if let Some(at) = &case.at {
                let place = format!("{}:{}", finding.place.line(), finding.place.column());
                assert_eq!(*at, place, "{code}: {}", case.name);
            }
        }
        for case in &cases.passes {
            let found = findings(case);
            let refused =
                |f: &check::Finding| f.code == code || f.code.severity() == Severity::Error;
            if found.iter().any(refused) {
                wrong.push(format!("{code}: `{}` must pass: {found:?}", case.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_file_of_cases_belongs_to_a_code() {
    for entry in std::fs::read_dir("tests/check").unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let code = name.strip_suffix(".toml").unwrap();
        assert!(Code::ALL.iter().any(|known| known.as_str() == code), "{name}");
    }
}

/// What the checks find in an example of `docs/checks.md`, where `rule` stands too.
fn found_in(example: &Example, rule: &str) -> Vec<check::Finding> {
    let over = if let On::Rule(line) = example.on { line } else { "" };
    let key = over.split(" = ").next().unwrap();
    let lines = rule.lines().filter(|line| key.is_empty() || !line.starts_with(key));
    let rule = lines.collect::<Vec<_>>().join("\n").replace("\n\n", &format!("\n{over}\n\n"));
    let file = RuleFile::parse("onerow.toml", &rule).unwrap();
    let step = if let On::Step(name) | On::Replacing(name) = example.on { name } else { "own" };
    let window = Window::day(Day::parse("2026-01-28").unwrap());
    let statement = Statement::new(StepName::parse(step).unwrap(), window, example.sql.to_owned());
    let statement = match example.on {
        On::Replacing(_) => {
            let renderer = Renderer::new(&file.rules[0], &Templates::shipped(), &[]).unwrap();
            let shipped = renderer.render(&statement.step, &statement.window).unwrap();
            statement.replacing(&shipped[0].sql)
        }
        _ => statement,
    };
    let mut findings = check::rule(&file.rules[0]);
    findings.extend(check::inspect(&file.rules[0], statement).findings);
    findings
}

#[test]
fn every_example_of_the_documentation_is_found_and_its_mend_is_not() {
    let docs = include_str!("../docs/checks.md");
    let rule = docs.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
    for check in &CHECKS {
        let (code, findings) = (check.code, found_in(&check.found, rule));
        assert!(findings.iter().any(|f| f.code == code), "{code}: {findings:?}");
        assert_eq!(found_in(&check.mended, rule), [], "{code}: the mend has findings");
    }
}

#[test]
fn every_code_has_its_check() {
    for (i, check) in CHECKS.iter().enumerate() {
        assert_eq!(check.code as usize, i, "{}", check.name);
        assert_eq!(check.code.check().name, check.name);
    }
}

/// `docs/checks.md`: the list, and a section for each check.
#[test]
fn the_documentation_is_made_from_the_checks() {
    let cells = |check: &Check| {
        vec![
            format!("[`{0}`](#{0})", check.name),
            check.severity.as_str().to_owned(),
            if check.may_be_allowed { "yes" } else { "no" }.to_owned(),
        ]
    };
    let rows: Vec<_> = CHECKS.iter().map(cells).collect();
    let list = document::markdown(&["check", "severity", "may be allowed"], &rows);
    document::section("checks.md", "list", &list);
    let sections: Vec<String> = CHECKS.iter().map(section).collect();
    document::section("checks.md", "checks", &sections.join("\n"));
}

fn section(check: &Check) -> String {
    let shown = |word: &str, example: &Example| {
        let on = match example.on {
            On::OwnStep => String::new(),
            On::Step(name) => format!(", as `{name}`"),
            On::Replacing(name) => format!(", as `{name}` in place of the shipped"),
            On::Rule(line) => format!(", with `{line}`"),
        };
        format!("{word}{on}:\n\n```sql\n{}\n```\n", example.sql)
    };
    let Check { name, about, found, mended, .. } = check;
    format!("### {name}\n\n{about}\n\n{}\n{}", shown("Found", found), shown("Mended", mended))
}
