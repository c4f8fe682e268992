//! Whether a date is what the run promised. Values in, a decision out.

use super::Counts;
use crate::error::{Error, Kind};
use crate::window::Day;

/// Compares a date after the run with the same date before it, both counted with the same
/// horizon. `keys` is the number of keys that had an active row when the run began.
pub(super) fn verdict(
    day: Day,
    keys: u64,
    before: Counts,
    deactivated: u64,
    after: Counts,
) -> Result<(), Error> {
    let fell = i128::from(before.settled) - i128::from(after.settled);
    let problem = if after.keys < keys {
        format!("{} of {keys} keys lost their last active row", keys - after.keys)
    } else if after.settled_duplicates() > 0 {
        format!("{} settled superseded rows are still active", after.settled_duplicates())
    } else if fell != i128::from(deactivated) {
        format!("{deactivated} rows were deactivated, but the active settled rows fell by {fell}")
    } else {
        return Ok(());
    };
    Err(Error::new(Kind::Verification, format!("verify of {day} failed: {problem}")).help(
        "look at the statements with `onerow log --sql`; if another process writes to this date, run again when it is done",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(active: u64, keys: u64, buffered: u64) -> Counts {
        let duplicates = active - keys;
        Counts { active, keys, duplicates, buffered, twins: 0, settled: active - buffered }
    }

    fn judge(before: Counts, deactivated: u64, after: Counts) -> Result<(), String> {
        let day = Day::parse("2026-01-28").unwrap();
        verdict(day, before.keys, before, deactivated, after).map_err(|error| error.to_string())
    }

    #[test]
    fn detected_deactivated_and_the_fall_in_active_rows_are_one_number() {
        assert_eq!(judge(counts(10, 6, 0), 4, counts(6, 6, 0)), Ok(()));
        assert_eq!(judge(counts(10, 6, 1), 3, counts(7, 6, 1)), Ok(()));
    }

    #[test]
    fn a_lost_key_a_row_left_over_and_a_wrong_number_each_fail() {
        let error = judge(counts(10, 6, 0), 5, counts(5, 5, 0)).unwrap_err();
        assert!(error.contains("1 of 6 keys lost their last active row"), "{error}");
        let error = judge(counts(10, 6, 0), 3, counts(7, 6, 0)).unwrap_err();
        assert!(error.contains("1 settled superseded rows are still active"), "{error}");
        let error = judge(counts(10, 6, 0), 4, counts(7, 7, 0)).unwrap_err();
        assert!(error.contains("fell by 3"), "{error}");
    }

    #[test]
    fn rows_that_arrive_meanwhile_are_buffered_and_do_not_disturb() {
        let after = Counts { active: 8, keys: 6, duplicates: 2, buffered: 2, twins: 0, settled: 6 };
        assert_eq!(judge(counts(10, 6, 0), 4, after), Ok(()));
    }
}
