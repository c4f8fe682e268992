//! `onerow schedule`

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap_complete::engine::ArgValueCompleter;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::common::ProjectArgs;
use super::{Effects, Outcome, apply, completions};
use crate::error::{Error, Kind, Result};
use crate::files;
use crate::project::Project;
use crate::rule::{Rule, Warehouse, WarehouseType};
use crate::schedule::{
    self, At, Dates, Email, File, Folder, Image, Program, Region, Schedule, Scheduler, ServiceUrl,
};
use crate::window::MAX_DAYS;

/// Print configuration that runs a rule every day on what changed
#[derive(clap::Args)]
#[command(after_help = "\
Each pass is `apply --changed`: it takes the dates that were written since they were last found clean,
so rows that arrive late and backfills of old dates too. The first pass takes every date. Rows that are
still buffered are waited for or tried again; what is left, the next day's pass takes along.

Examples:
  onerow schedule cron orders --warehouse prod
  onerow schedule systemd orders --at 06:15 --out units
  onerow schedule cloud-scheduler orders --service-url https://onerow.example")]
pub(super) struct Args {
    /// What starts the runs
    #[arg(value_enum, value_name = "KIND")]
    scheduler: Scheduler,
    /// The rule
    #[arg(value_name = "RULE", add = ArgValueCompleter::new(completions::rules))]
    rule: String,
    /// When the pass starts, in the rule's time zone
    #[arg(long, value_name = "HH:MM", default_value = "10:30")]
    at: At,
    /// Of the last N dates up to yesterday only, those that changed [default: of all dates; of the last
    /// 28 where each date is a table of its own]. Needed where the table is not partitioned by the
    /// rule's dates; leaves today out
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=MAX_DAYS as i64))]
    last: Option<u32>,
    /// How long a run stays until buffered rows have settled, such as 2h or 90m; for Airflow, how long
    /// it is retried
    #[arg(long, value_name = "DURATION", value_parser = apply::duration, default_value = "2h")]
    wait: Duration,
    /// The project's folder on the machine that runs the command [default: where it is here; in a
    /// Cloud Run job, where the image starts]
    #[arg(long, value_name = "DIR")]
    folder: Option<Folder>,
    /// The onerow on the machine that runs the command [default: onerow; /usr/local/bin/onerow for systemd]
    #[arg(long, value_name = "PATH")]
    program: Option<Program>,
    /// cloud-scheduler: where the service answers
    #[arg(long, value_name = "URL")]
    service_url: Option<ServiceUrl>,
    /// cloud-scheduler: who calls the service; cloud-run-job: as whom the job runs
    #[arg(long, value_name = "EMAIL")]
    service_account: Option<Email>,
    /// cloud-run-job: the container image
    #[arg(long, value_name = "IMAGE")]
    image: Option<Image>,
    /// cloud-scheduler, cloud-run-job: the region of the job
    #[arg(long, value_name = "REGION")]
    region: Option<Region>,
    /// Write the files to this folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(flatten)]
    project: ProjectArgs,
}

/// The time between the starts of two passes.
const A_DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The number of dates of a pass over date-sharded tables, where changed dates are unknown.
const LAST_TABLES: u32 = 28;

/// The longest job on a GitHub-hosted runner.
/// Source: <https://docs.github.com/en/actions/reference/limits>
const SIX_HOURS: Duration = Duration::from_secs(6 * 60 * 60);

pub(super) fn run(args: &Args, effects: &Effects) -> Result<Outcome> {
    args.refuse_what_does_not_go_with_the_kind()?;
    let project = args.project.open()?;
    let rule = project.file.rule(&args.rule)?;
    let warehouse = project.file.warehouse(args.project.warehouse.as_deref())?;
    let today = rule.time_zone.to_datetime(args.project.clock(effects).now()).date();
    let schedule = args.schedule(&project, rule, warehouse, today)?;
    let files = schedule.files(args.scheduler)?;
    match &args.out {
        Some(folder) => write(folder, &files, effects)?,
        None => effects.print(&together(&files))?,
    }
    args.warn(&schedule, &rule.time_zone, warehouse, today, effects);
    Ok(Outcome::Done)
}

impl Args {
    fn schedule(
        &self,
        project: &Project,
        rule: &Rule,
        warehouse: &Warehouse,
        today: Date,
    ) -> Result<Schedule> {
        let time_zone = rule.time_zone.iana_name().ok_or_else(|| {
            Error::new(Kind::RuleFile, format!("the time zone of rule `{}` has no name", rule.name))
                .help("set the rule's `time_zone` to a name such as `America/New_York`")
        })?;
        if schedule::longest(self.wait) > A_DAY {
            let message =
                "`--wait` is too long: the run of one day and that of the next would overlap";
            return Err(Error::new(Kind::Usage, message).help("wait for 23h at most"));
        }
        let folder = self.folder_there(&project.folder)?;
        Ok(Schedule {
            rule: rule.name.clone(),
            strategy: rule.strategy,
            warehouse: self.project.warehouse.as_ref().map(|_| warehouse.name.clone()),
            time_zone: time_zone.to_owned(),
            at: self.at,
            dates: self.dates(rule)?,
            wait: self.wait,
            writes: writes(folder.as_ref(), warehouse)?,
            folder,
            program: match (&self.program, self.scheduler) {
                (Some(program), _) => program.clone(),
                (None, Scheduler::Systemd) => "/usr/local/bin/onerow".parse()?,
                (None, _) => "onerow".parse()?,
            },
            offsets: schedule::offsets(&rule.time_zone, self.at, today),
            service_url: self.service_url.clone(),
            service_account: self.service_account.clone(),
            image: self.image.clone(),
            region: self.region.clone(),
        })
    }

