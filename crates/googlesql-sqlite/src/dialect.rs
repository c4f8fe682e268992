//! Syntax and functions that the parser accepts but GoogleSQL does not have, each with the GoogleSQL
//! equivalent.

use std::ops::ControlFlow;

use sqlparser::ast::{
    BinaryOperator, CastKind, DataType, Distinct, Expr, Function, JoinOperator, ObjectNamePart,
    Query, Select, SetExpr, SetOperator, SetQuantifier, Spanned, Statement, Visit, Visitor,
};
use sqlparser::tokenizer::Span;

use crate::error::{Error, Kind, did_you_mean, nearest};
use crate::googlesql::{may_be_function, plain_functions};

/// Functions of other dialects and their GoogleSQL equivalents.
const FUNCTIONS: &[(&str, &str)] = &[
    ("ARRAY_CONTAINS", "`value IN UNNEST(array)`"),
    ("ARRAY_SIZE", "`ARRAY_LENGTH`"),
    ("CHARINDEX", "`STRPOS(text, part)`"),
    ("CONVERT_TIMEZONE", "`DATETIME(timestamp, zone)`"),
    ("DATEADD", "`DATE_ADD(date, INTERVAL 1 DAY)`, or `TIMESTAMP_ADD`"),
    ("DATEDIFF", "`DATE_DIFF(later, earlier, DAY)`, or `TIMESTAMP_DIFF`"),
    ("DATEFROMPARTS", "`DATE(year, month, day)`"),
    ("DATE_PART", "`EXTRACT(part FROM value)`"),
    ("DATEPART", "`EXTRACT(part FROM value)`"),
    ("DECODE", "`CASE`"),
    ("EOMONTH", "`LAST_DAY`"),
    ("FROM_UNIXTIME", "`TIMESTAMP_SECONDS`"),
    ("GETDATE", "`CURRENT_TIMESTAMP()`"),
    ("GROUP_CONCAT", "`STRING_AGG`"),
    ("IIF", "`IF`"),
    ("ISNULL", "`IFNULL(value, other)`, or `value IS NULL`"),
    ("JSON_EXTRACT_PATH_TEXT", "`JSON_VALUE`"),
    ("LEN", "`LENGTH`"),
    ("LISTAGG", "`STRING_AGG`"),
    ("MEDIAN", "`PERCENTILE_CONT(value, 0.5) OVER ()`, or `APPROX_QUANTILES`"),
    ("NOW", "`CURRENT_TIMESTAMP()`"),
    ("NVL", "`IFNULL`, or `COALESCE`"),
    ("NVL2", "`IF(value IS NOT NULL, one, other)`"),
    ("RANDOM", "`RAND()`"),
    ("REGEXP_LIKE", "`REGEXP_CONTAINS`"),
    ("REGEXP_MATCHES", "`REGEXP_CONTAINS`"),
    ("SPLIT_PART", "`SPLIT(text, separator)[SAFE_OFFSET(0)]`"),
    ("STRING_SPLIT", "`SPLIT`"),
    ("SYSDATE", "`CURRENT_TIMESTAMP()`"),
    ("TO_CHAR", "`FORMAT_DATE`, `FORMAT_TIMESTAMP`, or `CAST(value AS STRING)`"),
    ("TO_DATE", "`PARSE_DATE`, or `CAST(text AS DATE)`"),
    ("TO_NUMBER", "`CAST(text AS NUMERIC)`"),
    ("TO_TIMESTAMP", "`PARSE_TIMESTAMP`, or `TIMESTAMP_SECONDS`"),
    ("TO_VARCHAR", "`CAST(value AS STRING)`"),
    ("TRY_TO_NUMBER", "`SAFE_CAST(text AS NUMERIC)`"),
    ("UUID_GENERATE_V4", "`GENERATE_UUID()`"),
    ("GEN_RANDOM_UUID", "`GENERATE_UUID()`"),
];

