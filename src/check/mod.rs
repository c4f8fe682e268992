//! Findings about rendered SQL: one small function each, each with a code. A statement without findings
//! becomes a [`Checked`], the only input that a warehouse accepts.

mod allow;
mod code;
mod codes;
mod columns;
mod condition;
mod consolidate;
mod kind;
mod merge;
mod mutation;
mod normal;
mod opaque;
mod partition;
mod relation;
mod types;
mod undo;
mod view;
mod volatility;

pub use code::{Code, Severity};
pub use codes::{CHECKS, Check, Example, On};
pub(crate) use mutation::dotted;

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use sqlparser::ast::{self, Spanned};
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Span, Token, TokenWithSpan};

use allow::Allows;
use codes::{Find, calls_routine};

use crate::error::{Error, Kind, Place};
use crate::googlesql::{self, SqlValue, tokens};
use crate::rule::{Rule, WrittenAs};
use crate::statement::{Params, Statement};
use crate::step::Step;

/// A statement without errors. Only [`inspect`] creates one. It keeps the text and not the syntax tree, which
/// uses many times the memory: a plan may have thousands of statements.
#[derive(Debug, Clone)]
pub struct Checked {
    statement: Statement,
    effect: Effect,
    /// The type in which the rule's `written_at` stores an instant.
    written_as: WrittenAs,
}

/// The effect of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Effect {
    /// A query that the parser cannot read.
    Unread,
    Reads,
    Changes,
    Defines,
}

impl Effect {
    fn of(parsed: &ast::Statement) -> Self {
        match parsed {
            ast::Statement::Query(_) => Self::Reads,
            ast::Statement::CreateView(_)
            | ast::Statement::CreateTable(_)
            | ast::Statement::Drop { .. } => Self::Defines,
            _ => Self::Changes,
        }
    }
}

impl Checked {
    /// The statement's text, step, window and fingerprint.
    pub fn statement(&self) -> &Statement {
        &self.statement
    }

    /// The statement's parsed form; `None` for a query that the parser cannot read and the template allows.
    pub fn parsed(&self) -> Option<ast::Statement> {
        match self.effect {
            Effect::Unread => None,
            _ => statements(tokens(&self.statement.sql).ok()?).ok()?.pop(),
        }
    }

    /// The tables that the statement names, each once, including names of its common table expressions. Empty
    /// for a query that the parser cannot read.
    pub(crate) fn tables(&self) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        _ = ast::visit_relations(&self.parsed().into_iter().collect::<Vec<_>>(), |name| {
            names.insert(dotted(name));
            ControlFlow::<()>::Continue(())
        });
        names
    }

    /// Whether the statement has this query parameter.
    pub fn takes(&self, parameter: &str) -> bool {
        self.parameters().any(|name| name == parameter)
    }

    /// The parameters, with the cutoff converted to the type of the rule's `written_at`, so that the two can
    /// be compared directly.
    pub(crate) fn typed(&self, params: &Params) -> Params {
        match params.get("cutoff") {
            Some(SqlValue::Timestamp(cutoff)) => {
                params.clone().with("cutoff", self.written_as.value(*cutoff))
            }
            _ => params.clone(),
        }
    }

    /// The parameters that the statement has, [typed](Self::typed).
    pub(crate) fn params(&self, all: &Params) -> Params {
        let all = self.typed(all);
        let mut params = Params::none();
        for name in self.parameters() {
            if let Some(value) = all.get(&name) {
                params = params.with(&name, value.clone());
            }
        }
        params
    }

    fn parameters(&self) -> impl Iterator<Item = String> {
        let tokens = tokens(&self.statement.sql).unwrap_or_default().into_iter();
        tokens.filter_map(|token| match token.token {
            Token::Placeholder(name) => name.strip_prefix('@').map(str::to_ascii_lowercase),
            Token::Word(word) if word.quote_style.is_none() => {
                word.value.strip_prefix('@').map(str::to_ascii_lowercase)
            }
            _ => None,
        })
    }

    /// Whether the statement creates or drops a definition.
    pub fn defines(&self) -> bool {
        self.effect == Effect::Defines
    }

    /// Whether the statement changes data or definitions.
    pub fn mutates(&self) -> bool {
        matches!(self.effect, Effect::Changes | Effect::Defines)
    }
}

