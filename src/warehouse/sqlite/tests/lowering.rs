//! Differences between the lowering and Google's reference implementation that were found and fixed.

use super::refused::all_fail;
use super::*;

const ROW: &str = "p1 g1 2026-01-28 ann s1 22.5 true 07:00 - 2 0.5 2026-01-28_07:00:00";

fn all_give(cases: &[(&str, &str)]) {
    let warehouse = with(ROW);
    for (expression, expected) in cases {
        let sql = format!("SELECT {expression} FROM nba.predictions");
        assert_eq!(answer(&warehouse, &sql), *expected, "{expression}");
    }
}

#[test]
fn a_datetime_reaches_to_the_end_of_the_calendar() {
    all_give(&[
        ("DATETIME '9999-12-31 23:59:59.999999'", "9999-12-31 23:59:59.999999"),
        ("CAST(DATE '9999-12-31' AS DATETIME)", "9999-12-31 00:00:00"),
        ("DATE(DATETIME '9999-12-31 23:59:59')", "9999-12-31"),
    ]);
    all_fail(
        Kind::Unsupported,
        "",
        &[("SELECT TIMESTAMP(DATE '9999-12-31')", "a TIMESTAMP after 9999-12-30")],
    );
}

#[test]
fn the_time_of_null_is_null_however_far_it_is_shifted() {
    all_give(&[
        ("TIMESTAMP_ADD(updated_at, INTERVAL 9223372036854775807 DAY)", "NULL"),
        ("TIMESTAMP_SUB(updated_at, INTERVAL -9223372036854775808 MICROSECOND)", "NULL"),
        ("DATE_SUB(DATE(updated_at), INTERVAL -9223372036854775808 DAY)", "NULL"),
        ("DATETIME_SUB(DATETIME(updated_at), INTERVAL -9223372036854775808 WEEK)", "NULL"),
        ("DATE(updated_at) - (-9223372036854775807 - 1)", "NULL"),
    ]);
}

#[test]
fn a_time_shifted_out_of_range_is_an_error_where_it_is_not_shown_too() {
    all_fail(
        Kind::Refused,
        "out of range",
        &[
            (
                "SELECT TIMESTAMP_ADD(created_at, INTERVAL 100000000 HOUR) > created_at FROM nba.predictions",
                "",
            ),
            (
                "SELECT DATETIME_SUB(local_time, INTERVAL 1000000 DAY) > local_time FROM nba.predictions",
                "",
            ),
        ],
    );
}

#[test]
fn a_part_is_extracted_in_its_time_zone_where_that_leads_before_the_first_year() {
    all_give(&[
        (
            "EXTRACT(YEAR FROM TIMESTAMP '0001-01-01 00:00:00Z' AT TIME ZONE 'America/New_York')",
            "0",
        ),
        (
            "EXTRACT(SECOND FROM TIMESTAMP '0001-01-01 00:00:00Z' AT TIME ZONE 'America/New_York')",
            "58",
        ),
        (
            "EXTRACT(DATE FROM TIMESTAMP '2026-01-28 03:00:00Z' AT TIME ZONE 'America/New_York')",
            "2026-01-27",
        ),
    ]);
}

#[test]
fn a_year_of_one_digit_is_formatted_with_one() {
    all_give(&[
        ("FORMAT_DATE('%Y-%m-%d', DATE '0001-02-03')", "1-02-03"),
        ("FORMAT_DATE('%F', DATE '0001-02-03')", "0001-02-03"),
    ]);
}

#[test]
fn a_literal_with_a_sign_is_a_literal() {
    all_give(&[("+0.1 + NUMERIC '0.2' = NUMERIC '0.3'", "true")]);
}

#[test]
fn days_are_added_to_a_date_from_either_side() {
    all_give(&[("1 + game_date", "2026-01-29"), ("+CAST(copies AS BIGNUMERIC)", "2")]);
}

