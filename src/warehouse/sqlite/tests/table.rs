//! Loading, the streaming buffer, jobs, and the file.

use rusqlite::Connection;

use super::*;

const ONE: &str = "p1 g1 2026-01-28 ann s1 22.5 true 07:00";
const ALL_OFF: &str = "UPDATE nba.predictions SET is_active = FALSE WHERE is_active";

fn at(instant: &str, path: &Path) -> Sqlite {
    Sqlite::open(path, Access::Create, Clock::Fixed(instant.parse().unwrap()), drain()).unwrap()
}

#[test]
fn an_update_that_touches_a_buffered_row_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep/local.db");
    let warehouse = at("2026-01-30T08:37:00Z", &path);
    load(&warehouse, ONE, Streaming::Settled).unwrap();
    load(&warehouse, "p2 g1 2026-01-28 ann s1 22.5 true 08:00", Streaming::Streamed).unwrap();
    let error = run(&warehouse, ALL_OFF).unwrap_err();
    assert_eq!(error.kind(), Kind::StreamingBuffer);
    assert_eq!(
        error.to_string(),
        "UPDATE or DELETE statement over table nba.predictions would affect rows in the streaming \
         buffer, which is not supported"
    );
    let delete = warehouse.connection().unwrap().execute("DELETE FROM \"nba.predictions\"", []);
    assert!(delete.unwrap_err().to_string().contains("rows in the streaming buffer"));
    assert_eq!(active(&warehouse), "p1 p2");
    assert_eq!(
        answer(&warehouse, "UPDATE nba.predictions SET copies = 1 WHERE prediction_id = 'p1'"),
        "1 affected"
    );
    drop(warehouse);

    let later = at("2026-01-30T10:07:00Z", &path);
    assert_eq!(later.buffer(&table()).unwrap(), Buffer::Empty);
    assert_eq!(run(&later, ALL_OFF).unwrap(), Returned::Affected(Some(2)));
}

#[test]
fn the_buffer_tells_its_oldest_entry_until_it_drains() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("local.db");
    let streamed = "2026-01-30T08:37:00Z";
    load(&at(streamed, &path), ONE, Streaming::Streamed).unwrap();
    load(&at("2026-01-30T09:00:00Z", &path), ONE, Streaming::Streamed).unwrap();
    for (instant, expected) in [
        ("2026-01-30T09:00:00Z", Some(streamed)),
        ("2026-01-30T10:06:59Z", Some(streamed)),
        ("2026-01-30T10:07:00Z", Some("2026-01-30T09:00:00Z")),
        ("2026-01-30T10:30:00Z", None),
    ] {
        let oldest = at(instant, &path).buffer(&table()).unwrap();
        assert_eq!(
            oldest,
            expected.map_or(Buffer::Empty, |text: &str| Buffer::Since(Some(text.parse().unwrap()))),
            "{instant}"
        );
    }
    let missing = TableName::parse("nba.prediction").unwrap();
    let error = empty().buffer(&missing).unwrap_err();
    assert_eq!(error.kind(), Kind::NotFound);
}

#[test]
fn a_job_that_was_sent_twice_runs_once() {
    let warehouse = with(ONE);
    assert_eq!(run(&warehouse, ALL_OFF).unwrap(), Returned::Affected(Some(1)));
    run(&warehouse, "UPDATE nba.predictions SET is_active = TRUE WHERE TRUE").unwrap();
    assert_eq!(run(&warehouse, ALL_OFF).unwrap(), Returned::Affected(Some(1)));
    assert_eq!(active(&warehouse), "p1");
    assert_eq!(warehouse.look_up(&job(ALL_OFF)).unwrap(), Some(Returned::Affected(Some(1)).into()));
    assert_eq!(warehouse.look_up(&job("other")).unwrap(), None);
}

#[test]
fn a_job_that_was_looked_up_in_vain_is_never_executed() {
    let warehouse = with(ONE);
    assert_eq!(warehouse.look_up(&job(ALL_OFF)).unwrap(), None);
    let error = run(&warehouse, ALL_OFF).unwrap_err();
    assert_eq!(error.kind(), Kind::Locked, "{error}");
    assert_eq!(active(&warehouse), "p1");
    assert_eq!(warehouse.look_up(&job(ALL_OFF)).unwrap(), None);
}

#[test]
fn a_load_that_fails_leaves_nothing() {
    let warehouse = empty();
    let broken = || Err(Error::new(Kind::DataFile, "line 2 is broken"));
    let mut given = rows(ONE).into_iter().map(Ok).chain([broken()]);
    let error =
        warehouse.load(&table(), &columns(), &[], &mut given, Streaming::Settled).unwrap_err();
    assert!(error.to_string().contains("line 2 is broken"), "{error}");
    assert_eq!(
        run(&warehouse, "SELECT 1 FROM nba.predictions").unwrap_err().kind(),
        Kind::NotFound
    );

    load(&warehouse, ONE, Streaming::Settled).unwrap();
    let mut given = rows(ONE).into_iter().map(Ok).chain([broken()]);
    warehouse.load(&table(), &columns(), &[], &mut given, Streaming::Settled).unwrap_err();
    assert_eq!(answer(&warehouse, "SELECT COUNT(*) FROM nba.predictions"), "1");
}

