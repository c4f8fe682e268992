//! The filter `of`: qualifies every column of an expression with a relation's alias. The rest of the text is
//! unchanged.

use minijinja::value::{Value, ValueKind};
use minijinja::{Error, ErrorKind, State};
use sqlparser::parser::Parser;

use super::literal::{sql, undefined};
use super::whole;
use crate::googlesql::{columns, parse, tokens};

/// The filter: an expression, or each of a list.
pub(super) fn of(state: &State<'_, '_>, value: Value, alias: &str) -> Result<Value, Error> {
    match value.kind() {
        ValueKind::Seq | ValueKind::Iterable => {
            value.try_iter()?.map(|item| of_one(state, &item, alias)).collect()
        }
        _ => of_one(state, &value, alias),
    }
}

fn of_one(state: &State<'_, '_>, value: &Value, alias: &str) -> Result<Value, Error> {
    if value.is_undefined() {
        return Err(undefined(value));
    }
    if !value.is_safe() {
        return Err(refused("`of` takes SQL, such as {{ rule.key }}".to_owned()));
    }
    let text = value.to_string();
    if whole::is_mark(&text) {
        return Ok(value.clone());
    }
    // Parsing takes about as long as this many instructions.
    state.consume_fuel(10 + text.len() as u64)?;
    qualified(&text, alias).map(sql).map_err(refused)
}

fn refused(message: String) -> Error {
    Error::new(ErrorKind::InvalidOperation, message)
}

/// The expression with `alias.` before each of its columns. The error is a phrase.
fn qualified(text: &str, alias: &str) -> Result<String, String> {
    let tokens = tokens(text).map_err(|error| error.to_string())?;
    let expr = parse(tokens, Parser::parse_expr).map_err(|error| error.to_string())?;
    let mut lines: Vec<Vec<char>> = text.split('\n').map(|line| line.chars().collect()).collect();
    // In reverse, so that earlier places stay valid.
    let mut places: Vec<_> = columns(&expr).iter().map(|name| name.span.start).collect();
    places.sort();
    for place in places.into_iter().rev() {
        let line = usize::try_from(place.line).ok().and_then(|line| line.checked_sub(1));
        let line = line.and_then(|line| lines.get_mut(line));
        let at = usize::try_from(place.column).ok().and_then(|column| column.checked_sub(1));
        match (line, at) {
            (Some(line), Some(at)) if at <= line.len() => {
                line.splice(at..at, alias.chars().chain(['.']));
            }
            _ => return Err(format!("the place of a column in `{text}` is not known")),
        }
    }
    Ok(lines.into_iter().map(String::from_iter).collect::<Vec<String>>().join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_get_the_alias_and_nothing_else_does() {
        for (text, expected) in [
            ("game_id", "m.game_id"),
            ("`order`", "m.`order`"),
            ("date = DATE '2026-01-28'", "m.date = DATE '2026-01-28'"),
            ("COALESCE(player, 'it\\'s', @run_id)", "COALESCE(m.player, 'it\\'s', @run_id)"),
            ("DATE_TRUNC(DATE(day), WEEK(MONDAY))", "DATE_TRUNC(DATE(m.day), WEEK(MONDAY))"),
            ("DATE_TRUNC(day, month)", "DATE_TRUNC(m.day, month)"),
            ("DATE_DIFF(a, b, DAY) + day", "DATE_DIFF(m.a, m.b, DAY) + m.day"),
            ("EXTRACT(YEAR FROM played)", "EXTRACT(YEAR FROM m.played)"),
            ("home.team || 'é' || away", "m.home.team || 'é' || m.away"),
            ("event.params[OFFSET(n)].value", "m.event.params[OFFSET(m.n)].value"),
            ("NORMALIZE(name, NFKC)", "NORMALIZE(m.name, NFKC)"),
            ("d < CURRENT_DATE", "m.d < CURRENT_DATE"),
            (
                "((d BETWEEN DATE '2026-01-01' AND DATE '2026-01-02') OR (d = DATE '2026-02-01'))",
                "((m.d BETWEEN DATE '2026-01-01' AND DATE '2026-01-02') OR (m.d = DATE '2026-02-01'))",
            ),
        ] {
            assert_eq!(qualified(text, "m").as_deref(), Ok(expected));
        }
    }

    #[test]
    fn a_value_is_no_expression() {
        let environment = minijinja::Environment::new();
        assert!(of(&environment.empty_state(), Value::from("game_id"), "m").is_err());
    }
}
