//! Notifications as Slack messages. `text` has the same content, for other readers of Slack's JSON and for
//! screen readers.
//! Source: <https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks>

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};

use super::alerts::Alert;
use crate::run::{Figures, RunOutcome};
use crate::window::{Day, Window};

/// The most characters of a section.
/// Source: <https://docs.slack.dev/reference/block-kit/blocks/section-block>
const SECTION: usize = 3000;
/// The most characters of one line.
const LINE: usize = 500;
/// The most runs, failures and date ranges listed individually.
const RUNS: usize = 10;
const PROBLEMS: usize = 5;
const RANGES: usize = 5;

/// One message about the runs of a command, each with its alerts.
pub(super) fn message(told: &[(&RunOutcome, Vec<Alert>)], now: Timestamp) -> Json {
    let runs = told.iter().take(RUNS).map(|(ended, alerts)| section(ended, alerts, now));
    let mut sections: Vec<String> = runs.collect();
    if let more @ 1.. = told.len().saturating_sub(RUNS) {
        let rules = told.iter().skip(RUNS).map(|(ended, _)| ended.rule.as_str());
        let rules = rules.collect::<Vec<_>>().join(", ");
        sections.push(escaped(&format!("and {more} more: {rules}"), LINE));
    }
    let block = |text: &String| json!({"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": true}});
    let blocks: Vec<Json> = sections.iter().map(block).collect();
    json!({"text": sections.join("\n\n"), "blocks": blocks})
}

fn section(ended: &RunOutcome, alerts: &[Alert], now: Timestamp) -> String {
    let mut lines = vec![format!("*{}*", escaped(&headline(ended, alerts), LINE))];
    let dates = ended.window.as_ref().map(|window| format!(" of {}", short(window.days())));
    let run = ended.run.as_ref().map(|run| format!(", run `{run}`"));
    lines.push(format!(
        "{}{}{}",
        ended.command,
        dates.unwrap_or_default(),
        run.unwrap_or_default()
    ));
    if let Some(Figures { found, deactivated, buffered }) = ended.figures {
        lines
            .push(format!("duplicates: {found} found, {deactivated} removed, {buffered} buffered"));
    }
    for piece in alerts {
        let points = match piece {
            Alert::Failed => failed(ended),
            Alert::Duplicates { found, over } => {
                vec![format!("duplicates found: {found}, more than {over}")]
            }
            Alert::Buffered(days) => waiting(days, now),
            Alert::Empty(days) => vec![format!("{}: no rows at all", short(days))],
        };
        lines.extend(points.iter().map(|point| format!("• {}", escaped(point, LINE))));
    }
    let next = escaped(&next(ended, alerts), LINE);
    lines.push(format!("Next: {next}"));
    bounded(lines)
}

fn headline(ended: &RunOutcome, alerts: &[Alert]) -> String {
    let rule = &ended.rule;
    match alerts.first() {
        Some(Alert::Failed) | None => format!("{rule}: {} failed", ended.command),
        Some(Alert::Buffered(_)) => format!("{rule}: rows are still in the streaming buffer"),
        Some(Alert::Empty(_)) => format!("{rule}: dates without any row"),
        Some(Alert::Duplicates { over, .. }) => {
            format!("{rule}: more than {over} duplicates found")
        }
    }
}

fn failed(ended: &RunOutcome) -> Vec<String> {
    let shown = ended.problems.iter().take(PROBLEMS);
    let mut points: Vec<String> = shown.map(|problem| problem.headline.clone()).collect();
    if let more @ 1.. = ended.problems.len().saturating_sub(PROBLEMS) {
        points.push(format!("and {more} more"));
    }
    points
}

fn waiting(days: &BTreeMap<Day, Timestamp>, now: Timestamp) -> Vec<String> {
    let mut by_time: BTreeMap<Timestamp, Vec<Day>> = BTreeMap::new();
    for (day, since) in days {
        by_time.entry(*since).or_default().push(*day);
    }
    let all = by_time.len();
    let point = |(since, days): (Timestamp, Vec<Day>)| {
        let minutes = SignedDuration::from_mins(now.duration_since(since).as_mins());
        format!(
            "{}: buffered since at least {} UTC, for {minutes:#}",
            short(&days),
            since.strftime("%F %H:%M")
        )
    };
    let mut points: Vec<String> = by_time.into_iter().take(RANGES).map(point).collect();
    if let more @ 1.. = all.saturating_sub(RANGES) {
        points.push(format!("and {more} more, buffered since later"));
    }
    points
}

