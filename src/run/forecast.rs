//! A model of a window's jobs, bytes and time. Pure.

use crate::warehouse::Estimate;

/// The assumed duration of a job without ledger data, in seconds.
pub const SECONDS: f64 = 5.0;

/// The inputs of the model.
#[derive(Debug, Clone, Copy)]
pub struct Basis {
    /// The dates of the window.
    pub dates: usize,
    /// The number of concurrent statements that change the table.
    pub concurrency: usize,
    /// The count of all dates.
    pub detect: StepCost,
    /// The record of the duplicates of all dates.
    pub record: StepCost,
    /// The count of the recorded rows.
    pub recorded: StepCost,
    /// The removal of the duplicates of all dates.
    pub removal: StepCost,
    /// The final count of all dates.
    pub verify: StepCost,
}

/// The cost of one statement of a step over all dates, and the duration of a job.
#[derive(Debug, Clone, Copy)]
pub struct StepCost {
    /// The estimated cost.
    pub estimate: Estimate,
    /// The duration in seconds.
    pub seconds: f64,
}

/// The forecast of a run, for this number of dates with duplicates.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Forecast {
    /// The number of dates with duplicates.
    pub dirty: usize,
    /// The number of dates per statement.
    pub per_statement: usize,
    /// The number of jobs on the table, without those that write to the ledger.
    pub jobs: usize,
    /// Bytes read; `None` if the warehouse does not charge by bytes.
    pub bytes: Option<u64>,
    /// The maximum billed bytes.
    pub billed: Option<u64>,
    /// The duration in seconds.
    pub seconds: f64,
}

impl Basis {
    /// The forecast of a run if `dirty` dates of equal size have duplicates.
    pub fn forecast(&self, dirty: usize, per_statement: usize) -> Forecast {
        let (dirty, per_statement) = (dirty.min(self.dates), per_statement.max(1));
        let batches = dirty.div_ceil(per_statement);
        // A statement about one date needs no count by date.
        let alone =
            if per_statement == 1 { batches } else { usize::from(dirty % per_statement == 1) };
        let several = batches - alone;
        let all = Estimate::share(self.detect.estimate, self.dates, self.dates);
        let of = |step: StepCost, jobs| (step.estimate.share(dirty, self.dates), jobs);
        let steps = [
            (all, 1),
            of(self.record, batches),
            (self.recorded.estimate, several),
            of(self.removal, batches),
            of(self.verify, usize::from(dirty > 0)),
        ];
        let read = |(estimate, jobs): &(Estimate, usize)| match jobs {
            0 => Some(0),
            _ => estimate.bytes,
        };
        let billed = |(estimate, jobs): &(Estimate, usize)| match jobs {
            0 => Some(0),
            jobs => estimate.share(1, *jobs).billed.map(|bytes| bytes.saturating_mul(*jobs as u64)),
        };
        let of_batch = self.record.seconds + self.removal.seconds;
        let rounds = batches.div_ceil(self.concurrency.max(1)) as f64;
        let counted = several.div_ceil(self.concurrency.max(1)) as f64 * self.recorded.seconds;
        let verified = if dirty > 0 { self.verify.seconds } else { 0.0 };
        Forecast {
            dirty,
            per_statement,
            jobs: steps.iter().map(|(_, jobs)| jobs).sum(),
            bytes: steps.iter().map(read).sum(),
            billed: steps.iter().map(billed).sum(),
            seconds: self.detect.seconds + rounds * of_batch + counted + verified,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    /// A hundred dates of 10 MiB, of which the rule reads 2; each job takes a second.
    fn basis() -> Basis {
        let step = |bytes: u64, tables| StepCost {
            estimate: Estimate::of(Some(bytes), tables),
            seconds: 1.0,
        };
        Basis {
            dates: 100,
            concurrency: 2,
            detect: step(200 * MIB, 1),
            record: step(200 * MIB, 2),
            recorded: step(0, 1),
            removal: step(1200 * MIB, 2),
            verify: step(200 * MIB, 1),
        }
    }

    #[test]
    fn clean_dates_take_one_job() {
        let found = basis().forecast(0, 30);
        assert_eq!((found.jobs, found.bytes, found.billed), (1, Some(200 * MIB), Some(200 * MIB)));
        assert!((found.seconds - 1.0).abs() < 1e-9);
    }

    #[test]
    fn dates_that_share_statements_take_fewer_jobs_and_the_same_bytes() {
        let (alone, shared) = (basis().forecast(100, 1), basis().forecast(100, 50));
        assert_eq!((alone.jobs, shared.jobs), (202, 8));
        assert_eq!((alone.bytes, shared.bytes), (Some(1800 * MIB), Some(1800 * MIB)));
        // 1 + 50 rounds of two jobs + 1; 1 + one round of three + 1.
        assert!((alone.seconds - 102.0).abs() < 1e-9 && (shared.seconds - 5.0).abs() < 1e-9);
        assert!(alone.billed > shared.billed, "ten MiB of each table of each job at least");
    }

    #[test]
    fn what_is_removed_is_read_of_the_dirty_dates_alone() {
        let found = basis().forecast(10, 1);
        assert_eq!((found.jobs, found.bytes), (22, Some((200 + 20 + 120 + 20) * MIB)));
        assert_eq!(basis().forecast(31, 30).jobs, 1 + 2 * 2 + 1 + 1, "the last date is alone");
        assert_eq!(basis().forecast(1000, 30).dirty, 100);
    }
}
