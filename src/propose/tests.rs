//! What is proposed, and above all what is not: a key that is too coarse removes good rows.

use super::*;
use crate::warehouse::{Buffer, Details, Granularity};

/// A table with these columns, each `name TYPE`.
fn seen(table: &str, columns: &[&str]) -> Seen {
    let columns = columns.iter().map(|column| {
        let (name, of) = column.split_once(' ').unwrap();
        (name.to_owned(), Some(of.parse::<SqlType>().unwrap()))
    });
    let columns: Vec<_> = columns.collect();
    let types: Vec<String> = columns.iter().map(|(_, of)| of.unwrap().to_string()).collect();
    let description = Description {
        columns,
        partition: None,
        requires_partition_filter: None,
        location: None,
        protected: Vec::new(),
        buffer: Buffer::Empty,
        details: Details::default(),
    };
    Seen::of(TableName::parse(table).unwrap(), description, types.into_iter()).unwrap()
}

/// Exact counts of so many rows: the values of columns, and of columns together.
fn counts(rows: u64, values: &[(&str, u64)]) -> Counts {
    let ident = |name: &str| Ident::parse(name).unwrap();
    let mut counts = Counts { rows, exact: true, different: rows, ..Counts::default() };
    for (names, values) in values {
        let set: Vec<Ident> = names.split('+').map(ident).collect();
        match set.as_slice() {
            [only] => {
                counts.columns.push(Tally { column: only.clone(), values: *values, nulls: 0 });
            }
            _ => counts.sets.push((set, *values)),
        }
    }
    counts
}

fn proposed(seen: &Seen, counts: Option<&Counts>) -> Proposal {
    propose(seen, counts, &Wishes::default()).unwrap()
}

#[test]
fn the_id_of_another_thing_is_not_the_tables_own() {
    let orders = ["order_id INT64", "parent_order_id INT64", "loaded_at TIMESTAMP"];
    let orders = seen("shop.orders", &orders);
    let counts = counts(20, &[("order_id", 20), ("parent_order_id", 13)]);
    let proposal = proposed(&orders, Some(&counts));
    assert_eq!(proposal.value("key").unwrap(), "[\"order_id\"]");
    assert!(
        proposal.notes.iter().any(|note| note.contains("there are no duplicates")),
        "{proposal:?}"
    );
}

#[test]
fn a_key_gets_what_tells_further_rows_apart_or_it_is_said() {
    let items = ["order_id INT64", "line_number INT64", "price NUMERIC", "loaded_at TIMESTAMP"];
    let items = seen("shop.order_items", &items);
    let of = |together| {
        counts(90, &[("order_id", 60), ("line_number", 4), ("order_id+line_number", together)])
    };
    let proposal = proposed(&items, Some(&of(90)));
    assert_eq!(proposal.value("key").unwrap(), "[\"order_id\", \"line_number\"]");
    let proposal = proposed(&items, Some(&of(70)));
    assert_eq!(proposal.value("key").unwrap(), "[\"order_id\"]");
    let note = proposal.notes.join(" ");
    assert!(
        note.contains("30 of 90 rows are duplicates; with line_number in it, 70 of 90"),
        "{note}"
    );
}

#[test]
fn what_names_a_row_is_in_no_key() {
    let rows =
        ["id STRING", "game_id STRING", "player STRING", "is_active BOOL", "created_at TIMESTAMP"];
    let table = seen("nba.predictions", &rows);
    let counts = counts(
        100,
        &[
            ("id", 100),
            ("game_id", 4),
            ("player", 20),
            ("game_id+player", 40),
            ("id+game_id", 100),
            ("id+player", 100),
        ],
    );
    let proposal = proposed(&table, Some(&counts));
    assert_eq!(proposal.value("key").unwrap(), "[\"game_id\", \"player\"]");
    assert_eq!(proposal.text_of("row_id"), Some("id"));
    assert!(!proposal.notes.join(" ").contains("with id"), "{:?}", proposal.notes);
}

