//! Names and types, compared with the columns that the rule lists. If a relation's columns are unknown, names
//! that could be its columns are not reported.

use std::ops::ControlFlow;
use std::rc::Rc;

use sqlparser::ast::{
    Expr, Ident, Query, Select, SelectItem, SetExpr, Spanned, Statement, TableFactor,
    TableWithJoins, Visit, Visitor, WildcardAdditionalOptions,
};
use sqlparser::tokenizer::Span;

use super::kind::output_name;
use super::mutation::{dotted, of_table};
use super::types::{comparable, compares, literal_type};
use super::{Code, Finding, Text};
use crate::error::did_you_mean;
use crate::googlesql::{SqlType, Words, is_context_function, is_pseudo_column};

/// The names that one relation provides.
struct Relation {
    qualifiers: Vec<String>,
    columns: Columns,
}

#[derive(Clone)]
enum Columns {
    /// Unknown columns.
    Unknown,
    /// Columns of the rule's table, with listed types.
    Listed,
    /// Columns of a query.
    Named(Rc<[String]>),
}

/// Names visible in one query scope.
#[derive(Default)]
struct Frame {
    /// Whether the query is one SELECT, so that these names are also visible inside the SELECT.
    is_select: bool,
    relations: Vec<Relation>,
    /// Output names, visible in ORDER BY, GROUP BY, HAVING and QUALIFY.
    aliases: Vec<String>,
}

impl Frame {
    fn knows_all(&self) -> bool {
        self.relations.iter().all(|relation| !matches!(relation.columns, Columns::Unknown))
    }
}

/// Finds names that the rule does not list as columns, and values of other types.
pub(super) fn check(text: &Text<'_>, parsed: &Statement, findings: &mut Vec<Finding>) {
    if let Some(mut finder) = Finder::new(text) {
        _ = parsed.visit(&mut finder);
        findings.extend(finder.findings);
    }
}

/// Collects findings in a tree.
struct Finder<'a> {
    text: &'a Text<'a>,
    /// The rule's table.
    table: String,
    frames: Vec<Frame>,
    /// Common table expressions and their columns, the innermost last.
    ctes: Vec<(String, Columns)>,
    words: Words,
    findings: Vec<Finding>,
}

impl<'a> Finder<'a> {
    /// `None` where the rule lists no columns.
    fn new(text: &'a Text<'a>) -> Option<Self> {
        let (frames, ctes, findings) = (Vec::new(), Vec::new(), Vec::new());
        let (table, words) = (text.table(), Words::default());
        let finder = Self { text, table, frames, ctes, words, findings };
        (!text.rule.columns.is_empty()).then_some(finder)
    }
}

