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
pub use time::{At, Weekday, offsets, skipped};

/// What starts the runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[allow(clippy::enum_variant_names, reason = "Cloud Scheduler is called so")]
pub(crate) enum Scheduler {
    /// A script that makes Cloud Scheduler jobs which call the HTTP service
    CloudScheduler,
    /// Cloud Run jobs that run the command
    CloudRunJob,
    /// An Airflow DAG file
    Airflow,
    /// A GitHub Actions workflow
    GithubActions,
    /// Lines for a crontab
    Cron,
    /// systemd services and timers
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

/// A daily pass over yesterday and a weekly one over the last weeks, since rows that arrive late
/// and backfills put duplicates on dates that were clean.
#[derive(Debug, Clone)]
pub(crate) struct Schedule {
    /// The rule.
    pub rule: RuleName,
    /// What it does to superseded rows; a command that nobody watches needs leave to delete.
    pub strategy: Strategy,
    /// The warehouse, unless it is the rule file's default.
    pub warehouse: Option<WarehouseName>,
    /// The time zone of the two times of day, and of 'yesterday', by its IANA name.
    pub time_zone: String,
    /// When the daily pass starts.
    pub daily: At,
    /// On which day the weekly pass starts.
    pub weekly_on: Weekday,
    /// When the weekly pass starts.
    pub weekly: At,
    /// How many dates the weekly pass covers, up to yesterday.
    pub weekly_last: u32,
    /// How long a run stays until buffered rows have settled.
    pub wait: Duration,
    /// Where the project's folder is on the machine that runs the command.
    pub folder: Option<Folder>,
    /// Further folders that the command writes to.
    pub writes: Vec<Folder>,
    /// The command.
    pub program: Program,
    /// The offsets from UTC that the time zone has in the course of a year, at the two times of
    /// day. Only schedulers that know nothing but UTC need them.
    pub offsets: Vec<jiff::tz::Offset>,
    /// Where the HTTP service answers.
    pub service_url: Option<ServiceUrl>,
    /// The service account: who calls the service, or as whom the job runs.
    pub service_account: Option<Email>,
    /// The container image of the job.
    pub image: Option<Image>,
    /// Where jobs are kept.
    pub region: Option<Region>,
}

/// The time between the starts of the two passes of one day: the first has ended by then.
pub fn apart(wait: Duration) -> Duration {
    wait.saturating_add(Duration::from_secs(60 * 60))
}
