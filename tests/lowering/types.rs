//! Sets of types, and tuples of them merged for people to read.

use std::collections::BTreeMap;

use onerow::googlesql::SqlType;

use super::edges::TYPES;

/// A set of types, as bits in the order of `TYPES`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TypeSet(u16);

impl TypeSet {
    fn of(sql_type: SqlType) -> Self {
        let place = TYPES.iter().position(|(known, _)| *known == sql_type);
        Self(1 << place.expect("a type that has columns"))
    }

    pub fn name(self) -> String {
        let has = |i: usize| self.0 & (1 << i) != 0;
        let numbers = Self::numbers();
        if self.0 == (1 << TYPES.len()) - 1 {
            return "any".to_owned();
        }
        let all_numbers = self.0 & numbers == numbers;
        let mut names = Vec::new();
        for (i, (sql_type, _)) in TYPES.iter().enumerate().filter(|(i, _)| has(*i)) {
            if all_numbers && numbers & (1 << i) != 0 {
                if *sql_type == SqlType::Int64 {
                    names.push("number".to_owned());
                }
            } else {
                names.push(sql_type.to_string());
            }
        }
        names.join("/")
    }

    fn numbers() -> u16 {
        use SqlType::{BigNumeric, Float64, Int64, Numeric};
        [Int64, Float64, Numeric, BigNumeric].iter().map(|t| Self::of(*t).0).sum()
    }
}

/// Products of sets that together hold exactly these tuples.
pub fn products(tuples: &[Vec<SqlType>]) -> Vec<Vec<TypeSet>> {
    if tuples.first().is_none_or(Vec::is_empty) {
        return tuples.first().map(|_| Vec::new()).into_iter().collect();
    }
    let mut heads: BTreeMap<Vec<TypeSet>, u16> = BTreeMap::new();
    for tuple in tuples {
        let tail: Vec<TypeSet> = tuple[1..].iter().map(|t| TypeSet::of(*t)).collect();
        *heads.entry(tail).or_default() |= TypeSet::of(tuple[0]).0;
    }
    let mut tails: BTreeMap<u16, Vec<Vec<SqlType>>> = BTreeMap::new();
    for tuple in tuples {
        let tail: Vec<TypeSet> = tuple[1..].iter().map(|t| TypeSet::of(*t)).collect();
        let of_head = tails.entry(heads[&tail]).or_default();
        let tail = tuple[1..].to_vec();
        if !of_head.contains(&tail) {
            of_head.push(tail);
        }
    }
    let with_head = |(head, tails): (u16, Vec<Vec<SqlType>>)| {
        products(&tails)
            .into_iter()
            .map(move |tail| std::iter::once(TypeSet(head)).chain(tail).collect::<Vec<_>>())
    };
    let mut all: Vec<Vec<TypeSet>> = tails.into_iter().flat_map(with_head).collect();
    all.sort();
    all
}
