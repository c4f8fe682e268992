//! The plan: the ordered, checked statements of a rule for a window. A pure function of rule,
//! templates, variables and window.

use crate::check::{self, Checked, Finding, Severity};
use crate::error::Result;
use crate::partitions::Books;
use crate::rule::Rule;
use crate::statement::{Statement, StepName};
use crate::step::Step;
use crate::template::Renderer;
use crate::window::{Day, Window};

/// What a plan could not be made from: findings, each of which says what to do.
pub type Findings = Vec<Finding>;

/// What a look at the statements of some steps gave.
#[derive(Debug, Clone)]
pub struct Inspected {
    /// Everything that was found and not allowed, warnings too.
    pub findings: Findings,
    /// How many findings the templates allow.
    pub allowed: usize,
    /// How many statements were looked at.
    pub statements: usize,
}

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
    /// How the partitions of its dates stood before anything was asked, where that was looked up.
    pub books: Books,
}

impl Plan {
    /// The statements that record and remove the duplicates of exactly these dates, where it has them.
    pub(crate) fn removal_of(&self, window: &Window) -> Option<(&Checked, &Checked)> {
        let of_window = |is: &dyn Fn(&StepName) -> bool| {
            self.statements().find(|checked| {
                let statement = checked.statement();
                is(&statement.step) && statement.window == *window
            })
        };
        let record = of_window(&|step| *step == *StepName::RECORD)?;
        Some((record, of_window(&StepName::removes_duplicates)?))
    }

    /// The same without these dates, and without the statements that are about one of them alone.
    #[must_use]
    pub(crate) fn without(&self, days: &[Day]) -> Self {
        let is_left = |checked: &&Checked| {
            !checked.statement().window.days().iter().all(|day| days.contains(day))
        };
        let steps = self.steps.iter().map(|step| PlannedStep {
            name: step.name.clone(),
            statements: step.statements.iter().filter(is_left).cloned().collect(),
        });
        let left = self.window.days().iter().filter(|day| !days.contains(day)).copied().collect();
        let window = Window::of_days(left).unwrap_or_else(|_| self.window.clone());
        Self { window, steps: steps.collect(), books: self.books.clone() }
    }

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

/// What the checks say of these steps, and nothing more: of many dates, the statements are not kept.
/// Errors: a template that does not render.
pub fn inspect(renderer: &Renderer<'_>, steps: &[StepName], window: &Window) -> Result<Inspected> {
    examine(renderer, steps, window, |_, _| {})
}

/// Checks each statement; `keep` gets the place of its step and those that may run.
fn examine(
    renderer: &Renderer<'_>,
    steps: &[StepName],
    window: &Window,
    mut keep: impl FnMut(usize, Checked),
) -> Result<Inspected> {
    let findings = check::rule(renderer.rule());
    let mut all = Inspected { findings, allowed: 0, statements: 0 };
    for (place, step) in steps.iter().enumerate() {
        let (mut own, mut of_guards) = (Vec::new(), Vec::new());
        for statement in renderer.render(step, window)? {
            let guards = statement.guards.is_some();
            let inspected = check::inspect(renderer.rule(), statement);
            all.allowed += inspected.allowed;
            all.statements += 1;
            let findings = if guards { &mut of_guards } else { &mut own };
            findings.extend(inspected.findings.into_iter().map(|finding| Finding {
                origin: renderer.origin(step, finding.place.line_text()),
                ..finding
            }));
            if let Some(checked) = inspected.checked {
                keep(place, checked);
            }
        }
        // What is wrong with an UPDATE is wrong in what guards it too.
        let fails = own.iter().any(|finding| finding.code.severity() == Severity::Error);
        all.findings.extend(own);
        all.findings.extend(of_guards.into_iter().filter(|_| !fails));
    }
    Ok(all)
}

/// The plan of these steps, or every finding that stands in its way. Errors: a template that does
/// not render.
pub fn plan(
    renderer: &Renderer<'_>,
    steps: &[StepName],
    window: &Window,
) -> Result<Result<Plan, Findings>> {
    let step = |name: &StepName| PlannedStep { name: name.clone(), statements: Vec::new() };
    let mut planned: Vec<PlannedStep> = steps.iter().map(step).collect();
    let keep = |place: usize, checked| planned[place].statements.push(checked);
    let mut findings = examine(renderer, steps, window, keep)?.findings;
    // What is wrong with the rule does not stand in the way of a query that decides nothing.
    let decides = |step: &PlannedStep| {
        step.name.step() != Step::Custom || step.statements.iter().any(Checked::mutates)
    };
    let decides_nothing = !planned.iter().any(decides);
    findings.retain(|finding| {
        finding.code.severity() == Severity::Error
            && !(decides_nothing && finding.code.is_about_rule())
    });
    Ok(match findings.is_empty() {
        true => Ok(Plan { window: window.clone(), steps: planned, books: Books::default() }),
        false => Err(findings),
    })
}

/// The plan, or its findings as an error: nothing runs that was not checked.
pub fn make(renderer: &Renderer<'_>, steps: &[StepName], window: &Window) -> Result<Plan> {
    plan(renderer, steps, window)?.map_err(|findings| check::refusal(&findings))
}

/// The steps that `apply` runs, in order.
pub fn steps_of(renderer: &Renderer<'_>) -> Vec<StepName> {
    steps_of_rule(renderer.rule())
}

/// The steps that `apply` runs for a rule, in order.
pub(crate) fn steps_of_rule(rule: &Rule) -> Vec<StepName> {
    // Where no staging table is left, there is nothing to merge.
    let steps = rule.steps.iter().filter(|s| rule.stages() || s.name != *StepName::CONSOLIDATE);
    steps.flat_map(|step| with_record(&step.name)).collect()
}

/// A step, after the one that records what it removes.
pub(crate) fn with_record(step: &StepName) -> Vec<StepName> {
    let record = step.removes_duplicates().then(StepName::record);
    record.into_iter().chain([step.clone()]).collect()
}
