//! Rendering a schedule as the files of a scheduler.

use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, UndefinedBehavior, Value, context};
use sha2::{Digest, Sha256};

use super::{Dates, Schedule, Scheduler, longest, quote};
use crate::error::{Error, Kind, Result};

/// A file of configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its name.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// The longest name of a Cloud Run job, less `onerow-` and `-daily`.
/// Source: <https://cloud.google.com/run/docs/create-jobs>
const LONGEST_SLUG: usize = 63 - 13;

/// The pause between two attempts, in seconds.
const HALF_AN_HOUR: u64 = 30 * 60;

impl Scheduler {
    fn template(self) -> &'static str {
        match self {
            Self::CloudScheduler => include_str!("templates/cloud-scheduler.sh"),
            Self::CloudRunJob => include_str!("templates/cloud-run-job.yaml"),
            Self::Airflow => include_str!("templates/airflow.py"),
            Self::GithubActions => include_str!("templates/github-actions.yml"),
            Self::Cron => include_str!("templates/cron.crontab"),
            Self::Systemd => include_str!("templates/systemd.service"),
        }
    }
}

impl Schedule {
    /// The files for a scheduler.
    ///
    /// # Errors
    /// A text cannot be represented in them.
    pub fn files(&self, scheduler: Scheduler) -> Result<Vec<File>> {
        let rule = &self.rule;
        let name = match scheduler {
            Scheduler::CloudScheduler => format!("onerow-{rule}.cloud-scheduler.sh"),
            Scheduler::CloudRunJob => format!("{}.job.yaml", self.job()),
            Scheduler::Airflow => format!("onerow_{rule}.py"),
            Scheduler::GithubActions => format!("onerow-{rule}.yml"),
            Scheduler::Cron => format!("onerow-{rule}.crontab"),
            Scheduler::Systemd => format!("onerow-{rule}-daily.service"),
        };
        let mut files = vec![File { name, text: self.render(scheduler.template())? }];
        if scheduler == Scheduler::Systemd {
            let text = self.render(include_str!("templates/systemd.timer"))?;
            files.push(File { name: format!("onerow-{rule}-daily.timer"), text });
        }
        Ok(files)
    }

    fn render(&self, template: &str) -> Result<String> {
        let failed = |cause: minijinja::Error| {
            Error::new(Kind::Usage, "the configuration cannot be written").caused_by(cause)
        };
        let environment = environment().map_err(failed)?;
        environment.render_str(template, self.context()).map_err(failed)
    }

    fn context(&self) -> Value {
        let budget = longest(self.wait).as_secs();
        context! {
            rule => self.rule.as_str(),
            zone => &self.time_zone,
            at => time(self.at),
            dates => self.what(),
            deletes => self.strategy.is_destructive(),
            apply => self.apply(),
            staying => self.staying(),
            wait => duration(self.wait),
            budget_seconds => budget,
            budget_minutes => budget.div_ceil(60),
            retries => self.wait.as_secs().div_ceil(HALF_AN_HOUR).max(1),
            attempts => (20 * 2 * HALF_AN_HOUR / budget.saturating_add(HALF_AN_HOUR)).clamp(1, 5),
            folder => self.folder.as_ref().map(ToString::to_string),
            writes => self.writes.iter().map(ToString::to_string).collect::<Vec<_>>(),
            program => self.program.to_string(),
            utc => self.utc(),
            job => self.job(),
            body => self.body(),
            service_url => self.service_url.as_ref().map(ToString::to_string),
            service_account => self.service_account.as_ref().map(ToString::to_string),
            image => self.image.as_ref().map(ToString::to_string),
            region => self.region.as_ref().map(ToString::to_string),
            version => env!("CARGO_PKG_VERSION"),
        }
    }

    /// The scope of the pass, for people.
    fn what(&self) -> String {
        match self.dates {
            Dates::All => "the dates that changed".to_owned(),
            Dates::Last(count) => format!("of the last {count} dates, those that changed"),
            Dates::Whole => "the table, if it changed".to_owned(),
        }
    }

    /// The arguments after the program's name, without `--wait`.
    fn apply(&self) -> Vec<String> {
        let mut words = vec!["apply".to_owned(), self.rule.to_string()];
        if let Some(warehouse) = &self.warehouse {
            words.extend(["--warehouse".to_owned(), warehouse.to_string()]);
        }
        if let Some(folder) = &self.folder {
            words.extend(["--project-dir".to_owned(), folder.to_string()]);
        }
        if let Dates::Last(count) = self.dates {
            words.extend(["--last".to_owned(), count.to_string()]);
        }
        words.push("--changed".to_owned());
        if self.strategy.is_destructive() {
            words.push("--yes".to_owned());
        }
        words
    }

    fn staying(&self) -> Vec<String> {
        match self.wait.is_zero() {
            true => Vec::new(),
            false => vec!["--wait".to_owned(), duration(self.wait)],
        }
    }

