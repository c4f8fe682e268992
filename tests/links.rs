//! A project from somebody else, whose links lead out of it: nothing is read, written or removed there.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::common::whole::whole;
use crate::common::{Ended, Project, RULE};

const DATE: &str = "--date 2026-01-28";
const PAIR: &str = "r1,2026-01-28,g1,p1,,true,2026-01-28T07:00:00Z\nr2,2026-01-28,g1,p1,,true,2026-01-28T08:00:00Z";
const SECRET: &str = "SELECT 'SECRET of another folder' -- not the project's\n";

/// A folder beside the project, whose files must neither be seen nor change.
struct Outside(TempDir);

impl Outside {
    fn new() -> Self {
        let outside = Self(tempfile::tempdir().unwrap());
        std::fs::write(outside.path("secret"), SECRET).unwrap();
        outside
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Puts a link to one of its files, or to itself, into the project.
    fn linked(&self, project: &Project, from: &str, to: &str) {
        let from = project.path(from);
        std::fs::create_dir_all(from.parent().unwrap()).unwrap();
        symlink(self.path(to), from).unwrap();
    }

    #[track_caller]
    fn is_untouched(&self, told: &str) {
        let entries = std::fs::read_dir(self.0.path()).unwrap();
        let names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, ["secret"], "{told}");
        assert_eq!(std::fs::read_to_string(self.path("secret")).unwrap(), SECRET, "{told}");
    }
}

/// It ends with 2, says which link it was, and nothing of what that leads to.
#[track_caller]
fn is_refused(ended: Ended, link: &str, outside: &Outside) {
    assert!(!ended.to_string().contains("SECRET"), "{ended}");
    outside.is_untouched(&ended.to_string());
    ended.exits(2).says(&[link, "goes through a link that leads out of its folder"]);
}

#[test]
fn what_a_project_is_made_of_is_not_read_through_a_link_that_leads_out_of_it() {
    let test =
        "[[test]]\nname = \"x\"\nfiles = [\"data/rows.csv\"]\nexpect.counts = { active = 1 }";
    for (link, to, command) in [
        ("sql/own.sql", "secret", "render --step own"),
        ("sql/own.sql", "secret", "check"),
        ("sql/own.sql", "secret", "review --base HEAD"),
        ("sql/predictions/own.sql", "secret", "render --step own"),
        ("sql/predictions", "", "render"),
        ("sql", "", "render"),
        ("tests/linked.toml", "secret", "test"),
        ("tests", "", "test"),
        ("data/rows.csv", "secret", "test"),
        ("data", "", "test"),
        ("onerow.toml", "secret", "check"),
        ("onerow.toml", "secret", "status"),
    ] {
        let (project, outside) = (Project::new(RULE), Outside::new());
        project.write("tests.toml", test);
        if link.starts_with("data") {
            project.write("tests/own.toml", test);
        }
        if link == "onerow.toml" {
            std::fs::remove_file(project.path(link)).unwrap();
        }
        outside.linked(&project, link, to);
        let dates = if ["render", "check"].contains(&command) { DATE } else { "" };
        is_refused(project.onerow(&format!("{command} {dates}")), link, &outside);
    }
}

#[test]
fn the_embedded_database_its_lock_and_the_outbox_are_not_behind_a_link_that_leads_out() {
    let prod = "[warehouse.local]\ntype = \"bigquery\"\nproject = \"p\"\nendpoint = \"http://127.0.0.1:9\"\nledger = \"d.l\"";
    for (rules, link, to, command) in [
        (RULE.to_owned(), ".onerow", "", "load rows.csv"),
        (RULE.to_owned(), ".onerow/local.db", "secret", "load rows.csv"),
        (RULE.to_owned(), ".onerow/local.db", "new.db", "load rows.csv"),
        (RULE.to_owned(), ".onerow/local.db", "secret", "status --date 2026-01-28"),
        (
            RULE.replace("[warehouse.local]\ntype = \"sqlite\"", prod),
            ".onerow",
            "",
            "apply --date 2026-01-28",
        ),
    ] {
        let (project, outside) = (Project::new(&rules), Outside::new());
        project.write("rows.csv", format!("{}{PAIR}\n", crate::common::HEADER));
        outside.linked(&project, link, to);
        is_refused(project.onerow(command), link, &outside);
    }
    let (project, outside) = (Project::new(RULE), Outside::new());
    project.rows(PAIR);
    let lock = ".onerow/local.db.nba.predictions.lock";
    outside.linked(&project, lock, "lock");
    is_refused(project.onerow(&format!("apply {DATE}")), lock, &outside);
    // What SQLite writes beside the database.
    for beside in ["-journal", "-wal", "-shm"] {
        let (project, outside) = (Project::new(RULE), Outside::new());
        project.rows(PAIR);
        for to in ["secret", "new"] {
            let link = format!(".onerow/local.db{beside}");
            let _ = std::fs::remove_file(project.path(&link));
            outside.linked(&project, &link, to);
            let ended = project.onerow(&format!("apply {DATE}"));
            outside.is_untouched(&ended.to_string());
            assert!(!ended.to_string().contains("SECRET"), "{ended}");
        }
    }
}

