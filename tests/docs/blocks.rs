//! Every block of code is run, or its fence says why it is not: `sh not-run: needs a Google project`.
//! CONTRIBUTING.md lists what a fence may say. With `ONEROW_WRITE_DOCS=1`, sessions are written anew.

use std::path::Path;
use std::process::{Command, Stdio};

use onerow::googlesql;

use super::session::Desk;
use super::{Block, Mark, Page, pages, root};
use crate::common::{Ended, Project, document};

/// Rule files that blocks are parts of. They end in an open rule: keys go into it, tables come after it.
const PARTS: [(&str, &str); 2] = [
    ("a-rule", include_str!("a-rule.toml")),
    ("a-rule-with-staging", include_str!("staging.toml")),
];

/// What variables of a page's commands hold.
const VALUES: [(&str, &str); 6] = [
    ("$REGION", "us-west2"),
    ("$CALLER", "onerow-scheduler@my-project.iam.gserviceaccount.com"),
    ("$RUNNER", "onerow@my-project.iam.gserviceaccount.com"),
    ("$URL", "https://onerow-abc123-uw.a.run.app"),
    (
        "../shop/target/manifest.json",
        concat!(env!("CARGO_MANIFEST_DIR"), "/tests/dbt/manifest.json"),
    ),
    ("$IMAGE", "us-west2-docker.pkg.dev/my-project/onerow/onerow:0.1.0"),
];

/// What is wrong with the block.
fn problem(page: &Page, block: &Block<'_>, desk: &mut Desk) -> Result<(), String> {
    let Block { language, mark, text, .. } = block;
    match mark {
        Mark::Unknown(mark) => return Err(format!("`{mark}` is not what a fence may say")),
        Mark::NotRun(reason) if reason.split(' ').count() < 2 => {
            return Err("it is not run, and no reason says why".to_owned());
        }
        Mark::NotRun(_) if *language == "sh" => return shell(text, true),
        Mark::NotRun(_) => return Ok(()),
        Mark::RunBy(test) => return is_run_by(page, test),
        Mark::File(name) => {
            desk.write(name, text);
            return Ok(());
        }
        Mark::In(_) | Mark::None => {}
    }
    match *language {
        "sh" => shell(text, false),
        "toml" => rule_file(page, text, *mark),
        "sql" => sql(text),
        "json" => json(text),
        "jsonl" => text.lines().try_for_each(json),
        "yaml" => serde_yaml_ng::from_str::<serde_yaml_ng::Value>(text).map(drop).map_err(said),
        "console" => match desk.play(text)? {
            played if played == *text => Ok(()),
            played => Err(format!("this is printed (ONEROW_WRITE_DOCS=1 writes it):\n{played}")),
        },
        other => Err(format!("nothing runs `{other}`; say why not: {other} not-run: REASON")),
    }
}

fn said(error: impl ToString) -> String {
    error.to_string()
}

/// The test reads the page.
fn is_run_by(page: &Page, test: &str) -> Result<(), String> {
    let text = std::fs::read_to_string(root().join(test)).map_err(|e| format!("{test}: {e}"))?;
    let name = page.name().to_string();
    if text.contains(&name) { Ok(()) } else { Err(format!("{test} does not read {name}")) }
}

fn json(text: &str) -> Result<(), String> {
    serde_json::from_str::<serde_json::Value>(text).map(drop).map_err(said)
}

fn sql(text: &str) -> Result<(), String> {
    let tokens = googlesql::tokens(text).map_err(said)?;
    googlesql::parse(tokens, |parser| parser.parse_statements()).map(drop).map_err(said)
}

/// `onerow check` has nothing against the rule file that this is, or is a part of.
fn rule_file(page: &Page, text: &str, mark: Mark<'_>) -> Result<(), String> {
    let before = match mark {
        Mark::In(part) => {
            let known = PARTS.iter().find(|(name, _)| *name == part);
            known.ok_or_else(|| format!("there is no rule file `{part}`"))?.1
        }
        _ => "",
    };
    let project = Project::new(&format!("{before}{text}"));
    for block in page.blocks() {
        if let Mark::File(name) = block.mark {
            project.write(name, &block.text);
        }
    }
    let ended = project.onerow("check --all");
    if ended.code == Some(0) { Ok(()) } else { Err(ended.to_string()) }
}

