//! Rendering and checking, against other ways to do it: `benches/with-others cargo bench --bench
//! others`. Whole processes, in turn, over the same 367 statements, whose texts are asserted to be
//! equal. Exits 1 when the bound does not hold.

#[path = "../speed/bare.rs"]
#[allow(dead_code, reason = "the other benchmark uses the rest")]
mod bare;
#[path = "../speed/run.rs"]
#[allow(dead_code, reason = "the other benchmark uses the rest")]
mod run;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use onerow::plan;
use onerow::project::Project;
use onerow::template::Renderer;
use onerow::window::{Day, Window};
use serde_json::{Value as Json, json};

const FIRST: &str = "2026-01-01";
const LAST: &str = "2026-12-31";
const TURNS: usize = 5;
/// How many times faster than `dbt compile` it has to be.
const BOUND: f64 = 200.0;

fn main() -> ExitCode {
    // `cargo test --benches` runs this file too, without this argument; a benchmark is no test.
    if !std::env::args().any(|argument| argument == "--bench") {
        return ExitCode::SUCCESS;
    }
    let Some(tools) = std::env::var_os("ONEROW_BENCH_OTHERS").map(PathBuf::from) else {
        eprintln!("this benchmark needs other tools; benches/with-others prepares them");
        return ExitCode::FAILURE;
    };
    let folder = tempfile::tempdir().unwrap();
    let bench = Bench::new(folder.path(), &tools);
    bench.assert_same_texts();
    let mut times: [Vec<Duration>; 3] = Default::default();
    for _ in 0..TURNS {
        times[0].push(timed(bench.onerow(&["check"])));
        times[1].push(timed(bench.python("render.py", "rendered")));
        times[2].push(timed(bench.dbt()));
    }
    let [ours, script, dbt] = times.map(run::median);
    println!("| 367 statements, the whole process | median of {TURNS} | times onerow |");
    println!("| --- | ---: | ---: |");
    let names = ["`onerow check`", "a script: Jinja2 and sqlglot", "`dbt compile`, its cache warm"];
    for (name, time) in names.iter().zip([ours, script, dbt]) {
        let times = time.as_secs_f64() / ours.as_secs_f64();
        println!("| {name} | {:.1} ms | {times:.0} × |", time.as_secs_f64() * 1000.0);
    }
    match dbt.as_secs_f64() / ours.as_secs_f64() >= BOUND {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

struct Bench<'a> {
    folder: &'a Path,
    tools: &'a Path,
}

impl<'a> Bench<'a> {
    /// The example's main rule without an audit table, whose statements the others do not have.
    fn new(folder: &'a Path, tools: &'a Path) -> Self {
        let example = include_str!("../../examples/player_props/onerow.toml");
        let (start, _) = example.split_once("[rule.by_line]").unwrap();
        let row_id = "row_id     = \"prediction_id\"";
        assert!(start.contains(row_id), "{start}");
        let text = start.replace(row_id, &format!("{row_id}\naudit = false"));
        std::fs::write(folder.join("onerow.toml"), text).unwrap();
        let bench = Self { folder, tools };
        std::fs::write(folder.join("statements.json"), bench.statements().to_string()).unwrap();
        for out in ["rendered", "dbt"] {
            std::fs::create_dir(folder.join(out)).unwrap();
        }
        timed(bench.python("dbt_project.py", "dbt"));
        timed(bench.python("render.py", "rendered"));
        timed(bench.dbt());
        timed(bench.onerow(&["render", "--out", "ours"]));
        bench
    }

    fn statements(&self) -> Json {
        let project = Project::open(self.folder).unwrap();
        let rule = &project.file.rules[0];
        let renderer = Renderer::new(rule, &project.templates, &[]).unwrap();
        let day = |text| Day::parse(text).unwrap();
        let year = Window::range(day(FIRST), day(LAST)).unwrap();
        let plan = plan::plan(&renderer, &plan::steps_of(&renderer), &year).unwrap().unwrap();
        let statements = plan.statements().map(|checked| {
            let statement = checked.statement();
            let dates = statement.window.to_string().replace(' ', "_");
            json!({
                "name": format!("{}_{dates}", statement.step),
                "step": statement.step.as_str(),
                "window": bare::window(rule, &statement.window),
            })
        });
        json!({"rule": bare::rule(rule), "statements": statements.collect::<Vec<_>>()})
    }

    fn onerow(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_onerow"));
        command.args(arguments).args(["--from", FIRST, "--to", LAST]).current_dir(self.folder);
        command
    }

    fn python(&self, script: &str, out: &str) -> Command {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut command = Command::new(self.tools.join("python"));
        command.arg(root.join("benches/others").join(script)).arg("statements.json");
        command.arg(root.join("sql")).arg(out).current_dir(self.folder);
        command
    }

    fn dbt(&self) -> Command {
        let mut command = Command::new(self.tools.join("dbt"));
        command.args(["--quiet", "--no-send-anonymous-usage-stats", "compile"]);
        command.args(["--profiles-dir", "."]).current_dir(self.folder.join("dbt"));
        command
    }

    /// The comparison is of the same work: but for our header, the texts are equal.
    fn assert_same_texts(&self) {
        let ours = self.folder.join("ours/player_prop_predictions");
        let mut count = 0;
        for entry in std::fs::read_dir(&ours).unwrap() {
            let name = entry.unwrap().file_name();
            let text = |folder: PathBuf| std::fs::read_to_string(folder.join(&name)).unwrap();
            let with_header = text(ours.clone());
            let (_, sql) = with_header.split_once('\n').unwrap();
            assert_eq!(text(self.folder.join("rendered")).trim(), sql.trim());
            let compiled = self.folder.join("dbt/target/compiled/same/models");
            assert_eq!(text(compiled).trim(), sql.trim());
            count += 1;
        }
        assert_eq!(count, 367);
    }
}

fn timed(mut command: Command) -> Duration {
    let start = Instant::now();
    let status = command.stdout(Stdio::null()).status().unwrap();
    assert!(status.success(), "{command:?}");
    start.elapsed()
}
