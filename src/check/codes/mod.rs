//! Every check: its name, how bad its findings are, whether a template may allow them, and an example
//! with its mend. `docs/checks.md` is made from these files.

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

/// A check, as far as it is not code.
#[derive(Debug)]
pub struct Check {
    /// The code of its findings.
    pub code: Code,
    /// The code as text: stable, since scripts and documents refer to it.
    pub name: &'static str,
    /// How bad its findings are.
    pub severity: Severity,
    /// Whether a template may allow it. Onerow's promise rests on the others.
    pub may_be_allowed: bool,
    /// How it is found.
    pub(super) find: Find,
    /// What would go wrong, as a paragraph of Markdown.
    pub about: &'static str,
    /// A statement with this finding.
    pub found: Example,
    /// The same, mended: no check finds anything.
    pub mended: Example,
}

/// How a check finds what it finds.
#[derive(Debug, Clone, Copy)]
pub(super) enum Find {
    /// In a statement, by a function of its own.
    Statement(fn(&Text<'_>, &ast::Statement, &mut Vec<Finding>)),
    /// In a rule, whatever statements are made of it.
    Rule(fn(&Rule) -> Option<Finding>),
    /// In one look with others.
    Together(#[allow(dead_code, reason = "says where to read on")] Group),
}

/// Checks that are found in one look.
#[derive(Debug, Clone, Copy)]
pub(super) enum Group {
    /// As the text is read: `mod.rs`, `allow.rs`, `opaque.rs`.
    Text,
    /// Whether the statement is what its step has to be, and changes nothing else: `kind.rs`, and by the
    /// kind of the statement `mutation.rs`, `partition.rs`, `merge.rs`, `consolidate.rs`, `undo.rs`, `view.rs`.
    /// What guards a custom step is looked at in this way alone.
    Shape,
    /// Names and types against the columns that the rule lists: `columns.rs`.
    Names,
}

/// A statement of `docs/checks.md`.
#[derive(Debug)]
pub struct Example {
    /// In which step it stands, and for which rule.
    pub on: On,
    /// Its text.
    pub sql: &'static str,
}

/// What is particular to an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum On {
    /// Nothing: it is the step `own` of the example's rule.
    OwnStep,
    /// It is this step.
    Step(&'static str),
    /// It is this step, in place of the shipped text.
    Replacing(&'static str),
    /// The rule has this line instead of its own.
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
