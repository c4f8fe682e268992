//! Arguments that commands share, and their evaluation.

use std::path::PathBuf;
use std::time::Duration;

use clap_complete::engine::ArgValueCompleter;
use jiff::Timestamp;

use super::global::GLOBAL_OPTIONS;
use super::{Effects, completions};
use crate::clock::Clock;
use crate::engine::{Engine, Settings, Task};
use crate::error::{Error, Kind, Result};
use crate::googlesql::parse_timestamp;
use crate::project::Project;
use crate::report::Format;
use crate::rule::{DatesPerStatement, Rule, VarArg};
use crate::run::Changed;
use crate::window::{DayArg, Window, WindowArg};

/// The default number of dates, up to yesterday, of a read-only command.
pub(super) const DATES: u32 = 14;

/// The project and the warehouse. They may stand before the command too, where clap hands them down to it.
#[derive(clap::Args)]
pub(super) struct ProjectArgs {
    /// The folder that holds onerow.toml [default: the nearest one, from here upward]
    #[arg(
        long,
        global = true,
        help_heading = GLOBAL_OPTIONS,
        value_name = "DIR",
        env = "ONEROW_PROJECT_DIR",
        hide_env_values = true
    )]
    pub project_dir: Option<PathBuf>,
    /// The warehouse, by its name in the rule file [default: `default_warehouse`]
    #[arg(
        long,
        global = true,
        help_heading = GLOBAL_OPTIONS,
        value_name = "NAME",
        env = "ONEROW_WAREHOUSE",
        hide_env_values = true,
        add = ArgValueCompleter::new(completions::warehouses)
    )]
    pub warehouse: Option<String>,
    // It has no variable: a forgotten one would move the dates of every run.
    /// Pretend that the current time is this (for testing), such as 2026-01-30T07:41:30Z
    #[arg(
        long,
        global = true,
        help_heading = GLOBAL_OPTIONS,
        value_name = "TIMESTAMP",
        value_parser = timestamp
    )]
    pub now: Option<Timestamp>,
}

/// The rule, the dates and the project.
#[derive(clap::Args)]
pub(super) struct Common {
    /// The rule; may be left out where there is only one
    #[arg(value_name = "RULE", add = ArgValueCompleter::new(completions::rules))]
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

/// Which of the dates.
#[derive(clap::Args, Default)]
pub(super) struct ChangedArgs {
    /// Of these dates, or of all that the table has, only those that were written since they were last found clean
    #[arg(long)]
    pub changed: bool,
}

/// How rows are removed.
#[derive(clap::Args, Default)]
pub(super) struct StatementArgs {
    /// How many dates share one statement that removes rows [default: the rule's `dates_per_statement`]
    #[arg(long, value_name = "N")]
    pub dates_per_statement: Option<DatesPerStatement>,
}

/// The dates.
#[derive(clap::Args)]
pub(super) struct DateArgs {
    /// A date: YYYY-MM-DD, TODAY or YESTERDAY in the rule's time zone, or NULL for rows without one; repeatable,
    /// or with commas between
    #[arg(long = "date", value_name = "D", value_parser = day, value_delimiter = ',', conflicts_with_all = ["from", "to", "last"])]
    dates: Vec<DayArg>,
    /// The first date of a range
    #[arg(long, value_name = "D", value_parser = day, conflicts_with = "last")]
    from: Option<DayArg>,
    /// The last date of a range, included [default: yesterday]
    #[arg(long, value_name = "D", value_parser = day, requires = "from", conflicts_with = "last")]
    to: Option<DayArg>,
    /// The N dates up to and including yesterday
    #[arg(long, value_name = "N")]
    last: Option<u32>,
}

impl DateArgs {
    /// The dates as given, or `None` if none were given.
    pub fn given(&self) -> Option<WindowArg> {
        match (self.from, self.to, self.last) {
            (Some(from), Some(to), _) => Some(WindowArg::Range(from, to)),
            (Some(from), None, _) => Some(WindowArg::Since(from)),
            (_, _, Some(count)) => Some(WindowArg::Last(count)),
            _ if self.dates.is_empty() => None,
            _ => Some(WindowArg::Dates(self.dates.clone())),
        }
    }
}

impl ProjectArgs {
    pub fn open(&self) -> Result<Project> {
        Project::open(&self.folder())
    }

