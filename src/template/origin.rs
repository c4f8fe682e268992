//! Maps a line of rendered SQL back to its template. Rendering keeps no such record, so the line is found by
//! its fixed text, and only if a single line fits best.

use crate::error::Place;

/// The line of these templates (path and text) from which this line was rendered.
pub(super) fn of<'t>(
    templates: impl IntoIterator<Item = (&'t str, &'t str)>,
    rendered: &str,
) -> Option<Place> {
    let rendered = rendered.trim();
    let mut best: Option<(usize, Place)> = None;
    let mut tie = false;
    for (path, text) in templates {
        for (number, line) in text.lines().enumerate() {
            let Some(score) = Pattern::of(line).and_then(|pattern| pattern.fits(rendered)) else {
                continue;
            };
            match &best {
                Some((known, _)) if *known > score => {}
                Some((known, _)) if *known == score => tie = true,
                _ => {
                    let column = line.len() - line.trim_start().len() + 1;
                    best = Some((score, Place::of_line(path, text, number + 1, column)));
                    tie = false;
                }
            }
        }
    }
    best.filter(|_| !tie).map(|(_, place)| place)
}

/// A template's line: fixed texts with values between them.
struct Pattern<'t> {
    texts: Vec<&'t str>,
}

impl<'t> Pattern<'t> {
    /// `None` for a line without fixed text, or with an unclosed tag.
    fn of(line: &'t str) -> Option<Self> {
        let mut texts = Vec::new();
        let mut rest = line;
        while let Some(start) = ["{{", "{%", "{#"].iter().filter_map(|tag| rest.find(tag)).min() {
            let end = match &rest[start..start + 2] {
                "{{" => "}}",
                "{%" => "%}",
                _ => "#}",
            };
            let length = rest[start..].find(end)? + end.len();
            texts.push(&rest[..start]);
            rest = &rest[start + length..];
        }
        texts.push(rest);
        let fixed = texts.iter().any(|text| !text.trim().is_empty());
        fixed.then_some(Self { texts })
    }

    /// The amount of fixed text that the rendered line shares with this one, in order.
    fn fits(&self, rendered: &str) -> Option<usize> {
        let (first, last) = (self.texts.first()?.trim_start(), self.texts.last()?.trim_end());
        if self.texts.len() == 1 {
            let only = first.trim_end();
            return (only == rendered).then_some(only.len() + 1);
        }
        let mut rest = rendered.strip_prefix(first)?;
        for text in &self.texts[1..self.texts.len() - 1] {
            rest = &rest[rest.find(text)? + text.len()..];
        }
        rest.ends_with(last).then(|| self.texts.iter().map(|text| text.trim().len()).sum())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEMPLATE: &str = "{#- About. -#}\nSELECT a\nFROM {{ rule.table }}\nWHERE {{ window.filter }}\n  \
                            AND {{ rule.active }}\n  {%- if x %}\n  AND b > {{ vars.b }} -- why\n  {%- endif %}\n  AND c\n";

    fn line(rendered: &str) -> Option<usize> {
        of([("sql/own.sql", TEMPLATE)], rendered).map(|place| place.line())
    }

    #[test]
    fn a_line_is_found_by_its_fixed_text() {
        assert_eq!(line("SELECT a"), Some(2));
        assert_eq!(line("FROM `nba.predictions`"), Some(3));
        assert_eq!(line("    AND b > 5 -- why"), Some(7));
        assert_eq!(line("  AND is_active"), Some(5));
        assert_eq!(line("  AND c"), Some(9), "the whole line fits better than its beginning");
    }

    #[test]
    fn what_fits_no_line_or_two_equally_well_has_no_origin() {
        assert_eq!(line("GROUP BY x"), None);
        let twice = "AND {{ a }}\nAND {{ b }}\n";
        assert!(of([("x", twice)], "AND y").is_none());
    }
}
