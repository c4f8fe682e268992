//! What docs/webhooks.md shows is what is done.

use onerow::error::Kind;
use onerow::notify::{RunEvent, channels, messages};
use onerow::rule::RuleFile;
use onerow::run::{Ending, Figures, Problem, RunOutcome};
use onerow::window::{Day, Window};

use crate::common::RULE;
use crate::docs::Page;

/// The first block of this language.
fn block(language: &str) -> String {
    Page::read("docs/webhooks.md").texts(language).remove(0)
}

#[test]
fn the_rules_and_the_message_of_the_documentation_are_real() {
    let rules =
        format!("{}\n{}", RULE.replace("predictions]", "player_prop_predictions]"), block("toml"));
    let rules = rules.replace("[rule.predictions.", "[rule.player_prop_predictions.");
    let file = RuleFile::parse("onerow.toml", &rules).unwrap();
    let env = |name: &str| {
        (name == "ONEROW_SLACK_URL").then(|| "https://hooks.slack.com/services/T0".into())
    };
    let rule = &file.rules[0].name;
    let channels = channels(&file.webhooks, [rule], &env).unwrap();
    let day = |text| Day::parse(text).unwrap();
    let shared_ids = Problem {
        kind: Kind::SharedIds,
        headline: "2 active rows have a NULL or duplicate row id on 2026-01-28: a statement by row id could remove a \
                   row that must be kept, so no duplicate is removed there"
            .to_owned(),
        remedy: Some(
            "make the ids unique (in a rule without `row_id` they are the key and the values of `keep`), or set \
             `strategy = \"rewrite\"`, which can tell such rows apart"
                .to_owned(),
        ),
    };
    let ended = RunOutcome {
        command: "apply",
        rule: rule.clone(),
        window: Some(Window::range(day("2026-01-20"), day("2026-01-29")).unwrap()),
        run: Some("20260130T074130Z-0a1b2c3d".to_owned()),
        ending: Ending::Failed,
        figures: Some(Figures { found: 7865, deactivated: 7089, buffered: 0 }),
        buffered: Vec::new(),
        empty: Vec::new(),
        keyless: Vec::new(),
        problems: vec![shared_ids],
    };
    let now = "2026-01-30T07:42:00Z".parse().unwrap();
    let messages = messages(&channels, &[RunEvent::of(ended)], now);
    let body: serde_json::Value = serde_json::from_str(messages[0].body()).unwrap();
    assert_eq!(body["text"].as_str().unwrap(), block("text").trim_end());
}
