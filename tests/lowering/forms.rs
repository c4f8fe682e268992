//! What might be claimed: every name of GoogleSQL's functions in every shape of a call, every
//! operator, every cast. `{0}`, `{1}`, `{2}` stand for operands, `part` for a part of a date or for
//! a window.

use super::edges::TYPES;

/// A shape that an expression can have.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Form {
    /// What it is listed under: a function's name or an operator.
    pub name: String,
    pub shape: String,
    /// What stands for `part`.
    pub part: Option<&'static str>,
    pub sort: Sort,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Sort {
    Function,
    Operator,
    Cast,
    Window,
}

impl Form {
    fn new(sort: Sort, name: &str, shape: String) -> Self {
        Self { name: name.to_owned(), shape, part: None, sort }
    }

    fn with_parts(self, parts: &'static [&'static str]) -> Vec<Self> {
        parts.iter().map(|part| Self { part: Some(part), ..self.clone() }).collect()
    }

    pub fn arity(&self) -> usize {
        (0..3).filter(|i| self.shape.contains(&format!("{{{i}}}"))).count()
    }

    /// Whether its value is BYTES, which no operand can be.
    pub fn gives_bytes(&self) -> bool {
        matches!(self.name.as_str(), "MD5" | "SHA1" | "SHA256" | "SHA512")
            || matches!(self.name.as_str(), "FROM_HEX" | "FROM_BASE64")
            || (self.sort == Sort::Cast && self.shape.ends_with("AS BYTES)"))
    }

    /// The expression over these operands.
    pub fn of(&self, operands: &[String]) -> String {
        let mut text = self.shape.replace("part", self.part.unwrap_or("part"));
        for (i, operand) in operands.iter().enumerate() {
            text = text.replace(&format!("{{{i}}}"), operand);
        }
        text
    }
}

pub const PARTS: &[&str] = &[
    "MICROSECOND",
    "MILLISECOND",
    "SECOND",
    "MINUTE",
    "HOUR",
    "DAY",
    "WEEK",
    "WEEK(MONDAY)",
    "ISOWEEK",
    "MONTH",
    "QUARTER",
    "YEAR",
    "ISOYEAR",
    "DAYOFWEEK",
    "DAYOFYEAR",
    "DATE",
    "TIME",
];

pub const WINDOWS: &[&str] = &[
    "()",
    "(PARTITION BY o1)",
    "(ORDER BY id)",
    "(ORDER BY o1)",
    "(PARTITION BY o1 ORDER BY id DESC)",
    "(ORDER BY id ROWS BETWEEN 2 PRECEDING AND 1 FOLLOWING)",
    "(ORDER BY id ROWS UNBOUNDED PRECEDING)",
    "(ORDER BY o1 RANGE BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING)",
    "(ORDER BY i1 RANGE BETWEEN 1 PRECEDING AND CURRENT ROW)",
];

/// The windows of a function that needs an ORDER BY, or may have a frame.
pub fn windows_of(ordered: bool, framed: bool) -> Vec<&'static str> {
    let is_framed = |window: &str| window.contains("ROWS") || window.contains("RANGE");
    let fits =
        |window: &&str| (!ordered || window.contains("ORDER BY")) && (framed || !is_framed(window));
    WINDOWS.iter().copied().filter(fits).collect()
}

/// The names of GoogleSQL's functions; a test compares them with Google's catalog.
pub fn functions() -> Vec<&'static str> {
    include_str!("../../crates/googlesql-sqlite/src/googlesql/functions.txt").lines().collect()
}

/// The shapes in which a function can be called, each with all its parts.
pub fn calls(name: &str) -> Vec<Vec<Form>> {
    let form = |arguments: &str| Form::new(Sort::Function, name, format!("{name}({arguments})"));
    let plain = ["", "*", "{0}", "DISTINCT {0}", "{0} ORDER BY id", "{0}, {1}", "{0}, {1}, {2}"];
    let special: &[&str] = match (name.split_once('_'), name) {
        (_, "NORMALIZE" | "NORMALIZE_AND_CASEFOLD") => &["{0}, NFC", "{0}, NFKC"],
        (_, "FORMAT") => &[
            "'%s', {0}",
            "'%5s|', {0}",
            "'%-5s|', {0}",
            "'%d', {0}",
            "'%i', {0}",
            "'%05d', {0}",
            "'%-5d|', {0}",
            "'%f', {0}",
            "'%.2f', {0}",
            "'%08.2f', {0}",
            "'%t', {0}",
            "'%T', {0}",
            "'%x', {0}",
            "'%s-%d', {0}, {1}",
        ],
        (_, "FORMAT_TIMESTAMP") => &[
            "'%Y-%m-%d', {0}",
            "'%Y%m%d', {0}",
            "'%F', {0}",
            "'%Y-%m-%d', {0}, 'America/New_York'",
            "'%Y%m%d', {0}, 'America/New_York'",
            "'%F', {0}, 'America/New_York'",
        ],
        (_, "JSON_VALUE" | "JSON_EXTRACT_SCALAR") => &["{0}, '$.id'"],
        (_, "REGEXP_CONTAINS" | "REGEXP_EXTRACT") => &[r"{0}, r'(\d)'"],
        (_, "REGEXP_REPLACE") => &[r"{0}, r'(\d)', '-'"],
        (_, "TO_HEX" | "TO_BASE64") => &["CAST({0} AS BYTES)"],
        (Some(("CURRENT", _)), _) => &["'America/New_York'"],
        (Some(("PARSE" | "FORMAT", _)), _) => &["'%Y-%m-%d', {0}", "'%Y%m%d', {0}", "'%F', {0}"],
        (Some((_, "AGG")), _) => &["{0}, '-'", "{0}, '-' ORDER BY id", "DISTINCT {0} ORDER BY {0}"],
        (None, "DATE" | "DATETIME" | "TIMESTAMP" | "TIME" | "STRING") => {
            &["{0}, 'America/New_York'"]
        }
        _ => &[],
    };
    let each = plain.iter().chain(special);
    let mut forms: Vec<Vec<Form>> = each.map(|arguments| vec![form(arguments)]).collect();
    let parted = match name.rsplit_once('_') {
        Some((_, "ADD" | "SUB")) => &["{0}, INTERVAL {1} part"][..],
        Some((_, "TRUNC")) | Some(("LAST", "DAY")) => &["{0}, part"],
        Some((_, "DIFF")) => &["{0}, {1}, part"],
        _ => &[],
    };
    for arguments in parted {
        forms.push(form(arguments).with_parts(PARTS));
    }
    forms
}

