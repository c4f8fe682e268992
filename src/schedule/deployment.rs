//! Locations in a deployment, given by the user: validated once, quoted wherever written.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use crate::error::{Error, Kind, Result};

/// A folder on the machine that runs the command. Braces are refused: they start an expression in the
/// templates of GitHub and Airflow, which quoting does not prevent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder(String);

/// The path or name of the command on the machine that runs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program(String);

/// The address of the HTTP service: `https://` and a host, nothing after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceUrl(String);

/// The e-mail address of a service account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Email(String);

/// The name of a container image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image(String);

/// A region, such as `us-west2`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Region(String);

impl Folder {
    /// Whether the path is absolute.
    pub fn is_absolute(&self) -> bool {
        Path::new(&self.0).is_absolute()
    }

    /// Whether the path is the current folder.
    pub fn is_here(&self) -> bool {
        matches!(self.0.as_str(), "." | "./" | "")
    }
}

impl FromStr for Folder {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let odd = |c: char| c.is_control() || matches!(c, '{' | '}');
        match text.is_empty() || text.starts_with('-') || text.contains(odd) {
            true => Err(refused(text, "a folder that can be written everywhere")
                .help("it must not start with `-` or contain braces or control characters")),
            false => Ok(Self(text.to_owned())),
        }
    }
}

impl FromStr for Program {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let plain = |c: char| c.is_ascii_alphanumeric() || "._-/+".contains(c);
        match !text.is_empty() && !text.starts_with(['-', '+']) && text.chars().all(plain) {
            true => Ok(Self(text.to_owned())),
            false => Err(refused(text, "the path of a command")
                .help("write it as /usr/local/bin/onerow, without blanks")),
        }
    }
}

impl FromStr for ServiceUrl {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let host = text.strip_prefix("https://").map(|host| host.strip_suffix('/').unwrap_or(host));
        let (name, port) = host.and_then(|host| host.split_once(':')).unzip();
        let port = port.is_none_or(|port| port.parse::<u16>().is_ok());
        match name.or(host).filter(|name| port && is_host(name)) {
            Some(_) => Ok(Self(text.trim_end_matches('/').to_owned())),
            None => Err(refused(text, "the address of a service").help(
                "write it as https://onerow-abc123-uw.a.run.app, with nothing after the host",
            )),
        }
    }
}

impl FromStr for Email {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let plain = |c: char| c.is_ascii_alphanumeric() || "._+-".contains(c);
        match text.split_once('@') {
            Some((user, host)) if !user.is_empty() && user.chars().all(plain) && is_host(host) => {
                Ok(Self(text.to_owned()))
            }
            _ => Err(refused(text, "an e-mail address")
                .help("write it as onerow-scheduler@my-project.iam.gserviceaccount.com")),
        }
    }
}

impl FromStr for Image {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let plain = |c: char| c.is_ascii_alphanumeric() || "._-/:@".contains(c);
        match text.starts_with(|c: char| c.is_ascii_alphanumeric()) && text.chars().all(plain) {
            true => Ok(Self(text.to_owned())),
            false => Err(refused(text, "the name of an image")
                .help("write it as us-west2-docker.pkg.dev/my-project/onerow/onerow:0.1.0")),
        }
    }
}

impl FromStr for Region {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        match text.starts_with(|c: char| c.is_ascii_lowercase()) && text.chars().all(plain) {
            true => Ok(Self(text.to_owned())),
            false => Err(refused(text, "a region").help("write it as us-west2")),
        }
    }
}

fn is_host(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '-';
    text.starts_with(|c: char| c.is_ascii_alphanumeric()) && text.chars().all(plain)
}

fn refused(text: &str, what: &str) -> Error {
    Error::new(Kind::Usage, format!("`{}` is not {what}", text.escape_debug()))
}

macro_rules! shown_as_written {
    ($($name:ty),*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

shown_as_written!(Folder, Program, ServiceUrl, Email, Image, Region);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_a_host_behind_https() {
        let url = |text: &str| text.parse::<ServiceUrl>().map(|url| url.to_string()).ok();
        assert_eq!(url("https://a-b.run.app/").as_deref(), Some("https://a-b.run.app"));
        assert_eq!(url("https://localhost:8443").as_deref(), Some("https://localhost:8443"));
        for wrong in [
            "http://a.run.app",
            "https://",
            "https:///",
            "https://a/b",
            "https://a?b",
            "https://u:p@a",
            "https://a:port",
            "https://$(id)",
            "https://a\"b",
            "https://a b",
            "a.run.app",
        ] {
            assert_eq!(url(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn what_could_end_a_quoted_text_is_refused() {
        assert!("a-b@p.iam.gserviceaccount.com".parse::<Email>().is_ok());
        for wrong in ["", "a", "@b", "a@", "a b@c", "a@b'c", "$(id)@b", "a@b\nc"] {
            assert!(wrong.parse::<Email>().is_err(), "{wrong}");
        }
        assert!("europe-west4".parse::<Region>().is_ok());
        assert!("us west".parse::<Region>().is_err());
        assert!("r-docker.pkg.dev/p/o/onerow:1@sha256:ab".parse::<Image>().is_ok());
        assert!("-x".parse::<Image>().is_err());
        for wrong in ["", "-rf", "a\nb", "{{ x }}", "${{ secrets.A }}"] {
            assert!(wrong.parse::<Folder>().is_err(), "{wrong}");
        }
        assert!("/srv/it's 100% $mine".parse::<Folder>().is_ok());
        assert!("/usr/local/bin/onerow".parse::<Program>().is_ok());
        for wrong in ["", "-x", "a b", "a;b", "$(id)", "a\"\"\"b", "100%"] {
            assert!(wrong.parse::<Program>().is_err(), "{wrong}");
        }
    }
}
