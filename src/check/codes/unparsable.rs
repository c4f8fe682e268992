//! `unparsable`: The parser cannot read the text as GoogleSQL.

use super::{Check, Code, Example, Find, Group, On, Severity};

pub(super) const CHECK: Check = Check {
    code: Code::Unparsable,
    name: "unparsable",
    severity: Severity::Error,
    may_be_allowed: true,
    find: Find::Together(Group::Text),
    about: "Text that is not GoogleSQL as far as the parser knows it, or that BigQuery might split otherwise than the parser, could not be checked.",
    found: Example { on: On::OwnStep, sql: "SELECT id FORM nba.predictions" },
    mended: Example { on: On::OwnStep, sql: "SELECT id FROM nba.predictions" },
};
