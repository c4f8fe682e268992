//! The codes of findings. Their names are stable: scripts and documents refer to them.

use std::fmt;

use super::codes::{CHECKS, Check, Find};

/// The severity of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The statement runs, but may not do what was meant.
    Warning,
    /// The statement does not run.
    Error,
}

impl Severity {
    /// The severity as a word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// The code of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Code {
    /// The parser cannot read the text as GoogleSQL.
    Unparsable,
    /// The text has no statement, or more than one.
    NotOneStatement,
    /// The statement creates, alters or drops something.
    Ddl,
    /// The statement is neither a query nor an UPDATE, or not what its step must be.
    WrongKind,
    /// A mutation changes a table other than the rule's.
    OtherTable,
    /// A mutation's WHERE does not restrict it to the partitions of its window.
    NoPartition,
    /// A mutation's subquery reads rows of the table outside its window.
    ReadsOtherPartition,
    /// A mutation sets a column that onerow must not change.
    SetsOtherColumn,
    /// A step omits `@cutoff` although the rule has `written_at`.
    DropsCutoff,
    /// A text that replaces a shipped one lacks one of its conditions, so it could remove other rows.
    DropsCondition,
    /// `keep` does not end in the row id, so that the survivor is not determined.
    UndeterminedSurvivor,
    /// An entry of `key` or `keep` is the same for every row.
    ConstantEntry,
    /// The ranking depends on the time of day or on chance.
    VolatileRanking,
    /// A shipped step, or its replacement, ranks differently from the rule.
    OtherRanking,
    /// A query whose result onerow reads lacks a column that onerow needs.
    MissingCount,
    /// A custom step changes rows while the counts of detect must stay valid.
    MutatesBetween,
    /// A name that is not a column of the table.
    UnknownColumn,
    /// A column is compared with a value of another type.
    TypeMismatch,
    /// A call of a routine that is not a GoogleSQL function and could have effects.
    CallsRoutine,
    /// Syntax or a function that GoogleSQL does not have.
    OtherDialect,
    /// BigQuery refuses the statement regardless of the data.
    AlwaysRefused,
    /// A function whose value differs from run to run.
    Volatile,
    /// A key column that may be NULL is compared with `=` in a join.
    NullableKeyJoin,
    /// A join of every row of one table with every row of another.
    CrossJoin,
    /// A step that runs returns all columns that the table has at that time.
    SelectStar,
    /// An `allow` comment that names an unknown code, gives no reason, or is not permitted.
    BadAllow,
    /// An `allow` comment that matches no finding.
    UnusedAllow,
}

impl Code {
    /// All codes.
    pub const ALL: [Self; CHECKS.len()] = {
        let mut all = [Self::Unparsable; CHECKS.len()];
        let mut i = 0;
        while i < CHECKS.len() {
            all[i] = CHECKS[i].code;
            i += 1;
        }
        all
    };

    /// The check that reports this code.
    pub fn check(self) -> &'static Check {
        const { &CHECKS }.get(self as usize).unwrap_or(const { &CHECKS[0] })
    }

    /// The code as text.
    pub fn as_str(self) -> &'static str {
        self.check().name
    }

    /// The code with this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.as_str() == name)
    }

    /// The severity of findings with this code.
    pub fn severity(self) -> Severity {
        self.check().severity
    }

    /// Whether the finding is about the rule itself and not a statement.
    pub(crate) fn is_about_rule(self) -> bool {
        matches!(self.check().find, Find::Rule(_))
    }

    /// Whether a template may allow it. The other checks protect data.
    pub fn may_be_allowed(self) -> bool {
        self.check().may_be_allowed
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
