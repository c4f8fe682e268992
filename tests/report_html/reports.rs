//! `onerow report --html` through the real binary.

use super::html::{assert_is_sound, plain, tags};
use crate::common::whole::whole;
use crate::common::{Ended, HEADER, Project, RULE};
use crate::predictions;

pub const WINDOW: &str = "--from 2026-01-20 --to 2026-01-29 --now 2026-01-30T12:00:00Z";

pub fn loaded() -> Project {
    let project = Project::example();
    project.write("predictions.csv", predictions::csv());
    project.onerow("load by_line predictions.csv").exits(0);
    project
}

/// The page in a file, which is sound and carries its policy.
pub fn page(project: &Project, file: &str) -> String {
    let html = std::fs::read_to_string(project.path(file)).unwrap();
    assert_is_sound(&html);
    let policy = tags(&html).into_iter().find_map(|tag| {
        (tag.get("http-equiv") == Some("Content-Security-Policy"))
            .then(|| tag.get("content").unwrap().to_owned())
    });
    let policy = plain(&policy.unwrap()).replace("&#x27;", "'");
    assert!(onerow::report::html::content_security_policy().starts_with(&policy), "{policy}");
    plain(&html)
}

/// The report; the size that it tells is that of the file, and is not repeated here.
pub fn report(project: &Project, arguments: &str) -> Ended {
    let mut ended = project.onerow(&format!("report {WINDOW} --html report.html {arguments}"));
    if let Ok(file) = std::fs::metadata(project.path("report.html")) {
        let size = bytesize::ByteSize(file.len()).to_string();
        ended.stderr = ended.stderr.replace(&size, "[SIZE]");
    }
    ended
}

fn files(project: &Project) -> Vec<String> {
    let there = std::fs::read_dir(project.path("")).unwrap();
    let mut names: Vec<String> =
        there.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort_unstable();
    names
}

