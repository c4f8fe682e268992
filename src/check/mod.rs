//! Findings about rendered SQL: one small function each, each with a code. What has no finding
//! becomes a [`Checked`], and a warehouse takes nothing else.

mod kind;
mod mutation;
mod partition;
mod ranking;

pub(crate) use kind::COUNTS;

use std::fmt;

use sqlparser::ast::{self, Spanned};
use sqlparser::dialect::BigQueryDialect;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::Span;

use crate::error::{Error, Kind, Place};
use crate::googlesql::tokens;
use crate::rule::Rule;
use crate::statement::Statement;

/// A statement that passed every check. Only [`run`] makes one.
#[derive(Debug, Clone)]
pub struct Checked {
    statement: Statement,
    parsed: ast::Statement,
}

impl Checked {
    /// The statement's text, step, window and fingerprint.
    pub fn statement(&self) -> &Statement {
        &self.statement
    }

    /// The statement's parsed form.
    pub fn parsed(&self) -> &ast::Statement {
        &self.parsed
    }

    /// Whether it changes rows.
    pub fn mutates(&self) -> bool {
        !matches!(self.parsed, ast::Statement::Query(_))
    }
}

/// What sort of finding it is. The name is stable: scripts and documents refer to it.
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
    /// A mutation sets a column that onerow has no business with.
    SetsOtherColumn,
    /// `keep` does not end in the row id, so that the survivor is not determined.
    UndeterminedSurvivor,
    /// The ranking depends on the time of day or on chance.
    VolatileRanking,
    /// A shipped step, or what stands in for it, ranks in another way than the rule says.
    OtherRanking,
    /// A query that onerow reads lacks one of the columns it reads.
    MissingCount,
    /// An own step changes rows where the counts of detect must still hold.
    MutatesBetween,
}

impl Code {
    /// All codes.
    pub const ALL: [Self; 12] = [
        Self::Unparsable,
        Self::NotOneStatement,
        Self::Ddl,
        Self::WrongKind,
        Self::OtherTable,
        Self::NoPartition,
        Self::SetsOtherColumn,
        Self::UndeterminedSurvivor,
        Self::VolatileRanking,
        Self::OtherRanking,
        Self::MissingCount,
        Self::MutatesBetween,
    ];

    /// The code as text.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unparsable => "unparsable",
            Self::NotOneStatement => "not-one-statement",
            Self::Ddl => "ddl",
            Self::WrongKind => "wrong-kind",
            Self::OtherTable => "other-table",
            Self::NoPartition => "no-partition",
            Self::SetsOtherColumn => "sets-other-column",
            Self::UndeterminedSurvivor => "undetermined-survivor",
            Self::VolatileRanking => "volatile-ranking",
            Self::OtherRanking => "other-ranking",
            Self::MissingCount => "missing-count",
            Self::MutatesBetween => "mutates-between",
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// One thing that is wrong with a statement.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// What sort of finding it is.
    pub code: Code,
    /// Where it was found: in the rendered SQL, or in the rule file.
    pub place: Place,
    /// What is wrong, and why that matters.
    pub reason: String,
    /// What to do about it.
    pub help: String,
}

/// Checks one statement of a rule.
pub fn run(rule: &Rule, statement: Statement) -> Result<Checked, Vec<Finding>> {
    let text = Text { rule, statement: &statement };
    let parsed = parse(&text).map_err(|finding| vec![finding])?;
    let mut findings = Vec::new();
    kind::check(&text, &parsed, &mut findings);
    if let ast::Statement::Update(update) = &parsed {
        mutation::check(&text, update, &mut findings);
        partition::check(&text, update, &mut findings);
    }
    ranking::check(&text, &parsed, &mut findings);
    match findings.is_empty() {
        true => Ok(Checked { statement, parsed }),
        false => Err(findings),
    }
}

/// Checks what concerns the rule and not one statement.
pub fn rule(rule: &Rule) -> Vec<Finding> {
    ranking::undetermined_survivor(rule).into_iter().collect()
}

/// Findings as the error of a command that cannot go on.
pub fn refusal(findings: &[Finding]) -> Error {
    let error = match findings {
        [only] => Error::new(Kind::Findings, format!("{}: {}", only.code, only.reason)),
        [first, rest @ ..] => Error::new(
            Kind::Findings,
            format!("{}: {} (and {} more findings)", first.code, first.reason, rest.len()),
        ),
        [] => return Error::new(Kind::Findings, "refused without a finding"),
    };
    error.at(findings[0].place.clone()).help(findings[0].help.clone())
}

/// A statement under check, and how findings name places in it.
struct Text<'a> {
    rule: &'a Rule,
    statement: &'a Statement,
}

impl Text<'_> {
    fn finding(
        &self,
        code: Code,
        span: Span,
        reason: impl Into<String>,
        help: impl Into<String>,
    ) -> Finding {
        self.finding_at(code, (span.start.line, span.start.column), reason, help)
    }

    fn finding_at(
        &self,
        code: Code,
        (line, column): (u64, u64),
        reason: impl Into<String>,
        help: impl Into<String>,
    ) -> Finding {
        let name = format!("{}: {}", self.rule.name, self.statement.title());
        // A parser that does not know the place says line 0; the text starts with our header.
        let (line, column) = if line == 0 { (2, 1) } else { (line as usize, column as usize) };
        Finding {
            code,
            place: Place::of_line(name, self.statement.sql.as_str(), line, column),
            reason: reason.into(),
            help: help.into(),
        }
    }
}

fn parse(text: &Text<'_>) -> Result<ast::Statement, Finding> {
    let mut parsed = tokens(&text.statement.sql)
        .and_then(|tokens| {
            Parser::new(&BigQueryDialect).with_tokens_with_locations(tokens).parse_statements()
        })
        .map_err(|error| unparsable(text, &error))?;
    match (parsed.pop(), parsed.first()) {
        (Some(only), None) => Ok(only),
        (None, _) => Err(text.finding(
            Code::NotOneStatement,
            Span::empty(),
            "the template rendered to no statement at all",
            "write one query or one UPDATE",
        )),
        (Some(second), Some(_)) => Err(text.finding(
            Code::NotOneStatement,
            second.span(),
            "the template rendered to more than one statement, so that a failure could leave half of them done",
            "split it into steps; each is run, checked and logged by itself",
        )),
    }
}

fn unparsable(text: &Text<'_>, error: &ParserError) -> Finding {
    let message = match error {
        ParserError::TokenizerError(message) | ParserError::ParserError(message) => {
            message.as_str()
        }
        ParserError::RecursionLimitExceeded => "it is nested too deeply",
    };
    let (message, place) = match message.split_once(" at Line: ") {
        Some((message, place)) => (message, place),
        None => (message, ""),
    };
    let mut numbers = place.split(", Column: ").map(|number| number.trim().parse().unwrap_or(0));
    let place = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    text.finding_at(
        Code::Unparsable,
        place,
        format!("it does not parse as GoogleSQL: {message}"),
        "mend the template; `onerow render` shows the whole text",
    )
}
