//! Addresses that are missing or unusable, and commands that end before they run anything.

use super::receiver::{PAIR, Receiver, SECRET, SHARED_IDS, project, run};
use crate::common::whole::{Transcript, whole};

#[test]
fn without_a_usable_address_nothing_is_run_and_the_variable_is_named() {
    let project = project("");
    project.rows(PAIR);
    let mut said = Transcript::default();
    for address in [
        "",
        "hooks.example/T0SECRET",
        "http://hooks.example/T0SECRET",
        "ftp://hooks.example/T0SECRET",
    ] {
        for command in [
            "apply --date 2026-01-28",
            "serve --listen 127.0.0.1:0",
            "run detect --date 2026-01-28",
        ] {
            let arguments: Vec<&str> = command.split_whitespace().collect();
            let ended = project.onerow_in(&arguments, &[("OPS_URL", address)]).exits(2);
            assert!(!ended.to_string().contains(SECRET), "{ended}");
            said.case(&format!("OPS_URL={address}"), ended);
        }
    }
    whole!(said, @"
    # OPS_URL=
    $ onerow apply --date 2026-01-28
    exit code 2
    -- stderr
    error[webhook-address]: webhook `ops`: OPS_URL is empty
      help: put the address that Slack gave into OPS_URL, or `off` to send nothing

    # OPS_URL=
    $ onerow serve --listen 127.0.0.1:[PORT]
    exit code 2
    -- stderr
    error[webhook-address]: webhook `ops`: OPS_URL is empty
      help: put the address that Slack gave into OPS_URL, or `off` to send nothing

    # OPS_URL=
    $ onerow run detect --date 2026-01-28
    exit code 2
    -- stderr
    error[webhook-address]: webhook `ops`: OPS_URL is empty
      help: put the address that Slack gave into OPS_URL, or `off` to send nothing

    # OPS_URL=hooks.example/T0SECRET
    $ onerow apply --date 2026-01-28
    exit code 2
    -- stderr
    error[webhook-address]: webhook `ops`: OPS_URL holds no address
      help: put the address that Slack gave into OPS_URL, or `off` to send nothing

    # OPS_URL=hooks.example/T0SECRET
    $ onerow serve --listen 127.0.0.1:[PORT]
    exit code 2
    -- stderr
    error[webhook-address]: webhook `ops`: OPS_URL holds no address
      help: put the address that Slack gave into OPS_URL, or `off` to send nothing

    # OPS_URL=hooks.example/T0SECRET
    $ onerow run detect --date 2026-01-28
    exit code 2
    -- stderr
    error[webhook-address]: webhook `ops`: OPS_URL holds no address
      help: put the address that Slack gave into OPS_URL, or `off` to send nothing

    # OPS_URL=http://hooks.example/T0SECRET
    $ onerow apply --date 2026-01-28
    exit code 2
    -- stderr
    error[webhook-address]: webhook `ops`: OPS_URL holds an http address, which anybody on the way could read
      help: put the address that Slack gave into OPS_URL, or `off` to send nothing

    # OPS_URL=http://hooks.example/T0SECRET
    $ onerow serve --listen 127.0.0.1:[PORT]
    exit code 2
    -- stderr
    error[webhook-address]: webhook `ops`: OPS_URL holds an http address, which anybody on the way could read
      help: put the address that Slack gave into OPS_URL, or `off` to send nothing

    # OPS_URL=http://hooks.example/T0SECRET
    $ onerow run detect --date 2026-01-28
    exit code 2
    -- stderr
    error[webhook-address]: webhook `ops`: OPS_URL holds an http address, which anybody on the way could read
      help: put the address that Slack gave into OPS_URL, or `off` to send nothing

    # OPS_URL=ftp://hooks.example/T0SECRET
    $ onerow apply --date 2026-01-28
    exit code 2
    -- stderr
    error[webhook-address]: webhook `ops`: OPS_URL holds no https address
      help: put the address that Slack gave into OPS_URL, or `off` to send nothing

    # OPS_URL=ftp://hooks.example/T0SECRET
    $ onerow serve --listen 127.0.0.1:[PORT]
    exit code 2
    -- stderr
    error[webhook-address]: webhook `ops`: OPS_URL holds no https address
      help: put the address that Slack gave into OPS_URL, or `off` to send nothing

    # OPS_URL=ftp://hooks.example/T0SECRET
    $ onerow run detect --date 2026-01-28
    exit code 2
    -- stderr
    error[webhook-address]: webhook `ops`: OPS_URL holds no https address
      help: put the address that Slack gave into OPS_URL, or `off` to send nothing
    ");
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
    whole!(receiver.text(), @"
    *predictions: apply failed*
    apply of 2026-01-28
    • the file is not an SQLite database (while opening `./.onerow/local.db`)
    Next: check `path` of the embedded warehouse
    ");
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
    const DOCTOR: &str = "doctor --last 1 --now 2026-01-29T12:00:00Z";
    whole!(run(&project, &receiver, DOCTOR), @"
    $ onerow doctor --last 1 --now [TIME]
    -- stdout
    warehouse
      good     credentials       a query was accepted and answered
      skipped  clock             the warehouse does not say when it runs a statement
      good     ledger            in `./.onerow/local.db`

    rule predictions
      good     table             nba.predictions: 8 columns
      good     columns           all columns of the rule exist, with fitting types
      skipped  partition         this warehouse has no partitions
      good     streaming buffer  empty
      good     statements        the warehouse would take detect, record, deactivate, verify of 2026-01-28
      good     row id            `id` is unique and not NULL in 2 active rows of 2026-01-28

    webhooks
      good     webhook           `ops`: OPS_URL holds an address; nothing was sent to it
    ");
    assert_eq!(receiver.messages().len(), 0);
    whole!(project.onerow(DOCTOR), @"
    $ onerow doctor --last 1 --now [TIME]
    exit code 1
    -- stdout
    warehouse
      good     credentials       a query was accepted and answered
      skipped  clock             the warehouse does not say when it runs a statement
      good     ledger            in `./.onerow/local.db`

    rule predictions
      good     table             nba.predictions: 8 columns
      good     columns           all columns of the rule exist, with fitting types
      skipped  partition         this warehouse has no partitions
      good     streaming buffer  empty
      good     statements        the warehouse would take detect, record, deactivate, verify of 2026-01-28
      good     row id            `id` is unique and not NULL in 2 active rows of 2026-01-28

    webhooks
      bad      webhook           webhook `ops`: OPS_URL is not set → put the address that Slack gave into OPS_URL, or `off` to send nothing
    ");
    let words: Vec<&str> = DOCTOR.split(' ').collect();
    whole!(project.onerow_in(&words, &[("OPS_URL", "off")]), @"
    $ onerow doctor --last 1 --now [TIME]
    -- stdout
    warehouse
      good     credentials       a query was accepted and answered
      skipped  clock             the warehouse does not say when it runs a statement
      good     ledger            in `./.onerow/local.db`

    rule predictions
      good     table             nba.predictions: 8 columns
      good     columns           all columns of the rule exist, with fitting types
      skipped  partition         this warehouse has no partitions
      good     streaming buffer  empty
      good     statements        the warehouse would take detect, record, deactivate, verify of 2026-01-28
      good     row id            `id` is unique and not NULL in 2 active rows of 2026-01-28

    webhooks
      skipped  webhook           `ops`: OPS_URL is `off`: nothing is sent
    ");
}
