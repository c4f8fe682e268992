//! Each date that has something to tell is a part of the file, with its rows if they are asked for.

use super::reports::{WINDOW, loaded, page, report};
use crate::common::whole::{filters_but_times, whole};
use crate::common::{HEADER, Project, RULE};

/// The text of the part with this anchor, a line for each line that has any.
fn part(html: &str, anchor: &str) -> String {
    let opens = format!("<section class=\"card\" id=\"{anchor}\"");
    let (_, from) = html.split_once(&opens).unwrap_or_else(|| panic!("no part {anchor}"));
    let (inside, _) = from.split_once("</section>").unwrap();
    let (_, inside) = inside.split_once('>').unwrap();
    let spaced = inside.replace("</td>", " | ").replace("</th>", " | ");
    let pieces =
        spaced.split('<').map(|piece| piece.split_once('>').map_or(piece, |(_, text)| text));
    let text: String = pieces.collect();
    let lines = text.lines().map(str::trim_end).filter(|line| !line.trim().is_empty());
    lines.map(|line| format!("{line}\n")).collect()
}

/// Ids of runs as `[RUN]`, for what is compared until it is dropped.
fn without_ids() -> insta::internals::SettingsBindDropGuard {
    let mut settings = insta::Settings::clone_current();
    settings.set_filters(filters_but_times());
    settings.bind_to_scope()
}

/// Two keys with duplicates on one date, one on the other.
fn three() -> Project {
    let project = Project::new(RULE);
    let row = |id: &str, date: &str, player: &str, hour: u32| {
        format!("{id},{date},g1,{player},,true,{date}T{hour:02}:00:00Z\n")
    };
    let rows = [
        row("p1", "2026-01-28", "a", 6),
        row("p2", "2026-01-28", "a", 7),
        row("p3", "2026-01-28", "a", 8),
        row("p4", "2026-01-28", "<b>b", 6),
        row("p5", "2026-01-29", "a", 6),
        row("p6", "2026-01-29", "a", 7),
        row("p7", "2026-01-27", "a", 7),
    ];
    project.write("rows.csv", format!("{HEADER}{}", rows.concat()));
    project.onerow("load predictions rows.csv").exits(0);
    project
}

