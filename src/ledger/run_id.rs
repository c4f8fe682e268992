//! The id of a run.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Kind, Result};

/// The id of a run: its start in UTC, and a random suffix. A unique prefix identifies the run.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RunId(String);

impl RunId {
    /// Creates an id for a run that begins now.
    pub fn new(now: Timestamp) -> Self {
        Self(format!("{}-{:08x}", now.strftime("%Y%m%dT%H%M%SZ"), fastrand::u32(..)))
    }

    /// Parses an id: letters, digits and `-`, at most 64, since an id is part of job ids, labels and
    /// addresses.
    pub fn parse(id: &str) -> Result<Self> {
        let good = !id.is_empty()
            && id.len() <= 64
            && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        match good {
            true => Ok(Self(id.to_owned())),
            false => {
                let message = format!("`{}` is not the id of a run", id.escape_debug());
                Err(Error::new(Kind::UnknownRun, message).help("`onerow log` lists the runs"))
            }
        }
    }

    /// When the run with this id began, to the second, from the id.
    pub fn began(id: &str) -> Option<Timestamp> {
        let text = id.get(..16)?;
        let at = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", text).ok()?;
        jiff::tz::TimeZone::UTC.to_timestamp(at).ok()
    }

    /// A day before the earliest start of runs with this id prefix, to allow for clock differences; `None` if
    /// the prefix has no year.
    pub fn earliest(start: &str) -> Option<Timestamp> {
        let digits = start.bytes().take(8).take_while(u8::is_ascii_digit).count();
        let number = |from: usize, to: usize| match to <= digits {
            true => start.get(from..to)?.parse::<i8>().ok(),
            false => Some(1),
        };
        let year = start.get(..4).filter(|_| digits >= 4)?.parse().ok()?;
        let first = jiff::civil::Date::new(year, number(4, 6)?, number(6, 8)?).ok()?;
        let before = first.yesterday().ok()?;
        jiff::tz::TimeZone::UTC.to_timestamp(before.at(0, 0, 0, 0)).ok()
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for RunId {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl PartialEq<&str> for RunId {
    fn eq(&self, other: &&str) -> bool {
        self.0 == *other
    }
}

impl TryFrom<String> for RunId {
    type Error = Error;

    fn try_from(id: String) -> Result<Self> {
        Self::parse(&id)
    }
}

impl From<RunId> for String {
    fn from(id: RunId) -> Self {
        id.0
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_fit_for_a_job_id_and_an_address() {
        let now: Timestamp = "2026-01-30T07:41:30Z".parse().unwrap();
        assert!(RunId::parse(RunId::new(now).as_str()).is_ok());
        for bad in ["", "a b", "../x", "a\"b", "é", "a#b", "a_b", &"a".repeat(65)] {
            assert!(RunId::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_start_of_an_id_says_how_old_its_entries_are_at_most() {
        for (start, since) in [
            ("20260130T074130Z-0a1b2c3d", Some("2026-01-29T00:00:00Z")),
            ("20260130", Some("2026-01-29T00:00:00Z")),
            ("2026013", Some("2025-12-31T00:00:00Z")),
            ("202611", Some("2026-10-31T00:00:00Z")),
            ("20261", Some("2025-12-31T00:00:00Z")),
            ("2026", Some("2025-12-31T00:00:00Z")),
            ("202", None),
            ("r1", None),
            ("20269930T074130Z", None),
            ("", None),
        ] {
            let earliest = RunId::earliest(start).map(|at| at.to_string());
            assert_eq!(earliest.as_deref(), since, "{start}");
        }
    }

    #[test]
    fn an_id_says_when_its_run_began() {
        let now: Timestamp = "2026-01-30T07:41:30.75Z".parse().unwrap();
        let began = RunId::began(RunId::new(now).as_str()).unwrap();
        assert_eq!(began.to_string(), "2026-01-30T07:41:30Z");
        assert_eq!(RunId::began("r1"), None);
    }
}
