//! What is told, of which runs, to whom.

use super::receiver::{PAIR, Receiver, SECRET, SHARED_IDS, project, run};
use crate::common::whole::{Transcript, whole};
use crate::common::{Project, RULE};

const APPLY: &str = "apply --date 2026-01-28";

/// Three duplicates on 2026-01-28.
fn three(project: &Project) {
    let row = |hour| format!("r{hour},2026-01-28,g1,p1,,true,2026-01-28T0{hour}:00:00Z");
    project.rows(&[1, 2, 3, 4].map(row).join("\n"));
}

#[test]
fn duplicates_are_told_above_the_threshold_and_not_at_it() {
    for (over, told) in [(3, false), (2, true), (0, true)] {
        let (project, receiver) = (project(&format!("duplicates_over = {over}")), Receiver::new());
        three(&project);
        let id = run(&project, &receiver, &format!("{APPLY} --format json")).exits(0).json();
        assert_eq!(!receiver.messages().is_empty(), told, "{over}");
        if told {
            assert_eq!(
                receiver.text(),
                format!(
                    "*predictions: more than {over} duplicates found*\n\
                     apply of 2026-01-28, run `{}`\n\
                     duplicates: 3 found, 3 removed, 0 buffered\n\
                     • duplicates found: 3, more than {over}\n\
                     Next: look at what wrote them with `onerow log --rule predictions` and in its own logs",
                    id["run_id"].as_str().unwrap()
                )
            );
        }
        run(&project, &receiver, APPLY).exits(0);
        assert_eq!(receiver.messages().len(), usize::from(told), "nothing is left to find");
    }
}

