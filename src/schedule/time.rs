//! Times of day and days of the week, as each scheduler writes them.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use clap::ValueEnum;
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

    /// A time of the same day that is this far away: after this one if the day is long enough,
    /// else before it. `None`: it fits neither way.
    pub fn apart(self, by: Duration) -> Option<Self> {
        let by = i32::try_from(by.as_secs().div_ceil(60)).ok()?;
        let after = self.minutes.checked_add(by).and_then(Self::of);
        after.or_else(|| self.minutes.checked_sub(by).and_then(Self::of))
    }

    /// The minutes of every hour at which it can be this time in this zone, whatever zone the
    /// machine's clock is in: zones are apart by multiples of a quarter of an hour.
    pub fn quarters(self) -> String {
        let first = self.minute() % 15;
        let all = (0..4).map(|quarter| (first + 15 * quarter).to_string());
        all.collect::<Vec<_>>().join(",")
    }

    /// The moment in UTC when clocks at this offset show this time.
    pub fn utc(self, offset: Offset) -> Utc {
        let minutes = self.minutes - offset.seconds().div_euclid(60);
        Utc {
            at: Self { minutes: minutes.rem_euclid(MINUTES_OF_A_DAY) },
            days: minutes.div_euclid(MINUTES_OF_A_DAY),
        }
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

/// A time of day in UTC, and how many days its date is from the local one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Utc {
    /// The time of day.
    pub at: At,
    /// -1: the day before; 1: the day after.
    pub days: i32,
}

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Weekday {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

impl Weekday {
    /// 1 is Monday, 7 is Sunday: what `date +%u` prints.
    pub fn iso(self) -> i32 {
        self as i32 + 1
    }

    /// 0 is Sunday, 6 is Saturday: what every cron understands.
    pub fn cron(self) -> i32 {
        self.iso() % 7
    }

    /// The same for a clock whose date is this many days later.
    pub fn cron_after(self, days: i32) -> i32 {
        (self.cron() + days).rem_euclid(7)
    }

    /// `Sunday`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Monday => "Monday",
            Self::Tuesday => "Tuesday",
            Self::Wednesday => "Wednesday",
            Self::Thursday => "Thursday",
            Self::Friday => "Friday",
            Self::Saturday => "Saturday",
            Self::Sunday => "Sunday",
        }
    }

    /// `Sun`.
    pub fn short(self) -> &'static str {
        &self.name()[..3]
    }
}

/// The offsets from UTC that a zone has at these times of day, on the days of the year that begins
/// on `from`; the most frequent first.
pub fn offsets(zone: &TimeZone, times: &[At], from: Date) -> Vec<Offset> {
    let mut seen: Vec<(Offset, usize)> = Vec::new();
    for (at, date) in days_of_a_year(from).flat_map(|date| times.iter().map(move |at| (*at, date)))
    {
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

/// The first day of the year that begins on `from` on which clocks in this zone skip this time.
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
    fn the_second_pass_of_a_day_comes_later_or_where_the_day_ends_first_earlier() {
        let hours = |hours: u64| Duration::from_secs(hours * 3600);
        assert_eq!(at("10:30").apart(hours(3)), Some(at("13:30")));
        assert_eq!(at("22:00").apart(hours(3)), Some(at("19:00")));
        assert_eq!(at("12:00").apart(hours(13)), None);
        assert_eq!(at("12:00").apart(Duration::MAX), None);
    }

    #[test]
    fn a_quarter_of_an_hour_is_enough_for_every_zone() {
        assert_eq!(at("10:30").quarters(), "0,15,30,45");
        assert_eq!(at("10:07").quarters(), "7,22,37,52");
    }

    #[test]
    fn local_times_become_utc_times_of_the_right_day() {
        let utc = |time: &str, hours: i32, minutes: i32| {
            let utc = at(time).utc(Offset::from_seconds((hours * 60 + minutes) * 60).unwrap());
            (utc.at.to_string(), utc.days)
        };
        assert_eq!(utc("10:30", -4, 0), ("14:30".to_owned(), 0));
        assert_eq!(utc("10:30", 5, 45), ("04:45".to_owned(), 0));
        assert_eq!(utc("02:00", 5, 30), ("20:30".to_owned(), -1));
        assert_eq!(utc("20:00", -9, -30), ("05:30".to_owned(), 1));
        assert_eq!(Weekday::Sunday.cron_after(-1), Weekday::Saturday.cron());
        assert_eq!(Weekday::Saturday.cron_after(1), 0);
    }

    #[test]
    fn a_zone_has_the_offsets_that_its_clocks_show_at_that_time() {
        let of = |name: &str| {
            let all = offsets(&zone(name), &[at("10:30")], date(2026, 1, 1));
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
