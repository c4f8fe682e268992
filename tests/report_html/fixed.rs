//! Fixed values to make pages of.

use jiff::Timestamp;
use onerow::error::Kind;
use onerow::googlesql::TableName;
use onerow::ledger::{Detail, Entry, Outcome};
use onerow::report::Tariff;
use onerow::report::html::Rows;
use onerow::report::html::{
    DateFacts, FilePage, RemovedBy, RuleOverview, RulePage, Rules, Viewer, file, last_removal,
    rule_page, telling_dates,
};
use onerow::rule::{OnKeyless, Rule, RuleName, Strategy};
use onerow::run::{Counts, DayReport, PastRun, Report, RunId, Undated, history};
use onerow::statement::{Fingerprint, StepName};
use onerow::warehouse::{JobId, Usage};
use onerow::window::{Day, Window};

use crate::common::{Project, RULE};

pub const TARIFF: Option<Tariff> = Some(Tariff { price_per_tib: 6.25, max_bytes: None });
const REFUSED: &str = "UPDATE or DELETE statement over table nba.predictions would affect rows in the streaming buffer, which is not supported";

pub fn rule() -> Rule {
    rule_of(RULE)
}

pub fn rule_of(file: &str) -> Rule {
    let project = Project::new(file);
    onerow::project::Project::open(&project.path("")).unwrap().file.rules.remove(0)
}

pub fn now() -> Timestamp {
    at("12:00:00")
}

/// A time on 2026-01-30.
pub fn at(time: &str) -> Timestamp {
    format!("2026-01-30T{time}Z").parse().unwrap()
}

pub fn day(text: &str) -> Day {
    Day::parse(text).unwrap()
}

pub fn window(from: &str, dates: usize) -> Window {
    let days = std::iter::successors(Some(day(from)), |day| day.next());
    Window::of_days(days.take(dates).collect()).unwrap()
}

/// A date with so many duplicates, so many of them buffered, and so many shared ids.
pub fn date(day: Day, duplicates: u64, buffered: u64, shared_ids: u64) -> DayReport {
    let active = 321 + duplicates;
    let settled = active - buffered;
    let counts = Counts {
        total: active,
        active,
        keys: 321,
        duplicates,
        buffered,
        shared_ids,
        settled,
        ..Counts::default()
    };
    DayReport { day, counts, deactivated: None, failed: false, on_keyless: OnKeyless::Warn }
}

pub fn report(rule: &Rule, days: Vec<DayReport>) -> Report {
    Report {
        rule: rule.name.clone(),
        run: None,
        days,
        undated: None,
        keyless_runs: Vec::new(),
        consolidated: None,
        steps: Vec::new(),
        buffered: Vec::new(),
        problems: Vec::new(),
    }
}

/// Every status that a date can have.
pub fn mixed(rule: &Rule) -> Report {
    let figures =
        [(0, 0, 0), (776, 0, 0), (40, 40, 0), (50, 20, 0), (0, 0, 0), (7, 0, 2), (0, 0, 4)];
    let window = window("2026-01-21", figures.len() + 2);
    let [empty, keyless, others @ ..] = window.days() else { panic!("the window is that long") };
    let mut days = vec![date(*empty, 0, 0, 0), date(*keyless, 0, 0, 0)];
    days[0].counts = Counts::default();
    days[1].counts.keyless = 12;
    days[1].counts.total += 20;
    let each = others.iter().zip(figures);
    days.extend(
        each.map(|(day, (all, buffered, shared_ids))| date(*day, all, buffered, shared_ids)),
    );
    let undated =
        Counts { total: 3, active: 3, keys: 2, duplicates: 1, settled: 3, ..Counts::default() };
    Report { undated: Some(Undated { counts: undated, awaits_date: false }), ..report(rule, days) }
}

pub fn caller(may_apply: bool) -> Viewer {
    Viewer::Caller {
        who: "key 1a2b3c4d".to_owned(),
        may_apply,
        csrf: "token-of-the-form".to_owned(),
        signed_in: true,
    }
}

pub fn rules<'a>(rules: Vec<RuleOverview<'a>>, window: &'a Window) -> Rules<'a> {
    Rules { rules, window, most_runs: 10, now: now(), tariff: TARIFF, viewer: caller(true) }
}

/// The page of the first of these rules.
pub fn page(rules: Rules<'_>) -> String {
    rule_page(&RulePage { rules, range: None, note: None, has_others: true }).unwrap()
}

