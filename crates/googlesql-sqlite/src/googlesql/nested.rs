//! The types of nested columns, and their values as JSON text.

use std::borrow::Cow;
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;

use super::{Ident, SqlType, SqlValue};
use crate::error::{Error, Kind, Result};
use crate::functions::json;

/// A column's type, including the types nested in it.
///
/// Source: <https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types#nested_types>
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Nested {
    /// A type without nested types.
    Scalar(SqlType),
    /// Values of one type, not NULL.
    Array(Box<Nested>),
    /// Named fields, in order.
    Struct(Vec<(Ident, Nested)>),
}

impl Nested {
    /// The type without its nested types.
    pub fn sql_type(&self) -> SqlType {
        match self {
            Self::Scalar(sql_type) => *sql_type,
            Self::Array(_) => SqlType::Array,
            Self::Struct(_) => SqlType::Struct,
        }
    }

    /// Parses a type such as `ARRAY<STRUCT<key STRING, n INT64>>`.
    ///
    /// # Errors
    /// The text is not a type; the error names the wrong part.
    pub fn parse(text: &str) -> Result<Self> {
        let text = text.trim();
        let wrong = |what: &str| Error::new(Kind::Name, format!("`{text}`: {what}"));
        let Some((_, inner)) = text.split_once('<') else {
            return match text.parse()? {
                SqlType::Array | SqlType::Struct => {
                    Err(wrong("what is in it is missing; write ARRAY<…> or STRUCT<name type, …>"))
                }
                scalar => Ok(Self::Scalar(scalar)),
            };
        };
        let inner = inner.strip_suffix('>').ok_or_else(|| wrong("its last sign must be `>`"))?;
        match text.parse()? {
            SqlType::Array => match Self::parse(inner)? {
                Self::Array(_) => Err(wrong("BigQuery has no ARRAY of ARRAY")),
                element => Ok(Self::Array(Box::new(element))),
            },
            SqlType::Struct => {
                let mut fields: Vec<(Ident, Self)> = Vec::new();
                for field in split(inner).ok_or_else(|| wrong("its `<` and `>` do not match"))? {
                    let (name, of) = field
                        .trim()
                        .split_once(char::is_whitespace)
                        .ok_or_else(|| wrong("a field of STRUCT needs a name and a type"))?;
                    let name = Ident::parse(name.trim_matches('`'))?;
                    if fields.iter().any(|(known, _)| known.same_column(name.as_str())) {
                        return Err(wrong(&format!("it has two fields {name}")));
                    }
                    fields.push((name, Self::parse(of)?));
                }
                Ok(Self::Struct(fields))
            }
            scalar => Ok(Self::Scalar(scalar)),
        }
    }

    /// The first nested type whose values cannot be read from JSON here, if any.
    pub fn unknown(&self) -> Option<SqlType> {
        match self {
            Self::Scalar(of @ (SqlType::Geography | SqlType::Interval | SqlType::Range)) => {
                Some(*of)
            }
            Self::Scalar(_) => None,
            Self::Array(element) => element.unknown(),
            Self::Struct(fields) => fields.iter().find_map(|(_, of)| of.unknown()),
        }
    }

    /// The value of this JSON text, as TO_JSON_STRING prints it: fields in the order of the type, missing
    /// ones as null, no spaces. As in a load job, a null ARRAY is empty, and field names ignore case.
    ///
    /// Source: <https://cloud.google.com/bigquery/docs/loading-data-cloud-storage-json>
    ///
    /// # Errors
    /// The value does not match the type; the error has its place in the value: `value.n: …`.
    pub fn canonical(&self, raw: &str) -> std::result::Result<String, String> {
        let mut text = String::new();
        self.write(raw.trim(), "", &mut text)?;
        Ok(text)
    }

