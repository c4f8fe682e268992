//! What sort of run it was, by what it sent.

use super::PastRun;
use crate::statement::StepName;

/// The sort of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunKind {
    /// `apply`: it counted, and removed duplicates or verified.
    Apply,
    /// `undo`: it restored what another run removed.
    Undo,
    /// `consolidate`: it merged staging tables.
    Consolidate,
    /// It only counted: an `apply` that found nothing to remove, or `run detect`.
    Detect,
    /// A step by itself, as `run` sends it.
    Step,
}

impl RunKind {
    /// The kind as a word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Apply => "apply",
            Self::Undo => "undo",
            Self::Consolidate => "consolidate",
            Self::Detect => "detect",
            Self::Step => "step",
        }
    }

    /// What that means, in a sentence.
    pub fn means(self) -> &'static str {
        match self {
            Self::Apply => "It counted its dates, removed duplicates and verified the result.",
            Self::Undo => "It restored rows that another run had removed.",
            Self::Consolidate => "It merged staging tables.",
            Self::Detect => "It counted its dates and removed nothing.",
            Self::Step => "It sent a step by itself.",
        }
    }
}

impl PastRun {
    /// What sort of run it was. A run that has sent nothing yet is taken for an `apply`.
    pub fn kind(&self) -> RunKind {
        let has = |name: &str| self.steps.iter().any(|step| step.as_str() == name);
        let counts = has(StepName::DETECT) || has(StepName::VERIFY);
        let only_counts = self.steps.iter().all(|step| step.as_str() == StepName::DETECT);
        match () {
            () if self.undoes.is_some() || has(StepName::UNDO) => RunKind::Undo,
            () if self.steps.is_empty() => RunKind::Apply,
            () if only_counts => RunKind::Detect,
            () if counts => RunKind::Apply,
            () if has(StepName::CONSOLIDATE) || has(StepName::STAGED) => RunKind::Consolidate,
            () => RunKind::Step,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::fixed::{statements, undoing};
    use crate::ledger::{Outcome, RunId};
    use crate::run::history;

    fn kind(steps: &[&'static str]) -> &'static str {
        let sent = steps.iter().map(|step| {
            let detail = (*step == "undo").then(|| undoing("r0", 1)).flatten();
            (*step, Outcome::done(1), detail)
        });
        let entries = statements("r1", &sent.collect::<Vec<_>>());
        history(&entries).remove(0).kind().as_str()
    }

    #[test]
    fn a_run_is_what_it_sent() {
        for (steps, wanted) in [
            (&["detect"][..], "detect"),
            (&["detect", "record", "deactivate", "verify"], "apply"),
            (&["own", "detect"], "apply"),
            (&["detect", "record"], "apply"),
            (&["staged", "consolidate", "detect"], "apply"),
            (&["staged", "consolidate", "drop_staging"], "consolidate"),
            (&["staged"], "consolidate"),
            (&["detect", "undo", "verify"], "undo"),
            (&["record", "deactivate"], "step"),
            (&["own"], "step"),
        ] {
            assert_eq!(kind(steps), wanted, "{steps:?}");
        }
    }

    #[test]
    fn a_run_that_has_sent_nothing_is_an_apply_or_the_undo_that_it_was_begun_as() {
        let entries = statements("r1", &[("detect", Outcome::done(1), None)]);
        let mut run = history(&entries).remove(0);
        run.steps.clear();
        assert_eq!(run.kind(), RunKind::Apply);
        run.undoes = Some(RunId::parse("r0").unwrap());
        assert_eq!(run.kind(), RunKind::Undo);
    }
}
