//! Commands of any program, each with its time and the most memory that it took.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};
use serde_json::{Value as Json, json};

use super::run::output;

/// A process started again to measure finds here what it has to do.
const ENTRY: &str = "ONEROW_MEASURED";

/// A command to measure.
pub struct Work {
    pub program: PathBuf,
    pub arguments: Vec<String>,
    pub folder: PathBuf,
    /// What it reads from its standard input.
    pub input: Option<PathBuf>,
}

/// What came of it.
pub struct Measured {
    pub time: Duration,
    /// What it took of the processors, which other work on the machine lengthens less than the time.
    pub processor: Duration,
    /// The most memory, in kilobytes.
    pub kilobytes: u64,
    pub printed: String,
}

impl Work {
    /// Runs the command. A process of its own waits for it and for no other, so that the memory is that
    /// command's; it is this program, which has to call [`measured`].
    pub fn measure(&self) -> Measured {
        let work = json!({
            "program": self.program,
            "arguments": self.arguments,
            "folder": self.folder,
            "input": self.input,
        });
        let mut measuring = Command::new(std::env::current_exe().unwrap());
        let said: Json =
            serde_json::from_str(&output(measuring.env(ENTRY, work.to_string()))).unwrap();
        let time = |name: &str| Duration::from_secs_f64(said[name].as_f64().unwrap());
        Measured {
            time: time("seconds"),
            processor: time("processor"),
            kilobytes: said["kilobytes"].as_u64().unwrap(),
            printed: said["printed"].as_str().unwrap().to_owned(),
        }
    }
}

/// Does what [`ENTRY`] asks for, if it is there.
pub fn measured() -> bool {
    let Ok(work) = std::env::var(ENTRY) else { return false };
    let work: Json = serde_json::from_str(&work).unwrap();
    let text = |value: &Json| value.as_str().unwrap().to_owned();
    let mut command = Command::new(text(&work["program"]));
    command.args(work["arguments"].as_array().unwrap().iter().map(text));
    command.current_dir(text(&work["folder"])).env_remove(ENTRY);
    command.stdin(match work["input"].as_str() {
        Some(input) => File::open(Path::new(input)).unwrap().into(),
        None => Stdio::null(),
    });
    let start = Instant::now();
    let printed = output(&mut command);
    let seconds = start.elapsed().as_secs_f64();
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).unwrap();
    let processor = usage.user_time() + usage.system_time();
    let processor = processor.tv_sec() as f64 + processor.tv_usec() as f64 / 1e6;
    let said = json!({
        "seconds": seconds,
        "processor": processor,
        "kilobytes": usage.max_rss(),
        "printed": printed,
    });
    println!("{said}");
    true
}
