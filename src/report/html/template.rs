//! Rendering values as a document: the templates, and the parts common to all pages.

use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, Output, State, UndefinedBehavior, Value, context, escape_formatter};

use super::Viewer;
use super::policy::{STYLE, of_a_file};
use crate::error::{Error, Kind, Result};
use crate::report::grid::count;
use crate::report::grid::grouped;
use crate::visible::{is_control_or_invisible, visible};

const TEMPLATES: &[(&str, &str)] = &[
    ("base.html", include_str!("templates/base.html")),
    ("parts.html", include_str!("templates/parts.html")),
    ("chart.html", include_str!("templates/chart.html")),
    ("rules.html", include_str!("templates/rules.html")),
    ("runs.html", include_str!("templates/runs.html")),
    ("overview.html", include_str!("templates/overview.html")),
    ("date.html", include_str!("templates/date.html")),
    ("dates.html", include_str!("templates/dates.html")),
    ("undo.html", include_str!("templates/undo.html")),
    ("history.html", include_str!("templates/history.html")),
    ("lines.html", include_str!("templates/lines.html")),
    ("figures.html", include_str!("templates/figures.html")),
    ("rule.html", include_str!("templates/rule.html")),
    ("file.html", include_str!("templates/file.html")),
    ("run.html", include_str!("templates/run.html")),
    ("plan.html", include_str!("templates/plan.html")),
    ("sign_in.html", include_str!("templates/sign_in.html")),
    ("problem.html", include_str!("templates/problem.html")),
];

/// The parts common to all pages.
pub(super) struct Frame<'a> {
    /// Its title and its heading.
    pub title: &'a str,
    /// The viewer.
    pub viewer: &'a Viewer,
    /// Whether the page reloads.
    pub refreshing: bool,
    /// Whether the page contains its policy, because it has no HTTP header.
    pub policy: bool,
}

impl<'a> Frame<'a> {
    /// A page with this title, for an unknown viewer.
    pub fn of(title: &'a str) -> Self {
        Self { title, viewer: &Viewer::Nobody, refreshing: false, policy: false }
    }

    fn context(&self) -> Value {
        context! {
            title => self.title,
            style => Value::from_safe_string(STYLE.to_owned()),
            policy => self.policy.then(of_a_file),
            refreshing => self.refreshing,
            viewer => viewer(self.viewer),
            version => env!("CARGO_PKG_VERSION"),
        }
    }
}

fn viewer(viewer: &Viewer) -> Option<Value> {
    match viewer {
        Viewer::Nobody => None,
        Viewer::Caller { who, may_apply, csrf, signed_in } => Some(context! {
            who => who.as_str(),
            may_apply,
            csrf => csrf.as_str(),
            signed_in,
        }),
    }
}

/// Renders a template with these values as a page.
pub(super) fn render(name: &str, frame: &Frame<'_>, values: Value) -> Result<String> {
    let failed = |cause: minijinja::Error| {
        Error::new(Kind::Internal, "the page cannot be written").caused_by(cause)
    };
    let environment = environment().map_err(failed)?;
    let context = context! { ..values, ..frame.context() };
    environment.get_template(name).and_then(|page| page.render(context)).map_err(failed)
}

/// Text for a page: HTML-escaped, with invisible and direction-changing characters written out.
fn shown(
    out: &mut Output<'_>,
    state: &mut State<'_, '_>,
    value: &Value,
) -> std::result::Result<(), minijinja::Error> {
    match value.as_str() {
        Some(text) if !value.is_safe() && text.contains(is_control_or_invisible) => {
            escape_formatter(out, state, &Value::from(visible(text).into_owned()))
        }
        _ => escape_formatter(out, state, value),
    }
}

/// Template names end in `.html`, so that every value is escaped.
fn environment() -> std::result::Result<Environment<'static>, minijinja::Error> {
    let syntax = SyntaxConfig::builder()
        .trim_blocks(true)
        .lstrip_blocks(true)
        .keep_trailing_newline(true)
        .build()?;
    let mut environment = Environment::new();
    environment.set_syntax(syntax);
    environment.set_formatter(shown);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.add_filter("grouped", grouped);
    environment.add_filter("counted", |number: u64, one: &str| count(number, one));
    for (name, text) in TEMPLATES {
        environment.add_template(name, text)?;
    }
    Ok(environment)
}
