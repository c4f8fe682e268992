//! The UPDATE of a custom step, split into the texts from which its guards are made.

use minijinja::Value;
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Location, Token, TokenWithSpan};

use super::failure::template_error;
use super::values::map;
use super::{Renderer, limits, literal, whole};
use crate::error::Result;
use crate::googlesql::tokens;
use crate::statement::{Statement, StepName};
use crate::window::Window;

/// The condition that restricts the UPDATE of a custom step.
const RESTRICTION: &str = "{%- from \"_custom.sql\" import restriction -%}\
                           {{ restriction(rule, window, removals, custom) }}";

impl Renderer<'_> {
    /// The UPDATEs of a custom step with their guards: first all counts of what they would remove, then for
    /// each date the record, and the UPDATE, which changes no other rows.
    pub(super) fn guarded(
        &self,
        step: &StepName,
        window: &Window,
        plain: Vec<Statement>,
    ) -> Result<Vec<Statement>> {
        let mut all = Vec::new();
        for statement in &plain {
            all.extend(self.guard(StepName::GUARD, statement)?);
        }
        for day in window.days() {
            let update = match plain.iter().find(|statement| statement.window.only() == Some(*day))
            {
                Some(rendered) => rendered.clone(),
                None => self.render_one(step, &Window::day(*day), None)?,
            };
            all.extend(self.guard(StepName::RECORD_CUSTOM, &update)?);
            all.push(self.restricted(update)?);
        }
        Ok(all)
    }

    /// A statement that guards this one; `None` if it is not a single UPDATE, which the checks refuse.
    fn guard(&self, name: &str, statement: &Statement) -> Result<Option<Statement>> {
        let Some(update) = CustomUpdate::of(&statement.sql) else { return Ok(None) };
        let (custom, step) = (&statement.step, StepName::parse(name)?);
        let context = map([("custom", update.value(custom, self.rule.may_remove_keys(custom)))]);
        let guard = self.render_shipped(&step, &statement.window, context)?;
        Ok(Some(Statement { guards: Some(custom.clone()), ..guard }))
    }

    /// The UPDATE of a custom step, restricted to recorded rows.
    fn restricted(&self, statement: Statement) -> Result<Statement> {
        let Some(update) = CustomUpdate::of(&statement.sql) else { return Ok(statement) };
        let (step, window) = (&statement.step, &statement.window);
        let custom = map([("custom", update.value(step, self.rule.may_remove_keys(step)))]);
        let context = minijinja::value::merge_maps([self.context(window, None), custom]);
        let rendered = limits::rendering(self.own_bytes, || {
            self.shipped().template_from_str(RESTRICTION)?.render(&context)
        });
        let mut restriction =
            rendered.map_err(|error| template_error(&error, &self.paths, None, &context))?;
        if self.rule.partition.is_one_group() {
            restriction = whole::without_marks(&restriction, window);
        }
        let sql = update.restricted(&restriction);
        limits::check_statement(&format!("{step}.sql"), &sql)?;
        let guarded = Statement::new(step.clone(), window.clone(), sql);
        Ok(Statement { unrestricted: Some(statement.sql.into()), ..guarded })
    }
}

/// An UPDATE, split into texts.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct CustomUpdate<'s> {
    /// The text before WHERE.
    head: &'s str,
    /// The table, with its alias.
    table: &'s str,
    /// The condition of its WHERE.
    condition: &'s str,
    /// The comments after the condition.
    tail: &'s str,
}

/// Whether the text begins like an UPDATE.
pub(super) fn is_update(sql: &str) -> bool {
    let tokens = tokens(sql).unwrap_or_default();
    let first = tokens.iter().find(|token| !matches!(token.token, Token::Whitespace(_)));
    first.is_some_and(|first| is(first, Keyword::UPDATE))
}