#[test]
fn a_load_must_fit_the_table() {
    let warehouse = with(ONE);
    let given = |name: &str, sql_type, value| {
        let columns = [(Ident::parse(name).unwrap(), sql_type)];
        warehouse.load(
            &table(),
            &columns,
            &[],
            &mut [Ok(vec![value])].into_iter(),
            Streaming::Settled,
        )
    };
    let text = || SqlValue::String("x".into());
    let error = given("game_idd", SqlType::String, text()).unwrap_err();
    assert!(error.to_string().contains("did you mean `game_id`?"), "{error}");
    let error = given("game_id", SqlType::Int64, SqlValue::Int64(1)).unwrap_err();
    assert!(error.to_string().contains("is STRING, not INT64"), "{error}");
    assert!(given("copies", SqlType::Int64, text()).is_err());
    assert!(given("share", SqlType::Float64, SqlValue::Float64(f64::INFINITY)).is_err());
    assert_eq!(given("GAME_ID", SqlType::String, text()).unwrap(), 1);
    assert_eq!(
        answer(&warehouse, "SELECT copies FROM nba.predictions WHERE game_id = 'x'"),
        "NULL"
    );

    let columns = [(Ident::parse("tags").unwrap(), SqlType::Geography)];
    let other = TableName::parse("nba.other").unwrap();
    let error = warehouse.load(&other, &columns, &[], &mut std::iter::empty(), Streaming::Settled);
    assert!(error.unwrap_err().to_string().contains("type GEOGRAPHY"));
}

#[test]
fn an_index_finds_a_date_without_reading_the_table() {
    let warehouse = with(ONE);
    warehouse.index(&table(), &Ident::parse("game_date").unwrap()).unwrap();
    warehouse.index(&table(), &Ident::parse("game_date").unwrap()).unwrap();
    let connection = warehouse.connection().unwrap();
    let (sql, params) =
        ("SELECT copies FROM nba.predictions WHERE game_date = DATE '2026-01-28'", params());
    let tables = Tables { connection: &connection, params: &params, restored: None, hidden: &[] };
    let lowered = lower(&tables, sql, &parse(sql), &params, now()).unwrap();
    let plan: String = connection
        .query_row(&format!("EXPLAIN QUERY PLAN {}", lowered.parts[0].sql), [], |row| row.get(3))
        .unwrap();
    assert!(plan.contains("USING INDEX"), "{plan}");
}

#[test]
fn reading_creates_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep/local.db");
    let read = || Sqlite::open(&path, Access::ReadOnly, Clock::Fixed(now()), drain());
    let error = read().unwrap_err();
    assert_eq!(error.kind(), Kind::NotFound);
    assert!(error.to_string().contains("onerow load"), "{error}");
    assert!(!folder.path().join("deep").exists());

    load(&at("2026-01-30T21:00:00Z", &path), ONE, Streaming::Settled).unwrap();
    let before = std::fs::read(&path).unwrap();
    let warehouse = read().unwrap();
    assert_eq!(active(&warehouse), "p1");
    assert_eq!(warehouse.look_up(&job("x")).unwrap(), None);
    run(&warehouse, ALL_OFF).unwrap_err();
    load(&warehouse, ONE, Streaming::Settled).unwrap_err();
    assert_eq!(std::fs::read(&path).unwrap(), before);
    assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
}

#[test]
fn a_database_of_another_kind_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let open = |path: &Path| Sqlite::open(path, Access::Create, Clock::System, drain());
    let says = |name: &str, words: &str| {
        let error = open(&folder.path().join(name)).unwrap_err().to_string();
        assert!(error.contains(words), "{name}: {error}");
    };
    std::fs::write(
        folder.path().join("text"),
        "no database at all, but long enough to be one. ".repeat(40),
    )
    .unwrap();
    says("text", "not an SQLite database");
    Connection::open(folder.path().join("other"))
        .unwrap()
        .execute_batch("CREATE TABLE a (b)")
        .unwrap();
    says("other", "of another program");
    for (version, words) in [(99, "a newer onerow wrote it"), (1, "older than the first release")] {
        let path = folder.path().join(version.to_string());
        drop(open(&path).unwrap());
        Connection::open(&path).unwrap().pragma_update(None, "user_version", version).unwrap();
        says(&version.to_string(), words);
    }
}

#[test]
fn a_locked_database_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("local.db");
    let warehouse = at("2026-01-30T21:00:00Z", &path);
    load(&warehouse, ONE, Streaming::Settled).unwrap();
    warehouse.connection().unwrap().busy_timeout(std::time::Duration::ZERO).unwrap();
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let error = run(&warehouse, ALL_OFF).unwrap_err();
    assert_eq!(error.kind(), Kind::Locked);
    assert!(error.to_string().contains("wait until it has finished"), "{error}");
}

#[test]
fn text_with_a_nul_keeps_it() {
    let warehouse = with(ONE);
    run(&warehouse, r"UPDATE nba.predictions SET game_id = 'a\0001b' WHERE TRUE").unwrap();
    assert_eq!(
        answer(&warehouse, r"SELECT game_id = 'a\x001b', LENGTH(game_id) FROM nba.predictions"),
        "true 4"
    );
}
