//! Regular expressions that RE2, which BigQuery uses, and the crate `regex` interpret alike. Where they
//! differ, the expression is translated or refused.
//! Source: <https://github.com/google/re2/wiki/Syntax>

use std::sync::Arc;

use regex::Regex;
use regex_syntax::ast::parse::Parser;
use regex_syntax::ast::{
    self, AssertionKind, Ast, ClassPerl, ClassPerlKind, ClassSetItem, Flag, FlagsItemKind,
    LiteralKind, RepetitionKind, RepetitionRange, Span,
};
use rusqlite::types::Value;

use super::{Arguments, Entry, Outcome, unknown};

pub(super) const TABLE: &[Entry] = &[
    ("onerow_regexp_contains", 2, |a| Ok(Value::Integer(compiled(a)?.is_match(a.text(0)?).into()))),
    ("onerow_regexp_extract", 2, extract),
    ("onerow_regexp_replace", 3, replace),
];

/// The second argument, compiled once for each statement.
fn compiled(arguments: &Arguments<'_>) -> Result<Arc<Regex>, String> {
    let compiled = arguments.0.get_or_create_aux(1, |value| -> Result<Regex, rusqlite::Error> {
        let text = value.as_str().map_err(|error| super::user(error.to_string()))?;
        Regex::new(text).map_err(|error| super::user(error.to_string()))
    });
    compiled.map_err(|_| unknown("this regular expression"))
}

/// The first match, or its only group.
fn extract(arguments: &Arguments<'_>) -> Outcome {
    let regex = compiled(arguments)?;
    let Some(found) = regex.captures(arguments.text(0)?) else { return Ok(Value::Null) };
    let part = found.get(regex.captures_len() - 1);
    Ok(part.map_or(Value::Null, |part| Value::Text(part.as_str().to_owned())))
}

fn replace(arguments: &Arguments<'_>) -> Outcome {
    let (regex, text) = (compiled(arguments)?, arguments.text(0)?);
    let parts = parts_of(arguments.text(2)?, regex.captures_len())?;
    let mut result = String::new();
    let mut from = 0;
    for found in regex.captures_iter(text) {
        let Some(whole) = found.get(0) else { continue };
        result.push_str(&text[from..whole.start()]);
        for part in &parts {
            match part {
                Part::Text(c) => result.push(*c),
                Part::Group(number) => {
                    result.push_str(found.get(*number).map_or("", |group| group.as_str()));
                }
            }
        }
        from = whole.end();
    }
    result.push_str(&text[from..]);
    Ok(Value::Text(result))
}

enum Part {
    Text(char),
    Group(usize),
}

/// The parts of a replacement: `\0` is the match, `\1` its first group, `\\` a backslash.
fn parts_of(text: &str, groups: usize) -> Result<Vec<Part>, String> {
    let mut parts = Vec::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        parts.push(match c {
            '\\' => match chars.next() {
                Some('\\') => Part::Text('\\'),
                Some(c @ '0'..='9') => Part::Group(c as usize - '0' as usize),
                _ => return Err("REGEXP_REPLACE: a backslash stands before no digit".to_owned()),
            },
            c => Part::Text(c),
        });
    }
    let missing = |part: &&Part| matches!(part, Part::Group(number) if *number >= groups);
    match parts.iter().find(missing) {
        Some(Part::Group(number)) => Err(format!("REGEXP_REPLACE: there is no group {number}")),
        _ => Ok(parts),
    }
}

/// A regular expression in the syntax of the crate `regex`.
pub(crate) struct Translated {
    pub text: String,
    /// The number of capturing groups.
    pub groups: usize,
}

/// The most repetitions that RE2 accepts, nested ones multiplied.
const MOST_REPEATED: u32 = 1000;