/// This is shell, and each `onerow` in it a command line that onerow takes. Other commands need a mark.
fn shell(text: &str, is_marked: bool) -> Result<(), String> {
    let parsed = Command::new("bash").args(["-n", "-c", text]).output().unwrap();
    if !parsed.status.success() {
        return Err(String::from_utf8_lossy(&parsed.stderr).into_owned());
    }
    for line in text.replace("\\\n", " ").lines() {
        let words = shlex::split(line).unwrap_or_default();
        let Some(first) = words.first() else { continue };
        let at = words.iter().position(|word| word == "onerow");
        match at.filter(|at| *at == 0 || first.contains('=')) {
            Some(at) => command_line(&words[at + 1..])?,
            None if is_marked || first == "cd" => {}
            None => return Err(format!("nothing runs `{line}`; say why not: sh not-run: REASON")),
        }
    }
    Ok(())
}

/// Where there is no project, a command that is well formed asks for one, or needs none; or it asks for a file, or for
/// credentials.
fn command_line(words: &[String]) -> Result<(), String> {
    let is_end = |word: &&String| ["|", ">", "&&", ";"].contains(&word.as_str());
    let value = |word: &String| {
        let set = VALUES.iter().find(|(name, _)| name == word);
        set.map_or_else(|| word.clone(), |(_, value)| (*value).to_owned())
    };
    let words: Vec<String> = words.iter().take_while(|word| !is_end(word)).map(value).collect();
    let nowhere = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_onerow"));
    command.args(&words).current_dir(nowhere.path()).stdin(Stdio::null());
    let ended = Ended::of(&format!("{words:?}"), command.output().unwrap());
    let asks = ["onerow.toml", "error[credentials]", "error[file]: cannot read"];
    let is_taken = ended.code == Some(0) || asks.iter().any(|asked| ended.stderr.contains(asked));
    if is_taken { Ok(()) } else { Err(ended.to_string()) }
}

/// What is wrong with the blocks of a page.
fn problems(page: &Page) -> Vec<String> {
    let mut desk = Desk::new();
    let mut found = Vec::new();
    for block in page.blocks() {
        if let Err(problem) = problem(page, &block, &mut desk) {
            found.push(format!("{}:{}: {problem}", page.name(), block.line));
        }
    }
    found
}

/// The page, with its sessions as they go now.
fn written(page: &Page) -> Result<String, String> {
    let mut desk = Desk::new();
    let mut text = page.text.clone();
    for block in page.blocks() {
        match (block.mark, block.language) {
            (Mark::File(name), _) => desk.write(name, &block.text),
            (Mark::None, "console") => {
                let played = desk.play(&block.text)?;
                text = text.replacen(
                    &format!("```console\n{}```", block.text),
                    &format!("```console\n{played}```"),
                    1,
                );
            }
            _ => {}
        }
    }
    Ok(text)
}

#[test]
fn every_block_of_code_is_run_or_says_why_not() {
    let mut all = pages();
    all.push(Page::read("README.md"));
    if document::is_written() {
        for page in &mut all {
            page.text = written(page).unwrap();
            std::fs::write(root().join(&page.path), &page.text).unwrap();
        }
    }
    let problems: Vec<String> = all.iter().flat_map(problems).collect();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// Without these, the test above would say nothing of a block that is wrong.
#[test]
fn a_block_that_is_wrong_and_one_that_is_not_run_without_a_reason_are_found() {
    for block in [
        "toml\n[rule.r]\ntabel = \"d.t\"",
        "toml in: no-such-rule\nsteps = []",
        "sql\nSELECT FROM WHERE",
        "json\n{\"a\": }",
        "yaml\na: [",
        "sh\nonerow apply --no-such-argument",
        "sh\nonerow no-such-command",
        "sh\nonerow apply --date 2026-01-28 --last 3",
        "sh\ngcloud auth login",
        "sh not-run: needs a project\nonerow apply --no-such-argument",
        "sh not-run: \ngcloud auth login",
        "sh not-run\ngcloud auth login",
        "console\n$ onerow schema # exits 1",
        "console\n$ onerow init p\nwrote something else",
        "text\nwhatever",
        "\nwhatever",
        "text run-by: tests/no_such.rs\nwhatever",
        "text run-by: tests/main.rs\nwhatever",
    ] {
        let page =
            Page { path: Path::new("docs/page.md").into(), text: format!("```{block}\n```\n") };
        assert_eq!(problems(&page).len(), 1, "{block}");
    }
}
