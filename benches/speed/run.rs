//! Taking turns, medians, and ratios with their bounds.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Ours and another's time for the same work.
pub struct Ratio {
    pub what: String,
    pub ours: Duration,
    pub other: Duration,
    /// How many times as long as the other ours may take.
    pub bound: Option<f64>,
}

impl Ratio {
    pub const HEADER: [&str; 6] = ["what", "onerow", "the other", "ratio", "bound", "holds"];

    fn ratio(&self) -> f64 {
        self.ours.as_secs_f64() / self.other.as_secs_f64()
    }

    pub fn holds(&self) -> bool {
        self.bound.is_none_or(|bound| self.ratio() <= bound)
    }

    pub fn cells(&self) -> Vec<String> {
        let bound = self.bound.map_or("–".to_owned(), written);
        let holds = match (self.bound, self.holds()) {
            (None, _) => "–",
            (Some(_), true) => "yes",
            (Some(_), false) => "NO",
        };
        vec![
            self.what.clone(),
            time(self.ours),
            time(self.other),
            written(self.ratio()),
            bound,
            holds.to_owned(),
        ]
    }
}

/// `1.05 ×`, or `1/200` for what is far below one.
fn written(ratio: f64) -> String {
    match ratio < 0.1 {
        true => format!("1/{:.0}", 1.0 / ratio),
        false => format!("{ratio:.2} ×"),
    }
}

/// With as many digits as say something.
pub fn time(time: Duration) -> String {
    match time.as_secs_f64() {
        seconds if seconds < 1.0 => format!("{:.1} ms", seconds * 1000.0),
        seconds => format!("{seconds:.2} s"),
    }
}

/// Runs both in turn, `turns` times after one turn that is not counted; the medians.
pub fn in_turn(turns: usize, mut ours: impl FnMut(), mut other: impl FnMut()) -> [Duration; 2] {
    let mut times: [Vec<Duration>; 2] = Default::default();
    for turn in 0..=turns {
        let pair = [timed(&mut ours), timed(&mut other)];
        if turn > 0 {
            for (times, time) in times.iter_mut().zip(pair) {
                times.push(time);
            }
        }
    }
    times.map(median)
}

pub fn timed(mut work: impl FnMut()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

pub fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// Runs a command to its end and gives back what it printed.
pub fn output(command: &mut Command) -> String {
    let output = command.stderr(Stdio::inherit()).output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", output.status);
    String::from_utf8(output.stdout).unwrap()
}

/// The release build of the binary.
pub fn onerow(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_onerow"));
    command.args(arguments);
    command
}
