//! Functions of STRING, which count characters, not bytes.

use rusqlite::types::Value;

use super::{Arguments, Entry, Outcome, unknown};

pub(super) const TABLE: &[Entry] = &[
    ("onerow_like", 2, |a| Ok(truth(like(a.text(0)?, a.text(1)?)?))),
    ("onerow_lower", 1, |a| lower(a.text(0)?)),
    ("onerow_upper", 1, |a| upper(a.text(0)?)),
    ("onerow_trim", 2, |a| trim(a, char::is_whitespace)),
    ("onerow_trim", 3, |a| {
        let set: Vec<char> = a.text(2)?.chars().collect();
        trim(a, |c| set.contains(&c))
    }),
    ("onerow_length", 1, |a| Ok(Value::Integer(a.text(0)?.chars().count() as i64))),
    ("onerow_substr", 2, |a| substr(a.text(0)?, a.int(1)?, i64::MAX)),
    ("onerow_substr", 3, |a| substr(a.text(0)?, a.int(1)?, a.int(2)?)),
    ("onerow_starts_with", 2, |a| Ok(truth(a.text(0)?.starts_with(a.text(1)?)))),
    ("onerow_ends_with", 2, |a| Ok(truth(a.text(0)?.ends_with(a.text(1)?)))),
    ("onerow_replace", 3, replace),
    ("onerow_left", 2, |a| end_of(a, "LEFT", |text, length| text.chars().take(length).collect())),
    ("onerow_right", 2, |a| {
        end_of(a, "RIGHT", |text, length| {
            text.chars().skip(text.chars().count().saturating_sub(length)).collect()
        })
    }),
    ("onerow_lpad", 2, |a| padded(a, "LPAD", " ")),
    ("onerow_lpad", 3, |a| padded(a, "LPAD", a.text(2)?)),
    ("onerow_rpad", 2, |a| padded(a, "RPAD", " ")),
    ("onerow_rpad", 3, |a| padded(a, "RPAD", a.text(2)?)),
    ("onerow_strpos", 2, |a| Ok(Value::Integer(position(a.text(0)?, a.text(1)?)))),
    ("onerow_split_at", 4, split_at),
];

fn truth(value: bool) -> Value {
    Value::Integer(value.into())
}

fn lower(text: &str) -> Outcome {
    mapped(text, |c| {
        // BigQuery's handling of the final sigma is not documented.
        let mut lower = c.to_lowercase();
        (lower.len() == 1 && c != 'Σ').then(|| lower.next()).flatten()
    })
}

fn upper(text: &str) -> Outcome {
    mapped(text, |c| {
        let mut upper = c.to_uppercase();
        (upper.len() == 1).then(|| upper.next()).flatten()
    })
}

fn mapped(text: &str, map: impl Fn(char) -> Option<char>) -> Outcome {
    text.chars()
        .map(|c| map(c).ok_or_else(|| unknown(&format!("the other case of `{c}`"))))
        .collect::<Result<String, _>>()
        .map(Value::Text)
}

fn trim(arguments: &Arguments<'_>, is_trimmed: impl Fn(char) -> bool) -> Outcome {
    let text = arguments.text(1)?;
    Ok(Value::Text(
        match arguments.text(0)? {
            "L" => text.trim_start_matches(is_trimmed),
            "R" => text.trim_end_matches(is_trimmed),
            _ => text.trim_start_matches(&is_trimmed).trim_end_matches(&is_trimmed),
        }
        .to_owned(),
    ))
}

/// Positions count from 1; 0 counts as 1; negative ones count from the end.
fn substr(text: &str, position: i64, length: i64) -> Outcome {
    let length = usize::try_from(length).map_err(|_| "SUBSTR: the length is negative")?;
    let skipped = match position {
        0 => 0,
        1.. => usize::try_from(position - 1).unwrap_or(usize::MAX),
        _ => {
            let back = usize::try_from(position.unsigned_abs()).unwrap_or(usize::MAX);
            text.chars().count().saturating_sub(back)
        }
    };
    Ok(Value::Text(text.chars().skip(skipped).take(length).collect()))
}

