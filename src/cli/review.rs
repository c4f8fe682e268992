//! `onerow review`

use clap_complete::engine::ArgValueCompleter;

use super::common::{DateArgs, ProjectArgs};
use super::{Effects, Outcome, completions};
use crate::error::{Error, Kind, Result};
use crate::project::Project;
use crate::report::{self, Format, Reviewed};
use crate::review::{self, Impact, Revision, RuleChange, RuleReview};
use crate::rule::RuleName;
use crate::window::{Day, DayArg, Window, WindowArg};

/// The default date for which both versions are rendered: fixed, so that the same change gives the same text
/// every day.
const SAMPLE: &str = "2026-01-28";

/// What a change to rules or templates means, as Markdown for a pull request, or as JSON
#[derive(clap::Args)]
#[command(after_help = "\
Compares the work tree with a git revision, which it reads without touching the work tree. --impact
counts the duplicates of both definitions on a warehouse, and changes nothing there.

Examples:
  onerow review --base origin/main
  onerow review --base origin/main --impact --last 7 --warehouse prod
  onerow review --base HEAD --impact --date 2026-01-28 --examples 5
  onerow review --base origin/main --format json")]
pub(super) struct Args {
    /// Only this rule
    #[arg(value_name = "RULE", add = ArgValueCompleter::new(completions::rules))]
    rule: Option<String>,
    /// The revision to compare with
    #[arg(long, value_name = "REV")]
    base: String,
    #[command(flatten)]
    dates: DateArgs,
    /// Count the duplicates of both definitions on the warehouse
    #[arg(long)]
    impact: bool,
    /// Show up to N rows whose fate differs, with values from the table: a pull request is read by
    /// more people than the table
    #[arg(long, value_name = "N", default_value_t = 0, requires = "impact")]
    examples: u32,
    /// Exit with 4 when something changed
    #[arg(long)]
    exit_code: bool,
    // ONEROW_FORMAT is for results that are tables.
    /// How the review is written: markdown, or json for programs
    #[arg(
        long,
        value_name = "FORMAT",
        value_enum,
        default_value_t = Format::Markdown,
        hide_possible_values = true
    )]
    format: Format,
    #[command(flatten)]
    project: ProjectArgs,
}

pub(super) fn run(args: &Args, effects: &Effects) -> Result<Outcome> {
    if !matches!(args.format, Format::Markdown | Format::Json) {
        return Err(Error::new(Kind::Usage, "a review is Markdown or JSON, not a table")
            .help("leave --format out for Markdown, or write --format json"));
    }
    let new = args.project.open()?;
    let old = Revision::find(&new.folder, &args.base)?.project()?;
    let window = window(args, &new, effects)?;
    let mut reviews = review::review(old.as_ref(), &new, &window);
    if let Some(rule) = &args.rule {
        known(rule, &new, old.as_ref())?;
        reviews.retain(|review| review.rule.as_str() == rule);
    }
    let changed = !reviews.is_empty();
    let impacts = match &old {
        Some(old) if args.impact => impacts(args, effects, old, &new, &window, &reviews)?,
        _ => Vec::new(),
    };
    let reviewed = Reviewed { window: &window, reviews: &reviews, impacts: &impacts };
    effects.print(&match args.format {
        Format::Json => report::json(&report::review_json(&reviewed)),
        _ => report::review(&reviewed),
    })?;
    Ok(if changed && args.exit_code { Outcome::Duplicates } else { Outcome::Done })
}

fn known(rule: &str, new: &Project, old: Option<&Project>) -> Result<()> {
    let was = old.is_some_and(|old| old.file.rule(rule).is_ok());
    if was { Ok(()) } else { new.file.rule(rule).map(drop) }
}

fn window(args: &Args, project: &Project, effects: &Effects) -> Result<Window> {
    let given = match args.dates.given() {
        Some(given) => given,
        None if args.impact => {
            return Err(Error::new(Kind::Dates, "--impact needs dates")
                .help("say which dates are counted, such as --last 7"));
        }
        None => WindowArg::Dates(vec![DayArg::On(Day::parse(SAMPLE)?)]),
    };
    // Date keywords use the first rule's time zone; a review has no single rule.
    let zone = project.file.rules.first().map(|rule| rule.time_zone.clone());
    given.resolve(args.project.clock(effects).now(), &zone.unwrap_or(jiff::tz::TimeZone::UTC))
}

/// The impact on each changed rule that both versions have; prints a message for rules that cannot be
/// counted.
fn impacts(
    args: &Args,
    effects: &Effects,
    old: &Project,
    new: &Project,
    window: &Window,
    reviews: &[RuleReview],
) -> Result<Vec<(RuleName, Result<Impact>)>> {
    let engine = args.project.connecting_for(new.clone(), effects);
    let changed = reviews.iter().filter(|review| matches!(review.change, RuleChange::Changed(_)));
    let impact = |rule: &RuleName| engine.impact(old, rule, window, args.examples);
    Ok(changed.map(|review| (review.rule.clone(), impact(&review.rule))).collect())
}
