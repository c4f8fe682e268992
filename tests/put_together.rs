//! `merge = "last_non_null"`: survivors that are put together of all rows of their key.

use serde_json::json;

use crate::common::Project;
use crate::common::whole::{Transcript, whole, with_times};

const RULE: &str = r#"
[warehouse.local]
type = "sqlite"

[rule.contacts]
table = "crm.contacts"
strategy = "rewrite"
merge = "last_non_null"
partition = "day"
key = ["contact"]
keep = ["changed DESC"]
written_at = "changed"

[rule.contacts.columns]
day = "DATE"
contact = "STRING"
email = "STRING"
phone = "STRING"
changed = "TIMESTAMP"
"#;

const ROWS: &str = "day,contact,email,phone,changed
2026-01-28,ann,a@old,,2026-01-28T01:00:00Z
2026-01-28,ann,,555,2026-01-28T02:00:00Z
2026-01-28,ann,a@new,,2026-01-28T03:00:00Z
2026-01-28,ann,,,2026-01-28T04:00:00Z
2026-01-28,bob,b@x,,2026-01-28T01:00:00Z
2026-01-28,bob,,,2026-01-28T02:00:00Z
2026-01-29,ann,,777,2026-01-29T01:00:00Z
";

fn project() -> Project {
    let project = Project::new(RULE);
    project.write("rows.csv", ROWS);
    project.onerow("load rows.csv").exits(0);
    project
}

