//! The results as HTML pages: one style sheet, no scripts, no external requests.
//!
//! Pure: values in, one HTML document out. The templates escape all text from a rule, a table or the ledger.

mod chart;
mod choice;
mod date;
mod date_page;
mod file;
mod highlight;
mod history;
mod intent;
mod links;
mod overview;
mod past;
mod policy;
mod row_list;
mod rule_page;
mod scale;
mod spark;
mod status;
mod template;
mod text;
mod timeline;
mod undo_page;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use minijinja::context;

use super::Tariff;
use crate::error::Result;
use crate::ledger::Entry;
use crate::rule::Rule;
use crate::run::{PastRun, Report, RunId};
use crate::window::Window;
use links::{Links, run_address};
use past::Shown;
use template::{Frame, render};
use text::time;

pub use choice::{Choice, OverviewOrder, Wanted};
pub use date::{DateFacts, RemovedBy, Rows, last_removal, telling_dates};
pub use date_page::{DatePage, date_page};
pub use file::{FilePage, file};
pub use history::{HistoryPage, history_page};
pub use overview::{Listed, Overview, RULES_OF_A_PAGE, RuleLine, overview};
pub use policy::content_security_policy;
pub use row_list::{MOST_ROWS, ROWS_OF_A_PAGE};
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
    let shown = Shown { zone: page.zone, tariff: page.tariff, links: Links::Pages };
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
        undo => can_be_undone(page).then(|| format!("{}/undo", run_address(&run.id))),
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
    let days = status::days(page.report, |_| None, |day| Links::Pages.date(&page.rule.name, day));
    let context = context! {
        rule => rule.name.as_str(),
        table => rule.table.dotted(),
        dates => page.window.to_string(),
        from => page.window.first().to_string(),
        to => page.window.last().to_string(),
        sentence => status::sentence(page.report),
        notes => status::notes(page.report),
        days,
        totals => status::figures(page.report.totals(), None),
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
        run => page.run.map(run_address),
    };
    render("problem.html", &frame, context)
}
