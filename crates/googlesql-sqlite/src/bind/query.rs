//! Queries: WITH, set operations, ORDER BY and LIMIT around a SELECT.

use std::rc::Rc;

use rusqlite::types::Value;
use sqlparser::ast::{
    Cte, Expr, LimitClause, Offset, OrderBy, OrderByExpr, OrderByKind, Query, SetExpr, SetOperator,
    SetQuantifier, TableAlias, UnaryOperator, With,
};

use super::opaque::{is_moved, looked_into};
use super::scope::{Prefer, Scope, Seen, Source};
use super::select::none_moved;
use super::{Binder, none_of, refused, unsupported};
use crate::error::Result;
use crate::googlesql::{Nested, SqlType, SqlValue};
use crate::tree::{Converted, Key, Node, Rows, Term};

/// A bound query and its properties.
#[derive(Debug, Clone)]
pub(super) struct Relation {
    pub rows: Rc<Rows>,
    pub columns: Vec<Column>,
    /// Whether it has other columns, which are unknown.
    pub open: bool,
    /// Whether it returns at most one row.
    pub single: bool,
}

/// A column of a query's result.
#[derive(Debug, Clone)]
pub(super) struct Column {
    /// `None` for an expression without an alias.
    pub name: Option<String>,
    pub sql_type: Option<SqlType>,
    pub nested: Option<Rc<Nested>>,
    pub unknown: bool,
}

impl Relation {
    /// A query of unknown columns.
    pub fn unknown() -> Self {
        let rows = Rc::new(Rows::Unknown);
        Self { rows, columns: Vec::new(), open: true, single: false }
    }

    /// The column names of the result; BigQuery names unnamed columns `f0_`, `f1_`, ….
    pub fn result_names(&self) -> Result<Vec<String>> {
        let mut names: Vec<String> = Vec::new();
        let mut nameless = 0;
        for column in &self.columns {
            let name = column.name.clone().unwrap_or_else(|| {
                nameless += 1;
                format!("f{}_", nameless - 1)
            });
            if names.iter().any(|known| known.eq_ignore_ascii_case(&name)) {
                return Err(refused(format!("the result has two columns called `{name}`"))
                    .help("give one of them another name with AS"));
            }
            names.push(name);
        }
        Ok(names)
    }

    /// The query as a part of a FROM clause.
    pub fn source(&self, alias: &str, name: Option<String>) -> Source {
        let columns = self.columns.iter().enumerate().map(|(i, column)| {
            let term = match column.unknown {
                true => Term::unknown(),
                false => {
                    let node = Node::Column { source: alias.to_owned(), column: c(i) };
                    Term { nested: column.nested.clone(), ..Term::of(node, column.sql_type) }
                }
            };
            (column.name.clone(), term)
        });
        Source {
            alias: alias.to_owned(),
            name,
            columns: columns.collect(),
            open: self.open,
            is_table: false,
        }
    }
}

/// A relation's column name in SQLite.
fn c(index: usize) -> String {
    format!("c{}", index + 1)
}

