//! `onerow explain`: which row a run would supersede, and why.

use serde_json::json;

use crate::common::{Project, RULE};

const ROWS: &str = "\
a,2026-01-28,g1,ann,20.5,true,2026-01-28T08:00:00Z
b,2026-01-28,g1,ann,21.5,true,2026-01-28T09:00:00Z
c,2026-01-28,g1,ann,21.5,true,2026-01-28T09:00:00Z
d,2026-01-28,g1,,,true,2026-01-28T08:00:00Z
e,2026-01-28,g1,,,true,2026-01-28T09:00:00Z
f,2026-01-28,g1,bob,,true,2026-01-28T09:00:00Z
g,2026-01-28,g1,ann,,false,2026-01-28T10:00:00Z
h,2026-01-29,g1,ann,,true,2026-01-29T08:00:00Z";

fn loaded(rule: &str) -> Project {
    let project = Project::new(rule);
    project.rows(ROWS);
    project
}

#[test]
fn each_superseded_row_is_shown_with_its_survivor_and_what_decided() {
    let project = loaded(RULE);
    let explained = project.onerow("explain --date 2026-01-28 --format json").exits(0).json();
    let rows = explained["superseded"].as_array().unwrap();
    let brief: Vec<_> = rows
        .iter()
        .map(|row| json!([row["key"]["player"], row["row_id"], row["survivor"], row["decided_by"]]))
        .collect();
    assert_eq!(
        brief,
        [
            json!([null, "d", "e", "created_at DESC"]),
            json!(["ann", "b", "c", "id DESC"]),
            json!(["ann", "a", "c", "created_at DESC"]),
        ]
    );
    assert_eq!(rows[2]["keep"]["created_at"], "2026-01-28 08:00:00+00");
    assert_eq!(rows[2]["survivor_keep"]["created_at"], "2026-01-28 09:00:00+00");
    let table = project.onerow("explain --from 2026-01-28 --to 2026-01-29").exits(0);
    table.prints(&[
        "created_at DESC: 2026-01-28 08:00:00+00, survivor 2026-01-28 09:00:00+00   deactivate it",
        " id DESC ",
    ]);
    assert_eq!(project.ledger(), Vec::<String>::new(), "looking leaves no trace");
    project.onerow("apply --date 2026-01-28").exits(0);
    assert_eq!(project.active(), ["c", "e", "f", "h"], "what was said is what is done");
    let clean = project.onerow("explain --date 2026-01-28").exits(0);
    assert_eq!(clean.stdout, "rule predictions: no row is superseded\n");
}

/// The removal log tells for any past run which row superseded which.
#[test]
fn what_a_run_removed_is_explained_afterwards() {
    let project = loaded(RULE);
    project.onerow("explain --run last").exits(2).says(&["no run of this rule that"]);
    project.onerow("apply --date 2026-01-28").exits(0);
    let explained = project.onerow("explain --run last --format json").exits(0).json();
    let rows = explained["removed"].as_array().unwrap();
    let brief = rows.iter().map(|row| {
        json!([row["row_id"], row["survivor"], row["rank"], row["decided_by"], row["status"]])
    });
    assert_eq!(
        brief.collect::<Vec<_>>(),
        [
            json!(["b", "c", 2, "id DESC", "removed"]),
            json!(["a", "c", 3, "created_at DESC", "removed"]),
            json!(["d", "e", 2, "created_at DESC", "removed"]),
        ]
    );
    let run = explained["run_id"].as_str().unwrap();
    let table = project.onerow(&format!("explain --run {run}")).exits(0);
    table.prints(&[
        &format!("rule predictions, removed by run {run}"),
        "created_at DESC: 2026-01-28T08:00:00Z, survivor 2026-01-28T09:00:00Z   deactivate   removed",
    ]);
    project.onerow("undo last").exits(0);
    let explained = project.onerow(&format!("explain --run {run} --format json")).exits(0).json();
    assert_eq!(explained["removed"][0]["status"], "restored");
    project.onerow("explain --run last --date 2026-01-28").exits(2).says(&["cannot be used with"]);
    project.onerow("explain --run 1999").exits(2).says(&["the ledger has no run `1999`"]);
}

#[test]
fn one_key_can_be_asked_for() {
    let project = loaded(RULE);
    let ids = |arguments: &str| {
        let line = format!("explain --date 2026-01-28 --format json {arguments}");
        let explained = project.onerow(&line).exits(0).json();
        let rows = explained["superseded"].as_array().unwrap().iter();
        rows.map(|row| row["row_id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(ids("--key player=ann"), ["b", "a"]);
    assert_eq!(ids("--key player=NULL --key game_id=g1"), ["d"]);
    assert!(ids("--key player=bob").is_empty());
    let error = project.onerow("explain --date 2026-01-28 --key playr=ann").exits(2);
    error.says(&["the key of rule predictions has no entry `playr`", "did you mean `player`?"]);
    project.onerow("explain --date 2026-01-28 --key ann").exits(2).says(&["player_lookup=lebron"]);
}

#[test]
fn what_a_run_would_not_touch_is_said() {
    let project = loaded(RULE);
    let streamed = "2026-01-28T12:00:00Z";
    project.streamed(
        streamed,
        &format!("i,2026-01-28,g1,bob,,true,{streamed}\nj,2026-01-28,g1,bob,,true,{streamed}"),
    );
    let at = |now: &str| {
        project.onerow(&format!("explain --date 2026-01-28 --key player=bob --now {now}"))
    };
    at("2026-01-28T12:10:00Z").exits(0).prints(&["deactivate it", "wait: it is buffered"]);
    let later = at("2026-01-28T14:00:00Z").exits(0);
    assert!(!later.stdout.contains("buffered"), "{later}");
    let shared_ids = loaded(RULE);
    shared_ids.rows("a,2026-01-28,g2,ann,,true,2026-01-28T08:00:00Z");
    shared_ids.onerow("explain --date 2026-01-28").exits(0).prints(&["its row id is shared"]);
}
