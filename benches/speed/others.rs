//! Rendering and checking the UPDATEs of a year, against a script with Jinja2 and sqlglot, and against
//! dbt: whole processes over the same statements, whose texts are asserted to be equal.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use onerow::plan;
use onerow::project::Project;
use onerow::statement::StepName;
use onerow::template::Renderer;
use onerow::window::{Day, Window};
use serde_json::{Value as Json, json};
use tempfile::TempDir;

use super::bare;
use super::run::{Ratio, median, onerow, output, timed};

const FIRST: &str = "2026-01-01";
const LAST: &str = "2026-12-31";
const STEP: &str = "deactivate";
const STATEMENTS: usize = 365;
const TURNS: usize = 3;
/// `dbt compile` takes at least 200 times as long.
const BOUND: f64 = 1.0 / 70.0;

pub fn ratios(tools: &Path) -> [Ratio; 3] {
    let bench = Bench::new(tools);
    bench.assert_same_texts();
    let mut times: [Vec<Duration>; 4] = Default::default();
    for _ in 0..TURNS {
        let commands = [
            bench.onerow(&["check"]),
            bench.python("render.py", "rendered"),
            bench.dbt(&[]),
            bench.dbt(&["--no-partial-parse"]),
        ];
        for (times, mut command) in times.iter_mut().zip(commands) {
            times.push(timed(|| _ = output(&mut command)));
        }
    }
    let [ours, script, warm, fresh] = times.map(median);
    let ratio = |other, bound, name| Ratio {
        what: format!("`onerow check` of {STATEMENTS} UPDATEs, against {name}"),
        ours,
        other,
        bound,
    };
    [
        ratio(script, None, "a script that renders with Jinja2 and parses with sqlglot"),
        ratio(warm, None, "`dbt compile` where it has parsed the project before"),
        ratio(fresh, Some(BOUND), "`dbt compile` of a fresh checkout"),
    ]
}

/// Name and version of what is compared with.
pub fn versions(tools: &Path) -> Vec<(String, String)> {
    let listed = output(Command::new(tools.join("pip")).args(["list", "--format", "json"]));
    let listed: Vec<Json> = serde_json::from_str(&listed).unwrap();
    let text = |package: &Json, field: &str| package[field].as_str().unwrap().to_owned();
    let mut versions = vec![("Python".to_owned(), python_version(tools))];
    for name in ["dbt-core", "dbt-duckdb", "Jinja2", "sqlglot"] {
        let package = listed.iter().find(|package| package["name"].as_str() == Some(name)).unwrap();
        versions.push((name.to_owned(), text(package, "version")));
    }
    versions
}

fn python_version(tools: &Path) -> String {
    let printed = output(Command::new(tools.join("python")).arg("--version"));
    printed.trim().trim_start_matches("Python ").to_owned()
}

struct Bench<'a> {
    folder: TempDir,
    tools: &'a Path,
}

impl<'a> Bench<'a> {
    /// The example's main rule.
    fn new(tools: &'a Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let example = include_str!("../../examples/player_props/onerow.toml");
        let (start, _) = example.split_once("[rule.by_line]").unwrap();
        std::fs::write(folder.path().join("onerow.toml"), start).unwrap();
        let bench = Self { folder, tools };
        std::fs::write(bench.path("statements.json"), bench.statements().to_string()).unwrap();
        for out in ["rendered", "dbt"] {
            std::fs::create_dir(bench.path(out)).unwrap();
        }
        output(&mut bench.python("dbt_project.py", "dbt"));
        output(&mut bench.python("render.py", "rendered"));
        output(&mut bench.dbt(&[]));
        output(&mut bench.onerow(&["render", "--out", "ours"]));
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn statements(&self) -> Json {
        let project = Project::open(self.folder.path()).unwrap();
        let rule = &project.file.rules[0];
        let renderer = Renderer::new(rule, &project.templates, &[]).unwrap();
        let day = |text| Day::parse(text).unwrap();
        let year = Window::range(day(FIRST), day(LAST)).unwrap();
        let plan = plan::make(&renderer, &[StepName::parse(STEP).unwrap()], &year).unwrap();
        let statements = plan.statements().map(|checked| {
            let statement = checked.statement();
            let dates = statement.window.to_string().replace(' ', "_");
            json!({
                "name": format!("{}_{dates}", statement.step),
                "step": statement.step.as_str(),
                "window": bare::window(rule, &statement.window),
            })
        });
        json!({
            "rule": bare::rule(rule),
            "removals": bare::removals(),
            "statements": statements.collect::<Vec<_>>(),
        })
    }

    fn onerow(&self, arguments: &[&str]) -> Command {
        let mut command = onerow(arguments);
        command.args(["--step", STEP, "--from", FIRST, "--to", LAST]);
        command.current_dir(self.folder.path());
        command
    }

    fn python(&self, script: &str, out: &str) -> Command {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut command = Command::new(self.tools.join("python"));
        command.arg(root.join("benches/others").join(script)).arg("statements.json");
        command.arg(root.join("sql")).arg(out).current_dir(self.folder.path());
        command
    }

    fn dbt(&self, flags: &[&str]) -> Command {
        let mut command = Command::new(self.tools.join("dbt"));
        command.args(["--quiet", "--no-send-anonymous-usage-stats"]).args(flags);
        command.args(["compile", "--profiles-dir", "."]).current_dir(self.path("dbt"));
        command
    }

    /// The comparison is of the same work: but for our header, the texts are equal.
    fn assert_same_texts(&self) {
        let ours = self.path("ours/player_prop_predictions");
        let mut count = 0;
        for entry in std::fs::read_dir(&ours).unwrap() {
            let name = entry.unwrap().file_name();
            let text = |folder: PathBuf| std::fs::read_to_string(folder.join(&name)).unwrap();
            let with_header = text(ours.clone());
            let (_, sql) = with_header.split_once('\n').unwrap();
            assert_eq!(text(self.path("rendered")).trim(), sql.trim());
            let compiled = self.path("dbt/target/compiled/same/models");
            assert_eq!(text(compiled).trim(), sql.trim());
            count += 1;
        }
        assert_eq!(count, STATEMENTS);
    }
}
