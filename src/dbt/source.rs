//! What rules are made of: a model or source, and what is found about it.

use super::left_out::LeftOut;
use super::manifest::Node;
use super::proposed::Proposed;

/// The rules, and what has none.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub rules: Vec<Proposed>,
    pub left_out: Vec<LeftOut>,
    /// The project of most tables.
    pub project: Option<String>,
}

/// The table of a node, with its project. A rule of the project of the warehouse is written without it later.
pub(super) fn table(node: &Node) -> String {
    let parts = [node.database.as_deref(), node.schema.as_deref(), Some(node.table())];
    parts.into_iter().flatten().collect::<Vec<_>>().join(".")
}
