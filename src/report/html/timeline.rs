//! What a run did, statement by statement, on one axis of time.

use jiff::Timestamp;
use minijinja::{Value, context};

use super::links::statement_anchor;
use super::text::{bytes, cost, lasted};
use crate::ledger::{Detail, Entry, Outcome, latest};
use crate::report::Tariff;
use crate::report::entries::outcome;
use crate::run::PastRun;

/// The statements of a run, from its entries, oldest first; those of other runs are skipped.
pub(super) fn timeline(run: &PastRun, entries: &[Entry], tariff: Option<Tariff>) -> Vec<Value> {
    let of_run: Vec<Entry> = entries.iter().filter(|e| e.run == run.id).cloned().collect();
    let lines = latest(&of_run).into_iter().map(|last| {
        let first = of_run.iter().find(|entry| entry.sequence == last.sequence);
        let began = first.map_or(last.at, |first| first.at);
        let is_over = last.outcome != Outcome::Started;
        let ended = if is_over { last.at } else { run.ended };
        let (left, width) = place((began, ended), (run.began, run.ended));
        let is_wrong = matches!(last.outcome, Outcome::Failed { .. } | Outcome::Unknown { .. });
        context! {
            sequence => last.sequence,
            href => format!("#{}", statement_anchor(last)),
            step => last.step.as_str(),
            dates => last.window.to_string(),
            after => lasted(run.began, began),
            lasted => is_over.then(|| lasted(began, last.at)),
            rows => last.outcome.affected().filter(|_| !counts(last)),
            billed => last.usage.bytes_billed.map(bytes),
            cost => cost(last.usage.bytes_billed, tariff),
            state => outcome(last),
            code => last.outcome.error_kind().map(|kind| kind.code()),
            is_wrong,
            left,
            width,
        }
    });
    lines.collect()
}

/// Whether what it returned are counts and not rows.
fn counts(entry: &Entry) -> bool {
    matches!(entry.detail, Some(Detail::Counts { .. }))
}

/// Where a statement lies in its run, in percent: its left edge and its width, which can always be seen.
fn place(of: (Timestamp, Timestamp), run: (Timestamp, Timestamp)) -> (String, String) {
    let whole = run.1.duration_since(run.0).as_secs_f64();
    let share =
        |seconds: f64| if whole > 0.0 { (seconds / whole * 100.0).clamp(0.0, 100.0) } else { 0.0 };
    let left = share(of.0.duration_since(run.0).as_secs_f64()).min(99.0);
    let width = share(of.1.duration_since(of.0).as_secs_f64()).clamp(1.0, 100.0 - left);
    (format!("{left:.1}"), format!("{width:.1}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_lies_where_it_was_sent_and_a_short_one_can_be_seen() {
        let at = |second: i64| Timestamp::from_second(second).unwrap();
        let placed = |from, to| place((at(from), at(to)), (at(100), at(200)));
        let text = |left: &str, width: &str| (left.to_owned(), width.to_owned());
        assert_eq!(placed(100, 150), text("0.0", "50.0"));
        assert_eq!(placed(150, 200), text("50.0", "50.0"));
        assert_eq!(placed(150, 150), text("50.0", "1.0"));
        assert_eq!(placed(200, 200), text("99.0", "1.0"));
        assert_eq!(placed(90, 300), text("0.0", "100.0"), "a clock may be set back");
        assert_eq!(place((at(1), at(1)), (at(1), at(1))), text("0.0", "1.0"));
    }
}
