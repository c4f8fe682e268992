//! The lowering, proven: what the embedded warehouse claims is printed from its table of functions and
//! asked of it, listed in `docs/embedded.md`, and compared with Google's reference implementation; what it does not claim
//! is an error.

mod claims;
mod clauses;
mod compare;
mod edges;
mod forms;
mod grammar;
mod judged;
mod literals;
mod ours;
mod queries;
mod questions;
mod random;
mod systematic;
mod types;
mod written;

pub use literals::{Answer, literal_answer};

use std::collections::HashSet;

use claims::{Claim, Depth, Unclaimed, claimed, probed};
use edges::Tables;
use judged::Judge;
use ours::{Ours, Refusal};
use serde_json::json;

use crate::common::{document, google, part};

#[test]
fn the_document_lists_what_the_lowering_claims() {
    let ours = Ours::with(&Tables::new(0, 0));
    document::section("embedded.md", "claims", &written::section(claimed(), &ours));
}

#[test]
fn the_table_of_functions_claims_what_is_prepared() {
    let claims = claims::of_functions();
    let listed: HashSet<&Claim> = claims.iter().collect();
    assert_eq!(listed.len(), claims.len(), "a claim stands there twice");
    let functions = probed().claims.iter().filter(|claim| claim.is_of_function());
    let prepared: HashSet<&Claim> = functions.collect();
    let empty: Vec<_> = listed.difference(&prepared).collect();
    assert!(empty.is_empty(), "claimed, and not prepared: {empty:#?}");
    let silent: Vec<_> = prepared.difference(&listed).collect();
    assert!(silent.is_empty(), "prepared, and not claimed: {silent:#?}");
}

#[test]
fn what_is_not_claimed_is_an_error_of_onerows() {
    let foreign: Vec<&Unclaimed> = probed()
        .unclaimed
        .iter()
        .filter(|unclaimed| matches!(unclaimed.why, Refusal::Foreign(_)))
        .collect();
    assert!(foreign.is_empty(), "{foreign:#?}");
    if number("ONEROW_GRAMMAR_QUERIES").is_some() {
        let all = claims::all(Depth::Full).claims;
        let overlooked: Vec<_> =
            all.iter().filter(|claim| !probed().claims.contains(claim)).collect();
        assert!(overlooked.is_empty(), "{overlooked:#?}");
    }
    let ours = Ours::with(&Tables::new(0, 0));
    for (title, sql) in clauses::CLAUSES {
        let prepared = ours.prepare(&clauses::query(sql));
        let known =
            matches!(prepared, Ok(()) | Err(Refusal::Unsupported(_) | Refusal::Unreadable(_)));
        assert!(known, "{title}: {prepared:?}");
    }
}

/// How many queries, as the environment has it.
fn number(variable: &str) -> Option<usize> {
    std::env::var(variable).ok().map(|text| text.parse().expect("a number"))
}

#[test]
fn every_claim_gives_googles_answer() {
    let seed = part::seed();
    let rows = if number("ONEROW_GRAMMAR_QUERIES").is_some() { 200 } else { 16 };
    let claims = claimed().iter().filter(|claim| claim.is_determined());
    let claims: Vec<_> = match number("ONEROW_GRAMMAR_QUERIES") {
        Some(_) => claims.collect(),
        None => {
            // A claim has its turn every twelfth day, and then another window than the time before.
            let number = (part::turn() / 12) as usize;
            part::of(claims::one_window_each(claims.collect(), number), 12).collect()
        }
    };
    let Some(compared) = systematic::compare(&claims, &Tables::new(seed, rows)) else { return };
    eprintln!(
        "{} claims, {} answers, {} of them values, agree (seed {seed})",
        claims.len(),
        compared.rows,
        compared.values
    );
    let differences = compared.differences;
    assert!(
        differences.is_empty(),
        "seed {seed}: {}\n{}",
        differences.len(),
        differences.join("\n")
    );
    assert!(
        compared.hollow.is_empty(),
        "claimed, and an error in each row: {:#?}",
        compared.hollow
    );
}

