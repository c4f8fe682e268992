//! The names that an expression can refer to.

use std::cell::{Cell, RefCell};

use sqlparser::ast::NamedWindowDefinition;
use sqlparser::tokenizer::Span;

use super::{refused, unsupported};
use crate::error::{Error, Kind, Result, did_you_mean};
use crate::googlesql::is_pseudo_column;
use crate::tree::Term;

/// One table or subquery of a FROM clause.
#[derive(Debug, Clone)]
pub(super) struct Source {
    /// Its name in SQLite.
    pub alias: String,
    /// The qualifier of its columns.
    pub name: Option<String>,
    /// Columns as references; those without a name can only be reached by `*`.
    pub columns: Vec<(Option<String>, Term)>,
    /// Whether it has other columns, which are unknown.
    pub open: bool,
    /// Whether it is a base table and not a query.
    pub is_table: bool,
}

impl Source {
    /// A table or subquery of unknown columns.
    pub fn unknown(name: Option<String>) -> Self {
        Self { alias: String::new(), name, columns: Vec::new(), open: true, is_table: false }
    }

    /// The columns that `*` expands to: without the pseudo-columns that BigQuery adds to a table.
    pub fn of_row(&self) -> impl Iterator<Item = &(Option<String>, Term)> {
        let added = |name: &Option<String>| name.as_deref().is_some_and(is_pseudo_column);
        self.columns.iter().filter(move |(name, _)| !(self.is_table && added(name)))
    }
}

/// Facts found while binding an expression.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub aggregate: Cell<bool>,
    /// A column of an enclosing query.
    pub outer: Cell<bool>,
    /// The errors of expressions that are neither grouped nor part of a grouping key, in order.
    pub ungrouped: RefCell<Vec<Error>>,
}

/// Which meaning of a name applies when it is both an alias of the select list and a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Prefer {
    /// The alias: GROUP BY, ORDER BY.
    Alias,
    /// Neither, unless both are the same: HAVING, QUALIFY.
    Neither,
}

/// The names that an expression can refer to, and what it may contain.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    pub sources: &'a [Source],
    pub parent: Option<&'a Scope<'a>>,
    /// The grouping expressions, where only these and aggregates are allowed. Grouping without keys is known
    /// only after everything is bound.
    pub keys: Option<&'a [Term]>,
    pub aliases: &'a [(String, Term)],
    /// Names of the select list that are not allowed here.
    pub hidden: &'a [String],
    pub prefer: Prefer,
    pub aggregates: bool,
    pub windows: bool,
    pub named_windows: &'a [NamedWindowDefinition],
    /// The clause's name in messages: `WHERE`.
    pub place: &'static str,
    pub seen: &'a Seen,
}

impl<'a> Scope<'a> {
    /// The columns of a FROM clause, for a clause without aggregates and windows.
    pub fn plain(
        sources: &'a [Source],
        parent: Option<&'a Scope<'a>>,
        seen: &'a Seen,
        place: &'static str,
    ) -> Self {
        Self {
            sources,
            parent,
            keys: None,
            aliases: &[],
            hidden: &[],
            prefer: Prefer::Neither,
            aggregates: false,
            windows: false,
            named_windows: &[],
            place,
            seen,
        }
    }

    /// Resolves an unqualified name at this place.
    pub fn column(&self, name: &str, place: Span) -> Result<Term> {
        if let Some(term) = self.alias(name)? {
            return Ok(term);
        }
        let found: Vec<&Term> =
            self.sources.iter().flat_map(|source| named(source, name)).collect();
        if self.source(name).is_some() {
            return Err(match found.is_empty() {
                true => unsupported(format!("the row of `{name}` as a value")),
                false => refused(format!("`{name}` is a table and a column at once"))
                    .help(format!("write the column as `{name}.{name}`")),
            });
        }
        match (found.as_slice(), self.parent) {
            ([], _) if self.sources.iter().any(|source| source.open) => Err(self.untold(name)),
            ([], Some(parent)) => {
                self.seen.outer.set(true);
                parent.column(name, place).map_err(|error| match error.kind() {
                    Kind::NotFound => self.missing(name),
                    _ => error,
                })
            }
            ([], None) => Err(self.missing(name)),
            ([term], _) => self.grouped(term, name, place),
            _ => Err(refused(format!("the column name `{name}` is ambiguous"))
                .help("put the table's name or alias before it")),
        }
    }

