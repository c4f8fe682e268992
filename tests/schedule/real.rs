//! Schedulers themselves: Airflow imports the DAG file and runs its task; Dagster and Prefect take the snippets of
//! docs/schedule.md and run them. `tests/with-tools` installs them.

use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value as Json, json};

use super::printed;
use crate::common::{Project, RULE, part};
use crate::docs::Page;
use crate::standin::ran;

const ONEROW: &str = env!("CARGO_BIN_EXE_onerow");

/// The program's Python. `None` where there is none, or where it is another scheduler's day.
fn python(variable: &str, turn: usize) -> Option<PathBuf> {
    if !part::is_turn(turn, 3) {
        return None;
    }
    let path = std::env::var_os(variable).map(PathBuf::from);
    if path.is_none() {
        eprintln!("skipped: {variable} is not set; tests/with-tools sets it");
    }
    path
}

/// A project with one duplicate of an old date.
fn dirty() -> Project {
    let project = Project::new(RULE);
    project.rows("a,2026-01-28,g1,p,,true,2026-01-28T01:00:00Z\nb,2026-01-28,g1,p,,true,2026-01-28T02:00:00Z");
    project
}

/// What Airflow makes of the DAG file of a project whose onerow is this program.
fn airflow(python: &PathBuf, project: &Project, program: &str) -> Json {
    let folder = project.path(".").canonicalize().unwrap();
    let options = ["airflow", "predictions", "--program", program, "--folder"];
    let text = printed(project, &[&options[..], &[folder.to_str().unwrap()]].concat());
    project.write("dags/onerow_predictions.py", text);
    let mut load = Command::new(python);
    load.arg("tests/schedule/load_dags.py")
        .arg(project.path("dags"))
        .arg(project.path("dags.json"));
    let (good, said) = ran(load.current_dir(env!("CARGO_MANIFEST_DIR")));
    assert!(good, "{said}");
    serde_json::from_str(&std::fs::read_to_string(project.path("dags.json")).unwrap()).unwrap()
}

#[test]
fn airflow_loads_the_dag_and_its_task_cleans_the_table() {
    let Some(python) = python("ONEROW_AIRFLOW", 0) else { return };
    let project = dirty();
    let found = airflow(&python, &project, ONEROW);
    let folder = project.path(".").canonicalize().unwrap();
    let command =
        format!("{ONEROW} apply predictions --project-dir {} --changed", folder.display());
    let task = json!({ "id": "apply", "retries": 4, "delay": 1800.0, "command": command, "outcome": "success" });
    let dag = json!({
        "id": "onerow_predictions_daily", "schedule": "30 10 * * *", "zone": "America/New_York",
        "catchup": false, "active": 1, "tasks": [task],
    });
    assert_eq!(found, json!({ "errors": [], "dags": [dag] }));
    assert_eq!(project.active(), ["b"]);
}

/// 75 says that rows are buffered: the task has to fail, or Airflow would not try again.
#[test]
fn a_task_of_airflow_fails_while_rows_are_buffered() {
    let Some(python) = python("ONEROW_AIRFLOW", 0) else { return };
    let project = Project::new(RULE);
    let program = project.write("onerow", "#!/bin/sh\nexit 75\n");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&program, mode).unwrap();
    let found = airflow(&python, &project, program.canonicalize().unwrap().to_str().unwrap());
    let outcome = found["dags"][0]["tasks"][0]["outcome"].as_str().unwrap();
    assert!(outcome.contains("Exception") && outcome.contains("75"), "{outcome}");
}

/// The snippet of docs/schedule.md that begins with this import, for this project and this program.
fn snippet(import: &str, project: &Project, program: &str) -> String {
    let folder = project.path(".").canonicalize().unwrap();
    let texts = Page::read("docs/schedule.md").texts("python");
    let text = texts.iter().find(|text| text.contains(import)).unwrap();
    let text = text.replace("\"/srv/onerow\"", &format!("{:?}", folder.to_str().unwrap()));
    let text = text.replace("\"onerow\", \"apply\"", &format!("{program:?}, \"apply\""));
    text.replace("\"player_prop_predictions\"", "\"predictions\"")
}

/// What the job of a snippet came to: whether it succeeded, and how often onerow was started, first as it is, then
/// where it exits with 75, then with 1.
fn outcomes(python: &PathBuf, import: &str, delay: &str, test: &str) -> Json {
    let project = dirty();
    let script = format!(
        "#!/bin/sh\necho x >> \"$0.log\"\n[ -e \"$0.code\" ] && exit \"$(cat \"$0.code\")\"\nexec {ONEROW} \"$@\"\n"
    );
    let program = project.write("onerow", script);
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&program, mode).unwrap();
    let program = program.canonicalize().unwrap();
    let text = snippet(import, &project, program.to_str().unwrap());
    assert!(text.contains(delay), "{text}");
    // The same number of attempts, at once.
    let text = text.replace(delay, &delay.replace("1800", "0"));
    project.write("flow.py", format!("{text}\n\n{OUTCOMES}\n{test}"));
    let mut command = Command::new(python);
    command.arg("flow.py").current_dir(project.path(".")).env("HOME", project.path("."));
    command.env("DAGSTER_HOME", project.path(".").canonicalize().unwrap());
    command
        .env("DAGSTER_DISABLE_TELEMETRY", "yes")
        .env("PREFECT_SERVER_ANALYTICS_ENABLED", "false");
    command.env("PREFECT_HOME", project.path("prefect")).env("PREFECT_LOGGING_LEVEL", "CRITICAL");
    let (good, said) = ran(&mut command);
    assert!(good, "{said}");
    assert_eq!(project.active(), ["b"], "{said}");
    serde_json::from_str(&std::fs::read_to_string(project.path("outcomes.json")).unwrap()).unwrap()
}

const OUTCOMES: &str = r#"
import json, os

def outcome(code, succeeds):
    if code:
        open("onerow.code", "w").write(str(code))
    good = succeeds()
    attempts = len(open("onerow.log").readlines())
    os.remove("onerow.log")
    return [good, attempts]

def write(succeeds):
    json.dump([outcome(code, succeeds) for code in (0, 75, 1)], open("outcomes.json", "w"))
"#;

/// Only 75 is worth another try, four times: whatever else failed, fails again.
fn expected() -> Json {
    json!([[true, 1], [false, 5], [false, 1]])
}

#[test]
fn dagster_cleans_the_table_by_the_snippet_and_tries_again_only_while_rows_are_buffered() {
    let Some(python) = python("ONEROW_SCHEDULERS", 1) else { return };
    let test = r#"
job = defs.resolve_job_def("onerow_daily")
schedule = defs.resolve_schedule_def("onerow_daily_schedule")
assert (schedule.cron_schedule, schedule.execution_timezone) == ("30 10 * * *", "America/New_York")
write(lambda: job.execute_in_process(raise_on_error=False).success)
"#;
    let found = outcomes(&python, "from dagster", "seconds_to_wait=1800", test);
    assert_eq!(found, expected());
}

#[test]
fn prefect_cleans_the_table_by_the_snippet_and_tries_again_only_while_rows_are_buffered() {
    let Some(python) = python("ONEROW_SCHEDULERS", 2) else { return };
    let test = r#"
from prefect.testing.utilities import prefect_test_harness

with prefect_test_harness(server_startup_timeout=180):
    write(lambda: onerow_daily(return_state=True).is_completed())
"#;
    let found = outcomes(&python, "from prefect", "retry_delay_seconds=1800", test);
    assert_eq!(found, expected());
}
