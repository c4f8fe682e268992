//! Whether a mutation's WHERE restricts it to the partitions of its window, in the usual forms: `=`,
//! `BETWEEN`, `IN`, inequalities, ANDed and ORed, in parentheses, on an alias.

use std::ops::ControlFlow;

use jiff::civil::Date;
use sqlparser::ast::{
    BinaryOperator, DataType, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments,
    Spanned, TableFactor, Value, visit_expressions_mut,
};

use super::{Code, Finding, Text, mutation, normal};
use crate::googlesql::{self, Ident, SqlType, parse_timestamp, strict_date};
use crate::rule::{Across, Cut, LocalDays, Numbers, Partition};
use crate::window::{Day, Window};

/// `changed` is the changed table, to which the condition applies.
pub(super) fn check(
    text: &Text<'_>,
    changed: &TableFactor,
    condition: Option<&Expr>,
    findings: &mut Vec<Finding>,
) {
    let Some(column) = text.rule.partition.column() else { return };
    let names = Names { qualifiers: mutation::qualifiers(changed), bare: true };
    let reader = Reader::of(text, names);
    let bound = condition.and_then(|condition| reader.bound(condition));
    let window = Spans::of_window(&text.statement.window, &text.rule.partition);
    let reason = match bound {
        Some(bound) if !bound.0.is_empty() && bound.is_within(&window) => return,
        Some(bound) if bound.0.is_empty() => {
            format!("its conditions on {column} exclude each other")
        }
        Some(_) => format!(
            "its conditions on {column} reach beyond {}, so it would change other dates",
            text.statement.window
        ),
        None => format!(
            "its WHERE does not restrict {column} to {}: the statement would scan every partition and could change any",
            text.statement.window
        ),
    };
    let span = condition.map_or(changed.span(), Spanned::span);
    findings.push(text.finding(
        Code::NoPartition,
        span,
        reason,
        "put {{ window.filter }} into the WHERE, joined to the rest with AND",
    ));
}

/// Whether the condition is true only for rows of the window's partitions, and of the neighbouring ones that
/// the rule reads, if these names refer to a relation's partition column.
pub(super) fn confines(text: &Text<'_>, names: Names, condition: &Expr) -> bool {
    let bound = Reader::of(text, names).bound(condition);
    let reach = text.rule.across.map_or(0, Across::reach);
    let window = text.statement.window.around(reach);
    bound.is_some_and(|bound| bound.is_within(&Spans::of_window(&window, &text.rule.partition)))
}

/// The names by which a condition may refer to the columns of one relation.
pub(super) struct Names {
    /// The qualifiers allowed before the column.
    pub qualifiers: Vec<String>,
    /// Whether the unqualified column can only be that relation's.
    pub bare: bool,
}

/// Half-open spans of time in microseconds since the epoch: sorted, disjoint.
#[derive(Debug, Clone, PartialEq)]
struct Spans(Vec<(i64, i64)>);

const HOUR: i64 = 60 * 60 * 1_000_000;
const DAY: i64 = 24 * HOUR;
/// The rows without a date, as a separate span before all dates.
const UNDATED: (i64, i64) = (i64::MIN, i64::MIN + 1);

impl Spans {
    fn of_window(window: &Window, partition: &Partition) -> Self {
        let (cut, shared) = (partition.cut, partition.period);
        let span = |(first, last): (Day, Day)| match (first.date(), last.date()) {
            (Some(first), Some(last)) => {
                let (first, last) = (shared.first(first), shared.last(last));
                match partition.local_days() {
                    Some(local) => (local_span(local, first).0, local_span(local, last).1),
                    None => (start_of(first), period(last, cut).1),
                }
            }
            _ => UNDATED,
        };
        let spans = window.runs().into_iter().map(|run| Self(vec![span(run)]));
        spans.fold(Self(Vec::new()), |all, one| all.union(&one))
    }

    fn intersect(&self, other: &Self) -> Self {
        let pairs = self.0.iter().flat_map(|a| other.0.iter().map(move |b| (a, b)));
        let common = pairs.map(|(a, b)| (a.0.max(b.0), a.1.min(b.1)));
        Self(common.filter(|(from, to)| from < to).collect())
    }

