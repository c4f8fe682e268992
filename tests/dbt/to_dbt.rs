//! `onerow view show --dbt`. `tests/bigquery/dbt.rs` has dbt build the files.

use minijinja::{Environment, Value, context};

use super::Dbt;
use crate::common::whole::{FILTERS, Transcript, whole};
use crate::common::{HEADER, Project, RULE};

#[test]
fn a_rule_is_a_model_with_its_properties_and_a_test() {
    let project = Project::new(RULE);
    let ended = project.onerow("view show --dbt").exits(0);
    insta::assert_snapshot!("files", ended.stdout);
    // The model is what `view` makes, read through dbt's source.
    let view = project.onerow("view show").exits(0).stdout;
    let query = view
        .split_once(" AS\n")
        .unwrap()
        .1
        .replace("`nba.predictions`", "{{ source('onerow_predictions', 'predictions') }}");
    assert!(ended.stdout.contains(&query), "{query}\n{ended}");
}

#[test]
fn files_are_written_again_and_those_of_others_stay() {
    let project = Project::new(RULE);
    whole!(project.onerow("view show --dbt --out shop"), @"
    $ onerow view show --dbt --out shop
    -- stderr
    wrote shop/models/predictions_current.sql
    wrote shop/models/predictions_current.yml
    wrote shop/tests/predictions_is_unique.sql
    ");
    project.onerow("view show --dbt --out shop").exits(0);
    let (model, test) =
        ("shop/models/predictions_current.sql", "shop/tests/predictions_is_unique.sql");
    project.write(model, "select 1");
    std::fs::remove_file(project.path(test)).unwrap();
    let mut said = Transcript::default();
    said.add(&project.onerow("view show --dbt --out shop").exits(2));
    assert!(!project.path(test).exists());
    assert_eq!(std::fs::read_to_string(project.path(model)).unwrap(), "select 1");

    said.add(&project.onerow("view create --dbt").exits(2));
    said.add(&project.onerow("view show --out shop").exits(2));
    said.add(&project.onerow("view show --dbt --format json").exits(2));
    let by_environment =
        project.onerow_in(&["view", "show", "--dbt"], &[("ONEROW_FORMAT", "json")]);
    said.add(&by_environment.exits(2));
    said.add(&project.onerow("view show --dbt --date 2026-01-28").exits(2));
    said.add(&project.onerow("view show --dbt --from 2026-01-28 --to 2026-01-29").exits(2));
    said.add(&project.onerow("view show --dbt --last 3").exits(2));
    said.add(&project.onerow("view show --dbt --replace").exits(2));
    let other = RULE.split_once("[rule.predictions]").unwrap().1;
    let other = other
        .replace("rule.predictions", "rule.other")
        .replace("nba.predictions", "nfl.predictions");
    project.write("onerow.toml", format!("{RULE}\n[rule.other]{other}"));
    said.add(&project.onerow("view show --all --dbt").exits(2));
    let sharded = RULE
        .replace("\"nba.predictions\"", "\"nba.predictions_*\"")
        .replace("\"game_date\"", "\"_TABLE_SUFFIX\"");
    project.write("onerow.toml", sharded);
    said.add(&project.onerow("view show --dbt").exits(2));
    said.add(&project.onerow("view show --dbt --all").exits(0));
    insta::with_settings!({ filters => FILTERS.to_vec() }, {
        insta::assert_snapshot!("refused", said.whole());
    });
}

/// dbt reads braces in SQL as its own.
#[test]
fn braces_of_a_key_reach_the_warehouse() {
    let key = "REGEXP_REPLACE(player, r'{{.*}}|{%|{#', '')";
    let rule = RULE.replace("\"player\"]", &format!("\"{key}\"]"));
    let project = Project::new(&rule);
    let files = project.onerow("view show --dbt").exits(0).stdout;
    let [_, model, properties, test] = files.split("==> ").collect::<Vec<_>>()[..] else {
        panic!("{files}")
    };
    for text in [model, test] {
        let text = text.split_once(" <==\n").unwrap().1;
        assert!(rendered(text, "nba.predictions").contains(key), "{text}");
    }
    whole!(properties, @r#"
    models/predictions_current.yml <==
    # Written by `onerow view show predictions --dbt`: after a change of the rule, write it again.
    # Where a model of this project makes the table, write ref('its_name') for source('onerow_predictions', 'predictions') in both .sql files, and remove
    # `sources`.
    version: 2

    sources:
      - name: "onerow_predictions"
        schema: "nba"
        tables:
          - name: "predictions"

    models:
      - name: "predictions_current"
        description: "The row that stays of each key (game_id, REGEXP_REPLACE(player, r'{{ '{{' }}.*}}|{{ '{%' }}|{{ '{#' }}', '')) and date of nba.predictions, by rule predictions of onerow."
        # The key has braces, which dbt would read as Jinja in this file: it has no test.
    "#);
}

/// The file as dbt compiles it, for one date: its variables are Python's.
fn rendered(text: &str, table: &str) -> String {
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with("{%- ")).collect();
    let mut jinja = Environment::new();
    let name = format!("`{table}`");
    jinja.add_function("source", move |_: String, _: String| name.clone());
    jinja.add_function("var", |_: String, default: Value| default);
    jinja.add_function("config", |_: minijinja::value::Kwargs| "");
    let day = context! {
        onerow_from => "2026-01-28", onerow_to => "2026-01-28",
        onerow_from_utc => "2026-01-27", onerow_to_utc => "2026-01-29",
        onerow_before => "2026-01-26", onerow_after => "2026-01-30",
    };
    jinja.render_str(&lines.join("\n"), day).unwrap()
}

/// A partition of the small table, and how a date is written in it.
struct Case {
    settings: &'static str,
    of: &'static str,
    date: fn(&str) -> String,
    /// The duplicates of 2026-01-28, as the rule has dates.
    duplicates: usize,
}

/// Two keys with two rows on the date, of which one has a NULL; one with one row; and one with two rows eight days before.
fn rows(date: fn(&str) -> String) -> String {
    let line = |id: &str, day: &str, key: &str| {
        format!("{id},{},{key},20.5,true,{day}T08:00:00Z", date(day))
    };
    let day = "2026-01-28";
    [
        line("a", day, "g1,"),
        line("b", day, "g1,"),
        line("c", day, "g2,bob"),
        line("d", day, "g2,bob"),
        line("e", day, "g3,ann"),
        line("f", "2026-01-20", "g4,ann"),
        line("g", "2026-01-20", "g4,ann"),
    ]
    .join("\n")
}

/// The test finds what `status` counts: a NULL in the key is a key, and dates that were not asked for are not read.
#[test]
fn the_test_of_a_table_finds_what_status_counts() {
    let digits = |day: &str| day.replace('-', "");
    let cases = [
        Case { settings: "", of: "DATE", date: str::to_owned, duplicates: 2 },
        Case {
            settings: "partition_type = \"DATETIME\"",
            of: "DATETIME",
            date: |day| format!("{day}T23:59:59.999999"),
            duplicates: 2,
        },
        Case {
            settings: "partition_type = \"TIMESTAMP\"",
            of: "TIMESTAMP",
            date: |day| format!("{day}T23:59:59.999999Z"),
            duplicates: 2,
        },
        Case {
            settings: "partition_type = \"TIMESTAMP\"\ntime_zone_dates = \"America/New_York\"",
            of: "TIMESTAMP",
            date: |day| format!("{day}T23:00:00-05:00"),
            duplicates: 2,
        },
        Case { settings: "partition_type = \"INT64\"", of: "INT64", date: digits, duplicates: 2 },
        Case {
            settings: "partition_type = \"INT64\"\npartition_format = \"yyyymmddhh\"",
            of: "INT64",
            date: |day| day.replace('-', "") + "23",
            duplicates: 2,
        },
        Case {
            settings: "partition_type = \"INT64\"\npartition_format = \"yyyymm\"",
            of: "INT64",
            date: |day| day[..7].replace('-', ""),
            duplicates: 3,
        },
        Case { settings: "across = \"1d\"", of: "DATE", date: str::to_owned, duplicates: 2 },
    ];
    for Case { settings, of, date, duplicates } in cases {
        let rule = RULE
            .replace("row_id =", &format!("{settings}\nrow_id ="))
            .replace("game_date = \"DATE\"", &format!("game_date = \"{of}\""));
        let project = Project::new(&rule);
        let count = |rows: &str| {
            project.write("rows.csv", format!("{HEADER}{rows}\n"));
            _ = std::fs::remove_dir_all(project.path(".onerow"));
            project.onerow("load rows.csv").exits(0);
            project.onerow("view show --dbt --out shop").exits(0);
            let test =
                std::fs::read_to_string(project.path("shop/tests/predictions_is_unique.sql"));
            let sql = rendered(&test.unwrap(), "nba.predictions");
            project.write("sql/unique.sql", sql);
            let day = "--date 2026-01-28 --format json";
            let found = project.onerow(&format!("run unique {day}")).exits(0).json();
            let status = project.onerow(&format!("status {day}")).exits(0).json();
            let found = found["steps"][0]["rows"].as_array().unwrap().len();
            assert_eq!(status["totals"]["duplicates"], found, "{settings}");
            found
        };
        assert_eq!(count(&rows(date)), duplicates, "{settings}");
        let clean = format!("e,{},g3,ann,20.5,true,2026-01-28T08:00:00Z", date("2026-01-28"));
        assert_eq!(count(&clean), 0, "{settings}");
    }
}

/// A test between dates in the wrong order would pass, whatever is in the table.
#[test]
fn dbt_refuses_dates_in_the_wrong_order_and_counts_back_from_the_last() {
    let Some(dbt) = Dbt::on_turn(0) else { return };
    let project = Project::new(RULE);
    project.onerow("view show --dbt --out shop").exits(0);
    let shop = project.path("shop");
    project.write(
        "shop/dbt_project.yml",
        "name: shop\nversion: '1.0'\nprofile: shop\nmodel-paths: [models]\ntest-paths: [tests]\n",
    );
    project.write("shop/profiles.yml", include_str!("project/profiles.yml"));
    let parse = |vars: &str| dbt.run(&shop, &["parse", "--no-partial-parse", "--vars", vars]);
    // Long before the dates that are the last ones today.
    parse("{onerow_to: 2020-01-31}").exits(0);
    let swapped = parse("{onerow_from: 2026-01-29, onerow_to: 2026-01-28}").exits(2);
    swapped.says(&["onerow_from is 2026-01-29, which is after onerow_to, 2026-01-28"]);
}
