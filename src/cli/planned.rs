//! The plans of a command. All are made before anything is sent, so that a mistake in the last rule stops the first.

use super::consent;
use crate::engine::{Engine, Plan, Task};
use crate::error::Result;
use crate::googlesql::TableName;
use crate::partitions::Books;
use crate::rule::Rule;
use crate::window::Window;

/// The most statements that are held for later. A plan beyond them is made again when it is its turn, so that memory
/// does not grow with the number of rules.
const MOST_HELD: usize = 500;

/// What a plan is made from.
pub(super) struct PlanOf<'e> {
    /// Its position in the command.
    pub index: usize,
    pub rule: &'e Rule,
    pub window: Window,
    /// The state of its partitions, if it was read.
    pub books: Books,
}

impl<'e> PlanOf<'e> {
    fn make(&self, engine: &'e Engine, task: &Task) -> Result<Plan<'e>> {
        engine.plan_with(self.rule, task, &self.window, &self.books)
    }
}

/// A plan that was made, and is perhaps held.
pub(super) struct Planned<'e> {
    of: PlanOf<'e>,
    held: Option<Plan<'e>>,
}

impl<'e> Planned<'e> {
    /// The table that it changes.
    pub fn table(&self) -> &'e TableName {
        &self.of.rule.table
    }

    /// The plan, and what it was made from. Errors: none that making it the first time did not have.
    pub fn plan(self, engine: &'e Engine, task: &Task) -> (PlanOf<'e>, Result<Plan<'e>>) {
        let plan = match self.held {
            Some(plan) => Ok(plan),
            None => self.of.make(engine, task),
        };
        (self.of, plan)
    }
}

/// The plans of a command, and what they delete for good, in words.
pub(super) struct Plans<'e> {
    pub plans: Vec<Planned<'e>>,
    pub deletes: Vec<String>,
}

impl<'e> Plans<'e> {
    /// Makes each plan. Errors: one of them cannot be made.
    pub fn make(
        engine: &'e Engine,
        task: &Task,
        all: impl Iterator<Item = Result<PlanOf<'e>>>,
    ) -> Result<Self> {
        let (mut plans, mut deletes, mut held) = (Vec::new(), Vec::new(), 0);
        for of in all {
            let of = of?;
            let plan = of.make(engine, task)?;
            deletes.extend(consent::deletes(&plan));
            let statements = plan.statements().count();
            let is_held = is_held(held, statements);
            held += if is_held { statements } else { 0 };
            plans.push(Planned { of, held: is_held.then_some(plan) });
        }
        Ok(Self { plans, deletes })
    }
}

/// Whether a plan of so many statements is held besides those that are held already. The first is, however long it
/// is: a rule by itself is planned once.
fn is_held(held: usize, statements: usize) -> bool {
    held == 0 || held + statements <= MOST_HELD
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_plan_is_held_and_further_ones_up_to_the_limit() {
        assert!(is_held(0, 20_000));
        assert!(!is_held(20_000, 1));
        assert!(is_held(490, 10) && !is_held(490, 11));
    }
}
