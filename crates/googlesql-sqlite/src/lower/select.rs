//! SELECT.

use sqlparser::ast::{
    Distinct, Expr, GroupByExpr, OrderByExpr, OrderByOptions, OrderBySort, Select, SelectFlavor,
    SelectItem,
};

use super::projection::Item;
use super::query::{Column, Relation, c, order_clause};
use super::scope::{Prefer, Scope, Seen};
use super::term::Term;
use super::{Lowering, none_of, refused, unsupported};
use crate::error::{Error, Result};
use crate::googlesql::SqlType;

/// The lowered parts of one SELECT.
struct Parts {
    distinct: bool,
    from: String,
    condition: Option<Term>,
    keys: Vec<Term>,
    outputs: Vec<Term>,
    having: Option<Term>,
    qualify: Option<Term>,
    order: Vec<(Term, OrderByExpr)>,
}

impl Lowering<'_> {
    /// Lowers one SELECT with the ORDER BY that belongs to it.
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
        let mut parts = Parts {
            distinct: distinct(select.distinct.as_ref())?,
            from,
            condition,
            keys,
            outputs: Vec::new(),
            having: None,
            qualify: None,
            order: Vec::new(),
        };
        let keys = parts.keys.clone();
        let after =
            Scope { aggregates: true, windows: true, place: "SELECT", keys: Some(&keys), ..base };
        let ungrouped = self.lists(select, &items, order, &after, &mut parts)?;
        let grouped = !keys.is_empty();
        let aggregated = grouped || seen.aggregate.get();
        if aggregated {
            ungrouped
                .into_iter()
                .try_for_each(|error| self.known(Err(error)).map(|_: Option<()>| ()))?;
        }
        let told = parts.outputs.iter().all(|output| !output.unknown);
        if parts.having.is_some() && !aggregated && told {
            return Err(refused("HAVING needs GROUP BY or an aggregate"));
        }
        let columns: Vec<Column> = items
            .iter()
            .zip(&parts.outputs)
            .map(|(item, term)| Column {
                name: item.name().cloned(),
                sql_type: term.sql_type,
                unknown: term.unknown,
            })
            .collect();
        let sql = self.known(self.text(&parts))?.unwrap_or_default();
        Ok(Relation { sql, columns, open: false, single: aggregated && !grouped })
    }

    fn condition(&self, condition: Option<&Expr>, scope: &Scope<'_>) -> Result<Option<Term>> {
        let Some(condition) = condition else { return Ok(None) };
        let term = self.expr(condition, scope)?;
        let role = format!("the condition of {}", scope.place);
        self.expect(term, SqlType::Bool, &role).map(Some)
    }

    /// Lowers everything that stands after grouping. Gives back what is an error if rows are grouped.
    fn lists(
        &self,
        select: &Select,
        items: &[Item<'_>],
        order: &[OrderByExpr],
        scope: &Scope<'_>,
        parts: &mut Parts,
    ) -> Result<Vec<Error>> {
        let mut ungrouped = Vec::new();
        for item in items {
            let output = settled(self.output(item, scope), scope, &mut ungrouped);
            parts.outputs.push(self.known(output)?.unwrap_or_else(Term::unknown));
        }
        let aliases: Vec<(String, Term)> = items
            .iter()
            .zip(&parts.outputs)
            .filter_map(|(item, term)| Some((item.name()?.clone(), term.clone())))
            .collect();
        let after = Scope { aliases: &aliases, ..*scope };
        let having = Scope { windows: false, place: "HAVING", ..after };
        let found = self.condition(select.having.as_ref(), &having);
        parts.having = self.known(settled(found, scope, &mut ungrouped))?.flatten();
        let qualify = Scope { place: "QUALIFY", ..after };
        let found = self.condition(select.qualify.as_ref(), &qualify);
        parts.qualify = self.known(settled(found, scope, &mut ungrouped))?.flatten();
        let ordering = Scope { prefer: Prefer::Alias, place: "ORDER BY", ..after };
        for item in order {
            let term = match self.ordinal(&item.expr, parts.outputs.len())? {
                Some(i) => Some(parts.outputs[i].clone()),
                None => {
                    let found = self.expr(&item.expr, &ordering);
                    self.known(settled(found, scope, &mut ungrouped))?
                }
            };
            parts.order.extend(term.map(|term| (term, item.clone())));
        }
        Ok(ungrouped)
    }

    fn output(&self, item: &Item<'_>, scope: &Scope<'_>) -> Result<Term> {
        match item {
            Item::Expr(_, expr) => self.expr(expr, scope),
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
        let lowered = |item: &Item<'_>| match item {
            Item::Expr(_, expr) => self.expr(expr, &scope),
            Item::Column(_, term) if term.unknown => Err(unsupported("a key of unknown type")),
            Item::Column(_, term) => Ok(term.clone()),
        };
        expressions
            .iter()
            .map(|expression| {
                if let Some(i) = self.ordinal(expression, items.len())? {
                    return lowered(&items[i]);
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
                    [item] => lowered(item),
                    _ => Err(refused(format!("the name `{expression}` in GROUP BY is ambiguous"))),
                }
            })
            .collect()
    }

    /// One key of ORDER BY; nothing for a constant, which orders nothing.
    pub(super) fn order_key(&self, term: &Term, item: &OrderByExpr) -> Result<Option<String>> {
        let OrderByExpr { expr: _, options, with_fill } = item;
        let OrderByOptions { sort, nulls_first } = options;
        none_of(&[(with_fill.is_some(), "WITH FILL")])?;
        let direction = match sort {
            None => "",
            Some(OrderBySort::Asc) => " ASC",
            Some(OrderBySort::Desc) => " DESC",
            Some(_) => return Err(unsupported("ORDER BY … USING")),
        };
        let nulls = match nulls_first {
            None => "",
            Some(true) => " NULLS FIRST",
            Some(false) => " NULLS LAST",
        };
        Ok((!term.is_fixed()).then(|| format!("{}{direction}{nulls}", term.ordered())))
    }

    fn text(&self, parts: &Parts) -> Result<String> {
        let mut inner: Vec<String> = (0..parts.outputs.len())
            .map(|i| format!("{} AS {}", parts.outputs[i].sql, c(i)))
            .collect();
        let distinct = if parts.distinct { "DISTINCT " } else { "" };
        let Some(qualify) = &parts.qualify else {
            let order = self.order_texts(parts, |term| Ok(term.sql.clone()))?;
            let (items, rest) = (inner.join(", "), tail(parts));
            return Ok(format!("SELECT {distinct}{items}{rest}{}", order_clause(&order)));
        };
        let own = self.alias();
        inner.push(format!("{} AS q", qualify.sql));
        let mut hidden = Vec::new();
        let order = self.order_texts(parts, |term| {
            hidden.push(format!("{} AS o{}", term.sql, hidden.len()));
            Ok(format!("{own}.o{}", hidden.len() - 1))
        })?;
        inner.extend(hidden);
        let outer: Vec<String> =
            (0..parts.outputs.len()).map(|i| format!("{own}.{0} AS {0}", c(i))).collect();
        Ok(format!(
            "SELECT {distinct}{} FROM (SELECT {}{}) AS {own} WHERE {own}.q{}",
            outer.join(", "),
            inner.join(", "),
            tail(parts),
            order_clause(&order)
        ))
    }

    /// ORDER BY, where a term that is also an output is named by its output under DISTINCT.
    fn order_texts(
        &self,
        parts: &Parts,
        mut reach: impl FnMut(&Term) -> Result<String>,
    ) -> Result<Vec<String>> {
        let mut keys = Vec::new();
        for (term, item) in &parts.order {
            let output = parts.outputs.iter().position(|output| output == term);
            let sql = match output {
                Some(i) if parts.distinct => c(i),
                None if parts.distinct => {
                    return Err(refused(
                        "with DISTINCT, ORDER BY takes columns of the select list",
                    ));
                }
                _ => reach(term)?,
            };
            keys.extend(self.order_key(&Term { sql, ..term.clone() }, item)?);
        }
        Ok(keys)
    }
}

