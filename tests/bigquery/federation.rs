//! Credentials whose token comes from other servers: workload identity federation, impersonation,
//! users, the metadata server. Each is played through with the real binary.

use serde_json::{Value as Json, json};

use super::fixture::{Fixture, ROWS};
use super::proxy::TOKEN;
use super::token_server::{FEDERATED, SUBJECT, TokenServer};
use crate::common::Ended;

const ACCOUNT: &str = "onerow@demo.iam.gserviceaccount.com";
const AUDIENCE: &str =
    "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/github/providers/repo";
const REFRESH: &str = "REFRESH-SECRET";
const RUNNER: &str = "RUNNER-SECRET";

/// The file that google-github-actions/auth@v2 writes.
/// Source: <https://github.com/google-github-actions/auth/blob/v2/src/client/workload_identity_federation.ts>,
/// `createCredentialsFile`
fn of_github(server: &TokenServer) -> Json {
    let url = &server.url;
    json!({
        "type": "external_account",
        "audience": AUDIENCE,
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": format!("{url}/v1/token"),
        "credential_source": {
            "url": format!("{url}/oidc?api-version=2.0&audience=a"),
            "headers": { "Authorization": format!("Bearer {RUNNER}") },
            "format": { "type": "json", "subject_token_field_name": "value" },
        },
        "service_account_impersonation_url": impersonation(server),
    })
}

fn impersonation(server: &TokenServer) -> String {
    format!("{}/v1/projects/-/serviceAccounts/{ACCOUNT}:generateAccessToken", server.url)
}

/// What `gcloud auth application-default login` writes, with a token server of its own.
/// Source: <https://google.aip.dev/auth/4113>
fn of_a_user(server: &TokenServer) -> Json {
    json!({
        "type": "authorized_user", "client_id": "id", "client_secret": "CLIENT-SECRET",
        "refresh_token": REFRESH, "token_uri": format!("{}/token", server.url),
        "quota_project_id": "quota-of-the-file",
    })
}

/// What `gcloud auth application-default login --impersonate-service-account` writes.
/// Source: <https://google.aip.dev/auth/4117>
fn of_an_impersonator(server: &TokenServer) -> Json {
    let mut source = of_a_user(server);
    source.as_object_mut().unwrap().remove("quota_project_id");
    json!({
        "type": "impersonated_service_account", "delegates": [],
        "service_account_impersonation_url": impersonation(server),
        "source_credentials": source,
    })
}

/// A project with a table, and this file of credentials.
fn with_file(file: &Json) -> Option<Fixture> {
    let keys = "credentials = \"application_default\"\nretry_for = \"1s\"";
    let fixture = Fixture::new(keys)?.rows(ROWS);
    fixture.project.write("creds.json", file.to_string());
    Some(fixture)
}

fn status_in(fixture: &Fixture, environment: &[(&str, &str)]) -> Ended {
    let arguments: Vec<&str> = "status --date 2026-01-28 --verbose".split(' ').collect();
    let ended = fixture.project.onerow_in(&arguments, environment);
    for secret in [TOKEN, SUBJECT, FEDERATED, "SECRET"] {
        assert!(!ended.to_string().contains(secret), "{secret} is shown: {ended}");
    }
    ended
}

fn status(fixture: &Fixture) -> Ended {
    status_in(fixture, &[("GOOGLE_APPLICATION_CREDENTIALS", "creds.json")])
}

/// The fields of a form.
fn form(body: &str) -> Vec<(String, String)> {
    serde_urlencoded::from_str(body).unwrap()
}

#[test]
fn the_file_of_github_actions_goes_through_exchange_and_impersonation() {
    let server = TokenServer::start();
    let Some(fixture) = with_file(&of_github(&server)) else { return };
    status(&fixture).exits(0).prints(&["dirty"]);
    assert_eq!(fixture.proxy.authorized_by(), [format!("Bearer {TOKEN}")]);
    assert_eq!(fixture.proxy.quota_projects(), [None]);

    let [oidc, exchange, impersonation] = <[_; 3]>::try_from(server.seen()).ok().unwrap();
    assert_eq!(oidc.path, "/oidc?api-version=2.0&audience=a");
    assert_eq!(oidc.authorization, format!("Bearer {RUNNER}"));
    let exchanged = form(&exchange.body);
    for (name, value) in [
        ("audience", AUDIENCE),
        ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
        ("subject_token", SUBJECT),
        ("subject_token_type", "urn:ietf:params:oauth:token-type:jwt"),
    ] {
        assert!(exchanged.contains(&(name.to_owned(), value.to_owned())), "{exchanged:?}");
    }
    assert_eq!(impersonation.authorization, format!("Bearer {FEDERATED}"));
    let asked: Json = serde_json::from_str(&impersonation.body).unwrap();
    assert_eq!(asked["scope"], json!(["https://www.googleapis.com/auth/bigquery"]));
}

#[test]
fn without_a_service_account_the_exchanged_token_is_sent() {
    let server = TokenServer::start();
    let mut file = of_github(&server);
    file.as_object_mut().unwrap().remove("service_account_impersonation_url");
    let Some(fixture) = with_file(&file) else { return };
    status(&fixture).exits(0);
    assert_eq!(fixture.proxy.authorized_by(), [format!("Bearer {FEDERATED}")]);
}

