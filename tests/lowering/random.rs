//! Random expressions and queries, asked of both.

use onerow::googlesql::SqlValue;
use serde_json::{Value as Json, json};

use super::claims::{self, Over};
use super::compare::{self, Theirs};
use super::edges::{self, Tables};
use super::grammar::{Grammar, Tree, any_type, columns_of};
use super::ours::{Ours, Refusal};
use super::queries::Queries;
use super::questions::{self, Question};
use super::systematic::{Compared, we_say};
use crate::common::google;

/// How deep an expression may be.
const DEPTH: usize = 4;

/// So many expressions, row by row.
pub fn expressions(
    grammar: &Grammar<'_>,
    tables: &Tables,
    seed: u64,
    count: usize,
) -> Option<Compared> {
    let mut random = fastrand::Rng::with_seed(seed);
    let names: Vec<_> = columns_of("x").into_iter().map(|(n, t)| (n[2..].to_owned(), t)).collect();
    let trees: Vec<Tree> = (0..count)
        .map(|_| {
            let sql_type = any_type(&mut random);
            grammar.expression(&mut random, sql_type, DEPTH, &names)
        })
        .collect();
    let (compared, wrong) = ask(&trees, tables)?;
    if wrong.is_empty() {
        return Some(compared);
    }
    // What is wrong may be wrong in a part.
    let mut parts: Vec<Tree> = wrong.iter().flat_map(|i| all_parts(&trees[*i])).collect();
    parts.sort_by_key(|part| part.sql.len());
    parts.dedup_by(|a, b| a.sql == b.sql);
    ask(&parts, tables).map(|(smaller, _)| smaller)
}

fn all_parts(tree: &Tree) -> Vec<Tree> {
    let mut parts: Vec<Tree> = tree.children.iter().flat_map(all_parts).collect();
    parts.push(tree.clone());
    parts
}

/// What came of it, and which of the expressions differ.
fn ask(trees: &[Tree], tables: &Tables) -> Option<(Compared, Vec<usize>)> {
    let question = |tree: &Tree| Question {
        expression: tree.sql.clone(),
        over: Over::Row,
        table: edges::TABLE,
    };
    let questions: Vec<Question> = trees.iter().map(question).collect();
    let given = questions::ask(&questions, tables)?;
    let ours = Ours::with(tables);
    let mut compared = Compared::default();
    let mut wrong = Vec::new();
    for (i, (question, given)) in questions.iter().zip(given).enumerate() {
        let before = compared.differences.len();
        let answers = we_say(&ours, question, tables);
        let spared = |id| trees[i].children.iter().any(|part| fails(&ours, part, id));
        compared.question(question, &answers, &given, |_| Vec::new(), spared);
        if compared.differences.len() > before {
            wrong.push(i);
        }
    }
    Some((compared, wrong))
}

/// Whether the expression or a part of it is an error in this row.
fn fails(ours: &Ours, tree: &Tree, id: i64) -> bool {
    let sql = format!("{} WHERE id = {id}", claims::query(&tree.sql, Over::Row, edges::TABLE));
    ours.run(&sql).is_err() || tree.children.iter().any(|part| fails(ours, part, id))
}

/// What came of random queries.
#[derive(Default)]
pub struct Asked {
    pub rows: usize,
    /// Both gave rows.
    pub answered: usize,
    /// Both failed, or the embedded warehouse did not know something.
    pub failed: usize,
    /// One of them met an error in a row that the other did not have to look at: GoogleSQL leaves
    /// the order of evaluation open.
    pub open: usize,
    pub differences: Vec<String>,
}

