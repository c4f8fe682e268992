//! The definition of active rows: a BOOL column, or a condition with the assignment that ends it.

mod assignment;
mod end;
mod proof;

use std::collections::BTreeSet;

use toml::Spanned;

use self::end::End;
pub(super) use self::end::is_literal;

use super::Strategy;
use super::expression::{Expression, unless_column};
use super::validate::RuleReader;
use crate::error::{Error, Result};
use crate::googlesql::{Fragment, Ident, SqlType, conjuncts};
use crate::visible::visible_line;

/// The definition of active rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Active {
    /// The condition of an active row, as in a statement: a column, or a condition in brackets. NULL counts
    /// as inactive.
    pub condition: Fragment,
    /// The columns that it reads.
    pub columns: BTreeSet<String>,
    /// The assignment that ends it. Optional for the strategies `delete` and `rewrite`.
    pub flag: Option<Flag>,
    /// Whether it is a BOOL column.
    pub is_column: bool,
}

/// The column that marks a row as active, and its values.
#[derive(Debug, Clone, PartialEq)]
pub struct Flag {
    /// The column.
    pub column: Ident,
    /// The value that deactivates a row: the condition is then FALSE.
    pub inactive: Fragment,
    /// The value that `undo` writes: the condition is TRUE again.
    pub active: Fragment,
    /// Whether every active row has exactly that value.
    pub is_exact: bool,
}

impl Active {
    /// Whether the condition reads the column.
    pub fn reads(&self, column: &str) -> bool {
        self.columns.iter().any(|known| known.eq_ignore_ascii_case(column))
    }

    /// The column of the flag.
    pub fn flag_column(&self) -> Option<&Ident> {
        self.flag.as_ref().map(|flag| &flag.column)
    }

    /// The problem of the condition and its assignment with columns of these types, as a phrase; none if the
    /// types are unknown or the embedded engine does not support a function.
    pub(crate) fn refute(&self, types: &[(String, SqlType)]) -> Result<(), String> {
        match self.is_column {
            true => Ok(()),
            false => proof::refute(self, types),
        }
    }
}

