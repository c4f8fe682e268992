//! Key files. What is in them is never repeated: an error says where it is wrong, and not what.

use std::path::Path;

use gcp_bigquery_client::yup_oauth2::ServiceAccountKey;
use gcp_bigquery_client::yup_oauth2::authorized_user::AuthorizedUserSecret;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::error::{Error, Kind, Result};

const VARIABLE: &str = "GOOGLE_APPLICATION_CREDENTIALS";

/// The key file of a service account.
pub(super) fn service_account(path: &Path) -> Result<ServiceAccountKey> {
    parse(path, &read(path)?, "the key file of a service account")
}

/// Looks at the file that the variable names. The client falls back to the metadata server when it
/// is missing or of an unknown type, and then blames the metadata server.
pub(super) fn check_variable() -> Result<()> {
    let Some(path) = std::env::var_os(VARIABLE) else { return Ok(()) };
    let path = Path::new(&path);
    check_file(path).map_err(|error| error.during(format!("reading {VARIABLE}")))
}

fn check_file(path: &Path) -> Result<()> {
    #[derive(Deserialize)]
    struct Typed {
        r#type: Option<String>,
    }
    let text = read(path)?;
    let typed: Typed = parse(path, &text, "a file of credentials")?;
    match typed.r#type.as_deref() {
        Some("service_account") => {
            parse::<ServiceAccountKey>(path, &text, "the key file of a service account").map(drop)
        }
        Some("authorized_user") => {
            parse::<AuthorizedUserSecret>(path, &text, "the credentials of a user").map(drop)
        }
        _ => Err(Error::new(
            Kind::AccessDenied,
            format!("`{}` holds no credentials of a known type", path.display()),
        )
        .help("known are the key file of a service account and what `gcloud auth application-default login` writes; on a Google machine, unset the variable")),
    }
}

fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).map_err(|cause| {
        Error::new(Kind::AccessDenied, format!("cannot read the key file `{}`", path.display()))
            .caused_by(cause)
    })
}

fn parse<T: DeserializeOwned>(path: &Path, text: &str, what: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|error| {
        let said = error.to_string();
        // The parser's other messages quote values.
        let missing = if said.starts_with("missing field") {
            format!(" ({said})")
        } else {
            format!(": line {}, column {}", error.line(), error.column())
        };
        Error::new(Kind::AccessDenied, format!("`{}` is not {what}{missing}", path.display()))
            .help("create a new key, and download it as JSON")
    })
}
