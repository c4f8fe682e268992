//! Configuration for schedulers that start a run every day: one template per scheduler.
//!
//! Pure: a [`Schedule`] in, texts out.

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

/// The dates among which a pass takes the changed ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dates {
    /// All dates of the table.
    All,
    /// This many dates, up to yesterday.
    Last(u32),
    /// The rule has no dates: the whole table.
    Whole,
}

/// A daily pass over dates written since they were last found clean: late rows and backfills of old dates are
/// found on the next day.
#[derive(Debug, Clone)]
pub(crate) struct Schedule {
    /// The rule.
    pub rule: RuleName,
    /// The rule's strategy; an unattended command that deletes needs `--yes`.
    pub strategy: Strategy,
    /// The warehouse, unless it is the rule file's default.
    pub warehouse: Option<WarehouseName>,
    /// The time zone of the start time and of 'yesterday', as an IANA name.
    pub time_zone: String,
    /// The start time.
    pub at: At,
    /// The dates of the pass.
    pub dates: Dates,
    /// How long a run waits until buffered rows have settled.
    pub wait: Duration,
    /// The project's folder on the machine that runs the command.
    pub folder: Option<Folder>,
    /// Further folders that the command writes to.
    pub writes: Vec<Folder>,
    /// The command.
    pub program: Program,
    /// The UTC offsets of the time zone during a year at the start time. Used only by schedulers that support
    /// only UTC.
    pub offsets: Vec<jiff::tz::Offset>,
    /// The URL of the HTTP service.
    pub service_url: Option<ServiceUrl>,
    /// The service account that calls the service, or runs the job.
    pub service_account: Option<Email>,
    /// The container image of the job.
    pub image: Option<Image>,
    /// The region of the job.
    pub region: Option<Region>,
}

/// The longest duration of a pass: the wait for the streaming buffer, and one hour.
pub fn longest(wait: Duration) -> Duration {
    wait.saturating_add(Duration::from_secs(60 * 60))
}
