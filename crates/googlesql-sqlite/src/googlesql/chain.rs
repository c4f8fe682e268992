//! How long a chain of operators may be. `a + b + c` is a tree as deep as it has operators, and
//! whoever walks it or throws it away goes that deep: a chain without end would end the process.

use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Token, TokenWithSpan};

/// The most operators of one chain: SQLite takes no deeper expression.
/// Source: <https://www.sqlite.org/limits.html> (SQLITE_MAX_EXPR_DEPTH)
pub(crate) const MAX_OPERATORS: usize = 1000;

/// What a word is to a chain.
enum Role {
    Operator,
    Set,
    Case,
    /// A part of CASE begins.
    Part,
    End,
    /// It stands before an operand.
    Before,
    /// A chain begins again, unless the word is an operand.
    Begins,
    Other,
}

/// Names, and words in quotes, are no keywords.
fn role(word: Keyword) -> Role {
    use Keyword::*;
    match word {
        NoKeyword => Role::Other,
        AND | OR | XOR | IS | IN | LIKE | ILIKE | SIMILAR | REGEXP | RLIKE | BETWEEN | DIV
        | COLLATE | AT | NOTNULL | MEMBER | OVERLAPS | OPERATOR => Role::Operator,
        UNION | INTERSECT | EXCEPT | MINUS => Role::Set,
        CASE => Role::Case,
        WHEN | THEN | ELSE => Role::Part,
        END => Role::End,
        DISTINCT | NOT => Role::Before,
        SELECT | FROM | WHERE | HAVING | QUALIFY | ON | SET | BY | LIMIT | VALUES => Role::Begins,
        _ => Role::Other,
    }
}

/// What is counted between two brackets, or between CASE and END.
#[derive(Default)]
struct Level {
    operators: usize,
    sets: usize,
    of_case: bool,
}

/// The token at which a chain is longer than [`MAX_OPERATORS`], if one is.
pub(super) fn too_long(tokens: &[TokenWithSpan]) -> Option<&TokenWithSpan> {
    if tokens.len() <= MAX_OPERATORS {
        return None;
    }
    let mut levels = vec![Level::default()];
    let mut operand_comes = false;
    for token in tokens {
        if matches!(token.token, Token::Whitespace(_)) {
            continue;
        }
        let operand_is_due = std::mem::replace(&mut operand_comes, false);
        let level = levels.last_mut()?;
        match &token.token {
            Token::LParen | Token::LBracket | Token::LBrace => levels.push(Level::default()),
            Token::RParen | Token::RBracket | Token::RBrace => close(&mut levels, false),
            Token::SemiColon => *level = Level { of_case: level.of_case, ..Level::default() },
            Token::Comma => level.operators = 0,
            Token::Word(word) => match role(word.keyword) {
                Role::Case => levels.push(Level { of_case: true, ..Level::default() }),
                Role::End if level.of_case => close(&mut levels, true),
                Role::Part if level.of_case => level.operators = 0,
                Role::Set => level.sets += 1,
                Role::Operator => (level.operators, operand_comes) = (level.operators + 1, true),
                Role::Before => operand_comes = true,
                Role::Begins if !operand_is_due => level.operators = 0,
                _ => {}
            },
            other if is_operator(other) => {
                (level.operators, operand_comes) = (level.operators + 1, true);
            }
            _ => {}
        }
        if levels.last().is_some_and(|l| l.operators.max(l.sets) > MAX_OPERATORS) {
            return Some(token);
        }
    }
    None
}

/// Back to the level outside. A CASE without END is not worth more than the bracket around it.
fn close(levels: &mut Vec<Level>, case: bool) {
    while levels.len() > 1 {
        if levels.pop().is_some_and(|level| level.of_case == case) {
            return;
        }
    }
}

/// Symbols join operands; words, values and what stands between them do not.
fn is_operator(token: &Token) -> bool {
    use Token::*;
    if matches!(token, Word(_) | Number(..) | SingleQuotedString(_) | Period | Placeholder(_) | EOF)
    {
        return false;
    }
    let symbol = token.to_string();
    symbol.len() <= 4
        && symbol.chars().all(|c| c.is_ascii_punctuation() && c != '\'' && c != '"' && c != '_')
}

#[cfg(test)]
mod tests {
    use crate::googlesql::tokens;

    fn is_taken(sql: &str) -> bool {
        tokens(sql).is_ok()
    }

    fn chain(part: &str, joined: &str, count: usize) -> String {
        format!("SELECT {}", vec![part; count].join(joined))
    }

    #[test]
    fn a_chain_of_operators_has_an_end() {
        for (part, joined) in [
            ("1", "+"),
            ("x", " AND "),
            ("x", " || "),
            ("CASE WHEN a THEN 1 ELSE 2 END", " + "),
            ("set", " + "),
            ("a", " IS DISTINCT FROM "),
            ("(1 + 1)", " * "),
            ("x", " IS NOT NULL AND "),
            ("SELECT 1", " UNION ALL "),
            ("a", " NOT IN (1) = "),
        ] {
            assert!(is_taken(&chain(part, joined, 500)), "{part}{joined}");
            assert!(!is_taken(&chain(part, joined, 1002)), "{part}{joined}");
        }
        let error = tokens(&chain("1", "+", 2000)).unwrap_err().to_string();
        assert!(error.contains("more than 1000 operators"), "{error}");
    }

    #[test]
    fn long_lists_are_no_chains() {
        assert!(is_taken(&chain("a = 1", ", ", 5000)));
        assert!(is_taken(&format!("SELECT x IN ({})", vec!["-1"; 10_000].join(", "))));
        assert!(is_taken(&format!("SELECT CASE {} END", "WHEN a = 1 THEN 2 ".repeat(2000))));
    }
}
