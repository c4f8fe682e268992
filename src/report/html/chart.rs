//! The chart of duplicates per date.

use minijinja::{Value, context};

use super::scale::{Label, Scale, Slot, labels, least_width, slots};
use crate::report::grid::{count, grouped};
use crate::run::{DayReport, Status};
use crate::window::Day;

/// The space above the highest bar, for its number and mark.
const ABOVE: f64 = 30.0;
/// The space below the baseline, for marks and dates.
const BELOW: f64 = 44.0;
/// With more dates than this, the bars have no space for their numbers.
const NUMBERED: usize = 16;
/// With more dates than this, they have none on a phone.
const NUMBERED_ON_NARROW: usize = 5;

/// The data of a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct DateBar {
    /// The date.
    pub day: Day,
    /// All rows, active or not.
    pub total: u64,
    /// Duplicates that can be removed.
    pub dirty: u64,
    /// Duplicates in the streaming buffer.
    pub buffered: u64,
    /// Duplicates that known runs removed and that no longer exist.
    pub cleaned: u64,
    /// Rows whose row id is NULL or shared.
    pub shared_ids: u64,
    /// Keys that have rows but no active one, where relevant.
    pub keyless: u64,
}

impl DateBar {
    /// The current counts of a date, and the rows removed by runs.
    pub fn of(day: &DayReport, cleaned: u64) -> Self {
        let counts = day.counts;
        Self {
            day: day.day,
            total: counts.total,
            dirty: counts.settled_duplicates(),
            buffered: counts.buffered,
            cleaned,
            shared_ids: counts.shared_ids,
            keyless: if day.status() == Status::Keyless { counts.keyless } else { 0 },
        }
    }

    fn height(&self) -> u64 {
        self.dirty.saturating_add(self.buffered).saturating_add(self.cleaned)
    }

    fn is_clean(&self) -> bool {
        self.total > 0 && self.dirty == 0 && self.buffered == 0 && self.keyless == 0
    }

