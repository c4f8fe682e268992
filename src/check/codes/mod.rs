//! All checks: name, severity, whether a template may allow the finding, and an example with its fix.
//! `docs/checks.md` is generated from these files.

mod always_refused;
mod bad_allow;
pub(super) mod calls_routine;
mod constant_entry;
mod cross_join;
mod ddl;
mod drops_condition;
mod drops_cutoff;
mod missing_count;
mod mutates_between;
mod no_partition;
mod not_one_statement;
mod nullable_key_join;
mod other_dialect;
mod other_ranking;
mod other_table;
mod reads_other_partition;
mod select_star;
mod sets_other_column;
mod type_mismatch;
mod undetermined_survivor;
mod unknown_column;
mod unparsable;
mod unused_allow;
mod volatile;
mod volatile_ranking;
mod wrong_kind;

use sqlparser::ast;

use super::code::{Code, Severity};
use super::{Finding, Text};
use crate::rule::Rule;

/// The description of a check.
#[derive(Debug)]
pub struct Check {
    /// The code of its findings.
    pub code: Code,
    /// The code as text: stable, since scripts and documents refer to it.
    pub name: &'static str,
    /// The severity of its findings.
    pub severity: Severity,
    /// Whether a template may allow it. The other checks protect data.
    pub may_be_allowed: bool,
    /// How it finds them.
    pub(super) find: Find,
    /// What would go wrong, as a paragraph of Markdown.
    pub about: &'static str,
    /// A statement with this finding.
    pub found: Example,
    /// The corrected example: no check finds anything in it.
    pub mended: Example,
}

/// How a check finds its findings.
#[derive(Debug, Clone, Copy)]
pub(super) enum Find {
    /// In a statement, by its own function.
    Statement(fn(&Text<'_>, &ast::Statement, &mut Vec<Finding>)),
    /// In a rule, independent of its statements.
    Rule(fn(&Rule) -> Option<Finding>),
    /// Together with other checks.
    Together(#[allow(dead_code, reason = "says where to read on")] Group),
}

/// Checks that share one pass.
#[derive(Debug, Clone, Copy)]
pub(super) enum Group {
    /// While the text is read: `mod.rs`, `allow.rs`, `opaque.rs`.
    Text,
    /// Whether the statement is of the kind its step requires, and changes nothing else: `kind.rs`, and per
    /// kind of statement `mutation.rs`, `partition.rs`, `merge.rs`, `consolidate.rs`, `undo.rs`, `view.rs`.
    /// This is the only pass over the guard of a custom step.
    Shape,
    /// Names and types against the columns that the rule lists: `columns.rs`.
    Names,
}

/// An example statement of `docs/checks.md`.
#[derive(Debug)]
pub struct Example {
    /// The step and the rule that it is for.
    pub on: On,
    /// Its SQL text.
    pub sql: &'static str,
}

/// The setting of an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum On {
    /// The custom step `own` of the example's rule.
    OwnStep,
    /// This step.
    Step(&'static str),
    /// This step, replacing the shipped text.
    Replacing(&'static str),
    /// A rule with this line in place of its own.
    Rule(&'static str),
}

/// All checks, in the order of `docs/checks.md`.
pub const CHECKS: [Check; 27] = [
    unparsable::CHECK,
    not_one_statement::CHECK,
    ddl::CHECK,
    wrong_kind::CHECK,
    other_table::CHECK,
    no_partition::CHECK,
    reads_other_partition::CHECK,
    sets_other_column::CHECK,
    drops_cutoff::CHECK,
    drops_condition::CHECK,
    undetermined_survivor::CHECK,
    constant_entry::CHECK,
    volatile_ranking::CHECK,
    other_ranking::CHECK,
    missing_count::CHECK,
    mutates_between::CHECK,
    unknown_column::CHECK,
    type_mismatch::CHECK,
    calls_routine::CHECK,
    other_dialect::CHECK,
    always_refused::CHECK,
    volatile::CHECK,
    nullable_key_join::CHECK,
    cross_join::CHECK,
    select_star::CHECK,
    bad_allow::CHECK,
    unused_allow::CHECK,
];
