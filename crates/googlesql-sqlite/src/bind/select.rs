//! SELECT.

use std::rc::Rc;

use sqlparser::ast::{
    Distinct, Expr, GroupByExpr, OrderByExpr, OrderByOptions, OrderBySort, Select, SelectFlavor,
    SelectItem,
};

use super::opaque::{is_moved, looked_into};
use super::projection::{Item, implied};
use super::query::{Column, Relation};
use super::scope::{Prefer, Scope, Seen};
use super::{Binder, none_of, refused, unsupported};
use crate::error::{Error, Result};
use crate::googlesql::SqlType;
use crate::tree::{Key, Node, Rows, Select as Bound, Term};

/// The bound clauses that come after grouping.
#[derive(Default)]
struct Lists {
    outputs: Vec<Term>,
    having: Option<Term>,
    qualify: Option<Term>,
    order: Vec<(Term, OrderByExpr)>,
    /// The first error that applies if rows are grouped.
    ungrouped: Vec<Error>,
}

impl Binder<'_> {
    /// Binds one SELECT with its ORDER BY.
    pub(super) fn select(
        &self,
        select: &Select,
        order: &[OrderByExpr],
        parent: Option<&Scope<'_>>,
    ) -> Result<Relation> {
        only_known(select)?;
        let (from, sources) = self.from(&select.from, parent)?;
        let seen = Seen::default();
        let hidden = aliases(select);
        let base = Scope {
            named_windows: &select.named_window,
            hidden: &hidden,
            ..Scope::plain(&sources, parent, &seen, "WHERE")
        };
        let condition = self.known(self.condition(select.selection.as_ref(), &base))?.flatten();
        let Some(items) = self.known(self.items(select, &sources))? else {
            return Ok(Relation::unknown());
        };
        let Some(keys) = self.known(self.group_keys(&select.group_by, &items, &base))? else {
            return Ok(Relation::unknown());
        };
        let distinct = distinct(select.distinct.as_ref())?;
        let after =
            Scope { aggregates: true, windows: true, place: "SELECT", keys: Some(&keys), ..base };
        let lists = self.lists(select, &items, order, &after)?;
        let grouped = !keys.is_empty();
        let aggregated = grouped || seen.aggregate.get();
        if aggregated {
            for error in lists.ungrouped {
                self.known::<()>(Err(error))?;
            }
        }
        let told = lists.outputs.iter().all(|output| !output.unknown);
        if lists.having.is_some() && !aggregated && told {
            return Err(refused("HAVING needs GROUP BY or an aggregate"));
        }
        let columns = columns(&items, &lists.outputs);
        if distinct {
            none_moved(&columns, "DISTINCT")?;
        }
        let qualify = lists.qualify.map(|condition| (self.alias(), condition));
        let order = self.order(distinct, lists.order, &lists.outputs);
        let order = self.known(order)?.unwrap_or_default();
        let Lists { outputs, having, .. } = lists;
        let select = Bound { distinct, from, condition, keys, outputs, having, qualify, order };
        let rows = Rc::new(Rows::Select(Box::new(select)));
        Ok(Relation { rows, columns, open: false, single: aggregated && !grouped })
    }

    fn condition(&self, condition: Option<&Expr>, scope: &Scope<'_>) -> Result<Option<Term>> {
        let Some(condition) = condition else { return Ok(None) };
        let term = self.expr(condition, scope)?;
        let role = format!("the condition of {}", scope.place);
        self.expect(term, SqlType::Bool, &role).map(Some)
    }

    /// Binds the clauses that come after grouping.
    fn lists(
        &self,
        select: &Select,
        items: &[Item<'_>],
        order: &[OrderByExpr],
        scope: &Scope<'_>,
    ) -> Result<Lists> {
        let mut lists = Lists::default();
        let ungrouped = &mut lists.ungrouped;
        for item in items {
            let output = settled(self.output(item, scope), scope, ungrouped);
            lists.outputs.push(self.known(output)?.unwrap_or_else(Term::unknown));
        }
        let aliases: Vec<(String, Term)> = items
            .iter()
            .zip(&lists.outputs)
            .filter_map(|(item, term)| Some((item.name()?.clone(), term.clone())))
            .collect();
        let after = Scope { aliases: &aliases, ..*scope };
        let having = Scope { windows: false, place: "HAVING", ..after };
        let found = self.condition(select.having.as_ref(), &having);
        lists.having = self.known(settled(found, scope, ungrouped))?.flatten();
        let qualify = Scope { place: "QUALIFY", ..after };
        let found = self.condition(select.qualify.as_ref(), &qualify);
        lists.qualify = self.known(settled(found, scope, ungrouped))?.flatten();
        let ordering = Scope { prefer: Prefer::Alias, place: "ORDER BY", ..after };
        for item in order {
            let term = match self.ordinal(&item.expr, lists.outputs.len())? {
                Some(i) if is_moved(&lists.outputs[i]) => {
                    let name = items[i].name().map_or("*", |name| name.as_str());
                    return Err(looked_into(name, &lists.outputs[i], "ORDER BY"));
                }
                Some(i) => Some(lists.outputs[i].clone()),
                None => {
                    let found = self.expr(&item.expr, &ordering);
                    self.known(settled(found, scope, ungrouped))?
                }
            };
            lists.order.extend(term.map(|term| (term, item.clone())));
        }
        Ok(lists)
    }

    fn output(&self, item: &Item<'_>, scope: &Scope<'_>) -> Result<Term> {
        match item {
            Item::Expr(name, expr) => {
                let term = self.whole(expr, scope)?;
                match is_moved(&term) && *name != implied(expr) {
                    true => Err(looked_into(expr, &term, "a column of another name")),
                    false => Ok(term),
                }
            }
            Item::Column(name, term) => {
                if !term.unknown && scope.keys.is_some_and(|keys| !keys.contains(term)) {
                    scope.ungrouped(scope.neither(name.as_deref().unwrap_or("*")));
                }
                Ok(term.clone())
            }
        }
    }

    fn group_keys(
        &self,
        group_by: &GroupByExpr,
        items: &[Item<'_>],
        base: &Scope<'_>,
    ) -> Result<Vec<Term>> {
        let expressions = match group_by {
            GroupByExpr::Expressions(expressions, modifiers) => {
                none_of(&[(!modifiers.is_empty(), "GROUP BY with a modifier")])?;
                expressions
            }
            GroupByExpr::All(_) => return Err(unsupported("GROUP BY ALL")),
        };
        let scope = Scope { place: "GROUP BY", ..*base };
        let bound = |item: &Item<'_>| match item {
            Item::Expr(_, expr) => self.expr(expr, &scope),
            Item::Column(_, term) if term.unknown => Err(unsupported("a key of unknown type")),
            Item::Column(name, term) if is_moved(term) => {
                Err(looked_into(name.as_deref().unwrap_or("*"), term, scope.place))
            }
            Item::Column(_, term) => Ok(term.clone()),
        };
        expressions
            .iter()
            .map(|expression| {
                if let Some(i) = self.ordinal(expression, items.len())? {
                    return bound(&items[i]);
                }
                let aliased: Vec<&Item<'_>> = match expression {
                    Expr::Identifier(name) => items
                        .iter()
                        .filter(|item| {
                            item.name().is_some_and(|n| n.eq_ignore_ascii_case(&name.value))
                        })
                        .collect(),
                    _ => Vec::new(),
                };
                match aliased.as_slice() {
                    [] => self.expr(expression, &scope),
                    [item] => bound(item),
                    _ => Err(refused(format!("the name `{expression}` in GROUP BY is ambiguous"))),
                }
            })
            .collect()
    }

    /// One key of ORDER BY; `None` for a constant, which has no effect.
    pub(super) fn order_key(&self, term: Term, item: &OrderByExpr) -> Result<Option<Key>> {
        let OrderByExpr { expr: _, options, with_fill } = item;
        let OrderByOptions { sort, nulls_first } = options;
        none_of(&[(with_fill.is_some(), "WITH FILL")])?;
        let descending = match sort {
            None => None,
            Some(OrderBySort::Asc) => Some(false),
            Some(OrderBySort::Desc) => Some(true),
            Some(_) => return Err(unsupported("ORDER BY … USING")),
        };
        let nulls_first = *nulls_first;
        Ok((!term.is_fixed()).then_some(Key { term, descending, nulls_first }))
    }

    /// ORDER BY; under DISTINCT, a term that is also an output is referenced by its output.
    fn order(
        &self,
        distinct: bool,
        order: Vec<(Term, OrderByExpr)>,
        outputs: &[Term],
    ) -> Result<Vec<Key>> {
        let mut keys = Vec::new();
        for (term, item) in order {
            let Some(mut key) = self.order_key(term, &item)? else { continue };
            if distinct {
                let output = outputs.iter().position(|output| *output == key.term);
                key.term.node = Node::Output(output.ok_or_else(|| {
                    refused("with DISTINCT, ORDER BY takes columns of the select list")
                })?);
            }
            keys.push(key);
        }
        Ok(keys)
    }
}