    /// A request to the service. It fails while rows are buffered, because Cloud Scheduler treats every
    /// response from 200 to 299 as success and would not retry.
    fn body(&self) -> String {
        let mut body = serde_json::Map::new();
        body.insert("rule".to_owned(), self.rule.as_str().into());
        if let Dates::Last(count) = self.dates {
            body.insert("last".to_owned(), count.into());
        }
        body.insert("changed".to_owned(), true.into());
        body.insert("fail_when_buffered".to_owned(), true.into());
        serde_json::Value::Object(body).to_string()
    }

    /// The time of the pass at each UTC offset of the zone.
    fn utc(&self) -> Vec<Value> {
        let each = self.offsets.iter().map(|offset| {
            let at = self.at.utc(*offset);
            context! {
                offset => numeric(*offset),
                cron => format!("{} {} * * *", at.minute(), at.hour()),
            }
        });
        each.collect()
    }

    /// The name of a Cloud Run job: lower case, digits and hyphens, unique per rule.
    fn job(&self) -> String {
        let name = self.rule.as_str();
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        let mut slug = name.to_ascii_lowercase().replace('_', "-");
        if !name.chars().all(plain) || name.ends_with('_') || slug.len() > LONGEST_SLUG {
            let hash = Sha256::digest(name.as_bytes());
            let hash: String = hash.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
            slug.truncate(LONGEST_SLUG - 9);
            slug = format!("{}-{hash}", slug.trim_end_matches('-'));
        }
        format!("onerow-{slug}-daily")
    }
}

/// Template values are delimited by guillemets: GitHub, Airflow and the shell use braces.
fn environment() -> std::result::Result<Environment<'static>, minijinja::Error> {
    let syntax = SyntaxConfig::builder()
        .variable_delimiters("«", "»")
        .trim_blocks(true)
        .lstrip_blocks(true)
        .keep_trailing_newline(true)
        .build()?;
    let mut environment = Environment::new();
    environment.set_syntax(syntax);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    quote::add_filters(&mut environment);
    Ok(environment)
}

fn time(at: super::At) -> Value {
    context! {
        text => at.to_string(),
        hour => at.hour(),
        minute => at.minute(),
        quarters => at.quarters(),
    }
}

/// `-0400`, as `date +%z` prints it.
fn numeric(offset: jiff::tz::Offset) -> String {
    let minutes = offset.seconds() / 60;
    let sign = if minutes < 0 { '-' } else { '+' };
    format!("{sign}{:02}{:02}", minutes.abs() / 60, minutes.abs() % 60)
}

/// `2h`, `1h30m`: what `--wait` reads.
fn duration(duration: std::time::Duration) -> String {
    let printer = jiff::fmt::friendly::SpanPrinter::new()
        .spacing(jiff::fmt::friendly::Spacing::None)
        .designator(jiff::fmt::friendly::Designator::Compact);
    printer.unsigned_duration_to_string(&duration)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::rule::{RuleName, Strategy};

    fn schedule(rule: &str) -> Schedule {
        Schedule {
            rule: RuleName::parse(rule).unwrap(),
            strategy: Strategy::Deactivate,
            warehouse: None,
            time_zone: "UTC".to_owned(),
            at: "10:30".parse().unwrap(),
            dates: Dates::All,
            wait: Duration::from_secs(2 * 60 * 60),
            folder: None,
            writes: Vec::new(),
            program: "onerow".parse().unwrap(),
            offsets: vec![jiff::tz::Offset::UTC],
            service_url: None,
            service_account: None,
            image: None,
            region: None,
        }
    }

    #[test]
    fn the_name_of_a_job_is_short_and_of_one_rule_only() {
        let long = "p".repeat(63);
        let rules = ["a_b", "a-b", "A_b", "a_b_", "a__b", &long, &long[..62], "a"];
        let names: Vec<String> = rules.iter().map(|rule| schedule(rule).job()).collect();
        assert_eq!(names[0], "onerow-a-b-daily");
        for (i, name) in names.iter().enumerate() {
            assert!(name.len() <= 63, "{name}");
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            assert!(name.chars().all(plain), "{name}");
            assert!(!names[..i].contains(name), "{name} stands for two rules");
        }
    }

    #[test]
    fn a_service_gives_up_before_the_next_day_however_long_it_waits() {
        for (hours, attempts) in [(0, 5), (2, 5), (4, 3), (18, 1), (23, 1)] {
            let wait = Duration::from_secs(hours * 3600);
            let files = Schedule { wait, ..schedule("a") }.files(Scheduler::Systemd).unwrap();
            let expected = format!("StartLimitBurst={attempts}\n");
            assert!(files[0].text.contains(&expected), "{hours}: {}", files[0].text);
        }
    }
}
