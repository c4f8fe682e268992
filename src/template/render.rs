//! Rendering: a rule, a step and a window in, a statement out. No clock, no network.

use std::collections::BTreeMap;

use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value};

use super::failure::template_error;
use super::values::{map, rule_value, staging_value, window_value};
use super::{Templates, literal, qualify};
use crate::error::{Error, Kind, Place, Result, did_you_mean};
use crate::googlesql::{Ident, SqlValue, TableName};
use crate::rule::{Rule, Scope, VarArg};
use crate::statement::{Statement, StepName};
use crate::window::Window;

/// Renders the steps of one rule. Its templates are compiled once.
pub struct Renderer<'a> {
    rule: &'a Rule,
    environment: Environment<'static>,
    paths: BTreeMap<String, String>,
    rule_value: Value,
    vars: Vec<(Ident, SqlValue)>,
    vars_value: Value,
    audit: TableName,
}

impl<'a> Renderer<'a> {
    /// Compiles the templates of a rule; `vars` stand in for or join the rule's own values.
    /// Errors: a template that does not parse; a `--var` that neither the rule nor a template knows.
    pub fn new(rule: &'a Rule, templates: &Templates, vars: &[VarArg]) -> Result<Self> {
        let mut environment = environment();
        let mut paths = BTreeMap::new();
        for (name, template) in templates.of(rule) {
            paths.insert(name.to_owned(), template.path.clone());
            environment
                .add_template_owned(name.to_owned(), template.text.clone())
                .map_err(|error| template_error(&error, &paths, Some(&template.text)))?;
        }
        let vars = merge(rule, &environment, vars)?;
        let vars_value =
            map(vars.iter().map(|(name, value)| (name.as_str(), literal::to_template(value))));
        let rule_value = rule_value(rule);
        let audit = rule.audit_tables.first().cloned().unwrap_or_else(TableName::embedded_audit);
        Ok(Self { rule, environment, paths, rule_value, vars, vars_value, audit })
    }

    /// The same with the audit table of another warehouse than the rule file's first.
    #[must_use]
    pub fn with_audit(self, audit: TableName) -> Self {
        Self { audit, ..self }
    }

    /// The rule that is rendered.
    pub fn rule(&self) -> &'a Rule {
        self.rule
    }

    /// The template variables in force, for the ledger.
    pub fn vars(&self) -> &[(Ident, SqlValue)] {
        &self.vars
    }

    /// The steps there are templates for, by name.
    pub fn steps(&self) -> Vec<StepName> {
        let names = self.paths.keys().filter_map(|file| file.strip_suffix(".sql"));
        names.filter_map(|name| StepName::parse(name).ok()).collect()
    }

    /// Whether a step's own template is the built-in one.
    pub fn is_built_in(&self, step: &StepName) -> bool {
        let path = self.paths.get(&format!("{step}.sql"));
        path.is_some_and(|path| path.ends_with(super::BUILT_IN))
    }

    /// The statements of a step for a window: one, or one for each date. Errors: no such step;
    /// a template that does not render, with file, line and column.
    pub fn render(&self, step: &StepName, window: &Window) -> Result<Vec<Statement>> {
        if let (StepName::DROP_STAGING, Some(staging)) = (step.as_str(), &self.rule.staging) {
            let tables = staging.tables.iter();
            return tables.map(|table| self.render_one(step, window, Some(table))).collect();
        }
        match self.rule.scope_of(step) {
            Scope::Window | Scope::Table => Ok(vec![self.render_one(step, window, None)?]),
            Scope::Date => {
                let days = window.days().iter();
                days.map(|day| self.render_one(step, &Window::day(*day), None)).collect()
            }
        }
    }

    /// The line of a template that a line of this step's SQL came from, where that can be told.
    pub fn origin(&self, step: &StepName, rendered: &str) -> Option<Place> {
        let own = format!("{step}.sql");
        let ours = |name: &str| name == own || name.starts_with('_');
        let templates = self.environment.templates().filter(|(name, _)| ours(name));
        let templates: Vec<_> =
            templates.filter_map(|(name, found)| Some((self.paths.get(name)?, found))).collect();
        let texts = templates.iter().map(|(path, found)| (path.as_str(), found.source()));
        super::origin::of(texts, rendered)
    }

    fn render_one(
        &self,
        step: &StepName,
        window: &Window,
        staging_table: Option<&TableName>,
    ) -> Result<Statement> {
        let name = format!("{step}.sql");
        if !self.paths.contains_key(&name) {
            let (rule, steps) = (&self.rule.name, self.steps());
            if StepName::ABOUT_STAGING.contains(&step.as_str()) {
                return Err(self.nothing_staged(step));
            }
            if step.is_cure() {
                let cure = self.rule.strategy.step();
                return Err(Error::new(
                    Kind::Usage,
                    format!("rule {rule} has strategy {cure}, and {step} is the step of another"),
                )
                .help(format!("its own is `{cure}`; to change that, set `strategy` in the rule")));
            }
            return Err(Error::new(
                Kind::Usage,
                format!(
                    "there is no step `{step}`: neither sql/{rule}/{name} nor sql/{name} is there, \
                     and none of that name is built in"
                ),
            )
            .help(did_you_mean(step.as_str(), steps.iter().map(StepName::as_str))));
        }
        let context = map([
            ("rule", self.rule_value.clone()),
            ("vars", self.vars_value.clone()),
            ("window", window_value(self.rule, window)),
            ("audit", literal::sql(&self.audit)),
            ("staging", staging_value(self.rule, staging_table)),
        ]);
        let body = self
            .environment
            .get_template(&name)
            .and_then(|template| template.render(context))
            .map_err(|error| {
                template_error(&error, &self.paths, None).during(format!("{step} of {window}"))
            })?;
        let sql = format!("{}{}", self.header(step, window), tidy(&body));
        Ok(Statement::new(step.clone(), window.clone(), sql))
    }

    /// Why there is no such step about staging tables.
    fn nothing_staged(&self, step: &StepName) -> Error {
        let name = &self.rule.name;
        let (message, help) = match &self.rule.staging {
            None => (
                format!("rule {name} has no staging tables, so there is no step `{step}`"),
                format!("name them in a section [rule.{name}.staging]"),
            ),
            Some(_) => (
                format!("nobody knows which columns the staging tables of rule {name} bring"),
                format!(
                    "list them in [rule.{name}.columns], or as `columns` of its staging section"
                ),
            ),
        };
        Error::new(Kind::Usage, message).help(help)
    }

    fn header(&self, step: &StepName, window: &Window) -> String {
        let rule = &self.rule.name;
        match self.rule.scope_of(step) {
            Scope::Table => format!("-- onerow: rule {rule}, step {step}\n"),
            Scope::Window | Scope::Date => {
                format!("-- onerow: rule {rule}, step {step}, {window}\n")
            }
        }
    }
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::Custom("googlesql".into()));
    environment.set_formatter(literal::write);
    environment.set_debug(true);
    // HTML's and JSON's ways of escaping do not belong into SQL; `raw` says what `safe` means here.
    for filter in ["safe", "escape", "e", "tojson"] {
        environment.remove_filter(filter);
    }
    environment.add_filter("commas", literal::commas);
    environment.add_filter("raw", literal::raw);
    environment.add_filter("ident", literal::ident);
    environment.add_filter("of", qualify::of);
    environment
}

