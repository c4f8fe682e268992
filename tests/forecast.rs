//! `plan --forecast`, and the model that it goes by.

use onerow::run::{Basis, Forecast, StepCost};
use onerow::warehouse::Estimate;

use crate::common::whole::whole;
use crate::common::{Project, RULE, document};

/// A date of the table of the model: 548,000 rows of 500 bytes, of which the rule reads 110.
const ROW: [u64; 2] = [110, 500];
const ROWS: u64 = 548_000;

/// The model of a table of 1 TB with 3,650 dates, each job at 5 s.
pub fn basis(dates: usize) -> Basis {
    let all = |bytes: u64, tables| StepCost {
        estimate: Estimate::of(Some(bytes * ROWS * dates as u64), tables),
        seconds: 5.0,
    };
    let [rule, row] = ROW;
    Basis {
        dates,
        concurrency: 2,
        detect: all(rule, 1),
        record: all(rule, 2),
        recorded: all(0, 1),
        // What it reads, and all columns of the partitions that it changes.
        removal: all(rule + row, 2),
        verify: all(rule, 1),
    }
}

fn gigabytes(bytes: f64) -> String {
    match bytes / 1e9 {
        small if small < 10.0 => format!("{small:.2} GB"),
        large if large < 10_000.0 => format!("{large:.0} GB"),
        huge => format!("{:.1} TB", huge / 1000.0),
    }
}

fn time(seconds: f64) -> String {
    match seconds {
        seconds if seconds < 120.0 => format!("{seconds:.0} s"),
        seconds if seconds < 7200.0 => format!("{:.0} min", seconds / 60.0),
        seconds => format!("{:.1} h", seconds / 3600.0),
    }
}

/// The way of the script that onerow grew from: for each date a count, and an UPDATE where it found something, one
/// after another.
fn by_script(dates: usize, dirty: usize) -> String {
    let [rule, row] = ROW.map(|bytes| (bytes * ROWS) as f64);
    let bytes = dates as f64 * rule + dirty as f64 * (rule + row);
    let jobs = dates + dirty;
    format!("{jobs}, {}, {}", gigabytes(bytes), time(jobs as f64 * 5.0))
}

/// The way of dbt: one MERGE of the window, which reads and replaces all of it, whatever is dirty.
fn by_dbt(dates: usize) -> String {
    format!("1, {}", gigabytes(dates as f64 * (2 * ROW[1] * ROWS) as f64))
}

#[test]
fn the_document_has_what_the_model_says() {
    let mut rows = Vec::new();
    for dates in [1, 30, 365, 3650] {
        let mut known = Vec::new();
        for share in [0, 1, 10, 100] {
            let dirty = (dates * share as usize).div_ceil(100);
            if known.contains(&dirty) {
                continue;
            }
            known.push(dirty);
            let cell = |number| {
                let Forecast { jobs, seconds, .. } = basis(dates).forecast(dirty, number);
                format!("{jobs}, {}", time(seconds))
            };
            let bytes = basis(dates).forecast(dirty, 1).bytes.unwrap() as f64;
            rows.push(vec![
                dates.to_string(),
                dirty.to_string(),
                gigabytes(bytes),
                cell(1),
                cell(30),
                cell(100),
                by_script(dates, dirty),
                by_dbt(dates),
            ]);
        }
    }
    let header = [
        "dates",
        "dirty",
        "bytes",
        "1 a statement",
        "30",
        "100",
        "a script, date by date",
        "dbt's MERGE",
    ];
    document::section("speed.md", "forecast", &document::markdown(&header, &rows));
}

#[test]
fn a_forecast_counts_nothing_and_says_what_it_rests_on() {
    let project = Project::new(RULE);
    project.rows("a1,2026-01-28,g1,a,,true,2026-01-28T01:00:00Z");
    let year = "--from 2025-01-01 --to 2025-12-31 --forecast";
    whole!(project.onerow(&format!("plan {year}")), @"
    $ onerow plan --from 2025-01-01 --to 2025-12-31 --forecast
    -- stdout
    rule predictions, 365 dates: 2025-01-01 to 2025-12-31
     dirty dates   dates per statement   jobs   billed at most   cost   time
    ────────
               0                     1      1                           5 s
               4                     1     10                           50 s
               4                    30      5                           25 s
              37                     1     76                           6 min
              37                    30      8                           40 s
              37                   100      5                           25 s
             365                     1    732                           61 min
             365                    30     41                           3 min
             365                   100     14                           70 s
    Dates are taken to be alike in size. Of the last 31 days: each job is taken for 5 s, since the ledger knows of none; 1 change of a table at a time.
    ");
    let json = project.onerow(&format!("plan {year} --format json")).exits(0).json();
    let jobs = |dirty: u64, number: u64| {
        let of = |forecast: &&serde_json::Value| {
            forecast["dirty_dates"] == dirty && forecast["dates_per_statement"] == number
        };
        let forecast = json["forecasts"].as_array().unwrap().iter().find(of);
        forecast.unwrap_or_else(|| panic!("{dirty} {number}: {json}"))["jobs"].as_u64()
    };
    assert_eq!(jobs(0, 1), Some(1));
    assert_eq!(jobs(365, 1), Some(732));
    assert_eq!(jobs(365, 100), Some(14));
    project.onerow("plan --forecast --changed").exits(2);
    project.onerow("log --format json").exits(0);
}
