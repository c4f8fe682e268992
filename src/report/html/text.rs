//! Numbers, money, bytes and instants for people.

use bytesize::ByteSize;
use jiff::Timestamp;
use jiff::fmt::friendly::{Designator, FractionalUnit, Spacing, SpanPrinter};
use jiff::tz::TimeZone;
use minijinja::{Value, context};

use crate::report::Tariff;

/// `10.0 MiB`.
pub(super) fn bytes(number: u64) -> String {
    ByteSize(number).to_string()
}

/// The price of this many bytes; `None` if it is unknown or free.
pub(super) fn cost(bytes: Option<u64>, tariff: Option<Tariff>) -> Option<String> {
    bytes.zip(tariff).and_then(|(bytes, tariff)| tariff.price(bytes)).map(dollars)
}

/// A nonzero price is never shown as zero.
fn dollars(price: f64) -> String {
    match price > 0.0 && price < 0.01 {
        true => "under $0.01".to_owned(),
        false => format!("${price:.2}"),
    }
}

/// An instant in the zone and in UTC, with the UTC date only if it differs; in UTC alone if that is the zone.
pub(super) fn time(at: Timestamp, zone: &TimeZone) -> Value {
    let is_utc = *zone == TimeZone::UTC || zone.iana_name() == Some("Etc/UTC");
    let there = at.to_zoned_datetime(zone.clone());
    let same_date = !is_utc && there.date() == TimeZone::UTC.to_datetime(at).date();
    context! {
        iso => at.strftime("%FT%TZ").to_string(),
        zone => (!is_utc).then(|| there.strftime("%F %T %Z").to_string()),
        utc => at.strftime(if same_date { "%T UTC" } else { "%F %T UTC" }).to_string(),
    }
}

/// An instant in UTC to the minute, for a line of a table.
pub(super) fn minute(at: Timestamp) -> Value {
    context! {
        iso => at.strftime("%FT%TZ").to_string(),
        text => at.strftime("%F %H:%M").to_string(),
    }
}

/// The time between two instants: `1m 12.0s`.
pub(super) fn lasted(began: Timestamp, ended: Timestamp) -> String {
    SpanPrinter::new()
        .designator(Designator::Compact)
        .spacing(Spacing::BetweenUnits)
        .fractional(Some(FractionalUnit::Second))
        .precision(Some(1))
        .duration_to_string(&ended.duration_since(began))
}

/// The zone's name.
pub(super) fn zone(zone: &TimeZone) -> String {
    zone.iana_name().unwrap_or("its own time zone").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_cost_is_not_nothing() {
        let tariff = Some(Tariff { price_per_tib: 6.25, max_bytes: None });
        let cost = |bytes| cost(Some(bytes), tariff).unwrap();
        assert_eq!([0, 10 << 20, 1 << 40].map(cost), ["$0.00", "under $0.01", "$6.25"]);
        assert_eq!(super::cost(None, tariff), None);
        let by_slots = Some(Tariff { price_per_tib: 0.0, max_bytes: None });
        assert_eq!(super::cost(Some(1 << 40), by_slots), None);
        assert_eq!(super::cost(Some(1), None), None);
    }

    #[test]
    fn an_instant_is_shown_in_the_zone_and_in_utc() {
        let at: Timestamp = "2026-01-30T03:41:10Z".parse().unwrap();
        let shown = time(at, &TimeZone::get("America/New_York").unwrap());
        assert_eq!(shown.get_attr("zone").unwrap().as_str(), Some("2026-01-29 22:41:10 EST"));
        assert_eq!(shown.get_attr("utc").unwrap().as_str(), Some("2026-01-30 03:41:10 UTC"));
        let noon = time(
            "2026-01-30T17:00:00Z".parse().unwrap(),
            &TimeZone::get("America/New_York").unwrap(),
        );
        assert_eq!(noon.get_attr("utc").unwrap().as_str(), Some("17:00:00 UTC"));
        assert!(time(at, &TimeZone::UTC).get_attr("zone").unwrap().is_none());
    }

    #[test]
    fn a_duration_has_tenths() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let took = |to| lasted(at("2026-01-30T07:41:28.5Z"), at(to));
        assert_eq!(took("2026-01-30T07:42:40.5Z"), "1m 12.0s");
        assert_eq!(took("2026-01-30T07:41:28.8Z"), "0.3s");
    }
}
