//! minijinja's errors as onerow's: the problem, with file, line and column, and the fix.

use std::collections::BTreeMap;

use minijinja::{ErrorKind, Value};

use super::limits;
use crate::error::{Error, Kind, Place, did_you_mean, nearest};

/// The filters that templates use, for 'did you mean'.
const FILTERS: [&str; 34] = [
    "commas", "raw", "ident", "of", "indent", "upper", "select", "reject", "string", "split",
    "sum", "round", "title", "lines", "abs", "batch", "default", "dictsort", "first", "int",
    "items", "join", "last", "length", "list", "lower", "map", "max", "min", "replace", "reverse",
    "sort", "trim", "unique",
];

const KNOWN: &str = "a template knows `rule`, `window` and `vars`; set a value of your own in [rule.NAME.vars], or \
     with --var name=value";

/// A template error.
pub(super) fn new(message: String) -> Error {
    Error::new(Kind::Template, message)
}

/// The innermost minijinja error, with the innermost place in the template. `paths` has the templates by name,
/// `text` is a template that does not parse, and `context` has the template's variables.
pub(super) fn template_error(
    error: &minijinja::Error,
    paths: &BTreeMap<String, String>,
    text: Option<&str>,
    context: &Value,
) -> Error {
    let (mut innermost, mut placed) = (error, error);
    while let Some(source) = std::error::Error::source(innermost)
        .and_then(|source| source.downcast_ref::<minijinja::Error>())
    {
        innermost = source;
        // What a filter calls has no place of its own.
        placed = if source.name().is_some() { source } else { placed };
    }
    let result = limits::reached(innermost).unwrap_or_else(|| reworded(innermost, paths, context));
    let (Some(name), Some(source)) = (placed.name(), placed.template_source().or(text)) else {
        return result;
    };
    let path = paths.get(name).map_or(name, String::as_str);
    result.at(match (placed.range(), placed.line()) {
        (Some(range), _) => Place::new(path, source, range),
        (None, line) => Place::of_line(path, source, line.unwrap_or(1), 1),
    })
}

fn reworded(error: &minijinja::Error, paths: &BTreeMap<String, String>, context: &Value) -> Error {
    let detail = error.detail().unwrap_or_default();
    let quoted = |mark: char| detail.split(mark).nth(1).unwrap_or(detail);
    let marked = |marks: [char; 2]| detail.split(marks).nth(1).unwrap_or(detail);
    match error.kind() {
        ErrorKind::UndefinedError if detail.starts_with('`') => {
            let name = quoted('`');
            new(format!("`{name}` has no value")).help(meant(name, context))
        }
        ErrorKind::UndefinedError => {
            new("a name that is used here has no value".to_owned()).help(KNOWN)
        }
        ErrorKind::UnknownFilter => {
            let name = detail.trim_start_matches("filter ").trim_end_matches(" is unknown");
            new(format!("there is no filter `{name}`")).help(did_you_mean(name, FILTERS))
        }
        ErrorKind::UnknownFunction => {
            let name = detail.trim_end_matches(" is unknown");
            new(format!("there is no macro or function `{name}`"))
                .help("import the macro first: {% from \"_survivors.sql\" import ranked %}")
        }
        ErrorKind::TemplateNotFound => {
            let name = marked(['\'', '"']);
            let known = paths.keys().map(String::as_str);
            new(format!("there is no template `{name}`")).help(did_you_mean(name, known))
        }
        ErrorKind::SyntaxError if detail.contains("expected end of variable block") => {
            new(format!("the expression does not end: {detail}")).help("close it with `}}`")
        }
        ErrorKind::SyntaxError if detail.contains("end of input, expected end of block") => {
            new("a block does not end before the end of the file".to_owned())
                .help("close it, such as `{% if … %}` with `{% endif %}`")
        }
        ErrorKind::SyntaxError => new(format!("the template does not parse: {detail}")),
        kind if detail.is_empty() => new(kind.to_string()),
        _ => new(detail.to_owned()),
    }
}

/// The most similar known name, if any.
fn meant(name: &str, context: &Value) -> String {
    let (object, member) = match name.rsplit_once('.') {
        Some((object, member)) => (context.get_attr(object).unwrap_or_default(), member),
        None => (context.clone(), name),
    };
    let known: Vec<String> =
        object.try_iter().into_iter().flatten().map(|key| key.to_string()).collect();
    match nearest(member, known.iter().map(String::as_str)) {
        Some(near) if name.contains('.') => {
            format!("did you mean `{}{near}`?", name.strip_suffix(member).unwrap_or_default())
        }
        Some(near) => format!("did you mean `{near}`?"),
        None => KNOWN.to_owned(),
    }
}
