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
CREATE TABLE "onerow.audit" (run_id TEXT, job_id TEXT, rule TEXT, table_name TEXT, step TEXT, date TEXT,
  row_id TEXT, state TEXT, undone TEXT);
CREATE INDEX audit_runs ON "onerow.audit" (run_id, date);
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

const AUDIT: &str = r#"
INSERT INTO "onerow.audit" (run_id, job_id, rule, table_name, step, date, row_id, state, undone)
SELECT '20300101T000000Z-00000000', 'onerow-00000000-0000-0000-0000-000000000000', 'p', 'a.b', 'deactivate', '@first',
  json_quote(id),
  json_object('id', id, 'd', d, 'game', game, 'player', player,
    'created_at', strftime('%Y-%m-%dT%H:%M:%SZ', created_at / 1000000, 'unixepoch')), NULL
FROM (
  SELECT *,
    ROW_NUMBER() OVER (PARTITION BY d, game, player ORDER BY created_at DESC, id DESC) AS place,
    COUNT(*) OVER (PARTITION BY d, id) AS copies,
    COALESCE(created_at < @cutoff, 1) AS settled
  FROM "a.b"
  WHERE d = '@first' AND active
)
WHERE place > 1 AND settled AND copies = 1 AND id IS NOT NULL;
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
  );
"#;

/// Statements for the shell.
pub struct Script(String);

impl Script {
    pub fn status(window: &Window) -> Self {
        Self(of(COUNTS, window.first(), window.last()))
    }

    /// Counts, one transaction for each dirty date, counts what that touched again.
    pub fn apply(window: &Window, audit: bool) -> Self {
        let audit = if audit { AUDIT } else { "" };
        let date = format!("BEGIN IMMEDIATE;{audit}{DEACTIVATE}COMMIT;");
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
pub fn digest(database: &Path, audit: bool) -> String {
    let mut sql = r#"SELECT COUNT(*), SUM(active), MIN(id), MAX(id) FROM "a.b";"#.to_owned();
    if audit {
        sql.push_str(
            r#"SELECT COUNT(*), SUM(LENGTH(state)), MIN(state), MAX(state), MAX(row_id) FROM "onerow.audit";"#,
        );
    }
    output(Command::new(PROGRAM).arg(database).arg(sql))
}
