//! Database files that are damaged, or something else.

use std::path::PathBuf;

use super::world::{self, Fault, project, told};
use crate::common::Project;
use crate::common::oracle::{ROWS, WINDOW};

const PAGE: usize = 4096;

const FAULTS: [Fault; 10] = [
    ("the file is cut in the middle", || refused(|bytes| bytes.truncate(bytes.len() / 2))),
    ("the file is cut in the middle of a page", || refused(|bytes| bytes.truncate(PAGE + 100))),
    ("a bit of the header is flipped", || refused(|bytes| bytes[3] ^= 1)),
    ("the application's number in the header is another", || refused(|bytes| bytes[68] ^= 1)),
    ("the file is empty", empty),
    ("the file is no database", || {
        refused(|bytes| *bytes = b"id,game_date\nx,2026-01-28\n".to_vec())
    }),
    ("each page in turn is overwritten", each_page),
    ("the write-ahead log of another database lies beside it", foreign_log),
    (
        "its own write-ahead log, which another program has left, is cut at each page, and in each",
        cut_log,
    ),
    ("a rollback journal that is no journal lies beside it", foreign_journal),
];

#[test]
fn a_damaged_file_is_an_error_and_stays_as_it_is() {
    world::play("damage", &FAULTS);
}

fn file(project: &Project) -> PathBuf {
    project.path(".onerow/local.db")
}

/// No command works on the file, and none changes it.
fn refused(damage: impl Fn(&mut Vec<u8>)) -> String {
    let project = project();
    let mut bytes = std::fs::read(file(&project)).unwrap();
    damage(&mut bytes);
    std::fs::write(file(&project), &bytes).unwrap();
    let mut said = String::new();
    for command in ["status", "plan", "apply"] {
        let ended = project.onerow(&format!("{command} {WINDOW}"));
        assert_eq!(ended.code, Some(1), "{ended}");
        assert!(ended.stderr.contains("local.db"), "it does not say which file: {ended}");
        assert!(ended.stderr.contains("help"), "it does not say what to do: {ended}");
        said = told(&project, &ended);
        if !bytes.is_empty() {
            assert!(
                std::fs::read(file(&project)).unwrap() == bytes,
                "the file is changed: {ended}"
            );
        }
    }
    said
}

/// An empty file is a database without a table.
fn empty() -> String {
    let project = project();
    std::fs::write(file(&project), "").unwrap();
    let ended = world::apply(&project);
    assert_eq!(ended.code, Some(1), "{ended}");
    project.onerow("load rows.csv").exits(0);
    world::the_next_run_finishes(&project, "loaded again");
    told(&project, &ended)
}

/// Either the damage is found, or it is where nobody looks; no row is lost then.
fn each_page() -> String {
    let whole = std::fs::read(file(&project())).unwrap();
    let (mut found, mut not_looked_at) = (0, 0);
    for page in 1..whole.len() / PAGE {
        let project = project();
        let mut bytes = whole.clone();
        bytes[page * PAGE..(page + 1) * PAGE].fill(0xa5);
        std::fs::write(file(&project), &bytes).unwrap();
        let ended = world::apply(&project);
        match ended.code {
            Some(0) => {
                world::is_done_and_honest(&project, &format!("page {page}: {ended}"));
                not_looked_at += 1;
            }
            Some(1) => {
                assert!(ended.stderr.contains("damaged"), "page {page}: {ended}");
                assert!(ended.stderr.contains("help"), "page {page}: {ended}");
                found += 1;
            }
            _ => panic!("page {page}: {ended}"),
        }
    }
    assert!(found > 0);
    format!(
        "exit 1, the database file is damaged ({found} pages); or the right result, where the page holds nothing that is read ({not_looked_at})"
    )
}

fn beside(project: &Project, ending: &str) -> PathBuf {
    project.path(&format!(".onerow/local.db{ending}"))
}

/// SQLite takes over whatever stands in a log of that name.
fn foreign_log() -> String {
    let project = project();
    let other = project.path("other.db");
    let database = rusqlite::Connection::open(&other).unwrap();
    database
        .execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE t (x); INSERT INTO t VALUES (1);")
        .unwrap();
    std::fs::copy(project.path("other.db-wal"), beside(&project, "-wal")).unwrap();
    let ended = world::apply(&project);
    assert_eq!(ended.code, Some(1), "{ended}");
    assert!(beside(&project, "-wal").exists(), "it is not onerow's to remove");
    std::fs::remove_file(beside(&project, "-wal")).unwrap();
    world::the_next_run_finishes(&project, "the log is taken away");
    told(&project, &ended)
}

/// Another program has switched the log on, wrote three rows in three transactions, and died. What is whole in
/// the log counts, and nothing else.
fn cut_log() -> String {
    let project = project();
    let database = project.database();
    database.execute_batch("PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0;").unwrap();
    for number in 0..3 {
        let row = "INSERT INTO \"nba.predictions\" (id, game_date, game_id, player, is_active, created_at) \
                   SELECT ?1, game_date, game_id, player, is_active, created_at \
                   FROM \"nba.predictions\" WHERE id = 'b1'";
        database.execute(row, [format!("w{number}")]).unwrap();
    }
    let whole = std::fs::read(file(&project)).unwrap();
    let log = std::fs::read(beside(&project, "-wal")).unwrap();
    let mut seen = std::collections::BTreeMap::new();
    // The log has a header of 32 bytes, and one of 24 before each page.
    let ends = (32..=log.len()).step_by(PAGE + 24);
    for length in [0, 1, 31].into_iter().chain(ends.flat_map(|end| [end, end + 24, end + PAGE])) {
        let length = length.min(log.len());
        let project = self::project();
        std::fs::write(file(&project), &whole).unwrap();
        std::fs::write(beside(&project, "-wal"), &log[..length]).unwrap();
        let told = format!("{length} of {} bytes", log.len());
        world::apply(&project).exits(0);
        project.onerow(&format!("status {WINDOW} --exit-code")).exits(0);
        crate::common::honest::is_whole(&world::entries(&project), &told);
        let ids: Vec<String> = world::table(&project).iter().map(|row| row.id.clone()).collect();
        let rows: Vec<&String> = ids.iter().filter(|id| id.starts_with('w')).collect();
        let expected: Vec<String> = (0..rows.len()).map(|number| format!("w{number}")).collect();
        assert_eq!(rows, expected.iter().collect::<Vec<_>>(), "{told}");
        assert_eq!(ids.len(), ROWS.lines().count() + rows.len(), "{told}: rows are lost");
        seen.insert(length, rows.len());
    }
    assert!(seen.values().is_sorted(), "{seen:?}");
    assert_eq!((seen[&0], seen[&log.len()]), (0, 3), "{seen:?}");
    assert!(seen.values().any(|rows| *rows == 1) && seen.values().any(|rows| *rows == 2));
    "the right result, with the rows of each transaction that is whole in the log".to_owned()
}

fn foreign_journal() -> String {
    let project = project();
    std::fs::write(beside(&project, "-journal"), ROWS.repeat(100)).unwrap();
    let ended = world::apply(&project);
    assert_eq!(ended.code, Some(0), "{ended}");
    world::is_done_and_honest(&project, "a journal that is none");
    "the right result".to_owned()
}
