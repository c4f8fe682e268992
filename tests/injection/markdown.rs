//! Markdown, for pull requests and chats: findings and reviews that repeat a text of others.

use std::process::Command;

use super::data::hostile_table;
use super::hostile::{MARKUP, all, toml};
use super::markup::is_no_markup;
use super::output::is_inert;
use crate::common::{Project, RULE, part};

const OWN: &str = "UPDATE {{ rule.table }} SET is_active = player LIKE '{}', updated_at = {{ rule.touched_now }} \
                   WHERE {{ window.filter }} -- {}\n";

/// Templates whose findings repeat the text: in a literal, a name, a comment, and as it is.
fn templates(text: &str) -> Vec<String> {
    let literal = onerow::googlesql::SqlValue::String(text.to_owned()).literal().to_string();
    let raw = text.replace('{', "{ ");
    vec![
        OWN.replace("'{}'", &literal).replace("{}", &raw.replace(['\n', '\r'], " ")),
        format!("SELECT {raw} FROM {{{{ rule.table }}}} WHERE {{{{ window.filter }}}}\n"),
        format!(
            "SELECT player.`{raw}` AS x FROM {{{{ rule.table }}}} AS t WHERE {{{{ window.filter }}}}\n"
        ),
        format!("-- onerow: allow {}\nSELECT 1 AS x\n", raw.replace(['\n', '\r'], " ")),
        format!("UPDATE `{raw}` SET is_active = FALSE WHERE TRUE\n"),
    ]
}

fn with_own(template: &str) -> Project {
    let steps =
        "written_at = \"created_at\"\nsteps = [\"own\", \"detect\", \"deactivate\", \"verify\"]";
    let project = Project::new(&RULE.replace("written_at = \"created_at\"", steps));
    project.write("sql/own.sql", template);
    project
}

fn git(project: &Project, arguments: &[&str]) {
    let mut command = Command::new("git");
    command.args(["-c", "user.name=a", "-c", "user.email=a@example.test"]).args(arguments);
    let output = command.current_dir(project.path(".")).output().unwrap();
    assert!(output.status.success(), "git {arguments:?}: {output:?}");
}

fn commit(project: &Project) {
    project.write(".gitignore", ".onerow/\n");
    git(project, &["init", "--quiet", "--initial-branch", "main"]);
    git(project, &["add", "--all"]);
    git(project, &["commit", "--quiet", "--message", "base"]);
}

/// The lines of a review outside of its blocks of code, and without the tags of its own.
fn prose(review: &str) -> Vec<String> {
    let mut fence: Option<&str> = None;
    let mut lines = Vec::new();
    for line in review.lines() {
        match fence {
            Some(open) if line == open => fence = None,
            Some(_) => {}
            None if line.starts_with("```") => fence = Some(line.trim_end_matches("diff")),
            None => lines.push(line.to_owned()),
        }
    }
    assert!(fence.is_none(), "{review}");
    let own = |line: &String| {
        line != "</details>"
            && !(line.starts_with("<details><summary>SQL of ")
                && line.ends_with("</summary></details>"))
    };
    lines.retain(|line| own(line) && !line.starts_with("<details><summary>SQL of own</summary>"));
    lines
}

#[test]
fn findings_repeat_a_text_as_text() {
    let (mut repeated, mut played) = (0, 0);
    for text in part::of(all(), 6) {
        played += usize::from(MARKUP.contains(&text));
        for template in templates(text) {
            let project = with_own(&template);
            let ended = project.onerow("check --date 2026-01-28 --format markdown");
            is_inert(&ended.stdout, text);
            for line in ended.stdout.lines() {
                assert!(line.starts_with("- **"), "each finding is one line: {ended}");
                is_no_markup(&line.replacen("- **", "", 1).replacen("**", "", 1), 0);
                repeated += usize::from(line.contains("`is_active` to") || line.contains("evil"));
            }
        }
    }
    assert!(repeated >= played && played > 0, "{repeated} findings repeat their text, of {played}");
}

