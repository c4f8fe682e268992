//! Reasons for a missing token, without repeating any token.

use std::error::Error as _;
use std::time::Duration;

use google_cloud_auth::errors::CredentialsError;
use serde_json::Value as Json;

use super::credentials::{FileKind, Identity};

/// A missing token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TokenFailure {
    /// What failed, for which account, and the server's message.
    pub said: String,
    /// How to fix it.
    pub help: String,
    /// Whether a later call may succeed.
    pub may_pass: bool,
}

impl std::fmt::Display for TokenFailure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.said)
    }
}

impl std::error::Error for TokenFailure {}

/// The server that refused.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// The token of the other party, which is to be exchanged.
    Subject,
    /// Google's security token service.
    Exchange,
    /// The IAM credentials service.
    Impersonation,
    /// A user's refresh token.
    Refresh,
    /// The machine's metadata server.
    Metadata,
    /// Signing with the key of a service account.
    Signing,
}

/// The library's names of the stages.
const STAGES: [(&str, Stage); 6] = [
    ("subject token", Stage::Subject),
    ("executables need to be", Stage::Subject),
    ("failed to exchange token", Stage::Exchange),
    ("failed to refresh user", Stage::Refresh),
    ("failed to fetch token", Stage::Impersonation),
    ("private key", Stage::Signing),
];

impl TokenFailure {
    pub fn new(identity: &Identity, error: &CredentialsError) -> Self {
        let chain = chain(error);
        let stage = Stage::of(identity, &chain);
        let said = said(&chain);
        // A name that cannot be resolved is not a metadata server that starts slowly.
        let nowhere = stage == Stage::Metadata && said.contains("lookup address");
        let may_pass = error.is_transient() && !nowhere;
        let mut what = format!("no token for BigQuery from {}: {}", of(identity), stage.failed());
        if !said.is_empty() {
            what = format!("{what}: {said}");
        }
        let help = match may_pass {
            true => "look at the network, and at the variables HTTPS_PROXY and NO_PROXY".to_owned(),
            false => stage.help(identity, &said),
        };
        Self { said: what, help, may_pass }
    }

    pub fn expired_on_arrival(identity: &Identity) -> Self {
        Self {
            said: format!(
                "no token for BigQuery from {}: it has expired already by this machine's clock",
                of(identity)
            ),
            help: "set the clock".to_owned(),
            may_pass: false,
        }
    }

    pub fn too_slow(identity: &Identity, waited: Duration) -> Self {
        Self {
            said: format!(
                "no token for BigQuery from {}: no answer within {waited:?}",
                of(identity)
            ),
            help: "look at the network, and at the variables HTTPS_PROXY and NO_PROXY".to_owned(),
            may_pass: true,
        }
    }
}

impl Stage {
    /// The stage that the messages name, otherwise the first one of these credentials.
    fn of(identity: &Identity, chain: &[String]) -> Self {
        let Identity::File(file) = identity else { return Self::Metadata };
        let named = |text: &String| STAGES.iter().find(|(words, _)| text.contains(words));
        match (chain.iter().find_map(named), file.kind) {
            (Some((_, stage)), _) => *stage,
            (None, FileKind::ServiceAccount) => Self::Signing,
            (None, FileKind::User) => Self::Refresh,
            (None, FileKind::ExternalAccount) => Self::Subject,
            (None, FileKind::Impersonated) => Self::Impersonation,
        }
    }

    fn failed(self) -> &'static str {
        match self {
            Self::Subject => "cannot get the token to exchange from `credential_source`",
            Self::Exchange => "the token exchange at `token_url` failed",
            Self::Impersonation => "cannot impersonate the service account",
            Self::Refresh => "the refresh token was not accepted",
            Self::Metadata => "it gave none",
            Self::Signing => "cannot sign with `private_key`",
        }
    }

    fn help(self, identity: &Identity, said: &str) -> String {
        let help = match self {
            Self::Subject => {
                "in GitHub Actions the job needs `permissions: id-token: write`, and the token lasts as long as the job; in GitLab CI the file of `credential_source` is written by the job from its `id_tokens`"
            }
            Self::Exchange => {
                "compare the file's `audience` with the workload identity provider, and the provider's attribute condition with the repository and branch that run this"
            }
            Self::Impersonation if matches!(identity, Identity::File(file) if file.kind == FileKind::ExternalAccount) => {
                "grant roles/iam.workloadIdentityUser on the service account to the principal of the workload identity pool, and enable the IAM Service Account Credentials API"
            }
            Self::Impersonation => {
                "grant roles/iam.serviceAccountTokenCreator on the service account to the account of `source_credentials`, and enable the IAM Service Account Credentials API"
            }
            Self::Refresh => "run `gcloud auth application-default login` again",
            Self::Signing => "create a new key, and download it as JSON",
            Self::Metadata => match identity {
                Identity::Machine(looked) if !looked.is_empty() => {
                    return format!(
                        "{}, and this machine has no metadata server that gives a token; run `gcloud auth application-default login`, or name a `key_file` in the rule file",
                        looked.join(", ")
                    );
                }
                _ if said.contains("404") => "attach a service account to this machine",
                _ => {
                    "`credentials = \"metadata_server\"` works on Google's machines only; elsewhere leave it out"
                }
            },
        };
        help.to_owned()
    }
}

