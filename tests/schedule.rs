//! `onerow schedule`: what it prints, read by the tool that it is for, or by a parser, or run with
//! stand-ins for `date`, `gcloud` and `onerow` that say what time it is and write down what they are
//! asked.

mod clocks;
mod real;

use std::process::Command;

use jiff::Timestamp;
use serde_json::{Value as Json, json};

use crate::common::whole::{Transcript, whole};
use crate::common::{Project, RULE};
use crate::standin::{self, Bin, found, ran};

const KINDS: [&str; 6] =
    ["cloud-scheduler", "cloud-run-job", "airflow", "github-actions", "cron", "systemd"];

/// A folder's name that ends a quoted word in every language.
const HOSTILE: &str = r#"it's 100% "$HOME" `id` \x; #"#;

fn zone(name: &str) -> Project {
    Project::new(&RULE.replace("America/New_York", name))
}

fn printed(project: &Project, arguments: &[&str]) -> String {
    let fixed = ["--now", "2026-01-30T12:00:00Z"];
    let arguments = [&["schedule"], arguments, &fixed].concat();
    project.onerow_with(&arguments).exits(0).stdout
}

fn yaml(text: &str) -> Json {
    serde_yaml_ng::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn documents(text: &str) -> Vec<Json> {
    let documents = serde_yaml_ng::Deserializer::from_str(text);
    documents.map(|document| serde::Deserialize::deserialize(document).unwrap()).collect()
}

#[test]
fn each_kind_prints_what_was_reviewed() {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    let project = Project::example();
    for kind in KINDS {
        let folder = ["--folder", "/srv/player_props"];
        let elsewhere = ["airflow", "cron", "systemd"].contains(&kind);
        let folder = if elsewhere { &folder[..] } else { &[] };
        let text = printed(&project, &[&[kind, "player_prop_predictions"], folder].concat());
        settings.bind(|| insta::assert_snapshot!(format!("schedule.{kind}"), text));
    }
    let there = std::fs::read_dir("snapshots").unwrap();
    let names = there.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let ours = names.filter(|name| name.starts_with("schedule.") && name.ends_with(".snap"));
    assert_eq!(ours.count(), KINDS.len(), "a snapshot belongs to no kind");
}

#[test]
fn a_mistake_says_what_to_write_instead() {
    let project = Project::example();
    let mistakes = [
        "cron player_prop_prediction",
        "crom by_line",
        "cron",
        "cron by_line --at 25:00",
        "cron by_line --at 9:30",
        "cron by_line --last 0",
        "cron by_line --wait soon",
        "cron by_line --wait 24h",
        "cron by_line --warehouse prod",
        "cron by_line --folder here",
        "cron by_line --program $(id)",
        "cron by_line --image x",
        "cloud-scheduler by_line --folder /srv",
        "cloud-run-job by_line --program x",
        "airflow by_line --folder /{{x}}",
        "github-actions by_line --folder /srv",
        "cloud-scheduler by_line --service-url http://a",
        "cloud-scheduler by_line --service-account root",
        "cloud-run-job by_line --region x;y",
    ];
    let mistakes = mistakes.map(|arguments| format!("schedule {arguments}"));
    whole!(project.transcript(mistakes), @"
    $ onerow schedule cron player_prop_prediction
    exit code 2
    -- stderr
    error[unknown-name]: there is no rule `player_prop_prediction`
      help: did you mean `player_prop_predictions`?

    $ onerow schedule crom by_line
    exit code 2
    -- stderr
    error[usage]: `crom` is not a value of KIND
      help: did you mean `cron`?

    $ onerow schedule cron
    exit code 2
    -- stderr
    error[usage]: `<RULE>` is missing
      help: `onerow schedule --help` has examples

    $ onerow schedule cron by_line --at 25:00
    exit code 2
    -- stderr
    error[usage]: --at: `25:00` is not a time of day
      help: write it as HH:MM, from 00:00 to 23:59

    $ onerow schedule cron by_line --at 9:30
    exit code 2
    -- stderr
    error[usage]: --at: `9:30` is not a time of day
      help: write it as HH:MM, from 00:00 to 23:59

    $ onerow schedule cron by_line --last 0
    exit code 2
    -- stderr
    error[usage]: `0` is not a value of --last
      help: write a number from 1 to 10000

    $ onerow schedule cron by_line --wait soon
    exit code 2
    -- stderr
    error[usage]: --wait: not a duration
      help: write it as `90m` or `2h`

    $ onerow schedule cron by_line --wait 24h
    exit code 2
    -- stderr
    error[usage]: `--wait` is too long: the run of one day and that of the next would overlap
      help: wait for 23h at most

    $ onerow schedule cron by_line --warehouse prod
    exit code 2
    -- stderr
    error[unknown-name]: there is no warehouse `prod`
      help: known: local

    $ onerow schedule cron by_line --folder here
    exit code 2
    -- stderr
    error[usage]: for cron the folder `here` must be absolute
      help: say where the project is on the machine that runs the command, with --folder DIR

    $ onerow schedule cron by_line --program $(id)
    exit code 2
    -- stderr
    error[usage]: --program: `$(id)` is not the path of a command
      help: write it as /usr/local/bin/onerow, without blanks

    $ onerow schedule cron by_line --image x
    exit code 2
    -- stderr
    error[usage]: --image does not go with cron
      help: leave it out; it is for cloud-run-job

    $ onerow schedule cloud-scheduler by_line --folder /srv
    exit code 2
    -- stderr
    error[usage]: --folder does not go with cloud-scheduler
      help: leave it out; it is for cloud-run-job, airflow, github-actions, cron, systemd

    $ onerow schedule cloud-run-job by_line --program x
    exit code 2
    -- stderr
    error[usage]: --program does not go with cloud-run-job
      help: leave it out; it is for airflow, github-actions, cron, systemd

    $ onerow schedule airflow by_line --folder /{{x}}
    exit code 2
    -- stderr
    error[usage]: --folder: `/{{x}}` is not a folder that can be written everywhere
      help: it must not start with `-` or contain braces or control characters

    $ onerow schedule github-actions by_line --folder /srv
    exit code 2
    -- stderr
    error[usage]: for github-actions the folder `/srv` must be relative to the repository's root
      help: say where the project is on the machine that runs the command, with --folder DIR

    $ onerow schedule cloud-scheduler by_line --service-url http://a
    exit code 2
    -- stderr
    error[usage]: --service-url: `http://a` is not the address of a service
      help: write it as https://onerow-abc123-uw.a.run.app, with nothing after the host

    $ onerow schedule cloud-scheduler by_line --service-account root
    exit code 2
    -- stderr
    error[usage]: --service-account: `root` is not an e-mail address
      help: write it as onerow-scheduler@my-project.iam.gserviceaccount.com

    $ onerow schedule cloud-run-job by_line --region x;y
    exit code 2
    -- stderr
    error[usage]: --region: `x;y` is not a region
      help: write it as us-west2
    ");
}

#[test]
fn what_the_files_cannot_say_is_said_on_stderr() {
    let project = Project::new(RULE);
    let mut said = Transcript::default();
    for arguments in [
        "airflow predictions",
        "systemd predictions",
        "github-actions predictions --wait 6h",
        "github-actions predictions --wait 5h",
        "cron predictions --at 02:30",
    ] {
        let command = format!("schedule {arguments} --now 2026-01-30T12:00:00Z");
        said.case(arguments, &project.onerow(&command).exits(0).stderr);
    }
    whole!(said, @"
    # airflow predictions
    note: warehouse `local` is embedded, a file on this machine; name another one with --warehouse

    # systemd predictions


    # github-actions predictions --wait 6h
    note: warehouse `local` is embedded, a file on this machine; name another one with --warehouse
    note: GitHub ends a job after six hours; a shorter --wait leaves time for the run

    # github-actions predictions --wait 5h
    note: warehouse `local` is embedded, a file on this machine; name another one with --warehouse

    # cron predictions --at 02:30
    note: clocks in America/New_York skip 02:30 on 2026-03-08, so there may be no pass on that day
    ");
}

#[test]
fn files_are_written_under_the_names_that_the_tools_expect() {
    let project = Project::new(RULE);
    let mut said = Transcript::default();
    for (kind, names) in [
        ("cloud-scheduler", &["onerow-predictions.cloud-scheduler.sh"][..]),
        ("cloud-run-job", &["onerow-predictions-daily.job.yaml"]),
        ("airflow", &["onerow_predictions.py"]),
        ("github-actions", &["onerow-predictions.yml"]),
        ("cron", &["onerow-predictions.crontab"]),
        ("systemd", &["onerow-predictions-daily.service", "onerow-predictions-daily.timer"]),
    ] {
        let ended = project.onerow(&format!("schedule {kind} predictions --out {kind}")).exits(0);
        said.add(&ended);
        let folder = std::fs::read_dir(project.path(kind)).unwrap();
        let mut there: Vec<_> =
            folder.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        there.sort();
        assert_eq!(there, names, "{ended}");
        let whole = project.onerow(&format!("schedule {kind} predictions")).exits(0).stdout;
        for name in names {
            let text = std::fs::read_to_string(project.path(&format!("{kind}/{name}"))).unwrap();
            assert!(whole.contains(&text), "{name}");
        }
    }
    whole!(said, @"
    $ onerow schedule cloud-scheduler predictions --out cloud-scheduler
    -- stderr
    wrote cloud-scheduler/onerow-predictions.cloud-scheduler.sh
    note: warehouse `local` is embedded, a file on this machine; name another one with --warehouse

    $ onerow schedule cloud-run-job predictions --out cloud-run-job
    -- stderr
    wrote cloud-run-job/onerow-predictions-daily.job.yaml
    note: warehouse `local` is embedded, a file on this machine; name another one with --warehouse

    $ onerow schedule airflow predictions --out airflow
    -- stderr
    wrote airflow/onerow_predictions.py
    note: warehouse `local` is embedded, a file on this machine; name another one with --warehouse

    $ onerow schedule github-actions predictions --out github-actions
    -- stderr
    wrote github-actions/onerow-predictions.yml
    note: warehouse `local` is embedded, a file on this machine; name another one with --warehouse

    $ onerow schedule cron predictions --out cron
    -- stderr
    wrote cron/onerow-predictions.crontab

    $ onerow schedule systemd predictions --out systemd
    -- stderr
    wrote systemd/onerow-predictions-daily.service
    wrote systemd/onerow-predictions-daily.timer
    ");
}

#[test]
fn a_rule_that_deletes_rows_gets_the_leave_that_nobody_is_there_to_give() {
    let deletes = RULE.replace("touched_at = \"updated_at\"\n", "strategy = \"delete\"\n");
    let (deletes, keeps) = (Project::new(&deletes), Project::new(RULE));
    for kind in KINDS {
        let of = |project: &Project| printed(project, &[kind, "predictions"]);
        assert!(of(&deletes).contains("--yes"), "{kind}");
        assert!(!of(&keeps).contains("--yes"), "{kind}");
    }
}

/// The table of each kind of rule is found in its own way: all dates, the last ones, no dates.
#[test]
fn each_kind_takes_what_changed_of_the_dates_that_the_rule_can_name() {
    let dated = Project::new(RULE);
    let shards = RULE.replace("\"nba.predictions\"", "\"nba.predictions_*\"");
    let shards = shards.replace("\"game_date\"", "\"_TABLE_SUFFIX\"");
    let shards = Project::new(&shards.replace("game_date = \"DATE\"\n", ""));
    let whole = Project::new(&RULE.replace("partition = \"game_date\"", "partition = \"none\""));
    let cases: [(&Project, &[&str], &str, Json); 5] = [
        (&dated, &[], "--changed", json!({})),
        (&dated, &["--last", "3"], "--last 3 --changed", json!({ "last": 3 })),
        (&shards, &[], "--last 28 --changed", json!({ "last": 28 })),
        (&shards, &["--last", "400"], "--last 400 --changed", json!({ "last": 400 })),
        (&whole, &[], "--changed", json!({})),
    ];
    for (project, options, words, dates) in cases {
        for kind in KINDS {
            let text = printed(project, &[&[kind, "predictions"], options].concat());
            if kind == "cloud-scheduler" {
                let body = text.split("--message-body='").nth(1).unwrap().split('\'').next();
                let mut expected =
                    json!({ "rule": "predictions", "changed": true, "fail_when_buffered": true });
                expected.as_object_mut().unwrap().extend(dates.as_object().unwrap().clone());
                assert_eq!(serde_json::from_str::<Json>(body.unwrap()).unwrap(), expected);
                continue;
            }
            let text = match kind {
                "cloud-run-job" => job_words(&documents(&text)[0]).join(" "),
                _ => text,
            };
            let dated = text.replace(&format!(" {words}"), " DATES");
            assert_eq!(dated.matches(" DATES").count(), 1, "{kind} {words}: {text}");
            let others = ["--last", "--changed", "--date", "--from"];
            assert!(others.iter().all(|other| !dated.contains(other)), "{kind} {words}: {text}");
        }
    }
    whole!(whole.onerow("schedule cron predictions --last 3"), @"
    $ onerow schedule cron predictions --last 3
    exit code 2
    -- stderr
    error[dates]: rule predictions has no dates: it is about the whole table
      help: leave --last out; a pass is about all rows of the table
    ");
}

/// The words after the image's own.
fn job_words(job: &Json) -> Vec<String> {
    let container = &job["spec"]["template"]["spec"]["template"]["spec"]["containers"][0];
    serde_json::from_value(container["args"].clone()).unwrap()
}

/// What each kind starts is a command that `apply` takes, and that cleans the table.
#[test]
fn what_a_job_runs_cleans_late_rows_of_old_dates_on_the_next_day() {
    let project = Project::new(RULE);
    let words = job_words(&documents(&printed(&project, &["cloud-run-job", "predictions"]))[0]);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    // The clock stands still, and does not wait.
    let words: Vec<&str> =
        words.into_iter().filter(|word| !["--wait", "2h"].contains(word)).collect();
    let cleaned = |day: &str| {
        let now = format!("2026-02-{day}T15:30:00Z");
        let report =
            project.onerow_with(&[&words[..], &["--now", &now, "--format", "json"]].concat());
        let report = report.exits(0).json();
        (report["dates"].as_array().unwrap().len(), report["totals"]["deactivated"].clone())
    };
    let row = |id: &str, date: &str| format!("{id},{date},g1,p,,true,{date}T01:00:00Z");
    project.rows(&[row("a", "2025-06-01"), row("b", "2026-01-31")].join("\n"));
    assert_eq!(cleaned("01"), (2, json!(0)));
    assert_eq!(cleaned("02").0, 0);
    project.rows(&row("c", "2025-06-01"));
    assert_eq!(cleaned("03"), (1, json!(1)));
    assert_eq!(cleaned("04").0, 0);
}

#[test]
fn a_cloud_scheduler_job_is_created_and_the_next_time_updated() {
    let project = Project::new(RULE);
    let url = ["--service-url", "https://onerow-abc123-uw.a.run.app/", "--region", "us-west2"];
    let account = ["--service-account", "caller@p.iam.gserviceaccount.com"];
    let options = [&["cloud-scheduler", "predictions"], &url[..], &account[..]].concat();
    let script = project.write("jobs.sh", printed(&project, &options));
    for (exists, verb, headers) in
        [("no", "create", "--headers"), ("yes", "update", "--update-headers")]
    {
        let bin = Bin::new();
        bin.add("gcloud", "[ \"$3\" != describe ] || [ \"$EXISTS\" = yes ]");
        let mut command = bin.bash(&script);
        command.env("EXISTS", exists).env("PROJECT", "my-project");
        assert!(ran(&mut command).0, "{exists}");
        let asked: Vec<Vec<String>> =
            bin.asked().into_iter().filter(|words| words[3] != "describe").collect();
        let headers = format!("{headers}=Content-Type=application/json");
        let expected = [
            "gcloud",
            "scheduler",
            "jobs",
            verb,
            "http",
            "onerow-predictions-daily",
            "--project=my-project",
            "--location=us-west2",
            "--schedule=30 10 * * *",
            "--time-zone=America/New_York",
            "--description=onerow predictions: the dates that changed",
            "--uri=https://onerow-abc123-uw.a.run.app/cleanup-duplicates",
            "--http-method=post",
            &headers,
            r#"--message-body={"rule":"predictions","changed":true,"fail_when_buffered":true}"#,
            "--oidc-service-account-email=caller@p.iam.gserviceaccount.com",
            "--oidc-token-audience=https://onerow-abc123-uw.a.run.app",
            "--max-retry-attempts=5",
            "--min-backoff=1800s",
            "--max-backoff=3600s",
            "--attempt-deadline=1800s",
        ];
        assert_eq!(asked, [expected]);
    }
}

#[test]
fn the_cloud_scheduler_script_asks_for_what_it_is_not_told_and_does_nothing_before() {
    let project = Project::new(RULE);
    let script = project.write("jobs.sh", printed(&project, &["cloud-scheduler", "predictions"]));
    let bin = Bin::new();
    bin.add("gcloud", "");
    whole!(ran(bin.bash(&script).env("PROJECT", "p").env("LOCATION", "us-west2")), @"
    failed
    error: SERVICE_URL is not set; set it in the environment or at the top of [DIR]/jobs.sh
    ");
    assert!(bin.asked().is_empty());
    // A failure of the job is not lost behind what is said at the end.
    bin.add("gcloud", "[ \"$3\" = describe ]");
    let mut command = bin.bash(&script);
    for name in ["PROJECT", "LOCATION", "SERVICE_URL", "SERVICE_ACCOUNT"] {
        command.env(name, "x");
    }
    assert!(!ran(&mut command).0);
}

#[test]
fn shell_scripts_please_the_shell_and_shellcheck() {
    let project = Project::new(RULE);
    let scheduler = printed(&project, &["cloud-scheduler", "predictions"]);
    let workflow = yaml(&printed(&project, &["github-actions", "predictions"]));
    let steps = workflow["jobs"]["apply"]["steps"].as_array().unwrap();
    let mut scripts = vec![scheduler];
    scripts.extend(
        steps.iter().filter_map(|step| {
            step["run"].as_str().map(|run| format!("#!/usr/bin/env bash\n{run}"))
        }),
    );
    assert_eq!(scripts.len(), 4);
    for script in scripts {
        let path = project.write("script.sh", &script);
        let (good, said) = ran(Command::new("bash").arg("-n").arg(&path));
        assert!(good, "{said}{script}");
        if found("shellcheck") {
            let (good, said) = ran(Command::new("shellcheck").arg(&path));
            assert!(good, "{said}{script}");
        }
    }
}

#[test]
fn a_cloud_run_job_has_the_time_that_it_waits_and_comes_back_when_it_fails() {
    let project = Project::new(&format!(
        "{RULE}\n[warehouse.prod]\ntype = \"bigquery\"\nproject = \"p\"\nledger = \"ops.l\"\n"
    ));
    let options = ["cloud-run-job", "predictions", "--warehouse", "prod", "--wait", "90m"];
    let jobs = documents(&printed(&project, &[&options[..], &["--image", "r/o:1"]].concat()));
    let [job] = &jobs[..] else { panic!("{jobs:?}") };
    assert_eq!(job["apiVersion"], "run.googleapis.com/v1");
    assert_eq!(job["kind"], "Job");
    assert_eq!(job["metadata"]["name"], "onerow-predictions-daily");
    let task = &job["spec"]["template"]["spec"]["template"]["spec"];
    assert_eq!(task["timeoutSeconds"], 90 * 60 + 60 * 60);
    assert_eq!(task["maxRetries"], 3);
    assert_eq!(task["containers"][0]["image"], "r/o:1");
    assert_eq!(
        job_words(job),
        ["apply", "predictions", "--warehouse", "prod", "--changed", "--wait", "1h30m"]
    );
}

#[test]
fn a_word_that_yaml_would_read_as_something_else_stays_a_word() {
    for name in ["no", "null", "yes", "e5", "true"] {
        let project = Project::new(
            &RULE
                .replace("predictions]", &format!("{name}]"))
                .replace("predictions.columns]", &format!("{name}.columns]")),
        );
        let jobs = documents(&printed(&project, &["cloud-run-job", name]));
        assert_eq!(job_words(&jobs[0])[1], name);
    }
}

/// The line of a crontab as cron hands it to the shell: minutes, and the command.
fn cron_line(text: &str) -> (Vec<i8>, String) {
    let lines: Vec<&str> = text.lines().filter(|line| line.contains(" * * * * ")).collect();
    let [line] = lines[..] else { panic!("{text}") };
    let (minutes, command) = line.split_once(" * * * * ").unwrap();
    assert!(!command.replace("\\%", "").contains('%'), "cron ends the command at a %");
    let minutes = minutes.split(',').map(|minute| minute.parse().unwrap()).collect();
    (minutes, command.replace("\\%", "%"))
}

#[test]
fn a_hostile_folder_reaches_the_command_as_one_word() {
    let project = Project::new(RULE);
    let here = format!("/srv/{HOSTILE}");
    let of = |kind, folder: &str| printed(&project, &[kind, "predictions", "--folder", folder]);
    let bin = Bin::new();
    bin.add("date", "echo 10:30");
    bin.add("onerow", "");
    let expects = |kind: &str, folder: &str| {
        let asked: Vec<_> = bin.asked().into_iter().filter(|words| words[0] == "onerow").collect();
        assert_eq!(asked.len(), 1, "{kind}");
        assert!(asked[0].contains(&folder.to_owned()), "{kind}: {asked:?}");
        bin.forget();
    };
    ran(&mut bin.sh(&cron_line(&of("cron", &here)).1, Timestamp::UNIX_EPOCH));
    expects("cron", &here);

    let workflow = yaml(&of("github-actions", HOSTILE));
    let steps = workflow["jobs"]["apply"]["steps"].as_array().unwrap();
    let script = project.write("apply.sh", steps.last().unwrap()["run"].as_str().unwrap());
    ran(&mut bin.runner(&script));
    expects("github-actions", HOSTILE);

    let jobs = documents(&of("cloud-run-job", &here));
    assert_eq!(job_words(&jobs[0])[3], here);

    if found("python3") {
        let dags = dags(&project, &of("airflow", &here));
        let script = project.write("airflow.sh", dags[0]["command"].as_str().unwrap());
        ran(&mut bin.bash(&script));
        expects("airflow", &here);
    }
}

/// What an Airflow DAG file makes, with stand-ins for Airflow and pendulum.
fn dags(project: &Project, text: &str) -> Vec<Json> {
    project.write("dags/made.py", text);
    project.write("dags/airflow/__init__.py", standin::AIRFLOW);
    project.write("dags/airflow/operators/bash.py", "from airflow import BashOperator\n");
    project.write("dags/pendulum.py", standin::PENDULUM);
    project.write("dags/show.py", "import json, made, airflow\nprint(json.dumps(airflow.DAGS))\n");
    let mut python = Command::new("python3");
    let output = python.arg("show.py").current_dir(project.path("dags")).output().unwrap();
    assert!(output.status.success(), "{}{text}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn an_airflow_run_needs_no_date_of_its_own() {
    if !found("python3") {
        return;
    }
    let project = zone("America/New_York");
    let text = printed(&project, &["airflow", "predictions", "--folder", "/srv/p"]);
    assert_eq!(
        dags(&project, &text),
        [json!({
            "id": "onerow_predictions_daily", "schedule": "30 10 * * *", "catchup": false,
            "zone": "America/New_York", "active": 1, "retries": 4, "delay": 1800.0,
            "command": "onerow apply predictions --project-dir /srv/p --changed",
        })]
    );
}

#[test]
fn systemd_accepts_the_units_and_the_calendar() {
    if !found("systemd-analyze") {
        return;
    }
    for name in ["America/New_York", "Asia/Kathmandu", "UTC"] {
        let project = zone(name);
        let folder = format!("/srv/{HOSTILE}");
        let onerow = env!("CARGO_BIN_EXE_onerow");
        let program = ["--program", onerow, "--folder", &folder, "--out", "units"];
        printed(&project, &[&["systemd", "predictions"], &program[..]].concat());
        for kind in ["service", "timer"] {
            let unit = project.path(&format!("units/onerow-predictions-daily.{kind}"));
            let (good, said) = ran(Command::new("systemd-analyze").arg("verify").arg(&unit));
            assert!(good && said.is_empty(), "{kind}: {said}");
        }
        let timer = project.path("units/onerow-predictions-daily.timer");
        let timer = std::fs::read_to_string(timer).unwrap();
        let calendar = timer.lines().find_map(|line| line.strip_prefix("OnCalendar=")).unwrap();
        let (good, said) = ran(Command::new("systemd-analyze").args(["calendar", calendar]));
        assert!(good && said.contains(name), "{calendar}: {said}");
    }
}

#[test]
fn a_service_writes_where_the_warehouse_is() {
    let elsewhere = RULE.replace("\"sqlite\"", "\"sqlite\"\npath = \"/var/lib/onerow/local.db\"");
    let text =
        printed(&Project::new(&elsewhere), &["systemd", "predictions", "--folder", "/srv/p"]);
    assert!(text.contains("ReadWritePaths=/srv/p /var/lib/onerow\n"), "{text}");
    let text = printed(&Project::new(RULE), &["systemd", "predictions", "--folder", "/srv/p"]);
    assert!(text.contains("ReadWritePaths=/srv/p\n"), "{text}");
}
