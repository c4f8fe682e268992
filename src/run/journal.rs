//! Sending a statement with a ledger entry before it and another after it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use jiff::Timestamp;
use serde_json::{Value as Json, json};

use super::cutoff::Cutoff;
use super::{Context, Counts, RunId, counts, params, rows, seen_with};
use crate::check::Checked;
use crate::error::{Error, Kind, Result};
use crate::googlesql::{SqlValue, TableName};
use crate::ledger::{Entry, State};
use crate::rule::Rule;
use crate::statement::{Params, StepName};
use crate::warehouse::{Answer, Job, JobId, Usage};
use crate::window::Day;

/// How often a statement that fails in passing is sent in all, each time as a new job.
const ATTEMPTS: usize = 5;
const FIRST_PAUSE: Duration = Duration::from_millis(500);

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The statements of one run, numbered as they are sent.
pub(super) struct Journal<'a> {
    pub context: &'a Context<'a>,
    /// The run's id.
    pub run: String,
    /// When it began.
    pub now: Timestamp,
    sequence: AtomicU32,
    /// Why the ledger could not be written: nothing more is sent.
    broken: Mutex<Option<Error>>,
}

impl<'a> Journal<'a> {
    pub fn open(context: &'a Context<'a>, now: Timestamp) -> Self {
        let run = context.run.clone().unwrap_or_else(|| RunId::new(now)).to_string();
        Self { context, run, now, sequence: AtomicU32::new(0), broken: Mutex::new(None) }
    }

    /// Sends one statement, and again as a new attempt after a transient error. Errors: the
    /// statement's; or the ledger's, after which nothing is sent any more (see [`Journal::finish`]).
    pub fn send(&self, statement: &Checked, params: &Params) -> Result<Answer> {
        self.send_and_note(statement, params, &|_| None)
    }

    /// The same; what `figures` makes of the answer goes into the ledger with it.
    fn send_and_note(
        &self,
        statement: &Checked,
        params: &Params,
        figures: &dyn Fn(&Answer) -> Option<Json>,
    ) -> Result<Answer> {
        let title = statement.statement().title();
        let pauses = ExponentialBuilder::default()
            .with_jitter()
            .with_min_delay(FIRST_PAUSE)
            .with_max_times(ATTEMPTS - 1);
        let mut pauses = pauses.build();
        loop {
            if self.context.interrupt.requested() {
                let message = format!("interrupted: {title} was not sent");
                return Err(Error::new(Kind::Interrupted, message));
            }
            match (self.attempt(statement, params, figures), pauses.next()) {
                (Err(error), Some(pause)) if error.kind() == Kind::Transient => {
                    let cause = error.headline();
                    self.context
                        .progress
                        .note(&format!("{title}: transient error, retrying: {cause}"));
                    self.context.interrupt.sleep(pause);
                }
                (Err(error), None) if error.kind() == Kind::Transient => {
                    let error =
                        error.help(format!("it was tried {ATTEMPTS} times; run again later"));
                    return Err(error.during(title));
                }
                (answer, _) => return answer.map_err(|error| error.during(title)),
            }
        }
    }

    fn attempt(
        &self,
        statement: &Checked,
        params: &Params,
        figures: &dyn Fn(&Answer) -> Option<Json>,
    ) -> Result<Answer> {
        let title = statement.statement().title();
        if self.is_broken() {
            return Err(unwritten(&title));
        }
        let mut started = self.entry(statement, params);
        let params = match statement.statement().step == *StepName::RECORD {
            true => &params.clone().with("record_id", SqlValue::String(started.job.to_string())),
            false => params,
        };
        started.parameters = self.parameters(&statement.statement().step, params);
        self.append(&started, &title, "was not sent")?;
        tracing::info!(job = %started.job, "{title}: sent");
        let rule = &self.context.renderer.rule().name;
        let job = Job { id: &started.job, run: &self.run, rule };
        let answer = self.context.warehouse.submit(&job, statement, params);
        let figures = answer.as_ref().ok().and_then(figures);
        let outcome = Entry { figures, ..outcome(&started, &answer, self.context.clock.now()) };
        tracing::info!(job = %started.job, affected = ?outcome.affected, "{title}: {}", outcome.state);
        let done = if answer.is_ok() { "was done" } else { "failed" };
        self.append(&outcome, &title, done)?;
        answer
    }

    /// Writes an entry. The first error is kept, and nothing is sent after it.
    fn append(&self, entry: &Entry, title: &str, done: &str) -> Result<()> {
        let Err(error) = self.context.ledger.append(entry) else { return Ok(()) };
        let error = error.during(format!("writing to the ledger; {title} {done}"));
        let error = match entry.state {
            State::Started => error,
            _ => error.help("the next run looks the statement up and completes the ledger"),
        };
        self.broken.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
        Err(unwritten(title))
    }

