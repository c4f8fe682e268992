//! All rules in one table: which of them are listed, in which order, and on which page.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use minijinja::{Value, context};

use super::Viewer;
use super::choice::{Choice, OverviewOrder, Wanted};
use super::links::Links;
use super::spark::spark;
use super::template::{Frame, render};
use super::text::{cost, minute, time};
use crate::error::Result;
use crate::report::Tariff;
use crate::rule::Rule;
use crate::run::{Known, LatestStatus, Status};

/// The number of rules on one page.
pub const RULES_OF_A_PAGE: usize = 50;

/// A rule as a line of the table.
#[derive(Debug, Clone)]
pub struct RuleLine<'a> {
    /// Its index among the caller's rules.
    pub index: usize,
    /// The rule.
    pub rule: &'a Rule,
    /// What the ledger knows of it.
    pub known: &'a Known,
    /// Its status, over all dates that are known.
    pub latest: LatestStatus,
    /// When its last dates were counted; `None` if the ledger alone is known.
    pub counted: Option<Timestamp>,
    /// Why they could not be counted, in a sentence that the viewer may read.
    pub problem: Option<String>,
    /// Whether they are being counted.
    pub is_pending: bool,
}

impl RuleLine<'_> {
    /// How urgent it is, the most urgent first.
    fn urgency(&self) -> u8 {
        match self.latest.status {
            _ if self.problem.is_some() => 0,
            Some(Status::Dirty) => 1,
            Some(Status::SharedIds) => 2,
            Some(Status::Partial) => 3,
            Some(Status::Buffered) => 4,
            Some(Status::Keyless) => 5,
            None => 6,
            Some(Status::Empty) => 7,
            Some(Status::Clean | Status::Cleaned) => 8,
        }
    }
}

impl Wanted {
    fn count(self, lines: &[RuleLine<'_>]) -> usize {
        lines.iter().filter(|line| self.includes(line)).count()
    }

    fn includes(self, line: &RuleLine<'_>) -> bool {
        let status = line.latest.status;
        match self {
            Self::Any => true,
            Self::NotClean => {
                line.problem.is_some()
                    || !matches!(status, Some(Status::Clean | Status::Cleaned | Status::Empty))
            }
            Self::Only(wanted) => status == Some(wanted),
            Self::Unknown => status.is_none(),
        }
    }
}

/// The rules of a choice: the lines of one page, and how many there are of each status.
#[derive(Debug)]
pub struct Listed<'a> {
    choice: Choice,
    /// The lines of the page.
    shown: Vec<RuleLine<'a>>,
    /// Those that fit the choice.
    fit: usize,
    /// All of them.
    all: usize,
    /// How many have each status.
    of_status: Vec<(Wanted, usize)>,
}

impl<'a> Listed<'a> {
    /// The lines of a choice. A page behind the last is the last.
    pub fn of(mut lines: Vec<RuleLine<'a>>, mut choice: Choice) -> Self {
        lines.iter_mut().enumerate().for_each(|(index, line)| line.index = index);
        let all = lines.len();
        let of_status =
            Wanted::ALL.iter().skip(2).map(|(wanted, _)| (*wanted, wanted.count(&lines)));
        let of_status = of_status.collect();
        let part = choice.name.to_lowercase();
        lines.retain(|line| {
            let name = line.rule.name.as_str().to_lowercase();
            choice.status.includes(line) && name.contains(&part)
        });
        sort(&mut lines, choice.sort);
        let fit = lines.len();
        choice.page = choice.page.clamp(1, fit.div_ceil(RULES_OF_A_PAGE).max(1));
        let before = (choice.page - 1) * RULES_OF_A_PAGE;
        let shown = lines.into_iter().skip(before).take(RULES_OF_A_PAGE).collect();
        Self { choice, shown, fit, all, of_status }
    }

    /// The lines of the page.
    pub fn shown(&self) -> &[RuleLine<'a>] {
        &self.shown
    }

