//! What `check` finds in queries, with the columns listed: never anything that Google's analyzer takes.

use std::fmt::Write;

use onerow::check::{self, Code};
use onerow::rule::RuleFile;
use onerow::statement::{Statement, StepName};
use onerow::window::{Day, Window};

use super::edges;

/// A checker that knows the columns of the table of edges.
pub struct Judge(RuleFile);

impl Judge {
    pub fn new() -> Self {
        let mut rules = format!(
            "[rule.edges]\ntable = \"{}\"\npartition = \"d1\"\nkey = [\"s1\"]\n\
             keep = [\"id DESC\"]\nrow_id = \"id\"\nactive = \"o1\"\n[rule.edges.columns]\n",
            edges::TABLE
        );
        for (name, sql_type) in edges::columns() {
            writeln!(rules, "{} = \"{sql_type}\"", name.as_str()).unwrap();
        }
        Self(RuleFile::parse("onerow.toml", &rules).unwrap())
    }

    /// Why the query is refused, if `check` says that BigQuery always refuses it.
    pub fn refused(&self, sql: &str) -> Option<String> {
        let window = Window::day(Day::parse("2026-01-28").unwrap());
        let step = StepName::parse("asked").unwrap();
        let inspected =
            check::inspect(&self.0.rules[0], Statement::new(step, window, sql.to_owned()));
        let mut findings = inspected.findings.into_iter();
        findings
            .find(|f| matches!(f.code, Code::AlwaysRefused | Code::OtherDialect))
            .map(|finding| format!("{}: {}", finding.code, finding.reason))
    }
}