/// The file of these rules, each with its dates, without their rows.
pub fn file_of(rules: Rules<'_>, entries: &[Entry]) -> String {
    let past = runs(entries);
    let of_rule = |of: &RuleOverview<'_>| match of.status {
        Ok(report) => telling_dates(report, &past, false),
        Err(_) => Vec::new(),
    };
    let days: Vec<Vec<Day>> = rules.rules.iter().map(of_rule).collect();
    let dates = rules.rules.iter().zip(&days).flat_map(|(of, days)| {
        let past = &past;
        days.iter().map(move |day| {
            let runs: Vec<&PastRun> = past.iter().filter(|run| run.window.contains(*day)).collect();
            let removed = last_removal(&runs, *day);
            DateFacts {
                rule: of.rule,
                day: *day,
                status: of.status.clone(),
                superseded: Rows::NotRead,
                removed: removed.map(|run| RemovedBy { run, rows: Rows::NotRead }),
                runs,
            }
        })
    });
    let dates = dates.collect();
    file(&FilePage { rules, dates, entries, days: 30 }).unwrap()
}

/// A statement of a run: its step, its outcome, and what the ledger says of it beyond that.
pub struct Sent(pub &'static str, pub Outcome, pub Option<Detail>);

pub fn done(rows: u64) -> Outcome {
    Outcome::Done { affected: Some(rows) }
}

pub fn failed(message: &str) -> Outcome {
    Outcome::Failed { kind: Kind::StreamingBuffer, message: message.to_owned() }
}

/// The counts of 2026-01-28, as a ledger has them.
pub fn counted(duplicates: u64, buffered: u64) -> Option<Detail> {
    let (active, keys) = (321 + duplicates, 321);
    let settled = active - buffered;
    let counts =
        Counts { total: active, active, keys, duplicates, buffered, settled, ..Counts::default() };
    Some(Detail::counts(&[(day("2026-01-28"), counts)].into()))
}

/// The entries of a run, each statement two seconds after the one before.
pub fn entries(run: &str, began: Timestamp, who: &str, sent: &[Sent]) -> Vec<Entry> {
    let mut entries = Vec::new();
    for (i, Sent(step, outcome, detail)) in sent.iter().enumerate() {
        let sql = format!(
            "-- {step}\nSELECT '2026-01-28' AS d, 1 < 2 FROM `nba.predictions` WHERE t < @cutoff\n"
        );
        let started = Entry {
            run: RunId::parse(run).unwrap(),
            sequence: i as u32 + 1,
            rule: RuleName::parse("predictions").unwrap(),
            table: TableName::parse("nba.predictions").unwrap(),
            window: Window::day(day("2026-01-28")),
            step: StepName::parse(step).unwrap(),
            job: JobId::from_ledger(format!("onerow_{run}_{}", i + 1)),
            fingerprint: Fingerprint::of(&sql),
            sql,
            cutoff: Some("2026-01-30T07:41:30Z".parse().unwrap()),
            parameters: [("cutoff", "2026-01-30 07:41:30+00"), ("run_id", run)]
                .map(|(name, value)| (name.to_owned(), value.into()))
                .into_iter()
                .collect(),
            vars: [].into(),
            outcome: Outcome::Started,
            detail: None,
            usage: Usage::default(),
            at: began + jiff::SignedDuration::from_secs(2 * i as i64),
            rehearsed_at: None,
            recovered_by: None,
            version: "0.1.0".to_owned(),
            who: who.to_owned(),
        };
        let done = outcome.is_done();
        entries.push(started.clone());
        if *outcome != Outcome::Started {
            entries.push(Entry {
                outcome: outcome.clone(),
                detail: detail.clone(),
                usage: Usage { bytes_billed: done.then_some(10 << 20), ..Usage::default() },
                at: started.at + jiff::SignedDuration::from_millis(1500),
                ..started
            });
        }
    }
    entries
}

/// Runs of each outcome, as one ledger: oldest first.
pub fn ledger() -> Vec<Entry> {
    let detect = |all, buffered| Sent("detect", done(1), counted(all, buffered));
    let cure = |outcome| Sent("deactivate", outcome, None);
    let verify = |all| Sent("verify", done(1), counted(all, 0));
    let undo = Detail::Undo {
        run: RunId::parse("r3-failed").unwrap(),
        record: "onerow_r3-failed_2".to_owned(),
        strategy: Strategy::Deactivate,
    };
    [
        entries(
            "r1-done",
            at("07:00:00"),
            "ana@host",
            &[detect(776, 0), cure(done(776)), verify(0)],
        ),
        entries(
            "r2-buffered",
            at("08:00:00"),
            "ana@host",
            &[detect(776, 0), cure(failed(REFUSED))],
        ),
        entries(
            "r3-failed",
            at("09:00:00"),
            "ana@host",
            &[detect(776, 0), cure(done(700)), verify(76)],
        ),
        entries(
            "r4-unfinished",
            at("10:00:00"),
            "ana@host",
            &[detect(776, 0), cure(Outcome::Started)],
        ),
        entries("r5-undo", at("11:00:00"), "ana@host", &[Sent("undo", done(700), Some(undo))]),
    ]
    .concat()
}

pub fn runs(entries: &[Entry]) -> Vec<PastRun> {
    history(entries)
}