    fn union(&self, other: &Self) -> Self {
        let mut all = [self.0.as_slice(), other.0.as_slice()].concat();
        all.sort_unstable();
        let mut merged: Vec<(i64, i64)> = Vec::new();
        for (from, to) in all {
            match merged.last_mut() {
                Some(last) if from <= last.1 => last.1 = last.1.max(to),
                _ => merged.push((from, to)),
            }
        }
        Self(merged)
    }

    fn is_within(&self, other: &Self) -> bool {
        self.intersect(other) == *self
    }
}

struct Reader<'a> {
    column: &'a str,
    cut: Cut,
    /// The expression of a row's date, if it is not the column itself.
    date: Option<Expr>,
    /// The zone of the dates, if not UTC.
    local: Option<&'a LocalDays>,
    names: Names,
}

impl<'a> Reader<'a> {
    fn of(text: &Text<'a>, names: Names) -> Self {
        let partition = &text.rule.partition;
        let date = matches!(partition.cut, Cut::String(_)).then(|| date_of_rule(partition));
        let column = partition.column().map_or("", Ident::as_str);
        let local = partition.local_days();
        Self { column, cut: partition.cut, date: date.flatten(), local, names }
    }

    /// Spans that contain every row for which the condition is true; `None` if the condition does not
    /// restrict the partition column.
    fn bound(&self, condition: &Expr) -> Option<Spans> {
        match condition {
            Expr::Nested(inner) => self.bound(inner),
            Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
                match (self.bound(left), self.bound(right)) {
                    (Some(left), Some(right)) => Some(left.intersect(&right)),
                    (left, right) => left.or(right),
                }
            }
            Expr::BinaryOp { left, op: BinaryOperator::Or, right } => {
                Some(self.bound(left)?.union(&self.bound(right)?))
            }
            Expr::BinaryOp { left, op, right } => self
                .comparison(left, op, right)
                .or_else(|| self.comparison(right, &mirrored(op)?, left)),
            Expr::Between { expr, negated: false, low, high } => {
                let from = self.comparison(expr, &BinaryOperator::GtEq, low)?;
                Some(from.intersect(&self.comparison(expr, &BinaryOperator::LtEq, high)?))
            }
            Expr::InList { expr, list, negated: false } => self.any_of(expr, list),
            Expr::IsNull(expr) if self.is_date(expr) => Some(Spans(vec![UNDATED])),
            Expr::Function(function) => self.beginning(function),
            Expr::InUnnest { expr, array_expr, negated: false } => match &**array_expr {
                Expr::Array(array) => self.any_of(expr, &array.elem),
                _ => None,
            },
            _ => None,
        }
    }

    fn any_of(&self, column: &Expr, constants: &[Expr]) -> Option<Spans> {
        let each = constants.iter().map(|item| self.comparison(column, &BinaryOperator::Eq, item));
        each.collect::<Option<Vec<Spans>>>()
            .map(|spans| spans.iter().fold(Spans(Vec::new()), |all, one| all.union(one)))
    }

    /// Whether the expression is NULL for exactly the rows without a date.
    fn is_date(&self, expr: &Expr) -> bool {
        match &self.date {
            Some(date) => self.unqualified(expr).is_some_and(|expr| normal::same(&expr, date)),
            None => self.reading(expr).is_some(),
        }
    }

    /// The expression with the partition column unqualified; `None` if it reads another column.
    fn unqualified(&self, expr: &Expr) -> Option<Expr> {
        let mut expr = expr.clone();
        let read = visit_expressions_mut(&mut expr, |part| {
            if matches!(part, Expr::Identifier(_) | Expr::CompoundIdentifier(_)) {
                match self.reading(part) {
                    Some(_) => *part = Expr::Identifier(self.column.into()),
                    None => return ControlFlow::Break(()),
                }
            }
            ControlFlow::Continue(())
        });
        read.is_continue().then_some(expr)
    }

    /// `STARTS_WITH(column, '20260128')`: text may follow the date.
    fn beginning(&self, function: &Function) -> Option<Spans> {
        let Cut::String(texts) = self.cut else { return None };
        let arguments = arguments(function, "STARTS_WITH")?;
        let [column, text] = arguments.as_slice() else { return None };
        self.reading(column)?;
        let day = texts.is_beginning().then(|| texts.day(text_of(text, SqlType::String)?))??;
        Some(Spans(vec![period(day, self.cut)]))
    }

    fn comparison(&self, column: &Expr, op: &BinaryOperator, constant: &Expr) -> Option<Spans> {
        let (from, to) = match self.reading(column)? {
            Reading::Column => self.constant(constant)?,
            Reading::Date => match self.local {
                Some(local) => local_span(local, date_of(constant)?),
                None => day_span(date_of(constant)?),
            },
        };
        // Between the texts of two dates there are other texts, which are not dates.
        if matches!(self.cut, Cut::String(_)) && *op != BinaryOperator::Eq {
            return None;
        }
        Some(Spans(vec![match op {
            BinaryOperator::Eq => (from, to),
            BinaryOperator::GtEq => (from, i64::MAX),
            BinaryOperator::Gt => (to, i64::MAX),
            // A comparison is never true for a row without a date.
            BinaryOperator::LtEq => (UNDATED.1, to),
            BinaryOperator::Lt => (UNDATED.1, from),
            _ => return None,
        }]))
    }

    /// Whether the expression is the partition column, or its DATE.
    fn reading(&self, expr: &Expr) -> Option<Reading> {
        match expr {
            Expr::Nested(inner) => self.reading(inner),
            Expr::Identifier(name) => {
                let ours = self.names.bare && name.value.eq_ignore_ascii_case(self.column);
                ours.then_some(Reading::Column)
            }
            Expr::CompoundIdentifier(parts) => {
                let (column, qualifier) = parts.split_last()?;
                let qualifier: Vec<&str> = qualifier.iter().map(|p| p.value.as_str()).collect();
                let qualifier = qualifier.join(".");
                let ours = column.value.eq_ignore_ascii_case(self.column)
                    && self
                        .names
                        .qualifiers
                        .iter()
                        .any(|known| known.eq_ignore_ascii_case(&qualifier));
                ours.then_some(Reading::Column)
            }
            Expr::Function(function) if !matches!(self.cut, Cut::Int64(_) | Cut::String(_)) => {
                let argument = match self.local {
                    Some(local) => date_in(function, local.name()),
                    None => only_argument(function, "DATE").or_else(|| date_in(function, "UTC")),
                }?;
                self.reading(argument).map(|_| Reading::Date)
            }
            _ => None,
        }
    }

    /// The span of time in which a row's column equals the constant.
    fn constant(&self, expr: &Expr) -> Option<(i64, i64)> {
        match self.cut {
            Cut::Shards | Cut::Whole => None,
            Cut::Date => date_of(expr).map(day_span),
            Cut::String(texts) => {
                let day = texts.day(text_of(expr, SqlType::String)?);
                Some(day.map_or(UNDATED, |day| period(day, self.cut)))
            }
            Cut::Int64(numbers) => {
                let Expr::Value(value) = expr else { return None };
                let Value::Number(number, _) = &value.value else { return None };
                let number = number.parse().ok()?;
                let (from, to) = period(numbers.date(number)?, self.cut);
                match numbers {
                    Numbers::Yyyymmddhh => {
                        let from = from + number % 100 * HOUR;
                        Some((from, from + HOUR))
                    }
                    _ => Some((from, to)),
                }
            }
            Cut::Datetime | Cut::Timestamp => {
                let instant =
                    parse_timestamp(text_of(expr, self.cut.sql_type())?)?.as_microsecond();
                Some((instant, instant + 1))
            }
        }
    }
}

