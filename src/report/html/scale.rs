//! The geometry of the chart of duplicates per date. Heights are in pixels and widths in percent, so that the
//! chart scales with the page and its text does not.

use jiff::civil::Date;

use crate::window::Day;

/// The maximum height of a bar.
const HEIGHT: f64 = 170.0;
/// The height of a chart without data.
const EMPTY_HEIGHT: f64 = 34.0;
/// The minimum height of a nonzero bar, so that it is visible.
const LEAST: f64 = 2.0;
/// The most lines above the baseline.
const MOST_LINES: u64 = 4;
/// From this number of dates, the chart may be wider than the page and scrolls.
const SCROLLED_FROM: usize = 100;

/// The numeric axis, with round numbers at its lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Scale {
    step: u64,
    top: u64,
}

impl Scale {
    /// The scale for this largest number.
    pub fn of(largest: u64) -> Self {
        let steps = (0..=18).flat_map(|power| [1, 2, 5].map(|lead| lead * 10_u64.pow(power)));
        let fits = |step: &u64| largest.div_ceil(*step) <= MOST_LINES;
        let step = steps.into_iter().find(fits).unwrap_or(u64::MAX);
        Self { step, top: step.saturating_mul(largest.div_ceil(step)) }
    }

    /// The height of the highest line above the baseline.
    pub fn height(self) -> f64 {
        if self.top == 0 { EMPTY_HEIGHT } else { HEIGHT }
    }

    /// The height of a bar for this number.
    pub fn bar(self, number: u64) -> f64 {
        match number {
            0 => 0.0,
            _ => self.exact(number).max(LEAST),
        }
    }

    /// The numbers at the lines with their heights, from the baseline upward.
    pub fn lines(self) -> Vec<(u64, f64)> {
        let numbers = (0..=MOST_LINES).map(|i| self.step.saturating_mul(i));
        numbers.take_while(|n| *n <= self.top).map(|n| (n, self.exact(n))).collect()
    }

    fn exact(self, number: u64) -> f64 {
        match self.top {
            0 => 0.0,
            top => number as f64 / top as f64 * HEIGHT,
        }
    }
}

/// The horizontal position of a date, in percent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Slot {
    /// The left edge of its bar.
    pub left: f64,
    /// Its centre.
    pub middle: f64,
    /// The width of its bar.
    pub width: f64,
}

/// The positions of this many dates.
pub(super) fn slots(dates: usize) -> impl Iterator<Item = Slot> {
    let each = 100.0 / dates as f64;
    let share = if dates <= 60 { 0.7 } else { 0.86 };
    let width = (each * share).min(9.0);
    (0..dates).map(move |i| {
        let middle = (i as f64 + 0.5) * each;
        Slot { left: middle - width / 2.0, middle, width }
    })
}

/// The minimum width of the chart in pixels, one of the widths in the style sheet, since a page may not have
/// inline styles. `None` if it fits on any page.
pub(super) fn least_width(dates: usize) -> Option<usize> {
    let widths = [(400, 880), (1000, 2400), (2500, 6000), (5000, 12_000)];
    match dates <= SCROLLED_FROM {
        true => None,
        false => {
            Some(widths.iter().find(|(most, _)| dates <= *most).map_or(24_000, |found| found.1))
        }
    }
}

/// A date label below the chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Label {
    /// The index of the date.
    pub index: usize,
    /// Whether it fits on wide pages only.
    pub wide: bool,
    /// Whether its year differs from the previous label's.
    pub year: bool,
}

/// The width reserved for a label, in pixels.
const LABEL: usize = 62;

