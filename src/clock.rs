//! The time of day, as a value that is handed in.

use jiff::Timestamp;

/// Where an effect takes the current time from.
#[derive(Debug, Clone, Copy)]
pub enum Clock {
    /// The machine's clock, to the microsecond.
    System,
    /// A rehearsal: it is always this instant.
    Fixed(Timestamp),
}

impl Clock {
    /// The current instant, to the microsecond, which is BigQuery's precision.
    pub fn now(self) -> Timestamp {
        let now = match self {
            Self::System => Timestamp::now(),
            Self::Fixed(instant) => instant,
        };
        Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
    }
}
