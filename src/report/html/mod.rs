//! The same results as pages for a browser: one style sheet, no script, nothing from elsewhere.
//!
//! Pure: values in, one HTML document out. Whatever comes from a rule, a table or the ledger is
//! escaped by the templates.

mod chart;
mod highlight;
mod intent;
mod past;
mod policy;
mod scale;
mod standing;
mod template;
mod text;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use minijinja::{Value, context};

use super::Tariff;
use crate::error::Result;
use crate::ledger::Entry;
use crate::rule::{Rule, RuleName};
use crate::run::{PastRun, Report, RunId};
use crate::window::Window;
use past::{Link, Shown};
use template::{Frame, render};
use text::time;

pub use policy::content_security_policy;

/// Who looks at a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Viewer {
    /// Nobody is known: the page is a file, or nobody has signed in.
    Nobody,
    /// Somebody whom the service knows.
    Caller {
        /// As whom the ledger would name them.
        who: String,
        /// Whether they may make a run.
        may_apply: bool,
        /// What each form that changes something carries, against requests from other sites.
        csrf: String,
        /// Whether a cookie says who they are, so that they can sign out.
        signed_in: bool,
    },
}

/// How rules stand, and what runs did.
#[derive(Debug)]
pub struct Overview<'a> {
    /// The rules that are shown.
    pub rules: Vec<RuleOverview<'a>>,
    /// All rules that can be chosen.
    pub names: Vec<&'a RuleName>,
    /// The one that was chosen; `None` is all of them.
    pub chosen: Option<&'a RuleName>,
    /// The dates in the form.
    pub window: &'a Window,
    /// How many runs of each rule are listed.
    pub most_runs: usize,
    /// When this was looked at.
    pub now: Timestamp,
    /// What reading costs; `None` where nothing is charged.
    pub tariff: Option<Tariff>,
    /// Who looks.
    pub viewer: Viewer,
    /// Whether links lead to other pages; in a file they lead to places in it.
    pub links: bool,
}

/// How one rule stands, and what its runs did.
#[derive(Debug)]
pub struct RuleOverview<'a> {
    /// The rule.
    pub rule: &'a Rule,
    /// The dates.
    pub window: &'a Window,
    /// The figures, or a sentence that the viewer may read on why there are none.
    pub status: Result<&'a Report, String>,
    /// All known runs of the rule, newest first.
    pub runs: Vec<&'a PastRun>,
}

/// The overview as a page of the service.
pub fn overview(page: &Overview<'_>) -> Result<String> {
    let frame = Frame { viewer: &page.viewer, ..Frame::of("How the tables stand") };
    render("overview.html", &frame, overview_context(page))
}

/// The overview with every listed run and its statements, as one document that needs no service.
/// Entries are oldest first, as a ledger gives them.
pub fn file(page: &Overview<'_>, entries: &[Entry]) -> Result<String> {
    let frame = Frame { policy: true, ..Frame::of("How the tables stand") };
    let listed = page.rules.iter().flat_map(|of| {
        let runs = of.runs.iter().take(page.most_runs);
        runs.map(|run| {
            let zone = &of.rule.time_zone;
            past::whole(run, entries, Shown { zone, tariff: page.tariff, link: Link::Anchor })
        })
    });
    let whole: Vec<Value> = listed.collect();
    render("file.html", &frame, context! { whole, ..overview_context(page) })
}

fn overview_context(page: &Overview<'_>) -> Value {
    let rules = page.rules.iter().enumerate();
    let rules: Vec<Value> = rules.map(|(i, of)| standing::rule(page, i + 1, of)).collect();
    context! {
        rules,
        names => page.names.iter().map(|name| name.to_string()).collect::<Vec<_>>(),
        chosen => page.chosen.map(ToString::to_string),
        from => page.window.first().to_string(),
        to => page.window.last().to_string(),
        links => page.links,
        now => time(page.now, &TimeZone::UTC),
    }
}

