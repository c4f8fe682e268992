//! `onerow explain`

use bytesize::ByteSize;

use super::common::{Common, DATES};
use super::{Effects, Outcome};
use crate::engine::Engine;
use crate::error::{Error, Kind, Result, did_you_mean};
use crate::googlesql::{Fragment, Ident, SqlValue};
use crate::report::{self, Format};
use crate::rule::Rule;
use crate::run::{Superseded, Which};
use crate::window::{Day, MAX_DAYS, Window};

/// How many dates are looked at in one query, so that what it finds of other keys need not be held at once.
const AT_ONCE: usize = 1_000;

/// Show which row a run would remove, or has removed, which one survives, and why; changes nothing
#[derive(clap::Args)]
#[command(after_help = "\
Without dates it shows the last 14; with --key it looks at every date that the table has, as the
warehouse's list of partitions says, and says first what that bills.

Examples:
  onerow explain
  onerow explain --key order_id=1001
  onerow explain orders --last 30 --key order_id=1001
  onerow explain by_line --date 2026-01-28 --key current_points_line=NULL --format json
  onerow explain --run 20260130T0741
  onerow explain orders --run last")]
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
    #[arg(long, value_enum, default_value_t, env = "ONEROW_FORMAT", hide_env_values = true)]
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
            Format::Csv => report::removed_csv(rule, &removed),
            _ => report::removed(effects.style(args.format), rule, &removed),
        })?;
        return Ok(Outcome::Done);
    }
    let rules = args.common.rules(engine.project())?;
    let wanted = rules.iter().map(|rule| places(rule, &args.key)).collect::<Result<Vec<_>>>()?;
    let mut explained = Vec::new();
    for (rule, wanted) in rules.into_iter().zip(wanted) {
        let mut rows = Vec::new();
        let windows = windows(args, &engine, rule, effects)?;
        let looked_at = looked_at(&windows, !wanted.is_empty());
        for window in windows {
            let found = engine.explain(rule, &window)?;
            rows.extend(found.into_iter().filter(|row| is_wanted(row, &wanted)));
        }
        explained.push((rule, looked_at, rows));
    }
    let style = effects.style(args.format);
    let text = match args.format {
        Format::Json => report::json(&report::one_or_all(
            explained.iter().map(|(rule, _, rows)| report::explained_json(rule, rows)).collect(),
        )),
        Format::Csv => {
            let explained = explained.iter().map(|(rule, _, rows)| (*rule, rows.as_slice()));
            report::explained_csv(explained)
        }
        _ => {
            let texts = explained
                .iter()
                .map(|(rule, looked_at, rows)| report::explained(style, rule, looked_at, rows));
            texts.collect::<Vec<_>>().join("\n")
        }
    };
    effects.print(&text)?;
    Ok(Outcome::Done)
}

/// The dates to look at, in parts: those that are given; for a key all that the table has, else the last ones.
fn windows(args: &Args, engine: &Engine, rule: &Rule, effects: &Effects) -> Result<Vec<Window>> {
    let common = &args.common;
    if args.key.is_empty() || common.dates.given().is_some() || rule.partition.is_whole() {
        return Ok(vec![common.window_to_look(rule, effects)?]);
    }
    let Some(mut days) = engine.dates(rule)? else {
        effects.say(&format!(
            "{}: the warehouse does not say which dates the table has, so the key is looked for on the last {DATES} \
             only; name others with --from or --last",
            rule.name
        ));
        return Ok(vec![common.window_to_look(rule, effects)?]);
    };
    let left_out = days.len().saturating_sub(MAX_DAYS);
    days.drain(..left_out);
    let (Some(first), Some(last)) = (days.first(), days.last()) else { return Ok(Vec::new()) };
    let mut said = format!(
        "{}: looking for the key on all {} of the table, {first} to {last}",
        rule.name,
        report::count(days.len() as u64, "date")
    );
    if left_out > 0 {
        said.push_str(&format!(
            "; the {left_out} before that are left out, name them with --from and --to"
        ));
    }
    let windows = days
        .chunks(AT_ONCE)
        .map(|days| Window::of_days(days.to_vec()))
        .collect::<Result<Vec<_>>>()?;
    if engine.is_remote() {
        let bytes = windows.iter().map(|window| engine.explain_bytes(rule, window));
        let bytes: Option<u64> = bytes.collect::<Result<Vec<_>>>()?.into_iter().sum();
        match bytes {
            Some(bytes) => said.push_str(&format!("; that bills at most {}", ByteSize(bytes))),
            None => said.push_str("; the warehouse does not say how much that bills"),
        }
    }
    effects.say(&said);
    Ok(windows)
}

/// What was looked at, as it reads after 'no duplicates'.
fn looked_at(windows: &[Window], of_key: bool) -> String {
    let of_key = if of_key { " of this key" } else { "" };
    let (Some(first), Some(last)) = (windows.first(), windows.last()) else {
        return format!("{of_key}: the table has no dates");
    };
    let place = match (first.first(), last.last()) {
        (Day::WHOLE, _) => String::new(),
        (Day::UNDATED, Day::UNDATED) => " among the rows without a date".to_owned(),
        (first, last) if first == last => format!(" on {first}"),
        (first, last) => format!(" from {first} to {last}"),
    };
    format!("{of_key}{place}")
}

fn key_value(text: &str) -> Result<String> {
    match text.contains('=') {
        true => Ok(text.to_owned()),
        false => Err(Error::new(Kind::Usage, "not a key column and its value")
            .help("write it as COLUMN=VALUE, such as `order_id=1001`")),
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
