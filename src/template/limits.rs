//! How much a template may use: of work, memory, nesting and text. A template that loops, calls
//! itself or blows up ends with an error that says so.

use crate::error::{Error, Kind, Place, Result};
use crate::googlesql::MAX_BYTES;

/// minijinja's fuel for rendering one statement: an instruction costs one, and 64 bytes of text or
/// values cost one, so that this is at most about 64 MB and a second. The dearest shipped template takes
/// 241,333 for 10,000 dates that are no range, the largest window there is, 920 for a range of 3,650,
/// and 152,160 for 1,000 columns; a test measures it.
pub(super) const FUEL: u64 = 1_000_000;

/// minijinja's limit of nesting: an include or a call of a macro counts about 10, a loop 1. The
/// deepest shipped template takes less than 50. Half of minijinja's own limit, so that it also holds
/// on the 2 MiB stack of a thread.
pub(super) const RECURSION: usize = 250;

/// The longest template. The longest shipped one has 5 KiB.
const TEMPLATE_BYTES: usize = 64 * 1024;

/// What a byte of a template may cost of the stack while it is compiled: `a+a+a+…` is as deep as it
/// is long, and takes less than half of this for each of its operators.
const COMPILED_BYTE: usize = 2 * 1024;

/// The same while it is rendered, when `{% set x = [x] %}` after another nests values.
const RENDERED_BYTE: usize = 64;

/// The stack that templates need apart from that.
const STACK: usize = 512 * 1024;

/// Compiles a template of this text, on a stack that is large enough for it.
pub(super) fn compiling<T>(text: &str, work: impl FnOnce() -> T) -> T {
    on_stack(STACK + text.len() * COMPILED_BYTE, work)
}

/// Renders with own templates of this length, on a stack that is large enough for them.
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

/// What minijinja says of a limit, in our words; `None` for its other errors.
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
