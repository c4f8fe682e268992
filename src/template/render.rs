//! Rendering: a rule, a step and a window in, a statement out. No clock, no network.

use std::collections::BTreeMap;

use jiff::Timestamp;
use minijinja::{Environment, Value};

use super::custom;
use super::environment::{merge, shipped};
use super::failure::template_error;
use super::values::{map, removals_value, rule_value, staging_value, table_value, window_value};
use super::{Template, Templates, limits, literal, whole};
use crate::error::{Error, Kind, Place, Result, did_you_mean};
use crate::googlesql::{Fragment, Ident, SqlValue, TableName};
use crate::removals::RemovalLog;
use crate::rule::{Rule, Scope, Strategy, VarArg};
use crate::statement::{Fingerprint, Statement, StepName};
use crate::step::{Needs, Step};
use crate::window::{Day, Window};

/// The approximate length of the header comment.
const HEADER_BYTES: usize = 100;

/// Renders the steps of one rule, with compiled templates.
pub struct Renderer<'a> {
    pub(super) rule: &'a Rule,
    environment: Environment<'static>,
    pub(super) paths: BTreeMap<String, String>,
    rule_value: Value,
    vars: Vec<(Ident, SqlValue)>,
    vars_value: Value,
    staging_value: Value,
    removals: RemovalLog,
    pub(super) own_bytes: usize,
    /// The shipped templates, if the project replaces one of them.
    shipped: Option<Environment<'static>>,
}

impl<'a> Renderer<'a> {
    /// Compiles the templates of a rule; `vars` override or extend the rule's variables.
    ///
    /// # Errors
    /// A template does not parse, or neither the rule nor a template uses a `--var`.
    pub fn new(rule: &'a Rule, templates: &Templates, vars: &[VarArg]) -> Result<Self> {
        let replaced = replaced(rule, templates)?;
        let of_rule = templates.of(rule);
        let mut environment = shipped(|name| of_rule.contains_key(name))?;
        let (mut paths, mut own_bytes) = (BTreeMap::new(), 0);
        for (name, template) in &of_rule {
            paths.insert((*name).to_owned(), template.path.clone());
            if is_built_in(template) {
                continue;
            }
            limits::check_template(&template.path, &template.text)?;
            let added =
                || environment.add_template_owned((*name).to_owned(), template.text.clone());
            limits::compiling(own_text(template), added).map_err(|error| {
                template_error(&error, &paths, Some(&template.text), &Value::UNDEFINED)
            })?;
            own_bytes += own_text(template).len();
        }
        // Sized for the longest, since each is compiled separately.
        let longest = of_rule.into_values().map(own_text).max_by_key(|text| text.len());
        let vars =
            limits::compiling(longest.unwrap_or_default(), || merge(rule, &environment, vars))?;
        let vars_value =
            map(vars.iter().map(|(name, value)| (name.as_str(), literal::to_template(value))));
        let (rule_value, staging_value) = (rule_value(rule), staging_value(rule, None));
        let removals = rule.removal_logs.first().cloned().unwrap_or_else(RemovalLog::embedded);
        Ok(Self {
            rule,
            environment,
            paths,
            rule_value,
            vars,
            vars_value,
            staging_value,
            removals,
            own_bytes,
            shipped: replaced,
        })
    }

    /// Sets the removal log, by default that of the rule file's first warehouse.
    #[must_use]
    pub fn with_removals(self, removals: RemovalLog) -> Self {
        Self { removals, ..self }
    }

    /// The removal log that statements write to and read.
    pub fn removals(&self) -> &RemovalLog {
        &self.removals
    }

