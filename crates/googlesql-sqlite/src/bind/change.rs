//! UPDATE, DELETE and INSERT.

use sqlparser::ast::{
    Assignment, AssignmentTarget, Delete, Expr, FromTable, Insert, ObjectName, TableFactor,
    TableObject, TableWithJoins, Update, Visit, Visitor,
};
use sqlparser::tokenizer::Span;

use super::projection::implied;
use super::scope::{Scope, Seen, Source};
use super::{Binder, none_of, refused, unsupported};
use crate::catalog::Table;
use crate::error::Result;
use crate::googlesql::SqlType;
use crate::storage::quoted;
use crate::tree::{Change, Factor, Term};

/// The target of an UPDATE or DELETE.
struct Changed {
    table: Factor,
    condition: Term,
    source: Source,
}

impl Binder<'_> {
    /// Binds a DELETE from one table.
    pub(super) fn delete(&self, delete: &Delete) -> Result<Change> {
        let Delete {
            delete_token: _,
            optimizer_hints: _,
            tables,
            from,
            using,
            selection,
            returning,
            output,
            order_by,
            limit,
        } = delete;
        none_of(&[
            (!tables.is_empty(), "DELETE from several tables"),
            (using.is_some(), "USING in DELETE"),
            (returning.is_some(), "RETURNING"),
            (output.is_some(), "OUTPUT"),
            (!order_by.is_empty(), "ORDER BY in DELETE"),
            (limit.is_some(), "LIMIT in DELETE"),
        ])?;
        let (FromTable::WithFromKeyword(from) | FromTable::WithoutKeyword(from)) = from;
        let [table] = from.as_slice() else {
            return Err(unsupported("DELETE from several tables"));
        };
        let Changed { table, condition, .. } = self.changed(table, selection.as_ref(), "DELETE")?;
        Ok(Change::Delete { table, condition })
    }

    /// Binds an INSERT of a query's rows.
    pub(super) fn insert(&self, insert: &Insert) -> Result<Change> {
        let Insert { table, table_alias: None, columns, source: Some(query), .. } = insert else {
            return Err(unsupported("INSERT without a query"));
        };
        let TableObject::TableName(name) = table else {
            return Err(unsupported(format!("INSERT INTO {table}")));
        };
        let dotted = self.dotted(name)?;
        let columns =
            self.inserted_columns(columns, &self.base(&dotted, "onerow_t", dotted.clone())?.0)?;
        let relation = self.query(query, None)?;
        none_of(&[(relation.open, "the columns of a query")])?;
        if relation.columns.len() != columns.len() {
            return Err(refused(format!(
                "INSERT has {} values for {} columns",
                relation.columns.len(),
                columns.len()
            )));
        }
        let own = self.alias();
        let terms = relation.source(&own, None).columns;
        let values = terms.into_iter().zip(columns).map(|((from, term), (column, sql_type))| {
            if term.unknown {
                return Ok((column, term));
            }
            let role = format!("the value of {}", quoted(&column));
            let value = self.moved(term, from.as_deref(), &column, sql_type, &role)?;
            Ok((column, value))
        });
        let values = values.collect::<Result<_>>()?;
        Ok(Change::Insert { table: dotted, values, rows: relation.rows, own })
    }

    /// The columns that an INSERT fills: those it names, or all.
    pub(super) fn inserted_columns(
        &self,
        named: &[ObjectName],
        target: &Source,
    ) -> Result<Vec<(String, SqlType)>> {
        let sources = std::slice::from_ref(target);
        let seen = Seen::default();
        let scope = Scope::plain(sources, None, &seen, "INSERT");
        let of = |name: &str| {
            let sql_type = scope.column(name, Span::empty())?.sql_type;
            sql_type
                .map(|t| (name.to_owned(), t))
                .ok_or_else(|| unsupported("a column without type"))
        };
        match named {
            [] => target.columns.iter().filter_map(|(name, _)| name.as_deref()).map(of).collect(),
            named => named.iter().map(|name| of(&self.dotted(name)?)).collect(),
        }
    }

    /// The target table of a mutation, with its columns.
    pub(super) fn changed_table(&self, table: &TableFactor) -> Result<(String, Table)> {
        let TableFactor::Table { name, .. } = table else {
            return Err(unsupported(format!("changing `{table}`")));
        };
        let dotted = self.dotted(name)?;
        let described = self.catalog.table(&dotted)?;
        Ok((dotted, described))
    }

    /// Binds an UPDATE of one table that reads only its own columns.
    pub(super) fn update(&self, update: &Update) -> Result<Change> {
        let Update {
            update_token: _,
            optimizer_hints: _,
            table,
            assignments,
            from,
            selection,
            returning,
            output,
            or,
            order_by,
            limit,
        } = update;
        none_of(&[
            (from.is_some(), "UPDATE … FROM"),
            (returning.is_some(), "RETURNING"),
            (output.is_some(), "OUTPUT"),
            (or.is_some(), "UPDATE OR"),
            (!order_by.is_empty(), "ORDER BY in UPDATE"),
            (limit.is_some(), "LIMIT in UPDATE"),
        ])?;
        let Changed { table, condition, source } =
            self.changed(table, selection.as_ref(), "UPDATE")?;
        let sources = [source];
        let seen = Seen::default();
        let set = self.assignments(assignments, &Scope::plain(&sources, None, &seen, "SET"))?;
        Ok(Change::Update { table, set, condition })
    }

    /// The table, condition and columns of an UPDATE or DELETE.
    fn changed(
        &self,
        table: &TableWithJoins,
        selection: Option<&Expr>,
        verb: &str,
    ) -> Result<Changed> {
        let Some(condition) = selection else { return Err(refused(format!("{verb} needs WHERE"))) };
        let TableWithJoins { relation, joins } = table;
        none_of(&[(!joins.is_empty(), &format!("{verb} of a join"))])?;
        if !matches!(relation, TableFactor::Table { .. }) {
            return Err(unsupported(format!("{verb} of `{relation}`")));
        }
        let (factors, sources) = self.from(std::slice::from_ref(table), None)?;
        let seen = Seen::default();
        let scope = Scope::plain(&sources, None, &seen, "WHERE");
        let condition = self
            .expr(condition, &scope)
            .and_then(|term| self.expect(term, SqlType::Bool, "the condition of WHERE"));
        let condition = self.known(condition)?.unwrap_or_else(Term::unknown);
        let factor = factors.into_iter().next().map(|joined| joined.factor);
        let found = factor.zip(sources.into_iter().next());
        let (table, source) =
            found.ok_or_else(|| unsupported(format!("{verb} without a table")))?;
        Ok(Changed { table, condition, source })
    }

    fn assignments(
        &self,
        assignments: &[Assignment],
        scope: &Scope<'_>,
    ) -> Result<Vec<(String, Term)>> {
        let mut done: Vec<(String, Term)> = Vec::new();
        for Assignment { target, value } in assignments {
            let (column, sql_type) = self.assigned(target, scope)?;
            if done.iter().any(|(earlier, _)| earlier.eq_ignore_ascii_case(&column)) {
                return Err(refused(format!("SET names the column {} twice", quoted(&column))));
            }
            let value = self.value_of(value, sql_type, &column, scope);
            done.push((column, self.known(value)?.unwrap_or_else(Term::unknown)));
        }
        Ok(done)
    }

    /// The new value of a column.
    pub(super) fn value_of(
        &self,
        value: &Expr,
        sql_type: Option<SqlType>,
        column: &str,
        scope: &Scope<'_>,
    ) -> Result<Term> {
        if has_subquery(value) {
            return Err(unsupported("a subquery in SET"));
        }
        let term = self.whole(value, scope)?;
        match sql_type {
            Some(sql_type) => {
                let role = format!("the new value of {}", quoted(column));
                self.moved(term, implied(value).as_deref(), column, sql_type, &role)
            }
            None => Ok(term),
        }
    }

    /// The column and its type.
    pub(super) fn assigned(
        &self,
        target: &AssignmentTarget,
        scope: &Scope<'_>,
    ) -> Result<(String, Option<SqlType>)> {
        let AssignmentTarget::ColumnName(name) = target else {
            return Err(unsupported(format!("SET `{target}`")));
        };
        let parts: Vec<_> = name.0.iter().filter_map(|part| part.as_ident()).collect();
        let (column, term) = match parts.as_slice() {
            [column] => (column, scope.column(&column.value, column.span)?),
            [table, column] => (column, scope.qualified(&table.value, &column.value, column.span)?),
            _ => return Err(unsupported(format!("SET `{name}`"))),
        };
        Ok((column.value.clone(), term.sql_type))
    }
}

/// SQLite would evaluate the subquery while rows are already changing.
fn has_subquery(expr: &Expr) -> bool {
    struct Finder;
    impl Visitor for Finder {
        type Break = ();
        fn pre_visit_query(
            &mut self,
            _: &sqlparser::ast::Query,
        ) -> std::ops::ControlFlow<Self::Break> {
            std::ops::ControlFlow::Break(())
        }
    }
    expr.visit(&mut Finder).is_break()
}
