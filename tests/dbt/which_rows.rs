//! Which rows a rule of dbt is about: NULL in a key, and tests that let duplicates pass.

use serde_json::{Value as Json, json};

use super::from_dbt::{INIT, MANIFEST, changed, rules, shop};
use crate::common::Project;

/// The section of a rule, with what is said above it.
fn section(text: &str, name: &str) -> String {
    let begin = text.find(&format!("[rule.{name}]\n")).unwrap_or_else(|| panic!("{name}: {text}"));
    let from = text[..begin].rfind("\n\n").unwrap();
    let end = text[begin..].find("\n\n").map_or(text.len(), |end| begin + end);
    text[from..end].trim().to_owned()
}

/// The rule `shop_customers_by_email` of a manifest that differs, with all columns.
fn by_email(change: impl FnOnce(&mut Json)) -> (Project, String) {
    let project = shop(&changed(change));
    project.onerow(INIT).exits(0);
    let text = rules(&project);
    (project, section(&text, "shop_customers_by_email"))
}

const EMAIL: &str = "test.shop.unique_customers_email.e77c92eb54";

/// A test `not_null` of the column, with this configuration.
fn not_null(manifest: &mut Json, config: Json) {
    let mut test = manifest["nodes"][EMAIL].clone();
    test["name"] = json!("not_null_customers_email");
    test["unique_id"] = json!("test.shop.not_null_customers_email");
    test["test_metadata"]["name"] = json!("not_null");
    test["config"] = config;
    manifest["nodes"]["test.shop.not_null_customers_email"] = test;
}

const ROWS: &str = "\
customer_id,email,is_active,updated_at
1,,true,2026-01-28T08:00:00Z
2,,true,2026-01-28T09:00:00Z
3,ann@example.test,true,2026-01-28T08:00:00Z
4,ann@example.test,true,2026-01-28T09:00:00Z
5,ann@example.test,false,2026-01-28T07:00:00Z
6,ann@example.test,,2026-01-28T07:00:00Z
";

/// The customers that are left after the rule has run.
fn left(project: &Project) -> Vec<i64> {
    project.write("rows.csv", ROWS);
    let on = "--warehouse local --project-dir rules";
    let rule = "shop_customers_by_email";
    project.onerow(&format!("load {rule} rows.csv {on}")).exits(0);
    project.onerow(&format!("apply {rule} --yes {on}")).exits(0);
    let database = rusqlite::Connection::open(project.path("rules/.onerow/local.db")).unwrap();
    let sql = r#"SELECT customer_id FROM "analytics.customers" ORDER BY 1"#;
    let mut statement = database.prepare(sql).unwrap();
    let ids = statement.query_map([], |row| row.get(0)).unwrap();
    ids.collect::<Result<_, _>>().unwrap()
}

/// dbt's `unique` says nothing of them, so no rule of it may remove them.
#[test]
fn rows_whose_key_is_null_are_kept_as_unique_leaves_them_out() {
    let (project, rule) = by_email(|_| {});
    assert!(rule.contains("active = \"(is_active) AND email IS NOT NULL\""), "{rule}");
    assert_eq!(left(&project), [1, 2, 4, 5, 6]);
    // A combination of columns is compared by GROUP BY, for which NULL is a value.
    let (project, rule) = by_email(|manifest| {
        let test = &mut manifest["nodes"][EMAIL];
        test["test_metadata"] = json!({
            "name": "unique_combination_of_columns", "namespace": "dbt_utils",
            "kwargs": { "combination_of_columns": ["email"] },
        });
    });
    assert!(rule.contains("active = \"is_active\" "), "{rule}");
    assert_eq!(left(&project), [2, 4, 5, 6]);
}

