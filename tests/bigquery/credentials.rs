//! Who asks: the token of each kind of credentials arrives with every call, and in no output.

use serde_json::json;

use super::fixture::{Fixture, ROWS, WINDOW};
use super::proxy::TOKEN;

/// The key file of a service account whose tokens come from the proxy.
fn with_key_file(keys: &str) -> Option<Fixture> {
    let fixture = Fixture::new(keys)?.rows(ROWS);
    let key = json!({
        "type": "service_account", "project_id": "demo", "private_key_id": "1",
        "private_key": include_str!("throwaway_key.pem"),
        "client_email": "onerow@demo.test", "client_id": "1",
        "auth_uri": fixture.proxy.endpoint, "token_uri": format!("{}/token", fixture.proxy.endpoint),
    });
    fixture.project.write("key.json", key.to_string());
    Some(fixture)
}

/// Runs `apply` with this environment; every call is authorized, and nobody reads by what.
fn applies_authorized(fixture: &Fixture, environment: &[(&str, &str)]) {
    let apply: Vec<&str> = ["apply", "--verbose"].into_iter().chain(WINDOW.split(' ')).collect();
    let mut command = fixture.project.command(&apply);
    command.envs(environment.iter().copied()).current_dir(fixture.project.path("."));
    let output = command.output().unwrap();
    let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert!(output.status.success(), "{said}");
    assert_eq!(fixture.proxy.authorized_by(), [format!("Bearer {TOKEN}")]);
    assert!(!said.contains(TOKEN) && !said.contains("PRIVATE"), "{said}");
    let ledger = fixture.table("ledger");
    let logged = fixture.emulator.query(&format!("SELECT TO_JSON_STRING(l) FROM {ledger} AS l"));
    assert_eq!(logged.len(), 12);
    assert!(!format!("{logged:?}").contains(TOKEN), "{logged:?}");
}

#[test]
fn a_key_file_named_in_the_rule_file_is_exchanged_for_a_token() {
    let Some(fixture) = with_key_file("key_file = \"key.json\"") else { return };
    applies_authorized(&fixture, &[]);
    let tokens = fixture.proxy.names().into_iter().filter(|name| name == "token").count();
    assert_eq!(tokens, 1, "a token is used until it expires");
}

#[test]
fn application_default_credentials_are_found_by_their_variable() {
    let Some(fixture) = with_key_file("credentials = \"application_default\"") else { return };
    applies_authorized(&fixture, &[("GOOGLE_APPLICATION_CREDENTIALS", "key.json")]);
}

#[test]
fn the_metadata_server_of_the_machine_is_asked_for_a_token() {
    let Some(fixture) = Fixture::new("credentials = \"metadata_server\"") else { return };
    let fixture = fixture.rows(ROWS);
    // The metadata server has a name that only Google's machines know; the proxy stands in for it.
    let endpoint = fixture.proxy.endpoint.clone();
    applies_authorized(&fixture, &[("http_proxy", &endpoint), ("no_proxy", "127.0.0.1")]);
}

#[test]
fn an_endpoint_without_credentials_is_asked_by_nobody() {
    let Some(fixture) = Fixture::new("") else { return };
    let fixture = fixture.rows(ROWS);
    fixture.project.onerow(&format!("apply {WINDOW}")).exits(0);
    assert_eq!(fixture.proxy.authorized_by(), ["Bearer none"]);
}
