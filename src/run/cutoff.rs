//! The cutoff: the instant before which a row counts as settled.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::Counts;

use crate::rule::Rule;
use crate::warehouse::Buffer;
use crate::window::{Day, Window};

/// The rows that DML may touch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cutoff {
    /// Rows written before this instant.
    At(Timestamp),
    /// The table has a streaming buffer, and the rule has no `written_at`: every statement is tried, since
    /// BigQuery refuses exactly those that would touch buffered rows.
    /// Source: <https://cloud.google.com/bigquery/docs/data-manipulation-language#limitations>
    Untold {
        /// The start of the run: the value of `@cutoff`.
        now: Timestamp,
        /// Rows that had arrived by then have left the buffer.
        drained: Timestamp,
    },
}

impl Cutoff {
    /// Without a buffer, now. With one, the earlier of its oldest entry and now − `settle`.
    pub fn new(rule: &Rule, now: Timestamp, buffer: Buffer) -> Self {
        let settled = before(now, rule.settle);
        match (buffer, &rule.written_at) {
            (Buffer::Empty, _) => Self::At(now),
            (Buffer::Since(oldest), None) => {
                Self::Untold { now, drained: oldest.map_or(settled, |oldest| oldest.max(settled)) }
            }
            (Buffer::Since(oldest), Some(_)) => {
                Self::At(oldest.map_or(settled, |oldest| oldest.min(settled)))
            }
        }
    }

    /// The cutoff for a second attempt, if the warehouse refuses because of a buffer that its metadata did
    /// not report: now − `settle`. `None` if that would not exclude more rows.
    pub fn earlier(self, rule: &Rule, now: Timestamp) -> Option<Self> {
        let earlier = before(now, rule.settle);
        match self {
            Self::At(instant) if rule.written_at.is_some() && earlier < instant => {
                Some(Self::At(earlier))
            }
            _ => None,
        }
    }

    /// The cutoff for a table without a streaming buffer that has rows with a `written_at` in the future.
    pub fn everything() -> Self {
        Self::At(
            Timestamp::from_microsecond(Timestamp::MAX.as_microsecond()).unwrap_or(Timestamp::MAX),
        )
    }

    /// Whether every row written by `seen` is settled.
    pub fn settles(self, seen: Timestamp) -> bool {
        match self {
            Self::At(instant) | Self::Untold { drained: instant, .. } => instant >= seen,
        }
    }

    /// Whether rows that arrive after the run began are at or after the cutoff.
    pub fn hides_arrivals(self) -> bool {
        self != Self::everything()
    }

    /// The value of `@cutoff`.
    pub fn instant(self) -> Timestamp {
        match self {
            Self::At(instant) | Self::Untold { now: instant, .. } => instant,
        }
    }
}

/// The dates with duplicates that are not settled although the table reports no streaming buffer: their
/// `written_at` is in the future. Without a buffer everything is settled.
pub(super) fn future_days(buffer: Buffer, found: &BTreeMap<Day, Counts>) -> Option<Window> {
    let unsettled = found.iter().filter(|(_, counts)| counts.buffered > 0);
    let days: Vec<Day> = unsettled.map(|(day, _)| *day).collect();
    match (buffer, days.is_empty()) {
        (Buffer::Empty, false) => Window::of_days(days).ok(),
        _ => None,
    }
}

fn before(now: Timestamp, settle: SignedDuration) -> Timestamp {
    now.checked_sub(settle).unwrap_or(Timestamp::MIN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::RuleFile;

    fn rule(written_at: &str) -> Rule {
        let text = format!(
            "[rule.p]\ntable = \"a.b\"\npartition = \"d\"\nkey = [\"k\"]\nkeep = [\"id\"]\n\
             row_id = \"id\"\nactive = \"a\"\n{written_at}"
        );
        RuleFile::parse("onerow.toml", &text).unwrap().rules[0].clone()
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn without_a_buffer_everything_is_settled() {
        let now = at("2026-01-30T10:00:00Z");
        assert_eq!(Cutoff::new(&rule(""), now, Buffer::Empty), Cutoff::At(now));
    }

    #[test]
    fn with_a_buffer_the_earlier_of_its_oldest_entry_and_settle_counts() {
        let rule = rule("written_at = \"w\"");
        let now = at("2026-01-30T10:00:00Z");
        let of = |oldest| Cutoff::new(&rule, now, Buffer::Since(Some(at(oldest))));
        assert_eq!(of("2026-01-30T09:59:00Z"), Cutoff::At(at("2026-01-30T08:30:00Z")));
        assert_eq!(of("2026-01-30T07:00:00Z"), Cutoff::At(at("2026-01-30T07:00:00Z")));
    }

    #[test]
    fn a_rule_that_cannot_tell_is_tried_and_waits_for_what_was_there_to_leave_the_buffer() {
        let (now, rule) = (at("2026-01-30T10:00:00Z"), rule(""));
        let with = |oldest: Option<&str>| Cutoff::new(&rule, now, Buffer::Since(oldest.map(at)));
        let cutoff = with(Some("2026-01-30T09:50:00Z"));
        assert_eq!(cutoff.instant(), now);
        assert_eq!(cutoff.earlier(&rule, now), None);
        assert!(cutoff.settles(at("2026-01-30T09:50:00Z")));
        assert!(!cutoff.settles(at("2026-01-30T09:50:01Z")));
        let unknown = with(None);
        assert!(unknown.settles(at("2026-01-30T08:30:00Z")), "as long ago as `settle`");
        assert!(!unknown.settles(at("2026-01-30T08:30:01Z")));
    }

    #[test]
    fn a_second_attempt_touches_fewer_rows_or_is_not_made() {
        let rule = rule("written_at = \"w\"");
        let now = at("2026-01-30T10:00:00Z");
        let earlier = Cutoff::At(at("2026-01-30T08:30:00Z"));
        assert_eq!(Cutoff::At(now).earlier(&rule, now), Some(earlier));
        assert_eq!(earlier.earlier(&rule, now), None);
    }
}
