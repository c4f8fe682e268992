//! The rows of the shipped steps, by name.

use super::{
    AsksCutoff, COUNTS, GUARD_COUNTS, Needs, RECORDED_COUNTS, Ranks, Row, Runs, STAGED_COUNTS,
    Scope, StatementKind, Step,
};
use crate::statement::StepName;

/// The properties of a custom step, which most steps share.
const CUSTOM: Row = Row {
    step: Step::Custom,
    name: "",
    template: "",
    statement: StatementKind::QueryOrUpdate,
    scope: Scope::Window,
    ranks: Ranks::Freely,
    returns: &[],
    asks_cutoff: AsksCutoff::ToChange,
    needs: Needs::Nothing,
    runs: Runs::Alone,
    is_shipped_only: false,
    repeats_others: false,
};

/// The properties of a step that removes duplicates.
const REMOVAL: Row = Row {
    scope: Scope::Date,
    ranks: Ranks::AsTheRule,
    needs: Needs::Strategy,
    runs: Runs::Apply,
    ..CUSTOM
};

/// The properties of a step that is sent with another.
const WITH_ANOTHER: Row = Row {
    statement: StatementKind::Insert,
    scope: Scope::Date,
    runs: Runs::WithAnother,
    repeats_others: true,
    ..CUSTOM
};

/// The properties of a step on which the removal log and undo depend.
const OF_REMOVALS: Row = Row { is_shipped_only: true, ..WITH_ANOTHER };

/// The properties of a query with the rule's ranking.
const RANKED: Row = Row { statement: StatementKind::Query, ranks: Ranks::AsTheRule, ..CUSTOM };

const STAGING: Row = Row { needs: Needs::Staging, ..CUSTOM };

pub(super) static CUSTOM_STEP: Row = CUSTOM;