#[test]
fn a_failure_is_told_and_a_clean_run_and_a_look_are_not() {
    let (project, receiver) = (project(""), Receiver::new());
    project.rows(SHARED_IDS);
    for quiet in
        ["apply --dry-run --date 2026-01-28", "plan --date 2026-01-28", "status --date 2026-01-28"]
    {
        run(&project, &receiver, quiet).exits(0);
    }
    run(&project, &receiver, "apply --date 2026-01-27").exits(0);
    assert_eq!(receiver.messages().len(), 0);
    whole!(run(&project, &receiver, APPLY), @r#"
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
    "#);
    let message = &receiver.messages()[0];
    let block = &message["blocks"][0];
    assert_eq!((&block["type"], &block["text"]["type"]), (&"section".into(), &"mrkdwn".into()));
    assert_eq!(block["text"]["text"], message["text"]);
    whole!(receiver.text(), @r#"
    *predictions: apply failed*
    apply of 2026-01-28, run `[RUN]`
    duplicates: 1 found, 0 removed, 0 buffered
    • 2 active rows have a NULL or duplicate row id on 2026-01-28: a statement by row id could remove a row that must be kept, so no duplicate is removed there
    Next: make the ids unique (in a rule without `row_id` they are the key and the values of `keep`), or set `strategy = "rewrite"`, which can tell such rows apart
    "#);
}

#[test]
fn a_long_list_of_dates_is_shortened_and_says_so() {
    let (project, receiver) = (project(""), Receiver::new());
    let shared_ids = |day| SHARED_IDS.replace("2026-01-28,", &format!("2026-01-{day:02},"));
    project.rows(&(1..=27).step_by(2).map(shared_ids).collect::<Vec<_>>().join("\n"));
    run(&project, &receiver, "apply --from 2026-01-01 --to 2026-01-28").exits(1);
    whole!(receiver.text(), @r#"
    *predictions: apply failed*
    apply of 2026-01-01 to 2026-01-28, run `[RUN]`
    duplicates: 14 found, 0 removed, 0 buffered
    • 28 active rows have a NULL or duplicate row id on 2026-01-01, 2026-01-03, 2026-01-05, 2026-01-07, 2026-01-09, and 9 more ranges of dates: a statement by row id could remove a row that must be kept, so no duplicate is removed there
    Next: make the ids unique (in a rule without `row_id` they are the key and the values of `keep`), or set `strategy = "rewrite"`, which can tell such rows apart
    "#);
}

#[test]
fn each_webhook_is_told_what_it_asks_for() {
    let rules = format!(
        "{RULE}\n[webhook.failures]\nurl_env = \"FAILURES_URL\"\nallow_local = true\n\n\
         [webhook.counts]\nurl_env = \"COUNTS_URL\"\nallow_local = true\non = [\"duplicates\"]\nduplicates_over = 1\n\n\
         [webhook.both]\nurl_env = \"BOTH_URL\"\nallow_local = true\nduplicates_over = 1\n\n\
         [webhook.off]\nurl_env = \"NOBODY_URL\"\nallow_local = true\n"
    );
    let project = Project::new(&rules);
    three(&project);
    project.rows(&SHARED_IDS.replace("2026-01-28,", "2026-01-27,"));
    let [failures, counts, both] = [Receiver::new(), Receiver::new(), Receiver::new()];
    let environment = [
        ("FAILURES_URL", failures.url.as_str()),
        ("COUNTS_URL", &counts.url),
        ("BOTH_URL", &both.url),
        ("NOBODY_URL", "off"),
    ];
    let apply = ["apply", "--from", "2026-01-27", "--to", "2026-01-28"];
    let ended = project.onerow_in(&apply, &environment).exits(1);
    assert!(!ended.to_string().contains(SECRET), "{ended}");
    let mut told = Transcript::default();
    for (name, receiver) in [("failures", failures), ("counts", counts), ("both", both)] {
        told.case(name, receiver.text());
    }
    whole!(told, @r#"
    # failures
    *predictions: apply failed*
    apply of 2026-01-27 to 2026-01-28, run `[RUN]`
    duplicates: 4 found, 3 removed, 0 buffered
    • 2 active rows have a NULL or duplicate row id on 2026-01-27: a statement by row id could remove a row that must be kept, so no duplicate is removed there
    Next: make the ids unique (in a rule without `row_id` they are the key and the values of `keep`), or set `strategy = "rewrite"`, which can tell such rows apart

    # counts
    *predictions: more than 1 duplicates found*
    apply of 2026-01-27 to 2026-01-28, run `[RUN]`
    duplicates: 4 found, 3 removed, 0 buffered
    • duplicates found: 4, more than 1
    Next: look at what wrote them with `onerow log --rule predictions` and in its own logs

    # both
    *predictions: apply failed*
    apply of 2026-01-27 to 2026-01-28, run `[RUN]`
    duplicates: 4 found, 3 removed, 0 buffered
    • 2 active rows have a NULL or duplicate row id on 2026-01-27: a statement by row id could remove a row that must be kept, so no duplicate is removed there
    • duplicates found: 4, more than 1
    Next: make the ids unique (in a rule without `row_id` they are the key and the values of `keep`), or set `strategy = "rewrite"`, which can tell such rows apart
    "#);
}

/// Two rules, each with its table.
fn two_rules(webhook: &str) -> Project {
    let (warehouse, rule) = RULE.split_at(RULE.find("[rule.predictions]").unwrap());
    let other = rule.replace("predictions", "others");
    Project::new(&format!(
        "{warehouse}{rule}{other}\n[webhook.ops]\nurl_env = \"OPS_URL\"\nallow_local = true\n{webhook}\n"
    ))
}

fn shared_ids_in_both(project: &Project) {
    for rule in ["predictions", "others"] {
        project.write("rows.csv", format!("{}{SHARED_IDS}\n", crate::common::HEADER));
        project.onerow(&format!("load {rule} rows.csv")).exits(0);
    }
}

#[test]
fn the_runs_of_one_command_are_told_in_one_message() {
    let (project, receiver) = (two_rules(""), Receiver::new());
    shared_ids_in_both(&project);
    run(&project, &receiver, "apply --all --jobs 2 --date 2026-01-28").exits(1);
    whole!(receiver.text(), @r#"
    *predictions: apply failed*
    apply of 2026-01-28, run `[RUN]`
    duplicates: 1 found, 0 removed, 0 buffered
    • 2 active rows have a NULL or duplicate row id on 2026-01-28: a statement by row id could remove a row that must be kept, so no duplicate is removed there
    Next: make the ids unique (in a rule without `row_id` they are the key and the values of `keep`), or set `strategy = "rewrite"`, which can tell such rows apart

    *others: apply failed*
    apply of 2026-01-28, run `[RUN]`
    duplicates: 1 found, 0 removed, 0 buffered
    • 2 active rows have a NULL or duplicate row id on 2026-01-28: a statement by row id could remove a row that must be kept, so no duplicate is removed there
    Next: make the ids unique (in a rule without `row_id` they are the key and the values of `keep`), or set `strategy = "rewrite"`, which can tell such rows apart
    "#);
    assert_eq!(receiver.messages()[0]["blocks"].as_array().unwrap().len(), 2);
}

#[test]
fn only_the_rules_that_are_named_are_told_of() {
    let (project, receiver) = (two_rules("rules = [\"others\"]"), Receiver::new());
    shared_ids_in_both(&project);
    run(&project, &receiver, "apply --all --date 2026-01-28").exits(1);
    whole!(receiver.text(), @r#"
    *others: apply failed*
    apply of 2026-01-28, run `[RUN]`
    duplicates: 1 found, 0 removed, 0 buffered
    • 2 active rows have a NULL or duplicate row id on 2026-01-28: a statement by row id could remove a row that must be kept, so no duplicate is removed there
    Next: make the ids unique (in a rule without `row_id` they are the key and the values of `keep`), or set `strategy = "rewrite"`, which can tell such rows apart
    "#);
    // A command that is about other rules does not need the address.
    whole!(project.onerow("apply predictions --date 2026-01-28"), @r#"
    $ onerow apply predictions --date 2026-01-28
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
    "#);
    whole!(project.onerow("apply others --date 2026-01-28"), @"
    $ onerow apply others --date 2026-01-28
    exit code 2
    -- stderr
    error[webhook-address]: webhook `ops`: OPS_URL is not set
      help: put the address that Slack gave into OPS_URL, or `off` to send nothing
    ");
}

#[test]
fn a_pair_that_is_cleaned_is_told_to_nobody_without_a_threshold() {
    let (project, receiver) = (project(""), Receiver::new());
    project.rows(PAIR);
    run(&project, &receiver, APPLY).exits(0);
    assert_eq!((project.active(), receiver.messages().len()), (vec!["r2".to_owned()], 0));
}
