//! The supported functions. A function not listed here is unsupported.

use SqlType::{Bool, Bytes, Date, Datetime, Float64, Int64, Numeric, String, Timestamp};

use super::table::{Arg, Gives, Kind, Overload, Row, Rule, Special, Takes};
use crate::functions::PARSED;
use crate::googlesql::SqlType;
use crate::tree::Form;

const S: Arg = Arg::Is(String);
const I: Arg = Arg::Is(Int64);
const F: Arg = Arg::Is(Float64);

/// STRING or BYTES.
const X: Arg = Arg::TextOrBytes;
const B: Arg = Arg::Bytes;
/// A FLOAT64 or NUMERIC, or a type that is coerced to one.
const ROUNDED: Arg = Arg::OneOf(&[Int64, Float64, Numeric]);
const AT: Arg = Arg::OneOf(&[Timestamp]);
const MODE: Arg = Arg::Word(&["NFC", "NFD"]);

const TIMES: Arg = Arg::OneOf(&[Date, Datetime, Timestamp]);
const NUMBERING: Kind = Kind::Window { ordered: true, framed: false };
const FRAMED: Kind = Kind::Window { ordered: false, framed: true };

/// Parts of a day that have a fixed length.
const FIXED: &[&str] = &["MICROSECOND", "MILLISECOND", "SECOND", "MINUTE", "HOUR", "DAY"];
const CALENDAR: &[&str] = &["DAY", "WEEK", "MONTH", "QUARTER", "YEAR"];
const SHIFTS: &[&str] = &[
    "MICROSECOND",
    "MILLISECOND",
    "SECOND",
    "MINUTE",
    "HOUR",
    "DAY",
    "WEEK",
    "MONTH",
    "QUARTER",
    "YEAR",
];
const DATE_STARTS: &[&str] = &["DAY", "WEEK", "ISOWEEK", "MONTH", "QUARTER", "YEAR"];
const TIME_STARTS: &[&str] =
    &["SECOND", "MINUTE", "HOUR", "DAY", "WEEK", "ISOWEEK", "MONTH", "QUARTER", "YEAR"];
/// Supported formats of a date.
const WRITTEN: &[&str] = &["%Y-%m-%d", "%Y%m%d", "%F"];

