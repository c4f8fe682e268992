//! Metrics for Prometheus.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use prometheus::{
    Encoder, GaugeVec, HistogramOpts, HistogramVec, IntCounterVec, Opts, Registry, TextEncoder,
};

use crate::error::{Error, Kind, Result};
use crate::ledger::{Entry, Outcome};
use crate::rule::RuleName;
use crate::run::{DayFigures, Ending, Known, PastOutcome, PastRun, Report, Status};

/// The service's metrics since its start.
pub(super) struct Metrics {
    registry: Registry,
    runs: IntCounterVec,
    statements: IntCounterVec,
    found: IntCounterVec,
    deactivated: IntCounterVec,
    bytes: IntCounterVec,
    seconds: HistogramVec,
    last_success: GaugeVec,
    empty_dates: GaugeVec,
    keyless: GaugeVec,
    undated: GaugeVec,
    requests: IntCounterVec,
    /// The last 30 days by rule, from the ledger, whichever process ran them.
    ledger: Vec<(GaugeVec, Figure)>,
}

/// One of the figures of a rule.
type Figure = fn(&DayFigures) -> u64;

/// The metrics of the ledger: name, help, and figure.
const LEDGER: [(&str, &str, Figure); 7] = [
    ("onerow_ledger_runs", "Runs of the last 30 days.", |of| of.runs),
    ("onerow_ledger_failed_runs", "Runs of the last 30 days that failed.", |of| of.failed),
    (
        "onerow_ledger_duplicates_found",
        "Duplicate rows that runs of the last 30 days found.",
        |of| of.found,
    ),
    ("onerow_ledger_rows_removed", "Rows that runs of the last 30 days removed.", |of| of.removed),
    ("onerow_ledger_rows_restored", "Rows that undos of the last 30 days restored.", |of| {
        of.restored
    }),
    (
        "onerow_ledger_buffered_seconds",
        "Seconds of the last 30 days during which duplicates waited in the streaming buffer.",
        |of| of.buffered_seconds,
    ),
    ("onerow_ledger_bytes_billed", "Bytes billed for runs of the last 30 days.", |of| {
        of.bytes_billed.unwrap_or(0)
    }),
];

impl Metrics {
    pub fn new() -> Result<Self> {
        Self::registered().map_err(|cause| {
            Error::new(Kind::Internal, "cannot set up the metrics").caused_by(cause)
        })
    }

    fn registered() -> prometheus::Result<Self> {
        let registry = Registry::new();
        let counter = |name: &str, help: &str, labels: &[&str]| {
            let counter = IntCounterVec::new(Opts::new(name, help), labels)?;
            registry.register(Box::new(counter.clone()))?;
            prometheus::Result::Ok(counter)
        };
        let runs = counter("onerow_runs_total", "Runs, by how they ended.", &["rule", "outcome"])?;
        let statements = counter(
            "onerow_statements_total",
            "Statements that were sent, by step and outcome.",
            &["rule", "step", "outcome"],
        )?;
        let found =
            counter("onerow_duplicates_found_total", "Duplicate rows that runs found.", &["rule"])?;
        let deactivated = counter(
            "onerow_duplicates_deactivated_total",
            "Duplicate rows that runs removed.",
            &["rule"],
        )?;
        let bytes = counter("onerow_bytes_billed_total", "Bytes billed.", &["rule"])?;
        let requests = counter(
            "onerow_http_requests_total",
            "Requests that were answered.",
            &["path", "status"],
        )?;
        let buckets = vec![0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0, 3000.0];
        let options = HistogramOpts::new("onerow_run_seconds", "How long runs took.");
        let seconds = HistogramVec::new(options.buckets(buckets), &["rule"])?;
        registry.register(Box::new(seconds.clone()))?;
        let gauge = |name: &str, help: &str| {
            let gauge = GaugeVec::new(Opts::new(name, help), &["rule"])?;
            registry.register(Box::new(gauge.clone()))?;
            prometheus::Result::Ok(gauge)
        };
        let last_success = gauge(
            "onerow_last_success_timestamp_seconds",
            "When the last run ended that left no duplicates.",
        )?;
        let empty_dates =
            gauge("onerow_empty_dates", "Dates of the last run that have no row at all.")?;
        let keyless = gauge(
            "onerow_keyless_keys",
            "Keys that have rows and no active one, on the dates of the last run.",
        )?;
        let undated = gauge(
            "onerow_undated_rows",
            "Rows whose partition column is NULL, as the last run counted them.",
        )?;
        let ledger = LEDGER.map(|(name, help, figure)| Ok((gauge(name, help)?, figure)));
        let ledger = ledger.into_iter().collect::<prometheus::Result<Vec<_>>>()?;
        Ok(Self {
            ledger,
            registry,
            runs,
            statements,
            found,
            deactivated,
            bytes,
            seconds,
            last_success,
            empty_dates,
            keyless,
            undated,
            requests,
        })
    }

