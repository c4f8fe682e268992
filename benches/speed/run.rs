//! Taking turns, medians, and the time a process needs.

use std::fmt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// One line of the report.
pub struct Row {
    pub what: &'static str,
    pub ours: Duration,
    /// `None` where the bound is a time and not a ratio.
    pub baseline: Option<Duration>,
    /// The largest ratio to the baseline, or the longest time in milliseconds.
    pub bound: f64,
}

impl Row {
    fn figure(&self) -> f64 {
        match self.baseline {
            Some(baseline) => self.ours.as_secs_f64() / baseline.as_secs_f64(),
            None => self.ours.as_secs_f64() * 1000.0,
        }
    }

    pub fn holds(&self) -> bool {
        self.figure() <= self.bound
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let milliseconds = |time: Duration| format!("{:.1} ms", time.as_secs_f64() * 1000.0);
        let baseline = self.baseline.map_or("–".to_owned(), milliseconds);
        let holds = if self.holds() { "yes" } else { "NO" };
        let ours = milliseconds(self.ours);
        let (figure, bound) = (self.figure(), self.bound);
        match self.baseline {
            Some(_) => {
                write!(
                    f,
                    "| {} | {ours} | {baseline} | {figure:.2} × | {bound} × | {holds} |",
                    self.what
                )
            }
            None => {
                write!(
                    f,
                    "| {} | {ours} | {baseline} | {figure:.1} ms | {bound} ms | {holds} |",
                    self.what
                )
            }
        }
    }
}

/// Runs both in turn, `turns` times after one turn that is not counted; the medians.
pub fn in_turn(turns: usize, mut ours: impl FnMut(), mut baseline: impl FnMut()) -> [Duration; 2] {
    let mut times: [Vec<Duration>; 2] = Default::default();
    for turn in 0..=turns {
        let pair = [timed(&mut ours), timed(&mut baseline)];
        if turn > 0 {
            for (times, time) in times.iter_mut().zip(pair) {
                times.push(time);
            }
        }
    }
    times.map(median)
}

fn timed(work: &mut impl FnMut()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// How long the binary takes from start to end.
pub fn start_up() -> Vec<Row> {
    let project = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/player_props");
    let render =
        ["render", "player_prop_predictions", "--date", "2026-01-28", "--project-dir", project];
    let [version, render] = in_turn(50, || spawn(&["--version"]), || spawn(&render));
    vec![
        Row {
            what: "`onerow --version`, the whole process",
            ours: version,
            baseline: None,
            bound: 10.0,
        },
        Row {
            what: "`onerow render` of one date, the whole process",
            ours: render,
            baseline: None,
            bound: 20.0,
        },
    ]
}

fn spawn(arguments: &[&str]) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_onerow"));
    let status = command.args(arguments).stdout(Stdio::null()).status().unwrap();
    assert!(status.success());
}