/// So many queries.
pub fn queries(grammar: &Grammar<'_>, tables: &Tables, seed: u64, count: usize) -> Option<Asked> {
    let mut queries = Queries { grammar, random: fastrand::Rng::with_seed(seed) };
    let queries: Vec<String> = (0..count).map(|_| queries.query()).collect();
    let request = json!({ "tables": tables.described(), "answers": queries });
    let given = google::ask(&request)?;
    let (ours, judge) = (Ours::with(tables), super::judged::Judge::new());
    let mut asked = Asked::default();
    for (sql, theirs) in queries.iter().zip(given["answers"].as_array().unwrap()) {
        // An error of the evaluation depends on the rows, and `check` knows none.
        let taken = theirs["error"].as_str().is_none_or(|e| e.starts_with("[OUT_OF_RANGE]"));
        if let (true, Some(why)) = (taken, judge.refused(sql)) {
            asked.differences.push(format!("{sql}\n    check: {why}"));
        }
        asked.query(sql, ours.run(sql), theirs);
    }
    Some(asked)
}

impl Asked {
    fn query(&mut self, sql: &str, ours: Result<Vec<Vec<SqlValue>>, Refusal>, theirs: &Json) {
        let error = theirs["error"].as_str();
        let evaluation = error.is_some_and(|error| error.starts_with("[OUT_OF_RANGE]"));
        match (ours, error) {
            (Err(Refusal::Unsupported(_)), _) => self.failed += 1,
            (Err(Refusal::Refused(_)), Some(_)) => self.failed += 1,
            (Err(Refusal::Refused(why)), None) if why.contains("cannot run the query") => {
                self.open += 1
            }
            (Ok(_), Some(_)) if evaluation => self.open += 1,
            (Ok(rows), None) => {
                self.answered += 1;
                self.rows += rows.len();
                let about = sql.contains("SUM(") || sql.contains("AVG(");
                let ours = lines(
                    rows.iter().map(|row| row.iter().cloned().map(Theirs::Value).collect()),
                    about,
                );
                let theirs = lines(their_rows(theirs).into_iter(), about);
                if ours != theirs {
                    let (only_ours, only_theirs) =
                        (without(&ours, &theirs), without(&theirs, &ours));
                    self.differences.push(format!(
                        "{sql}\n    ours: {only_ours:?}\n    Google's: {only_theirs:?}"
                    ));
                }
            }
            (ours, theirs) => {
                self.differences
                    .push(format!("{sql}\n    ours: {ours:?}\n    Google's: {theirs:?}"));
            }
        }
    }
}

fn their_rows(given: &Json) -> Vec<Vec<Theirs>> {
    let types: Vec<&str> =
        given["types"].as_array().unwrap().iter().map(|t| t.as_str().unwrap()).collect();
    let row = |row: &Json| {
        let cells = row.as_array().unwrap().iter().zip(&types);
        cells.map(|(cell, sql_type)| compare::value(cell, sql_type)).collect()
    };
    given["rows"].as_array().unwrap().iter().map(row).collect()
}

/// Rows as sorted lines. A sum of FLOAT64 may be rounded otherwise in its last digits.
fn lines(rows: impl Iterator<Item = Vec<Theirs>>, rounded: bool) -> Vec<String> {
    let cell = |cell: &Theirs| match cell {
        Theirs::Value(SqlValue::Float64(number)) if rounded => format!("{:.9e}", number + 0.0),
        Theirs::Value(SqlValue::Float64(number)) => format!("{:?}", number + 0.0),
        Theirs::Value(value) => format!("{value:?}"),
        other => format!("{other:?}"),
    };
    let line = |row: Vec<Theirs>| row.iter().map(cell).collect::<Vec<_>>().join(" | ");
    let mut lines: Vec<String> = rows.map(line).collect();
    lines.sort();
    lines
}

/// The first few lines that the other has not.
fn without<'l>(lines: &'l [String], others: &[String]) -> Vec<&'l String> {
    let mut rest = others.to_vec();
    let missing = lines.iter().filter(|line| match rest.iter().position(|other| other == *line) {
        Some(i) => {
            rest.swap_remove(i);
            false
        }
        None => true,
    });
    missing.take(3).collect()
}
