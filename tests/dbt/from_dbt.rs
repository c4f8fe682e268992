//! `onerow init --dbt`, over the project in `tests/dbt/project`.
//!
//! `manifest.json` is what dbt 1.11 wrote of it, without what is of no use here: macros, SQL, checksums. One test asks dbt
//! for it anew. `dbt deps && dbt parse` in a copy of the project writes the whole file.

use std::path::Path;
use std::process::Command;

use serde_json::{Value as Json, json};

use super::Dbt;
use crate::common::Project;
use crate::common::whole::{FILTERS, Transcript, whole};

pub(super) const MANIFEST: &str = include_str!("manifest.json");

/// A project with this manifest, which onerow is run beside.
pub(super) fn shop(manifest: &str) -> Project {
    let project = Project::new("# not the project's\n");
    project.write("target/manifest.json", manifest);
    project
}

pub(super) const INIT: &str = "init --dbt target/manifest.json rules";

pub(super) fn rules(project: &Project) -> String {
    std::fs::read_to_string(project.path("rules/onerow.toml")).unwrap()
}

/// The manifest with a change.
pub(super) fn changed(change: impl FnOnce(&mut Json)) -> String {
    let mut manifest: Json = serde_json::from_str(MANIFEST).unwrap();
    change(&mut manifest);
    manifest.to_string()
}

