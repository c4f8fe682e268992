//! The page of one date: its duplicates by key, who sees their values, and what runs removed.

use super::service::{APPLY, Answer, READ, Service};
use crate::common::{HEADER, Project, RULE};
use crate::report_html::html::{assert_is_sound, plain};

const PAGE: &str = "/rules/predictions/dates/2026-01-30";
const HOSTILE: &str = "</td><script>alert(1)</script>";

/// Two keys with a duplicate each, one of them with markup in it.
fn project() -> Project {
    let project = Project::new(RULE);
    let row = |id: &str, player: &str, minute: u32| {
        format!("{id},2026-01-30,g1,{player},,true,2026-01-30T09:{minute:02}:00Z\n")
    };
    let rows = [
        row("row-a1", "zoe", 1),
        row("row-a2", "zoe", 2),
        row("row-b1", HOSTILE, 3),
        row("row-b2", HOSTILE, 4),
    ];
    project.write("rows.csv", format!("{HEADER}{}", rows.concat()));
    project.onerow("load predictions rows.csv").exits(0);
    project
}

fn get(service: &Service, path: &str, key: &str) -> Answer {
    let page = service.get(path, Some(key));
    assert_eq!(page.status, 200, "{path}: {}", page.text);
    assert_is_sound(&page.text);
    page
}

/// The cells of the rows of a list, by its name.
fn rows(page: &Answer, name: &str) -> Vec<Vec<String>> {
    let text = plain(&page.text);
    let Some((_, table)) = text.split_once(&format!("<caption><span>{name}")) else {
        return Vec::new();
    };
    let body = table.split_once("<tbody>").unwrap().1.split_once("</tbody>").unwrap().0;
    let cells = |row: &str| {
        let cells = row.split("<td class=\"value\"><span>").skip(1);
        cells.map(|cell| cell.split("</span>").next().unwrap().to_owned()).collect()
    };
    body.split("<tr>").skip(1).map(cells).collect()
}

#[test]
fn duplicates_are_listed_by_key_with_survivor_and_reason_and_after_a_run_as_removed() {
    let project = project();
    let service = Service::of(&project);
    let page = get(&service, PAGE, APPLY);
    assert!(page.text.contains("2 duplicates of 2 keys."), "{}", page.text);
    let listed = rows(&page, "Duplicates by key");
    let [hostile, ann] = listed.as_slice() else { panic!("{listed:?}") };
    assert_eq!(ann[..4], ["g1", "zoe", "row-a1", "row-a2"], "{ann:?}");
    let why = "created_at DESC: 2026-01-30 09:01:00+00, survivor 2026-01-30 09:02:00+00";
    assert_eq!(ann[4..], [why, "deactivate it"]);
    assert_eq!(hostile[1], "&lt;/td&gt;&lt;script&gt;alert(1)&lt;/script&gt;");
    assert!(
        page.text.contains("There is no run") || page.text.contains("has no runs over this date")
    );

    let ran = service.apply(r#"{"date": "2026-01-30"}"#);
    assert_eq!(ran.status, 200, "{}", ran.text);
    let run = ran.json["run_id"].as_str().unwrap();
    let page = get(&service, PAGE, APPLY);
    assert!(page.text.contains("There are no duplicates on this date."));
    assert!(page.text.contains(&format!("Run {run} removed 2 rows.")), "{}", page.text);
    let mut removed = rows(&page, "Removed rows");
    removed.sort_unstable();
    assert_eq!(removed[0][..3], ["row-a1", "row-a2", "2"], "{removed:?}");
    assert_eq!(removed[0][4..], ["deactivate", "removed"]);
    let of_run = get(&service, &format!("{PAGE}?run={run}"), APPLY);
    assert_eq!(rows(&of_run, "Removed rows").len(), 2);
    project.onerow(&format!("undo {run} --now 2026-01-31T10:00:00Z")).exits(0);
    let other = Service::of(&project);
    let page = get(&other, PAGE, APPLY);
    assert!(rows(&page, "Removed rows")[0][5].starts_with("restored by run"));
    assert_eq!(rows(&page, "Duplicates by key").len(), 2, "they are duplicates again");
}

#[test]
fn a_read_only_key_sees_how_many_and_why_and_no_value() {
    let project = project();
    let service = Service::of(&project);
    let values = |page: &Answer| {
        ["zoe", "row-a1", "row-b2", "alert", "09:02:00"]
            .iter()
            .any(|value| page.text.contains(value))
    };
    let before = get(&service, PAGE, READ);
    assert!(before.text.contains("2 duplicates of 2 keys."));
    assert!(before.text.contains("<li>created_at DESC: 2 rows</li>"), "{}", before.text);
    assert!(before.text.contains("this one is read-only") && !values(&before), "{}", before.text);
    service.apply(r#"{"date": "2026-01-30"}"#);
    let after = get(&service, PAGE, READ);
    assert!(after.text.contains("removed 2 rows.") && !values(&after), "{}", after.text);
    assert!(values(&get(&service, PAGE, APPLY)));
}

#[test]
fn many_rows_are_several_pages_and_very_many_are_left_to_the_command_line() {
    let project = Project::new(RULE);
    let row = |date: &str, i: u32| {
        let (minute, second) = (i / 60 % 60, i % 60);
        format!("{date}-{i},{date},g1,p1,,true,{date}T0{}:{minute:02}:{second:02}Z\n", i / 3600)
    };
    let few: String = (0..=120).map(|i| row("2026-01-30", i)).collect();
    let many: String = (0..=10_001).map(|i| row("2026-01-29", i)).collect();
    project.write("rows.csv", format!("{HEADER}{few}{many}"));
    project.onerow("load predictions rows.csv").exits(0);
    let service = Service::of(&project);
    let listed =
        |query: &str| rows(&get(&service, &format!("{PAGE}{query}"), APPLY), "Duplicates by key");
    assert_eq!((listed("").len(), listed("?page=3").len(), listed("?page=9").len()), (50, 20, 20));
    assert_eq!(listed("")[0][2], "2026-01-30-119");
    assert_eq!(listed("?page=2")[0][2], "2026-01-30-69");
    let many = get(&service, "/rules/predictions/dates/2026-01-29", APPLY);
    assert!(many.text.contains("10,001 rows are too many to list here."), "{}", many.text);
    assert!(many.text.contains("onerow explain predictions --date 2026-01-29"));
}

#[test]
fn a_date_that_is_none_and_a_run_that_removed_nothing_are_not_found() {
    let project = project();
    let service = Service::of(&project);
    let clean =
        service.apply(r#"{"date": "2026-01-29"}"#).json["run_id"].as_str().unwrap().to_owned();
    for (path, status) in [
        ("/rules/predictions/dates/2026-02-30".to_owned(), 422),
        ("/rules/predictions/dates/all".to_owned(), 422),
        ("/rules/predictions/dates/%3Cb%3E".to_owned(), 422),
        ("/rules/nowhere/dates/2026-01-30".to_owned(), 404),
        (format!("{PAGE}?page=0"), 422),
        (format!("{PAGE}?removed_page=x"), 422),
        (format!("{PAGE}?other=1"), 422),
        (format!("{PAGE}?run=nowhere"), 404),
        (format!("/rules/predictions/dates/2026-01-29?run={clean}"), 404),
    ] {
        assert_eq!(service.get(&path, Some(READ)).status, status, "{path}");
    }
    let empty = get(&service, "/rules/predictions/dates/2026-01-28", READ);
    assert!(empty.text.contains("No rows on 2026-01-28."), "{}", empty.text);
    assert_eq!(get(&service, "/rules/predictions/dates/NULL", READ).status, 200);
}
