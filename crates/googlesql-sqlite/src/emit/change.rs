//! Changes of tables and views, as SQLite text. SQLite has no MERGE: the rows of each clause are found first
//! and changed afterwards, so that no clause sees the changes of another.

use super::{Emitter, c};
use crate::storage::quoted;
use crate::tree::{About, Action, Change, Clause, Condition, Merge, Rows, Term};

/// Temporary tables of a MERGE.
const SOURCE: &str = "temp.onerow_source";
const TARGET: &str = "temp.onerow_target";
const PAIRS: &str = "temp.onerow_pairs";

/// One of the SQLite statements that implement one statement.
#[derive(Debug)]
pub struct Part {
    /// The text, for a connection with the registered [functions](crate::functions).
    pub sql: String,
    /// Whether its changed rows count as the statement's affected rows.
    pub counts: bool,
}

impl Part {
    fn counted(sql: String) -> Self {
        Self { sql, counts: true }
    }

    pub(crate) fn silent(sql: String) -> Self {
        Self { sql, counts: false }
    }
}

impl Emitter<'_> {
    /// The parts of a statement that changes data or schema.
    pub(crate) fn change(&mut self, change: &Change) -> Vec<Part> {
        match change {
            Change::Delete { table, condition } => {
                let table = self.factor(table);
                let sql = format!("DELETE FROM {table} WHERE {}", self.term(condition));
                vec![Part::counted(sql)]
            }
            Change::Update { table, set, condition } => {
                let table = self.factor(table);
                let each = set.iter();
                let set: Vec<String> = each
                    .map(|(column, value)| format!("{} = {}", quoted(column), self.term(value)))
                    .collect();
                let (set, condition) = (set.join(", "), self.term(condition));
                vec![Part::counted(format!("UPDATE {table} SET {set} WHERE {condition}"))]
            }
            Change::Insert { table, values, rows, own } => {
                let columns = columns(values);
                let values: Vec<String> = values.iter().map(|(_, term)| self.term(term)).collect();
                vec![Part::counted(format!(
                    "INSERT INTO {} ({columns}) SELECT {} FROM ({}) AS {own}",
                    quoted(table),
                    values.join(", "),
                    self.rows(rows)
                ))]
            }
            Change::Merge(merge) => self.merge(merge),
            Change::CreateView { name, columns, rows, own } => {
                self.create_view(name, columns, rows, own)
            }
            Change::DropView { name } => self.forget(name),
            Change::DropTable { name } => vec![
                Part::silent(format!("DROP TABLE {}", quoted(name))),
                Part::silent(self.catalog.forget_columns(name)),
            ],
            Change::Nothing => Vec::new(),
        }
    }

    /// SQLite stores the view; the catalog records the types of its columns.
    fn create_view(
        &mut self,
        name: &str,
        columns: &[(String, String)],
        rows: &Rows,
        own: &str,
    ) -> Vec<Part> {
        let each = columns.iter().enumerate();
        let items: Vec<String> =
            each.map(|(i, (name, _))| format!("{own}.{} AS {}", c(i), quoted(name))).collect();
        let mut parts = self.forget(name);
        parts.push(Part::silent(format!(
            "CREATE VIEW {} AS SELECT {} FROM ({}) AS {own}",
            quoted(name),
            items.join(", "),
            self.rows(rows)
        )));
        for (i, (column, of)) in columns.iter().enumerate() {
            parts.push(Part::silent(self.catalog.note_column(name, i, column, of)));
        }
        parts
    }

    fn forget(&self, name: &str) -> Vec<Part> {
        vec![
            Part::silent(format!("DROP VIEW IF EXISTS {}", quoted(name))),
            Part::silent(self.catalog.forget_columns(name)),
        ]
    }

    /// The source's rows, and which of them match which target rows, are computed once.
    fn merge(&mut self, merge: &Merge) -> Vec<Part> {
        let mut parts = self.pairs(merge);
        let mut dropped: Vec<String> = [SOURCE, TARGET, PAIRS].map(str::to_owned).to_vec();
        let (mut changes, mut matched) = (Vec::new(), Vec::new());
        let mut earlier: Vec<(About, String)> = Vec::new();
        for (i, clause) in merge.clauses.iter().enumerate() {
            let name = format!("temp.\"onerow_merge_{i}\"");
            let condition = match &clause.condition {
                Some(condition) => self.term(condition),
                None => "TRUE".to_owned(),
            };
            let mut guard = vec![format!("({condition}) IS TRUE")];
            let before = earlier.iter().filter(|(about, _)| *about == clause.about);
            guard.extend(before.map(|(_, other)| format!("({other}) IS NOT TRUE")));
            let sql = self.applied(merge, clause, &name, &guard.join(" AND "));
            parts.push(Part::silent(sql));
            if clause.about == About::Matched {
                matched.push(format!("SELECT onerow_row FROM {name}"));
            }
            changes.push(Part::counted(done(merge, &clause.action, &name)));
            dropped.push(name);
            earlier.push((clause.about, condition));
        }
        if !matched.is_empty() {
            parts.push(Part::silent(format!(
                "SELECT onerow_merged_twice() WHERE EXISTS \
                 (SELECT 1 FROM ({}) GROUP BY onerow_row HAVING COUNT(*) > 1)",
                matched.join(" UNION ALL ")
            )));
        }
        parts.extend(changes);
        parts.extend(dropped.iter().map(|name| Part::silent(format!("DROP TABLE {name}"))));
        parts
    }

    /// Creates temporary tables: the source's rows; the target rows that satisfy the conditions on the target
    /// alone, with the values of its equality conditions and an index of those; and the matching pairs.
    fn pairs(&mut self, merge: &Merge) -> Vec<Part> {
        let Merge { target, own, row, source, source_own, source_row, condition, .. } = merge;
        let condition = Condition::of(condition, own, source_own);
        let row = format!("{own}.{}", quoted(row));
        let (target, source) = (self.factor(target), self.factor(source));
        let (mut values, mut keys, mut equal) = (Vec::new(), Vec::new(), Vec::new());
        for (i, pair) in condition.equal.iter().enumerate() {
            // No affinity: SQLite uses no index if the affinities differ.
            values.push(format!(", +({}) AS k{i}", self.term(pair.first)));
            keys.push(format!("k{i}"));
            let operator = if pair.nulls { "IS" } else { "=" };
            equal.push(format!("onerow_t.k{i} {operator} +({})", self.term(pair.second)));
        }
        let mut all = |terms: &[&Term]| match terms {
            [] => "TRUE".to_owned(),
            terms => terms.iter().map(|term| self.term(term)).collect::<Vec<_>>().join(" AND "),
        };
        let (of_target, rest) = (all(&condition.of_first), all(&condition.rest));
        let values = values.concat();
        let mut parts = vec![
            format!("CREATE TABLE {SOURCE} AS SELECT * FROM {source}"),
            format!(
                "CREATE TABLE {TARGET} AS SELECT {row} AS onerow_row{values} FROM {target} WHERE {of_target}"
            ),
        ];
        if !keys.is_empty() {
            let keys = keys.join(", ");
            parts.push(format!("CREATE INDEX temp.onerow_keys ON onerow_target ({keys})"));
        }
        equal.push("TRUE".to_owned());
        // CROSS JOIN keeps SQLite from reading the target first, which would leave its index unused.
        parts.push(format!(
            "CREATE TABLE {PAIRS} AS SELECT onerow_t.onerow_row, {source_own}.{source_row} AS onerow_from \
             FROM {SOURCE} AS {source_own} CROSS JOIN {TARGET} AS onerow_t ON {} \
             CROSS JOIN {target} ON {row} = onerow_t.onerow_row WHERE {rest}",
            equal.join(" AND "),
        ));
        parts.push("CREATE INDEX temp.onerow_rows ON onerow_pairs (onerow_row)".to_owned());
        parts.push("CREATE INDEX temp.onerow_sources ON onerow_pairs (onerow_from)".to_owned());
        parts.into_iter().map(Part::silent).collect()
    }

    /// Creates a temporary table of the rows that a clause applies to, with its values.
    fn applied(&mut self, merge: &Merge, clause: &Clause, name: &str, guard: &str) -> String {
        let Merge { target, own, row, source_own, source_row, .. } = merge;
        let row = format!("{own}.{}", quoted(row));
        let mut items = vec![match clause.about {
            About::NotMatched => "NULL AS onerow_row".to_owned(),
            _ => format!("{row} AS onerow_row"),
        }];
        for (i, (_, value)) in clause.action.values().iter().enumerate() {
            items.push(format!("{} AS v{i}", self.term(value)));
        }
        let target = self.factor(target);
        let from = match clause.about {
            About::Matched => format!(
                "{PAIRS} AS onerow_p \
                 CROSS JOIN {SOURCE} AS {source_own} ON {source_own}.{source_row} = onerow_p.onerow_from \
                 CROSS JOIN {target} ON {row} = onerow_p.onerow_row WHERE {guard}"
            ),
            About::NotMatchedBySource => format!(
                "{target} WHERE {guard} AND NOT EXISTS \
                 (SELECT 1 FROM {PAIRS} AS onerow_p WHERE onerow_p.onerow_row = {row})"
            ),
            About::NotMatched => format!(
                "{SOURCE} AS {source_own} WHERE {guard} AND NOT EXISTS \
                 (SELECT 1 FROM {PAIRS} AS onerow_p WHERE onerow_p.onerow_from = {source_own}.{source_row})"
            ),
        };
        format!("CREATE TABLE {name} AS SELECT {} FROM {from}", items.join(", "))
    }
}

/// Applies a clause to the rows of its temporary table.
fn done(merge: &Merge, action: &Action, name: &str) -> String {
    let (table, row) = (quoted(&merge.table), quoted(merge.row));
    match action {
        Action::Delete => {
            format!("DELETE FROM {table} WHERE {row} IN (SELECT onerow_row FROM {name})")
        }
        Action::Update(set) => {
            let each = set.iter().enumerate();
            let set: Vec<String> =
                each.map(|(i, (column, _))| format!("{} = m.v{i}", quoted(column))).collect();
            format!(
                "UPDATE {table} AS onerow_t SET {} FROM {name} AS m \
                 WHERE onerow_t.{row} = m.onerow_row",
                set.join(", ")
            )
        }
        Action::Insert(values) => {
            let columns = columns(values);
            let values: Vec<String> = (0..values.len()).map(|i| format!("v{i}")).collect();
            format!("INSERT INTO {table} ({columns}) SELECT {} FROM {name}", values.join(", "))
        }
    }
}

/// The columns, separated by commas.
fn columns(values: &[(String, Term)]) -> String {
    values.iter().map(|(column, _)| quoted(column)).collect::<Vec<_>>().join(", ")
}
