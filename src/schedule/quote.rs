//! Quoting a text as one word in each configuration language.

use minijinja::{Environment, Error, ErrorKind};

type Quoted = Result<String, Error>;

/// Adds the filters for quoting.
pub(super) fn add_filters(environment: &mut Environment<'_>) {
    environment.add_filter("sh", sh);
    environment.add_filter("crontab", |text: &str| text.replace('%', "\\%"));
    environment.add_filter("string", string);
    environment.add_filter("unit", unit);
    environment.add_filter("exec", |text: &str| unit(text).replace('$', "$$"));
}

/// Quotes one word of a POSIX shell.
fn sh(text: &str) -> Quoted {
    shlex::try_quote(text).map(Into::into).map_err(|cause| {
        Error::new(ErrorKind::InvalidOperation, "this cannot be quoted").with_source(cause)
    })
}

/// Quotes a JSON string, which YAML and Python read as the same string.
fn string(text: &str) -> Quoted {
    serde_json::to_string(text).map_err(|cause| {
        Error::new(ErrorKind::InvalidOperation, "this cannot be quoted").with_source(cause)
    })
}

/// Quotes one word of a setting in a systemd unit; commands need [`exec`](add_filters), which escapes `$`.
fn unit(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-/:=@+,".contains(c);
    let text = text.replace('%', "%%");
    match text.chars().all(plain) && !text.is_empty() {
        true => text,
        false => format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_survive_a_unit() {
        assert_eq!(unit("/srv/a"), "/srv/a");
        assert_eq!(unit("a b"), "\"a b\"");
        assert_eq!(unit("100%"), "\"100%%\"");
        assert_eq!(unit("\"\\"), "\"\\\"\\\\\"");
    }
}
