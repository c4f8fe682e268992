//! The embedded warehouse with faults that no real part makes on demand.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use jiff::{SignedDuration, Timestamp};
use onerow::check::Checked;
use onerow::clock::Clock;
use onerow::error::{Error, Kind, Result};
use onerow::googlesql::TableName;
use onerow::interrupt::Interrupt;
use onerow::ledger::{Entry, Filter, Ledger, Lock};
use onerow::removals::RemovalLog;
use onerow::run::Progress;
use onerow::statement::Params;
use onerow::warehouse::sqlite::{Access, Sqlite};
use onerow::warehouse::{
    Answer, Buffer, Column, Concurrency, Description, Estimate, Job, JobId, Returned, TableState,
    Warehouse,
};

use super::Project;

type Before<'a> = dyn Fn(&Checked) -> Result<()> + Sync + 'a;

/// The embedded warehouse with something that happens before each statement.
pub struct Faulty<'a> {
    pub inner: &'a Sqlite,
    pub before: Box<Before<'a>>,
    pub hides_buffer: bool,
    /// It does not say how many rows a statement changed.
    pub hides_affected: bool,
    /// The process dies at the append with this number, counted from 0.
    pub dies_at_append: Option<usize>,
    pub appends: AtomicUsize,
    pub fails_to_append: bool,
    pub interrupt: Interrupt,
}

impl<'a> Faulty<'a> {
    pub fn new(inner: &'a Sqlite) -> Self {
        Self {
            inner,
            before: Box::new(|_| Ok(())),
            hides_buffer: false,
            hides_affected: false,
            dies_at_append: None,
            appends: AtomicUsize::new(0),
            fails_to_append: false,
            interrupt: Interrupt::default(),
        }
    }
}

impl Warehouse for Faulty<'_> {
    fn submit(&self, job: &Job<'_>, statement: &Checked, params: &Params) -> Result<Answer> {
        (self.before)(statement)?;
        let answer = self.inner.submit(job, statement, params)?;
        match (&answer.result, self.hides_affected) {
            (Returned::Affected(_), true) => Ok(Returned::Affected(None).into()),
            _ => Ok(answer),
        }
    }

    fn look_up(&self, id: &JobId) -> Result<Option<Answer>> {
        self.inner.look_up(id)
    }

    fn buffer(&self, table: &TableName) -> Result<Buffer> {
        if self.hides_buffer { Ok(Buffer::Empty) } else { self.inner.buffer(table) }
    }

    fn table_state(&self, table: &TableName) -> Result<TableState> {
        self.inner.table_state(table)
    }

    fn estimate(&self, statement: &Checked, params: &Params) -> Result<Estimate> {
        self.inner.estimate(statement, params)
    }

    fn describe(&self, table: &TableName) -> Result<Description> {
        let described = self.inner.describe(table)?;
        Ok(match self.hides_buffer {
            true => Description { buffer: Buffer::Empty, ..described },
            false => described,
        })
    }

    fn columns(&self, table: &TableName) -> Result<Vec<Column>> {
        self.inner.columns(table)
    }

    fn columns_then(&self, image: &Checked, params: &Params) -> Result<Vec<Column>> {
        self.inner.columns_then(image, params)
    }

    fn prepare_removals(&self, log: &RemovalLog) -> Result<()> {
        self.inner.prepare_removals(log)
    }

    fn concurrency(&self) -> Concurrency {
        self.inner.concurrency()
    }
}

impl Ledger for Faulty<'_> {
    fn append(&self, entry: &Entry) -> Result<()> {
        let number = self.appends.fetch_add(1, Ordering::SeqCst);
        if self.fails_to_append || self.dies_at_append.is_some_and(|at| number >= at) {
            return Err(Error::new(Kind::File, "no space left on device"));
        }
        self.inner.append(entry)
    }

    fn entries(&self, wanted: &Filter<'_>) -> Result<Vec<Entry>> {
        self.inner.entries(wanted)
    }

    fn lock(&self, table: &TableName, interrupt: &Interrupt) -> Result<Lock> {
        self.inner.lock(table, interrupt)
    }

    fn in_doubt(&self, rule: &str) -> Result<Vec<Entry>> {
        self.inner.in_doubt(rule)
    }

    fn examine(&self) -> Result<String> {
        self.inner.examine()
    }
}

#[derive(Default)]
pub struct Notes(pub Mutex<Vec<String>>);

impl Progress for Notes {
    fn begin(&self, _: u64) {}
    fn advance(&self) {}
    fn note(&self, sentence: &str) {
        self.0.lock().unwrap().push(sentence.to_owned());
    }
    fn waiting(&self, sentence: &str) {
        self.note(sentence);
    }
    fn end(&self) {}
}

pub fn now() -> Timestamp {
    "2026-01-30T10:00:00Z".parse().unwrap()
}

pub fn open(project: &Project) -> Sqlite {
    let path = project.path(".onerow/local.db");
    let drain = SignedDuration::from_mins(90);
    Sqlite::open(&path, Access::ReadWrite, Clock::Fixed(now()), drain).unwrap()
}