    /// The dates among which a pass takes the changed ones. Errors: a number of dates for a rule without
    /// dates.
    fn dates(&self, rule: &Rule) -> Result<Dates> {
        match self.last {
            Some(_) if rule.partition.is_whole() => Err(Error::new(
                Kind::Dates,
                format!("rule {} has no dates: it is about the whole table", rule.name),
            )
            .help("leave --last out; a pass is about all rows of the table")),
            Some(count) => Ok(Dates::Last(count)),
            None if rule.partition.is_whole() => Ok(Dates::Whole),
            None if rule.partition.is_sharded() => Ok(Dates::Last(LAST_TABLES)),
            None => Ok(Dates::All),
        }
    }

    /// The project's folder on the machine that runs the command; `None` for its current folder.
    fn folder_there(&self, here: &Path) -> Result<Option<Folder>> {
        let absolute = || {
            let path = std::fs::canonicalize(here).map_err(|cause| {
                Error::io(format!("cannot find the folder `{}`", here.display()), cause)
            })?;
            path.display().to_string().parse::<Folder>()
        };
        let folder = match (self.scheduler, &self.folder) {
            // The image of deploy/Dockerfile starts in the project's folder.
            (Scheduler::CloudScheduler | Scheduler::CloudRunJob, None) => return Ok(None),
            (Scheduler::GithubActions, None) => here.display().to_string().parse()?,
            (_, None) => absolute()?,
            (_, Some(folder)) => folder.clone(),
        };
        let wanted = match self.scheduler {
            Scheduler::GithubActions if folder.is_absolute() => "relative to the repository's root",
            Scheduler::Cron | Scheduler::Systemd | Scheduler::Airflow if !folder.is_absolute() => {
                "absolute"
            }
            _ => return Ok(Some(folder).filter(|folder| !folder.is_here())),
        };
        let kind = self.scheduler.as_str();
        Err(Error::new(Kind::Usage, format!("for {kind} the folder `{folder}` must be {wanted}"))
            .help(
                "say where the project is on the machine that runs the command, with --folder DIR",
            ))
    }

    fn refuse_what_does_not_go_with_the_kind(&self) -> Result<()> {
        use Scheduler::{Airflow, CloudRunJob, CloudScheduler, Cron, GithubActions, Systemd};
        let cloud = &[CloudScheduler, CloudRunJob][..];
        let commands = &[CloudRunJob, Airflow, GithubActions, Cron, Systemd][..];
        let given: [(&str, bool, &[Scheduler]); 6] = [
            ("--folder", self.folder.is_some(), commands),
            ("--program", self.program.is_some(), &commands[1..]),
            ("--service-url", self.service_url.is_some(), &[CloudScheduler]),
            ("--service-account", self.service_account.is_some(), cloud),
            ("--image", self.image.is_some(), &[CloudRunJob]),
            ("--region", self.region.is_some(), cloud),
        ];
        match given.iter().find(|(_, given, kinds)| *given && !kinds.contains(&self.scheduler)) {
            None => Ok(()),
            Some((option, _, kinds)) => {
                let kinds: Vec<&str> = kinds.iter().map(|kind| kind.as_str()).collect();
                let message = format!("{option} does not go with {}", self.scheduler.as_str());
                Err(Error::new(Kind::Usage, message)
                    .help(format!("leave it out; it is for {}", kinds.join(", "))))
            }
        }
    }

    /// Prints warnings that the files cannot contain.
    fn warn(
        &self,
        schedule: &Schedule,
        zone: &TimeZone,
        warehouse: &Warehouse,
        today: Date,
        effects: &Effects,
    ) {
        let elsewhere = !matches!(self.scheduler, Scheduler::Cron | Scheduler::Systemd);
        if elsewhere && matches!(warehouse.kind, WarehouseType::Sqlite { .. }) {
            effects.say(&format!(
                "note: warehouse `{}` is embedded, a file on this machine; name another one with --warehouse",
                warehouse.name
            ));
        }
        if self.scheduler == Scheduler::GithubActions && schedule::longest(self.wait) > SIX_HOURS {
            effects.say(
                "note: GitHub ends a job after six hours; a shorter --wait leaves time for the run",
            );
        }
        if let Some(date) = schedule::skipped(zone, self.at, today) {
            effects.say(&format!(
                "note: clocks in {} skip {} on {date}, so there may be no pass on that day",
                schedule.time_zone, self.at
            ));
        }
    }
}

/// The folders that the command writes to: the project's, and the embedded warehouse's if different.
fn writes(folder: Option<&Folder>, warehouse: &Warehouse) -> Result<Vec<Folder>> {
    let Some(folder) = folder else { return Ok(Vec::new()) };
    let mut writes = vec![folder.clone()];
    if let WarehouseType::Sqlite { path, .. } = &warehouse.kind {
        let project = PathBuf::from(folder.to_string());
        let database = project.join(path);
        let beside = database.parent().unwrap_or(&project);
        if !beside.starts_with(&project) {
            writes.push(beside.display().to_string().parse()?);
        }
    }
    Ok(writes)
}

/// The files joined into one text, each under its name.
fn together(files: &[File]) -> String {
    match files {
        [only] => only.text.clone(),
        all => {
            let each = all.iter().map(|file| format!("# ==> {} <==\n{}", file.name, file.text));
            each.collect::<Vec<_>>().join("\n")
        }
    }
}

fn write(folder: &Path, files: &[File], effects: &Effects) -> Result<()> {
    let place = files::Folder::create(folder)?;
    for file in files {
        let name = Path::new(&file.name);
        place.write(name, &file.text)?;
        effects.say(&format!("wrote {}", place.path_of(name).display()));
    }
    Ok(())
}
