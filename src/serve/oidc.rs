//! Tokens that Google signs for service accounts: audience, issuer, time and e-mail address are checked, and
//! the signature with Google's keys.
//! Source: <https://cloud.google.com/run/docs/authenticating/service-to-service>

use std::sync::Arc;
use std::time::{Duration, Instant};

use jsonwebtoken::jwk::{Jwk, JwkSet};
use jsonwebtoken::{
    Algorithm, DecodingKey, TokenData, Validation, decode, decode_header, get_current_timestamp,
};
use serde::Deserialize;

use super::keys::Right;
use super::lookup::{Found, Lookup};
use crate::error::{Error, Kind, Result};
use crate::log::{Line, Log};

/// The URL of Google's keys.
/// Source: <https://accounts.google.com/.well-known/openid-configuration>
pub const GOOGLE_KEYS: &str = "https://www.googleapis.com/oauth2/v3/certs";
const ISSUERS: [&str; 2] = ["https://accounts.google.com", "accounts.google.com"];
/// How long keys are used before they are fetched again. Google publishes new ones days before using them.
const KEEP: Duration = Duration::from_secs(60 * 60);
/// How long keys are used while newer ones cannot be fetched.
const KEEP_AT_MOST: Duration = Duration::from_secs(6 * 60 * 60);
/// The minimum time between fetches, also for a token with an unknown key.
const AGAIN: Duration = Duration::from_secs(60);
/// The minimum time between fetches after a failure.
const AGAIN_AFTER_FAILURE: Duration = Duration::from_secs(10);
const TIMEOUT: Duration = Duration::from_secs(5);
/// The accepted difference between the clocks of Google and this machine, in seconds.
const LEEWAY: u64 = 30;

/// The accepted tokens.
#[derive(Debug, Clone)]
pub struct OidcSettings {
    /// The required audience: the service's address.
    pub audience: String,
    /// E-mail addresses of accounts, with their permissions.
    pub accounts: Vec<(String, Right)>,
    /// The URL of the signer's keys.
    pub keys_url: String,
}

/// The token verifier.
pub(super) struct Oidc {
    settings: OidcSettings,
    http: reqwest::Client,
    keys: Lookup<Keys>,
    log: Log,
}

/// The signing keys, as last fetched.
#[derive(Clone)]
struct Keys {
    fetched: Option<Found<Arc<JwkSet>>>,
    failed: bool,
}

/// The account of a token.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Account {
    /// This account, with its permission.
    Of(String, Right),
    /// The token is invalid, or its account is not permitted.
    OfNobody,
    /// The keys could not be fetched.
    Unknown,
}

#[derive(Deserialize)]
struct Claims {
    email: String,
    email_verified: bool,
    iat: Option<u64>,
}

impl Oidc {
    pub fn new(settings: OidcSettings, log: Log) -> Result<Self> {
        let http = reqwest::Client::builder()
            .timeout(TIMEOUT)
            .build()
            .map_err(|cause| Error::new(Kind::Internal, "cannot set up HTTP").caused_by(cause))?;
        Ok(Self { settings, http, keys: Lookup::new(), log })
    }

    /// Whether a Bearer token has the form of a JWT: three dotted parts.
    pub fn is_token(text: &str) -> bool {
        text.split('.').count() == 3
    }

    /// The account of a token. `None`: the signing keys must be fetched first.
    pub fn account(&self, token: &str) -> Option<Account> {
        let Some(kid) = decode_header(token).ok().and_then(|header| header.kid) else {
            return Some(Account::OfNobody);
        };
        let last = self.keys.last();
        let asked = last.as_ref().map(|last| (last.at.elapsed(), last.found.failed));
        let may_ask = asked
            .is_none_or(|(age, failed)| age >= if failed { AGAIN_AFTER_FAILURE } else { AGAIN });
        let Found { found: keys, at } = match last.and_then(|last| last.found.fetched) {
            Some(fetched) if fetched.at.elapsed() < KEEP_AT_MOST => fetched,
            _ if may_ask => return None,
            _ => return Some(Account::Unknown),
        };
        match keys.find(&kid).map(|key| self.check(token, key)) {
            Some(account) => {
                if at.elapsed() >= KEEP && may_ask {
                    self.fetch();
                }
                Some(account)
            }
            None if may_ask => None,
            None => Some(Account::OfNobody),
        }
    }

    fn check(&self, token: &str, key: &Jwk) -> Account {
        let mut wanted = Validation::new(Algorithm::RS256);
        wanted.set_audience(&[&self.settings.audience]);
        wanted.set_issuer(&ISSUERS);
        wanted.set_required_spec_claims(&["exp", "aud", "iss"]);
        wanted.validate_nbf = true;
        wanted.leeway = LEEWAY;
        let decoded =
            DecodingKey::from_jwk(key).and_then(|key| decode::<Claims>(token, &key, &wanted));
        let Ok(TokenData { claims, .. }) = decoded else { return Account::OfNobody };
        let is_of_now = claims.iat.is_none_or(|iat| iat <= get_current_timestamp() + LEEWAY);
        let mut accounts = self.settings.accounts.iter();
        match accounts.find(|(email, _)| *email == claims.email) {
            Some((email, right)) if claims.email_verified && is_of_now => {
                Account::Of(email.clone(), *right)
            }
            _ => Account::OfNobody,
        }
    }

    /// Fetches the keys, and waits until done or failed.
    pub async fn wait(&self) {
        self.fetch();
        self.keys.settled(TIMEOUT).await;
    }

    /// Starts fetching the keys, unless a fetch is in progress.
    pub fn fetch(&self) {
        let (http, url, log) =
            (self.http.clone(), self.settings.keys_url.clone(), self.log.clone());
        let kept = self.keys.last().and_then(|last| last.found.fetched);
        self.keys.begin(async move {
            match fetched(&http, &url).await {
                Ok(keys) => {
                    let found = Found { found: Arc::new(keys), at: Instant::now() };
                    Keys { fetched: Some(found), failed: false }
                }
                Err(error) => {
                    log.line(Line::of_error(&error));
                    Keys { fetched: kept, failed: true }
                }
            }
        });
    }
}

async fn fetched(http: &reqwest::Client, url: &str) -> Result<JwkSet> {
    let failed = |cause: reqwest::Error| {
        Error::new(Kind::Transient, "cannot fetch the keys that sign tokens")
            .caused_by(cause.without_url())
    };
    let answer = http.get(url).send().await.map_err(failed)?;
    let text = answer.error_for_status().map_err(failed)?.text().await.map_err(failed)?;
    serde_json::from_str(&text).map_err(|cause| {
        Error::new(Kind::Transient, "the answer is not a set of signing keys").caused_by(cause)
    })
}
