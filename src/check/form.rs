//! The statements of a step for many dates are one text, as a rule, but for the date. One of them is
//! looked at, the others are compared with it.

use super::{Checked, Effect, Inspected, inspect};
use crate::googlesql::TableName;
use crate::rule::Rule;
use crate::statement::{Statement, StepName};

/// Checks statements of a rule one after another: what [`inspect`] says of each. One that differs in its
/// date alone from the last of the same step without findings has none either, and is not parsed.
pub fn inspect_all(rule: &Rule, statements: Vec<Statement>) -> impl Iterator<Item = Inspected> {
    // One alone has nothing to be compared with.
    let compares = statements.len() > 1 && !says_dates(rule);
    let mut last: Option<Clean> = None;
    statements.into_iter().map(move |statement| {
        let Some(form) = compares.then(|| Form::of(&statement)).flatten() else {
            return inspect(rule, statement);
        };
        if let Some(clean) = last.as_ref().filter(|clean| clean.form == form) {
            let checked = Some(Checked { statement, effect: clean.effect });
            return Inspected { checked, findings: Vec::new(), allowed: clean.allowed };
        }
        let inspected = inspect(rule, statement);
        if let (Some(Checked { effect, .. }), []) = (&inspected.checked, &*inspected.findings) {
            last = Some(Clean { form, effect: *effect, allowed: inspected.allowed });
        }
        inspected
    })
}

/// A statement that nothing was found in.
struct Clean {
    form: Form,
    effect: Effect,
    allowed: usize,
}

/// Whether the rule itself could say a date that a statement is compared with: in how it ranks, or as a
/// part of a table's name. Other names begin with a letter.
fn says_dates(rule: &Rule) -> bool {
    let rankings = [&rule.ranking, &rule.staged_ranking];
    let staging = rule.staging.iter().flat_map(|staging| &staging.tables);
    let tables = [&rule.table, &rule.view].into_iter().chain(&rule.audit_tables).chain(staging);
    let could_be_one = |part: &str| part.starts_with(|c: char| c.is_ascii_digit());
    rankings.iter().any(|ranking| number(&ranking.to_string()).is_some())
        || tables.map(TableName::dotted).any(|name| name.split('.').any(could_be_one))
}

/// A statement's text with marks where its date and the day after stand.
///
/// Where two statements have one form, the checks say the same of both. They read the text, the rule
/// and the window. The texts are equal but for the dates, which have as many digits, stand where no
/// name or longer number can be meant, and are as far from one window as from the other. Nothing else
/// in the text can be a date, since a year has four digits: so nothing is equal to one date and not to
/// the other.
#[derive(PartialEq)]
struct Form {
    step: StepName,
    text: String,
}

/// The fewest digits that could be a year.
const YEAR: usize = 4;

/// What stands for a date: its day or the day after, as a date or as an INT64 partition writes it.
const MARKS: [char; 4] = ['\u{1}', '\u{2}', '\u{3}', '\u{4}'];

impl Form {
    /// `None` where a date could be meant in another way, or stand for something else.
    fn of(statement: &Statement) -> Option<Self> {
        let [day] = statement.window.days() else { return None };
        let next = day.next()?;
        // At the ends of the calendar, a date exists and the one after it does not.
        if !(1000..9000).contains(&day.date().year()) {
            return None;
        }
        // `'\x32026'` is a year as well.
        if statement.sql.contains('\\') || statement.sql.contains(MARKS) {
            return None;
        }
        let plain = [*day, next].map(|day| day.to_string());
        let compact = [*day, next].map(|day| day.as_yyyymmdd().to_string());
        let written = plain.iter().chain(&compact).zip(MARKS);
        let mut text = String::with_capacity(statement.sql.len());
        let mut rest = statement.sql.as_str();
        while let Some(at) = number(rest) {
            let (before, from) = rest.split_at(at);
            let (date, mark) = written.clone().find(|(date, _)| from.starts_with(*date))?;
            rest = &from[date.len()..];
            if before.ends_with(belongs_to_a_name) || rest.starts_with(belongs_to_a_name) {
                return None;
            }
            text.push_str(before);
            text.push(mark);
        }
        text.push_str(rest);
        Some(Self { step: statement.step.clone(), text })
    }
}

/// Where the first number is that is long enough for a year.
fn number(text: &str) -> Option<usize> {
    let mut digits = 0;
    for (at, byte) in text.bytes().enumerate() {
        digits = if byte.is_ascii_digit() { digits + 1 } else { 0 };
        if digits == YEAR {
            return Some(at + 1 - YEAR);
        }
    }
    None
}

