//! Sessions: commands and what they print, run in a folder of the page's own.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::common::Project;

/// Where a page's commands run and its files are written; `cd` goes elsewhere.
pub struct Desk {
    project: Project,
    folder: PathBuf,
    /// The runs so far.
    runs: Runs,
}

/// The ids of runs, which are others each time.
#[derive(Default)]
pub struct Runs(Vec<String>);

impl Desk {
    pub fn new() -> Self {
        let project = Project::new("");
        Self { folder: project.path("."), project, runs: Runs::default() }
    }

    pub fn write(&self, name: &str, text: &str) {
        self.project.write(self.folder.join(name).to_str().unwrap(), text);
    }

    /// The session as it goes here. Errors: a command ends with another code than its comment says.
    pub fn play(&mut self, text: &str) -> Result<String, String> {
        let mut played = String::new();
        for line in text.lines().filter_map(|line| line.strip_prefix("$ ")) {
            played.extend(["$ ", line, "\n"]);
            match line.strip_prefix("cd ") {
                Some(folder) => self.folder.push(folder),
                None => played.push_str(&self.run(line)?),
            }
        }
        Ok(played)
    }

    fn run(&mut self, line: &str) -> Result<String, String> {
        let onerow = PathBuf::from(env!("CARGO_BIN_EXE_onerow"));
        let path = [onerow.parent().unwrap().display().to_string(), std::env::var("PATH").unwrap()];
        let mut bash = Command::new("bash");
        bash.args(["-c", &format!("exec 2>&1; {line}")]).env("PATH", path.join(":"));
        let output = bash.current_dir(&self.folder).stdin(Stdio::null()).output().unwrap();
        let expected = line.split_once("# exits ").map_or("0", |(_, code)| code.trim());
        let printed = String::from_utf8(output.stdout).unwrap();
        match output.status.code() {
            Some(code) if code.to_string() == expected => Ok(self.runs.as_shown(&printed)),
            code => Err(format!("`{line}` exited with {code:?}:\n{printed}")),
        }
    }
}

impl Runs {
    /// What was printed, as a page shows it: the first run has the id of noon, the second that of a
    /// minute later, and no line ends in blanks.
    pub fn as_shown(&mut self, printed: &str) -> String {
        const ID: &str = "20260130T120000Z-4f0c2b1d";
        let is_id = |text: &str| {
            let digit = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
            text.chars().zip(ID.chars()).all(|(a, b)| if digit(b) { digit(a) } else { a == b })
        };
        let mut shown: String = printed.lines().flat_map(|line| [line.trim_end(), "\n"]).collect();
        for at in 0..shown.len().saturating_sub(ID.len()) {
            let Some(id) = shown.get(at..at + ID.len()).filter(|text| is_id(text)) else {
                continue;
            };
            let known = self.0.iter().position(|known| known == id);
            let nth = known.unwrap_or_else(|| {
                self.0.push(id.to_owned());
                self.0.len() - 1
            });
            shown.replace_range(at..at + ID.len(), &ID.replace("T1200", &format!("T12{nth:02}")));
        }
        shown
    }
}
