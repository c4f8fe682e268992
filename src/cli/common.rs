//! Arguments that commands share, and what follows from them.

use std::path::PathBuf;

use jiff::Timestamp;

use super::Effects;
use crate::clock::Clock;
use crate::connection::{Connection, connect};
use crate::error::{Error, Kind, Result};
use crate::googlesql::parse_timestamp;
use crate::project::Project;
use crate::rule::{Rule, Scope, VarArg, WarehouseType};
use crate::statement::StepName;
use crate::template::Renderer;
use crate::warehouse::sqlite::{Access, Sqlite};
use crate::window::{DayArg, Window, WindowArg};

/// The project and the warehouse.
#[derive(clap::Args)]
pub(super) struct ProjectArgs {
    /// The folder that holds onerow.toml
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub project_dir: PathBuf,
    /// The warehouse, by its name in the rule file [default: `default_warehouse`]
    #[arg(long, value_name = "NAME")]
    pub warehouse: Option<String>,
    /// Rehearse at another time, such as 2026-01-30T07:41:30Z
    #[arg(long, value_name = "TIMESTAMP", value_parser = timestamp)]
    pub now: Option<Timestamp>,
}

/// The rule, the dates and the project.
#[derive(clap::Args)]
pub(super) struct Common {
    /// The rule; may be left out where there is only one
    #[arg(value_name = "RULE")]
    pub rule: Option<String>,
    /// Every rule of the rule file
    #[arg(long, conflicts_with = "rule")]
    pub all: bool,
    #[command(flatten)]
    pub dates: DateArgs,
    /// Set a template variable, such as --var min_points=5
    #[arg(long = "var", value_name = "NAME=VALUE")]
    pub vars: Vec<VarArg>,
    #[command(flatten)]
    pub project: ProjectArgs,
}

/// The dates.
#[derive(clap::Args)]
pub(super) struct DateArgs {
    /// A date: YYYY-MM-DD, TODAY or YESTERDAY in the rule's time zone; repeatable
    #[arg(long = "date", value_name = "D", conflicts_with_all = ["from", "to", "last"])]
    dates: Vec<DayArg>,
    /// The first date of a range
    #[arg(long, value_name = "D", requires = "to", conflicts_with = "last")]
    from: Option<DayArg>,
    /// The last date of a range, included
    #[arg(long, value_name = "D", requires = "from", conflicts_with = "last")]
    to: Option<DayArg>,
    /// The N dates up to and including yesterday
    #[arg(long, value_name = "N")]
    last: Option<u32>,
}

impl DateArgs {
    /// The dates as given, or `None` where no date was given.
    pub fn given(&self) -> Option<WindowArg> {
        match (self.from, self.to, self.last) {
            (Some(from), Some(to), _) => Some(WindowArg::Range(from, to)),
            (_, _, Some(count)) => Some(WindowArg::Last(count)),
            _ if self.dates.is_empty() => None,
            _ => Some(WindowArg::Dates(self.dates.clone())),
        }
    }
}

impl ProjectArgs {
    pub fn open(&self) -> Result<Project> {
        Project::open(&self.project_dir)
    }

    pub fn clock(&self, effects: &Effects) -> Clock {
        self.now.map_or(effects.clock, Clock::Fixed)
    }

    /// The warehouse that the arguments or the rule file name, and its ledger.
    pub fn connect(
        &self,
        project: &Project,
        effects: &Effects,
        access: Access,
    ) -> Result<Connection> {
        let warehouse = project.file.warehouse(self.warehouse.as_deref())?;
        if matches!(warehouse.kind, WarehouseType::BigQuery(_)) {
            effects.heed_interrupts();
        }
        connect(warehouse, &project.folder, self.clock(effects), &effects.interrupt, access)
    }

    /// The embedded warehouse that the arguments or the rule file name, created if there is none.
    pub fn embedded(&self, project: &Project, effects: &Effects) -> Result<Sqlite> {
        let warehouse = project.file.warehouse(self.warehouse.as_deref())?;
        match &warehouse.kind {
            WarehouseType::Sqlite { path, drain } => Sqlite::open(
                &project.folder.join(path),
                Access::Create,
                self.clock(effects),
                *drain,
            ),
            WarehouseType::BigQuery(_) => Err(Error::new(
                Kind::Usage,
                format!("warehouse `{}` is of type bigquery", warehouse.name),
            )
            .help("`load` fills the embedded warehouse; for BigQuery there is `bq load`")),
        }
    }
}

impl Common {
    /// The rules that the command is about. Errors: none of that name; several, and none named.
    pub fn rules<'p>(&self, project: &'p Project) -> Result<Vec<&'p Rule>> {
        let rules = &project.file.rules;
        match (&self.rule, rules.as_slice()) {
            (Some(name), _) => Ok(vec![project.file.rule(name)?]),
            (None, [only]) => Ok(vec![only]),
            (None, all) if self.all => Ok(all.iter().collect()),
            (None, all) => {
                let names: Vec<&str> = all.iter().map(|rule| rule.name.as_str()).collect();
                Err(Error::new(Kind::Usage, "the rule file holds several rules")
                    .help(format!("name one of {}, or use --all", names.join(", "))))
            }
        }
    }

    /// The dates for a rule. Errors: none given.
    pub fn window(&self, rule: &Rule, effects: &Effects) -> Result<Window> {
        let given = self.dates.given().ok_or_else(|| {
            Error::new(Kind::Usage, "no dates given")
                .help("use --date YESTERDAY, --date 2026-01-28, --from A --to B, or --last N")
        })?;
        given.resolve(self.project.clock(effects).now(), &rule.time_zone)
    }

    /// The dates for these steps of a rule; steps that do not depend on dates need none.
    pub fn window_of(&self, steps: &[StepName], rule: &Rule, effects: &Effects) -> Result<Window> {
        match steps.iter().all(|step| rule.scope_of(step) == Scope::Table) {
            true => self.window_or_last(1, rule, effects),
            false => self.window(rule, effects),
        }
    }

    /// The dates for a rule, the `last` ones up to yesterday unless given.
    pub fn window_or_last(&self, last: u32, rule: &Rule, effects: &Effects) -> Result<Window> {
        let given = self.dates.given().unwrap_or(WindowArg::Last(last));
        given.resolve(self.project.clock(effects).now(), &rule.time_zone)
    }

    /// The templates of a rule, ready to render.
    pub fn renderer<'p>(&self, project: &'p Project, rule: &'p Rule) -> Result<Renderer<'p>> {
        let renderer = Renderer::new(rule, &project.templates, &self.vars)?;
        // Without a warehouse there is nothing that could run.
        Ok(match project.file.warehouse(self.project.warehouse.as_deref()) {
            Ok(warehouse) => renderer.with_removals(warehouse.removal_log()),
            Err(_) => renderer,
        })
    }
}

fn timestamp(text: &str) -> Result<Timestamp> {
    parse_timestamp(text).ok_or_else(|| {
        Error::new(Kind::Usage, "not a timestamp").help("write it as 2026-01-30T07:41:30Z")
    })
}