/// Types of other dialects and their GoogleSQL equivalents.
const TYPES: &[(&str, &str)] = &[
    ("CHAR", "STRING"),
    ("CHARACTER", "STRING"),
    ("CLOB", "STRING"),
    ("NVARCHAR", "STRING"),
    ("TEXT", "STRING"),
    ("UUID", "STRING"),
    ("VARCHAR", "STRING"),
    ("VARCHAR2", "STRING"),
    ("BLOB", "BYTES"),
    ("BYTEA", "BYTES"),
    ("VARBINARY", "BYTES"),
    ("DOUBLE", "FLOAT64"),
    ("FLOAT4", "FLOAT64"),
    ("FLOAT8", "FLOAT64"),
    ("REAL", "FLOAT64"),
    ("INT2", "INT64"),
    ("INT4", "INT64"),
    ("INT8", "INT64"),
    ("NUMBER", "NUMERIC"),
    ("DATETIME2", "DATETIME"),
    ("TIMESTAMPTZ", "TIMESTAMP"),
    ("TIMESTAMP_NTZ", "DATETIME"),
];

/// All constructs of the statement that GoogleSQL does not have. Each error is [`Kind::Refused`], with its
/// [place](Error::place) where known, and names the replacement. `known` returns true for functions that
/// exist although GoogleSQL's catalog does not list them.
pub fn foreign(statement: &Statement, known: &dyn Fn(&str) -> bool) -> Vec<Error> {
    let mut finder = Finder { known, zoned: None, found: Vec::new() };
    _ = statement.visit(&mut finder);
    finder.found
}

struct Finder<'a> {
    known: &'a dyn Fn(&str) -> bool,
    /// The operand of an EXTRACT, the only place where AT TIME ZONE is allowed.
    zoned: Option<*const Expr>,
    found: Vec<Error>,
}

impl Finder<'_> {
    fn add(&mut self, span: Span, what: &str, instead: &str) {
        let error = Error::new(Kind::Refused, format!("GoogleSQL has no {what}"));
        self.found.push(error.help(format!("write {instead}")).near(span));
    }

    fn cast(&mut self, kind: &CastKind, data_type: &DataType, expr: &Expr) {
        match kind {
            CastKind::DoubleColon => self.add(expr.span(), "`::`", "`CAST(value AS type)`"),
            CastKind::TryCast => self.add(expr.span(), "TRY_CAST", "`SAFE_CAST(value AS type)`"),
            CastKind::Cast | CastKind::SafeCast => self.named_type(data_type, expr),
        }
    }

    fn named_type(&mut self, data_type: &DataType, cast: &Expr) {
        let text = data_type.to_string().to_ascii_uppercase();
        let name = text.split(['(', ' ']).next().unwrap_or_default();
        if let Some((_, ours)) = TYPES.iter().find(|(theirs, _)| *theirs == name) {
            self.add(cast.span(), &format!("type {name}"), &format!("`{ours}`"));
        }
    }

    fn function(&mut self, function: &Function) {
        let [ObjectNamePart::Identifier(name)] = function.name.0.as_slice() else { return };
        let there = may_be_function(&name.value) || (self.known)(&name.value);
        if name.quote_style.is_some() || there {
            return;
        }
        let upper = name.value.to_ascii_uppercase();
        let what = format!("function {upper}");
        let known = FUNCTIONS.iter().find(|(theirs, _)| *theirs == upper);
        match (known, nearest(&upper, plain_functions())) {
            (Some((_, ours)), _) => self.add(name.span, &what, ours),
            (None, Some(_)) => {
                let help = did_you_mean(&upper, plain_functions());
                let error = Error::new(Kind::Refused, format!("GoogleSQL has no {what}"));
                self.found.push(error.help(help).near(name.span));
            }
            (None, None) => self.add(
                name.span,
                &what,
                "a function of GoogleSQL; or list your own in `routines` of the rule, with its dataset",
            ),
        }
    }

    fn operator(&mut self, op: &BinaryOperator, expr: &Expr) {
        use BinaryOperator as Op;
        let instead = match op {
            Op::Spaceship => "`a IS NOT DISTINCT FROM b`",
            Op::Modulo => "`MOD(a, b)`",
            Op::LongArrow | Op::HashLongArrow => "`JSON_VALUE(value, '$.name')`",
            Op::PGRegexMatch | Op::PGRegexNotMatch | Op::Regexp => "`REGEXP_CONTAINS(text, r'…')`",
            Op::PGRegexIMatch | Op::PGRegexNotIMatch => "`REGEXP_CONTAINS(text, r'(?i)…')`",
            _ => return,
        };
        self.add(expr.span(), &format!("operator `{op}`"), instead);
    }

    fn set_operations(&mut self, body: &SetExpr) {
        let mut left_to_see = vec![body];
        while let Some(body) = left_to_see.pop() {
            let SetExpr::SetOperation { op, set_quantifier, left, right } = body else { continue };
            left_to_see.extend([left.as_ref(), right.as_ref()]);
            let bare = matches!(set_quantifier, SetQuantifier::None | SetQuantifier::ByName);
            match op {
                SetOperator::Minus => self.add(right.span(), "MINUS", "`EXCEPT DISTINCT`"),
                SetOperator::Union if bare => {
                    self.add(right.span(), "bare UNION", "`UNION DISTINCT`, or `UNION ALL`");
                }
                SetOperator::Except | SetOperator::Intersect if bare => {
                    self.add(right.span(), &format!("bare {op}"), &format!("`{op} DISTINCT`"));
                }
                _ => {}
            }
        }
    }
}