    /// The folder with onerow.toml.
    pub fn folder(&self) -> PathBuf {
        Project::folder(self.project_dir.as_deref())
    }

    pub fn clock(&self, effects: &Effects) -> Clock {
        self.now.map_or(effects.clock, Clock::Fixed)
    }

    /// How long to wait. Errors: the clock stands still, so that the end of the wait would never come.
    pub fn wait(&self, wait: Option<Duration>) -> Result<Duration> {
        match (wait, self.now) {
            (Some(_), Some(_)) => Err(Error::new(
                Kind::Usage,
                "--wait cannot be used with --now: at a fixed time nothing settles",
            )
            .help("leave out one of the two options")),
            (wait, _) => Ok(wait.unwrap_or_default()),
        }
    }

    /// The project on the warehouse that the arguments or the rule file name, without variables of the
    /// command line.
    pub fn engine(&self, effects: &Effects) -> Result<Engine> {
        Ok(self.engine_for(self.open()?, Vec::new(), effects))
    }

    /// Opens the project for a command that sends statements: on a remote warehouse, Ctrl-C cancels them.
    pub fn connecting(&self, effects: &Effects) -> Result<Engine> {
        Ok(heeding(self.engine(effects)?, effects))
    }

    /// Like [`Self::connecting`], for a project that is already open.
    pub fn connecting_for(&self, project: Project, effects: &Effects) -> Engine {
        heeding(self.engine_for(project, Vec::new(), effects), effects)
    }

