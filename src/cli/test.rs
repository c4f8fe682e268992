//! `onerow test`

use std::path::{Path, PathBuf};

use super::common::ProjectArgs;
use super::{Effects, Outcome};
use crate::error::{Error, Kind, Result};
use crate::project::Project;
use crate::report::{self, Format};
use crate::run::parallel_map;
use crate::suite::{self, Case};

/// Run the project's tests of its SQL, on embedded warehouses in memory
#[derive(clap::Args)]
#[command(after_help = "\
The tests are the TOML files in the project's folder tests/; docs/tests.md says how they are written.

Examples:
  onerow test
  onerow test --filter tie
  onerow test --project-dir shop --junit report.xml")]
pub(super) struct Args {
    /// Only tests whose file or name holds this text
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// How results are written
    #[arg(long, value_enum, default_value_t, env = "ONEROW_FORMAT", hide_env_values = true)]
    format: Format,
    /// Write a JUnit report to this file, too
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    #[command(flatten)]
    project: ProjectArgs,
}

pub(super) fn run(args: &Args, effects: &Effects) -> Result<Outcome> {
    let project = args.project.open()?;
    let cases = cases(&project, args.filter.as_deref())?;
    let concurrency = std::thread::available_parallelism().map_or(1, usize::from);
    let results = parallel_map(concurrency, cases, |case| (suite::run(&project, &case), case));
    effects.print(&match args.format {
        Format::Json => report::json(&report::tests_json(&results)),
        Format::Csv => report::tests_csv(&results),
        _ => report::tests(effects.style(args.format), &results),
    })?;
    if let Some(path) = &args.junit {
        write(path, &report::junit(&results)?)?;
    }
    let failed = results.iter().filter(|(verdict, _)| verdict.is_err()).count();
    effects.say(&format!("{} passed, {failed} failed", results.len() - failed));
    Ok(if failed > 0 { Outcome::Failed } else { Outcome::Done })
}

/// All tests of the project, or those matching the filter. Errors: no tests.
fn cases(project: &Project, filter: Option<&str>) -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    for (path, text) in project.test_files()? {
        cases.extend(suite::read(
            &path.display().to_string(),
            &text,
            &project.file,
            &project.folder,
        )?);
    }
    let none = |message: String, help: &str| Err(Error::new(Kind::Usage, message).help(help));
    if cases.is_empty() {
        let folder = project.folder.join("tests");
        let message = format!("there are no tests in `{}`", folder.display());
        return none(message, "write some in a TOML file there; docs/tests.md has an example");
    }
    if let Some(filter) = filter {
        cases.retain(|case| case.name.contains(filter) || case.file.contains(filter));
        if cases.is_empty() {
            let message = format!("no test is named with `{}`", filter.escape_debug());
            return none(message, "`onerow test` lists all names");
        }
    }
    Ok(cases)
}

fn write(path: &Path, text: &str) -> Result<()> {
    std::fs::write(path, text)
        .map_err(|cause| Error::io(format!("cannot write `{}`", path.display()), cause))
}
