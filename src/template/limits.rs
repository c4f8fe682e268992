//! Limits of a template's work, memory, nesting and length. A template that loops, recurses or grows too much
//! ends with an error that says so.

use crate::error::{Error, Kind, Place, Result};
use crate::googlesql::MAX_BYTES;

/// minijinja's fuel for rendering one statement: an instruction costs one, and so do 64 bytes of text or
/// values, so the limit is about 64 MB and a second. The most expensive shipped template uses 241,333 for
/// 10,000 dates that are not a range (the largest window), 920 for a range of 3,650, and 152,160 for 1,000
/// columns; a test measures it.
pub(super) const FUEL: u64 = 1_000_000;

/// minijinja's nesting limit: an include or a macro call counts about 10, a loop 1. The deepest shipped
/// template uses less than 50. Half of minijinja's own limit, so that it also fits the 2 MiB stack of a
/// thread.
pub(super) const RECURSION: usize = 250;

/// The maximum length of a template in bytes. The longest shipped one has 5 KiB.
const TEMPLATE_BYTES: usize = 64 * 1024;

/// The stack per byte of a template during compilation: `a+a+a+…` is as deep as it is long, and uses less
/// than half of this for each operator.
const COMPILED_BYTE: usize = 2 * 1024;

/// The stack per byte during rendering, where repeated `{% set x = [x] %}` nests values.
const RENDERED_BYTE: usize = 64;

/// The base stack of templates.
const STACK: usize = 512 * 1024;

/// Compiles a template of this text, on a stack that is large enough.
pub(super) fn compiling<T>(text: &str, work: impl FnOnce() -> T) -> T {
    on_stack(STACK + text.len() * COMPILED_BYTE, work)
}

/// Renders with own templates of this length, on a stack that is large enough.
pub(super) fn rendering<T>(own: usize, work: impl FnOnce() -> T) -> T {
    on_stack(STACK + own * RENDERED_BYTE, work)
}

fn on_stack<T>(needed: usize, work: impl FnOnce() -> T) -> T {
    stacker::maybe_grow(needed, needed, work)
}

/// Refuses a template that is too long.
pub(super) fn check_template(path: &str, text: &str) -> Result<()> {
    if text.len() <= TEMPLATE_BYTES {
        return Ok(());
    }
    let message = format!("a template is {} bytes long; the limit is {TEMPLATE_BYTES}", text.len());
    Err(Error::new(Kind::TemplateLimit, message)
        .at(Place::of_line(path, text, 1, 1))
        .help("split it into steps, or move parts of it into files of macros"))
}

/// Refuses a statement that is too long. `path` is that of its template.
pub(super) fn check_statement(path: &str, sql: &str) -> Result<()> {
    if sql.len() <= MAX_BYTES {
        return Ok(());
    }
    let message = format!(
        "`{path}` renders to a statement of {} bytes; BigQuery's limit is {MAX_BYTES}",
        sql.len()
    );
    Err(Error::new(Kind::TemplateLimit, message)
        .help("name fewer dates in one command, or dates in a row: `--from A --to B`"))
}

/// minijinja's errors about limits, reworded; `None` for other errors.
pub(super) fn reached(error: &minijinja::Error) -> Option<Error> {
    let nested = error.detail().is_some_and(|detail| detail.contains("recursion limit"));
    let (message, help) = match error.kind() {
        minijinja::ErrorKind::OutOfFuel => (
            format!(
                "the template takes too long to render: more than {FUEL} instructions or {} MB",
                FUEL * 64 / 1_000_000
            ),
            "look for a loop that multiplies work, or text that grows with each turn; else name fewer dates in one command",
        ),
        _ if nested => (
            format!("the template is nested too deeply: more than {RECURSION} levels"),
            "look for a macro that calls itself without end, or a file that includes itself",
        ),
        _ => return None,
    };
    Some(Error::new(Kind::TemplateLimit, message).help(help))
}