/// The labels that fit without touching: `28 Jan` takes 40 pixels.
pub(super) fn labels(days: &[Day]) -> Vec<Label> {
    let (on_wide, on_narrow) = match least_width(days.len()) {
        None => (14, 5),
        Some(width) => (width / LABEL, width / LABEL),
    };
    let step = weeks(days.len().div_ceil(on_wide));
    let sparse = (1..).map(|k| k * step).find(|step| days.len().div_ceil(*step) <= on_narrow);
    let sparse = sparse.unwrap_or(step);
    let year = |index: usize| days[index].date().map(Date::year);
    let other_year =
        |index: usize, before: usize| index < before || year(index) != year(index - before);
    let label = |index: usize| {
        let wide = !index.is_multiple_of(sparse);
        Label { index, wide, year: other_year(index, step) || (!wide && other_year(index, sparse)) }
    };
    (0..days.len()).step_by(step).map(label).collect()
}

/// Rounded to whole weeks, from about one week.
fn weeks(days: usize) -> usize {
    if days <= 4 { days.max(1) } else { days.next_multiple_of(7) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::window::Window;

    #[test]
    fn the_lines_are_at_round_numbers_and_hold_the_largest() {
        let lines = |largest| -> Vec<u64> {
            Scale::of(largest).lines().into_iter().map(|(number, _)| number).collect()
        };
        assert_eq!(lines(0), [0]);
        assert_eq!(lines(1), [0, 1]);
        assert_eq!(lines(7), [0, 2, 4, 6, 8]);
        assert_eq!(lines(2807), [0, 1000, 2000, 3000]);
        assert_eq!(lines(4689), [0, 2000, 4000, 6000]);
        for largest in [1, 2, 3, 9, 10, 11, 99, 101, 7865, 1_000_001, u64::MAX / 3, u64::MAX] {
            let lines = lines(largest);
            assert!(lines.len() <= 5 && *lines.last().unwrap() >= largest, "{largest}: {lines:?}");
        }
    }

    #[test]
    fn a_bar_is_as_high_as_its_number_and_a_small_one_can_be_seen() {
        let scale = Scale::of(2807);
        assert_eq!(scale.bar(3000), scale.height());
        assert_eq!(scale.bar(1500), scale.height() / 2.0);
        assert_eq!((scale.bar(1), scale.bar(0)), (LEAST, 0.0));
        assert!(Scale::of(0).height() < scale.height());
    }

    #[test]
    fn bars_stand_in_order_inside_the_picture_and_do_not_touch() {
        for dates in [1, 2, 14, 60, 92, 366, 10_000] {
            let slots: Vec<Slot> = slots(dates).collect();
            assert_eq!(slots.len(), dates);
            assert!(slots[0].left >= 0.0);
            let last = slots[dates - 1];
            assert!(last.left + last.width <= 100.001, "{dates}: {last:?}");
            for pair in slots.windows(2) {
                assert!(pair[0].left + pair[0].width < pair[1].left, "{dates}: {pair:?}");
            }
        }
    }

    #[test]
    fn labels_do_not_overlap_on_a_telephone_or_on_a_wide_page() {
        let first = Day::parse("2024-12-20").unwrap();
        for dates in 1..=1200 {
            let last = std::iter::successors(Some(first), |day| day.next()).nth(dates - 1).unwrap();
            let window = Window::range(first, last).unwrap();
            let labels = labels(window.days());
            let narrow: Vec<Label> = labels.iter().copied().filter(|l| !l.wide).collect();
            let scrolled = least_width(dates);
            for (labels, width) in [(&labels, 640), (&narrow, 250)] {
                let width = scrolled.unwrap_or(width).max(width) as f64;
                for pair in labels.windows(2) {
                    let apart = (pair[1].index - pair[0].index) as f64 / dates as f64 * width;
                    assert!(apart >= 44.0, "{dates} dates on {width}: {apart}");
                }
                assert_eq!((labels[0].index, labels[0].year), (0, true));
                let years = labels.iter().filter(|label| label.year).count();
                let to = labels.last().unwrap().index;
                let spans = window.days()[to].date().unwrap().year() - 2024 + 1;
                assert!(years >= spans as usize, "{dates} dates: {years} of {spans} years");
            }
        }
    }
}
