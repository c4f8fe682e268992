//! What sorts of findings there are. Their names are stable: scripts and documents refer to them.

use std::fmt;

use super::codes::{CHECKS, Check, Find};

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// It runs, and may not be what was meant.
    Warning,
    /// It does not run.
    Error,
}

impl Severity {
    /// The severity as one word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// What sort of finding it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Code {
    /// The text is not GoogleSQL, as far as the parser knows it.
    Unparsable,
    /// The text holds no statement, or more than one.
    NotOneStatement,
    /// The statement creates, alters or drops something.
    Ddl,
    /// The statement is neither a query nor an UPDATE, or not what its step must be.
    WrongKind,
    /// A mutation changes another table than the rule's.
    OtherTable,
    /// A mutation's WHERE does not confine it to the partitions of its window.
    NoPartition,
    /// A mutation's subquery reads rows of the table outside its window.
    ReadsOtherPartition,
    /// A mutation sets a column that onerow has no business with.
    SetsOtherColumn,
    /// A step leaves `@cutoff` out although the rule has `written_at`.
    DropsCutoff,
    /// A text that replaces a shipped one lacks one of its conditions, so that it could remove other rows.
    DropsCondition,
    /// `keep` does not end in the row id, so that the survivor is not determined.
    UndeterminedSurvivor,
    /// An entry of `key` or `keep` is the same for every row.
    ConstantEntry,
    /// The ranking depends on the time of day or on chance.
    VolatileRanking,
    /// A shipped step, or what stands in for it, ranks in another way than the rule says.
    OtherRanking,
    /// A query that onerow reads lacks one of the columns it reads.
    MissingCount,
    /// A custom step changes rows where the counts of detect must still hold.
    MutatesBetween,
    /// A name that is no column of the table.
    UnknownColumn,
    /// A column is compared with a value of another type.
    TypeMismatch,
    /// A call of something that is no function of GoogleSQL, and could have effects.
    CallsRoutine,
    /// Syntax or a function that GoogleSQL does not have.
    OtherDialect,
    /// BigQuery refuses the statement, whatever the table holds.
    AlwaysRefused,
    /// A function whose value differs from run to run.
    Volatile,
    /// A key column that may be NULL is compared with `=` in a join.
    NullableKeyJoin,
    /// Every row of one table meets every row of another.
    CrossJoin,
    /// A step that runs returns whatever columns the table has that day.
    SelectStar,
    /// An `allow` comment that names no known code, gives no reason, or may not be.
    BadAllow,
    /// An `allow` comment that allows nothing.
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

    /// The check that finds it.
    pub fn check(self) -> &'static Check {
        const { &CHECKS }.get(self as usize).unwrap_or(const { &CHECKS[0] })
    }

    /// The code as text.
    pub fn as_str(self) -> &'static str {
        self.check().name
    }

    /// The code of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.as_str() == name)
    }

    /// How bad a finding of this code is.
    pub fn severity(self) -> Severity {
        self.check().severity
    }

    /// Whether it is found in the rule itself, and not in a statement.
    pub(crate) fn is_about_rule(self) -> bool {
        matches!(self.check().find, Find::Rule(_))
    }

    /// Whether a template may allow it. Onerow's promise rests on the others.
    pub fn may_be_allowed(self) -> bool {
        self.check().may_be_allowed
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
