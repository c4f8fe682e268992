//! The files of `onerow view show --dbt`, built by dbt in an emulator.

use super::emulator::{Flavor, PROJECT};
use crate::common::{Project, RULE};
use crate::dbt::Dbt;

const DATASET: &str = "for_dbt";

/// The dbt project that the files go into.
fn shop(project: &Project, endpoint: &str) {
    project.write("shop/dbt_project.yml", "name: shop\nversion: '1.0'\nprofile: shop\n");
    let profile = format!(
        "shop:\n  target: emulator\n  outputs:\n    emulator: {{type: bigquery, method: oauth-secrets, token: none, \
         project: {PROJECT}, dataset: {DATASET}, location: US, threads: 1, job_retries: 0, api_endpoint: '{endpoint}'}}\n"
    );
    project.write("shop/profiles.yml", profile);
}

/// A key with a NULL is there twice, which dbt's own `unique` does not see. The table requires a filter on its partition;
/// the emulator takes a query without one, so the compiled text is looked at.
#[test]
fn dbt_builds_the_view_and_finds_a_duplicate_with_a_null_in_its_key() {
    let Some(dbt) = Dbt::on_turn(2) else { return };
    let Some(emulator) = Flavor::BqEmulator.emulator() else { return };
    let rule = RULE.replace("nba.predictions", &format!("{DATASET}.predictions"));
    let project = Project::new(&rule);
    shop(&project, &emulator.endpoint);
    emulator.create_dataset(DATASET);
    emulator.query(&format!(
        "CREATE TABLE {DATASET}.predictions (id STRING, game_date DATE, game_id STRING, player STRING, points_line NUMERIC, \
         is_active BOOL, created_at TIMESTAMP, updated_at TIMESTAMP) PARTITION BY game_date \
         OPTIONS (require_partition_filter = TRUE)"
    ));
    let insert = |id: &str, player: &str| {
        emulator.query(&format!(
            "INSERT INTO {DATASET}.predictions (id, game_date, game_id, player, is_active, created_at) \
             VALUES ('{id}', DATE '2026-01-28', 'g', {player}, TRUE, TIMESTAMP '2026-01-28 08:00:00+00')"
        ));
    };
    insert("a", "'ann'");
    insert("b", "NULL");
    project.onerow("view show --dbt --out shop").exits(0);
    let folder = project.path("shop");
    let dates = "onerow_from: 2026-01-28, onerow_to: 2026-01-28";
    let build = |more: &str| dbt.run(&folder, &["build", "--vars", &format!("{{{dates}{more}}}")]);
    build("").exits(0).says(&[
        "PASS predictions_is_unique",
        "PASS predictions_current_is_unique",
        "PASS=3",
    ]);

    let compiled = |path: &str| {
        let path = folder.join("target/compiled/shop").join(path);
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    let day = "game_date BETWEEN DATE '2026-01-28' AND DATE '2026-01-28'";
    let test = compiled("tests/predictions_is_unique.sql");
    assert_eq!(test.matches("FROM `demo`.`for_dbt`.`predictions`").count(), 1, "{test}");
    assert!(test.contains(&format!("`predictions`\n  WHERE {day}")), "{test}");

    insert("c", "NULL");
    build("")
        .exits(1)
        .says(&["FAIL 1 predictions_is_unique", "SKIP relation for_dbt.predictions_current"]);
    insert("d", "'ann'");
    build(", onerow_severity: warn")
        .exits(0)
        .says(&["WARN 2 predictions_is_unique", "PASS predictions_current_is_unique"]);
    let view = format!(
        "SELECT id FROM {DATASET}.predictions_current WHERE game_date = DATE '2026-01-28' ORDER BY id"
    );
    assert_eq!(emulator.query(&view).concat(), ["c", "d"], "the last of each key, by id");
    // By default the last two weeks are looked at, and these rows are older.
    dbt.run(&folder, &["test", "--select", "predictions_is_unique"]).exits(0);
}