    fn write(&self, raw: &str, path: &str, to: &mut String) -> std::result::Result<(), String> {
        let wrong = |what: &str| match path {
            "" => what.to_owned(),
            path => format!("{}: {what}", path.trim_start_matches('.')),
        };
        match (self, raw) {
            (Self::Array(_), "null") => to.push_str("[]"),
            (_, "null") => to.push_str("null"),
            (Self::Scalar(SqlType::Json), _) => {
                let value: serde_json::Value = serde_json::from_str(raw)
                    .map_err(|_| wrong(&format!("`{raw}` is not JSON")))?;
                to.push_str(&value.to_string());
            }
            (Self::Scalar(of), _) => to.push_str(&scalar(*of, raw).map_err(|e| wrong(&e))?),
            (Self::Array(element), _) => {
                let values: Vec<&RawValue> = serde_json::from_str(raw)
                    .map_err(|_| wrong(&format!("it must be a JSON array, for {self}")))?;
                for (i, value) in values.iter().enumerate() {
                    to.push(if i == 0 { '[' } else { ',' });
                    let path = format!("{path}[{i}]");
                    if value.get() == "null" {
                        let place = path.trim_start_matches('.');
                        return Err(format!("{place}: no element of an ARRAY can be NULL"));
                    }
                    element.write(value.get(), &path, to)?;
                }
                to.push_str(if values.is_empty() { "[]" } else { "]" });
            }
            (Self::Struct(fields), _) => {
                let members: Members<'_> = serde_json::from_str(raw)
                    .map_err(|_| wrong(&format!("it must be a JSON object, for {self}")))?;
                let mut given = vec![None; fields.len()];
                for (name, value) in &members.0 {
                    let field = fields.iter().position(|(field, _)| field.same_column(name));
                    let field = field.ok_or_else(|| {
                        wrong(&format!("there is no field `{}` in {self}", name.escape_debug()))
                    })?;
                    if given[field].replace(value.get()).is_some() {
                        return Err(wrong(&format!("the field `{name}` is listed twice")));
                    }
                }
                for (i, ((name, of), value)) in fields.iter().zip(given).enumerate() {
                    to.push(if i == 0 { '{' } else { ',' });
                    to.push_str(&json::quoted(name.as_str()));
                    to.push(':');
                    of.write(value.unwrap_or("null"), &format!("{path}.{}", name.as_str()), to)?;
                }
                to.push_str(if fields.is_empty() { "{}" } else { "}" });
            }
        }
        Ok(())
    }
}

fn scalar(of: SqlType, raw: &str) -> std::result::Result<String, String> {
    let wrong = || format!("{raw} is no value of type {of}");
    let number =
        matches!(of, SqlType::Int64 | SqlType::Float64 | SqlType::Numeric | SqlType::BigNumeric);
    let text = match raw.as_bytes().first() {
        Some(b'"') => serde_json::from_str(raw).map_err(|error| error.to_string())?,
        Some(b't' | b'f') if of == SqlType::Bool => raw.to_owned(),
        Some(b'-' | b'0'..=b'9') if number => raw.to_owned(),
        _ => return Err(wrong()),
    };
    if of == SqlType::Bytes {
        let bytes =
            STANDARD.decode(&text).map_err(|_| format!("{raw} is no base64, as BYTES is"))?;
        return Ok(json::quoted(&STANDARD.encode(bytes)));
    }
    match SqlValue::parse(&text, of).map_err(|error| error.headline())? {
        SqlValue::Float64(number) if !number.is_finite() => Err(wrong()),
        value => Ok(json::text(&value)),
    }
}

/// Splits at commas outside brackets; `None` if brackets do not match.
fn split(text: &str) -> Option<Vec<&str>> {
    let (mut parts, mut start, mut depth) = (Vec::new(), 0, 0_usize);
    for (at, c) in text.char_indices() {
        match c {
            '<' | '(' => depth += 1,
            '>' | ')' => depth = depth.checked_sub(1)?,
            ',' if depth == 0 => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    (depth == 0).then_some(parts)
}

impl fmt::Display for Nested {
    /// In normal form: upper case, one space after each comma.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scalar(sql_type) => sql_type.fmt(f),
            Self::Array(element) => write!(f, "ARRAY<{element}>"),
            Self::Struct(fields) => {
                let fields = fields.iter().map(|(name, of)| format!("{} {of}", name.as_str()));
                write!(f, "STRUCT<{}>", fields.collect::<Vec<_>>().join(", "))
            }
        }
    }
}