/// Only where the column is never NULL does the rule do without the condition.
#[test]
fn a_column_that_is_never_null_needs_no_condition() {
    let constrained = |enforced: bool| {
        by_email(|manifest| {
            let model = &mut manifest["nodes"]["model.shop.customers"];
            model["config"]["contract"] = json!({ "enforced": enforced });
            model["columns"]["email"]["constraints"] = json!([{ "type": "not_null" }]);
        })
    };
    let tested = |config: Json| by_email(|manifest| not_null(manifest, config));
    let without = [constrained(true), tested(json!({ "severity": "ERROR", "error_if": "!= 0" }))];
    for (_, rule) in without {
        assert!(rule.contains("active = \"is_active\" "), "{rule}");
    }
    let with = [
        constrained(false),
        tested(json!({ "severity": "warn" })),
        tested(json!({ "error_if": "> 10" })),
        tested(json!({ "where": "updated_at > '2026-01-01'" })),
    ];
    for (_, rule) in with {
        assert!(rule.contains("AND email IS NOT NULL"), "{rule}");
    }
}

/// MERGE compares with `=`, which no NULL passes.
#[test]
fn a_unique_key_without_not_null_is_a_guess() {
    let project = shop(&changed(|manifest| {
        manifest["nodes"]["model.shop.orders"]["config"]["unique_key"] =
            json!(["order_id", "customer_id"]);
    }));
    project.onerow(INIT).exits(0);
    let text = rules(&project);
    insta::assert_snapshot!("null_unique_key", section(&text, "orders"));
}

#[test]
fn a_test_that_lets_duplicates_pass_says_so_above_its_rule() {
    // The `where` of the test, by which its rule is a rule of its own.
    let also = |mut config: Json| {
        config["where"] = json!("is_active");
        config
    };
    for (config, said) in [
        (json!({ "severity": "warn", "error_if": "!= 0" }), "severity: warn"),
        (json!({ "severity": "ERROR", "error_if": "> 10", "warn_if": ">0" }), "error_if: > 10"),
        (json!({ "warn_if": "> 3", "limit": 5 }), "warn_if: > 3, limit: 5"),
    ] {
        let (_, rule) = by_email(|manifest| manifest["nodes"][EMAIL]["config"] = also(config));
        let expected = format!("# The test unique_customers_email lets duplicates pass ({said}): ");
        assert!(rule.contains(&expected), "{rule}");
    }
    let (_, rule) = by_email(|_| {});
    assert!(!rule.contains("The test"), "{rule}");
}

/// A hyphen is a minus, unless a column of that name is known.
#[test]
fn an_expression_is_no_column_with_blanks() {
    let key = |key: &str, column: &str| {
        let project = shop(&changed(|manifest| {
            let orders = &mut manifest["nodes"]["model.shop.orders"];
            orders["config"]["unique_key"] = json!(key);
            orders["columns"][column] = json!({ "name": column, "data_type": "int64" });
            let nodes = manifest["nodes"].as_object_mut().unwrap();
            nodes.retain(|id, _| !id.starts_with("test.shop.unique_orders"));
        }));
        project.onerow(INIT).exits(0);
        let text = section(&rules(&project), "orders");
        text.lines().find(|line| line.starts_with("key = ")).unwrap().to_owned()
    };
    assert!(key("order_id - customer_id", "x").starts_with("key = [\"order_id - customer_id\"]"));
    assert!(key("order-line", "order-line").starts_with("key = [\"`order-line`\"]"));
    assert!(key("größe", "x").starts_with("key = [\"`größe`\"]"));
}

/// For such a strategy dbt replaces partitions, whatever is in the key.
#[test]
fn a_strategy_that_does_not_look_at_the_key_says_so() {
    for strategy in ["append", "insert_overwrite", "microbatch"] {
        let project = shop(&changed(|manifest| {
            manifest["nodes"]["model.shop.orders"]["config"]["incremental_strategy"] =
                json!(strategy);
        }));
        project.onerow(INIT).exits(0);
        let said = format!("# Its strategy is {strategy}: dbt itself does not look at the key.");
        assert!(section(&rules(&project), "orders").contains(&said), "{strategy}");
    }
}

