//! Authentication and authorization of callers.

use axum::http::{HeaderMap, header};

use super::keys::{KeyHash, Keys, Right};
use super::oidc::{Account, Oidc};
use super::problem::{Code, Problem};
use super::sessions::Sessions;

/// An authenticated caller.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    /// The name in the ledger.
    pub who: String,
    pub right: Right,
}

impl Caller {
    /// Refuses read-only callers.
    pub fn may_apply(&self) -> Result<(), Problem> {
        match self.right {
            Right::Apply => Ok(()),
            Right::Read => Err(Problem::new(Code::Forbidden)
                .detail("this key is read-only: it can look and dry-run, and cannot apply")),
        }
    }
}

/// The accepted credentials.
pub(super) struct Access {
    pub keys: Keys,
    /// The accepted tokens, if configured.
    pub oidc: Option<Oidc>,
    /// The host name recorded with runs.
    pub host: String,
    pub sessions: Sessions,
}

impl Access {
    /// Whether no credentials are required.
    pub fn is_open(&self) -> bool {
        self.keys.is_empty() && self.oidc.is_none()
    }

    /// Authenticates a caller by the key in `X-API-Key` or as a Bearer token. Without any configured key, the
    /// service answers only local callers that use the machine's own names, to prevent DNS rebinding. `None`:
    /// the credential is a token, and the signing keys are not loaded yet.
    pub fn caller_at_once(&self, headers: &HeaderMap) -> Option<Result<Caller, Problem>> {
        if self.is_open() {
            return Some(match is_local(headers) && !is_forwarded(headers) {
                true => Ok(Caller { who: format!("local@{}", self.host), right: Right::Apply }),
                false => Err(Problem::new(Code::Forbidden).detail(
                    "without keys the service answers to localhost, 127.0.0.1 and [::1] alone, and nothing that a proxy forwards",
                )),
            });
        }
        let Some(presented) = presented(headers) else {
            return Some(Err(Problem::new(Code::Unauthorized)
                .detail("send a key as X-API-Key, or as Authorization: Bearer")));
        };
        match (self.by_key(presented), &self.oidc) {
            (Err(_), Some(oidc)) if Oidc::is_token(presented) => {
                Some(Self::of_account(oidc.account(presented)?))
            }
            (known, _) => Some(known),
        }
    }

    /// Authenticates a caller, waiting for the signing keys of tokens if necessary.
    pub async fn caller(&self, headers: &HeaderMap) -> Result<Caller, Problem> {
        if let Some(known) = self.caller_at_once(headers) {
            return known;
        }
        if let Some(oidc) = &self.oidc {
            oidc.wait().await;
        }
        let unknown = || Err(Problem::new(Code::Unavailable));
        self.caller_at_once(headers).unwrap_or_else(unknown)
    }

    fn of_account(account: Account) -> Result<Caller, Problem> {
        match account {
            Account::Of(who, right) => Ok(Caller { who, right }),
            Account::OfNobody => Err(Problem::new(Code::Unauthorized)),
            Account::Unknown => Err(Problem::new(Code::Unavailable)
                .detail("the keys that sign tokens could not be fetched")),
        }
    }

    /// Authenticates by key.
    pub fn by_key(&self, key: &str) -> Result<Caller, Problem> {
        self.by_hash(&KeyHash::of(key))
    }

    /// Authenticates by the hash of a key.
    pub fn by_hash(&self, hash: &KeyHash) -> Result<Caller, Problem> {
        let right = self.keys.right_of(hash).ok_or_else(|| Problem::new(Code::Unauthorized))?;
        Ok(Caller { who: format!("api-key-{}@{}", hash.short(), self.host), right })
    }
}

/// The key or token in a request.
pub(super) fn presented(headers: &HeaderMap) -> Option<&str> {
    if let Some(key) = headers.get("x-api-key") {
        return key.to_str().ok();
    }
    let authorization = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = authorization.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Whether a local proxy forwards a request from elsewhere.
fn is_forwarded(headers: &HeaderMap) -> bool {
    let forwarded =
        ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "via"];
    forwarded.iter().any(|name| headers.contains_key(*name))
}

fn is_local(headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    };
    let address = name.trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost")
        || address.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    const APPLY: &str = "a-key-that-may-apply-all";
    const READ: &str = "a-key-that-may-only-read";

    fn access(keys: &[(&str, Right)]) -> Access {
        let mut known = Keys::default();
        for (key, right) in keys {
            known.add_list(key, *right).unwrap();
        }
        let sessions = Sessions::new().unwrap();
        Access { keys: known, oidc: None, host: "host".to_owned(), sessions }
    }

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn a_key_is_taken_from_either_header() {
        let access = access(&[(APPLY, Right::Apply), (READ, Right::Read)]);
        let right =
            |pairs| access.caller_at_once(&headers(pairs)).unwrap().map(|caller| caller.right).ok();
        assert_eq!(right(&[("x-api-key", APPLY)]), Some(Right::Apply));
        assert_eq!(right(&[("authorization", &format!("bearer {READ}"))]), Some(Right::Read));
        for bad in [
            &[][..],
            &[("x-api-key", "")],
            &[("x-api-key", "wrong"), ("authorization", &format!("Bearer {APPLY}"))],
            &[("authorization", APPLY)],
            &[("authorization", &format!("Basic {APPLY}"))],
        ] {
            let problem = access.caller_at_once(&headers(bad)).unwrap().unwrap_err();
            assert_eq!(problem.code(), Code::Unauthorized, "{bad:?}");
        }
        let reader = access.caller_at_once(&headers(&[("x-api-key", READ)])).unwrap().unwrap();
        assert!(reader.may_apply().is_err());
    }

    #[test]
    fn without_keys_only_this_machines_own_names_are_answered() {
        let access = access(&[]);
        let is_answered = |headers: &HeaderMap| access.caller_at_once(headers).unwrap().is_ok();
        for good in ["localhost:8080", "127.0.0.1:8080", "[::1]:8080", "LOCALHOST", "127.0.0.1"] {
            assert!(is_answered(&headers(&[("host", good)])), "{good}");
        }
        let forwarded = headers(&[("host", "localhost"), ("x-forwarded-for", "203.0.113.7")]);
        assert!(!is_answered(&forwarded));
        for bad in ["evil.example:8080", "localhost.evil.example", "10.0.0.1", "", "[::2]:80"] {
            assert!(!is_answered(&headers(&[("host", bad)])), "{bad}");
        }
    }
}
