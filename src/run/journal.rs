//! Sending a statement with a ledger entry before it and another after it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;

use super::cutoff::Cutoff;
use super::retry::Retry;
use super::{Context, Found, RunId, Staged, access, counts, params, rows, staged};
use crate::check::Checked;
use crate::clock::Clock;
use crate::error::{Error, Kind, Result};
use crate::googlesql::SqlValue;
use crate::ledger::{Detail, Entry, Outcome};
use crate::partitions::{Books, Stamps};
use crate::statement::{Params, StepName};
use crate::warehouse::{Answer, Job, JobId, Usage};
use crate::window::{Day, Window};

/// The ledger details of a statement: before the response, and with it.
type DetailOf<'a> = dyn Fn(Option<&Answer>) -> Option<Detail> + 'a;

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The statements of one run, numbered as they are sent.
pub(super) struct Journal<'a> {
    pub context: &'a Context<'a>,
    /// The run's id.
    pub run: RunId,
    /// The start of the run.
    pub now: Timestamp,
    sequence: AtomicU32,
    /// The error that prevented writing the ledger: nothing more is sent.
    broken: Mutex<Option<Error>>,
}

impl<'a> Journal<'a> {
    pub fn open(context: &'a Context<'a>, now: Timestamp) -> Self {
        let run = context.run.clone().unwrap_or_else(|| RunId::new(now));
        Self { context, run, now, sequence: AtomicU32::new(0), broken: Mutex::new(None) }
    }

    /// Sends one statement, and retries it as a new attempt after a transient error.
    ///
    /// # Errors
    /// The statement's error; or the ledger's, after which nothing more is sent (see [`Journal::finish`]).
    pub fn send(&self, statement: &Checked, params: &Params) -> Result<Answer> {
        self.send_as(statement, params, None)
    }

    /// Like [`Journal::send`], with these ledger details.
    pub fn send_as(
        &self,
        statement: &Checked,
        params: &Params,
        detail: Option<Detail>,
    ) -> Result<Answer> {
        self.send_and_note(statement, params, &|_| detail.clone()).map(|(_, answer)| answer)
    }

    /// Like [`Journal::send`], and returns the job's id.
    pub fn send_job(&self, statement: &Checked, params: &Params) -> Result<(JobId, Answer)> {
        self.send_and_note(statement, params, &|_| None)
    }

    /// Like [`Journal::send_job`]; `detail` makes the ledger details from the response.
    pub fn send_and_note(
        &self,
        statement: &Checked,
        params: &Params,
        detail: &DetailOf<'_>,
    ) -> Result<(JobId, Answer)> {
        let title = statement.statement().title();
        let running = |error: Error| error.while_doing(statement.statement().running());
        let mut retry = Retry::new(self.context);
        loop {
            if self.context.interrupt.requested() {
                let message = format!("interrupted: {title} was not sent");
                return Err(Error::new(Kind::Interrupted, message));
            }
            match self.attempt(statement, params, detail) {
                Err(error) if error.kind() == Kind::Transient => {
                    retry.wait(&title, error).map_err(running)?;
                }
                answer => return answer.map_err(running),
            }
        }
    }

    fn attempt(
        &self,
        statement: &Checked,
        params: &Params,
        detail: &DetailOf<'_>,
    ) -> Result<(JobId, Answer)> {
        let title = statement.statement().title();
        if self.is_broken() {
            return Err(unwritten(&title));
        }
        let mut started = Entry { detail: detail(None), ..self.entry(statement, params) };
        let params = match statement.takes("record_id") {
            true => &params.clone().with("record_id", SqlValue::String(started.job.to_string())),
            false => params,
        };
        started.parameters = json_of(&statement.typed(params));
        self.append(&started, &title, "was not sent")?;
        tracing::info!(job = %started.job, "{title}: sent");
        let rule = &self.context.renderer.rule().name;
        let job = Job { id: &started.job, run: self.run.as_str(), rule };
        let tell = |sentence: &str| self.context.progress.note(&format!("{title}: {sentence}"));
        let answer = self.context.warehouse.submit_telling(&job, statement, params, &tell);
        let answer = answer.and_then(|answer| {
            access::rows(self.context.renderer.rule(), &answer)?;
            Ok(answer)
        });
        let ended = self.ended(&started, &answer, detail);
        tracing::info!(
            job = %started.job, affected = ?ended.outcome.affected(), "{title}: {}", ended.outcome.as_str()
        );
        let done = if answer.is_ok() { "was done" } else { "failed" };
        self.append(&ended, &title, done)?;
        answer.map(|answer| (started.job, answer))
    }

