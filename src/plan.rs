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

/// The findings that prevent a plan, each with its fix.
pub type Findings = Vec<Finding>;

/// The result of checking the statements of some steps.
#[derive(Debug, Clone)]
pub struct Inspected {
    /// All findings that are not allowed, including warnings.
    pub findings: Findings,
    /// The number of findings that the templates allow.
    pub allowed: usize,
    /// The number of statements checked.
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
    /// The dates of the plan.
    pub window: Window,
    /// The steps, in the rule's order.
    pub steps: Vec<PlannedStep>,
    /// The state of the partitions of its dates before any query, if known.
    pub books: Books,
}

impl Plan {
    /// The statements that record and remove the duplicates of exactly these dates, if any.
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

    /// The plan without these dates, and without statements about only them.
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

/// Renders the statements of these steps, unchecked.
///
/// # Errors
/// A template does not render.
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

/// Checks the statements of these steps without keeping them, since there may be many dates.
///
/// # Errors
/// A template does not render.
pub fn inspect(renderer: &Renderer<'_>, steps: &[StepName], window: &Window) -> Result<Inspected> {
    examine(renderer, steps, window, |_, _| {})
}

/// Checks each statement; `keep` receives the position of its step, and the statement if it may run.
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
        // A finding of an UPDATE is a finding of its guard too.
        let fails = own.iter().any(|finding| finding.code.severity() == Severity::Error);
        all.findings.extend(own);
        all.findings.extend(of_guards.into_iter().filter(|_| !fails));
    }
    Ok(all)
}

/// The plan of these steps, or every finding that prevents it.
///
/// # Errors
/// A template does not render.
pub fn plan(
    renderer: &Renderer<'_>,
    steps: &[StepName],
    window: &Window,
) -> Result<Result<Plan, Findings>> {
    let step = |name: &StepName| PlannedStep { name: name.clone(), statements: Vec::new() };
    let mut planned: Vec<PlannedStep> = steps.iter().map(step).collect();
    let keep = |place: usize, checked| planned[place].statements.push(checked);
    let mut findings = examine(renderer, steps, window, keep)?.findings;
    // Findings about the rule do not prevent a query that decides nothing.
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

/// The plan, or its findings as an error: nothing runs unchecked.
///
/// # Errors
/// A template does not render, or a statement has findings.
pub fn make(renderer: &Renderer<'_>, steps: &[StepName], window: &Window) -> Result<Plan> {
    plan(renderer, steps, window)?.map_err(|findings| check::refusal(&findings))
}

/// The steps that `apply` runs, in order.
pub fn steps_of(renderer: &Renderer<'_>) -> Vec<StepName> {
    steps_of_rule(renderer.rule())
}

/// The steps that `apply` runs for a rule, in order.
pub(crate) fn steps_of_rule(rule: &Rule) -> Vec<StepName> {
    // Without staging tables there is nothing to merge.
    let steps = rule.steps.iter().filter(|s| rule.stages() || s.name != *StepName::CONSOLIDATE);
    steps.flat_map(|step| with_record(&step.name)).collect()
}

/// A step, preceded by the step that records what it removes.
pub(crate) fn with_record(step: &StepName) -> Vec<StepName> {
    let record = step.removes_duplicates().then(StepName::record);
    record.into_iter().chain([step.clone()]).collect()
}
