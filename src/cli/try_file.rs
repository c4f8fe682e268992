//! `onerow try`

use std::path::PathBuf;

use serde_json::{Value as Json, json};

use super::init::{FromFile, WishArgs, from_file, quoted};
use super::{Effects, Outcome};
use crate::engine::Engine;
use crate::error::Result;
use crate::propose::Proposal;
use crate::report::{self, Format};
use crate::rule::Rule;
use crate::run::Superseded;
use crate::statement::{Statement, StepName};
use crate::window::{MAX_DAYS, Window};

/// Show the duplicates of a file, and the SQL that would remove them; needs no project, writes nothing
#[derive(clap::Args)]
#[command(after_help = "\
What is not given is proposed from the names of the columns and from counts of their values.

Examples:
  onerow try orders.csv
  onerow try orders.csv --key order_id,line --keep 'updated_at DESC'
  onerow try events.ndjson --key event_id --partition none --format json")]
pub(super) struct Args {
    /// The file: .csv, .tsv, .json, .jsonl or .ndjson, each also with .gz, or .parquet
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    wishes: WishArgs,
    /// How results are written
    #[arg(long, value_enum, default_value_t, env = "ONEROW_FORMAT", hide_env_values = true)]
    format: Format,
}

/// So many duplicates are shown; the counts are of all.
const SHOWN: usize = 20;

pub(super) fn run(args: &Args, effects: &Effects) -> Result<Outcome> {
    super::common::refuse_csv_of_sql(args.format)?;
    let found = from_file(&args.file, None, &args.wishes.wishes(), effects.clock)?;
    let FromFile { engine, proposal, rows } = &found;
    effects.say(&format!("{}: {}", args.file.display(), report::count(*rows, "row")));
    let rule = engine.rule(&proposal.name)?;
    let Some(window) = window(engine, rule, effects)? else { return Ok(Outcome::Done) };
    let status = engine.status(rule, &window)?;
    let duplicates = engine.explain(rule, &window)?;
    let statement = statement(engine, rule, &duplicates)?;
    let style = effects.style(args.format);
    if args.format == Format::Json {
        let sql = statement.iter().map(|statement| Json::from(statement.sql.as_str()));
        effects.print(&report::json(&json!({
            "rule": proposal.text(),
            "notes": proposal.notes,
            "status": report::days_json(&status),
            "duplicates": report::explained_json(rule, &duplicates)["superseded"].clone(),
            "sql": sql.collect::<Vec<_>>(),
        })))?;
        return Ok(Outcome::Done);
    }
    say_rule(proposal, effects);
    let mut text = report::days(style, &status);
    if !duplicates.is_empty() {
        let shown = &duplicates[..duplicates.len().min(SHOWN)];
        text.push('\n');
        text.push_str(&report::explained(style, rule, "", shown));
    }
    if let Some(statement) = &statement {
        text.push('\n');
        text.push_str(&report::statements(style, &rule.name, std::slice::from_ref(statement)));
    }
    effects.print(&text)?;
    if duplicates.len() > SHOWN {
        effects.say(&format!("{} further duplicates are not shown", duplicates.len() - SHOWN));
    }
    effects.say(&format!(
        "nothing was changed; `onerow init --file {}{} DIR` writes this rule, with a comment beside each setting",
        quoted(&args.file.display().to_string()),
        args.wishes.options()
    ));
    Ok(Outcome::Done)
}

/// All dates of the file; `None` if no row has one.
fn window(engine: &Engine, rule: &Rule, effects: &Effects) -> Result<Option<Window>> {
    if rule.partition.is_whole() {
        return Ok(Some(Window::whole()));
    }
    let mut days = engine.dates(rule)?.unwrap_or_default();
    if days.is_empty() {
        effects.say("no row has a date; try --partition none");
        return Ok(None);
    }
    let left_out = days.len().saturating_sub(MAX_DAYS);
    if left_out > 0 {
        days.drain(..left_out);
        effects.say(&format!("the {left_out} dates before {} are left out", days[0]));
    }
    Window::of_days(days).map(Some)
}

/// What removes the duplicates of the first date that has some.
fn statement(engine: &Engine, rule: &Rule, duplicates: &[Superseded]) -> Result<Option<Statement>> {
    let Some(first) = duplicates.first() else { return Ok(None) };
    let window = rule.periods(&Window::day(first.day))?;
    let step = StepName::parse(rule.strategy.step())?;
    Ok(engine.render(rule, &[step], &window)?.into_iter().next())
}

/// What the rule is, a line for each setting that decides.
fn say_rule(proposal: &Proposal, effects: &Effects) {
    for name in ["key", "keep", "partition", "active", "strategy"] {
        let Some(setting) = proposal.settings.iter().find(|setting| setting.name == name) else {
            continue;
        };
        let why = match setting.why.as_str() {
            "" => "as given",
            why => why,
        };
        effects.say(&format!("{name} = {} ({why})", setting.value.toml()));
    }
    proposal.notes.iter().for_each(|note| effects.say(&format!("note: {note}")));
}
