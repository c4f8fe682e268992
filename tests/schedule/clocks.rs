//! Schedulers without time zones of their own: whatever the clocks do, the pass starts once a day.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::standin::{Bin, ran};
use super::{cron_line, printed, yaml, zone};

/// Every quarter of an hour from one UTC date to another.
fn quarters(from: &str, to: &str, first: i64) -> impl Iterator<Item = Timestamp> {
    let at = |date: &str| format!("{date}T00:00:00Z").parse::<Timestamp>().unwrap().as_second();
    (at(from)..at(to))
        .step_by(15 * 60)
        .map(move |second| Timestamp::from_second(second + first * 60).unwrap())
}

#[test]
fn cron_starts_the_pass_once_on_every_local_day_whatever_the_clocks_do_and_is_quiet_otherwise() {
    for (name, at, from, to) in [
        // Clocks go forward on 8 March and back on 1 November.
        ("America/New_York", "10:30", "2026-03-07", "2026-03-10"),
        ("America/New_York", "10:30", "2026-10-31", "2026-11-03"),
        ("Asia/Kolkata", "10:30", "2026-03-07", "2026-03-09"),
        ("Asia/Kathmandu", "10:07", "2026-03-07", "2026-03-09"),
        // By half an hour, on 5 April and 4 October.
        ("Australia/Lord_Howe", "10:30", "2026-04-04", "2026-04-07"),
        ("Australia/Lord_Howe", "10:40", "2026-10-03", "2026-10-06"),
    ] {
        let project = zone(name);
        let text = printed(&project, &["cron", "predictions", "--at", at, "--folder", "/srv/p"]);
        let (minutes, command) = cron_line(&text);
        let there = TimeZone::get(name).unwrap();
        let bin = Bin::new();
        bin.add_clock();
        bin.add("onerow", "");
        let mut started: BTreeMap<Date, usize> = BTreeMap::new();
        let mut days: BTreeMap<Date, usize> = BTreeMap::new();
        for moment in quarters(from, to, i64::from(minutes[0])) {
            let minute = moment.to_zoned_datetime(TimeZone::UTC).minute();
            assert!(minutes.contains(&minute), "{minute}");
            let local = there.to_datetime(moment);
            *days.entry(local.date()).or_default() += 1;
            let (_, said) = ran(&mut bin.sh(&command, moment));
            assert_eq!(said, "", "cron would mail it");
            for words in bin.asked() {
                assert_eq!(local.time().strftime("%H:%M").to_string(), at, "{words:?} at {moment}");
                *started.entry(local.date()).or_default() += 1;
            }
            bin.forget();
        }
        // Days of which the period holds a part only say nothing.
        let whole: Vec<Date> =
            days.iter().filter(|(_, count)| **count >= 90).map(|(date, _)| *date).collect();
        assert!(!whole.is_empty());
        for date in whole {
            assert_eq!(started.get(&date), Some(&1), "{name} {date}");
        }
    }
}

#[test]
fn github_lets_through_the_one_line_that_is_right_on_the_day_even_when_it_starts_late() {
    for (name, at, from, to) in [
        ("America/New_York", "10:30", "2026-03-06", "2026-03-11"),
        ("America/New_York", "10:30", "2026-10-30", "2026-11-04"),
        ("Asia/Kathmandu", "10:30", "2026-03-06", "2026-03-08"),
        ("Australia/Lord_Howe", "10:30", "2026-04-03", "2026-04-08"),
        ("Pacific/Auckland", "06:15", "2026-04-03", "2026-04-08"),
    ] {
        let project = zone(name);
        let workflow = yaml(&printed(&project, &["github-actions", "predictions", "--at", at]));
        let there = TimeZone::get(name).unwrap();
        let bin = Bin::new();
        bin.add_clock();
        let script = workflow["jobs"]["apply"]["steps"][0]["run"].as_str().unwrap();
        let script = project.write("clock.sh", script);
        let mut started = BTreeMap::new();
        for line in workflow["on"]["schedule"].as_array().unwrap() {
            let cron = line["cron"].as_str().unwrap();
            for due in due(cron, from, to) {
                let late = due + jiff::SignedDuration::from_mins(50);
                let output = project.write("output", "");
                let mut step = bin.runner(&script);
                step.env("SCHEDULE", cron).env("ZONE", name).env("GITHUB_OUTPUT", &output);
                step.env("NOW", late.as_second().to_string());
                let (good, said) = ran(&mut step);
                assert!(good && !said.contains("::warning"), "{name} {cron}: {said}");
                if !std::fs::read_to_string(output).unwrap().is_empty() {
                    let local = there.to_datetime(due);
                    *started.entry(local.date()).or_insert(0) += 1;
                    let time = local.time().strftime("%H:%M").to_string();
                    assert_eq!(time, at, "{name} {cron} {due}");
                }
            }
        }
        let first: Date = from.parse().unwrap();
        let days = first.tomorrow().unwrap().series(jiff::Span::new().days(1));
        for date in days.take_while(|date| date.to_string().as_str() < to) {
            assert!(started.get(&date) == Some(&1) || date == first, "{name} {date} {started:?}");
        }
    }
}

/// When a cron line in UTC is due.
fn due(cron: &str, from: &str, to: &str) -> Vec<Timestamp> {
    let fields: Vec<&str> = cron.split(' ').collect();
    quarters(from, to, 0)
        .filter(|moment| {
            let utc = moment.to_zoned_datetime(TimeZone::UTC);
            assert_eq!(fields[2..], ["*", "*", "*"]);
            fields[0] == utc.minute().to_string() && fields[1] == utc.hour().to_string()
        })
        .collect()
}

#[test]
fn github_says_so_when_the_zone_changed_its_rules_and_runs_all_the_same() {
    let project = zone("America/New_York");
    let workflow = yaml(&printed(&project, &["github-actions", "predictions"]));
    let script = workflow["jobs"]["apply"]["steps"][0]["run"].as_str().unwrap();
    let script = project.write("clock.sh", script);
    let bin = Bin::new();
    bin.add("date", "echo -0330");
    let output = project.write("output", "");
    let mut step = bin.runner(&script);
    step.env("SCHEDULE", "30 14 * * *").env("ZONE", "America/New_York");
    let (good, said) = ran(step.env("GITHUB_OUTPUT", &output));
    assert!(good && said.contains("::warning::America/New_York is at -0330"), "{said}");
    assert_eq!(std::fs::read_to_string(output).unwrap(), "due=yes\n");
}
