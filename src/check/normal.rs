//! Normalized trees, so that two texts with one meaning are equal.

use std::mem;
use std::ops::ControlFlow;

use sqlparser::ast::{
    BinaryOperator, Expr, ObjectNamePart, TableAlias, TableFactor, Value, VisitMut, VisitorMut,
};

use super::condition::into_conjuncts;
use crate::googlesql::is_function;

/// The tree without redundant parentheses, with ANDed conditions sorted, GoogleSQL's functions in upper case,
/// and AS before each alias.
pub(super) fn normal<T: VisitMut + Clone>(tree: &T) -> T {
    let mut tree = tree.clone();
    _ = tree.visit(&mut Normal::default());
    tree
}

/// Whether both are equal after normalization.
pub(super) fn same<T: VisitMut + Clone + PartialEq>(one: &T, other: &T) -> bool {
    one == other || normal(one) == normal(other)
}

#[derive(Default)]
struct Normal {
    /// The operands of the enclosing chains of ANDs, which are sorted with their chain.
    operands: Vec<*const Expr>,
}

impl VisitorMut for Normal {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        if let Expr::BinaryOp { left, op: BinaryOperator::And, right } = expr {
            self.operands.extend([left, right].map(|operand| std::ptr::from_ref(&**operand)));
        }
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        if let Expr::BinaryOp { op: BinaryOperator::And, .. } = expr {
            self.operands.truncate(self.operands.len() - 2);
        }
        if let Expr::Nested(inner) = expr {
            *expr = mem::replace(&mut **inner, nothing());
        }
        match expr {
            Expr::BinaryOp { op: BinaryOperator::And, .. }
                if !self.operands.contains(&std::ptr::from_ref(expr)) =>
            {
                in_order(expr);
            }
            Expr::Function(function) => {
                if let [ObjectNamePart::Identifier(name)] = function.name.0.as_mut_slice()
                    && is_function(&name.value)
                {
                    name.value.make_ascii_uppercase();
                }
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<()> {
        match factor {
            TableFactor::Table { alias: Some(TableAlias { explicit, .. }), .. }
            | TableFactor::Derived { alias: Some(TableAlias { explicit, .. }), .. }
            | TableFactor::UNNEST { alias: Some(TableAlias { explicit, .. }), .. } => {
                *explicit = true;
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

/// Sorts the operands of a chain of ANDs by their text.
fn in_order(chain: &mut Expr) {
    let mut operands = into_conjuncts(mem::replace(chain, nothing()));
    operands.sort_by_cached_key(Expr::to_string);
    let joined = operands.into_iter().reduce(|left, right| Expr::BinaryOp {
        left: Box::new(left),
        op: BinaryOperator::And,
        right: Box::new(right),
    });
    *chain = joined.unwrap_or_else(nothing);
}

fn nothing() -> Expr {
    Expr::Value(Value::Null.into())
}

#[cfg(test)]
mod tests {
    use sqlparser::parser::Parser;

    use super::*;
    use crate::check::condition::conjuncts;
    use crate::googlesql::{parse, tokens, with_stack};

    fn tree(sql: &str) -> Expr {
        parse(tokens(sql).unwrap(), Parser::parse_expr).unwrap()
    }

    #[test]
    fn what_means_nothing_is_left_out() {
        let condition =
            tree("a < 1 AND COALESCE(b < 2, TRUE) AND id IN (SELECT id FROM t AS x WHERE c AND d)");
        for other in [
            "(a < 1 AND COALESCE(b < 2, TRUE)) AND id IN (SELECT id FROM t AS x WHERE c AND d)",
            "COALESCE(b < 2, TRUE) AND (id IN (SELECT id FROM t AS x WHERE c AND d) AND (a < 1))",
            "a < 1 AND coalesce((b < 2), true) and id in (select id from t x where (d AND (c)))",
        ] {
            assert!(same(&condition, &tree(other)), "{other}");
        }
        for other in [
            "a < 1 AND COALESCE(b < 2, TRUE) OR id IN (SELECT id FROM t AS x WHERE c AND d)",
            "a < 1 AND COALESCE(b < 2, TRUE)",
            "a < 1 AND COALESCE(b < 2, TRUE) AND id IN (SELECT id FROM T AS x WHERE c AND d)",
            "a < 1 AND COALESCE(b < 2, TRUE) AND id IN (SELECT id FROM t AS x WHERE c OR d)",
            "a < 1 AND COALESCE(b < 2, FALSE) AND id IN (SELECT id FROM t AS x WHERE c AND d)",
        ] {
            assert!(!same(&condition, &tree(other)), "{other}");
        }
        assert!(!same(&tree("(a + b) * c"), &tree("a + b * c")), "brackets that mean something");
    }

    /// A chain of the greatest parsed length, with brackets of the same depth.
    #[test]
    fn a_long_chain_is_put_in_order_once() {
        let brackets = format!("{}x{}", "(a AND ".repeat(20), ")".repeat(20));
        let long = format!("{}{brackets}", "b = 1 AND c IS NULL AND ".repeat(400));
        let long = tree(&long);
        let count = with_stack(&long, || conjuncts(&normal(&long)).len());
        assert_eq!(count, 821);
    }
}