/// One problem of a statement.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// The code of the finding.
    pub code: Code,
    /// Its place: in the rendered SQL, or in the rule file.
    pub place: Place,
    /// The problem, and why it matters.
    pub reason: String,
    /// How to fix it.
    pub help: String,
    /// The line of the template that it comes from, if known.
    pub origin: Option<Place>,
}

impl Finding {
    /// The line of the template that it comes from, in a sentence; `None` if unknown.
    pub(crate) fn comes_from(&self) -> Option<String> {
        self.origin.as_ref().map(|origin| format!("the line comes from {origin}"))
    }
}

/// The result of checking one statement.
#[derive(Debug, Clone)]
pub struct Inspected {
    /// The statement, unless a finding prevents it from running.
    pub checked: Option<Checked>,
    /// All findings that are not allowed, including warnings.
    pub findings: Vec<Finding>,
    /// The number of findings that the template allows.
    pub allowed: usize,
}

/// Checks one statement of a rule.
pub fn inspect(rule: &Rule, statement: Statement) -> Inspected {
    let mut findings = Vec::new();
    let (effect, allowed) = match &statement.unrestricted {
        None => look(&Text::new(rule, &statement), &mut findings),
        Some(own) => look_at_restricted(rule, &statement, own, &mut findings),
    };
    let runs = findings.iter().all(|finding| finding.code.severity() < Severity::Error);
    Inspected {
        checked: runs.then_some(Checked { statement, effect, written_as: rule.written_as }),
        findings,
        allowed,
    }
}

/// Checks one statement of a rule that is about to run. Warnings are ignored.
///
/// # Errors
/// The findings of severity error.
pub fn run(rule: &Rule, statement: Statement) -> crate::error::Result<Checked> {
    let Inspected { checked, findings, .. } = inspect(rule, statement);
    checked.ok_or_else(|| refusal(&findings))
}

/// The effect of the statement, and the number of findings that its template allows.
fn look(text: &Text<'_>, findings: &mut Vec<Finding>) -> (Effect, usize) {
    let tokens = match tokens(&text.statement.sql) {
        Ok(tokens) => tokens,
        Err(error) => {
            findings.push(unparsable(text, &error));
            return (Effect::Unread, 0);
        }
    };
    if text.statement.guards.is_some() {
        return (look_at_guard(text, tokens, findings), 0);
    }
    let allows = Allows::read(text, &tokens, findings);
    let effect = match parse(text, tokens) {
        Ok(parsed) => {
            googlesql::with_stack(&parsed, || examine(text, &parsed, findings));
            Effect::of(&parsed)
        }
        Err(finding) if allows.has(finding.code) => {
            findings.push(*finding);
            findings.extend(opaque::refuse(text));
            Effect::Unread
        }
        Err(finding) => {
            findings.push(*finding);
            return (Effect::Unread, 0);
        }
    };
    let allowed = allows.apply(text, findings);
    calls_routine::leave_to_other_dialect(findings);
    (effect, allowed)
}

/// Checks the UPDATE of a custom step as its template writes it; with the shipped conditions added, it must
/// still be a single UPDATE.
fn look_at_restricted(
    rule: &Rule,
    statement: &Statement,
    own: &str,
    findings: &mut Vec<Finding>,
) -> (Effect, usize) {
    let (step, window) = (statement.step.clone(), statement.window.clone());
    let own = Statement::new(step, window, own.to_owned());
    let (effect, allowed) = look(&Text::new(rule, &own), findings);
    if findings.iter().any(|finding| finding.code.severity() == Severity::Error) {
        return (effect, allowed);
    }
    let text = Text::new(rule, statement);
    match tokens(&statement.sql) {
        Ok(tokens) => (look_at_guard(&text, tokens, findings), allowed),
        Err(error) => {
            findings.push(unparsable(&text, &error));
            (Effect::Unread, allowed)
        }
    }
}