impl Visitor for Finder<'_> {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        if query.fetch.is_some() {
            self.add(query.span(), "FETCH FIRST", "`LIMIT 5`");
        }
        if !query.locks.is_empty() {
            self.add(query.span(), "FOR UPDATE", "the query without it");
        }
        self.set_operations(&query.body);
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<()> {
        let span = select.select_token.0.span;
        if select.top.is_some() {
            self.add(span, "TOP", "`LIMIT 5` at the end of the query");
        }
        if let Some(Distinct::On(_)) = select.distinct {
            let instead = "`QUALIFY ROW_NUMBER() OVER (PARTITION BY … ORDER BY …) = 1`";
            self.add(span, "DISTINCT ON", instead);
        }
        let clauses = [
            (select.into.is_some(), "SELECT INTO", "`CREATE TABLE … AS SELECT`, outside of onerow"),
            (!select.lateral_views.is_empty(), "LATERAL VIEW", "`CROSS JOIN UNNEST(array)`"),
            (!select.connect_by.is_empty(), "CONNECT BY", "`WITH RECURSIVE`"),
            (!select.distribute_by.is_empty(), "DISTRIBUTE BY", "the query without it"),
            (!select.sort_by.is_empty(), "SORT BY", "`ORDER BY`"),
        ];
        for (there, what, instead) in clauses {
            if there {
                self.add(span, what, instead);
            }
        }
        for join in select.from.iter().flat_map(|from| &from.joins) {
            match join.join_operator {
                JoinOperator::LeftSemi(_) | JoinOperator::Semi(_) => {
                    self.add(join.span(), "SEMI JOIN", "`WHERE EXISTS (SELECT …)`");
                }
                JoinOperator::LeftAnti(_) | JoinOperator::Anti(_) => {
                    self.add(join.span(), "ANTI JOIN", "`WHERE NOT EXISTS (SELECT …)`");
                }
                JoinOperator::CrossApply | JoinOperator::OuterApply => {
                    self.add(join.span(), "APPLY", "`CROSS JOIN UNNEST(array)`");
                }
                _ => {}
            }
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        match expr {
            Expr::Cast { kind, data_type, .. } => self.cast(kind, data_type, expr),
            Expr::Function(function) => self.function(function),
            Expr::BinaryOp { op, .. } => self.operator(op, expr),
            Expr::ILike { .. } => {
                self.add(expr.span(), "ILIKE", "`LOWER(text) LIKE 'a%'`");
            }
            Expr::SimilarTo { .. } => {
                self.add(expr.span(), "SIMILAR TO", "`REGEXP_CONTAINS(text, r'…')`");
            }
            Expr::RLike { .. } => {
                self.add(expr.span(), "RLIKE", "`REGEXP_CONTAINS(text, r'…')`");
            }
            Expr::Convert { .. } => self.add(expr.span(), "CONVERT", "`CAST(value AS type)`"),
            Expr::Position { .. } => self.add(expr.span(), "POSITION", "`STRPOS(text, part)`"),
            Expr::AnyOp { .. } => self.add(expr.span(), "comparison with ANY", "`IN`"),
            Expr::Extract { expr: operand, .. } => self.zoned = Some(&raw const **operand),
            Expr::AtTimeZone { .. } if self.zoned != Some(std::ptr::from_ref(expr)) => {
                let instead = "`DATETIME(timestamp, 'America/New_York')`";
                self.add(expr.span(), "AT TIME ZONE outside of EXTRACT", instead);
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }
}
