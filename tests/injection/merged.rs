//! Staging tables whose rows would like to be SQL, merged into the rule's table.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};

use super::data::field;
use super::hostile::all;
use super::output::is_inert;
use super::tree::parsed;
use crate::common::{Project, RULE};

const HEADER: &str = "id,game_date,game_id,player,is_active,created_at,note\n";

fn rules(staging: &str) -> String {
    let columns = "updated_at = \"TIMESTAMP\"\n";
    let rule = RULE.replace(columns, &format!("{columns}note = \"STRING\"\n"));
    format!("{rule}\n[rule.predictions.staging]\ntables = [\"nba.staging_a\", {staging}]\n")
}

fn load(project: &Project, into: &str, rows: &[[String; 4]]) {
    let lines = rows.iter().map(|[id, key, hour, note]| {
        let (id, key, note) = (field(id), field(key), field(note));
        format!("{id},2026-01-28,{key},{key},true,2026-01-28T{hour}:00:00Z,{note}\n")
    });
    project.write("rows.csv", HEADER.to_owned() + &lines.collect::<String>());
    project.onerow(&format!("load rows.csv {into}")).exits(0);
}

/// For each text two staged rows whose key it is, the later with the text as its note; the table has a
/// row of every other one already.
fn staged(texts: &[String]) -> Project {
    let project = Project::new(&rules("\"nba.staging_b\""));
    let row = |table: &str, text: &String, hour: &str, note: &str| {
        [format!("{table}{text}"), text.clone(), hour.to_owned(), note.to_owned()]
    };
    let main: Vec<_> = texts.iter().step_by(2).map(|text| row("m", text, "05", "old")).collect();
    load(&project, "", &main);
    let early: Vec<_> = texts.iter().map(|text| row("a", text, "06", "early")).collect();
    load(&project, "--into nba.staging_a", &early);
    let late: Vec<_> = texts.iter().map(|text| row("b", text, "07", text)).collect();
    load(&project, "--into nba.staging_b", &late);
    project
}

/// Step and SQL of each statement that was sent.
fn sent(project: &Project) -> Vec<(String, String)> {
    let log = project.onerow("log --statements --format json --limit 1000").exits(0).json();
    let of = |entry: &Json, key: &str| entry[key].as_str().unwrap().to_owned();
    log.as_array().unwrap().iter().map(|entry| (of(entry, "step"), of(entry, "sql"))).collect()
}

fn rows(project: &Project) -> BTreeSet<[String; 3]> {
    let database = project.database();
    let sql =
        r#"SELECT id, player, note FROM "nba.predictions" WHERE is_active AND game_id = player"#;
    let mut statement = database.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| Ok([row.get(0)?, row.get(1)?, row.get(2)?])).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

#[test]
fn staged_values_arrive_as_they_are_and_change_no_statement() {
    let texts: Vec<String> = all().map(str::to_owned).collect();
    let project = staged(&texts);
    let ended = project.onerow("consolidate --date 2026-01-28 --format json").exits(0);
    is_inert(&ended.stdout, "consolidate");
    is_inert(&ended.stderr, "consolidate");
    let (there, new) = (texts.len().div_ceil(2), texts.len() / 2);
    let figures = json!({
        "date": "2026-01-28", "staged": 2 * texts.len(), "left_out": 0, "inserts": new, "updates": there,
        "deletes": 0, "buffered": 0, "merged": texts.len(), "status": "merged",
    });
    assert_eq!(ended.json()["dates"], json!([figures]));
    let expected = texts.iter().enumerate().map(|(i, text)| {
        let id = if i % 2 == 0 { format!("m{text}") } else { format!("b{text}") };
        [id, text.clone(), text.clone()]
    });
    assert_eq!(rows(&project), expected.collect());
    let harmless = staged(&(0..texts.len()).map(|i| format!("text {i}")).collect::<Vec<_>>());
    harmless.onerow("consolidate --date 2026-01-28").exits(0);
    let (one, other) = (sent(&harmless), sent(&project));
    assert!(one.iter().any(|(step, _)| step == "consolidate"), "{one:?}");
    assert_eq!(one.len(), other.len());
    for ((step, harmless), (_, given)) in one.iter().zip(&other) {
        assert_eq!(parsed(harmless).to_string(), parsed(given).to_string(), "{step}");
        assert_eq!(harmless, given, "values are in no statement");
    }
}

#[test]
fn a_staging_table_is_named_or_refused() {
    let project = staged(&["x".to_owned()]);
    project.write("none.csv", HEADER);
    for text in all() {
        if !text.contains('\0') {
            for into in [text.to_owned(), format!("nba.{text}")] {
                let ended = project.onerow_with(&["load", "none.csv", "--into", &into]);
                is_inert(&ended.stderr, text);
                assert_eq!(ended.code, Some(2), "{ended}");
            }
        }
        let name = super::hostile::toml(&format!("nba.{text}"));
        let other = Project::new(&rules(&name));
        let ended = other.onerow("consolidate --date 2026-01-28");
        is_inert(&ended.stderr, text);
        let is_name = text.chars().all(|c| c.is_alphanumeric() || "_-".contains(c));
        assert_eq!(ended.code, Some(if is_name { 1 } else { 2 }), "{ended}");
    }
    assert_eq!(rows(&project).len(), 1);
}