/// Checks the guard of a custom step: a shipped text around the UPDATE's condition, which is checked
/// separately.
fn look_at_guard(
    text: &Text<'_>,
    tokens: Vec<TokenWithSpan>,
    findings: &mut Vec<Finding>,
) -> Effect {
    match parse(text, tokens) {
        Ok(parsed) => {
            googlesql::with_stack(&parsed, || shape(text, &parsed, findings));
            Effect::of(&parsed)
        }
        Err(finding) => {
            findings.push(*finding);
            Effect::Unread
        }
    }
}

fn examine(text: &Text<'_>, parsed: &ast::Statement, findings: &mut Vec<Finding>) {
    shape(text, parsed, findings);
    columns::check(text, parsed, findings);
    for check in &CHECKS {
        if let Find::Statement(find) = check.find {
            find(text, parsed, findings);
        }
    }
}

/// Whether the statement is of the kind its step requires, and changes nothing else.
fn shape(text: &Text<'_>, parsed: &ast::Statement, findings: &mut Vec<Finding>) {
    kind::check(text, parsed, findings);
    match parsed {
        ast::Statement::Update(update) => match text.statement.step.step() {
            Step::Undo => undo::update(text, update, findings),
            _ => mutation::update(text, update, findings),
        },
        ast::Statement::Insert(insert) => undo::insert(text, insert, findings),
        ast::Statement::CreateTable(table) => undo::before_image(text, table, findings),
        ast::Statement::Delete(delete) => match text.statement.step.step() {
            Step::Correct => undo::correct(text, delete, findings),
            _ => mutation::delete(text, delete, findings),
        },
        ast::Statement::Merge(merge) => match text.statement.step.step() {
            Step::Consolidate => consolidate::check(text, merge, findings),
            Step::Undo => undo::merge(text, merge, findings),
            _ => merge::check(text, merge, findings),
        },
        _ => {}
    }
}

/// The statement's parsed form; `None` if the parser cannot read it or finds several statements.
pub fn parsed(rule: &Rule, statement: &Statement) -> Option<ast::Statement> {
    let text = Text::new(rule, statement);
    parse(&text, tokens(&statement.sql).ok()?).ok()
}

/// Checks the rule itself, independent of its statements.
pub fn rule(rule: &Rule) -> Vec<Finding> {
    let found = CHECKS.iter().filter_map(|check| match check.find {
        Find::Rule(find) => find(rule),
        Find::Statement(_) | Find::Together(_) => None,
    });
    found.collect()
}

/// The findings as an error that ends a command.
pub fn refusal(findings: &[Finding]) -> Error {
    let error = match findings {
        [only] => Error::new(Kind::Findings, format!("{}: {}", only.code, only.reason)),
        [first, rest @ ..] => Error::new(
            Kind::Findings,
            format!(
                "{}: {} (and {} more; `onerow check` shows all)",
                first.code,
                first.reason,
                rest.len()
            ),
        ),
        [] => return Error::new(Kind::Findings, "refused without a finding"),
    };
    let error = error.at(findings[0].place.clone()).help(findings[0].help.clone());
    match findings[0].comes_from() {
        Some(origin) => error.note(origin),
        None => error,
    }
}

/// A statement under check, and the mapping of its places.
struct Text<'a> {
    rule: &'a Rule,
    statement: &'a Statement,
}

impl<'a> Text<'a> {
    fn new(rule: &'a Rule, statement: &'a Statement) -> Self {
        Self { rule, statement }
    }

    /// The rule's table, as `dataset.table`.
    fn table(&self) -> String {
        self.rule.table_of(&self.statement.window).dotted()
    }

    fn finding(
        &self,
        code: Code,
        span: Span,
        reason: impl Into<String>,
        help: impl Into<String>,
    ) -> Finding {
        self.finding_at(code, (span.start.line, span.start.column), reason, help)
    }

    fn finding_at(
        &self,
        code: Code,
        (line, column): (u64, u64),
        reason: impl Into<String>,
        help: impl Into<String>,
    ) -> Finding {
        let name = format!("{}: {}", self.rule.name, self.statement.title());
        // A parser error without a place says line 0; the text starts with onerow's header.
        let (line, column) = if line == 0 { (2, 1) } else { (line as usize, column as usize) };
        Finding {
            code,
            place: Place::of_line(name, self.statement.sql.as_str(), line, column),
            reason: reason.into(),
            help: help.into(),
            origin: None,
        }
    }
}

