//! Browser sessions and form tokens, signed with a secret of this process.

use jiff::Timestamp;
use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey, Header, Validation, crypto, decode, encode,
};
use moka::sync::Cache;
use serde::{Deserialize, Serialize};

use super::keys::{KeyHash, Keys};
use super::limits;
use crate::error::{Error, Kind, Result};

/// The signer of sessions and forms.
pub(super) struct Sessions {
    signing: EncodingKey,
    checking: DecodingKey,
    /// Signed-out sessions.
    ended: Cache<String, ()>,
}

/// The claims of a cookie. They identify the key without revealing it.
#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    /// The key of the sign-in: its hash, signed.
    sub: String,
    /// The host and port in the browser's address.
    aud: String,
    exp: i64,
    /// The unique id of the session.
    jti: String,
}

/// A session that has not ended.
pub(super) struct Known {
    /// The key of the sign-in.
    pub key: KeyHash,
    /// The unique id of the session.
    pub id: String,
}

impl Sessions {
    /// Creates the signer of this process.
    ///
    /// # Errors
    /// The system has no randomness.
    pub fn new() -> Result<Self> {
        let secret = random()?;
        let ended = Cache::builder().max_capacity(limits::SIGNED_OUT);
        Ok(Self {
            signing: EncodingKey::from_secret(secret.as_bytes()),
            checking: DecodingKey::from_secret(secret.as_bytes()),
            ended: ended.time_to_live(limits::SIGNED_IN).build(),
        })
    }

    /// A session for a caller who sent this key to the service at this host and port.
    pub fn begin(&self, key: &KeyHash, audience: &str) -> Result<String> {
        let lasts = i64::try_from(limits::SIGNED_IN.as_secs()).unwrap_or(i64::MAX);
        self.until(key, audience, Timestamp::now().as_second().saturating_add(lasts))
    }

    fn until(&self, key: &KeyHash, audience: &str, exp: i64) -> Result<String> {
        let claims =
            Claims { sub: self.named(key)?, aud: audience.to_owned(), exp, jti: random()? };
        encode(&Header::new(Algorithm::HS256), &claims, &self.signing).map_err(unsigned)
    }

    /// The session of a cookie. `None`: it was not started here, has ended, or its key was removed.
    pub fn find(&self, session: &str, audience: &str, keys: &Keys) -> Option<Known> {
        let mut wanted = Validation::new(Algorithm::HS256);
        wanted.leeway = 0;
        wanted.set_audience(&[audience]);
        wanted.set_required_spec_claims(&["exp", "aud", "sub"]);
        let claims = decode::<Claims>(session, &self.checking, &wanted).ok()?.claims;
        let is_it = |key: &KeyHash| self.named(key).is_ok_and(|name| name == claims.sub);
        let key = keys.find(is_it)?.clone();
        (!self.ended.contains_key(&claims.jti)).then_some(Known { key, id: claims.jti })
    }

    /// Ends a session early.
    pub fn end(&self, known: &str) {
        self.ended.insert(known.to_owned(), ());
    }

    fn named(&self, key: &KeyHash) -> Result<String> {
        self.sign(&[b"key\0", key.bytes()].concat())
    }

    /// A token that proves that a form came from a page for this viewer; unique per call.
    pub fn token(&self, viewer: &str) -> Result<String> {
        let salt = random()?;
        let signature = self.sign(&of_form(&salt, viewer))?;
        Ok(format!("{salt}.{signature}"))
    }

    /// Whether a token was made for this viewer.
    pub fn made(&self, token: &str, viewer: &str) -> bool {
        token.split_once('.').is_some_and(|(salt, signature)| {
            let message = of_form(salt, viewer);
            crypto::verify(signature, &message, &self.checking, Algorithm::HS256).unwrap_or(false)
        })
    }

    fn sign(&self, message: &[u8]) -> Result<String> {
        crypto::sign(message, &self.signing, Algorithm::HS256).map_err(unsigned)
    }
}

/// The signed text of a form token, with a prefix that no other signed text has.
fn of_form(salt: &str, viewer: &str) -> Vec<u8> {
    [b"form\0", salt.as_bytes(), b"\0", viewer.as_bytes()].concat()
}

fn unsigned(cause: jsonwebtoken::errors::Error) -> Error {
    Error::new(Kind::Internal, "cannot sign a session").caused_by(cause)
}

/// 256 random bits as text. Errors: the system has no randomness.
fn random() -> Result<String> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes).map_err(|cause| {
        Error::io("cannot get random bytes from the system", std::io::Error::other(cause))
    })?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::super::keys::Right;
    use super::*;

    const KEY: &str = "0123456789abcdefghij";
    const AUDIENCE: &str = "h:8080";

    fn keys(list: &str) -> Keys {
        let mut keys = Keys::default();
        keys.add_list(list, Right::Apply).unwrap();
        keys
    }

    #[test]
    fn a_session_is_of_its_key_its_audience_and_its_hour() {
        let sessions = Sessions::new().unwrap();
        let (known, hash) = (keys(KEY), KeyHash::of(KEY));
        let session = sessions.begin(&hash, AUDIENCE).unwrap();
        let found = |session: &str| sessions.find(session, AUDIENCE, &known).map(|known| known.key);
        assert_eq!(found(&session), Some(hash.clone()));
        assert!(!session.contains(KEY));
        for other in ["h:8081", "h", "evil.example:8080", ""] {
            assert!(sessions.find(&session, other, &known).is_none(), "{other}");
        }
        let replaced = keys("another-key-of-some-length");
        assert!(sessions.find(&session, AUDIENCE, &replaced).is_none(), "its key is none any more");
        let elsewhere = Sessions::new().unwrap().begin(&hash, AUDIENCE).unwrap();
        assert_eq!(found(&elsewhere), None, "another process has begun it");
        let now = Timestamp::now().as_second();
        assert!(found(&sessions.until(&hash, AUDIENCE, now + 5).unwrap()).is_some());
        assert_eq!(found(&sessions.until(&hash, AUDIENCE, now - 1).unwrap()), None, "it has ended");
        let (signed, signature) = session.rsplit_once('.').unwrap();
        let forged = format!("{signed}.{}", signature.chars().rev().collect::<String>());
        for bad in [&forged, &format!("{signed}."), signed, KEY, "", "a.b.c"] {
            assert_eq!(found(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_session_that_was_signed_out_of_has_ended() {
        let sessions = Sessions::new().unwrap();
        let (known, hash) = (keys(KEY), KeyHash::of(KEY));
        let [one, other] = [(); 2].map(|()| sessions.begin(&hash, AUDIENCE).unwrap());
        let id = sessions.find(&one, AUDIENCE, &known).unwrap().id;
        sessions.end(&id);
        assert!(sessions.find(&one, AUDIENCE, &known).is_none());
        assert!(sessions.find(&other, AUDIENCE, &known).is_some());
    }

    #[test]
    fn a_forms_token_is_another_one_each_time_and_its_viewers_alone() {
        let sessions = Sessions::new().unwrap();
        let [one, other] = [(); 2].map(|()| sessions.token("viewer").unwrap());
        assert_ne!(one, other);
        assert!(sessions.made(&one, "viewer") && sessions.made(&other, "viewer"));
        let (salt, _) = one.split_once('.').unwrap();
        let (_, signature) = other.split_once('.').unwrap();
        for bad in [format!("{salt}.{signature}"), format!("{salt}."), String::new()] {
            assert!(!sessions.made(&bad, "viewer"), "{bad}");
        }
        assert!(!sessions.made(&one, "somebody else"));
        assert!(!Sessions::new().unwrap().made(&one, "viewer"));
    }
}
