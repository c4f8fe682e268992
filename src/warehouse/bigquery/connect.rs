//! From the rule file's words to a client.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use gcp_bigquery_client::Client;
use gcp_bigquery_client::auth::Authenticator;
use gcp_bigquery_client::client_builder::ClientBuilder;
use gcp_bigquery_client::error::BQError;

use super::credentials;
use super::failure::Failure;
use crate::error::{Error, Kind, Result};
use crate::rule::{BigQuerySettings, Credentials};

/// How long one call may take, unless a statement has to be faster. Jobs are polled, so no call
/// waits for a statement.
const CALL: Duration = Duration::from_secs(60);
const CONNECT: Duration = Duration::from_secs(10);

/// What the client adds to an endpoint of its own accord.
const API: &str = "/bigquery/v2";

/// Makes a client. Key files are found relative to `folder`. No token is fetched yet, so that
/// nothing is said about credentials before they are needed, except what a key file lacks.
pub(super) async fn client(settings: &BigQuerySettings, folder: &Path) -> Result<Client> {
    let http = reqwest::Client::builder()
        .timeout(CALL.min(settings.timeout))
        .connect_timeout(CONNECT)
        .user_agent(concat!("onerow/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|cause| Error::new(Kind::Warehouse, "cannot set up HTTP").caused_by(cause))?;
    let mut builder = ClientBuilder::new();
    builder.with_client(http);
    if let Some(endpoint) = &settings.endpoint {
        builder.with_v2_base_url(format!("{endpoint}{API}"));
    }
    let built = match &settings.credentials {
        Credentials::ApplicationDefault => {
            credentials::check_variable()?;
            builder.build_from_application_default_credentials().await
        }
        Credentials::KeyFile(path) => {
            let key = credentials::service_account(&folder.join(path))?;
            builder.build_from_service_account_key(key, false).await
        }
        Credentials::MetadataServer => builder.build_with_workload_identity(false).await,
        Credentials::None => builder.build_from_authenticator(Arc::new(Nobody)).await,
    };
    built.map_err(|error| Failure::from(error).error())
}

/// Sends no token that means anything: for emulators.
#[derive(Clone)]
struct Nobody;

#[async_trait]
impl Authenticator for Nobody {
    async fn access_token(&self) -> Result<String, BQError> {
        Ok("none".to_owned())
    }
}
