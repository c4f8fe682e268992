//! What names one row: several columns, an expression, or nothing.

use crate::common::Project;
use crate::common::whole::{Transcript, whole};

const ROWS: &str = "on_day,tx_hash,log_index,value,ingested_at\n\
    2026-01-28,0xab,171,5,2026-01-28 08:00:00 UTC\n\
    2026-01-28,0xab,171,5,2026-01-28 08:10:00 UTC\n\
    2026-01-28,0xab,172,6,2026-01-28 08:00:00 UTC\n\
    2026-01-28,,172,6,2026-01-28 08:00:00 UTC\n\
    2026-01-28,,172,6,2026-01-28 08:30:00 UTC\n";

fn rule(more: &str) -> String {
    format!(
        r#"
[warehouse.local]
type = "sqlite"

[rule.transfers]
table = "chain.transfers"
partition = "on_day"
key = ["tx_hash", "log_index"]
keep = ["ingested_at DESC"]
{more}

[rule.transfers.columns]
on_day = "DATE"
tx_hash = "STRING"
log_index = "INT64"
value = "STRING"
ingested_at = "TIMESTAMP"
"#
    )
}

fn loaded(more: &str, rows: &str) -> Project {
    let project = Project::new(&rule(more));
    project.write("rows.csv", rows);
    project.onerow("load rows.csv").exits(0);
    project
}

