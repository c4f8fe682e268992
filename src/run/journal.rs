//! Sending a statement with a ledger entry before it and another after it.

use jiff::Timestamp;
use serde_json::{Value as Json, json};

use super::horizon::Horizon;
use super::{Context, params};
use crate::check::Checked;
use crate::error::{Error, Kind, Result};
use crate::ledger::{Entry, State};
use crate::statement::Params;
use crate::warehouse::{Answer, JobId};

/// The statements of one run, numbered as they are sent.
pub(super) struct Journal<'a> {
    context: &'a Context<'a>,
    /// The run's id.
    pub run: String,
    sequence: u32,
}

impl<'a> Journal<'a> {
    pub fn open(context: &'a Context<'a>, now: Timestamp) -> Self {
        let run = format!("{}-{:08x}", now.strftime("%Y%m%dT%H%M%SZ"), fastrand::u32(..));
        Self { context, run, sequence: 0 }
    }

    /// Sends one statement. The outer error is the ledger's, after which nothing may be sent;
    /// the inner one is the statement's own.
    pub fn send(&mut self, statement: &Checked, params: &Params) -> Result<Result<Answer>> {
        self.sequence += 1;
        let started = self.entry(statement, params);
        let title = statement.statement().title();
        self.context.ledger.append(&started).map_err(|error| {
            error.during(format!("writing to the ledger; {title} was not sent"))
        })?;
        tracing::info!(job = %started.job, "{title}: sent");
        let answer = self.context.warehouse.submit(&started.job, statement, params);
        let outcome = outcome(&started, &answer, self.context.clock.now());
        tracing::info!(job = %started.job, affected = ?outcome.affected, "{title}: {}", outcome.state);
        self.context.ledger.append(&outcome).map_err(|error| {
            let done = if answer.is_ok() { "was done" } else { "failed" };
            error
                .during(format!("writing to the ledger; {title} {done}"))
                .help("the next run looks the statement up and completes the ledger")
        })?;
        Ok(answer.map_err(|error| error.during(title)))
    }

    /// Sends one statement, and once more with the earlier horizon when the streaming buffer
    /// refuses it. `None`: it was refused each time, and nothing was changed.
    pub fn send_around_buffer(
        &mut self,
        statement: &Checked,
        horizon: Horizon,
        earlier: Option<Horizon>,
    ) -> Result<Result<Option<Answer>>> {
        for horizon in [Some(horizon), earlier].into_iter().flatten() {
            match self.send(statement, &params(horizon, &self.run.clone()))? {
                Ok(answer) => return Ok(Ok(Some(answer))),
                Err(error) if error.kind() == Kind::StreamingBuffer => {}
                Err(error) => return Ok(Err(error)),
            }
        }
        Ok(Ok(None))
    }

    /// Completes the entries of runs that died, by looking up what became of their statements.
    /// Returns a sentence for each.
    pub fn recover(&self) -> Result<Vec<String>> {
        let mut notes = Vec::new();
        for entry in self.context.ledger.in_doubt(self.context.renderer.rule().name.as_str())? {
            let answer = self.context.warehouse.look_up(&entry.job)?;
            let outcome = self.recovered(&entry, answer);
            notes.push(format!(
                "run {} died during {} of {}: {}",
                entry.run,
                entry.step,
                entry.dates,
                match outcome.affected {
                    Some(rows) => format!("the statement was executed, {rows} rows"),
                    None => "the statement changed nothing".to_owned(),
                }
            ));
            self.context.ledger.append(&outcome)?;
        }
        Ok(notes)
    }

    fn recovered(&self, entry: &Entry, answer: Option<Answer>) -> Entry {
        let affected = answer.as_ref().map(size);
        let (state, what) = match affected {
            Some(_) => (State::Done, "after the statement was executed"),
            None => (State::Failed, "before the statement changed anything"),
        };
        Entry {
            state,
            affected,
            at: self.context.clock.now(),
            error: Some(format!("the process died {what}; found out by run {}", self.run)),
            version: VERSION.to_owned(),
            who: self.context.who.to_owned(),
            ..entry.clone()
        }
    }

    fn entry(&self, checked: &Checked, params: &Params) -> Entry {
        let statement = checked.statement();
        Entry {
            run: self.run.clone(),
            sequence: self.sequence,
            rule: self.context.renderer.rule().name.to_string(),
            dates: statement.window.to_string(),
            step: statement.step.clone(),
            job: JobId::derive(&self.run, self.sequence, &statement.step, statement.window.first()),
            fingerprint: statement.fingerprint.clone(),
            sql: statement.sql.clone(),
            parameters: self.parameters(params),
            state: State::Started,
            affected: None,
            at: self.context.clock.now(),
            error: None,
            version: VERSION.to_owned(),
            who: self.context.who.to_owned(),
        }
    }

    fn parameters(&self, params: &Params) -> Json {
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
        if let crate::clock::Clock::Fixed(now) = self.context.clock {
            parameters["rehearsed_at"] = json!(now.to_string());
        }
        parameters
    }
}

const VERSION: &str = env!("CARGO_PKG_VERSION");

fn outcome(started: &Entry, answer: &Result<Answer, Error>, at: Timestamp) -> Entry {
    Entry {
        state: if answer.is_ok() { State::Done } else { State::Failed },
        affected: answer.as_ref().ok().map(size),
        at,
        error: answer.as_ref().err().map(Error::headline),
        ..started.clone()
    }
}

fn size(answer: &Answer) -> u64 {
    match answer {
        Answer::Rows(rows) => rows.rows.len() as u64,
        Answer::Affected(count) => *count,
    }
}
