//! `active` as a condition: which rows count, what ends it, and what restores it.

use crate::common::Project;
use crate::common::whole::{Transcript, whole};

/// A table whose column `state` tells which rows count.
fn rule(column: &str, sql_type: &str, active: &str, more: &str) -> String {
    format!(
        r#"
[warehouse.local]
type = "sqlite"

[rule.t]
table = "dw.orders"
partition = "day"
key = ["id"]
keep = ["changed_at DESC", "rid"]
row_id = "rid"
active = "{active}"
{more}

[rule.t.columns]
rid = "STRING"
day = "DATE"
id = "INT64"
changed_at = "TIMESTAMP"
{column} = "{sql_type}"
"#
    )
}

/// Two rows that count, the first of them a duplicate; one that has ended, and one with NULL.
fn rows(column: &str, counts: &str, ended: &str) -> String {
    format!(
        "rid,day,id,changed_at,{column}\n\
         1,2026-01-28,7,2026-01-28 08:00:00 UTC,{counts}\n\
         2,2026-01-28,7,2026-01-28 09:00:00 UTC,{counts}\n\
         3,2026-01-28,7,2026-01-28 10:00:00 UTC,{ended}\n\
         4,2026-01-28,8,2026-01-28 10:00:00 UTC,\n"
    )
}

/// `row=value` of each row, in order, read without onerow.
fn cells(project: &Project, column: &str) -> String {
    let sql = format!(
        r#"SELECT rid || '=' || coalesce("{column}", 'NULL') FROM "dw.orders" ORDER BY rid"#
    );
    let database = project.database();
    let mut statement = database.prepare(&sql).unwrap();
    let cells = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
    cells.collect::<Result<Vec<String>, _>>().unwrap().join(" ")
}

const DATE: &str = "--date 2026-01-28";
const NOW: &str = "2026-01-30T12:00:00Z";

/// The flags of loaders, change data capture and dbt: each ends and comes back exactly. Where NULL is a value
/// of active rows, row 4 counts too.
#[test]
fn each_common_condition_ends_and_is_restored_exactly() {
    let cases = [
        ("deleted_at", "TIMESTAMP", "deleted_at IS NULL", "", "", "2026-01-28 11:00:00 UTC", 3, 0),
        ("dbt_valid_to", "DATETIME", "dbt_valid_to IS NULL", "", "", "2026-01-28 11:00:00", 3, 0),
        ("gone_on", "DATE", "gone_on IS NULL", "", "", "2026-01-29", 3, 0),
        ("_fivetran_deleted", "BOOL", "NOT _fivetran_deleted", "", "false", "true", 2, 1),
        ("is_live", "BOOL", "is_live = TRUE", "", "true", "false", 2, 1),
        (
            "is_current",
            "STRING",
            "is_current = 'Y'",
            "deactivate = \"is_current = 'N'\"",
            "Y",
            "N",
            2,
            1,
        ),
        (
            "__deleted",
            "STRING",
            "__deleted = 'false'",
            "deactivate = \"__deleted = 'true'\"",
            "false",
            "true",
            2,
            1,
        ),
        (
            "valid_to",
            "DATE",
            "valid_to = DATE '9999-12-31'",
            "deactivate = \"valid_to = CURRENT_DATE()\"",
            "9999-12-31",
            "2026-01-01",
            2,
            1,
        ),
        (
            "removed",
            "BOOL",
            "removed IS NOT TRUE",
            "deactivate = \"removed = TRUE\"\nreactivate = \"removed = FALSE\"",
            "false",
            "true",
            3,
            0,
        ),
    ];
    for (column, sql_type, active, more, counts, ended, expected, unflagged) in cases {
        let project = Project::new(&rule(column, sql_type, active, more));
        project.write("rows.csv", rows(column, counts, ended));
        project.onerow("load rows.csv").exits(0);
        project.onerow(&format!("check --strict {DATE}")).exits(0);
        let before = cells(&project, column);
        let status = project.onerow(&format!("status {DATE} --format json")).exits(0).json();
        let totals = &status["totals"];
        assert_eq!(totals["active"], expected, "{active}: {status}");
        assert_eq!(totals["duplicates"], 1, "{active}: {status}");
        assert_eq!(totals["unflagged"], unflagged, "{active}: {status}");
        let applied =
            project.onerow(&format!("apply {DATE} --now {NOW} --format json")).exits(0).json();
        assert_eq!(applied["totals"]["deactivated"], 1, "{active}");
        let after = cells(&project, column);
        let first = |cells: &str| cells.split(" 2=").next().unwrap().to_owned();
        assert_ne!(first(&before), first(&after), "{active}: the first row has ended");
        assert_eq!(
            before.split_once(" 2=").unwrap().1,
            after.split_once(" 2=").unwrap().1,
            "{active}: no other row has changed"
        );
        project.onerow(&format!("apply {DATE} --now {NOW}")).exits(0);
        let sent = project.ledger().iter().filter(|s| s.starts_with("deactivate")).count();
        assert_eq!(sent, 1, "{active}: a second run sends no DML");
        project.onerow(&format!("undo last --now {NOW}")).exits(0);
        assert_eq!(cells(&project, column), before, "{active}: undo restores");
    }
}