#[test]
fn what_the_table_is_clustered_by_may_be_in_the_key() {
    let mut table = seen("ops.readings", &["device INT64", "value FLOAT64", "at TIMESTAMP"]);
    let counts = counts(100, &[("device", 60)]);
    table.description.details.clustering = vec!["Device".to_owned()];
    let proposal = proposed(&table, Some(&counts));
    assert_eq!(proposal.value("key").unwrap(), "[\"device\"]");
}

#[test]
fn rows_without_a_value_in_the_key_are_told() {
    let table = seen("crm.users", &["user_id STRING", "email STRING", "updated_at TIMESTAMP"]);
    let mut counts = counts(100, &[("user_id", 70)]);
    assert!(!proposed(&table, Some(&counts)).notes.join(" ").contains("NULL"));
    counts.columns[0].nulls = 30;
    let notes = proposed(&table, Some(&counts)).notes.join(" ");
    assert!(notes.contains("user_id is NULL in 30 of 100 rows"), "{notes}");
}

#[test]
fn every_id_is_in_the_key() {
    let columns: Vec<String> = (0..9).map(|n| format!("part{n}_id STRING")).collect();
    let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
    let proposal = proposed(&seen("ads.costs", &columns), None);
    assert_eq!(proposal.value("key").unwrap().matches("_id").count(), 9);
}

#[test]
fn where_no_name_says_what_a_thing_is_it_is_everything() {
    let table = seen("d.numbers", &["amount INT64", "day DATE", "status STRING", "x FLOAT64"]);
    for counts in [None, Some(counts(10, &[("status", 3)]))] {
        let proposal = proposed(&table, counts.as_ref());
        assert_eq!(proposal.value("key").unwrap(), "[\"amount\", \"status\"]");
        assert!(!proposal.notes.iter().any(|note| note.contains("duplicates")), "{proposal:?}");
    }
}

#[test]
fn a_flag_of_the_thing_is_not_one_of_the_row_and_a_guess_is_called_one() {
    let users = ["user_id STRING", "is_enabled BOOL", "is_valid BOOL", "updated_at TIMESTAMP"];
    assert_eq!(proposed(&seen("crm.users", &users), None).value("active"), None);
    let rows = [
        "row_id STRING",
        "user_id STRING",
        "is_active BOOL",
        "updated_at TIMESTAMP",
        "created_at TIMESTAMP",
    ];
    let proposal = proposed(&seen("crm.users", &rows), None);
    let guesses: Vec<&str> = proposal.guesses().map(|setting| setting.name).collect();
    assert!(guesses.contains(&"active") && guesses.contains(&"strategy"), "{guesses:?}");
    let keep = proposal.value("keep").unwrap();
    assert_eq!(keep, "[\"updated_at DESC\", \"created_at DESC\", \"row_id\"]");
}

#[test]
fn rows_that_are_equal_in_all_are_for_a_rewrite_whatever_else_the_table_has() {
    let rows = [
        "row_id STRING",
        "user_id STRING",
        "is_active BOOL",
        "updated_at TIMESTAMP",
        "created_at TIMESTAMP",
    ];
    let table = seen("crm.users", &rows);
    let counts = Counts { different: 95, ..counts(100, &[("row_id", 95), ("user_id", 50)]) };
    let proposal = proposed(&table, Some(&counts));
    assert_eq!(proposal.text_of("strategy"), Some("rewrite"));
    crate::rule::RuleFile::parse("proposed", &proposal.text()).unwrap();
    let about = Counts { exact: false, ..counts };
    let proposal = proposed(&table, Some(&about));
    assert!(proposal.text().contains("guess: about 5 rows are equal"), "{}", proposal.text());
}

