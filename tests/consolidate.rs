//! `onerow consolidate`: staging tables merged into the main table, as a user sees it.

use crate::common::whole::{Transcript, whole};
use crate::common::{HEADER, Project, RULE};

pub const DATE: &str = "--date 2026-01-28";

/// The small table's rule with two staging tables, and more keys for that section.
pub fn rule(keys: &str) -> String {
    format!(
        "{RULE}\n[rule.predictions.staging]\ntables = [\"nba.staging_a\", \"nba.staging_b\"]\n{keys}"
    )
}

pub fn project(rules: &str, main: &str) -> Project {
    let project = Project::new(rules);
    let some = "x,2026-01-28,g1,x,,true,2026-01-28T08:00:00Z";
    project.write("rows.csv", format!("{HEADER}{}\n", if main.is_empty() { some } else { main }));
    project.onerow("load predictions rows.csv").exits(0);
    for table in ["a", "b"] {
        stage(&project, table, some);
        let sql = format!(r#"DELETE FROM "nba.staging_{table}""#);
        change(&project, &sql);
    }
    if main.is_empty() {
        change(&project, r#"DELETE FROM "nba.predictions""#);
    }
    project
}

/// Changes a table without onerow; the imitated streaming buffer belongs to onerow's connection.
pub fn change(project: &Project, sql: &str) {
    let database = project.database();
    database
        .create_scalar_function("onerow_drained", 0, Default::default(), |_| Ok(i64::MAX))
        .unwrap();
    database.execute_batch(sql).unwrap();
}

/// Loads rows into `nba.staging_a` or `nba.staging_b`.
pub fn stage(project: &Project, table: &str, rows: &str) {
    project.write("staged.csv", format!("{HEADER}{rows}\n"));
    let into = format!("load predictions staged.csv --into nba.staging_{table}");
    project.onerow(&into).exits(0);
}

/// All rows as `id line active`, in order, read without onerow.
pub fn table(project: &Project) -> Vec<String> {
    let database = project.database();
    let sql = r#"SELECT id || ' ' || coalesce(points_line, '-') || CASE WHEN is_active THEN '' ELSE ' inactive' END
                 FROM "nba.predictions" ORDER BY id"#;
    let mut statement = database.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

pub fn has_table(project: &Project, name: &str) -> bool {
    project
        .database()
        .query_row("SELECT COUNT(*) FROM sqlite_schema WHERE name = ?1", [name], |row| row.get(0))
        .map(|count: i64| count > 0)
        .unwrap()
}

pub const MAIN: &str = "\
m1,2026-01-28,g1,ann,20.5,true,2026-01-28T08:00:00Z
m2,2026-01-28,g1,bob,,true,2026-01-28T08:00:00Z
m3,2026-01-28,g1,eve,9,false,2026-01-28T08:00:00Z";

#[test]
fn dates_that_share_a_partition_are_merged_by_one_statement() {
    let rules = rule("").replacen("key ", "partition_granularity = \"MONTH\"\nkey ", 1);
    let project = project(&rules, MAIN);
    stage(
        &project,
        "a",
        "s1,2026-01-28,g1,ann,21.5,true,2026-01-28T09:00:00Z\n\
         s2,2026-01-29,g1,ann,22.5,true,2026-01-29T10:00:00Z",
    );
    let merged = project.onerow(&format!("consolidate {DATE} --format json")).exits(0).json();
    let expected = serde_json::json!([{
        "date": "2026-01-01", "staged": 2, "left_out": 0, "inserts": 1, "updates": 1, "deletes": 0, "buffered": 0,
        "merged": 2, "status": "merged"
    }]);
    assert_eq!(merged["dates"], expected);
    assert_eq!(table(&project), ["m1 21.5", "m2 -", "m3 9 inactive", "s2 22.5"]);
}

#[test]
fn each_key_arrives_once_and_a_row_that_is_there_keeps_its_id_and_creation_time() {
    let project = project(&rule(""), MAIN);
    stage(
        &project,
        "a",
        "s1,2026-01-28,g1,ann,21.5,true,2026-01-28T09:00:00Z\n\
         s2,2026-01-28,g1,ann,22.5,true,2026-01-28T10:00:00Z\n\
         s3,2026-01-28,g2,ann,7,true,2026-01-28T10:00:00Z\n\
         s9,2026-01-29,g1,ann,1,true,2026-01-28T10:00:00Z",
    );
    stage(
        &project,
        "b",
        "s4,2026-01-28,g2,ann,8,true,2026-01-28T11:00:00Z\n\
         s5,2026-01-28,g1,eve,10,true,2026-01-28T09:00:00Z\n\
         s6,2026-01-28,g1,bob,,true,2026-01-28T09:00:00Z\n\
         s7,2026-01-28,g9,eve,10,false,2026-01-28T09:00:00Z",
    );
    let dry =
        project.onerow(&format!("consolidate {DATE} --dry-run --format json")).exits(0).json();
    let expected = serde_json::json!([
        { "date": "2026-01-28", "staged": 6, "left_out": 1, "inserts": 2, "updates": 1, "deletes": 0, "buffered": 0, "status": "dirty" }
    ]);
    assert_eq!(dry["dates"], expected);
    assert_eq!(table(&project).len(), 3, "a dry run changes nothing");
    let merged = project.onerow(&format!("consolidate {DATE} --format json")).exits(0).json();
    assert_eq!(merged["dates"][0]["merged"], 3);
    assert_eq!(merged["dates"][0]["status"], "merged");
    assert_eq!(
        table(&project),
        ["m1 22.5", "m2 -", "m3 9 inactive", "s4 8", "s5 10"],
        "ann takes the newest line, bob has nothing new, eve's inactive row stays as it is"
    );
    let created: i64 = project
        .database()
        .query_row(r#"SELECT created_at FROM "nba.predictions" WHERE id = 'm1'"#, [], |row| {
            row.get(0)
        })
        .unwrap();
    assert_eq!(created, 1_769_587_200_000_000, "08:00, as before");
    assert_eq!(
        project.ledger(),
        ["staged 2026-01-28 done", "consolidate 2026-01-28 done", "staged 2026-01-28 done",]
    );
}

#[test]
fn twice_changes_nothing_the_second_time_and_sends_no_dml() {
    let project = project(&rule(""), MAIN);
    stage(
        &project,
        "a",
        "s1,2026-01-28,g1,ann,21.5,true,2026-01-28T09:00:00Z\ns2,2026-01-28,g5,zoe,1,true,2026-01-28T09:00:00Z",
    );
    project.onerow(&format!("consolidate {DATE}")).exits(0);
    let (rows, entries) = (table(&project), project.ledger().len());
    whole!(project.onerow(&format!("consolidate {DATE}")), @"
    $ onerow consolidate --date 2026-01-28
    -- stdout
    staging of rule predictions, run [RUN]
     date         staged   left out   inserts   updates   deletes   buffered   merged   status
    ────────
     2026-01-28        2          0         0         0         0          0        0   clean
    ");
    assert_eq!(table(&project), rows);
    assert_eq!(project.ledger()[entries..], ["staged 2026-01-28 done"]);
}

#[test]
fn a_staged_row_that_would_not_survive_does_not_arrive() {
    let project = project(&rule(""), MAIN);
    stage(&project, "a", "s1,2026-01-28,g1,ann,1,true,2026-01-28T07:00:00Z");
    project.onerow(&format!("consolidate {DATE}")).exits(0);
    assert_eq!(table(&project)[0], "m1 20.5");
}

#[test]
fn null_equals_null_in_a_key() {
    let by_line = rule("").replace(r#"["game_id", "player"]"#, r#"["game_id", "points_line"]"#);
    let project = project(&by_line, "m1,2026-01-28,g1,ann,,true,2026-01-28T08:00:00Z");
    stage(&project, "a", "s1,2026-01-28,g1,bob,,true,2026-01-28T09:00:00Z");
    project.onerow(&format!("consolidate {DATE}")).exits(0);
    assert_eq!(table(&project), ["m1 -"], "it is the same thing, and was not inserted");
    let player: String = project
        .database()
        .query_row(r#"SELECT player FROM "nba.predictions""#, [], |row| row.get(0))
        .unwrap();
    assert_eq!(player, "bob");
}

/// The seed's race: rows of the first batch are still in the streaming buffer when the second one
/// comes. What can be done is done, the rest is reported, and a later run finishes.
#[test]
fn consolidate_then_apply_is_one_plan_and_waits_for_the_streaming_buffer() {
    let steps = "steps = [\"consolidate\", \"detect\", \"deactivate\", \"verify\"]\nrow_id";
    let rules = rule("").replacen("row_id", steps, 1);
    let project = project(&rules, "");
    project.streamed(
        "2026-01-28T07:41:28Z",
        "p1,2026-01-28,g1,ann,20.5,true,2026-01-28T07:41:27Z\n\
         p2,2026-01-28,g1,ann,20.5,true,2026-01-28T07:41:28Z",
    );
    stage(
        &project,
        "a",
        "s1,2026-01-28,g1,ann,21.5,true,2026-01-28T07:41:29Z\n\
         s2,2026-01-28,g1,bob,3,true,2026-01-28T07:41:29Z",
    );
    let now = "--now 2026-01-28T07:41:30Z";
    whole!(project.onerow(&format!("plan {DATE} {now}")), @"
    $ onerow plan --date 2026-01-28 --now [TIME]
    -- stdout
    staging of rule predictions
     date         staged   left out   inserts   updates   deletes   buffered   status
    ────────
     2026-01-28        2          0         1         0         0          2   partial

    rule predictions
     date         active   keys   duplicates   buffered   shared ids   status
    ────────
     2026-01-28        2      1            1          1            0   buffered
    ────────
     total             2      1            1          1            0
    apply would send 2 statements: 1 consolidate, 1 detect. Cost: the embedded warehouse charges nothing.
    ");
    let early = project.onerow(&format!("apply {DATE} {now} --format json")).exits(75);
    let figures = early.json();
    assert_eq!(figures["consolidated"]["dates"][0]["merged"], 1, "bob is new");
    assert_eq!(figures["consolidated"]["dates"][0]["buffered"], 2, "ann's two rows wait");
    assert_eq!(figures["totals"]["buffered"], 1);
    whole!(early.stderr, @"
    predictions: staged rows wait: rows that they would update are in the streaming buffer; run the same command again when it has drained (within 90 minutes)
    predictions: 1 duplicate in the streaming buffer; run the same command again when it has drained (within 90 minutes)
    ");
    assert_eq!(table(&project), ["p1 20.5", "p2 20.5", "s2 3"]);
    let later = project.onerow(&format!("apply {DATE} --now 2026-01-28T09:41:30Z --format json"));
    let later = later.exits(0).json();
    assert_eq!(later["consolidated"]["dates"][0]["merged"], 2);
    assert_eq!(later["totals"]["deactivated"], 1);
    assert_eq!(table(&project), ["p1 21.5 inactive", "p2 21.5", "s2 3"]);
    project.onerow(&format!("apply {DATE} --now 2026-01-28T09:41:31Z")).exits(0);
    assert_eq!(
        project.ledger()[project.ledger().len() - 2..],
        ["staged 2026-01-28 done", "detect 2026-01-28 done"],
        "a third run has nothing to do"
    );
}

/// Without written_at nobody knows which rows are in the buffer: each date is tried, and one that is refused
/// waits.
#[test]
fn a_rule_without_written_at_is_merged_date_by_date_while_there_is_a_buffer() {
    let rules = rule("").replace("written_at = \"created_at\"\n", "");
    let project = project(&rules, MAIN);
    project.streamed("2026-01-28T09:00:00Z", "p1,2026-01-28,g9,zoe,1,true,2026-01-28T09:00:00Z");
    stage(
        &project,
        "a",
        "s1,2026-01-28,g9,zoe,21.5,true,2026-01-28T09:30:00Z\n\
         s2,2026-01-29,g5,new,1,true,2026-01-28T09:00:00Z",
    );
    let window = "--from 2026-01-28 --to 2026-01-29";
    let early = format!("consolidate {window} --now 2026-01-28T09:01:00Z --format json");
    let early = project.onerow(&early).exits(75).json();
    assert_eq!(early["dates"][0]["status"], "buffered");
    assert_eq!(early["dates"][1]["status"], "merged");
    assert!(table(&project).contains(&"p1 1".to_owned()), "{:?}", table(&project));
    assert!(!project.ledger().contains(&"consolidate 2026-01-28 done".to_owned()));
    project.onerow(&format!("consolidate {window} --now 2026-01-28T11:00:00Z")).exits(0);
    assert!(table(&project).contains(&"p1 21.5".to_owned()), "{:?}", table(&project));
}

#[test]
fn staging_tables_are_dropped_once_the_ledger_has_all_of_their_rows_as_merged() {
    let project = project(&rule("drop = true\n"), MAIN);
    stage(&project, "a", "s1,2026-01-28,g1,ann,21.5,true,2026-01-28T09:00:00Z");
    stage(
        &project,
        "b",
        "s2,2026-01-28,g1,bob,1,true,2026-01-28T09:00:00Z\n\
         s3,2026-01-29,g1,bob,1,true,2026-01-28T09:00:00Z",
    );
    whole!(project.onerow(&format!("consolidate {DATE}")), @"
    $ onerow consolidate --date 2026-01-28
    -- stdout
    staging of rule predictions, run [RUN]
     date         staged   left out   inserts   updates   deletes   buffered   merged   status
    ────────
     2026-01-28        2          0         0         2         0          0        2   merged
    -- stderr
    nba.staging_a: dropped, all of its rows are merged
    nba.staging_b: not dropped: it holds rows of 2026-01-29 that are not merged
    ");
    assert!(!has_table(&project, "nba.staging_a") && has_table(&project, "nba.staging_b"));
    whole!(project.onerow("consolidate --from 2026-01-29 --to 2026-01-30"), @"
    $ onerow consolidate --from 2026-01-29 --to 2026-01-30
    -- stdout
    staging of rule predictions, run [RUN]
     date         staged   left out   inserts   updates   deletes   buffered   merged   status
    ────────
     2026-01-29        1          0         1         0         0          0        1   merged
     2026-01-30        0          0         0         0         0          0        0   clean
    -- stderr
    nba.staging_a: dropped by an earlier run, so nothing of it is merged
    nba.staging_b: dropped, all of its rows are merged
    ");
    let merges = project.ledger().into_iter().filter(|entry| entry.starts_with("consolidate"));
    assert_eq!(merges.count(), 2, "a date with nothing staged gets no MERGE");
    assert!(!has_table(&project, "nba.staging_b"));
    assert_eq!(table(&project).len(), 4);
    project.onerow(&format!("consolidate {DATE}")).exits(0).prints_nothing();
    let dropped = project.ledger().into_iter().filter(|entry| entry.starts_with("drop_staging"));
    assert_eq!(dropped.count(), 2);
}

/// Rows that are there already are merged too, and the ledger has to say so before they go.
#[test]
fn a_staging_table_with_nothing_new_is_merged_for_the_ledger_before_it_is_dropped() {
    let project = project(&rule(""), MAIN);
    stage(&project, "a", "s1,2026-01-28,g1,ann,1,true,2026-01-28T07:00:00Z");
    project.onerow(&format!("consolidate {DATE} --drop --staging nba.staging_a")).exits(0);
    assert!(!has_table(&project, "nba.staging_a"));
    assert!(project.ledger().contains(&"consolidate 2026-01-28 done".to_owned()));
    assert!(has_table(&project, "nba.staging_b"), "it was not named");
}

/// Tables of one name come and go with each batch: an entry about an earlier one proves nothing.
#[test]
fn a_staging_table_that_was_filled_again_is_not_dropped_for_an_earlier_merge() {
    let project = project(&rule("drop = true\n"), MAIN);
    let name = "--staging nba.staging_a";
    stage(&project, "a", "s1,2026-01-28,g1,ann,21.5,true,2026-01-28T09:00:00Z");
    whole!(project.onerow(&format!("consolidate {DATE} {name}")), @"
    $ onerow consolidate --date 2026-01-28 --staging nba.staging_a
    -- stdout
    staging of rule predictions, run [RUN]
     date         staged   left out   inserts   updates   deletes   buffered   merged   status
    ────────
     2026-01-28        1          0         0         1         0          0        1   merged
    -- stderr
    nba.staging_a: dropped, all of its rows are merged
    ");
    stage(
        &project,
        "a",
        "s2,2026-01-28,g1,ann,22.5,true,2026-01-28T10:00:00Z\n\
         s3,2026-01-29,g1,ann,23.5,true,2026-01-28T10:00:00Z",
    );
    whole!(project.onerow(&format!("consolidate --date 2026-01-29 {name}")), @"
    $ onerow consolidate --date 2026-01-29 --staging nba.staging_a
    -- stdout
    staging of rule predictions, run [RUN]
     date         staged   left out   inserts   updates   deletes   buffered   merged   status
    ────────
     2026-01-29        1          0         1         0         0          0        1   merged
    -- stderr
    nba.staging_a: not dropped: it holds rows of 2026-01-28 that are not merged
    ");
    assert!(has_table(&project, "nba.staging_a"));
    assert_eq!(table(&project)[0], "m1 21.5");
}

/// A staged row that would not survive leaves nothing to merge; still the ledger has to know its date.
#[test]
fn a_date_that_the_ledger_does_not_know_keeps_its_staging_table() {
    let both = format!("{MAIN}\nm4,2026-01-29,g1,ann,20.5,true,2026-01-28T08:00:00Z");
    let project = project(&rule("drop = true\n"), &both);
    stage(
        &project,
        "a",
        "s1,2026-01-28,g1,ann,1,true,2026-01-28T07:00:00Z\n\
         s2,2026-01-29,g1,ann,1,true,2026-01-28T07:00:00Z",
    );
    let name = "--staging nba.staging_a";
    whole!(project.onerow(&format!("consolidate {DATE} {name}")), @"
    $ onerow consolidate --date 2026-01-28 --staging nba.staging_a
    -- stdout
    staging of rule predictions, run [RUN]
     date         staged   left out   inserts   updates   deletes   buffered   merged   status
    ────────
     2026-01-28        1          0         0         0         0          0        0   clean
    -- stderr
    nba.staging_a: not dropped: it holds rows of 2026-01-29 that are not merged
    ");
    whole!(project.onerow(&format!("consolidate --date 2026-01-29 {name}")), @"
    $ onerow consolidate --date 2026-01-29 --staging nba.staging_a
    -- stdout
    staging of rule predictions, run [RUN]
     date         staged   left out   inserts   updates   deletes   buffered   merged   status
    ────────
     2026-01-29        1          0         0         0         0          0        0   clean
    -- stderr
    nba.staging_a: dropped, all of its rows are merged
    ");
}

#[test]
fn a_staging_table_that_is_still_streamed_to_is_not_dropped() {
    let project = project(&rule("drop = true\n"), MAIN);
    project.write(
        "staged.csv",
        format!("{HEADER}s1,2026-01-28,g1,ann,21.5,true,2026-01-28T09:00:00Z\n"),
    );
    let load = "load staged.csv --into nba.staging_a --streamed --now 2026-01-28T09:00:00Z";
    project.onerow(load).exits(0);
    let now = "--staging nba.staging_a --now 2026-01-28T09:01:00Z";
    whole!(project.onerow(&format!("consolidate {DATE} {now}")), @"
    $ onerow consolidate --date 2026-01-28 --staging nba.staging_a --now [TIME]
    -- stdout
    staging of rule predictions, run [RUN]
     date         staged   left out   inserts   updates   deletes   buffered   merged   status
    ────────
     2026-01-28        1          0         0         1         0          0        1   merged
    -- stderr
    nba.staging_a: not dropped: rows are in its streaming buffer
    ");
    assert_eq!(table(&project)[0], "m1 21.5", "they are merged all the same");
}

/// Nobody knows what is in a table that is empty now and was not merged.
#[test]
fn an_empty_staging_table_is_not_dropped() {
    let project = project(&rule("drop = true\n"), MAIN);
    whole!(project.onerow(&format!("consolidate {DATE}")), @"
    $ onerow consolidate --date 2026-01-28
    -- stdout
    staging of rule predictions, run [RUN]
     date         staged   left out   inserts   updates   deletes   buffered   merged   status
    ────────
     2026-01-28        0          0         0         0         0          0        0   clean
    -- stderr
    nba.staging_a: not dropped: it is empty, so that nothing of it was merged
    nba.staging_b: not dropped: it is empty, so that nothing of it was merged
    ");
    assert!(has_table(&project, "nba.staging_a"));
}

#[test]
fn what_is_dropped_rests_on_the_shipped_templates() {
    let project = project(&rule("drop = true\n"), MAIN);
    stage(&project, "a", "s1,2026-01-29,g1,ann,1,true,2026-01-28T07:00:00Z");
    project.write(
        "sql/staging_dates.sql",
        "SELECT 'nba.staging_a' AS staging_table, game_date AS date, COUNT(*) AS staged \
         FROM nba.staging_a WHERE {{ window.filter }} GROUP BY game_date",
    );
    whole!(project.onerow(&format!("consolidate {DATE}")), @"
    $ onerow consolidate --date 2026-01-28
    -- stdout
    staging of rule predictions, run [RUN]
     date         staged   left out   inserts   updates   deletes   buffered   merged   status
    ────────
     2026-01-28        0          0         0         0         0          0        0   clean
    -- stderr
    nba.staging_a: not dropped: staging_dates.sql is overridden by the project, so onerow cannot verify that every row was merged
    nba.staging_b: not dropped: staging_dates.sql is overridden by the project, so onerow cannot verify that every row was merged
    ");
    assert!(has_table(&project, "nba.staging_a"));
}

#[test]
fn a_staging_table_of_two_rules_is_not_dropped_by_the_first() {
    let other = rule("drop = true\n").replace("[warehouse.local]\ntype = \"sqlite\"\n", "");
    let other = other.replace("rule.predictions", "rule.others");
    let project = project(&rule(""), MAIN);
    project.write("onerow.toml", format!("{}{other}", rule("")));
    whole!(project.onerow(&format!("consolidate others {DATE}")), @"
    $ onerow consolidate others --date 2026-01-28
    exit code 2
    -- stderr
    error[usage]: `nba.staging_a` is a staging table of the rules others and predictions, so the first rule to finish would drop it for the other
      help: merge it without `drop`, and drop it when all of them have it
    ");
    project.onerow(&format!("consolidate --all --drop {DATE}")).exits(2);
    project.onerow(&format!("consolidate predictions {DATE}")).exits(0);
    assert!(has_table(&project, "nba.staging_a"));
}

#[test]
fn a_mistyped_staging_table_is_an_error_also_where_it_would_be_dropped() {
    let project = project(&rule(""), MAIN);
    let ended = project.onerow(&format!("consolidate {DATE} --staging nba.staging_aa --drop"));
    whole!(ended, @"
    $ onerow consolidate --date 2026-01-28 --staging nba.staging_aa --drop
    exit code 1
    -- stderr
    error[not-found]: the embedded warehouse has no table `nba.staging_aa`
      note: while looking at the staging tables
      help: did you mean `nba.staging_a`?
    ");
}

/// A row that has arrived and its original in the staging table are equal in all that decides.
#[test]
fn what_became_of_an_arrived_row_since_is_not_overwritten_by_its_original() {
    let project = project(&rule(""), MAIN);
    stage(&project, "a", "s1,2026-01-28,g9,zoe,1,true,2026-01-28T09:00:00Z");
    project.onerow(&format!("consolidate {DATE}")).exits(0);
    change(&project, r#"UPDATE "nba.predictions" SET points_line = '30' WHERE id = 's1'"#);
    whole!(project.onerow(&format!("consolidate {DATE}")), @"
    $ onerow consolidate --date 2026-01-28
    -- stdout
    staging of rule predictions, run [RUN]
     date         staged   left out   inserts   updates   deletes   buffered   merged   status
    ────────
     2026-01-28        1          0         0         0         0          0        0   clean
    ");
    assert_eq!(table(&project)[3], "s1 30");
}

#[test]
fn a_template_that_merges_a_key_twice_is_refused() {
    let project = project(&rule(""), MAIN);
    stage(&project, "a", "s1,2026-01-28,g9,zoe,1,true,2026-01-28T09:00:00Z");
    let shipped = include_str!("../sql/consolidate.sql");
    project.write("sql/consolidate.sql", shipped.replace("    AND onerow_rank = 1\n", ""));
    whole!(project.onerow(&format!("consolidate {DATE}")), @"
    $ onerow consolidate --date 2026-01-28
    exit code 3
    -- stderr
    error[findings]: drops-condition: its USING differs from the shipped one: other rows could be merged than were counted
     --> predictions: consolidate of 2026-01-28:4:3
      |
    4 |   SELECT
      |   ^
      |
      = help: keep USING as the shipped text has it; change what WHEN MATCHED and WHEN NOT MATCHED do
    ");
    let key = "\n  AND ({{ key | of(main) }} = {{ key | of(staged) }}\n    OR ({{ key | of(main) }} IS NULL AND {{ key | of(staged) }} IS NULL))";
    assert!(shipped.contains(key));
    project.write("sql/consolidate.sql", shipped.replace(key, ""));
    whole!(project.onerow(&format!("consolidate {DATE}")), @"
    $ onerow consolidate --date 2026-01-28
    exit code 3
    -- stderr
    error[findings]: drops-condition: its ON lacks a condition of the shipped one: `onerow_main.game_id = onerow_staged.game_id OR onerow_main.game_id IS NULL AND o …` (and 1 more; `onerow check` shows all)
      --> predictions: consolidate of 2026-01-28:87:4
       |
    87 | ON onerow_main.game_date = DATE '2026-01-28'
       |    ^
       |
       = note: the line comes from sql/_removals.sql (built in):39:3
       = help: join every condition of the shipped ON with AND
    ");
}

#[test]
fn a_template_that_updates_rows_which_were_not_counted_fails_the_run() {
    let project = project(&rule(""), MAIN);
    stage(
        &project,
        "a",
        "s1,2026-01-28,g1,ann,20.5,true,2026-01-28T09:00:00Z\n\
         s2,2026-01-28,g9,zoe,2,true,2026-01-28T10:00:00Z",
    );
    let shipped = include_str!("../sql/consolidate.sql");
    let unless_equal =
        "\n  AND {{ values(staging.values | of(main)) }} != onerow_staged.onerow_values";
    assert!(shipped.contains(unless_equal));
    project.write("sql/consolidate.sql", shipped.replace(unless_equal, ""));
    whole!(project.onerow(&format!("consolidate {DATE}")), @"
    $ onerow consolidate --date 2026-01-28
    exit code 1
    -- stdout
    staging of rule predictions, run [RUN]
     date         staged   left out   inserts   updates   deletes   buffered   merged   status
    ────────
     2026-01-28        2          0         1         0         0          0        2   failed
    -- stderr
    2026-01-28: the tables changed in between: rows to be merged: 1, merged: 2, left: 0
    error[verification]: verify of 2026-01-28 failed: the merge changed 2 rows, and should have changed 1
      help: a template of your own may merge a key more than once: look at it with `onerow log --sql`
    ");
}

/// Without a buffer everything is settled, whatever a row says of when it was written.
#[test]
fn a_row_from_the_future_does_not_wait_where_there_is_no_buffer() {
    let project = project(&rule(""), "m1,2026-01-28,g1,ann,20.5,true,2126-01-28T08:00:00Z");
    stage(&project, "a", "s1,2026-01-28,g1,ann,21.5,true,2126-01-28T09:00:00Z");
    project.onerow(&format!("consolidate {DATE}")).exits(0);
    assert_eq!(table(&project), ["m1 21.5"]);
}

#[test]
fn apply_without_consolidate_drops_nothing() {
    let project = project(&rule("drop = true\n"), MAIN);
    project.onerow(&format!("apply {DATE}")).exits(0);
    assert!(has_table(&project, "nba.staging_a"));
    assert_eq!(project.ledger(), ["detect 2026-01-28 done"]);
}

#[test]
fn a_staging_table_that_waits_or_has_more_columns_or_no_dates_is_not_dropped() {
    let project = project(&rule(""), "");
    project.streamed("2026-01-28T07:41:28Z", "p1,2026-01-28,g1,ann,20.5,true,2026-01-28T07:41:28Z");
    stage(&project, "a", "s1,2026-01-28,g1,ann,21.5,true,2026-01-28T07:41:29Z");
    let command = format!("consolidate {DATE} --drop --now 2026-01-28T07:41:30Z");
    whole!(project.onerow(&command), @"
    $ onerow consolidate --date 2026-01-28 --drop --now [TIME]
    exit code 75
    -- stdout
    staging of rule predictions, run [RUN]
     date         staged   left out   inserts   updates   deletes   buffered   merged   status
    ────────
     2026-01-28        1          0         0         0         0          1        0   buffered
    -- stderr
    nba.staging_a: not dropped: rows of 2026-01-28 wait for the streaming buffer
    nba.staging_b: not dropped: it is empty, so that nothing of it was merged
    predictions: staged rows wait: rows that they would update are in the streaming buffer; run the same command again when it has drained (within 90 minutes)
    ");
    stage(&project, "a", "s2,,g1,ann,21.5,true,2026-01-28T07:41:29Z");
    let command = format!("consolidate {DATE} --drop --now 2026-01-28T09:41:30Z");
    whole!(project.onerow(&command), @"
    $ onerow consolidate --date 2026-01-28 --drop --now [TIME]
    -- stdout
    staging of rule predictions, run [RUN]
     date         staged   left out   inserts   updates   deletes   buffered   merged   status
    ────────
     2026-01-28        1          0         0         1         0          0        1   merged
    -- stderr
    nba.staging_a: not dropped: it holds 1 row without a date
    nba.staging_b: not dropped: it is empty, so that nothing of it was merged
    ");
    change(
        &project,
        r#"ALTER TABLE "nba.staging_a" ADD COLUMN worker TEXT; DELETE FROM "nba.staging_a" WHERE game_date IS NULL;
        INSERT INTO _onerow_columns VALUES ('nba.staging_a', 8, 'worker', 'STRING')"#,
    );
    whole!(project.onerow(&command), @"
    $ onerow consolidate --date 2026-01-28 --drop --now [TIME]
    -- stdout
    staging of rule predictions, run [RUN]
     date         staged   left out   inserts   updates   deletes   buffered   merged   status
    ────────
     2026-01-28        1          0         0         0         0          0        0   clean
    -- stderr
    nba.staging_a: its column worker is not merged
    nba.staging_a: not dropped: its column worker is not merged; to drop the table anyway, list the columns to merge under `columns`
    nba.staging_b: not dropped: it is empty, so that nothing of it was merged
    ");
    assert!(has_table(&project, "nba.staging_a"));
}

#[test]
fn all_rules_are_those_that_have_staging_tables() {
    let other = "[rule.others]\n".to_owned()
        + RULE.split_once("[rule.predictions]\n").unwrap().1.split_once("\n[rule").unwrap().0;
    let project = project(&format!("{}\n{other}", rule("")), MAIN);
    stage(&project, "a", "s1,2026-01-28,g1,ann,21.5,true,2026-01-28T09:00:00Z");
    let found = project.onerow(&format!("consolidate --all {DATE} --dry-run --format json"));
    assert_eq!(found.exits(0).json()["rule"], "predictions");
    project.onerow(&format!("consolidate --all {DATE}")).exits(0);
    assert_eq!(table(&project)[0], "m1 21.5");
}

#[test]
fn what_cannot_be_merged_is_said_and_nothing_is_done() {
    let without = Project::new(RULE);
    without.rows(MAIN);
    whole!(without.onerow(&format!("consolidate {DATE}")), @"
    $ onerow consolidate --date 2026-01-28
    exit code 2
    -- stderr
    error[usage]: rule predictions has no staging tables
      help: name them in a section [rule.predictions.staging]
    ");
    let missing = Project::new(&rule(""));
    missing.rows(MAIN);
    whole!(missing.onerow(&format!("consolidate {DATE}")), @"
    $ onerow consolidate --date 2026-01-28
    exit code 1
    -- stderr
    error[not-found]: the embedded warehouse has no table `nba.staging_a`
      note: while looking at the staging tables
      help: known: nba.predictions
    ");
    let project = project(&rule(""), MAIN);
    whole!(project.onerow(&format!("consolidate {DATE} --staging nba.predictions")), @"
    $ onerow consolidate --date 2026-01-28 --staging nba.predictions
    exit code 2
    -- stderr
    error[usage]: `nba.predictions` is the rule's own table
      help: name the rule's staging tables
    ");
    for own in ["my-project.nba.predictions", "onerow.removals"] {
        project.onerow(&format!("consolidate {DATE} --drop --staging {own}")).exits(2);
    }
    whole!(project.onerow("run consolidate --date 2026-01-28"), @"
    $ onerow run consolidate --date 2026-01-28
    exit code 2
    -- stderr
    error[usage]: consolidate is a command of its own
      help: write `onerow consolidate`: it counts before and afterwards
    ");
    whole!(project.onerow("run drop_staging"), @"
    $ onerow run drop_staging
    exit code 2
    -- stderr
    error[usage]: the step drop_staging cannot be run alone
      help: `onerow apply` removes duplicates, `onerow undo RUN` restores them, and `onerow consolidate --drop` drops staging tables
    ");
    whole!(project.onerow("load staged.csv --into nba.staging_c"), @"
    $ onerow load staged.csv --into nba.staging_c
    exit code 2
    -- stderr
    error[usage]: `nba.staging_c` is not a staging table of rule predictions
      help: did you mean `nba.staging_a`?
    ");
    let database = project.database();
    database
        .execute_batch("UPDATE _onerow_columns SET type = 'INT64' WHERE tbl = 'nba.staging_b' AND name = 'player'")
        .unwrap();
    whole!(project.onerow(&format!("consolidate {DATE}")), @"
    $ onerow consolidate --date 2026-01-28
    exit code 2
    -- stderr
    error[rule-file]: column `player` is INT64 in `nba.staging_b` and STRING in `nba.predictions`
      help: give it one type, or leave it out of `columns` of the staging section
    ");
    database
        .execute_batch(
            "DELETE FROM _onerow_columns WHERE tbl = 'nba.staging_b' AND name = 'created_at'",
        )
        .unwrap();
    whole!(project.onerow(&format!("consolidate {DATE}")), @"
    $ onerow consolidate --date 2026-01-28
    exit code 2
    -- stderr
    error[rule-file]: table `nba.staging_b` has no column `created_at`
      help: rows arrive with their key, the columns of `keep`, their row id, what tells whether they are active, and what `columns` of the staging section names
    ");
    assert!(project.ledger().is_empty());
}

#[test]
fn mistakes_in_the_rule_file_name_their_place() {
    let mut said = Transcript::default();
    for keys in [
        "columns = [\"id\", \"game_date\", \"game_id\"]",
        "untouched = [\"creatd_at\"]",
        "drops = true",
    ] {
        said.case(keys, Project::new(&rule(keys)).onerow("check"));
    }
    for tables in ["[]", "[\"nba.predictions\"]", "[\"nba.x\", \"nba.x\"]"] {
        let rules = rule("").replace("[\"nba.staging_a\", \"nba.staging_b\"]", tables);
        said.case(&format!("tables = {tables}"), Project::new(&rules).onerow("check"));
    }
    for steps in [
        "[\"detect\", \"consolidate\", \"deactivate\", \"verify\"]",
        "[\"drop_staging\", \"detect\", \"deactivate\", \"verify\"]",
    ] {
        let rules = rule("").replacen("row_id", &format!("steps = {steps}\nrow_id"), 1);
        said.case(&format!("steps = {steps}"), Project::new(&rules).onerow("check"));
    }
    whole!(said, @r#"
    # columns = ["id", "game_date", "game_id"]
    $ onerow check
    exit code 2
    -- stderr
    error[rule-file]: `columns` lacks `created_at`, by which rows are ranked
      --> ./onerow.toml:28:11
       |
    28 | columns = ["id", "game_date", "game_id"]
       |           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
       |
       = help: rows arrive with their key, the columns of `keep` and their row id

    # untouched = ["creatd_at"]
    $ onerow check
    exit code 2
    -- stderr
    error[rule-file]: table `nba.predictions` has no column `creatd_at`
      --> ./onerow.toml:28:14
       |
    28 | untouched = ["creatd_at"]
       |              ^^^^^^^^^^^
       |
       = help: did you mean `created_at`? If not, add it to the rule's columns

    # drops = true
    $ onerow check
    exit code 2
    -- stderr
    error[rule-file]: unknown key `drops` in [rule.predictions.staging]
      --> ./onerow.toml:28:1
       |
    28 | drops = true
       | ^^^^^
       |
       = help: did you mean `drop`?

    # tables = []
    $ onerow check
    exit code 2
    -- stderr
    error[rule-file]: `tables` is empty
      --> ./onerow.toml:27:10
       |
    27 | tables = []
       |          ^^
       |
       = help: name a staging table

    # tables = ["nba.predictions"]
    $ onerow check
    exit code 2
    -- stderr
    error[rule-file]: `nba.predictions` is the rule's own table
      --> ./onerow.toml:27:11
       |
    27 | tables = ["nba.predictions"]
       |           ^^^^^^^^^^^^^^^^^

    # tables = ["nba.x", "nba.x"]
    $ onerow check
    exit code 2
    -- stderr
    error[rule-file]: staging table `nba.x` is listed twice
      --> ./onerow.toml:27:20
       |
    27 | tables = ["nba.x", "nba.x"]
       |                    ^^^^^^^

    # steps = ["detect", "consolidate", "deactivate", "verify"]
    $ onerow check
    exit code 2
    -- stderr
    error[rule-file]: `consolidate` comes after `detect`
      --> ./onerow.toml:10:20
       |
    10 | steps = ["detect", "consolidate", "deactivate", "verify"]
       |                    ^^^^^^^^^^^^^
       |
       = help: put it first: what it merges has to be counted

    # steps = ["drop_staging", "detect", "deactivate", "verify"]
    $ onerow check
    exit code 2
    -- stderr
    error[rule-file]: step `drop_staging` cannot be run alone
      --> ./onerow.toml:10:10
       |
    10 | steps = ["drop_staging", "detect", "deactivate", "verify"]
       |          ^^^^^^^^^^^^^^
       |
       = help: remove it: it is sent with the step that it belongs to
    "#);
    let steps = "steps = [\"consolidate\", \"detect\", \"deactivate\", \"verify\"]\nrow_id";
    whole!(Project::new(&RULE.replacen("row_id", steps, 1)).onerow("check"), @r#"
    $ onerow check
    exit code 2
    -- stderr
    error[rule-file]: the rule has no staging tables to consolidate
      --> ./onerow.toml:10:10
       |
    10 | steps = ["consolidate", "detect", "deactivate", "verify"]
       |          ^^^^^^^^^^^^^
       |
       = help: add a section `staging` with `tables`
    "#);
}

/// With `columns` in the rule file, the SQL that was reviewed is the SQL that runs.
#[test]
fn declared_columns_are_all_that_arrives() {
    let columns =
        r#"columns = ["id", "game_date", "game_id", "player", "created_at", "points_line"]"#;
    let project = project(&rule(columns), MAIN);
    let render = format!("render {DATE} --step consolidate --format json");
    let rendered = project.onerow(&render).exits(0).json();
    stage(&project, "a", "s1,2026-01-28,g7,ann,21.5,false,2026-01-28T09:00:00Z");
    project.onerow(&format!("consolidate {DATE}")).exits(0);
    assert_eq!(table(&project)[3], "s1 21.5", "a row that arrives is active");
    let log = project.onerow("log --statements --format json").exits(0).json();
    let entries = log.as_array().unwrap();
    let merge = entries.iter().find(|entry| entry["step"] == "consolidate").unwrap();
    assert_eq!(merge["fingerprint"], rendered[0]["fingerprint"]);
}
