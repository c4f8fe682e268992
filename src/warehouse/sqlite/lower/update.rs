//! UPDATE.

use sqlparser::ast::{
    Assignment, AssignmentTarget, Expr, TableFactor, TableWithJoins, Update, Visit, Visitor,
};

use super::scope::{Scope, Seen, Source};
use super::{Lowering, none_of, refused, unsupported};
use crate::error::Result;
use crate::googlesql::SqlType;
use crate::warehouse::sqlite::storage::quoted;

impl Lowering<'_> {
    /// Lowers an UPDATE of one table by its own columns.
    pub(super) fn update(&self, update: &Update) -> Result<String> {
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
        let Some(condition) = selection else { return Err(refused("UPDATE needs WHERE")) };
        let (target, source) = self.updated_table(table)?;
        let seen = Seen::default();
        let sources = [source];
        let scope = Scope::plain(&sources, None, &seen, "WHERE");
        let condition = self.expr(condition, &scope)?;
        let condition = self.expect(condition, SqlType::Bool, "the condition of WHERE")?;
        let set = self.assignments(assignments, &Scope { place: "SET", ..scope })?;
        Ok(format!("UPDATE {target} SET {set} WHERE {}", condition.sql))
    }

    /// The table with its alias in SQLite's words, and its columns.
    fn updated_table(&self, table: &TableWithJoins) -> Result<(String, Source)> {
        let TableWithJoins { relation, joins } = table;
        none_of(&[(!joins.is_empty(), "UPDATE of a join")])?;
        if !matches!(relation, TableFactor::Table { .. }) {
            return Err(unsupported(format!("UPDATE of `{relation}`")));
        }
        let (target, mut sources) = self.from(std::slice::from_ref(table), None)?;
        let source = sources.pop().ok_or_else(|| unsupported("UPDATE without a table"))?;
        Ok((target, source))
    }

    fn assignments(&self, assignments: &[Assignment], scope: &Scope<'_>) -> Result<String> {
        let mut done: Vec<(String, String)> = Vec::new();
        for Assignment { target, value } in assignments {
            let (column, sql_type) = self.assigned(target, scope)?;
            if done.iter().any(|(earlier, _)| earlier.eq_ignore_ascii_case(&column)) {
                return Err(refused(format!("SET names the column {column} twice")));
            }
            if has_subquery(value) {
                return Err(unsupported("a subquery in SET"));
            }
            let term = self.expr(value, scope)?;
            let term = match sql_type {
                Some(sql_type) => {
                    self.expect(term, sql_type, &format!("the new value of {column}"))?
                }
                None => term,
            };
            done.push((column, term.sql));
        }
        let texts: Vec<String> = done.iter().map(|(c, value)| format!("{c} = {value}")).collect();
        Ok(texts.join(", "))
    }

    /// The column in SQLite's quotes, and its type.
    fn assigned(
        &self,
        target: &AssignmentTarget,
        scope: &Scope<'_>,
    ) -> Result<(String, Option<SqlType>)> {
        let AssignmentTarget::ColumnName(name) = target else {
            return Err(unsupported(format!("SET `{target}`")));
        };
        let parts: Vec<_> = name.0.iter().filter_map(|part| part.as_ident()).collect();
        let (column, term) = match parts.as_slice() {
            [column] => (column, scope.column(&column.value)?),
            [table, column] => (column, scope.qualified(&table.value, &column.value)?),
            _ => return Err(unsupported(format!("SET `{name}`"))),
        };
        Ok((quoted(&column.value), term.sql_type))
    }
}

/// SQLite would evaluate it while rows are already changing.
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