    /// Replaces the lines of the page, now that they are counted.
    pub fn show(&mut self, mut lines: Vec<RuleLine<'a>>) {
        sort(&mut lines, self.choice.sort);
        for (wanted, count) in &mut self.of_status {
            *count = (*count + wanted.count(&lines)).saturating_sub(wanted.count(&self.shown));
        }
        self.shown = lines;
    }

    fn pages(&self) -> usize {
        self.fit.div_ceil(RULES_OF_A_PAGE).max(1)
    }

    fn address(&self, change: impl FnOnce(&mut Choice)) -> String {
        let mut choice = Choice { page: 1, ..self.choice.clone() };
        change(&mut choice);
        choice.address()
    }
}

/// Sorts lines; equal ones by name.
fn sort(lines: &mut [RuleLine<'_>], order: OverviewOrder) {
    use std::cmp::Reverse;
    let billed = |line: &RuleLine<'_>| line.known.total().bytes_billed.unwrap_or(0);
    let began = |line: &RuleLine<'_>| line.known.last_run.as_ref().map(|run| run.began);
    lines.sort_by(|a, b| a.rule.name.cmp(&b.rule.name));
    match order {
        OverviewOrder::Name => {}
        OverviewOrder::Status => {
            lines.sort_by_key(|line| (line.urgency(), Reverse(line.latest.duplicates)));
        }
        OverviewOrder::Duplicates => lines.sort_by_key(|line| Reverse(line.latest.duplicates)),
        OverviewOrder::Buffered => lines.sort_by_key(|line| Reverse(line.latest.buffered)),
        OverviewOrder::NoDate => lines.sort_by_key(|line| Reverse(line.latest.undated)),
        OverviewOrder::LastClean => lines.sort_by_key(|line| line.known.last_clean),
        OverviewOrder::LastRun => lines.sort_by_key(|line| Reverse(began(line))),
        OverviewOrder::Cost => lines.sort_by_key(|line| Reverse(billed(line))),
    }
}

/// The page of all rules.
#[derive(Debug)]
pub struct Overview<'a> {
    /// The rules.
    pub listed: Listed<'a>,
    /// When the ledger was read.
    pub read: Timestamp,
    /// The current time.
    pub now: Timestamp,
    /// The number of days of the ledger.
    pub days: u32,
    /// The number of dates that are counted.
    pub dates: u32,
    /// The price of reading; `None` if it is free.
    pub tariff: Option<Tariff>,
    /// The viewer.
    pub viewer: Viewer,
}

/// All rules, as a page of the service.
pub fn overview(page: &Overview<'_>) -> Result<String> {
    let frame = Frame { viewer: &page.viewer, ..Frame::of("All rules") };
    let listed = &page.listed;
    let choice = &listed.choice;
    let shown = Lines { now: page.now, days: page.days, tariff: page.tariff, links: Links::Pages };
    let by = |order| Some(listed.address(|choice| choice.sort = order));
    let counts = listed.of_status.iter().filter(|(_, count)| *count > 0).map(|(wanted, count)| {
        context! {
            word => wanted.word(),
            count => *count as u64,
            href => listed.address(|choice| choice.status = *wanted),
        }
    });
    let statuses = Wanted::ALL.iter().map(|(wanted, word)| {
        context! { word => *word, chosen => *wanted == choice.status }
    });
    let (at, pages) = (choice.page, listed.pages());
    let to_page = |page: usize| listed.address(|choice| choice.page = page);
    let first = (at - 1) * RULES_OF_A_PAGE;
    let pending = listed.shown.iter().filter(|line| line.is_pending).count();
    let context = context! {
        lines => listed.shown.iter().map(|of| line(shown, of)).collect::<Vec<_>>(),
        columns => columns(page.tariff, choice.sort, by),
        counts => counts.collect::<Vec<_>>(),
        statuses => statuses.collect::<Vec<_>>(),
        name => choice.name.as_str(),
        sort => choice.sort.word(),
        all => listed.all as u64,
        fit => listed.fit as u64,
        first => (first + 1) as u64,
        last => (first + listed.shown.len()) as u64,
        here => to_page(at),
        before => (at > 1).then(|| to_page(at - 1)),
        after => (at < pages).then(|| to_page(at + 1)),
        page => at as u64,
        pages => pages as u64,
        pending => pending as u64,
        is_billed => page.tariff.is_some(),
        days => page.days,
        dates => u64::from(page.dates),
        read => time(page.read, &TimeZone::UTC),
        now => time(page.now, &TimeZone::UTC),
    };
    render("overview.html", &frame, context)
}

