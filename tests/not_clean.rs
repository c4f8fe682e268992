//! What must not be called clean: nothing at all, keys without an active row, rows without a flag or a date,
//! numbers that are no dates. Before each of these was counted, `status` said `clean`.

use serde_json::json;

use crate::common::whole::{Transcript, whole};
use crate::common::{Project, RULE};

const DATE: &str = "--date 2026-01-28";

fn status(project: &Project, arguments: &str) -> serde_json::Value {
    project.onerow(&format!("status {arguments} --format json")).exits(0).json()
}

mod no_rows {
    use super::*;

    #[test]
    fn a_date_without_any_row_is_empty_and_not_clean() {
        let project = Project::new(RULE);
        project.rows("a,2026-01-28,g1,p1,,true,2026-01-28T07:00:00Z");
        let dates = "--from 2026-01-28 --to 2026-01-29";
        let found = status(&project, dates);
        assert_eq!(
            [&found["dates"][0]["status"], &found["dates"][1]["status"]],
            ["clean", "empty"]
        );
        let commands = ["status", "plan", "apply"].map(|command| format!("{command} {dates}"));
        whole!(project.transcript(&commands), @"
        $ onerow status --from 2026-01-28 --to 2026-01-29
        -- stdout
        rule predictions
         date         active   keys   duplicates   buffered   shared ids   status
        ────────
         2026-01-28        1      1            0          0            0   clean
         2026-01-29        0      0            0          0            0   empty
        ────────
         total             1      1            0          0            0
        -- stderr
        predictions: no rows at all on 2026-01-29
          help: if rows were expected there, look at what loads the table

        $ onerow plan --from 2026-01-28 --to 2026-01-29
        -- stdout
        rule predictions
         date         active   keys   duplicates   buffered   shared ids   status
        ────────
         2026-01-28        1      1            0          0            0   clean
         2026-01-29        0      0            0          0            0   empty
        ────────
         total             1      1            0          0            0
        apply would send 1 statement: 1 detect. Cost: the embedded warehouse charges nothing.
        -- stderr
        predictions: no rows at all on 2026-01-29
          help: if rows were expected there, look at what loads the table

        $ onerow apply --from 2026-01-28 --to 2026-01-29
        -- stdout
        rule predictions, run [RUN]
         date         active   keys   duplicates   buffered   shared ids   removed   status
        ────────
         2026-01-28        1      1            0          0            0         0   clean
         2026-01-29        0      0            0          0            0         0   empty
        ────────
         total             1      1            0          0            0         0
        -- stderr
        predictions: no rows at all on 2026-01-29
          help: if rows were expected there, look at what loads the table
        ");
    }

    #[test]
    fn a_run_that_found_no_row_does_not_end_clean_in_the_log() {
        let project = Project::new(RULE);
        project.rows("a,2026-01-28,g1,p1,,true,2026-01-28T07:00:00Z");
        let log = |date: &str| {
            let ended = project.onerow(&format!("apply --date {date} --log-format json")).exits(0);
            let last =
                ended.stderr.lines().rfind(|line| line.contains("run ended")).unwrap().to_owned();
            serde_json::from_str::<serde_json::Value>(&last).unwrap()
        };
        assert_eq!(log("2026-01-28")["message"], "run ended: clean");
        let empty = log("2026-01-29");
        assert_eq!(empty["message"], "run ended: empty");
        assert_eq!(
            (&empty["severity"], &empty["empty_dates"]),
            (&json!("NOTICE"), &json!(["2026-01-29"]))
        );
    }
}

mod no_active_row {
    use super::*;

