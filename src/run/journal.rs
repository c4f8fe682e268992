//! Sending a statement with a ledger entry before it and another after it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
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
use crate::warehouse::{Answer, Audit, Job, JobId, Usage};
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
    /// The ledger could not be written: nothing more is sent.
    broken: AtomicBool,
}

impl<'a> Journal<'a> {
    pub fn open(context: &'a Context<'a>, now: Timestamp) -> Self {
        let run = context.run.clone().unwrap_or_else(|| RunId::new(now)).to_string();
        Self { context, run, now, sequence: AtomicU32::new(0), broken: AtomicBool::new(false) }
    }

    /// Sends one statement, and again as a new attempt while it fails in passing. The outer error
    /// is the ledger's, after which nothing is sent; the inner one is the statement's own.
    pub fn send(&self, statement: &Checked, params: &Params) -> Result<Result<Answer>> {
        self.send_audited(statement, None, params)
    }

    /// The same, in one transaction with its audit.
    pub fn send_audited(
        &self,
        statement: &Checked,
        audit: Option<Audit<'_>>,
        params: &Params,
    ) -> Result<Result<Answer>> {
        self.send_and_note(statement, audit, params, &|_| None)
    }

    /// The same; what `figures` makes of the answer goes into the ledger with it.
    fn send_and_note(
        &self,
        statement: &Checked,
        audit: Option<Audit<'_>>,
        params: &Params,
        figures: &dyn Fn(&Answer) -> Option<Json>,
    ) -> Result<Result<Answer>> {
        let title = statement.statement().title();
        let pauses = ExponentialBuilder::default()
            .with_jitter()
            .with_min_delay(FIRST_PAUSE)
            .with_max_times(ATTEMPTS - 1);
        let mut pauses = pauses.build();
        loop {
            if self.context.interrupt.requested() {
                let error =
                    Error::new(Kind::Interrupted, format!("interrupted: {title} was not sent"));
                return Ok(Err(error));
            }
            let answer = self.attempt(statement, audit, params, figures)?;
            match (answer, pauses.next()) {
                (Err(error), Some(pause)) if error.kind() == Kind::Transient => {
                    self.context.progress.note(&format!(
                        "{title} failed in passing, trying again: {}",
                        error.headline()
                    ));
                    self.context.interrupt.sleep(pause);
                }
                (Err(error), None) if error.kind() == Kind::Transient => {
                    let error =
                        error.help(format!("it was tried {ATTEMPTS} times; run again later"));
                    return Ok(Err(error.during(title)));
                }
                (answer, _) => return Ok(answer.map_err(|error| error.during(title))),
            }
        }
    }

    fn attempt(
        &self,
        statement: &Checked,
        audit: Option<Audit<'_>>,
        params: &Params,
        figures: &dyn Fn(&Answer) -> Option<Json>,
    ) -> Result<Result<Answer>> {
        let title = statement.statement().title();
        if self.broken.load(Ordering::SeqCst) {
            return Err(Error::new(
                Kind::Io,
                format!("the ledger could not be written; {title} was not sent"),
            ));
        }
        let started = self.entry(statement, audit, params);
        let params = match audit {
            Some(_) => &params.clone().with("job_id", SqlValue::String(started.job.to_string())),
            None => params,
        };
        self.append(&started).map_err(|error| {
            error.during(format!("writing to the ledger; {title} was not sent"))
        })?;
        tracing::info!(job = %started.job, "{title}: sent");
        let rule = &self.context.renderer.rule().name;
        let job = Job { id: &started.job, run: &self.run, rule, audit };
        let answer = self.context.warehouse.submit(&job, statement, params);
        let figures = answer.as_ref().ok().and_then(figures);
        let outcome = Entry { figures, ..outcome(&started, &answer, self.context.clock.now()) };
        tracing::info!(job = %started.job, affected = ?outcome.affected, "{title}: {}", outcome.state);
        self.append(&outcome).map_err(|error| {
            let done = if answer.is_ok() { "was done" } else { "failed" };
            error
                .during(format!("writing to the ledger; {title} {done}"))
                .help("the next run looks the statement up and completes the ledger")
        })?;
        Ok(answer)
    }

    fn append(&self, entry: &Entry) -> Result<()> {
        self.context.ledger.append(entry).inspect_err(|_| self.broken.store(true, Ordering::SeqCst))
    }

    /// Counts the dates of a statement that returns counts. The outer error is the ledger's.
    pub fn count(
        &self,
        statement: &Checked,
        cutoff: Cutoff,
    ) -> Result<Result<BTreeMap<Day, Counts>>> {
        let read = |answer: &Answer| -> Result<BTreeMap<Day, Counts>> {
            let found = counts::read(rows(answer)?, &statement.statement().window)?;
            Ok(found.into_iter().map(|(day, counts)| (day, seen_with(cutoff, counts))).collect())
        };
        let figures = |answer: &Answer| read(answer).ok().map(|found| counts::to_json(&found));
        let params = params(cutoff, &self.run);
        let answer = match self.send_and_note(statement, None, &params, &figures)? {
            Ok(answer) => answer,
            Err(error) => return Ok(Err(error)),
        };
        Ok(read(&answer).map_err(|error| error.during(statement.statement().title())))
    }

    /// Sends one statement, and once more with the earlier cutoff when the streaming buffer
    /// refuses it. `None`: it was refused each time, and nothing was changed.
    pub fn send_around_buffer(
        &self,
        statement: &Checked,
        audit: Option<Audit<'_>>,
        cutoff: Cutoff,
        earlier: Option<Cutoff>,
    ) -> Result<Result<Option<Answer>>> {
        for cutoff in [Some(cutoff), earlier].into_iter().flatten() {
            match self.send_audited(statement, audit, &params(cutoff, &self.run))? {
                Ok(answer) => return Ok(Ok(Some(answer))),
                Err(error) if error.kind() == Kind::StreamingBuffer => {}
                Err(error) => return Ok(Err(error)),
            }
        }
        Ok(Ok(None))
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

    fn entry(&self, checked: &Checked, audit: Option<Audit<'_>>, params: &Params) -> Entry {
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
            parameters: self.parameters(&statement.step, audit, params),
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

    fn parameters(&self, step: &StepName, audit: Option<Audit<'_>>, params: &Params) -> Json {
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
        if *step == *StepName::CONSOLIDATE {
            parameters["staging"] = json!(staging_tables(self.context.renderer.rule()));
        }
        if let Some(audit) = audit {
            parameters["audit"] = audit.keeps.statement().fingerprint.as_str().into();
            if let Some(gone) = audit.gone {
                parameters["gone"] = gone.statement().fingerprint.as_str().into();
            }
        }
        if let crate::clock::Clock::Fixed(now) = self.context.clock {
            parameters["rehearsed_at"] = json!(now.to_string());
        }
        parameters
    }
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