#[derive(Clone, Copy)]
enum Reading {
    Column,
    Date,
}

fn mirrored(op: &BinaryOperator) -> Option<BinaryOperator> {
    Some(match op {
        BinaryOperator::Eq => BinaryOperator::Eq,
        BinaryOperator::Lt => BinaryOperator::Gt,
        BinaryOperator::LtEq => BinaryOperator::GtEq,
        BinaryOperator::Gt => BinaryOperator::Lt,
        BinaryOperator::GtEq => BinaryOperator::LtEq,
        _ => return None,
    })
}

fn date_of(expr: &Expr) -> Option<Date> {
    match expr {
        Expr::Function(function) => date_of(only_argument(function, "DATE")?),
        Expr::Cast { expr, data_type: DataType::Date, format: None, .. } => date_of(expr),
        _ => strict_date(text_of(expr, SqlType::Date)?),
    }
}

/// The text of a literal of this type, or of a string that is coerced to it.
fn text_of(expr: &Expr, kind: SqlType) -> Option<&str> {
    let value = match (expr, kind) {
        (Expr::Nested(inner), _) => return text_of(inner, kind),
        (Expr::TypedString(typed), SqlType::Date) if typed.data_type == DataType::Date => {
            &typed.value
        }
        (Expr::TypedString(typed), SqlType::Datetime)
            if matches!(typed.data_type, DataType::Datetime(_)) =>
        {
            &typed.value
        }
        (Expr::TypedString(typed), SqlType::Timestamp)
            if matches!(typed.data_type, DataType::Timestamp(..)) =>
        {
            &typed.value
        }
        (Expr::Value(value), _) => value,
        _ => return None,
    };
    match &value.value {
        Value::SingleQuotedString(text) | Value::DoubleQuotedString(text) => Some(text),
        _ => None,
    }
}