fn merge(
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

/// A variable that nobody reads is a slip of the finger.
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
    let known = known.chain(read.iter().map(String::as_str));
    Err(Error::new(
        Kind::Usage,
        format!("--var {}: no template of rule {} reads it", name.as_str(), rule.name),
    )
    .help(did_you_mean(name.as_str(), known)))
}

/// One newline at the end, none at the start, no blank line twice, no blanks at the end of a line.
fn tidy(sql: &str) -> String {
    let mut tidy = String::with_capacity(sql.len() + 1);
    let mut blank = true;
    for line in sql.lines().map(str::trim_end) {
        if !(line.is_empty() && blank) {
            tidy.push_str(line);
            tidy.push('\n');
        }
        blank = line.is_empty();
    }
    tidy.truncate(tidy.trim_end().len());
    tidy.push('\n');
    tidy
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::{RuleFile, RuleName};
    use crate::template::Template;
    use crate::window::Day;

    const RULES: &str = r#"
[rule.p]
table = "nba.predictions"
partition = "game_date"
key = ["game_id", "system_id"]
keep = ["created_at DESC", "id DESC"]
row_id = "id"
active = "is_active"
touched_at = "updated_at"
written_at = "created_at"
[rule.p.vars]
quote = "it's; DROP TABLE x --"
day = 2026-01-28
systems = ["a", "b"]
limit = 5
"#;

    fn file() -> RuleFile {
        RuleFile::parse("onerow.toml", RULES).unwrap()
    }

    fn window() -> Window {
        Window::day(Day::parse("2026-01-28").unwrap())
    }

    fn render_with(template: &str, vars: &[&str]) -> Result<String> {
        let own = Template { path: "sql/own.sql".into(), text: template.into() };
        let templates = Templates::shipped().with(None, "own.sql", own);
        let vars: Vec<VarArg> = vars.iter().map(|var| var.parse().unwrap()).collect();
        let file = file();
        let renderer = Renderer::new(&file.rules[0], &templates, &vars)?;
        let statements = renderer.render(&StepName::parse("own").unwrap(), &window())?;
        let (_, body) = statements[0].sql.split_once('\n').unwrap();
        Ok(body.trim_end().to_owned())
    }

    fn render(template: &str) -> String {
        render_with(template, &[]).unwrap()
    }

    #[test]
    fn a_value_is_written_as_its_typed_literal() {
        assert_eq!(render("{{ vars.quote }}"), r"'it\'s; DROP TABLE x --'");
        assert_eq!(render("{{ vars.day }}"), "DATE '2026-01-28'");
        assert_eq!(render("IN UNNEST({{ vars.systems }})"), "IN UNNEST(['a', 'b'])");
        assert_eq!(render("IN ({{ vars.systems | commas }})"), "IN ('a', 'b')");
        assert_eq!(render("{{ vars.limit }} {{ 1.0 }} {{ none }} {{ true }}"), "5 1.0 NULL TRUE");
        assert_eq!(
            render("{{ window.first }} {{ rule.table }}"),
            "DATE '2026-01-28' `nba.predictions`"
        );
    }

    #[test]
    fn a_negative_number_cannot_begin_a_comment() {
        assert_eq!(render("n > 5 -{{ 0 - 3 }} AND k"), "n > 5 - -3 AND k");
        assert_eq!(render_with("5 -{{ vars.limit }}", &["limit=-7"]).unwrap(), "5 - -7");
    }

    #[test]
    fn a_string_stays_data_whatever_a_template_does_to_it() {
        assert_eq!(render("{{ vars.quote | upper }}"), r"'IT\'S; DROP TABLE X --'");
        assert_eq!(render("{{ vars.quote ~ '!' }}"), r"'it\'s; DROP TABLE x --!'");
        assert_eq!(render("{{ vars.systems | join(', ') }}"), "'a, b'");
        assert_eq!(
            render("{{ vars.quote | replace('it', rule.row_id) }}").matches('\'').count(),
            3
        );
        assert!(render_with("{{ vars.quote | safe }}", &[]).is_err());
    }

    #[test]
    fn sql_and_names_from_a_string_are_asked_for_by_name() {
        assert_eq!(render("{{ 'a + b' | raw }} {{ 'order' | ident }}"), "a + b `order`");
        assert!(render_with("{{ vars.quote | ident }}", &[]).is_err());
    }

    #[test]
    fn a_var_of_the_command_line_takes_the_declared_type() {
        assert_eq!(render_with("{{ vars.limit }}", &["limit=7"]).unwrap(), "7");
        assert_eq!(
            render_with("{{ vars.fresh }}", &["fresh=2026-01-01"]).unwrap(),
            "DATE '2026-01-01'"
        );
        let error = render_with("{{ vars.limit }}", &["limti=7"]).unwrap_err().to_string();
        assert!(error.contains("did you mean `limit`?"), "{error}");
    }

    #[test]
    fn a_mistake_in_a_template_names_file_line_and_column() {
        let cases = [
            ("SELECT 1\nFROM {{ rule.tabel }}\n", "sql/own.sql:2:"),
            ("SELECT 1\n  {% if %}\n", "sql/own.sql:2:"),
            ("SELECT {{ nothing }}", "sql/own.sql:1:"),
            (
                "{% from \"_survivors.sql\" import counts %}\n{{ counts(rule, {}) }}",
                "_survivors.sql",
            ),
            ("{{ 'x' | shout }}", "sql/own.sql:1:"),
        ];
        for (template, place) in cases {
            let error = render_with(template, &[]).unwrap_err();
            assert_eq!(error.kind(), Kind::Template);
            assert!(error.to_string().contains(place), "{template:?}: {error}");
        }
    }

    #[test]
    fn the_same_rule_and_window_give_the_same_bytes() {
        let file = file();
        let templates = Templates::shipped();
        for step in ["detect", "deactivate", "verify", "current"] {
            let step = StepName::parse(step).unwrap();
            let render = || {
                let renderer = Renderer::new(&file.rules[0], &templates, &[]).unwrap();
                renderer.render(&step, &window()).unwrap()[0].clone()
            };
            assert_eq!(render().fingerprint, render().fingerprint);
        }
    }

    #[test]
    fn a_step_without_a_template_offers_the_nearest() {
        let file = file();
        let renderer = Renderer::new(&file.rules[0], &Templates::shipped(), &[]).unwrap();
        let error = renderer.render(&StepName::parse("detekt").unwrap(), &window()).unwrap_err();
        assert!(error.to_string().contains("did you mean `detect`?"), "{error}");
    }

    #[test]
    fn a_rules_own_template_comes_before_the_projects_and_the_shipped_one() {
        let own = |text: &str| Template { path: "x".into(), text: text.into() };
        let templates = Templates::shipped()
            .with(None, "detect.sql", own("SELECT 'project'"))
            .with(Some(RuleName::parse("p").unwrap()), "verify.sql", own("SELECT 'rule'"))
            .with(Some(RuleName::parse("q").unwrap()), "verify.sql", own("SELECT 'other'"));
        let file = file();
        let renderer = Renderer::new(&file.rules[0], &templates, &[]).unwrap();
        let sql = |step| {
            renderer.render(&StepName::parse(step).unwrap(), &window()).unwrap()[0].sql.clone()
        };
        assert!(sql("detect").contains("'project'"));
        assert!(sql("verify").contains("'rule'"));
    }

    #[test]
    fn text_is_tidied() {
        assert_eq!(tidy("\n\n a  \n\n\n b\n\n"), " a\n\n b\n");
    }
}
