//! The forecast of runs over a window.

use bytesize::ByteSize;
use serde_json::{Value as Json, json};

use super::Style;
use super::grid::{Entry, count, grid};
use crate::engine::{Outlook, SLOT_DAYS};
use crate::rule::Rule;
use crate::run::{Forecast, SECONDS};
use crate::window::Window;

/// The percentages of dates assumed to have duplicates.
const SHARES: [usize; 4] = [0, 1, 10, 100];

/// The numbers of dates per statement to show, besides the rule's own.
const PER_STATEMENT: [usize; 3] = [1, 30, 100];

/// The forecasts of a rule for these dates.
fn forecasts(rule: &Rule, outlook: &Outlook) -> Vec<Forecast> {
    let dates = outlook.basis.dates;
    let mut dirty: Vec<usize> = SHARES.iter().map(|share| (dates * share).div_ceil(100)).collect();
    dirty.dedup();
    let mut numbers = vec![rule.dates_per_statement.get()];
    if !rule.partition.is_whole() {
        numbers.extend(PER_STATEMENT);
    }
    numbers.sort_unstable();
    numbers.dedup();
    let each = |dirty: usize| {
        let of = |number: &usize| outlook.basis.forecast(dirty, *number);
        let mut found: Vec<Forecast> = numbers.iter().map(of).collect();
        // If fewer dates are dirty than fit into a statement, larger limits make no difference.
        found.dedup_by_key(|forecast| forecast.jobs);
        found
    };
    dirty.into_iter().flat_map(each).collect()
}

/// The forecast as a table, with its assumptions.
pub fn forecast(style: Style, rule: &Rule, window: &Window, outlook: &Outlook) -> String {
    let header = ["dirty dates", "dates per statement", "jobs", "billed at most", "cost", "time"];
    let bytes = |bytes: Option<u64>| bytes.map_or(Entry::Blank, |b| ByteSize(b).to_string().into());
    let cost = |billed: Option<u64>| {
        let dollars = billed.zip(outlook.tariff).and_then(|(billed, tariff)| tariff.price(billed));
        dollars.map_or(Entry::Blank, |dollars| format!("${dollars:.2}").into())
    };
    let rows = forecasts(rule, outlook).into_iter().map(|found| {
        vec![
            Entry::Number(found.dirty as u64),
            Entry::Number(found.per_statement as u64),
            Entry::Number(found.jobs as u64),
            bytes(found.billed),
            cost(found.billed),
            time(found.seconds).into(),
        ]
    });
    let title =
        format!("rule {}, {}: {window}\n", rule.name, count(outlook.basis.dates as u64, "date"));
    let known = match outlook.remembered {
        0 => format!("each job is taken for {SECONDS} s, since the ledger knows of none"),
        jobs => format!(
            "a job takes what those of its step took, of {} in the ledger",
            count(jobs as u64, "job")
        ),
    };
    format!(
        "{title}{}Dates are taken to be alike in size. Of the last {SLOT_DAYS} days: {known}; {} of a table at a time.\n",
        grid(style, &header, rows.collect(), None),
        count(outlook.basis.concurrency as u64, "change"),
    )
}

/// The forecast as a JSON document.
pub fn forecast_json(rule: &Rule, window: &Window, outlook: &Outlook) -> Json {
    let usd = |billed: Option<u64>| {
        billed.zip(outlook.tariff).and_then(|(billed, tariff)| tariff.price(billed))
    };
    let forecasts = forecasts(rule, outlook).into_iter().map(|found| {
        json!({
            "dirty_dates": found.dirty,
            "dates_per_statement": found.per_statement,
            "jobs": found.jobs,
            "bytes": found.bytes,
            "billed_at_most": found.billed,
            "usd": usd(found.billed),
            "seconds": found.seconds,
        })
    });
    json!({
        "rule": rule.name.as_str(),
        "dates": window.to_string(),
        "number_of_dates": outlook.basis.dates,
        "jobs_remembered": outlook.remembered,
        "forecasts": forecasts.collect::<Vec<Json>>(),
    })
}

/// Seconds for people.
fn time(seconds: f64) -> String {
    let (minutes, hours) = (seconds / 60.0, seconds / 3600.0);
    match seconds {
        seconds if seconds < 120.0 => format!("{seconds:.0} s"),
        _ if minutes < 120.0 => format!("{minutes:.0} min"),
        _ => format!("{hours:.1} h"),
    }
}