/// Every row, by name and role.
pub(super) const ROWS: &[Row] = &[
    by("ABS", &[&[Arg::OneOf(&[Int64, Float64, Numeric])]], |b, row, call, scope| {
        b.by_type(
            b.counted(row, call, scope)?,
            row.name,
            ["onerow_abs", "abs", "onerow_decimal_abs"],
        )
    }),
    aggregate("ANY_VALUE", &[], false, &[over(Arg::Any, Gives::Same, Form::Ordered("MIN"))]),
    average(Kind::Aggregate, &[over(INT, REAL, Form::Call("AVG")), finite("AVG")]),
    average(FRAMED, &[over(INT, REAL, Form::Call("AVG"))]),
    closed("CHAR_LENGTH", &[&[S]], Int64, Form::Call("onerow_length")),
    open("COALESCE", &[&[Arg::Same, Arg::More]], Form::Several("COALESCE")),
    by("CONCAT", &[&[Arg::Any, Arg::More]], |b, row, call, scope| {
        b.concat(b.counted(row, call, scope)?, row.name)
    }),
    aggregate("COUNT", STAR, true, COUNT),
    framed("COUNT", STAR, COUNT),
    aggregate("COUNTIF", &[], false, COUNTIF),
    framed("COUNTIF", &[], COUNTIF),
    by("CURRENT_DATE", &[&[], &[Arg::Zone]], |b, row, call, scope| b.current(row, call, scope)),
    by("CURRENT_DATETIME", &[&[], &[Arg::Zone]], |b, row, call, scope| b.current(row, call, scope)),
    by("CURRENT_TIMESTAMP", &[&[]], |b, row, call, scope| b.current(row, call, scope)),
    by(
        "DATE",
        &[&[TIMES], &[I, I, I], &[Arg::OneOf(&[Timestamp]), Arg::Zone]],
        |b, row, call, scope| b.date(row, call, scope),
    ),
    by("DATETIME", &[&[TIMES], &[Arg::OneOf(&[Timestamp]), Arg::Zone]], |b, row, call, scope| {
        b.converted_time(row, call, scope)
    }),
    shifted("DATETIME_ADD", &[&[Arg::OneOf(&[Datetime]), Arg::Interval(SHIFTS)]]),
    shifted("DATETIME_SUB", &[&[Arg::OneOf(&[Datetime]), Arg::Interval(SHIFTS)]]),
    truncated("DATETIME_TRUNC", &[&[Arg::OneOf(&[Datetime]), Arg::Part(TIME_STARTS)]]),
    shifted("DATE_ADD", &[&[Arg::OneOf(&[Date]), Arg::Interval(CALENDAR)]]),
    difference(
        "DATE_DIFF",
        &[&[Arg::OneOf(&[Date]), Arg::OneOf(&[Date]), Arg::Part(&["DAY", "MONTH", "YEAR"])]],
    ),
    closed("DATE_FROM_UNIX_DATE", &[&[I]], Date, Form::Call("onerow_date_from_unix")),
    shifted("DATE_SUB", &[&[Arg::OneOf(&[Date]), Arg::Interval(CALENDAR)]]),
    truncated("DATE_TRUNC", &[&[Arg::OneOf(&[Date]), Arg::Part(DATE_STARTS)]]),
    numbering("DENSE_RANK", NUMBERING, Form::Call("DENSE_RANK")),
    closed("DIV", &[&[I, I]], Int64, Form::Call("onerow_div")),
    closed("ENDS_WITH", &[&[S, S]], Bool, Form::Call("onerow_ends_with")),
    closed("FARM_FINGERPRINT", &[&[X]], Int64, Form::Call("onerow_farm_fingerprint")),
    edge("FIRST_VALUE"),
    by("FORMAT", FORMATTED, |b, _, call, scope| b.format(call, scope)),
    by(
        "FORMAT_DATE",
        &[&[S, Arg::OneOf(&[Date])], &[Arg::Format(WRITTEN), Arg::OneOf(&[Date])]],
        |b, row, call, scope| b.formatted(row, call, scope),
    ),
    by(
        "FORMAT_DATETIME",
        &[&[Arg::Format(WRITTEN), Arg::OneOf(&[Datetime])]],
        |b, row, call, scope| b.formatted_time(row, call, scope),
    ),
    by(
        "FORMAT_TIMESTAMP",
        &[&[Arg::Format(WRITTEN), AT], &[Arg::Format(WRITTEN), AT, Arg::Zone]],
        |b, row, call, scope| b.formatted_time(row, call, scope),
    ),
    closed("FROM_BASE64", &[&[S]], Bytes, Form::Call("onerow_from_base64")),
    closed("FROM_HEX", &[&[S]], Bytes, Form::Call("onerow_from_hex")),
    open("GREATEST", &[&[Arg::Same, Arg::More]], Form::Extreme("max")),
    open("IF", &[&[Arg::Condition, Arg::Same, Arg::Same]], Form::If),
    open("IFNULL", &[&[Arg::Same, Arg::Same]], Form::Several("COALESCE")),
    by("JSON_EXTRACT_SCALAR", PATHS, |b, row, call, scope| b.json_value(row, call, scope)),
    by("JSON_VALUE", PATHS, |b, row, call, scope| b.json_value(row, call, scope)),
    neighbour("LAG"),
    edge("LAST_VALUE"),
    neighbour("LEAD"),
    open("LEAST", &[&[Arg::Same, Arg::More]], Form::Extreme("min")),
    closed("LEFT", &[&[S, I]], String, Form::Call("onerow_left")),
    closed("LENGTH", &[&[S]], Int64, Form::Call("onerow_length")),
    aggregate("LOGICAL_AND", &[], false, ALL_TRUE),
    framed("LOGICAL_AND", &[], ALL_TRUE),
    aggregate("LOGICAL_OR", &[], false, ANY_TRUE),
    framed("LOGICAL_OR", &[], ANY_TRUE),
    closed("LOWER", &[&[S]], String, Form::Call("onerow_lower")),
    closed("LPAD", &[&[S, I], &[S, I, S]], String, Form::Call("onerow_lpad")),
    closed("LTRIM", &[&[S], &[S, S]], String, Form::With("onerow_trim", "L")),
    aggregate("MAX", &[], true, MAX),
    framed("MAX", &[], MAX),
    closed("MD5", &[&[X]], Bytes, Form::Call("onerow_md5")),
    aggregate("MIN", &[], true, MIN),
    framed("MIN", &[], MIN),
    closed("MOD", &[&[I, I]], Int64, Form::Call("onerow_mod")),
    by("NORMALIZE", &[&[S], &[S, MODE]], |b, row, call, scope| b.normalized(row, call, scope)),
    by("NORMALIZE_AND_CASEFOLD", &[&[S], &[S, MODE]], |b, row, call, scope| {
        b.normalized(row, call, scope)
    }),
    open("NULLIF", &[&[Arg::Same, Arg::Same]], Form::Call("NULLIF")),
    by("PARSE_DATE", &[&[S, S], &[Arg::Format(&PARSED), S]], |b, row, call, scope| {
        b.formatted(row, call, scope)
    }),
    by("PARSE_TIMESTAMP", &[&[Arg::Format(&PARSED), S]], |b, _, call, scope| {
        b.parsed_timestamp(call, scope)
    }),
    numbering("RANK", NUMBERING, Form::Call("RANK")),
    by("REGEXP_CONTAINS", &[&[S, PATTERN]], |b, row, call, scope| b.matched(row, call, scope)),
    by("REGEXP_EXTRACT", &[&[S, PATTERN]], |b, row, call, scope| b.matched(row, call, scope)),
    by("REGEXP_REPLACE", &[&[S, PATTERN, Arg::Literal("'-'")]], |b, row, call, scope| {
        b.matched(row, call, scope)
    }),
    closed("REPLACE", &[&[S, S, S]], String, Form::Call("onerow_replace")),
    closed("RIGHT", &[&[S, I]], String, Form::Call("onerow_right")),
    by("ROUND", &[&[ROUNDED], &[ROUNDED, I]], |b, row, call, scope| b.rounded(row, call, scope)),
    numbering(
        "ROW_NUMBER",
        Kind::Window { ordered: false, framed: false },
        Form::Call("ROW_NUMBER"),
    ),
    closed("RPAD", &[&[S, I], &[S, I, S]], String, Form::Call("onerow_rpad")),
    closed("RTRIM", &[&[S], &[S, S]], String, Form::With("onerow_trim", "R")),
    closed("SAFE_DIVIDE", &[&[F, F]], Float64, Form::Call("onerow_safe_divide")),
    closed("SHA1", &[&[X]], Bytes, Form::Call("onerow_sha1")),
    closed("SHA256", &[&[X]], Bytes, Form::Call("onerow_sha256")),
    closed("SHA512", &[&[X]], Bytes, Form::Call("onerow_sha512")),
    closed("STARTS_WITH", &[&[S, S]], Bool, Form::Call("onerow_starts_with")),
    Row {
        name: "STRING_AGG",
        kind: Kind::Aggregate,
        takes: &[
            &[S],
            &[Arg::Distinct, S],
            &[S, Arg::OrderBy("id")],
            &[S, Arg::Text("'-'")],
            &[S, Arg::Text("'-'"), Arg::OrderBy("id")],
            &[Arg::Distinct, S, Arg::OrderBy("{0}")],
        ],
        rule: Rule::By(|b, _, call, scope| b.string_agg(call, scope)),
    },
    closed("STRPOS", &[&[S, S]], Int64, Form::Call("onerow_strpos")),
    closed("SUBSTR", &[&[S, I], &[S, I, I]], String, Form::Call("onerow_substr")),
    closed("SUBSTRING", &[&[S, I], &[S, I, I]], String, Form::Call("onerow_substr")),
    sum(Kind::Aggregate, &[over(INT, Gives::Same, Form::Call("SUM")), finite("SUM")]),
    sum(FRAMED, &[over(INT, Gives::Same, Form::Call("SUM"))]),
    by(
        "TIMESTAMP",
        &[&[Arg::OneOf(&[String, Date, Datetime, Timestamp])]],
        |b, row, call, scope| b.converted_time(row, call, scope),
    ),
    shifted("TIMESTAMP_ADD", &[&[Arg::OneOf(&[Timestamp]), Arg::Interval(FIXED)]]),
    difference(
        "TIMESTAMP_DIFF",
        &[&[Arg::OneOf(&[Timestamp]), Arg::OneOf(&[Timestamp]), Arg::Part(FIXED)]],
    ),
    closed("TIMESTAMP_MICROS", &[&[I]], Timestamp, Form::Call("onerow_timestamp_micros")),
    closed("TIMESTAMP_MILLIS", &[&[I]], Timestamp, Form::Call("onerow_timestamp_millis")),
    closed("TIMESTAMP_SECONDS", &[&[I]], Timestamp, Form::Call("onerow_timestamp_seconds")),
    shifted("TIMESTAMP_SUB", &[&[Arg::OneOf(&[Timestamp]), Arg::Interval(FIXED)]]),
    truncated("TIMESTAMP_TRUNC", &[&[Arg::OneOf(&[Timestamp]), Arg::Part(TIME_STARTS)]]),
    closed("TO_BASE64", &[&[B]], String, Form::Call("onerow_to_base64")),
    closed("TO_HEX", &[&[B]], String, Form::Call("onerow_to_hex")),
    by("TO_JSON_STRING", &[&[Arg::Any]], |b, _, call, scope| b.to_json_string(call, scope)),
    closed("TRIM", &[&[S], &[S, S]], String, Form::With("onerow_trim", "B")),
    by("TRUNC", &[&[ROUNDED], &[ROUNDED, I]], |b, row, call, scope| b.rounded(row, call, scope)),
    closed("UNIX_DATE", &[&[Arg::Is(Date)]], Int64, Form::Call("onerow_unix_date")),
    closed("UNIX_MICROS", &[&[Arg::Is(Timestamp)]], Int64, Form::Several("UNIX_MICROS")),
    closed("UNIX_MILLIS", &[&[Arg::Is(Timestamp)]], Int64, Form::Call("onerow_unix_millis")),
    closed("UNIX_SECONDS", &[&[Arg::Is(Timestamp)]], Int64, Form::Call("onerow_unix_seconds")),
    closed("UPPER", &[&[S]], String, Form::Call("onerow_upper")),
];