/// GitLab writes the job's token into a file.
/// Source: <https://docs.gitlab.com/ci/cloud_services/google_cloud/>
#[test]
fn the_file_of_gitlab_names_a_file_with_the_token() {
    let server = TokenServer::start();
    let mut file = of_github(&server);
    file["credential_source"] = json!({ "file": "gitlab.jwt", "format": { "type": "text" } });
    let Some(fixture) = with_file(&file) else { return };
    status(&fixture).exits(1).says(&["creds.json", "credential_source", "id_tokens"]);
    fixture.project.write("gitlab.jwt", SUBJECT);
    status(&fixture).exits(0);
    assert_eq!(fixture.proxy.authorized_by(), [format!("Bearer {TOKEN}")]);
    let exchanged = form(&server.seen()[0].body);
    assert!(exchanged.contains(&("subject_token".to_owned(), SUBJECT.to_owned())), "{exchanged:?}");
}

#[test]
fn a_user_acts_as_a_service_account() {
    let server = TokenServer::start();
    let Some(fixture) = with_file(&of_an_impersonator(&server)) else { return };
    status(&fixture).exits(0);
    assert_eq!(fixture.proxy.authorized_by(), [format!("Bearer {TOKEN}")]);
    let path = format!("POST /v1/projects/-/serviceAccounts/{ACCOUNT}:generateAccessToken");
    assert_eq!(server.asked(), ["POST /token".to_owned(), path]);
}

#[test]
fn the_quota_project_of_a_user_is_sent_with_every_call() {
    let server = TokenServer::start();
    let Some(fixture) = with_file(&of_a_user(&server)) else { return };
    status(&fixture).exits(0);
    assert_eq!(fixture.proxy.authorized_by(), [format!("Bearer {TOKEN}")]);
    assert_eq!(fixture.proxy.quota_projects(), [Some("quota-of-the-file".to_owned())]);
    assert_eq!(server.asked(), ["POST /token"], "a token is used until it expires");
}

#[test]
fn the_variable_of_the_quota_project_comes_before_the_file() {
    let server = TokenServer::start();
    let Some(fixture) = with_file(&of_a_user(&server)) else { return };
    let environment = [
        ("GOOGLE_APPLICATION_CREDENTIALS", "creds.json"),
        ("GOOGLE_CLOUD_QUOTA_PROJECT", "quota-of-the-variable"),
    ];
    status_in(&fixture, &environment).exits(0);
    assert_eq!(fixture.proxy.quota_projects(), [Some("quota-of-the-variable".to_owned())]);
}

#[test]
fn the_metadata_server_is_asked_once() {
    let server = TokenServer::start();
    let Some(fixture) = Fixture::new("credentials = \"metadata_server\"") else { return };
    let fixture = fixture.rows(ROWS);
    status_in(&fixture, &[("GCE_METADATA_HOST", server.host())]).exits(0);
    assert_eq!(fixture.proxy.authorized_by(), [format!("Bearer {TOKEN}")]);
    assert!(fixture.proxy.seen().len() > 2, "{:?}", fixture.proxy.names());
    let token = "GET /computeMetadata/v1/instance/service-accounts/default/token";
    assert_eq!(server.asked(), [token]);
}

#[test]
fn a_machine_without_any_file_has_its_metadata_server() {
    let server = TokenServer::start();
    let Some(fixture) = with_file(&Json::Null) else { return };
    let nowhere = fixture.project.path("nowhere");
    let environment =
        [("CLOUDSDK_CONFIG", nowhere.to_str().unwrap()), ("GCE_METADATA_HOST", server.host())];
    status_in(&fixture, &environment).exits(0);
    let nobody = [environment[0], ("GCE_METADATA_HOST", "metadata.invalid")];
    status_in(&fixture, &nobody).exits(1).says(&[
        "the metadata server",
        "GOOGLE_APPLICATION_CREDENTIALS is not set",
        "application_default_credentials.json",
        "gcloud auth application-default login",
    ]);
}

/// A proxy of a company sees where the token is asked for.
#[test]
fn tokens_are_asked_for_through_the_proxy() {
    let server = TokenServer::start();
    let mut file = of_github(&server);
    file["credential_source"] = json!({ "file": "gitlab.jwt" });
    file["token_url"] = "http://sts.test/v1/token".into();
    let Some(fixture) = with_file(&file) else { return };
    fixture.project.write("gitlab.jwt", SUBJECT);
    let environment = [
        ("GOOGLE_APPLICATION_CREDENTIALS", "creds.json"),
        ("HTTP_PROXY", server.url.as_str()),
        ("HTTPS_PROXY", server.url.as_str()),
        ("NO_PROXY", "127.0.0.1"),
    ];
    status_in(&fixture, &environment).exits(1);
    assert_eq!(server.asked()[0], "POST http://sts.test/v1/token");

    file["token_url"] = "https://sts.test/v1/token".into();
    fixture.project.write("creds.json", file.to_string());
    status_in(&fixture, &environment).exits(1).says(&["creds.json", "HTTPS_PROXY"]);
    let tunnels = server.asked().into_iter().filter(|asked| asked == "CONNECT sts.test:443");
    assert!(tunnels.count() > 0, "{:?}", server.asked());
}

