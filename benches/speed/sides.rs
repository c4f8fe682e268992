//! The same work in SQLite's shell and in DuckDB's command line: the statements of onerow's templates in
//! their words, which are the same but for the types of columns, for reading a file and for a MERGE.

use std::path::{Path, PathBuf};

use onerow::window::Day;

use super::measured::{Measured, Work};
use super::rule::NOW;

/// What onerow is compared with.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Other {
    Sqlite,
    DuckDb,
}

impl Other {
    pub const ALL: [Self; 2] = [Self::Sqlite, Self::DuckDb];

    fn database(self) -> &'static str {
        match self {
            Self::Sqlite => "shell.db",
            Self::DuckDb => "duck.db",
        }
    }

    /// The types of the columns in the files of `sql/`.
    fn types(self) -> [(&'static str, &'static str); 5] {
        match self {
            Self::Sqlite => [
                ("@text", "TEXT"),
                ("@integer", "INTEGER"),
                ("@date", "TEXT"),
                ("@bool", "INTEGER"),
                ("@timestamp", "TEXT"),
            ],
            Self::DuckDb => [
                ("@text", "VARCHAR"),
                ("@integer", "BIGINT"),
                ("@date", "DATE"),
                ("@bool", "BOOLEAN"),
                ("@timestamp", "TIMESTAMP"),
            ],
        }
    }
}

const TABLE: &str = include_str!("sql/table.sql");
const REMOVALS: &str = include_str!("sql/removals.sql");
const COUNTS: &str = include_str!("sql/counts.sql");
const RECORD: &str = include_str!("sql/record.sql");
const DEACTIVATE: &str = include_str!("sql/deactivate.sql");
const UNDO: &str = include_str!("sql/undo.sql");
const STAGED: &str = include_str!("sql/staged.sql");
const UPSERT: &str = include_str!("sql/upsert.sql");
const MERGE: &str = include_str!("sql/merge.sql");
const DIGEST: &str = include_str!("sql/digest.sql");
const DIGEST_OF_REMOVALS: &str = include_str!("sql/digest_of_removals.sql");
/// onerow's database.
pub const OURS: &str = "onerow.db";
const RUN: &str = "20300101T000000Z-00000000";

/// One of the others, with a database of its own beside the files to load.
pub struct Side<'a> {
    pub other: Other,
    pub folder: &'a Path,
    /// The folder of DuckDB's command line.
    pub tools: &'a Path,
}

