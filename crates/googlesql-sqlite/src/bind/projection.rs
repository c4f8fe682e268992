//! Select lists: expressions, aliases, and the expansion of `*`.

use sqlparser::ast::{
    ExceptSelectItem, Expr, Ident, ObjectName, ReplaceSelectElement, Select, SelectItem,
    SelectItemQualifiedWildcardKind, WildcardAdditionalOptions,
};

use super::scope::Source;
use super::{Binder, none_of, refused, unsupported};
use crate::error::{Error, Kind, Result, did_you_mean};
use crate::googlesql::Ident as Name;
use crate::tree::Term;

/// An item of a select list before it is bound.
pub(super) enum Item<'a> {
    Expr(Option<String>, &'a Expr),
    /// A column that `*` expands to.
    Column(Option<String>, Term),
}

impl Item<'_> {
    pub(super) fn name(&self) -> Option<&String> {
        match self {
            Item::Expr(name, _) | Item::Column(name, _) => name.as_ref(),
        }
    }
}

impl Binder<'_> {
    /// The items of a select list, with `*` expanded.
    pub(super) fn items<'s>(
        &self,
        select: &'s Select,
        sources: &[Source],
    ) -> Result<Vec<Item<'s>>> {
        let mut items = Vec::new();
        for item in &select.projection {
            match item {
                SelectItem::UnnamedExpr(expr) => items.push(Item::Expr(implied(expr), expr)),
                SelectItem::ExprWithAlias { expr, alias } => {
                    items.push(Item::Expr(Some(self.name(alias)?), expr));
                }
                SelectItem::Wildcard(options) => {
                    if sources.is_empty() {
                        return Err(refused("SELECT * needs FROM"));
                    }
                    items.extend(star(sources.iter(), options)?);
                }
                SelectItem::QualifiedWildcard(
                    SelectItemQualifiedWildcardKind::ObjectName(name),
                    options,
                ) => items.extend(star([self.star_source(name, sources)?], options)?),
                SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::Expr(expr), _) => {
                    return Err(unsupported(format!("`{expr}.*`")));
                }
                SelectItem::ExprWithAliases { .. } => {
                    return Err(unsupported(format!("`{item}`")));
                }
            }
        }
        Ok(items)
    }

    fn star_source<'s>(&self, name: &ObjectName, sources: &'s [Source]) -> Result<&'s Source> {
        let dotted = self.dotted(name)?;
        let found = sources.iter().find(|source| {
            source.name.as_deref().is_some_and(|known| known.eq_ignore_ascii_case(&dotted))
        });
        found.ok_or_else(|| {
            Error::new(
                Kind::NotFound,
                format!("there is no table or alias `{dotted}` for `{dotted}.*`"),
            )
        })
    }

    /// An alias. Refuses quoted text, which BigQuery reads as a string.
    pub(super) fn name(&self, ident: &Ident) -> Result<String> {
        match ident.quote_style {
            None | Some('`') if Name::parse(&ident.value).is_ok() => Ok(ident.value.clone()),
            _ => Err(unsupported(format!("the alias {ident}"))),
        }
    }
}

/// The implied name of an item without an alias: its column's name.
pub(super) fn implied(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Identifier(name) if !name.value.starts_with('@') => Some(name.value.clone()),
        Expr::CompoundIdentifier(names) => names.last().map(|name| name.value.clone()),
        Expr::Nested(inner) => implied(inner),
        _ => None,
    }
}

fn star<'s, 'e>(
    sources: impl IntoIterator<Item = &'s Source>,
    options: &'e WildcardAdditionalOptions,
) -> Result<Vec<Item<'e>>> {
    let WildcardAdditionalOptions {
        wildcard_token: _,
        opt_ilike,
        opt_exclude,
        opt_except,
        opt_replace,
        opt_rename,
        opt_alias,
    } = options;
    none_of(&[
        (opt_ilike.is_some(), "* ILIKE"),
        (opt_exclude.is_some(), "* EXCLUDE"),
        (opt_rename.is_some(), "* RENAME"),
        (opt_alias.is_some(), "an alias for *"),
    ])?;
    let sources: Vec<&Source> = sources.into_iter().collect();
    none_of(&[(sources.iter().any(|source| source.open), "the columns of *")])?;
    let mut columns: Vec<(Option<String>, Term)> =
        sources.into_iter().flat_map(|source| source.of_row().cloned()).collect();
    if let Some(ExceptSelectItem { first_element, additional_elements }) = opt_except {
        for excluded in std::iter::once(first_element).chain(additional_elements) {
            let is_it = |(name, _): &(Option<String>, Term)| {
                name.as_deref().is_some_and(|n| n.eq_ignore_ascii_case(&excluded.value))
            };
            if !columns.iter().any(is_it) {
                let known = columns.iter().filter_map(|(name, _)| name.as_deref());
                return Err(absent(excluded, "leave out of", known));
            }
            columns.retain(|column| !is_it(column));
        }
    }
    let mut items: Vec<Item<'e>> =
        columns.into_iter().map(|(name, term)| Item::Column(name, term)).collect();
    if let Some(replaced) = opt_replace {
        replace(&mut items, &replaced.items)?;
    }
    Ok(items)
}

/// Replaces columns that `*` expands to.
/// Source: <https://cloud.google.com/bigquery/docs/reference/standard-sql/query-syntax#select_replace>
fn replace<'e>(items: &mut [Item<'e>], elements: &'e [Box<ReplaceSelectElement>]) -> Result<()> {
    for (i, element) in elements.iter().enumerate() {
        let ReplaceSelectElement { expr, column_name, as_keyword: _ } = &**element;
        let is = |name: &str| name.eq_ignore_ascii_case(&column_name.value);
        if elements[..i].iter().any(|earlier| is(&earlier.column_name.value)) {
            return Err(refused(format!("* REPLACE names `{}` twice", column_name.value)));
        }
        let mut found = items.iter_mut().filter(|item| item.name().is_some_and(|name| is(name)));
        match (found.next(), found.next()) {
            (Some(item), None) => *item = Item::Expr(item.name().cloned(), expr),
            (Some(_), Some(_)) => {
                let column = &column_name.value;
                return Err(unsupported(format!("* REPLACE of `{column}`, which * has twice")));
            }
            (None, _) => {
                let known = items.iter().filter_map(|item| item.name().map(String::as_str));
                return Err(absent(column_name, "replace in", known));
            }
        }
    }
    Ok(())
}

fn absent<'k>(column: &Ident, to: &str, known: impl Iterator<Item = &'k str>) -> Error {
    let message = format!("there is no column `{}` to {to} *", column.value);
    Error::new(Kind::NotFound, message).help(did_you_mean(&column.value, known))
}
