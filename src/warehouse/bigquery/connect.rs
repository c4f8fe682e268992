//! Creating a client from the rule file's settings.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use gcp_bigquery_client::Client;
use gcp_bigquery_client::auth::Authenticator;
use gcp_bigquery_client::client_builder::ClientBuilder;
use gcp_bigquery_client::error::BQError;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use super::credentials::{self, Identity};
use super::failure::Failure;
use super::rest::{ROOT, Rest};
use super::tokens::Tokens;
use crate::error::{Error, Kind, Result};
use crate::rule::BigQuerySettings;

/// The time limit of one call, unless the statement's is shorter. Jobs are polled, so no call waits for a
/// statement.
const CALL: Duration = Duration::from_secs(60);
const CONNECT: Duration = Duration::from_secs(10);

/// The path after the endpoint.
const API: &str = "/bigquery/v2";

/// The header with the project whose quota a call uses, if not the caller's.
/// Source: <https://cloud.google.com/apis/docs/system-parameters>
const QUOTA_PROJECT: HeaderName = HeaderName::from_static("x-goog-user-project");

/// Creates a client, and the one for resources as JSON. Key files are relative to `folder`. An unusable
/// credentials file is an error here; a missing token is an error of the first call.
pub(super) async fn client(settings: &BigQuerySettings, folder: &Path) -> Result<(Client, Rest)> {
    let identity = credentials::identity(&settings.credentials, folder)?;
    let http = reqwest::Client::builder()
        .timeout(CALL.min(settings.timeout))
        .connect_timeout(CONNECT)
        .user_agent(concat!("onerow/", env!("CARGO_PKG_VERSION")))
        .default_headers(headers(identity.as_ref())?)
        .build()
        .map_err(|cause| Error::new(Kind::Internal, "cannot set up HTTP").caused_by(cause))?;
    let root = match &settings.endpoint {
        Some(endpoint) => format!("{endpoint}{API}"),
        None => ROOT.to_owned(),
    };
    let authenticator: Arc<dyn Authenticator> = match identity {
        Some(identity) => Arc::new(Tokens::new(identity)?),
        None => Arc::new(Nobody),
    };
    let mut builder = ClientBuilder::new();
    builder.with_client(http.clone()).with_v2_base_url(root.clone());
    let built = builder.build_from_authenticator(authenticator.clone()).await;
    let client = built.map_err(|error| Failure::from(error).error())?;
    Ok((client, Rest::new(http, authenticator, root)))
}

fn headers(identity: Option<&Identity>) -> Result<HeaderMap> {
    let mut headers = HeaderMap::new();
    if let Some(project) = identity.and_then(credentials::quota_project) {
        let value = HeaderValue::from_str(&project).map_err(|_| {
            Error::new(Kind::Credentials, "the quota project's name has characters that no project has")
                .help("look at `quota_project_id` in the file of credentials, and at the variable GOOGLE_CLOUD_QUOTA_PROJECT")
        })?;
        headers.insert(QUOTA_PROJECT, value);
    }
    Ok(headers)
}

/// Sends a meaningless token, for emulators.
#[derive(Clone)]
struct Nobody;

#[async_trait]
impl Authenticator for Nobody {
    async fn access_token(&self) -> Result<String, BQError> {
        Ok("none".to_owned())
    }
}