/// One run, past or under way.
#[derive(Debug)]
pub struct RunPage<'a> {
    /// The run.
    pub run: &'a PastRun,
    /// Its entries, oldest first; none where the ledger has nothing of it yet.
    pub entries: &'a [Entry],
    /// The zone of its times, besides UTC.
    pub zone: &'a TimeZone,
    /// When this was looked at.
    pub now: Timestamp,
    /// What reading costs; `None` where nothing is charged.
    pub tariff: Option<Tariff>,
    /// Who looks.
    pub viewer: Viewer,
    /// Why the run failed, beyond what the ledger has, in a sentence that the viewer may read.
    pub failure: Option<&'a str>,
    /// Whether the run is under way, so that the page asks for itself again.
    pub refreshing: bool,
}

/// One run as a page of the service.
pub fn run(page: &RunPage<'_>) -> Result<String> {
    let title = format!("Run {}", page.run.id);
    let frame = Frame { viewer: &page.viewer, refreshing: page.refreshing, ..Frame::of(&title) };
    let shown = Shown { zone: page.zone, tariff: page.tariff, link: Link::Page };
    let whole = past::whole(page.run, page.entries, shown);
    let now = time(page.now, page.zone);
    let zone = text::zone(page.zone);
    render("run.html", &frame, context! { run => whole, failure => page.failure, zone, now })
}

/// A dry run.
#[derive(Debug)]
pub struct PlanPage<'a> {
    /// The rule.
    pub rule: &'a Rule,
    /// The dates.
    pub window: &'a Window,
    /// The figures.
    pub report: &'a Report,
    /// What a run would send and what that would cost, in a sentence or two.
    pub plan_summary: &'a str,
    /// Why nobody may apply it here, whatever the viewer's rights are.
    pub refusal: Option<&'a str>,
    /// When this was looked at.
    pub now: Timestamp,
    /// Who looks.
    pub viewer: Viewer,
}

/// What `apply` would do, as a page of the service; with the button, where the viewer may use it.
pub fn plan(page: &PlanPage<'_>) -> Result<String> {
    let rule = page.rule;
    let title = format!("Dry run of {}", rule.name);
    let frame = Frame { viewer: &page.viewer, ..Frame::of(&title) };
    let days = standing::days(page.report, |_| None);
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
        intent => intent::intent(page),
        zone => text::zone(&rule.time_zone),
        now => time(page.now, &rule.time_zone),
    };
    render("plan.html", &frame, context)
}

/// The question for a key.
#[derive(Debug)]
pub struct SignIn<'a> {
    /// What was wrong with the last one.
    pub problem: Option<&'a str>,
    /// The address to go on to.
    pub next: &'a str,
}

/// The question for a key, as a page of the service.
pub fn sign_in(page: &SignIn<'_>) -> Result<String> {
    let context = context! { problem => page.problem, next => page.next };
    render("sign_in.html", &Frame::of("Sign in"), context)
}

/// Something that could not be done.
#[derive(Debug)]
pub struct ProblemPage<'a> {
    /// The HTTP status; `None` where nothing is wrong.
    pub status: Option<u16>,
    /// What is wrong, in a few words.
    pub title: &'a str,
    /// The same in a sentence that the viewer may read.
    pub detail: Option<&'a str>,
    /// The run that it is about.
    pub run: Option<&'a RunId>,
    /// Whether it is worth asking again, which the page does by itself.
    pub refreshing: bool,
}

/// Something that could not be done, as a page of the service.
pub fn problem(page: &ProblemPage<'_>, viewer: &Viewer) -> Result<String> {
    let frame = Frame { viewer, refreshing: page.refreshing, ..Frame::of(page.title) };
    let context = context! {
        status => page.status,
        detail => page.detail,
        run => page.run.map(|id| past::href(id, Link::Page)),
    };
    render("problem.html", &frame, context)
}
