//! Times of day, in the form of each scheduler.

use std::fmt;
use std::str::FromStr;

use jiff::civil::{Date, Time};
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};
use jiff::{SignedDuration, Span};

use crate::error::{Error, Kind, Result};

const MINUTES_OF_A_DAY: i32 = 24 * 60;

/// A time of day, to the minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct At {
    minutes: i32,
}

impl At {
    fn of(minutes: i32) -> Option<Self> {
        (0..MINUTES_OF_A_DAY).contains(&minutes).then_some(Self { minutes })
    }

    /// 0 to 23.
    pub fn hour(self) -> i32 {
        self.minutes / 60
    }

    /// 0 to 59.
    pub fn minute(self) -> i32 {
        self.minutes % 60
    }

    /// The minutes of an hour at which it can be this time in this zone, whatever the zone of the machine's
    /// clock: UTC offsets differ by multiples of a quarter of an hour.
    pub fn quarters(self) -> String {
        let first = self.minute() % 15;
        let all = (0..4).map(|quarter| (first + 15 * quarter).to_string());
        all.collect::<Vec<_>>().join(",")
    }

    /// The UTC time when clocks at this offset show this time.
    pub fn utc(self, offset: Offset) -> Self {
        let minutes = self.minutes - offset.seconds().div_euclid(60);
        Self { minutes: minutes.rem_euclid(MINUTES_OF_A_DAY) }
    }

    fn on(self, date: Date) -> jiff::civil::DateTime {
        let time = Time::midnight();
        date.to_datetime(time).saturating_add(SignedDuration::from_mins(self.minutes.into()))
    }
}

impl FromStr for At {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let digits = |text: &str| match text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit())
        {
            true => text.parse::<i32>().ok(),
            false => None,
        };
        let parts = text.split_once(':').and_then(|(h, m)| digits(h).zip(digits(m)));
        parts
            .filter(|(h, m)| *h < 24 && *m < 60)
            .and_then(|(h, m)| Self::of(h * 60 + m))
            .ok_or_else(|| {
                Error::new(Kind::Usage, format!("`{}` is not a time of day", text.escape_debug()))
                    .help("write it as HH:MM, from 00:00 to 23:59")
            })
    }
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.hour(), self.minute())
    }
}

/// The UTC offsets of a zone at this time of day, on the days of the year from `from`; the most frequent
/// first.
pub fn offsets(zone: &TimeZone, at: At, from: Date) -> Vec<Offset> {
    let mut seen: Vec<(Offset, usize)> = Vec::new();
    for date in days_of_a_year(from) {
        let Ok(moment) = zone.to_ambiguous_zoned_datetime(at.on(date)).compatible() else {
            continue;
        };
        match seen.iter_mut().find(|(offset, _)| *offset == moment.offset()) {
            Some((_, count)) => *count += 1,
            None => seen.push((moment.offset(), 1)),
        }
    }
    seen.sort_by_key(|(offset, count)| (std::cmp::Reverse(*count), offset.seconds()));
    seen.into_iter().map(|(offset, _)| offset).collect()
}

/// The first day of the year from `from` on which clocks in this zone skip this time.
pub fn skipped(zone: &TimeZone, at: At, from: Date) -> Option<Date> {
    days_of_a_year(from).find(|date| {
        let moment = zone.to_ambiguous_timestamp(at.on(*date));
        matches!(moment.offset(), AmbiguousOffset::Gap { .. })
    })
}

fn days_of_a_year(from: Date) -> impl Iterator<Item = Date> {
    from.series(Span::new().days(1)).take(366)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn at(text: &str) -> At {
        text.parse().unwrap()
    }

    fn zone(name: &str) -> TimeZone {
        TimeZone::get(name).unwrap()
    }

    #[test]
    fn a_time_of_day_has_two_digits_each() {
        assert_eq!(at("00:00").to_string(), "00:00");
        assert_eq!((at("23:59").hour(), at("23:59").minute()), (23, 59));
        for wrong in ["", "9:30", "24:00", "10:60", "10:5", "+1:30", "10:30:00", "1030", "ab:cd"] {
            assert!(wrong.parse::<At>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_quarter_of_an_hour_is_enough_for_every_zone() {
        assert_eq!(at("10:30").quarters(), "0,15,30,45");
        assert_eq!(at("10:07").quarters(), "7,22,37,52");
    }

    #[test]
    fn local_times_become_utc_times() {
        let utc = |time: &str, hours: i32, minutes: i32| {
            at(time).utc(Offset::from_seconds((hours * 60 + minutes) * 60).unwrap()).to_string()
        };
        assert_eq!(utc("10:30", -4, 0), "14:30");
        assert_eq!(utc("10:30", 5, 45), "04:45");
        // The day before, and the day after.
        assert_eq!(utc("02:00", 5, 30), "20:30");
        assert_eq!(utc("20:00", -9, -30), "05:30");
    }

    #[test]
    fn a_zone_has_the_offsets_that_its_clocks_show_at_that_time() {
        let of = |name: &str| {
            let all = offsets(&zone(name), at("10:30"), date(2026, 1, 1));
            all.iter().map(|offset| offset.seconds() / 60).collect::<Vec<_>>()
        };
        assert_eq!(of("America/New_York"), [-240, -300]);
        assert_eq!(of("Asia/Kolkata"), [330]);
        assert_eq!(of("Asia/Kathmandu"), [345]);
        assert_eq!(of("Australia/Lord_Howe"), [660, 630]);
        assert_eq!(of("UTC"), [0]);
    }

    #[test]
    fn a_time_that_summer_time_skips_is_found() {
        let of = |time| skipped(&zone("America/New_York"), at(time), date(2026, 1, 1));
        assert_eq!(of("02:30"), Some(date(2026, 3, 8)));
        assert_eq!(of("10:30"), None);
    }
}