#[test]
fn what_is_refused_as_bigquery_would_is_refused_by_googles_analyzer() {
    let seed = part::seed();
    let count = number("ONEROW_GRAMMAR_QUERIES").unwrap_or_else(|| part::cases(200, 50));
    let refused = probed().unclaimed.iter().filter(|u| matches!(u.why, Refusal::Refused(_)));
    let mut refused: Vec<&Unclaimed> = refused.collect();
    fastrand::Rng::with_seed(seed).shuffle(&mut refused);
    refused.truncate(count);
    let queries: Vec<&str> = refused.iter().map(|unclaimed| unclaimed.sql.as_str()).collect();
    let request = json!({ "tables": Tables::new(0, 0).described(), "accepts": queries });
    let Some(answer) = google::ask(&request) else { return };
    let accepted = answer["accepts"].as_array().unwrap().iter().zip(&refused);
    let accepted: Vec<&&Unclaimed> =
        accepted.filter(|(error, _)| error.is_null()).map(|(_, unclaimed)| unclaimed).collect();
    eprintln!("{} queries are refused by both (seed {seed})", refused.len() - accepted.len());
    assert!(accepted.is_empty(), "Google's analyzer takes {}: {accepted:#?}", accepted.len());
}

#[test]
fn check_refuses_no_query_that_is_claimed() {
    let judge = Judge::new();
    let alarms: Vec<String> = part::of(claimed(), 6)
        .map(|claim| claims::query(&claim.over_columns(), claim.over, edges::TABLE))
        .filter_map(|sql| judge.refused(&sql).map(|why| format!("{why}\n    {sql}")))
        .collect();
    assert!(alarms.is_empty(), "{}: {}", alarms.len(), alarms.join("\n"));
}

#[test]
fn what_check_refuses_is_refused_by_googles_analyzer() {
    let (seed, judge) = (part::seed(), Judge::new());
    let count = number("ONEROW_GRAMMAR_QUERIES").unwrap_or_else(|| part::cases(400, 25));
    let mut unclaimed: Vec<&Unclaimed> = probed().unclaimed.iter().collect();
    fastrand::Rng::with_seed(seed).shuffle(&mut unclaimed);
    let clauses = clauses::CLAUSES.iter().map(|(_, sql)| clauses::query(sql));
    let asked = clauses.chain(unclaimed.into_iter().map(|unclaimed| unclaimed.sql.clone()));
    let found = asked.filter_map(|sql| judge.refused(&sql).map(|why| (sql, why)));
    let refused: Vec<(String, String)> = found.take(count).collect();
    assert!(refused.len() * 2 > count.min(400), "hardly anything is refused: {}", refused.len());
    let queries: Vec<&str> = refused.iter().map(|(sql, _)| sql.as_str()).collect();
    let request = json!({ "tables": Tables::new(0, 0).described(), "accepts": queries });
    let Some(answer) = google::ask(&request) else { return };
    let accepted = answer["accepts"].as_array().unwrap().iter().zip(&refused);
    let alarms: Vec<_> =
        accepted.filter(|(error, _)| error.is_null()).map(|(_, refused)| refused).collect();
    eprintln!("{} queries are refused by both (seed {seed})", refused.len() - alarms.len());
    assert!(alarms.is_empty(), "Google's analyzer takes {}: {alarms:#?}", alarms.len());
}

#[test]
fn the_names_of_functions_are_those_of_googles_catalog() {
    let Some(answer) = google::ask(&json!({ "functions": true })) else { return };
    let known: Vec<&str> =
        answer["functions"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    assert_eq!(known, forms::functions());
}

#[test]
fn random_expressions_give_googles_answers() {
    let seed = part::seed();
    let count = number("ONEROW_GRAMMAR_QUERIES").unwrap_or_else(|| part::cases(200, 24));
    let Some(compared) =
        random::expressions(grammar::claimed(), &Tables::new(seed, 12), seed, count)
    else {
        return;
    };
    let (rows, values) = (compared.rows, compared.values);
    eprintln!("{count} expressions, {rows} answers, {values} of them values, agree (seed {seed})");
    let differences = compared.differences;
    assert!(
        differences.is_empty(),
        "seed {seed}: {}\n{}",
        differences.len(),
        differences.join("\n")
    );
    assert!(values * 3 > rows, "most are errors");
}

#[test]
fn random_queries_give_googles_answers() {
    let seed = part::seed();
    let count = number("ONEROW_GRAMMAR_QUERIES").unwrap_or_else(|| part::cases(120, 12));
    let Some(asked) = random::queries(grammar::claimed(), &Tables::new(seed, 24), seed, count)
    else {
        return;
    };
    eprintln!(
        "{count} queries, {} answered with {} rows, {} failed in both, {} left open (seed {seed})",
        asked.answered, asked.rows, asked.failed, asked.open
    );
    let differences = asked.differences;
    assert!(
        differences.is_empty(),
        "seed {seed}: {}\n{}",
        differences.len(),
        differences.join("\n")
    );
    assert!(asked.answered * 2 > count, "most are errors");
}
