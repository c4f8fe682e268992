//! The counts per date.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value as Json, json};

use super::failure::Failure;
use super::grid::{Entry, count, grid};
use super::{Format, Style};
use crate::run::{Counts, DayReport, Report, Status};
use crate::window::Day;

/// The counts per date as a grid, with the rule's name above and the totals below.
pub fn days(style: Style, report: &Report) -> String {
    let acted = report.days.iter().any(|day| day.deactivated.is_some());
    let keyless = report.days.iter().any(|day| day.status() == Status::Keyless);
    let mut header = vec!["date", "active", "keys", "duplicates", "buffered", "shared ids"];
    header.extend(keyless.then_some("keyless"));
    header.extend(acted.then_some("removed"));
    header.push("status");
    let row = |first: Entry, counts: Counts, deactivated: Option<u64>, last: Entry| {
        let mut row = vec![first, counts.active.into(), counts.keys.into()];
        row.extend([counts.duplicates, counts.buffered, counts.shared_ids].map(Entry::Number));
        row.extend(keyless.then_some(Entry::Number(counts.keyless)));
        row.extend(acted.then(|| Entry::from(deactivated)));
        row.push(last);
        row
    };
    let (shown, hidden) = shown(style, &report.days);
    let days = shown.into_iter().map(|day| {
        row(day.day.to_string().into(), day.counts, day.deactivated, Entry::Status(day.status()))
    });
    let undated = report.undated.map(|undated| {
        row(Day::UNDATED.to_string().into(), undated.counts, None, Entry::Status(undated.status()))
    });
    let total = row("total".into(), report.totals(), report.deactivated(), Entry::Blank);
    let title = match &report.run {
        Some(run) => format!("rule {}, run {run}", report.rule),
        None => format!("rule {}", report.rule),
    };
    let title = if style.format == Format::Markdown { format!("**{title}**\n") } else { title };
    if report.days.is_empty() && report.undated.is_none() {
        return format!("{title}\nno dates to check\n");
    }
    let grid = grid(style, &header, days.chain(undated).collect(), Some(total));
    match hidden {
        0 => format!("{title}\n{grid}"),
        _ => format!(
            "{title}\n{grid}{} not shown, since clean; --full shows them\n",
            count(hidden as u64, "date")
        ),
    }
}

/// The number of dates above which a table shows only those that need attention.
const MANY: usize = 62;

/// The dates to show, and the number left out.
fn shown(style: Style, days: &[DayReport]) -> (Vec<&DayReport>, usize) {
    let is_quiet = |day: &&DayReport| day.status() == Status::Clean;
    if style.full || style.format != Format::Table || style.width.is_none() || days.len() <= MANY {
        return (days.iter().collect(), 0);
    }
    let shown: Vec<&DayReport> = days.iter().filter(|day| !is_quiet(day)).collect();
    let hidden = days.len() - shown.len();
    (shown, hidden)
}

/// The counts per date as the JSON document of the design.
pub fn days_json(report: &Report) -> Json {
    json!(RuleFigures::of(report))
}

/// The figures of a rule: the JSON document that the design names.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct RuleFigures {
    rule: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    run_id: Option<String>,
    pub(crate) dates: Vec<DateFigures>,
    totals: Figures,
    /// Rows that stand on no date: their partition column is NULL. They are not in the totals.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) undated: Option<UndatedFigures>,
    /// The runs that removed rows of keys that have no active row now.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    keyless_runs: Vec<KeylessRun>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    problems: Vec<Failure>,
}

/// A run that removed rows of keys that have no active row now.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct KeylessRun {
    run_id: String,
    /// How many such keys.
    keys: u64,
}

/// The figures of the rows without a date.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct UndatedFigures {
    #[serde(flatten)]
    figures: Figures,
    /// `clean`, `dirty`, `shared_ids`, or `buffered`: they get a date when they leave the streaming buffer.
    status: &'static str,
}

impl RuleFigures {
    /// The outcome of a report.
    pub fn of(report: &Report) -> Self {
        let date = |day: &DayReport| DateFigures {
            date: day.day.to_string(),
            figures: Figures::of(day.counts, day.deactivated),
            status: day.status().as_str(),
        };
        Self {
            rule: report.rule.to_string(),
            run_id: report.run.clone(),
            dates: report.days.iter().map(date).collect(),
            totals: Figures::of(report.totals(), report.deactivated()),
            undated: report.undated.map(|undated| UndatedFigures {
                figures: Figures::of(undated.counts, None),
                status: undated.status().as_str(),
            }),
            keyless_runs: report
                .keyless_runs
                .iter()
                .map(|(run, keys)| KeylessRun { run_id: run.to_string(), keys: *keys })
                .collect(),
            problems: report.problems.iter().map(Failure::from).collect(),
        }
    }
}

/// The figures of a date.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct DateFigures {
    date: String,
    #[serde(flatten)]
    figures: Figures,
    /// `clean`, `empty`, `keyless`, `dirty`, `buffered`, `partial`, `cleaned` or `shared_ids`.
    status: &'static str,
}

/// Rows, as counted before anything was deactivated.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Figures {
    active: u64,
    keys: u64,
    /// Every duplicate.
    duplicates: u64,
    /// Those of them that cannot be touched yet.
    buffered: u64,
    /// Active rows whose row id is NULL or shared.
    shared_ids: u64,
    /// Keys that have rows and no active one.
    keyless: u64,
    /// Rows whose active flag is NULL.
    unflagged: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    deactivated: Option<u64>,
}

impl Figures {
    fn of(counts: Counts, deactivated: Option<u64>) -> Self {
        let Counts { active, keys, duplicates, buffered, shared_ids, keyless, unflagged, .. } =
            counts;
        Self { active, keys, duplicates, buffered, shared_ids, keyless, unflagged, deactivated }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::{OnKeyless, RuleName};

    /// A year of a rule: one date has duplicates, one has no rows.
    fn year() -> Report {
        let first = Day::parse("2026-01-01").unwrap();
        let days = std::iter::successors(Some(first), |day| day.next()).take(365);
        let days = days.enumerate().map(|(i, day)| {
            let rows = if i == 30 { 0 } else { 10 };
            let duplicates = if i == 40 { 3 } else { 0 };
            let counts = Counts {
                active: rows,
                keys: rows - duplicates,
                duplicates,
                settled: rows,
                total: rows,
                ..Counts::default()
            };
            DayReport { day, counts, deactivated: None, failed: false, on_keyless: OnKeyless::Warn }
        });
        Report {
            rule: RuleName::parse("events").unwrap(),
            run: None,
            days: days.collect(),
            undated: None,
            keyless_runs: Vec::new(),
            consolidated: None,
            steps: Vec::new(),
            buffered: Vec::new(),
            problems: Vec::new(),
        }
    }

    #[test]
    fn in_a_terminal_a_long_table_shows_what_needs_attention_and_all_of_it_on_request() {
        let report = year();
        let narrow = Style { width: Some(120), ..Style::plain(Format::Table) };
        let shown = days(narrow, &report);
        assert!(shown.contains("2026-01-31") && shown.contains("2026-02-10"), "{shown}");
        assert!(shown.contains("363 dates not shown, since clean; --full shows them"), "{shown}");
        for style in [Style { full: true, ..narrow }, Style::plain(Format::Table)] {
            assert!(days(style, &report).lines().count() > 365, "every date is a line");
        }
    }
}