fn of(identity: &Identity) -> String {
    match identity {
        Identity::File(file) => format!("`{}` ({})", file.path.display(), file.kind.as_str()),
        Identity::Machine(_) => "the metadata server".to_owned(),
    }
}

/// The messages of an error and its causes, outermost first.
fn chain(error: &CredentialsError) -> Vec<String> {
    let mut texts = vec![error.to_string()];
    let mut cause = error.source();
    while let Some(error) = cause {
        texts.push(error.to_string());
        cause = error.source();
    }
    texts
}

/// The useful part of the causes: the server's own message if there is one, otherwise the innermost cause.
/// Bodies and parsers' messages may contain tokens, and are omitted.
fn said(chain: &[String]) -> String {
    if let Some(words) = chain.iter().find_map(|text| servers_words(text)) {
        let status = chain.iter().rev().find_map(|text| status(text));
        return match status {
            Some(status) => format!("status {status}, {words}"),
            None => words,
        };
    }
    if let Some(status) = chain.iter().rev().find_map(|text| status(text)) {
        return format!("status {status}");
    }
    let quotes = |text: &&String| {
        ["invalid type", "invalid value", "body=<", "found "].iter().any(|w| text.contains(w))
    };
    let innermost = chain.iter().rev().find(|text| !quotes(text));
    innermost.map(|text| plain(text)).unwrap_or_default()
}

/// `error` and `error_description` of an OAuth error, or `status` and `message` of a Google one.
/// Source: <https://datatracker.ietf.org/doc/html/rfc6749#section-5.2>,
/// <https://cloud.google.com/apis/design/errors#http_mapping>
fn servers_words(text: &str) -> Option<String> {
    let body = text.get(text.find('{')?..=text.rfind('}')?)?;
    // A payload that was printed as bytes has escaped quotes.
    let json: Json = serde_json::from_str(body)
        .or_else(|_| serde_json::from_str(&body.replace("\\\"", "\"").replace("\\n", "\n")))
        .ok()?;
    let text = |value: &Json| value.as_str().map(masked);
    let error = &json["error"];
    let (word, message) = match error {
        Json::Object(_) => (text(&error["status"]), text(&error["message"])),
        _ => (text(error), text(&json["error_description"])),
    };
    match (word, message) {
        (Some(word), Some(message)) => Some(format!("{word}: {message}")),
        (word, message) => word.or(message),
    }
}

/// The HTTP status in a message of the HTTP client: `(400 Bad Request)`, or of the library: `[403]`.
fn status(text: &str) -> Option<&str> {
    let after = ["HTTP status client error (", "HTTP status server error ("]
        .iter()
        .find_map(|words| text.split_once(words).map(|(_, rest)| rest))
        .or_else(|| text.split_once('[').map(|(_, rest)| rest))?;
    let digits = after.get(..3)?;
    digits.bytes().all(|byte| byte.is_ascii_digit()).then_some(digits)
}

/// A message without the library's remarks on later calls, and without URL queries.
fn plain(text: &str) -> String {
    let cut = [" and future attempts will not succeed", " but future attempts may succeed"];
    let text = cut.iter().fold(text.to_owned(), |text, words| text.replace(words, ""));
    masked(text.split('?').next().unwrap_or_default())
}

/// Masks possible tokens: long words of letters and digits.
fn masked(text: &str) -> String {
    let is_token = |c: char| c.is_ascii_alphanumeric() || "._~+-=".contains(c);
    let long = |word: &str| {
        word.split(|c| !is_token(c)).any(|run| run.len() > 40 || run.starts_with("eyJ"))
    };
    text.split(' ').map(|word| if long(word) { "…" } else { word }).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn the_words_of_the_server_are_repeated_and_nothing_else_of_its_answer() {
        let chain = texts(&[
            "Request to fetch the token failed. Subsequent calls with this credential will also fail. and future attempts will not succeed",
            "failed to exchange token, body=<{\"error\":\"invalid_grant\",\"error_description\":\"The audience does not match\",\"token\":\"SECRET\"}> and future attempts will not succeed",
            "HTTP status client error (400 Bad Request) for url (http://127.0.0.1/v1/token)",
        ]);
        assert_eq!(said(&chain), "status 400, invalid_grant: The audience does not match");
    }

    #[test]
    fn a_body_that_is_no_error_is_left_out() {
        let chain = texts(&[
            "failed to read subject token field `value` as string, body=<{\"token\":\"SECRET\"}>",
        ]);
        assert_eq!(said(&chain), "");
    }

    #[test]
    fn what_may_be_a_token_is_masked() {
        let jwt = "ID Token eyJhbGciOi.eyJzdWIi.c2ln is stale";
        assert_eq!(masked(jwt), "ID Token … is stale");
        let audience =
            "audience //iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p";
        assert_eq!(masked(audience), audience);
        assert_eq!(masked(&format!("ya29.{}", "x".repeat(60))), "…");
    }
}
