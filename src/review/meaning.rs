//! The meaning of a statement's change, in sentences. Changes that the parts do not explain are reported as
//! unjudged: a false alarm is better than a false 'safe'.

use std::collections::BTreeSet;

use sqlparser::ast::Statement;

use super::features::Features;

/// The meaning of a statement's change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Meaning {
    /// The effects, a sentence each.
    pub sentences: Vec<String>,
    /// The changes that could not be judged, a sentence each.
    pub unjudged: Vec<String>,
}

/// Compares two versions of a statement; `None` if the parser cannot read one.
pub(super) fn of(old: Option<&Statement>, new: Option<&Statement>) -> Meaning {
    let mut meaning = Meaning::default();
    let (Some(old), Some(new)) = (old, new) else {
        meaning.unjudged.push("the parser cannot read both versions".to_owned());
        return meaning;
    };
    if old == new {
        meaning.sentences.push("formatting and comments only: the same statement".to_owned());
        return meaning;
    }
    let (old, new) = (Features::of(old), Features::of(new));
    keys(&old, &new, &mut meaning);
    orders(&old, &new, &mut meaning);
    // A statement may rank in several places with one definition.
    let mut said = BTreeSet::new();
    meaning.sentences.retain(|sentence| said.insert(sentence.clone()));
    conditions(&old, &new, &mut meaning);
    let said = &mut meaning.sentences;
    if old.tables != new.tables {
        said.push(format!("tables changed from {} to {}", code(&old.tables), code(&new.tables)));
    }
    if old.sets != new.sets {
        said.push(format!(
            "the UPDATE sets {}; before, it set {}",
            code(&new.sets),
            code(&old.sets)
        ));
    }
    outputs(&old, &new, &mut meaning);
    if old.rest != new.rest {
        let sentence = "something besides key, order, conditions, tables, columns set and columns returned changed";
        meaning.unjudged.push(sentence.to_owned());
    }
    if meaning.sentences.is_empty() && meaning.unjudged.is_empty() {
        meaning.unjudged.push("the statements differ, in a way that no part shows".to_owned());
    }
    meaning
}

fn keys(old: &Features, new: &Features, meaning: &mut Meaning) {
    if old.keys == new.keys {
        return;
    }
    if old.keys.len() != new.keys.len() {
        meaning.unjudged.push("it ranks rows in more or fewer ways than before".to_owned());
        return;
    }
    for (old, new) in old.keys.iter().zip(&new.keys).filter(|(old, new)| old != new) {
        let added = missing(new, old);
        let dropped = missing(old, new);
        let sentence = match (added.is_empty(), dropped.is_empty()) {
            (true, true) => format!(
                "the key's columns stand in another order, {}: the same rows are duplicates",
                code(new)
            ),
            (false, true) => format!(
                "the key is widened by {}: rows that differ in it are no longer duplicates of each other, so fewer rows are duplicates",
                code(&added)
            ),
            (true, false) => format!(
                "the key is narrowed, {} is no longer part of it: rows that differ in it become duplicates of each other, so more rows are duplicates",
                code(&dropped)
            ),
            (false, false) => format!(
                "the key changed: {} joined it, {} left it; other rows are duplicates",
                code(&added),
                code(&dropped)
            ),
        };
        meaning.sentences.push(sentence);
    }
}

fn orders(old: &Features, new: &Features, meaning: &mut Meaning) {
    if old.orders.len() != new.orders.len() {
        return;
    }
    for (old, new) in old.orders.iter().zip(&new.orders).filter(|(old, new)| old != new) {
        let sentence = if old.starts_with(new) {
            format!(
                "the tie-break {} was dropped from the order of survival: between rows that are equal in {} the survivor is left to chance",
                code(&old[new.len()..]),
                code(new)
            )
        } else if new.starts_with(old) {
            format!(
                "the tie-break {} was added to the order of survival: rows that were equal before are told apart",
                code(&new[old.len()..])
            )
        } else {
            format!(
                "the order of survival changed from {} to {}: other rows may survive",
                code(old),
                code(new)
            )
        };
        meaning.sentences.push(sentence);
    }
}

fn conditions(old: &Features, new: &Features, meaning: &mut Meaning) {
    let said = &mut meaning.sentences;
    for added in new.conditions.difference(&old.conditions) {
        said.push(format!(
            "the condition {} was added: fewer rows are looked at or changed",
            code([added])
        ));
    }
    for dropped in old.conditions.difference(&new.conditions) {
        said.push(format!(
            "the condition {} was dropped: more rows are looked at or changed",
            code([dropped])
        ));
    }
    // Under NOT, or in a comparison, fewer rows inside can mean more rows outside.
    for added in new.inner_conditions.difference(&old.inner_conditions) {
        said.push(format!(
            "the condition {} was added to a subquery: fewer rows take part in it",
            code([added])
        ));
    }
    for dropped in old.inner_conditions.difference(&new.inner_conditions) {
        said.push(format!(
            "the condition {} was dropped from a subquery: more rows take part in it",
            code([dropped])
        ));
    }
}

fn outputs(old: &Features, new: &Features, meaning: &mut Meaning) {
    let added = missing(&new.outputs, &old.outputs);
    let dropped = missing(&old.outputs, &new.outputs);
    if !added.is_empty() {
        meaning.sentences.push(format!("it returns {} in addition", code(&added)));
    }
    if !dropped.is_empty() {
        meaning.sentences.push(format!("it no longer returns {}", code(&dropped)));
    }
    if added.is_empty() && dropped.is_empty() && old.outputs != new.outputs {
        meaning.sentences.push("it returns the same columns in another order".to_owned());
    }
}

/// The items of `these` that are not in `those`.
fn missing(these: &[String], those: &[String]) -> Vec<String> {
    these.iter().filter(|item| !those.contains(item)).cloned().collect()
}

/// A list of fragments as Markdown code, with backquotes and line ends escaped.
fn code<'a>(items: impl IntoIterator<Item = &'a String>) -> String {
    let items: Vec<String> = items
        .into_iter()
        .map(|item| format!("`{}`", item.replace('`', "").replace(['\n', '\r'], " ")))
        .collect();
    match items.is_empty() {
        true => "nothing".to_owned(),
        false => items.join(", "),
    }
}
