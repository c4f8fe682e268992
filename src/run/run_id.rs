//! The id of a run.

use std::fmt;

use jiff::Timestamp;

/// The id of a run: when it began, in UTC, and a random end. The start of it is enough to name it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RunId(String);

impl RunId {
    /// A new id for a run that begins now.
    pub fn new(now: Timestamp) -> Self {
        Self(format!("{}-{:08x}", now.strftime("%Y%m%dT%H%M%SZ"), fastrand::u32(..)))
    }

    /// When the run of this id began, to the second: the id says so.
    pub fn began(id: &str) -> Option<Timestamp> {
        let text = id.get(..16)?;
        let at = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", text).ok()?;
        jiff::tz::TimeZone::UTC.to_timestamp(at).ok()
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
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
    fn an_id_says_when_its_run_began() {
        let now: Timestamp = "2026-01-30T07:41:30.75Z".parse().unwrap();
        let began = RunId::began(RunId::new(now).as_str()).unwrap();
        assert_eq!(began.to_string(), "2026-01-30T07:41:30Z");
        assert_eq!(RunId::began("r1"), None);
    }
}
