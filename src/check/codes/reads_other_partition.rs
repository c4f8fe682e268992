//! `reads-other-partition`: A mutation's subquery reads rows of the table outside its window.

use std::ops::ControlFlow;

use sqlparser::ast::{
    Expr, FromTable, ObjectName, Query, Select, SetExpr, Spanned, Statement, TableFactor, Visit,
    Visitor, visit_relations,
};
use sqlparser::tokenizer::Span;

use super::{Check, Code, Example, Find, On, Severity};
use crate::check::partition::{self, Names};
use crate::check::{Finding, Text, dotted, mutation, relation};
use crate::googlesql::Ident;

pub(super) const CHECK: Check = Check {
    code: Code::ReadsOtherPartition,
    name: "reads-other-partition",
    severity: Severity::Error,
    may_be_allowed: true,
    find: Find::Statement(find),
    about: "A mutation whose subquery looks at the table's rows of other dates lets them decide which rows of this date change. Each subquery that reads the rule's table, a staging table or the rule's view has to confine it in its own WHERE, as `no-partition` says. The table may be called by its project, in any quotes and case, or by a wildcard; where a range variable is called as the partition column, and of a view or a wildcard, the column needs the table's alias before it. Where each date has a table of its own, those of other dates may not be read at all.",
    found: Example {
        on: On::OwnStep,
        sql: "UPDATE nba.predictions
SET is_active = FALSE
WHERE game_date = DATE '2026-01-28'
  AND created_at < @cutoff
  AND id IN (SELECT id FROM nba.predictions WHERE player = 'x')",
    },
    mended: Example {
        on: On::OwnStep,
        sql: "UPDATE nba.predictions
SET is_active = FALSE
WHERE game_date = DATE '2026-01-28'
  AND created_at < @cutoff
  AND id IN (
    SELECT id
    FROM nba.predictions
    WHERE game_date = DATE '2026-01-28'
      AND player = 'x'
  )",
    },
};

fn find(text: &Text<'_>, parsed: &Statement, findings: &mut Vec<Finding>) {
    if text.rule.partition.is_whole() {
        return;
    }
    if text.rule.partition.is_sharded() {
        return other_shards(text, parsed, findings);
    }
    let target = match parsed {
        Statement::Update(update) => Some(&update.table.relation),
        Statement::Delete(delete) => {
            let (FromTable::WithFromKeyword(from) | FromTable::WithoutKeyword(from)) = &delete.from;
            from.first().map(|from| &from.relation)
        }
        Statement::Merge(merge) => Some(&merge.table),
        Statement::Insert(_) | Statement::CreateTable(_) => None,
        _ => return,
    };
    // The changed table is restricted by the statement's own condition: `no-partition`.
    let confined = target.map(std::ptr::from_ref).into_iter().collect();
    let mut finder = Finder { text, confined, scopes: Vec::new(), found: Vec::new() };
    _ = parsed.visit(&mut finder);
    findings.extend(finder.found);
}

/// Finds the tables of other dates, if each date has its own table.
fn other_shards(text: &Text<'_>, parsed: &Statement, findings: &mut Vec<Finding>) {
    if !matches!(parsed, Statement::Update(_) | Statement::Delete(_) | Statement::Merge(_)) {
        return;
    }
    let own = text.rule.table_of(&text.statement.window);
    _ = visit_relations(parsed, |name| {
        let is_own = relation::could_name_same_table(name, &own) && !relation::is_wildcard(name);
        if !is_own && relation::may_be_shard(name, &text.rule.table) {
            findings.push(text.finding(
                Code::ReadsOtherPartition,
                name.span(),
                format!(
                    "it reads {}, a table of other dates: their rows would decide",
                    dotted(name)
                ),
                "write {{ rule.table }}, which is the table of the statement's date",
            ));
        }
        ControlFlow::<()>::Continue(())
    });
}

/// Walks a statement, and reports each relation of the rule that no enclosing SELECT has restricted.
struct Finder<'a> {
    text: &'a Text<'a>,
    confined: Vec<*const TableFactor>,
    scopes: Vec<Scope>,
    found: Vec<Finding>,
}

/// The common table expressions of one query.
struct Scope {
    visible: Vec<String>,
    /// Those that become visible where their query ends.
    open: Vec<(*const Query, String)>,
}

