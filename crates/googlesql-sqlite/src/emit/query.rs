//! Queries as SQLite text.

use super::{Emitter, c};
use crate::storage::{class, quoted};
use crate::tree::{Converted, Factor, Joined, Key, Node, Rows, Select, Term};

impl Emitter<'_> {
    /// The text of a query.
    pub(crate) fn rows(&mut self, rows: &Rows) -> String {
        match rows {
            Rows::Unknown => String::new(),
            Rows::Select(select) => self.select(select),
            Rows::Nested(rows) => format!("SELECT * FROM ({})", self.rows(rows)),
            Rows::Set(keyword, sides) => {
                let [left, right] = &**sides;
                let left = self.converted(left);
                format!("{left} {keyword} {}", self.converted(right))
            }
            Rows::Sorted { rows, own, columns, order } => {
                let rows = self.rows(rows);
                let columns = outputs(own, *columns);
                format!("SELECT {columns} FROM ({rows}) AS {own}{}", self.order(order))
            }
            Rows::Limited { rows, limit, offset } => {
                format!("{} LIMIT {limit} OFFSET {offset}", self.rows(rows))
            }
        }
    }

    fn converted(&mut self, converted: &Converted) -> String {
        let Converted { rows, own, columns } = converted;
        let columns = self.named(columns).join(", ");
        format!("SELECT {columns} FROM ({}) AS {own}", self.rows(rows))
    }

    /// The expressions, named as a query's columns.
    fn named(&mut self, terms: &[Term]) -> Vec<String> {
        let each = terms.iter().enumerate();
        each.map(|(i, term)| format!("{} AS {}", self.as_column(term), c(i))).collect()
    }

    /// The expression with the affinity of its type, as columns have it: SQLite creates an index for a join
    /// only where both sides have the same affinity.
    fn as_column(&mut self, term: &Term) -> String {
        let text = self.term(term);
        match (&term.node, term.sql_type.map(class)) {
            (Node::Column { .. } | Node::Output(_) | Node::Value(_), _) => text,
            (_, Some(Ok(class))) => format!("CAST({text} AS {class})"),
            _ => text,
        }
    }

    fn select(&mut self, select: &Select) -> String {
        let mut items = self.named(&select.outputs);
        let tail = self.tail(select);
        let Some((own, condition)) = &select.qualify else {
            let order = self.order(&select.order);
            let rows = format!("SELECT {}{tail}", items.join(", "));
            return match select.distinct {
                true => format!("{}{order}", distinct(&rows, items.len())),
                false => format!("{rows}{order}"),
            };
        };
        items.push(format!("{} AS q", self.term(condition)));
        let (order, hidden) = hidden(&select.order, own);
        for (i, term) in hidden.iter().enumerate() {
            items.push(format!("{} AS \"o{i}\"", self.term(term)));
        }
        let order = self.order(&order);
        let count = select.outputs.len();
        let rows = format!(
            "SELECT {} FROM (SELECT {}{tail}) AS {own} WHERE {own}.q",
            outputs(own, count),
            items.join(", "),
        );
        match select.distinct {
            true => format!("{}{order}", distinct(&rows, count)),
            false => format!("{rows}{order}"),
        }
    }

    /// FROM to HAVING.
    fn tail(&mut self, select: &Select) -> String {
        let mut text = String::new();
        if !select.from.is_empty() {
            text.push_str(&format!(" FROM {}", self.from(&select.from)));
        }
        if let Some(condition) = &select.condition {
            text.push_str(&format!(" WHERE {}", self.term(condition)));
        }
        if !select.keys.is_empty() {
            let keys: Vec<String> = select.keys.iter().map(|key| self.grouping(key)).collect();
            text.push_str(&format!(" GROUP BY {}", keys.join(", ")));
        }
        if let Some(having) = &select.having {
            text.push_str(&format!(" HAVING {}", self.term(having)));
        }
        text
    }

    /// A key of GROUP BY; SQLite would read a bare number as a position.
    fn grouping(&mut self, key: &Term) -> String {
        let text = self.term(key);
        if key.is_fixed() { format!("(SELECT {text})") } else { text }
    }

    pub(super) fn from(&mut self, from: &[Joined]) -> String {
        let mut text = String::new();
        for Joined { keyword, factor, on } in from {
            if !text.is_empty() {
                text.push_str(&format!(" {keyword} "));
            }
            text.push_str(&self.factor(factor));
            if let Some(on) = on {
                text.push_str(&format!(" ON {}", self.term(on)));
            }
        }
        text
    }

    pub(super) fn factor(&mut self, factor: &Factor) -> String {
        match factor {
            Factor::Unknown => String::new(),
            Factor::Table { name, own } => format!("{} AS {own}", quoted(name)),
            Factor::Text { sql, own } => format!("({sql}) AS {own}"),
            Factor::Query { rows, own } => format!("({}) AS {own}", self.rows(rows)),
        }
    }
}

/// The first columns of the query of this name.
fn outputs(own: &str, count: usize) -> String {
    let columns: Vec<String> = (0..count).map(|i| format!("{own}.{0} AS {0}", c(i))).collect();
    columns.join(", ")
}

/// The distinct rows. SQLite assumes that DISTINCT returns few rows and then creates no index for joining
/// them.
fn distinct(rows: &str, columns: usize) -> String {
    let columns = (0..columns).map(c).collect::<Vec<_>>().join(", ");
    format!("SELECT {columns} FROM ({rows}) GROUP BY {columns}")
}

/// The sort keys for the query of this name, and the terms they need besides the select list.
fn hidden(order: &[Key], own: &str) -> (Vec<Key>, Vec<Term>) {
    let mut hidden = Vec::new();
    let mut reached = Vec::new();
    for key in order {
        let mut key = key.clone();
        if !matches!(key.term.node, Node::Output(_)) {
            let column = format!("o{}", hidden.len());
            let node = Node::Column { source: own.to_owned(), column };
            hidden.push(Term {
                node: std::mem::replace(&mut key.term.node, node),
                ..key.term.clone()
            });
        }
        reached.push(key);
    }
    (reached, hidden)
}
