//! The properties of the shipped steps, one table row per step.

mod shipped;

use sqlparser::ast::{self, ObjectType};

use crate::statement::StepName;

use shipped::CUSTOM_STEP;
pub(crate) use shipped::SHIPPED;

/// How often a step's template is rendered for a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Once, for all dates.
    #[default]
    Window,
    /// Once for each date.
    Date,
    /// Once, and it does not depend on the dates.
    Table,
}

/// A shipped step, or a custom step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Finds duplicates, per date.
    Detect,
    /// Deactivates the settled duplicates of one date.
    Deactivate,
    /// Deletes the settled duplicates of one date.
    Delete,
    /// Replaces the settled active rows of one date by their survivors.
    Rewrite,
    /// Counts the changed dates afterwards.
    Verify,
    /// Lists each duplicate with its survivor.
    Explain,
    /// Selects the survivors: the read-side view.
    Current,
    /// Counts, per run, the keys without an active row from which it removed one.
    Keyless,
    /// Reads the lowest and the highest number of an INT64 partition column.
    Numbers,
    /// Writes the duplicates of one date into the removal log, before they are removed.
    Record,
    /// Deletes rows that were recorded but not removed from the removal log.
    Correct,
    /// Counts, per date, the rows that one statement recorded.
    Recorded,
    /// Reads the rows that an earlier run recorded.
    Removed,
    /// Saves the rows of one date from before an earlier run's statement as a before image.
    BeforeImage,
    /// Restores the rows that one statement of an earlier run removed from one date.
    Undo,
    /// Counts the rows that the UPDATE of a custom step would remove, per date.
    Guard,
    /// Writes the rows that the UPDATE of a custom step removes from one date into the removal log.
    RecordCustom,
    /// Creates the read-side view.
    CreateView,
    /// Drops the read-side view.
    DropView,
    /// Counts, per date, the rows waiting in the staging tables.
    Staged,
    /// Merges the staging tables into the table, one date at a time.
    Consolidate,
    /// Counts the rows of each staging table, by date.
    StagingDates,
    /// Drops a staging table.
    DropStaging,
    /// A custom step.
    Custom,
}

/// The required kind of a step's statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StatementKind {
    Query,
    Update,
    Delete,
    Merge,
    Insert,
    /// A statement that restores rows: an UPDATE, an INSERT or a MERGE.
    Restores,
    CreateTable,
    CreateView,
    DropView,
    DropTable,
    /// The kinds allowed for a custom step.
    QueryOrUpdate,
}

impl StatementKind {
    /// The kind's name in findings.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Query => "a query",
            Self::Update => "an UPDATE",
            Self::Delete => "a DELETE",
            Self::Merge => "a MERGE",
            Self::Insert => "an INSERT",
            Self::Restores => "an UPDATE, an INSERT or a MERGE",
            Self::CreateTable => "a CREATE TABLE",
            Self::CreateView => "a CREATE VIEW",
            Self::DropView => "a DROP VIEW",
            Self::DropTable => "a DROP TABLE",
            Self::QueryOrUpdate => "a query or an UPDATE",
        }
    }

    /// Whether the statement is of this kind.
    pub(crate) fn is(self, statement: &ast::Statement) -> bool {
        use ast::Statement::{CreateTable, CreateView, Delete, Drop, Insert, Merge, Query, Update};
        match (self, statement) {
            (Self::Query, Query(_))
            | (Self::Update, Update(_))
            | (Self::Delete, Delete(_))
            | (Self::Merge, Merge(_))
            | (Self::Insert, Insert(_))
            | (Self::Restores, Update(_) | Insert(_) | Merge(_))
            | (Self::CreateTable, CreateTable(_))
            | (Self::CreateView, CreateView(_))
            | (Self::QueryOrUpdate, Query(_) | Update(_)) => true,
            (Self::DropView, Drop { object_type, table: None, .. }) => {
                *object_type == ObjectType::View
            }
            (Self::DropTable, Drop { object_type, table: None, .. }) => {
                *object_type == ObjectType::Table
            }
            _ => false,
        }
    }
}

/// The ranking that a step must repeat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ranks {
    /// Any ranking.
    Freely,
    /// The rule's.
    AsTheRule,
    /// The rule's, over the active rows alone, or with the inactive ones after them.
    AmongAll,
    /// The rule's, over the table and its staging tables.
    AsTheRuleWithStaging,
}

/// Whether a step must compare with `@cutoff`, if the rule has `written_at`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AsksCutoff {
    /// Always, since its counts are used for decisions.
    Always,
    /// If it changes rows of the table.
    ToChange,
    /// Never, since it does not change the table.
    Never,
}

