//! The page of one date.

use jiff::Timestamp;
use minijinja::context;

use super::date::{DateFacts, DateView, date, title};
use super::links::Links;
use super::past::Shown;
use super::template::{Frame, render};
use super::text::time;
use super::{Tariff, Viewer};
use crate::error::Result;

/// The page of one date.
#[derive(Debug)]
pub struct DatePage<'a> {
    /// The date.
    pub date: DateFacts<'a>,
    /// The page of the duplicates, from 1. One behind the last is the last.
    pub page: usize,
    /// The page of the removed rows, likewise.
    pub removed_page: usize,
    /// Whether the viewer may see values of rows.
    pub sees_values: bool,
    /// The current time.
    pub now: Timestamp,
    /// The price of reading; `None` if it is free.
    pub tariff: Option<Tariff>,
    /// The viewer.
    pub viewer: Viewer,
}

/// One date, as a page of the service.
pub fn date_page(page: &DatePage<'_>) -> Result<String> {
    let rule = page.date.rule;
    let title = title(rule, page.date.day);
    let frame = Frame { viewer: &page.viewer, ..Frame::of(&title) };
    let view = DateView {
        shown: Shown { zone: &rule.time_zone, tariff: page.tariff, links: Links::Pages },
        sees_values: page.sees_values,
        pages: [page.page, page.removed_page],
    };
    let context = context! {
        date => date(&page.date, &view),
        rule => rule.name.as_str(),
        back => Links::Pages.rule(rule),
        table => rule.table.dotted(),
        now => time(page.now, &rule.time_zone),
    };
    render("date.html", &frame, context)
}