    /// Resolves `qualifier.name` at this place.
    pub fn qualified(&self, qualifier: &str, name: &str, place: Span) -> Result<Term> {
        let Some(source) = self.source(qualifier) else {
            return match self.parent {
                Some(parent) => {
                    self.seen.outer.set(true);
                    parent.qualified(qualifier, name, place)
                }
                None => Err(Error::new(
                    Kind::NotFound,
                    format!("there is no table or alias `{qualifier}` for `{qualifier}.{name}`"),
                )
                .help(did_you_mean(
                    qualifier,
                    self.sources.iter().filter_map(|source| source.name.as_deref()),
                ))),
            };
        };
        let found: Vec<&Term> = named(source, name).collect();
        match found.as_slice() {
            [] if source.open => Err(self.untold(name)),
            [] => Err(not_found(name, [source])),
            [term] => self.grouped(term, name, place),
            _ => Err(refused(format!("the column name `{qualifier}.{name}` is ambiguous"))),
        }
    }

    /// The table or subquery of this name, in this query.
    pub fn source(&self, name: &str) -> Option<&'a Source> {
        self.sources
            .iter()
            .find(|source| source.name.as_deref().is_some_and(|n| n.eq_ignore_ascii_case(name)))
    }

    /// Whether a table or subquery of this query, or of an enclosing one, has this name. A column of that
    /// name in a nearer query takes precedence.
    pub fn has_source(&self, name: &str) -> bool {
        let has_column = self.sources.iter().any(|source| named(source, name).next().is_some());
        self.source(name).is_some()
            || !has_column && self.parent.is_some_and(|parent| parent.has_source(name))
    }

    /// The row that a name refers to, if it names a table or alias and not a column.
    pub fn row(&self, name: &str) -> Option<&'a Source> {
        let is_column = self.sources.iter().any(|source| named(source, name).next().is_some())
            || self.aliases.iter().any(|(alias, _)| alias.eq_ignore_ascii_case(name));
        match is_column {
            true => None,
            false => self.source(name).or_else(|| self.parent?.row(name)),
        }
    }

    fn alias(&self, name: &str) -> Result<Option<Term>> {
        let mut found = self.aliases.iter().filter(|(alias, _)| alias.eq_ignore_ascii_case(name));
        let Some((_, term)) = found.next() else { return Ok(None) };
        if term.unknown {
            return Err(self.untold(name));
        }
        if found.any(|(_, other)| other != term) {
            let ambiguous = refused(format!("the name `{name}` is ambiguous"));
            return Err(ambiguous.help("give the alias another name"));
        }
        let mut columns = self.sources.iter().flat_map(|source| named(source, name));
        match self.prefer {
            // BigQuery's documentation calls it ambiguous; Google's analyzer prefers the alias.
            Prefer::Neither if columns.any(|column| column != term) => {
                Err(unsupported(format!("`{name}` as an alias and as another column")))
            }
            _ => Ok(Some(term.clone())),
        }
    }

    fn grouped(&self, term: &Term, name: &str, place: Span) -> Result<Term> {
        if term.unknown {
            return Err(self.untold(name));
        }
        if self.keys.is_some_and(|keys| !keys.contains(term)) {
            self.ungrouped(self.neither(name).near(place));
        }
        Ok(term.clone())
    }

    /// The error for a column that is neither grouped nor aggregated.
    pub fn neither(&self, name: &str) -> Error {
        refused(format!("the column `{name}` is neither grouped nor aggregated in {}", self.place))
    }

    /// Records an error that applies if rows are grouped.
    pub fn ungrouped(&self, error: Error) {
        if self.keys.is_some() {
            self.seen.ungrouped.borrow_mut().push(error);
        }
    }

    fn missing(&self, name: &str) -> Error {
        match self.hidden.iter().any(|alias| alias.eq_ignore_ascii_case(name)) {
            true => refused(format!("{} cannot use the alias `{name}` of its SELECT", self.place))
                .help("repeat the expression, or move the query into a subquery and use the alias around it"),
            false => not_found(name, self.sources),
        }
    }

    fn untold(&self, name: &str) -> Error {
        unsupported(format!("the type of `{name}`"))
    }
}

fn named<'a>(source: &'a Source, name: &str) -> impl Iterator<Item = &'a Term> {
    source
        .columns
        .iter()
        .filter(move |(known, _)| known.as_deref().is_some_and(|n| n.eq_ignore_ascii_case(name)))
        .map(|(_, term)| term)
}

fn not_found<'a>(name: &str, sources: impl IntoIterator<Item = &'a Source>) -> Error {
    let known: Vec<&str> = sources
        .into_iter()
        .flat_map(|source| source.columns.iter().filter_map(|(name, _)| name.as_deref()))
        .collect();
    Error::new(Kind::NotFound, format!("there is no column `{name}`"))
        .help(did_you_mean(name, known))
}