/// All rows, read without onerow.
fn rows(project: &Project) -> Vec<String> {
    let database = project.database();
    let sql = r#"SELECT day || ' ' || contact || ' ' || coalesce(email, '-') || ' ' || coalesce(phone, '-')
                 FROM "crm.contacts" ORDER BY day, contact, changed"#;
    let mut statement = database.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

/// Changes a row as somebody else would.
fn change(project: &Project, sql: &str) {
    let database = project.database();
    database
        .create_scalar_function("onerow_drained", 0, Default::default(), |_| Ok(i64::MAX))
        .unwrap();
    database.execute(sql, []).unwrap();
}

const APPLY: &str = "apply --yes --from 2026-01-28 --to 2026-01-29";
const CLEANED: [&str; 3] =
    ["2026-01-28 ann a@new 555", "2026-01-28 bob b@x -", "2026-01-29 ann - 777"];

#[test]
fn a_survivor_takes_the_last_value_of_each_column_and_gives_it_back() {
    let project = project();
    let before = rows(&project);
    let explained = project.onerow("explain --date 2026-01-28 --format json").exits(0).json();
    let takes: Vec<_> = explained["superseded"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| &row["survivor_takes"])
        .collect();
    assert_eq!(takes, [&json!(["email"]), &json!(["phone"]), &json!([]), &json!(["email"])]);
    with_times!(project.onerow("explain --date 2026-01-28"), @r#"
    $ onerow explain --date 2026-01-28
    -- stdout
    rule contacts
     date         contact   row id                                                                                               survivor                                                                                          decided by                                                              survivor takes   a run would
    ────────
     2026-01-28   ann       {"day":"2026-01-28","contact":"ann","email":"a@new","phone":null,"changed":"2026-01-28T03:00:00Z"}   {"day":"2026-01-28","contact":"ann","email":null,"phone":null,"changed":"2026-01-28T04:00:00Z"}   changed DESC: 2026-01-28 03:00:00+00, survivor 2026-01-28 04:00:00+00   email            delete it
     2026-01-28   ann       {"day":"2026-01-28","contact":"ann","email":null,"phone":"555","changed":"2026-01-28T02:00:00Z"}     {"day":"2026-01-28","contact":"ann","email":null,"phone":null,"changed":"2026-01-28T04:00:00Z"}   changed DESC: 2026-01-28 02:00:00+00, survivor 2026-01-28 04:00:00+00   phone            delete it
     2026-01-28   ann       {"day":"2026-01-28","contact":"ann","email":"a@old","phone":null,"changed":"2026-01-28T01:00:00Z"}   {"day":"2026-01-28","contact":"ann","email":null,"phone":null,"changed":"2026-01-28T04:00:00Z"}   changed DESC: 2026-01-28 01:00:00+00, survivor 2026-01-28 04:00:00+00   nothing          delete it
     2026-01-28   bob       {"day":"2026-01-28","contact":"bob","email":"b@x","phone":null,"changed":"2026-01-28T01:00:00Z"}     {"day":"2026-01-28","contact":"bob","email":null,"phone":null,"changed":"2026-01-28T02:00:00Z"}   changed DESC: 2026-01-28 01:00:00+00, survivor 2026-01-28 02:00:00+00   email            delete it
    "#);
    assert_eq!(rows(&project), before, "looking changes nothing");

    let applied = project.onerow(&format!("{APPLY} --format json")).exits(0).json();
    assert_eq!(applied["totals"]["deactivated"], 4);
    assert_eq!(rows(&project), CLEANED);
    let removed = project.onerow("explain --run last --format json").exits(0).json();
    let takes: Vec<_> =
        removed["removed"].as_array().unwrap().iter().map(|row| &row["survivor_took"]).collect();
    assert_eq!(takes, [&json!(["email"]), &json!(["phone"]), &json!([]), &json!(["email"])]);
    with_times!(project.onerow("explain --run last"), @r#"
    $ onerow explain --run last
    -- stdout
    rule contacts, removed by run [RUN]
     date         row id                                                                                               survivor                                                                                          rank   decided by                                                          survivor took   removed by   now
    ────────
     2026-01-28   {"day":"2026-01-28","contact":"ann","email":"a@new","phone":null,"changed":"2026-01-28T03:00:00Z"}   {"day":"2026-01-28","contact":"ann","email":null,"phone":null,"changed":"2026-01-28T04:00:00Z"}      2   changed DESC: 2026-01-28T03:00:00Z, survivor 2026-01-28T04:00:00Z   email           rewrite      removed
     2026-01-28   {"day":"2026-01-28","contact":"ann","email":null,"phone":"555","changed":"2026-01-28T02:00:00Z"}     {"day":"2026-01-28","contact":"ann","email":null,"phone":null,"changed":"2026-01-28T04:00:00Z"}      3   changed DESC: 2026-01-28T02:00:00Z, survivor 2026-01-28T04:00:00Z   phone           rewrite      removed
     2026-01-28   {"day":"2026-01-28","contact":"ann","email":"a@old","phone":null,"changed":"2026-01-28T01:00:00Z"}   {"day":"2026-01-28","contact":"ann","email":null,"phone":null,"changed":"2026-01-28T04:00:00Z"}      4   changed DESC: 2026-01-28T01:00:00Z, survivor 2026-01-28T04:00:00Z   nothing         rewrite      removed
     2026-01-28   {"day":"2026-01-28","contact":"bob","email":"b@x","phone":null,"changed":"2026-01-28T01:00:00Z"}     {"day":"2026-01-28","contact":"bob","email":null,"phone":null,"changed":"2026-01-28T02:00:00Z"}      2   changed DESC: 2026-01-28T01:00:00Z, survivor 2026-01-28T02:00:00Z   email           rewrite      removed
    "#);

    let again = project.onerow(&format!("{APPLY} --format json")).exits(0).json();
    assert_eq!(again["totals"]["deactivated"], 0, "it is clean");
    let undone = project.onerow("undo last --format json").exits(0).json();
    assert_eq!(undone["dates"][0]["rows"], 4);
    assert_eq!(rows(&project), before);
    let log = project.onerow("log --format json").exits(0).json();
    assert_eq!(log[0]["rows_restored"], 4, "two survivors are no rows that were removed");
    project.onerow(APPLY).exits(0);
    assert_eq!(rows(&project), CLEANED, "and again");
}

/// Of a key whose survivor is another now nothing is restored: what was written since is kept.
#[test]
fn a_survivor_that_has_changed_since_keeps_its_key_from_being_restored() {
    let project = project();
    project.onerow(APPLY).exits(0);
    change(
        &project,
        r#"UPDATE "crm.contacts" SET phone = '999' WHERE contact = 'ann' AND phone = '555'"#,
    );
    let undone = project.onerow("undo last --format json").exits(0).json();
    assert_eq!(
        (&undone["dates"][0]["rows"], &undone["dates"][0]["left_alone"]),
        (&json!(1), &json!(3))
    );
    assert_eq!(
        rows(&project),
        [
            "2026-01-28 ann a@new 999",
            "2026-01-28 bob b@x -",
            "2026-01-28 bob - -",
            "2026-01-29 ann - 777"
        ]
    );
}

#[test]
fn the_view_has_the_survivors_as_they_will_be() {
    let project = project();
    project.onerow("view create").exits(0);
    project.write(
        "sql/look.sql",
        "SELECT day, contact, email, phone FROM crm.contacts_current ORDER BY day, contact",
    );
    let look = || {
        let found = project.onerow("run look --date 2026-01-28 --format json").exits(0).json();
        let row = |row: &serde_json::Value| {
            let text = |column: &str| row[column].as_str().unwrap_or("-").to_owned();
            ["day", "contact", "email", "phone"].map(text).join(" ")
        };
        found["steps"][0]["rows"].as_array().unwrap().iter().map(row).collect::<Vec<_>>()
    };
    assert_eq!(look(), CLEANED);
    project.onerow(APPLY).exits(0);
    assert_eq!(look(), CLEANED);
}

#[test]
fn a_column_that_the_rule_does_not_list_stops_the_run_before_it_changes_anything() {
    let project = project();
    let database = project.database();
    database.execute_batch(r#"ALTER TABLE "crm.contacts" ADD COLUMN extra TEXT"#).unwrap();
    database
        .execute(r#"INSERT INTO _onerow_columns VALUES ('crm.contacts', 9, 'extra', 'STRING')"#, [])
        .unwrap();
    let before = rows(&project);
    let mut said = Transcript::default();
    for command in [APPLY, "run rewrite --yes --date 2026-01-28"] {
        said.add(&project.onerow(command));
    }
    whole!(said, @"
    $ onerow apply --yes --from 2026-01-28 --to 2026-01-29
    exit code 2
    -- stderr
    error[rule-file]: table `crm.contacts` has columns that the rule does not list: extra; a rewrite would lose their values
      help: list all columns of the table in [rule.contacts.columns]: survivors are put together column by column

    $ onerow run rewrite --yes --date 2026-01-28
    exit code 2
    -- stderr
    error[rule-file]: table `crm.contacts` has columns that the rule does not list: extra; a rewrite would lose their values
      help: list all columns of the table in [rule.contacts.columns]: survivors are put together column by column
    ");
    assert_eq!(rows(&project), before);
    whole!(project.onerow("doctor --date 2026-01-28"), @"
    $ onerow doctor --date 2026-01-28
    exit code 1
    -- stdout
    warehouse
      good     credentials       a query was accepted and answered
      skipped  clock             the warehouse does not say when it runs a statement
      good     ledger            in `./.onerow/local.db`

    rule contacts
      good     table             crm.contacts: 6 columns
      bad      columns           the rule does not list `extra`, which the table has → list it in [rule.contacts.columns]: survivors are put together column by column
      skipped  partition         this warehouse has no partitions
      good     streaming buffer  empty
      good     statements        the warehouse would take detect, record, rewrite, verify of 2026-01-28
      good     row id            the whole row is unique and not NULL in 6 active rows of 2026-01-28
    ");
}

/// A run that is undone out of turn finds the survivor as a later run left it.
#[test]
fn an_earlier_run_is_undone_after_the_later_one() {
    let project = project();
    let first = project.onerow(&format!("{APPLY} --format json")).exits(0).json();
    project.write(
        "more.csv",
        "day,contact,email,phone,changed\n2026-01-28,ann,,666,2026-01-28T05:00:00Z\n",
    );
    project.onerow("load more.csv").exits(0);
    let mut with_more = CLEANED.map(str::to_owned).to_vec();
    with_more.insert(1, "2026-01-28 ann - 666".to_owned());
    assert_eq!(rows(&project), with_more);
    project.onerow(APPLY).exits(0);
    let mut cleaned = CLEANED.map(str::to_owned);
    cleaned[0] = "2026-01-28 ann a@new 666".to_owned();
    assert_eq!(rows(&project), cleaned);
    let first = first["run_id"].as_str().unwrap();
    let out_of_turn = project.onerow(&format!("undo {first} --format json")).exits(0).json();
    assert_eq!(out_of_turn["dates"][0]["left_alone"], 3, "ann's survivor is another now");
    project.onerow("undo last").exits(0);
}

/// An ARRAY is never NULL: it is the survivor's, which may be empty.
#[test]
fn a_nested_column_stays_as_the_survivor_has_it() {
    let nested = RULE.replace("phone = \"STRING\"", "phone = \"STRING\"\ntags = \"ARRAY<STRING>\"");
    let project = Project::new(&nested);
    let row = |email: &str, phone: &str, tags: &str, hour: u8| {
        format!(
            "{{\"day\":\"2026-01-28\",\"contact\":\"ann\",\"email\":{email},\"phone\":{phone},\"tags\":{tags},\
             \"changed\":\"2026-01-28T0{hour}:00:00Z\"}}\n"
        )
    };
    let rows = [row("\"a@x\"", "null", "[\"a\"]", 1), row("null", "\"555\"", "[\"b\", \"c\"]", 2)];
    project.write("rows.ndjson", rows.concat());
    project.onerow("load rows.ndjson").exits(0);
    let kept = |project: &Project| -> Vec<(String, String)> {
        let database = project.database();
        let sql = r#"SELECT coalesce(email, '-'), tags FROM "crm.contacts" ORDER BY changed"#;
        let mut statement = database.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    };
    let before = kept(&project);
    project.onerow("apply --yes --date 2026-01-28").exits(0);
    assert_eq!(kept(&project), [("a@x".to_owned(), before[1].1.clone())]);
    project.onerow("undo last").exits(0);
    assert_eq!(kept(&project), before);
}

#[test]
fn a_rule_that_cannot_put_survivors_together_says_why() {
    let change = |from: &str, to: &str| {
        assert!(RULE.contains(from), "{from}");
        Project::new(&RULE.replace(from, to))
    };
    let columns = &RULE[RULE.find("[rule.contacts.columns]").unwrap()..];
    let staging = "[rule.contacts.staging]\ntables = [\"crm.new\"]\n";
    let mut said = Transcript::default();
    for project in [
        change("strategy = \"rewrite\"", "strategy = \"delete\"\nrow_id = \"contact\""),
        change("key = ", "across = \"1d\"\nkey = "),
        change("[rule.contacts.columns]", &format!("{staging}[rule.contacts.columns]")),
        change(columns, ""),
        change("email = \"STRING\"\nphone = \"STRING\"\n", ""),
        change("last_non_null", "first"),
    ] {
        said.add(&project.onerow("check"));
    }
    whole!(said, @r#"
    $ onerow check
    exit code 2
    -- stderr
    error[rule-file]: `merge` has no effect with strategy delete
     --> ./onerow.toml:9:9
      |
    9 | merge = "last_non_null"
      |         ^^^^^^^^^^^^^^^
      |
      = help: set `strategy = "rewrite"`: a survivor that takes values of other rows is written anew

    $ onerow check
    exit code 2
    -- stderr
    error[rule-file]: `merge` cannot be combined with `across`, which keeps a survivor as it is
     --> ./onerow.toml:8:9
      |
    8 | merge = "last_non_null"
      |         ^^^^^^^^^^^^^^^
      |
      = help: remove `merge` or `across`

    $ onerow check
    exit code 2
    -- stderr
    error[rule-file]: `merge` cannot be combined with `staging`, whose rows replace the ones that are there, NULLs and all
     --> ./onerow.toml:8:9
      |
    8 | merge = "last_non_null"
      |         ^^^^^^^^^^^^^^^
      |
      = help: remove `merge` or `staging`

    $ onerow check
    exit code 2
    -- stderr
    error[rule-file]: `merge` needs to know the table's columns
     --> ./onerow.toml:8:9
      |
    8 | merge = "last_non_null"
      |         ^^^^^^^^^^^^^^^
      |
      = help: list them with their types in the rule's [columns]

    $ onerow check
    exit code 2
    -- stderr
    error[rule-file]: `merge` has nothing to do: every listed column decides which row survives, or is nested
     --> ./onerow.toml:8:9
      |
    8 | merge = "last_non_null"
      |         ^^^^^^^^^^^^^^^
      |
      = help: remove it, or list the other columns of the table

    $ onerow check
    exit code 2
    -- stderr
    error[rule-file]: `first` is not a value of `merge`
     --> ./onerow.toml:8:9
      |
    8 | merge = "first"
      |         ^^^^^^^
      |
      = help: known: last_non_null
    "#);
}

/// How a run is undone is how it was made.
#[test]
fn a_run_is_undone_by_a_rule_that_puts_survivors_together_as_it_did() {
    let without = RULE.replace("merge = \"last_non_null\"\n", "");
    let project = project();
    project.onerow(APPLY).exits(0);
    project.write("onerow.toml", &without);
    whole!(project.onerow("undo last"), @r#"
    $ onerow undo last
    exit code 2
    -- stderr
    error[rule-changed]: the run merged values into survivors, but the rule has no `merge` now
      note: while undoing 2026-01-28
      help: set `merge = "last_non_null"` in the rule while you undo it
    "#);
    assert_eq!(rows(&project), CLEANED, "nothing was restored");
    project.write("onerow.toml", RULE);
    project.onerow("undo last").exits(0);
    let before = rows(&project);
    project.write("onerow.toml", &without);
    project.onerow(APPLY).exits(0);
    project.write("onerow.toml", RULE);
    whole!(project.onerow("undo last"), @"
    $ onerow undo last
    exit code 2
    -- stderr
    error[rule-changed]: the run merged no values into survivors, but the rule has `merge` now
      note: while undoing 2026-01-28
      help: remove `merge` from the rule while you undo it
    ");
    project.write("onerow.toml", &without);
    project.onerow("undo last").exits(0);
    assert_eq!(rows(&project), before);
}

/// A view of one's own would show other values than a run leaves.
#[test]
fn a_view_of_the_projects_own_has_to_put_survivors_together_too() {
    let project = project();
    let own = |select: &str| {
        format!(
            "{{%- from \"_survivors.sql\" import rank, table -%}}\n\
             {{%- from \"_merged.sql\" import last_values, window_of_rows -%}}\n\
             SELECT day, contact FROM (SELECT *, {select}, {{{{ rank(rule) }}}} AS place FROM {{{{ table(rule) }}}}\n\
             WINDOW {{{{ window_of_rows(rule) }}}}) WHERE place = 1\n"
        )
    };
    project.write("sql/current.sql", own("1 AS one"));
    whole!(project.onerow("check --date 2026-01-28"), @"
    $ onerow check --date 2026-01-28
    exit code 3
    -- stdout
    error[other-ranking]: email is the survivor's own, where the rule has `merge`
     --> contacts: current of 2026-01-28:2:1
      |
    2 | SELECT day, contact FROM (SELECT *, 1 AS one, ROW_NUMBER() OVER (
      | ^
      |
      = help: call `last_values` and `window_of_rows` of `_merged.sql`, as the shipped text does
    -- stderr
    15 statements checked, 1 error, 0 warnings
    ");
    project.write("sql/current.sql", own("{{ last_values(rule) }}"));
    project.onerow("check").exits(0);
}
