//! The results of `doctor`.

use clap::builder::styling::{AnsiColor, Style as Colour};
use serde_json::{Value as Json, json};

use super::grid::{grid, printable};
use super::{Format, Style};
use crate::doctor::{Line, Topic, Verdict};

/// One line per check, grouped by rule.
pub fn doctor(style: Style, lines: &[Line]) -> String {
    let blocks = lines.chunk_by(|a, b| title(a) == title(b)).map(|block| {
        let title = title(&block[0]);
        match style.format {
            Format::Markdown => format!("**{title}**\n\n{}", table(style, block)),
            _ => {
                let lines = block.iter().map(|line| text(style, line));
                format!("{title}\n{}", lines.collect::<String>())
            }
        }
    });
    blocks.collect::<Vec<_>>().join("\n")
}

fn title(line: &Line) -> String {
    match &line.rule {
        Some(rule) => format!("rule {rule}"),
        None if line.topic == Topic::Webhook => "webhooks".to_owned(),
        None => "warehouse".to_owned(),
    }
}

fn table(style: Style, lines: &[Line]) -> String {
    let rows = lines.iter().map(|line| {
        let remedy = line.remedy.as_deref().unwrap_or_default();
        vec![
            line.verdict.as_str().into(),
            line.topic.as_str().into(),
            line.seen.as_str().into(),
            remedy.into(),
        ]
    });
    grid(style, &["", "what", "seen", "remedy"], rows.collect(), None)
}

fn text(style: Style, line: &Line) -> String {
    let colour = if style.colour { colour(line.verdict) } else { Colour::new() };
    let remedy = line.remedy.as_ref().map(|remedy| format!(" → {remedy}")).unwrap_or_default();
    let sentence = printable(&format!("{}{remedy}", line.seen), style.format);
    format!("  {colour}{:<7}{colour:#}  {:<16}  {sentence}\n", line.verdict, line.topic.as_str())
}

fn colour(verdict: Verdict) -> Colour {
    match verdict {
        Verdict::Good => AnsiColor::Green.on_default(),
        Verdict::Advice => AnsiColor::Yellow.on_default(),
        Verdict::Bad => AnsiColor::Red.on_default(),
        Verdict::Skipped => Colour::new().dimmed(),
    }
}

/// The lines as JSON objects.
pub fn doctor_json(lines: &[Line]) -> Json {
    let objects = lines.iter().map(|line| {
        json!({
            "rule": line.rule.as_ref().map(|rule| rule.as_str()),
            "topic": line.topic.as_str(),
            "verdict": line.verdict.as_str(),
            "seen": line.seen,
            "remedy": line.remedy,
        })
    });
    Json::Array(objects.collect())
}
