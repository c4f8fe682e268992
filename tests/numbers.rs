//! Numbers at the limits of their types: BIGNUMERIC has 76 digits, and a 77th of which not all fit.

use serde_json::json;

use crate::common::Project;
use crate::common::whole::whole;

const RULE: &str = r#"
[warehouse.local]
type = "sqlite"

[rule.sums]
table = "ops.sums"
strategy = "delete"
partition = "day"
key = ["account"]
keep = ["total DESC", "id"]
row_id = "id"

[rule.sums.columns]
id = "STRING"
day = "DATE"
account = "BIGNUMERIC"
total = "BIGNUMERIC"
"#;

const LARGEST: &str =
    "578960446186580977117854925043439539266.34992332820282019728792003956564819967";
const SMALLEST: &str =
    "-578960446186580977117854925043439539266.34992332820282019728792003956564819968";
const TINY: &str = "0.00000000000000000000000000000000000001";

#[test]
fn a_bignumeric_is_key_and_order_over_its_whole_range() {
    let project = Project::new(RULE);
    // One digit less than the largest, so that a FLOAT64 or a NUMERIC would be the same.
    let below = LARGEST.replace("819967", "819966");
    project.write(
        "rows.csv",
        format!(
            "id,day,account,total\na,2026-01-28,{LARGEST},{below}\nb,2026-01-28,{LARGEST},{LARGEST}\n\
             c,2026-01-28,{below},{TINY}\nd,2026-01-28,{SMALLEST},{SMALLEST}\n"
        ),
    );
    // A JSON number, and one as text.
    project.write(
        "rows.ndjson",
        format!(
            "{{\"id\": \"e\", \"day\": \"2026-01-28\", \"account\": {SMALLEST}, \"total\": \"-{TINY}\"}}\n"
        ),
    );
    project.onerow("load rows.csv rows.ndjson").exits(0);
    let key = format!("account={LARGEST}");
    let asked = ["explain", "--date", "2026-01-28", "--format", "json", "--key", key.as_str()];
    let explained = project.onerow_with(&asked).exits(0).json();
    let [row] = explained["superseded"].as_array().unwrap().as_slice() else {
        panic!("{explained}")
    };
    assert_eq!((&row["row_id"], &row["survivor"]), (&json!("a"), &json!("b")));
    assert_eq!(row["key"]["account"], LARGEST);
    assert_eq!(row["keep"]["total"], below);
    project.onerow("apply --yes --date 2026-01-28").exits(0);
    let database = project.database();
    let mut left = database.prepare(r#"SELECT id FROM "ops.sums" ORDER BY 1"#).unwrap();
    let left: Result<Vec<String>, _> = left.query_map([], |row| row.get(0)).unwrap().collect();
    assert_eq!(left.unwrap(), ["b", "c", "e"]);
}

#[test]
fn a_number_beyond_the_range_is_refused_with_the_range() {
    let project = Project::new(RULE);
    let above = LARGEST.replace("819967", "819968");
    project.write("rows.csv", format!("id,day,account,total\na,2026-01-28,{above},1\n"));
    whole!(project.onerow("load rows.csv"), @"
    $ onerow load rows.csv
    exit code 1
    -- stderr
    error[data-file]: column account: `578960446186580977117854925043439539266.34992332820282019728792003956564819968` does not fit BIGNUMERIC: at most 578960446186580977117854925043439539266.34992332820282019728792003956564819967, with 38 digits after the point
     --> rows.csv:2:14
      |
    2 | a,2026-01-28,578960446186580977117854925043439539266.34992332820282019728792003956564819968,1
      |              ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: correct the file and load it again; nothing was loaded
    ");
}
