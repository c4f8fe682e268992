//! The lock of a table: a locked file beside the database.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::time::{Duration, Instant};

use same_file::Handle;

use super::Lock;
use crate::error::{Error, Kind, Result};
use crate::files::lock_file;
use crate::googlesql::TableName;
use crate::interrupt::Interrupt;
use crate::statement::Fingerprint;

/// How long [`Ledger::lock`](super::Ledger::lock) waits, and the interval of its attempts.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(50);

/// A file name for a table; a very long name is shortened to its fingerprint.
pub(super) fn lock_name(table: &TableName) -> String {
    let name = table.dotted();
    if name.len() <= 150 { name } else { Fingerprint::of(&name).short().to_owned() }
}

/// Locks a file beside the database. The file is never removed: otherwise two processes could lock two
/// different files of the same name.
pub(super) fn lock(
    database: &Path,
    what: &str,
    patience: Duration,
    interrupt: &Interrupt,
) -> Result<Lock> {
    let mut name = database.as_os_str().to_owned();
    name.push(format!(".{what}.lock"));
    let start = Instant::now();
    loop {
        let file = lock_file(Path::new(&name))?;
        match file.try_lock() {
            Ok(()) if is_at(&file, Path::new(&name)) => return Ok(Lock::holding(Some(file))),
            // The file was removed meanwhile: other processes lock another file of that name.
            Ok(()) => {}
            Err(TryLockError::WouldBlock) if start.elapsed() < patience => {
                if interrupt.sleep(PAUSE) {
                    return Err(Error::new(
                        Kind::Interrupted,
                        "interrupted while another onerow run was working on the table",
                    ));
                }
            }
            Err(TryLockError::WouldBlock) => {
                return Err(Error::new(
                    Kind::Locked,
                    format!(
                        "another onerow run is working on `{what}` of `{}`",
                        database.display()
                    ),
                )
                .help("wait until it has finished, then run the command again"));
            }
            Err(TryLockError::Error(cause)) => {
                return Err(Error::io(format!("cannot lock `{}`", name.display()), cause));
            }
        }
    }
}

/// Whether the open file is still the file of that name: it can be removed while it is open, on Windows too.
fn is_at(file: &File, name: &Path) -> bool {
    let open = file.try_clone().and_then(Handle::from_file);
    open.and_then(|open| Ok(open == Handle::from_path(name)?)).unwrap_or(false)
}
