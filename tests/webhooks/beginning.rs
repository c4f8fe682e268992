//! Addresses that are missing or unusable, and commands that end before they run anything.

use super::receiver::{PAIR, Receiver, SECRET, SHARED_IDS, project, run};
use crate::common::whole::whole;

#[test]
fn without_a_usable_address_nothing_is_run_and_the_variable_is_named() {
    let project = project("");
    project.rows(PAIR);
    for (address, what) in [
        ("", "is empty"),
        ("hooks.example/T0SECRET", "holds no address"),
        ("http://hooks.example/T0SECRET", "holds an http address"),
        ("ftp://hooks.example/T0SECRET", "holds no https address"),
    ] {
        for command in [
            "apply --date 2026-01-28",
            "serve --listen 127.0.0.1:0",
            "run detect --date 2026-01-28",
        ] {
            let arguments: Vec<&str> = command.split_whitespace().collect();
            let ended = project.onerow_in(&arguments, &[("OPS_URL", address)]).exits(2);
            let ended = ended.says(&[&format!("webhook `ops`: OPS_URL {what}"), "`off`"]);
            assert!(!ended.to_string().contains(SECRET), "{ended}");
        }
    }
    whole!(project.onerow("apply --date 2026-01-28"), @"
    $ onerow apply --date 2026-01-28
    exit code 2
    -- stderr
    error[webhook-address]: webhook `ops`: OPS_URL is not set
      help: put the address that Slack gave into OPS_URL, or `off` to send nothing
    ");
    assert_eq!((project.active().len(), project.ledger().len()), (2, 0));
    for command in ["status", "plan", "apply --dry-run", "check", "render"] {
        project.onerow(&format!("{command} --date 2026-01-28")).exits(0);
    }
    let off = project.onerow_in(&["apply", "--date", "2026-01-28"], &[("OPS_URL", "off")]);
    off.exits(0);
    assert_eq!(project.active(), ["r2"]);
}

#[test]
fn what_kept_a_command_from_running_anything_is_told() {
    let (project, receiver) = (project(""), Receiver::new());
    project.write(".onerow/local.db", "this is no database, whatever its name says".repeat(50));
    run(&project, &receiver, "apply --date 2026-01-28").exits(1);
    let text = receiver.text();
    assert!(text.starts_with("*predictions: apply failed*\napply of 2026-01-28"), "{text}");
    assert!(text.contains("\n• "), "{text}");
}

#[test]
fn what_is_wrong_with_the_command_itself_is_for_whoever_typed_it() {
    let (project, receiver) = (project(""), Receiver::new());
    project.rows(SHARED_IDS);
    for typed in ["apply", "apply --date 2026-02-30", "apply other --date 2026-01-28"] {
        run(&project, &receiver, typed).exits(2);
    }
    assert_eq!(receiver.messages().len(), 0);
}

#[test]
fn doctor_looks_at_the_address_and_sends_nothing() {
    let (project, receiver) = (project(""), Receiver::new());
    project.rows(PAIR);
    let good = run(&project, &receiver, "doctor --last 1 --now 2026-01-29T12:00:00Z").exits(0);
    good.prints(&["webhooks\n", "`ops`: OPS_URL holds an address; nothing was sent to it"]);
    assert_eq!(receiver.messages().len(), 0);
    let missing = project.onerow("doctor --last 1 --now 2026-01-29T12:00:00Z").exits(1);
    missing.prints(&["bad", "webhook `ops`: OPS_URL is not set", "put the address"]);
    let off = project.onerow_in(&["doctor", "--last", "1"], &[("OPS_URL", "off")]).exits(0);
    off.prints(&["OPS_URL is `off`: nothing is sent"]);
}
