//! Credentials whose token comes from other servers: workload identity federation, impersonation,
//! users, the metadata server. Each is played through with the real binary.

use serde_json::{Value as Json, json};

use super::fixture::{Fixture, ROWS};
use super::proxy::TOKEN;
use super::token_server::{FEDERATED, SUBJECT, TokenServer};
use crate::common::Ended;
use crate::common::whole::{Transcript, whole};

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

/// The error, without what `--verbose` tells before it: how often is the clock's.
fn error_of(ended: &Ended) -> String {
    assert_eq!(ended.code, Some(1), "{ended}");
    ended.stderr[ended.stderr.find("error[").unwrap()..].to_owned()
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
    whole!(status(&fixture), @"
    $ onerow status --date 2026-01-28 --verbose
    exit code 1
    -- stderr
    error[credentials]: no token for BigQuery from `creds.json` (external_account): cannot get the token to exchange from `credential_source`: No such file or directory (os error 2)
      note: while reading the metadata of [DATASET].predictions
      help: in GitHub Actions the job needs `permissions: id-token: write`, and the token lasts as long as the job; in GitLab CI the file of `credential_source` is written by the job from its `id_tokens`
    ");
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
    whole!(error_of(&status_in(&fixture, &environment)), @"
    error[no-answer]: no token for BigQuery from `creds.json` (external_account): the token exchange at `token_url` failed: tunnel error: unsuccessful
      note: while reading the metadata of [DATASET].predictions
      help: it was tried for 1s; look at the network, and at the variables HTTPS_PROXY and NO_PROXY
    ");
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
    let cases: [(File, &'static str, u16, Json); 7] = [
        (of_github, "/v1/token", 400, grant),
        (of_github, "/v1/token", 401, condition),
        (of_github, ":generateAccessToken", 403, forbidden.clone()),
        (of_an_impersonator, ":generateAccessToken", 403, forbidden),
        (of_a_user, "/token", 400, revoked),
        (of_github, "/oidc", 401, nobody.clone()),
        (of_github, "/oidc", 200, nobody),
    ];
    let mut said = Transcript::default();
    for (file, path, status_code, body) in cases {
        let case = format!("{path} answers {status_code}: {body}");
        let server = TokenServer::start().refuse(path, status_code, body);
        let Some(fixture) = with_file(&file(&server)) else { return };
        said.case(&case, status(&fixture));
        assert_eq!(fixture.proxy.seen(), [], "nothing is asked without a token");
    }
    whole!(said, @r#"
    # /v1/token answers 400: {"error":"invalid_grant","error_description":"The audience in ID Token [eyJhbGciOiJSUzI1NiJ9.SECRET] does not match the expected audience."}
    $ onerow status --date 2026-01-28 --verbose
    exit code 1
    -- stderr
    error[credentials]: no token for BigQuery from `creds.json` (external_account): the token exchange at `token_url` failed: status 400, invalid_grant: The audience in ID Token … does not match the expected audience.
      note: while reading the metadata of [DATASET].predictions
      help: compare the file's `audience` with the workload identity provider, and the provider's attribute condition with the repository and branch that run this

    # /v1/token answers 401: {"error":"unauthorized_client","error_description":"The given credential is rejected by the attribute condition."}
    $ onerow status --date 2026-01-28 --verbose
    exit code 1
    -- stderr
    error[credentials]: no token for BigQuery from `creds.json` (external_account): the token exchange at `token_url` failed: status 401, unauthorized_client: The given credential is rejected by the attribute condition.
      note: while reading the metadata of [DATASET].predictions
      help: compare the file's `audience` with the workload identity provider, and the provider's attribute condition with the repository and branch that run this

    # :generateAccessToken answers 403: {"error":{"code":403,"status":"PERMISSION_DENIED","message":"Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist)."}}
    $ onerow status --date 2026-01-28 --verbose
    exit code 1
    -- stderr
    error[credentials]: no token for BigQuery from `creds.json` (external_account): cannot impersonate the service account: status 403, PERMISSION_DENIED: Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist).
      note: while reading the metadata of [DATASET].predictions
      help: grant roles/iam.workloadIdentityUser on the service account to the principal of the workload identity pool, and enable the IAM Service Account Credentials API

    # :generateAccessToken answers 403: {"error":{"code":403,"status":"PERMISSION_DENIED","message":"Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist)."}}
    $ onerow status --date 2026-01-28 --verbose
    exit code 1
    -- stderr
    error[credentials]: no token for BigQuery from `creds.json` (impersonated_service_account): cannot impersonate the service account: status 403, PERMISSION_DENIED: Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist).
      note: while reading the metadata of [DATASET].predictions
      help: grant roles/iam.serviceAccountTokenCreator on the service account to the account of `source_credentials`, and enable the IAM Service Account Credentials API

    # /token answers 400: {"error":"invalid_grant","error_description":"Token has been expired or revoked."}
    $ onerow status --date 2026-01-28 --verbose
    exit code 1
    -- stderr
    error[credentials]: no token for BigQuery from `creds.json` (authorized_user): the refresh token was not accepted: status 400, invalid_grant: Token has been expired or revoked.
      note: while reading the metadata of [DATASET].predictions
      help: run `gcloud auth application-default login` again

    # /oidc answers 401: {"message":"SECRET"}
    $ onerow status --date 2026-01-28 --verbose
    exit code 1
    -- stderr
    error[credentials]: no token for BigQuery from `creds.json` (external_account): cannot get the token to exchange from `credential_source`: status 401
      note: while reading the metadata of [DATASET].predictions
      help: in GitHub Actions the job needs `permissions: id-token: write`, and the token lasts as long as the job; in GitLab CI the file of `credential_source` is written by the job from its `id_tokens`

    # /oidc answers 200: {"message":"SECRET"}
    $ onerow status --date 2026-01-28 --verbose
    exit code 1
    -- stderr
    error[credentials]: no token for BigQuery from `creds.json` (external_account): cannot get the token to exchange from `credential_source`: cannot create auth headers
      note: while reading the metadata of [DATASET].predictions
      help: in GitHub Actions the job needs `permissions: id-token: write`, and the token lasts as long as the job; in GitLab CI the file of `credential_source` is written by the job from its `id_tokens`
    "#);
}

/// A token that has expired by this machine's clock.
#[test]
fn a_clock_that_is_wrong_is_named() {
    let expired = json!({ "accessToken": TOKEN, "expireTime": "2014-10-02T15:01:23Z" });
    let server = TokenServer::start().refuse(":generateAccessToken", 200, expired);
    let Some(fixture) = with_file(&of_github(&server)) else { return };
    whole!(error_of(&status(&fixture)), @"
    error[credentials]: no token for BigQuery from `creds.json` (external_account): it has expired already by this machine's clock
      note: while reading the metadata of [DATASET].predictions
      help: set the clock
    ");
}

#[test]
fn a_server_that_is_ill_is_asked_again() {
    let ill = json!({ "error": { "code": 503, "status": "UNAVAILABLE", "message": "try again" } });
    let server = TokenServer::start().refuse("/v1/token", 503, ill);
    let Some(fixture) = with_file(&of_github(&server)) else { return };
    whole!(error_of(&status(&fixture)), @"
    error[no-answer]: no token for BigQuery from `creds.json` (external_account): the token exchange at `token_url` failed: status 503, UNAVAILABLE: try again
      note: while reading the metadata of [DATASET].predictions
      help: it was tried for 1s; look at the network, and at the variables HTTPS_PROXY and NO_PROXY
    ");
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
    let mut said = Transcript::default();
    for (case, text) in [
        ("no JSON", "{SECRET".to_owned()),
        ("a list", "[1]".to_owned()),
        ("an unknown type", json!({ "type": "SECRET" }).to_string()),
        ("another type of Google's", json!({ "type": "gdch_service_account" }).to_string()),
        ("no audience", lacking(of_github(&server), "audience")),
        ("no source", lacking(of_github(&server), "credential_source")),
        ("no refresh token", lacking(of_a_user(&server), "refresh_token")),
        (
            "no credentials to start from",
            lacking(of_an_impersonator(&server), "source_credentials"),
        ),
        ("two accounts, one after the other", nested.to_string()),
    ] {
        fixture.project.write("creds.json", text);
        said.case(case, status(&fixture));
    }
    std::fs::remove_file(fixture.project.path("creds.json")).unwrap();
    said.case("no file", status(&fixture));
    whole!(said, @"
    # no JSON
    $ onerow status --date 2026-01-28 --verbose
    exit code 1
    -- stderr
    error[credentials]: `creds.json` is not JSON: line 1, column 2
      note: while reading GOOGLE_APPLICATION_CREDENTIALS
      help: it has to be a credentials file as Google's tools write it; see docs/bigquery.md#who-asks

    # a list
    $ onerow status --date 2026-01-28 --verbose
    exit code 1
    -- stderr
    error[credentials]: `creds.json` has no `type`, so it holds no credentials
      note: while reading GOOGLE_APPLICATION_CREDENTIALS
      help: known are service_account, authorized_user, external_account, impersonated_service_account; on a Google machine, unset GOOGLE_APPLICATION_CREDENTIALS

    # an unknown type
    $ onerow status --date 2026-01-28 --verbose
    exit code 1
    -- stderr
    error[credentials]: `creds.json` holds no credentials of a known type
      note: while reading GOOGLE_APPLICATION_CREDENTIALS
      help: known are service_account, authorized_user, external_account, impersonated_service_account; on a Google machine, unset GOOGLE_APPLICATION_CREDENTIALS

    # another type of Google's
    $ onerow status --date 2026-01-28 --verbose
    exit code 1
    -- stderr
    error[credentials]: `creds.json` is of type gdch_service_account, which onerow does not know
      note: while reading GOOGLE_APPLICATION_CREDENTIALS
      help: known are service_account, authorized_user, external_account, impersonated_service_account; on a Google machine, unset GOOGLE_APPLICATION_CREDENTIALS

    # no audience
    $ onerow status --date 2026-01-28 --verbose
    exit code 1
    -- stderr
    error[credentials]: `creds.json`, of type external_account, lacks `audience`
      note: while reading GOOGLE_APPLICATION_CREDENTIALS
      help: create the file again with `gcloud iam workload-identity-pools create-cred-config`, or let google-github-actions/auth write it

    # no source
    $ onerow status --date 2026-01-28 --verbose
    exit code 1
    -- stderr
    error[credentials]: `creds.json`, of type external_account, lacks `credential_source`
      note: while reading GOOGLE_APPLICATION_CREDENTIALS
      help: create the file again with `gcloud iam workload-identity-pools create-cred-config`, or let google-github-actions/auth write it

    # no refresh token
    $ onerow status --date 2026-01-28 --verbose
    exit code 1
    -- stderr
    error[credentials]: `creds.json`, of type authorized_user, lacks `refresh_token`
      note: while reading GOOGLE_APPLICATION_CREDENTIALS
      help: run `gcloud auth application-default login`

    # no credentials to start from
    $ onerow status --date 2026-01-28 --verbose
    exit code 1
    -- stderr
    error[credentials]: `creds.json` has no `type`, so it holds no credentials
      note: while reading source_credentials
      note: while reading GOOGLE_APPLICATION_CREDENTIALS
      help: known are service_account, authorized_user, external_account, impersonated_service_account; on a Google machine, unset GOOGLE_APPLICATION_CREDENTIALS

    # two accounts, one after the other
    $ onerow status --date 2026-01-28 --verbose
    exit code 1
    -- stderr
    error[credentials]: `creds.json` impersonates an impersonated account
      note: while reading GOOGLE_APPLICATION_CREDENTIALS
      help: name the accounts between in `delegates`

    # no file
    $ onerow status --date 2026-01-28 --verbose
    exit code 1
    -- stderr
    error[credentials]: cannot read the credentials file `creds.json`: No such file or directory (os error 2)
      note: while reading GOOGLE_APPLICATION_CREDENTIALS
      help: name a file that is there, and that the user who runs onerow may read
    ");
}
