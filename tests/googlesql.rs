//! What the parser reads of GoogleSQL, and what it does not: the gaps are those that
//! `docs/checks.md` names, no more and no fewer.

use onerow::check::{self, Code};
use onerow::rule::RuleFile;
use onerow::statement::{Statement, StepName};
use onerow::window::{Day, Window};

use crate::docs::Page;

const RULE: &str = r#"
[rule.p]
table = "nba.predictions"
partition = "game_date"
key = ["game_id", "player"]
keep = ["created_at DESC", "id DESC"]
row_id = "id"
active = "is_active"
"#;

fn is_read(sql: &str) -> bool {
    let file = RuleFile::parse("onerow.toml", RULE).unwrap();
    let window = Window::day(Day::parse("2026-01-28").unwrap());
    let statement = Statement::new(StepName::parse("own").unwrap(), window, sql.to_owned());
    let findings = check::inspect(&file.rules[0], statement).findings;
    !findings.iter().any(|finding| finding.code == Code::Unparsable)
}

/// The blocks of a file that hold SQL.
fn blocks(text: &str) -> Vec<&str> {
    text.split("\n\n")
        .map(str::trim)
        .filter(|block| !block.is_empty() && !block.starts_with("--"))
        .collect()
}

#[test]
fn what_is_not_read_is_what_the_documentation_names() {
    let statements = blocks(include_str!("googlesql/statements.sql"));
    assert!(statements.len() >= 40);
    let unread: Vec<&str> = statements.into_iter().filter(|sql| !is_read(sql)).collect();
    let gaps = Page::read("docs/checks.md").texts("sql").pop().unwrap();
    assert_eq!(unread.join("\n\n"), blocks(&gaps).join("\n\n"));
}
