//! `nullable-key-join`: A key column that may be NULL is compared with `=` in a join.

use std::ops::ControlFlow;

use sqlparser::ast::{
    BinaryOperator, Expr, Join, JoinConstraint, JoinOperator, Select, Spanned, Statement, Visit,
    Visitor,
};
use sqlparser::tokenizer::Span;

use super::{Check, Code, Example, Find, On, Severity};
use crate::check::condition::conjuncts;
use crate::check::mutation::dotted;
use crate::check::{Finding, Text};
use crate::googlesql::Ident;

pub(super) const CHECK: Check = Check {
    code: Code::NullableKeyJoin,
    name: "nullable-key-join",
    severity: Severity::Warning,
    may_be_allowed: true,
    find: Find::Statement(find),
    about: "In a key, NULL equals NULL; in a join, `=` does not match two NULLs, and their rows are lost. Listed columns do not say whether they may be NULL, so every key column counts.",
    found: Example {
        on: On::OwnStep,
        sql: "SELECT a.id
FROM nba.predictions AS a
JOIN nba.staging AS b ON a.player = b.player",
    },
    mended: Example {
        on: On::OwnStep,
        sql: "SELECT a.id
FROM nba.predictions AS a
JOIN nba.staging AS b ON a.player IS NOT DISTINCT FROM b.player",
    },
};

fn find(text: &Text<'_>, parsed: &Statement, findings: &mut Vec<Finding>) {
    // The user cannot change a shipped text, which joins as intended.
    if text.statement.step.is_shipped_only() {
        return;
    }
    let mut finder = Finder { text, findings: Vec::new() };
    _ = parsed.visit(&mut finder);
    findings.extend(finder.findings);
}

/// Collects findings in a tree.
struct Finder<'a> {
    text: &'a Text<'a>,
    findings: Vec<Finding>,
}

impl Visitor for Finder<'_> {
    type Break = ();

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<()> {
        select.from.iter().flat_map(|from| &from.joins).for_each(|join| self.join(join));
        ControlFlow::Continue(())
    }
}

impl Finder<'_> {
    fn join(&mut self, join: &Join) {
        match constraint(&join.join_operator) {
            Some(JoinConstraint::On(condition)) => {
                conjuncts(condition).into_iter().for_each(|one| self.comparison(one));
            }
            Some(JoinConstraint::Using(columns)) => {
                for column in columns {
                    let name = dotted(column);
                    if self.may_be_null(&name) {
                        self.nullable_key(&name, column.span());
                    }
                }
            }
            _ => {}
        }
    }

    /// A comparison that every joined pair of rows must satisfy.
    fn comparison(&mut self, condition: &Expr) {
        let Expr::BinaryOp { left, op: BinaryOperator::Eq, right } = condition else { return };
        if let [Some(left), Some(right)] = [column_of(left), column_of(right)]
            && let Some(key) = [left, right].into_iter().find(|column| self.may_be_null(column))
        {
            self.nullable_key(key, condition.span());
        }
    }

    /// A key column may always be NULL; a NULL row id or partition is reported elsewhere.
    fn may_be_null(&self, column: &str) -> bool {
        let rule = self.text.rule;
        let in_key = rule
            .key
            .iter()
            .any(|key| Ident::of_sql(key.as_str()).is_some_and(|known| known.same_column(column)));
        in_key && !rule.row_id.is_column(column) && !rule.partition.is_by(column)
    }

    fn nullable_key(&mut self, column: &str, span: Span) {
        self.findings.push(self.text.finding(
            Code::NullableKeyJoin,
            span,
            format!("{column} is part of the key, in which NULL equals NULL; `=` does not join two NULLs"),
            format!("write (a.{column} = b.{column} OR (a.{column} IS NULL AND b.{column} IS NULL)), or IS NOT DISTINCT FROM"),
        ));
    }
}

/// The join constraint, for the kinds of join that have one.
pub(super) fn constraint(operator: &JoinOperator) -> Option<&JoinConstraint> {
    match operator {
        JoinOperator::Join(constraint)
        | JoinOperator::Inner(constraint)
        | JoinOperator::Left(constraint)
        | JoinOperator::LeftOuter(constraint)
        | JoinOperator::Right(constraint)
        | JoinOperator::RightOuter(constraint)
        | JoinOperator::FullOuter(constraint)
        | JoinOperator::Semi(constraint)
        | JoinOperator::LeftSemi(constraint)
        | JoinOperator::RightSemi(constraint)
        | JoinOperator::Anti(constraint)
        | JoinOperator::LeftAnti(constraint)
        | JoinOperator::RightAnti(constraint) => Some(constraint),
        _ => None,
    }
}

fn column_of(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Nested(inner) => column_of(inner),
        Expr::Identifier(name) => Some(&name.value),
        Expr::CompoundIdentifier(parts) => parts.last().map(|part| part.value.as_str()),
        _ => None,
    }
}
