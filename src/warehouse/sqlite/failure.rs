//! SQLite's errors as onerow's.

use googlesql_sqlite::error::unsupported_in;
use rusqlite::ErrorCode;

use crate::error::{Error, Kind};

/// Converts an SQLite error, adding its kind and its fix. `doing` completes 'cannot …'.
pub(crate) fn failed(doing: &'static str) -> impl Fn(rusqlite::Error) -> Error {
    move |cause| match &cause {
        rusqlite::Error::SqliteFailure(failure, Some(message)) => {
            let (code, message) = (failure.code, message.clone());
            of_code(code, &message).unwrap_or_else(|| {
                Error::new(Kind::Refused, format!("cannot {doing}")).caused_by(cause)
            })
        }
        rusqlite::Error::SqliteFailure(failure, None) => {
            of_code(failure.code, "").unwrap_or_else(|| {
                Error::new(Kind::Refused, format!("cannot {doing}")).caused_by(cause)
            })
        }
        _ => Error::new(Kind::Refused, format!("cannot {doing}")).caused_by(cause),
    }
}

fn of_code(code: ErrorCode, message: &str) -> Option<Error> {
    Some(match code {
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => {
            Error::new(Kind::Locked, "the embedded database is locked by another process")
                .help("wait until it has finished, then run the command again")
        }
        ErrorCode::NotADatabase => Error::new(Kind::Database, "the file is not an SQLite database")
            .help("check `path` of the embedded warehouse"),
        ErrorCode::DatabaseCorrupt => Error::new(Kind::Database, "the database file is damaged")
            .help("restore it from a backup, or remove it and load the data again"),
        ErrorCode::ReadOnly => {
            Error::new(Kind::Database, "the embedded database cannot be written")
                .help("check the permissions of the file and of its folder")
        }
        ErrorCode::DiskFull => Error::new(Kind::File, "the disk is full; nothing was changed")
            .help("make room, then run the command again"),
        ErrorCode::SystemIoFailure => {
            Error::new(Kind::File, format!("the database cannot be read or written: {message}"))
                .help(
                    "look at the disk and at the limits of the process, then run the command again",
                )
        }
        ErrorCode::ConstraintViolation if message.contains("streaming buffer") => {
            Error::new(Kind::StreamingBuffer, message)
        }
        // BigQuery sums in more than 64 bits, and fails only where the sum itself overflows.
        _ if message == "integer overflow" => {
            Error::unsupported("does not know a SUM of INT64 whose intermediate result overflows")
        }
        _ => return unsupported_in(message).map(Error::unsupported),
    })
}