/// A value that is no literal is not known to `active`, and `undo` needs it.
#[test]
fn a_snapshot_says_how_a_version_opens_again() {
    let rule = |value: &str, of: Option<&str>| {
        let project = shop(&changed(|manifest| {
            let snapshot = &mut manifest["nodes"]["snapshot.shop.customers_snapshot"];
            snapshot["config"]["dbt_valid_to_current"] = json!(value);
            if let Some(of) = of {
                snapshot["columns"]["valid_to"] = json!({ "name": "valid_to", "data_type": of });
            }
        }));
        project.onerow(INIT).exits(0);
        project.onerow("check --all --strict --project-dir rules").exits(0);
        section(&rules(&project), "customers_snapshot_current")
    };
    let to_date = rule("date(9999, 12, 31)", Some("DATE"));
    assert!(to_date.contains("deactivate = \"valid_to = CURRENT_DATE()\""), "{to_date}");
    assert!(to_date.contains("reactivate = \"valid_to = date(9999, 12, 31)\""), "{to_date}");
    let datetime = rule("datetime '9999-12-31'", Some("DATETIME"));
    assert!(datetime.contains("deactivate = \"valid_to = CURRENT_DATETIME()\""), "{datetime}");
    assert!(!datetime.contains("reactivate"), "{datetime}");
    let unknown = rule("timestamp('9999-12-31')", None);
    assert!(unknown.contains("reactivate = \"valid_to = timestamp('9999-12-31')\""), "{unknown}");
}

/// A terminal obeys escape sequences, and a line break could imitate a message.
#[test]
fn a_name_that_is_left_out_cannot_steer_the_terminal() {
    let project = shop(&changed(|manifest| {
        let plain = &mut manifest["nodes"]["model.shop.plain"];
        plain["name"] = json!("plain\u{1b}[2J\n9 rules; next: `rm`\u{202e}");
    }));
    let said = project.onerow(INIT).exits(0).stderr;
    assert!(!said.contains(['\u{1b}', '\u{202e}']), "{said}");
    let line = said.lines().find(|line| line.contains("plain")).unwrap();
    assert!(line.contains(r"model plain\u{1b}[2J\n9 rules; next: `rm`\u{202e}"), "{line}");
    assert!(!said.lines().any(|line| line.starts_with("9 rules")), "{said}");
}

/// dbt's files and the embedded warehouse take both for one.
#[test]
fn views_that_differ_by_case_alone_are_kept_apart() {
    let project = shop(&changed(|manifest| {
        let orders = manifest["nodes"]["model.shop.orders"].clone();
        let mut other = orders;
        other["name"] = json!("Orders");
        other["alias"] = json!("Orders");
        other["unique_id"] = json!("model.shop.Orders");
        manifest["nodes"]["model.shop.Orders"] = other;
    }));
    project.onerow(INIT).exits(0);
    let table: toml::Table = rules(&project).parse().unwrap();
    let of_orders =
        table["rule"].as_table().unwrap().values().filter(|rule| {
            rule["table"].as_str().unwrap().eq_ignore_ascii_case("analytics.orders")
        });
    let views: Vec<Option<&str>> =
        of_orders.map(|rule| rule.get("view").and_then(toml::Value::as_str)).collect();
    assert_eq!(views, [None, Some("analytics.shop_orders_2_current")]);
    project.onerow("view show --dbt shop_orders_2 --project-dir rules").exits(0);
}

/// The warehouse of the rule file has the name that was given.
#[test]
fn the_warehouse_has_the_name_that_was_given() {
    let project = shop(MANIFEST);
    project.onerow(&format!("{INIT} --warehouse local")).exits(0);
    let table: toml::Table = rules(&project).parse().unwrap();
    assert_eq!(table["default_warehouse"].as_str(), Some("local"));
    assert_eq!(table["warehouse"]["local"]["type"].as_str(), Some("bigquery"));
    assert_eq!(table["warehouse"]["file"]["type"].as_str(), Some("sqlite"));
    let wrong = shop(MANIFEST);
    wrong
        .onerow_with(&["init", "--dbt", "target/manifest.json", "rules", "--warehouse", "a b"])
        .exits(2);
    assert!(!wrong.path("rules").exists());
}
