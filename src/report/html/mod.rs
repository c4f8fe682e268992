//! The results as HTML pages: one style sheet, no scripts, no external requests.
//!
//! Pure: values in, one HTML document out. The templates escape all text from a rule, a table or the ledger.

mod chart;
mod choice;
mod date_page;
mod highlight;
mod history;
mod intent;
mod overview;
mod past;
mod policy;
mod rule_page;
mod scale;
mod spark;
mod standing;
mod template;
mod text;
mod timeline;
mod undo_page;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use minijinja::{Value, context};

use self::history::of_file as history_of;
use super::Tariff;
use crate::error::Result;
use crate::ledger::Entry;
use crate::rule::Rule;
use crate::run::{Known, PastRun, Report, RunId, history, known};
use crate::window::Window;
use past::{Link, Shown};
use template::{Frame, render};
use text::time;

pub use choice::{Choice, OverviewOrder, Wanted};
pub use date_page::{DatePage, ROWS_OF_A_PAGE, RemovedBy, Rows, date_page};
pub use history::{HistoryPage, history_page};
pub use overview::{Listed, Overview, RULES_OF_A_PAGE, RuleLine, overview};
pub use policy::content_security_policy;
pub use rule_page::{Range, RulePage, rule_page};
pub use undo_page::{UndoPage, undo_page};

/// The viewer of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Viewer {
    /// Unknown: the page is a file, or the viewer is not signed in.
    Nobody,
    /// A caller known to the service.
    Caller {
        /// The name, as in the ledger.
        who: String,
        /// Whether the caller may start a run.
        may_apply: bool,
        /// The token of each form that changes something, against cross-site requests.
        csrf: String,
        /// Whether the caller is identified by a cookie and can sign out.
        signed_in: bool,
    },
}

/// The status of rules, each in full, and their runs.
#[derive(Debug)]
pub struct Rules<'a> {
    /// The rules shown.
    pub rules: Vec<RuleOverview<'a>>,
    /// The dates in the form.
    pub window: &'a Window,
    /// The number of runs listed per rule.
    pub most_runs: usize,
    /// The time of the counts.
    pub now: Timestamp,
    /// The price of reading; `None` if it is free.
    pub tariff: Option<Tariff>,
    /// The viewer.
    pub viewer: Viewer,
    /// Whether links lead to other pages; in a file they lead to anchors in it.
    pub links: bool,
}

/// The status of one rule, and its runs.
#[derive(Debug)]
pub struct RuleOverview<'a> {
    /// The rule.
    pub rule: &'a Rule,
    /// The dates.
    pub window: &'a Window,
    /// The counts, or the reason why there are none, in a sentence that the viewer may read.
    pub status: Result<&'a Report, String>,
    /// All known runs of the rule, newest first.
    pub runs: Vec<&'a PastRun>,
}

/// All rules, each rule, the days, and every listed run with its statements, as one self-contained document. Entries
/// are those of the last `days` days, sorted oldest first, as in a ledger.
pub fn file(page: &Rules<'_>, entries: &[Entry], days: u32) -> Result<String> {
    let frame = Frame { policy: true, ..Frame::of("Status of the tables") };
    let listed = page.rules.iter().flat_map(|of| {
        let runs = of.runs.iter().take(page.most_runs);
        runs.map(|run| {
            let zone = &of.rule.time_zone;
            past::whole(run, entries, Shown { zone, tariff: page.tariff, link: Link::Anchor })
        })
    });
    let whole: Vec<Value> = listed.collect();
    let rules = page.rules.iter().enumerate();
    let rules: Vec<Value> = rules.map(|(i, of)| standing::rule(page, i + 1, of)).collect();
    let known = known(&history(entries), page.now);
    let anchors = page.rules.iter().flat_map(|of| of.runs.iter().take(page.most_runs));
    let anchors: Vec<RunId> = anchors.map(|run| run.id.clone()).collect();
    let nothing = Known::default();
    let of_rule = |of: &RuleOverview<'_>| known.get(&of.rule.name).unwrap_or(&nothing);
    let lines = page.rules.iter().enumerate().map(|(place, of)| RuleLine {
        place,
        rule: of.rule,
        known: of_rule(of),
        standing: of_rule(of).standing(of.rule, of.status.as_ref().ok().copied()),
        counted: of.status.is_ok().then_some(page.now),
        problem: of.status.as_ref().err().cloned(),
        is_pending: false,
    });
    let (lines, columns) =
        overview::of_file(lines.collect(), page.now, days, page.tariff, &anchors);
    let (history, total) = history_of(page.rules.iter().map(of_rule), page.tariff);
    let context = context! {
        whole,
        rules,
        lines,
        columns,
        history,
        total,
        is_billed => page.tariff.is_some(),
        links => page.links,
        now => time(page.now, &TimeZone::UTC),
    };
    render("file.html", &frame, context)
}