/// The columns, with the order by which the lines are sorted, and the address of each order, if it has one.
fn columns(
    tariff: Option<Tariff>,
    sorted: OverviewOrder,
    href: impl Fn(OverviewOrder) -> Option<String>,
) -> Vec<Value> {
    let columns = COLUMNS
        .iter()
        .filter(|(_, order, _)| *order != Some(OverviewOrder::Cost) || tariff.is_some());
    let columns = columns.map(|(heading, order, is_number)| {
        context! {
            heading => *heading,
            href => order.and_then(&href),
            sorted => *order == Some(sorted),
            ascends => matches!(order, Some(OverviewOrder::Name | OverviewOrder::LastClean)),
            is_number,
        }
    });
    columns.collect()
}

/// The columns: the heading, the order by it, and whether it holds numbers.
const COLUMNS: [(&str, Option<OverviewOrder>, bool); 9] = [
    ("rule", Some(OverviewOrder::Name), false),
    ("status", Some(OverviewOrder::Status), false),
    ("duplicates", Some(OverviewOrder::Duplicates), true),
    ("buffered", Some(OverviewOrder::Buffered), true),
    ("no date", Some(OverviewOrder::NoDate), true),
    ("last clean", Some(OverviewOrder::LastClean), false),
    ("last run", Some(OverviewOrder::LastRun), false),
    ("found per day", None, false),
    ("cost", Some(OverviewOrder::Cost), true),
];

/// How lines are displayed.
#[derive(Clone, Copy)]
struct Lines<'a> {
    now: Timestamp,
    /// The number of days of the small chart.
    days: u32,
    tariff: Option<Tariff>,
    links: Links<'a>,
}

/// The table of all rules in a file, those that are not clean first: its lines and its columns.
pub(super) fn of_file(
    mut lines: Vec<RuleLine<'_>>,
    now: Timestamp,
    days: u32,
    tariff: Option<Tariff>,
    links: Links<'_>,
) -> (Vec<Value>, Vec<Value>) {
    sort(&mut lines, OverviewOrder::Status);
    let shown = Lines { now, days, tariff, links };
    let columns = columns(tariff, OverviewOrder::Status, |_| None);
    (lines.iter().map(|of| line(shown, of)).collect(), columns)
}

fn line(shown: Lines<'_>, of: &RuleLine<'_>) -> Value {
    let (known, latest) = (of.known, of.latest);
    let last_run = known.last_run.as_ref().map(|run| {
        context! {
            href => shown.links.run(&run.id),
            began => minute(run.began),
            outcome => run.outcome.as_str(),
        }
    });
    let of_ledger = of.counted.is_none().then_some(known.counted).flatten();
    context! {
        name => of.rule.name.as_str(),
        href => shown.links.rule(of.rule),
        status => latest.status.map_or("unknown", Status::as_str),
        problem => of.problem.as_deref(),
        pending => of.is_pending,
        as_of => of_ledger.map(minute),
        duplicates => latest.status.map(|_| latest.duplicates),
        buffered => latest.status.map(|_| latest.buffered),
        no_date => latest.undated,
        last_clean => known.last_clean.map(minute),
        last_run,
        spark => spark(&found(shown, known)),
        cost => cost(known.total().bytes_billed, shown.tariff),
    }
}

/// The duplicates found on each of the last days, the oldest first.
fn found(shown: Lines<'_>, known: &Known) -> Vec<(Date, u64)> {
    let mut day = TimeZone::UTC.to_datetime(shown.now).date();
    let mut days = Vec::new();
    for _ in 0..shown.days {
        days.push((day, known.by_day.get(&day).map_or(0, |figures| figures.found)));
        let Ok(before) = day.yesterday() else { break };
        day = before;
    }
    days.reverse();
    days
}

#[cfg(test)]
mod tests;