    /// The rule.
    pub fn rule(&self) -> &'a Rule {
        self.rule
    }

    /// The effective template variables, for the ledger.
    pub fn vars(&self) -> &[(Ident, SqlValue)] {
        &self.vars
    }

    /// The steps with templates, by name.
    pub fn steps(&self) -> Vec<StepName> {
        let mut steps = super::steps(self.paths.keys().map(String::as_str));
        let has = |step: &StepName| step.step() == Step::Custom || self.can_have(step);
        steps.retain(has);
        steps
    }

    /// Whether a step's own template is the built-in one.
    pub fn is_built_in(&self, step: &StepName) -> bool {
        let path = self.paths.get(&format!("{step}.sql"));
        path.is_some_and(|path| path.ends_with(super::BUILT_IN))
    }

    /// The first macro file that the project overrides, by name.
    pub fn own_macros(&self) -> Option<&str> {
        let macros = self.paths.iter().filter(|(name, _)| name.starts_with('_'));
        let mut own = macros.filter(|(name, path)| {
            Templates::shipped_text(name).is_some() && !path.ends_with(super::BUILT_IN)
        });
        own.next().map(|(name, _)| name.as_str())
    }

    /// The statements of a step for a window: one, or one for each date. The UPDATE of a custom step is one
    /// for each date, after its guards.
    ///
    /// # Errors
    /// There is no such step, or a template does not render; the error has file, line and column.
    pub fn render(&self, step: &StepName, window: &Window) -> Result<Vec<Statement>> {
        if step.row().needs == Needs::CustomUpdate {
            let message = format!("{step} is rendered with the custom step whose UPDATE it guards");
            return Err(Error::new(Kind::Usage, message).help("name the custom step"));
        }
        let whole = self.rule.partition.is_whole().then(Window::whole);
        let window = whole.as_ref().unwrap_or(window);
        self.refuse_all_shards(step, window)?;
        self.refuse_unknown_columns(step)?;
        if window.has_undated() && self.rule.partition.is_by_arrival() {
            let message = format!(
                "rows of {} have no date only while they are in the streaming buffer, where no statement can \
                 change them",
                self.rule.table.dotted()
            );
            return Err(Error::new(Kind::Usage, message)
                .help("name the date on which they arrived, once they have left the buffer"));
        }
        let statements = self.render_plainly(step, window)?;
        // Without an active flag, an UPDATE may not change anything; the checks report it.
        let flag = self.rule.active.as_ref().and_then(|active| active.flag.as_ref());
        let guards = step.step() == Step::Custom && flag.is_some();
        match guards && statements.iter().any(|s| custom::is_update(&s.sql)) {
            true => self.guarded(step, window, statements),
            false => Ok(statements),
        }
    }

    fn render_plainly(&self, step: &StepName, window: &Window) -> Result<Vec<Statement>> {
        if let (Step::DropStaging, Some(staging)) = (step.step(), &self.rule.staging) {
            let tables = staging.tables.iter();
            return tables.map(|table| self.render_one(step, window, Some(table))).collect();
        }
        match self.rule.scope_of(step) {
            Scope::Window | Scope::Table => Ok(vec![self.render_one(step, window, None)?]),
            Scope::Date if step.shares_statements() => {
                let batches = self.rule.batches(window.days());
                batches.iter().map(|batch| self.render_one(step, batch, None)).collect()
            }
            Scope::Date => {
                let days = window.days().iter();
                days.map(|day| self.render_one(step, &Window::day(*day), None)).collect()
            }
        }
    }

    /// The definition of a step's counts: its fingerprint for a representative date. Equal definitions count
    /// the same, for any dates.
    pub(crate) fn definition(&self, counting: &str) -> Result<Fingerprint> {
        let step = StepName::parse(counting)?;
        let date = Window::day(Day::from(jiff::civil::date(2000, 1, 1)));
        let window = if self.rule.partition.is_whole() { Window::whole() } else { date };
        self.render_one(&step, &window, None).map(|statement| statement.fingerprint)
    }

    /// One statement of a step for all of these dates, regardless of the number of dates per statement.
    pub(crate) fn render_together(&self, step: &StepName, window: &Window) -> Result<Statement> {
        self.render_one(step, window, None)
    }

    /// The statement of a shipped step for rows removed with this strategy; if it inserts rows again,
    /// `columns` are the table's current columns to fill.
    pub fn render_about_removed(
        &self,
        step: &StepName,
        window: &Window,
        removed_by: Strategy,
        columns: &[Ident],
    ) -> Result<Statement> {
        let about = [
            ("removed_by", Value::from(removed_by.step())),
            ("columns", columns.iter().map(literal::sql).collect()),
        ];
        self.render_shipped(step, window, map(about))
    }

    /// The statement that saves the rows of one date as of this time as a before image. The time is a
    /// literal, since not every server accepts a parameter there.
    pub fn render_before_image(&self, window: &Window, at: Timestamp) -> Result<Statement> {
        let step = StepName::parse(StepName::BEFORE_IMAGE)?;
        let before = literal::sql(SqlValue::Timestamp(at).literal());
        self.render_shipped(&step, window, map([("before", before)]))
    }

    /// The query for the duplicates of dates that are not known yet: `filter` restricts it to them, and `around`
    /// to them and the dates that rows are compared with. Where the rule has no dates, neither is used.
    ///
    /// # Errors
    /// A macro of the project does not render.
    pub(crate) fn superseded(&self, filter: &Fragment, around: &Fragment) -> Result<String> {
        const NAME: &str = "_superseded.sql";
        let whole = Window::whole();
        let filter = match self.rule.partition.is_one_group() {
            true => whole::filter(self.rule, &whole),
            false => literal::sql(filter),
        };
        let window = map([("filter", filter), ("around", literal::sql(around))]);
        let context = map([("rule", self.rule_value.clone()), ("window", window)]);
        let template = self.environment.get_template(NAME);
        let rendered =
            limits::rendering(self.own_bytes, || template.and_then(|found| found.render(&context)));
        let mut body =
            rendered.map_err(|error| template_error(&error, &self.paths, None, &context))?;
        if self.rule.partition.is_one_group() {
            body = whole::without_marks(&body, &whole);
        }
        let mut sql = format!("-- onerow: rule {}, duplicates\n", self.rule.name);
        push_tidied(&mut sql, &body);
        limits::check_statement(NAME, &sql)?;
        Ok(sql)
    }

    /// A shipped step whose template has additional variables.
    pub(super) fn render_shipped(
        &self,
        step: &StepName,
        window: &Window,
        more: Value,
    ) -> Result<Statement> {
        let all = minijinja::value::merge_maps([self.context(window, None), more]);
        let sql = self.text(self.shipped(), step, window, all)?;
        Ok(Statement::new(step.clone(), window.clone(), sql))
    }

    /// The shipped templates.
    pub(super) fn shipped(&self) -> &Environment<'static> {
        self.shipped.as_ref().unwrap_or(&self.environment)
    }

    /// The line of a template from which a line of this step's SQL was rendered, if known.
    pub fn origin(&self, step: &StepName, rendered: &str) -> Option<Place> {
        let own = format!("{step}.sql");
        let ours = |name: &str| name == own || name.starts_with('_');
        let templates = self.environment.templates().filter(|(name, _)| ours(name));
        let templates: Vec<_> =
            templates.filter_map(|(name, found)| Some((self.paths.get(name)?, found))).collect();
        let texts = templates.iter().map(|(path, found)| (path.as_str(), found.source()));
        super::origin::of(texts, rendered)
    }

    pub(super) fn render_one(
        &self,
        step: &StepName,
        window: &Window,
        staging_table: Option<&TableName>,
    ) -> Result<Statement> {
        let name = format!("{step}.sql");
        if !self.paths.contains_key(&name) {
            let (rule, steps) = (&self.rule.name, self.steps());
            if step.row().needs == Needs::Staging {
                return Err(self.nothing_staged(step));
            }
            if step.removes_duplicates() {
                let own = self.rule.strategy.step();
                return Err(Error::new(
                    Kind::Usage,
                    format!("rule {rule} has strategy {own}, so it has no step {step}"),
                )
                .help(format!("its own is `{own}`; to change that, set `strategy` in the rule")));
            }
            return Err(Error::new(
                Kind::UnknownName,
                format!(
                    "there is no step `{step}`: it is not built in, and there is no sql/{rule}/{name} or sql/{name}"
                ),
            )
            .help(did_you_mean(step.as_str(), steps.iter().map(StepName::as_str))));
        }
        let context = self.context(window, staging_table);
        let statement = |sql| Statement::new(step.clone(), window.clone(), sql);
        let Some(shipped) = &self.shipped else {
            return Ok(statement(self.text(&self.environment, step, window, context)?));
        };
        if step.is_shipped_only() {
            return Ok(statement(self.text(shipped, step, window, context)?));
        }
        let own = statement(self.text(&self.environment, step, window, context.clone())?);
        Ok(match step.row().keeps_conditions() {
            true => own.replacing(&self.text(shipped, step, window, context)?),
            false => own,
        })
    }

    /// The text of a step, rendered with these templates.
    fn text(
        &self,
        environment: &Environment<'static>,
        step: &StepName,
        window: &Window,
        context: Value,
    ) -> Result<String> {
        let name = format!("{step}.sql");
        let rendering = |error: Error| error.while_doing(format!("rendering {step} of {window}"));
        let template = environment.get_template(&name);
        let rendered =
            limits::rendering(self.own_bytes, || template.and_then(|found| found.render(&context)));
        let mut body = rendered
            .map_err(|error| rendering(template_error(&error, &self.paths, None, &context)))?;
        if self.rule.partition.is_one_group() {
            body = whole::without_marks(&body, window);
        }
        let mut sql = String::with_capacity(HEADER_BYTES + body.len());
        sql.push_str(&self.header(step, window));
        push_tidied(&mut sql, &body);
        let path = self.paths.get(&name).unwrap_or(&name);
        limits::check_statement(path, &sql).map_err(rendering)?;
        Ok(sql)
    }

    /// The variables of a step's template.
    pub(super) fn context(&self, window: &Window, staging_table: Option<&TableName>) -> Value {
        map([
            ("rule", self.rule_value_for(window)),
            ("vars", self.vars_value.clone()),
            ("window", window_value(self.rule, window)),
            ("columns", self.rule.stored_columns().map(literal::sql).collect()),
            ("removals", removals_value(&self.removals, self.rule)),
            ("removed_by", Value::from(self.rule.strategy.step())),
            ("before", literal::sql("@before")),
            (
                "staging",
                match staging_table {
                    None => self.staging_value.clone(),
                    about => staging_value(self.rule, about),
                },
            ),
        ])
    }

    /// The rule, with the table of these dates.
    fn rule_value_for(&self, window: &Window) -> Value {
        match self.rule.partition.is_sharded() {
            false => self.rule_value.clone(),
            true => {
                let table = table_value(&self.rule.table_of(window));
                minijinja::value::merge_maps([self.rule_value.clone(), table])
            }
        }
    }

    /// The fuel used to render a step.
    #[cfg(test)]
    pub(super) fn fuel(&self, step: &StepName, window: &Window) -> u64 {
        let template = self.environment.get_template(&format!("{step}.sql")).unwrap();
        let rendered = template.render_captured(self.context(window, None)).unwrap();
        rendered.state().fuel_levels().unwrap().0
    }

    /// The error for a step without staging tables.
    fn nothing_staged(&self, step: &StepName) -> Error {
        let name = &self.rule.name;
        let (message, help) = match &self.rule.staging {
            None => (
                format!("rule {name} has no staging tables, so there is no step `{step}`"),
                format!("name them in a section [rule.{name}.staging]"),
            ),
            Some(_) => (
                format!("the columns of the staging tables of rule {name} are not configured"),
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

/// The shipped templates of a rule, if the project replaces one of them: a macro or a step.
fn replaced(rule: &Rule, templates: &Templates) -> Result<Option<Environment<'static>>> {
    let replaces = |(name, template): (&str, &Template)| {
        Templates::shipped_text(name).is_some() && !is_built_in(template)
    };
    if !templates.of(rule).into_iter().any(replaces) {
        return Ok(None);
    }
    let all = Templates::shipped();
    let of_rule = all.of(rule);
    shipped(|name| of_rule.contains_key(name)).map(Some)
}

/// The text of a template that is not built in, whose depth is unknown.
fn own_text(template: &Template) -> &str {
    if is_built_in(template) { "" } else { &template.text }
}

fn is_built_in(template: &Template) -> bool {
    template.path.ends_with(super::BUILT_IN)
}

/// Appends a text with one final newline, without leading newlines, repeated blank lines or trailing blanks.
fn push_tidied(sql: &mut String, text: &str) {
    let mut blank = true;
    for line in text.lines().map(str::trim_end) {
        if !(line.is_empty() && blank) {
            sql.push_str(line);
            sql.push('\n');
        }
        blank = line.is_empty();
    }
    sql.truncate(sql.trim_end().len());
    sql.push('\n');
}

#[cfg(test)]
mod tests;
