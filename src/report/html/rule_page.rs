//! One rule in full: the dates of any range, and its last runs.

use minijinja::{Value, context};

use super::links::Links;
use super::status;
use super::template::{Frame, render};
use super::text::time;
use super::{Rules, Viewer};
use crate::error::Result;

/// A range of dates, by the word in the address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Range {
    /// Seven dates up to yesterday.
    Week,
    /// Thirty dates up to yesterday.
    Month,
    /// Ninety-two dates up to yesterday.
    Quarter,
    /// Every date that the table has.
    All,
}

impl Range {
    const EACH: [(Self, &'static str); 4] = [
        (Self::Week, "week"),
        (Self::Month, "month"),
        (Self::Quarter, "quarter"),
        (Self::All, "all"),
    ];

    /// The range of this word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::EACH.iter().find(|(_, known)| *known == word).map(|(range, _)| *range)
    }

    /// The words, for a message.
    pub fn words() -> String {
        Self::EACH.map(|(_, word)| word).join(", ")
    }

    /// The number of dates up to yesterday; `None` for all.
    pub fn dates(self) -> Option<u32> {
        match self {
            Self::Week => Some(7),
            Self::Month => Some(30),
            Self::Quarter => Some(92),
            Self::All => None,
        }
    }
}

/// The page of one rule.
#[derive(Debug)]
pub struct RulePage<'a> {
    /// The rule, as the only one.
    pub rules: Rules<'a>,
    /// The range that was asked for; `None` if two dates were, or nothing.
    pub range: Option<Range>,
    /// What the reader should know of the dates, as a sentence.
    pub note: Option<String>,
    /// Whether there is a page of all rules to go back to.
    pub has_others: bool,
}

/// One rule in full, as a page of the service.
pub fn rule_page(page: &RulePage<'_>) -> Result<String> {
    let of = &page.rules;
    let only = of.rules.first();
    let name = only.map(|of| of.rule.name.as_str()).unwrap_or_default();
    let title = format!("Status of {name}");
    let viewer: &Viewer = &of.viewer;
    let frame = Frame { viewer, ..Frame::of(&title) };
    let ranges = Range::EACH.map(|(range, word)| {
        context! {
            word,
            href => format!("/rules/{name}?range={word}"),
            chosen => page.range == Some(range),
        }
    });
    let zone = only.map(|of| &of.rule.time_zone);
    let is_whole = only.is_some_and(|of| of.rule.partition.is_whole());
    let now = zone.map(|zone| time(of.now, zone));
    let rule: Vec<Value> =
        only.map(|only| status::rule(of, Links::Pages, 1, only)).into_iter().collect();
    let context = context! {
        rules => rule,
        name,
        address => only.map(|only| Links::Pages.rule(only.rule)),
        ranges => ranges.to_vec(),
        from => of.window.first().to_string(),
        to => of.window.last().to_string(),
        is_whole,
        note => page.note.as_deref(),
        has_others => page.has_others,
        now,
    };
    render("rule.html", &frame, context)
}