impl RuleReader<'_> {
    /// The definition of active rows. Errors: it is not a condition; its end is not given, and the strategy
    /// needs it; the assignment sets a column that is not read by `active` alone, or does not end the
    /// condition.
    pub(super) fn active(&self, name: &Spanned<String>) -> Result<Option<Active>> {
        let section = self.section;
        let Some(text) = &section.active else {
            for (key, assignment) in
                [("deactivate", &section.deactivate), ("reactivate", &section.reactivate)]
            {
                if let Some(assignment) = assignment {
                    return Err(self
                        .source
                        .error(assignment, format!("`{key}` has no effect without `active`"))
                        .help("say in `active` which rows count, or remove it"));
                }
            }
            return match self.strategy {
                Strategy::Deactivate => Err(self
                    .source
                    .error(name, format!("rule `{}` has no `active`", name.get_ref()))
                    .help(
                        "name the BOOL column that deactivate sets to FALSE, or a condition such as \
                         \"deleted_at IS NULL\"; or set `strategy = \"delete\"`",
                    )),
                Strategy::Delete | Strategy::Rewrite => Ok(None),
            };
        };
        match unless_column(text.get_ref(), &self.columns) {
            Some(parsed) => self.active_condition(text, parsed).map(Some),
            None => self.active_column(text).map(Some),
        }
    }

    /// The columns that the definition reads.
    pub(super) fn active_columns(&self) -> BTreeSet<String> {
        let Some(text) = &self.section.active else { return BTreeSet::new() };
        match unless_column(text.get_ref(), &self.columns) {
            Some(Ok(parsed)) => parsed.columns,
            _ => BTreeSet::from([text.get_ref().clone()]),
        }
    }

    fn active_column(&self, text: &Spanned<String>) -> Result<Active> {
        let column = self.column(text, "active", &[SqlType::Bool]).map_err(|error| match error
            .remedy()
            .is_none()
        {
            true => error.help("write a condition, such as \"deleted_at IS NULL\""),
            false => error,
        })?;
        let column = column.0;
        for (key, assignment) in
            [("deactivate", &self.section.deactivate), ("reactivate", &self.section.reactivate)]
        {
            if let Some(assignment) = assignment {
                let message = format!(
                    "`{key}` has no effect: `active` is the BOOL column {column}, which is set to FALSE and to TRUE"
                );
                return Err(self.source.error(assignment, message).help("remove it"));
            }
        }
        Ok(Active {
            condition: Fragment::trusted(column.to_string()),
            columns: BTreeSet::from([column.as_str().to_owned()]),
            flag: Some(Flag {
                column,
                inactive: Fragment::trusted("FALSE"),
                active: Fragment::trusted("TRUE"),
                is_exact: true,
            }),
            is_column: true,
        })
    }

    fn active_condition(
        &self,
        text: &Spanned<String>,
        parsed: Result<Expression, String>,
    ) -> Result<Active> {
        let wrong = |problem: String| {
            let shown = visible_line(text.get_ref());
            self.source.error(text, format!("`active` is `{shown}`: {problem}")).help(
                "name a BOOL column, or write a condition over columns of the row, such as \"deleted_at IS NULL\"",
            )
        };
        let parsed = self.of_the_row(text, parsed, wrong)?;
        let mut active = Active {
            condition: Fragment::trusted(format!("({})", text.get_ref().trim())),
            columns: parsed.columns.clone(),
            flag: None,
            is_column: false,
        };
        let known = self.columns.iter();
        let types: Vec<(String, SqlType)> =
            known.map(|(name, known)| (name.as_str().to_owned(), *known)).collect();
        active.refute(&types).map_err(|problem| self.source.error(text, problem))?;
        active.flag =
            self.flag(text, &parsed, conjuncts(&parsed.tree).into_iter().map(End::of).collect())?;
        active.refute(&types).map_err(|problem| {
            let at = self.section.deactivate.as_ref().unwrap_or(text);
            self.source.error(at, problem).help(
                "`deactivate` has to make `active` FALSE, and `reactivate` TRUE again, whatever the row holds",
            )
        })?;
        Ok(active)
    }

    /// The assignment that ends the condition, and its reverse.
    fn flag(
        &self,
        text: &Spanned<String>,
        parsed: &Expression,
        ends: Vec<End>,
    ) -> Result<Option<Flag>> {
        let section = self.section;
        let Some(deactivate) = &section.deactivate else {
            return match ends.as_slice() {
                [End { column, inactive, active: Some(active), .. }] => {
                    let inactive = inactive.clone().or_else(|| self.now_of(column, active));
                    self.without_reactivate(active)?;
                    match inactive {
                        Some(inactive) => self.derived(text, column, inactive, active),
                        None => self.unended(text, Some((column, active))),
                    }
                }
                _ => self.unended(text, None),
            };
        };
        let inactive = self.assignment(deactivate, "deactivate", &parsed.columns)?;
        let mut of_column =
            ends.iter().filter(|end| end.reads.iter().any(|c| inactive.column.same_column(c)));
        let active = match (of_column.next(), of_column.next()) {
            (Some(End { active: Some(active), column, .. }), None)
                if inactive.column.same_column(column) =>
            {
                self.without_reactivate(active)?;
                Some(Fragment::trusted(active.clone()))
            }
            _ => None,
        };
        let is_exact = active.is_some();
        let active = match (active, &section.reactivate) {
            (Some(active), _) => active,
            (None, Some(reactivate)) => {
                let assignment = self.assignment(reactivate, "reactivate", &parsed.columns)?;
                if assignment.column != inactive.column {
                    let message = format!(
                        "`reactivate` sets {}, and `deactivate` sets {}",
                        assignment.column, inactive.column
                    );
                    return Err(self
                        .source
                        .error(reactivate, message)
                        .help("set the same column in both"));
                }
                assignment.value
            }
            (None, None) => {
                let message = format!(
                    "`undo` would not know what to set {} to: `active` holds for more than one value of it",
                    inactive.column
                );
                return Err(self.source.error(deactivate, message).help(format!(
                    "add `reactivate = \"{} = …\"`, with a value that makes `active` TRUE",
                    inactive.column
                )));
            }
        };
        Ok(Some(Flag { column: inactive.column, inactive: inactive.value, active, is_exact }))
    }

    /// The value that ends `c IS NULL`, if the rule lists a column that can store the time.
    fn now_of(&self, column: &str, active: &str) -> Option<String> {
        let known = self.columns.iter().find(|(known, _)| known.same_column(column));
        let now = match known.map(|(_, sql_type)| sql_type)? {
            SqlType::Timestamp => "CURRENT_TIMESTAMP()",
            SqlType::Datetime => "CURRENT_DATETIME()",
            SqlType::Date => "CURRENT_DATE()",
            _ => return None,
        };
        (active == "NULL").then(|| now.to_owned())
    }

    fn derived(
        &self,
        text: &Spanned<String>,
        column: &str,
        inactive: String,
        active: &str,
    ) -> Result<Option<Flag>> {
        let column = Ident::parse(column).map_err(|error| self.at(text, error))?;
        match self.only_active_reads(text, "active", &column) {
            Err(_) if self.strategy != Strategy::Deactivate => return Ok(None),
            result => result?,
        }
        Ok(Some(Flag {
            column,
            inactive: Fragment::trusted(inactive),
            active: Fragment::trusted(active),
            is_exact: true,
        }))
    }

    fn without_reactivate(&self, active: &str) -> Result<()> {
        match &self.section.reactivate {
            None => Ok(()),
            Some(reactivate) => Err(self
                .source
                .error(
                    reactivate,
                    format!("`reactivate` has no effect: `active` says that the value is {active}"),
                )
                .help("remove it")),
        }
    }

    /// Reports that the end of the condition is not given.
    fn unended(&self, text: &Spanned<String>, known: Option<(&str, &str)>) -> Result<Option<Flag>> {
        if let Some(reactivate) = &self.section.reactivate {
            return Err(self
                .source
                .error(reactivate, "`reactivate` has no effect without `deactivate`")
                .help("say in `deactivate` how a row becomes inactive"));
        }
        if self.strategy != Strategy::Deactivate {
            return Ok(None);
        }
        let message = format!(
            "the rule does not say how to deactivate a row for which `{}` is true",
            visible_line(text.get_ref().trim())
        );
        let help = match known {
            Some((column, "NULL")) => format!(
                "add `deactivate = \"{column} = CURRENT_TIMESTAMP()\"`, or list the type of {column} in the rule's \
                 columns: with TIMESTAMP, DATETIME or DATE it is set to the current time"
            ),
            Some((column, _)) => format!(
                "add `deactivate = \"{column} = …\"`, with the value that an inactive row has"
            ),
            None => "add `deactivate = \"column = …\"` and, for `undo`, `reactivate = \"column = …\"`; or set \
                     `strategy = \"delete\"`"
                .to_owned(),
        };
        Err(self.source.error(text, message).help(help))
    }

    /// Refuses a column that is set on deactivation but also used elsewhere.
    fn only_active_reads<T>(&self, at: &Spanned<T>, key: &str, column: &Ident) -> Result<()> {
        let touched_at = self.section.touched_at.as_ref();
        let touched_at = touched_at.map(|name| ("touched_at", name.get_ref().clone()));
        let deciding = self.deciding()?.into_iter().filter(|(role, _)| *role != "active");
        match deciding.chain(touched_at).find(|(_, name)| column.same_column(name)) {
            None => Ok(()),
            Some((role, _)) => {
                let message = match key {
                    "active" => {
                        format!(
                            "deactivating a row would set {column}, which the rule's {role} reads"
                        )
                    }
                    key => format!("`{key}` sets {column}, which the rule's {role} reads"),
                };
                Err(self
                    .source
                    .error(at, message)
                    .help("a row would change its place by becoming inactive: set another column"))
            }
        }
    }

    fn assignment(
        &self,
        text: &Spanned<String>,
        key: &str,
        read: &BTreeSet<String>,
    ) -> Result<assignment::Assignment> {
        let wrong = |problem: String| -> Error {
            let shown = visible_line(text.get_ref());
            self.source
                .error(text, format!("`{key}` is `{shown}`: {problem}"))
                .help("write an assignment, such as \"deleted_at = CURRENT_TIMESTAMP()\"")
        };
        let assignment = assignment::parse(text.get_ref()).map_err(wrong)?;
        for column in &assignment.reads {
            self.listed(text, column)?;
        }
        let column = &assignment.column;
        self.listed(text, column.as_str())?;
        if !read.iter().any(|known| column.same_column(known)) {
            return Err(wrong(format!("`active` does not read {column}")));
        }
        self.only_active_reads(text, key, column)?;
        Ok(assignment)
    }
}
