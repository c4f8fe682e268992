//! MERGE of one table.

use sqlparser::ast::{
    self, Assignment, MergeAction, MergeClause, MergeClauseKind, MergeInsertExpr, MergeInsertKind,
    MergeUpdateExpr, MergeUpdateKind, TableFactor, TableWithJoins,
};

use super::projection::implied;
use super::scope::{Scope, Seen, Source};
use super::{Binder, none_of, refused, unsupported};
use crate::error::Result;
use crate::googlesql::SqlType;
use crate::storage::quoted;
use crate::tree::{About, Action, Change, Clause, Factor, Merge, Term};

/// The two sides of a MERGE.
struct Sides {
    target: Source,
    source: Source,
}

impl Binder<'_> {
    /// Binds a MERGE of one table.
    pub(super) fn merge(&self, merge: &ast::Merge) -> Result<Change> {
        let ast::Merge {
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
        let (name, described) = self.changed_table(table)?;
        let (target, mut sources) = self.side(table)?;
        let (source, from_source) = self.side(source)?;
        sources.extend(from_source);
        let both = <[Source; 2]>::try_from(sources)
            .map_err(|_| unsupported("MERGE of something else than two tables"))?;
        let twice = both[0].name.as_ref().zip(both[1].name.as_ref());
        if twice.is_some_and(|(a, b)| a.eq_ignore_ascii_case(b)) {
            return Err(refused("both sides of MERGE have the same name").help("give one an alias"));
        }
        let seen = Seen::default();
        let condition = self
            .expr(on, &Scope::plain(&both, None, &seen, "ON"))
            .and_then(|term| self.expect(term, SqlType::Bool, "the condition of ON"));
        let condition = self.known(condition)?.unwrap_or_else(Term::unknown);
        let row = row_name(described.columns.iter().map(|(name, _)| name.as_str()))?;
        let sides = {
            let [target, source] = both;
            Sides { target, source }
        };
        let clauses = self.clauses(clauses, &sides)?;
        let source_row =
            row_name(sides.source.columns.iter().filter_map(|(name, _)| name.as_deref()))?;
        let (own, source_own) = (sides.target.alias, sides.source.alias);
        let merge = Merge {
            table: name,
            target,
            own,
            row,
            source,
            source_own,
            source_row,
            condition,
            clauses,
        };
        Ok(Change::Merge(Box::new(merge)))
    }

    fn side(&self, factor: &TableFactor) -> Result<(Factor, Vec<Source>)> {
        let table = TableWithJoins { relation: factor.clone(), joins: vec![] };
        let (from, sources) = self.from(&[table], None)?;
        let factor = from.into_iter().next().map_or(Factor::Unknown, |joined| joined.factor);
        Ok((factor, sources))
    }

    fn clauses(&self, clauses: &[MergeClause], sides: &Sides) -> Result<Vec<Clause>> {
        let mut bound = Vec::new();
        for clause in clauses {
            let condition = self.known(self.when(clause, sides))?.flatten();
            if let Some(action) = self.known(self.action(clause, sides))? {
                bound.push(Clause { about: about(&clause.clause_kind), condition, action });
            }
        }
        Ok(bound)
    }

    /// The condition of a clause, for the rows it applies to.
    fn when(&self, clause: &MergeClause, sides: &Sides) -> Result<Option<Term>> {
        let Some(predicate) = &clause.predicate else { return Ok(None) };
        let sources = sides.seen_by(&clause.clause_kind);
        let seen = Seen::default();
        let term = self.expr(predicate, &Scope::plain(&sources, None, &seen, "WHEN"))?;
        self.expect(term, SqlType::Bool, "the condition of WHEN").map(Some)
    }

    fn action(&self, clause: &MergeClause, sides: &Sides) -> Result<Action> {
        let sources = sides.seen_by(&clause.clause_kind);
        let seen = Seen::default();
        let scope = Scope::plain(&sources, None, &seen, "WHEN");
        let inserts = about(&clause.clause_kind) == About::NotMatched;
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
            let value = self.value_of(value, sql_type, &column, scope)?;
            Ok((column, value))
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
        let terms: Vec<(Option<String>, Term)> = match kind {
            MergeInsertKind::Row => sides.source.columns.clone(),
            MergeInsertKind::Values(values) => match values.rows.as_slice() {
                [row] => {
                    let each =
                        row.iter().map(|value| Ok((implied(value), self.whole(value, scope)?)));
                    each.collect::<Result<_>>()?
                }
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
        let each = columns.into_iter().zip(terms).map(|((column, sql_type), (from, term))| {
            let role = format!("the value of {}", quoted(&column));
            let value = self.moved(term, from.as_deref(), &column, sql_type, &role)?;
            Ok((column, value))
        });
        each.collect::<Result<_>>().map(Action::Insert)
    }
}

impl Sides {
    fn seen_by(&self, kind: &MergeClauseKind) -> Vec<Source> {
        match about(kind) {
            About::Matched => vec![self.target.clone(), self.source.clone()],
            About::NotMatchedBySource => vec![self.target.clone()],
            About::NotMatched => vec![self.source.clone()],
        }
    }
}

/// NOT MATCHED and NOT MATCHED BY TARGET mean the same.
fn about(kind: &MergeClauseKind) -> About {
    match kind {
        MergeClauseKind::Matched => About::Matched,
        MergeClauseKind::NotMatchedBySource => About::NotMatchedBySource,
        MergeClauseKind::NotMatched | MergeClauseKind::NotMatchedByTarget => About::NotMatched,
    }
}

/// A name of SQLite's rowid that no column of the table hides.
fn row_name<'n>(columns: impl Iterator<Item = &'n str> + Clone) -> Result<&'static str> {
    let hidden = |name: &str| columns.clone().any(|c| c.eq_ignore_ascii_case(name));
    let name = ["rowid", "_rowid_", "oid"].into_iter().find(|name| !hidden(name));
    name.ok_or_else(|| unsupported("a table with columns rowid, _rowid_ and oid"))
}
