//! Lowering: a parsed GoogleSQL statement becomes SQLite text, with the type of every expression
//! known. Each part of the syntax tree is either handled or named in an error.

mod aggregate;
mod cast;
mod change;
pub mod claims;
mod compare;
mod expr;
mod from;
mod function;
mod json;
mod literal;
mod merge;
mod projection;
mod query;
mod rows;
mod scope;
mod select;
mod table;
mod temporal;
mod term;
mod view;
mod window;

use std::cell::{Cell, RefCell};

use jiff::Timestamp;
use rusqlite::types::Value;
use sqlparser::ast;

pub use self::change::Part;
use self::literal::Literals;
use self::query::Relation;
use crate::Catalog;
use crate::error::{Error, Kind, Result};
use crate::googlesql::{Params, SqlType};

/// A statement as SQLite takes it.
pub struct Lowered {
    /// What does its work, in order; a query is one part.
    pub parts: Vec<Part>,
    /// The values of `?1`, `?2`, …
    pub binds: Vec<Value>,
    /// Names and types of the columns of the answer. `None` is the type of a bare NULL.
    pub columns: Vec<(String, Option<SqlType>)>,
}

/// What one statement is lowered with.
pub struct Lowering<'a> {
    catalog: &'a dyn Catalog,
    params: &'a Params,
    now: Timestamp,
    literals: Literals,
    binds: RefCell<Vec<Value>>,
    aliases: Cell<usize>,
    ctes: RefCell<Vec<(String, Relation)>>,
    lenient: bool,
}

impl<'a> Lowering<'a> {
    /// Prepares to lower the statement of this text. `now` is the time for all of it.
    pub fn new(
        catalog: &'a dyn Catalog,
        sql: &str,
        params: &'a Params,
        now: Timestamp,
    ) -> Result<Self> {
        Ok(Self {
            catalog,
            params,
            now,
            literals: Literals::of(sql)?,
            binds: RefCell::default(),
            aliases: Cell::new(0),
            ctes: RefCell::default(),
            lenient: false,
        })
    }

    /// The same, to look for what BigQuery refuses, and for nothing else: what is not known is skipped.
    pub(crate) fn lenient(self) -> Self {
        Self { lenient: true, ..self }
    }

    /// What BigQuery refuses about the statement; nothing where this crate cannot tell.
    pub(crate) fn refusal(&self, statement: &ast::Statement) -> Result<()> {
        let found = match statement {
            ast::Statement::Query(query) => {
                self.query(query, None).and_then(|relation| match relation.open {
                    true => Ok(()),
                    false => relation.result_names().map(|_| ()),
                })
            }
            ast::Statement::Update(update) => self.update(update).map(|_| ()),
            ast::Statement::Delete(delete) => self.delete(delete).map(|_| ()),
            ast::Statement::Insert(insert) => self.insert(insert).map(|_| ()),
            ast::Statement::Merge(merge) => self.merge(merge).map(|_| ()),
            ast::Statement::CreateView(view) => self.query(&view.query, None).map(|_| ()),
            _ => Ok(()),
        };
        self.known(found).map(|_| ())
    }

    /// The result, where it is known. Without leniency what is not known is an error.
    fn known<T>(&self, result: Result<T>) -> Result<Option<T>> {
        match result {
            Err(error) if self.lenient && error.kind() != Kind::Refused => Ok(None),
            other => other.map(Some),
        }
    }

    /// Lowers a query or a mutation.
    pub fn statement(self, statement: &ast::Statement) -> Result<Lowered> {
        let (parts, columns) = match statement {
            ast::Statement::Query(query) => {
                let relation = self.query(query, None)?;
                let names = relation.result_names()?;
                let types = relation.columns.iter().map(|column| column.sql_type);
                (vec![Part::silent(relation.sql)], names.into_iter().zip(types).collect())
            }
            ast::Statement::Update(update) => {
                (vec![Part::counted(self.update(update)?)], Vec::new())
            }
            ast::Statement::Delete(delete) => {
                (vec![Part::counted(self.delete(delete)?)], Vec::new())
            }
            ast::Statement::Insert(insert) => {
                (vec![Part::counted(self.insert(insert)?)], Vec::new())
            }
            ast::Statement::Merge(merge) => (self.merge(merge)?, Vec::new()),
            ast::Statement::CreateView(view) => (self.create_view(view)?, Vec::new()),
            ast::Statement::Drop {
                object_type: ast::ObjectType::View, names, if_exists, ..
            } => (self.drop_view(names, *if_exists)?, Vec::new()),
            ast::Statement::Drop {
                object_type: ast::ObjectType::Table,
                names,
                if_exists: false,
                ..
            } => (self.drop_table(names)?, Vec::new()),
            other => {
                let text = other.to_string();
                let verb = text.split_whitespace().next().unwrap_or_default();
                return Err(unsupported(format!("{verb} statements")));
            }
        };
        Ok(Lowered { parts, binds: self.binds.into_inner(), columns })
    }

    /// A name for a table or subquery that nothing else has.
    fn alias(&self) -> String {
        self.aliases.set(self.aliases.get() + 1);
        format!("t{}", self.aliases.get())
    }

    /// The place holder of a value.
    fn bind(&self, value: Value) -> String {
        let mut binds = self.binds.borrow_mut();
        let place = binds.iter().position(|known| *known == value).unwrap_or_else(|| {
            binds.push(value);
            binds.len() - 1
        });
        format!("?{}", place + 1)
    }
}

/// The error for a construct that the lowering does not know.
fn unsupported(what: impl std::fmt::Display) -> Error {
    Error::unsupported(what)
}

/// The error for a statement that BigQuery refuses too.
fn refused(message: impl Into<String>) -> Error {
    Error::new(Kind::Refused, message)
}

/// Fails for a clause that is there but not handled.
fn none_of(clauses: &[(bool, &str)]) -> Result<()> {
    match clauses.iter().find(|(present, _)| *present) {
        Some((_, clause)) => Err(unsupported(clause)),
        None => Ok(()),
    }
}
