//! `bad-allow`: An `allow` comment that names an unknown code, gives no reason, or is not permitted.

use super::{Check, Code, Example, Find, Group, On, Severity};

pub(super) const CHECK: Check = Check {
    code: Code::BadAllow,
    name: "bad-allow",
    severity: Severity::Error,
    may_be_allowed: false,
    find: Find::Together(Group::Text),
    about: "An `allow` comment that names no check, gives no reason, or names a check that cannot be allowed.",
    found: Example {
        on: On::OwnStep,
        sql: "-- onerow: allow cross-join
SELECT a.id
FROM nba.predictions AS a, nba.settings AS b",
    },
    mended: Example {
        on: On::OwnStep,
        sql: "-- onerow: allow cross-join: settings has a single row
SELECT a.id
FROM nba.predictions AS a, nba.settings AS b",
    },
};