fn next(ended: &RunOutcome, alerts: &[Alert]) -> String {
    match alerts.first() {
        Some(Alert::Failed) | None => {
            let remedy = ended.problems.iter().find_map(|problem| problem.remedy.clone());
            remedy.unwrap_or_else(|| match &ended.run {
                Some(run) => format!("see what was sent with `onerow log {run} --sql`"),
                None => "run the command by hand and see what it says".to_owned(),
            })
        }
        Some(Alert::Buffered(_)) => {
            "the streaming buffer drains within 90 minutes, so something still writes to the table: \
             find it, then run the same command again"
                .to_owned()
        }
        Some(Alert::Empty(_)) => {
            "look at what loads the table: it may have stopped".to_owned()
        }
        Some(Alert::Duplicates { .. }) => {
            format!("look at what wrote them with `onerow log --rule {}` and in its own logs", ended.rule)
        }
    }
}

/// Dates for people; of many ranges, the first ones and the number of remaining dates.
fn short(days: &[Day]) -> String {
    let Ok(window) = Window::of_days(days.to_vec()) else { return "no dates".to_owned() };
    let Some((_, last)) = window.runs().get(RANGES - 1).copied() else {
        return window.to_string();
    };
    let (shown, more): (Vec<Day>, Vec<Day>) = window.days().iter().partition(|day| **day <= last);
    match (Window::of_days(shown), more.len()) {
        (Ok(shown), 0) => shown.to_string(),
        (Ok(shown), more) => format!("{shown} and {more} more"),
        (Err(_), _) => window.to_string(),
    }
}

/// Text on one line of limited length, escaped so that Slack reads no mention, link or entity in it.
/// Source: <https://docs.slack.dev/messaging/formatting-message-text#escaping>
fn escaped(text: &str, limit: usize) -> String {
    let (mut safe, mut length) = (String::new(), 0);
    for c in text.chars() {
        let piece = match c {
            '&' => "&amp;".to_owned(),
            '<' => "&lt;".to_owned(),
            '>' => "&gt;".to_owned(),
            c if c.is_control() => " ".to_owned(),
            c => c.to_string(),
        };
        length += piece.chars().count();
        if length >= limit {
            safe.push('…');
            break;
        }
        safe.push_str(&piece);
    }
    safe
}