impl Scope {
    fn of(query: &Query) -> Self {
        let is_recursive = query.with.as_ref().is_some_and(|with| with.recursive);
        let tables = query.with.iter().flat_map(|with| &with.cte_tables);
        let all = tables.map(|cte| (std::ptr::from_ref(&*cte.query), cte.alias.name.value.clone()));
        match is_recursive {
            true => Self { visible: all.map(|(_, name)| name).collect(), open: Vec::new() },
            false => Self { visible: Vec::new(), open: all.collect() },
        }
    }
}

impl Finder<'_> {
    fn column(&self) -> Option<&Ident> {
        self.text.rule.partition.column()
    }

    /// Whether a name without dots is a common table expression.
    fn is_common(&self, name: &str) -> bool {
        let mut visible = self.scopes.iter().flat_map(|scope| &scope.visible);
        !name.contains('.') && visible.any(|known| known.eq_ignore_ascii_case(name))
    }

    /// The table of the rule that the name may refer to, and whether it certainly has the partition column.
    fn of_rule(&self, name: &ObjectName) -> Option<(String, bool)> {
        let called = dotted(name);
        if self.is_common(&called) {
            return None;
        }
        let rule = self.text.rule;
        let staging = rule.staging.iter().flat_map(|staging| &staging.tables);
        let mut tables = std::iter::once(&rule.table).chain(staging);
        let is_table = tables.any(|table| relation::could_name_same_table(name, table));
        let is_view = relation::could_name_same_table(name, &rule.view);
        (is_table || is_view).then(|| (called, is_table && !relation::is_wildcard(name)))
    }

    /// Whether the WHERE restricts the one relation of its FROM to the window's partitions.
    fn is_confined(&self, one: &TableFactor, all: &[&TableFactor], condition: &Expr) -> bool {
        let TableFactor::Table { name, alias, .. } = one else { return false };
        let Some((_, has_column)) = self.of_rule(name) else { return false };
        let renames = alias.as_ref().is_some_and(|alias| !alias.columns.is_empty());
        let other_names: Vec<String> = all
            .iter()
            .filter(|other| !std::ptr::eq(**other, one))
            .flat_map(|other| relation::names(other))
            .collect();
        let is_taken =
            |name: &str| other_names.iter().any(|taken| taken.eq_ignore_ascii_case(name));
        let is_unique = !relation::names(one).iter().any(|name| is_taken(name));
        let names = Names {
            qualifiers: if is_unique { mutation::qualifiers(one) } else { Vec::new() },
            // A range variable hides a column of the same name.
            bare: has_column && self.column().is_some_and(|column| !is_taken(column.as_str())),
        };
        !renames && partition::confines(self.text, names, condition)
    }

    fn add(&mut self, span: Span, what: &str) {
        self.found.push(self.text.finding(
            Code::ReadsOtherPartition,
            span,
            format!(
                "the subquery reads {what} without restricting {} to {}: rows of other dates would decide",
                self.column().map_or("", Ident::as_str),
                self.text.statement.window
            ),
            "put {{ window.filter }} into the WHERE of the subquery that reads the table, with the \
             table's alias before the column",
        ));
    }
}

impl Visitor for Finder<'_> {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        self.scopes.push(Scope::of(query));
        let mut open = vec![&*query.body];
        while let Some(body) = open.pop() {
            match body {
                SetExpr::SetOperation { left, right, .. } => open.extend([&**left, right]),
                SetExpr::Table(_) => self.add(query.span(), "a table by TABLE"),
                _ => {}
            }
        }
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        self.scopes.pop();
        if let Some(scope) = self.scopes.last_mut() {
            let ended = scope.open.iter().filter(|(common, _)| std::ptr::eq(*common, query));
            scope.visible.extend(ended.map(|(_, name)| name.clone()));
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<()> {
        let Some(condition) = &select.selection else { return ControlFlow::Continue(()) };
        let all = relation::relations(&select.from);
        let confined = all.iter().filter(|one| self.is_confined(one, &all, condition));
        let confined: Vec<_> = confined.map(|one| std::ptr::from_ref(*one)).collect();
        self.confined.extend(confined);
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        match factor {
            TableFactor::Table { args: Some(_), name, .. } | TableFactor::Function { name, .. } => {
                let called = dotted(name);
                if !self.text.rule.may_call(&called) {
                    self.add(factor.span(), &format!("what {called} returns"));
                }
            }
            TableFactor::Table { name, .. }
                if !self.confined.contains(&std::ptr::from_ref(factor)) =>
            {
                if let Some((called, _)) = self.of_rule(name) {
                    self.add(factor.span(), &called);
                }
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }
}