#[test]
fn a_review_repeats_a_text_as_text() {
    let texts = MARKUP.into_iter().chain(["`", "a`b", "a\nb", "\u{202e}evil", "*/ c"]);
    for text in part::of(texts, 6) {
        for template in templates(text) {
            let project = with_own("SELECT 1 AS x\n");
            commit(&project);
            project.write("sql/own.sql", &template);
            let ended = project.onerow("review --base main --date 2026-01-28").exits(0);
            is_inert(&ended.stdout, text);
            for line in prose(&ended.stdout) {
                let line = line.trim_matches('*').replace("**It cannot be compared**", "");
                is_no_markup(&line, 0);
            }
        }
    }
}

/// Settings of the rule file reach a review as text too: what is in them, and what is wrong with them.
#[test]
fn a_review_repeats_what_the_rule_file_says_as_text() {
    let (mut repeated, mut played) = (0, 0);
    let texts = MARKUP.into_iter().chain(["<!-- onerow review -->", "</details>", "```\n# evil"]);
    for text in part::of(texts, 6) {
        played += 1;
        let literal = onerow::googlesql::SqlValue::String(text.to_owned()).literal().to_string();
        for (from, to) in [
            ("\"player\"]", format!("\"player\", {}]", toml(&format!("IF(id = {literal}, 1, 0)")))),
            (
                "[\"created_at DESC\"",
                format!("[{}, \"created_at DESC\"", toml(&format!("id = {literal} DESC"))),
            ),
            (
                "active = \"is_active\"",
                format!(
                    "active = {}\ndeactivate = \"is_active = FALSE\"",
                    toml(&format!("is_active AND id != {literal}"))
                ),
            ),
            ("table = \"nba.predictions\"", format!("table = {}", toml(&format!("nba.`{text}`")))),
        ] {
            let project = Project::new(RULE);
            commit(&project);
            assert!(RULE.contains(from), "{from}");
            project.write("onerow.toml", RULE.replace(from, &to));
            let ended = project.onerow("review --base main --date 2026-01-28");
            is_inert(&ended.stdout, text);
            if ended.code != Some(0) {
                // A setting that cannot be is an error, and no review.
                assert!(ended.stdout.is_empty(), "{ended}");
                continue;
            }
            // The tags of its own, around the SQL of a step.
            let is_ours = |line: &&String| {
                let step = line.strip_prefix("<details><summary>SQL of ");
                let step = step.and_then(|step| step.strip_suffix("</summary>"));
                step.is_some_and(|step| step.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'))
            };
            for line in prose(&ended.stdout).iter().filter(|line| !is_ours(line)) {
                is_no_markup(&line.trim_matches('*').replace("**It cannot be compared**", ""), 0);
            }
            repeated += 1;
        }
    }
    assert!(repeated >= played, "{repeated} reviews repeat their text, of {played}");
}

#[test]
fn an_impact_shows_examples_as_text() {
    let key = "key = [\"game_id\", \"player\"";
    let project = hostile_table();
    let rules = std::fs::read_to_string(project.path("onerow.toml")).unwrap();
    project.write("onerow.toml", rules.replace(key, &format!("{key}, \"id\"")));
    commit(&project);
    project.write("onerow.toml", rules);
    let impact = "review --base main --impact --examples 1000 --date 2026-01-28";
    let ended = project.onerow(impact).exits(0);
    is_inert(&ended.stdout, "examples");
    let (_, examples) = ended.stdout.split_once("For example:\n\n").unwrap();
    let table: Vec<&str> = examples.lines().take_while(|line| line.starts_with('|')).collect();
    let count = all().count();
    assert_eq!(table.len(), 2 + count, "a line for each row whose fate differs: {examples}");
    table.iter().for_each(|row| is_no_markup(row, 6));
}

#[test]
fn an_error_in_a_review_is_text() {
    for text in MARKUP {
        let project = Project::new(RULE);
        commit(&project);
        let name = toml(text);
        project.write("sql/deactivate.sql", format!("{{{{ {name} | ident }}}}\n"));
        let ended = project.onerow("review --base main --date 2026-01-28").exits(0);
        let lines = prose(&ended.stdout);
        let told = lines.iter().find_map(|line| line.strip_prefix("**It cannot be compared**"));
        assert!(told.is_some_and(|line| line.contains("evil")), "{ended}");
        lines
            .iter()
            .for_each(|line| is_no_markup(line.trim_start_matches("**It cannot be compared**"), 0));
    }
}
