//! The parts of a statement that can be compared separately. All remaining text is kept too, so that a change
//! of it is reported as unjudged.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use sqlparser::ast::{
    BinaryOperator, Expr, Function, Ident, NamedWindowDefinition, NamedWindowExpr, ObjectName,
    ObjectNamePart, Query, Select, SetExpr, Statement, Update, Visit, VisitMut, Visitor,
    VisitorMut, WindowSpec, WindowType,
};

/// The parts of a statement, each as text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Features {
    /// The partition columns of each ranking in the statement.
    pub keys: Vec<Vec<String>>,
    /// The sort order of each ranking.
    pub orders: Vec<Vec<String>>,
    /// Every condition that selects rows to read or change.
    pub conditions: BTreeSet<String>,
    /// Conditions of subqueries inside conditions: their effect depends on the outer condition.
    pub inner_conditions: BTreeSet<String>,
    /// The assignments of an UPDATE.
    pub sets: Vec<String>,
    /// The output columns of a query.
    pub outputs: Vec<String>,
    /// The tables read or changed.
    pub tables: BTreeSet<String>,
    /// Everything else.
    pub rest: String,
}

impl Features {
    pub fn of(statement: &Statement) -> Self {
        let mut features = Self::default();
        let mut rest = statement.clone();
        if let Statement::Update(update) = &mut rest {
            features.take_update(update);
        }
        _ = VisitMut::visit(&mut rest, &mut Taker { features: &mut features, inside: 0 });
        if let Statement::Query(query) = &mut rest {
            features.take_outputs(query);
        }
        features.rest = rest.to_string();
        features
    }

    fn take_update(&mut self, update: &mut Update) {
        self.sets = update.assignments.drain(..).map(|set| set.to_string()).collect();
        self.take_condition(&mut update.selection, 0);
    }

    fn take_outputs(&mut self, query: &mut Query) {
        let mut body = &mut *query.body;
        while let SetExpr::Query(inner) = body {
            body = &mut inner.body;
        }
        if let SetExpr::Select(select) = body {
            self.outputs = select.projection.drain(..).map(|item| item.to_string()).collect();
        }
    }

    fn take_window(&mut self, window: &mut WindowSpec) {
        self.keys.push(window.partition_by.drain(..).map(|key| key.to_string()).collect());
        // In a ranking with staged rows, the tie-breakers are not the rule's.
        let orders = window.order_by.drain(..).map(|by| by.to_string());
        self.orders.push(orders.filter(|by| by != "onerow_staged").collect());
    }

    fn take_condition(&mut self, condition: &mut Option<Expr>, inside: usize) {
        if let Some(whole) = condition {
            let mut conjuncts = Vec::new();
            split(whole, &mut conjuncts);
            // Conditions with a subquery stay in place, and the subquery is analysed.
            let (plain, nested): (Vec<Expr>, Vec<Expr>) =
                conjuncts.into_iter().partition(|conjunct| !holds_query(conjunct));
            let conditions = match inside > 0 {
                true => &mut self.inner_conditions,
                false => &mut self.conditions,
            };
            conditions.extend(plain.iter().map(ToString::to_string));
            *condition = nested.into_iter().reduce(and);
        }
    }
}

/// Extracts the parts from a tree.
struct Taker<'a> {
    features: &'a mut Features,
    /// The number of open subqueries inside conditions.
    inside: usize,
}

impl VisitorMut for Taker<'_> {
    type Break = ();

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<()> {
        self.features.take_condition(&mut select.selection, self.inside);
        for NamedWindowDefinition(_, window) in &mut select.named_window {
            if let NamedWindowExpr::WindowSpec(window) = window {
                self.features.take_window(window);
            }
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        self.inside += usize::from(is_subquery(expr));
        if let Expr::Function(Function { name, over: Some(WindowType::WindowSpec(window)), .. }) =
            expr
            && ranks(name)
        {
            self.features.take_window(window);
        }
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        self.inside -= usize::from(is_subquery(expr));
        ControlFlow::Continue(())
    }

    fn pre_visit_relation(&mut self, relation: &mut ObjectName) -> ControlFlow<()> {
        self.features.tables.insert(crate::check::dotted(relation));
        *relation = ObjectName(vec![ObjectNamePart::Identifier(Ident::new("t"))]);
        ControlFlow::Continue(())
    }
}

fn is_subquery(expr: &Expr) -> bool {
    matches!(expr, Expr::Subquery(_) | Expr::InSubquery { .. } | Expr::Exists { .. })
}

fn ranks(name: &ObjectName) -> bool {
    let name = crate::check::dotted(name);
    ["ROW_NUMBER", "RANK", "DENSE_RANK"].iter().any(|known| known.eq_ignore_ascii_case(&name))
}

fn split(condition: &Expr, conjuncts: &mut Vec<Expr>) {
    match condition {
        Expr::Nested(inner)
            if matches!(**inner, Expr::BinaryOp { op: BinaryOperator::And, .. }) =>
        {
            split(inner, conjuncts);
        }
        Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
            split(left, conjuncts);
            split(right, conjuncts);
        }
        other => conjuncts.push(other.clone()),
    }
}

fn and(left: Expr, right: Expr) -> Expr {
    Expr::BinaryOp { left: Box::new(left), op: BinaryOperator::And, right: Box::new(right) }
}

fn holds_query(expr: &Expr) -> bool {
    struct Find;
    impl Visitor for Find {
        type Break = ();
        fn pre_visit_query(&mut self, _: &Query) -> ControlFlow<()> {
            ControlFlow::Break(())
        }
    }
    Visit::visit(expr, &mut Find).is_break()
}