/// Translates a regular expression of RE2.
///
/// # Errors
/// The construct that the two interpret differently, to complete 'does not know'.
pub(crate) fn translated(pattern: &str) -> Result<Translated, String> {
    let named = |what: &str| format!("{what} in the regular expression '{pattern}'");
    let ast = Parser::new().parse(pattern).map_err(|error| named(&error.kind().to_string()))?;
    let mut reader = Reader { changed: Vec::new() };
    reader.ast(&ast, 1).map_err(|what| named(&what))?;
    let mut text = pattern.to_owned();
    reader.changed.sort_by_key(|(span, _)| std::cmp::Reverse(span.start.offset));
    for (span, new) in &reader.changed {
        text.replace_range(span.start.offset..span.end.offset, new);
    }
    let regex = Regex::new(&text).map_err(|_| named("the size"))?;
    Ok(Translated { groups: regex.captures_len() - 1, text })
}

/// Replacements to make: RE2's classes are ASCII, the crate's are Unicode.
struct Reader {
    changed: Vec<(Span, &'static str)>,
}

impl Reader {
    /// `times` is the product of the enclosing repetitions.
    fn ast(&mut self, ast: &Ast, times: u32) -> Result<(), String> {
        match ast {
            Ast::Empty(_) | Ast::Dot(_) => Ok(()),
            Ast::Flags(set) => flags(&set.flags),
            Ast::Literal(literal) => self::literal(literal),
            Ast::Assertion(assertion) => match assertion.kind {
                AssertionKind::StartLine
                | AssertionKind::EndLine
                | AssertionKind::StartText
                | AssertionKind::EndText => Ok(()),
                AssertionKind::WordBoundary => {
                    self.changed.push((assertion.span, r"(?-u:\b)"));
                    Ok(())
                }
                _ => Err("an assertion other than ^, $, \\A, \\z and \\b".to_owned()),
            },
            Ast::ClassUnicode(_) => Err("a class of Unicode".to_owned()),
            Ast::ClassPerl(class) => self.perl(class, false),
            Ast::ClassBracketed(class) => self.set(&class.kind),
            Ast::Repetition(repetition) => self.repetition(repetition, times),
            Ast::Group(group) => {
                match &group.kind {
                    ast::GroupKind::CaptureIndex(_) => {}
                    ast::GroupKind::CaptureName { starts_with_p: true, .. } => {}
                    ast::GroupKind::CaptureName { .. } => {
                        return Err("a group that is named without P".to_owned());
                    }
                    ast::GroupKind::NonCapturing(set) => flags(set)?,
                }
                self.ast(&group.ast, times)
            }
            Ast::Alternation(alternation) => {
                alternation.asts.iter().try_for_each(|ast| self.ast(ast, times))
            }
            Ast::Concat(concat) => concat.asts.iter().try_for_each(|ast| self.ast(ast, times)),
        }
    }

    fn repetition(&mut self, repetition: &ast::Repetition, times: u32) -> Result<(), String> {
        let inner = &repetition.ast;
        if matches!(**inner, Ast::Repetition(_) | Ast::Assertion(_) | Ast::Flags(_) | Ast::Empty(_))
        {
            return Err("a repetition of a repetition or of an assertion".to_owned());
        }
        let most = match &repetition.op.kind {
            RepetitionKind::Range(RepetitionRange::Exactly(n) | RepetitionRange::AtLeast(n)) => *n,
            RepetitionKind::Range(RepetitionRange::Bounded(0, _))
                if repetition.op.span.end.offset - repetition.op.span.start.offset < 5 =>
            {
                return Err("a repetition without its lower bound".to_owned());
            }
            RepetitionKind::Range(RepetitionRange::Bounded(_, n)) => *n,
            _ => 1,
        };
        let times = times.saturating_mul(most.max(1));
        match times > MOST_REPEATED {
            true => Err("more than 1,000 repetitions".to_owned()),
            false => self.ast(inner, times),
        }
    }

    fn set(&mut self, set: &ast::ClassSet) -> Result<(), String> {
        match set {
            ast::ClassSet::Item(item) => self.item(item),
            ast::ClassSet::BinaryOp(_) => Err("an operator of sets".to_owned()),
        }
    }

