//! Values of the table: keys and row ids that would like to be SQL, through a whole run and back.

use super::hostile::all;
use crate::common::{Project, RULE};

/// What the embedded warehouse can store, as CSV fields.
pub fn field(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

/// A project whose table has, for each hostile text, a key of that text with two rows; the ids of the
/// rows have it too.
pub fn hostile_table() -> Project {
    let project = Project::new(RULE);
    let rows: Vec<String> = all()
        .flat_map(|text| {
            let row = |id: String, hour: u8| {
                let (id, key) = (field(&id), field(text));
                format!("{id},2026-01-28,{key},{key},,true,2026-01-28T0{hour}:00:00Z")
            };
            [row(format!("1{text}"), 6), row(format!("2{text}"), 7)]
        })
        .collect();
    project.rows(&rows.join("\n"));
    project
}

#[test]
fn keys_and_row_ids_are_data_through_a_run_and_its_undo() {
    let project = hostile_table();
    let count = |sql: &str| {
        project.database().query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap() as usize
    };
    let active = r#"SELECT count(*) FROM "nba.predictions" WHERE is_active"#;
    assert_eq!(count(active), 2 * all().count());
    project.onerow("apply --date 2026-01-28").exits(0);
    assert_eq!(count(active), all().count());
    let survivors =
        r#"SELECT count(*) FROM "nba.predictions" WHERE is_active AND id = '2' || game_id"#;
    assert_eq!(count(survivors), all().count(), "of each key the later row");
    let log = project.onerow("log --format json").exits(0).json();
    let run = log[0]["run_id"].as_str().unwrap().to_owned();
    project.onerow(&format!("undo {run}")).exits(0);
    assert_eq!(count(active), 2 * all().count());
}