/// Every row, in order, read without onerow.
fn table(project: &Project) -> Vec<String> {
    let sql = r#"SELECT coalesce(tx_hash, '-') || ' ' || log_index || ' ' || ingested_at
                 FROM "chain.transfers" ORDER BY 1"#;
    let database = project.database();
    let mut statement = database.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

const DATE: &str = "--date 2026-01-28";

const FORMS: [&str; 5] = [
    "strategy = \"delete\"\nrow_id = [\"tx_hash\", \"log_index\", \"ingested_at\"]",
    "strategy = \"delete\"\nrow_id = \"CONCAT(COALESCE(tx_hash, '-'), CAST(log_index AS STRING), TO_JSON_STRING(ingested_at))\"",
    "strategy = \"delete\"",
    "strategy = \"rewrite\"",
    "strategy = \"rewrite\"\nrow_id = [\"tx_hash\", \"ingested_at\"]",
];

#[test]
fn rows_without_a_single_id_are_removed_logged_and_restored() {
    let mut said = Transcript::default();
    for form in FORMS {
        let project = loaded(&format!("{form}\nkeep_rows = true"), ROWS);
        project.onerow(&format!("check --strict {DATE}")).exits(0);
        let before = table(&project);
        let why = project.onerow(&format!("explain {DATE}")).exits(0);
        assert!(why.stdout.contains("0xab"), "{form}: {why}");
        let applied = project.onerow(&format!("apply --yes {DATE} --format json")).exits(0).json();
        let totals = &applied["totals"];
        assert_eq!(totals["deactivated"], 2, "{form}: {applied}");
        assert_eq!(totals["shared_ids"], 0, "{form}");
        assert_eq!(table(&project).len(), 3, "{form}");
        let run = applied["run_id"].as_str().unwrap();
        let removed = project.onerow(&format!("explain --run {run} --format json")).exits(0).json();
        let ids = removed.to_string();
        let is_json = !form.contains("CONCAT");
        assert_eq!(ids.contains("\"row_id\":{"), is_json, "{form}: {ids}");
        project.onerow(&format!("apply --yes {DATE}")).exits(0);
        let story = project.ledger();
        let removals = story.iter().filter(|s| s.starts_with("delete") || s.starts_with("rewrite"));
        assert_eq!(removals.count(), 1, "{form}: a second run sends no DML: {story:?}");
        project.onerow("undo last").exits(0);
        assert_eq!(table(&project), before, "{form}: undo restores");
        said.add(&project.onerow(&format!("doctor {DATE}")));
    }
    whole!(said, @"
    $ onerow doctor --date 2026-01-28
    -- stdout
    warehouse
      good     credentials       a query was accepted and answered
      skipped  clock             the warehouse does not say when it runs a statement
      good     ledger            in `./.onerow/local.db`

    rule transfers
      good     table             chain.transfers: 5 columns
      good     columns           all columns of the rule exist, with fitting types
      skipped  partition         this warehouse has no partitions
      good     streaming buffer  empty
      good     statements        the warehouse would take detect, record, delete, verify of 2026-01-28
      good     row id            `tx_hash, log_index, ingested_at` is unique and not NULL in 5 active rows of 2026-01-28

    $ onerow doctor --date 2026-01-28
    -- stdout
    warehouse
      good     credentials       a query was accepted and answered
      skipped  clock             the warehouse does not say when it runs a statement
      good     ledger            in `./.onerow/local.db`

    rule transfers
      good     table             chain.transfers: 5 columns
      good     columns           all columns of the rule exist, with fitting types
      skipped  partition         this warehouse has no partitions
      good     streaming buffer  empty
      good     statements        the warehouse would take detect, record, delete, verify of 2026-01-28
      good     row id            `CONCAT(COALESCE(tx_hash, '-'), CAST(log_index AS STRING), TO_JSON_STRING(ingested_at))` is unique and not NULL in 5 active rows of 2026-01-28

    $ onerow doctor --date 2026-01-28
    -- stdout
    warehouse
      good     credentials       a query was accepted and answered
      skipped  clock             the warehouse does not say when it runs a statement
      good     ledger            in `./.onerow/local.db`

    rule transfers
      good     table             chain.transfers: 5 columns
      good     columns           all columns of the rule exist, with fitting types
      skipped  partition         this warehouse has no partitions
      good     streaming buffer  empty
      good     statements        the warehouse would take detect, record, delete, verify of 2026-01-28
      good     row id            key and keep is unique and not NULL in 5 active rows of 2026-01-28

    $ onerow doctor --date 2026-01-28
    -- stdout
    warehouse
      good     credentials       a query was accepted and answered
      skipped  clock             the warehouse does not say when it runs a statement
      good     ledger            in `./.onerow/local.db`

    rule transfers
      good     table             chain.transfers: 5 columns
      good     columns           all columns of the rule exist, with fitting types
      skipped  partition         this warehouse has no partitions
      good     streaming buffer  empty
      good     statements        the warehouse would take detect, record, rewrite, verify of 2026-01-28
      good     row id            the whole row is unique and not NULL in 5 active rows of 2026-01-28

    $ onerow doctor --date 2026-01-28
    -- stdout
    warehouse
      good     credentials       a query was accepted and answered
      skipped  clock             the warehouse does not say when it runs a statement
      good     ledger            in `./.onerow/local.db`

    rule transfers
      good     table             chain.transfers: 5 columns
      good     columns           all columns of the rule exist, with fitting types
      skipped  partition         this warehouse has no partitions
      good     streaming buffer  empty
      good     statements        the warehouse would take detect, record, rewrite, verify of 2026-01-28
      good     row id            `tx_hash, ingested_at` is unique and not NULL in 5 active rows of 2026-01-28
    ");
}

/// Rows that share all of the id are left alone, NULL being equal to NULL; ids that only look alike are not
/// the same.
#[test]
fn an_id_of_several_columns_is_exact() {
    let row_id = "strategy = \"delete\"\nrow_id = [\"tx_hash\", \"value\", \"ingested_at\"]";
    let one =
        |hash: &str, value: &str| format!("2026-01-28,{hash},1,{value},2026-01-28 08:00:00 UTC\n");
    let header = "on_day,tx_hash,log_index,value,ingested_at\n";
    let shared = |rows: &str| {
        let text = rule(row_id).replace("ingested_at DESC\"", "ingested_at DESC\", \"value\"");
        let project = Project::new(&text);
        project.write("rows.csv", format!("{header}{rows}"));
        project.onerow("load rows.csv").exits(0);
        let status = project.onerow(&format!("status {DATE} --format json")).exits(0).json();
        status["totals"]["shared_ids"].as_u64().unwrap()
    };
    assert_eq!(shared(&(one("a", "") + &one("a", ""))), 2, "NULL equals NULL");
    assert_eq!(shared(&(one("a", "") + &one("a", "null"))), 0);
    assert_eq!(shared(&(one("a", "b") + &one("ab", ""))), 0);
    assert_eq!(shared(&(one("\"a\"\",\"\"b\"", "c") + &one("a", "\"b\"\",\"\"c\""))), 0);
    assert_eq!(shared(&(one("a", "b") + &one("a", "B"))), 0);
}

#[test]
fn a_row_id_that_tells_no_rows_apart_is_refused() {
    let cases: &[&str] = &[
        "strategy = \"delete\"\nrow_id = []",
        "strategy = \"delete\"\nrow_id = [\"tx_hash\", \"TX_HASH\"]",
        "strategy = \"delete\"\nrow_id = [\"tx_hash\", \"no\"]",
        "strategy = \"delete\"\nrow_id = \"GENERATE_UUID()\"",
        "strategy = \"delete\"\nrow_id = \"CONCAT(tx_hash, GENERATE_UUID())\"",
        "strategy = \"delete\"\nrow_id = \"(SELECT tx_hash)\"",
        "strategy = \"delete\"\nrow_id = 5",
        // Two rows of a key can be equal in `keep` and have other ids.
        "strategy = \"delete\"\nrow_id = [\"tx_hash\", \"value\"]",
        "strategy = \"delete\"\nrow_id = [\"tx_hash\", \"log_index\"]",
        "strategy = \"delete\"\nrow_id = \"CONCAT(tx_hash, value)\"",
        "strategy = \"delete\"\nrow_id = \"value\"",
    ];
    let mut said = Transcript::default();
    for more in cases {
        said.case(more, Project::new(&rule(more)).onerow(&format!("check {DATE}")));
    }
    whole!(said, @r#"
    # strategy = "delete"
    row_id = []
    $ onerow check --date 2026-01-28
    exit code 2
    -- stderr
    error[rule-file]: `row_id` is empty
      --> ./onerow.toml:11:10
       |
    11 | row_id = []
       |          ^^
       |
       = help: name the columns that name one row, or remove it

    # strategy = "delete"
    row_id = ["tx_hash", "TX_HASH"]
    $ onerow check --date 2026-01-28
    exit code 2
    -- stderr
    error[rule-file]: `TX_HASH` is in `row_id` twice
      --> ./onerow.toml:11:10
       |
    11 | row_id = ["tx_hash", "TX_HASH"]
       |          ^^^^^^^^^^^^^^^^^^^^^^

    # strategy = "delete"
    row_id = ["tx_hash", "no"]
    $ onerow check --date 2026-01-28
    exit code 2
    -- stderr
    error[rule-file]: table `chain.transfers` has no column `no`
      --> ./onerow.toml:11:10
       |
    11 | row_id = ["tx_hash", "no"]
       |          ^^^^^^^^^^^^^^^^^
       |
       = help: add it to the rule's columns, with its type

    # strategy = "delete"
    row_id = "GENERATE_UUID()"
    $ onerow check --date 2026-01-28
    exit code 2
    -- stderr
    error[rule-file]: `row_id` is `GENERATE_UUID()`: it reads no column, so that it is the same for every row
      --> ./onerow.toml:11:10
       |
    11 | row_id = "GENERATE_UUID()"
       |          ^^^^^^^^^^^^^^^^^
       |
       = help: name a column, a list of columns, or an expression over columns of the row

    # strategy = "delete"
    row_id = "CONCAT(tx_hash, GENERATE_UUID())"
    $ onerow check --date 2026-01-28
    exit code 2
    -- stderr
    error[rule-file]: `row_id` is `CONCAT(tx_hash, GENERATE_UUID())`: GENERATE_UUID differs from run to run
      --> ./onerow.toml:11:10
       |
    11 | row_id = "CONCAT(tx_hash, GENERATE_UUID())"
       |          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
       |
       = help: name a column, a list of columns, or an expression over columns of the row

    # strategy = "delete"
    row_id = "(SELECT tx_hash)"
    $ onerow check --date 2026-01-28
    exit code 2
    -- stderr
    error[rule-file]: `row_id` is `(SELECT tx_hash)`: it holds a subquery
      --> ./onerow.toml:11:10
       |
    11 | row_id = "(SELECT tx_hash)"
       |          ^^^^^^^^^^^^^^^^^^
       |
       = help: name a column, a list of columns, or an expression over columns of the row

    # strategy = "delete"
    row_id = 5
    $ onerow check --date 2026-01-28
    exit code 2
    -- stderr
    error[rule-file]: a row id is a column, a list of columns, or an expression
      --> ./onerow.toml:11:10
       |
    11 | row_id = 5
       |          ^

    # strategy = "delete"
    row_id = ["tx_hash", "value"]
    $ onerow check --date 2026-01-28
    exit code 3
    -- stdout
    error[undetermined-survivor]: keep ends in `ingested_at DESC`, which two rows can share: which of them survives would be chance
     --> ./onerow.toml:9:9
      |
    9 | keep = ["ingested_at DESC"]
      |         ^^^^^^^^^^^^^^^^^^
      |
      = help: end keep with the columns of the row id: tx_hash, value
    -- stderr
    15 statements checked, 1 error, 0 warnings

    # strategy = "delete"
    row_id = ["tx_hash", "log_index"]
    $ onerow check --date 2026-01-28
    exit code 3
    -- stdout
    error[undetermined-survivor]: keep ends in `ingested_at DESC`, which two rows can share: which of them survives would be chance
     --> ./onerow.toml:9:9
      |
    9 | keep = ["ingested_at DESC"]
      |         ^^^^^^^^^^^^^^^^^^
      |
      = help: end keep with the columns of the row id: tx_hash, log_index
    -- stderr
    15 statements checked, 1 error, 0 warnings

    # strategy = "delete"
    row_id = "CONCAT(tx_hash, value)"
    $ onerow check --date 2026-01-28
    exit code 3
    -- stdout
    error[undetermined-survivor]: keep ends in `ingested_at DESC`, which two rows can share: which of them survives would be chance
     --> ./onerow.toml:9:9
      |
    9 | keep = ["ingested_at DESC"]
      |         ^^^^^^^^^^^^^^^^^^
      |
      = help: end keep with the row id: "CONCAT(tx_hash, value) DESC"
    -- stderr
    15 statements checked, 1 error, 0 warnings

    # strategy = "delete"
    row_id = "value"
    $ onerow check --date 2026-01-28
    exit code 3
    -- stdout
    error[undetermined-survivor]: keep ends in `ingested_at DESC`, which two rows can share: which of them survives would be chance
     --> ./onerow.toml:9:9
      |
    9 | keep = ["ingested_at DESC"]
      |         ^^^^^^^^^^^^^^^^^^
      |
      = help: end keep with the row id: "value DESC"
    -- stderr
    15 statements checked, 1 error, 0 warnings
    "#);
    let by_float =
        rule("strategy = \"delete\"").replace("value = \"STRING\"", "value = \"FLOAT64\"");
    let by_float = by_float.replace("ingested_at DESC", "value DESC");
    whole!(Project::new(&by_float).onerow(&format!("check {DATE}")), @r#"
    $ onerow check --date 2026-01-28
    exit code 2
    -- stderr
    error[rule-file]: the rule has no `row_id`, and `keep` orders by value, which is of type FLOAT64: nothing names one row
     --> ./onerow.toml:9:9
      |
    9 | keep = ["value DESC"]
      |         ^^^^^^^^^^^^
      |
      = help: say in `row_id` what names one row: a column, or a list of columns
    "#);
    // 0.0 and -0.0 are equal in the order, and written differently.
    let expression = by_float.replace("strategy", "row_id = \"TO_JSON_STRING(value)\"\nstrategy");
    Project::new(&expression).onerow(&format!("check {DATE}")).exits(3);
    let ends_in_it = expression.replace("value DESC\"", "value DESC\", \"TO_JSON_STRING(value)\"");
    Project::new(&ends_in_it).onerow(&format!("check {DATE}")).exits(0);
}

/// An UPDATE cannot tell rows apart that nothing names.
#[test]
fn a_custom_update_needs_a_row_id() {
    let more = "strategy = \"rewrite\"\nactive = \"value = 'live'\"\ndeactivate = \"value = 'gone'\"\n\
                steps = [\"own\", \"detect\", \"rewrite\", \"verify\"]";
    let project = Project::new(&rule(more));
    let own = "UPDATE {{ rule.table }} SET value = 'gone' WHERE {{ window.filter }}\n";
    project.write("sql/own.sql", own);
    whole!(project.onerow(&format!("check {DATE}")), @"
    $ onerow check --date 2026-01-28
    exit code 3
    -- stdout
    error[wrong-kind]: it is an UPDATE, and the rule has no `row_id`: rows that are equal could not be told apart
     --> transfers: own of 2026-01-28:2:8
      |
    2 | UPDATE `chain.transfers` SET value = 'gone' WHERE on_day = DATE '2026-01-28'
      |        ^
      |
      = note: the line comes from ./sql/own.sql:1:1
      = help: name in `row_id` what names one row, or remove the step
    -- stderr
    18 statements checked, 1 error, 0 warnings
    ");
}
