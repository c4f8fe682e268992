//! `onerow init`: a project that works as it is, and a rule for what is there already.

use std::process::{Command, Stdio};

use crate::common::whole::{Transcript, whole};
use crate::common::{Ended, Project, part};

/// An empty folder, which is no project.
fn empty() -> Project {
    let project = Project::new("");
    std::fs::remove_file(project.path("onerow.toml")).unwrap();
    project
}

fn within(project: &Project, folder: &str, arguments: &str) -> Ended {
    let mut command = Command::new(env!("CARGO_BIN_EXE_onerow"));
    command.args(arguments.split(' ')).current_dir(project.path(folder)).stdin(Stdio::null());
    Ended::of(arguments, command.output().unwrap())
}

#[test]
fn a_new_project_works_as_it_is() {
    let project = empty();
    let mut transcript = Transcript::default();
    transcript.add(&project.onerow("init new"));
    for command in [
        "check",
        "test",
        "load events.csv",
        "status --changed",
        "apply --changed",
        "status --date 2026-01-28 --exit-code",
        "run null_keys --date 2026-01-28",
        "render --all --date 2026-01-28 --out snapshots --check",
    ] {
        transcript.add(&within(&project, "new", command).exits(0));
    }
    whole!(transcript, @"
    $ onerow init new
    -- stderr
    wrote new/onerow.toml
    wrote new/events.csv
    wrote new/sql/null_keys.sql
    wrote new/tests/events.toml
    wrote new/.github/workflows/onerow.yml
    wrote new/onerow.schema.json
    wrote new/.gitignore
    wrote new/snapshots
    next:
      cd new
      onerow check
      onerow test
      onerow load events.csv
      onerow status --changed
      onerow apply --changed
    then describe your own table in onerow.toml, or let `onerow init --table` or `--file` propose a rule

    $ onerow check
    -- stderr
    15 statements checked, no findings

    $ onerow test
    -- stdout
    ok      ./tests/events.toml: of the rows of an event, the one that was created last stays
    -- stderr
    1 passed, 0 failed

    $ onerow load events.csv
    -- stderr
    events.csv: 6 rows into my_dataset.events

    $ onerow status --changed
    -- stdout
    rule events
     date         active   keys   duplicates   buffered   shared ids   status
    ────────
     2026-01-28        5      2            3          0            0   dirty
     2026-01-29        1      1            0          0            0   clean
    ────────
     total             6      3            3          0            0
    -- stderr
    events: 2 dates to check; 0 dates unchanged since last found clean

    $ onerow apply --changed
    -- stdout
    rule events, run [RUN]
     date         active   keys   duplicates   buffered   shared ids   removed   status
    ────────
     2026-01-28        5      2            3          0            0         3   cleaned
     2026-01-29        1      1            0          0            0         0   clean
    ────────
     total             6      3            3          0            0         3

    null_keys of 2026-01-28 to 2026-01-29
     row_id   event_id   user_id
    ────────
    -- stderr
    events: 2 dates to check; 0 dates unchanged since last found clean

    $ onerow status --date 2026-01-28 --exit-code
    -- stdout
    rule events
     date         active   keys   duplicates   buffered   shared ids   status
    ────────
     2026-01-28        2      2            0          0            0   clean
    ────────
     total             2      2            0          0            0

    $ onerow run null_keys --date 2026-01-28
    -- stdout
    null_keys of 2026-01-28
     row_id   event_id   user_id
    ────────

    $ onerow render --all --date 2026-01-28 --out snapshots --check
    -- stderr
    snapshots is up to date
    ");
    assert_eq!(std::fs::read_to_string(project.path("new/.gitignore")).unwrap(), ".onerow/\n");
}

#[test]
fn nothing_is_overwritten() {
    let project = empty();
    project.write("new/events.csv", "mine");
    whole!(project.onerow("init new"), @"
    $ onerow init new
    exit code 2
    -- stderr
    error[usage]: `new/events.csv` already exists; nothing was written
      help: to add a rule to a project: onerow init --table TABLE; to start another project: onerow init DIR
    ");
    let names: Vec<_> = std::fs::read_dir(project.path("new")).unwrap().collect();
    assert_eq!(names.len(), 1, "{names:?}");
    project.write("third/snapshots/events/detect_2026-01-28.sql", "mine");
    whole!(project.onerow("init third"), @"
    $ onerow init third
    exit code 2
    -- stderr
    error[usage]: `third/snapshots` already exists; nothing was written
      help: to add a rule to a project: onerow init --table TABLE; to start another project: onerow init DIR
    ");
    assert!(!project.path("third/onerow.toml").exists());
    project.write("other/.gitignore", "target/\n");
    let ended = project.onerow("init other").exits(0);
    whole!(ended, @"
    $ onerow init other
    -- stderr
    wrote other/onerow.toml
    wrote other/events.csv
    wrote other/sql/null_keys.sql
    wrote other/tests/events.toml
    wrote other/.github/workflows/onerow.yml
    wrote other/onerow.schema.json
    note: add `.onerow/` to other/.gitignore: the local database does not belong into a repository
    wrote other/snapshots
    next:
      cd other
      onerow check
      onerow test
      onerow load events.csv
      onerow status --changed
      onerow apply --changed
    then describe your own table in onerow.toml, or let `onerow init --table` or `--file` propose a rule
    ");
    assert_eq!(std::fs::read_to_string(project.path("other/.gitignore")).unwrap(), "target/\n");
}

/// What people do first: they change a name, take a comment away, remove a line.
#[test]
fn the_first_edit_of_the_sample_breaks_nothing_or_is_answered_with_a_clear_word() {
    let project = empty();
    project.onerow("init new").exits(0);
    let text = std::fs::read_to_string(project.path("new/onerow.toml")).unwrap();
    let tries = |edited: &str, what: &str| {
        project.write("new/onerow.toml", edited);
        for command in ["check --date 2026-01-28", "render --date 2026-01-28", "test"] {
            let ended = within(&project, "new", command);
            match ended.code {
                Some(0) => {}
                // Something is wrong: where, and what to do.
                Some(1..=3) => {
                    let said = format!("{}{}", ended.stdout, ended.stderr);
                    assert!(said.contains("help:") || said.contains("FAILED"), "{what}: {ended}");
                    assert!(!said.contains("internal"), "{what}: {ended}");
                }
                _ => panic!("{what}: {ended}"),
            }
        }
    };
    for (number, line) in part::of(text.lines().enumerate(), 3) {
        let others = text.lines().enumerate().filter(|(other, _)| *other != number);
        let without: Vec<&str> = others.map(|(_, line)| line).collect();
        tries(&without.join("\n"), &format!("without `{line}`"));
    }
    let all_renamed =
        text.replace("[rule.events", "[rule.renamed").replace("my_dataset.events", "shop.orders");
    project.write("new/onerow.toml", &all_renamed);
    for command in ["check --date 2026-01-28", "test", "load events.csv", "apply --changed"] {
        within(&project, "new", command).exits(0);
    }
    let uncommented: Vec<&str> = text
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            Some(rest) if rest.starts_with('[') || rest.contains(" = ") => rest,
            _ => line,
        })
        .collect();
    project.write("new/onerow.toml", uncommented.join("\n"));
    within(&project, "new", "check --date 2026-01-28 --warehouse prod").exits(0);
}

#[test]
fn a_rule_for_a_file_starts_a_project_and_is_added_to_one() {
    let project = empty();
    project.write("orders.csv", include_str!("../propose/orders.csv"));
    project.write("events.csv", include_str!("../propose/events.csv"));
    let mut transcript = Transcript::default();
    transcript.add(&project.onerow("init --file orders.csv shop"));
    transcript.add(&within(&project, "shop", "load ../orders.csv").exits(0));
    transcript.add(&within(&project, "shop", "status --changed").exits(0));
    transcript
        .add(&within(&project, "shop", "init --file ../events.csv --table web.events").exits(0));
    transcript.add(&within(&project, "shop", "load events ../events.csv").exits(0));
    transcript.add(&within(&project, "shop", "check --all --date 2026-01-28").exits(0));
    transcript.add(&within(&project, "shop", "init --file ../events.csv").exits(2));
    // A table that is loaded.
    std::fs::write(project.path("shop/onerow.toml"), "[warehouse.local]\ntype = \"sqlite\"\n")
        .unwrap();
    transcript.add(&within(&project, "shop", "status").exits(2));
    transcript.add(&within(&project, "shop", "init --table web.events").exits(0));
    transcript.add(&within(&project, "shop", "status --changed").exits(0));
    transcript.add(&within(&project, "shop", "init --table web.event").exits(1));
    whole!(transcript, @"
    $ onerow init --file orders.csv shop
    -- stderr
    orders.csv: 141 rows looked at
    wrote shop/onerow.schema.json
    wrote shop/.gitignore
    wrote shop/onerow.toml with a rule `orders`
    look at: strategy, partition, key, keep, written_at, time_zone; the comments say why they are so
    note: by this key 71 of 141 rows are duplicates. If rows of different things are called duplicates, a column is missing in it: `onerow explain` shows them.
    next:
      cd shop
      onerow load ../orders.csv
      onerow status --changed
      onerow plan --changed

    $ onerow load ../orders.csv
    -- stderr
    ../orders.csv: 141 rows into local.orders

    $ onerow status --changed
    -- stdout
    rule orders
     date         active   keys   duplicates   buffered   shared ids   status
    ────────
     2026-01-28       59     30           29          0            0   dirty
     2026-01-29       82     40           42          0            0   dirty
    ────────
     total           141     70           71          0            0
    -- stderr
    orders: 2 dates to check; 0 dates unchanged since last found clean

    $ onerow init --file ../events.csv --table web.events
    -- stderr
    ../events.csv: 130 rows looked at
    added a rule `events` to ./onerow.toml
    look at: strategy, partition, key, keep, written_at, time_zone; the comments say why they are so
    note: by this key 10 of 130 rows are duplicates. If rows of different things are called duplicates, a column is missing in it: `onerow explain` shows them.
    next:
      onerow load events ../events.csv
      onerow status events --changed
      onerow plan events --changed

    $ onerow load events ../events.csv
    -- stderr
    ../events.csv: 130 rows into web.events

    $ onerow check --all --date 2026-01-28
    -- stderr
    30 statements checked, no findings

    $ onerow init --file ../events.csv
    exit code 2
    -- stderr
    ../events.csv: 130 rows looked at
    error[usage]: ./onerow.toml has a rule `events` already
      help: rename that rule first, or write into another folder: onerow init DIR

    $ onerow status
    exit code 2
    -- stderr
    error[rule-file]: `./onerow.toml` holds no rule
      help: add a section [rule.NAME], or let `onerow init --table TABLE` propose one

    $ onerow init --table web.events
    -- stderr
    added a rule `events` to ./onerow.toml
    look at: strategy, partition, key, keep, written_at, time_zone; the comments say why they are so
    note: by this key 10 of 130 rows are duplicates. If rows of different things are called duplicates, a column is missing in it: `onerow explain` shows them.
    next:
      onerow check --date YESTERDAY
      onerow status --last 7
      onerow plan --last 7

    $ onerow status --changed
    -- stdout
    rule events
     date         active   keys   duplicates   buffered   shared ids   status
    ────────
     2026-01-28       65     60            5          0            0   dirty
     2026-01-29       65     60            5          0            0   dirty
    ────────
     total           130    120           10          0            0
    -- stderr
    events: 2 dates to check; 0 dates unchanged since last found clean

    $ onerow init --table web.event
    exit code 1
    -- stderr
    error[not-found]: the embedded warehouse has no table `web.event`
      help: did you mean `web.events`?
    ");
}

#[test]
fn what_a_person_has_decided_is_taken_and_what_cannot_be_is_said() {
    let project = empty();
    project.write("orders.csv", include_str!("../propose/orders.csv"));
    project.write("no_header.csv", "a1,2026-01-28\nb2,2026-01-29\n");
    project.write("copies.csv", "a,b\nx,1.5\nx,1.5\nx,1.5\n");
    project.write("numbers.csv", "a,b\n1.5,2.5\n3.5,4.5\n");
    let ended = project.onerow_with(&[
        "init",
        "--file",
        "orders.csv",
        "--key",
        "order_id, COALESCE(status, 'none')",
        "--keep",
        "updated_at DESC",
        "--partition",
        "none",
        "own",
    ]);
    ended.exits(0);
    let text = std::fs::read_to_string(project.path("own/onerow.toml")).unwrap();
    for line in [
        "key = [\"order_id\", \"COALESCE(status, 'none')\"]",
        "keep = [\"updated_at DESC\"]",
        "partition = \"none\"",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
    let mut transcript = Transcript::default();
    for command in [
        "init --file orders.csv --key order_nr x",
        "init --file orders.csv --partition day x",
        "init --file orders.csv --partition total x",
        "init --file no_header.csv x",
        "init --file nothing.csv x",
        "init --file . x",
        "init --file numbers.csv x",
        "init --key order_id x",
        "init --table shop.orders x",
        "init --file orders.csv --dbt manifest.json x",
        "init --file orders.csv --warehouse a.b x",
        "init --file copies.csv copies",
    ] {
        transcript.add(&project.onerow(command));
    }
    whole!(transcript, @"
    $ onerow init --file orders.csv --key order_nr x
    exit code 2
    -- stderr
    error[unknown-name]: `local.orders` has no column `order_nr`
      help: did you mean `order_id`?

    $ onerow init --file orders.csv --partition day x
    exit code 2
    -- stderr
    error[unknown-name]: `local.orders` has no column `day`
      help: known: order_id, customer_id, order_date, status, total, currency, updated_at, _loaded_at

    $ onerow init --file orders.csv --partition total x
    exit code 2
    -- stderr
    error[usage]: column total is of type FLOAT64, which holds no dates
      help: name a column of type DATE, TIMESTAMP, DATETIME, INT64 or STRING, or `none`

    $ onerow init --file no_header.csv x
    exit code 1
    -- stderr
    error[data-file]: the first line is not a header: this is a value, not a column's name
     --> no_header.csv:1:4
      |
    1 | a1,2026-01-28
      |    ^^^^^^^^^^
      |
      = help: add a line with the columns' names at the top of the file

    $ onerow init --file nothing.csv x
    exit code 1
    -- stderr
    error[file]: cannot read `nothing.csv`: No such file or directory (os error 2)
      help: check the path, and that the folder still exists

    $ onerow init --file . x
    exit code 2
    -- stderr
    error[usage]: `.` has an unknown format
      help: name the file *.csv, *.tsv, *.ndjson, *.jsonl or *.json, each also with .gz at the end, or *.parquet

    $ onerow init --file numbers.csv x
    exit code 2
    -- stderr
    error[usage]: no column of `local.numbers` could be part of a key
      help: a key needs a column that BigQuery can group by, or an expression: name it with --key

    $ onerow init --key order_id x
    exit code 2
    -- stderr
    error[usage]: a key, an order or a column is given, but no table
      help: say which table or file they are of: --table TABLE or --file FILE

    $ onerow init --table shop.orders x
    exit code 2
    -- stderr
    error[no-project]: there is no onerow.toml yet, so it is unknown which project holds `shop.orders`
      help: name the table with its project, project.dataset.table, or run this in a folder with a rule file

    $ onerow init --file orders.csv --dbt manifest.json x
    exit code 2
    -- stderr
    error[usage]: `--file <FILE>` cannot be used with `--dbt <FILE>`
      help: leave out `--file <FILE>` or `--dbt <FILE>`

    $ onerow init --file orders.csv --warehouse a.b x
    exit code 2
    -- stderr
    orders.csv: 141 rows looked at
    error[rule-file]: `a.b` is not a warehouse name
      help: a warehouse name has letters, digits, `_` and `-`, starts with a letter, and is at most 63 characters long

    $ onerow init --file copies.csv copies
    -- stderr
    copies.csv: 3 rows looked at
    wrote copies/onerow.schema.json
    wrote copies/.gitignore
    wrote copies/onerow.toml with a rule `copies`
    look at: partition, key, keep; the comments say why they are so
    note: 2 rows are equal to others in every column. No key and no order can tell them apart, so the rule rewrites dates.
    note: by this key 2 of 3 rows are duplicates. If rows of different things are called duplicates, a column is missing in it: `onerow explain` shows them.
    next:
      cd copies
      onerow load ../copies.csv
      onerow status
      onerow plan
    ");
    assert!(!project.path("x").exists(), "nothing is half done");
    let text = std::fs::read_to_string(project.path("copies/onerow.toml")).unwrap();
    assert!(text.contains("2 rows are equal to others in every column"), "{text}");
}

#[test]
fn a_file_is_tried_without_a_project() {
    let project = empty();
    project.write("events.csv", "event_id,day,seen_at\na,2026-01-28,2026-01-28T08:00:00Z\na,2026-01-28,2026-01-28T09:00:00Z\nb,2026-01-28,\n");
    project.write("clean.csv", "id,n\na,1\nb,2\n");
    let mut transcript = Transcript::default();
    transcript.add(&project.onerow_with(&[
        "try",
        "events.csv",
        "--key",
        "event_id",
        "--keep",
        "seen_at DESC",
    ]));
    transcript.add(&project.onerow("try clean.csv"));
    transcript.add(&project.onerow("try events.csv --key evnt_id"));
    transcript.add(&project.onerow("try nothing.csv"));
    transcript.add(&project.onerow("try clean.csv --format csv"));
    whole!(transcript, @r#"
    $ onerow try events.csv --key event_id --keep seen_at DESC
    -- stdout
    rule events
     date         active   keys   duplicates   buffered   shared ids   status
    ────────
     2026-01-28        3      2            1          0            0   dirty
    ────────
     total             3      2            1          0            0

    rule events
     date         event_id   row id                                                                 survivor                                                               decided by                                                              a run would
    ────────
     2026-01-28   a          {"event_id":"a","day":"2026-01-28","seen_at":"[TIME]"}   {"event_id":"a","day":"2026-01-28","seen_at":"[TIME]"}   seen_at DESC: [TIME]+00, survivor [TIME]+00   delete it

    -- onerow: rule events, step rewrite, 2026-01-28
    MERGE INTO `local.events` AS onerow_target
    USING (
      SELECT * EXCEPT (onerow_rank, onerow_settled, onerow_json, onerow_nth, onerow_times)
      FROM (
        SELECT
          onerow_numbered.*,
          COALESCE(onerow_recorded.onerow_times, 0) AS onerow_times
        FROM (
          SELECT
            onerow_ranked.*,
            ROW_NUMBER() OVER (PARTITION BY onerow_ranked.onerow_json ORDER BY onerow_ranked.onerow_rank DESC) AS onerow_nth
          FROM (
            SELECT
              *,
              ROW_NUMBER() OVER (
                PARTITION BY day, event_id
                ORDER BY seen_at DESC, TO_JSON_STRING(onerow_row)
              ) AS onerow_rank,
              TRUE AS onerow_settled,
              TO_JSON_STRING(onerow_row) AS onerow_json
            FROM `local.events` AS onerow_row
            WHERE day = DATE '2026-01-28'
          ) AS onerow_ranked
        ) AS onerow_numbered
        LEFT JOIN (
          SELECT
            removed_row AS onerow_removed_row,
            COUNT(*) AS onerow_times
          FROM `onerow.removals`
          WHERE run_id = @run_id
            AND run_started_at = @run_started_at
            AND rule = 'events'
            AND date = DATE '2026-01-28'
          GROUP BY removed_row
        ) AS onerow_recorded
          ON onerow_recorded.onerow_removed_row = onerow_numbered.onerow_json
      )
      WHERE onerow_settled
        AND NOT (onerow_rank > 1 AND onerow_nth <= onerow_times)
    ) AS onerow_survivor
    ON FALSE
    WHEN NOT MATCHED BY SOURCE
      AND day = DATE '2026-01-28'
      THEN DELETE
    WHEN NOT MATCHED BY TARGET
      THEN INSERT ROW;
    -- stderr
    events.csv: 3 rows
    key = ["event_id"] (as given)
    keep = ["seen_at DESC"] (as given)
    partition = "day" (a key has one row on each date of this column; "none": one in the whole table)
    strategy = "rewrite" (no column says which rows count, and none names a row: a date's rows are replaced by those that stay)
    nothing was changed; `onerow init --file events.csv --key event_id --keep 'seen_at DESC' DIR` writes this rule, with a comment beside each setting

    $ onerow try clean.csv
    -- stdout
    rule clean
     date    active   keys   duplicates   buffered   shared ids   status
    ────────
     all          2      2            0          0            0   clean
    ────────
     total        2      2            0          0            0
    -- stderr
    clean.csv: 2 rows
    key = ["id"] (it is called after the table; 2 of 2 rows would stay)
    keep = ["n"] (no column says which row is newer, so that any may stay)
    partition = "none" (no column holds dates: a key has one row in the whole table)
    strategy = "rewrite" (no column says which rows count, and none names a row: a date's rows are replaced by those that stay)
    nothing was changed; `onerow init --file clean.csv DIR` writes this rule, with a comment beside each setting

    $ onerow try events.csv --key evnt_id
    exit code 2
    -- stderr
    error[unknown-name]: `local.events` has no column `evnt_id`
      help: did you mean `event_id`?

    $ onerow try nothing.csv
    exit code 1
    -- stderr
    error[file]: cannot read `nothing.csv`: No such file or directory (os error 2)
      help: check the path, and that the folder still exists

    $ onerow try clean.csv --format csv
    exit code 2
    -- stderr
    error[usage]: SQL cannot be written as CSV
      help: use --format table for the SQL alone, or --format json
    "#);
    let json = project.onerow("try events.csv --format json").exits(0).json();
    assert_eq!(json["duplicates"].as_array().map(Vec::len), Some(1), "{json}");
    assert_eq!(json["status"]["totals"]["duplicates"], 1);
    let names: Vec<_> = std::fs::read_dir(project.path("")).unwrap().collect();
    assert_eq!(names.len(), 2, "it writes nothing: {names:?}");
}
