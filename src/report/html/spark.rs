//! A small chart of one line of a table: a bar for each day.

use jiff::civil::Date;
use minijinja::{Value, context};

use crate::report::grid::{count, grouped};

/// The height of the highest bar, in pixels.
const HEIGHT: u64 = 20;
/// The width of a bar with the space beside it, in pixels.
const EACH: usize = 4;

/// The chart of these numbers, the oldest day first, and what it shows in words.
pub(super) fn spark(days: &[(Date, u64)]) -> Value {
    let most = days.iter().max_by_key(|(day, number)| (*number, std::cmp::Reverse(*day)));
    let most = most.filter(|(_, number)| *number > 0);
    let sum = days.iter().map(|(_, number)| *number).fold(0, u64::saturating_add);
    let title = match most {
        None => format!("no duplicates found in {}", count(days.len() as u64, "day")),
        Some((day, number)) => format!(
            "{} found in {}, most on {day}: {}",
            count(sum, "duplicate"),
            count(days.len() as u64, "day"),
            grouped(*number)
        ),
    };
    context! {
        title,
        width => days.len() * EACH,
        height => HEIGHT + 2,
        path => path(days, most.map_or(1, |(_, number)| *number)),
        is_empty => most.is_none(),
    }
}

/// One line upward for each number, which takes fewer bytes than a rectangle. A small number can be seen.
fn path(days: &[(Date, u64)], most: u64) -> String {
    let some = days.iter().enumerate().filter(|(_, (_, number))| *number > 0);
    let bars = some.map(|(i, (_, number))| {
        let height = u128::from(*number) * u128::from(HEIGHT) / u128::from(most.max(1));
        format!("M{} {}v-{}", i * EACH + 2, HEIGHT, height.max(2))
    });
    bars.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(numbers: &[u64]) -> (String, String) {
        let first: Date = "2026-01-28".parse().unwrap();
        let days = std::iter::successors(Some(first), |day| day.tomorrow().ok());
        let days: Vec<(Date, u64)> = days.zip(numbers.iter().copied()).collect();
        let value = spark(&days);
        let of = |name: &str| value.get_attr(name).unwrap().to_string();
        (of("path"), of("title"))
    }

    #[test]
    fn the_highest_bar_is_full_and_a_small_one_can_be_seen() {
        let (path, title) = drawn(&[0, 1, 1000, 500]);
        assert_eq!(path, "M6 20v-2M10 20v-20M14 20v-10");
        assert_eq!(title, "1,501 duplicates found in 4 days, most on 2026-01-30: 1,000");
        assert_eq!(drawn(&[u64::MAX, u64::MAX]).0, "M2 20v-20M6 20v-20");
    }

    #[test]
    fn no_duplicates_are_no_bars_and_of_equals_the_first_day_is_named() {
        let (path, title) = drawn(&[0, 0]);
        assert_eq!((path.as_str(), title.as_str()), ("", "no duplicates found in 2 days"));
        assert!(drawn(&[3, 3]).1.ends_with("most on 2026-01-28: 3"));
    }
}
