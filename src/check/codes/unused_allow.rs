//! `unused-allow`: An `allow` comment that matches no finding.

use super::{Check, Code, Example, Find, Group, On, Severity};

pub(super) const CHECK: Check = Check {
    code: Code::UnusedAllow,
    name: "unused-allow",
    severity: Severity::Warning,
    may_be_allowed: false,
    find: Find::Together(Group::Text),
    about: "An `allow` comment that allows nothing would allow the next mistake.",
    found: Example {
        on: On::OwnStep,
        sql: "-- onerow: allow cross-join: settings has a single row
SELECT id
FROM nba.predictions",
    },
    mended: Example {
        on: On::OwnStep,
        sql: "SELECT id
FROM nba.predictions",
    },
};
