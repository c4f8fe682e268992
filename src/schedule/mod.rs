//! Ready configuration for what starts a run every day: one template for each scheduler.
//!
//! Pure: a [`Schedule`] in, texts out. It names no time of day but its own.

mod deployment;
mod files;
mod quote;
mod time;

use std::time::Duration;

use clap::ValueEnum;

use crate::rule::{RuleName, Strategy, WarehouseName};

pub use deployment::{Email, Folder, Image, Program, Region, ServiceUrl};
pub use files::File;
pub use time::{At, offsets, skipped};

/// What starts the runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[allow(clippy::enum_variant_names, reason = "Cloud Scheduler is called so")]
pub(crate) enum Scheduler {
    /// A script that makes a Cloud Scheduler job which calls the HTTP service
    CloudScheduler,
    /// A Cloud Run job that runs the command
    CloudRunJob,
    /// An Airflow DAG file
    Airflow,
    /// A GitHub Actions workflow
    GithubActions,
    /// A line for a crontab
    Cron,
    /// A systemd service and its timer
    Systemd,
}

impl Scheduler {
    /// Its name on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CloudScheduler => "cloud-scheduler",
            Self::CloudRunJob => "cloud-run-job",
            Self::Airflow => "airflow",
            Self::GithubActions => "github-actions",
            Self::Cron => "cron",
            Self::Systemd => "systemd",
        }
    }
}

/// The dates of which a pass takes those that changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dates {
    /// All that the table has.
    All,
    /// So many, up to yesterday.
    Last(u32),
    /// The rule has no dates: it is about the whole table.
    Whole,
}

/// A daily pass over what was written since it was last found clean: late rows and backfills of old
/// dates are found on the next day.
#[derive(Debug, Clone)]
pub(crate) struct Schedule {
    /// The rule.
    pub rule: RuleName,
    /// What it does to superseded rows; a command that nobody watches needs leave to delete.
    pub strategy: Strategy,
    /// The warehouse, unless it is the rule file's default.
    pub warehouse: Option<WarehouseName>,
    /// The time zone of the time of day, and of 'yesterday', by its IANA name.
    pub time_zone: String,
    /// When the pass starts.
    pub at: At,
    /// Which dates it is about.
    pub dates: Dates,
    /// How long a run stays until buffered rows have settled.
    pub wait: Duration,
    /// Where the project's folder is on the machine that runs the command.
    pub folder: Option<Folder>,
    /// Further folders that the command writes to.
    pub writes: Vec<Folder>,
    /// The command.
    pub program: Program,
    /// The offsets from UTC that the time zone has in the course of a year, at that time of day.
    /// Only schedulers that know nothing but UTC need them.
    pub offsets: Vec<jiff::tz::Offset>,
    /// Where the HTTP service answers.
    pub service_url: Option<ServiceUrl>,
    /// The service account: who calls the service, or as whom the job runs.
    pub service_account: Option<Email>,
    /// The container image of the job.
    pub image: Option<Image>,
    /// Where the job is kept.
    pub region: Option<Region>,
}

/// The time after which a pass has ended: it waits for the streaming buffer, and has an hour for itself.
pub fn longest(wait: Duration) -> Duration {
    wait.saturating_add(Duration::from_secs(60 * 60))
}
