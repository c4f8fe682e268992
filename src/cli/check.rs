//! `onerow check`

use clap::ValueEnum;
use clap_complete::engine::ArgValueCompleter;

use super::common::Common;
use super::{Effects, Outcome, completions};
use crate::check::{Finding, Severity};
use crate::error::Result;
use crate::report::{self, Format, Style};
use crate::statement::StepName;

/// Parse and safety-check every statement of a plan
#[derive(clap::Args)]
#[command(after_help = "\
Without dates it checks the plan of yesterday. Exits 3 when a finding keeps a statement from
running; warnings alone exit 0, unless --strict is given. docs/checks.md lists the checks.

Examples:
  onerow check --all
  onerow check orders --format json
  onerow check --last 30 --step deactivate
  onerow check --all --strict --format github")]
pub(super) struct Args {
    #[command(flatten)]
    common: Common,
    /// How findings are written
    #[arg(long, value_enum, default_value_t, env = "ONEROW_FORMAT", hide_env_values = true)]
    format: CheckFormat,
    /// Only this step
    #[arg(long, value_name = "STEP", value_parser = StepName::parse, add = ArgValueCompleter::new(completions::steps))]
    step: Option<StepName>,
    /// Exit with 3 for warnings too
    #[arg(long)]
    strict: bool,
}

/// How findings are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum CheckFormat {
    /// For people.
    #[default]
    Table,
    /// For programs.
    Json,
    /// For a pull request or a chat.
    Markdown,
    /// For a spreadsheet.
    Csv,
    /// Annotations of GitHub Actions.
    Github,
    /// For code scanning: SARIF 2.1.0.
    Sarif,
}

pub(super) fn run(args: &Args, effects: &Effects) -> Result<Outcome> {
    let engine = args.common.engine(effects)?;
    let mut findings: Vec<Finding> = Vec::new();
    let (mut statements, mut allowed) = (0, 0);
    for rule in args.common.rules(engine.project())? {
        let window = args.common.window_or_last(1, rule, effects)?;
        let inspected = engine.check(rule, args.step.as_ref(), &window)?;
        statements += inspected.statements;
        allowed += inspected.allowed;
        findings.extend(inspected.findings);
    }
    effects.print(&text(args, &findings, effects))?;
    let allowed = if allowed > 0 { format!(", {allowed} allowed") } else { String::new() };
    let (errors, warnings) = count(&findings);
    let found = if findings.is_empty() {
        "no findings".to_owned()
    } else {
        format!(
            "{}, {}",
            report::count(errors as u64, "error"),
            report::count(warnings as u64, "warning")
        )
    };
    let statements = report::count(statements as u64, "statement");
    effects.say(&format!("{statements} checked, {found}{allowed}"));
    match errors > 0 || (args.strict && warnings > 0) {
        true => Ok(Outcome::Findings),
        false => Ok(Outcome::Done),
    }
}

fn count(findings: &[Finding]) -> (usize, usize) {
    let errors = findings.iter().filter(|f| f.code.severity() == Severity::Error).count();
    (errors, findings.len() - errors)
}

fn text(args: &Args, findings: &[Finding], effects: &Effects) -> String {
    let folder = &args.common.project.folder();
    let style = |format| -> Style { effects.style(format) };
    match args.format {
        CheckFormat::Table => report::findings(style(Format::Table), findings),
        CheckFormat::Markdown => report::findings(style(Format::Markdown), findings),
        CheckFormat::Csv => report::findings_csv(findings),
        CheckFormat::Json => report::json(&report::findings_json(findings)),
        CheckFormat::Github => report::github(findings, folder),
        CheckFormat::Sarif => report::sarif(findings, folder),
    }
}
