//! Undoing a run from its page: what would come back is shown first, and only that comes back.

use onerow::statement::Fingerprint;
use serde_json::json;

use super::pages::{ended, location, sign_in, token};
use super::service::{APPLY, Answer, NOW, READ, Service};
use crate::common::{HEADER, Project, RULE};
use crate::report_html::html::{assert_is_sound, plain};

/// Eight dates with a duplicate each.
fn project() -> Project {
    let project = Project::new(RULE);
    let row = |day: u32, i: u32| {
        format!("{day}-{i},2026-01-{day},g1,p1,,true,2026-01-{day}T09:0{i}:00Z\n")
    };
    let rows: String = (20..28).flat_map(|day| [row(day, 1), row(day, 2)]).collect();
    project.write("rows.csv", format!("{HEADER}{rows}"));
    project.onerow("load predictions rows.csv").exits(0);
    project
}

fn applied(service: &Service) -> String {
    let ran = service.apply(r#"{"from": "2026-01-20", "to": "2026-01-27"}"#);
    assert_eq!(ran.status, 200, "{}", ran.text);
    ran.json["run_id"].as_str().unwrap().to_owned()
}

/// The plan that the page's form carries.
fn plan(page: &Answer) -> String {
    let (_, rest) = page.text.split_once("name=\"plan\" value=\"").expect(&page.text);
    rest.split('"').next().unwrap().to_owned()
}

fn fields<'f>(csrf: &'f str, run: &'f str, plan: &'f str) -> [(&'f str, &'f str); 4] {
    [("csrf", csrf), ("run", run), ("plan", plan), ("confirm", "yes")]
}

#[test]
fn an_undo_shows_what_would_come_back_brings_it_back_and_both_runs_name_each_other() {
    let project = project();
    let service = Service::of(&project);
    let run = applied(&service);
    let cookie = sign_in(&service, APPLY);
    let headers = [("Cookie", cookie.as_str()), ("Sec-Fetch-Site", "same-origin")];
    let of_run = service.get_with(&format!("/runs/{run}"), &headers);
    let address = format!("/runs/{run}/undo");
    assert!(plain(&of_run.text).contains(&format!("href=\"{address}\"")), "{}", of_run.text);
    assert!(of_run.text.contains("<dt>kind</dt><dd>apply</dd>"));
    let before = project.ledger().len();
    let page = service.get_with(&address, &headers);
    assert_is_sound(&page.text);
    assert!(page.text.contains("An undo would bring back 8 rows on 8 dates."), "{}", page.text);
    assert!(plain(&page.text).contains(&format!("/rules/predictions/dates/2026-01-23?run={run}")));
    assert_eq!(project.ledger().len(), before, "looking changes nothing");
    let (csrf, plan) = (token(&page), plan(&page));
    let begun = service.send("/undo", &headers, &fields(&csrf, &run, &plan));
    assert_eq!(begun.status, 303, "{}", begun.text);
    let undo = location(&begun).strip_prefix("/runs/").unwrap().to_owned();
    let page = ended(&service, location(&begun), &cookie);
    assert_eq!(project.active().len(), 16);
    let dates = "2026-01-20 to 2026-01-27";
    let text = plain(&page.text);
    for told in [
        "<dt>kind</dt><dd>undo</dd>",
        &format!("<dt>dates</dt><dd>{dates}</dd>"),
        &format!("<dt>undoes</dt><dd>run <a href=\"/runs/{run}\">{run}</a></dd>"),
        "<dt>brought back</dt><dd>8</dd>",
    ] {
        assert!(text.contains(told), "{told} is not in\n{text}");
    }
    let of_run = plain(&service.get_with(&format!("/runs/{run}"), &headers).text);
    let told =
        format!("Its rows were brought back since, by run <a href=\"/runs/{undo}\">{undo}</a>.");
    assert!(of_run.contains(&told), "{of_run}");
    assert!(!of_run.contains("href=\"/runs/{run}/undo\""), "there is nothing left to undo");
    // All eight dates, on the page of the rule, in the API and in the report.
    let listed = plain(&service.get_with("/rules/predictions", &headers).text);
    assert!(listed.contains("<td>undo</td>"), "{listed}");
    assert_eq!(listed.matches(&format!("<td class=\"dates\">{dates}</td>")).count(), 2, "{listed}");
    let runs = service.get("/api/runs", Some(READ)).json;
    // Both began at the same time, as the service's clock has it.
    let of = |id: &str| {
        let runs = runs["runs"].as_array().unwrap();
        runs.iter().find(|run| run["run_id"] == id).unwrap().clone()
    };
    let told = of(&undo);
    assert_eq!((&told["kind"], &told["undoes"]), (&json!("undo"), &json!(run)));
    assert_eq!(told["dates"].as_array().unwrap().len(), 8, "{told}");
    assert_eq!((&of(&run)["kind"], &of(&run)["undone_by"]), (&json!("apply"), &json!([undo])));
    let report = "report --from 2026-01-20 --to 2026-01-27 --now 2026-01-31T10:00:00Z --html -";
    let report = plain(&project.onerow(report).exits(0).stdout);
    assert!(report.contains(&format!("<dt>dates</dt><dd>{dates}</dd>")), "{report}");
    // In the list of runs; the timelines of the runs have the dates too.
    let listed = format!("<td class=\"dates\">{dates}</td><td class=\"who\">");
    assert_eq!(report.matches(&listed).count(), 2);
    let again = service.get_with(&address, &headers);
    assert!(
        again.text.contains("There is nothing to undo.")
            && !again.text.contains("action=\"/undo\"")
    );
}

