//! `strategy = "delete"` and `"rewrite"`: what a user sees, and what must not happen.

use crate::common::whole::{Transcript, whole};
use crate::common::{Project, RULE};

/// The small table's rule with another strategy.
fn rule(strategy: &str) -> String {
    let strategy = format!("row_id = \"id\"\nstrategy = \"{strategy}\"");
    RULE.replace("row_id = \"id\"", &strategy).replace("touched_at = \"updated_at\"\n", "")
}

/// Ids of all rows, in order, read without onerow.
fn ids(project: &Project) -> String {
    let database = project.database();
    let mut statement =
        database.prepare(r#"SELECT coalesce(id, '-') FROM "nba.predictions" ORDER BY 1"#).unwrap();
    let ids = statement.query_map([], |row| row.get(0)).unwrap();
    ids.collect::<Result<Vec<String>, _>>().unwrap().join(" ")
}

const ROWS: &str = "\
a,2026-01-28,g1,ann,20.5,true,2026-01-28T08:00:00Z
b,2026-01-28,g1,ann,21.5,true,2026-01-28T09:00:00Z
c,2026-01-28,g1,ann,22.5,false,2026-01-28T10:00:00Z
d,2026-01-28,g1,bob,,true,2026-01-28T08:00:00Z";

#[test]
fn superseded_rows_are_deleted_and_counted_as_ever() {
    for strategy in ["delete", "rewrite"] {
        let project = Project::new(&rule(strategy));
        project.rows(ROWS);
        let plan = project.onerow("plan --date 2026-01-28 --format json").exits(0).json();
        assert_eq!(plan["totals"]["duplicates"], 1);
        assert_eq!(ids(&project), "a b c d", "plan changes nothing");
        let applied = project.onerow("apply --yes --date 2026-01-28 --format json").exits(0).json();
        assert_eq!(applied["totals"]["deactivated"], 1);
        assert_eq!(applied["dates"][0]["status"], "cleaned");
        assert_eq!(ids(&project), "b c d");
        let story =
            ["detect", "record", strategy, "verify"].map(|step| format!("{step} 2026-01-28 done"));
        assert_eq!(project.ledger(), story);
        project.onerow("apply --yes --date 2026-01-28").exits(0);
        assert_eq!(project.ledger().len(), 5, "a clean date gets detect alone");
    }
}

#[test]
fn without_yes_nothing_is_deleted() {
    let mut said = Transcript::default();
    for strategy in ["delete", "rewrite"] {
        let project = Project::new(&rule(strategy));
        project.rows(ROWS);
        for command in ["apply".to_owned(), format!("run {strategy}")] {
            let ended = project.onerow(&format!("{command} --date 2026-01-28")).exits(2);
            said.add(&ended);
        }
        assert_eq!(ids(&project), "a b c d");
        assert!(project.ledger().is_empty());
        project.onerow("apply --dry-run --date 2026-01-28").exits(0);
        project.onerow("run detect --date 2026-01-28").exits(0);
        project.onerow(&format!("run {strategy} --yes --date 2026-01-28")).exits(0);
        assert_eq!(ids(&project), "b c d");
    }
    whole!(said, @"
    $ onerow apply --date 2026-01-28
    exit code 2
    -- stderr
    error[not-confirmed]: this deletes duplicates of nba.predictions (2026-01-28)
      help: pass `--yes` to confirm; `onerow explain` with the same dates shows the rows

    $ onerow run delete --date 2026-01-28
    exit code 2
    -- stderr
    error[not-confirmed]: this deletes duplicates of nba.predictions (2026-01-28)
      help: pass `--yes` to confirm; `onerow explain` with the same dates shows the rows

    $ onerow apply --date 2026-01-28
    exit code 2
    -- stderr
    error[not-confirmed]: this deletes duplicates of nba.predictions (2026-01-28)
      help: pass `--yes` to confirm; `onerow explain` with the same dates shows the rows

    $ onerow run rewrite --date 2026-01-28
    exit code 2
    -- stderr
    error[not-confirmed]: this deletes duplicates of nba.predictions (2026-01-28)
      help: pass `--yes` to confirm; `onerow explain` with the same dates shows the rows
    ");
}

/// `script` gives the binary a terminal, and the test answers at it.
#[test]
fn a_person_at_the_terminal_is_asked() {
    if std::process::Command::new("script").arg("--version").output().is_err() {
        eprintln!("skipped: this test needs `script` of util-linux");
        return;
    }
    let project = Project::new(&rule("delete"));
    project.rows(ROWS);
    for (answer, left) in [("n", "a b c d"), ("y", "b c d")] {
        let onerow = env!("CARGO_BIN_EXE_onerow");
        let command = format!("'{onerow}' apply --date 2026-01-28");
        let mut child = std::process::Command::new("script")
            .args(["--quiet", "--return", "--command", &command, "/dev/null"])
            .current_dir(project.path("."))
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let mut terminal = child.stdin.take().unwrap();
        std::io::Write::write_all(&mut terminal, answer.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(said.contains("Delete duplicates of nba.predictions (2026-01-28)?"), "{said}");
        assert_eq!(output.status.code(), Some(if answer == "y" { 0 } else { 2 }), "{said}");
        assert_eq!(ids(&project), left, "{said}");
    }
}

#[test]
fn a_table_without_an_active_flag_can_be_cured() {
    let without_flag = rule("delete").replace("active = \"is_active\"\n", "");
    let project = Project::new(&without_flag);
    project.rows(ROWS);
    project.onerow("apply --yes --date 2026-01-28").exits(0);
    assert_eq!(ids(&project), "c d", "every row counts, and c is the newest");
}

/// Rows that share an id: `id IN (…)` of the superseded ones takes the survivor down with them.
#[test]
fn a_naive_statement_by_id_kills_a_survivor_and_onerow_does_not() {
    const SHARED_IDS: &str = "\
t,2026-01-28,g1,ann,20.5,true,2026-01-28T08:00:00Z
t,2026-01-28,g1,ann,21.5,true,2026-01-28T09:00:00Z
u,2026-01-29,g1,ann,,true,2026-01-29T08:00:00Z
v,2026-01-29,g1,ann,,true,2026-01-29T09:00:00Z
u,2026-01-30,g1,ann,,true,2026-01-30T08:00:00Z";
    const WINDOW: &str = "--from 2026-01-28 --to 2026-01-30";
    let naive = |verb: &str| {
        format!(
            r#"{verb} WHERE id IN (SELECT id FROM (SELECT id, ROW_NUMBER() OVER (
                 PARTITION BY game_date, game_id, player ORDER BY created_at DESC) AS place
               FROM "nba.predictions" WHERE is_active) WHERE place > 1)"#
        )
    };
    let mut waits = Transcript::default();
    for (strategy, verb) in [
        ("deactivate", r#"UPDATE "nba.predictions" SET is_active = FALSE"#),
        ("delete", r#"DELETE FROM "nba.predictions""#),
    ] {
        let rules = if strategy == "deactivate" { RULE.to_owned() } else { rule(strategy) };
        let project = Project::new(&rules);
        project.rows(SHARED_IDS);
        // The imitated streaming buffer belongs to onerow's own connection.
        let database = project.database();
        database
            .create_scalar_function("onerow_drained", 0, Default::default(), |_| Ok(i64::MAX))
            .unwrap();
        database.execute(&naive(verb), []).unwrap();
        assert_eq!(project.active(), ["v"], "two survivors fell with the duplicates");

        let project = Project::new(&rules);
        project.rows(SHARED_IDS);
        let ended = project.onerow(&format!("apply --yes {WINDOW}")).exits(1);
        waits.add(&ended);
        assert_eq!(
            project.active(),
            ["t", "t", "u", "v"],
            "the shared ids wait, the survivors stay"
        );
    }
    whole!(waits, @r#"
    $ onerow apply --yes --from 2026-01-28 --to 2026-01-30
    exit code 1
    -- stdout
    rule predictions, run [RUN]
     date         active   keys   duplicates   buffered   shared ids   removed   status
    ────────
     2026-01-28        2      1            1          0            2         0   shared_ids
     2026-01-29        2      1            1          0            0         1   cleaned
     2026-01-30        1      1            0          0            0         0   clean
    ────────
     total             5      3            2          0            2         1
    -- stderr
    error[shared-ids]: 2 active rows have a NULL or duplicate row id on 2026-01-28: a statement by row id could remove a row that must be kept, so no duplicate is removed there
      help: make the ids unique (in a rule without `row_id` they are the key and the values of `keep`), or set `strategy = "rewrite"`, which can tell such rows apart

    $ onerow apply --yes --from 2026-01-28 --to 2026-01-30
    exit code 1
    -- stdout
    rule predictions, run [RUN]
     date         active   keys   duplicates   buffered   shared ids   removed   status
    ────────
     2026-01-28        2      1            1          0            2         0   shared_ids
     2026-01-29        2      1            1          0            0         1   cleaned
     2026-01-30        1      1            0          0            0         0   clean
    ────────
     total             5      3            2          0            2         1
    -- stderr
    error[shared-ids]: 2 active rows have a NULL or duplicate row id on 2026-01-28: a statement by row id could remove a row that must be kept, so no duplicate is removed there
      help: make the ids unique (in a rule without `row_id` they are the key and the values of `keep`), or set `strategy = "rewrite"`, which can tell such rows apart
    "#);
    let project = Project::new(&rule("rewrite"));
    project.rows(SHARED_IDS);
    project.onerow(&format!("apply --yes {WINDOW}")).exits(0);
    assert_eq!(project.active(), ["t", "u", "v"], "one of each");
}

#[test]
fn a_rewrite_waits_for_buffered_superseded_rows_and_spares_the_others() {
    let project = Project::new(&rule("rewrite"));
    project.rows(ROWS);
    let at = "2026-01-28T12:00:00Z";
    project
        .streamed(at, &format!("e,2026-01-28,g1,ann,,true,{at}\nf,2026-01-28,g1,cyd,,true,{at}"));
    let apply = |now: &str| project.onerow(&format!("apply --yes --date 2026-01-28 --now {now}"));
    // e supersedes a and b, and may stay where it is.
    apply("2026-01-28T12:10:00Z").exits(0);
    assert_eq!(ids(&project), "c d e f");
    project.streamed("2026-01-28T12:20:00Z", "g,2026-01-28,g1,cyd,,true,2026-01-28T11:59:00Z");
    whole!(apply("2026-01-28T12:30:00Z"), @"
    $ onerow apply --yes --date 2026-01-28 --now [TIME]
    exit code 75
    -- stdout
    rule predictions, run [RUN]
     date         active   keys   duplicates   buffered   shared ids   removed   status
    ────────
     2026-01-28        4      3            1          1            0         0   buffered
    ────────
     total             4      3            1          1            0         0
    -- stderr
    predictions: 1 duplicate in the streaming buffer; run the same command again when it has drained (within 90 minutes)
    ");
    assert_eq!(ids(&project), "c d e f g");
    apply("2026-01-28T14:30:00Z").exits(0);
    assert_eq!(ids(&project), "c d e f");
}

#[test]
fn a_rule_says_what_it_cannot_be() {
    let head = RULE.replace("active = \"is_active\"\n", "");
    let mut said = Transcript::default();
    for rules in [
        head.clone(),
        RULE.replace("row_id =", "strategy = \"delete\"\nrow_id ="),
        rule("delete")
            .replace("time_zone", "steps = [\"detect\", \"deactivate\", \"verify\"]\ntime_zone"),
        rule("remove"),
        rule("delete")
            .replace("\"game_date\"", "\"_PARTITIONDATE\"")
            .replace("game_date = \"DATE\"", "_PARTITIONDATE = \"DATE\"")
            + "[rule.predictions.staging]\ntables = [\"nba.staged\"]\n",
    ] {
        let project = Project::new(&rules);
        said.add(&project.onerow("check"));
    }
    whole!(said, @r#"
    $ onerow check
    exit code 2
    -- stderr
    error[rule-file]: rule `predictions` has no `active`
     --> ./onerow.toml:5:7
      |
    5 | [rule.predictions]
      |       ^^^^^^^^^^^
      |
      = help: name the BOOL column that deactivate sets to FALSE, or a condition such as "deleted_at IS NULL"; or set `strategy = "delete"`

    $ onerow check
    exit code 2
    -- stderr
    error[rule-file]: `touched_at` has no effect with strategy delete
      --> ./onerow.toml:13:14
       |
    13 | touched_at = "updated_at"
       |              ^^^^^^^^^^^^
       |
       = help: remove it: no row is updated

    $ onerow check
    exit code 2
    -- stderr
    error[rule-file]: `steps` must hold detect, delete and verify, in that order
      --> ./onerow.toml:14:9
       |
    14 | steps = ["detect", "deactivate", "verify"]
       |         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
       |
       = help: put steps of your own before, between or after them

    $ onerow check
    exit code 2
    -- stderr
    error[rule-file]: `remove` is not a value of `strategy`
      --> ./onerow.toml:11:12
       |
    11 | strategy = "remove"
       |            ^^^^^^^^
       |
       = help: known: deactivate, delete, rewrite

    $ onerow check
    exit code 2
    -- stderr
    error[rule-file]: a staged row has no ingestion time, so nothing says which partition of the table it belongs to
      --> ./onerow.toml:26:10
       |
    26 | tables = ["nba.staged"]
       |          ^^^^^^^^^^^^^^
       |
       = help: merge staging tables into a table that is partitioned by a column
    "#);
    let project = Project::new(&rule("delete"));
    whole!(project.onerow("run deactivate --date 2026-01-28"), @"
    $ onerow run deactivate --date 2026-01-28
    exit code 2
    -- stderr
    error[usage]: rule predictions has strategy delete, so it has no step deactivate
      help: its own is `delete`; to change that, set `strategy` in the rule
    ");
}

/// A table by arrival takes no INSERT ROW, so its rows are written column by column, each into its partition.
#[test]
fn rows_that_share_an_id_in_a_table_by_arrival_are_rewritten() {
    let by_arrival = rule("delete")
        .replace(
            "partition = \"game_date\"",
            "partition = \"_PARTITIONTIME\"\npartition_type = \"TIMESTAMP\"",
        )
        .replace("game_date = \"DATE\"", "_PARTITIONTIME = \"TIMESTAMP\"\nserial = \"STRING\"");
    let project = Project::new(&by_arrival);
    project.write(
        "rows.csv",
        "id,serial,_PARTITIONTIME,game_id,player,is_active,created_at\n\
         t,1,2026-01-28 00:00:00 UTC,g1,ann,true,2026-01-28T08:00:00Z\n\
         t,2,2026-01-28 05:00:00 UTC,g1,ann,true,2026-01-28T09:00:00Z\n",
    );
    project.onerow("load rows.csv").exits(0);
    let advised = project.onerow("apply --yes --date 2026-01-28");
    whole!(advised, @r#"
    $ onerow apply --yes --date 2026-01-28
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
    let rewrite = by_arrival.replace("\"delete\"", "\"rewrite\"");
    project.write("onerow.toml", rewrite.replace("serial = \"STRING\"\n", ""));
    whole!(project.onerow("apply --yes --date 2026-01-28"), @"
    $ onerow apply --yes --date 2026-01-28
    exit code 2
    -- stderr
    error[rule-file]: table `nba.predictions` has columns that the rule does not list: serial; a rewrite would lose their values
      help: list all columns of the table in [rule.predictions.columns]: in a table partitioned by ingestion time rows are written column by column
    ");
    project.write("onerow.toml", &rewrite);
    project.onerow("check --strict --date 2026-01-28").exits(0);
    project.onerow("apply --yes --date 2026-01-28").exits(0);
    assert_eq!(ids(&project), "t");
    let sql = "SELECT serial || ' ' || (_PARTITIONTIME / 3600000000 % 24) FROM \"nba.predictions\"";
    let left: String = project.database().query_row(sql, [], |row| row.get(0)).unwrap();
    assert_eq!(left, "2 5", "the survivor has all of its values, in the hour in which it arrived");
}

#[test]
fn a_table_by_arrival_is_rewritten_by_a_rule_that_lists_its_columns() {
    let unlisted = rule("rewrite").replace("game_date", "_PARTITIONDATE");
    let unlisted = &unlisted[..unlisted.find("[rule.predictions.columns]").unwrap()];
    let project = Project::new(unlisted);
    whole!(project.onerow("check --date 2026-01-28"), @r#"
    $ onerow check --date 2026-01-28
    exit code 2
    -- stderr
    error[rule-file]: whole rows of a table partitioned by _PARTITIONDATE are written column by column, and the rule lists no columns
     --> ./onerow.toml:7:13
      |
    7 | partition = "_PARTITIONDATE"
      |             ^^^^^^^^^^^^^^^^
      |
      = help: list all columns of the table in the rule's section `columns`
    "#);
}