/// One run, finished or in progress.
#[derive(Debug)]
pub struct RunPage<'a> {
    /// The run.
    pub run: &'a PastRun,
    /// Its entries, oldest first; empty if the ledger has none yet.
    pub entries: &'a [Entry],
    /// The zone of its times, besides UTC.
    pub zone: &'a TimeZone,
    /// The current time.
    pub now: Timestamp,
    /// The price of reading; `None` if it is free.
    pub tariff: Option<Tariff>,
    /// The viewer.
    pub viewer: Viewer,
    /// The reason of a failure that is not in the ledger, in a sentence that the viewer may read.
    pub failure: Option<&'a str>,
    /// Whether the run is in progress, so that the page reloads.
    pub refreshing: bool,
    /// Whether the rule file still has the rule, so that its dates have pages and it can be undone.
    pub has_rule: bool,
}

/// One run as a page of the service.
pub fn run(page: &RunPage<'_>) -> Result<String> {
    let title = format!("Run {}", page.run.id);
    let frame = Frame { viewer: &page.viewer, refreshing: page.refreshing, ..Frame::of(&title) };
    let shown = Shown { zone: page.zone, tariff: page.tariff, link: Link::Page };
    let whole = past::whole(page.run, page.entries, shown);
    let now = time(page.now, page.zone);
    let zone = text::zone(page.zone);
    let run = page.run;
    let context = context! {
        run => whole,
        failure => page.failure,
        zone,
        now,
        rule => page.has_rule.then(|| format!("/rules/{}", run.rule)),
        undo => can_be_undone(page).then(|| format!("/runs/{}/undo", run.id)),
    };
    render("run.html", &frame, context)
}

/// Whether rows that the run removed are not restored yet.
fn can_be_undone(page: &RunPage<'_>) -> bool {
    let run = page.run;
    let is_left = run.undone.is_empty() || run.is_partly_undone();
    page.has_rule && !page.refreshing && run.removed() > 0 && is_left
}

/// A dry run.
#[derive(Debug)]
pub struct PlanPage<'a> {
    /// The rule.
    pub rule: &'a Rule,
    /// The dates.
    pub window: &'a Window,
    /// The counts.
    pub report: &'a Report,
    /// The statements of a run and their cost, in a sentence or two.
    pub plan_summary: &'a str,
    /// The fingerprint of the plan, which the form carries.
    pub fingerprint: &'a str,
    /// The rows that were confirmed, if that was another plan and this one is shown instead of running.
    pub confirmed: Option<u64>,
    /// The reason why it cannot be applied here, whatever the viewer's rights.
    pub refusal: Option<&'a str>,
    /// The time of the counts.
    pub now: Timestamp,
    /// The viewer.
    pub viewer: Viewer,
}

/// What `apply` would do, as a page of the service, with the button if the viewer may use it.
pub fn plan(page: &PlanPage<'_>) -> Result<String> {
    let rule = page.rule;
    let title = format!("Dry run of {}", rule.name);
    let frame = Frame { viewer: &page.viewer, ..Frame::of(&title) };
    let days =
        standing::days(page.report, |_| None, |day| Some(date_page::address(page.rule, day)));
    let context = context! {
        rule => rule.name.as_str(),
        table => rule.table.dotted(),
        dates => page.window.to_string(),
        from => page.window.first().to_string(),
        to => page.window.last().to_string(),
        sentence => standing::sentence(page.report),
        notes => standing::notes(page.report),
        days,
        totals => standing::figures(page.report.totals(), None),
        plan_summary => page.plan_summary,
        fingerprint => page.fingerprint,
        intent => intent::intent(page),
        zone => text::zone(&rule.time_zone),
        now => time(page.now, &rule.time_zone),
    };
    render("plan.html", &frame, context)
}

/// The sign-in form.
#[derive(Debug)]
pub struct SignIn<'a> {
    /// The problem with the previous attempt.
    pub problem: Option<&'a str>,
    /// The address to open after signing in.
    pub next: &'a str,
}

/// The sign-in form, as a page of the service.
pub fn sign_in(page: &SignIn<'_>) -> Result<String> {
    let context = context! { problem => page.problem, next => page.next };
    render("sign_in.html", &Frame::of("Sign in"), context)
}

/// A problem.
#[derive(Debug)]
pub struct ProblemPage<'a> {
    /// The HTTP status; `None` if it is not an error.
    pub status: Option<u16>,
    /// The problem, in a few words.
    pub title: &'a str,
    /// The problem in a sentence that the viewer may read.
    pub detail: Option<&'a str>,
    /// The run concerned.
    pub run: Option<&'a RunId>,
    /// Whether the page should reload, because a later request may succeed.
    pub refreshing: bool,
}

/// A problem, as a page of the service.
pub fn problem(page: &ProblemPage<'_>, viewer: &Viewer) -> Result<String> {
    let frame = Frame { viewer, refreshing: page.refreshing, ..Frame::of(page.title) };
    let context = context! {
        status => page.status,
        detail => page.detail,
        run => page.run.map(|id| past::href(id, Link::Page)),
    };
    render("problem.html", &frame, context)
}
