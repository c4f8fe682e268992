//! Names and pieces of SQL text. Each type is checked when it is made and trusted afterwards.

use std::fmt;

use crate::error::{Error, Kind, Result};

/// The name of a column, variable or alias. Prints itself as SQL, in backquotes where the name
/// is a reserved word of GoogleSQL.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ident(String);

impl Ident {
    /// A name of letters, digits and underscores that does not start with a digit, at most 300
    /// characters: BigQuery's column names, without its flexible ones.
    /// Source: <https://cloud.google.com/bigquery/docs/schemas#column_names>
    pub fn parse(name: &str) -> Result<Self> {
        let mut chars = name.chars();
        let starts_well = chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
        if !starts_well || !chars.all(|c| c.is_ascii_alphanumeric() || c == '_') || name.len() > 300
        {
            return Err(Error::new(Kind::Name, format!("`{}` is not a name", name.escape_debug()))
                .help(
                    "a name has letters, digits and underscores, and does not start with a digit",
                ));
        }
        Ok(Self(name.to_owned()))
    }

    /// The bare name, without quotes.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether both name the same column: BigQuery's column names ignore case.
    pub fn same_column(&self, other: &str) -> bool {
        self.0.eq_ignore_ascii_case(other)
    }
}

impl fmt::Display for Ident {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if is_reserved(&self.0) { write!(f, "`{}`", self.0) } else { f.write_str(&self.0) }
    }
}

/// A table as `dataset.table` or `project.dataset.table`. Prints itself in backquotes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TableName(Vec<String>);

impl TableName {
    /// Two or three parts of letters, digits, underscores and dashes, with dots between.
    pub fn parse(name: &str) -> Result<Self> {
        let parts: Vec<String> = name.split('.').map(str::to_owned).collect();
        let good_part = |part: &String| {
            !part.is_empty()
                && part.len() <= 1024
                && part.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-')
        };
        if !(2..=3).contains(&parts.len()) || !parts.iter().all(good_part) {
            let message = format!("`{}` is not a table name", name.escape_debug());
            return Err(Error::new(Kind::Name, message).help(match name.contains(':') {
                false => "write `dataset.table` or `project.dataset.table`",
                // Source: https://cloud.google.com/resource-manager/docs/creating-managing-projects
                true => "write `dataset.table`, and name a project such as `example.com:project` in the warehouse's `project` alone",
            }));
        }
        Ok(Self(parts))
    }

    /// A table in which onerow keeps what it did, in the embedded warehouse.
    pub fn embedded(table: &str) -> Self {
        Self(vec!["onerow".to_owned(), table.to_owned()])
    }

    /// The table of this name with an ending, in the same dataset.
    #[must_use]
    pub fn with_ending(&self, ending: &str) -> Self {
        let mut parts = self.0.clone();
        if let Some(last) = parts.last_mut() {
            last.push_str(ending);
        }
        Self(parts)
    }

    /// The project, where the name says one.
    pub fn project(&self) -> Option<&str> {
        match self.0.as_slice() {
            [project, _, _] => Some(project),
            _ => None,
        }
    }

    /// The dataset.
    pub fn dataset(&self) -> &str {
        self.0.iter().rev().nth(1).map_or("", String::as_str)
    }

    /// Whether both may name one table: a name without a project may be of any.
    pub fn may_be(&self, other: &Self) -> bool {
        let projects = self.project().zip(other.project());
        (self.dataset(), self.table()) == (other.dataset(), other.table())
            && projects.is_none_or(|(one, another)| one == another)
    }

    /// The table's own name.
    pub fn table(&self) -> &str {
        self.0.last().map_or("", String::as_str)
    }

    /// The name without quotes: `dataset.table`.
    pub fn dotted(&self) -> String {
        self.0.join(".")
    }
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.dotted())
    }
}

/// A piece of SQL text that somebody vouches for: a rule's key expression, a literal that
/// [`SqlValue`](super::SqlValue) wrote, a predicate built from checked parts.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Fragment(String);

impl Fragment {
    /// Vouches for `sql`. Text from a user belongs here only after it has been parsed.
    pub fn vouched(sql: impl Into<String>) -> Self {
        Self(sql.into())
    }

