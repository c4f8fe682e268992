//! What changes tables and views, as SQLite text. SQLite does not know MERGE: what each clause applies to
//! is found first, and changed afterwards, so that no clause sees the work of another.

use super::{Emitter, c};
use crate::storage::quoted;
use crate::tree::{About, Action, Change, Clause, Merge, Rows, Term};

/// One of the SQLite statements that do the work of one statement.
#[derive(Debug)]
pub struct Part {
    /// The text, for a connection with the registered [functions](crate::functions).
    pub sql: String,
    /// Whether the rows it changes are rows that the statement changes.
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
    /// The parts of a statement that changes something.
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

    /// Views are SQLite's own; the catalog notes the types of their columns.
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

    fn merge(&mut self, merge: &Merge) -> Vec<Part> {
        let (mut parts, mut changes, mut dropped) = (Vec::new(), Vec::new(), Vec::new());
        let mut matched = Vec::new();
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
            dropped.push(Part::silent(format!("DROP TABLE {name}")));
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
        parts.extend(dropped);
        parts
    }

    /// Makes a temporary table of the rows that a clause applies to, with its values.
    fn applied(&mut self, merge: &Merge, clause: &Clause, name: &str, guard: &str) -> String {
        let row = match clause.about {
            About::NotMatched => "NULL".to_owned(),
            _ => format!("{}.{}", merge.own, quoted(merge.row)),
        };
        let mut items = vec![format!("{row} AS onerow_row")];
        for (i, (_, value)) in clause.action.values().iter().enumerate() {
            items.push(format!("{} AS v{i}", self.term(value)));
        }
        let (target, source) = (self.factor(&merge.target), self.factor(&merge.source));
        let condition = self.term(&merge.condition);
        let unmatched = |rows: &str, others: &str| {
            format!(
                "{rows} WHERE {guard} AND NOT EXISTS (SELECT 1 FROM {others} WHERE {condition})"
            )
        };
        let from = match clause.about {
            About::Matched => format!("{source} JOIN {target} ON {condition} WHERE {guard}"),
            About::NotMatchedBySource => unmatched(&target, &source),
            About::NotMatched => unmatched(&source, &target),
        };
        format!("CREATE TABLE {name} AS SELECT {} FROM {from}", items.join(", "))
    }
}

/// What a clause does with the rows of its temporary table.
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

/// The columns with commas between.
fn columns(values: &[(String, Term)]) -> String {
    values.iter().map(|(column, _)| quoted(column)).collect::<Vec<_>>().join(", ")
}
