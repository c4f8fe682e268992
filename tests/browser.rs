//! The pages in a real browser: `browser.py` says what is done there.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::json;

use crate::common::{Project, RULE, part};
use crate::serve::service::{APPLY, NOW, READ, Service, alone, example};

#[test]
fn a_person_with_a_browser_signs_in_looks_dry_runs_and_applies() {
    let Some(driver) = std::env::var_os("ONEROW_BROWSER_DRIVER") else {
        eprintln!("skipped: this test needs a browser; `tests/run` prepares it");
        return;
    };
    // A browser takes what others are measured by.
    let _alone = alone();
    let project = example();
    let service = Service::of(&project);
    let names = |count: usize| (0..count).map(|i| format!("rule_{i:04}")).collect::<Vec<_>>();
    // With `predictions`, and with one whose table is missing.
    let many = [48, 1998].map(|count| crate::serve::overview::project(&names(count)));
    let [fifty, thousands] = many.each_ref().map(Service::of);
    let only = Project::new(RULE);
    only.rows("r1,2026-01-30,g1,p1,,true,2026-01-30T09:30:00Z\nr2,2026-01-30,g1,p1,,true,2026-01-30T09:31:00Z");
    let one = Service::of(&only);
    // Kept, for a person to look at.
    let pictures = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("pages");
    let _ = std::fs::remove_dir_all(&pictures);
    std::fs::create_dir_all(&pictures).unwrap();
    let file = project.path("report.html");
    let report = format!("report --all --last 14 --html {} --now {NOW}", file.display());
    // Each page is looked at in one of four views, and one of three services, others each day.
    let turn = (!part::is_thorough()).then(part::turn);
    let asked = json!({
        "turn": turn, "address": service.address, "apply": APPLY, "read": READ, "pictures": pictures,
        "one": one.address, "fifty": fifty.address, "thousands": thousands.address, "file": file, "browser": std::env::var("ONEROW_BROWSER").unwrap(),
    });
    project.onerow(&report).exits(0);
    let mut child = Command::new(driver)
        .arg("tests/browser.py")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(asked.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(
        std::fs::read_dir(&pictures).unwrap().count(),
        if turn.is_none() { 13 * 4 } else { 11 },
        "{told}"
    );
    let runs = service.get("/api/runs", Some(READ)).json;
    let sum = |figure: &str| -> u64 {
        runs["runs"].as_array().unwrap().iter().map(|run| run[figure].as_u64().unwrap()).sum()
    };
    assert_eq!((sum("duplicates_deactivated"), sum("rows_restored")), (7865, 7865));
}
