//! Comparing parsed statements: where two differ in literals alone, and where in one expression.

use std::ops::ControlFlow;

use sqlparser::ast::{Expr, Statement, Value, VisitMut, VisitorMut};
use sqlparser::dialect::BigQueryDialect;
use sqlparser::parser::Parser;

/// The only statement of this text.
pub fn parsed(sql: &str) -> Statement {
    let mut statements =
        Parser::parse_sql(&BigQueryDialect, sql).unwrap_or_else(|error| panic!("{error}\n{sql}"));
    assert_eq!(statements.len(), 1, "{sql}");
    statements.remove(0)
}

/// The tree as text, and the string literals that were taken out of it, in order.
pub fn without_strings(sql: &str) -> (String, Vec<String>) {
    struct Strings(Vec<String>);
    impl VisitorMut for Strings {
        type Break = ();
        fn pre_visit_value(
            &mut self,
            value: &mut sqlparser::ast::ValueWithSpan,
        ) -> ControlFlow<()> {
            if let Value::SingleQuotedString(text) = &mut value.value {
                self.0.push(std::mem::take(text));
            }
            ControlFlow::Continue(())
        }
    }
    let (mut tree, mut strings) = (parsed(sql), Strings(Vec::new()));
    _ = tree.visit(&mut strings);
    (tree.to_string(), strings.0)
}

/// The tree as text, with each expression that reads like this one replaced by a name.
pub fn without_expression(sql: &str, expression: &str) -> String {
    struct Swap<'a>(&'a str);
    impl VisitorMut for Swap<'_> {
        type Break = ();
        fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
            if expr.to_string() == self.0 {
                *expr = Expr::Identifier("here".into());
            }
            ControlFlow::Continue(())
        }
    }
    let mut parser = Parser::new(&BigQueryDialect).try_with_sql(expression).unwrap();
    let written = parser.parse_expr().unwrap().to_string();
    let mut tree = parsed(sql);
    _ = tree.visit(&mut Swap(&written));
    tree.to_string()
}
