//! The embedded warehouse, asked through the same doors as onerow's commands.

use jiff::SignedDuration;
use onerow::check;
use onerow::clock::Clock;
use onerow::error::{Error, Kind};
use onerow::googlesql::{SqlValue, TableName};
use onerow::rule::RuleFile;
use onerow::statement::{Params, Statement, StepName};
use onerow::warehouse::sqlite::{Sqlite, Streaming};
use onerow::warehouse::{Job, JobId, Returned, Warehouse};
use onerow::window::{Day, Window};

use super::edges::{self, Tables};

/// Why a statement is not prepared.
#[derive(Debug, Clone, PartialEq)]
pub enum Refusal {
    /// The parser cannot read it.
    Unreadable(String),
    /// The error says that the embedded warehouse does not know something.
    Unsupported(String),
    /// The error says what is wrong with the statement; BigQuery refuses it too.
    Refused(String),
    /// The error is not onerow's: SQLite met what it should never have been given.
    Foreign(String),
}

impl Refusal {
    pub fn text(&self) -> &str {
        match self {
            Self::Unreadable(text)
            | Self::Unsupported(text)
            | Self::Refused(text)
            | Self::Foreign(text) => text,
        }
    }
}

/// A warehouse with the tables of edges.
pub struct Ours {
    warehouse: Sqlite,
    rules: RuleFile,
}

const RULES: &str = r#"
[rule.edges]
table = "lowering.ruled"
partition = "d1"
key = ["s1"]
keep = ["id DESC"]
row_id = "id"
active = "o1"
"#;

impl Ours {
    pub fn with(tables: &Tables) -> Self {
        let warehouse = Sqlite::in_memory(Clock::System, SignedDuration::from_mins(90)).unwrap();
        for name in [edges::TABLE, edges::CALM] {
            let table = TableName::parse(name).unwrap();
            let mut given = tables.named(name).iter().cloned().map(Ok);
            warehouse.load(&table, &edges::columns(), &[], &mut given, Streaming::Settled).unwrap();
        }
        Self { warehouse, rules: RuleFile::parse("onerow.toml", RULES).unwrap() }
    }

    fn checked(&self, sql: &str) -> Result<check::Checked, Refusal> {
        let step = StepName::parse("asked").unwrap();
        let window = Window::day(Day::parse("2026-01-28").unwrap());
        let statement = Statement::new(step, window, sql.to_owned());
        let inspected = check::inspect(&self.rules.rules[0], statement);
        let reasons = inspected.findings.iter().map(|finding| finding.reason.clone());
        inspected.checked.ok_or_else(|| Refusal::Unreadable(reasons.collect()))
    }

    /// Lowers the query and has SQLite prepare it.
    pub fn prepare(&self, sql: &str) -> Result<(), Refusal> {
        let checked = self.checked(sql)?;
        self.warehouse.estimate(&checked, &Params::none()).map(|_| ()).map_err(|e| refusal(&e))
    }

    /// The rows of a query.
    pub fn run(&self, sql: &str) -> Result<Vec<Vec<SqlValue>>, Refusal> {
        let checked = self.checked(sql)?;
        let id = JobId::from_ledger("asked".to_owned());
        let job = Job { id: &id, run: "asked", rule: &self.rules.rules[0].name };
        let answer = self.warehouse.submit(&job, &checked, &Params::none());
        match answer.map_err(|e| refusal(&e))?.result {
            Returned::Rows(rows) => Ok(rows.rows),
            other => panic!("a query returns rows, not {other:?}"),
        }
    }
}

fn refusal(error: &Error) -> Refusal {
    let text = error.to_string();
    match error.kind() {
        _ if text.contains("cannot prepare") => Refusal::Foreign(format!("{error:?}")),
        Kind::Unsupported => Refusal::Unsupported(text),
        Kind::Refused | Kind::DataFile | Kind::NotFound => Refusal::Refused(format!("{error:?}")),
        _ => Refusal::Foreign(format!("{error:?}")),
    }
}