#[test]
fn a_condition_that_cannot_be_ended_or_restored_is_refused_with_the_way_out() {
    let cases: &[(&str, &str, &str, &str)] = &[
        ("s", "STRING", "s", ""),
        ("s", "STRING", "s = 'Y'", ""),
        ("s", "STRING", "s IS NULL", ""),
        ("s", "STRING", "s IN ('a', 'b')", ""),
        ("s", "STRING", "s IN ('a', 'b')", "deactivate = \"s = 'c'\""),
        ("s", "STRING", "s = 'Y'", "deactivate = \"s = 'Y'\""),
        ("s", "STRING", "s = 'Y'", "deactivate = \"s = NULL\""),
        ("s", "STRING", "s != 'N'", "deactivate = \"s = 'N'\"\nreactivate = \"s = NULL\""),
        ("s", "STRING", "s != 'N'", "deactivate = \"s = 'N'\"\nreactivate = \"rid = 'x'\""),
        ("s", "STRING", "s = 'Y'", "deactivate = \"s = 5\""),
        ("s", "STRING", "s = 'Y'", "deactivate = \"s = 'N', rid = 'x'\""),
        ("s", "STRING", "s = 'Y'", "deactivate = \"s = (SELECT 'N')\""),
        ("s", "STRING", "s = 'Y'", "deactivate = \"s = GENERATE_UUID()\""),
        ("s", "STRING", "s = 'Y'", "deactivate = \"s = 'N'\"\nreactivate = \"s = 'Y'\""),
        ("s", "STRING", "s = 'Y' AND rid != 'x'", "deactivate = \"rid = 'x'\""),
        ("s", "STRING", "changed_at IS NULL", ""),
        ("s", "STRING", "LENGTH(s)", ""),
        ("s", "STRING", "COUNT(s) > 1", ""),
        ("s", "STRING", "s = (SELECT 'Y')", ""),
        ("s", "STRING", "ROW_NUMBER() OVER (PARTITION BY s) = 1", ""),
        ("s", "TIMESTAMP", "s > CURRENT_TIMESTAMP()", ""),
        ("s", "STRING", "RAND() > 0.5 AND s = 'a'", ""),
        ("s", "STRING", "TRUE", ""),
        ("s", "STRING", "t = 'Y'", ""),
        ("s", "BOOL", "s", "deactivate = \"s = FALSE\""),
        ("s", "TIMESTAMP", "s IS NULL", "touched_at = \"s\""),
        ("s", "STRING", "s = 'Y'", "reactivate = \"s = 'Y'\""),
    ];
    let mut said = Transcript::default();
    for (column, sql_type, active, more) in cases {
        let project = Project::new(&rule(column, sql_type, active, more));
        said.case(
            &format!("{column} {sql_type}: {active}; {more}"),
            project.onerow(&format!("check {DATE}")),
        );
    }
    whole!(said, @r#"
    # s STRING: s; 
    $ onerow check --date 2026-01-28
    exit code 2
    -- stderr
    error[rule-file]: `active` is s, which is of type STRING; it must be BOOL
      --> ./onerow.toml:11:10
       |
    11 | active = "s"
       |          ^^^
       |
       = help: write a condition, such as "deleted_at IS NULL"

    # s STRING: s = 'Y'; 
    $ onerow check --date 2026-01-28
    exit code 2
    -- stderr
    error[rule-file]: the rule does not say how to deactivate a row for which `s = 'Y'` is true
      --> ./onerow.toml:11:10
       |
    11 | active = "s = 'Y'"
       |          ^^^^^^^^^
       |
       = help: add `deactivate = "s = …"`, with the value that an inactive row has

    # s STRING: s IS NULL; 
    $ onerow check --date 2026-01-28
    exit code 2
    -- stderr
    error[rule-file]: the rule does not say how to deactivate a row for which `s IS NULL` is true
      --> ./onerow.toml:11:10
       |
    11 | active = "s IS NULL"
       |          ^^^^^^^^^^^
       |
       = help: add `deactivate = "s = CURRENT_TIMESTAMP()"`, or list the type of s in the rule's columns: with TIMESTAMP, DATETIME or DATE it is set to the current time

    # s STRING: s IN ('a', 'b'); 
    $ onerow check --date 2026-01-28
    exit code 2
    -- stderr
    error[rule-file]: the rule does not say how to deactivate a row for which `s IN ('a', 'b')` is true
      --> ./onerow.toml:11:10
       |
    11 | active = "s IN ('a', 'b')"
       |          ^^^^^^^^^^^^^^^^^
       |
       = help: add `deactivate = "column = …"` and, for `undo`, `reactivate = "column = …"`; or set `strategy = "delete"`

    # s STRING: s IN ('a', 'b'); deactivate = "s = 'c'"
    $ onerow check --date 2026-01-28
    exit code 2
    -- stderr
    error[rule-file]: `undo` would not know what to set s to: `active` holds for more than one value of it
      --> ./onerow.toml:12:14
       |
    12 | deactivate = "s = 'c'"
       |              ^^^^^^^^^
       |
       = help: add `reactivate = "s = …"`, with a value that makes `active` TRUE

    # s STRING: s = 'Y'; deactivate = "s = 'Y'"
    $ onerow check --date 2026-01-28
    exit code 2
    -- stderr
    error[rule-file]: after `s = 'Y'`, `active` is not FALSE for the row {"s":"Y"}
      --> ./onerow.toml:12:14
       |
    12 | deactivate = "s = 'Y'"
       |              ^^^^^^^^^
       |
       = help: `deactivate` has to make `active` FALSE, and `reactivate` TRUE again, whatever the row holds

    # s STRING: s = 'Y'; deactivate = "s = NULL"
    $ onerow check --date 2026-01-28
    exit code 2
    -- stderr
    error[rule-file]: after `s = NULL`, `active` is not FALSE for the row {"s":null}
      --> ./onerow.toml:12:14
       |
    12 | deactivate = "s = NULL"
       |              ^^^^^^^^^^
       |
       = help: `deactivate` has to make `active` FALSE, and `reactivate` TRUE again, whatever the row holds

    # s STRING: s != 'N'; deactivate = "s = 'N'"
    reactivate = "s = NULL"
    $ onerow check --date 2026-01-28
    exit code 2
    -- stderr
    error[rule-file]: after `s = NULL`, which `undo` sets, `active` is not TRUE again for the row {"s":null}
      --> ./onerow.toml:12:14
       |
    12 | deactivate = "s = 'N'"
       |              ^^^^^^^^^
       |
       = help: `deactivate` has to make `active` FALSE, and `reactivate` TRUE again, whatever the row holds

    # s STRING: s != 'N'; deactivate = "s = 'N'"
    reactivate = "rid = 'x'"
    $ onerow check --date 2026-01-28
    exit code 2
    -- stderr
    error[rule-file]: `reactivate` is `rid = 'x'`: `active` does not read rid
      --> ./onerow.toml:13:14
       |
    13 | reactivate = "rid = 'x'"
       |              ^^^^^^^^^^^
       |
       = help: write an assignment, such as "deleted_at = CURRENT_TIMESTAMP()"

    # s STRING: s = 'Y'; deactivate = "s = 5"
    $ onerow check --date 2026-01-28
    exit code 2
    -- stderr
    error[rule-file]: BigQuery refuses `s = 5`: the new value of "s" must be STRING, not INT64
      --> ./onerow.toml:12:14
       |
    12 | deactivate = "s = 5"
       |              ^^^^^^^
       |
       = help: `deactivate` has to make `active` FALSE, and `reactivate` TRUE again, whatever the row holds

    # s STRING: s = 'Y'; deactivate = "s = 'N', rid = 'x'"
    $ onerow check --date 2026-01-28
    exit code 2
    -- stderr
    error[rule-file]: `deactivate` is `s = 'N', rid = 'x'`: `,` comes after the end of the expression
      --> ./onerow.toml:12:14
       |
    12 | deactivate = "s = 'N', rid = 'x'"
       |              ^^^^^^^^^^^^^^^^^^^^
       |
       = help: write an assignment, such as "deleted_at = CURRENT_TIMESTAMP()"

    # s STRING: s = 'Y'; deactivate = "s = (SELECT 'N')"
    $ onerow check --date 2026-01-28
    exit code 2
    -- stderr
    error[rule-file]: `deactivate` is `s = (SELECT 'N')`: it holds a subquery
      --> ./onerow.toml:12:14
       |
    12 | deactivate = "s = (SELECT 'N')"
       |              ^^^^^^^^^^^^^^^^^^
       |
       = help: write an assignment, such as "deleted_at = CURRENT_TIMESTAMP()"

    # s STRING: s = 'Y'; deactivate = "s = GENERATE_UUID()"
    $ onerow check --date 2026-01-28
    exit code 2
    -- stderr
    error[rule-file]: `deactivate` is `s = GENERATE_UUID()`: GENERATE_UUID differs from row to row
      --> ./onerow.toml:12:14
       |
    12 | deactivate = "s = GENERATE_UUID()"
       |              ^^^^^^^^^^^^^^^^^^^^^
       |
       = help: write an assignment, such as "deleted_at = CURRENT_TIMESTAMP()"

    # s STRING: s = 'Y'; deactivate = "s = 'N'"
    reactivate = "s = 'Y'"
    $ onerow check --date 2026-01-28
    exit code 2
    -- stderr
    error[rule-file]: `reactivate` has no effect: `active` says that the value is 'Y'
      --> ./onerow.toml:13:14
       |
    13 | reactivate = "s = 'Y'"
       |              ^^^^^^^^^
       |
       = help: remove it

    # s STRING: s = 'Y' AND rid != 'x'; deactivate = "rid = 'x'"
    $ onerow check --date 2026-01-28
    exit code 2
    -- stderr
    error[rule-file]: `deactivate` sets rid, which the rule's row_id reads
      --> ./onerow.toml:12:14
       |
    12 | deactivate = "rid = 'x'"
       |              ^^^^^^^^^^^
       |
       = help: a row would change its place by becoming inactive: set another column

    # s STRING: changed_at IS NULL; 
    $ onerow check --date 2026-01-28
    exit code 2
    -- stderr
    error[rule-file]: deactivating a row would set changed_at, which the rule's keep reads
      --> ./onerow.toml:11:10
       |
    11 | active = "changed_at IS NULL"
       |          ^^^^^^^^^^^^^^^^^^^^
       |
       = help: a row would change its place by becoming inactive: set another column

    # s STRING: LENGTH(s); 
    $ onerow check --date 2026-01-28
    exit code 2
    -- stderr
    error[rule-file]: `active` is not a condition that BigQuery accepts: the condition of WHERE must be BOOL, not INT64
      --> ./onerow.toml:11:10
       |
    11 | active = "LENGTH(s)"
       |          ^^^^^^^^^^^

    # s STRING: COUNT(s) > 1; 
    $ onerow check --date 2026-01-28
    exit code 2
    -- stderr
    error[rule-file]: `active` is `COUNT(s) > 1`: it holds the aggregate function COUNT, but its value must come from one row
      --> ./onerow.toml:11:10
       |
    11 | active = "COUNT(s) > 1"
       |          ^^^^^^^^^^^^^^
       |
       = help: name a BOOL column, or write a condition over columns of the row, such as "deleted_at IS NULL"

    # s STRING: s = (SELECT 'Y'); 
    $ onerow check --date 2026-01-28
    exit code 2
    -- stderr
    error[rule-file]: `active` is `s = (SELECT 'Y')`: it holds a subquery
      --> ./onerow.toml:11:10
       |
    11 | active = "s = (SELECT 'Y')"
       |          ^^^^^^^^^^^^^^^^^^
       |
       = help: name a BOOL column, or write a condition over columns of the row, such as "deleted_at IS NULL"

    # s STRING: ROW_NUMBER() OVER (PARTITION BY s) = 1; 
    $ onerow check --date 2026-01-28
    exit code 2
    -- stderr
    error[rule-file]: `active` is `ROW_NUMBER() OVER (PARTITION BY s) = 1`: it holds a window function
      --> ./onerow.toml:11:10
       |
    11 | active = "ROW_NUMBER() OVER (PARTITION BY s) = 1"
       |          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
       |
       = help: name a BOOL column, or write a condition over columns of the row, such as "deleted_at IS NULL"

    # s TIMESTAMP: s > CURRENT_TIMESTAMP(); 
    $ onerow check --date 2026-01-28
    exit code 2
    -- stderr
    error[rule-file]: `active` is `s > CURRENT_TIMESTAMP()`: CURRENT_TIMESTAMP differs from run to run
      --> ./onerow.toml:11:10
       |
    11 | active = "s > CURRENT_TIMESTAMP()"
       |          ^^^^^^^^^^^^^^^^^^^^^^^^^
       |
       = help: name a BOOL column, or write a condition over columns of the row, such as "deleted_at IS NULL"

    # s STRING: RAND() > 0.5 AND s = 'a'; 
    $ onerow check --date 2026-01-28
    exit code 2
    -- stderr
    error[rule-file]: `active` is `RAND() > 0.5 AND s = 'a'`: RAND differs from run to run
      --> ./onerow.toml:11:10
       |
    11 | active = "RAND() > 0.5 AND s = 'a'"
       |          ^^^^^^^^^^^^^^^^^^^^^^^^^^
       |
       = help: name a BOOL column, or write a condition over columns of the row, such as "deleted_at IS NULL"

    # s STRING: TRUE; 
    $ onerow check --date 2026-01-28
    exit code 2
    -- stderr
    error[rule-file]: `active` is `TRUE`: it reads no column, so that it is the same for every row
      --> ./onerow.toml:11:10
       |
    11 | active = "TRUE"
       |          ^^^^^^
       |
       = help: name a BOOL column, or write a condition over columns of the row, such as "deleted_at IS NULL"

    # s STRING: t = 'Y'; 
    $ onerow check --date 2026-01-28
    exit code 2
    -- stderr
    error[rule-file]: table `dw.orders` has no column `t`
      --> ./onerow.toml:11:10
       |
    11 | active = "t = 'Y'"
       |          ^^^^^^^^^
       |
       = help: add it to the rule's columns, with its type

    # s BOOL: s; deactivate = "s = FALSE"
    $ onerow check --date 2026-01-28
    exit code 2
    -- stderr
    error[rule-file]: `deactivate` has no effect: `active` is the BOOL column s, which is set to FALSE and to TRUE
      --> ./onerow.toml:12:14
       |
    12 | deactivate = "s = FALSE"
       |              ^^^^^^^^^^^
       |
       = help: remove it

    # s TIMESTAMP: s IS NULL; touched_at = "s"
    $ onerow check --date 2026-01-28
    exit code 2
    -- stderr
    error[rule-file]: deactivating a row would set s, which the rule's touched_at reads
      --> ./onerow.toml:11:10
       |
    11 | active = "s IS NULL"
       |          ^^^^^^^^^^^
       |
       = help: a row would change its place by becoming inactive: set another column

    # s STRING: s = 'Y'; reactivate = "s = 'Y'"
    $ onerow check --date 2026-01-28
    exit code 2
    -- stderr
    error[rule-file]: `reactivate` has no effect: `active` says that the value is 'Y'
      --> ./onerow.toml:12:14
       |
    12 | reactivate = "s = 'Y'"
       |              ^^^^^^^^^
       |
       = help: remove it
    "#);
    let alone = rule("s", "STRING", "s", "strategy = \"delete\"\ndeactivate = \"s = 'x'\"")
        .replace("active = \"s\"\n", "");
    whole!(Project::new(&alone).onerow(&format!("check {DATE}")), @r#"
    $ onerow check --date 2026-01-28
    exit code 2
    -- stderr
    error[rule-file]: `deactivate` has no effect without `active`
      --> ./onerow.toml:12:14
       |
    12 | deactivate = "s = 'x'"
       |              ^^^^^^^^^
       |
       = help: say in `active` which rows count, or remove it
    "#);
}

/// Without listed columns nobody knows the type, so that the assignment has to be said; `doctor` compares it
/// with the table.
#[test]
fn without_listed_columns_the_assignment_is_said_and_doctor_tries_it() {
    let listed = rule(
        "s",
        "STRING",
        "s IN ('a', 'b')",
        "deactivate = \"s = 'c'\"\nreactivate = \"s = 'a'\"",
    );
    let project = Project::new(&listed);
    project.write("rows.csv", rows("s", "a", "c"));
    project.onerow("load rows.csv").exits(0);
    whole!(project.onerow(&format!("doctor {DATE}")), @"
    $ onerow doctor --date 2026-01-28
    -- stdout
    warehouse
      good     credentials       a query was accepted and answered
      skipped  clock             the warehouse does not say when it runs a statement
      good     ledger            in `./.onerow/local.db`

    rule t
      good     table             dw.orders: 5 columns
      good     columns           all columns of the rule exist, with fitting types
      skipped  partition         this warehouse has no partitions
      good     streaming buffer  empty
      good     statements        the warehouse would take detect, record, deactivate, verify of 2026-01-28
      advice   rows              `active` is NULL for 1 row, which counts as not active, on 2026-01-28 → give a value to the column that is NULL there
      good     row id            `rid` is unique and not NULL in 2 active rows of 2026-01-28
    ");
    let (unlisted, _) = listed.split_once("\n[rule.t.columns]").unwrap();
    project.write("onerow.toml", unlisted.replace("s = 'c'", "s = 'b'"));
    project.onerow(&format!("check {DATE}")).exits(0);
    whole!(project.onerow(&format!("doctor {DATE}")), @r#"
    $ onerow doctor --date 2026-01-28
    exit code 1
    -- stdout
    warehouse
      good     credentials       a query was accepted and answered
      skipped  clock             the warehouse does not say when it runs a statement
      good     ledger            in `./.onerow/local.db`

    rule t
      good     table             dw.orders: 5 columns
      bad      columns           after `s = 'b'`, `active` is not FALSE for the row {"s":"b"} → change `active`, `deactivate` or `reactivate` in the rule
      skipped  partition         this warehouse has no partitions
      good     streaming buffer  empty
      good     statements        the warehouse would take detect, record, deactivate, verify of 2026-01-28
      advice   rows              `active` is NULL for 1 row, which counts as not active, on 2026-01-28 → give a value to the column that is NULL there
      good     row id            `rid` is unique and not NULL in 2 active rows of 2026-01-28
    "#);
    project.write("onerow.toml", unlisted.replace("s IN (", "gone IN ("));
    whole!(project.onerow(&format!("check {DATE}")), @r#"
    $ onerow check --date 2026-01-28
    exit code 2
    -- stderr
    error[rule-file]: `deactivate` is `s = 'c'`: `active` does not read s
      --> ./onerow.toml:12:14
       |
    12 | deactivate = "s = 'c'"
       |              ^^^^^^^^^
       |
       = help: write an assignment, such as "deleted_at = CURRENT_TIMESTAMP()"
    "#);
    project
        .write("onerow.toml", unlisted.replace("active = \"s IN", "active = \"r IS NULL AND s IN"));
    whole!(project.onerow(&format!("doctor {DATE}")), @"
    $ onerow doctor --date 2026-01-28
    exit code 1
    -- stdout
    warehouse
      good     credentials       a query was accepted and answered
      skipped  clock             the warehouse does not say when it runs a statement
      good     ledger            in `./.onerow/local.db`

    rule t
      good     table             dw.orders: 5 columns
      bad      columns           the table has no column `r` → did you mean `rid`?
      skipped  partition         this warehouse has no partitions
      good     streaming buffer  empty
      bad      statements        detect: there is no column `r` → did you mean `rid`?
      bad      statements        record: there is no column `r` → did you mean `rid`?
      bad      statements        deactivate: there is no column `r` → did you mean `rid`?
      bad      statements        verify: there is no column `r` → did you mean `rid`?
      skipped  row id            detect cannot run
    ");
}

#[test]
fn delete_and_rewrite_need_no_assignment() {
    let mut said = Transcript::default();
    for strategy in ["delete", "rewrite"] {
        let more = format!("strategy = \"{strategy}\"");
        let project = Project::new(&rule("s", "STRING", "s IN ('a', 'b')", &more));
        project.write("rows.csv", rows("s", "a", "c"));
        project.onerow("load rows.csv").exits(0);
        project.onerow(&format!("apply --yes {DATE}")).exits(0);
        assert_eq!(cells(&project, "s"), "2=a 3=c 4=NULL");
        project.onerow("undo last").exits(if strategy == "rewrite" { 0 } else { 2 });
        // A marker, or a step of one's own, would need one.
        project
            .write("sql/own.sql", "UPDATE {{ rule.table }} SET s = 'c' WHERE {{ window.filter }}");
        let steps = format!("{more}\nsteps = [\"own\", \"detect\", \"{strategy}\", \"verify\"]");
        project.write("onerow.toml", rule("s", "STRING", "s IN ('a', 'b')", &steps));
        said.add(&project.onerow(&format!("check {DATE}")));
    }
    whole!(said, @"
    $ onerow check --date 2026-01-28
    exit code 3
    -- stdout
    error[wrong-kind]: it is an UPDATE, and the rule does not say how to deactivate a row for which `(s IN ('a', 'b'))` is true
     --> t: own of 2026-01-28:2:8
      |
    2 | UPDATE `dw.orders` SET s = 'c' WHERE day = DATE '2026-01-28'
      |        ^
      |
      = note: the line comes from ./sql/own.sql:1:1
      = help: add `deactivate` and `reactivate` to the rule, or remove the step
    -- stderr
    16 statements checked, 1 error, 0 warnings

    $ onerow check --date 2026-01-28
    exit code 3
    -- stdout
    error[wrong-kind]: it is an UPDATE, and the rule does not say how to deactivate a row for which `(s IN ('a', 'b'))` is true
     --> t: own of 2026-01-28:2:8
      |
    2 | UPDATE `dw.orders` SET s = 'c' WHERE day = DATE '2026-01-28'
      |        ^
      |
      = note: the line comes from ./sql/own.sql:1:1
      = help: add `deactivate` and `reactivate` to the rule, or remove the step
    -- stderr
    16 statements checked, 1 error, 0 warnings
    ");
}

/// A step of the project's own removes rows by the same assignment, and no other.
#[test]
fn a_custom_step_ends_activity_by_the_rules_assignment() {
    let more =
        "deactivate = \"s = 'N'\"\nsteps = [\"own\", \"detect\", \"deactivate\", \"verify\"]";
    let project = Project::new(&rule("s", "STRING", "s = 'Y'", more));
    project.write("rows.csv", rows("s", "Y", "N"));
    project.onerow("load rows.csv").exits(0);
    let own = |set: &str, which: &str| {
        format!("UPDATE {{{{ rule.table }}}} SET {set} WHERE {{{{ window.filter }}}} AND {which}\n")
    };
    let mut said = Transcript::default();
    for set in ["s = 'Y'", "s = NULL", "s = 'X'"] {
        project.write("sql/own.sql", own(set, "rid = '2'"));
        said.case(set, project.onerow(&format!("check {DATE}")));
    }
    whole!(said, @"
    # s = 'Y'
    $ onerow check --date 2026-01-28
    exit code 3
    -- stdout
    error[sets-other-column]: it sets s to `'Y'`; onerow only ever deactivates
     --> t: own of 2026-01-28:2:24
      |
    2 | UPDATE `dw.orders` SET s = 'Y' WHERE day = DATE '2026-01-28' AND rid = '2'
      |                        ^
      |
      = note: the line comes from ./sql/own.sql:1:1
      = help: write s = 'N'
    -- stderr
    17 statements checked, 1 error, 0 warnings

    # s = NULL
    $ onerow check --date 2026-01-28
    exit code 3
    -- stdout
    error[sets-other-column]: it sets s to `NULL`; onerow only ever deactivates
     --> t: own of 2026-01-28:2:24
      |
    2 | UPDATE `dw.orders` SET s = NULL WHERE day = DATE '2026-01-28' AND rid = '2'
      |                        ^
      |
      = note: the line comes from ./sql/own.sql:1:1
      = help: write s = 'N'
    -- stderr
    17 statements checked, 1 error, 0 warnings

    # s = 'X'
    $ onerow check --date 2026-01-28
    exit code 3
    -- stdout
    error[sets-other-column]: it sets s to `'X'`; onerow only ever deactivates
     --> t: own of 2026-01-28:2:24
      |
    2 | UPDATE `dw.orders` SET s = 'X' WHERE day = DATE '2026-01-28' AND rid = '2'
      |                        ^
      |
      = note: the line comes from ./sql/own.sql:1:1
      = help: write s = 'N'
    -- stderr
    17 statements checked, 1 error, 0 warnings
    ");
    project.write("sql/own.sql", own("rid = 'x'", "rid = '2'"));
    whole!(project.onerow(&format!("check {DATE}")), @"
    $ onerow check --date 2026-01-28
    exit code 3
    -- stdout
    error[sets-other-column]: it sets `rid`; a clean-up sets s alone
     --> t: own of 2026-01-28:2:24
      |
    2 | UPDATE `dw.orders` SET rid = 'x' WHERE day = DATE '2026-01-28' AND rid = '2'
      |                        ^
      |
      = note: the line comes from ./sql/own.sql:1:1
      = help: remove the assignment; if it is the time of the change, name the column as touched_at in the rule

    error[sets-other-column]: it does not set s
     --> t: own of 2026-01-28:2:8
      |
    2 | UPDATE `dw.orders` SET rid = 'x' WHERE day = DATE '2026-01-28' AND rid = '2'
      |        ^
      |
      = note: the line comes from ./sql/own.sql:1:1
      = help: write s = 'N'
    -- stderr
    17 statements checked, 2 errors, 0 warnings
    ");
    project.write(
        "sql/own.sql",
        own("{{ rule.active_column }} = {{ rule.inactive_value }}", "rid = '2'"),
    );
    let before = cells(&project, "s");
    project.onerow(&format!("apply {DATE}")).exits(0);
    assert_eq!(cells(&project, "s"), "1=Y 2=N 3=N 4=NULL");
    project.onerow("undo last").exits(0);
    assert_eq!(cells(&project, "s"), before);
    // A step that would take the last active row of a key is stopped.
    project.write("sql/own.sql", own("s = 'N'", "TRUE"));
    project.onerow(&format!("apply {DATE}")).exits(1);
    assert_eq!(cells(&project, "s"), before);
}

#[test]
fn the_view_and_explain_know_the_condition() {
    let project = Project::new(&rule("deleted_at", "TIMESTAMP", "deleted_at IS NULL", ""));
    project.write("rows.csv", rows("deleted_at", "", "2026-01-28 11:00:00 UTC"));
    project.onerow("load rows.csv").exits(0);
    whole!(project.onerow("view show"), @"
    $ onerow view show
    -- stdout
    -- onerow: rule t, step create_view
    CREATE OR REPLACE VIEW `dw.orders_current` AS
    SELECT * EXCEPT (onerow_rank)
    FROM (
      SELECT
        *,
        ROW_NUMBER() OVER (
          PARTITION BY day, id
          ORDER BY changed_at DESC, rid
        ) AS onerow_rank
      FROM `dw.orders`
      WHERE (deleted_at IS NULL)
    )
    WHERE onerow_rank = 1
    ");
    project.onerow("view create").exits(0);
    project.write("sql/left.sql", "SELECT rid FROM {{ rule.view }} ORDER BY rid\n");
    let left = project.onerow(&format!("run left {DATE} --format json")).exits(0).json();
    assert_eq!(
        left["steps"][0]["rows"],
        serde_json::json!([{ "rid": "2" }, { "rid": "4" }]),
        "{left}"
    );
    let why = project.onerow(&format!("explain {DATE} --format json")).exits(0).json();
    assert!(why.to_string().contains("\"row_id\":\"1\""), "{why}");
}

/// Staged rows take part by the same condition; where they arrive without its column, they count.
#[test]
fn staged_rows_take_part_by_the_condition() {
    let staged = |more: &str| {
        let rule = rule("s", "STRING", "s = 'Y'", "deactivate = \"s = 'N'\"");
        rule.replace(
            "[rule.t.columns]",
            &format!("[rule.t.staging]\ntables = [\"dw.arriving\"]\n{more}\n[rule.t.columns]"),
        )
    };
    let project = Project::new(&staged(""));
    project
        .write("rows.csv", "rid,day,id,changed_at,s\n1,2026-01-28,7,2026-01-28 08:00:00 UTC,Y\n");
    project.onerow("load rows.csv").exits(0);
    project.write(
        "staged.csv",
        "rid,day,id,changed_at,s\n\
         8,2026-01-28,7,2026-01-28 09:00:00 UTC,N\n\
         9,2026-01-28,9,2026-01-28 09:00:00 UTC,Y\n",
    );
    project.onerow("load staged.csv --into dw.arriving").exits(0);
    let done = project.onerow(&format!("consolidate {DATE} --format json")).exits(0).json();
    assert_eq!(done["dates"][0]["inserts"], 1, "{done}");
    assert_eq!(done["dates"][0]["left_out"], 1, "{done}");
    assert_eq!(cells(&project, "s"), "1=Y 9=Y");

    let project = Project::new(&staged("columns = [\"rid\", \"day\", \"id\", \"changed_at\"]"));
    project
        .write("rows.csv", "rid,day,id,changed_at,s\n1,2026-01-28,7,2026-01-28 08:00:00 UTC,Y\n");
    project.onerow("load rows.csv").exits(0);
    project
        .write("staged.csv", "rid,day,id,changed_at,s\n9,2026-01-28,9,2026-01-28 09:00:00 UTC,\n");
    project.onerow("load staged.csv --into dw.arriving").exits(0);
    project.onerow(&format!("consolidate {DATE}")).exits(0);
    assert_eq!(cells(&project, "s"), "1=Y 9=Y", "what arrives is active");

    let two = staged("columns = [\"rid\", \"day\", \"id\", \"changed_at\"]")
        .replace("active = \"s = 'Y'\"", "active = \"s = 'Y' AND rid != 'x'\"");
    whole!(Project::new(&two).onerow(&format!("check {DATE}")), @r#"
    $ onerow check --date 2026-01-28
    exit code 2
    -- stderr
    error[rule-file]: `s`, which `active` reads, does not arrive with staged rows
      --> ./onerow.toml:16:11
       |
    16 | columns = ["rid", "day", "id", "changed_at"]
       |           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
       |
       = help: rows arrive with every column that tells whether they are active
    "#);
    let marked = staged("deleted = \"rid = 'd'\"")
        .replace("deactivate = \"s = 'N'\"", "strategy = \"delete\"");
    whole!(Project::new(&marked).onerow(&format!("check {DATE}")), @r#"
    $ onerow check --date 2026-01-28
    exit code 2
    -- stderr
    error[rule-file]: a deletion marker makes rows inactive, and nothing says how
      --> ./onerow.toml:16:11
       |
    16 | deleted = "rid = 'd'"
       |           ^^^^^^^^^^^
       |
       = help: add `deactivate` to the rule, or leave `active` out: then rows are deleted
    "#);
}