/// The columns of a SELECT's result.
fn columns(items: &[Item<'_>], outputs: &[Term]) -> Vec<Column> {
    let column = |(item, term): (&Item<'_>, &Term)| Column {
        name: item.name().cloned(),
        sql_type: term.sql_type,
        nested: term.nested.clone(),
        unknown: term.unknown,
    };
    items.iter().zip(outputs).map(column).collect()
}

/// Fails for a column whose value is only copied.
pub(super) fn none_moved(columns: &[Column], place: &str) -> Result<()> {
    for column in columns {
        let term = Term { sql_type: column.sql_type, ..Term::unknown() };
        if is_moved(&term) {
            return Err(looked_into(column.name.as_deref().unwrap_or("*"), &term, place));
        }
    }
    Ok(())
}

/// The bound value, unless it contains an error for grouped rows. With keys, rows are known to be grouped;
/// without them the first such error is kept until that is known.
fn settled<T>(result: Result<T>, scope: &Scope<'_>, ungrouped: &mut Vec<Error>) -> Result<T> {
    match scope.seen.ungrouped.take().into_iter().next() {
        Some(error) if scope.keys.is_some_and(|keys| !keys.is_empty()) => Err(error),
        first => {
            ungrouped.extend(first);
            result
        }
    }
}

/// The aliases of the select list, which only later clauses may use.
fn aliases(select: &Select) -> Vec<String> {
    let aliases = select.projection.iter().filter_map(|item| match item {
        SelectItem::ExprWithAlias { alias, .. } => Some(alias.value.clone()),
        _ => None,
    });
    aliases.collect()
}

fn distinct(distinct: Option<&Distinct>) -> Result<bool> {
    match distinct {
        None | Some(Distinct::All) => Ok(false),
        Some(Distinct::Distinct) => Ok(true),
        Some(Distinct::On(_)) => Err(unsupported("DISTINCT ON")),
    }
}

fn only_known(select: &Select) -> Result<()> {
    let Select {
        select_token: _,
        optimizer_hints: _,
        distinct: _,
        select_modifiers,
        top,
        top_before_distinct: _,
        projection: _,
        exclude,
        into,
        from: _,
        lateral_views,
        prewhere,
        selection: _,
        connect_by,
        group_by: _,
        cluster_by,
        distribute_by,
        sort_by,
        having: _,
        named_window: _,
        qualify: _,
        window_before_qualify: _,
        value_table_mode,
        flavor,
    } = select;
    none_of(&[
        (select_modifiers.as_ref().is_some_and(|m| m.is_any_set()), "SELECT modifiers"),
        (top.is_some(), "TOP"),
        (exclude.is_some(), "EXCLUDE"),
        (into.is_some(), "SELECT INTO"),
        (!lateral_views.is_empty(), "LATERAL VIEW"),
        (prewhere.is_some(), "PREWHERE"),
        (!connect_by.is_empty(), "CONNECT BY"),
        (!cluster_by.is_empty(), "CLUSTER BY"),
        (!distribute_by.is_empty(), "DISTRIBUTE BY"),
        (!sort_by.is_empty(), "SORT BY"),
        (value_table_mode.is_some(), "SELECT AS STRUCT and SELECT AS VALUE"),
        (*flavor != SelectFlavor::Standard, "FROM before SELECT"),
    ])
}
