//! SQL inside Jinja: braces of the SQL stay braces, and what only dbt knows is put in its place.

/// Jinja expressions that stand in SQL as single characters until the rest is escaped.
#[derive(Debug, Default)]
pub(super) struct Marks(Vec<String>);

/// The first of the noncharacters that mark an expression: no text of a rule holds them.
const FIRST: u32 = 0xfdd8;

impl Marks {
    /// The mark of this expression.
    pub fn of(&mut self, expression: impl Into<String>) -> char {
        let expression = expression.into();
        let at = self.0.iter().position(|known| *known == expression).unwrap_or_else(|| {
            self.0.push(expression);
            self.0.len() - 1
        });
        let at = u32::try_from(at).unwrap_or_default();
        char::from_u32(FIRST + at).unwrap_or(char::REPLACEMENT_CHARACTER)
    }

    /// The SQL as a text of Jinja that renders to it, with the value of each expression at its mark.
    pub fn in_jinja(&self, sql: &str) -> String {
        let mut text = escaped(sql);
        for (at, expression) in self.0.iter().enumerate() {
            let mark = u32::try_from(at).ok().and_then(|at| char::from_u32(FIRST + at));
            if let Some(mark) = mark {
                text = text.replace(mark, &format!("{{{{ {expression} }}}}"));
            }
        }
        text
    }
}

/// The text as Jinja that renders to it: what would begin an expression, a statement or a comment is written as a text in
/// an expression.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('{') {
        let (before, from) = rest.split_at(at);
        escaped.push_str(before);
        let begins = ["{{", "{%", "{#"].into_iter().find(|begins| from.starts_with(begins));
        match begins {
            Some(begins) => escaped.push_str(&format!("{{{{ '{begins}' }}}}")),
            None => escaped.push('{'),
        }
        rest = &from[begins.map_or(1, str::len)..];
    }
    escaped.push_str(rest);
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(text: &str) -> String {
        minijinja::Environment::new().render_str(text, ()).unwrap()
    }

    #[test]
    fn braces_of_sql_stay_braces() {
        for sql in [
            "SELECT '{{ x }}' AS a",
            "SELECT '{% raw %}{# c #}{% endraw %}' AS a",
            "SELECT '{{{%{#}}' AS a, '{' AS b, '}}' AS c",
            "REGEXP_EXTRACT(a, r'\\d{4}')",
        ] {
            assert_eq!(rendered(&escaped(sql)), sql);
        }
    }

    #[test]
    fn an_expression_is_put_at_its_mark() {
        let mut marks = Marks::default();
        let (from, to) = (marks.of("1 + 1"), marks.of("'x'"));
        assert_eq!(marks.of("1 + 1"), from);
        let text = marks.in_jinja(&format!("d >= {from} AND e = '{{{{{to}'"));
        assert_eq!(rendered(&text), "d >= 2 AND e = '{{x'");
    }
}
