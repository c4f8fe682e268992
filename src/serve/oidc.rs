//! Tokens that Google signs for service accounts: audience, issuer, time and e-mail address are
//! checked against Google's keys.
//! Source: <https://cloud.google.com/run/docs/authenticating/service-to-service>

use std::sync::Arc;
use std::time::{Duration, Instant};

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::Deserialize;
use tokio::sync::Mutex;

use super::keys::Right;
use crate::error::{Error, Kind, Result};

/// Where Google publishes its keys.
/// Source: <https://accounts.google.com/.well-known/openid-configuration>
pub const GOOGLE_KEYS: &str = "https://www.googleapis.com/oauth2/v3/certs";
const ISSUERS: [&str; 2] = ["https://accounts.google.com", "accounts.google.com"];
/// How long the keys are kept. Google announces new ones days before they are used.
const KEEP: Duration = Duration::from_secs(60 * 60);
/// How soon they may be fetched again for a token that names an unknown one.
const AGAIN: Duration = Duration::from_secs(60);
const TIMEOUT: Duration = Duration::from_secs(5);

/// Whose tokens are taken, and for what.
#[derive(Debug, Clone)]
pub struct OidcSettings {
    /// What a token has to be made for: the service's address.
    pub audience: String,
    /// E-mail addresses of accounts, and what they may do.
    pub accounts: Vec<(String, Right)>,
    /// Where the signer's keys are.
    pub keys_url: String,
}

/// Checks tokens.
pub(super) struct Oidc {
    settings: OidcSettings,
    http: reqwest::Client,
    keys: Mutex<Option<Fetched>>,
}

struct Fetched {
    keys: Arc<JwkSet>,
    at: Instant,
}

#[derive(Deserialize)]
struct Claims {
    email: String,
    email_verified: bool,
}

impl Oidc {
    pub fn new(settings: OidcSettings) -> Result<Self> {
        let http = reqwest::Client::builder().timeout(TIMEOUT).build().map_err(|cause| {
            Error::new(Kind::Configuration, "cannot set up HTTP").caused_by(cause)
        })?;
        Ok(Self { settings, http, keys: Mutex::new(None) })
    }

    /// Whether a Bearer token looks like one of these: three parts with dots between.
    pub fn is_token(text: &str) -> bool {
        text.split('.').count() == 3
    }

    /// Whose token it is, and what they may do. `None`: it is not good, or nobody's that may call.
    /// Errors: the keys could not be fetched.
    pub async fn account(&self, token: &str) -> Result<Option<(String, Right)>> {
        let Some(kid) = decode_header(token).ok().and_then(|header| header.kid) else {
            return Ok(None);
        };
        let keys = self.keys(&kid).await?;
        let Some(key) = keys.find(&kid).and_then(|key| DecodingKey::from_jwk(key).ok()) else {
            return Ok(None);
        };
        let mut wanted = Validation::new(Algorithm::RS256);
        wanted.set_audience(&[&self.settings.audience]);
        wanted.set_issuer(&ISSUERS);
        wanted.set_required_spec_claims(&["exp", "aud", "iss"]);
        let claims = match decode::<Claims>(token, &key, &wanted) {
            Ok(token) if token.claims.email_verified => token.claims,
            _ => return Ok(None),
        };
        let mut accounts = self.settings.accounts.iter();
        Ok(accounts.find(|(email, _)| *email == claims.email).cloned())
    }

    /// The keys: those at hand, unless they are old or lack this one.
    async fn keys(&self, kid: &str) -> Result<Arc<JwkSet>> {
        let mut kept = self.keys.lock().await;
        if let Some(Fetched { keys, at }) = &*kept {
            let (age, known) = (at.elapsed(), keys.find(kid).is_some());
            if age < if known { KEEP } else { AGAIN } {
                return Ok(keys.clone());
            }
        }
        let failed = |cause: reqwest::Error| {
            Error::new(Kind::Transient, "cannot fetch the keys that sign tokens")
                .caused_by(cause.without_url())
        };
        let answer = self.http.get(&self.settings.keys_url).send().await.map_err(failed)?;
        let text = answer.error_for_status().map_err(failed)?.text().await.map_err(failed)?;
        let keys: JwkSet = serde_json::from_str(&text).map_err(|cause| {
            Error::new(Kind::Transient, "what signs tokens is no set of keys").caused_by(cause)
        })?;
        let keys = Arc::new(keys);
        *kept = Some(Fetched { keys: keys.clone(), at: Instant::now() });
        Ok(keys)
    }
}
