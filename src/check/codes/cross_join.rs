//! `cross-join`: A join of every row of one table with every row of another.

use std::ops::ControlFlow;

use sqlparser::ast::{JoinConstraint, Select, Spanned, Statement, TableFactor, Visit, Visitor};
use sqlparser::tokenizer::Span;

use super::nullable_key_join::constraint;
use super::{Check, Code, Example, Find, On, Severity};
use crate::check::mutation::{dotted, qualifiers};
use crate::check::{Finding, Text};

pub(super) const CHECK: Check = Check {
    code: Code::CrossJoin,
    name: "cross-join",
    severity: Severity::Warning,
    may_be_allowed: true,
    find: Find::Statement(find),
    about: "Every row meets every row: counts and costs multiply. The elements of an array are no such join.",
    found: Example {
        on: On::OwnStep,
        sql: "SELECT a.id
FROM nba.predictions AS a, nba.staging AS b",
    },
    mended: Example {
        on: On::OwnStep,
        sql: "SELECT a.id
FROM nba.predictions AS a
JOIN nba.staging AS b ON a.id = b.id",
    },
};

fn find(text: &Text<'_>, parsed: &Statement, findings: &mut Vec<Finding>) {
    // The user cannot change a shipped text, which joins as intended.
    if text.statement.step.is_shipped_only() {
        return;
    }
    let mut finder = Finder(Vec::new());
    _ = parsed.visit(&mut finder);
    findings.extend(finder.0.into_iter().map(|span| {
        text.finding(
            Code::CrossJoin,
            span,
            "it joins every row with every row: counts and cost multiply",
            "join with ON; where one side has a single row, allow it and say so",
        )
    }));
}

/// Collects the places of such joins in a tree.
struct Finder(Vec<Span>);

impl Visitor for Finder {
    type Break = ();

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<()> {
        if select.from.len() < 2 && select.from.iter().all(|from| from.joins.is_empty()) {
            return ControlFlow::Continue(());
        }
        let mut known: Vec<String> = Vec::new();
        for (i, from) in select.from.iter().enumerate() {
            if i > 0 && multiplies(&from.relation, &known) {
                self.0.push(from.relation.span());
            }
            known.extend(qualifiers(&from.relation));
            for join in &from.joins {
                let on = constraint(&join.join_operator);
                let is_free = matches!(on, Some(JoinConstraint::None) | None);
                if is_free && multiplies(&join.relation, &known) {
                    self.0.push(join.relation.span());
                }
                known.extend(qualifiers(&join.relation));
            }
        }
        ControlFlow::Continue(())
    }
}

/// Whether each row is joined with all rows of this relation. False for the elements of an array of that row:
/// `UNNEST(t.items)`, or `t.items`.
fn multiplies(relation: &TableFactor, known: &[String]) -> bool {
    match relation {
        TableFactor::UNNEST { .. } => false,
        TableFactor::Table { name, .. } => {
            let name = dotted(name);
            let first = name.split('.').next().unwrap_or_default();
            !(name.contains('.') && known.iter().any(|known| known.eq_ignore_ascii_case(first)))
        }
        _ => true,
    }
}