/// What was lowered, where nothing in it is an error beside grouped rows. Whether rows are grouped is known
/// where there are keys; elsewhere the first such error is kept until it is.
fn settled<T>(result: Result<T>, scope: &Scope<'_>, ungrouped: &mut Vec<Error>) -> Result<T> {
    match scope.seen.ungrouped.take().into_iter().next() {
        Some(error) if scope.keys.is_some_and(|keys| !keys.is_empty()) => Err(error),
        first => {
            ungrouped.extend(first);
            result
        }
    }
}

/// FROM to HAVING.
fn tail(parts: &Parts) -> String {
    let mut text = String::new();
    if !parts.from.is_empty() {
        text.push_str(&format!(" FROM {}", parts.from));
    }
    if let Some(condition) = &parts.condition {
        text.push_str(&format!(" WHERE {}", condition.sql));
    }
    if !parts.keys.is_empty() {
        // A bare number here would be a position to SQLite.
        let keys: Vec<String> = parts
            .keys
            .iter()
            .map(|key| match key.is_fixed() {
                true => format!("(SELECT {})", key.sql),
                false => key.sql.clone(),
            })
            .collect();
        text.push_str(&format!(" GROUP BY {}", keys.join(", ")));
    }
    if let Some(having) = &parts.having {
        text.push_str(&format!(" HAVING {}", having.sql));
    }
    text
}

/// The names that the select list gives to expressions, and that only what comes after it may use.
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