    /// Counts a statement with an outcome.
    pub fn statement(&self, entry: &Entry) {
        if entry.outcome == Outcome::Started {
            return;
        }
        let outcome = entry.outcome.as_str();
        let labels = [entry.rule.as_str(), entry.step.as_str(), outcome];
        self.statements.with_label_values(&labels).inc();
        if let Some(bytes) = entry.usage.bytes_billed {
            self.bytes.with_label_values(&[entry.rule.as_str()]).inc_by(bytes);
        }
    }

    /// Counts a finished run.
    pub fn run(&self, rule: &str, ran: Result<&Report, &Error>, took: Duration, now: Timestamp) {
        let outcome = match ran.map(Report::ending) {
            Ok(Ending::Clean) => "success",
            Ok(Ending::Buffered) => "buffered",
            Ok(Ending::Failed) | Err(_) => "error",
        };
        self.runs.with_label_values(&[rule, outcome]).inc();
        self.seconds.with_label_values(&[rule]).observe(took.as_secs_f64());
        let Ok(report) = ran else { return };
        let set = |gauge: &GaugeVec, value: u64| {
            gauge.with_label_values(&[rule]).set(value as f64);
        };
        set(&self.empty_dates, report.days_of(Status::Empty).count() as u64);
        set(&self.keyless, report.totals().keyless);
        set(&self.undated, report.undated.map_or(0, |undated| undated.counts.total));
        self.found.with_label_values(&[rule]).inc_by(report.totals().duplicates);
        self.deactivated.with_label_values(&[rule]).inc_by(report.deactivated().unwrap_or(0));
        if report.ending() == Ending::Clean {
            self.last_success.with_label_values(&[rule]).set(now.as_second() as f64);
        }
    }

    /// Adds runs from before the service's start, newest first, from the ledger.
    pub fn remember(&self, runs: &[PastRun]) {
        for run in runs.iter().rev().filter(|run| run.outcome == PastOutcome::Done) {
            let labels = [run.rule.as_str()];
            self.last_success.with_label_values(&labels).set(run.ended.as_second() as f64);
        }
    }

    /// The figures of each rule, from the ledger.
    pub fn ledger(&self, rules: &BTreeMap<RuleName, Known>) {
        for (gauge, figure) in &self.ledger {
            gauge.reset();
            for (rule, known) in rules {
                gauge.with_label_values(&[rule.as_str()]).set(figure(&known.total()) as f64);
            }
        }
    }

    /// Counts a completed request.
    pub fn request(&self, path: &str, status: u16) {
        self.requests.with_label_values(&[path, &status.to_string()]).inc();
    }

    /// The metrics in Prometheus's text format.
    pub fn text(&self) -> String {
        let mut text = Vec::new();
        // Writing to memory does not fail.
        let _ = TextEncoder::new().encode(&self.registry.gather(), &mut text);
        String::from_utf8(text).unwrap_or_default()
    }
}