fn replace(arguments: &Arguments<'_>) -> Outcome {
    let (text, from, to) = (arguments.text(0)?, arguments.text(1)?, arguments.text(2)?);
    Ok(Value::Text(if from.is_empty() { text.to_owned() } else { text.replace(from, to) }))
}

/// The characters at one end of a text.
fn end_of(arguments: &Arguments<'_>, name: &str, taken: impl Fn(&str, usize) -> String) -> Outcome {
    let length = usize::try_from(arguments.int(1)?)
        .map_err(|_| format!("{name}: the number of characters is negative"))?;
    Ok(Value::Text(taken(arguments.text(0)?, length)))
}

/// The longest text that LPAD and RPAD give, in bytes.
const LONGEST_PADDED: usize = 1 << 20;

fn padded(arguments: &Arguments<'_>, name: &str, pattern: &str) -> Outcome {
    let (text, length) = (arguments.text(0)?, arguments.int(1)?);
    let length = usize::try_from(length).map_err(|_| format!("{name}: the length is negative"))?;
    if pattern.is_empty() {
        return Err(format!("{name}: the text to pad with is empty"));
    }
    if length > LONGEST_PADDED {
        return Err(format!("{name}: the result is longer than 1 MB"));
    }
    let missing = length.saturating_sub(text.chars().count());
    let padding: String = pattern.chars().cycle().take(missing).collect();
    let padded = match (missing, name) {
        (0, _) => text.chars().take(length).collect(),
        (_, "LPAD") => padding + text,
        _ => text.to_owned() + &padding,
    };
    match padded.len() <= LONGEST_PADDED {
        true => Ok(Value::Text(padded)),
        false => Err(format!("{name}: the result is longer than 1 MB")),
    }
}

/// The 1-based position; 0 if not found.
fn position(text: &str, part: &str) -> i64 {
    text.find(part).map_or(0, |at| text[..at].chars().count() as i64 + 1)
}

/// `onerow_split_at(text, separator, place, keyword)`: an element of SPLIT.
fn split_at(arguments: &Arguments<'_>) -> Outcome {
    let (text, separator, place) = (arguments.text(0)?, arguments.text(1)?, arguments.int(2)?);
    let keyword = arguments.text(3)?;
    let first = if keyword.ends_with("ORDINAL") { 1 } else { 0 };
    let place_from_0 = place.checked_sub(first).and_then(|place| usize::try_from(place).ok());
    let element = |place| match (text.is_empty(), separator.is_empty()) {
        (false, true) => text.chars().nth(place).map(String::from),
        _ => text.split(separator).nth(place).map(str::to_owned),
    };
    match (place_from_0.and_then(element), keyword.starts_with("SAFE_")) {
        (Some(element), _) => Ok(Value::Text(element)),
        (None, true) => Ok(Value::Null),
        (None, false) => Err(format!("array index {place} is out of bounds")),
    }
}

enum Part {
    Any,
    One,
    Exactly(char),
}

fn like(text: &str, pattern: &str) -> Result<bool, String> {
    let parts = parts(pattern)?;
    let text: Vec<char> = text.chars().collect();
    let (mut t, mut p) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while t < text.len() {
        match parts.get(p) {
            Some(Part::Any) => {
                retry = Some((p + 1, t));
                p += 1;
            }
            Some(Part::One) => (t, p) = (t + 1, p + 1),
            Some(Part::Exactly(c)) if *c == text[t] => (t, p) = (t + 1, p + 1),
            _ => match retry {
                Some((after, at)) => {
                    retry = Some((after, at + 1));
                    (t, p) = (at + 1, after);
                }
                None => return Ok(false),
            },
        }
    }
    Ok(parts[p..].iter().all(|part| matches!(part, Part::Any)))
}

/// Whether LIKE accepts this pattern; the error says what is wrong.
pub(crate) fn is_pattern(pattern: &str) -> Result<(), String> {
    parts(pattern).map(|_| ())
}

fn parts(pattern: &str) -> Result<Vec<Part>, String> {
    let mut parts = Vec::new();
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        parts.push(match c {
            '%' => Part::Any,
            '_' => Part::One,
            '\\' => Part::Exactly(chars.next().ok_or("LIKE: the pattern ends in a backslash")?),
            c => Part::Exactly(c),
        });
    }
    Ok(parts)
}
