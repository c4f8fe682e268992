//! `active` as a condition: which rows count, what ends it, and what restores it.

use crate::common::Project;
use crate::common::whole::whole;

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
    let cases: &[(&str, &str, &str, &str, &[&str])] = &[
        ("s", "STRING", "s", "", &["`active` is s, which is of type STRING", "write a condition"]),
        (
            "s",
            "STRING",
            "s = 'Y'",
            "",
            &["the rule does not say how to deactivate a row", "add `deactivate = \"s = …\"`"],
        ),
        ("s", "STRING", "s IS NULL", "", &["does not say how to deactivate", "list the type of s"]),
        ("s", "STRING", "s IN ('a', 'b')", "", &["does not say how to deactivate", "reactivate"]),
        (
            "s",
            "STRING",
            "s IN ('a', 'b')",
            "deactivate = \"s = 'c'\"",
            &["`undo` would not know what to set s to", "add `reactivate"],
        ),
        (
            "s",
            "STRING",
            "s = 'Y'",
            "deactivate = \"s = 'Y'\"",
            &["`active` is not FALSE for the row {\"s\":"],
        ),
        ("s", "STRING", "s = 'Y'", "deactivate = \"s = NULL\"", &["`active` is not FALSE"]),
        (
            "s",
            "STRING",
            "s != 'N'",
            "deactivate = \"s = 'N'\"\nreactivate = \"s = NULL\"",
            &["`active` is not TRUE again"],
        ),
        (
            "s",
            "STRING",
            "s != 'N'",
            "deactivate = \"s = 'N'\"\nreactivate = \"rid = 'x'\"",
            &["`active` does not read rid"],
        ),
        ("s", "STRING", "s = 'Y'", "deactivate = \"s = 5\"", &["BigQuery refuses `s = 5`"]),
        ("s", "STRING", "s = 'Y'", "deactivate = \"s = 'N', rid = 'x'\"", &["after the end"]),
        ("s", "STRING", "s = 'Y'", "deactivate = \"s = (SELECT 'N')\"", &["subquery"]),
        (
            "s",
            "STRING",
            "s = 'Y'",
            "deactivate = \"s = GENERATE_UUID()\"",
            &["differs from row to row"],
        ),
        (
            "s",
            "STRING",
            "s = 'Y'",
            "deactivate = \"s = 'N'\"\nreactivate = \"s = 'Y'\"",
            &["`reactivate` has no effect"],
        ),
        (
            "s",
            "STRING",
            "s = 'Y' AND rid != 'x'",
            "deactivate = \"rid = 'x'\"",
            &["sets rid, which the rule's row_id reads"],
        ),
        (
            "s",
            "STRING",
            "changed_at IS NULL",
            "",
            &["would set changed_at, which the rule's keep reads"],
        ),
        ("s", "STRING", "LENGTH(s)", "", &["`active` is not a condition that BigQuery accepts"]),
        ("s", "STRING", "COUNT(s) > 1", "", &["`active` is not a condition that BigQuery accepts"]),
        ("s", "STRING", "s = (SELECT 'Y')", "", &["subquery"]),
        ("s", "STRING", "ROW_NUMBER() OVER (PARTITION BY s) = 1", "", &["window function"]),
        (
            "s",
            "TIMESTAMP",
            "s > CURRENT_TIMESTAMP()",
            "",
            &["CURRENT_TIMESTAMP differs from run to run"],
        ),
        ("s", "STRING", "RAND() > 0.5 AND s = 'a'", "", &["RAND differs"]),
        ("s", "STRING", "TRUE", "", &["it reads no column"]),
        ("s", "STRING", "t = 'Y'", "", &["no column `t`"]),
        ("s", "BOOL", "s", "deactivate = \"s = FALSE\"", &["`deactivate` has no effect"]),
        (
            "s",
            "TIMESTAMP",
            "s IS NULL",
            "touched_at = \"s\"",
            &["would set s, which the rule's touched_at"],
        ),
        ("s", "STRING", "s = 'Y'", "reactivate = \"s = 'Y'\"", &["`reactivate` has no effect"]),
    ];
    for (column, sql_type, active, more, says) in cases {
        let project = Project::new(&rule(column, sql_type, active, more));
        project.onerow(&format!("check {DATE}")).exits(2).says(&["onerow.toml:"]).says(says);
    }
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
    project.onerow(&format!("doctor {DATE}")).exits(0).prints(&["all columns of the rule exist"]);
    let (unlisted, _) = listed.split_once("\n[rule.t.columns]").unwrap();
    project.write("onerow.toml", unlisted.replace("s = 'c'", "s = 'b'"));
    project.onerow(&format!("check {DATE}")).exits(0);
    project
        .onerow(&format!("doctor {DATE}"))
        .exits(1)
        .prints(&["`active` is not FALSE for the row"]);
    project.write("onerow.toml", unlisted.replace("s IN (", "gone IN ("));
    whole!(project.onerow(&format!("check {DATE}")), @r#"
    $ onerow check --date 2026-01-28
    exit code 2
    -- stderr
    error[rule-file]: `deactivate` is `s = \'c\'`: `active` does not read s
      --> ./onerow.toml:12:14
       |
    12 | deactivate = "s = 'c'"
       |              ^^^^^^^^^
       |
       = help: write an assignment, such as "deleted_at = CURRENT_TIMESTAMP()"
    "#);
    project
        .write("onerow.toml", unlisted.replace("active = \"s IN", "active = \"r IS NULL AND s IN"));
    project.onerow(&format!("doctor {DATE}")).exits(1).prints(&["the table has no column `r`"]);
}

#[test]
fn delete_and_rewrite_need_no_assignment() {
    for strategy in ["delete", "rewrite"] {
        let more = format!("strategy = \"{strategy}\"");
        let project = Project::new(&rule("s", "STRING", "s IN ('a', 'b')", &more));
        project.write("rows.csv", rows("s", "a", "c"));
        project.onerow("load rows.csv").exits(0);
        project.onerow(&format!("apply --yes {DATE}")).exits(0);
        assert_eq!(cells(&project, "s"), "2=a 3=c 4=NULL");
        project.onerow("undo last").exits(if strategy == "rewrite" { 0 } else { 1 });
        // A marker, or a step of one's own, would need one.
        project
            .write("sql/own.sql", "UPDATE {{ rule.table }} SET s = 'c' WHERE {{ window.filter }}");
        let steps = format!("{more}\nsteps = [\"own\", \"detect\", \"{strategy}\", \"verify\"]");
        project.write("onerow.toml", rule("s", "STRING", "s IN ('a', 'b')", &steps));
        project
            .onerow(&format!("check {DATE}"))
            .exits(3)
            .prints(&["nothing says what makes a row inactive"]);
    }
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
    for set in ["s = 'Y'", "s = NULL", "s = 'X'"] {
        project.write("sql/own.sql", own(set, "rid = '2'"));
        project.onerow(&format!("check {DATE}")).exits(3).prints(&["write s = 'N'"]);
    }
    project.write("sql/own.sql", own("rid = 'x'", "rid = '2'"));
    project.onerow(&format!("check {DATE}")).exits(3).prints(&["it does not set s"]);
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
    project.onerow("view show").exits(0).prints(&["WHERE (deleted_at IS NULL)"]);
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
