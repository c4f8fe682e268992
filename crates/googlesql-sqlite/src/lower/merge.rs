//! MERGE, which SQLite does not know: what each clause applies to is found first, and changed
//! afterwards, so that no clause sees the work of another.

use sqlparser::ast::{
    Assignment, Expr, Merge, MergeAction, MergeClause, MergeClauseKind, MergeInsertExpr,
    MergeInsertKind, MergeUpdateExpr, MergeUpdateKind, TableFactor, TableWithJoins,
};

use super::change::{Part, column_list};
use super::scope::{Scope, Seen, Source};
use super::term::Term;
use super::{Lowering, none_of, refused, unsupported};
use crate::catalog::Table;
use crate::error::Result;
use crate::googlesql::SqlType;
use crate::storage::quoted;

/// The two sides of a MERGE as SQLite's FROM has them.
struct Sides {
    /// The table in SQLite's quotes, without an alias.
    table: String,
    target: Source,
    target_sql: String,
    /// The column that names a row of the target.
    row: String,
    source: Source,
    source_sql: String,
    condition: String,
}

/// What a clause does with the rows it applies to.
enum Action {
    Delete,
    Insert(Vec<(String, String)>),
    Update(Vec<(String, String)>),
}

impl Lowering<'_> {
    /// Lowers a MERGE of one table.
    pub(super) fn merge(&self, merge: &Merge) -> Result<Vec<Part>> {
        let Merge {
            merge_token: _,
            optimizer_hints: _,
            into: _,
            table,
            source,
            on,
            clauses,
            output,
        } = merge;
        none_of(&[(output.is_some(), "OUTPUT in MERGE")])?;
        let sides = self.sides(table, source, on)?;
        let (mut found, mut changes, mut dropped) = (Vec::new(), Vec::new(), Vec::new());
        let mut matched = Vec::new();
        let mut earlier: Vec<(&MergeClauseKind, String)> = Vec::new();
        for (i, clause) in clauses.iter().enumerate() {
            let name = format!("temp.\"onerow_merge_{i}\"");
            let kind = same_rows(&clause.clause_kind);
            let condition = self.known(self.when(clause, &sides))?.unwrap_or_default();
            let mut guard = vec![format!("({condition}) IS TRUE")];
            let before = earlier.iter().filter(|(other, _)| *other == kind);
            guard.extend(before.map(|(_, other)| format!("({other}) IS NOT TRUE")));
            let Some(action) = self.known(self.action(clause, &sides))? else { continue };
            let values = action.values();
            found.push(Part::silent(sides.rows(&name, kind, &guard.join(" AND "), &values)));
            if *kind == MergeClauseKind::Matched {
                matched.push(format!("SELECT onerow_row FROM {name}"));
            }
            changes.push(Part::counted(sides.change(&name, &action)));
            dropped.push(Part::silent(format!("DROP TABLE {name}")));
            earlier.push((kind, condition));
        }
        if !matched.is_empty() {
            found.push(Part::silent(format!(
                "SELECT onerow_merged_twice() WHERE EXISTS \
                 (SELECT 1 FROM ({}) GROUP BY onerow_row HAVING COUNT(*) > 1)",
                matched.join(" UNION ALL ")
            )));
        }
        found.extend(changes);
        found.extend(dropped);
        Ok(found)
    }

    fn sides(&self, table: &TableFactor, source: &TableFactor, on: &Expr) -> Result<Sides> {
        let (name, described) = self.changed_table(table)?;
        let factor =
            |factor: &TableFactor| TableWithJoins { relation: factor.clone(), joins: vec![] };
        let (target_sql, mut sources) = self.from(&[factor(table)], None)?;
        let (source_sql, from_source) = self.from(&[factor(source)], None)?;
        sources.extend(from_source);
        let [target, source] = <[Source; 2]>::try_from(sources)
            .map_err(|_| unsupported("MERGE of something else than two tables"))?;
        let twice = target.name.as_ref().zip(source.name.as_ref());
        if twice.is_some_and(|(a, b)| a.eq_ignore_ascii_case(b)) {
            return Err(refused("both sides of MERGE have the same name").help("give one an alias"));
        }
        let both = [target, source];
        let seen = Seen::default();
        let condition = self
            .expr(on, &Scope::plain(&both, None, &seen, "ON"))
            .and_then(|term| self.expect(term, SqlType::Bool, "the condition of ON"));
        let condition = self.known(condition)?.map_or_else(String::new, |condition| condition.sql);
        let [target, source] = both;
        let row = row_name(&described)?;
        Ok(Sides { table: name, target, row, target_sql, source, source_sql, condition })
    }

    /// The condition of a clause, for the rows that it is about.
    fn when(&self, clause: &MergeClause, sides: &Sides) -> Result<String> {
        let Some(predicate) = &clause.predicate else { return Ok("TRUE".to_owned()) };
        let sources = sides.seen_by(&clause.clause_kind);
        let seen = Seen::default();
        let term = self.expr(predicate, &Scope::plain(&sources, None, &seen, "WHEN"))?;
        Ok(self.expect(term, SqlType::Bool, "the condition of WHEN")?.sql)
    }

    fn action(&self, clause: &MergeClause, sides: &Sides) -> Result<Action> {
        let sources = sides.seen_by(&clause.clause_kind);
        let seen = Seen::default();
        let scope = Scope::plain(&sources, None, &seen, "WHEN");
        let inserts = *same_rows(&clause.clause_kind) == MergeClauseKind::NotMatched;
        match &clause.action {
            MergeAction::Delete { .. } if !inserts => Ok(Action::Delete),
            MergeAction::Update(update) if !inserts => self.set(update, sides, &scope),
            MergeAction::Insert(insert) if inserts => self.inserted(insert, sides, &scope),
            other => Err(refused(format!("WHEN {} cannot {other}", clause.clause_kind))),
        }
    }

    fn set(&self, update: &MergeUpdateExpr, sides: &Sides, scope: &Scope<'_>) -> Result<Action> {
        let MergeUpdateExpr { update_token: _, kind, update_predicate, delete_predicate } = update;
        none_of(&[
            (update_predicate.is_some(), "WHERE in WHEN"),
            (delete_predicate.is_some(), "DELETE WHERE in WHEN"),
        ])?;
        let MergeUpdateKind::Set(assignments) = kind else {
            return Err(unsupported("UPDATE * in MERGE"));
        };
        let target = std::slice::from_ref(&sides.target);
        let seen = Seen::default();
        let columns = Scope::plain(target, None, &seen, "SET");
        let each = assignments.iter().map(|Assignment { target, value }| {
            let (column, sql_type) = self.assigned(target, &columns)?;
            Ok((column.clone(), self.value_of(value, sql_type, &column, scope)?))
        });
        each.collect::<Result<_>>().map(Action::Update)
    }

    fn inserted(
        &self,
        insert: &MergeInsertExpr,
        sides: &Sides,
        scope: &Scope<'_>,
    ) -> Result<Action> {
        let MergeInsertExpr { insert_token: _, columns, kind_token: _, kind, insert_predicate } =
            insert;
        none_of(&[(insert_predicate.is_some(), "WHERE in WHEN")])?;
        let columns = self.inserted_columns(columns, &sides.target)?;
        let terms: Vec<Term> = match kind {
            MergeInsertKind::Row => {
                sides.source.columns.iter().map(|(_, term)| term.clone()).collect()
            }
            MergeInsertKind::Values(values) => match values.rows.as_slice() {
                [row] => row.iter().map(|value| self.expr(value, scope)).collect::<Result<_>>()?,
                _ => return Err(refused("INSERT in MERGE takes one row")),
            },
            MergeInsertKind::Wildcard => return Err(unsupported("INSERT * in MERGE")),
        };
        none_of(&[(sides.source.open, "the columns of the source of a MERGE")])?;
        if terms.len() != columns.len() {
            return Err(refused(format!(
                "INSERT has {} values for {} columns",
                terms.len(),
                columns.len()
            )));
        }
        let each = columns.into_iter().zip(terms).map(|((column, sql_type), term)| {
            let role = format!("the value of {column}");
            Ok((column, self.expect(term, sql_type, &role)?.sql))
        });
        each.collect::<Result<_>>().map(Action::Insert)
    }
}

