//! The configuration of minijinja, and template values from outside.

use std::sync::LazyLock;

use minijinja::{AutoEscape, Environment, UndefinedBehavior};

use super::{limits, literal, qualify};
use crate::error::{Error, Kind, Result, did_you_mean};
use crate::googlesql::{Ident, SqlValue};
use crate::rule::{Rule, VarArg};

/// The minijinja environment of onerow's templates.
fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::Custom("googlesql".into()));
    environment.set_formatter(literal::write);
    environment.set_debug(true);
    // HTML's and JSON's ways of escaping do not belong into SQL; `raw` says what `safe` means here.
    // `pprint` writes a name without a value as text.
    for filter in ["safe", "escape", "e", "tojson", "pprint"] {
        environment.remove_filter(filter);
    }
    environment.add_filter("commas", literal::commas);
    environment.add_filter("indent", literal::indent);
    environment.add_filter("raw", literal::raw);
    environment.add_filter("ident", literal::ident);
    environment.add_filter("of", qualify::of);
    // Without this, a loop could nest values deeper than the stack allows.
    environment.remove_global("namespace");
    environment.set_fuel(Some(limits::FUEL));
    environment.set_recursion_limit(limits::RECURSION);
    environment
}

/// The shipped templates, compiled once: rules share them.
static SHIPPED: LazyLock<Result<Environment<'static>, String>> = LazyLock::new(|| {
    let mut environment = environment();
    for (name, text) in super::shipped() {
        let added = environment.add_template_owned(name, text.to_owned());
        added.map_err(|error| format!("{error:#}"))?;
    }
    Ok(environment)
});

/// The environment with those of the shipped templates that have one of these names.
pub(super) fn shipped(has: impl Fn(&str) -> bool) -> Result<Environment<'static>> {
    let all = SHIPPED.as_ref().map_err(|error| {
        Error::new(Kind::Internal, format!("a shipped template does not compile: {error}"))
    })?;
    let mut environment = all.clone();
    for (name, _) in super::shipped().filter(|(name, _)| !has(name)) {
        environment.remove_template(&name);
    }
    Ok(environment)
}

/// The rule's variables, overridden or extended by those of the command line.
pub(super) fn merge(
    rule: &Rule,
    environment: &Environment<'_>,
    given: &[VarArg],
) -> Result<Vec<(Ident, SqlValue)>> {
    let mut vars = rule.vars.clone();
    for arg in given {
        let declared = vars.iter_mut().find(|(name, _)| *name == arg.name);
        match declared {
            Some((_, value)) => *value = arg.value(Some(value))?,
            None => {
                refuse_unused(rule, environment, &arg.name)?;
                vars.push((arg.name.clone(), arg.value(None)?));
            }
        }
    }
    Ok(vars)
}

/// Refuses an unused variable, which is probably a typo.
fn refuse_unused(rule: &Rule, environment: &Environment<'_>, name: &Ident) -> Result<()> {
    let read: Vec<String> = environment
        .templates()
        .flat_map(|(_, template)| template.undeclared_variables(true))
        .filter_map(|path| path.strip_prefix("vars.").map(str::to_owned))
        .collect();
    if read.iter().any(|read| read == name.as_str()) {
        return Ok(());
    }
    let known = rule.vars.iter().map(|(name, _)| name.as_str());
    let mut known = known.chain(read.iter().map(String::as_str)).peekable();
    Err(Error::new(
        Kind::UnknownName,
        format!("--var {}: no template of rule {} reads it", name.as_str(), rule.name),
    )
    .help(match known.peek() {
        Some(_) => did_you_mean(name.as_str(), known),
        None => "leave it out: the templates read no variables".to_owned(),
    }))
}
