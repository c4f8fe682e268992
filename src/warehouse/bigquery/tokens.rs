//! Tokens for calls: requested once, and cached until they expire.

use std::io;
use std::sync::{Arc, Once};
use std::time::Duration;

use async_trait::async_trait;
use gcp_bigquery_client::auth::Authenticator;
use gcp_bigquery_client::error::BQError;
use google_cloud_auth::build_errors::Error as BuildError;
use google_cloud_auth::credentials::{
    AccessTokenCredentials, external_account, impersonated, mds, service_account, user_account,
};

use super::credentials::{File, FileKind, Identity};
use super::token_failure::TokenFailure;
use crate::error::{Error, Kind, Result};

const SCOPE: &str = "https://www.googleapis.com/auth/bigquery";

/// The time limit for obtaining one token, from all servers involved.
const PATIENCE: Duration = Duration::from_secs(60);

/// The tokens of one identity.
#[derive(Clone)]
pub(super) struct Tokens {
    credentials: AccessTokenCredentials,
    identity: Arc<Identity>,
}

impl Tokens {
    /// Creates the token cache; the first token is fetched in the background. Must be called on the runtime
    /// that outlives the tokens.
    pub fn new(identity: Identity) -> Result<Self> {
        silence_its_panics();
        // Another part of the program may have chosen one before; any serves.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let credentials = match &identity {
            Identity::Machine(_) => mds::Builder::default().build_access_token_credentials(),
            Identity::File(file) => of_file(file),
        };
        match (credentials, &identity) {
            (Ok(credentials), _) => Ok(Self { credentials, identity: Arc::new(identity) }),
            // The library's message may quote the file.
            (Err(_), Identity::File(file)) => Err(Error::new(
                Kind::Credentials,
                format!(
                    "`{}`, of type {}, cannot be used",
                    file.path.display(),
                    file.kind.as_str()
                ),
            )
            .help(
                "create the file again with the tool that wrote it; see docs/bigquery.md#who-asks",
            )),
            (Err(_), Identity::Machine(_)) => {
                Err(Error::new(Kind::Credentials, "cannot reach the metadata server"))
            }
        }
    }

    /// The current token. Requested in a separate task, because the library panics if a token has already
    /// expired by this machine's clock when it arrives.
    async fn token(&self) -> Result<String, TokenFailure> {
        let credentials = self.credentials.clone();
        let asked = tokio::spawn(async move { credentials.access_token().await });
        match tokio::time::timeout(PATIENCE, asked).await {
            Ok(Ok(Ok(token))) => Ok(token.token),
            Ok(Ok(Err(error))) => Err(TokenFailure::new(&self.identity, &error)),
            Ok(Err(_)) => Err(TokenFailure::expired_on_arrival(&self.identity)),
            Err(_) => Err(TokenFailure::too_slow(&self.identity, PATIENCE)),
        }
    }
}

#[async_trait]
impl Authenticator for Tokens {
    async fn access_token(&self) -> Result<String, BQError> {
        let token = self.token().await;
        token.map_err(|failure| BQError::InvalidServiceAccountKey(io::Error::other(failure)))
    }
}

/// A panic of the library comes back as [`TokenFailure::expired_on_arrival`]; its own text, with the places of
/// the library's source, would stand above that.
fn silence_its_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let others = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            let its = panic.location().is_some_and(|at| at.file().contains("google-cloud-auth-"));
            match its {
                true => tracing::info!("the library of tokens panicked: {panic}"),
                false => others(panic),
            }
        }));
    });
}

fn of_file(file: &File) -> Result<AccessTokenCredentials, BuildError> {
    let json = file.json.clone();
    match file.kind {
        FileKind::ServiceAccount => {
            let scopes = service_account::AccessSpecifier::from_scopes([SCOPE]);
            let builder = service_account::Builder::new(json).with_access_specifier(scopes);
            builder.build_access_token_credentials()
        }
        // The scopes that the user gave gcloud are kept.
        FileKind::User => user_account::Builder::new(json).build_access_token_credentials(),
        FileKind::ExternalAccount => external_account::Builder::new(json)
            .with_scopes([SCOPE])
            .build_access_token_credentials(),
        FileKind::Impersonated => {
            impersonated::Builder::new(json).with_scopes([SCOPE]).build_access_token_credentials()
        }
    }
}