impl Binder<'_> {
    /// Binds a query. `parent` is the enclosing query, whose columns it may use.
    pub(super) fn query(&self, query: &Query, parent: Option<&Scope<'_>>) -> Result<Relation> {
        let Query {
            with,
            body,
            order_by,
            limit_clause,
            fetch,
            locks,
            for_clause,
            settings,
            format_clause,
            pipe_operators,
        } = query;
        none_of(&[
            (fetch.is_some(), "FETCH"),
            (!locks.is_empty(), "FOR UPDATE"),
            (for_clause.is_some(), "FOR"),
            (settings.is_some(), "SETTINGS"),
            (format_clause.is_some(), "FORMAT"),
            (!pipe_operators.is_empty(), "pipe syntax (`|>`)"),
        ])?;
        let outer = self.ctes.borrow().len();
        let limited =
            |relation: Relation| match self.known(self.limit(&relation, limit_clause.as_ref()))? {
                Some(limited) => Ok(limited),
                None => Ok(relation),
            };
        let result = with
            .as_ref()
            .map_or(Ok(()), |with| self.with(with))
            .and_then(|()| self.body(body, order_items(order_by.as_ref())?, parent))
            .and_then(limited);
        self.ctes.borrow_mut().truncate(outer);
        result
    }

    fn with(&self, with: &With) -> Result<()> {
        let With { with_token: _, recursive, cte_tables } = with;
        none_of(&[(*recursive, "WITH RECURSIVE")])?;
        for cte in cte_tables {
            let Cte { alias, query, from, materialized, closing_paren_token: _ } = cte;
            none_of(&[(from.is_some(), "FROM in WITH"), (materialized.is_some(), "MATERIALIZED")])?;
            let name = self.table_alias(alias)?;
            let relation = self.query(query, None);
            let relation = self.known(relation)?.unwrap_or_else(Relation::unknown);
            self.ctes.borrow_mut().push((name, relation));
        }
        Ok(())
    }

    /// The name in `AS name`; renaming columns is refused.
    pub(super) fn table_alias(&self, alias: &TableAlias) -> Result<String> {
        let TableAlias { explicit: _, name, columns, at } = alias;
        none_of(&[
            (!columns.is_empty(), "column names after a table alias"),
            (at.is_some(), "AT after a table alias"),
        ])?;
        self.name(name)
    }

    fn body(
        &self,
        body: &SetExpr,
        order: &[OrderByExpr],
        parent: Option<&Scope<'_>>,
    ) -> Result<Relation> {
        match body {
            SetExpr::Select(select) => self.select(select, order, parent),
            SetExpr::Query(query) => {
                let inner = self.query(query, parent)?;
                let rows = Rc::new(Rows::Nested(inner.rows));
                self.sorted(Relation { rows, ..inner }, order, parent)
            }
            SetExpr::SetOperation { left, op, set_quantifier, right } => {
                let relation = self.set_operation(left, *op, *set_quantifier, right, parent)?;
                self.sorted(relation, order, parent)
            }
            SetExpr::Values(_) => Err(unsupported("VALUES as a query")),
            SetExpr::Insert(_) | SetExpr::Update(_) | SetExpr::Delete(_) | SetExpr::Merge(_) => {
                Err(unsupported("a statement that changes rows inside a query"))
            }
            SetExpr::Table(_) => Err(unsupported("TABLE as a query")),
        }
    }

    fn set_operation(
        &self,
        left: &SetExpr,
        op: SetOperator,
        quantifier: SetQuantifier,
        right: &SetExpr,
        parent: Option<&Scope<'_>>,
    ) -> Result<Relation> {
        let keyword = match (op, quantifier) {
            (SetOperator::Union, SetQuantifier::All) => "UNION ALL",
            (SetOperator::Union, SetQuantifier::Distinct) => "UNION",
            (SetOperator::Except, SetQuantifier::Distinct) => "EXCEPT",
            (SetOperator::Intersect, SetQuantifier::Distinct) => "INTERSECT",
            _ => return Err(unsupported(format!("{op} {quantifier}"))),
        };
        for side in [left, right] {
            if let SetExpr::SetOperation { op: inner, set_quantifier, .. } = side
                && (*inner, *set_quantifier) != (op, quantifier)
            {
                return Err(refused("put parentheses around set operations of different kinds"));
            }
        }
        let (left, right) = (self.body(left, &[], parent)?, self.body(right, &[], parent)?);
        if left.open || right.open {
            return Ok(Relation::unknown());
        }
        if left.columns.len() != right.columns.len() {
            return Err(refused(format!(
                "the two sides of {keyword} have different numbers of columns"
            )));
        }
        let mut columns = left.columns.clone();
        let same = |(one, other): (&Column, &Column)| match (&one.name, &other.name) {
            (Some(one), Some(other)) => one.eq_ignore_ascii_case(other),
            _ => false,
        };
        // Columns of one name have the same type, down to the last field.
        if keyword != "UNION ALL" || !left.columns.iter().zip(&right.columns).all(same) {
            none_moved(&left.columns, keyword)?;
            none_moved(&right.columns, keyword)?;
        }
        for (column, other) in columns.iter_mut().zip(&right.columns) {
            column.unknown |= other.unknown;
            if column.unknown {
                continue;
            }
            let terms =
                [column.sql_type, other.sql_type].map(|of| Term::of(Node::Value(Value::Null), of));
            column.sql_type = self.unified(terms.to_vec(), keyword)?.1;
        }
        let sides = [self.converted(&left, &columns)?, self.converted(&right, &columns)?];
        let rows = Rc::new(Rows::Set(keyword, Box::new(sides)));
        Ok(Relation { rows, columns, open: false, single: false })
    }

    /// All columns, converted to these types.
    fn converted(&self, relation: &Relation, columns: &[Column]) -> Result<Converted> {
        let own = self.alias();
        let mut items = Vec::new();
        for (i, (_, term)) in relation.source(&own, None).columns.into_iter().enumerate() {
            items.push(match columns[i].sql_type {
                _ if columns[i].unknown => term,
                Some(target) => self.expect(term, target, "a column of a set operation")?,
                None => term,
            });
        }
        Ok(Converted { rows: Rc::clone(&relation.rows), own, columns: items })
    }

    /// ORDER BY over a result whose source tables are no longer visible.
    fn sorted(
        &self,
        relation: Relation,
        order: &[OrderByExpr],
        parent: Option<&Scope<'_>>,
    ) -> Result<Relation> {
        if order.is_empty() {
            return Ok(relation);
        }
        let own = self.alias();
        let sources = [relation.source(&own, None)];
        let seen = Seen::default();
        let scope =
            Scope { prefer: Prefer::Alias, ..Scope::plain(&sources, parent, &seen, "ORDER BY") };
        let order = self.order_keys(order, &scope, &sources[0])?;
        let columns = relation.columns.len();
        let rows = Rc::new(Rows::Sorted { rows: relation.rows, own, columns, order });
        Ok(Relation { rows, ..relation })
    }

    fn order_keys(
        &self,
        order: &[OrderByExpr],
        scope: &Scope<'_>,
        outputs: &Source,
    ) -> Result<Vec<Key>> {
        let mut keys = Vec::new();
        for item in order {
            let term = match self.ordinal(&item.expr, outputs.columns.len())? {
                Some(i) => {
                    let (name, term) = &outputs.columns[i];
                    if is_moved(term) {
                        let name = name.as_deref().unwrap_or("*");
                        return Err(looked_into(name, term, "ORDER BY"));
                    }
                    term.clone()
                }
                None => match self.known(self.expr(&item.expr, scope))? {
                    Some(term) => term,
                    None => continue,
                },
            };
            keys.extend(self.order_key(term, item)?);
        }
        Ok(keys)
    }

    /// The 0-based column that an ordinal in GROUP BY or ORDER BY names, also in parentheses. Other literals
    /// are refused.
    pub(super) fn ordinal(&self, expr: &Expr, columns: usize) -> Result<Option<usize>> {
        let literal = match expr {
            Expr::Nested(inner) => return self.ordinal(inner, columns),
            Expr::Value(value) => self.value(value)?.constant,
            Expr::UnaryOp { op: UnaryOperator::Minus, expr: operand }
                if matches!(operand.as_ref(), Expr::Value(_)) =>
            {
                None
            }
            _ => return Ok(None),
        };
        match literal {
            Some(SqlValue::Int64(number)) => usize::try_from(number)
                .ok()
                .filter(|n| (1..=columns).contains(n))
                .map(|n| Some(n - 1))
                .ok_or_else(|| refused(format!("the select list has no column {number}"))),
            _ => Err(refused(format!("GROUP BY and ORDER BY do not take the literal {expr}"))),
        }
    }

    fn limit(&self, relation: &Relation, clause: Option<&LimitClause>) -> Result<Relation> {
        let Some(clause) = clause else { return Ok(relation.clone()) };
        let LimitClause::LimitOffset { limit, offset, limit_by } = clause else {
            return Err(unsupported("LIMIT with a comma"));
        };
        none_of(&[(!limit_by.is_empty(), "LIMIT BY")])?;
        let limit = limit.as_ref().map(|limit| self.count(limit, "LIMIT")).transpose()?;
        let offset = match offset {
            Some(Offset { value, rows: _ }) => self.count(value, "OFFSET")?,
            None => 0,
        };
        let Some(limit) = limit else { return Err(refused("OFFSET needs LIMIT")) };
        Ok(Relation {
            rows: Rc::new(Rows::Limited { rows: Rc::clone(&relation.rows), limit, offset }),
            single: relation.single || limit <= 1,
            ..relation.clone()
        })
    }

    /// A literal or parameter that is a number of rows.
    pub(super) fn count(&self, expr: &Expr, role: &str) -> Result<i64> {
        let seen = Seen::default();
        let term = self.expr(expr, &Scope::plain(&[], None, &seen, "LIMIT"))?;
        match term.constant {
            Some(SqlValue::Int64(number)) if number >= 0 => Ok(number),
            _ => Err(refused(format!("{role} must be an integer, 0 or more"))),
        }
    }
}

fn order_items(order_by: Option<&OrderBy>) -> Result<&[OrderByExpr]> {
    let Some(OrderBy { kind, interpolate }) = order_by else { return Ok(&[]) };
    none_of(&[(interpolate.is_some(), "INTERPOLATE")])?;
    match kind {
        OrderByKind::Expressions(items) => Ok(items),
        OrderByKind::All(_) => Err(unsupported("ORDER BY ALL")),
    }
}
