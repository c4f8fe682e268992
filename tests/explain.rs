//! `onerow explain`: which row a run would supersede, and why.

use serde_json::json;

use crate::common::whole::{whole, with_times};
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
    with_times!(table, @"
    $ onerow explain --from 2026-01-28 --to 2026-01-29
    -- stdout
    rule predictions
     date         game_id   player   row id   survivor   decided by                                                                 a run would
    ────────
     2026-01-28   g1        NULL     d        e          created_at DESC: 2026-01-28 08:00:00+00, survivor 2026-01-28 09:00:00+00   deactivate it
     2026-01-28   g1        ann      b        c          id DESC                                                                    deactivate it
     2026-01-28   g1        ann      a        c          created_at DESC: 2026-01-28 08:00:00+00, survivor 2026-01-28 09:00:00+00   deactivate it
    ");
    assert_eq!(project.ledger(), Vec::<String>::new(), "looking leaves no trace");
    project.onerow("apply --date 2026-01-28").exits(0);
    assert_eq!(project.active(), ["c", "e", "f", "h"], "what was said is what is done");
    let clean = project.onerow("explain --date 2026-01-28").exits(0);
    assert_eq!(clean.stdout, "rule predictions: no duplicates on 2026-01-28\n");
}

/// The removal log tells for any past run which row superseded which.
#[test]
fn what_a_run_removed_is_explained_afterwards() {
    let project = loaded(RULE);
    whole!(project.onerow("explain --run last"), @"
    $ onerow explain --run last
    exit code 2
    -- stderr
    error[unknown-run]: the ledger has no run of this rule that could be undone
      help: `onerow log` shows what each run did; name a run of more than a year ago by its id
    ");
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
    with_times!(table, @"
    $ onerow explain --run [RUN]
    -- stdout
    rule predictions, removed by run [RUN]
     date         row id   survivor   rank   decided by                                                             removed by   now
    ────────
     2026-01-28   b        c             2   id DESC                                                                deactivate   removed
     2026-01-28   a        c             3   created_at DESC: 2026-01-28T08:00:00Z, survivor 2026-01-28T09:00:00Z   deactivate   removed
     2026-01-28   d        e             2   created_at DESC: 2026-01-28T08:00:00Z, survivor 2026-01-28T09:00:00Z   deactivate   removed
    ");
    project.onerow("undo last").exits(0);
    let explained = project.onerow(&format!("explain --run {run} --format json")).exits(0).json();
    assert_eq!(explained["removed"][0]["status"], "restored");
    whole!(project.onerow("explain --run last --date 2026-01-28"), @"
    $ onerow explain --run last --date 2026-01-28
    exit code 2
    -- stderr
    error[usage]: `--run <RUN>` cannot be used with `--date <D>`
      help: leave out `--run <RUN>` or `--date <D>`
    ");
    whole!(project.onerow("explain --run 1999"), @"
    $ onerow explain --run 1999
    exit code 2
    -- stderr
    error[unknown-run]: the ledger has no run `1999`
      help: `onerow log` lists the runs; the start of an id is enough
    ");
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
    whole!(project.onerow("explain --date 2026-01-28 --key playr=ann"), @"
    $ onerow explain --date 2026-01-28 --key playr=ann
    exit code 2
    -- stderr
    error[usage]: the key of rule predictions has no entry `playr`
      help: did you mean `player`?
    ");
    whole!(project.onerow("explain --date 2026-01-28 --key ann"), @"
    $ onerow explain --date 2026-01-28 --key ann
    exit code 2
    -- stderr
    error[usage]: --key: not a key column and its value
      help: write it as COLUMN=VALUE, such as `order_id=1001`
    ");
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
    with_times!(at("2026-01-28T12:10:00Z"), @"
    $ onerow explain --date 2026-01-28 --key player=bob --now 2026-01-28T12:10:00Z
    -- stdout
    rule predictions
     date         game_id   player   row id   survivor   decided by                                                                 a run would
    ────────
     2026-01-28   g1        bob      i        j          id DESC                                                                    wait: it is buffered
     2026-01-28   g1        bob      f        j          created_at DESC: 2026-01-28 09:00:00+00, survivor 2026-01-28 12:00:00+00   deactivate it
    ");
    let later = at("2026-01-28T14:00:00Z").exits(0);
    with_times!(later, @"
    $ onerow explain --date 2026-01-28 --key player=bob --now 2026-01-28T14:00:00Z
    -- stdout
    rule predictions
     date         game_id   player   row id   survivor   decided by                                                                 a run would
    ────────
     2026-01-28   g1        bob      i        j          id DESC                                                                    deactivate it
     2026-01-28   g1        bob      f        j          created_at DESC: 2026-01-28 09:00:00+00, survivor 2026-01-28 12:00:00+00   deactivate it
    ");
    let shared_ids = loaded(RULE);
    shared_ids.rows("a,2026-01-28,g2,ann,,true,2026-01-28T08:00:00Z");
    with_times!(shared_ids.onerow("explain --date 2026-01-28"), @"
    $ onerow explain --date 2026-01-28
    -- stdout
    rule predictions
     date         game_id   player   row id   survivor   decided by                                                                 a run would
    ────────
     2026-01-28   g1        NULL     d        e          created_at DESC: 2026-01-28 08:00:00+00, survivor 2026-01-28 09:00:00+00   skip it: its date has shared ids
     2026-01-28   g1        ann      b        c          id DESC                                                                    skip it: its date has shared ids
     2026-01-28   g1        ann      a        c          created_at DESC: 2026-01-28 08:00:00+00, survivor 2026-01-28 09:00:00+00   skip its date: its row id is not unique
    ");
}

/// `=` in an entry and in a value, quotes, a line break, and a text that looks like a number.
#[test]
fn a_key_may_hold_any_character() {
    let rule = RULE.replace(
        "key = [\"game_id\", \"player\"]",
        "key = [\"`player`\", \"IF(game_id = 'g1', game_id, 'x=y')\"]",
    );
    let project = Project::new(&rule);
    let values = ["it's \"a\" = b\\", "two\nlines", "Zoë 🏀", "007", "1e3"];
    let mut rows = String::new();
    for (i, value) in values.iter().enumerate() {
        let quoted = value.replace('"', "\"\"");
        for id in [2 * i, 2 * i + 1] {
            rows.push_str(&format!(
                "r{id},2026-01-28,g2,\"{quoted}\",,true,2026-01-28T08:00:0{id}Z\n"
            ));
        }
    }
    project.rows(&rows);
    for (i, value) in values.iter().enumerate() {
        for player in [format!("player={value}"), format!("`PLAYER` ={value}")] {
            let entry = "IF(game_id = 'g1', game_id, 'x=y')=x=y";
            let arguments = ["explain", "--date", "2026-01-28", "--format", "json"];
            let keys = ["--key", player.as_str(), "--key", entry];
            let explained = project.onerow_with(&[&arguments[..], &keys[..]].concat()).exits(0);
            let found = explained.json()["superseded"].as_array().unwrap().clone();
            assert_eq!(found.len(), 1, "{value:?}");
            assert_eq!(found[0]["row_id"], format!("r{}", 2 * i), "{value:?}");
        }
    }
    let nobody = ["explain", "--date", "2026-01-28", "--key", "player=7", "--format", "json"];
    let found = project.onerow_with(&nobody).exits(0).json();
    assert_eq!(found["superseded"], json!([]), "007 is a text");
    let unknown = ["explain", "--date", "2026-01-28", "--key", "playr=a=b"];
    whole!(project.onerow_with(&unknown), @"
    $ onerow explain --date 2026-01-28 --key playr=a=b
    exit code 2
    -- stderr
    error[usage]: the key of rule predictions has no entry `playr`
      help: did you mean ``player``?
    ");
}

/// A key is looked for on every date that the table has; without one, the last dates are shown.
#[test]
fn without_dates_a_key_is_looked_for_on_all_and_rows_are_of_the_last_ones() {
    let project = Project::new(RULE);
    project.rows(
        "a,2019-03-05,g1,ann,20.5,true,2019-03-05T08:00:00Z\n\
         b,2019-03-05,g1,ann,21.5,true,2019-03-05T09:00:00Z\n\
         c,2026-01-29,g1,ann,20.5,true,2026-01-29T08:00:00Z\n\
         d,2026-01-29,g1,ann,21.5,true,2026-01-29T09:00:00Z\n\
         e,2026-01-29,g1,bob,20.5,true,2026-01-29T08:00:00Z\n\
         f,2026-01-29,g1,bob,21.5,true,2026-01-29T09:00:00Z",
    );
    let now = "--now 2026-01-30T12:00:00Z --format json";
    let ids = |words: &str| {
        let ended = project.onerow(&format!("explain {words} {now}")).exits(0);
        let rows = ended.json()["superseded"].clone();
        let ids =
            rows.as_array().unwrap().iter().map(|row| row["row_id"].as_str().unwrap().to_owned());
        (ids.collect::<Vec<_>>(), ended.stderr)
    };
    let (found, said) = ids("--key player=ann");
    assert_eq!(found, ["a", "c"]);
    assert_eq!(
        said,
        "predictions: looking for the key on all 2 dates of the table, 2019-03-05 to 2026-01-29\n"
    );
    let (found, said) = ids("");
    assert_eq!((found, said.as_str()), (vec!["c".to_owned(), "e".to_owned()], ""));
    assert_eq!(ids("--key player=ann --last 3").0, ["c"]);
    assert_eq!(ids("--key player=nobody").0, Vec::<String>::new());
}
