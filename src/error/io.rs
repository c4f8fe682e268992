//! Failures of files and streams.

use std::path::Path;
use std::str::Utf8Error;

use super::{Error, Kind, Result};

impl Error {
    /// The error for a file or stream that could not be read or written, with a fix for known reasons.
    /// `doing` is a phrase like ``cannot read `onerow.toml` ``.
    pub fn io(doing: impl Into<String>, cause: std::io::Error) -> Self {
        let help = way_out(cause.kind());
        let error = Self::new(Kind::File, doing).caused_by(cause);
        match help {
            Some(help) => error.help(help),
            None => error,
        }
    }
}

/// Reads a file as UTF-8.
///
/// # Errors
/// The file cannot be read, or is not UTF-8; the error names the place.
pub fn read_utf8(path: &Path) -> Result<String> {
    let bytes = std::fs::read(path)
        .map_err(|cause| Error::io(format!("cannot read `{}`", path.display()), cause))?;
    utf8(bytes, path)
}

/// The text of a file. Errors: not UTF-8; the error names the place.
pub(crate) fn utf8(bytes: Vec<u8>, path: &Path) -> Result<String> {
    // Some editors begin a file with a byte order mark.
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).map(<[u8]>::to_vec).unwrap_or(bytes);
    String::from_utf8(bytes).map_err(|cause| {
        not_utf8(&path.display().to_string(), cause.as_bytes(), cause.utf8_error(), 1)
    })
}

/// The error of a text that is not UTF-8 and begins at this line of the file.
pub(crate) fn not_utf8(file: &str, text: &[u8], cause: Utf8Error, first_line: usize) -> Error {
    let valid = String::from_utf8_lossy(&text[..cause.valid_up_to()]);
    let valid = valid.strip_prefix('\u{feff}').unwrap_or(&valid);
    let line = first_line + valid.matches('\n').count();
    let column = valid.chars().rev().take_while(|c| *c != '\n').count() + 1;
    let message = format!("`{file}` is not UTF-8: line {line}, column {column}");
    Error::new(Kind::DataFile, message).help("save the file as UTF-8 and run the command again")
}

/// The fix for a reason that the system reports.
fn way_out(reason: std::io::ErrorKind) -> Option<&'static str> {
    use std::io::ErrorKind;
    Some(match reason {
        ErrorKind::NotFound => "check the path, and that the folder still exists",
        ErrorKind::PermissionDenied => {
            "allow this user to read and write there, or give another path"
        }
        ErrorKind::ReadOnlyFilesystem => "make the disk writable, or give a path on another one",
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            "make room, then run the command again"
        }
        ErrorKind::FileTooLarge => "look at the limits of the process (`ulimit -f`)",
        ErrorKind::IsADirectory | ErrorKind::NotADirectory | ErrorKind::AlreadyExists => {
            "move it away, or give another path"
        }
        ErrorKind::InvalidFilename => "use a shorter path without special characters",
        ErrorKind::InvalidData => "save the file as UTF-8",
        ErrorKind::AddrInUse => "stop the program that listens there, or use another address",
        ErrorKind::AddrNotAvailable => "give an address of this machine",
        // Some reasons, such as too many symbolic links, have no stable name.
        _ => return None,
    })
}
