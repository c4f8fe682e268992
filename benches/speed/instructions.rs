//! How many instructions rendering and checking takes, counted by Callgrind. Counts repeat from run
//! to run and from machine to machine; with another compiler they change, their ratio hardly.

use std::process::Command;

use super::templates::{self, Bare, Ours};

/// A process started again to be counted finds here what it has to do, and how often.
pub const ENTRY: &str = "ONEROW_COUNTED";

/// What is counted.
#[derive(Clone, Copy)]
pub enum Way {
    Ours,
    Bare,
}

impl Way {
    const ALL: [Self; 2] = [Self::Ours, Self::Bare];

    fn name(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Bare => "bare",
        }
    }
}

/// Does what [`ENTRY`] asks for, if it is there.
pub fn counted() -> bool {
    let Ok(entry) = std::env::var(ENTRY) else { return false };
    let (name, dates) = entry.split_once(' ').unwrap();
    let dates = templates::dates(dates.parse().unwrap()).into_iter();
    let project = templates::example();
    match Way::ALL.into_iter().find(|way| way.name() == name).unwrap() {
        Way::Ours => {
            let ours = Ours::new(&project);
            dates.for_each(|date| ours.render_and_check(&date));
        }
        Way::Bare => {
            let bare = Bare::new(&project);
            dates.for_each(|date| bare.render_and_parse(&date));
        }
    }
    true
}

/// The instructions for the plan of one more date, in a process of this command, which has to call
/// [`counted`]: the difference of two counts, so that what is done once is not in it.
pub fn of_one_date(way: Way, command: impl Fn() -> Command) -> u64 {
    const FEW: u64 = 2;
    const MORE: u64 = 7;
    let count = |dates| counts(way, dates, &command());
    (count(MORE) - count(FEW)) / (MORE - FEW)
}

fn counts(way: Way, dates: u64, command: &Command) -> u64 {
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]);
    valgrind.arg(command.get_program()).args(command.get_args());
    let output = valgrind.env(ENTRY, format!("{} {dates}", way.name())).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    // ==123== Collected : 456
    let line = said.lines().find(|line| line.contains("Collected : ")).expect("a count");
    line.rsplit(' ').next().unwrap().parse().unwrap()
}
