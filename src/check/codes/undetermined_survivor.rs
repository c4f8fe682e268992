//! `undetermined-survivor`: `keep` does not end in the row id, so that the survivor is not determined.

use super::{Check, Code, Example, On, Severity};

pub(super) const CHECK: Check = Check {
    code: Code::UndeterminedSurvivor,
    name: "undetermined-survivor",
    severity: Severity::Error,
    may_be_allowed: false,
    about: "A `keep` that does not end in the row id leaves the survivor of two equal rows to chance. The finding is about the rule.",
    found: Example { on: On::Rule(r#"keep = ["created_at DESC"]"#), sql: "SELECT 1 AS one" },
    mended: Example {
        on: On::Rule(r#"keep = ["created_at DESC", "id DESC"]"#),
        sql: "SELECT 1 AS one",
    },
};