impl<'s> CustomUpdate<'s> {
    /// Splits an UPDATE. `None` if the text is not a single UPDATE with a WHERE, which the checks refuse.
    pub fn of(sql: &'s str) -> Option<Self> {
        let tokens = tokens(sql).ok()?;
        let mut significant: Vec<(&TokenWithSpan, i32)> = Vec::new();
        let mut depth = 0_i32;
        for token in &tokens {
            match token.token {
                Token::Whitespace(_) | Token::EOF => continue,
                Token::RParen | Token::RBracket => depth -= 1,
                _ => {}
            }
            if depth < 0 {
                return None;
            }
            significant.push((token, depth));
            depth += i32::from(matches!(token.token, Token::LParen | Token::LBracket));
        }
        let ends = significant.last().is_some_and(|(token, _)| token.token == Token::SemiColon);
        if ends {
            significant.pop();
        }
        if depth != 0 || significant.iter().any(|(token, _)| token.token == Token::SemiColon) {
            return None;
        }
        let find = |keyword| {
            significant.iter().position(|(token, depth)| *depth == 0 && is(token, keyword))
        };
        let (update, set, filter) =
            (find(Keyword::UPDATE)?, find(Keyword::SET)?, find(Keyword::WHERE)?);
        if update != 0 || set < 2 || filter < set || filter + 1 >= significant.len() {
            return None;
        }
        let begins = |at: usize| offset(sql, significant[at].0.span.start);
        let ends = |at: usize| offset(sql, significant[at].0.span.end);
        Some(Self {
            head: sql.get(..begins(filter)?)?,
            table: sql.get(begins(1)?..ends(set - 1)?)?,
            condition: sql.get(begins(filter + 1)?..ends(significant.len() - 1)?)?,
            tail: sql
                .get(ends(significant.len() - 1)?..)?
                .trim_start_matches([' ', ';'])
                .trim_end(),
        })
    }

    /// The values for the templates of its guards.
    pub fn value(&self, step: &StepName, may_remove_keys: bool) -> Value {
        map([
            ("step", Value::from(step.as_str())),
            ("table", literal::sql(self.table)),
            ("condition", literal::sql(self.condition)),
            ("may_remove_keys", Value::from(may_remove_keys)),
        ])
    }

    /// The UPDATE, with this condition added.
    pub fn restricted(&self, by: &str) -> String {
        let Self { head, condition, tail, .. } = self;
        let blank = if tail.is_empty() { "" } else { " " };
        format!("{head}WHERE (\n  {condition}{blank}{tail}\n)\n  AND {by}\n")
    }
}

fn is(token: &TokenWithSpan, wanted: Keyword) -> bool {
    matches!(&token.token, Token::Word(word) if word.keyword == wanted && word.quote_style.is_none())
}

/// The byte offset of a place, whose line and column count from 1.
fn offset(sql: &str, place: Location) -> Option<usize> {
    let (line, column) = (usize::try_from(place.line).ok()?, usize::try_from(place.column).ok()?);
    let before: usize = sql.split_inclusive('\n').take(line.checked_sub(1)?).map(str::len).sum();
    let rest = sql.get(before..)?;
    let mut characters = rest.char_indices().map(|(at, _)| at).chain([rest.len()]);
    characters.nth(column.checked_sub(1)?).map(|at| before + at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_update_is_taken_apart_at_its_own_where() {
        let sql = "-- héad WHERE\nUPDATE `d.t` AS x\nSET active = FALSE, y = (SELECT 1 FROM a WHERE b)\n\
                   WHERE x.k IN (SELECT k FROM s WHERE TRUE)\n  AND v = 'é ; WHERE'; -- the end\n";
        let update = CustomUpdate::of(sql).unwrap();
        assert_eq!(update.table, "`d.t` AS x");
        assert_eq!(update.condition, "x.k IN (SELECT k FROM s WHERE TRUE)\n  AND v = 'é ; WHERE'");
        let restricted = update.restricted("TRUE");
        assert!(restricted.starts_with("-- héad WHERE\nUPDATE `d.t` AS x\nSET active"));
        assert!(
            restricted.ends_with("WHERE' -- the end\n)\n  AND TRUE\n"),
            "a comment does not swallow what follows: {restricted}"
        );
    }

    #[test]
    fn what_is_not_one_update_with_a_where_is_not_taken_apart() {
        for sql in [
            "SELECT 1",
            "UPDATE t SET a = FALSE",
            "UPDATE t SET a = FALSE WHERE",
            "UPDATE t SET a = FALSE WHERE b; DELETE FROM t WHERE c",
            "UPDATE t SET a = FALSE WHERE b) OR (c",
            "UPDATE SET a = FALSE WHERE b",
        ] {
            assert_eq!(CustomUpdate::of(sql), None, "{sql}");
        }
        assert!(is_update("-- x\n update t"));
        assert!(!is_update("SELECT 1"));
    }
}