impl Visitor for Finder<'_> {
    type Break = ();

    fn pre_visit_statement(&mut self, statement: &Statement) -> ControlFlow<()> {
        if let Statement::Update(update) = statement {
            let frame = self.frame(std::slice::from_ref(&update.table), &[]);
            self.frames.push(frame);
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        for cte in query.with.iter().flat_map(|with| &with.cte_tables) {
            let columns = self.output(&cte.query);
            self.ctes.push((cte.alias.name.value.clone(), columns));
        }
        // In the tree, ORDER BY is outside the SELECT that it orders.
        let frame = match &*query.body {
            SetExpr::Select(select) => Frame { is_select: true, ..self.frame_of(select) },
            body => Frame { aliases: self.output_of(body).unwrap_or_default(), ..Frame::default() },
        };
        self.frames.push(frame);
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        self.frames.pop();
        let count = query.with.as_ref().map_or(0, |with| with.cte_tables.len());
        self.ctes.truncate(self.ctes.len() - count);
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<()> {
        if !self.is_in_its_select() {
            let frame = self.frame_of(select);
            self.frames.push(frame);
        }
        ControlFlow::Continue(())
    }

    fn post_visit_select(&mut self, _: &Select) -> ControlFlow<()> {
        if !self.is_in_its_select() {
            self.frames.pop();
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        let is_word = self.words.is_one(expr);
        match expr {
            Expr::Identifier(name) if !is_word => self.name(name),
            Expr::CompoundIdentifier(parts) => self.qualified(parts, expr.span()),
            Expr::BinaryOp { left, op, right } if compares(op) => {
                self.compared(left, right);
                self.compared(right, left);
            }
            Expr::InList { expr, list, .. } => {
                list.iter().for_each(|item| self.compared(expr, item))
            }
            Expr::Between { expr, low, high, .. } => {
                self.compared(expr, low);
                self.compared(expr, high);
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

impl Finder<'_> {
    /// Whether the innermost frame belongs to a query that is one SELECT: every other SELECT is an operand of
    /// a UNION, with its own frame.
    fn is_in_its_select(&self) -> bool {
        self.frames.last().is_some_and(|frame| frame.is_select)
    }

    fn frame_of(&self, select: &Select) -> Frame {
        self.frame(&select.from, &select.projection)
    }

    fn frame(&self, from: &[TableWithJoins], projection: &[SelectItem]) -> Frame {
        let factors = from.iter().flat_map(|from| {
            std::iter::once(&from.relation).chain(from.joins.iter().map(|join| &join.relation))
        });
        let relations = factors.map(|factor| self.relation(factor)).collect();
        let aliases = projection.iter().filter_map(alias).map(str::to_owned).collect();
        Frame { is_select: false, relations, aliases }
    }

    fn relation(&self, factor: &TableFactor) -> Relation {
        match factor {
            TableFactor::Table { name, alias, args: None, .. } => {
                let name = dotted(name);
                let cte = self.ctes.iter().rev().find(|(cte, _)| cte.eq_ignore_ascii_case(&name));
                let columns = match cte {
                    Some((_, columns)) => columns.clone(),
                    None if name == self.table => Columns::Listed,
                    None => Columns::Unknown,
                };
                let qualifiers = match alias {
                    Some(alias) => vec![alias.name.value.clone()],
                    None => of_table(name),
                };
                Relation { qualifiers, columns }
            }
            TableFactor::Derived { subquery, alias, .. } => {
                let qualifiers = alias.iter().map(|alias| alias.name.value.clone()).collect();
                Relation { qualifiers, columns: self.output(subquery) }
            }
            _ => Relation { qualifiers: Vec::new(), columns: Columns::Unknown },
        }
    }

    /// The names of a query's columns, if all of them are known.
    fn output(&self, query: &Query) -> Columns {
        let names = self.output_names(query);
        names.map_or(Columns::Unknown, |names| Columns::Named(names.into()))
    }

    fn output_names(&self, query: &Query) -> Option<Vec<String>> {
        match &query.with {
            None => self.output_of(&query.body),
            // Its relations may be its own common table expressions, which are not visible yet.
            Some(_) => None,
        }
    }

    fn output_of(&self, body: &SetExpr) -> Option<Vec<String>> {
        match body {
            SetExpr::Select(select) => {
                let mut names = Vec::new();
                for item in &select.projection {
                    match item {
                        SelectItem::Wildcard(options) => {
                            let frame = self.frame(&select.from, &[]);
                            names.extend(self.starred(&frame, options)?);
                        }
                        SelectItem::QualifiedWildcard(..) => return None,
                        item => names.extend(output_name(item).map(str::to_owned)),
                    }
                }
                Some(names)
            }
            SetExpr::Query(query) => self.output_names(query),
            SetExpr::SetOperation { left, .. } => self.output_of(left),
            _ => None,
        }
    }

    /// The columns that a star expands to, if every relation's columns are known.
    fn starred(&self, frame: &Frame, options: &WildcardAdditionalOptions) -> Option<Vec<String>> {
        let WildcardAdditionalOptions { opt_except, opt_rename: None, .. } = options else {
            return None;
        };
        if !frame.knows_all() {
            return None;
        }
        let except = opt_except.iter().flat_map(|except| {
            std::iter::once(&except.first_element).chain(&except.additional_elements)
        });
        let left_out: Vec<&Ident> = except.collect();
        let stays = |name: &&str| !left_out.iter().any(|out| out.value.eq_ignore_ascii_case(name));
        let names = frame.relations.iter().flat_map(|relation| self.columns_of(relation));
        Some(names.filter(stays).map(str::to_owned).collect())
    }

    /// The known columns of a relation.
    fn columns_of<'f>(&'f self, relation: &'f Relation) -> impl Iterator<Item = &'f str> {
        let (listed, named): (&[_], &[String]) = match &relation.columns {
            Columns::Unknown => (&[], &[]),
            Columns::Listed => (&self.text.rule.columns, &[]),
            Columns::Named(names) => (&[], names),
        };
        let listed = listed.iter().map(|(column, _)| column.as_str());
        listed.chain(named.iter().map(String::as_str))
    }

    fn names<'f>(&'f self, frame: &'f Frame) -> impl Iterator<Item = &'f str> {
        let columns = frame.relations.iter().flat_map(|relation| self.columns_of(relation));
        columns.chain(frame.aliases.iter().map(String::as_str))
    }

    fn name(&mut self, name: &Ident) {
        let is_special = || {
            name.value.starts_with('@')
                || is_pseudo_column(&name.value)
                || (name.quote_style.is_none() && is_context_function(&name.value))
        };
        // Most names belong to the innermost scope.
        let known = self.frames.iter().rev().any(|frame| {
            !frame.knows_all()
                || self.names(frame).any(|known| known.eq_ignore_ascii_case(&name.value))
                // A whole row, as in COUNT(t) or TO_JSON_STRING(t).
                || frame.relations.iter().any(|r| is_one_of(&r.qualifiers, &name.value))
        });
        let reads = self.frames.iter().any(|frame| !frame.relations.is_empty());
        if !known && reads && !is_special() {
            let mut names: Vec<&str> = Vec::new();
            for name in self.frames.iter().rev().flat_map(|frame| self.names(frame)) {
                if !names.contains(&name) {
                    names.push(name);
                }
            }
            let help = did_you_mean(&name.value, names);
            self.unknown(&name.value, name.span, help);
        }
    }

    fn qualified(&mut self, parts: &[Ident], span: Span) {
        let [qualifier, column, ..] = parts else { return };
        let mut relations = self.frames.iter().rev().flat_map(|frame| &frame.relations);
        let known = |relation: &&Relation| is_one_of(&relation.qualifiers, &qualifier.value);
        let Some(relation) = relations.clone().find(known) else { return };
        if matches!(relation.columns, Columns::Unknown) {
            return;
        }
        let has = |relation: &Relation, name: &str| {
            self.columns_of(relation).any(|known| known.eq_ignore_ascii_case(name))
        };
        // A column and a relation may share a name; then it may be a field.
        let is_field = relations.any(|relation| has(relation, &qualifier.value));
        if !is_field && !has(relation, &column.value) {
            let help = did_you_mean(&column.value, self.columns_of(relation));
            self.unknown(&format!("{}.{}", qualifier.value, column.value), span, help);
        }
    }

    fn unknown(&mut self, name: &str, span: Span, help: String) {
        let reason =
            format!("unknown column `{name}`: it is not among the columns that the rule lists");
        self.findings.push(self.text.finding(Code::UnknownColumn, span, reason, help));
    }

    fn compared(&mut self, column: &Expr, literal: &Expr) {
        let (Some((name, column_type)), Some(literal_type)) =
            (self.column_type(column), literal_type(literal))
        else {
            return;
        };
        if !comparable(column_type, literal_type) {
            self.findings.push(self.text.finding(
                Code::TypeMismatch,
                literal.span(),
                format!("{name} is of type {column_type}, and `{literal}` is of type {literal_type}: BigQuery cannot compare these types"),
                format!("write a {column_type}, or correct the type of {name} in the rule"),
            ));
        }
    }

    /// The type of a name that can only be a column of the rule's table.
    fn column_type(&self, expr: &Expr) -> Option<(String, SqlType)> {
        let relations = &self.frames.last()?.relations;
        let (relation, name) = match expr {
            Expr::Nested(inner) => return self.column_type(inner),
            Expr::Identifier(name) => match relations.as_slice() {
                [only] => (only, &name.value),
                _ => return None,
            },
            Expr::CompoundIdentifier(parts) => match parts.as_slice() {
                [qualifier, name] => {
                    let known = |r: &&Relation| is_one_of(&r.qualifiers, &qualifier.value);
                    (relations.iter().find(known)?, &name.value)
                }
                _ => return None,
            },
            _ => return None,
        };
        let columns = &self.text.rule.columns;
        let (column, sql_type) = columns.iter().find(|(column, _)| column.same_column(name))?;
        let is_table = matches!(relation.columns, Columns::Listed);
        is_table.then(|| (column.as_str().to_owned(), *sql_type))
    }
}

/// A name that the projection adds.
fn alias(item: &SelectItem) -> Option<&str> {
    match item {
        SelectItem::ExprWithAlias { expr: Expr::Identifier(name), alias }
            if name.value.eq_ignore_ascii_case(&alias.value) =>
        {
            None
        }
        SelectItem::ExprWithAlias { alias, .. } => Some(&alias.value),
        _ => None,
    }
}

fn is_one_of(names: &[String], name: &str) -> bool {
    names.iter().any(|known| known.eq_ignore_ascii_case(name))
}