/// A JSON object with unparsed values and every key, duplicates included.
#[derive(Debug)]
pub struct Members<'a>(pub Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: serde::Deserializer<'de>>(
        deserializer: D,
    ) -> std::result::Result<Self, D::Error> {
        struct Entries;

        impl<'de> Visitor<'de> for Entries {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(
                self,
                mut map: A,
            ) -> std::result::Result<Members<'de>, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Members(entries))
            }
        }

        deserializer.deserialize_map(Entries)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARAMS: &str = "array<struct<key string, value STRUCT<s STRING,n INT64, x NUMERIC(10, 2), b BYTES, at TIMESTAMP, ok BOOL, f FLOAT64, tags ARRAY<STRING>>>>";

    #[test]
    fn a_type_is_written_in_normal_form_and_read_again() {
        let of = Nested::parse(PARAMS).unwrap();
        let text = "ARRAY<STRUCT<key STRING, value STRUCT<s STRING, n INT64, x NUMERIC, b BYTES, at TIMESTAMP, ok BOOL, f FLOAT64, tags ARRAY<STRING>>>>";
        assert_eq!(of.to_string(), text);
        assert_eq!(Nested::parse(text).unwrap(), of);
        for (text, what) in [
            ("ARRAY", "what is in it is missing"),
            ("ARRAY<ARRAY<INT64>>", "no ARRAY of ARRAY"),
            ("STRUCT<INT64>", "a name and a type"),
            ("STRUCT<a INT64, A STRING>", "two fields"),
            ("ARRAY<INT64", "last sign"),
            ("ARRAY<STRNG>", "did you mean"),
            ("STRUCT<a ARRAY<INT64>, b INT64>>", "do not match"),
        ] {
            let error = Nested::parse(text).unwrap_err().to_string();
            assert!(error.contains(what), "{text}: {error}");
        }
    }

    #[test]
    fn a_value_is_kept_as_to_json_string_writes_it() {
        let of = Nested::parse(PARAMS).unwrap();
        let raw = r#" [ {"KEY": "p\u00e9", "value": {"n": "9007199254740993", "x": 0.123456789, "b": "eA==", "at": "2026-01-28 08:00:00 UTC", "ok": true, "f": 1e2, "s": "a\/b"}}, {} ] "#;
        let kept = of.canonical(raw).unwrap();
        assert_eq!(
            kept,
            r#"[{"key":"pé","value":{"s":"a/b","n":"9007199254740993","x":"0.123456789","b":"eA==","at":"2026-01-28T08:00:00Z","ok":true,"f":100,"tags":[]}},{"key":null,"value":null}]"#
        );
        assert_eq!(of.canonical(&kept).unwrap(), kept, "twice is once");
        assert_eq!(of.canonical("null").unwrap(), "[]");
        assert_eq!(Nested::parse("STRUCT<a INT64>").unwrap().canonical("null").unwrap(), "null");
    }

    #[test]
    fn a_value_of_another_type_is_refused_with_its_place() {
        let of = Nested::parse(PARAMS).unwrap();
        for (raw, says) in [
            (r#"{"a": 1}"#, "it must be a JSON array"),
            (r#"[null]"#, "[0]: no element of an ARRAY can be NULL"),
            (r#"[{"value": {"n": "x"}}]"#, "[0].value.n: `x` is not an INT64"),
            (r#"[{"value": {"n": 1.5}}]"#, "[0].value.n: `1.5` is not an INT64"),
            (r#"[{"value": {"n": true}}]"#, "[0].value.n: true is no value of type INT64"),
            (r#"[{"value": {"s": 1}}]"#, "[0].value.s: 1 is no value of type STRING"),
            (r#"[{}, {"value": {"tags": ["a", null]}}]"#, "[1].value.tags[1]: no element"),
            (r#"[{"key": "a", "Key": "b"}]"#, "[0]: the field `Key` is listed twice"),
            (r#"[{"kay": "a"}]"#, "[0]: there is no field `kay`"),
            (r#"[{"value": {"b": "*"}}]"#, "[0].value.b: \"*\" is no base64"),
            (r#"[{"value": {"f": "NaN"}}]"#, "[0].value.f: \"NaN\" is no value"),
        ] {
            let error = of.canonical(raw).unwrap_err();
            assert!(error.contains(says), "{raw}: {error}");
        }
    }
}
