//! Credentials files. Their content is never repeated: an error says where a file is wrong, not what it
//! contains.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use serde_json::Value as Json;

use crate::error::{Error, Kind, Result};
use crate::files;
use crate::rule::Credentials;

const VARIABLE: &str = "GOOGLE_APPLICATION_CREDENTIALS";

/// The environment variable that overrides the quota project of a file.
/// Source: <https://google.aip.dev/auth/4110>
const QUOTA_PROJECT: &str = "GOOGLE_CLOUD_QUOTA_PROJECT";

const WELL_KNOWN: &str = "application_default_credentials.json";

/// The source of tokens.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Identity {
    /// A credentials file.
    File(File),
    /// The machine's metadata server, after no file was found at these paths.
    Machine(Vec<String>),
}

/// A credentials file with the fields that its type needs.
#[derive(Clone, PartialEq)]
pub(super) struct File {
    pub path: PathBuf,
    pub kind: FileKind,
    pub json: Json,
}

impl std::fmt::Debug for File {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("File").field("path", &self.path).field("kind", &self.kind).finish()
    }
}

/// The type of a credentials file.
/// Source: <https://cloud.google.com/docs/authentication/application-default-credentials>
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FileKind {
    /// A key of a service account.
    ServiceAccount,
    /// Written by `gcloud auth application-default login`.
    User,
    /// Workload identity federation: exchanges a token of another party, such as GitHub.
    ExternalAccount,
    /// A service account that is impersonated with other credentials.
    Impersonated,
}

impl FileKind {
    const ALL: [Self; 4] =
        [Self::ServiceAccount, Self::User, Self::ExternalAccount, Self::Impersonated];

    /// The value of the file's `type`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ServiceAccount => "service_account",
            Self::User => "authorized_user",
            Self::ExternalAccount => "external_account",
            Self::Impersonated => "impersonated_service_account",
        }
    }

    /// The required fields of the file, and where to get a new one.
    fn needs(self) -> (&'static [&'static str], &'static str) {
        match self {
            Self::ServiceAccount => (
                &["client_email", "private_key", "private_key_id", "project_id"],
                "create a new key, and download it as JSON",
            ),
            Self::User => (
                &["client_id", "client_secret", "refresh_token"],
                "run `gcloud auth application-default login`",
            ),
            Self::ExternalAccount => (
                &["audience", "subject_token_type", "token_url"],
                "create the file again with `gcloud iam workload-identity-pools create-cred-config`, or let google-github-actions/auth write it",
            ),
            Self::Impersonated => (
                &["service_account_impersonation_url"],
                "run `gcloud auth application-default login --impersonate-service-account=ACCOUNT`",
            ),
        }
    }
}

/// The identity for the rule file's setting; `None` means no credentials. Key files are relative to `folder`.
/// Errors: [`Kind::Credentials`] for a file that is missing, or of an unknown type.
pub(super) fn identity(credentials: &Credentials, folder: &Path) -> Result<Option<Identity>> {
    match credentials {
        Credentials::None => Ok(None),
        Credentials::MetadataServer => Ok(Some(Identity::Machine(Vec::new()))),
        Credentials::KeyFile(path) => {
            key_file(&files::named(folder, path)?).map(Identity::File).map(Some)
        }
        Credentials::ApplicationDefault => application_default(|name| env::var_os(name)).map(Some),
    }
}

/// The project whose quota the calls use: from the variable, otherwise from the file.
pub(super) fn quota_project(identity: &Identity) -> Option<String> {
    let variable = env::var(QUOTA_PROJECT).ok().filter(|project| !project.is_empty());
    variable.or_else(|| match identity {
        Identity::File(file) => file.json["quota_project_id"].as_str().map(str::to_owned),
        Identity::Machine(_) => None,
    })
}

/// The key file of a service account.
fn key_file(path: &Path) -> Result<File> {
    let file = read(path)?;
    match file.kind {
        FileKind::ServiceAccount => Ok(file),
        other => {
            let message = format!(
                "`{}` is of type {}, and `key_file` takes the key of a service account",
                path.display(),
                other.as_str()
            );
            Err(Error::new(Kind::Credentials, message)
                .help(format!("remove `key_file`, and name the file in the variable {VARIABLE}")))
        }
    }
}

/// Application default credentials: the file in the variable, otherwise gcloud's file, otherwise the
/// machine's.
/// Source: <https://google.aip.dev/auth/4110>
fn application_default(variable: impl Fn(&str) -> Option<OsString>) -> Result<Identity> {
    let set = |name: &str| variable(name).filter(|value| !value.is_empty());
    if let Some(path) = set(VARIABLE) {
        let file = read(Path::new(&path));
        return file
            .map(Identity::File)
            .map_err(|error| error.while_doing(format!("reading {VARIABLE}")));
    }
    let mut looked = vec![format!("{VARIABLE} is not set")];
    if let Some(path) = well_known(set) {
        if path.exists() {
            return read(&path).map(Identity::File);
        }
        looked.push(format!("there is no `{}`", path.display()));
    }
    Ok(Identity::Machine(looked))
}

