//! Expressions that people put into a key, on the embedded warehouse: each of them can be tried there, and
//! its values are Google's. `tests/keys/` has them, a rule, and rows.

use serde_json::json;

use crate::common::whole::{Transcript, whole};
use crate::common::{Project, google, part};
use crate::lowering::{Answer, literal_answer};

const KEYS: &str = include_str!("keys/keys.txt");
const RULE: &str = include_str!("keys/onerow.toml");
const ROWS: &str = include_str!("keys/rows.csv");

fn with_key(expression: &str) -> Project {
    let rule = RULE.replace("key = [\"s\"]", &format!("key = ['''{expression}''']"));
    assert_ne!(rule, RULE, "the rule has another key");
    let project = Project::new(&rule);
    project.write("rows.csv", ROWS);
    project
}

#[test]
fn each_key_can_be_tried_locally() {
    let rounded = "ROUND(f, 2)";
    let keys = KEYS.lines().filter(|line| !line.is_empty());
    let (refused, taken): (Vec<&str>, Vec<&str>) = keys.partition(|key| *key == rounded);
    // PARTITION BY takes no FLOAT64, in BigQuery neither.
    assert_eq!(refused, [rounded]);
    let project = with_key(rounded);
    project.onerow("load rows.csv").exits(0);
    whole!(project.onerow("status --date 2026-01-28"), @"
    $ onerow status --date 2026-01-28
    exit code 3
    -- stderr
    error[findings]: always-refused: BigQuery refuses it: PARTITION BY does not take FLOAT64
      --> t: detect of 2026-01-28:17:5
       |
    17 |     ROW_NUMBER() OVER (
       |     ^
       |
       = note: the line comes from sql/_survivors.sql (built in):73:7
       = help: BigQuery refuses it too; cast the number: CAST(… AS NUMERIC) or CAST(… AS STRING)
    ");
    let as_text = format!("CAST({rounded} AS STRING)");
    for expression in taken.into_iter().chain([as_text.as_str()]) {
        let project = with_key(expression);
        project.onerow("load rows.csv").exits(0);
        let status = project.onerow("status --date 2026-01-28 --format json").exits(0).json();
        assert_eq!(status["dates"][0]["keys"], 1, "{expression}");
        project.onerow("apply --date 2026-01-28 --yes").exits(0);
    }
}

#[test]
fn what_is_not_known_of_a_key_is_named_and_points_to_bigquery() {
    let mut said = Transcript::default();
    for expression in [
        "FORMAT('%x', n)",
        r"REGEXP_EXTRACT(s, r'\pN')",
        "JSON_VALUE(s, '$[*]')",
        "NORMALIZE(s, NFKC)",
        "FORMAT_TIMESTAMP('%Z', ts)",
        "SPLIT(s, '@')",
        "SOUNDEX(s)",
    ] {
        let project = with_key(expression);
        project.onerow("load rows.csv").exits(0);
        said.case(expression, project.onerow("status --date 2026-01-28"));
    }
    whole!(said, @r"
    # FORMAT('%x', n)
    $ onerow status --date 2026-01-28
    exit code 1
    -- stderr
    error[unsupported]: the embedded warehouse does not know the format element %x in FORMAT('%x', …)
      note: while running detect of 2026-01-28
      help: run it on a `bigquery` warehouse

    # REGEXP_EXTRACT(s, r'\pN')
    $ onerow status --date 2026-01-28
    exit code 1
    -- stderr
    error[unsupported]: the embedded warehouse does not know a class of Unicode in the regular expression '\pN'
      note: while running detect of 2026-01-28
      help: run it on a `bigquery` warehouse

    # JSON_VALUE(s, '$[*]')
    $ onerow status --date 2026-01-28
    exit code 1
    -- stderr
    error[unsupported]: the embedded warehouse does not know the JSONPath '$[*]' of JSON_VALUE
      note: while running detect of 2026-01-28
      help: run it on a `bigquery` warehouse

    # NORMALIZE(s, NFKC)
    $ onerow status --date 2026-01-28
    exit code 1
    -- stderr
    error[unsupported]: the embedded warehouse does not know NORMALIZE in the mode `NFKC`
      note: while running detect of 2026-01-28
      help: run it on a `bigquery` warehouse

    # FORMAT_TIMESTAMP('%Z', ts)
    $ onerow status --date 2026-01-28
    exit code 1
    -- stderr
    error[unsupported]: the embedded warehouse does not know the format element %Z of FORMAT_TIMESTAMP
      note: while running detect of 2026-01-28
      help: run it on a `bigquery` warehouse

    # SPLIT(s, '@')
    $ onerow status --date 2026-01-28
    exit code 1
    -- stderr
    error[unsupported]: the embedded warehouse does not know the function SPLIT with 2 arguments
      note: while running detect of 2026-01-28
      help: run it on a `bigquery` warehouse

    # SOUNDEX(s)
    $ onerow status --date 2026-01-28
    exit code 1
    -- stderr
    error[unsupported]: the embedded warehouse does not know the function SOUNDEX with 1 arguments
      note: while running detect of 2026-01-28
      help: run it on a `bigquery` warehouse
    ");
}

/// Expressions of literals, at the edges of what functions take.
#[test]
fn functions_of_edge_values_give_googles_answers() {
    let expressions = include_str!("keys/edges.txt").lines().filter(|line| !line.is_empty());
    let expressions: Vec<&str> = part::of(expressions, 4).collect();
    let queries: Vec<String> =
        expressions.iter().map(|expression| format!("SELECT {expression} AS v")).collect();
    let ours: Vec<Answer> = queries.iter().map(|query| literal_answer(query)).collect();
    let values = ours.iter().filter(|ours| ours.is_value()).count();
    assert!(values * 3 > ours.len() * 2, "only {values} of {} have a value", ours.len());
    let Some(answer) = google::ask(&json!({ "answers": queries })) else { return };
    let theirs = answer["answers"].as_array().unwrap();
    let differences: Vec<String> = ours
        .iter()
        .zip(theirs)
        .zip(&expressions)
        .filter(|((ours, theirs), _)| !ours.agrees_with(theirs))
        .map(|((ours, theirs), expression)| {
            format!("{expression}\n  ours: {ours}\n  Google's: {theirs}")
        })
        .collect();
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

/// SQLite hands a collation outward; that of NUMERIC would take '1' and '1.0' for one text.
#[test]
fn texts_beside_a_comparison_of_numerics_are_compared_as_texts() {
    for operand in [
        "IF(n1 < n2, s, s)",
        "IF(n1 BETWEEN n2 AND n2, s, s)",
        "CASE WHEN GREATEST(n1, n2) IS NULL THEN NULL ELSE s END",
        "CAST(GREATEST(n1, n2) AS STRING)",
        "CAST(LEAST(n1, n2) AS STRING)",
        "(SELECT CAST(MAX(n1) AS STRING) FROM t)",
        "(SELECT CAST(MIN(n1) OVER () AS STRING) FROM t)",
        "(SELECT STRING_AGG(s ORDER BY n1) FROM t)",
    ] {
        for question in [
            format!("{operand} = '1.0'"),
            format!("'1.0' = {operand}"),
            format!("{operand} IN ('1.0', '01')"),
        ] {
            let query = format!(
                "WITH t AS (SELECT NUMERIC '1' AS n1, NUMERIC '1' AS n2, '1' AS s) \
                 SELECT {question} AS v FROM t"
            );
            assert_eq!(literal_answer(&query).to_string(), "Ok(Bool(false))", "{question}");
        }
    }
}
