//! `onerow init --table` on a table of BigQuery: its metadata, its latest partition, one query.

use super::changed::keep_books;
use super::fixture::{Fixture, ROWS};
use super::proxy::Call;
use crate::common::whole::{Transcript, whole};

/// The rows of the small table, on an emulator, and no rule about them.
fn fixture(keys: &str) -> Option<Fixture> {
    let fixture = Fixture::with_rules("", keys)?.rows(ROWS);
    let book = |date: &str| (date.to_owned(), "2026-01-30T00:00:00Z".to_owned(), 2);
    keep_books(&fixture, &["20260127", "20260128", "20260129"].map(book));
    Some(fixture)
}

#[test]
fn a_rule_is_proposed_from_the_metadata_and_the_latest_partition() {
    let Some(fixture) = fixture("") else { return };
    let mut transcript = Transcript::default();
    let table = fixture.table("predictions");
    fixture.proxy.forget();
    transcript
        .add(&fixture.project.onerow(&format!("init --table {table} --warehouse prod")).exits(0));
    let queries = fixture.proxy.seen().into_iter().filter_map(|(call, _)| match call {
        Call::Insert { sql, dry_run: false, .. } => Some(sql),
        _ => None,
    });
    let queries: Vec<String> = queries.collect();
    assert_eq!(queries.len(), 2, "the list of partitions, and the counts: {queries:?}");
    let counts = &queries[1];
    assert!(counts.contains("APPROX_COUNT_DISTINCT"), "{counts}");
    assert!(counts.contains("WHERE game_date = DATE '2026-01-29'"), "{counts}");
    let text = std::fs::read_to_string(fixture.project.path("onerow.toml")).unwrap();
    let rule = &text[text.find("# A proposal").unwrap()..];
    transcript.add(&fixture.project.onerow("check --date 2026-01-28").exits(0));
    transcript.add(&fixture.project.onerow("status --from 2026-01-27 --to 2026-01-29").exits(0));
    transcript.text(rule);
    whole!(transcript, @r#"
    $ onerow init --table [DATASET].predictions --warehouse prod
    -- stderr
    reading the list of partitions: that bills 10 MiB
    counting the different values in rows of 2026-01-29: that bills at most 10.0 MiB
    added a rule `predictions` to ./onerow.toml
    look at: strategy, key, keep, row_id, active, written_at, time_zone; the comments say why they are so
    note: by this key about 1 of 2 rows of 2026-01-29 are duplicates. If rows of different things are called duplicates, a column is missing in it: `onerow explain` shows them.
    next:
      onerow check --date YESTERDAY
      onerow status --last 7
      onerow plan --last 7

    $ onerow check --date 2026-01-28
    -- stderr
    14 statements checked, no findings

    $ onerow status --from 2026-01-27 --to 2026-01-29
    -- stdout
    rule predictions
     date         active   keys   duplicates   buffered   shared ids   status
    ────────
     2026-01-27        1      1            0          0            0   clean
     2026-01-28        4      1            3          0            0   dirty
     2026-01-29        2      1            1          0            0   dirty
    ────────
     total             7      3            4          0            0

    # A proposal. Above each setting stands why it has its value; `guess` marks what only you can tell to be right.
    # by this key about 1 of 2 rows of 2026-01-29 are duplicates. If rows of different things are called
    # duplicates, a column is missing in it: `onerow explain` shows them.
    [rule.predictions]
    table = "[DATASET].predictions"
    # guess: a column says which rows count, so that duplicates can stay
    strategy = "deactivate"
    # the table is partitioned by it
    partition = "game_date"
    # guess: they are called like ids; about 1 of 2 rows of 2026-01-29 would stay
    key = ["game_id"]
    # guess: the row that changed last stays; of two that are equal in that, the one with the lower id
    keep = ["updated_at DESC", "created_at DESC", "id"]
    # guess: its name says so, and it differs in each of 2 rows of 2026-01-29, or nearly each
    row_id = "id"
    # guess: a BOOL of this name says which rows count
    active = "is_active"
    # guess: rows younger than 90 minutes may still be in the streaming buffer; leave it out if nothing
    # streams into the table
    written_at = "created_at"
    # guess: whose days TODAY and YESTERDAY are
    time_zone = "UTC"

    [rule.predictions.columns]
    id = "STRING"
    game_date = "DATE"
    game_id = "STRING"
    player = "STRING"
    points_line = "NUMERIC"
    is_active = "BOOL"
    created_at = "TIMESTAMP"
    updated_at = "TIMESTAMP"
    "#);
}

#[test]
fn counting_is_left_out_where_it_would_bill_more_than_the_limit() {
    let Some(fixture) = fixture("max_bytes_billed = \"10 MiB\"") else { return };
    fixture.proxy.habits(|habits| habits.dry_run_bytes = Some(50 << 20));
    let table = fixture.table("predictions");
    let ended = fixture.project.onerow(&format!("init --table {table}")).exits(0);
    whole!(ended, @"
    $ onerow init --table [DATASET].predictions
    -- stderr
    reading the list of partitions: that bills 10 MiB
    the rows are not counted: that would bill 50.0 MiB, more than 10.0 MiB
    added a rule `predictions` to ./onerow.toml
    look at: strategy, key, keep, row_id, active, written_at, time_zone; the comments say why they are so
    next:
      onerow check --date YESTERDAY
      onerow status --last 7
      onerow plan --last 7
    ");
}

#[test]
fn a_table_that_is_not_there_or_may_not_be_read_is_an_error() {
    let Some(fixture) = fixture("") else { return };
    let before = std::fs::read_to_string(fixture.project.path("onerow.toml")).unwrap();
    let table = fixture.table("nothing");
    whole!(fixture.project.onerow(&format!("init --table {table}")), @"
    $ onerow init --table [DATASET].nothing
    exit code 1
    -- stderr
    error[not-found]: BigQuery says notFound: Not found: table:demo.[DATASET].nothing
      note: while reading the metadata of [DATASET].nothing
      help: correct the table's name in the rule file; a wrong `location` looks the same; `onerow doctor` looks closer
    ");
    let after = std::fs::read_to_string(fixture.project.path("onerow.toml")).unwrap();
    assert_eq!(after, before);
}
