//! From a schedule to the files of a scheduler.

use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, UndefinedBehavior, Value, context};
use sha2::{Digest, Sha256};

use super::{Schedule, Scheduler, apart, quote};
use crate::error::{Error, Kind, Result};

/// A file of configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its name.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// The longest name of a Cloud Run job, less `onerow-` and `-weekly`.
/// Source: <https://cloud.google.com/run/docs/create-jobs>
const LONGEST_SLUG: usize = 63 - 14;

/// The pause between two attempts, in seconds.
const HALF_AN_HOUR: u64 = 30 * 60;

const DAILY: &str = "daily";
const WEEKLY: &str = "weekly";

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
    /// The files for a scheduler. Errors: a text that cannot be written there.
    pub fn files(&self, scheduler: Scheduler) -> Result<Vec<File>> {
        let rule = &self.rule;
        let one = |name: String| {
            let text = self.render(scheduler.template(), DAILY)?;
            Ok(vec![File { name, text }])
        };
        match scheduler {
            Scheduler::CloudScheduler => one(format!("onerow-{rule}.cloud-scheduler.sh")),
            Scheduler::Airflow => one(format!("onerow_{rule}.py")),
            Scheduler::GithubActions => one(format!("onerow-{rule}.yml")),
            Scheduler::Cron => one(format!("onerow-{rule}.crontab")),
            Scheduler::CloudRunJob => [DAILY, WEEKLY]
                .map(|pass| {
                    let name = format!("{}.job.yaml", self.job(pass));
                    Ok(File { name, text: self.render(scheduler.template(), pass)? })
                })
                .into_iter()
                .collect(),
            Scheduler::Systemd => {
                let timer = include_str!("templates/systemd.timer");
                let kinds = [("service", scheduler.template()), ("timer", timer)];
                let each = [DAILY, WEEKLY].into_iter().flat_map(|pass| {
                    kinds.map(|(kind, template)| {
                        let name = format!("onerow-{rule}-{pass}.{kind}");
                        Ok(File { name, text: self.render(template, pass)? })
                    })
                });
                each.collect()
            }
        }
    }

    fn render(&self, template: &str, pass: &str) -> Result<String> {
        let failed = |cause: minijinja::Error| {
            Error::new(Kind::Usage, "the configuration cannot be written").caused_by(cause)
        };
        let environment = environment().map_err(failed)?;
        environment.render_str(template, self.context(pass)).map_err(failed)
    }

    fn context(&self, pass: &str) -> Value {
        let budget = apart(self.wait).as_secs();
        context! {
            rule => self.rule.as_str(),
            warehouse => self.warehouse.as_ref().map(|name| name.as_str()),
            zone => &self.time_zone,
            pass,
            weekly => pass == WEEKLY,
            daily_at => time(self.daily),
            weekly_at => time(self.weekly),
            day => context! {
                name => self.weekly_on.name(),
                short => self.weekly_on.short(),
                iso => self.weekly_on.iso(),
                cron => self.weekly_on.cron(),
            },
            last => self.weekly_last,
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
            job => self.job(pass),
            daily_body => self.body(&[("game_date", "YESTERDAY".into())]),
            weekly_body => self.body(&[("last", self.weekly_last.into())]),
            service_url => self.service_url.as_ref().map(ToString::to_string),
            service_account => self.service_account.as_ref().map(ToString::to_string),
            image => self.image.as_ref().map(ToString::to_string),
            region => self.region.as_ref().map(ToString::to_string),
            version => env!("CARGO_PKG_VERSION"),
        }
    }

    /// What follows the program's name, but for the dates and how long to stay.
    fn apply(&self) -> Vec<String> {
        let mut words = vec!["apply".to_owned(), self.rule.to_string()];
        if let Some(warehouse) = &self.warehouse {
            words.extend(["--warehouse".to_owned(), warehouse.to_string()]);
        }
        if let Some(folder) = &self.folder {
            words.extend(["--project-dir".to_owned(), folder.to_string()]);
        }
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

    /// A request to the service. It fails while rows are buffered: Cloud Scheduler takes every
    /// answer from 200 to 299 for success, and would not come back.
    fn body(&self, dates: &[(&str, serde_json::Value)]) -> String {
        let mut body = serde_json::Map::new();
        body.insert("rule".to_owned(), self.rule.as_str().into());
        body.extend(dates.iter().map(|(key, value)| ((*key).to_owned(), value.clone())));
        body.insert("fail_when_buffered".to_owned(), true.into());
        serde_json::Value::Object(body).to_string()
    }

    /// The two passes at each offset that the zone can have.
    fn utc(&self) -> Vec<Value> {
        let each = self.offsets.iter().map(|offset| {
            let (daily, weekly) = (self.daily.utc(*offset), self.weekly.utc(*offset));
            context! {
                offset => numeric(*offset),
                daily_cron => format!("{} {} * * *", daily.at.minute(), daily.at.hour()),
                weekly_cron => format!(
                    "{} {} * * {}",
                    weekly.at.minute(),
                    weekly.at.hour(),
                    self.weekly_on.cron_after(weekly.days)
                ),
            }
        });
        each.collect()
    }

    /// The name of a Cloud Run job: lower case, digits and hyphens, and another one for each rule.
    fn job(&self, pass: &str) -> String {
        let name = self.rule.as_str();
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        let mut slug = name.to_ascii_lowercase().replace('_', "-");
        if !name.chars().all(plain) || name.ends_with('_') || slug.len() > LONGEST_SLUG {
            let hash = Sha256::digest(name.as_bytes());
            let hash: String = hash.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
            slug.truncate(LONGEST_SLUG - 9);
            slug = format!("{}-{hash}", slug.trim_end_matches('-'));
        }
        format!("onerow-{slug}-{pass}")
    }
}

/// Values stand in guillemets: braces are GitHub's, Airflow's and the shell's.
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
    use crate::schedule::Weekday;

    fn schedule(rule: &str) -> Schedule {
        Schedule {
            rule: RuleName::parse(rule).unwrap(),
            strategy: Strategy::Deactivate,
            warehouse: None,
            time_zone: "UTC".to_owned(),
            daily: "10:30".parse().unwrap(),
            weekly_on: Weekday::Sunday,
            weekly: "13:30".parse().unwrap(),
            weekly_last: 28,
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
        let names: Vec<String> = rules.iter().map(|rule| schedule(rule).job(WEEKLY)).collect();
        assert_eq!(names[0], "onerow-a-b-weekly");
        for (i, name) in names.iter().enumerate() {
            assert!(name.len() <= 63, "{name}");
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            assert!(name.chars().all(plain), "{name}");
            assert!(!names[..i].contains(name), "{name} stands for two rules");
        }
    }

    #[test]
    fn a_service_gives_up_before_the_next_day_however_long_it_waits() {
        for (hours, attempts) in [(0, 5), (2, 5), (4, 3), (18, 1), (40, 1)] {
            let wait = Duration::from_secs(hours * 3600);
            let files = Schedule { wait, ..schedule("a") }.files(Scheduler::Systemd).unwrap();
            let expected = format!("StartLimitBurst={attempts}\n");
            assert!(files[0].text.contains(&expected), "{hours}: {}", files[0].text);
        }
    }
}