#[test]
fn a_key_is_not_read_through_a_link_that_leads_out() {
    let (project, outside) = (Project::new(""), Outside::new());
    let prod = "[warehouse.local]\ntype = \"bigquery\"\nproject = \"p\"\nendpoint = \"http://127.0.0.1:9\"\nledger = \"d.l\"\nkey_file = \"keys/key.json\"";
    project.write("onerow.toml", RULE.replace("[warehouse.local]\ntype = \"sqlite\"", prod));
    outside.linked(&project, "keys/key.json", "secret");
    is_refused(project.onerow(&format!("status {DATE}")), "keys/key.json", &outside);
}

#[test]
fn rendered_sql_is_not_written_shown_or_removed_through_a_link_that_leads_out() {
    let detect = "build/predictions/detect_2026-01-28.sql";
    let render = format!("render {DATE} --out build");
    for (link, to) in [
        (detect.to_owned(), "secret"),
        (format!("{detect}.partial"), "secret"),
        (format!("{detect}.partial"), "new"),
        ("build/.onerow-rendered.partial".to_owned(), "secret"),
    ] {
        let (project, outside) = (Project::new(RULE), Outside::new());
        outside.linked(&project, &link, to);
        project.onerow(&render).exits(0);
        outside.is_untouched(&link);
        let written = project.path(detect);
        assert!(written.symlink_metadata().unwrap().is_file(), "{link}");
        assert!(!project.path(&format!("{detect}.partial")).exists());
    }
    for link in ["build/predictions", "build/.onerow-rendered"] {
        let (project, outside) = (Project::new(RULE), Outside::new());
        outside.linked(&project, link, if link.ends_with('d') { "secret" } else { "" });
        is_refused(project.onerow(&render), link, &outside);
    }
    // What is no longer rendered, in a folder that is linked by now.
    let (project, outside) = (Project::new(RULE), Outside::new());
    project.onerow(&render).exits(0);
    let stale = std::fs::read(project.path(detect)).unwrap();
    std::fs::remove_dir_all(project.path("build/predictions")).unwrap();
    outside.linked(&project, "build/predictions", "");
    let kept = outside.path("detect_2026-01-28.sql");
    std::fs::write(&kept, &stale).unwrap();
    project.onerow("render --date 2026-01-29 --out build").exits(2);
    assert_eq!(std::fs::read(&kept).unwrap(), stale);
    for link in [detect, "build/predictions"] {
        let (project, outside) = (Project::new(RULE), Outside::new());
        outside.linked(&project, link, if link == detect { "secret" } else { "" });
        is_refused(project.onerow(&format!("{render} --check")), link, &outside);
    }
}

#[test]
fn other_files_that_commands_write_do_not_follow_links_that_lie_there() {
    let (project, outside) = (Project::new(RULE), Outside::new());
    project.rows(PAIR);
    outside.linked(&project, "page.html.partial", "secret");
    project.onerow(&format!("report --html page.html {DATE}")).exits(0);
    outside.is_untouched("report");
    outside.linked(&project, "jobs/onerow-predictions-daily.service.partial", "secret");
    project.onerow("schedule systemd predictions --out jobs --folder /srv/p").exits(0);
    outside.is_untouched("schedule");
    let started = Project::new(RULE);
    outside.linked(&started, "new/sql", "");
    is_refused(started.onerow("init new"), "new/sql", &outside);
}