impl Sides {
    fn seen_by(&self, kind: &MergeClauseKind) -> Vec<Source> {
        match same_rows(kind) {
            MergeClauseKind::Matched => vec![self.target.clone(), self.source.clone()],
            MergeClauseKind::NotMatchedBySource => vec![self.target.clone()],
            _ => vec![self.source.clone()],
        }
    }

    /// Makes a temporary table of the rows that a clause applies to, with its values.
    fn rows(&self, name: &str, kind: &MergeClauseKind, guard: &str, values: &[&str]) -> String {
        let Self { target, target_sql, source_sql, condition, row, .. } = self;
        let row = format!("{}.{row}", target.alias);
        let (row, from) = match kind {
            MergeClauseKind::Matched => (
                row.as_str(),
                format!("{source_sql} JOIN {target_sql} ON {condition} WHERE {guard}"),
            ),
            MergeClauseKind::NotMatchedBySource => (
                row.as_str(),
                format!(
                    "{target_sql} WHERE {guard} AND NOT EXISTS \
                     (SELECT 1 FROM {source_sql} WHERE {condition})"
                ),
            ),
            _ => (
                "NULL",
                format!(
                    "{source_sql} WHERE {guard} AND NOT EXISTS \
                     (SELECT 1 FROM {target_sql} WHERE {condition})"
                ),
            ),
        };
        let mut items = vec![format!("{row} AS onerow_row")];
        items.extend(values.iter().enumerate().map(|(i, value)| format!("{value} AS v{i}")));
        format!("CREATE TABLE {name} AS SELECT {} FROM {from}", items.join(", "))
    }