#[test]
fn a_declared_key_is_taken_whole_or_refused() {
    let mut table = seen("shop.orders", &["id INT64", "shop STRING", "updated_at TIMESTAMP"]);
    table.description.details.primary_key = vec!["id".to_owned(), "shop".to_owned()];
    let proposal = proposed(&table, None);
    assert_eq!(proposal.value("key").unwrap(), "[\"id\", \"shop\"]");
    assert!(!proposal.guesses().any(|setting| setting.name == "key"));
    table.description.details.primary_key.push("valid".to_owned());
    let error = propose(&table, None, &Wishes::default()).unwrap_err().to_string();
    assert!(error.contains("`valid`"), "{error}");
}

#[test]
fn a_table_for_each_date_is_one_rule_and_a_file_of_such_a_name_is_not() {
    let table = seen("ga.events_20260128", &["event_id STRING", "received_at TIMESTAMP"]);
    assert_eq!(proposed(&table, None).text_of("partition"), Some("none"));
    let table = Seen { may_be_sharded: true, ..table };
    let proposal = proposed(&table, None);
    assert_eq!(proposal.text_of("table"), Some("ga.events_*"));
    assert!(proposal.guesses().any(|setting| setting.name == "partition"));
    crate::rule::RuleFile::parse("proposed", &proposal.text()).unwrap();
}

#[test]
fn partition_and_time_zone_are_those_of_the_metadata() {
    let columns = ["order_id INT64", "at TIMESTAMP", "updated_at TIMESTAMP"];
    let mut table = seen("shop.orders", &columns);
    table.description.partition = Some("at".to_owned());
    table.description.details.granularity = Some(Granularity::Month);
    table.description.details.labels = vec![("tz".to_owned(), "america_new_york".to_owned())];
    let proposal = proposed(&table, None);
    assert_eq!(proposal.text_of("partition_type"), Some("TIMESTAMP"));
    assert_eq!(proposal.text_of("partition_granularity"), Some("MONTH"));
    assert_eq!(proposal.text_of("time_zone"), Some("America/New_York"));
    crate::rule::RuleFile::parse("proposed", &proposal.text()).unwrap();
    table.description.partition = Some("_PARTITIONTIME".to_owned());
    table.description.details.granularity = Some(Granularity::Day);
    let proposal = proposed(&table, None);
    assert!(proposal.text().contains("_PARTITIONTIME = \"TIMESTAMP\""), "{}", proposal.text());
    crate::rule::RuleFile::parse("proposed", &proposal.text()).unwrap();
}

#[test]
fn a_column_of_an_unknown_type_is_left_out_and_told() {
    let description = Description {
        columns: vec![
            ("id".to_owned(), Some(SqlType::String)),
            ("shape".to_owned(), None),
            ("updated_at".to_owned(), Some(SqlType::Timestamp)),
        ],
        ..seen("d.t", &["id STRING"]).description
    };
    let types = ["STRING", "QUATERNION", "TIMESTAMP"].map(str::to_owned).into_iter();
    let table = Seen::of(TableName::parse("d.t").unwrap(), description, types).unwrap();
    let proposal = proposed(&table, None);
    assert!(!proposal.columns.iter().any(|(name, _)| name.as_str() == "shape"));
    assert!(proposal.notes.join(" ").contains("shape QUATERNION"), "{:?}", proposal.notes);
}

#[test]
fn whatever_a_column_is_called_the_text_is_a_rule_file() {
    for name in ["a#b", "Order ID", "it's", "x = 1", "größe", "select", "_id"] {
        let table = seen(
            "d.t",
            &[&format!("{} STRING", name.replace(' ', "\u{a0}")), "updated_at TIMESTAMP"],
        );
        let mut table = table;
        table.columns[0].name = Ident::parse(name).unwrap();
        let text = proposed(&table, None).text();
        crate::rule::RuleFile::parse("proposed", &text)
            .unwrap_or_else(|error| panic!("{text}: {error}"));
    }
}
