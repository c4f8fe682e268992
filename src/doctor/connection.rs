//! Checks common to all rules: credentials, clock, ledger.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::{Line, Lines, Topic};
use crate::check;
use crate::clock::Clock;
use crate::error::Result;
use crate::ledger::Ledger;
use crate::rule::Rule;
use crate::statement::{Params, Statement, StepName};
use crate::warehouse::{Answer, Job, JobId, Warehouse};
use crate::window::{Day, Window};

/// The accepted difference of the clocks. The cutoff is computed from the machine's clock and compared with
/// instants of the warehouse's.
const SKEW: SignedDuration = SignedDuration::from_secs(30);

/// Checks credentials, clock and ledger; `rule` is only a label. `Err` has the lines for a warehouse that
/// does not answer, which ends the checks.
pub fn connection(
    warehouse: &dyn Warehouse,
    ledger: &dyn Ledger,
    rule: &Rule,
    clock: Clock,
) -> Result<Vec<Line>, Vec<Line>> {
    let mut lines = Lines::about(None);
    let before = clock.now();
    match probe(warehouse, rule, before) {
        Ok(answer) => {
            lines.good(Topic::Credentials, "a query was accepted and answered");
            compare(&mut lines, clock, before, answer.usage.started);
        }
        Err(error) => {
            lines.failed(Topic::Credentials, &error);
            return Err(lines.lines);
        }
    }
    match ledger.examine() {
        Ok(seen) => lines.good(Topic::Ledger, seen),
        Err(error) => lines.failed(Topic::Ledger, &error),
    }
    Ok(lines.lines)
}

fn compare(lines: &mut Lines, clock: Clock, before: Timestamp, theirs: Option<Timestamp>) {
    let Some(theirs) = theirs else {
        return lines.skipped(Topic::Clock, "the warehouse does not say when it runs a statement");
    };
    if let Clock::Fixed(now) = clock {
        return lines.skipped(Topic::Clock, format!("a rehearsal at {now}"));
    }
    // The statement began at some instant between the request and the response.
    let (behind, ahead) = (theirs.duration_since(clock.now()), before.duration_since(theirs));
    let (apart, which) = if ahead > behind { (ahead, "ahead of") } else { (behind, "behind") };
    if apart <= SKEW {
        return lines.good(Topic::Clock, "this machine's clock agrees with the warehouse's");
    }
    let apart = SignedDuration::from_secs(apart.as_secs());
    lines.bad(
        Topic::Clock,
        format!("this machine's clock is {apart:#} {which} the warehouse's"),
        "set the machine's clock: onerow computes the cutoff from it",
    );
}

/// The smallest possible statement.
fn probe(warehouse: &dyn Warehouse, rule: &Rule, now: Timestamp) -> Result<Answer> {
    let run = format!("doctor-{}-{:08x}", now.strftime("%Y%m%dT%H%M%SZ"), fastrand::u32(..));
    let day = Day::from(TimeZone::UTC.to_datetime(now).date());
    let sql = "SELECT 1 AS one\n".to_owned();
    let statement = Statement::new(StepName::parse("probe")?, Window::day(day), sql);
    let id = JobId::derive(&run, 0, &statement.step, day);
    let checked = check::run(rule, statement)?;
    warehouse.submit(&Job { id: &id, run: &run, rule: &rule.name }, &checked, &Params::none())
}
