//! Dates in a time zone, for a column of instants.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// The days of a time zone. BigQuery's `DATE(instant, zone)` gives the one of a row.
/// Source: <https://cloud.google.com/bigquery/docs/reference/standard-sql/date_functions#date>
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalDays {
    zone: TimeZone,
    name: String,
}

impl LocalDays {
    /// The days of the zone with this name, such as `America/New_York`. Errors: there is no such zone.
    pub(super) fn of(name: &str) -> Result<Self, jiff::Error> {
        let zone = TimeZone::get(name)?;
        let name = zone.iana_name().unwrap_or(name).to_owned();
        Ok(Self { zone, name })
    }

    /// The zone's name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The date of an instant.
    pub(crate) fn date(&self, instant: Timestamp) -> Date {
        self.zone.to_datetime(instant).date()
    }

    /// The earliest instant of the date: its midnight, the first one if there are two. Earlier if clocks skip
    /// midnight.
    pub(crate) fn start(&self, date: Date) -> Timestamp {
        let midnight = self.zone.to_ambiguous_timestamp(date.at(0, 0, 0, 0));
        midnight.earlier().unwrap_or(Timestamp::MIN)
    }

    /// An instant after the date's last: the next midnight, the last one if there are two. Later if clocks
    /// skip midnight.
    pub(crate) fn end(&self, date: Date) -> Timestamp {
        let next = date.tomorrow().ok();
        let midnight =
            next.map(|next| self.zone.to_ambiguous_timestamp(next.at(0, 0, 0, 0)).later());
        midnight.and_then(Result::ok).unwrap_or(Timestamp::MAX)
    }

    /// Whether exactly the instants between the start of the first date and the end of the last belong to
    /// these dates: no clock changes at midnight.
    pub(crate) fn is_plain(&self, (first, last): (Date, Date)) -> bool {
        let once =
            |date: Date| !self.zone.to_ambiguous_timestamp(date.at(0, 0, 0, 0)).is_ambiguous();
        once(first) && last.tomorrow().is_ok_and(once)
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use jiff::{SignedDuration, ToSpan};

    use super::*;

    /// Dates with clock changes at midnight, near midnight, or none; and a date that a zone skipped.
    const ODD: [(&str, Date); 8] = [
        ("America/New_York", date(2026, 3, 8)),
        ("America/New_York", date(2026, 11, 1)),
        ("America/Sao_Paulo", date(2018, 11, 4)),
        ("America/Havana", date(2025, 11, 2)),
        ("America/St_Johns", date(2010, 11, 7)),
        ("Pacific/Apia", date(2011, 12, 30)),
        ("Asia/Kathmandu", date(2026, 1, 28)),
        ("UTC", date(2026, 1, 28)),
    ];

    #[test]
    fn what_is_between_start_and_end_holds_every_instant_of_a_date_and_where_it_is_plain_no_other()
    {
        let mut odd = 0;
        for (name, around) in ODD {
            let days = LocalDays::of(name).unwrap();
            for day in [-1, 0, 1].map(|n| around + n.days()) {
                let (start, end) = (days.start(day), days.end(day));
                let is_plain = days.is_plain((day, day));
                odd += usize::from(!is_plain);
                let mut instant = start - SignedDuration::from_hours(30);
                while instant < end + SignedDuration::from_hours(30) {
                    let (is_of, is_in) =
                        (days.date(instant) == day, start <= instant && instant < end);
                    assert!(!is_of || is_in, "{name} {day}: {instant}");
                    assert!(!is_plain || is_of == is_in, "{name} {day}: {instant}");
                    instant += SignedDuration::from_mins(1);
                }
            }
        }
        assert!(odd > 6, "{odd}");
    }
}
