//! `onerow explain`

use super::common::Common;
use super::{Effects, Outcome};
use crate::error::{Error, Kind, Result, did_you_mean};
use crate::googlesql::{Fragment, Ident, SqlValue};
use crate::report::{self, Format};
use crate::rule::Rule;
use crate::run::{Superseded, Which};

/// Show which row a run would remove, or has removed, which one survives, and why; changes nothing
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  onerow explain --date YESTERDAY
  onerow explain player_prop_predictions --last 30 --key player_lookup=lebron_james
  onerow explain by_line --date 2026-01-28 --key current_points_line=NULL --format json
  onerow explain --run 20260130T0741
  onerow explain player_prop_predictions --run last")]
pub(super) struct Args {
    #[command(flatten)]
    common: Common,
    /// What this run removed: its id, the start of its id, or `last` for the last one that removed rows
    #[arg(long, value_name = "RUN", conflicts_with_all = ["all", "dates", "from", "to", "last", "key", "vars"])]
    run: Option<String>,
    /// Only this key: an entry of the rule's key and its value, NULL for none; may be repeated
    #[arg(long, value_name = "ENTRY=VALUE", value_parser = key_value)]
    key: Vec<String>,
    /// How results are written
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(super) fn run(args: &Args, effects: &Effects) -> Result<Outcome> {
    let engine = args.common.connecting(effects)?;
    if let Some(run) = &args.run {
        let which = Which::parse(run);
        let rule = engine.rule_of(&which, args.common.rule.as_deref())?;
        let removed = engine.removed_rows(rule, &which)?;
        effects.print(&match args.format {
            Format::Json => report::json(&report::removed_json(rule, &removed)),
            _ => report::removed(effects.style(args.format), rule, &removed),
        })?;
        return Ok(Outcome::Done);
    }
    let rules = args.common.rules(engine.project())?;
    let wanted = rules.iter().map(|rule| places(rule, &args.key)).collect::<Result<Vec<_>>>()?;
    let mut explained = Vec::new();
    for (rule, wanted) in rules.into_iter().zip(wanted) {
        let mut rows = engine.explain(rule, &args.common.window(rule, effects)?)?;
        rows.retain(|row| is_wanted(row, &wanted));
        explained.push((rule, rows));
    }
    let style = effects.style(args.format);
    let text = match args.format {
        Format::Json => report::json(&report::one_or_all(
            explained.iter().map(|(rule, rows)| report::explained_json(rule, rows)).collect(),
        )),
        _ => {
            let texts = explained.iter().map(|(rule, rows)| report::explained(style, rule, rows));
            texts.collect::<Vec<_>>().join("\n")
        }
    };
    effects.print(&text)?;
    Ok(Outcome::Done)
}

fn key_value(text: &str) -> Result<String> {
    match text.contains('=') {
        true => Ok(text.to_owned()),
        false => Err(Error::new(Kind::Usage, "not a key column and its value")
            .help("write it as `player_lookup=lebron_james`")),
    }
}

/// The positions in the rule's key of the given columns, with their values.
fn places<'a>(rule: &Rule, asked: &'a [String]) -> Result<Vec<(usize, &'a str)>> {
    let place = |text: &'a String| {
        // Both an entry, such as `IF(a = b, 1, 2)`, and a value may contain `=`.
        let mut splits = text.match_indices('=').map(|(at, _)| (&text[..at], &text[at + 1..]));
        let place_of = |entry: &str| rule.key.iter().position(|key| is_entry(key, entry.trim()));
        let found = splits.find_map(|(entry, value)| Some((place_of(entry)?, value)));
        found.ok_or_else(|| {
            let entry = text.split('=').next().unwrap_or_default().trim();
            let known = rule.key.iter().map(Fragment::as_str);
            let message = format!("the key of rule {} has no entry `{entry}`", rule.name);
            Error::new(Kind::Usage, message).help(did_you_mean(entry, known))
        })
    };
    asked.iter().map(place).collect()
}

/// Whether both are the same entry, with or without backquotes.
fn is_entry(key: &Fragment, entry: &str) -> bool {
    key.as_str().eq_ignore_ascii_case(entry)
        || Ident::of_sql(key.as_str()).is_some_and(|column| column.same_column(entry))
}

fn is_wanted(row: &Superseded, wanted: &[(usize, &str)]) -> bool {
    let equals = |value: &SqlValue, text: &str| match (value, value.sql_type()) {
        (SqlValue::Null, _) => text == "NULL",
        (value, Some(sql_type)) => SqlValue::parse(text, sql_type).is_ok_and(|t| t == *value),
        (value, None) => value.to_string() == text,
    };
    wanted.iter().all(|(place, text)| row.key.get(*place).is_some_and(|v| equals(v, text)))
}
