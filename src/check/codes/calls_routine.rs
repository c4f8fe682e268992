//! `calls-routine`: A call of a routine that is not a GoogleSQL function and could have effects.

use std::ops::ControlFlow;

use sqlparser::ast::{
    Expr, ObjectName, PipeOperator, Query, Spanned, Statement, TableFactor, Visit, Visitor,
};
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Token, Word};

use super::{Check, Code, Example, Find, On, Severity};
use crate::check::{Finding, Text, dotted};
use crate::googlesql::is_function;
use crate::rule::Rule;

pub(super) const CHECK: Check = Check {
    code: Code::CallsRoutine,
    name: "calls-routine",
    severity: Severity::Error,
    may_be_allowed: false,
    find: Find::Statement(find),
    about: "A function of your own, a table function, a remote function or a model may write rows and call services, and its text is not part of the statement. GoogleSQL's own functions may be called, also with `SAFE.` before them; what else a statement calls stands in `routines` of the rule, by the name that the statement calls it. `EXTERNAL_QUERY`, whose text another database runs, is never called.",
    found: Example {
        on: On::OwnStep,
        sql: "SELECT ops.normalise(player) AS player
FROM nba.predictions",
    },
    mended: Example {
        on: On::Rule(r#"routines = ["ops.normalise"]"#),
        sql: "SELECT ops.normalise(player) AS player
FROM nba.predictions",
    },
};

fn find(text: &Text<'_>, parsed: &Statement, findings: &mut Vec<Finding>) {
    let mut finder = Finder { text, found: Vec::new() };
    _ = parsed.visit(&mut finder);
    findings.extend(finder.found);
}

/// Removes findings that `other-dialect` reports too, since that check names the replacement.
pub(in crate::check) fn leave_to_other_dialect(findings: &mut Vec<Finding>) {
    let foreign = findings.iter().filter(|finding| finding.code == Code::OtherDialect);
    let places: Vec<_> = foreign.map(|finding| finding.place.clone()).collect();
    findings.retain(|found| found.code != Code::CallsRoutine || !places.contains(&found.place));
}

/// The first disallowed call in a text that the parser cannot read. A GoogleSQL keyword, such as IN, may also
/// come before a bracket.
pub(in crate::check) fn called_unread(rule: &Rule, tokens: &[&Token]) -> Option<String> {
    let brackets = (0..tokens.len()).filter(|at| *tokens[*at] == Token::LParen);
    brackets.map(|at| path_before(&tokens[..at])).find_map(|path| {
        let name = path.iter().map(|word| word.value.as_str()).collect::<Vec<_>>().join(".");
        let is_word = match path.as_slice() {
            [] => true,
            [word] => word.quote_style.is_none() && word.keyword != Keyword::NoKeyword,
            _ => false,
        };
        (!is_word && !may_call(rule, &name, path.len())).then_some(name)
    })
}

/// The dotted name at the end of these tokens.
fn path_before<'t>(tokens: &[&'t Token]) -> Vec<&'t Word> {
    let mut path = Vec::new();
    let mut rest = tokens;
    while let [before @ .., Token::Word(word)] = rest {
        path.insert(0, word);
        match before {
            [before @ .., Token::Period] => rest = before,
            _ => break,
        }
    }
    path
}

/// Whether a statement may call this function, a name of `parts` parts: GoogleSQL has it, or the rule lists
/// it. With a dot inside backquotes, the first part is a dataset.
fn may_call(rule: &Rule, called: &str, parts: usize) -> bool {
    let is_ours = is_function(called) && called.matches('.').count() + 1 == parts;
    !is_external_query(called) && (is_ours || rule.may_call(called))
}

fn is_external_query(called: &str) -> bool {
    called.rsplit('.').next().is_some_and(|last| last.eq_ignore_ascii_case("EXTERNAL_QUERY"))
}

struct Finder<'a> {
    text: &'a Text<'a>,
    found: Vec<Finding>,
}

impl Finder<'_> {
    fn call(&mut self, name: &ObjectName) {
        let called = dotted(name);
        if may_call(self.text.rule, &called, name.0.len()) {
            return;
        }
        let (reason, help) = match is_external_query(&called) {
            true => (
                "it calls EXTERNAL_QUERY: another database runs its text, which cannot be checked"
                    .to_owned(),
                "load the external data into a BigQuery table first".to_owned(),
            ),
            false => (
                format!(
                    "it calls `{called}`, which is not a function of GoogleSQL: its body is not part of \
                     the statement, and it could write rows or call a service"
                ),
                format!("if it has no effects, write routines = [\"{called}\"] into the rule"),
            ),
        };
        self.found.push(self.text.finding(Code::CallsRoutine, name.span(), reason, help));
    }
}

impl Visitor for Finder<'_> {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        if let Expr::Function(function) = expr {
            self.call(&function.name);
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        match factor {
            TableFactor::Table { name, args: Some(_), .. }
            | TableFactor::Function { name, .. }
            | TableFactor::SemanticView { name, .. } => self.call(name),
            _ => {}
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        for operator in &query.pipe_operators {
            if let PipeOperator::Call { function, .. } = operator {
                self.call(&function.name);
            }
        }
        ControlFlow::Continue(())
    }
}
