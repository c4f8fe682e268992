//! Findings about rendered SQL.

use sqlparser::ast;

use crate::statement::Statement;

/// A statement that passed every check. Only [`run`](crate::check) makes one, and a warehouse
/// takes nothing else.
#[derive(Debug, Clone)]
pub struct Checked {
    statement: Statement,
    parsed: ast::Statement,
}

impl Checked {
    /// The statement's text, step, window and fingerprint.
    pub fn statement(&self) -> &Statement {
        &self.statement
    }

    /// The statement's parsed form.
    pub fn parsed(&self) -> &ast::Statement {
        &self.parsed
    }

    /// Whether it changes rows.
    pub fn mutates(&self) -> bool {
        !matches!(self.parsed, ast::Statement::Query(_))
    }
}
