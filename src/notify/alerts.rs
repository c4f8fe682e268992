//! Decides which alerts of a finished run to notify.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::rule::Webhook;
use crate::run::RunOutcome;
use crate::window::Day;

/// Alert for a webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Alert {
    /// The run failed.
    Failed,
    /// The run found more duplicates than the webhook's threshold.
    Duplicates {
        /// The number of duplicates.
        found: u64,
        /// The threshold.
        over: u64,
    },
    /// These dates have no rows: the loading of the table may have stopped.
    Empty(Vec<Day>),
    /// Rows of these dates are still buffered, with the time since when that is known.
    Buffered(BTreeMap<Day, Timestamp>),
}

/// The alerts for a webhook about the end of a run, as of `now`. `waiting` has the time since when rows of its
/// dates are known to be buffered.
pub fn alerts(
    webhook: &Webhook,
    ended: &RunOutcome,
    waiting: &BTreeMap<Day, Timestamp>,
    now: Timestamp,
) -> Vec<Alert> {
    let mut alerts = Vec::new();
    if !webhook.concerns(&ended.rule) {
        return alerts;
    }
    if webhook.failure && ended.has_failed() {
        alerts.push(Alert::Failed);
    }
    if let Some(longest) = webhook.buffered_for {
        let too_long = |(day, since): (&Day, &Timestamp)| {
            let waits = ended.buffered.contains(day) && now.duration_since(*since) >= longest;
            waits.then_some((*day, *since))
        };
        let days: BTreeMap<Day, Timestamp> = waiting.iter().filter_map(too_long).collect();
        if !days.is_empty() {
            alerts.push(Alert::Buffered(days));
        }
    }
    if webhook.empty && !ended.empty.is_empty() {
        alerts.push(Alert::Empty(ended.empty.clone()));
    }
    if let (Some(over), Some(figures)) = (webhook.duplicates_over, ended.figures)
        && figures.found > over
    {
        alerts.push(Alert::Duplicates { found: figures.found, over });
    }
    alerts
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::error::Kind;
    use crate::rule::{RuleName, WebhookName};
    use crate::run::{Ending, Figures, Problem};

    const NOW: &str = "2026-01-30T10:00:00Z";

    fn webhook() -> Webhook {
        Webhook {
            name: WebhookName::parse("ops").unwrap(),
            url_env: "OPS_URL".to_owned(),
            allow_local: false,
            failure: true,
            empty: false,
            duplicates_over: Some(5),
            buffered_for: Some(SignedDuration::from_hours(3)),
            rules: None,
        }
    }

    fn ended(ending: Ending, found: u64, buffered: &[&str]) -> RunOutcome {
        RunOutcome {
            command: "apply",
            rule: RuleName::parse("events").unwrap(),
            window: None,
            run: None,
            ending,
            figures: Some(Figures { found, deactivated: 0, buffered: 0 }),
            buffered: buffered.iter().map(|day| Day::parse(day).unwrap()).collect(),
            empty: Vec::new(),
            keyless: Vec::new(),
            problems: Vec::new(),
        }
    }

    fn told(webhook: &Webhook, ended: &RunOutcome, waiting: &[(&str, &str)]) -> Vec<Alert> {
        let waiting = waiting.iter().map(|(day, since)| since_of(day, since)).collect();
        alerts(webhook, ended, &waiting, NOW.parse().unwrap())
    }

    fn since_of(day: &str, since: &str) -> (Day, Timestamp) {
        (Day::parse(day).unwrap(), since.parse().unwrap())
    }

    #[test]
    fn a_failure_is_told_where_it_is_wanted() {
        assert_eq!(told(&webhook(), &ended(Ending::Failed, 0, &[]), &[]), [Alert::Failed]);
        assert_eq!(told(&webhook(), &ended(Ending::Clean, 0, &[]), &[]), []);
        assert_eq!(told(&webhook(), &ended(Ending::Buffered, 0, &[]), &[]), []);
        let unwanted = Webhook { failure: false, ..webhook() };
        assert_eq!(told(&unwanted, &ended(Ending::Failed, 0, &[]), &[]), []);
    }

    #[test]
    fn a_run_that_somebody_stopped_is_not_told_as_a_failure() {
        let headline = "interrupted".to_owned();
        let stopped = Problem { kind: Kind::Interrupted, headline, remedy: None };
        let stopped = RunOutcome { problems: vec![stopped], ..ended(Ending::Failed, 0, &[]) };
        assert_eq!(told(&webhook(), &stopped, &[]), []);
    }

    #[test]
    fn duplicates_are_told_above_the_threshold_and_not_at_it() {
        assert_eq!(told(&webhook(), &ended(Ending::Clean, 5, &[]), &[]), []);
        let found = Alert::Duplicates { found: 6, over: 5 };
        assert_eq!(told(&webhook(), &ended(Ending::Clean, 6, &[]), &[]), [found]);
        let without = Webhook { duplicates_over: None, ..webhook() };
        assert_eq!(told(&without, &ended(Ending::Clean, 6, &[]), &[]), []);
    }

    #[test]
    fn dates_without_rows_are_told_where_it_is_wanted() {
        let empty = vec![Day::parse("2026-01-28").unwrap()];
        let run = RunOutcome { empty: empty.clone(), ..ended(Ending::Clean, 0, &[]) };
        assert_eq!(told(&webhook(), &run, &[]), []);
        let wants = Webhook { empty: true, ..webhook() };
        assert_eq!(told(&wants, &run, &[]), [Alert::Empty(empty)]);
        assert_eq!(told(&wants, &ended(Ending::Clean, 0, &[]), &[]), []);
    }

    #[test]
    fn buffered_dates_are_told_from_the_threshold_on_each_by_itself() {
        let run = ended(Ending::Buffered, 1, &["2026-01-27", "2026-01-28"]);
        let (early, late) = ("2026-01-30T07:00:00Z", "2026-01-30T07:00:01Z");
        let one = Alert::Buffered([since_of("2026-01-27", early)].into());
        assert_eq!(told(&webhook(), &run, &[("2026-01-27", early), ("2026-01-28", late)]), [one]);
        assert_eq!(told(&webhook(), &run, &[("2026-01-27", late)]), []);
        // Dates that are no longer buffered are omitted, whatever the ledger has.
        assert_eq!(told(&webhook(), &run, &[("2026-01-29", early)]), []);
        let without = Webhook { buffered_for: None, ..webhook() };
        assert_eq!(told(&without, &run, &[("2026-01-27", early)]), []);
    }

    #[test]
    fn a_webhook_of_other_rules_is_told_nothing() {
        let other = Webhook { rules: Some(vec![RuleName::parse("x").unwrap()]), ..webhook() };
        assert_eq!(told(&other, &ended(Ending::Failed, 9, &[]), &[]), []);
        let named = Webhook { rules: Some(vec![RuleName::parse("events").unwrap()]), ..webhook() };
        assert_eq!(told(&named, &ended(Ending::Failed, 9, &[]), &[]).len(), 2);
    }
}
