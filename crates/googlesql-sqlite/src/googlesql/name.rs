//! Names and pieces of SQL text. Each type is validated on construction and trusted afterwards.

use std::fmt;

use icu_properties::CodePointMapData;
use icu_properties::props::{GeneralCategory, GeneralCategoryGroup};

use crate::error::{Error, Kind, Result};

/// The name of a column, variable or alias. Displays as SQL, in backquotes where needed.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ident(String);

impl Ident {
    /// Parses a column name of BigQuery, flexible ones included: letters, digits and marks of any script,
    /// dashes, underscores, spaces and some signs; at most 300 characters. Backquotes, backslashes and line
    /// breaks are refused, so a name never needs escaping in backquotes.
    ///
    /// Source: <https://cloud.google.com/bigquery/docs/schemas#flexible-column-names>
    pub fn parse(name: &str) -> Result<Self> {
        let shown = || name.escape_debug().to_string();
        let wrong = |help: &str| {
            Err(Error::new(Kind::Name, format!("`{}` is not a name", shown())).help(help))
        };
        if let Some(bad) = name.chars().find(|c| !is_in_names(*c)) {
            return wrong(&match bad {
                '`' => "write the name here without backquotes".to_owned(),
                bad => format!(
                    "`{}` cannot be in a column's name: it has letters, digits and marks of any script, spaces, \
                     dashes, underscores, and & % = + : ' < > # |",
                    bad.escape_debug()
                ),
            });
        }
        if name.chars().count() > MAX_CHARS {
            return wrong("a column's name has at most 300 characters");
        }
        match name.trim().is_empty() {
            true => wrong("write the name of a column"),
            false => Ok(Self(name.to_owned())),
        }
    }

    /// Parses a name that needs no quotes: ASCII letters, digits and underscores, not starting with a digit.
    pub fn parse_plain(name: &str) -> Result<Self> {
        match is_plain(name) && name.len() <= MAX_CHARS {
            true => Ok(Self(name.to_owned())),
            false => {
                Err(Error::new(Kind::Name, format!("`{}` is not a name", name.escape_debug()))
                    .help(
                        "it has letters, digits and underscores, and does not start with a digit",
                    ))
            }
        }
    }

    /// The column name, if the GoogleSQL text is only that.
    pub fn of_sql(text: &str) -> Option<Self> {
        let quoted = text.strip_prefix('`').and_then(|text| text.strip_suffix('`'));
        match quoted {
            Some(name) => Self::parse(name).ok(),
            None => Some(text)
                .filter(|text| is_plain(text) && !is_reserved(text))
                .map(|text| Self(text.to_owned())),
        }
    }

    /// The bare name, without quotes.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether both name the same column. BigQuery ignores the case of ASCII letters only, as GoogleSQL's
    /// analyzer does: `ö` and `Ö` differ.
    pub fn same_column(&self, other: &str) -> bool {
        self.0.eq_ignore_ascii_case(other)
    }

    /// Whether BigQuery reserves names with this prefix.
    /// Source: <https://cloud.google.com/bigquery/docs/schemas#column_names>
    pub fn has_reserved_prefix(&self) -> bool {
        RESERVED_PREFIXES.iter().any(|prefix| {
            self.0.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
        })
    }
}

impl fmt::Display for Ident {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match is_plain(&self.0) && !is_reserved(&self.0) {
            true => f.write_str(&self.0),
            false => write!(f, "`{}`", self.0),
        }
    }
}

/// The most characters of a column name.
const MAX_CHARS: usize = 300;

/// Prefixes that no column name may have.
const RESERVED_PREFIXES: [&str; 6] =
    ["_TABLE_", "_FILE_", "_PARTITION", "_ROW_TIMESTAMP", "__ROOT__", "_COLIDENTIFIER"];