fn statements(tokens: Vec<TokenWithSpan>) -> Result<Vec<ast::Statement>, ParserError> {
    googlesql::parse(tokens, Parser::parse_statements)
}

fn parse(text: &Text<'_>, tokens: Vec<TokenWithSpan>) -> Result<ast::Statement, Box<Finding>> {
    let mut parsed = statements(tokens).map_err(|error| Box::new(unparsable(text, &error)))?;
    match (parsed.pop(), parsed.first()) {
        (Some(only), None) => Ok(only),
        (None, _) => Err(Box::new(text.finding(
            Code::NotOneStatement,
            Span::empty(),
            "the template rendered to no statement at all",
            "write one query or one UPDATE",
        ))),
        (Some(second), Some(_)) => Err(Box::new(text.finding(
            Code::NotOneStatement,
            second.span(),
            "the template rendered to more than one statement, so that a failure could leave half of them done",
            "split it into steps; each step is run, checked and logged separately",
        ))),
    }
}

fn unparsable(text: &Text<'_>, error: &ParserError) -> Finding {
    let message = match error {
        ParserError::TokenizerError(message) | ParserError::ParserError(message) => {
            message.as_str()
        }
        ParserError::RecursionLimitExceeded => "it is nested too deeply",
    };
    let (message, place) = match message.split_once(" at Line: ") {
        Some((message, place)) => (message, place),
        None => (message, ""),
    };
    let mut numbers = place.split(", Column: ").map(|number| number.trim().parse().unwrap_or(0));
    let place = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    text.finding_at(
        Code::Unparsable,
        place,
        format!("it does not parse as GoogleSQL: {message}"),
        "fix the template; `onerow render` shows the whole text",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statement::StepName;
    use crate::window::{Day, Window};

    /// Every check handles the deepest tree that is parsed, in the 2 MiB stack of a test.
    #[test]
    fn the_deepest_tree_is_checked() {
        let project = crate::fuzzed::project();
        let window = Window::day(Day::parse("2026-01-28").unwrap());
        for (part, joined) in [("x", " + "), ("x", " UNION ALL SELECT "), ("x", " IS NULL AND ")] {
            for (step, expected) in [
                ("own", &[][..]),
                ("detect", &[Code::DropsCutoff, Code::OtherRanking]),
                ("deactivate", &[Code::WrongKind, Code::OtherRanking]),
            ] {
                let sql = format!("SELECT {}", vec![part; 990].join(joined));
                let step = StepName::parse(step).unwrap();
                let statement = Statement::new(step, window.clone(), sql);
                let found = inspect(&project.file.rules[0], statement).findings;
                let codes: Vec<Code> = found.iter().map(|finding| finding.code).collect();
                assert_eq!(codes, expected, "{joined}");
            }
        }
    }

    /// The condition that restricts the UPDATE is shipped, and has no comments of the template.
    #[test]
    fn what_a_template_allows_is_allowed_where_its_update_is_restricted() {
        let project = crate::fuzzed::project();
        let update = "UPDATE nba.predictions SET is_active = FALSE WHERE game_date = DATE '2026-01-28' \
                      AND created_at < @cutoff AND id IN (SELECT id FROM nba.predictions)";
        let inspected = |sql: String| {
            let window = Window::day(Day::parse("2026-01-28").unwrap());
            let restricted = format!("{sql} AND id IN (SELECT row_id FROM onerow.removals)");
            let statement = Statement::new(StepName::parse("own").unwrap(), window, restricted);
            let unrestricted = Some(sql.into());
            inspect(&project.file.rules[0], Statement { unrestricted, ..statement })
        };
        assert!(inspected(update.to_owned()).checked.is_none());
        let allow = "-- onerow: allow reads-other-partition: ids are unique over all dates\n";
        let allowed = inspected(format!("{allow}{update}"));
        assert!(allowed.checked.is_some(), "{:?}", allowed.findings);
    }
}
