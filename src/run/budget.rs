//! What a plan would read, and whether it may.

use bytesize::ByteSize;
use jiff::Timestamp;

use super::cutoff::Cutoff;
use super::{Context, RunId, parallel_map, params};
use crate::check::Checked;
use crate::error::{Error, Kind, Result};
use crate::googlesql::SqlValue;
use crate::plan::Plan;
use crate::warehouse::{Estimate, Warehouse};

/// What each statement of the plan would cost, in its order. Changes nothing.
pub fn estimate<'p>(
    warehouse: &dyn Warehouse,
    now: Timestamp,
    plan: &'p Plan,
) -> Result<Vec<(&'p Checked, Estimate)>> {
    let params = params(Cutoff::At(now), RunId::new(now).as_str())
        .with("record_id", SqlValue::String("plan".to_owned()));
    let statements: Vec<&Checked> = plan.statements().collect();
    let estimates = parallel_map(warehouse.lanes().reads, statements, |statement| {
        let estimate = warehouse.estimate(statement, &params);
        estimate
            .map(|estimate| (statement, estimate))
            .map_err(|error| error.during(statement.statement().title()))
    });
    estimates.into_iter().collect()
}

/// Refuses a plan that would read more than the limit, before anything is sent: all of its
/// statements together, as if every date needed its UPDATE.
pub(super) fn refuse_above(limit: u64, context: &Context<'_>, plan: &Plan) -> Result<()> {
    let estimates = estimate(context.warehouse, context.clock.now(), plan)?;
    let total: Option<u64> = estimates.iter().map(|(_, estimate)| estimate.bytes).sum();
    let count = estimates.len();
    let (message, help) = match total {
        Some(total) if total <= limit => return Ok(()),
        Some(total) => (
            format!(
                "the plan would read up to {} in {count} statements, and `max_bytes_billed` is {}; nothing was sent",
                ByteSize(total),
                ByteSize(limit)
            ),
            "take fewer dates at a time, or raise `max_bytes_billed`; `onerow plan` shows what would really be sent",
        ),
        None => (
            "the warehouse does not say how much the plan would read, and `max_bytes_billed` is set; nothing was sent".to_owned(),
            "take `max_bytes_billed` out of the rule file if this warehouse makes no estimates",
        ),
    };
    Err(Error::new(Kind::Cost, message).help(help))
}
