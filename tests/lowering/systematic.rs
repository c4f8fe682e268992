//! Each claim over the tables of edges, row by row, by both.

use std::collections::HashMap;
use std::fmt::Write as _;

use onerow::googlesql::SqlValue;

use crate::claims::Claim;
use crate::compare::{self, Floats, Outcome, Theirs};
use crate::edges::{self, Tables};
use crate::forms::Sort;
use crate::ours::Ours;
use crate::questions::{self, Answers, Given, Question};

/// What both sides say to each claim.
#[derive(Default)]
pub struct Compared<'a> {
    pub rows: usize,
    /// Rows in which both gave a value.
    pub values: usize,
    pub differences: Vec<String>,
    /// Claims that gave no value in any row.
    pub hollow: Vec<String>,
    /// The type of each claim's value.
    pub types: Vec<(&'a Claim, String)>,
}

/// Asks both; `None` where Google's implementation is not there.
pub fn compare<'a>(claims: &[&'a Claim], tables: &Tables) -> Option<Compared<'a>> {
    let of = |claim: &&'a Claim| {
        let tables = [Some(edges::TABLE), claim.is_collective().then_some(edges::CALM)];
        tables.into_iter().flatten().map(|table| Question { claim, table }).collect::<Vec<_>>()
    };
    let questions: Vec<Question<'a>> = claims.iter().flat_map(of).collect();
    let given = questions::ask(&questions, tables)?;
    let ours = Ours::with(tables);
    let mut compared = Compared::default();
    for (question, given) in questions.iter().zip(given) {
        compared.types.extend(given.sql_type.clone().map(|t| (question.claim, t)));
        let rows = tables.named(question.table);
        compared.question(question, &we_say(&ours, question, rows.len()), &given, rows);
    }
    Some(compared)
}

impl Compared<'_> {
    fn question(
        &mut self,
        question: &Question<'_>,
        ours: &Answers<Outcome>,
        theirs: &Given,
        rows: &[Vec<SqlValue>],
    ) {
        let claim = question.claim;
        let floats = match claim.is_collective() && question.table == edges::TABLE {
            true => Floats::Any,
            false => Floats::Exact,
        };
        let mut ids: Vec<i64> = ours.keys().copied().collect();
        ids.sort_unstable();
        self.rows += ids.len();
        let values = ids.iter().filter(|id| ours[id].is_ok()).count();
        self.values += values;
        if values == 0 && !(claim.is_collective() && question.table == edges::TABLE) {
            self.hollow.push(claim.query(question.table));
        }
        let mut found = String::new();
        let mut count = 0;
        for id in ids {
            let their = match &theirs.answers {
                Ok(answers) => answers[&id].clone(),
                Err(error) => Theirs::Error(error.clone()),
            };
            if compare::agree(&ours[&id], &their, floats) {
                continue;
            }
            count += 1;
            if count <= 2 {
                let operands = operands(claim, id, rows);
                let ours = &ours[&id];
                _ = write!(found, "\n  {operands:?}\n    ours: {ours:?}\n    Google's: {their:?}");
            }
        }
        if count > 0 {
            let query = claim.query(question.table);
            self.differences.push(format!("{query} ({count} rows){found}"));
        }
    }
}

/// What the claim's operands are in this row.
fn operands<'a>(claim: &Claim, id: i64, rows: &'a [Vec<SqlValue>]) -> Vec<&'a SqlValue> {
    if claim.aggregate {
        return Vec::new();
    }
    let columns = edges::columns();
    let row = &rows[usize::try_from(id).unwrap()];
    let operands = claim.types.iter().enumerate().map(|(copy, sql_type)| {
        let name = edges::column(*sql_type, copy);
        &row[columns.iter().position(|(known, _)| known.as_str() == name).unwrap()]
    });
    operands.collect()
}

/// The embedded warehouse's answers. Where the query fails, each row is asked by itself.
fn we_say(ours: &Ours, question: &Question<'_>, rows: usize) -> Answers<Outcome> {
    let claim = question.claim;
    let sql = claim.query(question.table);
    let ids = 0..rows as i64;
    match ours.run(&sql) {
        Ok(found) if claim.aggregate => HashMap::from([(0, Ok(found[0][0].clone()))]),
        Ok(found) => found.into_iter().map(by_id).collect(),
        Err(why) if claim.aggregate => HashMap::from([(0, Err(why))]),
        Err(why) if claim.form.sort == Sort::Window => {
            ids.map(|id| (id, Err(why.clone()))).collect()
        }
        Err(_) => ids.map(|id| (id, in_row(ours, &sql, id))).collect(),
    }
}

fn in_row(ours: &Ours, sql: &str, id: i64) -> Outcome {
    ours.run(&format!("{sql} WHERE id = {id}")).map(|rows| rows[0][1].clone())
}

fn by_id(mut row: Vec<SqlValue>) -> (i64, Outcome) {
    let value = row.pop().unwrap();
    match row.pop() {
        Some(SqlValue::Int64(id)) => (id, Ok(value)),
        other => panic!("{other:?} is no id"),
    }
}
