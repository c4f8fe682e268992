//! `time_zone_dates`: dates that are days of a time zone, over partitions that are days in UTC.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};

use crate::common::Project;
use crate::common::whole::{Transcript, whole, with_times};

const RULES: &str = r#"
[warehouse.local]
type = "sqlite"

[rule.calls]
table = "support.calls"
strategy = "delete"
partition = "at_"
partition_type = "TIMESTAMP"
time_zone_dates = "ZONE"
key = ["customer"]
keep = ["at_ DESC", "id"]
row_id = "id"

[rule.calls.columns]
id = "STRING"
customer = "INT64"
at_ = "TIMESTAMP"
"#;

/// Clocks that change at two, that skip midnight, that repeat it, that go back to the day before; no change.
const ZONES: [(&str, Date); 5] = [
    ("America/New_York", date(2026, 3, 8)),
    ("America/Sao_Paulo", date(2018, 11, 4)),
    ("America/Havana", date(2025, 11, 2)),
    ("America/St_Johns", date(2010, 11, 7)),
    ("Asia/Kathmandu", date(2026, 1, 28)),
];

#[test]
fn a_key_has_one_row_on_each_local_day_whatever_clocks_do() {
    for (name, around) in ZONES {
        let project = Project::new(&RULES.replace("ZONE", name));
        let zone = TimeZone::get(name).unwrap();
        let first = TimeZone::UTC.to_timestamp((around - 2.days()).at(0, 0, 0, 0)).unwrap();
        let (mut csv, mut last) = ("id,customer,at_\n".to_owned(), BTreeMap::new());
        for n in 0..(5 * 24 * 60 / 7) {
            let at = first + SignedDuration::from_mins(7 * n);
            writeln!(csv, "{n:04},{},{at}", n % 3).unwrap();
            last.insert((zone.to_datetime(at).date(), n % 3), format!("{n:04}"));
        }
        project.write("calls.csv", csv);
        project.onerow("load calls.csv").exits(0);
        project.onerow(&format!("check --date {around}")).exits(0);
        let (from, to) = (around - 1.day(), around + 1.day());
        let window = format!("--from {from} --to {to}");
        let applied =
            project.onerow(&format!("apply --yes {window} --format json")).exits(0).json();
        let dates = applied["dates"].as_array().unwrap().len();
        assert_eq!(dates, 3, "{name}");
        let database = project.database();
        let mut statement = database.prepare(r#"SELECT id, at_ FROM "support.calls""#).unwrap();
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        let rows: Vec<(String, i64)> = rows.map(Result::unwrap).collect();
        let is_cleaned = |day: &Date| (from..=to).contains(day);
        let local = |micros| zone.to_datetime(Timestamp::from_microsecond(micros).unwrap()).date();
        let left: BTreeSet<&String> =
            rows.iter().filter(|(_, at)| is_cleaned(&local(*at))).map(|(id, _)| id).collect();
        let expected: BTreeSet<&String> =
            last.iter().filter(|((day, _), _)| is_cleaned(day)).map(|(_, id)| id).collect();
        assert_eq!(left, expected, "{name}");
        let others = rows.iter().filter(|(_, at)| !is_cleaned(&local(*at))).count();
        assert!(others > 300, "{name}: rows of other days stay: {others}");
        let again = project.onerow(&format!("status {window} --format json")).exits(0).json();
        assert_eq!(again["totals"]["duplicates"], 0, "{name}");
    }
}

#[test]
fn the_dates_are_asked_for_by_instants_and_where_clocks_change_at_midnight_by_themselves_too() {
    let render = |zone: &str, day: &str| {
        let project = Project::new(&RULES.replace("ZONE", zone));
        project.onerow(&format!("render --date {day} --step delete")).exits(0).stdout
    };
    // An hour is missing from this day.
    with_times!(render("America/New_York", "2026-03-08"), @"
    -- onerow: rule calls, step delete, 2026-03-08
    DELETE FROM `support.calls`
    WHERE at_ >= TIMESTAMP '2026-03-08 05:00:00+00' AND at_ < TIMESTAMP '2026-03-09 04:00:00+00'
      AND id IN (
        SELECT row_id
        FROM (
          SELECT
            DATE(at_, 'America/New_York') AS date,
            id AS row_id,
            ROW_NUMBER() OVER (
              PARTITION BY DATE(at_, 'America/New_York'), customer
              ORDER BY at_ DESC, id
            ) AS rank,
            COUNT(*) OVER (PARTITION BY DATE(at_, 'America/New_York'), id) AS copies,
            TRUE AS settled
          FROM `support.calls`
          WHERE at_ >= TIMESTAMP '2026-03-08 05:00:00+00' AND at_ < TIMESTAMP '2026-03-09 04:00:00+00'
        )
        WHERE rank > 1
          AND copies = 1
      )
      AND TO_JSON_STRING(id) IN (
        SELECT row_id
        FROM `onerow.removals`
        WHERE run_id = @run_id
          AND run_started_at = @run_started_at
          AND rule = 'calls'
          AND date = DATE '2026-03-08'
      );
    ");
    // This day has midnight twice.
    with_times!(render("America/St_Johns", "2010-11-06"), @"
    -- onerow: rule calls, step delete, 2010-11-06
    DELETE FROM `support.calls`
    WHERE at_ >= TIMESTAMP '2010-11-06 02:30:00+00' AND at_ < TIMESTAMP '2010-11-07 03:30:00+00' AND DATE(at_, 'America/St_Johns') BETWEEN DATE '2010-11-06' AND DATE '2010-11-06'
      AND id IN (
        SELECT row_id
        FROM (
          SELECT
            DATE(at_, 'America/St_Johns') AS date,
            id AS row_id,
            ROW_NUMBER() OVER (
              PARTITION BY DATE(at_, 'America/St_Johns'), customer
              ORDER BY at_ DESC, id
            ) AS rank,
            COUNT(*) OVER (PARTITION BY DATE(at_, 'America/St_Johns'), id) AS copies,
            TRUE AS settled
          FROM `support.calls`
          WHERE at_ >= TIMESTAMP '2010-11-06 02:30:00+00' AND at_ < TIMESTAMP '2010-11-07 03:30:00+00' AND DATE(at_, 'America/St_Johns') BETWEEN DATE '2010-11-06' AND DATE '2010-11-06'
        )
        WHERE rank > 1
          AND copies = 1
      )
      AND TO_JSON_STRING(id) IN (
        SELECT row_id
        FROM `onerow.removals`
        WHERE run_id = @run_id
          AND run_started_at = @run_started_at
          AND rule = 'calls'
          AND date = DATE '2010-11-06'
      );
    ");
}

#[test]
fn a_template_of_the_projects_own_has_to_be_about_the_local_day() {
    let project = Project::new(&RULES.replace("ZONE", "America/New_York"));
    for (condition, is_of_the_day) in [
        ("{{ window.filter }}", true),
        (
            "at_ >= TIMESTAMP '2026-01-28 05:00:00+00' AND at_ < TIMESTAMP '2026-01-29 05:00:00+00'",
            true,
        ),
        ("DATE(at_, 'America/New_York') = DATE '2026-01-28'", true),
        ("DATE(at_, 'UTC') = DATE '2026-01-28'", false),
        ("DATE(at_) = DATE '2026-01-28'", false),
        ("at_ >= TIMESTAMP '2026-01-28' AND at_ < TIMESTAMP '2026-01-29'", false),
    ] {
        // The shipped statement, with this in place of the window's predicate.
        let rendered = project.onerow("render --date 2026-01-28 --step delete").exits(0).stdout;
        let plain = "at_ >= TIMESTAMP '2026-01-28 05:00:00+00' AND at_ < TIMESTAMP '2026-01-29 05:00:00+00'";
        assert!(rendered.contains(plain), "{rendered}");
        let condition = condition.replace("{{ window.filter }}", plain);
        let own =
            rendered.lines().filter(|line| !line.starts_with("--")).collect::<Vec<_>>().join("\n");
        project.write("sql/delete.sql", own.replace(plain, &condition));
        let checked = project.onerow("check --date 2026-01-28 --step delete").stdout;
        assert_eq!(!checked.contains("[no-partition]"), is_of_the_day, "{condition}: {checked}");
        std::fs::remove_file(project.path("sql/delete.sql")).unwrap();
    }
}

#[test]
fn a_zone_is_refused_where_it_means_nothing() {
    let mut said = Transcript::default();
    for (from, to) in [
        ("ZONE", "America/New_Yrok"),
        ("partition_type = \"TIMESTAMP\"\n", "partition_type = \"DATETIME\"\n"),
        ("partition = \"at_\"", "partition = \"_PARTITIONTIME\""),
        ("partition = \"at_\"\npartition_type = \"TIMESTAMP\"", "partition = \"none\""),
    ] {
        let rules = RULES.replacen(from, to, 1).replace("ZONE", "America/New_York");
        let kind = if to.contains("DATETIME") { "DATETIME" } else { "TIMESTAMP" };
        let columns = format!("at_ = \"{kind}\"\n_PARTITIONTIME = \"TIMESTAMP\"\n");
        let rules = rules.replace("at_ = \"TIMESTAMP\"\n", &columns);
        let project = Project::new(&rules);
        said.case(to, project.onerow("check --date 2026-01-28"));
    }
    whole!(said, @r#"
    # America/New_Yrok
    $ onerow check --date 2026-01-28
    exit code 2
    -- stderr
    error[rule-file]: there is no time zone `America/New_Yrok`
      --> ./onerow.toml:10:19
       |
    10 | time_zone_dates = "America/New_Yrok"
       |                   ^^^^^^^^^^^^^^^^^^
       |
       = help: did you mean `America/New_York`?

    # partition_type = "DATETIME"

    $ onerow check --date 2026-01-28
    exit code 2
    -- stderr
    error[rule-file]: `time_zone_dates` needs a partition by a TIMESTAMP column
      --> ./onerow.toml:10:19
       |
    10 | time_zone_dates = "America/New_York"
       |                   ^^^^^^^^^^^^^^^^^^
       |
       = help: remove it; for a column of instants write `partition_type = "TIMESTAMP"`

    # partition = "_PARTITIONTIME"
    $ onerow check --date 2026-01-28
    exit code 2
    -- stderr
    error[rule-file]: `time_zone_dates` needs a partition by a TIMESTAMP column
      --> ./onerow.toml:10:19
       |
    10 | time_zone_dates = "America/New_York"
       |                   ^^^^^^^^^^^^^^^^^^
       |
       = help: remove it: BigQuery keeps the time of arrival by the hour or the day, in UTC only

    # partition = "none"
    $ onerow check --date 2026-01-28
    exit code 2
    -- stderr
    error[rule-file]: `time_zone_dates` has no effect with partition = "none"
     --> ./onerow.toml:9:19
      |
    9 | time_zone_dates = "America/New_York"
      |                   ^^^^^^^^^^^^^^^^^^
      |
      = help: remove it; for a column that is called none write partition = "`none`"
    "#);
}
