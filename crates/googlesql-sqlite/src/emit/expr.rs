//! Expressions as SQLite text.

use rusqlite::types::Value;

use super::{Emitter, c};
use crate::functions::json;
use crate::storage::{DAY, NUMERIC, is_opaque, quoted};
use crate::tree::{Bound, Form, Frame, Key, Node, Rows, Term, Window, is_decimal};

impl Emitter<'_> {
    /// The text of an expression. SQLite propagates a collation outward, through calls and CASE, to the next
    /// comparison, also to one of texts; the text stops that here.
    pub(super) fn term(&mut self, term: &Term) -> String {
        let text = self.open_term(term);
        match has_collation(&term.node) {
            true => format!("({text} COLLATE BINARY)"),
            false => text,
        }
    }

    /// The text of an expression from which a collation may propagate.
    fn open_term(&mut self, term: &Term) -> String {
        match &term.node {
            Node::Value(value) => self.value(value),
            Node::Parameter(Value::Null) => "NULL".to_owned(),
            Node::Parameter(value) => self.bind(value),
            Node::Column { source, column } => format!("{source}.{}", quoted(column)),
            Node::Output(index) => c(*index),
            Node::Call(form, args) => self.call(*form, args),
            Node::Aggregate { form, distinct, args, order } => {
                self.aggregate(*form, *distinct, args, order)
            }
            Node::Window { call, window } => {
                let call = self.open_term(call);
                format!("{call} OVER ({})", self.window(window))
            }
            Node::Case { operand, arms, otherwise } => {
                self.case(operand.as_deref(), arms, otherwise.as_deref())
            }
            Node::Json(value) => self.json(value),
            Node::Object(members) => self.object(members),
            Node::Only { rows, own } => self.only(rows, own.as_deref()),
            Node::Exists { rows, negated } => {
                format!("({}EXISTS ({}))", not(*negated), self.rows(rows))
            }
            Node::Among { operand, negated, rows, converted } => {
                let converted = converted.as_ref().map(|(own, column)| (own.as_str(), &**column));
                self.among(operand, *negated, rows, converted)
            }
        }
    }

    /// A value. Values that SQLite's parser would not read exactly are bound: text with a NUL, and
    /// floating-point numbers.
    fn value(&mut self, value: &Value) -> String {
        match value {
            Value::Null => "NULL".to_owned(),
            Value::Integer(number) => number.to_string(),
            Value::Text(text) if !text.contains('\0') => literal(text),
            other => self.bind(other),
        }
    }

    /// The text where the order of values matters: `<`, ORDER BY, MIN.
    fn ordered(&mut self, term: &Term) -> String {
        let text = self.term(term);
        match is_decimal(term.sql_type) {
            true => format!("({text} COLLATE {NUMERIC})"),
            false => text,
        }
    }

    /// The texts, joined by a separator.
    pub(super) fn joined(&mut self, terms: &[Term], between: &str) -> String {
        let texts: Vec<String> = terms.iter().map(|term| self.term(term)).collect();
        texts.join(between)
    }

    fn call(&mut self, form: Form, args: &[Term]) -> String {
        match (form, args) {
            (Form::Several(_) | Form::Extreme(_), [one]) => self.term(one),
            (Form::Extreme(name), [first, rest @ ..]) => {
                let first = self.ordered(first);
                format!("{name}({first}, {})", self.joined(rest, ", "))
            }
            (Form::Call(name) | Form::Several(name) | Form::Extreme(name), _) => {
                format!("{name}({})", self.joined(args, ", "))
            }
            (Form::With(name, first), _) => {
                format!("{name}({}, {})", literal(first), self.joined(args, ", "))
            }
            (Form::Infix(operator @ " OR "), [first, last]) if is_null_column(last) => {
                let last = self.term(last);
                format!("({last}{operator}{})", self.term(first))
            }
            (Form::Infix(operator), _) => format!("({})", self.joined(args, operator)),
            (Form::If, [condition, then, otherwise]) => {
                let (condition, then) = (self.term(condition), self.term(then));
                format!("(CASE WHEN {condition} THEN {then} ELSE {} END)", self.term(otherwise))
            }
            (Form::Between { negated }, [operand, low, high]) => {
                let (operand, low) = (self.ordered(operand), self.term(low));
                format!("({operand} {}BETWEEN {low} AND {})", not(negated), self.term(high))
            }
            (Form::In { negated }, [operand, list @ ..]) => {
                let operand = self.term(operand);
                format!("({operand} {}IN ({}))", not(negated), self.joined(list, ", "))
            }
            (Form::Like { negated }, _) => {
                format!("({}onerow_like({}))", not(negated), self.joined(args, ", "))
            }
            (_, [left, right]) => self.binary(form, left, right),
            (_, [one]) => self.unary(form, one),
            _ => self.joined(args, ", "),
        }
    }

    fn binary(&mut self, form: Form, left: &Term, right: &Term) -> String {
        let text = match form {
            Form::Compare(_) => self.ordered(left),
            _ => self.term(left),
        };
        let right = self.term(right);
        match form {
            Form::Equal(operator) | Form::Compare(operator) => {
                format!("({text} {operator} {right})")
            }
            Form::Elapsed(micros) => format!("(({text} - {right}) / {micros})"),
            _ => format!("{text}, {right}"),
        }
    }

    fn unary(&mut self, form: Form, operand: &Term) -> String {
        let text = match form {
            Form::Ordered(_) => self.ordered(operand),
            _ => self.term(operand),
        };
        match form {
            Form::Not => format!("(NOT {text})"),
            Form::Is(test) => format!("({text} {test})"),
            Form::Cast(class) => format!("CAST({text} AS {class})"),
            Form::BoolText => format!("(CASE {text} WHEN 1 THEN 'true' WHEN 0 THEN 'false' END)"),
            Form::NotZero => format!("({text} <> 0)"),
            Form::TimeOfDay => format!("((({text} % {DAY}) + {DAY}) % {DAY})"),
            _ => text,
        }
    }

    fn aggregate(&mut self, form: Form, distinct: bool, args: &[Term], order: &[Key]) -> String {
        let distinct = if distinct { "DISTINCT " } else { "" };
        let of = match (form, args) {
            (Form::Ordered(_), [one]) => self.ordered(one),
            _ => self.joined(args, ", "),
        };
        let order = self.order(order);
        match form {
            Form::Star(name) => format!("{name}(*)"),
            Form::CountTrue => format!("COUNT(CASE WHEN {of} THEN 1 END)"),
            Form::Finite(name) => format!("onerow_finite({name}({distinct}{of}))"),
            Form::Call(name) | Form::Ordered(name) => format!("{name}({distinct}{of}{order})"),
            _ => of,
        }
    }

    fn case(
        &mut self,
        operand: Option<&Term>,
        arms: &[(Term, Term)],
        otherwise: Option<&Term>,
    ) -> String {
        let mut text = "(CASE".to_owned();
        if let Some(operand) = operand {
            text.push_str(&format!(" {}", self.term(operand)));
        }
        for (test, result) in arms {
            let test = self.term(test);
            text.push_str(&format!(" WHEN {test} THEN {}", self.term(result)));
        }
        if let Some(result) = otherwise {
            text.push_str(&format!(" ELSE {}", self.term(result)));
        }
        text + " END)"
    }

    fn json(&mut self, value: &Term) -> String {
        match value.sql_type {
            Some(sql_type) if is_opaque(sql_type) => {
                format!("COALESCE({}, 'null')", self.term(value))
            }
            Some(sql_type) => {
                format!("COALESCE(onerow_json({}, '{sql_type}'), 'null')", self.term(value))
            }
            None => "'null'".to_owned(),
        }
    }

    fn object(&mut self, members: &[(String, Term)]) -> String {
        let parts: Vec<String> = members
            .iter()
            .enumerate()
            .map(|(i, (name, value))| {
                let opening = if i == 0 { '{' } else { ',' };
                let name = literal(&format!("{opening}{}:", json::quoted(name)));
                format!("{name} || {}", self.json(value))
            })
            .collect();
        format!("({} || '}}')", parts.join(" || "))
    }

    /// SQLite would silently use the first of several rows; BigQuery fails, and so does this.
    fn only(&mut self, rows: &Rows, own: Option<&str>) -> String {
        let rows = self.rows(rows);
        let Some(own) = own else { return format!("({rows})") };
        format!(
            "(SELECT CASE WHEN COUNT(*) OVER () > 1 THEN onerow_many() ELSE {own}.{} END \
             FROM ({rows}) AS {own})",
            c(0)
        )
    }

    fn among(
        &mut self,
        operand: &Term,
        negated: bool,
        rows: &Rows,
        converted: Option<(&str, &Term)>,
    ) -> String {
        let (operand, not) = (self.term(operand), not(negated));
        let rows = self.rows(rows);
        let Some((own, column)) = converted else { return format!("({operand} {not}IN ({rows}))") };
        let column = self.term(column);
        format!("({operand} {not}IN (SELECT {column} AS {} FROM ({rows}) AS {own}))", c(0))
    }

    fn window(&mut self, window: &Window) -> String {
        let mut parts = Vec::new();
        if !window.partition.is_empty() {
            parts.push(format!("PARTITION BY {}", self.joined(&window.partition, ", ")));
        }
        parts.push(self.order(&window.order).trim_start().to_owned());
        parts.extend(window.frame.as_ref().map(frame));
        parts.retain(|part| !part.is_empty());
        parts.join(" ")
    }

    /// ` ORDER BY …`, or nothing.
    pub(super) fn order(&mut self, order: &[Key]) -> String {
        let keys: Vec<String> = order.iter().map(|key| self.key(key)).collect();
        if keys.is_empty() { String::new() } else { format!(" ORDER BY {}", keys.join(", ")) }
    }

    fn key(&mut self, key: &Key) -> String {
        let direction = match key.descending {
            None => "",
            Some(false) => " ASC",
            Some(true) => " DESC",
        };
        let nulls = match key.nulls_first {
            None => "",
            Some(true) => " NULLS FIRST",
            Some(false) => " NULLS LAST",
        };
        format!("{}{direction}{nulls}", self.ordered(&key.term))
    }
}