    /// Two orders of one customer, cleaned by customer; then the key says that they are two things.
    fn project(on_keyless: &str) -> (Project, String) {
        let project = Project::new(RULE);
        project.rows(
            "a,2026-01-28,g1,p1,,true,2026-01-28T07:00:00Z\nb,2026-01-28,g1,p2,,true,2026-01-28T08:00:00Z\n\
             c,2026-01-28,g2,p1,,true,2026-01-28T08:00:00Z",
        );
        let coarse = RULE.replace("key = [\"game_id\", \"player\"]", "key = [\"game_id\"]");
        project.write("onerow.toml", coarse);
        let run = project.onerow(&format!("apply {DATE} --format json")).exits(0).json();
        let fine = RULE
            .replace("active = \"is_active\"", &format!("{on_keyless}\nactive = \"is_active\""));
        project.write("onerow.toml", fine);
        (project, run["run_id"].as_str().unwrap().to_owned())
    }

    #[test]
    fn keys_without_an_active_row_are_counted_with_the_run_that_removed_it() {
        let (project, run) = project("");
        let found = status(&project, DATE);
        let date = &found["dates"][0];
        assert_eq!((&date["keyless"], &date["status"]), (&json!(1), &json!("keyless")));
        assert_eq!(found["keyless_runs"], json!([{ "run_id": run, "keys": 1 }]));
        whole!(project.onerow(&format!("apply {DATE}")), @"
        $ onerow apply --date 2026-01-28
        -- stdout
        rule predictions, run [RUN]
         date         active   keys   duplicates   buffered   shared ids   keyless   removed   status
        ────────
         2026-01-28        2      2            0          0            0         1         0   keyless
        ────────
         total             2      2            0          0            0         1         0
        -- stderr
        predictions: 1 of 3 keys has rows and no active one on 2026-01-28; run [RUN] removed rows of 1 of them
          help: `onerow undo [RUN] --dry-run` shows what it would restore
        ");
        assert!(project.ledger().contains(&"keyless 2026-01-28 done".to_owned()));
        project.onerow(&format!("undo {run}")).exits(0);
        assert_eq!(status(&project, DATE)["dates"][0]["status"], "clean");
    }

    #[test]
    fn the_rule_says_whether_that_is_a_failure_or_meant() {
        let (failing, _) = project("on_keyless = \"fail\"");
        whole!(failing.onerow(&format!("apply {DATE}")), @"
        $ onerow apply --date 2026-01-28
        exit code 1
        -- stdout
        rule predictions, run [RUN]
         date         active   keys   duplicates   buffered   shared ids   keyless   removed   status
        ────────
         2026-01-28        2      2            0          0            0         1         0   keyless
        ────────
         total             2      2            0          0            0         1         0
        -- stderr
        error[keyless]: 1 of 3 keys has rows and no active one on 2026-01-28; run [RUN] removed rows of 1 of them
          help: `onerow undo [RUN] --dry-run` shows what it would restore
        ");
        assert_eq!(status(&failing, DATE)["dates"][0]["status"], "keyless");
        let (meant, _) = project("on_keyless = \"ignore\"");
        let applied = meant.onerow(&format!("apply {DATE} --format json")).exits(0).json();
        assert_eq!(applied["dates"][0]["status"], "clean");
        assert_eq!(applied["dates"][0]["keyless"], 1);
    }

    #[test]
    fn a_key_that_never_had_an_active_row_is_counted_where_no_run_removed_anything() {
        let project = Project::new(RULE);
        project.rows("a,2026-01-28,g1,p1,,false,2026-01-28T07:00:00Z");
        assert_eq!(status(&project, DATE)["dates"][0]["status"], "keyless");
        whole!(project.onerow(&format!("status {DATE}")), @r#"
        $ onerow status --date 2026-01-28
        -- stdout
        rule predictions
         date         active   keys   duplicates   buffered   shared ids   keyless   status
        ────────
         2026-01-28        0      0            0          0            0         1   keyless
        ────────
         total             0      0            0          0            0         1
        -- stderr
        predictions: 1 of 1 keys has rows and no active one on 2026-01-28
          help: if keys are meant to end, set `on_keyless = "ignore"` in the rule
        "#);
    }

    #[test]
    fn a_review_says_what_a_changed_key_does_to_rows_that_runs_removed() {
        let (project, run) = project("");
        let git = |arguments: &[&str]| {
            let done = std::process::Command::new("git")
                .args(["-c", "user.name=t", "-c", "user.email=t@example.org"])
                .args(arguments)
                .current_dir(project.path("."))
                .output()
                .unwrap();
            assert!(done.status.success(), "{done:?}");
        };
        let fine = std::fs::read_to_string(project.path("onerow.toml")).unwrap();
        project.write(
            "onerow.toml",
            fine.replace("key = [\"game_id\", \"player\"]", "key = [\"game_id\"]"),
        );
        git(&["init", "-q"]);
        git(&["add", "onerow.toml"]);
        git(&["commit", "-q", "-m", "base"]);
        project.write("onerow.toml", fine);
        let review = project.onerow(&format!("review --base HEAD --impact {DATE}"));
        assert!(review.stdout.contains(&format!("`onerow undo {run}`")), "{review}");
        whole!(review, @"
        $ onerow review --base HEAD --impact --date 2026-01-28
        -- stdout
        ## onerow review

        The SQL of the base revision and of this change, rendered for 2026-01-28.

        ### Rule `predictions`

        **What it means**

        - the key is widened by `player`: rows that differ in it are no longer duplicates of each other, so fewer rows are duplicates (detect, deactivate, verify, current)

        **What it does to the data**

        | date       | active rows | duplicates before | duplicates after |
        |------------|-------------|-------------------|------------------|
        | 2026-01-28 |           2 |                 0 |                0 |
        | total      |           2 |                 0 |                0 |

        Keys that have rows and no active one: 0 before, 1 after. Run [RUN] removed rows of 1 of them; `onerow undo [RUN]` restores them.

        <details><summary>SQL of detect</summary>

        ```diff
        --- base
        +++ work tree
        @@ -17,7 +17,7 @@
             COALESCE(is_active, FALSE) AS active,
             is_active IS NULL AS unflagged,
             ROW_NUMBER() OVER (
        -      PARTITION BY game_date, game_id
        +      PARTITION BY game_date, game_id, player
               ORDER BY COALESCE(is_active, FALSE) DESC, created_at DESC, id DESC
             ) AS rank,
             COUNT(*) OVER (PARTITION BY game_date, id, COALESCE(is_active, FALSE)) AS copies,
        ```

        </details>

        <details><summary>SQL of deactivate</summary>

        ```diff
        --- base
        +++ work tree
        @@ -13,7 +13,7 @@
                 game_date AS date,
                 id AS row_id,
                 ROW_NUMBER() OVER (
        -          PARTITION BY game_date, game_id
        +          PARTITION BY game_date, game_id, player
                   ORDER BY created_at DESC, id DESC
                 ) AS rank,
                 COUNT(*) OVER (PARTITION BY game_date, id) AS copies,
        ```

        </details>

        <details><summary>SQL of verify</summary>

        ```diff
        --- base
        +++ work tree
        @@ -17,7 +17,7 @@
             COALESCE(is_active, FALSE) AS active,
             is_active IS NULL AS unflagged,
             ROW_NUMBER() OVER (
        -      PARTITION BY game_date, game_id
        +      PARTITION BY game_date, game_id, player
               ORDER BY COALESCE(is_active, FALSE) DESC, created_at DESC, id DESC
             ) AS rank,
             COUNT(*) OVER (PARTITION BY game_date, id, COALESCE(is_active, FALSE)) AS copies,
        ```

        </details>

        <details><summary>SQL of current</summary>

        ```diff
        --- base
        +++ work tree
        @@ -4,7 +4,7 @@
           SELECT
             *,
             ROW_NUMBER() OVER (
        -      PARTITION BY game_date, game_id
        +      PARTITION BY game_date, game_id, player
               ORDER BY created_at DESC, id DESC
             ) AS onerow_rank
           FROM `nba.predictions`
        ```

        </details>
        ");
    }
}

mod no_flag {
    use super::*;

    #[test]
    fn rows_whose_active_flag_is_null_are_counted_and_said() {
        let project = Project::new(RULE);
        project.rows(
            "a,2026-01-28,g1,p1,,true,2026-01-28T07:00:00Z\nb,2026-01-28,g1,p1,,,2026-01-28T08:00:00Z",
        );
        let found = status(&project, DATE);
        assert_eq!(found["dates"][0]["unflagged"], 1);
        whole!(project.onerow(&format!("status {DATE}")), @"
        $ onerow status --date 2026-01-28
        -- stdout
        rule predictions
         date         active   keys   duplicates   buffered   shared ids   status
        ────────
         2026-01-28        1      1            0          0            0   clean
        ────────
         total             1      1            0          0            0
        -- stderr
        predictions: `active` is NULL for 1 row, which counts as not active, on 2026-01-28
          help: give a value to the column that is NULL there
        ");
    }

    #[test]
    fn a_file_without_a_column_that_decides_is_not_loaded() {
        let columns = ["id", "game_date", "game_id", "player", "is_active", "created_at"];
        let mut said = Transcript::default();
        for missing in columns {
            let project = Project::new(RULE);
            let header: Vec<&str> =
                columns.into_iter().filter(|column| *column != missing).collect();
            project.write("rows.csv", format!("{}\n{}\n", header.join(","), ",".repeat(4)));
            said.case(missing, project.onerow("load rows.csv"));
            assert!(!project.path(".onerow/local.db").exists(), "nothing was created");
        }
        whole!(said, @"
        # id
        $ onerow load rows.csv
        exit code 1
        -- stderr
        error[data-file]: `rows.csv` has no column `id`: every row would be NULL there
          help: the rule needs this column: add it to the file, or load another file

        # game_date
        $ onerow load rows.csv
        exit code 1
        -- stderr
        error[data-file]: `rows.csv` has no column `game_date`: every row would be NULL there
          help: the rule needs this column: add it to the file, or load another file

        # game_id
        $ onerow load rows.csv
        exit code 1
        -- stderr
        error[data-file]: `rows.csv` has no column `game_id`: every row would be NULL there
          help: the rule needs this column: add it to the file, or load another file

        # player
        $ onerow load rows.csv
        exit code 1
        -- stderr
        error[data-file]: `rows.csv` has no column `player`: every row would be NULL there
          help: the rule needs this column: add it to the file, or load another file

        # is_active
        $ onerow load rows.csv
        exit code 1
        -- stderr
        error[data-file]: `rows.csv` has no column `is_active`: every row would be NULL there
          help: the rule needs this column: add it to the file, or load another file

        # created_at
        $ onerow load rows.csv
        exit code 1
        -- stderr
        error[data-file]: `rows.csv` has no column `created_at`: every row would be NULL there
          help: the rule needs this column: add it to the file, or load another file
        ");
    }
}

mod no_date {
    use super::*;

    const ROWS: &str = "a,,g1,p1,,true,2026-01-28T07:00:00Z\nb,,g1,p1,,true,2026-01-28T08:00:00Z\n\
                        c,2026-01-28,g2,p1,,true,2026-01-28T08:00:00Z";

    #[test]
    fn rows_without_a_date_are_said_wherever_dates_are_counted() {
        let project = Project::new(RULE);
        project.rows(ROWS);
        let found = status(&project, DATE);
        assert_eq!(found["dates"][0]["status"], "clean");
        assert_eq!(
            (&found["undated"]["duplicates"], &found["undated"]["status"]),
            (&json!(1), &json!("dirty"))
        );
        assert_eq!(found["totals"]["duplicates"], 0, "they are on no date");
        let commands =
            ["status", "plan", "apply", "doctor"].map(|command| format!("{command} {DATE}"));
        whole!(project.transcript(&commands), @"
        $ onerow status --date 2026-01-28
        -- stdout
        rule predictions
         date         active   keys   duplicates   buffered   shared ids   status
        ────────
         2026-01-28        1      1            0          0            0   clean
         NULL              2      1            1          0            0   dirty
        ────────
         total             1      1            0          0            0
        -- stderr
        predictions: 2 rows have no date, since the partition column is NULL: 1 duplicate among them
          help: `--date NULL` looks at them, and `onerow apply --date NULL` cleans them

        $ onerow plan --date 2026-01-28
        -- stdout
        rule predictions
         date         active   keys   duplicates   buffered   shared ids   status
        ────────
         2026-01-28        1      1            0          0            0   clean
         NULL              2      1            1          0            0   dirty
        ────────
         total             1      1            0          0            0
        apply would send 1 statement: 1 detect. Cost: the embedded warehouse charges nothing.
        -- stderr
        predictions: 2 rows have no date, since the partition column is NULL: 1 duplicate among them
          help: `--date NULL` looks at them, and `onerow apply --date NULL` cleans them

        $ onerow apply --date 2026-01-28
        -- stdout
        rule predictions, run [RUN]
         date         active   keys   duplicates   buffered   shared ids   removed   status
        ────────
         2026-01-28        1      1            0          0            0         0   clean
         NULL              2      1            1          0            0             dirty
        ────────
         total             1      1            0          0            0         0
        -- stderr
        predictions: 2 rows have no date, since the partition column is NULL: 1 duplicate among them
          help: `--date NULL` looks at them, and `onerow apply --date NULL` cleans them

        $ onerow doctor --date 2026-01-28
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
          advice   rows              2 rows have no date, since the partition column is NULL: 1 duplicate among them → `--date NULL` looks at them, and `onerow apply --date NULL` cleans them
          good     row id            `id` is unique and not NULL in 1 active row of 2026-01-28
        ");
        project.onerow(&format!("status {DATE} --exit-code")).exits(4);
    }

    #[test]
    fn the_rows_without_a_date_are_cleaned_and_restored_when_asked() {
        let mut explained = Transcript::default();
        for strategy in ["deactivate", "delete", "rewrite"] {
            let rule = match strategy {
                "deactivate" => RULE.to_owned(),
                _ => RULE
                    .replace(
                        "row_id = \"id\"",
                        &format!("strategy = \"{strategy}\"\nkeep_rows = true\nrow_id = \"id\""),
                    )
                    .replace("touched_at = \"updated_at\"\n", ""),
            };
            let project = Project::new(&rule);
            project.rows(ROWS);
            let applied = project.onerow("apply --yes --date NULL --format json").exits(0).json();
            let date = &applied["dates"][0];
            assert_eq!(
                (&date["date"], &date["status"]),
                (&json!("NULL"), &json!("cleaned")),
                "{strategy}"
            );
            assert_eq!(project.active(), ["b", "c"], "{strategy}");
            let again = project.onerow("apply --yes --date NULL --format json").exits(0).json();
            assert_eq!(again["dates"][0]["status"], "clean", "{strategy}");
            let run = applied["run_id"].as_str().unwrap();
            explained.case(strategy, project.onerow(&format!("explain --run {run}")));
            project.onerow(&format!("undo {run}")).exits(0);
            assert_eq!(project.active(), ["a", "b", "c"], "{strategy}");
        }
        whole!(explained, @"
        # deactivate
        $ onerow explain --run [RUN]
        -- stdout
        rule predictions, removed by run [RUN]
         date   row id   survivor   rank   decided by                                                             removed by   now
        ────────
         NULL   a        b             2   created_at DESC: [TIME], survivor [TIME]   deactivate   removed

        # delete
        $ onerow explain --run [RUN]
        -- stdout
        rule predictions, removed by run [RUN]
         date   row id   survivor   rank   decided by                                                             removed by   now
        ────────
         NULL   a        b             2   created_at DESC: [TIME], survivor [TIME]   delete       removed

        # rewrite
        $ onerow explain --run [RUN]
        -- stdout
        rule predictions, removed by run [RUN]
         date   row id   survivor   rank   decided by                                                             removed by   now
        ────────
         NULL   a        b             2   created_at DESC: [TIME], survivor [TIME]   rewrite      removed
        ");
    }

    /// Case 20: the date is a text, as GA4's `event_date`.
    #[test]
    fn a_text_that_is_no_date_is_a_row_without_a_date() {
        let rule = RULE
            .replace(
                "partition = \"game_date\"",
                "partition = \"game_date\"\npartition_type = \"STRING\"",
            )
            .replace("game_date = \"DATE\"", "game_date = \"STRING\"");
        let project = Project::new(&rule);
        project.rows(
            "a,20260128,g1,p1,,true,2026-01-28T07:00:00Z\nb,20260128,g1,p1,,true,2026-01-28T08:00:00Z\n\
             c,2026-01-28,g1,p1,,true,2026-01-28T07:00:00Z\nd,20260230,g1,p1,,true,2026-01-28T08:00:00Z\n\
             e,,g2,p1,,true,2026-01-28T08:00:00Z",
        );
        let found = status(&project, DATE);
        assert_eq!(found["dates"][0]["duplicates"], 1);
        assert_eq!(
            (&found["undated"]["active"], &found["undated"]["duplicates"]),
            (&json!(3), &json!(1))
        );
        whole!(project.onerow(&format!("apply {DATE}")), @"
        $ onerow apply --date 2026-01-28
        -- stdout
        rule predictions, run [RUN]
         date         active   keys   duplicates   buffered   shared ids   removed   status
        ────────
         2026-01-28        2      1            1          0            0         1   cleaned
         NULL              3      2            1          0            0             dirty
        ────────
         total             2      1            1          0            0         1
        -- stderr
        predictions: 3 rows have no date, since the partition column is NULL: 1 duplicate among them
          help: `--date NULL` looks at them, and `onerow apply --date NULL` cleans them
        ");
        assert_eq!(project.active(), ["b", "c", "d", "e"]);
        let applied = project.onerow("apply --date NULL --format json").exits(0).json();
        assert_eq!(applied["dates"][0]["status"], "cleaned");
        assert_eq!(project.active(), ["b", "d", "e"]);
        project.onerow(&format!("undo {}", applied["run_id"].as_str().unwrap())).exits(0);
        assert_eq!(project.active(), ["b", "c", "d", "e"]);
        project.onerow("view create").exits(0);
        project.onerow(&format!("explain {DATE}")).exits(0);
    }

    #[test]
    fn null_stands_beside_dates_and_is_no_end_of_a_range() {
        let project = Project::new(RULE);
        project.rows(ROWS);
        let found = status(&project, &format!("--date NULL {DATE}"));
        let dates: Vec<_> = found["dates"].as_array().unwrap().iter().map(|d| &d["date"]).collect();
        assert_eq!(dates, ["NULL", "2026-01-28"]);
        assert!(found.get("undated").is_none(), "they are among the dates");
        whole!(project.onerow("status --from NULL --to 2026-01-28"), @"
        $ onerow status --from NULL --to 2026-01-28
        exit code 2
        -- stderr
        error[dates]: NULL cannot be the end of a range
          help: use --date NULL for the rows without a date
        ");
    }

    #[test]
    fn rows_that_wait_for_their_partition_are_buffered_and_cannot_be_asked_for() {
        let rule = RULE
            .replace(
                "partition = \"game_date\"",
                "partition = \"_PARTITIONTIME\"\npartition_type = \"TIMESTAMP\"",
            )
            .replace("game_date = \"DATE\"", "_PARTITIONTIME = \"TIMESTAMP\"");
        let project = Project::new(&rule);
        let header = "id,_PARTITIONTIME,game_id,player,points_line,is_active,created_at\n";
        let rows = "a,,g1,p1,,true,2026-01-28T07:00:00Z\nb,,g1,p1,,true,2026-01-28T08:00:00Z\n\
                    c,2026-01-28 00:00:00 UTC,g1,p1,,true,2026-01-28T08:00:00Z\n";
        project.write("rows.csv", format!("{header}{rows}"));
        project.onerow("load rows.csv").exits(0);
        let found = status(&project, DATE);
        assert_eq!(found["undated"]["status"], "buffered");
        whole!(project.onerow(&format!("apply {DATE}")), @"
        $ onerow apply --date 2026-01-28
        -- stdout
        rule predictions, run [RUN]
         date         active   keys   duplicates   buffered   shared ids   removed   status
        ────────
         2026-01-28        1      1            0          0            0         0   clean
         NULL              2      1            1          1            0             buffered
        ────────
         total             1      1            0          0            0         0
        -- stderr
        predictions: 2 rows have no date yet: the table is partitioned by the time of arrival, and what is in the streaming buffer is in no partition
          help: no date counts them until they have left it (within 90 minutes)
        ");
        whole!(project.onerow("apply --date NULL"), @"
        $ onerow apply --date NULL
        exit code 2
        -- stderr
        error[usage]: rows of nba.predictions have no date only while they are in the streaming buffer, where no statement can change them
          help: name the date on which they arrived, once they have left the buffer
        ");
    }
}

mod numbers {
    use super::*;

    fn project(numbers: &str, rows: &[i64]) -> Project {
        let rule = RULE
            .replace(
                "partition = \"game_date\"",
                &format!("partition = \"game_date\"\npartition_type = \"INT64\"\n{numbers}"),
            )
            .replace("game_date = \"DATE\"", "game_date = \"INT64\"");
        let project = Project::new(&rule);
        let row = |(i, n): (usize, &i64)| format!("r{i},{n},g1,p1,,true,2026-01-28T07:00:0{i}Z");
        let rows: Vec<String> = rows.iter().enumerate().map(row).collect();
        project.rows(&rows.join("\n"));
        project
    }

    #[test]
    fn numbers_that_are_no_dates_of_the_rule_are_an_error_and_no_clean_date() {
        let project = project("", &[202601, 202601]);
        let commands = ["status", "plan", "apply"].map(|command| format!("{command} {DATE}"));
        whole!(project.transcript(&commands), @"
        $ onerow status --date 2026-01-28
        exit code 2
        -- stderr
        error[rule-file]: game_date of nba.predictions holds 202601, which is not yyyymmdd
          help: say in the rule what the numbers are, with `partition_format`: yyyymmdd, yyyymmddhh, yyyymm, yyyy or unix_days

        $ onerow plan --date 2026-01-28
        exit code 2
        -- stderr
        error[rule-file]: game_date of nba.predictions holds 202601, which is not yyyymmdd
          help: say in the rule what the numbers are, with `partition_format`: yyyymmdd, yyyymmddhh, yyyymm, yyyy or unix_days

        $ onerow apply --date 2026-01-28
        exit code 1
        -- stdout
        rule predictions, run [RUN]
         date         active   keys   duplicates   buffered   shared ids   removed   status
        ────────
         2026-01-28        0      0            0          0            0         0   empty
        ────────
         total             0      0            0          0            0         0
        -- stderr
        error[rule-file]: game_date of nba.predictions holds 202601, which is not yyyymmdd
          help: say in the rule what the numbers are, with `partition_format`: yyyymmdd, yyyymmddhh, yyyymm, yyyy or unix_days
        predictions: no rows at all on 2026-01-28
          help: if rows were expected there, look at what loads the table
        ");
    }

    #[test]
    fn doctor_compares_the_numbers_with_the_rule() {
        let project = project("", &[202601, 202612]);
        whole!(project.onerow(&format!("doctor {DATE}")), @"
        $ onerow doctor --date 2026-01-28
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
          bad      partition         game_date of nba.predictions holds 202601, which is not yyyymmdd → say in the rule what the numbers are, with `partition_format`: yyyymmdd, yyyymmddhh, yyyymm, yyyy or unix_days
          good     streaming buffer  empty
          good     statements        the warehouse would take detect, record, deactivate, verify of 2026-01-28
          bad      row id            game_date of nba.predictions holds 202601, which is not yyyymmdd → say in the rule what the numbers are, with `partition_format`: yyyymmdd, yyyymmddhh, yyyymm, yyyy or unix_days
        ");
        let fits = self::project("partition_format = \"yyyymm\"", &[202601, 202612]);
        whole!(fits.onerow(&format!("doctor {DATE}")), @"
        $ onerow doctor --date 2026-01-28
        -- stdout
        warehouse
          good     credentials       a query was accepted and answered
          skipped  clock             the warehouse does not say when it runs a statement
          good     ledger            in `./.onerow/local.db`

        rule predictions
          good     table             nba.predictions: 8 columns
          good     columns           all columns of the rule exist, with fitting types
          skipped  partition         this warehouse has no partitions
          good     partition         its numbers, 202601 to 202612, are yyyymm
          good     streaming buffer  empty
          good     statements        the warehouse would take detect, record, deactivate, verify of 2026-01-01
          good     row id            `id` is unique and not NULL in 1 active row of 2026-01-01
        ");
    }

    #[test]
    fn a_date_that_is_empty_in_a_table_of_dates_is_empty() {
        let project = project("", &[20260127]);
        assert_eq!(status(&project, DATE)["dates"][0]["status"], "empty");
    }

    #[test]
    fn each_kind_of_number_is_cleaned_by_date() {
        let cases = [
            ("yyyymmdd", [20260128, 20260128, 20260129], "2026-01-28"),
            ("yyyymmddhh", [2026012803, 2026012821, 2026012900], "2026-01-28"),
            ("yyyymm", [202601, 202601, 202602], "2026-01-01"),
            ("yyyy", [2026, 2026, 2025], "2026-01-01"),
            ("unix_days", [20481, 20481, 20482], "2026-01-28"),
        ];
        for (numbers, rows, date) in cases {
            let project = project(&format!("partition_format = \"{numbers}\""), &rows);
            project.onerow(&format!("check {DATE}")).exits(0);
            let applied = project.onerow(&format!("apply {DATE} --format json")).exits(0).json();
            let dates = applied["dates"].as_array().unwrap();
            assert_eq!(
                (dates.len(), &dates[0]["date"], &dates[0]["deactivated"], &dates[0]["status"]),
                (1, &json!(date), &json!(1), &json!("cleaned")),
                "{numbers}"
            );
            assert_eq!(project.active(), ["r1", "r2"], "{numbers}");
            let run = applied["run_id"].as_str().unwrap();
            project.onerow(&format!("undo {run}")).exits(0);
            assert_eq!(project.active(), ["r0", "r1", "r2"], "{numbers}");
        }
    }

    #[test]
    fn what_numbers_mean_is_said_only_of_numbers() {
        let rule = RULE.replace("key = ", "partition_format = \"yyyymm\"\nkey = ");
        whole!(Project::new(&rule).onerow(&format!("check {DATE}")), @r#"
        $ onerow check --date 2026-01-28
        exit code 2
        -- stderr
        error[rule-file]: `partition_format` has no effect: the partition is neither INT64 nor STRING
         --> ./onerow.toml:8:20
          |
        8 | partition_format = "yyyymm"
          |                    ^^^^^^^^
          |
          = help: remove it, or set `partition_type` to the column's type
        "#);
    }
}