    /// Writes an entry. The first error is kept, and nothing more is sent after it.
    fn append(&self, entry: &Entry, title: &str, done: &str) -> Result<()> {
        let Err(error) = self.context.ledger.append(entry) else { return Ok(()) };
        let error = error.note(format!("{title} {done}")).while_doing("writing to the ledger");
        let error = match entry.outcome {
            Outcome::Started => error,
            _ => error.help("the next run looks the statement up and completes the ledger"),
        };
        self.broken.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
        Err(unwritten(title))
    }

    /// Whether the ledger could not be written, so that nothing more is sent.
    pub fn is_broken(&self) -> bool {
        self.broken.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// Whether nothing was sent, so that the ledger does not have the run.
    pub fn is_empty(&self) -> bool {
        self.sequence.load(Ordering::SeqCst) == 0
    }

    /// Reports the end of the run.
    ///
    /// # Errors
    /// The error that prevented writing the ledger.
    pub fn finish(&self) -> Result<()> {
        let broken = self.broken.lock().unwrap_or_else(PoisonError::into_inner).take();
        broken.map_or(Ok(()), Err)
    }

    /// Counts the dates of a statement that returns counts.
    pub fn count(&self, statement: &Checked, cutoff: Cutoff) -> Result<Found> {
        self.count_after(statement, cutoff, &Stamps::new())
    }

    /// Like [`Journal::count`], with the earlier state of the dates' partitions.
    pub fn count_after(
        &self,
        statement: &Checked,
        cutoff: Cutoff,
        stamps: &Stamps,
    ) -> Result<Found> {
        // Without the state, a later run cannot use the counts as evidence.
        let definition = self.context.renderer.definition(StepName::DETECT).ok();
        let stamps = of_window(stamps, &statement.statement().window);
        let rule = self.context.renderer.rule();
        let read = |answer: &Answer| -> Result<Found> {
            let found = counts::read(rows(answer)?, rule, &statement.statement().window)?;
            Ok(found)
        };
        let detail = |answer: Option<&Answer>| match Detail::counts(&read(answer?).ok()?.days) {
            Detail::Counts { days, .. } => Some(Detail::Counts {
                days,
                definition: definition.clone(),
                stamps: stamps.clone(),
            }),
            other => Some(other),
        };
        let (_, answer) = self.send_and_note(statement, &params(cutoff, &self.run), &detail)?;
        read(&answer).map_err(|error| error.while_doing(statement.statement().running()))
    }

    /// Counts the staged rows for the dates of a statement, with the earlier state of the partitions.
    pub fn count_staged(
        &self,
        statement: &Checked,
        cutoff: Cutoff,
        books: &Books,
    ) -> Result<BTreeMap<Day, Staged>> {
        let window = &statement.statement().window;
        let definition = self.context.renderer.definition(StepName::STAGED).ok();
        let stamps = of_window(&books.table, window);
        let staging = of_window(&books.staging, window);
        let partition = &self.context.renderer.rule().partition;
        let read = |answer: &Answer| staged::read(rows(answer)?, partition, window);
        let detail = |answer: Option<&Answer>| {
            let mut days = read(answer?).ok()?;
            days.retain(|_, found| *found != Staged::default());
            let (definition, stamps, staging) =
                (definition.clone(), stamps.clone(), staging.clone());
            Some(Detail::Staged { days, definition, stamps, staging })
        };
        let (_, answer) = self.send_and_note(statement, &params(cutoff, &self.run), &detail)?;
        read(&answer).map_err(|error| error.while_doing(statement.statement().running()))
    }

    /// Completes the entries of earlier runs that have no outcome, by looking up their statements. Returns a
    /// sentence for each.
    pub fn recover(&self) -> Result<Vec<String>> {
        let mut notes = Vec::new();
        for entry in self.context.ledger.in_doubt(self.context.renderer.rule().name.as_str())? {
            let answer = self.context.warehouse.look_up(&entry.job)?;
            let outcome = self.recovered(&entry, answer);
            let became = match outcome.outcome {
                Outcome::Done { affected: Some(rows) } => {
                    format!("the statement had completed, {rows} rows")
                }
                Outcome::Done { affected: None } => "the statement had completed".to_owned(),
                _ => "the statement had changed nothing".to_owned(),
            };
            notes.push(format!(
                "{}: run {} exited before the response arrived; {became}",
                entry.title(),
                entry.run,
            ));
            self.context.ledger.append(&outcome)?;
        }
        Ok(notes)
    }

    fn recovered(&self, entry: &Entry, answer: Option<Answer>) -> Entry {
        Entry {
            outcome: match &answer {
                Some(answer) => Outcome::Done { affected: answer.size() },
                None => Outcome::Failed {
                    kind: Kind::NoAnswer,
                    message: "the process exited before the response arrived".to_owned(),
                },
            },
            usage: answer.map(|answer| answer.usage).unwrap_or_default(),
            // A run is searched from its start, and `--now` may be any time.
            at: self.context.clock.now().max(entry.at),
            recovered_by: Some(self.run.clone()),
            version: VERSION.to_owned(),
            who: self.context.who.to_owned(),
            ..entry.clone()
        }
    }

    fn entry(&self, checked: &Checked, params: &Params) -> Entry {
        let statement = checked.statement();
        let sequence = self.sequence.fetch_add(1, Ordering::SeqCst) + 1;
        let (rule, step) = (self.context.renderer.rule(), &statement.step);
        let vars = self.context.renderer.vars().iter();
        Entry {
            run: self.run.clone(),
            sequence,
            rule: rule.name.clone(),
            table: rule.table_of(&statement.window),
            window: statement.window.clone(),
            step: step.clone(),
            job: JobId::derive(self.run.as_str(), sequence, step, statement.window.first()),
            fingerprint: statement.fingerprint.clone(),
            sql: statement.sql.clone(),
            cutoff: match params.get("cutoff") {
                Some(SqlValue::Timestamp(cutoff)) => Some(*cutoff),
                _ => None,
            },
            parameters: json_of(params),
            vars: vars
                .map(|(name, value)| {
                    (name.as_str().to_owned(), value.literal().as_str().to_owned())
                })
                .collect(),
            outcome: Outcome::Started,
            detail: None,
            usage: Usage::default(),
            at: self.context.clock.now(),
            rehearsed_at: match self.context.clock {
                Clock::Fixed(now) => Some(now),
                Clock::System => None,
            },
            recovered_by: None,
            version: VERSION.to_owned(),
            who: self.context.who.to_owned(),
        }
    }

    fn ended(&self, started: &Entry, answer: &Result<Answer>, detail: &DetailOf<'_>) -> Entry {
        let known = answer.as_ref().ok();
        let detail = detail(known);
        let undone = match &detail {
            Some(Detail::Undo { run, .. }) => RunId::began(run.as_str()),
            _ => None,
        };
        Entry {
            outcome: match answer {
                Ok(answer) => Outcome::Done { affected: answer.size() },
                Err(error) if error.kind() == Kind::NoAnswer => {
                    Outcome::Unknown { message: error.headline() }
                }
                Err(error) => Outcome::Failed { kind: error.kind(), message: error.headline() },
            },
            detail,
            usage: known.map(|answer| answer.usage).unwrap_or_default(),
            // Not before the undone run, from whose start entries are searched.
            at: self.context.clock.now().max(undone.unwrap_or(Timestamp::MIN)),
            ..started.clone()
        }
    }
}

fn of_window(stamps: &Stamps, window: &Window) -> Stamps {
    let of_window = stamps.iter().filter(|(day, _)| window.contains(**day));
    of_window.map(|(day, stamp)| (*day, *stamp)).collect()
}

fn json_of(params: &Params) -> serde_json::Map<String, serde_json::Value> {
    params.iter().map(|(name, value)| (name.to_owned(), value.to_json())).collect()
}

/// The error of a statement after the ledger could not be written; the run ends with the cause.
fn unwritten(title: &str) -> Error {
    Error::new(Kind::File, format!("the ledger could not be written; {title} was not sent"))
}
