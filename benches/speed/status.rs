//! `status` over a table of 1,000,000 rows, against SQLite with the same SQL on the same file.

use std::ffi::OsString;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use onerow::cli::{self, Effects};
use onerow::clock::Clock;
use onerow::googlesql::SqlValue;
use onerow::rule::{Rule, RuleFile};
use onerow::warehouse::sqlite::{Access, Sqlite, Streaming};
use onerow::window::Day;
use rusqlite::Connection;

use super::run::{Row, in_turn};

const RULE: &str = r#"
[warehouse.local]
type = "sqlite"

[rule.p]
table = "a.b"
partition = "d"
key = ["game", "player"]
keep = ["created_at DESC", "id DESC"]
row_id = "id"
active = "active"
written_at = "created_at"

[rule.p.columns]
id = "STRING"
d = "DATE"
game = "STRING"
player = "STRING"
active = "BOOL"
created_at = "TIMESTAMP"
"#;

/// The SQL of detect, written for SQLite by hand.
const SAME_SQL: &str = r#"
SELECT date, COUNT(*) AS active,
  COUNT(CASE WHEN place = 1 THEN 1 END) AS keys,
  COUNT(CASE WHEN place > 1 THEN 1 END) AS duplicates,
  COUNT(CASE WHEN place > 1 AND NOT settled THEN 1 END) AS buffered,
  COUNT(CASE WHEN row_id IS NULL OR copies > 1 THEN 1 END) AS twins,
  COUNT(CASE WHEN settled THEN 1 END) AS settled
FROM (
  SELECT d AS date, id AS row_id,
    ROW_NUMBER() OVER (PARTITION BY d, game, player ORDER BY created_at DESC, id DESC) AS place,
    COUNT(*) OVER (PARTITION BY d, id) AS copies,
    COALESCE(created_at < ?1, 1) AS settled
  FROM "a.b"
  WHERE d BETWEEN '2026-01-01' AND '2026-01-10' AND active
)
GROUP BY date ORDER BY date
"#;

const NOW: &str = "2026-02-01T00:00:00Z";

pub fn million_rows() -> Row {
    let folder = tempfile::tempdir().unwrap();
    let file = RuleFile::parse("onerow.toml", RULE).unwrap();
    std::fs::write(folder.path().join("onerow.toml"), RULE).unwrap();
    let database = folder.path().join(".onerow/local.db");
    fill(&database, &file.rules[0]);
    let [ours, baseline] = in_turn(5, || status(folder.path()), || same_sql(&database));
    Row {
        what: "`status` over 1,000,000 rows, against SQLite with the same SQL on the same file",
        ours,
        baseline: Some(baseline),
        bound: 1.3,
    }
}

/// Ten dates of 100,000 rows; every fourth row is a duplicate, some names are NULL.
fn fill(database: &Path, rule: &Rule) {
    let now = Clock::Fixed(NOW.parse().unwrap());
    let sqlite =
        Sqlite::open(database, Access::Create, now, SignedDuration::from_mins(90)).unwrap();
    let start: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    let mut rows = (0..1_000_000_i64).map(|n| {
        let day = Day::parse(&format!("2026-01-{:02}", 1 + n % 10)).unwrap();
        let thing = (n / 10) * 3 / 4;
        Ok(vec![
            SqlValue::String(format!("{:016x}", (n as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15))),
            SqlValue::from(day),
            SqlValue::String(format!("game {}", thing % 12)),
            match thing % 97 {
                0 => SqlValue::Null,
                _ => SqlValue::String(format!("player {}", thing / 12)),
            },
            SqlValue::Bool(n % 50 != 0),
            SqlValue::Timestamp(start + SignedDuration::from_secs(n)),
        ])
    });
    sqlite.load(&rule.table, &rule.columns, &mut rows, Streaming::Settled).unwrap();
    sqlite.index(&rule.table, &rule.partition.column).unwrap();
}

/// The whole command, in this process.
fn status(folder: &Path) {
    let window = ["--from", "2026-01-01", "--to", "2026-01-10", "--now", NOW];
    let arguments = ["onerow", "status"].into_iter().chain(window).map(OsString::from);
    let project = [OsString::from("--project-dir"), folder.as_os_str().to_owned()];
    let effects =
        Effects::to(Box::new(std::io::sink()), Box::new(std::io::stderr()), Clock::System);
    assert_eq!(cli::run(arguments.chain(project), &effects), 0);
}

fn same_sql(database: &Path) {
    let horizon = NOW.parse::<Timestamp>().unwrap().as_microsecond();
    let connection = Connection::open(database).unwrap();
    let mut statement = connection.prepare(SAME_SQL).unwrap();
    let active = statement.query_map([horizon], |row| row.get::<_, i64>(1)).unwrap();
    assert_eq!(active.map(Result::unwrap).sum::<i64>(), 980_000);
}
