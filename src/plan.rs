//! The plan: the ordered, checked statements of a rule for a window. A pure function of rule,
//! templates, variables and window.

use crate::check::{self, Checked, Finding};
use crate::error::Result;
use crate::statement::{Statement, StepName};
use crate::template::Renderer;
use crate::window::Window;

/// What a plan could not be made from: findings, each of which says what to do.
pub type Findings = Vec<Finding>;

/// The statements of one step.
#[derive(Debug, Clone)]
pub struct PlannedStep {
    /// The step.
    pub name: StepName,
    /// Its statements: one, or one for each date.
    pub statements: Vec<Checked>,
}

/// The checked statements of a rule for a window, in the order in which they run.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The dates it is about.
    pub window: Window,
    /// The steps, in the rule's order.
    pub steps: Vec<PlannedStep>,
}

impl Plan {
    /// All statements, in order.
    pub fn statements(&self) -> impl Iterator<Item = &Checked> {
        self.steps.iter().flat_map(|step| &step.statements)
    }
}

/// The rendered statements of these steps, not yet checked. Errors: a template that does not render.
pub fn render(
    renderer: &Renderer<'_>,
    steps: &[StepName],
    window: &Window,
) -> Result<Vec<Statement>> {
    let mut statements = Vec::new();
    for step in steps {
        statements.extend(renderer.render(step, window)?);
    }
    Ok(statements)
}

/// The plan of these steps, or every finding that stands in its way. Errors: a template that does
/// not render.
pub fn plan(
    renderer: &Renderer<'_>,
    steps: &[StepName],
    window: &Window,
) -> Result<Result<Plan, Findings>> {
    let mut findings = check::rule(renderer.rule());
    let mut planned = Vec::new();
    for step in steps {
        let mut statements = Vec::new();
        for statement in renderer.render(step, window)? {
            match check::run(renderer.rule(), statement) {
                Ok(checked) => statements.push(checked),
                Err(found) => findings.extend(found),
            }
        }
        planned.push(PlannedStep { name: step.clone(), statements });
    }
    Ok(match findings.is_empty() {
        true => Ok(Plan { window: window.clone(), steps: planned }),
        false => Err(findings),
    })
}

/// The steps that `apply` runs, in order.
pub fn steps_of(renderer: &Renderer<'_>) -> Vec<StepName> {
    renderer.rule().steps.iter().map(|step| step.name.clone()).collect()
}
