//! Rows and columns, for a terminal or as Markdown.

use comfy_table::{
    Cell, CellAlignment, Color, ColumnConstraint, ContentArrangement, LineStyle, Table, TableStyle,
    Width, presets,
};

use super::markdown::escaped;
use super::{Format, Style};
use crate::run::Status;
use crate::visible::visible_line;

/// A cell of a grid.
pub(super) enum Entry {
    Text(String),
    Number(u64),
    Status(Status),
    Blank,
}

impl From<&str> for Entry {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Entry {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<u64> for Entry {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

impl From<Option<u64>> for Entry {
    fn from(number: Option<u64>) -> Self {
        number.map_or(Self::Blank, Self::Number)
    }
}

/// A grid with a header, and with `total` a separate last row.
pub(super) fn grid(
    style: Style,
    header: &[&str],
    rows: Vec<Vec<Entry>>,
    total: Option<Vec<Entry>>,
) -> String {
    let mut table = Table::new();
    match style.format {
        Format::Markdown => table.load_style(presets::ASCII_MARKDOWN),
        _ => table.load_style(RULED),
    };
    let for_people = style.format == Format::Table;
    match style.colour && for_people {
        true => table.enforce_styling(),
        false => table.force_no_tty(),
    };
    table.set_header(header.iter().map(|title| Cell::new(printable(title, style.format))));
    for row in rows {
        table.add_row(row.into_iter().map(|entry| cell(style, entry)));
    }
    if let Some(width) = style.width.filter(|_| for_people) {
        fit(&mut table, width);
    }
    let has_total = total.is_some() && style.format == Format::Table;
    if let Some(total) = total {
        table.add_row(total.into_iter().map(|entry| cell(style, entry)));
    }
    let mut lines: Vec<String> =
        table.trim_fmt().lines().map(|line| line.trim_end().to_owned()).collect();
    if has_total && lines.len() > 2 {
        lines.insert(lines.len() - 1, lines[1].clone());
    }
    lines.join("\n") + "\n"
}

/// Wraps long texts, so that the table fits the width. No word is cut: an id has to be copied whole. A table
/// whose words alone are wider stays as it is.
fn fit(table: &mut Table, width: u16) {
    const PADDING: usize = 2;
    const BETWEEN: usize = PADDING + 1;
    let longest = |text: &str| text.split_whitespace().map(|word| word.chars().count()).max();
    let mut words: Vec<usize> = Vec::new();
    for row in table.header().into_iter().chain(table.row_iter()) {
        for (i, cell) in row.cell_iter().enumerate() {
            let word = longest(&cell.content()).unwrap_or(0);
            match words.get_mut(i) {
                Some(known) => *known = word.max(*known),
                None => words.push(word),
            }
        }
    }
    if words.iter().map(|word| word + BETWEEN).sum::<usize>() > usize::from(width) {
        return;
    }
    table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
    for (column, word) in table.column_iter_mut().zip(words) {
        let least = u16::try_from(word + PADDING).unwrap_or(width);
        column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(least)));
    }
}

/// A rule below the header and no other lines.
const RULED: TableStyle =
    TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

fn cell(style: Style, entry: Entry) -> Cell {
    match entry {
        Entry::Blank => Cell::new(""),
        Entry::Text(text) => Cell::new(printable(&text, style.format)),
        Entry::Number(number) => {
            let text = match style.format {
                Format::Table => grouped(number),
                _ => number.to_string(),
            };
            Cell::new(text).set_alignment(CellAlignment::Right)
        }
        Entry::Status(status) => Cell::new(status.as_str()).fg(colour(status)),
    }
}

fn colour(status: Status) -> Color {
    match status {
        Status::Clean | Status::Cleaned => Color::Green,
        Status::Buffered | Status::Partial | Status::Empty | Status::Keyless => Color::Yellow,
        Status::Dirty | Status::SharedIds => Color::Red,
    }
}

/// `1 row`, `7,865 rows`.
pub fn count(number: u64, one: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {one}{plural}", grouped(number))
}

/// 9741 as `9,741`.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Text from a table or a file, escaped so that it cannot move the cursor, end the row or break the grid.
pub(super) fn printable(text: &str, format: Format) -> String {
    let safe = match format {
        Format::Markdown => escaped(text),
        _ => visible_line(text).into_owned(),
    };
    // A line of a log with this prefix is a workflow command.
    if safe.trim_start().starts_with("::") { safe.replacen("::", "\\::", 1) } else { safe }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_fits_its_terminal_and_is_not_wrapped_where_there_is_none() {
        let header = ["date", "game_id", "survivor", "decided by"];
        let long = "created_at DESC: 2026-01-28T06:00:00Z, survivor 2026-01-28T07:00:00Z";
        let table = |width| {
            let row = ["2026-01-28", "g1", "p2", long].map(Entry::from).into();
            grid(Style { width, ..Style::plain(Format::Table) }, &header, vec![row], None)
        };
        let widest = |text: &str| text.lines().map(|line| line.chars().count()).max();
        assert!(widest(&table(Some(60))) <= Some(60), "{}", table(Some(60)));
        assert_eq!(
            table(Some(60)).split_whitespace().count(),
            table(None).split_whitespace().count()
        );
        assert_eq!(table(None).lines().count(), 3);
    }

    #[test]
    fn no_id_is_cut_however_narrow_the_terminal_is() {
        let header = ["run", "rule", "dates", "steps", "outcome"];
        let run = "20260130T120000Z-4f0c2b1d";
        let row = || {
            [
                run,
                "predictions",
                "2026-01-20 to 2026-01-29",
                "detect, record, deactivate, verify",
                "done",
            ]
        };
        for width in [20, 60, 80, 100] {
            let style = Style { width: Some(width), ..Style::plain(Format::Table) };
            let table = grid(style, &header, vec![row().map(Entry::from).into()], None);
            assert!(table.contains(run) && table.contains("2026-01-29"), "{width}:\n{table}");
        }
    }

    #[test]
    fn one_is_not_many() {
        assert_eq!([0, 1, 7865].map(|n| count(n, "row")), ["0 rows", "1 row", "7,865 rows"]);
    }

    #[test]
    fn numbers_are_grouped_for_people() {
        let texts = [0, 999, 1000, 9741, 1234567].map(grouped);
        assert_eq!(texts, ["0", "999", "1,000", "9,741", "1,234,567"]);
    }

    #[test]
    fn text_cannot_reach_the_terminal_or_end_a_row() {
        assert_eq!(printable("a\u{1b}[31m\nb", Format::Table), "a\\u{1b}[31m\\nb");
        assert_eq!(printable("a|b", Format::Markdown), "a\\|b");
        assert_eq!(
            printable("a\\|b", Format::Markdown),
            r"a\\\|b",
            "a backslash cannot free the bar"
        );
        assert_eq!(printable("<b>![x](y)`", Format::Markdown), r"\<b>!\[x\](y)\`");
        assert_eq!(printable("\u{202e}x", Format::Table), "\\u{202e}x");
        assert_eq!(printable(" ::stop-commands::x", Format::Table), r" \::stop-commands::x");
    }
}