    /// The SQL text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Fragment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether BigQuery reads a bare name as a function without parentheses: a value of the moment.
pub fn is_of_the_moment(name: &str) -> bool {
    OF_THE_MOMENT.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// The functions of the clock and of who asks.
const OF_THE_MOMENT: [&str; 6] = [
    "CURRENT_DATE",
    "CURRENT_DATETIME",
    "CURRENT_TIME",
    "CURRENT_TIMESTAMP",
    "CURRENT_USER",
    "SESSION_USER",
];

/// Whether a name has to stand in backquotes.
pub fn is_reserved(name: &str) -> bool {
    RESERVED.contains(&name.to_ascii_uppercase().as_str())
}

/// Source: <https://cloud.google.com/bigquery/docs/reference/standard-sql/lexical#reserved_keywords>
const RESERVED: &[&str] = &[
    "ALL",
    "AND",
    "ANY",
    "ARRAY",
    "AS",
    "ASC",
    "ASSERT_ROWS_MODIFIED",
    "AT",
    "BETWEEN",
    "BY",
    "CASE",
    "CAST",
    "COLLATE",
    "CONTAINS",
    "CREATE",
    "CROSS",
    "CUBE",
    "CURRENT",
    "DEFAULT",
    "DEFINE",
    "DESC",
    "DISTINCT",
    "ELSE",
    "END",
    "ENUM",
    "ESCAPE",
    "EXCEPT",
    "EXCLUDE",
    "EXISTS",
    "EXTRACT",
    "FALSE",
    "FETCH",
    "FOLLOWING",
    "FOR",
    "FROM",
    "FULL",
    "GROUP",
    "GROUPING",
    "GROUPS",
    "HASH",
    "HAVING",
    "IF",
    "IGNORE",
    "IN",
    "INNER",
    "INTERSECT",
    "INTERVAL",
    "INTO",
    "IS",
    "JOIN",
    "LATERAL",
    "LEFT",
    "LIKE",
    "LIMIT",
    "LOOKUP",
    "MERGE",
    "NATURAL",
    "NEW",
    "NO",
    "NOT",
    "NULL",
    "NULLS",
    "OF",
    "ON",
    "OR",
    "ORDER",
    "OUTER",
    "OVER",
    "PARTITION",
    "PRECEDING",
    "PROTO",
    "QUALIFY",
    "RANGE",
    "RECURSIVE",
    "RESPECT",
    "RIGHT",
    "ROLLUP",
    "ROWS",
    "SELECT",
    "SET",
    "SOME",
    "STRUCT",
    "TABLESAMPLE",
    "THEN",
    "TO",
    "TREAT",
    "TRUE",
    "UNBOUNDED",
    "UNION",
    "UNNEST",
    "USING",
    "WHEN",
    "WHERE",
    "WINDOW",
    "WITH",
    "WITHIN",
];

/// The columns that BigQuery adds to a table partitioned by ingestion time: they can be named, and no `*` and
/// no row as a whole has them.
/// Source: <https://cloud.google.com/bigquery/docs/querying-partitioned-tables#query_an_ingestion-time_partitioned_table>
const PSEUDO_COLUMNS: [&str; 2] = ["_PARTITIONTIME", "_PARTITIONDATE"];

/// Whether a column of this name is one that BigQuery adds to a table partitioned by ingestion time.
pub fn is_pseudo_column(name: &str) -> bool {
    PSEUDO_COLUMNS.iter().any(|known| known.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_cannot_carry_sql() {
        for bad in ["", "1a", "a b", "a`b", "a;DROP", "a--", "é", "a\n"] {
            assert!(Ident::parse(bad).is_err(), "{bad:?}");
        }
        assert_eq!(Ident::parse("game_id").unwrap().to_string(), "game_id");
        assert_eq!(Ident::parse("order").unwrap().to_string(), "`order`");
    }

    #[test]
    fn a_table_name_has_two_or_three_parts() {
        for bad in ["t", "a.b.c.d", "a..b", "a.b`", ".b", "a.b c"] {
            assert!(TableName::parse(bad).is_err(), "{bad:?}");
        }
        assert_eq!(TableName::parse("my-project.a.b").unwrap().to_string(), "`my-project.a.b`");
        let may_be = |one: &str, other: &str| {
            TableName::parse(one).unwrap().may_be(&TableName::parse(other).unwrap())
        };
        assert!(may_be("p.a.b", "a.b") && may_be("a.b", "a.b") && may_be("p.a.b", "p.a.b"));
        assert!(!may_be("p.a.b", "q.a.b") && !may_be("a.b", "a.c") && !may_be("a.b", "c.b"));
    }
}