/// Supported formats with the values they take.
const FORMATTED: &[Takes] = &[
    &[Arg::Format(&["%s", "%5s|", "%-5s|"]), S],
    &[Arg::Format(&["%d", "%i", "%05d", "%-5d|"]), INT],
    &[Arg::Format(&["%f", "%.2f", "%08.2f"]), Arg::OneOf(&[Float64, Numeric])],
    &[Arg::Format(&["%t", "%T"]), Arg::Any],
    &[Arg::Format(&["%s-%d"]), S, INT],
];
const PATHS: &[Takes] = &[&[S], &[S, Arg::Literal("'$.id'")]];
const PATTERN: Arg = Arg::Literal("r'(\\d)'");
const STAR: &[Takes] = &[&[Arg::Text("*")]];
const INT: Arg = Arg::OneOf(&[Int64]);
const REAL: Gives = Gives::Type(Float64);
const COUNT: &[Overload] = &[over(Arg::Any, Gives::Type(Int64), Form::Call("COUNT"))];
const COUNTIF: &[Overload] = &[over(Arg::Condition, Gives::Type(Int64), Form::CountTrue)];
const ALL_TRUE: &[Overload] = &[over(Arg::Condition, Gives::Type(Bool), Form::Call("MIN"))];
const ANY_TRUE: &[Overload] = &[over(Arg::Condition, Gives::Type(Bool), Form::Call("MAX"))];
const MAX: &[Overload] = &[over(Arg::Any, Gives::Same, Form::Ordered("MAX"))];
const MIN: &[Overload] = &[over(Arg::Any, Gives::Same, Form::Ordered("MIN"))];