/// The shapes in which a function can stand before OVER.
pub fn windows(name: &str) -> Vec<Vec<Form>> {
    let arguments = ["", "*", "{0}", "DISTINCT {0}", "{0}, 2", "{0}, 2, NULL", "{0}, 2, {1}"];
    let form =
        |arguments: &str| Form::new(Sort::Window, name, format!("{name}({arguments}) OVER part"));
    arguments.iter().map(|arguments| form(arguments).with_parts(WINDOWS)).collect()
}

/// Everything that is not the call of a function by its name.
pub fn operators() -> Vec<Vec<Form>> {
    let shapes = [
        "-{0}",
        "+{0}",
        "~{0}",
        "NOT {0}",
        "{0} + {1}",
        "{0} - {1}",
        "{0} * {1}",
        "{0} / {1}",
        "{0} || {1}",
        "{0} & {1}",
        "{0} | {1}",
        "{0} ^ {1}",
        "{0} << {1}",
        "{0} >> {1}",
        "{0} = {1}",
        "{0} != {1}",
        "{0} < {1}",
        "{0} <= {1}",
        "{0} > {1}",
        "{0} >= {1}",
        "{0} AND {1}",
        "{0} OR {1}",
        "{0} LIKE {1}",
        "{0} NOT LIKE {1}",
        "{0} IS NULL",
        "{0} IS NOT NULL",
        "{0} IS TRUE",
        "{0} IS NOT TRUE",
        "{0} IS FALSE",
        "{0} IS NOT FALSE",
        "{0} IS DISTINCT FROM {1}",
        "{0} IS NOT DISTINCT FROM {1}",
        "{0} BETWEEN {1} AND {2}",
        "{0} NOT BETWEEN {1} AND {2}",
        "{0} IN ({1})",
        "{0} IN ({1}, {2})",
        "{0} NOT IN ({1}, {2})",
        "{0} IN UNNEST([{1}])",
        "{0} IN UNNEST([{1}, {2}])",
        "CASE WHEN {0} THEN {1} END",
        "CASE WHEN {0} THEN {1} ELSE {2} END",
        "CASE {0} WHEN {1} THEN 1 ELSE 2 END",
        "SPLIT({0})[OFFSET({1})]",
        "SPLIT({0})[SAFE_OFFSET({1})]",
        "SPLIT({0}, {1})[OFFSET({2})]",
        "SPLIT({0}, {1})[SAFE_OFFSET({2})]",
        "SPLIT({0}, {1})[ORDINAL({2})]",
        "SPLIT({0}, {1})[SAFE_ORDINAL({2})]",
        "SPLIT({0}, {1})[{2}]",
        "[{0}]",
        "STRUCT({0})",
        "({0}, {1})",
    ];
    let form = |shape: &str| Form::new(Sort::Operator, shape, shape.to_owned());
    let mut forms: Vec<Vec<Form>> = shapes.iter().map(|shape| vec![form(shape)]).collect();
    for shape in [
        "EXTRACT(part FROM {0})",
        "EXTRACT(part FROM {0} AT TIME ZONE 'America/New_York')",
        "{0} + INTERVAL {1} part",
        "{0} - INTERVAL {1} part",
    ] {
        forms.push(form(shape).with_parts(PARTS));
    }
    forms
}

pub fn casts() -> Vec<Vec<Form>> {
    let targets = TYPES.iter().map(|(sql_type, _)| sql_type.to_string());
    targets
        .chain(["BYTES", "JSON", "INTERVAL"].map(str::to_owned))
        .flat_map(|target| {
            ["CAST", "SAFE_CAST"]
                .map(|cast| vec![Form::new(Sort::Cast, cast, format!("{cast}({{0}} AS {target})"))])
        })
        .collect()
}
