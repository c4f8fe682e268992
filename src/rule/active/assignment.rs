//! An assignment of a rule: one column, and a value over the row's columns or the time.

use std::collections::BTreeSet;

use sqlparser::ast::{AssignmentTarget, Visit};
use sqlparser::parser::Parser;

use crate::googlesql::{Fragment, Ident};
use crate::rule::FindVolatile;
use crate::rule::expression::{inspect, parsed};

/// An assignment.
pub(super) struct Assignment {
    pub column: Ident,
    pub value: Fragment,
    /// The columns that the value reads.
    pub reads: BTreeSet<String>,
}

/// Parses an assignment. The error is a phrase.
pub(super) fn parse(text: &str) -> Result<Assignment, String> {
    let parsed = parsed(text, Parser::parse_assignment)?;
    let AssignmentTarget::ColumnName(target) = &parsed.target else {
        return Err("it sets more than one column".to_owned());
    };
    let column = match target.0.as_slice() {
        [column] => column.as_ident().map(|column| column.value.clone()),
        _ => None,
    };
    let Some(column) = column else { return Err(format!("`{target}` is not a column")) };
    let column = Ident::parse(&column).map_err(|error| error.message().to_owned())?;
    let value = inspect(parsed.value)?;
    if let Some((what, _)) = value.tree.visit(&mut FindVolatile { clock: false }).break_value() {
        return Err(format!("{what} differs from row to row"));
    }
    Ok(Assignment { column, value: Fragment::trusted(value.text), reads: value.columns })
}