#[test]
fn the_rules_of_a_project_say_where_each_line_is_from() {
    let project = shop(MANIFEST);
    let ended = project.onerow(INIT).exits(0).prints_nothing();
    insta::assert_snapshot!("rules", rules(&project));
    insta::assert_snapshot!("said", ended.stderr);
    // Whatever is proposed is a rule that can be run.
    whole!(project.onerow("check --all --strict --project-dir rules"), @"
    $ onerow check --all --strict --project-dir rules
    -- stderr
    242 statements checked, no findings
    ");
}

/// A catalog as dbt writes it, of one table that the manifest alone is not enough for, and of a source.
fn catalog() -> String {
    let columns = |all: &[(&str, &str)]| -> Json {
        let one = |(at, (name, of)): (usize, &(&str, &str))| {
            (
                (*name).to_owned(),
                json!({ "type": of, "index": at + 1, "name": name, "comment": null }),
            )
        };
        Json::Object(all.iter().enumerate().map(one).collect())
    };
    let by = |column: &str| json!({ "partitioning_type": { "id": "partitioning_type", "label": "Partitioned By", "value": column, "include": true } });
    json!({
        "metadata": { "dbt_schema_version": "https://schemas.getdbt.com/dbt/catalog/v1.json" },
        "nodes": {
            "model.shop.arrivals": { "metadata": {}, "stats": by("_PARTITIONTIME"), "columns": columns(&[
                ("arrival_id", "STRING"), ("version", "INT64"),
                ("address", "STRUCT<city STRING, tags ARRAY<STRING>>"), ("address.city", "STRING"),
            ]) },
            "model.shop.unordered": { "metadata": {}, "stats": {}, "columns": columns(&[
                ("code", "STRING"), ("description", "STRING"), ("Inserted_At", "DATETIME"), ("amount", "NUMERIC(10, 2)"),
            ]) },
        },
        "sources": {
            "source.shop.raw.orders": { "metadata": {}, "stats": by("ordered_at"), "columns": columns(&[
                ("id", "INT64"), ("ordered_at", "TIMESTAMP"), ("_loaded_at", "TIMESTAMP"),
            ]) },
        },
        "errors": null,
    })
    .to_string()
}

/// Its types are the tables', it has columns that dbt's files lack, and it knows how sources are partitioned.
#[test]
fn a_catalog_beside_the_manifest_makes_more_rules() {
    let project = shop(MANIFEST);
    project.write("target/catalog.json", catalog());
    project.onerow(INIT).exits(0).prints_nothing();
    let text = rules(&project);
    let section = |name: &str| {
        let begin =
            text.find(&format!("[rule.{name}]")).unwrap_or_else(|| panic!("no rule {name}"));
        let from = text[..begin].rfind("\n\n").unwrap();
        let end = text[begin..].find("\n\n# m").map_or(text.len(), |end| begin + end);
        text[from..end].to_owned()
    };
    let sections = ["arrivals", "unordered", "raw_orders"].map(section);
    insta::assert_snapshot!("with_catalog", sections.concat());
    project.onerow("check --all --strict --project-dir rules").exits(0);
}

/// Numbers may say dates or not, which the catalog does not show. A source without a file has no blank place for it.
#[test]
fn a_partition_of_another_type_is_named() {
    let manifest = changed(|manifest| {
        let source = &mut manifest["sources"]["source.shop.raw.orders"];
        source["original_file_path"] = json!("");
    });
    let project = shop(&manifest);
    project.write(
        "target/catalog.json",
        catalog().replace(r#""value":"ordered_at""#, r#""value":"id""#),
    );
    project.onerow(INIT).exits(0);
    let text = rules(&project);
    whole!(super::which_rows::section(&text, "raw_orders"), @r#"
    # source raw.orders
    [rule.raw_orders]
    table = "shop-raw.raw_shop.orders_v1"
    # guess: dbt's catalog says that it is partitioned by id, of type INT64; if its values say dates, name it here with
    # `partition_type`, else every run reads all of it
    partition = "none"
    key = ["id"]                                # test source_unique_raw_orders_id
    # guess: _loaded_at (it is the loaded_at_field). dbt does not say which row of a key stays
    keep = ["_loaded_at DESC"]
    strategy = "rewrite"                        # the other rows are dropped, rows that are equal in every column too
    active = "id IS NOT NULL"                   # dbt's `unique` leaves out rows whose key is NULL
    written_at = "_loaded_at"                   # loaded_at_field: younger rows may be in the streaming buffer
    "#);
}

/// What a model that is left out is left out for.
fn reason(project: &Project, what: &str) -> String {
    let said = project.onerow(INIT).stderr;
    let line = said.lines().find(|line| line.contains(what));
    line.unwrap_or_else(|| panic!("{what}: {said}")).to_owned()
}

#[test]
fn a_rule_that_check_would_refuse_is_left_out_with_the_reason() {
    let mut reasons = Transcript::default();
    for (member, value) in [
        ("unique_key", json!("count(*)")),
        ("unique_key", json!("rand()")),
        ("unique_key", json!("order_id; drop table x")),
        ("unique_key", json!(["order_id", "order_id"])),
        ("partition_by", json!({ "field": "a`b" })),
        ("partition_by", json!({ "field": "g", "data_type": "geography" })),
        ("partition_by", json!("order_date")),
    ] {
        let case = format!("{member} = {value}");
        let manifest = changed(|manifest| {
            let orders = &mut manifest["nodes"]["model.shop.orders"];
            orders["config"][member] = value;
            orders["columns"].as_object_mut().unwrap().remove("order_id");
            // Its own test would give the key as well.
            let nodes = manifest["nodes"].as_object_mut().unwrap();
            nodes.retain(|id, _| !id.starts_with("test.shop.unique_orders"));
        });
        let project = shop(&manifest);
        let reason = reason(&project, "model orders");
        assert!(!rules(&project).contains("[rule.orders]"), "{reason}");
        reasons.case(&case, reason);
    }
    whole!(reasons, @r#"
    # unique_key = "count(*)"
    left out: model orders: key entry `count(*)` cannot be used: it holds the aggregate function count, but its value must come from one row

    # unique_key = "rand()"
    left out: model orders: `active` is `(rand()) IS NOT NULL`: it reads no column, so that it is the same for every row: name a BOOL column, or write a condition over columns of the row, such as "deleted_at IS NULL"

    # unique_key = "order_id; drop table x"
    left out: model orders: key entry `order_id; drop table x` cannot be used: `;` comes after the end of the expression

    # unique_key = ["order_id","order_id"]
    left out: model orders: `order_id` is in the key twice

    # partition_by = {"field":"a`b"}
    left out: model orders: its partition column `a`b` is not a column's name; describe the table by hand

    # partition_by = {"field":"g","data_type":"geography"}
    left out: model orders: its partition column is of type geography; describe the table by hand

    # partition_by = "order_date"
    left out: model orders: its `partition_by` names no `field`; describe the table by hand
    "#);
}

/// Names come from a file: none of them leaves its comment or its text.
#[test]
fn a_name_cannot_write_a_line_of_the_rule_file() {
    let manifest = changed(|manifest| {
        let orders = &mut manifest["nodes"]["model.shop.orders"];
        orders["name"] = json!("orders\n[rule.evil]\ntable = \"a.b\"");
        orders["original_file_path"] = json!("x\r\ny\u{1b}[31m\u{202e}");
        orders["config"]["cluster_by"] = json!(["a\nkey = []"]);
        manifest["metadata"]["project_name"] = json!("shop\ndefault_warehouse = \"x\"");
    });
    let project = shop(&manifest);
    let ended = project.onerow(INIT).exits(0);
    assert!(!ended.stderr.contains('\u{1b}'), "{ended}");
    let text = rules(&project);
    assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}'), "{text}");
    let table: toml::Table = text.parse().unwrap();
    assert_eq!(table["default_warehouse"].as_str(), Some("prod"));
    assert!(table["rule"].get("evil").is_none(), "{text}");
    project.onerow("check --all --project-dir rules").exits(0);
}

#[test]
fn bad_input_says_what_is_wrong_and_what_to_do() {
    let mut said = Transcript::default();
    let project = Project::new("");
    said.add(&project.onerow("init --dbt target/manifest.json new").exits(1));
    project.write("target/run_results.json", "{}");
    said.add(&project.onerow("init --dbt target new").exits(2));
    let schema = |kind: &str| json!(format!("https://schemas.getdbt.com/dbt/{kind}.json"));
    let of = |member: &str, value: Json| changed(|manifest| manifest["metadata"][member] = value);
    let only = |id: &str| {
        changed(|manifest| {
            manifest["sources"] = json!({});
            manifest["nodes"].as_object_mut().unwrap().retain(|key, _| key == id);
            manifest["disabled"] = json!({});
        })
    };
    for manifest in [
        String::new(),
        MANIFEST[..5000].to_owned(),
        "version: 2".to_owned(),
        "{\"metadata\": 5}".to_owned(),
        "[]".to_owned(),
        "{}".to_owned(),
        of("dbt_schema_version", schema("manifest/v11")),
        of("dbt_schema_version", schema("catalog/v1")),
        of("dbt_schema_version", json!("twelve")),
        of("adapter_type", json!("duckdb")),
        of("adapter_type", Json::Null),
        changed(|manifest| manifest["nodes"]["model.shop.orders"]["config"] = json!("x")),
        only("model.shop.plain"),
        only("model.shop.stg_orders"),
    ] {
        let project = shop(&manifest);
        said.add(&project.onerow(INIT).exits(1));
        assert!(!project.path("rules").exists());
    }
    let project = shop(MANIFEST);
    project.write("target/catalog.json", "{\"nodes\": {");
    said.add(&project.onerow(INIT).exits(1));
    let project = shop(MANIFEST);
    said.add(&project.onerow("init --dbt target/manifest.json").exits(2));
    said.add(&project.onerow("init --dbt target/manifest.json --preset segment new").exits(2));
    insta::with_settings!({ filters => FILTERS.to_vec() }, {
        insta::assert_snapshot!("bad_input", said.whole());
    });
}

/// A rule of dbt is one like any other: a change of it is reviewed.
#[test]
fn a_change_of_the_result_is_reviewed() {
    let project = shop(MANIFEST);
    project.onerow("init --dbt target/manifest.json review").exits(0);
    let folder = project.path("review");
    let git = |arguments: &[&str]| {
        let mut command = Command::new("git");
        command.args(["-c", "user.name=a", "-c", "user.email=a@example.test"]).args(arguments);
        let output = command.current_dir(&folder).output().unwrap();
        assert!(output.status.success(), "git {arguments:?}: {output:?}");
    };
    git(&["init", "--quiet", "--initial-branch", "main"]);
    git(&["add", "--all"]);
    git(&["commit", "--quiet", "--message", "rules of dbt"]);
    let manifest = changed(|manifest| {
        manifest["nodes"]["model.shop.orders"]["config"]["unique_key"] =
            json!(["order_id", "status"]);
        let nodes = manifest["nodes"].as_object_mut().unwrap();
        nodes.retain(|id, _| !id.starts_with("test.shop.unique_orders"));
    });
    project.write("target/manifest.json", manifest);
    std::fs::remove_file(folder.join("onerow.toml")).unwrap();
    project.onerow("init --dbt target/manifest.json review").exits(0);
    whole!(project.onerow("review --base main --project-dir review --exit-code"), @"
    $ onerow review --base main --project-dir review --exit-code
    exit code 4
    -- stdout
    ## onerow review

    The SQL of the base revision and of this change, rendered for 2026-01-28.

    ### Rule `orders`

    **What it means**

    - the key is widened by `status`: rows that differ in it are no longer duplicates of each other, so fewer rows are duplicates (detect, rewrite, verify, current)
    - the order of survival changed from `updated_at DESC` to `COALESCE((status IS NOT NULL), false) DESC`, `updated_at DESC`: other rows may survive (detect, verify)
    - it returns `COUNTIF(active) AS active`, `COUNTIF(active AND rank = 1) AS keys`, `COUNTIF(active AND rank > 1) AS duplicates`, `COUNTIF(active AND rank > 1 AND NOT settled) AS buffered`, `COUNTIF(active AND settled) AS settled`, `COUNTIF(NOT active AND rank = 1) AS keyless`, `COUNTIF(unflagged) AS unflagged` in addition (detect, verify)
    - it no longer returns `COUNT(*) AS active`, `COUNTIF(rank = 1) AS keys`, `COUNTIF(rank > 1) AS duplicates`, `COUNTIF(rank > 1 AND NOT settled) AS buffered`, `COUNTIF(settled) AS settled`, `0 AS keyless`, `0 AS unflagged` (detect, verify)
    - the condition `(status IS NOT NULL)` was added: fewer rows are looked at or changed (rewrite, current)

    **What could not be compared; read the SQL**

    - something besides key, order, conditions, tables, columns set and columns returned changed (detect, rewrite, verify)

    <details><summary>SQL of detect</summary>

    ```diff
    --- base
    +++ work tree
    @@ -2,20 +2,22 @@
     SELECT
       date,
       COUNT(*) AS total,
    -  COUNT(*) AS active,
    -  COUNTIF(rank = 1) AS keys,
    -  COUNTIF(rank > 1) AS duplicates,
    -  COUNTIF(rank > 1 AND NOT settled) AS buffered,
    +  COUNTIF(active) AS active,
    +  COUNTIF(active AND rank = 1) AS keys,
    +  COUNTIF(active AND rank > 1) AS duplicates,
    +  COUNTIF(active AND rank > 1 AND NOT settled) AS buffered,
       0 AS shared_ids,
    -  COUNTIF(settled) AS settled,
    -  0 AS keyless,
    -  0 AS unflagged
    +  COUNTIF(active AND settled) AS settled,
    +  COUNTIF(NOT active AND rank = 1) AS keyless,
    +  COUNTIF(unflagged) AS unflagged
     FROM (
       SELECT
         order_date AS date,
    +    COALESCE((status IS NOT NULL), FALSE) AS active,
    +    (status IS NOT NULL) IS NULL AS unflagged,
         ROW_NUMBER() OVER (
    -      PARTITION BY order_date, order_id
    -      ORDER BY updated_at DESC
    +      PARTITION BY order_date, order_id, status
    +      ORDER BY COALESCE((status IS NOT NULL), FALSE) DESC, updated_at DESC
         ) AS rank,
         TRUE AS settled
       FROM `analytics.orders`
    ```

    </details>

    <details><summary>SQL of rewrite</summary>

    ```diff
    --- base
    +++ work tree
    @@ -14,13 +14,14 @@
             SELECT
               *,
               ROW_NUMBER() OVER (
    -            PARTITION BY order_date, order_id
    +            PARTITION BY order_date, order_id, status
                 ORDER BY updated_at DESC, TO_JSON_STRING(onerow_row)
               ) AS onerow_rank,
               TRUE AS onerow_settled,
               TO_JSON_STRING(onerow_row) AS onerow_json
             FROM `analytics.orders` AS onerow_row
             WHERE order_date = DATE '2026-01-28'
    +          AND (status IS NOT NULL)
           ) AS onerow_ranked
         ) AS onerow_numbered
         LEFT JOIN (
    @@ -42,6 +43,7 @@
     ON FALSE
     WHEN NOT MATCHED BY SOURCE
       AND order_date = DATE '2026-01-28'
    +  AND (status IS NOT NULL)
       THEN DELETE
     WHEN NOT MATCHED BY TARGET
       THEN INSERT ROW
    ```

    </details>

    <details><summary>SQL of verify</summary>

    ```diff
    --- base
    +++ work tree
    @@ -2,20 +2,22 @@
     SELECT
       date,
       COUNT(*) AS total,
    -  COUNT(*) AS active,
    -  COUNTIF(rank = 1) AS keys,
    -  COUNTIF(rank > 1) AS duplicates,
    -  COUNTIF(rank > 1 AND NOT settled) AS buffered,
    +  COUNTIF(active) AS active,
    +  COUNTIF(active AND rank = 1) AS keys,
    +  COUNTIF(active AND rank > 1) AS duplicates,
    +  COUNTIF(active AND rank > 1 AND NOT settled) AS buffered,
       0 AS shared_ids,
    -  COUNTIF(settled) AS settled,
    -  0 AS keyless,
    -  0 AS unflagged
    +  COUNTIF(active AND settled) AS settled,
    +  COUNTIF(NOT active AND rank = 1) AS keyless,
    +  COUNTIF(unflagged) AS unflagged
     FROM (
       SELECT
         order_date AS date,
    +    COALESCE((status IS NOT NULL), FALSE) AS active,
    +    (status IS NOT NULL) IS NULL AS unflagged,
         ROW_NUMBER() OVER (
    -      PARTITION BY order_date, order_id
    -      ORDER BY updated_at DESC
    +      PARTITION BY order_date, order_id, status
    +      ORDER BY COALESCE((status IS NOT NULL), FALSE) DESC, updated_at DESC
         ) AS rank,
         TRUE AS settled
       FROM `analytics.orders`
    ```

    </details>

    <details><summary>SQL of current</summary>

    ```diff
    --- base
    +++ work tree
    @@ -4,9 +4,10 @@
       SELECT
         *,
         ROW_NUMBER() OVER (
    -      PARTITION BY order_date, order_id
    +      PARTITION BY order_date, order_id, status
           ORDER BY updated_at DESC, TO_JSON_STRING(onerow_row)
         ) AS onerow_rank
       FROM `analytics.orders` AS onerow_row
    +  WHERE (status IS NOT NULL)
     )
     WHERE onerow_rank = 1
    ```

    </details>
    ");
}

fn copy(from: &Path, to: &Path) {
    for entry in walkdir::WalkDir::new(from) {
        let entry = entry.unwrap();
        let place = to.join(entry.path().strip_prefix(from).unwrap());
        match entry.file_type().is_dir() {
            true => std::fs::create_dir_all(place).unwrap(),
            false => drop(std::fs::copy(entry.path(), place).unwrap()),
        }
    }
}

/// The kept manifest says what dbt says of the project today.
#[test]
fn dbt_itself_writes_such_a_manifest() {
    let Some(dbt) = Dbt::on_turn(1) else { return };
    let project = Project::new("");
    let shop_of_dbt = project.path("shop");
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/dbt/project"), &shop_of_dbt);
    dbt.run(&shop_of_dbt, &["deps"]).exits(0);
    dbt.run(&shop_of_dbt, &["parse"]).exits(0);
    project.onerow("init --dbt shop/target/manifest.json rules").exits(0);
    let kept = shop(MANIFEST);
    kept.onerow(INIT).exits(0);
    assert_eq!(rules(&project), rules(&kept));
}