#[test]
fn links_within_the_project_and_paths_that_the_user_names_are_followed() {
    let (project, elsewhere) = (Project::new(RULE), tempfile::tempdir().unwrap());
    project.write("shared/own.sql", "SELECT 1 AS shared");
    std::fs::create_dir(project.path("sql")).unwrap();
    symlink("../shared/own.sql", project.path("sql/own.sql")).unwrap();
    whole!(project.onerow(&format!("render --step own {DATE}")), @"
    $ onerow render --step own --date 2026-01-28
    -- stdout
    -- onerow: rule predictions, step own, 2026-01-28
    SELECT 1 AS shared;
    ");
    let named = |name: &str| elsewhere.path().join(name).display().to_string();
    symlink(project.path("."), named("project")).unwrap();
    std::fs::create_dir(named("real")).unwrap();
    symlink("real", named("out")).unwrap();
    std::fs::write(named("rows.csv"), format!("{}{PAIR}\n", crate::common::HEADER)).unwrap();
    symlink("rows.csv", named("linked.csv")).unwrap();
    let dir = format!("--project-dir {}", named("project"));
    project.onerow(&format!("render {DATE} --out {} {dir}", named("out"))).exits(0);
    assert!(Path::new(&named("real/predictions/detect_2026-01-28.sql")).is_file());
    project.onerow(&format!("load {} {dir}", named("linked.csv"))).exits(0);
    assert_eq!(project.active(), ["r1", "r2"]);
}

#[test]
fn a_rendered_file_that_is_not_as_onerow_wrote_it_stays_and_is_named() {
    let project = Project::new(RULE);
    project.onerow(&format!("render {DATE} --out build")).exits(0);
    let list = std::fs::read_to_string(project.path("build/.onerow-rendered")).unwrap();
    let edited = "build/predictions/detect_2026-01-28.sql";
    project.write(edited, "-- mine by now\n");
    // Names and sums that somebody else wrote into the list.
    project.write("build/predictions/precious.sql", "mine");
    project.write("build/predictions/other.sql", "mine too");
    let sum = "0".repeat(64);
    let forged = format!("{list}predictions/precious.sql\n{sum}  predictions/other.sql\n");
    project.write("build/.onerow-rendered", forged);
    let next = "render --date 2026-01-29 --out build";
    let looked = project.onerow(&format!("{next} --check")).exits(1);
    assert!(!looked.stdout.contains("mine"), "{looked}");
    let ended = project.onerow(next).exits(0).says(&["removed 3", edited]);
    for kept in ["detect_2026-01-28.sql", "precious.sql", "other.sql"] {
        let kept = format!("build/predictions/{kept}");
        assert!(project.path(&kept).is_file(), "{kept}: {ended}");
        assert!(ended.stderr.contains(&format!(
            "{kept} is no longer rendered, but was changed since onerow wrote it"
        )));
    }
    // They are the user's now, and not named again.
    let again = project.onerow(next).exits(0);
    assert!(!again.stderr.contains("no longer rendered"), "{again}");
    let mut check = Command::new("sha256sum");
    check.args(["--check", "--quiet", ".onerow-rendered"]).current_dir(project.path("build"));
    assert!(check.status().unwrap().success());
}

#[test]
fn what_onerow_keeps_is_for_its_user_alone_whatever_the_umask() {
    let prod = "default_warehouse = \"local\"\n[warehouse.prod]\ntype = \"bigquery\"\nproject = \"p\"\nendpoint = \"http://127.0.0.1:9\"\nledger = \"d.l\"\nretry_for = \"1s\"\n";
    let project = Project::new(&format!("{prod}{RULE}"));
    project.write("rows.csv", format!("{}{PAIR}\n", crate::common::HEADER));
    let script = format!(
        "umask 000; \"$0\" load rows.csv && \"$0\" apply {DATE}; \"$0\" apply {DATE} --warehouse prod"
    );
    let mut shell = Command::new("sh");
    shell.args(["-c", &script, env!("CARGO_BIN_EXE_onerow")]).current_dir(project.path("."));
    let said = shell.output().unwrap();
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&project.path(".onerow")), 0o700, "{said:?}");
    let entries = std::fs::read_dir(project.path(".onerow")).unwrap();
    let files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    let names: Vec<&str> = files.iter().map(|f| f.file_name().unwrap().to_str().unwrap()).collect();
    for wanted in ["local.db", "local.db.nba.predictions.lock", "prod.outbox.db"] {
        assert!(names.contains(&wanted), "{names:?}: {said:?}");
    }
    for file in files {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
}
