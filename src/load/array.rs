//! A JSON array, of which one element is held at a time.

use std::io::{self, BufRead};

use super::part::{MAX_BYTES, Part};
use crate::error::{Error, Kind, Result};

/// The position in an array that is being read.
pub(super) struct Elements {
    /// The elements read so far.
    pub number: u64,
    /// The line of the next byte.
    line: usize,
    /// The bytes of that line before it.
    column: usize,
    state: State,
}

#[derive(Clone, Copy)]
enum State {
    /// Before the array's `[`.
    Before,
    Inside,
    After,
}

/// Where a scan is within an element.
#[derive(Default)]
struct Nesting {
    depth: usize,
    in_string: bool,
    escaped: bool,
}

impl Nesting {
    /// Whether the element ends with this byte.
    fn ends_with(&mut self, byte: u8) -> bool {
        match byte {
            _ if self.escaped => self.escaped = false,
            b'\\' if self.in_string => self.escaped = true,
            b'"' => self.in_string = !self.in_string,
            b'{' | b'[' if !self.in_string => self.depth += 1,
            b'}' | b']' if !self.in_string => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        self.depth == 0 && !self.in_string
    }
}

impl Default for Elements {
    fn default() -> Self {
        Self { number: 0, line: 1, column: 0, state: State::Before }
    }
}

impl Elements {
    /// Moves to the next element; returns false at the end of the array.
    pub fn next<R: BufRead>(&mut self, part: &mut Part<R>) -> Result<bool> {
        let byte = match (self.state, self.peek(part)?) {
            (State::After, None) => return Ok(false),
            (State::After, Some(_)) => {
                return Err(self.wrong(part, "text follows the end of the array"));
            }
            (State::Before, _) => {
                self.state = State::Inside;
                self.step(part, 1, b"[");
                self.peek(part)?
            }
            (State::Inside, Some(b',')) if self.number > 0 => {
                self.step(part, 1, b",");
                match self.peek(part)? {
                    Some(b']') => {
                        return Err(self.wrong(part, "an element is missing after the comma"));
                    }
                    other => other,
                }
            }
            (State::Inside, Some(b']') | None) => self.peek(part)?,
            (State::Inside, Some(_)) => {
                return Err(self.wrong(part, "a comma is missing before this element"));
            }
        };
        match byte {
            Some(b'{') => self.take(part).map(|()| true),
            Some(b']') => {
                self.step(part, 1, b"]");
                self.state = State::After;
                self.next(part)
            }
            Some(_) => Err(self.wrong(part, "this element of the array is not a JSON object")),
            None => Err(self.wrong(part, "the array has no closing `]`: the file was cut off")),
        }
    }

    /// The next byte that is not blank, not consumed.
    fn peek<R: BufRead>(&mut self, part: &mut Part<R>) -> Result<Option<u8>> {
        loop {
            let buffer = filled(part)?;
            if buffer.is_empty() {
                return Ok(None);
            }
            let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
            // A byte order mark can only be the first thing in the file.
            let mark: &[u8] = "\u{feff}".as_bytes();
            let is_first = (self.line, self.column) == (1, 0);
            let blanks = match is_first && buffer.starts_with(mark) {
                true => mark.len(),
                false => buffer.iter().take_while(|byte| is_blank(byte)).count(),
            };
            if blanks == 0 {
                return Ok(buffer.first().copied());
            }
            let passed = buffer[..blanks].to_vec();
            self.step(part, blanks, &passed);
        }
    }

    /// Consumes bytes.
    fn step<R: BufRead>(&mut self, part: &mut Part<R>, count: usize, bytes: &[u8]) {
        self.passed(bytes);
        part.reader.consume(count);
    }

    fn passed(&mut self, bytes: &[u8]) {
        match bytes.iter().rposition(|byte| *byte == b'\n') {
            Some(last) => {
                self.line += bytes.iter().filter(|byte| **byte == b'\n').count();
                self.column = bytes.len() - last - 1;
            }
            None => self.column += bytes.len(),
        }
    }

    /// Reads the element that begins here into the part.
    fn take<R: BufRead>(&mut self, part: &mut Part<R>) -> Result<()> {
        let (mut element, mut nesting) = (Vec::new(), Nesting::default());
        let first_line = self.line;
        self.number += 1;
        // With the blanks before it, the columns of its first line are those of the file.
        let indent = if self.column <= MAX_INDENT { self.column } else { 0 };
        element.resize(indent, b' ');
        loop {
            let buffer = filled(part)?;
            let end = buffer.iter().position(|byte| nesting.ends_with(*byte));
            let count = end.map_or(buffer.len(), |end| end + 1);
            if count == 0 {
                return Err(self.wrong(part, "this element has no end: the file was cut off"));
            }
            let start = element.len();
            element.extend_from_slice(&buffer[..count]);
            part.reader.consume(count);
            self.passed(&element[start..]);
            if element.len() > MAX_BYTES {
                return Err(part.too_long("the element that begins in line", first_line));
            }
            if end.is_some() {
                return part.set(element, first_line);
            }
        }
    }

    /// An error at the next byte.
    fn wrong<R: BufRead>(&self, part: &mut Part<R>, message: &str) -> Error {
        let indent = if self.column <= MAX_INDENT { self.column } else { 0 };
        let mut shown = " ".repeat(indent);
        if let Ok(buffer) = part.reader.fill_buf() {
            let line = buffer.split(|byte| *byte == b'\n').next().unwrap_or_default();
            shown.push_str(&String::from_utf8_lossy(&line[..line.len().min(MAX_INDENT)]));
        }
        match part.set(shown.into_bytes(), self.line) {
            Ok(()) => part.error(indent..indent + 1, message),
            Err(error) => error,
        }
    }
}

/// An element further to the right is shown as if its line began with it: an array in one line may be long.
const MAX_INDENT: usize = 200;

fn filled<R: BufRead>(part: &mut Part<R>) -> Result<&[u8]> {
    loop {
        match part.reader.fill_buf() {
            Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
            Err(cause) => {
                return Err(Error::io(format!("cannot read `{}`", part.file), cause));
            }
            // Asked for again, because the borrow of a match that returns lasts too long.
            Ok(_) => break,
        }
    }
    part.reader.fill_buf().map_err(|cause| Error::new(Kind::DataFile, cause.to_string()))
}
