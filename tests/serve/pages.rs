//! The pages, as a browser asks for them: who is let in, what is refused, what is begun.

use std::time::Duration;

use super::service::{APPLY, Answer, READ, Service, example, hold};
use crate::common::{Project, RULE};

const DAY: &str = "2026-01-30";
const PAGES: [&str; 4] =
    ["/", "/plan", "/plan?rule=predictions&from=2026-01-30&to=2026-01-30", "/runs/x"];

type Fields<'f> = &'f [(&'f str, &'f str)];

fn project() -> Project {
    let project = Project::new(RULE);
    project.rows("r1,2026-01-30,g1,p1,,true,2026-01-30T09:30:00Z\nr2,2026-01-30,g1,p1,,true,2026-01-30T09:31:00Z");
    project
}

pub fn location(answer: &Answer) -> &str {
    answer.headers["location"].to_str().unwrap()
}

/// The id of the run to whose page an answer leads.
fn run_id(answer: &Answer) -> &str {
    location(answer).strip_prefix("/runs/").unwrap()
}

/// Signs in; the cookie as a browser sends it back.
pub fn sign_in(service: &Service, key: &str) -> String {
    let signed_in = service.send("/sign-in", &[], &[("key", key), ("next", "/")]);
    assert_eq!(signed_in.status, 303, "{}", signed_in.text);
    let cookie = signed_in.headers["set-cookie"].to_str().unwrap();
    cookie.split(';').next().unwrap().to_owned()
}

/// The cookie's name, which is that of the port.
fn cookie_name(service: &Service) -> String {
    let (_, port) = service.address.rsplit_once(':').unwrap();
    format!("onerow-{port}")
}

/// The token of the page's forms.
pub fn token(page: &Answer) -> String {
    let (_, rest) = page.text.split_once("name=\"csrf\" value=\"").expect(&page.text);
    rest.split('"').next().unwrap().to_owned()
}

fn dry_run(service: &Service, cookie: &str) -> Answer {
    let page = service.get_with(PAGES[2], &[("Cookie", cookie)]);
    assert_eq!(page.status, 200, "{}", page.text);
    page
}

/// The plan that a page's form carries.
fn plan(page: &Answer) -> String {
    let (_, rest) = page.text.split_once("name=\"plan\" value=\"").expect(&page.text);
    rest.split('"').next().unwrap().to_owned()
}

/// What the dry run's form sends, with the token and the plan of its page.
fn filled<'f>(csrf: &'f str, plan: &'f str, confirm: &'f str) -> [(&'f str, &'f str); 7] {
    [
        ("csrf", csrf),
        ("rule", "predictions"),
        ("from", DAY),
        ("to", DAY),
        ("plan", plan),
        ("rows", "1"),
        ("confirm", confirm),
    ]
}

/// The same without a plan, for what is refused before it matters.
fn apply<'f>(csrf: &'f str, confirm: &'f str) -> [(&'f str, &'f str); 7] {
    filled(csrf, "none", confirm)
}

