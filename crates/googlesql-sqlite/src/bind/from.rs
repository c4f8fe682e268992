//! FROM: tables, subqueries and joins.

use std::rc::Rc;

use sqlparser::ast::{
    Ident, Join, JoinConstraint, JoinOperator, ObjectName, ObjectNamePart, Query, TableAlias,
    TableFactor, TableWithJoins,
};

use super::scope::{Scope, Seen, Source};
use super::{Binder, none_of, unsupported};
use crate::error::Result;
use crate::googlesql::SqlType;
use crate::storage::{class, is_opaque};
use crate::tree::{Factor, Joined, Node, Term};

impl Binder<'_> {
    /// Binds a FROM clause and the columns it provides.
    pub(super) fn from(
        &self,
        from: &[TableWithJoins],
        parent: Option<&Scope<'_>>,
    ) -> Result<(Vec<Joined>, Vec<Source>)> {
        let mut items = Vec::new();
        let mut sources = Vec::new();
        for TableWithJoins { relation, joins } in from {
            let factor = self.known_factor(relation, parent, &mut sources)?;
            items.push(Joined { keyword: "CROSS JOIN", factor, on: None });
            for join in joins {
                let joined = self.join(join, parent, &mut sources);
                match self.known(joined)? {
                    Some(joined) => items.push(joined),
                    // With USING, the columns of both sides are merged.
                    None => {
                        for source in &mut sources {
                            *source = Source::unknown(source.name.take());
                        }
                    }
                }
            }
        }
        Ok((items, sources))
    }

    fn join(
        &self,
        join: &Join,
        parent: Option<&Scope<'_>>,
        sources: &mut Vec<Source>,
    ) -> Result<Joined> {
        let Join { relation, global, join_operator } = join;
        none_of(&[(*global, "GLOBAL JOIN")])?;
        let (keyword, constraint) = match join_operator {
            JoinOperator::Join(constraint) | JoinOperator::Inner(constraint) => {
                ("JOIN", constraint)
            }
            JoinOperator::Left(constraint) | JoinOperator::LeftOuter(constraint) => {
                ("LEFT JOIN", constraint)
            }
            JoinOperator::CrossJoin(constraint) => ("CROSS JOIN", constraint),
            _ => return Err(unsupported(format!("`{}`", join.to_string().trim()))),
        };
        let factor = self.known_factor(relation, parent, sources)?;
        let on = match constraint {
            JoinConstraint::On(condition) if keyword != "CROSS JOIN" => {
                let seen = Seen::default();
                let scope = Scope::plain(sources, parent, &seen, "ON");
                let condition = self
                    .expr(condition, &scope)
                    .and_then(|term| self.expect(term, SqlType::Bool, "the condition of ON"));
                self.known(condition)?
            }
            JoinConstraint::None if keyword == "CROSS JOIN" => None,
            _ => return Err(unsupported(format!("`{}`", join.to_string().trim()))),
        };
        Ok(Joined { keyword, factor, on })
    }

    /// A factor; in lenient mode, unknown where it cannot be bound.
    fn known_factor(
        &self,
        factor: &TableFactor,
        parent: Option<&Scope<'_>>,
        sources: &mut Vec<Source>,
    ) -> Result<Factor> {
        let bound = self.factor(factor, parent, sources);
        Ok(self.known(bound)?.unwrap_or_else(|| {
            sources.push(Source::unknown(factor_name(factor)));
            Factor::Unknown
        }))
    }

    fn factor(
        &self,
        factor: &TableFactor,
        parent: Option<&Scope<'_>>,
        sources: &mut Vec<Source>,
    ) -> Result<Factor> {
        match factor {
            TableFactor::Table { name, alias, .. } => {
                self.plain_table(factor)?;
                self.table(name, alias.as_ref(), sources)
            }
            TableFactor::Derived { lateral, subquery, alias, sample } => {
                none_of(&[(*lateral, "LATERAL"), (sample.is_some(), "TABLESAMPLE")])?;
                self.derived(subquery, alias.as_ref(), parent, sources)
            }
            TableFactor::UNNEST { .. } => Err(unsupported("UNNEST in FROM")),
            TableFactor::NestedJoin { .. } => Err(unsupported("a join in parentheses")),
            TableFactor::Pivot { .. } => Err(unsupported("PIVOT")),
            TableFactor::Unpivot { .. } => Err(unsupported("UNPIVOT")),
            other => Err(unsupported(format!("`{other}` in FROM"))),
        }
    }

    fn plain_table(&self, factor: &TableFactor) -> Result<()> {
        let TableFactor::Table {
            name: _,
            alias: _,
            args,
            with_hints,
            version,
            with_ordinality,
            partitions,
            json_path,
            sample,
            index_hints,
        } = factor
        else {
            return Ok(());
        };
        none_of(&[
            (args.is_some(), "table functions"),
            (!with_hints.is_empty(), "table hints"),
            (version.is_some(), "FOR SYSTEM_TIME AS OF"),
            (*with_ordinality, "WITH ORDINALITY"),
            (!partitions.is_empty(), "PARTITION in FROM"),
            (json_path.is_some(), "JSON paths in FROM"),
            (sample.is_some(), "TABLESAMPLE"),
            (!index_hints.is_empty(), "index hints"),
        ])
    }

    fn derived(
        &self,
        subquery: &Query,
        alias: Option<&TableAlias>,
        parent: Option<&Scope<'_>>,
        sources: &mut Vec<Source>,
    ) -> Result<Factor> {
        let relation = self.query(subquery, parent)?;
        let name = alias.map(|alias| self.table_alias(alias)).transpose()?;
        let own = self.alias();
        self.add(relation.source(&own, name), sources)?;
        Ok(Factor::Query { rows: relation.rows, own })
    }

    fn table(
        &self,
        name: &ObjectName,
        alias: Option<&TableAlias>,
        sources: &mut Vec<Source>,
    ) -> Result<Factor> {
        let dotted = self.dotted(name)?;
        let last = dotted.rsplit('.').next().unwrap_or(&dotted).to_owned();
        let name = alias.map_or(Ok(last), |alias| self.table_alias(alias))?;
        let own = self.alias();
        let cte = self
            .ctes
            .borrow()
            .iter()
            .rev()
            .find(|(cte, _)| cte.eq_ignore_ascii_case(&dotted))
            .cloned();
        if let Some((_, relation)) = cte {
            self.add(relation.source(&own, Some(name)), sources)?;
            return Ok(Factor::Query { rows: relation.rows, own });
        }
        let (source, rows) = self.base(&dotted, &own, name)?;
        self.add(source, sources)?;
        Ok(match rows {
            Some(sql) => Factor::Text { sql, own },
            None => Factor::Table { name: dotted, own },
        })
    }

    /// The columns of a table of the database; for a view, also its query.
    pub(super) fn base(
        &self,
        dotted: &str,
        own: &str,
        name: String,
    ) -> Result<(Source, Option<String>)> {
        none_of(&[
            (dotted.contains('*'), "wildcard tables"),
            (dotted.to_ascii_uppercase().contains("INFORMATION_SCHEMA"), "INFORMATION_SCHEMA"),
        ])?;
        let table = self.catalog.table(dotted)?;
        let mut nested = table.nested;
        let columns = table.columns.into_iter().map(|(column, sql_type)| {
            let at = nested.iter().position(|(name, _)| *name == column);
            let nested = at.map(|at| Rc::new(nested.swap_remove(at).1));
            let term = match class(sql_type) {
                Err(_) if self.lenient => Term::unknown(),
                _ if self.lenient && is_opaque(sql_type) => Term::unknown(),
                _ => {
                    let node = Node::Column { source: own.to_owned(), column: column.clone() };
                    Term { nested, ..Term::of(node, Some(sql_type)) }
                }
            };
            (Some(column), term)
        });
        let columns = columns.collect();
        let source = Source {
            alias: own.to_owned(),
            name: Some(name),
            columns,
            open: false,
            is_table: true,
        };
        Ok((source, table.rows))
    }

    /// The dotted name of a table, however it was quoted.
    pub(super) fn dotted(&self, name: &ObjectName) -> Result<String> {
        let mut parts = Vec::new();
        for part in &name.0 {
            match part {
                ObjectNamePart::Identifier(Ident {
                    value, quote_style: None | Some('`'), ..
                }) if !value.starts_with('@') => {
                    parts.push(value.as_str());
                }
                _ => return Err(unsupported(format!("the table name `{name}`"))),
            }
        }
        Ok(parts.join("."))
    }

    fn add(&self, source: Source, sources: &mut Vec<Source>) -> Result<()> {
        let twice = source.name.as_ref().and_then(|name| {
            sources.iter().find(|other| {
                other.name.as_ref().is_some_and(|other| other.eq_ignore_ascii_case(name))
            })
        });
        if twice.is_some() {
            let name = source.name.unwrap_or_default();
            return Err(super::refused(format!("the table alias `{name}` occurs twice")));
        }
        sources.push(source);
        Ok(())
    }
}

/// The name of a table or subquery in FROM: its alias, or the last part of its name.
fn factor_name(factor: &TableFactor) -> Option<String> {
    match factor {
        TableFactor::Table { alias: Some(alias), .. }
        | TableFactor::Derived { alias: Some(alias), .. }
        | TableFactor::UNNEST { alias: Some(alias), .. } => Some(alias.name.value.clone()),
        TableFactor::Table { name, .. } => {
            let last = name.0.last().and_then(|part| part.as_ident())?;
            last.value.rsplit('.').next().map(str::to_owned)
        }
        _ => None,
    }
}