/// The first of these lines that fit into a section, and the number of the others.
fn bounded(lines: Vec<String>) -> String {
    let (mut text, mut length, all) = (String::new(), 0, lines.len());
    for (i, line) in lines.into_iter().enumerate() {
        length += line.chars().count() + 1;
        if length > SECTION - 30 {
            text.push_str(&format!("… and {} more lines", all - i));
            break;
        }
        text.push_str(&line);
        text.push('\n');
    }
    text.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;
    use crate::rule::RuleName;
    use crate::run::{Ending, Problem};

    fn days(texts: &[&str]) -> Vec<Day> {
        texts.iter().map(|text| Day::parse(text).unwrap()).collect()
    }

    fn failed(problems: &[&str]) -> RunOutcome {
        let problem = |headline: &&str| Problem {
            kind: Kind::Refused,
            headline: (*headline).to_owned(),
            remedy: None,
        };
        RunOutcome {
            command: "apply",
            rule: RuleName::parse("events").unwrap(),
            window: Some(Window::of_days(days(&["2026-01-27", "2026-01-28"])).unwrap()),
            run: Some("r1".to_owned()),
            ending: Ending::Failed,
            figures: Some(Figures { found: 7, deactivated: 5, buffered: 2 }),
            buffered: Vec::new(),
            empty: days(&["2026-01-27"]),
            keyless: Vec::new(),
            problems: problems.iter().map(problem).collect(),
        }
    }

    fn text(ended: &RunOutcome, alerts: Vec<Alert>) -> String {
        let message = message(&[(ended, alerts)], "2026-01-30T10:00:00Z".parse().unwrap());
        let section = message["blocks"][0]["text"]["text"].as_str().unwrap().to_owned();
        assert_eq!(message["text"], section.as_str());
        section
    }

    #[test]
    fn a_message_says_what_happened_where_how_much_and_what_to_do() {
        assert_eq!(
            text(&failed(&["no such table"]), vec![Alert::Failed]),
            "*events: apply failed*\n\
             apply of 2026-01-27 to 2026-01-28, run `r1`\n\
             duplicates: 7 found, 5 removed, 2 buffered\n\
             • no such table\n\
             Next: see what was sent with `onerow log r1 --sql`"
        );
        let since = "2026-01-30T06:50:00Z".parse().unwrap();
        let buffered = days(&["2026-01-27"]).into_iter().map(|day| (day, since)).collect();
        let all = vec![Alert::Buffered(buffered), Alert::Duplicates { found: 7, over: 6 }];
        let text = text(&failed(&[]), all);
        assert!(text.starts_with("*events: rows are still in the streaming buffer*\n"), "{text}");
        let point = "• 2026-01-27: buffered since at least 2026-01-30 06:50 UTC, for 3h 10m\n";
        assert!(text.contains(point), "{text}");
        assert!(text.contains("• duplicates found: 7, more than 6\n"), "{text}");
        let ended = failed(&[]);
        let text = self::text(&ended, vec![Alert::Empty(ended.empty.clone())]);
        assert!(text.starts_with("*events: dates without any row*\n"), "{text}");
        assert!(text.contains("• 2026-01-27: no rows at all\nNext: look at what loads"), "{text}");
    }

    #[test]
    fn what_others_have_written_is_text_and_nothing_more() {
        let text = text(
            &failed(&["<!channel> & <https://evil.example|click>\n*x*\u{7}"]),
            vec![Alert::Failed],
        );
        let safe = "• &lt;!channel&gt; &amp; &lt;https://evil.example|click&gt; *x* \n";
        assert!(text.contains(safe), "{text}");
        assert!(!text.contains(['<', '>']), "{text}");
    }

    #[test]
    fn a_message_fits_into_a_section_and_cuts_no_entity() {
        let long = "é<&".repeat(4000);
        let text = text(&failed(&[long.as_str(); 40]), vec![Alert::Failed]);
        assert!(text.chars().count() <= SECTION, "{}", text.chars().count());
        assert!(text.contains("• and 35 more\n"), "{text}");
        for part in text.split('&').skip(1) {
            assert!(["lt;", "gt;", "amp;"].iter().any(|entity| part.starts_with(entity)), "{part}");
        }
        assert!(text.contains("Next: "), "{text}");
    }

    #[test]
    fn a_long_list_of_dates_says_how_many_more_there_are() {
        let every_other: Vec<Day> = (1..=28)
            .step_by(2)
            .map(|day| format!("2026-01-{day:02}"))
            .map(|text| Day::parse(&text).unwrap())
            .collect();
        assert_eq!(
            short(&every_other),
            "2026-01-01, 2026-01-03, 2026-01-05, 2026-01-07, 2026-01-09 and 9 more"
        );
        assert_eq!(short(&every_other[..5]).matches("2026").count(), 5);
        assert!(!short(&every_other[..5]).contains("more"));
        assert_eq!(short(&days(&["2026-01-01", "2026-01-02"])), "2026-01-01 to 2026-01-02");
    }

    #[test]
    fn many_runs_are_one_message_of_ten_and_the_names_of_the_others() {
        let ended = failed(&["no such table"]);
        let told: Vec<_> = (0..13).map(|_| (&ended, vec![Alert::Failed])).collect();
        let message = message(&told, "2026-01-30T10:00:00Z".parse().unwrap());
        assert_eq!(message["blocks"].as_array().unwrap().len(), 11);
        assert_eq!(message["blocks"][10]["text"]["text"], "and 3 more: events, events, events");
    }
}
