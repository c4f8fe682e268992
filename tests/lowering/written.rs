//! The claims as the document lists them.

use std::collections::BTreeMap;

use onerow::googlesql::SqlType;

use super::claims::{Claim, Over};
use super::clauses::{self, CLAUSES};
use super::edges::TYPES;
use super::forms::Sort;
use super::ours::Ours;
use super::types::{TypeSet, products};
use crate::common::document;

/// The section of `docs/embedded.md`.
pub fn section(claims: &[Claim], ours: &Ours) -> String {
    let of = |wanted: &dyn Fn(&Claim) -> bool| {
        signatures(&claims.iter().filter(|claim| wanted(claim)).collect::<Vec<_>>())
    };
    let scalar = |sort| move |claim: &Claim| claim.form.sort == sort && claim.over != Over::All;
    let parts = [
        ("Operators", of(&scalar(Sort::Operator))),
        ("Functions", of(&scalar(Sort::Function))),
        ("Aggregates", of(&|claim| claim.over == Over::All)),
        ("Window functions", of(&scalar(Sort::Window))),
        ("Casts", casts(claims)),
        ("Clauses", clauses(ours)),
    ];
    parts.iter().map(|(title, text)| format!("### {title}\n\n{text}\n")).collect()
}

/// Tuples of types that operands may have.
type Tuples = Vec<Vec<SqlType>>;

/// One shape with the operands it takes: what stands in code, and what to know about its letters.
type Signature = (String, String);

fn signatures(claims: &[&Claim]) -> String {
    // Shape → part → tuples of types, all in the order of the claims.
    let mut shapes: Vec<(&str, Vec<(&str, Tuples)>)> = Vec::new();
    for claim in claims {
        let (shape, part) = (claim.form.shape.as_str(), claim.form.part.unwrap_or_default());
        if shapes.last().is_none_or(|(last, _)| *last != shape) {
            shapes.push((shape, Vec::new()));
        }
        let parts = &mut shapes.last_mut().expect("just pushed").1;
        if parts.last().is_none_or(|(last, _)| *last != part) {
            parts.push((part, Vec::new()));
        }
        parts.last_mut().expect("just pushed").1.push(claim.types.clone());
    }
    let mut rows: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (shape, parts) in shapes {
        let mut alike: Vec<(Vec<&str>, Tuples)> = Vec::new();
        for (part, tuples) in parts {
            match alike.iter_mut().find(|(_, known)| *known == tuples) {
                Some((parts, _)) => parts.push(part),
                None => alike.push((vec![part], tuples)),
            }
        }
        for (parts, tuples) in alike {
            for (code, about) in merged(shape, &products(&tuples)) {
                let parts: Vec<String> =
                    parts.iter().filter(|p| !p.is_empty()).map(|p| format!("`{p}`")).collect();
                let about = match parts.is_empty() {
                    true => about,
                    false => [about, parts.join(", ")].join(" part: ").trim().to_owned(),
                };
                rows.entry(about).or_default().push(format!("`{code}`"));
            }
        }
    }
    let simple = rows.remove("").map(|codes| codes.join(", ") + "\n").unwrap_or_default();
    let rows: Vec<Vec<String>> = rows
        .into_iter()
        .map(|(about, codes)| vec![cell(&codes.join(", ")), cell(&about)])
        .collect();
    match (simple.is_empty(), rows.is_empty()) {
        (_, true) => simple,
        (true, false) => table(&rows),
        (false, false) => format!("{simple}\n{}", table(&rows)),
    }
}

fn table(rows: &[Vec<String>]) -> String {
    document::markdown(&["takes", "where"], rows)
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

/// The shape with each product, or once with `T` where the products differ in one type only.
fn merged(shape: &str, products: &[Vec<TypeSet>]) -> Vec<Signature> {
    let fill = |names: Vec<String>| {
        let each = names.iter().enumerate();
        each.fold(shape.to_owned(), |text, (i, name)| text.replace(&format!("{{{i}}}"), name))
    };
    let arity = products.first().map_or(0, Vec::len);
    let is_same: Vec<bool> =
        (0..arity).map(|i| products.iter().all(|p| p[i] == products[0][i])).collect();
    let varies = is_same.iter().position(|same| !same);
    let one_letter = varies.filter(|first| {
        products.iter().all(|p| (0..arity).all(|i| is_same[i] || p[i] == p[*first]))
    });
    match one_letter {
        Some(first) => {
            let name = |i: usize| if is_same[i] { products[0][i].name() } else { "T".to_owned() };
            let types: Vec<String> = products.iter().map(|p| p[first].name()).collect();
            vec![(fill((0..arity).map(name).collect()), format!("T: {}", types.join(", ")))]
        }
        None => products
            .iter()
            .map(|p| (fill(p.iter().map(|set| set.name()).collect()), String::new()))
            .collect(),
    }
}

fn casts(claims: &[Claim]) -> String {
    let targets = |from: SqlType, cast: &str| {
        let is_it = |claim: &&Claim| {
            claim.form.sort == Sort::Cast && claim.form.name == cast && claim.types == [from]
        };
        let target = |claim: &Claim| {
            let (_, target) = claim.form.shape.split_once(" AS ").unwrap_or_default();
            target.trim_end_matches(')').to_owned()
        };
        let targets: Vec<String> = claims.iter().filter(is_it).map(target).collect();
        targets.join(", ")
    };
    let row = |(from, _): &(SqlType, &str)| {
        vec![from.to_string(), targets(*from, "CAST"), targets(*from, "SAFE_CAST")]
    };
    document::markdown(
        &["from", "CAST to", "SAFE_CAST to"],
        &TYPES.iter().map(row).collect::<Vec<_>>(),
    )
}

fn clauses(ours: &Ours) -> String {
    let (taken, not): (Vec<_>, Vec<_>) =
        CLAUSES.iter().partition(|(_, sql)| ours.prepare(&clauses::query(sql)).is_ok());
    let list = |clauses: Vec<&(&str, &str)>| {
        clauses.iter().map(|(title, _)| *title).collect::<Vec<_>>().join("; ")
    };
    format!("Taken: {}.\n\nNot taken, and an error that says so: {}.\n", list(taken), list(not))
}