/// The path of gcloud's application default credentials.
fn well_known(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let folder = variable("CLOUDSDK_CONFIG").map(PathBuf::from).or_else(|| match cfg!(windows) {
        true => variable("APPDATA").map(|data| PathBuf::from(data).join("gcloud")),
        false => variable("HOME").map(|home| PathBuf::from(home).join(".config/gcloud")),
    });
    folder.map(|folder| folder.join(WELL_KNOWN))
}

fn read(path: &Path) -> Result<File> {
    let text = std::fs::read_to_string(path).map_err(|cause| {
        let message = format!("cannot read the credentials file `{}`", path.display());
        Error::new(Kind::Credentials, message)
            .caused_by(cause)
            .help("name a file that is there, and that the user who runs onerow may read")
    })?;
    let json: Json = serde_json::from_str(&text).map_err(|error| {
        // The parser's messages quote values.
        let (line, column) = (error.line(), error.column());
        let message = format!("`{}` is not JSON: line {line}, column {column}", path.display());
        Error::new(Kind::Credentials, message).help(
            "it has to be a credentials file as Google's tools write it; see docs/bigquery.md#who-asks",
        )
    })?;
    let kind = kind(path, &json)?;
    if kind == FileKind::Impersonated {
        let source = &json["source_credentials"];
        let inner =
            self::kind(path, source).map_err(|e| e.while_doing("reading source_credentials"))?;
        if inner == FileKind::Impersonated {
            let message = format!("`{}` impersonates an impersonated account", path.display());
            return Err(Error::new(Kind::Credentials, message)
                .help("name the accounts between in `delegates`"));
        }
    }
    Ok(File { path: path.to_owned(), kind, json })
}

/// The type of the credentials, with a check of its required fields.
fn kind(path: &Path, json: &Json) -> Result<FileKind> {
    let file = path.display();
    let word = json["type"].as_str();
    let Some(kind) = FileKind::ALL.into_iter().find(|kind| Some(kind.as_str()) == word) else {
        let message = match word {
            // Only known values are repeated.
            Some(word @ ("external_account_authorized_user" | "gdch_service_account")) => {
                format!("`{file}` is of type {word}, which onerow does not know")
            }
            Some(_) => format!("`{file}` holds no credentials of a known type"),
            None => format!("`{file}` has no `type`, so it holds no credentials"),
        };
        let known = FileKind::ALL.map(FileKind::as_str).join(", ");
        return Err(Error::new(Kind::Credentials, message)
            .help(format!("known are {known}; on a Google machine, unset {VARIABLE}")));
    };
    let (texts, anew) = kind.needs();
    let lacks = |name: &&&str| json[**name].as_str().is_none_or(str::is_empty);
    let missing = texts.iter().find(lacks).copied().or_else(|| {
        let source = &json["credential_source"];
        (kind == FileKind::ExternalAccount && !source.is_object()).then_some("credential_source")
    });
    match missing {
        None => Ok(kind),
        Some(field) => {
            let message = format!("`{file}`, of type {}, lacks `{field}`", kind.as_str());
            Err(Error::new(Kind::Credentials, message).help(anew))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A lookup of environment variables.
    fn among(set: &[(&str, &str)]) -> impl Fn(&str) -> Option<OsString> {
        let set: Vec<(String, OsString)> =
            set.iter().map(|(name, value)| ((*name).to_owned(), value.into())).collect();
        move |name| set.iter().find(|(set, _)| set == name).map(|(_, value)| value.clone())
    }

    #[test]
    fn without_a_file_the_machine_is_asked_and_the_places_are_known() {
        let none = application_default(among(&[])).unwrap();
        assert_eq!(none, Identity::Machine(vec![format!("{VARIABLE} is not set")]));
        let home = [("HOME", "/nobody"), (VARIABLE, "")];
        let Identity::Machine(looked) = application_default(among(&home)).unwrap() else {
            panic!("there is no such file");
        };
        assert!(looked[1].contains("/nobody/.config/gcloud/"), "{looked:?}");
    }

    #[test]
    fn the_variable_comes_before_the_file_of_gcloud() {
        let folder = tempfile::tempdir().unwrap();
        let user = r#"{"type": "authorized_user", "client_id": "i", "client_secret": "s",
                       "refresh_token": "r", "quota_project_id": "q"}"#;
        std::fs::write(folder.path().join(WELL_KNOWN), user).unwrap();
        let key = folder.path().join("key.json");
        std::fs::write(
            &key,
            r#"{"type": "service_account", "client_email": "e", "private_key": "k",
                "private_key_id": "1", "project_id": "p"}"#,
        )
        .unwrap();
        let config = ("CLOUDSDK_CONFIG", folder.path().to_str().unwrap());
        let kind = |set: &[(&str, &str)]| match application_default(among(set)).unwrap() {
            Identity::File(file) => file.kind,
            Identity::Machine(looked) => panic!("{looked:?}"),
        };
        assert_eq!(kind(&[config]), FileKind::User);
        assert_eq!(kind(&[config, (VARIABLE, key.to_str().unwrap())]), FileKind::ServiceAccount);
    }
}