/// Whether the text of a node itself has the decimal collation, and not only one of its operands.
fn has_collation(node: &Node) -> bool {
    let decimal = |terms: &[Term]| terms.first().is_some_and(|term| is_decimal(term.sql_type));
    match node {
        Node::Call(Form::Extreme(_) | Form::Compare(_) | Form::Between { .. }, args) => {
            args.len() > 1 && decimal(args)
        }
        Node::Aggregate { form, args, order, .. } => {
            let by_decimal = order.iter().any(|key| is_decimal(key.term.sql_type));
            by_decimal || (matches!(form, Form::Ordered(_)) && decimal(args))
        }
        Node::Window { call, .. } => has_collation(&call.node),
        _ => false,
    }
}

/// `column IS NULL`. Where each operand of OR uses an index, SQLite keeps the rows found by all but the last
/// in memory, 24 bytes each, so the operand with few rows comes first: rows without a date.
fn is_null_column(term: &Term) -> bool {
    let Node::Call(Form::Is("IS NULL"), args) = &term.node else { return false };
    matches!(args.as_slice(), [Term { node: Node::Column { .. }, .. }])
}

fn frame(frame: &Frame) -> String {
    let Frame { units, start, end } = frame;
    match end {
        Some(end) => format!("{units} BETWEEN {} AND {}", bound(start), bound(end)),
        None => format!("{units} {}", bound(start)),
    }
}

fn bound(bound: &Bound) -> String {
    let of = |count: &Option<i64>| match count {
        Some(count) => count.to_string(),
        None => "UNBOUNDED".to_owned(),
    };
    match bound {
        Bound::CurrentRow => "CURRENT ROW".to_owned(),
        Bound::Preceding(count) => format!("{} PRECEDING", of(count)),
        Bound::Following(count) => format!("{} FOLLOWING", of(count)),
    }
}

fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn not(negated: bool) -> &'static str {
    if negated { "NOT " } else { "" }
}
