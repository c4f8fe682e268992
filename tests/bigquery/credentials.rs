//! Who asks: the token of each kind of credentials arrives with every call, and in no output.

use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Value as Json, json};

use super::fixture::{Fixture, ROWS, WINDOW};
use crate::common::whole::whole;

/// Of `throwaway_key.pem`.
const MODULUS: &str = "\
    rhtMgL58-8U_h-KXg5Kyet-oRzEuzdE3yziToHy6tD_2MVtdMAT1u2GMvBOE3rsYXOxCW8pwoP1DRlUEzYBnYUzks7\
    qgo6rQL2IORTKJqXly9DlOFZJJ8SzYJuR6FsoKNYBzBIOhLYveHt57f0BVvU_WqBrMbfFoE9vdxAIPMAUCs-kkHjFd\
    9Cq8ijdLx0WaSxp6OPQ5eRbvvvbVNyF3Fh7etRKnYWOPSTdcm_8LKNbebokgMcyja8IcDovMaq2iSv9uZZ43W01ZaF\
    PboRc5qjjw_zFE0tXJt7bGfO2D_E0vKE3LNaG_ciUH-50Zw83taPIlS-h84GeXmKJJeCMuMw";

/// The key file of a service account.
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

/// Runs `apply` with this environment; every call is authorized by one token that the key signed, and
/// nobody reads it.
fn applies_authorized(fixture: &Fixture, environment: &[(&str, &str)]) {
    let apply: Vec<&str> = ["apply", "--verbose"].into_iter().chain(WINDOW.split(' ')).collect();
    let mut command = fixture.project.command(&apply);
    command.envs(environment.iter().copied()).current_dir(fixture.project.path("."));
    let output = command.output().unwrap();
    let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert!(output.status.success(), "{said}");
    let authorized = fixture.proxy.authorized_by();
    let [token] = authorized.as_slice() else { panic!("a token is used until it expires") };
    let token = token.strip_prefix("Bearer ").unwrap();
    let claims = claims(token);
    assert_eq!(claims["iss"], "onerow@demo.test");
    assert_eq!(claims["scope"], "https://www.googleapis.com/auth/bigquery");
    assert!(!said.contains(token) && !said.contains("PRIVATE"), "{said}");
    let ledger = fixture.table("ledger");
    let logged = fixture.emulator.query(&format!("SELECT TO_JSON_STRING(l) FROM {ledger} AS l"));
    assert_eq!(logged.len(), 12);
    assert!(!format!("{logged:?}").contains(token), "{logged:?}");
}

/// What a token says that the key file's key has signed.
fn claims(token: &str) -> Json {
    let key = DecodingKey::from_rsa_components(MODULUS, "AQAB").unwrap();
    let mut validation = Validation::new(Algorithm::RS256);
    validation.validate_aud = false;
    jsonwebtoken::decode::<Json>(token, &key, &validation).unwrap().claims
}

/// A service account's own token, signed with its key, is taken by Google's APIs; no server is asked.
/// Source: <https://google.aip.dev/auth/4111>
#[test]
fn a_key_file_named_in_the_rule_file_signs_a_token() {
    let Some(fixture) = with_key_file("key_file = \"key.json\"") else { return };
    applies_authorized(&fixture, &[]);
    assert!(!fixture.proxy.names().contains(&"token".to_owned()));
}

#[test]
fn application_default_credentials_are_found_by_their_variable() {
    let Some(fixture) = with_key_file("credentials = \"application_default\"") else { return };
    applies_authorized(&fixture, &[("GOOGLE_APPLICATION_CREDENTIALS", "key.json")]);
}

#[test]
fn a_key_file_is_the_key_of_a_service_account() {
    let Some(fixture) = Fixture::new("key_file = \"key.json\"") else { return };
    let user = json!({ "type": "authorized_user", "client_id": "i", "client_secret": "s", "refresh_token": "r" });
    fixture.project.write("key.json", user.to_string());
    whole!(fixture.project.onerow("status --date 2026-01-28"), @"
    $ onerow status --date 2026-01-28
    exit code 1
    -- stderr
    error[credentials]: `./key.json` is of type authorized_user, and `key_file` takes the key of a service account
      help: remove `key_file`, and name the file in the variable GOOGLE_APPLICATION_CREDENTIALS
    ");
}

#[test]
fn an_endpoint_without_credentials_is_asked_by_nobody() {
    let Some(fixture) = Fixture::new("") else { return };
    let fixture = fixture.rows(ROWS);
    fixture.project.onerow(&format!("apply {WINDOW}")).exits(0);
    assert_eq!(fixture.proxy.authorized_by(), ["Bearer none"]);
}