#[test]
fn a_refusal_says_who_refused_which_file_and_what_to_do() {
    // Source: <https://cloud.google.com/iam/docs/troubleshooting-workload-identity-federation>
    let grant = json!({
        "error": "invalid_grant",
        "error_description": "The audience in ID Token [eyJhbGciOiJSUzI1NiJ9.SECRET] does not match the expected audience.",
    });
    let condition = json!({
        "error": "unauthorized_client",
        "error_description": "The given credential is rejected by the attribute condition.",
    });
    // Source: <https://cloud.google.com/iam/docs/service-account-impersonation#troubleshoot>
    let forbidden = json!({ "error": {
        "code": 403, "status": "PERMISSION_DENIED",
        "message": "Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist).",
    }});
    let revoked = json!({ "error": "invalid_grant", "error_description": "Token has been expired or revoked." });
    let nobody = json!({ "message": "SECRET" });
    type File = fn(&TokenServer) -> Json;
    let cases: [(File, &'static str, u16, Json, &[&str]); 7] = [
        (
            of_github,
            "/v1/token",
            400,
            grant,
            &["invalid_grant: The audience", "token_url", "audience"],
        ),
        (of_github, "/v1/token", 401, condition, &["unauthorized_client", "attribute condition"]),
        (
            of_github,
            ":generateAccessToken",
            403,
            forbidden.clone(),
            &["getAccessToken", "roles/iam.workloadIdentityUser"],
        ),
        (
            of_an_impersonator,
            ":generateAccessToken",
            403,
            forbidden,
            &["getAccessToken", "roles/iam.serviceAccountTokenCreator"],
        ),
        (
            of_a_user,
            "/token",
            400,
            revoked,
            &["Token has been expired or revoked.", "gcloud auth application-default login"],
        ),
        (
            of_github,
            "/oidc",
            401,
            nobody.clone(),
            &["status 401", "credential_source", "id-token: write"],
        ),
        (of_github, "/oidc", 200, nobody, &["credential_source", "id-token: write"]),
    ];
    for (file, path, status_code, body, says) in cases {
        let server = TokenServer::start().refuse(path, status_code, body);
        let Some(fixture) = with_file(&file(&server)) else { return };
        let ended = status(&fixture).exits(1).says(&["creds.json"]);
        ended.says(says);
        assert_eq!(fixture.proxy.seen(), [], "nothing is asked without a token");
    }
}

/// A token that has expired by this machine's clock.
#[test]
fn a_clock_that_is_wrong_is_named() {
    let expired = json!({ "accessToken": TOKEN, "expireTime": "2014-10-02T15:01:23Z" });
    let server = TokenServer::start().refuse(":generateAccessToken", 200, expired);
    let Some(fixture) = with_file(&of_github(&server)) else { return };
    status(&fixture).exits(1).says(&["creds.json", "expired already", "clock"]);
}

#[test]
fn a_server_that_is_ill_is_asked_again() {
    let ill = json!({ "error": { "code": 503, "status": "UNAVAILABLE", "message": "try again" } });
    let server = TokenServer::start().refuse("/v1/token", 503, ill);
    let Some(fixture) = with_file(&of_github(&server)) else { return };
    status(&fixture).exits(1).says(&["creds.json", "try again", "1s"]);
}

#[test]
fn a_file_that_is_no_file_of_credentials_is_named() {
    let server = TokenServer::start();
    let lacking = |mut file: Json, field: &str| {
        file.as_object_mut().unwrap().remove(field);
        file.to_string()
    };
    let nested = json!({
        "type": "impersonated_service_account",
        "service_account_impersonation_url": impersonation(&server),
        "source_credentials": of_an_impersonator(&server),
    });
    let Some(fixture) = with_file(&Json::Null) else { return };
    for (text, says) in [
        ("{SECRET".to_owned(), "line 1, column 2"),
        ("[1]".to_owned(), "no `type`"),
        (json!({ "type": "SECRET" }).to_string(), "no credentials of a known type"),
        (json!({ "type": "gdch_service_account" }).to_string(), "gdch_service_account"),
        (lacking(of_github(&server), "audience"), "lacks `audience`"),
        (lacking(of_github(&server), "credential_source"), "lacks `credential_source`"),
        (lacking(of_a_user(&server), "refresh_token"), "lacks `refresh_token`"),
        (lacking(of_an_impersonator(&server), "source_credentials"), "source_credentials"),
        (nested.to_string(), "delegates"),
    ] {
        fixture.project.write("creds.json", text);
        status(&fixture).exits(1).says(&["creds.json", says, "GOOGLE_APPLICATION_CREDENTIALS"]);
    }
    std::fs::remove_file(fixture.project.path("creds.json")).unwrap();
    status(&fixture).exits(1).says(&[
        "cannot read",
        "creds.json",
        "GOOGLE_APPLICATION_CREDENTIALS",
    ]);
}
