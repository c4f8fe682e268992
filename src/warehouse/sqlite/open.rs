//! Opening the database file, and checking that it is onerow's.

use std::cmp::Ordering;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

use super::failure::failed;
use crate::error::{Error, Kind, Result};
use crate::files::create_private;

/// The permitted effects of opening a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Creates and changes nothing: no file, folder, table or row.
    ReadOnly,
    /// Changes an existing database.
    ReadWrite,
    /// Creates the file and its folder if they are missing.
    Create,
}

/// The application id `1row`, in the header of the file.
const APPLICATION_ID: i64 = 0x3172_6f77;
/// The format version, incremented when the stored content changes. 1 to 3 had a ledger with other columns,
/// and were never released.
const FORMAT: i64 = 5;
const BUSY: Duration = Duration::from_secs(5);

pub(super) fn memory() -> Result<Connection> {
    let connection = Connection::open_in_memory().map_err(failed("open a database in memory"))?;
    strict(&connection)?;
    mark(&connection)?;
    Ok(connection)
}

/// Without this, SQLite reads an unknown name in double quotes as a string.
fn strict(connection: &Connection) -> Result<()> {
    connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)
        .and_then(|_| connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DDL, false))
        .map(|_| ())
        .map_err(failed("set up the database"))
}

pub(super) fn file(path: &Path, access: Access) -> Result<Connection> {
    let opened = no_foreign_log(path).and_then(|()| match access {
        Access::ReadOnly => there(path).and_then(|()| read_only(path)),
        Access::ReadWrite => there(path).and_then(|()| read_write(path)),
        Access::Create => create_private(path).and_then(|()| read_write(path)),
    });
    opened.map_err(|error| error.while_doing(format!("opening `{}`", path.display())))
}

fn there(path: &Path) -> Result<()> {
    if path.is_file() {
        return Ok(());
    }
    let name = path.display();
    Err(match std::fs::symlink_metadata(path) {
        Ok(_) => Error::new(Kind::File, format!("`{name}` is not a file"))
            .help("move it away, or give `path` of the warehouse another name"),
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => {
            Error::new(Kind::NotFound, format!("there is no database `{name}`"))
                .help("load data first, with `onerow load`")
        }
        Err(cause) => Error::io(format!("cannot look for the database `{name}`"), cause),
    })
}

/// Refuses a foreign write-ahead log: SQLite would apply any log with the right name, whichever database it
/// belongs to. onerow uses none, so if the file's header has none either, the log is another database's.
fn no_foreign_log(path: &Path) -> Result<()> {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    let is_there = std::fs::metadata(&log).is_ok_and(|metadata| metadata.len() > 0);
    if !is_there || knows_of_log(path) {
        return Ok(());
    }
    let message = format!("`{}` is the write-ahead log of another database", log.display());
    Err(Error::new(Kind::Database, message)
        .help("delete or move that file; the database itself was not changed"))
}

/// Whether the header's version is that of a database with a write-ahead log.
/// Source: <https://www.sqlite.org/fileformat2.html#file_format_version_numbers>
fn knows_of_log(path: &Path) -> bool {
    let mut header = [0; 20];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut header));
    read.is_ok() && header[18..] == [2, 2]
}

/// Opens the file at the resolved path, without following links: a link that replaces it now is an error.
fn open(path: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    // SQLite on Windows does not detect links, nor accept every form of a canonical path.
    let real = if cfg!(unix) { std::fs::canonicalize(path).ok() } else { None };
    let real = real.unwrap_or_else(|| path.to_owned());
    Connection::open_with_flags(real, flags).map_err(failed("open the database"))
}

/// Opens the file for writing, so that SQLite can roll back the incomplete transaction of a killed process;
/// `query_only` then refuses all changes by statements.
fn read_only(path: &Path) -> Result<Connection> {
    let connection = open(path)?;
    connection.busy_timeout(BUSY).map_err(failed("open the database"))?;
    connection.pragma_update(None, "query_only", true).map_err(failed("open the database"))?;
    strict(&connection)?;
    inspect(&connection)?;
    Ok(connection)
}

fn read_write(path: &Path) -> Result<Connection> {
    let connection = open(path)?;
    connection.busy_timeout(BUSY).map_err(failed("open the database"))?;
    strict(&connection)?;
    if inspect(&connection)? == Contents::Nothing {
        mark(&connection)?;
    }
    connection
        .pragma_update(None, "journal_mode", "DELETE")
        .and_then(|()| connection.pragma_update(None, "synchronous", "FULL"))
        .map_err(failed("open the database"))?;
    Ok(connection)
}

/// Writes both numbers atomically: with only one, the file would seem to be of another version.
fn mark(connection: &Connection) -> Result<()> {
    let marks = || -> rusqlite::Result<()> {
        let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", FORMAT)?;
        transaction.commit()
    };
    marks().map_err(failed("set up the database"))
}

#[derive(PartialEq, Eq)]
enum Contents {
    Nothing,
    Ours,
}

/// Refuses files that are not SQLite's, not onerow's, or of another format.
fn inspect(connection: &Connection) -> Result<Contents> {
    let number = |sql: &str| -> Result<i64> {
        connection.query_row(sql, [], |row| row.get(0)).map_err(failed("read the database"))
    };
    let tables = number("SELECT COUNT(*) FROM sqlite_schema")?;
    match number("PRAGMA application_id")? {
        APPLICATION_ID => {}
        0 if tables == 0 => return Ok(Contents::Nothing),
        _ => {
            return Err(Error::new(
                Kind::Database,
                "the file is an SQLite database of another program",
            )
            .help(
                "give the embedded warehouse a file of its own: `path` under its [warehouse.…]",
            ));
        }
    }
    let version = number("PRAGMA user_version")?;
    let help = match version.cmp(&FORMAT) {
        Ordering::Equal => return Ok(Contents::Ours),
        Ordering::Greater => "a newer onerow wrote it; use that version",
        Ordering::Less => {
            "it is older than the first release; remove it, and load again what was loaded into it"
        }
    };
    let message = format!("the database has format {version}, this onerow knows {FORMAT}");
    Err(Error::new(Kind::LedgerFormat, message).help(help))
}
