//! What onerow does to one table, written by hand for SQLite's shell.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use jiff::Timestamp;
use onerow::window::{Day, Window};

use super::rule::NOW;
use super::run::output;

pub const PROGRAM: &str = "sqlite3";

const TABLE: &str = r#"
CREATE TABLE "a.b" (id TEXT, d TEXT, game TEXT, player TEXT, active INTEGER, created_at INTEGER);
CREATE TABLE "onerow.removals" (run_id TEXT, run_started_at INTEGER, record_id TEXT, rule TEXT, table_name TEXT,
  step TEXT, date TEXT, row_id TEXT, survivor_row_id TEXT, rank INTEGER, keep_values TEXT,
  survivor_keep_values TEXT, removed_row TEXT);
CREATE INDEX removals_runs ON "onerow.removals" (run_id, date, row_id);
INSERT INTO "a.b" SELECT id, d, game, player, active, created_at FROM source."a.b";
CREATE INDEX dates ON "a.b" (d);
"#;

const COUNTS: &str = r#"
SELECT date, COUNT(*) AS active,
  COUNT(CASE WHEN place = 1 THEN 1 END) AS keys,
  COUNT(CASE WHEN place > 1 THEN 1 END) AS duplicates,
  COUNT(CASE WHEN place > 1 AND NOT settled THEN 1 END) AS buffered,
  COUNT(CASE WHEN row_id IS NULL OR copies > 1 THEN 1 END) AS shared_ids,
  COUNT(CASE WHEN settled THEN 1 END) AS settled
FROM (
  SELECT d AS date, id AS row_id,
    ROW_NUMBER() OVER (PARTITION BY d, game, player ORDER BY created_at DESC, id DESC) AS place,
    COUNT(*) OVER (PARTITION BY d, id) AS copies,
    COALESCE(created_at < @cutoff, 1) AS settled
  FROM "a.b"
  WHERE d BETWEEN '@first' AND '@last' AND active
)
GROUP BY date ORDER BY date;
"#;

const RECORD: &str = r#"
INSERT INTO "onerow.removals"
SELECT '20300101T000000Z-00000000', 0, 'onerow-00000000-0000-0000-0000-000000000000', 'p', 'a.b', 'deactivate',
  '@first', json_quote(id), json_quote(survivor), rank, keep, survivor_keep, NULL
FROM (
  SELECT id, keep, settled, rank, copies, FIRST_VALUE(id) OVER ranked AS survivor,
    FIRST_VALUE(keep) OVER ranked AS survivor_keep
  FROM (
    SELECT *,
      json_object('keep_1', strftime('%Y-%m-%dT%H:%M:%SZ', created_at / 1000000, 'unixepoch'), 'keep_2', id) AS keep,
      ROW_NUMBER() OVER (PARTITION BY d, game, player ORDER BY created_at DESC, id DESC) AS rank,
      COUNT(*) OVER (PARTITION BY d, id) AS copies,
      COALESCE(created_at < @cutoff, 1) AS settled
    FROM "a.b"
    WHERE d = '@first' AND active
  )
  WINDOW ranked AS (PARTITION BY d, game, player ORDER BY created_at DESC, id DESC)
)
WHERE rank > 1 AND settled AND copies = 1 AND id IS NOT NULL;
"#;

const DEACTIVATE: &str = r#"
UPDATE "a.b" SET active = 0
WHERE d = '@first' AND active AND COALESCE(created_at < @cutoff, 1)
  AND id IN (
    SELECT row_id FROM (
      SELECT id AS row_id,
        ROW_NUMBER() OVER (PARTITION BY d, game, player ORDER BY created_at DESC, id DESC) AS place,
        COUNT(*) OVER (PARTITION BY d, id) AS copies
      FROM "a.b"
      WHERE d = '@first' AND active
    )
    WHERE place > 1 AND copies = 1
  )
  AND json_quote(id) IN (
    SELECT row_id FROM "onerow.removals" WHERE run_id = '20300101T000000Z-00000000' AND date = '@first'
  );
"#;

/// Statements for the shell.
pub struct Script(String);

impl Script {
    pub fn status(window: &Window) -> Self {
        Self(of(COUNTS, window.first(), window.last()))
    }

    /// Counts, records and deactivates the duplicates of each dirty date, counts what that touched again.
    pub fn apply(window: &Window) -> Self {
        let date = format!("{RECORD}{DEACTIVATE}");
        let dirty: Vec<Day> = window.days().iter().copied().step_by(10).collect();
        let cures: String = dirty.iter().map(|day| of(&date, *day, *day)).collect();
        let list: Vec<String> = dirty.iter().map(|day| format!("d = '{day}'")).collect();
        let again =
            COUNTS.replace("d BETWEEN '@first' AND '@last'", &format!("({})", list.join(" OR ")));
        let before = of(COUNTS, window.first(), window.last());
        Self(format!("{before}{cures}{}", of(&again, window.first(), window.last())))
    }

    /// The whole process; what it printed.
    pub fn run(&self, database: &Path) -> String {
        let mut shell = Command::new(PROGRAM)
            .args(["-batch", "-bail"])
            .arg(database)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        // A pipe holds less than a script: one thread writes, one reads.
        let mut stdin = shell.stdin.take().unwrap();
        let text = self.0.clone();
        let writer = std::thread::spawn(move || stdin.write_all(text.as_bytes()).unwrap());
        let output = shell.wait_with_output().unwrap();
        writer.join().unwrap();
        assert!(output.status.success(), "{}", output.status);
        String::from_utf8(output.stdout).unwrap()
    }
}

fn of(sql: &str, first: Day, last: Day) -> String {
    let cutoff = NOW.parse::<Timestamp>().unwrap().as_microsecond().to_string();
    sql.replace("@cutoff", &cutoff)
        .replace("@first", &first.to_string())
        .replace("@last", &last.to_string())
}

/// The rows of onerow's database in one of the shell's own.
pub fn copy(from: &Path, to: &Path) {
    let attach = format!("ATTACH '{}' AS source;", from.display());
    Script(format!("{attach}{TABLE}")).run(to);
}

/// What is the same in both databases when both have done the same.
pub fn digest(database: &Path) -> String {
    let sql = r#"SELECT COUNT(*), SUM(active), MIN(id), MAX(id) FROM "a.b";
        SELECT COUNT(*), SUM(rank), MIN(row_id), MAX(row_id), MAX(survivor_row_id), SUM(LENGTH(keep_values)),
          MAX(survivor_keep_values) FROM "onerow.removals";"#;
    output(Command::new(PROGRAM).arg(database).arg(sql))
}