/// Whether BigQuery reads a name without backquotes, unless it is a reserved word.
/// Source: <https://cloud.google.com/bigquery/docs/reference/standard-sql/lexical#unquoted_identifiers>
fn is_plain(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Whether a character is allowed in a column name: Unicode categories L, N, Pc, Pd and M, and some signs.
/// The only white space is the space: tabs and line breaks would be invisible.
fn is_in_names(c: char) -> bool {
    let categories = GeneralCategoryGroup::Letter
        .union(GeneralCategoryGroup::Number)
        .union(GeneralCategoryGroup::Mark)
        .union(GeneralCategoryGroup::ConnectorPunctuation)
        .union(GeneralCategoryGroup::DashPunctuation);
    match c.is_ascii() {
        true => c.is_ascii_alphanumeric() || "_- &%=+:'<>#|".contains(c),
        false => categories.contains(CodePointMapData::<GeneralCategory>::new().get(c)),
    }
}

/// A table as `dataset.table` or `project.dataset.table`. Displays in backquotes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TableName(Vec<String>);

/// The suffix of a date-sharded table.
const SHARDS: &str = "_*";

impl TableName {
    /// Parses two or three dotted parts of letters, digits, underscores and dashes.
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

    /// Parses the name of date-sharded tables, such as `analytics_1.events_*`.
    /// Source: <https://cloud.google.com/bigquery/docs/partitioned-tables#dt_partition_shard>
    pub fn parse_shards(name: &str) -> Result<Self> {
        match name.strip_suffix(SHARDS) {
            Some(start) => Ok(Self::parse(start)?.with_suffix(SHARDS)),
            None => Self::parse(name),
        }
    }

    /// Whether this names date-sharded tables.
    pub fn is_sharded(&self) -> bool {
        self.table().ends_with(SHARDS)
    }

    /// The shard with this suffix; the table itself if it is not sharded.
    #[must_use]
    pub fn shard(&self, ending: &str) -> Self {
        let mut parts = self.0.clone();
        if let Some(last) = parts.last_mut()
            && let Some(start) = last.strip_suffix('*').filter(|_| last.ends_with(SHARDS))
        {
            *last = format!("{start}{ending}");
        }
        Self(parts)
    }

    /// The table with another name in the same dataset.
    #[must_use]
    pub fn renamed(&self, table: &str) -> Self {
        let mut parts = self.0.clone();
        if let Some(last) = parts.last_mut() {
            table.clone_into(last);
        }
        Self(parts)
    }

    /// A table of onerow's own records in the embedded warehouse.
    pub fn embedded(table: &str) -> Self {
        Self(vec!["onerow".to_owned(), table.to_owned()])
    }

    /// The table with a suffix added to its name, in the same dataset.
    #[must_use]
    pub fn with_suffix(&self, suffix: &str) -> Self {
        let mut parts = self.0.clone();
        if let Some(last) = parts.last_mut() {
            last.push_str(suffix);
        }
        Self(parts)
    }

    /// The project, if the name has one.
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

    /// Whether both could name the same table: a name without a project may be in any project.
    pub fn could_name_same_table(&self, other: &Self) -> bool {
        let projects = self.project().zip(other.project());
        (self.dataset(), self.table()) == (other.dataset(), other.table())
            && projects.is_none_or(|(one, another)| one == another)
    }

    /// The table's name, without dataset.
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

/// A trusted piece of SQL text: a rule's key expression, a literal that [`SqlValue`](super::SqlValue) wrote,
/// a predicate built from checked parts.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Fragment(String);

impl Fragment {
    /// Trusts `sql`. Parse text from a user before passing it here.
    pub fn trusted(sql: impl Into<String>) -> Self {
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

/// Whether BigQuery reads a bare name as a context function without parentheses, such as `CURRENT_DATE`.
pub fn is_context_function(name: &str) -> bool {
    OF_THE_MOMENT.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// The functions of the clock and of the user.
const OF_THE_MOMENT: [&str; 6] = [
    "CURRENT_DATE",
    "CURRENT_DATETIME",
    "CURRENT_TIME",
    "CURRENT_TIMESTAMP",
    "CURRENT_USER",
    "SESSION_USER",
];

/// Whether a name is a reserved word, which needs backquotes.
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

/// The pseudo-columns of a table partitioned by ingestion time: they can be named, but are not part of `*` or
/// of a row.
/// Source: <https://cloud.google.com/bigquery/docs/querying-partitioned-tables#query_an_ingestion-time_partitioned_table>
const PSEUDO_COLUMNS: [&str; 2] = ["_PARTITIONTIME", "_PARTITIONDATE"];

/// Whether this is a pseudo-column of a table partitioned by ingestion time.
pub fn is_pseudo_column(name: &str) -> bool {
    PSEUDO_COLUMNS.iter().any(|known| known.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_cannot_carry_sql() {
        let bad = [
            "",
            " ",
            "a`b",
            "a;DROP",
            "a\\",
            "a\n",
            "a\tb",
            "a.b",
            "a(b)",
            "a\"b",
            "a,b",
            "a/b",
            "@a",
            "a\u{200b}b",
            "a\u{202e}b",
            "a\u{2028}b",
            "a\u{a0}b",
            "😀",
        ];
        for bad in bad {
            assert!(Ident::parse(bad).is_err(), "{bad:?}");
        }
        for (name, sql) in [
            ("game_id", "game_id"),
            ("order", "`order`"),
            ("1a", "`1a`"),
            ("2026 total", "`2026 total`"),
            ("größe", "`größe`"),
            ("注文番号", "`注文番号`"),
            ("मूल्य", "`मूल्य`"),
            ("a -- b", "`a -- b`"),
            ("it's < 5% # | &", "`it's < 5% # | &`"),
        ] {
            assert_eq!(Ident::parse(name).unwrap().to_string(), sql);
            let read = |text: &str| Ident::of_sql(text).map(|ident| ident.as_str().to_owned());
            assert_eq!(read(sql).as_deref(), Some(name), "{sql}");
            assert_eq!(read(name).is_some(), sql == name, "{name} alone is no column");
        }
    }

    #[test]
    fn a_name_has_300_characters_at_most() {
        assert!(Ident::parse(&"ö".repeat(300)).is_ok());
        for long in ["ö".repeat(301), "a".repeat(301)] {
            let error = Ident::parse(&long).unwrap_err().to_string();
            assert!(error.contains("at most 300 characters"), "{error}");
        }
    }

    #[test]
    fn the_case_of_other_letters_counts() {
        let name = Ident::parse("Größe").unwrap();
        assert!(
            name.same_column("GRößE") && !name.same_column("GRÖßE") && !name.same_column("Grösse")
        );
        assert!(Ident::parse("_table_x").unwrap().has_reserved_prefix());
        assert!(!Ident::parse("_tables").unwrap().has_reserved_prefix());
    }

    #[test]
    fn a_table_name_has_two_or_three_parts() {
        for bad in ["t", "a.b.c.d", "a..b", "a.b`", ".b", "a.b c"] {
            assert!(TableName::parse(bad).is_err(), "{bad:?}");
        }
        assert_eq!(TableName::parse("my-project.a.b").unwrap().to_string(), "`my-project.a.b`");
        let could_name_same_table = |one: &str, other: &str| {
            TableName::parse(one).unwrap().could_name_same_table(&TableName::parse(other).unwrap())
        };
        assert!(
            could_name_same_table("p.a.b", "a.b")
                && could_name_same_table("a.b", "a.b")
                && could_name_same_table("p.a.b", "p.a.b")
        );
        assert!(
            !could_name_same_table("p.a.b", "q.a.b")
                && !could_name_same_table("a.b", "a.c")
                && !could_name_same_table("a.b", "c.b")
        );
    }
}
