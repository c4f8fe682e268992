//! Joins that give more rows, or fewer, than was meant.

use std::ops::ControlFlow;

use sqlparser::ast::{
    BinaryOperator, Expr, Join, JoinConstraint, JoinOperator, Select, Spanned, Statement,
    TableFactor, Visit, Visitor,
};
use sqlparser::tokenizer::Span;

use super::mutation::{dotted, qualifiers};
use super::{Code, Finding, Text};

pub(super) fn check(text: &Text<'_>, parsed: &Statement, findings: &mut Vec<Finding>) {
    // What nobody can change joins as it means to.
    if text.statement.step.is_shipped_only() {
        return;
    }
    let mut finder = Finder { text, findings: Vec::new() };
    _ = parsed.visit(&mut finder);
    findings.extend(finder.findings);
}

/// Goes through a tree, and keeps what it finds.
struct Finder<'a> {
    text: &'a Text<'a>,
    findings: Vec<Finding>,
}

impl Visitor for Finder<'_> {
    type Break = ();

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<()> {
        if select.from.len() < 2 && select.from.iter().all(|from| from.joins.is_empty()) {
            return ControlFlow::Continue(());
        }
        let mut known: Vec<String> = Vec::new();
        for (i, from) in select.from.iter().enumerate() {
            if i > 0 && multiplies(&from.relation, &known) {
                self.cross_join(from.relation.span());
            }
            known.extend(qualifiers(&from.relation));
            for join in &from.joins {
                self.join(join, &known);
                known.extend(qualifiers(&join.relation));
            }
        }
        ControlFlow::Continue(())
    }
}

impl Finder<'_> {
    fn join(&mut self, join: &Join, known: &[String]) {
        match constraint(&join.join_operator) {
            Some(JoinConstraint::On(condition)) => self.nullable_keys(condition),
            Some(JoinConstraint::Using(columns)) => {
                for column in columns {
                    let column_name = dotted(column);
                    if self.may_be_null(&column_name) {
                        self.nullable_key(&column_name, column.span());
                    }
                }
            }
            Some(JoinConstraint::Natural) => {}
            Some(JoinConstraint::None) | None => {
                if multiplies(&join.relation, known) {
                    self.cross_join(join.relation.span());
                }
            }
        }
    }

    /// The comparisons that every joined pair of rows has to meet.
    fn nullable_keys(&mut self, condition: &Expr) {
        match condition {
            Expr::Nested(inner) => self.nullable_keys(inner),
            Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
                self.nullable_keys(left);
                self.nullable_keys(right);
            }
            Expr::BinaryOp { left, op: BinaryOperator::Eq, right } => {
                let columns = [column_of(left), column_of(right)];
                if let [Some(left), Some(right)] = columns {
                    let key = [left, right].into_iter().find(|column| self.may_be_null(column));
                    if let Some(key) = key {
                        self.nullable_key(key, condition.span());
                    }
                }
            }
            _ => {}
        }
    }

    /// Nothing says that a key column cannot be NULL; a row id or a partition that is NULL is
    /// reported elsewhere.
    fn may_be_null(&self, column: &str) -> bool {
        let rule = self.text.rule;
        let in_key = rule
            .key
            .iter()
            .any(|key| key.to_string().trim_matches('`').eq_ignore_ascii_case(column));
        in_key && !rule.row_id.same_column(column) && !rule.partition.column.same_column(column)
    }

    fn nullable_key(&mut self, column: &str, span: Span) {
        self.findings.push(self.text.finding(
            Code::NullableKeyJoin,
            span,
            format!("{column} is part of the key, in which NULL equals NULL; `=` does not join two NULLs"),
            format!("write (a.{column} = b.{column} OR (a.{column} IS NULL AND b.{column} IS NULL)), or IS NOT DISTINCT FROM"),
        ));
    }

    fn cross_join(&mut self, span: Span) {
        self.findings.push(self.text.finding(
            Code::CrossJoin,
            span,
            "it joins every row with every row, so that counts and costs multiply",
            "join with ON; where one side has a single row, allow it and say so",
        ));
    }
}

fn constraint(operator: &JoinOperator) -> Option<&JoinConstraint> {
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

/// Whether each row meets all rows of this relation. The elements of an array are those of the
/// row's own: `UNNEST(t.items)`, or `t.items`.
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

fn column_of(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Nested(inner) => column_of(inner),
        Expr::Identifier(name) => Some(&name.value),
        Expr::CompoundIdentifier(parts) => parts.last().map(|part| part.value.as_str()),
        _ => None,
    }
}
