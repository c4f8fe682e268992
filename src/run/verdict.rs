//! Decides whether a date's counts match what the run did. Pure.

use super::Counts;
use crate::error::{Error, Kind};
use crate::window::Day;

/// The result of verifying a date.
#[derive(Debug)]
pub(super) enum Verdict {
    /// The counts match.
    Holds,
    /// New rows arrived, and some of them supersede a survivor: clean the date again.
    Again,
    /// The counts do not match, and new rows do not explain it.
    Broken(Error),
}

/// Facts that apply to every date of a run.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Judged {
    /// Whether rows that arrived meanwhile are excluded from the settled ones.
    pub hides_arrivals: bool,
    /// Whether rows of other dates affect the ranking, so that a new survivor can supersede an earlier one.
    pub across: bool,
}

/// Compares the counts of a date before and after the run, both with the same cutoff. `keys` is the number of
/// keys that had an active row when the run began.
pub(super) fn verdict(
    day: Day,
    keys: u64,
    before: Counts,
    deactivated: u64,
    after: Counts,
    Judged { hides_arrivals, across }: Judged,
) -> Verdict {
    let fell = i128::from(before.settled) - i128::from(after.settled);
    let arrived = i128::from(after.active) + i128::from(deactivated) - i128::from(before.active);
    let removed = i128::from(deactivated);
    // A row's `written_at` can be earlier than its arrival.
    let explained = (removed - arrived.max(0)..=removed).contains(&fell);
    let adds_up = explained && (fell == removed || !hides_arrivals);
    // A survivor superseded by one of another date still exists, and is a duplicate now.
    let left = if across { after.keys + after.duplicates } else { after.keys };
    let problem = if left < keys {
        format!("{} of {keys} keys lost their last active row", keys - left)
    } else if (arrived > 0 || across) && explained && after.settled_duplicates() > 0 {
        return Verdict::Again;
    } else if !adds_up {
        format!(
            "removed {deactivated} rows, but the number of active settled rows dropped by {fell}"
        )
    } else if after.settled_duplicates() == 0 {
        return Verdict::Holds;
    } else {
        format!("settled duplicates that are still active: {}", after.settled_duplicates())
    };
    let error = Error::new(Kind::Verification, format!("verify of {day} failed: {problem}"));
    Verdict::Broken(error.help(
        "look at the statements with `onerow log --sql`; if another process writes to this date, run again when it is done",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(active: u64, keys: u64, buffered: u64) -> Counts {
        let duplicates = active - keys;
        let settled = active - buffered;
        Counts { total: active, active, keys, duplicates, buffered, settled, ..Counts::default() }
    }

    fn judge(before: Counts, deactivated: u64, after: Counts) -> String {
        judged(before, deactivated, after, true)
    }

    fn judged(before: Counts, deactivated: u64, after: Counts, hides_arrivals: bool) -> String {
        let day = Day::parse("2026-01-28").unwrap();
        let judged = Judged { hides_arrivals, across: false };
        match verdict(day, before.keys, before, deactivated, after, judged) {
            Verdict::Holds => "holds".to_owned(),
            Verdict::Again => "again".to_owned(),
            Verdict::Broken(error) => error.to_string(),
        }
    }

    #[test]
    fn detected_deactivated_and_the_fall_in_active_rows_are_one_number() {
        assert_eq!(judge(counts(10, 6, 0), 4, counts(6, 6, 0)), "holds");
        assert_eq!(judge(counts(10, 6, 1), 3, counts(7, 6, 1)), "holds");
    }

    #[test]
    fn a_lost_key_a_row_left_over_and_a_wrong_number_each_fail() {
        let error = judge(counts(10, 6, 0), 5, counts(5, 5, 0));
        assert!(error.contains("1 of 6 keys lost their last active row"), "{error}");
        let error = judge(counts(10, 6, 0), 3, counts(7, 6, 0));
        assert!(error.contains("settled duplicates that are still active: 1"), "{error}");
        let error = judge(counts(10, 6, 0), 4, counts(7, 7, 0));
        assert!(error.contains("dropped by 3"), "{error}");
    }

    #[test]
    fn rows_that_arrive_meanwhile_are_buffered_and_do_not_disturb() {
        let after = counts(8, 6, 2);
        assert_eq!(judge(counts(10, 6, 0), 4, after), "holds");
    }

    #[test]
    fn rows_that_arrive_and_supersede_a_survivor_make_the_date_be_cleaned_again() {
        let after = Counts { settled: 6, ..counts(7, 6, 0) };
        assert_eq!(judge(counts(10, 6, 0), 4, after), "again");
    }

    #[test]
    fn a_duplicate_that_looks_older_than_its_arrival_makes_the_date_be_cleaned_again() {
        assert_eq!(judge(counts(10, 6, 0), 4, counts(7, 6, 0)), "again");
    }

    #[test]
    fn a_survivor_that_another_dates_supersedes_now_is_no_lost_key() {
        let day = Day::parse("2026-01-28").unwrap();
        let (before, after) = (counts(3, 3, 0), counts(3, 2, 0));
        let across = Judged { hides_arrivals: true, across: true };
        assert!(matches!(verdict(day, 3, before, 0, after, across), Verdict::Again));
        let alone = Judged { across: false, ..across };
        assert!(matches!(verdict(day, 3, before, 0, after, alone), Verdict::Broken(_)));
        let lost = verdict(day, 3, before, 0, counts(2, 2, 0), across);
        assert!(matches!(lost, Verdict::Broken(_)));
    }

    #[test]
    fn where_arrivals_cannot_be_told_apart_they_are_allowed_for() {
        let after = counts(7, 7, 0);
        assert_eq!(judged(counts(10, 6, 0), 4, after, false), "holds");
        assert_ne!(judged(counts(10, 6, 0), 4, after, true), "holds");
    }
}