    /// A description of the bar.
    fn title(&self) -> String {
        let said =
            |number: u64, what: &str| (number > 0).then(|| format!("{} {what}", grouped(number)));
        let parts = [
            (self.total == 0).then(|| "no rows".to_owned()),
            self.is_clean().then(|| "clean".to_owned()),
            said(self.dirty, "dirty"),
            said(self.buffered, "waiting in the buffer"),
            said(self.cleaned, "cleaned by runs"),
            (self.shared_ids > 0).then(|| count(self.shared_ids, "shared id")),
            (self.keyless > 0).then(|| count(self.keyless, "key") + " without an active row"),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        format!("{}: {}", self.day, parts.join(", "))
    }
}

/// The chart; `id` is unique on the page, and each bar leads to an address, if its date has one.
pub(super) fn chart(
    id: &str,
    of: &str,
    bars: &[DateBar],
    href: impl Fn(Day) -> Option<String>,
) -> Value {
    let scale = Scale::of(bars.iter().map(DateBar::height).max().unwrap_or(0));
    let base = ABOVE + scale.height();
    let days: Vec<Day> = bars.iter().map(|bar| bar.day).collect();
    let places: Vec<Slot> = slots(bars.len()).collect();
    let lines = scale.lines().into_iter().map(|(number, height)| {
        context! { label => grouped(number), y => short(base - height) }
    });
    // Links inside a picture would be hidden from screen readers.
    let is_linked = bars.iter().any(|bar| href(bar.day).is_some());
    let drawn =
        bars.iter().zip(&places).map(|(bar, slot)| draw(bar, *slot, scale, base, href(bar.day)));
    let labels = labels(&days).into_iter().map(|label| date(label, &days, &places));
    context! {
        id,
        title => format!("Duplicates per date of {of}"),
        description => description(bars),
        height => short(base + BELOW),
        base => short(base),
        least_width => least_width(bars.len()),
        lines => lines.collect::<Vec<_>>(),
        bars => drawn.collect::<Vec<_>>(),
        numbers => bars.len() <= NUMBERED,
        numbers_wide => bars.len() > NUMBERED_ON_NARROW,
        labels => labels.collect::<Vec<_>>(),
        is_linked,
    }
}

/// One bar, from the baseline up: dirty, buffered, cleaned.
fn draw(bar: &DateBar, slot: Slot, scale: Scale, base: f64, href: Option<String>) -> Value {
    let mut top = base;
    let mut parts = Vec::new();
    for (kind, number) in
        [("dirty", bar.dirty), ("buffered", bar.buffered), ("cleaned", bar.cleaned)]
    {
        if number > 0 {
            let height = scale.bar(number);
            top -= height;
            parts.push(context! { kind, y => short(top), height => short(height) });
        }
    }
    context! {
        title => bar.title(),
        href,
        x => short(slot.left),
        width => short(slot.width),
        middle => short(slot.middle),
        parts,
        number => (bar.height() > 0).then(|| grouped(bar.height())),
        number_y => short(top - 5.0),
        clean => bar.is_clean(),
        shared_ids => bar.shared_ids > 0,
        shared_ids_y => short(top - if bar.height() > 0 { 22.0 } else { 8.0 }),
    }
}

fn date(label: Label, days: &[Day], places: &[Slot]) -> Value {
    let day = days[label.index];
    let date = day.date();
    context! {
        x => short(places[label.index].middle),
        text => date.map_or(day.to_string(), |date| date.strftime("%-d %b").to_string()),
        year => date.filter(|_| label.year).map(|date| date.strftime("%Y").to_string()),
        wide => label.wide,
    }
}

/// A description of the chart, for screen readers.
fn description(bars: &[DateBar]) -> String {
    let sum = |pick: fn(&DateBar) -> u64| bars.iter().map(pick).fold(0, u64::saturating_add);
    let most = bars.iter().rev().max_by_key(|bar| bar.height()).filter(|bar| bar.height() > 0);
    let most = most.map_or(String::new(), |bar| {
        format!(" The highest bar is that of {}, {}.", bar.day, count(bar.height(), "row"))
    });
    format!(
        "{}: {} duplicates to remove, {} waiting in the buffer, {} cleaned by runs; {} clean.{most} The table has every figure.",
        count(bars.len() as u64, "date"),
        grouped(sum(|bar| bar.dirty)),
        grouped(sum(|bar| bar.buffered)),
        grouped(sum(|bar| bar.cleaned)),
        count(bars.iter().filter(|bar| bar.is_clean()).count() as u64, "date"),
    )
}

/// At most three decimals: more are invisible and make the page longer.
fn short(number: f64) -> String {
    let text = format!("{number:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(day: &str, dirty: u64, buffered: u64, cleaned: u64, shared_ids: u64) -> DateBar {
        let day = Day::parse(day).unwrap();
        DateBar { day, total: 10, dirty, buffered, cleaned, shared_ids, keyless: 0 }
    }

    fn texts(value: &Value, list: &str, key: &str) -> Vec<String> {
        let list = value.get_attr(list).unwrap().try_iter().unwrap();
        list.map(|item| item.get_attr(key).unwrap().to_string()).collect()
    }

    #[test]
    fn the_parts_of_a_bar_stand_one_on_the_other_and_add_up() {
        let drawn = chart("c", "a", &[bar("2026-01-28", 50, 30, 20, 0)], |_| None);
        let bars = drawn.get_attr("bars").unwrap();
        let bar = bars.get_item_by_index(0).unwrap();
        assert_eq!(texts(&bar, "parts", "kind"), ["dirty", "buffered", "cleaned"]);
        assert_eq!(texts(&bar, "parts", "height"), ["85", "51", "34"]);
        assert_eq!(texts(&bar, "parts", "y"), ["115", "64", "30"]);
        assert_eq!(drawn.get_attr("base").unwrap().as_str(), Some("200"));
        assert_eq!(bar.get_attr("number").unwrap().as_str(), Some("100"));
    }

    #[test]
    fn a_bar_says_in_words_what_it_shows() {
        let said = |bar: DateBar| bar.title();
        assert_eq!(
            said(bar("2026-01-28", 1776, 2, 0, 1)),
            "2026-01-28: 1,776 dirty, 2 waiting in the buffer, 1 shared id"
        );
        assert_eq!(said(bar("2026-01-28", 0, 0, 5, 0)), "2026-01-28: clean, 5 cleaned by runs");
        assert_eq!(said(bar("2026-01-28", 0, 0, 0, 0)), "2026-01-28: clean");
        let empty = DateBar { total: 0, ..bar("2026-01-28", 0, 0, 0, 0) };
        assert_eq!(said(empty), "2026-01-28: no rows");
    }

    #[test]
    fn the_description_names_the_highest_bar_and_the_first_of_equals() {
        let bars = [bar("2026-01-27", 5, 0, 0, 0), bar("2026-01-28", 5, 0, 0, 0)];
        assert_eq!(
            description(&bars),
            "2 dates: 10 duplicates to remove, 0 waiting in the buffer, 0 cleaned by runs; 0 dates clean. The highest bar is that of 2026-01-27, 5 rows. The table has every figure."
        );
        assert!(!description(&[bar("2026-01-27", 0, 0, 0, 0)]).contains("highest"));
    }
}
