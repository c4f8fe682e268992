//! The clock, passed as a value.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// The source of the current time.
#[derive(Debug, Clone, Copy)]
pub enum Clock {
    /// The system clock, in microseconds.
    System,
    /// A rehearsal: always this instant.
    Fixed(Timestamp),
}

impl Clock {
    /// The current instant in microseconds, BigQuery's precision.
    pub fn now(self) -> Timestamp {
        let now = match self {
            Self::System => Timestamp::now(),
            Self::Fixed(instant) => instant,
        };
        Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
    }
}

/// A duration such as `15m`: in seconds, or in milliseconds below one second.
pub(crate) fn brief(time: Duration) -> String {
    match i64::try_from(time.as_secs()) {
        Ok(0) | Err(_) => format!("{}ms", time.as_millis()),
        Ok(seconds) => format!("{:#}", SignedDuration::from_secs(seconds)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_as_in_the_rule_file() {
        assert_eq!(brief(Duration::from_secs(900)), "15m");
        assert_eq!(brief(Duration::from_secs(21_600)), "6h");
        assert_eq!(brief(Duration::from_millis(61_400)), "1m 1s");
        assert_eq!(brief(Duration::from_millis(400)), "400ms");
    }
}