#[test]
fn before_a_run_the_page_has_the_published_figures_of_both_rules() {
    let project = loaded();
    whole!(report(&project, ""), @"
    $ onerow report --from 2026-01-20 --to 2026-01-29 --now [TIME] --html report.html
    -- stderr
    wrote report.html: 2 rules, 0 runs, [SIZE]
    ");
    let html = page(&project, "report.html");
    assert!(
        html.contains("7,865 duplicates on 8 of 10 dates.")
            && html.contains("4,689 duplicates on 8 of 10 dates.")
    );
    assert!(
        html.contains("<title>2026-01-23: 2,807 dirty</title>")
            && html.contains("<title>2026-01-23: 2,477 dirty</title>")
    );
    assert!(html.contains("<th scope=\"row\">2026-01-28</th><td class=\"n\">1,097</td><td class=\"n\">321</td><td class=\"n\">776</td>"));
    assert_eq!(html.matches("The ledger has no runs of this rule").count(), 2);
    let (_, all) = html.split_once("<h2 id=\"all-rules\">2 rules</h2>").unwrap();
    for rule in ["player_prop_predictions", "by_line"] {
        let line =
            format!("<th scope=\"row\" class=\"name\"><a href=\"#rule-{rule}\">{rule}</a></th>");
        assert!(all.contains(&line), "{line}");
    }
    assert!(
        all.contains("<td class=\"n\">7,865</td>") && all.contains("<td class=\"n\">4,689</td>")
    );
    assert!(!html.contains("<form") && !html.contains("href=\"/"), "a file leads nowhere else");
}

#[test]
fn after_a_run_its_dates_are_clean_and_shown_as_cleaned_with_what_was_sent() {
    let project = loaded();
    let rule = "player_prop_predictions";
    let run = project.onerow(&format!("apply {rule} {WINDOW} --format json")).exits(0).json();
    let run = run["run_id"].as_str().unwrap();
    whole!(report(&project, rule), @"
    $ onerow report --from 2026-01-20 --to 2026-01-29 --now [TIME] --html report.html player_prop_predictions
    -- stderr
    wrote report.html: 1 rule, 1 run, [SIZE]
    ");
    let html = page(&project, "report.html");
    assert!(html.contains("Every key has one active row on every date."));
    assert!(html.contains("<title>2026-01-23: clean, 2,807 cleaned by runs</title>"));
    assert!(html.contains("<title>2026-01-21: clean</title>"));
    assert!(
        html.contains(&format!("href=\"#run-{run}\""))
            && html.contains(&format!("id=\"run-{run}\""))
    );
    assert_eq!(
        html.matches("<pre class=\"sql\"").count(),
        18,
        "detect, 8 records, 8 updates, verify"
    );
    let fingerprints = project.onerow(&format!("log {run} --format json")).json();
    for entry in fingerprints.as_array().unwrap() {
        assert!(html.contains(entry["fingerprint"].as_str().unwrap()));
    }
    assert!(!html.contains("4,689"), "the other rule was not asked for");
    assert!(!html.contains("all-rules"), "one rule needs no table of rules");
    let (_, history) = html.split_once("<h2 id=\"by-day\">History</h2>").unwrap();
    assert!(
        history.contains("<th scope=\"row\">2026-01-30</th><td class=\"n\">1</td>"),
        "{history}"
    );
    assert_eq!(html.matches("<h3>Timeline</h3>").count(), 1);
    assert!(html.contains(&format!("<a href=\"#run-{run}-3\">3. deactivate</a>")));
}

#[test]
fn runs_are_those_of_the_last_days() {
    let project = loaded();
    project.onerow(&format!("apply by_line {WINDOW}")).exits(0);
    let later =
        "report by_line --from 2026-01-20 --to 2026-01-29 --now 2026-03-05T12:00:00Z --html -";
    let page = project.onerow(later).exits(0).stdout;
    assert!(page.contains("The ledger has no runs") && !page.contains("cleaned by runs</title>"));
    let page = project.onerow(&format!("{later} --days 40")).exits(0).stdout;
    assert!(page.contains("1 of 1 known run,") && page.contains("cleaned by runs</title>"));
}

#[test]
fn a_run_that_left_buffered_rows_is_shown_so() {
    let project = Project::example();
    project.write("history.csv", predictions::history_csv());
    project.write("backfill.csv", predictions::backfill_csv());
    let rule = "player_prop_predictions";
    project.onerow(&format!("load {rule} history.csv")).exits(0);
    project
        .onerow(&format!("load {rule} backfill.csv --streamed --now 2026-01-30T08:37:08Z"))
        .exits(0);
    let at = "--from 2026-01-20 --to 2026-01-29 --now 2026-01-30T08:37:10Z";
    project.onerow(&format!("apply {rule} {at}")).exits(75);
    project.onerow(&format!("report {rule} {at} --html report.html")).exits(0);
    let html = page(&project, "report.html");
    assert!(html.contains("; all wait in the streaming buffer."));
    assert!(
        html.contains("class=\"bar buffered\" x=") && html.contains("class=\"bar cleaned\" x=")
    );
    assert!(html.contains("<span class=\"word buffered\">buffered</span>"));
}

#[test]
fn a_rule_that_cannot_be_read_is_shown_and_makes_the_command_fail() {
    let missing = RULE.split_once("[rule.predictions]").unwrap().1;
    let missing =
        missing.replace("nba.predictions", "nba.missing").replace("rule.predictions", "rule.other");
    let project = Project::new(&format!("{RULE}\n[rule.other]{missing}"));
    let row = |id| format!("{id},2026-01-28,g1,a,,true,2026-01-28T06:00:00Z\n");
    project.write("rows.csv", format!("{HEADER}{}{}", row("p1"), row("p2")));
    project.onerow("load predictions rows.csv").exits(0);
    whole!(report(&project, ""), @"
    $ onerow report --from 2026-01-20 --to 2026-01-29 --now [TIME] --html report.html
    exit code 1
    -- stderr
    wrote report.html: 2 rules, 0 runs, [SIZE]
    error[not-found]: the embedded warehouse has no table `nba.missing`
      help: did you mean `nba.predictions`?
    ");
    let html = page(&project, "report.html");
    assert!(html.contains("Its status could not be read.") && html.contains("nba.missing"));
    assert!(html.contains("1 duplicate on 1 of 10 dates."), "the other rule is shown as ever");
}

#[test]
fn a_dash_is_stdout_and_the_last_14_dates_are_the_default() {
    let project = loaded();
    let ended = project.onerow("report by_line --now 2026-02-05T12:00:00Z --html -").exits(0);
    assert_is_sound(&ended.stdout);
    assert!(
        ended.stdout.contains("2026-01-22 to 2026-02-04") && ended.stderr.is_empty(),
        "{ended}"
    );
    assert!(!project.path("-").exists());
}

#[test]
fn it_creates_nothing_but_the_file_and_leaves_nothing_behind_when_it_fails() {
    let project = Project::new(RULE);
    whole!(report(&project, ""), @"
    $ onerow report --from 2026-01-20 --to 2026-01-29 --now [TIME] --html report.html
    exit code 1
    -- stderr
    error[not-found]: there is no database `./.onerow/local.db`
      note: while opening `./.onerow/local.db`
      help: load data first, with `onerow load`
    ");
    assert_eq!(files(&project), ["onerow.toml"]);
    let project = loaded();
    let before = files(&project);
    std::fs::create_dir(project.path("folder")).unwrap();
    for (file, says) in
        [("folder", "cannot write `folder`"), ("missing/report.html", "cannot write `missing")]
    {
        project
            .onerow(&format!("report {WINDOW} --html {file}"))
            .exits(1)
            .says(&[says])
            .prints_nothing();
    }
    std::fs::remove_dir(project.path("folder")).unwrap();
    assert_eq!(files(&project), before);
    whole!(project.onerow("report"), @"
    $ onerow report
    exit code 2
    -- stderr
    error[usage]: `--html <FILE>` is missing
      help: `onerow report --help` has examples
    ");
    whole!(project.onerow("report nowhere --html r.html"), @"
    $ onerow report nowhere --html r.html
    exit code 2
    -- stderr
    error[unknown-name]: there is no rule `nowhere`
      help: known: player_prop_predictions, by_line
    ");
    project.onerow("report --html r.html --last 0").exits(2);
    assert_eq!(files(&project), before);
    assert!(
        std::fs::read_dir(project.path(".onerow")).unwrap().count() == 1,
        "nothing beside the database"
    );
}