/// Waits until the run of this page has ended.
pub fn ended(service: &Service, path: &str, cookie: &str) -> Answer {
    for _ in 0..100 {
        let page = service.get_with(path, &[("Cookie", cookie)]);
        if !page.text.contains("http-equiv=\"refresh\"") {
            return page;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("{path} does not end");
}

#[test]
fn whoever_is_not_signed_in_is_led_to_the_sign_in_page_and_back() {
    let project = project();
    let service = Service::of(&project);
    for path in PAGES {
        let led = service.get(path, None);
        assert_eq!(led.status, 303, "{path}");
        assert!(location(&led).starts_with("/sign-in?next=%2F"), "{path}: {}", location(&led));
        assert_eq!(led.text, "");
    }
    let asked = service.get(location(&service.get(PAGES[2], None)), None);
    assert_eq!(asked.status, 200);
    assert!(asked.text.contains("type=\"password\""), "{}", asked.text);
    let fields = [("key", READ), ("next", PAGES[2])];
    assert_eq!(location(&service.send("/sign-in", &[], &fields)), PAGES[2]);
    for next in ["https://evil.example/", "//evil.example", "/sign-out", ""] {
        let led = service.send("/sign-in", &[], &[("key", READ), ("next", next)]);
        assert_eq!(location(&led), "/", "{next}");
    }
}

#[test]
fn a_wrong_key_is_told_so_and_nothing_is_kept() {
    let project = project();
    let service = Service::of(&project);
    for key in ["", "wrong", &APPLY[1..], "'; DROP TABLE predictions; --", "\u{1F511}"] {
        let refused = service.send("/sign-in", &[], &[("key", key), ("next", "/")]);
        assert_eq!(refused.status, 401);
        assert!(refused.text.contains("does not know this key"), "{}", refused.text);
        assert!(!refused.headers.contains_key("set-cookie"));
    }
    for guess in ["wrong", "a.b.c", APPLY] {
        let cookie = format!("onerow=wrong; {}={guess}", cookie_name(&service));
        assert_eq!(service.get_with("/", &[("Cookie", &cookie)]).status, 303, "{guess}");
    }
}

#[test]
fn a_cookie_opens_pages_and_nothing_else() {
    let project = project();
    let service = Service::of(&project);
    let cookie = sign_in(&service, APPLY);
    let headers = [("Cookie", cookie.as_str())];
    assert_eq!(service.get_with("/", &headers).status, 200);
    for path in ["/api/status", "/api/runs", "/metrics"] {
        assert_eq!(service.get_with(path, &headers).status, 401, "{path}");
    }
    let proxied = [headers[0], ("Authorization", "Bearer a.token.of-the-proxy")];
    assert_eq!(service.get_with("/", &proxied).status, 200);
    let before = service.get_with("/", &headers);
    let out = service.send("/sign-out", &headers, &[("csrf", &token(&before))]);
    assert_eq!((out.status, location(&out)), (303, "/sign-in"));
    let forgotten = out.headers["set-cookie"].to_str().unwrap();
    let name = cookie_name(&service);
    assert!(
        forgotten.starts_with(&format!("{name}=;")) && forgotten.contains("Max-Age=0"),
        "{forgotten}"
    );
    assert_eq!(
        service.get_with("/", &headers).status,
        303,
        "a copy of the cookie still opens pages"
    );
    let kept = service.send("/sign-in", &[], &[("key", APPLY)]);
    let kept = kept.headers["set-cookie"].to_str().unwrap();
    assert!(kept.contains("HttpOnly") && kept.contains("SameSite=Lax"), "{kept}");
}

#[test]
fn a_cookie_keeps_a_session_of_this_process_and_port_and_not_the_key() {
    let project = project();
    let service = Service::of(&project);
    let cookie = sign_in(&service, APPLY);
    let (name, session) = cookie.split_once('=').unwrap();
    assert_eq!(name, cookie_name(&service));
    assert!(!cookie.contains(APPLY));
    assert_ne!(sign_in(&service, APPLY), cookie, "each session is another one");
    for (host, status) in [(service.address.as_str(), 200), ("localhost:1", 303), ("h", 303)] {
        let port = host.rsplit_once(':').map(|(_, port)| format!("-{port}")).unwrap_or_default();
        let sent = format!("onerow{port}={session}");
        let answer = service.get_with("/", &[("Host", host), ("Cookie", &sent)]);
        assert_eq!(answer.status, status, "{host}");
    }
    let other = Service::of(&project);
    let sent = format!("{}={session}", cookie_name(&other));
    assert_eq!(other.get_with("/", &[("Cookie", &sent)]).status, 303);
    let kept = service.send("/sign-in", &[], &[("key", APPLY)]);
    let kept = kept.headers["set-cookie"].to_str().unwrap();
    assert!(kept.contains("Max-Age=3600"), "{kept}");
}

#[test]
fn the_token_of_a_form_is_another_one_on_each_page_and_of_its_session_alone() {
    let project = project();
    let service = Service::of(&project);
    let [one, other] = [(); 2].map(|()| sign_in(&service, APPLY));
    let [first, second] = [(); 2].map(|()| token(&dry_run(&service, &one)));
    assert_ne!(first, second);
    let send = |cookie: &str, csrf: &str| {
        service.send("/apply", &[("Cookie", cookie)], &apply(csrf, "no")).status
    };
    assert_eq!(send(&one, &first), 422, "the tick is missing, and nothing else");
    assert_eq!(send(&one, &second), 422);
    assert_eq!(send(&other, &first), 403);
}

#[test]
fn a_dry_run_changes_nothing_and_its_form_begins_a_run() {
    let project = project();
    let service = Service::of(&project);
    let cookie = sign_in(&service, APPLY);
    let headers = [("Cookie", cookie.as_str()), ("Sec-Fetch-Site", "same-origin")];
    let page = dry_run(&service, &cookie);
    let (csrf, plan) = (token(&page), plan(&page));
    assert_eq!(project.ledger(), [""; 0]);
    let begun = service.send("/apply", &headers, &filled(&csrf, &plan, "yes"));
    assert_eq!(begun.status, 303, "{}", begun.text);
    let page = ended(&service, location(&begun), &cookie);
    assert_eq!(page.status, 200);
    assert_eq!(project.active(), ["r2"]);
    let runs = service.get("/api/runs", Some(READ)).json;
    let run = &runs["runs"][0];
    assert_eq!(format!("/runs/{}", run["run_id"].as_str().unwrap()), location(&begun));
    assert!(run["who"].as_str().unwrap().starts_with("api-key-"), "{run}");
    assert!(page.text.contains(run["run_id"].as_str().unwrap()));
    let overview = service.get_with("/", &headers);
    assert!(overview.text.contains(run_id(&begun)), "{}", overview.text);
}

#[test]
fn forms_that_nobody_filled_in_begin_nothing() {
    let project = project();
    let service = Service::of(&project);
    let cookie = sign_in(&service, APPLY);
    let reader = sign_in(&service, READ);
    let csrf = token(&dry_run(&service, &cookie));
    let of_reader = token(&service.get_with("/", &[("Cookie", &reader)]));
    let here = ("Sec-Fetch-Site", "same-origin");
    let own = [("Cookie", cookie.as_str()), here];
    let refused: [(&str, Fields<'_>, Fields<'_>, u16); 10] = [
        ("another site", &[own[0], ("Sec-Fetch-Site", "cross-site")], &apply(&csrf, "yes"), 403),
        ("another origin", &[own[0], ("Origin", "http://evil.example")], &apply(&csrf, "yes"), 403),
        ("a frame without origin", &[own[0], ("Origin", "null")], &apply(&csrf, "yes"), 403),
        ("no token", &own, &apply("", "yes"), 403),
        ("the token of somebody else", &own, &apply(&of_reader, "yes"), 403),
        ("a reader", &[("Cookie", &reader), here], &apply(&of_reader, "yes"), 403),
        ("no confirmation", &own, &apply(&csrf, "no"), 422),
        ("a field less", &own, &apply(&csrf, "yes")[..3], 422),
        (
            "no such date",
            &own,
            &[
                ("csrf", &csrf),
                ("rule", "predictions"),
                ("from", "2026-02-30"),
                ("to", DAY),
                ("plan", "none"),
                ("rows", "1"),
                ("confirm", "yes"),
            ],
            422,
        ),
        (
            "no such rule",
            &own,
            &[
                ("csrf", &csrf),
                ("rule", "<script>"),
                ("from", DAY),
                ("to", DAY),
                ("plan", "none"),
                ("rows", "1"),
                ("confirm", "yes"),
            ],
            422,
        ),
    ];
    for (what, headers, fields, status) in refused {
        let answer = service.send("/apply", headers, fields);
        assert_eq!(answer.status, status, "{what}: {}", answer.text);
        assert_eq!(answer.headers["content-type"], "text/html; charset=utf-8", "{what}");
        assert!(!answer.text.contains("<script"), "{what}: {}", answer.text);
    }
    let led = service.send("/apply", &[here], &apply(&csrf, "yes"));
    assert_eq!((led.status, location(&led)), (303, "/sign-in?next=%2F"));
    let large = "x".repeat(20_000);
    assert_eq!(service.send("/apply", &own, &[("csrf", &large)]).status, 413);
    assert_eq!(service.get_with("/apply", &own).status, 405);
    assert_eq!(project.active(), ["r1", "r2"]);
    assert_eq!(project.ledger(), [""; 0]);
}

#[test]
fn readers_see_no_form_to_apply() {
    let project = project();
    let service = Service::of(&project);
    let reader = sign_in(&service, READ);
    assert!(!dry_run(&service, &reader).text.contains("action=\"/apply\""));
    let cookie = sign_in(&service, APPLY);
    assert!(dry_run(&service, &cookie).text.contains("action=\"/apply\""));
}

#[test]
fn rows_are_deleted_only_where_that_was_allowed() {
    let rule = RULE
        .replace("active = \"is_active\"\ntouched_at = \"updated_at\"", "strategy = \"delete\"");
    let project = Project::new(&rule);
    project.rows("r1,2026-01-30,g1,p1,,true,2026-01-30T09:30:00Z\nr2,2026-01-30,g1,p1,,true,2026-01-30T09:31:00Z");
    let service = Service::of(&project);
    let cookie = sign_in(&service, APPLY);
    let page = dry_run(&service, &cookie);
    assert!(page.text.contains("--yes") && !page.text.contains("action=\"/apply\""));
    let csrf = token(&page);
    let sent = service.send("/apply", &[("Cookie", &cookie)], &apply(&csrf, "yes"));
    assert_eq!(sent.status, 403, "{}", sent.text);
}

#[test]
fn a_run_that_waits_or_failed_before_its_first_statement_has_a_page() {
    let project = example();
    let service = Service::of(&project);
    let cookie = sign_in(&service, APPLY);
    let headers = [("Cookie", cookie.as_str())];
    let path = "/plan?rule=by_line&from=2026-01-28&to=2026-01-28";
    let page = service.get_with(path, &headers);
    let (csrf, plan) = (token(&page), plan(&page));
    let _lock = hold(&project);
    let fields = |csrf| {
        [
            ("csrf", csrf),
            ("rule", "by_line"),
            ("from", "2026-01-28"),
            ("to", "2026-01-28"),
            ("plan", plan.as_str()),
            ("rows", "632"),
            ("confirm", "yes"),
        ]
    };
    let begun = service.send("/apply", &headers, &fields(csrf.as_str()));
    let waiting = service.get_with(location(&begun), &headers);
    assert_eq!(waiting.status, 200);
    assert!(waiting.text.contains("http-equiv=\"refresh\""), "{}", waiting.text);
    let again = service.send("/apply", &headers, &fields(csrf.as_str()));
    assert_eq!(again.status, 409);
    assert!(again.text.contains(run_id(&begun)), "{}", again.text);
    let failed = ended(&service, location(&begun), &cookie);
    assert_eq!(failed.status, 200);
    let told = service.get(&format!("/api/runs/{}", run_id(&begun)), Some(READ));
    assert_eq!((told.status, &told.json["outcome"]), (200, &"failed".into()));
    assert_eq!(told.json["problem"], "table_locked");
    assert!(failed.text.contains("Another onerow process works on the table"), "{}", failed.text);
}

#[test]
fn a_page_is_of_its_own_and_stays_in_no_cache() {
    let project = project();
    let service = Service::of(&project);
    let cookie = sign_in(&service, READ);
    for (path, status) in [("/", 200), (PAGES[2], 200), ("/runs/nowhere", 404), ("/?from=x", 422)] {
        let page = service.get_with(path, &[("Cookie", &cookie)]);
        assert_eq!(page.status, status, "{path}: {}", page.text);
        let policy = page.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'"), "{policy}");
        assert_eq!(page.headers["cache-control"], "no-store");
        assert_eq!(page.headers["x-content-type-options"], "nosniff");
        assert_eq!(page.headers["referrer-policy"], "same-origin");
        assert_eq!(page.headers["content-type"], "text/html; charset=utf-8");
    }
}

#[test]
fn a_browser_that_goes_astray_is_told_so_in_a_page_and_a_program_is_not() {
    let project = project();
    let service = Service::of(&project);
    for path in ["/nowhere", "/runs/", "/plan/"] {
        let page = service.get_with(path, &[("Accept", "text/html,*/*;q=0.8")]);
        assert_eq!(page.status, 404, "{path}");
        assert!(page.text.contains("There is nothing at this address"), "{}", page.text);
        assert!(page.headers.contains_key("content-security-policy"));
        let told = service.get_with(path, &[("Accept", "*/*")]);
        assert_eq!(told.headers["content-type"], "application/problem+json");
    }
}

#[test]
fn without_keys_the_pages_are_this_machines() {
    let project = project();
    let service = Service::start(&project.path(""), &["--now", super::service::NOW], &[]);
    assert_eq!(location(&service.get("/sign-in?next=/plan", None)), "/plan");
    let page = dry_run(&service, "");
    let (csrf, plan) = (token(&page), plan(&page));
    let rebound = [("Host", "evil.example"), ("Sec-Fetch-Site", "same-origin")];
    assert_eq!(service.send("/apply", &rebound, &apply(&csrf, "yes")).status, 403);
    assert_eq!(service.send("/apply", &[], &apply(&"0".repeat(64), "yes")).status, 403);
    assert_eq!(service.send("/apply", &[], &filled(&csrf, &plan, "yes")).status, 303);
}

#[test]
fn what_was_confirmed_is_what_runs_or_the_new_dry_run_is_shown() {
    let project = project();
    let service = Service::of(&project);
    let cookie = sign_in(&service, APPLY);
    let headers = [("Cookie", cookie.as_str())];
    let page = dry_run(&service, &cookie);
    let (csrf, confirmed) = (token(&page), plan(&page));
    assert_eq!(plan(&dry_run(&service, &cookie)), confirmed, "the same dry run has the same plan");
    project.rows("r3,2026-01-30,g1,p1,,true,2026-01-30T09:32:00Z");
    let shown = service.send("/apply", &headers, &filled(&csrf, &confirmed, "yes"));
    assert_eq!(shown.status, 409, "{}", shown.text);
    let told = "apply would have deactivated 1 row, and would deactivate 2 rows now.";
    assert!(shown.text.contains("Nothing was run.") && shown.text.contains(told), "{}", shown.text);
    assert_eq!(project.ledger(), [""; 0]);
    assert_eq!(project.active(), ["r1", "r2", "r3"]);
    // What is shown now can be confirmed.
    let (csrf, now) = (token(&shown), plan(&shown));
    assert_ne!(now, confirmed);
    let begun = service.send("/apply", &headers, &filled(&csrf, &now, "yes"));
    assert_eq!(begun.status, 303, "{}", begun.text);
    ended(&service, location(&begun), &cookie);
    assert_eq!(project.active(), ["r3"]);
}