#[test]
fn an_array_of_expressions_keeps_its_type() {
    all_give(&[
        ("copies IN UNNEST([share, 2.0])", "true"),
        ("share IN UNNEST([1, 2])", "false"),
        ("game_date IN UNNEST(['2026-01-28'])", "true"),
    ]);
    all_fail(
        Kind::Refused,
        "IN UNNEST must be",
        &[
            ("SELECT share IN UNNEST([copies]) FROM nba.predictions", "INT64, not FLOAT64"),
            ("SELECT current_points_line IN UNNEST([copies, 1]) FROM nba.predictions", "INT64"),
        ],
    );
}

#[test]
fn what_bigquery_may_answer_is_not_called_wrong() {
    all_fail(
        Kind::Unsupported,
        "does not know",
        &[
            (
                "SELECT SUM(x) FROM (SELECT 9223372036854775807 AS x UNION ALL SELECT 1 UNION ALL SELECT -1)",
                "intermediate result",
            ),
            ("SELECT SUM(x) > 1 FROM (SELECT 1e308 AS x UNION ALL SELECT 1e308)", "FLOAT64"),
            ("SELECT AVG(x) FROM (SELECT 1e308 AS x UNION ALL SELECT 1e308)", "FLOAT64"),
            ("SELECT CAST('0x1F' AS FLOAT64)", "hexadecimal"),
            ("SELECT PARSE_DATE('%F', '2026-01-28')", "PARSE_DATE"),
            ("SELECT DATE(2, 9007199254740993, 1)", "32 bits"),
            ("SELECT SAFE_DIVIDE(copies, current_points_line) FROM nba.predictions", "NUMERIC"),
            (
                "SELECT LAG(copies, 1, copies) OVER (ORDER BY copies) FROM nba.predictions",
                "a default",
            ),
            (
                "SELECT FORMAT_DATE('%F', created_at) FROM nba.predictions",
                "FORMAT_DATE of TIMESTAMP",
            ),
            (
                "SELECT DATE_DIFF(game_date, local_time, DAY) FROM nba.predictions",
                "DATE_DIFF of DATETIME",
            ),
        ],
    );
}

#[test]
fn an_order_is_by_the_alias_where_a_grouped_column_has_its_name_too() {
    let warehouse = with(ROW);
    let rows = "(SELECT 1 AS x UNION ALL SELECT 2) AS t";
    let sql = format!("SELECT -x AS x FROM {rows} GROUP BY t.x ORDER BY x");
    assert_eq!(answer(&warehouse, &sql), "-2\n-1");
}

#[test]
fn a_key_is_not_the_column_that_it_is_cast_from() {
    let sql = "SELECT game_date FROM nba.predictions GROUP BY CAST(game_date AS STRING)";
    all_fail(Kind::Refused, "neither grouped nor aggregated", &[(sql, "game_date")]);
}

#[test]
fn a_number_in_parentheses_is_the_number_of_a_column() {
    let warehouse = with(ROW);
    let rows = "(SELECT 2 AS x UNION ALL SELECT 1)";
    for (sql, expected) in [
        (format!("SELECT x FROM {rows} ORDER BY (1)"), "1\n2"),
        (format!("SELECT x, COUNT(*) FROM {rows} GROUP BY ((1)) ORDER BY 1"), "1 1\n2 1"),
        (format!("SELECT 'a' AS k FROM {rows} ORDER BY k LIMIT 1"), "a"),
    ] {
        assert_eq!(answer(&warehouse, &sql), expected, "{sql}");
    }
}

#[test]
fn literals_that_order_and_group_nothing_are_refused() {
    all_fail(
        Kind::Refused,
        "",
        &[
            ("SELECT copies FROM nba.predictions ORDER BY TRUE", "the literal true"),
            ("SELECT copies FROM nba.predictions ORDER BY (NULL), 1", "the literal NULL"),
            ("SELECT copies FROM nba.predictions ORDER BY -1", "the literal -1"),
            ("SELECT COUNT(*) FROM nba.predictions GROUP BY 'a'", "the literal 'a'"),
            (
                "SELECT FIRST_VALUE(CAST(NULL AS INT64)) OVER (ORDER BY copies) FROM nba.predictions",
                "does not take NULL",
            ),
        ],
    );
}
