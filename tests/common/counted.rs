//! A warehouse and its ledger whose effects are counted and named, and that die before one of them.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::Mutex;

use onerow::check::Checked;
use onerow::connection::Connection;
use onerow::error::Result;
use onerow::googlesql::TableName;
use onerow::interrupt::Interrupt;
use onerow::ledger::{Entry, Filter, Ledger, Lock};
use onerow::removals::RemovalLog;
use onerow::statement::Params;
use onerow::warehouse::{
    Answer, Buffer, Column, Concurrency, Description, Estimate, Job, JobId, TableState, Warehouse,
};

/// What stands in the trace once nothing follows.
pub const END: &str = "the end";

/// Each call of the traits is an effect. Between two of them there is only arithmetic, so the
/// points at which dying makes a difference are those before each effect, and the end.
pub struct Counted {
    inner: Connection,
    /// The process dies at the point with this number, counted from 1; 0 is never.
    dies_at: usize,
    trace: Mutex<Trace>,
}

/// The names of the points passed, one a line.
struct Trace {
    file: File,
    passed: usize,
}

impl Counted {
    pub fn new(inner: Connection, dies_at: usize, trace: &Path) -> Self {
        let file = File::create(trace).unwrap();
        Self { inner, dies_at, trace: Mutex::new(Trace { file, passed: 0 }) }
    }

    /// Passes a point, or dies there: without unwinding, without a destructor.
    pub fn point(&self, name: &str) {
        let mut trace = self.trace.lock().unwrap();
        writeln!(trace.file, "{name}").unwrap();
        trace.passed += 1;
        if trace.passed == self.dies_at {
            std::process::abort();
        }
    }

    fn effect<T>(&self, name: &str, act: impl FnOnce(&Connection) -> T) -> T {
        self.point(name);
        act(&self.inner)
    }
}

impl Warehouse for Counted {
    fn submit(&self, job: &Job<'_>, statement: &Checked, params: &Params) -> Result<Answer> {
        let title = statement.statement().title();
        self.effect(&format!("send: {title}"), |c| c.warehouse.submit(job, statement, params))
    }

    fn look_up(&self, id: &JobId) -> Result<Option<Answer>> {
        self.effect("look a job up", |c| c.warehouse.look_up(id))
    }

    fn buffer(&self, table: &TableName) -> Result<Buffer> {
        self.effect("look at the streaming buffer", |c| c.warehouse.buffer(table))
    }

    fn table_state(&self, table: &TableName) -> Result<TableState> {
        self.effect("read how a staging table stands", |c| c.warehouse.table_state(table))
    }

    fn estimate(&self, statement: &Checked, params: &Params) -> Result<Estimate> {
        let title = statement.statement().title();
        self.effect(&format!("estimate: {title}"), |c| c.warehouse.estimate(statement, params))
    }

    fn describe(&self, table: &TableName) -> Result<Description> {
        self.effect("read metadata", |c| c.warehouse.describe(table))
    }

    fn columns(&self, table: &TableName) -> Result<Vec<Column>> {
        self.effect("read the columns", |c| c.warehouse.columns(table))
    }

    fn columns_then(&self, image: &Checked, params: &Params) -> Result<Vec<Column>> {
        self.effect("read the columns of then", |c| c.warehouse.columns_then(image, params))
    }

    fn prepare_removals(&self, log: &RemovalLog) -> Result<()> {
        self.effect("prepare the removal log", |c| c.warehouse.prepare_removals(log))
    }

    fn check_location(&self, table: &TableName, location: &str) -> Result<()> {
        self.inner.warehouse.check_location(table, location)
    }

    fn concurrency(&self) -> Concurrency {
        self.inner.warehouse.concurrency()
    }
}

impl Ledger for Counted {
    fn append(&self, entry: &Entry) -> Result<()> {
        let name = format!("write: {} {}", entry.title(), entry.outcome.as_str());
        self.effect(&name, |c| c.ledger.append(entry))
    }

    fn entries(&self, wanted: &Filter<'_>) -> Result<Vec<Entry>> {
        self.effect("read the ledger", |c| c.ledger.entries(wanted))
    }

    fn lock(&self, table: &TableName, interrupt: &Interrupt) -> Result<Lock> {
        self.effect("take the lock", |c| c.ledger.lock(table, interrupt))
    }

    fn in_doubt(&self, rule: &str) -> Result<Vec<Entry>> {
        self.effect("read what is in doubt", |c| c.ledger.in_doubt(rule))
    }

    fn examine(&self) -> Result<String> {
        self.effect("examine the ledger", |c| c.ledger.examine())
    }

    fn deliver(&self) -> Result<()> {
        self.effect("deliver the outbox", |c| c.ledger.deliver())
    }
}