/// The shipped steps, by name.
pub(crate) static SHIPPED: [Row; 23] = [
    Row {
        step: Step::BeforeImage,
        name: StepName::BEFORE_IMAGE,
        template: include_str!("../../sql/before_image.sql"),
        statement: StatementKind::CreateTable,
        needs: Needs::DeletedRows,
        ..OF_REMOVALS
    },
    Row {
        step: Step::Consolidate,
        name: StepName::CONSOLIDATE,
        template: include_str!("../../sql/consolidate.sql"),
        statement: StatementKind::Merge,
        scope: Scope::Date,
        ranks: Ranks::AsTheRuleWithStaging,
        runs: Runs::ApplyOrCommand,
        ..STAGING
    },
    Row {
        step: Step::Correct,
        name: StepName::CORRECT,
        template: include_str!("../../sql/correct.sql"),
        statement: StatementKind::Delete,
        asks_cutoff: AsksCutoff::Never,
        ..OF_REMOVALS
    },
    Row {
        step: Step::CreateView,
        name: StepName::CREATE_VIEW,
        template: include_str!("../../sql/create_view.sql"),
        statement: StatementKind::CreateView,
        scope: Scope::Table,
        repeats_others: true,
        ..RANKED
    },
    Row {
        step: Step::Current,
        name: StepName::CURRENT,
        template: include_str!("../../sql/current.sql"),
        scope: Scope::Table,
        ..RANKED
    },
    Row {
        step: Step::Deactivate,
        name: StepName::DEACTIVATE,
        template: include_str!("../../sql/deactivate.sql"),
        statement: StatementKind::Update,
        ..REMOVAL
    },
    Row {
        step: Step::Delete,
        name: StepName::DELETE,
        template: include_str!("../../sql/delete.sql"),
        statement: StatementKind::Delete,
        ..REMOVAL
    },
    Row {
        step: Step::Detect,
        name: StepName::DETECT,
        template: include_str!("../../sql/detect.sql"),
        ranks: Ranks::AmongAll,
        returns: &COUNTS,
        asks_cutoff: AsksCutoff::Always,
        runs: Runs::Apply,
        is_shipped_only: true,
        ..RANKED
    },
    Row {
        step: Step::DropStaging,
        name: StepName::DROP_STAGING,
        template: include_str!("../../sql/drop_staging.sql"),
        statement: StatementKind::DropTable,
        scope: Scope::Table,
        needs: Needs::Staging,
        ..WITH_ANOTHER
    },
    Row {
        step: Step::DropView,
        name: StepName::DROP_VIEW,
        template: include_str!("../../sql/drop_view.sql"),
        statement: StatementKind::DropView,
        scope: Scope::Table,
        repeats_others: true,
        ..CUSTOM
    },
    Row {
        step: Step::Explain,
        name: StepName::EXPLAIN,
        template: include_str!("../../sql/explain.sql"),
        repeats_others: true,
        ..RANKED
    },
    Row {
        step: Step::Guard,
        name: StepName::GUARD,
        template: include_str!("../../sql/guard.sql"),
        statement: StatementKind::Query,
        returns: &GUARD_COUNTS,
        needs: Needs::CustomUpdate,
        ..OF_REMOVALS
    },
    Row {
        step: Step::Keyless,
        name: StepName::KEYLESS,
        template: include_str!("../../sql/keyless.sql"),
        statement: StatementKind::Query,
        runs: Runs::Alone,
        is_shipped_only: true,
        repeats_others: true,
        ..CUSTOM
    },
    Row {
        step: Step::Numbers,
        name: StepName::NUMBERS,
        template: include_str!("../../sql/numbers.sql"),
        statement: StatementKind::Query,
        scope: Scope::Table,
        runs: Runs::Alone,
        is_shipped_only: true,
        repeats_others: true,
        ..CUSTOM
    },
    Row {
        step: Step::Record,
        name: StepName::RECORD,
        template: include_str!("../../sql/record.sql"),
        ranks: Ranks::AsTheRule,
        ..OF_REMOVALS
    },
    Row {
        step: Step::RecordCustom,
        name: StepName::RECORD_CUSTOM,
        template: include_str!("../../sql/record_custom.sql"),
        needs: Needs::CustomUpdate,
        ..OF_REMOVALS
    },
    Row {
        step: Step::Recorded,
        name: StepName::RECORDED,
        template: include_str!("../../sql/recorded.sql"),
        statement: StatementKind::Query,
        scope: Scope::Window,
        returns: &RECORDED_COUNTS,
        ..OF_REMOVALS
    },
    Row {
        step: Step::Removed,
        name: StepName::REMOVED,
        template: include_str!("../../sql/removed.sql"),
        statement: StatementKind::Query,
        scope: Scope::Table,
        ..OF_REMOVALS
    },
    Row {
        step: Step::Rewrite,
        name: StepName::REWRITE,
        template: include_str!("../../sql/rewrite.sql"),
        statement: StatementKind::Merge,
        is_shipped_only: true,
        ..REMOVAL
    },
    Row {
        step: Step::Staged,
        name: StepName::STAGED,
        template: include_str!("../../sql/staged.sql"),
        statement: StatementKind::Query,
        ranks: Ranks::AsTheRuleWithStaging,
        returns: &STAGED_COUNTS,
        repeats_others: true,
        ..STAGING
    },
    Row {
        step: Step::StagingDates,
        name: StepName::STAGING_DATES,
        template: include_str!("../../sql/staging_dates.sql"),
        statement: StatementKind::Query,
        scope: Scope::Table,
        repeats_others: true,
        ..STAGING
    },
    Row {
        step: Step::Undo,
        name: StepName::UNDO,
        template: include_str!("../../sql/undo.sql"),
        statement: StatementKind::Restores,
        ..OF_REMOVALS
    },
    Row {
        step: Step::Verify,
        name: StepName::VERIFY,
        template: include_str!("../../sql/verify.sql"),
        ranks: Ranks::AmongAll,
        returns: &COUNTS,
        asks_cutoff: AsksCutoff::Always,
        runs: Runs::Apply,
        is_shipped_only: true,
        ..RANKED
    },
];