#[test]
fn without_explain_a_date_that_runs_were_over_has_its_runs_and_the_commands_that_print_its_rows() {
    let (project, _ids) = (three(), without_ids());
    report(&project, "").exits(0);
    let html = page(&project, "report.html");
    assert!(!html.contains("id=\"date-"), "the table above has all that is known of a date");
    let earlier = WINDOW.replace("12:00:00Z", "11:00:00Z");
    project.onerow(&format!("apply {earlier}")).exits(0);
    let late = "p8,2026-01-28,g1,a,,true,2026-01-28T09:00:00Z";
    project.rows(late);
    report(&project, "").exits(0);
    let html = page(&project, "report.html");
    insta::assert_snapshot!(part(&html, "date-predictions-2026-01-28"), @"
    predictions, 2026-01-28
    1 duplicate on 2026-01-28.
    Figures of predictions, 2026-01-28
    date | active | keys | duplicates | buffered | shared ids | status |
    2026-01-28 | 3 | 2 | 1 | 0 | 0 | dirty |
    total | 3 | 2 | 1 | 0 | 0 |  |
    Duplicates now
    They are not in this file.
    On the command line: onerow explain predictions --date 2026-01-28
    Removed rows
    Run [RUN] removed 2 rows. They are not in this file.
    On the command line: onerow explain predictions --run [RUN]
    Runs over this date
    Newest first, with what each did on this date. Times in America/New_York and in UTC
    began | steps | outcome | found | removed | brought back |
    2026-01-30 06:00:00 EST 11:00:00 UTC | detect, record, deactivate, verify | done | 2 | 2 | 0 |
    ");
    assert!(html.contains(
        "<a href=\"#date-predictions-2026-01-28\" tabindex=\"-1\" aria-label=\"2026-01-28: 1 dirty"
    ));
    assert!(!html.contains("date-predictions-2026-01-27"), "a clean date has no part");
    let (_, parts) = html.split_once("id=\"date-").unwrap();
    assert!(!parts.contains("p1") && !parts.contains("p8"), "no values");
}

#[test]
fn with_explain_it_lists_duplicates_with_survivor_and_reason_and_then_what_a_run_removed() {
    let (project, _ids) = (three(), without_ids());
    report(&project, "--explain").exits(0);
    let html = page(&project, "report.html");
    insta::assert_snapshot!(part(&html, "date-predictions-2026-01-28"), @"
    predictions, 2026-01-28
    2 duplicates on 2026-01-28.
    Figures of predictions, 2026-01-28
    date | active | keys | duplicates | buffered | shared ids | status |
    2026-01-28 | 4 | 2 | 2 | 0 | 0 | dirty |
    total | 4 | 2 | 2 | 0 | 0 |  |
    Duplicates now
    2 duplicates of 1 key.
    Why they are duplicates
    created_at DESC: 2 rows
    Row by row
    Duplicates of predictions, 2026-01-28, 2 rows
    game_id | player | row id | survivor | decided by | a run would |
    g1 | a | p2 | p3 | created_at DESC: 2026-01-28 07:00:00+00, survivor 2026-01-28 08:00:00+00 | deactivate it |
    g1 | a | p1 | p3 | created_at DESC: 2026-01-28 06:00:00+00, survivor 2026-01-28 08:00:00+00 | deactivate it |
    Runs over this date
    The ledger has no runs over this date in the days looked at.
    ");
    let earlier = WINDOW.replace("12:00:00Z", "11:00:00Z");
    project.onerow(&format!("apply {earlier}")).exits(0);
    report(&project, "--explain").exits(0);
    let html = page(&project, "report.html");
    insta::assert_snapshot!(part(&html, "date-predictions-2026-01-28"), @"
    predictions, 2026-01-28
    Every key has one active row on 2026-01-28.
    Figures of predictions, 2026-01-28
    date | active | keys | duplicates | buffered | shared ids | status |
    2026-01-28 | 2 | 2 | 0 | 0 | 0 | clean |
    total | 2 | 2 | 0 | 0 | 0 |  |
    Removed rows
    Run [RUN] removed 2 rows.
    Why they are duplicates
    created_at DESC: 2 rows
    Row by row
    Removed rows of predictions, 2026-01-28, 2 rows
    row id | survivor | rank | decided by | removed by | now |
    p2 | p3 | 2 | created_at DESC: 2026-01-28T07:00:00Z, survivor 2026-01-28T08:00:00Z | deactivate | removed |
    p1 | p3 | 3 | created_at DESC: 2026-01-28T06:00:00Z, survivor 2026-01-28T08:00:00Z | deactivate | removed |
    Runs over this date
    Newest first, with what each did on this date. Times in America/New_York and in UTC
    began | steps | outcome | found | removed | brought back |
    2026-01-30 06:00:00 EST 11:00:00 UTC | detect, record, deactivate, verify | done | 2 | 2 | 0 |
    ");
    project.onerow("undo last --now 2026-01-30T12:00:00Z").exits(0);
    report(&project, "--explain").exits(0);
    let html = page(&project, "report.html");
    insta::assert_snapshot!(part(&html, "date-predictions-2026-01-29"), @"
    predictions, 2026-01-29
    1 duplicate on 2026-01-29.
    Figures of predictions, 2026-01-29
    date | active | keys | duplicates | buffered | shared ids | status |
    2026-01-29 | 2 | 1 | 1 | 0 | 0 | dirty |
    total | 2 | 1 | 1 | 0 | 0 |  |
    Duplicates now
    1 duplicate of 1 key.
    Why they are duplicates
    created_at DESC: 1 row
    Row by row
    Duplicates of predictions, 2026-01-29, 1 row
    game_id | player | row id | survivor | decided by | a run would |
    g1 | a | p5 | p6 | created_at DESC: 2026-01-29 06:00:00+00, survivor 2026-01-29 07:00:00+00 | deactivate it |
    Removed rows
    Run [RUN] removed 1 row.
    Why they are duplicates
    created_at DESC: 1 row
    Row by row
    Removed rows of predictions, 2026-01-29, 1 row
    row id | survivor | rank | decided by | removed by | now |
    p5 | p6 | 2 | created_at DESC: 2026-01-29T06:00:00Z, survivor 2026-01-29T07:00:00Z | deactivate | restored by run [RUN] |
    Runs over this date
    Newest first, with what each did on this date. Times in America/New_York and in UTC
    began | steps | outcome | found | removed | brought back |
    2026-01-30 07:00:00 EST 12:00:00 UTC | detect, undo, verify | done | 0 | 0 | 1 |
    2026-01-30 06:00:00 EST 11:00:00 UTC | detect, record, deactivate, verify | done | 1 | 1 | 0 |
    ");
}

#[test]
fn of_many_rows_it_lists_the_first_and_of_too_many_none() {
    let project = loaded();
    report(&project, "--explain").exits(0);
    let html = page(&project, "report.html");
    let listed = part(&html, "date-player_prop_predictions-2026-01-28");
    let rows = listed.lines().filter(|line| line.contains("| deactivate it |")).count();
    let about = listed.lines().filter(|line| !line.contains("| deactivate it |"));
    insta::assert_snapshot!(about.collect::<Vec<_>>().join("\n"), @"
    player_prop_predictions, 2026-01-28
    776 duplicates on 2026-01-28.
    Figures of player_prop_predictions, 2026-01-28
    date | active | keys | duplicates | buffered | shared ids | status |
    2026-01-28 | 1,097 | 321 | 776 | 0 | 0 | dirty |
    total | 1,097 | 321 | 776 | 0 | 0 |  |
    Duplicates now
    776 duplicates of 321 keys.
    Why they are duplicates
    created_at DESC: 632 rows
    prediction_id DESC: 144 rows
    Row by row
    Duplicates of player_prop_predictions, 2026-01-28, the first 50 of 776 rows
    game_id | player_lookup | system_id | row id | survivor | decided by | a run would |
    On the command line: onerow explain player_prop_predictions --date 2026-01-28
    Runs over this date
    The ledger has no runs over this date in the days looked at.
    ");
    assert_eq!(rows, 50);
}

#[test]
fn rows_that_cannot_be_read_are_shown_so_and_make_the_command_fail() {
    let (project, _ids) = (three(), without_ids());
    project.onerow(&format!("apply {WINDOW}")).exits(0);
    let database = project.database();
    database.execute_batch("DROP TABLE \"onerow.removals\"").unwrap();
    whole!(report(&project, "--explain"), @"
    $ onerow report --from 2026-01-20 --to 2026-01-29 --now [TIME] --html report.html --explain
    exit code 1
    -- stderr
    wrote report.html: 1 rule, 1 run, [SIZE]
    error[refused]: cannot run the query: no such table: onerow.removals: Error code 1: SQL logic error
      note: while running removed of 2026-01-28 to 2026-01-29
    ");
    let html = page(&project, "report.html");
    insta::assert_snapshot!(part(&html, "date-predictions-2026-01-28"), @"
    predictions, 2026-01-28
    Every key has one active row on 2026-01-28.
    Figures of predictions, 2026-01-28
    date | active | keys | duplicates | buffered | shared ids | status |
    2026-01-28 | 2 | 2 | 0 | 0 | 0 | clean |
    total | 2 | 2 | 0 | 0 | 0 |  |
    Removed rows
    cannot run the query: no such table: onerow.removals: Error code 1: SQL logic error; while running removed of 2026-01-28 to 2026-01-29
    On the command line: onerow explain predictions --run [RUN]
    Runs over this date
    Newest first, with what each did on this date. Times in America/New_York and in UTC
    began | steps | outcome | found | removed | brought back |
    2026-01-30 07:00:00 EST 12:00:00 UTC | detect, record, deactivate, verify | done | 2 | 2 | 0 |
    ");
}
