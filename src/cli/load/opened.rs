//! The files of `onerow load`: opened, read once to check them, and compared with what was loaded before.

use std::fs::File;
use std::io::{self, BufRead, Seek};
use std::path::Path;

use super::Args;
use crate::cli::Effects;
use crate::cli::consent::confirm;
use crate::engine::Loader;
use crate::error::{Error, Kind, Result};
use crate::googlesql::TableName;
use crate::load::{
    Columns, FileFormat, FileRows, Rows, TextFormat, decompressed, first_byte, rows, sha256,
};

/// The name of standard input, on the command line.
pub(super) const STDIN: &str = "-";

/// The name of a file's format, on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum FormatArg {
    /// Separated values, with a header line
    Csv,
    /// JSON objects: one a line, or an array of them
    Json,
    /// Apache Parquet
    Parquet,
}

/// A file to load.
pub(super) struct Opened<'a> {
    /// Its name in messages.
    pub name: String,
    /// The SHA-256 of its content, as hexadecimal digits; `None` for a pipe, which can be read only once.
    pub sha256: Option<String>,
    /// Its rows.
    pub rows: FileRows<'a>,
}

/// Opens a file. A regular one is read twice, so that a file with errors creates no warehouse and takes no lock.
pub(super) fn opened<'a>(path: &Path, args: &Args, columns: Columns<'a>) -> Result<Opened<'a>> {
    if path == Path::new(STDIN) {
        let name = "standard input".to_owned();
        let failed = |cause| Error::io("cannot read standard input", cause);
        let mut input = decompressed(io::stdin()).map_err(failed)?;
        let format = match args.file_format {
            None => FileFormat::Text(guessed(&mut input).map_err(failed)?),
            Some(given) => of(given),
        };
        let FileFormat::Text(format) = separated(format, args)? else {
            return Err(Error::new(Kind::Usage, "Parquet cannot be read from standard input")
                .help("it is not read from front to back: name the file"));
        };
        let rows = Box::new(Rows::new(&name, input, format, columns));
        return Ok(Opened { name, sha256: None, rows });
    }
    let name = path.display().to_string();
    let failed = |cause| Error::io(format!("cannot read `{name}`"), cause);
    let mut file = File::open(path).map_err(failed)?;
    let format = match args.file_format {
        None => FileFormat::of_path(path).map_err(|error| {
            let names = error.remedy().unwrap_or_default().to_owned();
            error.help(format!("{names}; or say what it is, with --file-format"))
        })?,
        Some(given) => of(given),
    };
    let format = separated(format, args)?;
    let mut known = None;
    if file.metadata().map_err(failed)?.is_file() {
        known = Some(sha256(&file).map_err(failed)?);
        file.rewind().map_err(failed)?;
        let again = file.try_clone().map_err(failed)?;
        rows(&name, again, format, columns)?.try_for_each(|row| row.map(drop))?;
        file.rewind().map_err(failed)?;
    }
    let rows = rows(&name, file, format, columns)?;
    Ok(Opened { name, sha256: known, rows })
}

fn of(given: FormatArg) -> FileFormat {
    match given {
        FormatArg::Csv => FileFormat::Text(TextFormat::Csv(None)),
        FormatArg::Json => FileFormat::Text(TextFormat::Json),
        FormatArg::Parquet => FileFormat::Parquet,
    }
}

/// The format with the separator of the command line. Errors: the file is not CSV.
fn separated(format: FileFormat, args: &Args) -> Result<FileFormat> {
    match (format, args.separator) {
        (format, None) => Ok(format),
        (FileFormat::Text(TextFormat::Csv(_)), given @ Some(_)) => {
            Ok(FileFormat::Text(TextFormat::Csv(given)))
        }
        (FileFormat::Text(TextFormat::Json) | FileFormat::Parquet, Some(_)) => {
            Err(Error::new(Kind::Usage, "--separator is for CSV, and a file is JSON or Parquet")
                .help("leave out `--separator`, or load the files one after the other"))
        }
    }
}

/// JSON begins with a bracket, which no header of a CSV file does.
fn guessed(input: &mut dyn BufRead) -> io::Result<TextFormat> {
    Ok(match first_byte(input.fill_buf()?) {
        Some(b'{' | b'[') => TextFormat::Json,
        _ => TextFormat::Csv(None),
    })
}

/// Refuses, or asks about, files whose content was loaded into the table before, or is there twice.
pub(super) fn ask_about_known(
    files: &[Opened<'_>],
    table: &TableName,
    loader: &Loader,
    args: &Args,
    effects: &Effects,
) -> Result<()> {
    if args.yes {
        return Ok(());
    }
    let mut known = Vec::new();
    for (number, Opened { name, sha256, .. }) in files.iter().enumerate() {
        let Some(sha256) = sha256 else { continue };
        let same = files[..number].iter().find(|other| other.sha256.as_ref() == Some(sha256));
        if let Some(Opened { name: other, .. }) = same {
            known.push(format!("`{name}` has the same content as `{other}`"));
        } else if let (false, Some(before)) = (args.replace, loader.loaded_before(table, sha256)?) {
            let at = before.at.strftime("%Y-%m-%d %H:%M:%S UTC");
            let of =
                if before.file == *name { String::new() } else { format!(" as `{}`", before.file) };
            known.push(format!("`{name}` was loaded into {}{of} at {at}", table.dotted()));
        }
    }
    let known = known.join("; ");
    if known.is_empty() {
        return Ok(());
    }
    let again = "each of its rows would be there twice";
    if !effects.has_person() {
        return Err(Error::new(Kind::NotConfirmed, format!("{known}: {again}")).help(
            "pass `--replace` to remove the table's rows first, or `--yes` to load the file again",
        ));
    }
    confirm(&format!("{known}. Load again, so that {again}?"), "nothing was loaded")
}
