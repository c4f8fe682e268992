//! Entries for tests.

use serde_json::json;

use super::{Counts, Detail, Entry, Outcome, RunId};
use crate::error::Kind;
use crate::googlesql::TableName;
use crate::rule::{RuleName, Strategy};
use crate::statement::{Fingerprint, StepName};
use crate::warehouse::{JobId, Usage};
use crate::window::{Day, Window};

/// The `started` entry of a deactivate.
pub(crate) fn started(run: &str, sequence: u32) -> Entry {
    Entry {
        run: RunId::parse(run).unwrap(),
        sequence,
        rule: RuleName::parse("predictions").unwrap(),
        table: TableName::parse("nba.predictions").unwrap(),
        window: Window::day(Day::parse("2026-01-28").unwrap()),
        step: StepName::parse("deactivate").unwrap(),
        job: JobId::from_ledger(format!("onerow_{run}_{sequence}")),
        fingerprint: Fingerprint::of("SELECT 1"),
        sql: "SELECT 1".to_owned(),
        cutoff: Some("2026-01-30T07:41:30.25Z".parse().unwrap()),
        parameters: json!({"cutoff": "2026-01-30 07:41:30.25+00"}).as_object().unwrap().clone(),
        vars: [("source".to_owned(), "'api'".to_owned())].into(),
        outcome: Outcome::Started,
        detail: None,
        usage: Usage::default(),
        at: "2026-01-30T21:04:05.123456Z".parse().unwrap(),
        rehearsed_at: None,
        recovered_by: None,
        version: "0.1.0".to_owned(),
        who: "ana@host".to_owned(),
    }
}

/// The entry of a deactivate that is done.
pub(crate) fn done(run: &str, sequence: u32) -> Entry {
    let counts = Counts { active: 321, keys: 321, settled: 321, ..Counts::default() };
    Entry {
        outcome: Outcome::Done { affected: Some(776) },
        usage: Usage {
            bytes_billed: Some(10 << 20),
            ended: Some("2026-01-30T21:04:05.123Z".parse().unwrap()),
            ..Usage::default()
        },
        detail: Some(Detail::counts(&[(Day::parse("2026-01-28").unwrap(), counts)].into())),
        ..started(run, sequence)
    }
}

/// The entry of a deactivate that was refused.
pub(crate) fn failed(run: &str, sequence: u32) -> Entry {
    let message = "it would affect rows in the streaming buffer".to_owned();
    Entry {
        outcome: Outcome::Failed { kind: Kind::StreamingBuffer, message },
        ..started(run, sequence)
    }
}

/// The entry of a deactivate without a response.
pub(crate) fn unknown(run: &str, sequence: u32) -> Entry {
    Entry {
        outcome: Outcome::Unknown { message: "connection closed".to_owned() },
        ..started(run, sequence)
    }
}

/// The entries of a run, each with its step, outcome and details.
pub(crate) fn statements(run: &str, statements: &[(&str, Outcome, Option<Detail>)]) -> Vec<Entry> {
    let at = |second: usize| format!("2026-01-30T07:41:{second:02}Z").parse().unwrap();
    let mut entries = Vec::new();
    for (i, (step, outcome, detail)) in statements.iter().enumerate() {
        let started = Entry {
            step: StepName::parse(step).unwrap(),
            at: at(10 + 2 * i),
            ..started(run, i as u32 + 1)
        };
        entries.push(started.clone());
        if *outcome != Outcome::Started {
            entries.push(Entry {
                outcome: outcome.clone(),
                detail: detail.clone(),
                usage: Usage { bytes_billed: outcome.is_done().then_some(10), ..Usage::default() },
                at: at(11 + 2 * i),
                ..started
            });
        }
    }
    entries
}

/// The details of a statement that removes the rows recorded by a statement of this run.
pub(crate) fn removing(run: &str, sequence: u32, strategy: Strategy) -> Option<Detail> {
    let record = format!("onerow_{run}_{sequence}");
    Some(Detail::Removal { record, strategy, puts_together: false })
}

/// The details of a statement that restores the rows recorded by a statement of this run.
pub(crate) fn undoing(run: &str, sequence: u32) -> Option<Detail> {
    Some(Detail::Undo {
        run: RunId::parse(run).unwrap(),
        record: format!("onerow_{run}_{sequence}"),
        strategy: Strategy::Deactivate,
    })
}