    fn engine_for(&self, project: Project, vars: Vec<VarArg>, effects: &Effects) -> Engine {
        let engine = Engine::open(
            project,
            Settings {
                warehouse: self.warehouse.clone(),
                vars,
                clock: self.clock(effects),
                interrupt: effects.interrupt.clone(),
            },
        );
        match effects.observer() {
            Some(observer) => engine.observed_by(observer),
            None => engine,
        }
    }
}

fn heeding(engine: Engine, effects: &Effects) -> Engine {
    if engine.is_remote() {
        effects.install_signal_handlers();
    }
    engine
}

const WAYS: &str = "--date YESTERDAY, --date 2026-01-28, --from A --to B, --from A";

impl Common {
    /// The rules of the command.
    ///
    /// # Errors
    /// There is no rule of that name, or there are several and none is named.
    pub fn rules<'p>(&self, project: &'p Project) -> Result<Vec<&'p Rule>> {
        let rules = &project.file.rules;
        match (&self.rule, rules.as_slice()) {
            (Some(name), _) => Ok(vec![project.file.rule(name)?]),
            (None, [only]) => Ok(vec![only]),
            (None, all) if self.all => Ok(all.iter().collect()),
            (None, _) => Err(project
                .file
                .several_rules(|names| format!("name one of {names}, or use --all"))),
        }
    }

    /// The dates for a rule; all rows if the rule has no dates.
    ///
    /// # Errors
    /// No dates were given, or dates were given for a single rule that has none.
    pub fn window(&self, rule: &Rule, effects: &Effects) -> Result<Window> {
        self.window_by(&format!("{WAYS}, or --last N"), rule, effects)
    }

    /// The dates for a rule, as by [`Self::window`]; the error names these ways to give them.
    fn window_by(&self, ways: &str, rule: &Rule, effects: &Effects) -> Result<Window> {
        if rule.partition.is_whole() {
            return self.whole(rule, !self.all);
        }
        let given = self
            .dates
            .given()
            .ok_or_else(|| Error::new(Kind::Dates, "no dates given").help(format!("use {ways}")))?;
        rule.window(&given, self.project.clock(effects).now())
    }

    /// The dates for a rule, as by [`Self::window`]; for a read-only command, the last ones by default.
    pub fn window_to_look(&self, rule: &Rule, effects: &Effects) -> Result<Window> {
        match self.dates.given().is_some() || rule.partition.is_whole() {
            true => self.window(rule, effects),
            false => self.window_or_last(DATES, rule, effects),
        }
    }

    /// The dates for a rule that were written since they were last found clean. Prints notes for the reader.
    pub fn changed(
        &self,
        engine: &Engine,
        rule: &Rule,
        task: &Task,
        effects: &Effects,
    ) -> Result<Changed> {
        let given = match self.dates.given() {
            Some(_) => Some(self.window(rule, effects)?),
            None => None,
        };
        let changed = engine.changed(rule, task, given.as_ref())?;
        changed.notes.iter().for_each(|note| effects.say(note));
        let dates = changed.window.as_ref().map_or(0, |window| window.days().len());
        let plural = |count: usize| if count == 1 { "date" } else { "dates" };
        effects.say(&format!(
            "{}: {dates} {} to check; {} {} unchanged since last found {}",
            rule.name,
            plural(dates),
            changed.unchanged,
            plural(changed.unchanged),
            if *task == Task::Consolidate { "merged" } else { "clean" },
        ));
        Ok(changed)
    }

    /// The dates for a task; a task that does not depend on dates needs none.
    pub fn window_of(&self, task: &Task, rule: &Rule, effects: &Effects) -> Result<Window> {
        match task {
            _ if !task.needs_dates(rule) => self.window_or_last(1, rule, effects),
            Task::Step(_) => self.window(rule, effects),
            Task::Apply | Task::Consolidate => {
                let ways = format!(
                    "{WAYS}, --last N, or --changed for those written since they were last found clean"
                );
                self.window_by(&ways, rule, effects)
            }
        }
    }

    /// The dates for a rule; by default the `last` ones up to yesterday.
    pub fn window_or_last(&self, last: u32, rule: &Rule, effects: &Effects) -> Result<Window> {
        if rule.partition.is_whole() {
            return self.whole(rule, self.rule.is_some());
        }
        let given = self.dates.given().unwrap_or(WindowArg::Last(last));
        rule.window(&given, self.project.clock(effects).now())
    }

    /// The window of a rule without dates. If the command has several rules, given dates apply to the others.
    fn whole(&self, rule: &Rule, alone: bool) -> Result<Window> {
        match alone && self.dates.given().is_some() {
            false => Ok(Window::whole()),
            true => Err(Error::new(
                Kind::Dates,
                format!("rule {} has no dates: it is about the whole table", rule.name),
            )
            .help("leave out the dates")),
        }
    }

    /// Opens the project on the warehouse of the arguments or the rule file.
    pub fn engine(&self, effects: &Effects) -> Result<Engine> {
        Ok(self.project.engine_for(self.project.open()?, self.vars.clone(), effects))
    }

    /// Opens the project for a command that sends statements: on a remote warehouse, Ctrl-C cancels them.
    pub fn connecting(&self, effects: &Effects) -> Result<Engine> {
        Ok(heeding(self.engine(effects)?, effects))
    }

    /// Like [`Self::connecting`], for a project that is already open.
    pub fn connecting_for(&self, project: Project, effects: &Effects) -> Engine {
        heeding(self.project.engine_for(project, self.vars.clone(), effects), effects)
    }
}

/// Errors: CSV is asked for, of a command that prints SQL.
pub(super) fn refuse_csv_of_sql(format: Format) -> Result<()> {
    match format {
        Format::Csv => Err(Error::new(Kind::Usage, "SQL cannot be written as CSV")
            .help("use --format table for the SQL alone, or --format json")),
        _ => Ok(()),
    }
}

/// A date, where words may be in any case.
fn day(text: &str) -> Result<DayArg> {
    let mut words = ["TODAY", "YESTERDAY", "NULL"].into_iter();
    words.find(|word| word.eq_ignore_ascii_case(text)).unwrap_or(text).parse()
}

fn timestamp(text: &str) -> Result<Timestamp> {
    parse_timestamp(text).ok_or_else(|| {
        Error::new(Kind::Usage, "not a timestamp").help("write it as 2026-01-30T07:41:30Z")
    })
}
