//! Random expressions of a type, made of what the lowering claims and nothing else.

use std::collections::HashMap;
use std::sync::LazyLock;

use onerow::googlesql::{SqlType, SqlValue};

use super::claims::{self, Claim, Over, query};
use super::edges::{self, TYPES, Tables};
use super::forms::Sort;
use super::ours::Ours;

/// The claims by the type of their value, each shape counted once however many types it takes.
pub struct Grammar<'a> {
    shapes: HashMap<(Over, SqlType), Vec<Vec<&'a Claim>>>,
}

/// An expression with the expressions that it is made of.
#[derive(Debug, Clone)]
pub struct Tree {
    pub sql: String,
    pub children: Vec<Tree>,
}

/// What an expression may name: a column's text and its type.
pub type Names = [(String, SqlType)];

/// The grammar of what is claimed.
pub fn claimed() -> &'static Grammar<'static> {
    static CLAIMED: LazyLock<Grammar<'static>> = LazyLock::new(|| Grammar::new(claims::claimed()));
    &CLAIMED
}

impl<'a> Grammar<'a> {
    /// The type of a claim's value is that of the values it gives.
    fn new(claims: &'a [Claim]) -> Self {
        let ours = Ours::with(&Tables::new(7, 12));
        let mut shapes: HashMap<(Over, SqlType), Vec<Vec<&'a Claim>>> = HashMap::new();
        let fit = |claim: &&Claim| claim.is_determined() && !claim.form.gives_bytes();
        for claim in claims.iter().filter(fit) {
            let Some(sql_type) = type_of(&ours, claim) else { continue };
            let of_type = shapes.entry((claim.over, sql_type)).or_default();
            match of_type.iter_mut().find(|known| known[0].form.shape == claim.form.shape) {
                Some(known) => known.push(claim),
                None => of_type.push(vec![claim]),
            }
        }
        Self { shapes }
    }

    /// One of the claims that give this type, of this kind.
    pub fn claim(
        &self,
        random: &mut fastrand::Rng,
        over: Over,
        sql_type: SqlType,
    ) -> Option<&'a Claim> {
        let shapes = self.shapes.get(&(over, sql_type))?;
        let claims = &shapes[random.usize(..shapes.len())];
        Some(claims[random.usize(..claims.len())])
    }

    /// An expression of this type, at most so deep.
    pub fn expression(
        &self,
        random: &mut fastrand::Rng,
        sql_type: SqlType,
        depth: usize,
        names: &Names,
    ) -> Tree {
        let claim = match depth == 0 || random.u8(..5) == 0 {
            true => None,
            false => self.claim(random, Over::Row, sql_type),
        };
        let Some(claim) = claim else { return leaf(random, sql_type, names) };
        let mut children = Vec::new();
        for operand in &claim.types {
            children.push(self.expression(random, *operand, depth - 1, names));
        }
        let operands: Vec<String> = children.iter().map(|child| child.sql.clone()).collect();
        Tree { sql: format!("({})", claim.form.of(&operands)), children }
    }
}

fn leaf(random: &mut fastrand::Rng, sql_type: SqlType, names: &Names) -> Tree {
    let known: Vec<&String> =
        names.iter().filter(|(_, known)| *known == sql_type).map(|(name, _)| name).collect();
    let sql = match random.u8(..8) {
        0 => format!("CAST(NULL AS {sql_type})"),
        1..6 if !known.is_empty() => known[random.usize(..known.len())].clone(),
        _ => literal(random, sql_type),
    };
    Tree { sql, children: Vec::new() }
}

fn literal(random: &mut fastrand::Rng, sql_type: SqlType) -> String {
    let values = edges::calm(sql_type);
    let value = SqlValue::parse(values[random.usize(..values.len())], sql_type).unwrap();
    match edges::literal(&value, sql_type) {
        // Two of these signs begin a comment.
        negative if negative.starts_with('-') => format!("({negative})"),
        literal => literal,
    }
}

fn type_of(ours: &Ours, claim: &Claim) -> Option<SqlType> {
    if claim.form.sort == Sort::Cast {
        let (_, target) = claim.form.shape.split_once(" AS ")?;
        return target.trim_end_matches(')').parse().ok();
    }
    let sql = query(&claim.over_columns(), claim.over, edges::CALM);
    let rows = ours.run(&sql).ok()?;
    let value = rows.iter().filter_map(|row| row.last()?.sql_type()).next()?;
    let wide = claim.types.contains(&SqlType::BigNumeric);
    Some(if value == SqlType::Numeric && wide { SqlType::BigNumeric } else { value })
}

/// A type that columns have.
pub fn any_type(random: &mut fastrand::Rng) -> SqlType {
    TYPES[random.usize(..TYPES.len())].0
}

/// The columns of a table, as its alias has them.
pub fn columns_of(alias: &str) -> Vec<(String, SqlType)> {
    let columns = edges::columns().into_iter();
    columns.map(|(name, sql_type)| (format!("{alias}.{}", name.as_str()), sql_type)).collect()
}
