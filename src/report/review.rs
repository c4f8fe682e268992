//! A review as Markdown, for a comment on a pull request, and as JSON. The same change gives the same text.

use serde_json::{Value as Json, json};

use super::failure::Failure;
use super::grid::{Entry, grid, grouped, printable};
use super::markdown::prose;
use super::statements::fence;
use super::{Format, Style};
use crate::error::Result;
use crate::review::{Changes, Example, Impact, ImpactDay, RuleChange, RuleReview, StepReview};
use crate::rule::RuleName;
use crate::run::RunId;
use crate::window::Window;

/// A review and its context.
pub struct Reviewed<'a> {
    /// The dates that both versions were rendered for.
    pub window: &'a Window,
    /// The rules that changed.
    pub reviews: &'a [RuleReview],
    /// The effects of the changes on the data.
    pub impacts: &'a [(RuleName, Result<Impact>)],
}

const MARKDOWN: Style = Style::plain(Format::Markdown);

/// The whole review.
pub fn review(reviewed: &Reviewed<'_>) -> String {
    if reviewed.reviews.is_empty() {
        return "onerow review: no rule and no rendered SQL changed.\n".to_owned();
    }
    let mut text = format!(
        "## onerow review\n\nThe SQL of the base revision and of this change, rendered for {}.\n",
        reviewed.window
    );
    for review in reviewed.reviews {
        text.push_str(&format!("\n### Rule `{}`\n", review.rule));
        match &review.change {
            RuleChange::Added => {
                text.push_str("\nThe rule is new; `onerow plan` shows what it would do.\n")
            }
            RuleChange::Removed => {
                text.push_str("\nThe rule was removed: it no longer cleans its table.\n")
            }
            RuleChange::Broken(error) => {
                text.push_str(&format!(
                    "\n**It cannot be compared**: {}\n",
                    line(&error.to_string())
                ));
            }
            RuleChange::Changed(changes) => text.push_str(&changed(changes)),
        }
        if let Some((_, impact)) = reviewed.impacts.iter().find(|(rule, _)| *rule == review.rule) {
            text.push_str(&data(impact));
        }
        if let RuleChange::Changed(changes) = &review.change {
            text.extend(changes.steps.iter().map(sql));
        }
    }
    text
}

fn changed(changes: &Changes) -> String {
    let of = |pick: fn(&StepReview) -> &Vec<String>| by_sentence(&changes.steps, pick);
    let mut means: Vec<String> = changes.settings.clone();
    means.extend(of(|step| &step.meaning.sentences));
    let mut found = changes.findings.clone();
    found.extend(of(|step| &step.findings));
    [
        section("What it means", &means),
        section("What could not be compared; read the SQL", &of(|step| &step.meaning.unjudged)),
        section("What `check` says of it", &found),
    ]
    .concat()
}

/// Each sentence once, with the steps that it applies to.
fn by_sentence(steps: &[StepReview], pick: fn(&StepReview) -> &Vec<String>) -> Vec<String> {
    let mut sentences: Vec<(&str, Vec<&str>)> = Vec::new();
    for step in steps {
        for sentence in pick(step) {
            match sentences.iter_mut().find(|(known, _)| known == sentence) {
                Some((_, steps)) => steps.push(step.step.as_str()),
                None => sentences.push((sentence, vec![step.step.as_str()])),
            }
        }
    }
    let lines = sentences.into_iter();
    lines.map(|(sentence, steps)| format!("{sentence} ({})", steps.join(", "))).collect()
}

fn section(title: &str, sentences: &[String]) -> String {
    if sentences.is_empty() {
        return String::new();
    }
    let lines: String =
        sentences.iter().map(|sentence| format!("- {}\n", line(sentence))).collect();
    format!("\n**{title}**\n\n{lines}")
}

/// Text on one line, without markup except for what it quotes.
fn line(text: &str) -> String {
    prose(&text.split_whitespace().collect::<Vec<_>>().join(" "))
}

fn data(impact: &Result<Impact>) -> String {
    let impact = match impact {
        Ok(impact) => impact,
        Err(error) => {
            return format!(
                "\n**What it does to the data** could not be counted: {}\n",
                line(&error.to_string())
            );
        }
    };
    let rows = impact.days.iter().map(|day| {
        vec![day.day.to_string().into(), day.active.into(), day.before.into(), day.after.into()]
    });
    let sum = |figure: fn(&ImpactDay) -> u64| impact.days.iter().map(figure).sum::<u64>();
    let total = vec![
        Entry::from("total"),
        sum(|day| day.active).into(),
        sum(|day| day.before).into(),
        sum(|day| day.after).into(),
    ];
    let header = ["date", "active rows", "duplicates before", "duplicates after"];
    let table = grid(MARKDOWN, &header, rows.collect(), Some(total));
    let keyless = keyless(impact).map(|text| format!("\n{text}\n")).unwrap_or_default();
    format!("\n**What it does to the data**\n\n{table}{keyless}{}", examples(impact))
}

