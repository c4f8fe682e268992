//! The dates of partition ids, and the evidence that a date was clean.

use super::*;
use crate::partitions::{PartitionId, PartitionState};
use crate::rule::RuleFile;
use crate::warehouse::{Buffer, Description, Details, IntegerRange};

fn rule(keys: &str) -> Rule {
    let text = format!(
        "[rule.p]\ntable = \"a.b\"\nkey = [\"k\"]\nkeep = [\"id\"]\nrow_id = \"id\"\nactive = \"a\"\n{keys}"
    );
    RuleFile::parse("onerow.toml", &text).unwrap().rules[0].clone()
}

fn table(partition: Option<&str>, range: Option<IntegerRange>) -> Description {
    Description {
        columns: Vec::new(),
        partition: partition.map(str::to_owned),
        requires_partition_filter: None,
        location: None,
        protected: Vec::new(),
        buffer: Buffer::Empty,
        details: Details { range, ..Details::default() },
    }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn stamp(second: i64, rows: u64) -> Stamp {
    Stamp { modified: at(second), rows: Some(rows), bytes: Some(rows * 10) }
}

fn named(name: &str, stamp: Stamp) -> PartitionState {
    PartitionState { id: PartitionId::Named(name.to_owned()), stamp }
}

fn day(text: &str) -> Day {
    Day::parse(text).unwrap()
}

/// The dates in partitions with these ids, in words.
fn dates(keys: &str, range: Option<IntegerRange>, names: &[&str]) -> String {
    let states: Vec<PartitionState> = names.iter().map(|name| named(name, stamp(1, 1))).collect();
    let dates = PartitionStates::of(&rule(keys), &table(Some("d"), range), &states).dates();
    dates.map_or("nobody knows".to_owned(), |dates| Window::of_days(dates).unwrap().to_string())
}

#[test]
fn the_name_of_a_partition_says_its_dates() {
    let date = "partition = \"d\"";
    assert_eq!(dates(date, None, &["20260128", "20260129"]), "2026-01-28 to 2026-01-29");
    assert_eq!(dates(date, None, &["202602"]), "2026-02-01 to 2026-02-28");
    assert_eq!(dates(date, None, &["20260128", "no date"]), "nobody knows");
    let month = "partition = \"d\"\npartition_granularity = \"MONTH\"";
    assert_eq!(dates(month, None, &["202602", "202603"]), "2026-02-01, 2026-03-01");
    let hours = "partition = \"d\"\npartition_type = \"TIMESTAMP\"";
    assert_eq!(dates(hours, None, &["2026012800", "2026012823"]), "2026-01-28");
    let local = format!("{hours}\ntime_zone_dates = \"America/New_York\"");
    assert_eq!(dates(&local, None, &["20260128"]), "2026-01-27 to 2026-01-29");
    let numbers = "partition = \"d\"\npartition_type = \"INT64\"";
    let range = |interval| Some(IntegerRange { start: 20_260_101, end: 20_270_101, interval });
    assert_eq!(dates(numbers, range(1), &["20260128"]), "2026-01-28");
    assert_eq!(dates(numbers, range(100), &["20260101"]), "2026-01-01 to 2026-01-31");
    assert_eq!(dates(numbers, None, &["20260128"]), "nobody knows");
}

#[test]
fn a_table_that_is_cut_by_another_column_says_nothing_of_dates() {
    let of = rule("partition = \"d\"");
    let states = [named("20260128", stamp(1, 1)), named("20260129", stamp(5, 2))];
    let by_date = PartitionStates::of(&of, &table(Some("loaded_on"), None), &states);
    assert_eq!(by_date.dates(), None);
    assert_eq!(by_date.stamp(&of, day("2026-01-01")), Some(stamp(5, 3)), "all of it together");
    let whole = PartitionState { id: PartitionId::Table, stamp: stamp(3, 9) };
    let by_date = PartitionStates::of(&of, &table(None, None), &[whole]);
    assert_eq!((by_date.dates(), by_date.stamp(&of, day("2026-01-01"))), (None, Some(stamp(3, 9))));
}

#[test]
fn partitions_of_one_date_and_the_dates_around_it_stand_together() {
    let hours = rule("partition = \"d\"\npartition_type = \"TIMESTAMP\"");
    let states = [named("2026012800", stamp(7, 1)), named("2026012801", stamp(3, 2))];
    let by_date = PartitionStates::of(&hours, &table(Some("d"), None), &states);
    assert_eq!(by_date.stamp(&hours, day("2026-01-28")), Some(stamp(7, 3)));
    let across = rule("partition = \"d\"\nacross = \"1d\"");
    let states = [named("20260126", stamp(9, 1)), named("20260128", stamp(3, 2))];
    let by_date = PartitionStates::of(&across, &table(Some("d"), None), &states);
    assert_eq!(by_date.stamp(&across, day("2026-01-28")), Some(stamp(9, 3)));
    assert_eq!(by_date.stamp(&across, day("2026-02-28")), None);
}

#[test]
fn rows_without_a_partition_are_counted() {
    let of = rule("partition = \"d\"");
    let state = |id, rows| PartitionState { id, stamp: stamp(1, rows) };
    let states = [
        state(PartitionId::Outside, 3),
        state(PartitionId::Outside, 4),
        state(PartitionId::Null, 1),
    ];
    let by_date = PartitionStates::of(&of, &table(Some("d"), None), &states);
    assert_eq!((by_date.outside, by_date.dates()), (7, Some(vec![Day::UNDATED])));
}

#[test]
fn a_proof_holds_as_long_as_the_partition_stands_so() {
    let stood = Proof::Stood(stamp(5, 2));
    assert!(stood.holds(Some(stamp(5, 2))));
    for other in [Some(stamp(6, 2)), Some(stamp(4, 2)), Some(stamp(5, 3)), None] {
        assert!(!stood.holds(other), "{other:?}");
    }
    let own = Proof::Changed { began: at(10), ended: at(12), rows: Some(4) };
    assert!(own.holds(Some(stamp(10, 4))) && own.holds(Some(stamp(12, 4))));
    for other in [stamp(13, 4), stamp(9, 4), stamp(11, 5)] {
        assert!(!own.holds(Some(other)), "{other:?}");
    }
}

#[test]
fn the_buffer_hides_what_is_streamed_to_dates_around_now() {
    let of = rule("partition = \"d\"");
    let now: Timestamp = "2026-01-28T10:00:00Z".parse().unwrap();
    assert!(streamed(&of, Buffer::Empty, now).is_empty());
    let days = streamed(&of, Buffer::Since(Some(now)), now);
    let has = |text: &str| days.contains(&day(text));
    assert!(has("2026-01-20") && has("2026-02-01") && has("NULL"));
    assert!(!has("2026-01-19") && !has("2026-02-02"));
}

#[test]
fn a_date_without_a_partition_is_looked_at_while_rows_belong_to_none() {
    let of = rule("partition = \"d\"");
    let wanted = Wanted { clean: Some(Fingerprint::of("detect")), ..Wanted::default() };
    let table = PartitionStates { outside: 1, ..PartitionStates::default() };
    let tables = TablesPartitions { table, ..TablesPartitions::default() };
    let found = changed(&of, &[day("2026-01-28")], &tables, &wanted, &[]).unwrap();
    assert!(found.window.is_some());
}

#[test]
fn rows_without_a_date_are_told_where_no_date_is_counted() {
    let of = rule("partition = \"d\"");
    let wanted = Wanted { clean: Some(Fingerprint::of("detect")), ..Wanted::default() };
    let told = |rows: u64, dates: &[Day]| {
        let days = if rows > 0 { [(Day::UNDATED, stamp(1, rows))].into() } else { BTreeMap::new() };
        let table = PartitionStates { days, ..PartitionStates::default() };
        let tables = TablesPartitions { table, ..TablesPartitions::default() };
        let counting = Wanted { undated: true, ..wanted.clone() };
        let counted = changed(&of, dates, &tables, &counting, &[]).unwrap();
        let is_alone = rows > 0 && dates.is_empty();
        let (no_date, dates_too) =
            (Window::day(Day::UNDATED), Window::of_days(dates.to_vec()).ok());
        assert_eq!(counted.window, if is_alone { Some(no_date) } else { dates_too });
        assert_eq!((counted.unchanged, counted.notes.len()), (0, 0));
        changed(&of, dates, &tables, &wanted, &[]).unwrap().notes
    };
    assert_eq!(
        told(2, &[]),
        ["p: 2 rows have no date and were not counted; to count: onerow status p --date NULL"]
    );
    assert_eq!(
        told(1, &[]),
        ["p: 1 row has no date and was not counted; to count: onerow status p --date NULL"]
    );
    assert!(told(0, &[]).is_empty());
    assert!(told(2, &[day("2026-01-28")]).is_empty(), "the count of that date says so");
}
