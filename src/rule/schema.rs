//! The JSON Schema of the rule file, from which the known keys are taken.

use serde_json::Value as Json;
use toml::de::{DeTable, DeValue};

use super::document::{Document, Source};
use crate::error::{Error, Kind, Result, did_you_mean};

/// The JSON Schema of `onerow.toml`, for editors.
pub fn schema() -> Json {
    schemars::schema_for!(Document).to_value()
}

/// Refuses an unknown key, with its place and the nearest known key.
pub(super) fn refuse_unknown_keys(source: &Source) -> Result<()> {
    let document = DeTable::parse(&source.text).map_err(|error| source.toml_error(&error))?;
    let schema = schema();
    Keys { source, root: &schema }.table(document.get_ref(), &schema, &[])
}

struct Keys<'a> {
    source: &'a Source,
    root: &'a Json,
}

impl Keys<'_> {
    fn table(&self, table: &DeTable<'_>, schema: &Json, path: &[&str]) -> Result<()> {
        let schema = self.resolve(schema);
        let known = schema.get("properties").and_then(Json::as_object);
        for (key, value) in table {
            let name: &str = key.get_ref();
            let of_key = known.and_then(|known| known.get(name));
            let of_key = match of_key.or_else(|| schema.get("additionalProperties")) {
                Some(Json::Bool(false)) => {
                    let known = known.into_iter().flatten().map(|(key, _)| key.as_str());
                    // The value may be an address that was meant to be secret.
                    let hidden = self.source.hiding(value.span());
                    let place = match path {
                        ["webhook", ..] => hidden.moved(key.span()),
                        _ => self.source.place(key.span()),
                    };
                    return Err(Error::new(Kind::RuleFile, unknown(name, path))
                        .at(place)
                        .help(did_you_mean(name, known)));
                }
                Some(of_key) => of_key,
                None => continue,
            };
            if let DeValue::Table(inner) = value.get_ref() {
                self.table(inner, of_key, &[path, &[name]].concat())?;
            }
        }
        Ok(())
    }

    fn resolve<'a>(&'a self, schema: &'a Json) -> &'a Json {
        // The schema of an optional section is itself or null.
        let options = schema.get("anyOf").and_then(Json::as_array);
        let section = options.and_then(|any| any.iter().find(|one| one.get("$ref").is_some()));
        let schema = section.unwrap_or(schema);
        let target = schema.get("$ref").and_then(Json::as_str).and_then(|r| r.strip_prefix('#'));
        target.and_then(|pointer| self.root.pointer(pointer)).unwrap_or(schema)
    }
}

fn unknown(name: &str, path: &[&str]) -> String {
    match path {
        [] => format!("unknown key `{}`", name.escape_debug()),
        path => format!("unknown key `{}` in [{}]", name.escape_debug(), path.join(".")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_describes_every_key_of_a_rule() {
        let schema = schema();
        let rule = &schema["$defs"]["RuleSection"];
        assert_eq!(rule["additionalProperties"], false);
        for key in ["table", "partition", "key", "keep"] {
            assert!(rule["properties"][key]["description"].is_string(), "{key}");
            assert!(rule["required"].as_array().unwrap().contains(&key.into()), "{key}");
        }
    }

    /// An editor shows both beside a key.
    #[test]
    fn every_key_is_described_and_has_an_example_where_its_value_is_free() {
        let schema = schema();
        let sections = schema["$defs"].as_object().unwrap();
        let all = sections.iter().map(|(name, section)| (name.as_str(), section));
        for (section, of) in all.chain([("", &schema)]) {
            for (key, value) in of["properties"].as_object().into_iter().flatten() {
                let name = format!("{section}.{key}");
                assert!(value["description"].is_string(), "{name} is not described");
                let types = value["type"].to_string();
                let is_free = types.contains("string") || types.contains("array");
                let is_listed = value.to_string().contains("$ref") || value["enum"].is_array();
                // The name of a step or of a column is anybody's.
                let is_name = ["DetailedStep.name", "StagingSection.columns"].contains(&&*name);
                assert!(
                    !is_free || is_listed || is_name || value["examples"].is_array(),
                    "{name} has no example"
                );
            }
        }
    }
}