    fn change(&self, name: &str, action: &Action) -> String {
        let Self { table, row, .. } = self;
        match action {
            Action::Delete => {
                format!("DELETE FROM {table} WHERE {row} IN (SELECT onerow_row FROM {name})")
            }
            Action::Update(set) => {
                let set: Vec<String> =
                    set.iter().enumerate().map(|(i, (c, _))| format!("{c} = m.v{i}")).collect();
                format!(
                    "UPDATE {table} AS onerow_t SET {} FROM {name} AS m WHERE onerow_t.{row} = m.onerow_row",
                    set.join(", ")
                )
            }
            Action::Insert(values) => {
                let columns = column_list(values.iter().map(|(column, _)| column.as_str()));
                let values: Vec<String> = (0..values.len()).map(|i| format!("v{i}")).collect();
                format!("INSERT INTO {table} ({columns}) SELECT {} FROM {name}", values.join(", "))
            }
        }
    }
}

impl Action {
    fn values(&self) -> Vec<&str> {
        match self {
            Self::Delete => Vec::new(),
            Self::Insert(values) | Self::Update(values) => {
                values.iter().map(|(_, value)| value.as_str()).collect()
            }
        }
    }
}

/// NOT MATCHED and NOT MATCHED BY TARGET are one.
fn same_rows(kind: &MergeClauseKind) -> &MergeClauseKind {
    match kind {
        MergeClauseKind::NotMatchedByTarget => &MergeClauseKind::NotMatched,
        other => other,
    }
}

/// SQLite's name for a row, which no column of the table hides.
fn row_name(table: &Table) -> Result<String> {
    let hidden = |name: &str| table.columns.iter().any(|(c, _)| c.eq_ignore_ascii_case(name));
    let name = ["rowid", "_rowid_", "oid"].into_iter().find(|name| !hidden(name));
    name.map(quoted).ok_or_else(|| unsupported("a table with columns rowid, _rowid_ and oid"))
}
