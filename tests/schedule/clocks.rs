//! Schedulers without time zones of their own: whatever the clocks do, a pass starts once a day.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::standin::{Bin, ran};
use super::{cron_lines, printed, yaml, zone};

/// Every quarter of an hour from one UTC date to another.
fn quarters(from: &str, to: &str, first: i64) -> impl Iterator<Item = Timestamp> {
    let at = |date: &str| format!("{date}T00:00:00Z").parse::<Timestamp>().unwrap().as_second();
    (at(from)..at(to))
        .step_by(15 * 60)
        .map(move |second| Timestamp::from_second(second + first * 60).unwrap())
}

#[test]
fn cron_starts_a_pass_once_on_every_local_day_whatever_the_clocks_do() {
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
        let lines = cron_lines(&text);
        assert_eq!(lines.len(), 2, "{text}");
        let there = TimeZone::get(name).unwrap();
        let bin = Bin::new();
        bin.add_clock();
        bin.add("onerow", "");
        let mut started: BTreeMap<Date, usize> = BTreeMap::new();
        let mut weekly_started = 0;
        let mut days: BTreeMap<Date, usize> = BTreeMap::new();
        for moment in quarters(from, to, i64::from(lines[0].0[0])) {
            let minute = moment.to_zoned_datetime(TimeZone::UTC).minute();
            assert!(lines.iter().all(|(minutes, _)| minutes.contains(&minute)), "{minute}");
            let local = there.to_datetime(moment);
            *days.entry(local.date()).or_default() += 1;
            for (_, command) in &lines {
                ran(&mut bin.sh(command, moment));
            }
            for words in bin.asked() {
                let words = words.join(" ");
                let weekly = words.contains("--last");
                let time = local.time().strftime("%H:%M").to_string();
                let due = if weekly { later(at) } else { at.to_owned() };
                assert_eq!(time, due, "{words} at {moment}");
                match weekly {
                    true => {
                        weekly_started += 1;
                        assert_eq!(local.date().strftime("%A").to_string(), "Sunday");
                    }
                    false => *started.entry(local.date()).or_default() += 1,
                }
            }
            bin.forget();
        }
        // Days of which the period holds a part only say nothing.
        let whole: Vec<Date> =
            days.iter().filter(|(_, count)| **count >= 90).map(|(date, _)| *date).collect();
        assert!(!whole.is_empty());
        assert_eq!(weekly_started, 1, "{name}: each of these periods has one Sunday");
        for date in whole {
            assert_eq!(started.get(&date), Some(&1), "{name} {date}");
        }
    }
}

fn later(at: &str) -> String {
    let time: jiff::civil::Time = at.parse().unwrap();
    (time + jiff::SignedDuration::from_hours(3)).strftime("%H:%M").to_string()
}

#[test]
fn the_weekly_cron_line_runs_on_its_day_and_the_guard_is_quiet_otherwise() {
    let project = zone("Asia/Kolkata");
    let options = ["cron", "predictions", "--weekly-on", "wednesday", "--weekly-at", "02:00"];
    let lines = cron_lines(&printed(&project, &options));
    let bin = Bin::new();
    bin.add_clock();
    bin.add("onerow", "");
    // Wednesday 2026-02-04, 02:00 in India, is Tuesday in UTC.
    ran(&mut bin.sh(&lines[1].1, "2026-02-03T20:30:00Z".parse().unwrap()));
    let asked = bin.asked();
    assert_eq!(asked.len(), 1);
    assert!(asked[0].join(" ").contains("--last 28 --wait 2h"), "{asked:?}");
    bin.forget();
    let (_, said) = ran(&mut bin.sh(&lines[1].1, "2026-02-04T20:30:00Z".parse().unwrap()));
    assert_eq!((bin.asked().len(), said.as_str()), (0, ""));
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
        let script = project.write("dates.sh", script);
        let (mut daily, mut weekly) = (BTreeMap::new(), BTreeMap::new());
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
                let dates = std::fs::read_to_string(output).unwrap();
                if !dates.is_empty() {
                    let local = there.to_datetime(due);
                    let passes = if dates.contains("YESTERDAY") { &mut daily } else { &mut weekly };
                    *passes.entry(local.date()).or_insert(0) += 1;
                    let time = local.time().strftime("%H:%M").to_string();
                    let wanted = if dates.contains("YESTERDAY") { at.into() } else { later(at) };
                    assert_eq!(time, wanted, "{name} {cron} {due}");
                }
            }
        }
        let first: Date = from.parse().unwrap();
        let days = first.tomorrow().unwrap().series(jiff::Span::new().days(1));
        for date in days.take_while(|date| date.to_string().as_str() < to) {
            assert!(daily.get(&date) == Some(&1) || date == first, "{name} {date} {daily:?}");
        }
        assert!(
            weekly.iter().all(|(date, count)| {
                *count == 1 && date.strftime("%A").to_string() == "Sunday"
            })
        );
    }
}

/// When a cron line in UTC is due.
fn due(cron: &str, from: &str, to: &str) -> Vec<Timestamp> {
    let fields: Vec<&str> = cron.split(' ').collect();
    quarters(from, to, 0)
        .filter(|moment| {
            let utc = moment.to_zoned_datetime(TimeZone::UTC);
            let day = utc.weekday().to_sunday_zero_offset().to_string();
            fields[0] == utc.minute().to_string()
                && fields[1] == utc.hour().to_string()
                && (fields[4] == "*" || fields[4] == day)
        })
        .collect()
}

#[test]
fn github_says_so_when_the_zone_changed_its_rules_and_runs_all_the_same() {
    let project = zone("America/New_York");
    let workflow = yaml(&printed(&project, &["github-actions", "predictions"]));
    let script = workflow["jobs"]["apply"]["steps"][0]["run"].as_str().unwrap();
    let script = project.write("dates.sh", script);
    let bin = Bin::new();
    bin.add("date", "echo -0330");
    let output = project.write("output", "");
    let mut step = bin.runner(&script);
    step.env("SCHEDULE", "30 14 * * *").env("ZONE", "America/New_York");
    let (good, said) = ran(step.env("GITHUB_OUTPUT", &output));
    assert!(good && said.contains("::warning::America/New_York is at -0330"), "{said}");
    assert_eq!(std::fs::read_to_string(output).unwrap(), "dates=--date YESTERDAY\n");
}

#[test]
fn in_utc_a_weekly_pass_may_be_on_another_day() {
    let of = |name: &str, at: &str| {
        let options = ["github-actions", "predictions", "--weekly-at", at];
        let workflow = yaml(&printed(&zone(name), &options));
        let lines = workflow["on"]["schedule"].as_array().unwrap();
        lines.last().unwrap()["cron"].as_str().unwrap().to_owned()
    };
    assert_eq!(of("Asia/Kolkata", "02:00"), "30 20 * * 6");
    assert_eq!(of("Pacific/Marquesas", "20:00"), "30 5 * * 1");
}
