//! Each claim over the tables of edges, row by row, by both.

use std::collections::HashMap;
use std::fmt::Write as _;

use onerow::googlesql::SqlValue;

use super::claims::{Claim, Over};
use super::compare::{self, Floats, Outcome, Theirs};
use super::edges::{self, Tables};
use super::ours::Ours;
use super::questions::{self, Answers, Given, Question};

/// What both sides say to each claim.
#[derive(Default)]
pub struct Compared {
    pub rows: usize,
    /// Rows in which both gave a value.
    pub values: usize,
    /// Rows in which Google's implementation met an error in a part that we did not look at:
    /// GoogleSQL leaves the order of evaluation open.
    pub open: usize,
    pub differences: Vec<String>,
    /// Claims that gave no value in any row.
    pub hollow: Vec<String>,
}

/// Asks both; `None` where Google's implementation is not there.
pub fn compare<'a>(claims: &[&'a Claim], tables: &Tables) -> Option<Compared> {
    let of = |claim: &&'a Claim| {
        let collective = claim.over != Over::Row;
        let tables = [Some(edges::TABLE), collective.then_some(edges::CALM)];
        let question = |table| {
            (*claim, Question { expression: claim.over_columns(), over: claim.over, table })
        };
        tables.into_iter().flatten().map(question).collect::<Vec<_>>()
    };
    let (claims, questions): (Vec<&Claim>, Vec<Question>) = claims.iter().flat_map(of).unzip();
    let given = questions::ask(&questions, tables)?;
    let ours = Ours::with(tables);
    let mut compared = Compared::default();
    for ((claim, question), given) in claims.iter().zip(&questions).zip(given) {
        let ours = we_say(&ours, question, tables);
        compared.question(question, &ours, &given, |id| operands(claim, id, tables), |_| false);
    }
    Some(compared)
}

impl Compared {
    /// Takes the answers to one question in. `operands` says what it was about in a row, `spared`
    /// whether a part of it fails there that needs not be looked at.
    pub fn question<'r>(
        &mut self,
        question: &Question,
        ours: &Answers<Outcome>,
        theirs: &Given,
        operands: impl Fn(i64) -> Vec<&'r SqlValue>,
        spared: impl Fn(i64) -> bool,
    ) {
        let wild = question.over != Over::Row && question.table == edges::TABLE;
        let floats = match wild {
            true => Floats::Any,
            false => Floats::Exact,
        };
        let mut ids: Vec<i64> = ours.keys().copied().collect();
        ids.sort_unstable();
        self.rows += ids.len();
        let values = ids.iter().filter(|id| ours[id].is_ok()).count();
        self.values += values;
        if values == 0 && !wild {
            self.hollow.push(question.query());
        }
        let mut found = String::new();
        let mut count = 0;
        for id in ids {
            let their = match theirs {
                Ok(answers) => answers[&id].clone(),
                Err(error) => Theirs::Error(error.clone()),
            };
            if compare::agree(&ours[&id], &their, floats) {
                continue;
            }
            if matches!((&ours[&id], &their), (Ok(_), Theirs::Error(_))) && spared(id) {
                self.open += 1;
                continue;
            }
            count += 1;
            if count <= 2 {
                let operands = operands(id);
                let ours = &ours[&id];
                _ = write!(found, "\n  {operands:?}\n    ours: {ours:?}\n    Google's: {their:?}");
            }
        }
        if count > 0 {
            let query = question.query();
            self.differences.push(format!("{query} ({count} rows){found}"));
        }
    }
}

/// What the claim's operands are in this row.
fn operands<'t>(claim: &Claim, id: i64, tables: &'t Tables) -> Vec<&'t SqlValue> {
    if claim.over == Over::All {
        return Vec::new();
    }
    let columns = edges::columns();
    let row = &tables.edges[usize::try_from(id).unwrap()];
    let operands = claim.types.iter().enumerate().map(|(copy, sql_type)| {
        let name = edges::column(*sql_type, copy);
        &row[columns.iter().position(|(known, _)| known.as_str() == name).unwrap()]
    });
    operands.collect()
}

/// The embedded warehouse's answers. Where the query fails, each row is asked by itself.
pub fn we_say(ours: &Ours, question: &Question, tables: &Tables) -> Answers<Outcome> {
    let sql = question.query();
    let ids = 0..tables.named(question.table).len() as i64;
    match (ours.run(&sql), question.over) {
        (Ok(found), Over::All) => HashMap::from([(0, Ok(found[0][0].clone()))]),
        (Err(why), Over::All) => HashMap::from([(0, Err(why))]),
        (Ok(found), _) => found.into_iter().map(by_id).collect(),
        (Err(why), Over::Window) => ids.map(|id| (id, Err(why.clone()))).collect(),
        (Err(_), Over::Row) => ids.map(|id| (id, in_row(ours, &sql, id))).collect(),
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
