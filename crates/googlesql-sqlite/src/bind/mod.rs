//! Binding: a parsed GoogleSQL statement becomes a typed tree. All type rules and all refusals are here. Each
//! part of the syntax tree is either handled or named in an error.

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
mod opaque;
mod projection;
mod query;
mod rows;
mod scope;
mod select;
mod table;
mod temporal;
mod term;
mod text;
mod view;
mod window;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use jiff::Timestamp;
use sqlparser::ast;

use self::literal::Literals;
use self::query::Relation;
use crate::Catalog;
use crate::error::{Error, Kind, Result};
use crate::googlesql::{Params, SqlType};
use crate::tree::{Change, Rows};

/// A bound statement.
pub(crate) enum Statement {
    /// A query, with the names and types of its columns.
    Query(Rc<Rows>, Vec<(String, Option<SqlType>)>),
    Change(Box<Change>),
}

/// The context in which one statement is bound.
pub(crate) struct Binder<'a> {
    catalog: &'a dyn Catalog,
    params: &'a Params,
    now: Timestamp,
    literals: Literals,
    /// Whether a value comes from a parameter and not from the statement's text.
    outside: Cell<bool>,
    aliases: Cell<usize>,
    ctes: RefCell<Vec<(String, Relation)>>,
    lenient: bool,
}

impl<'a> Binder<'a> {
    /// Creates a binder for the statement with this text. `now` is the time for the whole statement.
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
            outside: Cell::default(),
            aliases: Cell::new(0),
            ctes: RefCell::default(),
            lenient: false,
        })
    }

    /// Returns a binder that only looks for what BigQuery refuses; unsupported constructs are skipped.
    pub(crate) fn lenient(self) -> Self {
        Self { lenient: true, ..self }
    }

    /// Returns the error with which BigQuery refuses the statement; succeeds where this crate cannot tell.
    ///
    /// # Errors
    /// [`Kind::Refused`].
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

    /// The result, if supported. Unless lenient, an unsupported construct is an error.
    fn known<T>(&self, result: Result<T>) -> Result<Option<T>> {
        match result {
            Err(error) if self.lenient && error.kind() != Kind::Refused => Ok(None),
            other => other.map(Some),
        }
    }

    /// Binds a query or a mutation.
    pub fn statement(&self, statement: &ast::Statement) -> Result<Statement> {
        let change = match statement {
            ast::Statement::Query(query) => {
                let relation = self.query(query, None)?;
                let names = relation.result_names()?;
                let types = relation.columns.iter().map(|column| column.sql_type);
                let columns = names.into_iter().zip(types).collect();
                return Ok(Statement::Query(relation.rows, columns));
            }
            ast::Statement::Update(update) => self.update(update)?,
            ast::Statement::Delete(delete) => self.delete(delete)?,
            ast::Statement::Insert(insert) => self.insert(insert)?,
            ast::Statement::Merge(merge) => self.merge(merge)?,
            ast::Statement::CreateView(view) => self.create_view(view)?,
            ast::Statement::Drop {
                object_type: ast::ObjectType::View, names, if_exists, ..
            } => self.drop_view(names, *if_exists)?,
            ast::Statement::Drop {
                object_type: ast::ObjectType::Table,
                names,
                if_exists: false,
                ..
            } => self.drop_table(names)?,
            other => {
                let text = other.to_string();
                let verb = text.split_whitespace().next().unwrap_or_default();
                return Err(unsupported(format!("{verb} statements")));
            }
        };
        Ok(Statement::Change(Box::new(change)))
    }

    /// A unique alias for a table or subquery.
    fn alias(&self) -> String {
        self.aliases.set(self.aliases.get() + 1);
        format!("t{}", self.aliases.get())
    }
}

/// The error for an unsupported construct.
fn unsupported(what: impl std::fmt::Display) -> Error {
    Error::unsupported(what)
}

/// The error for a statement that BigQuery refuses too.
fn refused(message: impl Into<String>) -> Error {
    Error::new(Kind::Refused, message)
}

/// Fails for a clause that is present but not handled.
fn none_of(clauses: &[(bool, &str)]) -> Result<()> {
    match clauses.iter().find(|(present, _)| *present) {
        Some((_, clause)) => Err(unsupported(clause)),
        None => Ok(()),
    }
}