    fn item(&mut self, item: &ClassSetItem) -> Result<(), String> {
        match item {
            ClassSetItem::Empty(_) | ClassSetItem::Ascii(_) => Ok(()),
            ClassSetItem::Literal(literal) => self::literal(literal),
            ClassSetItem::Range(range) => {
                self::literal(&range.start)?;
                self::literal(&range.end)
            }
            ClassSetItem::Unicode(_) => Err("a class of Unicode".to_owned()),
            ClassSetItem::Bracketed(_) => Err("a class in a class".to_owned()),
            ClassSetItem::Perl(class) => self.perl(class, true),
            ClassSetItem::Union(union) => union.items.iter().try_for_each(|item| self.item(item)),
        }
    }

    fn perl(&mut self, class: &ClassPerl, inside: bool) -> Result<(), String> {
        let text = match (&class.kind, class.negated, inside) {
            (ClassPerlKind::Digit, false, false) => "[0-9]",
            (ClassPerlKind::Digit, true, false) => "[^0-9]",
            (ClassPerlKind::Digit, false, true) => "0-9",
            (ClassPerlKind::Space, false, false) => r"[\t\n\f\r ]",
            (ClassPerlKind::Space, true, false) => r"[^\t\n\f\r ]",
            (ClassPerlKind::Space, false, true) => r"\t\n\f\r ",
            (ClassPerlKind::Word, false, false) => "[0-9A-Za-z_]",
            (ClassPerlKind::Word, true, false) => "[^0-9A-Za-z_]",
            (ClassPerlKind::Word, false, true) => "0-9A-Za-z_",
            (_, true, true) => return Err("a negated class in a class".to_owned()),
        };
        self.changed.push((class.span, text));
        Ok(())
    }
}

fn literal(literal: &ast::Literal) -> Result<(), String> {
    let known = match &literal.kind {
        LiteralKind::Verbatim
        | LiteralKind::Meta
        | LiteralKind::Superfluous
        | LiteralKind::HexFixed(ast::HexLiteralKind::X)
        | LiteralKind::HexBrace(ast::HexLiteralKind::X) => true,
        LiteralKind::Special(kind) => *kind != ast::SpecialLiteralKind::Space,
        _ => false,
    };
    match known {
        true => Ok(()),
        false => Err(format!("the escape sequence for `{}`", literal.c.escape_default())),
    }
}

fn flags(flags: &ast::Flags) -> Result<(), String> {
    let unknown = flags.items.iter().find_map(|item| match &item.kind {
        FlagsItemKind::Flag(Flag::MultiLine | Flag::DotMatchesNewLine | Flag::SwapGreed)
        | FlagsItemKind::Flag(Flag::CaseInsensitive)
        | FlagsItemKind::Negation => None,
        FlagsItemKind::Flag(flag) => Some(format!("the flag {flag:?}")),
    });
    unknown.map_or(Ok(()), Err)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_both_read_alike_is_translated() {
        for (pattern, text, expected) in [
            (r"\d+", "a12", true),
            (r"^\w$", "é", false),
            (r"^[\w-]+$", "a-b_1", true),
            (r"^\s$", "\u{a0}", false),
            (r"^\S$", "é", true),
            (r"\bb", "a b", true),
            (r"(?i)É", "é", true),
            (r"a.b", "a\nb", false),
            (r"a\.b\_c\-d", "a.b_c-d", true),
            (r"a$", "a\n", false),
            (r"[[:space:]]", "\u{b}", true),
            (r"[^0-9]", "é", true),
        ] {
            let regex = Regex::new(&translated(pattern).unwrap_or_else(|e| panic!("{e}")).text);
            assert_eq!(regex.unwrap().is_match(text), expected, "{pattern} in {text}");
        }
    }

    #[test]
    fn what_they_read_differently_is_refused() {
        for pattern in [
            r"\pN",
            r"[\pN]",
            r"[a[b]]",
            r"[a&&b]",
            r"[a--b]",
            r"a**",
            r"^*",
            r"\B",
            r"\<a",
            r"(?x)a b",
            r"(?-u)a",
            r"(?R)a",
            r"(?<n>a)",
            r"\u0041",
            r"a{1001}",
            r"(a{100}){100}",
            r"[\D]",
            r"(a",
            r"\Qa\E",
            r"a{,2}",
            r"(?=a)",
            r"\1(a)",
            r"\b{start}a",
        ] {
            assert!(translated(pattern).is_err(), "{pattern}");
        }
    }
}
