//! Whether the numbers of an INT64 partition column are dates in the rule's format. If they are not, every
//! date seems empty.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Counts, checked, look_with};
use crate::check::Checked;
use crate::error::{Error, Kind, Result};
use crate::googlesql::{Ident, SqlValue};
use crate::rule::{Cut, Numbers, Rule};
use crate::statement::{Params, StepName};
use crate::template::Renderer;
use crate::warehouse::{Rows, Warehouse};
use crate::window::{Day, Window};

/// The date format of an INT64 partition column.
fn numbers(rule: &Rule) -> Option<Numbers> {
    match rule.partition.cut {
        Cut::Int64(numbers) => Some(numbers),
        _ => None,
    }
}

/// The statement that reads the lowest and the highest number, if no row was found on any date.
pub(super) fn doubtful(
    renderer: &Renderer<'_>,
    found: &BTreeMap<Day, Counts>,
) -> Result<Vec<Checked>> {
    let is_number = numbers(renderer.rule()).is_some();
    let is_empty = !found.is_empty() && found.values().all(|counts| counts.total == 0);
    match is_number && is_empty {
        true => {
            let days = Window::of_days(found.keys().copied().collect())?;
            checked(renderer, StepName::NUMBERS, &days)
        }
        false => Ok(Vec::new()),
    }
}

/// The lowest and the highest number of the partition column, in words; `None` if it is not INT64, or empty.
/// Errors: one of them is not a date in the rule's format.
pub(crate) fn range(
    renderer: &Renderer<'_>,
    warehouse: &dyn Warehouse,
    now: Timestamp,
    window: &Window,
) -> Result<Option<String>> {
    let rule = renderer.rule();
    let Some(numbers) = numbers(rule) else { return Ok(None) };
    let mut range = None;
    for statement in checked(renderer, StepName::NUMBERS, window)? {
        let answer = look_with(rule, warehouse, &statement, &Params::none(), now, "doctor")?;
        check(rule, &answer)?;
        if let Some([SqlValue::Int64(lowest), SqlValue::Int64(highest)]) =
            answer.rows.first().map(Vec::as_slice)
        {
            range = Some(format!("its numbers, {lowest} to {highest}, are {}", numbers.as_str()));
        }
    }
    Ok(range)
}

/// Errors: the lowest or the highest number is not a date in the rule's format.
pub(super) fn check(rule: &Rule, answer: &Rows) -> Result<()> {
    let Some(numbers) = numbers(rule) else { return Ok(()) };
    let wrong = answer.rows.iter().flatten().find_map(|value| match value {
        SqlValue::Int64(number) if numbers.date(*number).is_none() => Some(*number),
        _ => None,
    });
    match wrong {
        None => Ok(()),
        Some(number) => Err(Error::new(
            Kind::RuleFile,
            format!(
                "{} of {} holds {number}, which is not {}",
                rule.partition.column().map_or("", Ident::as_str),
                rule.table.dotted(),
                numbers.as_str()
            ),
        )
        .help(
            "say in the rule what the numbers are, with `partition_format`: yyyymmdd, yyyymmddhh, yyyymm, \
             yyyy or unix_days",
        )),
    }
}