/// The arguments of a call of this function.
fn arguments<'a>(function: &'a Function, name: &str) -> Option<Vec<&'a Expr>> {
    let FunctionArguments::List(list) = &function.args else { return None };
    let is_one = mutation::dotted(&function.name).eq_ignore_ascii_case(name);
    let argument = |argument: &'a FunctionArg| match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr),
        _ => None,
    };
    list.args.iter().map(argument).collect::<Option<Vec<_>>>().filter(|_| is_one)
}

fn only_argument<'a>(function: &'a Function, name: &str) -> Option<&'a Expr> {
    match arguments(function, name)?.as_slice() {
        [argument] => Some(argument),
        _ => None,
    }
}

/// The operand of `DATE(x, 'UTC')`, the form in which the rule's date is written.
fn date_in<'a>(function: &'a Function, name: &str) -> Option<&'a Expr> {
    match arguments(function, "DATE")?.as_slice() {
        [instant, zone] if text_of(zone, SqlType::Date) == Some(name) => Some(instant),
        _ => None,
    }
}

/// The rule's own date of a row, parsed.
fn date_of_rule(partition: &Partition) -> Option<Expr> {
    let tokens = googlesql::tokens(partition.date().as_str()).ok()?;
    googlesql::parse(tokens, sqlparser::parser::Parser::parse_expr).ok()
}

/// The span of the month or year that starts at the date, for a column of that granularity; otherwise of the
/// day.
fn period(date: Date, cut: Cut) -> (i64, i64) {
    let last = match cut {
        Cut::Int64(Numbers::Yyyymm) => date.last_of_month(),
        Cut::Int64(Numbers::Yyyy) => date.last_of_year(),
        Cut::String(texts) => texts.last(date),
        Cut::Int64(Numbers::Yyyymmdd | Numbers::Yyyymmddhh | Numbers::UnixDays)
        | Cut::Date
        | Cut::Datetime
        | Cut::Timestamp
        | Cut::Shards
        | Cut::Whole => date,
    };
    (start_of(date), start_of(last) + DAY)
}

/// The span of instants that may belong to a day of the zone.
fn local_span(local: &LocalDays, date: Date) -> (i64, i64) {
    (local.start(date).as_microsecond(), local.end(date).as_microsecond())
}

fn day_span(date: Date) -> (i64, i64) {
    let start = start_of(date);
    (start, start + DAY)
}

fn start_of(date: Date) -> i64 {
    i64::from((date - Date::constant(1970, 1, 1)).get_days()) * DAY
}
