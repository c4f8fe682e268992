//! What is shown of such texts: it cannot steer a terminal, end a row, or command a workflow's runner.

use super::data::hostile_table;
use super::hostile::{MARKUP, all, toml};
use super::markup::is_no_markup;
use super::pages::failed;
use crate::common::{Project, RULE, part};

/// Nothing of this text is_control_or_invisible a terminal, or hides in it.
pub fn is_inert(text: &str, what: &str) {
    let is_control_or_invisible = |c: char| {
        (c.is_control() && c != '\n' && c != '\t')
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200b}' | '\u{2028}')
    };
    if let Some(at) = text.find(is_control_or_invisible) {
        let around: String =
            text[..at].chars().rev().take(40).collect::<Vec<_>>().into_iter().rev().collect();
        panic!("{what}: {:?} after {around:?}", text[at..].chars().next());
    }
    assert!(!text.lines().any(|line| line.trim_start().starts_with("::")), "{what}");
}

#[test]
fn values_of_the_table_are_shown_and_do_nothing() {
    let project = hostile_table();
    for format in ["table", "markdown"] {
        let ended =
            project.onerow(&format!("explain --date 2026-01-28 --format {format}")).exits(0);
        is_inert(&ended.stdout, format);
        let rows = ended.stdout.lines().filter(|line| line.contains("2026-01-28"));
        let rows: Vec<&str> = rows.collect();
        assert_eq!(rows.len(), all().count(), "a line for each duplicate");
        if format == "markdown" {
            let bars =
                |line: &str| line.replace("\\\\", "").replace("\\|", "").matches('|').count();
            assert!(rows.iter().all(|row| bars(row) == bars(rows[0])), "{}", ended.stdout);
        }
    }
    let json = project.onerow("explain --date 2026-01-28 --format json").exits(0).stdout;
    let document: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(document["superseded"].as_array().unwrap().len(), all().count());
    assert!(document.to_string().contains("DROP TABLE"));
}

#[test]
fn a_mistake_that_repeats_its_text_does_not_steer() {
    for text in part::of(all(), 4) {
        let name = toml(text);
        let project = Project::new(&RULE.replace("\"game_id\", \"player\"", &name));
        for format in ["text", "json"] {
            let ended = project.onerow(&format!("check --date 2026-01-28 --log-format {format}"));
            is_inert(&ended.stderr, text);
        }
        let project = Project::new(RULE);
        if !text.contains('\0') {
            for arguments in [
                ["check", text, "--date", "2026-01-28"],
                ["check", "--date", text, "--last"],
                ["status", "--date", "2026-01-28", &format!("--var={text}")],
            ] {
                is_inert(&project.onerow_with(&arguments).stderr, text);
            }
        }
    }
}

#[test]
fn an_own_step_shows_values_that_command_nobody() {
    let project = hostile_table();
    let steps = "written_at = \"created_at\"\nsteps = [{ name = \"own\", per = \"table\" }, \"detect\", \"deactivate\", \"verify\"]";
    project.write("onerow.toml", RULE.replace("written_at = \"created_at\"", steps));
    project.write("sql/own.sql", "SELECT '::error::x' AS a, '\\n::stop-commands::y' AS `b`\n");
    for format in ["table", "markdown"] {
        let ended = project.onerow(&format!("run own --format {format}")).exits(0);
        is_inert(&ended.stdout, format);
        assert!(ended.stdout.contains("error"), "{}", ended.stdout);
    }
}

#[test]
fn a_log_shows_errors_that_do_nothing() {
    let texts: Vec<&str> =
        MARKUP.into_iter().chain(["::error::x", "\u{1b}[2J", "\u{202e}evil"]).collect();
    let project = failed(&texts);
    for format in ["table", "markdown"] {
        let ended =
            project.onerow(&format!("log --statements --limit 1000 --format {format}")).exits(0);
        is_inert(&ended.stdout, format);
        let errors = ended.stdout.lines().filter(|line| line.contains(", statement 1: "));
        let errors: Vec<&str> = errors.collect();
        assert_eq!(errors.len(), texts.len(), "{ended}");
        if format == "markdown" {
            errors.iter().for_each(|line| is_no_markup(line, 0));
        }
    }
}