/// The keys whose rows earlier runs removed under another key, in a sentence.
fn keyless(impact: &Impact) -> Option<String> {
    let sum = |of: fn(&ImpactDay) -> u64| impact.days.iter().map(of).sum::<u64>();
    let (before, after) = (sum(|day| day.keyless_before), sum(|day| day.keyless_after));
    if after == before {
        return None;
    }
    let mut text = format!(
        "Keys that have rows and no active one: {} before, {} after.",
        grouped(before),
        grouped(after)
    );
    for (run, keys) in &impact.keyless_runs {
        text.push_str(&format!(
            " Run {run} removed rows of {} of them; `onerow undo {run}` restores them.",
            grouped(*keys)
        ));
    }
    Some(text)
}

fn examples(impact: &Impact) -> String {
    if impact.examples.is_empty() {
        return String::new();
    }
    let word = |survives: bool| if survives { "survives" } else { "superseded" };
    let rows = impact.examples.iter().map(|example| {
        vec![
            example.date.as_str().into(),
            example.row_id.as_str().into(),
            example.key.join(", ").into(),
            word(example.before).into(),
            word(example.after).into(),
        ]
    });
    let header = ["date", "row id", "key", "before", "after"];
    format!("\nFor example:\n\n{}", grid(MARKDOWN, &header, rows.collect(), None))
}

fn sql(step: &StepReview) -> String {
    let fence = fence(&step.diff);
    let diff: Vec<String> = step.diff.lines().map(|line| printable(line, Format::Table)).collect();
    format!(
        "\n<details><summary>SQL of {}</summary>\n\n{fence}diff\n{}\n{fence}\n\n</details>\n",
        step.step,
        diff.join("\n")
    )
}

/// The whole review, for programs: the changed rules, each with what changed in it.
pub fn review_json(reviewed: &Reviewed<'_>) -> Json {
    let rule = |review: &RuleReview| {
        let mut document = json!({ "rule": review.rule.as_str(), "change": word(&review.change) });
        match &review.change {
            RuleChange::Added | RuleChange::Removed => {}
            RuleChange::Broken(error) => document["error"] = json!(Failure::from(error)),
            RuleChange::Changed(changes) => {
                document["settings"] = json!(changes.settings);
                document["findings"] = json!(changes.findings);
                document["steps"] = changes.steps.iter().map(step_json).collect();
            }
        }
        match reviewed.impacts.iter().find(|(rule, _)| *rule == review.rule) {
            Some((_, Ok(impact))) => document["impact"] = impact_json(impact),
            Some((_, Err(error))) => document["impact"] = json!({ "error": Failure::from(error) }),
            None => {}
        }
        document
    };
    let dates: Vec<String> = reviewed.window.days().iter().map(ToString::to_string).collect();
    json!({ "dates": dates, "rules": reviewed.reviews.iter().map(rule).collect::<Json>() })
}

fn word(change: &RuleChange) -> &'static str {
    match change {
        RuleChange::Added => "added",
        RuleChange::Removed => "removed",
        RuleChange::Changed(_) => "changed",
        RuleChange::Broken(_) => "not_comparable",
    }
}

fn step_json(step: &StepReview) -> Json {
    json!({
        "step": step.step.as_str(),
        "means": step.meaning.sentences,
        "not_judged": step.meaning.unjudged,
        "findings": step.findings,
        "diff": step.diff,
    })
}

fn impact_json(impact: &Impact) -> Json {
    let date = |day: &ImpactDay| {
        json!({
            "date": day.day.to_string(),
            "active": day.active,
            "duplicates_before": day.before,
            "duplicates_after": day.after,
            "keyless_before": day.keyless_before,
            "keyless_after": day.keyless_after,
        })
    };
    let example = |example: &Example| {
        json!({
            "date": example.date,
            "row_id": example.row_id,
            "key": example.key,
            "survives_before": example.before,
            "survives_after": example.after,
        })
    };
    let run = |(run, keys): &(RunId, u64)| json!({ "run_id": run.as_str(), "keys": keys });
    json!({
        "dates": impact.days.iter().map(date).collect::<Json>(),
        "keyless_runs": impact.keyless_runs.iter().map(run).collect::<Json>(),
        "examples": impact.examples.iter().map(example).collect::<Json>(),
    })
}