#[test]
fn what_was_confirmed_is_what_is_undone_or_the_new_plan_is_shown() {
    let project = project();
    let service = Service::of(&project);
    let run = applied(&service);
    let cookie = sign_in(&service, APPLY);
    let headers = [("Cookie", cookie.as_str())];
    let page = service.get_with(&format!("/runs/{run}/undo"), &headers);
    let (csrf, confirmed) = (token(&page), plan(&page));
    // Another process undoes it meanwhile.
    project.onerow(&format!("undo {run} --now 2026-01-31T09:59:00Z")).exits(0);
    let shown = service.send("/undo", &headers, &fields(&csrf, &run, &confirmed));
    assert_eq!(shown.status, 409, "{}", shown.text);
    assert!(
        shown.text.contains("Nothing was run.") && shown.text.contains("There is nothing to undo.")
    );
    assert_ne!(confirmed, "");
    // No page has a form of nothing; a form that somebody makes for it begins no run.
    let nothing = project.onerow(&format!("undo {run} --dry-run --format json")).exits(0).stdout;
    let nothing = Fingerprint::of(&nothing);
    let refused = service.send("/undo", &headers, &fields(&csrf, &run, nothing.as_str()));
    assert_eq!(refused.status, 422, "{}", refused.text);
    assert!(refused.text.contains("The run is undone already."), "{}", refused.text);
    let runs = service.get("/api/runs", Some(READ)).json;
    assert_eq!(runs["runs"].as_array().unwrap().len(), 2, "the service began none");
}