const fn by(name: &'static str, takes: &'static [Takes], special: Special) -> Row {
    Row { name, kind: Kind::Scalar, takes, rule: Rule::By(special) }
}

/// A function for which GoogleSQL accepts no other number of arguments.
const fn closed(name: &'static str, takes: &'static [Takes], gives: SqlType, emit: Form) -> Row {
    let rule = Rule::Declared { gives: Gives::Type(gives), emit, closed: true };
    Row { name, kind: Kind::Scalar, takes, rule }
}

/// A function whose result has the type of its arguments.
const fn open(name: &'static str, takes: &'static [Takes], emit: Form) -> Row {
    let rule = Rule::Declared { gives: Gives::Same, emit, closed: false };
    Row { name, kind: Kind::Scalar, takes, rule }
}

const fn shifted(name: &'static str, takes: &'static [Takes]) -> Row {
    by(name, takes, |b, row, call, scope| b.shifted_time(row, call, scope))
}

const fn truncated(name: &'static str, takes: &'static [Takes]) -> Row {
    by(name, takes, |b, row, call, scope| b.truncated(row, call, scope))
}

const fn difference(name: &'static str, takes: &'static [Takes]) -> Row {
    by(name, takes, |b, row, call, scope| b.difference(row, call, scope))
}

const fn numbering(name: &'static str, kind: Kind, emit: Form) -> Row {
    let rule = Rule::Declared { gives: Gives::Type(Int64), emit, closed: false };
    Row { name, kind, takes: &[&[]], rule }
}

