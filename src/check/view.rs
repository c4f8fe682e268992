//! The only definitions that onerow changes: the rule's read-side view, in separate steps.

use sqlparser::ast::{CreateView, ObjectName, Spanned, Statement};

use super::{Code, Finding, Text, dotted};

/// Checks the creation of a view.
pub(super) fn created(
    text: &Text<'_>,
    parsed: &Statement,
    view: &CreateView,
    findings: &mut Vec<Finding>,
) {
    findings.extend(other_view(text, parsed, &view.name));
    if !is_plain(view) {
        findings.push(text.finding(
            Code::WrongKind,
            view.name.span(),
            "it is more than a plain view of the survivors",
            "write CREATE OR REPLACE VIEW {{ rule.view }} AS and a query",
        ));
    }
}

/// Checks the dropping of views.
pub(super) fn dropped(
    text: &Text<'_>,
    parsed: &Statement,
    names: &[ObjectName],
    findings: &mut Vec<Finding>,
) {
    match names {
        [name] => findings.extend(other_view(text, parsed, name)),
        _ => findings.push(text.finding(
            Code::WrongKind,
            parsed.span(),
            "it drops several views",
            "write DROP VIEW {{ rule.view }}",
        )),
    }
}

fn other_view(text: &Text<'_>, parsed: &Statement, name: &ObjectName) -> Option<Finding> {
    let (name, wanted) = (dotted(name), text.rule.view.dotted());
    (name != wanted).then(|| {
        text.finding(
            Code::OtherTable,
            parsed.span(),
            format!("it is about the view `{name}`, but the rule's is `{wanted}`"),
            "write {{ rule.view }}; to give the view another name, set `view` in the rule",
        )
    })
}

fn is_plain(view: &CreateView) -> bool {
    let rebuilt = format!("CREATE OR REPLACE VIEW {} AS {}", view.name, view.query);
    view.to_string() == rebuilt
}
