//! What becomes of a message that does not arrive at once. The run's own result stays what it is.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use super::receiver::{Receiver, Reply, SECRET, SHARED_IDS, project, run};
use crate::common::Project;
use crate::common::whole::{Transcript, whole};

const APPLY: &str = "apply --date 2026-01-28";

fn failing() -> Project {
    let project = project("");
    project.rows(SHARED_IDS);
    project
}

#[test]
fn what_fails_in_passing_is_sent_again() {
    for replies in [vec![Reply::Status(500)], vec![Reply::Status(503), Reply::HangUp]] {
        let receiver = Receiver::replying(replies.clone());
        let ended = run(&failing(), &receiver, APPLY).exits(1);
        assert_eq!(receiver.messages().len(), replies.len() + 1);
        assert!(!ended.stderr.contains("could not notify"), "{ended}");
        assert!(receiver.messages().windows(2).all(|two| two[0] == two[1]));
    }
}

#[test]
fn what_is_refused_is_a_warning_and_is_not_sent_again() {
    let mut said = Transcript::default();
    for status in [400, 403, 404, 410] {
        let receiver = Receiver::replying([Reply::Status(status)]);
        let ended = run(&failing(), &receiver, APPLY).exits(1);
        assert_eq!(receiver.messages().len(), 1);
        said.case(&status.to_string(), ended.stderr);
    }
    whole!(said, @r#"
    # 400
    error[shared-ids]: 2 active rows have a NULL or duplicate row id on 2026-01-28: a statement by row id could remove a row that must be kept, so no duplicate is removed there
      help: make the ids unique (in a rule without `row_id` they are the key and the values of `keep`), or set `strategy = "rewrite"`, which can tell such rows apart
    warning[webhook]: could not notify webhook `ops`: it answered with HTTP 400
      help: check that OPS_URL still holds its address

    # 403
    error[shared-ids]: 2 active rows have a NULL or duplicate row id on 2026-01-28: a statement by row id could remove a row that must be kept, so no duplicate is removed there
      help: make the ids unique (in a rule without `row_id` they are the key and the values of `keep`), or set `strategy = "rewrite"`, which can tell such rows apart
    warning[webhook]: could not notify webhook `ops`: it answered with HTTP 403
      help: check that OPS_URL still holds its address

    # 404
    error[shared-ids]: 2 active rows have a NULL or duplicate row id on 2026-01-28: a statement by row id could remove a row that must be kept, so no duplicate is removed there
      help: make the ids unique (in a rule without `row_id` they are the key and the values of `keep`), or set `strategy = "rewrite"`, which can tell such rows apart
    warning[webhook]: could not notify webhook `ops`: it answered with HTTP 404
      help: check that OPS_URL still holds its address

    # 410
    error[shared-ids]: 2 active rows have a NULL or duplicate row id on 2026-01-28: a statement by row id could remove a row that must be kept, so no duplicate is removed there
      help: make the ids unique (in a rule without `row_id` they are the key and the values of `keep`), or set `strategy = "rewrite"`, which can tell such rows apart
    warning[webhook]: could not notify webhook `ops`: it answered with HTTP 410
      help: check that OPS_URL still holds its address
    "#);
}

#[test]
fn a_webhook_that_is_not_told_changes_nothing_of_a_run_that_went_well() {
    let project = project("duplicates_over = 0");
    project.rows(super::receiver::PAIR);
    let receiver = Receiver::replying([Reply::Status(404)]);
    let ended = run(&project, &receiver, &format!("{APPLY} --format json -v")).exits(0);
    assert_eq!(ended.json()["dates"][0]["status"], "cleaned");
    whole!(ended.stderr, @"
     INFO detect of 2026-01-28: sent job=onerow_[RUN]_1_detect_2026-01-28
     INFO detect of 2026-01-28: done job=onerow_[RUN]_1_detect_2026-01-28 affected=Some(1)
     INFO record of 2026-01-28: sent job=onerow_[RUN]_2_record_2026-01-28
     INFO record of 2026-01-28: done job=onerow_[RUN]_2_record_2026-01-28 affected=Some(1)
     INFO deactivate of 2026-01-28: sent job=onerow_[RUN]_3_deactivate_2026-01-28
     INFO deactivate of 2026-01-28: done job=onerow_[RUN]_3_deactivate_2026-01-28 affected=Some(1)
     INFO verify of 2026-01-28: sent job=onerow_[RUN]_4_verify_2026-01-28
     INFO verify of 2026-01-28: done job=onerow_[RUN]_4_verify_2026-01-28 affected=Some(1)
    warning[webhook]: could not notify webhook `ops`: it answered with HTTP 404
      help: check that OPS_URL still holds its address
    ");
    assert_eq!(project.active(), ["r2"]);
    let log = project.onerow("log --sql --format json").stdout;
    assert!(!log.contains("webhook") && !log.contains(SECRET), "{log}");
}

#[test]
fn for_programs_it_is_a_warning_with_the_run_and_the_run_is_closed() {
    let receiver = Receiver::replying([Reply::Status(404)]);
    let ended = run(&failing(), &receiver, &format!("{APPLY} --log-format json")).exits(1);
    let lines = ended.stderr.lines().map(|line| serde_json::from_str(line).unwrap());
    let lines: Vec<serde_json::Value> = lines.collect();
    let [warns, closes] = lines.last_chunk().unwrap();
    assert_eq!(
        (&closes["severity"], &closes["message"]),
        (&"ERROR".into(), &"run ended: failed".into())
    );
    assert_eq!((&closes["rule"], &closes["duplicates_found"]), (&"predictions".into(), &1.into()));
    assert_eq!(warns["severity"], "WARNING");
    assert_eq!(warns["run_id"], closes["run_id"]);
    assert!(warns["run_id"].is_string(), "{}", ended.stderr);
}

#[test]
fn a_pause_that_is_asked_for_is_kept_and_one_that_is_too_long_is_not_waited_for() {
    let soon = Receiver::replying([Reply::With(429, "Retry-After: 2".to_owned())]);
    run(&failing(), &soon, APPLY).exits(1);
    assert_eq!(soon.messages().len(), 2);
    assert!(soon.pauses()[0] >= Duration::from_secs(2), "{:?}", soon.pauses());
    let late = Receiver::replying([Reply::With(429, "Retry-After: 3600".to_owned())]);
    let began = Instant::now();
    whole!(run(&failing(), &late, APPLY), @r#"
    $ onerow apply --date 2026-01-28
    exit code 1
    -- stdout
    rule predictions, run [RUN]
     date         active   keys   duplicates   buffered   shared ids   removed   status
    ────────
     2026-01-28        2      1            1          0            2         0   shared_ids
    ────────
     total             2      1            1          0            2         0
    -- stderr
    error[shared-ids]: 2 active rows have a NULL or duplicate row id on 2026-01-28: a statement by row id could remove a row that must be kept, so no duplicate is removed there
      help: make the ids unique (in a rule without `row_id` they are the key and the values of `keep`), or set `strategy = "rewrite"`, which can tell such rows apart
    warning[webhook]: could not notify webhook `ops`: it answered with HTTP 429
      help: the run itself is not affected
    "#);
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    assert_eq!(late.messages().len(), 1);
}

#[test]
fn a_redirect_is_not_followed() {
    let mut said = Transcript::default();
    for status in [301, 302, 303, 307, 308] {
        let elsewhere = Receiver::new();
        let header = format!("Location: {}", elsewhere.url);
        let receiver = Receiver::replying([Reply::With(status, header)]);
        let ended = run(&failing(), &receiver, APPLY).exits(1);
        said.case(&status.to_string(), ended.stderr);
        assert_eq!((receiver.messages().len(), elsewhere.messages().len()), (1, 0));
    }
    whole!(said, @r#"
    # 301
    error[shared-ids]: 2 active rows have a NULL or duplicate row id on 2026-01-28: a statement by row id could remove a row that must be kept, so no duplicate is removed there
      help: make the ids unique (in a rule without `row_id` they are the key and the values of `keep`), or set `strategy = "rewrite"`, which can tell such rows apart
    warning[webhook]: could not notify webhook `ops`: it answered with HTTP 301
      help: the URL redirects, and redirects are not followed: set OPS_URL to the final URL

    # 302
    error[shared-ids]: 2 active rows have a NULL or duplicate row id on 2026-01-28: a statement by row id could remove a row that must be kept, so no duplicate is removed there
      help: make the ids unique (in a rule without `row_id` they are the key and the values of `keep`), or set `strategy = "rewrite"`, which can tell such rows apart
    warning[webhook]: could not notify webhook `ops`: it answered with HTTP 302
      help: the URL redirects, and redirects are not followed: set OPS_URL to the final URL

    # 303
    error[shared-ids]: 2 active rows have a NULL or duplicate row id on 2026-01-28: a statement by row id could remove a row that must be kept, so no duplicate is removed there
      help: make the ids unique (in a rule without `row_id` they are the key and the values of `keep`), or set `strategy = "rewrite"`, which can tell such rows apart
    warning[webhook]: could not notify webhook `ops`: it answered with HTTP 303
      help: the URL redirects, and redirects are not followed: set OPS_URL to the final URL

    # 307
    error[shared-ids]: 2 active rows have a NULL or duplicate row id on 2026-01-28: a statement by row id could remove a row that must be kept, so no duplicate is removed there
      help: make the ids unique (in a rule without `row_id` they are the key and the values of `keep`), or set `strategy = "rewrite"`, which can tell such rows apart
    warning[webhook]: could not notify webhook `ops`: it answered with HTTP 307
      help: the URL redirects, and redirects are not followed: set OPS_URL to the final URL

    # 308
    error[shared-ids]: 2 active rows have a NULL or duplicate row id on 2026-01-28: a statement by row id could remove a row that must be kept, so no duplicate is removed there
      help: make the ids unique (in a rule without `row_id` they are the key and the values of `keep`), or set `strategy = "rewrite"`, which can tell such rows apart
    warning[webhook]: could not notify webhook `ops`: it answered with HTTP 308
      help: the URL redirects, and redirects are not followed: set OPS_URL to the final URL
    "#);
}

#[test]
fn a_server_that_is_slow_or_gone_holds_the_command_up_for_ten_seconds_at_most() {
    let slow = Receiver::replying([Reply::After(Duration::from_secs(60))]);
    let began = Instant::now();
    whole!(run(&failing(), &slow, APPLY), @r#"
    $ onerow apply --date 2026-01-28
    exit code 1
    -- stdout
    rule predictions, run [RUN]
     date         active   keys   duplicates   buffered   shared ids   removed   status
    ────────
     2026-01-28        2      1            1          0            2         0   shared_ids
    ────────
     total             2      1            1          0            2         0
    -- stderr
    error[shared-ids]: 2 active rows have a NULL or duplicate row id on 2026-01-28: a statement by row id could remove a row that must be kept, so no duplicate is removed there
      help: make the ids unique (in a rule without `row_id` they are the key and the values of `keep`), or set `strategy = "rewrite"`, which can tell such rows apart
    warning[webhook]: could not notify webhook `ops`: it did not answer within 10 seconds
      help: the run itself is not affected
    "#);
    assert!(began.elapsed() < Duration::from_secs(13), "{:?}", began.elapsed());
    assert_eq!(slow.messages().len(), 1, "what may have arrived is not sent again");
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let gone = Receiver { url: format!("http://{free}/{SECRET}"), ..Receiver::new() };
    let began = Instant::now();
    whole!(run(&failing(), &gone, APPLY), @r#"
    $ onerow apply --date 2026-01-28
    exit code 1
    -- stdout
    rule predictions, run [RUN]
     date         active   keys   duplicates   buffered   shared ids   removed   status
    ────────
     2026-01-28        2      1            1          0            2         0   shared_ids
    ────────
     total             2      1            1          0            2         0
    -- stderr
    error[shared-ids]: 2 active rows have a NULL or duplicate row id on 2026-01-28: a statement by row id could remove a row that must be kept, so no duplicate is removed there
      help: make the ids unique (in a rule without `row_id` they are the key and the values of `keep`), or set `strategy = "rewrite"`, which can tell such rows apart
    warning[webhook]: could not notify webhook `ops`: it cannot be reached: connection refused
      help: the run itself is not affected
    "#);
    assert!(began.elapsed() < Duration::from_secs(13), "{:?}", began.elapsed());
}

#[test]
fn one_webhook_that_fails_keeps_no_other_from_being_told() {
    let project = failing();
    let rules = std::fs::read_to_string(project.path("onerow.toml")).unwrap();
    project.write(
        "onerow.toml",
        format!("{rules}\n[webhook.second]\nurl_env = \"SECOND_URL\"\nallow_local = true\n"),
    );
    let (broken, whole) = (Receiver::replying([Reply::Status(404)]), Receiver::new());
    let environment = [("OPS_URL", broken.url.as_str()), ("SECOND_URL", &whole.url)];
    whole!(project.onerow_in(&["apply", "--date", "2026-01-28"], &environment), @r#"
    $ onerow apply --date 2026-01-28
    exit code 1
    -- stdout
    rule predictions, run [RUN]
     date         active   keys   duplicates   buffered   shared ids   removed   status
    ────────
     2026-01-28        2      1            1          0            2         0   shared_ids
    ────────
     total             2      1            1          0            2         0
    -- stderr
    error[shared-ids]: 2 active rows have a NULL or duplicate row id on 2026-01-28: a statement by row id could remove a row that must be kept, so no duplicate is removed there
      help: make the ids unique (in a rule without `row_id` they are the key and the values of `keep`), or set `strategy = "rewrite"`, which can tell such rows apart
    warning[webhook]: could not notify webhook `ops`: it answered with HTTP 404
      help: check that OPS_URL still holds its address
    "#);
    whole!(whole.text(), @r#"
    *predictions: apply failed*
    apply of 2026-01-28, run `[RUN]`
    duplicates: 1 found, 0 removed, 0 buffered
    • 2 active rows have a NULL or duplicate row id on 2026-01-28: a statement by row id could remove a row that must be kept, so no duplicate is removed there
    Next: make the ids unique (in a rule without `row_id` they are the key and the values of `keep`), or set `strategy = "rewrite"`, which can tell such rows apart
    "#);
}