/// What a rule must have for a step to exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Needs {
    Nothing,
    /// The strategy with the step's name.
    Strategy,
    /// A strategy that deletes rows.
    DeletedRows,
    /// Staging tables with known columns.
    Staging,
    /// A custom step's UPDATE, whose text it partly repeats.
    CustomUpdate,
}

/// What runs a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Runs {
    /// `apply`, and `onerow run` alone.
    Apply,
    /// `apply`, and a command.
    ApplyOrCommand,
    /// `onerow run`, or another command.
    Alone,
    /// Another step; the step has no meaning alone.
    WithAnother,
}

/// The properties of a step.
pub(crate) struct Row {
    pub step: Step,
    pub name: &'static str,
    /// The shipped template.
    pub template: &'static str,
    pub statement: StatementKind,
    pub scope: Scope,
    pub ranks: Ranks,
    /// The columns that onerow reads from its result.
    pub returns: &'static [&'static str],
    pub asks_cutoff: AsksCutoff,
    pub needs: Needs,
    pub runs: Runs,
    /// Whether its text is always the shipped one, including macros: its counts determine what is removed,
    /// the removal log depends on it, or it replaces whole rows.
    pub is_shipped_only: bool,
    /// Whether its shipped text repeats other steps, so that a review omits it.
    pub repeats_others: bool,
}

impl Row {
    /// Whether onerow reads the statement, so that it must be parsable.
    pub(crate) fn is_read(&self) -> bool {
        self.needs == Needs::Strategy
            || self.runs == Runs::WithAnother
            || self.asks_cutoff == AsksCutoff::Always
    }

    /// Whether a replacement must keep the conditions of the shipped text.
    pub(crate) fn keeps_conditions(&self) -> bool {
        self.needs == Needs::Strategy || self.step == Step::Consolidate
    }

    /// Whether `apply` always runs it, so that its scope is fixed.
    pub(crate) fn is_of_apply(&self) -> bool {
        matches!(self.runs, Runs::Apply | Runs::ApplyOrCommand)
    }
}

/// The counts that onerow reads from detect and verify.
pub(crate) const COUNTS: [&str; 10] = [
    "date",
    "total",
    "active",
    "keys",
    "duplicates",
    "buffered",
    "shared_ids",
    "settled",
    "keyless",
    "unflagged",
];

/// The counts that onerow reads from staged.
pub(crate) const STAGED_COUNTS: [&str; 8] =
    ["date", "staged", "active", "inserts", "updates", "deletes", "buffered", "left_out"];

/// The counts that onerow reads from recorded.
pub(crate) const RECORDED_COUNTS: [&str; 2] = ["date", "recorded"];

/// The counts that onerow reads from guard.
pub(crate) const GUARD_COUNTS: [&str; 4] = ["date", "removed", "keys_lost", "shared_ids"];

impl StepName {
    /// The step with this name.
    pub fn step(&self) -> Step {
        self.row().step
    }

    /// The properties of the step.
    pub(crate) fn row(&self) -> &'static Row {
        SHIPPED.iter().find(|row| row.name == self.as_str()).unwrap_or(&CUSTOM_STEP)
    }

    /// Whether the step removes duplicates.
    pub fn removes_duplicates(&self) -> bool {
        self.row().needs == Needs::Strategy
    }

    /// Whether it is a step that every rule has: counting, recording and removing duplicates.
    pub(crate) fn is_of_counting(&self) -> bool {
        matches!(self.step(), Step::Detect | Step::Record | Step::Verify)
            || self.removes_duplicates()
    }

    /// Whether several dates may share one statement of it, if the rule says so.
    pub(crate) fn shares_statements(&self) -> bool {
        self.removes_duplicates() || self.step() == Step::Record
    }

    /// Whether no project may replace the step's text.
    pub fn is_shipped_only(&self) -> bool {
        self.row().is_shipped_only
    }

    /// Whether the step runs only together with another.
    pub fn is_dependent(&self) -> bool {
        self.row().runs == Runs::WithAnother
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_template_in_sql_has_one_row() {
        let mut files: Vec<String> = std::fs::read_dir("sql")
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| !name.starts_with('_'))
            .collect();
        files.sort();
        let rows: Vec<String> = SHIPPED.iter().map(|row| format!("{}.sql", row.name)).collect();
        assert_eq!(rows, files);
        for row in &SHIPPED {
            let text = std::fs::read_to_string(format!("sql/{}.sql", row.name)).unwrap();
            assert_eq!(row.template, text, "{}", row.name);
            assert_eq!(StepName::parse(row.name).unwrap().step(), row.step);
        }
        assert_eq!(StepName::parse("late_rows").unwrap().step(), Step::Custom);
    }
}
