//! What a form confirms: the fingerprint of a plan, which a later plan has only if it would do the same.

use serde_json::json;

use super::work::Planned;
use crate::report::{days_json, json, undone_json};
use crate::run::{Report, Undone};
use crate::statement::Fingerprint;

/// The fingerprint of a dry run: the counts of each date, and each statement with its dates and its text.
pub(super) fn apply(report: &Report, planned: &Planned) -> Fingerprint {
    let plan = json!({ "counts": days_json(report), "statements": planned.statements });
    Fingerprint::of(&json(&plan))
}

/// The fingerprint of an undo that is planned: its run, and what would be restored of each date.
pub(super) fn undo(plan: &Undone) -> Fingerprint {
    Fingerprint::of(&json(&undone_json(plan)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::{UndoneDay, UndoneOutcome};
    use crate::window::Day;

    fn undone(rows: u64) -> Undone {
        let day = Day::parse("2026-01-28").unwrap();
        let outcome = UndoneOutcome::Planned { rows };
        Undone {
            rule: crate::rule::RuleName::parse("a").unwrap(),
            run: None,
            undone: "r1".to_owned(),
            days: vec![UndoneDay { day, outcome, changes: Vec::new() }],
            problems: Vec::new(),
        }
    }

    #[test]
    fn a_plan_that_would_do_the_same_has_the_same_fingerprint_and_no_other_has() {
        assert_eq!(undo(&undone(3)), undo(&undone(3)));
        assert_ne!(undo(&undone(3)), undo(&undone(4)));
        let planned = |statements: &[&str]| Planned {
            summary: String::new(),
            statements: statements.iter().map(|text| (*text).to_owned()).collect(),
        };
        let rule = "[rule.a]\ntable = \"a.b\"\npartition = \"d\"\nkey = [\"k\"]\nkeep = [\"id\"]\n\
                    row_id = \"id\"\nactive = \"a\"\n";
        let rule = crate::rule::RuleFile::parse("onerow.toml", rule).unwrap().rules.remove(0);
        let report = Report::nothing(&rule);
        assert_eq!(apply(&report, &planned(&["a"])), apply(&report, &planned(&["a"])));
        assert_ne!(apply(&report, &planned(&["a"])), apply(&report, &planned(&["a", "b"])));
    }
}