const fn edge(name: &'static str) -> Row {
    let rule = Rule::By(|b, row, call, scope| b.edge(row, call, scope));
    Row { name, kind: FRAMED, takes: &[&[Arg::Any]], rule }
}

const fn neighbour(name: &'static str) -> Row {
    let takes: &[Takes] =
        &[&[Arg::Any], &[Arg::Any, Arg::Text("2")], &[Arg::Any, Arg::Text("2"), Arg::Text("NULL")]];
    let rule = Rule::By(|b, row, call, scope| b.neighbour(row, call, scope));
    Row { name, kind: NUMBERING, takes, rule }
}

const fn aggregate(
    name: &'static str,
    takes: &'static [Takes],
    distinct: bool,
    overloads: &'static [Overload],
) -> Row {
    let rule = Rule::Accumulates { distinct, overloads, refuses: &[] };
    Row { name, kind: Kind::Aggregate, takes, rule }
}

const fn framed(
    name: &'static str,
    takes: &'static [Takes],
    overloads: &'static [Overload],
) -> Row {
    let rule = Rule::Accumulates { distinct: false, overloads, refuses: &[] };
    Row { name, kind: FRAMED, takes, rule }
}

const fn sum(kind: Kind, overloads: &'static [Overload]) -> Row {
    number("SUM", kind, overloads)
}

const fn average(kind: Kind, overloads: &'static [Overload]) -> Row {
    number("AVG", kind, overloads)
}

const fn number(name: &'static str, kind: Kind, overloads: &'static [Overload]) -> Row {
    let distinct = matches!(kind, Kind::Aggregate);
    let rule = Rule::Accumulates { distinct, overloads, refuses: &[String, Bool, Date] };
    Row { name, kind, takes: &[], rule }
}

const fn over(takes: Arg, gives: Gives, emit: Form) -> Overload {
    Overload { takes, gives, emit }
}

const fn finite(name: &'static str) -> Overload {
    over(Arg::OneOf(&[Float64]), Gives::Same, Form::Finite(name))
}
