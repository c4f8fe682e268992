//! minijinja's errors as ours: what is wrong, with file, line and column.

use std::collections::BTreeMap;

use super::limits;
use crate::error::{Error, Kind, Place};

/// An error of a template.
pub(super) fn new(message: String) -> Error {
    Error::new(Kind::Template, message)
}

/// The innermost minijinja error, with its place in the template.
pub(super) fn template_error(
    error: &minijinja::Error,
    paths: &BTreeMap<String, String>,
    text: Option<&str>,
) -> Error {
    let mut innermost = error;
    while let Some(source) = std::error::Error::source(innermost)
        .and_then(|source| source.downcast_ref::<minijinja::Error>())
    {
        innermost = source;
    }
    let detail = innermost.detail().map_or(String::new(), |detail| format!(": {detail}"));
    let result =
        limits::reached(innermost).unwrap_or_else(|| new(format!("{}{detail}", innermost.kind())));
    let result = match innermost.kind() {
        minijinja::ErrorKind::UndefinedError => result.help(
            "templates know rule, window and vars; a value of your own comes from [rule.NAME.vars] or --var name=value",
        ),
        _ => result,
    };
    let (Some(name), Some(source)) = (innermost.name(), innermost.template_source().or(text))
    else {
        return result;
    };
    let path = paths.get(name).map_or(name, String::as_str);
    result.at(match (innermost.range(), innermost.line()) {
        (Some(range), _) => Place::new(path, source, range),
        (None, line) => Place::of_line(path, source, line.unwrap_or(1), 1),
    })
}