/// Whether a name of the rule may have this character, or stand in backquotes beside it.
fn belongs_to_a_name(c: char) -> bool {
    c.is_alphanumeric() || ['_', '-', '.', '`'].contains(&c)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fuzzed;
    use crate::plan;
    use crate::rule::RuleFile;
    use crate::template::Renderer;
    use crate::window::{Day, Window};

    fn day(text: &str) -> Window {
        Window::day(Day::parse(text).unwrap())
    }

    fn form(sql: &str) -> Option<Form> {
        Form::of(&Statement::new(StepName::parse("own").unwrap(), day("2026-01-28"), sql.into()))
    }

    #[test]
    fn the_shipped_statements_of_all_dates_have_one_form() {
        let project = fuzzed::project();
        let renderer = Renderer::new(&project.file.rules[0], &project.templates, &[]).unwrap();
        for step in plan::steps_of(&renderer) {
            let [one, other] = ["2026-01-28", "2031-12-31"].map(|date| {
                let statements = renderer.render(&step, &day(date)).unwrap();
                statements
                    .iter()
                    .map(|statement| Form::of(statement).unwrap().text)
                    .collect::<Vec<_>>()
            });
            assert_eq!(one, other);
        }
    }

    #[test]
    fn a_date_is_marked_in_each_way_that_a_partition_is_written() {
        let one =
            form("d = '2026-01-28' OR d < '2026-01-29 00:00:00' OR (n = 20260128) OR n<20260129");
        assert!(
            one.unwrap().text == "d = '\u{1}' OR d < '\u{2} 00:00:00' OR (n = \u{3}) OR n<\u{4}"
        );
    }

    #[test]
    fn what_could_be_another_date_has_no_form() {
        let other_dates = ["'2026-01-27'", "20260127", "n < 1000", "'2026-1-28'"];
        let names = ["`2026-01-28`", "`a.20260128`", "x_20260128", "x-2026-01-28", "d.20260128x"];
        let hidden = [r"'\x32\x30\x32\x36-01-28'", "'\u{1}'"];
        for sql in other_dates.iter().chain(&names).chain(&hidden) {
            assert!(form(sql).is_none(), "{sql}");
        }
        assert!(form("n < 999").is_some());
    }

    #[test]
    fn several_dates_and_the_ends_of_the_calendar_have_no_form() {
        let of = |window: Window| {
            let step = StepName::parse("own").unwrap();
            Form::of(&Statement::new(step, window, "SELECT 1".to_owned()))
        };
        let [first, last] = ["2026-01-28", "2026-01-29"].map(|day| Day::parse(day).unwrap());
        assert!(of(Window::range(first, last).unwrap()).is_none());
        for date in ["0001-01-01", "9000-01-01", "9999-12-31"] {
            assert!(of(day(date)).is_none(), "{date}");
        }
        assert!(of(Window::day(first)).is_some());
    }

    fn rule(table: &str, key: &str) -> RuleFile {
        let text = format!(
            "[rule.p]\ntable = \"{table}\"\npartition = \"d\"\nkey = [\"{key}\"]\nkeep = [\"id DESC\"]\nrow_id = \"id\"\nactive = \"x\"\n"
        );
        RuleFile::parse("onerow.toml", &text).unwrap()
    }

    #[test]
    fn a_date_as_the_tables_name_is_compared_each_time() {
        let update = |date: &str| {
            let sql = format!("UPDATE a.'{date}' SET x = FALSE WHERE d = DATE '{date}'\n");
            Statement::new(StepName::parse("own").unwrap(), day(date), sql)
        };
        let file = rule("a.2026-01-28", "n");
        let statements = ["2026-01-28", "2026-01-29"].map(update).to_vec();
        let inspected: Vec<_> = inspect_all(&file.rules[0], statements).collect();
        assert_eq!(inspected[0].findings, []);
        assert!(inspected[1].checked.is_none());
    }

    #[test]
    fn a_date_in_the_rules_own_ranking_is_compared_each_time() {
        let select = |date: &str| {
            let sql = format!(
                "SELECT d AS date, COUNT(*) AS active, 1 AS keys, 0 AS duplicates, 0 AS buffered, 0 AS shared_ids, 0 AS settled\n\
                 FROM (SELECT d, ROW_NUMBER() OVER (PARTITION BY d, IF(d = '{date}', 1, n) ORDER BY id DESC) AS place FROM a.b)\n\
                 GROUP BY d\n"
            );
            Statement::new(StepName::parse("detect").unwrap(), day(date), sql)
        };
        let file = rule("a.b", "IF(d = '2026-01-28', 1, n)");
        let statements = ["2026-01-28", "2026-01-29"].map(select).to_vec();
        let inspected: Vec<_> = inspect_all(&file.rules[0], statements).collect();
        assert_eq!(inspected[0].findings, []);
        assert!(inspected[1].checked.is_none());
    }
}