    /// Whether the ledger could not be written, so that nothing is sent any more.
    pub fn is_broken(&self) -> bool {
        self.broken.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// Errors: what kept the ledger from being written.
    pub fn finish(&self) -> Result<()> {
        let broken = self.broken.lock().unwrap_or_else(PoisonError::into_inner).take();
        broken.map_or(Ok(()), Err)
    }

    /// Counts the dates of a statement that returns counts.
    pub fn count(&self, statement: &Checked, cutoff: Cutoff) -> Result<BTreeMap<Day, Counts>> {
        let read = |answer: &Answer| -> Result<BTreeMap<Day, Counts>> {
            let found = counts::read(rows(answer)?, &statement.statement().window)?;
            Ok(found.into_iter().map(|(day, counts)| (day, seen_with(cutoff, counts))).collect())
        };
        let figures = |answer: &Answer| read(answer).ok().map(|found| counts::to_json(&found));
        let answer = self.send_and_note(statement, &params(cutoff, &self.run), &figures)?;
        read(&answer).map_err(|error| error.during(statement.statement().title()))
    }

    /// Completes the entries of earlier runs that have no outcome, by looking up what became of
    /// their statements. Returns a sentence for each.
    pub fn recover(&self) -> Result<Vec<String>> {
        let mut notes = Vec::new();
        for entry in self.context.ledger.in_doubt(self.context.renderer.rule().name.as_str())? {
            let answer = self.context.warehouse.look_up(&entry.job)?;
            let outcome = self.recovered(&entry, answer);
            notes.push(format!(
                "run {} ended without an answer to {} of {}: {}",
                entry.run,
                entry.step,
                entry.dates,
                match (outcome.state, outcome.affected) {
                    (State::Done, Some(rows)) => format!("the statement was executed, {rows} rows"),
                    (State::Done, None) => "the statement was executed".to_owned(),
                    _ => "the statement changed nothing".to_owned(),
                }
            ));
            self.context.ledger.append(&outcome)?;
        }
        Ok(notes)
    }

    fn recovered(&self, entry: &Entry, answer: Option<Answer>) -> Entry {
        let (state, what) = match answer {
            Some(_) => (State::Done, "the statement was executed"),
            None => (State::Failed, "the statement changed nothing"),
        };
        Entry {
            state,
            affected: answer.as_ref().and_then(Answer::size),
            usage: answer.map(|answer| answer.usage).unwrap_or_default(),
            at: self.context.clock.now(),
            error: Some(format!(
                "the run ended without an answer; {what}, as run {} found out",
                self.run
            )),
            version: VERSION.to_owned(),
            who: self.context.who.to_owned(),
            ..entry.clone()
        }
    }

    fn entry(&self, checked: &Checked, params: &Params) -> Entry {
        let statement = checked.statement();
        let sequence = self.sequence.fetch_add(1, Ordering::SeqCst) + 1;
        Entry {
            run: self.run.clone(),
            sequence,
            rule: self.context.renderer.rule().name.to_string(),
            dates: statement.window.to_string(),
            step: statement.step.clone(),
            job: JobId::derive(&self.run, sequence, &statement.step, statement.window.first()),
            fingerprint: statement.fingerprint.clone(),
            sql: statement.sql.clone(),
            parameters: self.parameters(&statement.step, params),
            state: State::Started,
            affected: None,
            usage: Usage::default(),
            figures: None,
            at: self.context.clock.now(),
            error: None,
            version: VERSION.to_owned(),
            who: self.context.who.to_owned(),
        }
    }

    fn parameters(&self, step: &StepName, params: &Params) -> Json {
        let params: serde_json::Map<String, Json> =
            params.iter().map(|(name, value)| (format!("@{name}"), value.to_json())).collect();
        let vars = self.context.renderer.vars().iter();
        let vars: serde_json::Map<String, Json> = vars
            .map(|(name, value)| (name.as_str().to_owned(), value.literal().as_str().into()))
            .collect();
        let mut parameters = Json::Object(params);
        if !vars.is_empty() {
            parameters["vars"] = Json::Object(vars);
        }
        if *step == *StepName::UNDO {
            parameters["strategy"] = self.context.renderer.rule().strategy.step().into();
        }
        if *step == *StepName::CONSOLIDATE {
            parameters["staging"] = json!(staging_tables(self.context.renderer.rule()));
        }
        if let crate::clock::Clock::Fixed(now) = self.context.clock {
            parameters["rehearsed_at"] = json!(now.to_string());
        }
        parameters
    }
}

/// What is said of a statement once the ledger could not be written; the run ends with the reason.
fn unwritten(title: &str) -> Error {
    Error::new(Kind::Io, format!("the ledger could not be written; {title} was not sent"))
}

/// The names of a rule's staging tables, as the ledger has them.
pub(super) fn staging_tables(rule: &Rule) -> Vec<String> {
    rule.staging.iter().flat_map(|staging| &staging.tables).map(TableName::dotted).collect()
}

fn outcome(started: &Entry, answer: &Result<Answer, Error>, at: Timestamp) -> Entry {
    Entry {
        state: match answer {
            Ok(_) => State::Done,
            Err(error) if error.kind() == Kind::Unreachable => State::Unknown,
            Err(_) => State::Failed,
        },
        affected: answer.as_ref().ok().and_then(Answer::size),
        usage: answer.as_ref().map(|answer| answer.usage).unwrap_or_default(),
        at,
        error: answer.as_ref().err().map(Error::headline),
        ..started.clone()
    }
}
