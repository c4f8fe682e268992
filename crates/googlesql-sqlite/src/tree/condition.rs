//! The condition that joins two sides, split into parts.

use super::{Form, Node, Term};

/// The parts of a condition of which only the truth matters: FALSE and NULL count the same.
#[derive(Debug, Default)]
pub(crate) struct Condition<'t> {
    /// Equalities between the first and the second side.
    pub equal: Vec<Equal<'t>>,
    /// Conditions on the first side alone.
    pub of_first: Vec<&'t Term>,
    /// All other conditions.
    pub rest: Vec<&'t Term>,
}

/// An expression of the first side that must equal one of the second.
#[derive(Debug)]
pub(crate) struct Equal<'t> {
    pub first: &'t Term,
    pub second: &'t Term,
    /// Whether NULL equals NULL.
    pub nulls: bool,
}

impl<'t> Condition<'t> {
    /// Splits a condition. `first` and `second` are the names of the sides.
    pub fn of(term: &'t Term, first: &str, second: &str) -> Self {
        let mut condition = Self::default();
        let mut open = vec![term];
        while let Some(term) = open.pop() {
            if let Some([left, right]) = operands(term, Form::Infix(" AND ")) {
                open.extend([right, left]);
                continue;
            }
            let only = |term: &Term, side: &str| term.reads_only(side);
            match equal(term) {
                _ if only(term, first) => condition.of_first.push(term),
                Some((left, right, nulls)) if only(left, first) && only(right, second) => {
                    condition.equal.push(Equal { first: left, second: right, nulls });
                }
                Some((left, right, nulls)) if only(left, second) && only(right, first) => {
                    condition.equal.push(Equal { first: right, second: left, nulls });
                }
                _ => condition.rest.push(term),
            }
        }
        condition
    }
}

/// The two sides of `a = b`, or of a NULL-safe equality: `a IS NOT DISTINCT FROM b`, and `a = b OR (a IS NULL
/// AND b IS NULL)`, the form from which BigQuery can prune partitions.
fn equal(term: &Term) -> Option<(&Term, &Term, bool)> {
    if let Some([left, right]) = operands(term, Form::Equal("=")) {
        return Some((left, right, false));
    }
    let nullable = operands(term, Form::Compare("IS")).or_else(|| {
        let [one, other] = operands(term, Form::Infix(" OR "))?;
        equal_or_null(one, other).or_else(|| equal_or_null(other, one))
    });
    nullable.map(|[left, right]| (left, right, true))
}

/// The two sides of an equality, if the other condition is that both are NULL.
fn equal_or_null<'t>(equal: &'t Term, nulls: &'t Term) -> Option<[&'t Term; 2]> {
    let sides = operands(equal, Form::Equal("="))?;
    let [left, right] = operands(nulls, Form::Infix(" AND "))?;
    let [left, right] = [is_null(left)?, is_null(right)?];
    (sides == [left, right] || sides == [right, left]).then_some(sides)
}

fn operands(term: &Term, wanted: Form) -> Option<[&Term; 2]> {
    match &term.node {
        Node::Call(form, args) if *form == wanted => match args.as_slice() {
            [left, right] => Some([left, right]),
            _ => None,
        },
        _ => None,
    }
}

fn is_null(term: &Term) -> Option<&Term> {
    match &term.node {
        Node::Call(Form::Is("IS NULL"), args) => args.first(),
        _ => None,
    }
}

impl Term {
    /// Whether every column it reads belongs to this table or query. False for subqueries.
    fn reads_only(&self, source: &str) -> bool {
        let all = |terms: &[Self]| terms.iter().all(|term| term.reads_only(source));
        match &self.node {
            Node::Value(_) | Node::Parameter(_) => true,
            Node::Column { source: of, .. } => of == source,
            Node::Call(_, args) => all(args),
            Node::Case { operand, arms, otherwise } => {
                let beside = operand.iter().chain(otherwise).all(|term| term.reads_only(source));
                beside
                    && arms
                        .iter()
                        .all(|(when, then)| when.reads_only(source) && then.reads_only(source))
            }
            Node::Json(value) => value.reads_only(source),
            Node::Object(members) => members.iter().all(|(_, term)| term.reads_only(source)),
            Node::Output(_)
            | Node::Aggregate { .. }
            | Node::Window { .. }
            | Node::Only { .. }
            | Node::Exists { .. }
            | Node::Among { .. } => false,
        }
    }
}
