//! Questions that both can answer, and how Google's reference implementation answers them.

use std::collections::HashMap;

use serde_json::{Value as Json, json};

use super::claims::Over;
use super::compare::{self, Theirs};
use super::edges::Tables;
use crate::common::google;

/// An expression over the rows of a table.
#[derive(Debug, Clone)]
pub struct Question {
    pub expression: String,
    pub over: Over,
    pub table: &'static str,
}

impl Question {
    /// The query whose column `v` it is.
    pub fn query(&self) -> String {
        super::claims::query(&self.expression, self.over, self.table)
    }
}

/// Answers by row; that of an aggregate stands under 0.
pub type Answers<T> = HashMap<i64, T>;

/// Google's answers, or the error of the whole query.
pub type Given = Result<Answers<Theirs>, String>;

/// Questions that one query asks.
const TOGETHER: usize = 24;

/// Asks Google's implementation, many questions in one query; where that fails, one by one.
pub fn ask(questions: &[Question], tables: &Tables) -> Option<Vec<Given>> {
    let mut order: Vec<usize> = (0..questions.len()).collect();
    order.sort_by_key(|i| kind(&questions[*i]));
    let groups: Vec<&[usize]> = order
        .chunk_by(|a, b| kind(&questions[*a]) == kind(&questions[*b]))
        .flat_map(|alike| alike.chunks(TOGETHER))
        .collect();
    let mut given: Vec<Option<Given>> = questions.iter().map(|_| None).collect();
    let failed = ask_groups(questions, &groups, tables, &mut given)?;
    let alone: Vec<&[usize]> = failed.iter().flat_map(|group| group.chunks(1)).collect();
    ask_groups(questions, &alone, tables, &mut given)?;
    Some(given.into_iter().map(|given| given.expect("each question was asked")).collect())
}

fn kind(question: &Question) -> (&'static str, Over) {
    (question.table, question.over)
}

/// Fills in the answers; gives back the groups whose query failed.
fn ask_groups<'g>(
    questions: &[Question],
    groups: &[&'g [usize]],
    tables: &Tables,
    given: &mut [Option<Given>],
) -> Option<Vec<&'g [usize]>> {
    let queries: Vec<String> = groups.iter().map(|group| together(questions, group)).collect();
    let request = json!({ "tables": tables.described(), "answers": queries });
    let found = google::ask(&request)?;
    let mut failed = Vec::new();
    for (group, found) in groups.iter().zip(found["answers"].as_array().unwrap()) {
        let error = found["error"].as_str();
        failed.extend(error.map(|_| *group));
        for (place, i) in group.iter().enumerate() {
            given[*i] = Some(match error {
                Some(error) => Err(error.to_owned()),
                None => column(&questions[*i], place, found),
            });
        }
    }
    Some(failed)
}

/// One query. Where each row stands for itself, an error of one is kept from the others.
fn together(questions: &[Question], group: &[usize]) -> String {
    let first = &questions[group[0]];
    let mut items = Vec::new();
    if first.over != Over::All {
        items.push("id".to_owned());
    }
    for i in group {
        let expression = &questions[*i].expression;
        if first.over != Over::Row {
            items.push(expression.clone());
        } else {
            items.push(format!("ISERROR({expression})"));
            items.push(format!("NULLIFERROR({expression})"));
        }
    }
    format!("SELECT {} FROM `{}`", items.join(", "), first.table)
}

/// The answers to one of the questions of a query.
fn column(question: &Question, place: usize, found: &Json) -> Given {
    let at = match question.over {
        Over::Row => 2 + 2 * place,
        Over::All => place,
        Over::Window => 1 + place,
    };
    let type_name = found["types"][at].as_str().unwrap();
    let answers = found["rows"].as_array().unwrap().iter().map(|row| {
        let id = match question.over {
            Over::All => 0,
            _ => row[0].as_str().unwrap().parse().unwrap(),
        };
        let answer = match question.over == Over::Row && row[at - 1] == "true" {
            true => Theirs::Error("an error in this row".to_owned()),
            false => compare::value(&row[at], type_name),
        };
        (id, answer)
    });
    Ok(answers.collect())
}