impl Side<'_> {
    /// A new database with the rows of a file, found by their date.
    pub fn load(&self, file: &str) -> Measured {
        let _ = std::fs::remove_file(self.folder.join(self.other.database()));
        let removals = self.typed(REMOVALS);
        let table = self.typed(&TABLE.replace("@table", "a.b"));
        let rest = match self.other {
            Other::Sqlite => {
                "CREATE INDEX removals_runs ON \"onerow.removals\" (run_id, date, row_id);\n\
                 CREATE INDEX dates ON \"a.b\" (d);\n"
            }
            // What the others have as a function.
            Other::DuckDb => "CREATE MACRO json_quote(x) AS CAST(to_json(x) AS VARCHAR);\n",
        };
        self.run(&format!("{removals}{table}{}{rest}", self.reading(file, "a.b")))
    }

    /// The rows of a staging table.
    pub fn stage(&self, file: &str) {
        let table = self.typed(&TABLE.replace("@table", "a.staged"));
        self.run(&format!("{table}{}", self.reading(file, "a.staged")));
    }

    /// Counts each date.
    pub fn status(&self, days: &[Day]) -> Measured {
        self.run(&of(COUNTS, days))
    }

    /// Counts, records and deactivates the duplicates of the dirty dates one by one, counts these again.
    pub fn apply(&self, days: &[Day], dirty: &[Day]) -> Measured {
        let date = format!("{RECORD}{DEACTIVATE}");
        let removals: String = dirty.iter().map(|day| of(&date, &[*day])).collect();
        self.run(&format!("{}{removals}{}", of(COUNTS, days), of(COUNTS, dirty)))
    }

    /// Counts, restores and counts again, date by date.
    pub fn undo(&self, dirty: &[Day]) -> Measured {
        let date = format!("{COUNTS}{UNDO}{COUNTS}");
        self.run(&dirty.iter().map(|day| of(&date, &[*day])).collect::<String>())
    }

    /// What SQLite's upsert needs, and takes away again what [`Self::undo`] cannot have.
    pub fn keys(&self, are_unique: bool) {
        match (self.other, are_unique) {
            (Other::Sqlite, true) => {
                self.run("CREATE UNIQUE INDEX keys ON \"a.b\" (d, game, player) WHERE active;");
            }
            (Other::Sqlite, false) => _ = self.run("DROP INDEX keys;"),
            (Other::DuckDb, _) => {}
        }
    }

    /// Counts what is staged, merges it date by date, and counts each date again.
    pub fn consolidate(&self, days: &[Day]) -> Measured {
        let date = format!("{}{STAGED}", self.merge());
        let merges: String = days.iter().map(|day| of(&date, &[*day])).collect();
        self.run(&format!("{}{merges}", of(STAGED, days)))
    }

    /// The rows that are staged into the table, in one statement, and nothing else.
    pub fn upsert(&self, days: &[Day]) -> Measured {
        self.run(&of(self.merge(), days))
    }

    /// What is the same of the table in all databases when the same was done to them.
    pub fn digest(&self) -> String {
        self.run(DIGEST).printed
    }

    /// The same of the removal log.
    pub fn digest_of_removals(&self) -> String {
        self.run(DIGEST_OF_REMOVALS).printed
    }

    fn merge(&self) -> &'static str {
        match self.other {
            Other::Sqlite => UPSERT,
            Other::DuckDb => MERGE,
        }
    }

    fn typed(&self, sql: &str) -> String {
        let types = self.other.types().into_iter();
        types.fold(sql.to_owned(), |sql, (name, of)| sql.replace(name, of))
    }

    fn reading(&self, file: &str, table: &str) -> String {
        match self.other {
            Other::Sqlite => format!(".mode csv\n.import --skip 1 {file} {table}\n.mode list\n"),
            Other::DuckDb => format!("COPY \"{table}\" FROM '{file}' (HEADER);\n"),
        }
    }

    fn run(&self, script: &str) -> Measured {
        run(self.other, self.other.database(), self.folder, self.tools, script)
    }
}

/// [`Side::digest`] and [`Side::digest_of_removals`] of onerow's database.
pub fn digests(folder: &Path) -> [String; 2] {
    let digest = |sql| run(Other::Sqlite, OURS, folder, Path::new(""), sql).printed;
    [digest(DIGEST), digest(DIGEST_OF_REMOVALS)]
}

/// [`Side::digest`] of onerow's database.
pub fn digest(folder: &Path) -> String {
    run(Other::Sqlite, OURS, folder, Path::new(""), DIGEST).printed
}

fn run(other: Other, database: &str, folder: &Path, tools: &Path, script: &str) -> Measured {
    let input = folder.join("script.sql");
    std::fs::write(&input, script).unwrap();
    let program = match other {
        Other::Sqlite => PathBuf::from(super::shell::PROGRAM),
        Other::DuckDb => tools.join("duckdb"),
    };
    let arguments = ["-batch", "-bail", "-list", "-noheader", database].map(str::to_owned).to_vec();
    Work { program, arguments, folder: folder.to_owned(), input: Some(input) }.measure()
}

fn of(sql: &str, days: &[Day]) -> String {
    let list: Vec<String> = days.iter().map(|day| format!("'{day}'")).collect();
    sql.replace("@dates", &format!("d IN ({})", list.join(", ")))
        .replace("@day", &days[0].to_string())
        .replace("@cutoff", NOW)
        .replace("@run", RUN)
}