#[test]
fn forms_that_nobody_filled_in_undo_nothing() {
    let project = project();
    let service = Service::of(&project);
    let run = applied(&service);
    let clean =
        service.apply(r#"{"date": "2026-01-29"}"#).json["run_id"].as_str().unwrap().to_owned();
    let (cookie, reader) = (sign_in(&service, APPLY), sign_in(&service, READ));
    let own = [("Cookie", cookie.as_str()), ("Sec-Fetch-Site", "same-origin")];
    let of_reader = [("Cookie", reader.as_str()), ("Sec-Fetch-Site", "same-origin")];
    let address = format!("/runs/{run}/undo");
    let page = service.get_with(&address, &own);
    let seen = service.get_with(&address, &of_reader);
    assert!(seen.text.contains("8 rows on 8 dates") && !seen.text.contains("action=\"/undo\""));
    let (csrf, plan, theirs) = (token(&page), plan(&page), token(&seen));
    let foreign = [own[0], ("Sec-Fetch-Site", "cross-site")];
    let framed = [own[0], ("Origin", "null")];
    let good = fields(&csrf, &run, &plan);
    let unticked = [good[0], good[1], good[2], ("confirm", "no")];
    let other_run = fields(&csrf, "nowhere", &plan);
    let nothing = fields(&csrf, &clean, &plan);
    let no_token = fields("", &run, &plan);
    let of_other = fields(&theirs, &run, &plan);
    let by_reader = fields(&theirs, &run, &plan);
    type Pairs<'a> = &'a [(&'a str, &'a str)];
    let refused: [(&str, Pairs<'_>, Pairs<'_>, u16); 9] = [
        ("another site", &foreign, &good, 403),
        ("a frame without origin", &framed, &good, 403),
        ("no token", &own, &no_token, 403),
        ("the token of somebody else", &own, &of_other, 403),
        ("a reader", &of_reader, &by_reader, 403),
        ("no confirmation", &own, &unticked, 422),
        ("no plan", &own, &good[..2], 422),
        ("no such run", &own, &other_run, 404),
        ("a run that removed nothing", &own, &nothing, 422),
    ];
    for (what, headers, fields, status) in refused {
        let answer = service.send("/undo", headers, fields);
        assert_eq!(answer.status, status, "{what}: {}", answer.text);
    }
    assert_eq!(
        service.send("/undo", &[], &good).status,
        303,
        "a stranger is led to the sign-in page"
    );
    assert_eq!(service.get_with("/undo", &own).status, 405);
    assert_eq!(project.active().len(), 8);
    for (path, status) in [("/runs/nowhere/undo", 404), (&format!("/runs/{clean}/undo"), 422)] {
        assert_eq!(service.get_with(path, &own).status, status, "{path}");
    }
}

#[test]
fn a_rule_that_deletes_is_undone_only_where_deleting_was_allowed_and_its_rows_were_kept() {
    let deletes = RULE
        .replace("active = \"is_active\"\ntouched_at = \"updated_at\"", "strategy = \"delete\"");
    let keeps = deletes.replace("strategy", "keep_rows = true\nstrategy");
    for (rule, yes, told, offered) in [
        (&keeps, false, "only where it was started with --yes", false),
        (&keeps, true, "Yes, bring back 1 row of nba.predictions", true),
        (&deletes, true, "It cannot be undone from here; the reason is above.", false),
    ] {
        let project = Project::new(rule);
        project.rows("r1,2026-01-30,g1,p1,,true,2026-01-30T09:30:00Z\nr2,2026-01-30,g1,p1,,true,2026-01-30T09:31:00Z");
        project.onerow("apply --date 2026-01-30 --yes --now 2026-01-31T09:00:00Z").exits(0);
        let arguments = if yes { &["--now", NOW, "--yes"][..] } else { &["--now", NOW] };
        let keys = [("ONEROW_APPLY_KEYS", APPLY)];
        let service = Service::start(&project.path(""), arguments, &keys);
        let runs = service.get("/api/runs", Some(APPLY)).json;
        let run = runs["runs"][0]["run_id"].as_str().unwrap().to_owned();
        let cookie = sign_in(&service, APPLY);
        let headers = [("Cookie", cookie.as_str())];
        let page = service.get_with(&format!("/runs/{run}/undo"), &headers);
        assert!(page.text.contains(told), "{told} is not in\n{}", page.text);
        assert_eq!(page.text.contains("action=\"/undo\""), offered);
        if !yes {
            let csrf = token(&page);
            let sent = service.send("/undo", &headers, &fields(&csrf, &run, "x"));
            assert_eq!(sent.status, 403, "{}", sent.text);
        }
    }
}
