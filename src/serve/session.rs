//! Sessions of browsers: signed in with a key, stored in a cookie.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use cookie::{Cookie, SameSite};

use super::access::{Access, Caller};
use super::keys::{KeyHash, Right};
use super::problem::{Code, Problem};
use super::{Shared, limits};
use crate::error::Error;
use crate::log::Line;
use crate::report::html::Viewer;

/// A viewer with access to the pages.
pub(super) struct Session {
    pub caller: Caller,
    /// The viewer for whom form tokens are made.
    viewer: String,
    token: String,
    /// The session in the cookie.
    kept: Option<String>,
}

/// The caller and session of a cookie, if the session has not ended.
pub(super) fn kept(access: &Access, headers: &HeaderMap) -> Option<(Caller, String)> {
    let audience = audience(headers);
    cookies(headers).iter().find_map(|session| {
        let known = access.sessions.find(session, &audience, &access.keys)?;
        Some((access.by_hash(&known.key).ok()?, known.id))
    })
}

impl Session {
    /// The viewer, by the cookie or by the credentials of a program. The cookie takes precedence, because a
    /// proxy that authenticates callers may send its own token. Errors: the caller is unknown.
    fn of(service: &Shared, parts: &Parts) -> Result<Self, Problem> {
        let access = &service.access;
        let (caller, kept) = match kept(access, &parts.headers) {
            Some((caller, session)) => (caller, Some(session)),
            None => (Caller::of(parts)?, None),
        };
        let viewer = format!("{}\0{}", caller.who, kept.as_deref().unwrap_or_default());
        let token = access.sessions.token(&viewer).map_err(|error| failed(service, &error))?;
        Ok(Self { caller, viewer, token, kept })
    }

    pub fn viewer(&self) -> Viewer {
        Viewer::Caller {
            who: self.caller.who.clone(),
            may_apply: self.caller.right == Right::Apply,
            csrf: self.token.clone(),
            signed_in: self.kept.is_some(),
        }
    }

    /// Refuses a form that was not made by a page of this service for this viewer.
    pub fn made(&self, service: &Shared, token: &str) -> Result<(), Problem> {
        match service.access.sessions.made(token, &self.viewer) {
            true => Ok(()),
            false => Err(Problem::new(Code::Forbidden)
                .detail("the form's token is invalid or has expired; reload the page")),
        }
    }

    /// Ends the session, so that copies of the cookie are invalid too.
    pub fn end(&self, service: &Shared) {
        if let Some(session) = &self.kept {
            service.access.sessions.end(session);
        }
    }
}

fn failed(service: &Shared, error: &Error) -> Problem {
    service.log.line(Line::of_error(error));
    Problem::new(Code::Internal)
}

impl FromRequestParts<Shared> for Session {
    type Rejection = Response;

    /// The viewer; an unknown one is redirected to the sign-in page, and from there back.
    async fn from_request_parts(parts: &mut Parts, service: &Shared) -> Result<Self, Response> {
        Self::of(service, parts).map_err(|problem| match problem.code() {
            Code::Unauthorized => {
                let next = match parts.method == Method::GET {
                    true => parts.uri.path_and_query().map_or("/", |next| next.as_str()),
                    false => "/",
                };
                let query = serde_urlencoded::to_string([("next", next)]).unwrap_or_default();
                see_other(&format!("/sign-in?{query}"))
            }
            _ => problem.into_response(),
        })
    }
}

/// Refuses cross-site requests.
/// Source: <https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/Sec-Fetch-Site>
pub(super) fn from_here(headers: &HeaderMap) -> Result<(), Problem> {
    let sent = |name: &str| headers.get(name).map(HeaderValue::as_bytes);
    let here = match (sent("sec-fetch-site"), sent("origin")) {
        (Some(site), _) => site == b"same-origin" || site == b"none",
        (None, Some(origin)) => match (std::str::from_utf8(origin), sent("host")) {
            (Ok(origin), Some(host)) => {
                origin.split_once("://").is_some_and(|(_, name)| name.as_bytes() == host)
            }
            _ => false,
        },
        // Not a browser: the token suffices.
        (None, None) => true,
    };
    match here {
        true => Ok(()),
        false => Err(Problem::new(Code::Forbidden).detail("the form was sent from another site")),
    }
}

/// The address to open after signing in: always a page of this service.
pub(super) fn after_sign_in(next: &str) -> String {
    let known = next.parse::<Uri>().ok().filter(|uri| {
        let is_page = |path: &str| {
            let of = |folder: &str| path.starts_with(folder);
            matches!(path, "/" | "/plan" | "/history") || of("/runs/") || of("/rules/")
        };
        uri.authority().is_none() && uri.scheme().is_none() && is_page(uri.path())
    });
    known.map_or_else(|| "/".to_owned(), |uri| uri.to_string())
}

/// Redirects the browser to another address with GET.
pub(super) fn see_other(address: &str) -> Response {
    // An address that is not a valid header value is not valid at all.
    let address = HeaderValue::from_str(address).unwrap_or(HeaderValue::from_static("/"));
    (StatusCode::SEE_OTHER, [(header::LOCATION, address)]).into_response()
}

/// Starts a session and sets its cookie.
pub(super) fn keep(
    service: &Shared,
    response: &mut Response,
    headers: &HeaderMap,
    key: &KeyHash,
) -> Result<(), Problem> {
    let session = service.access.sessions.begin(key, &audience(headers));
    let session = session.map_err(|error| failed(service, &error))?;
    let mut cookie = cookie(headers, &session);
    let seconds = i64::try_from(limits::SIGNED_IN.as_secs()).unwrap_or(i64::MAX);
    cookie.set_max_age(cookie::time::Duration::seconds(seconds));
    set(response, &cookie);
    Ok(())
}

/// Removes the session's cookie.
pub(super) fn forget(response: &mut Response, headers: &HeaderMap) {
    let mut cookie = cookie(headers, "");
    cookie.make_removal();
    set(response, &cookie);
}

fn set(response: &mut Response, cookie: &Cookie<'_>) {
    if let Ok(value) = HeaderValue::from_str(&cookie.encoded().to_string()) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
}

fn cookie<'s>(headers: &HeaderMap, session: &'s str) -> Cookie<'s> {
    Cookie::build((name(headers), session))
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(is_https(headers))
        .build()
}

/// The host and port in the browser's address.
fn audience(headers: &HeaderMap) -> String {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    host.unwrap_or_default().to_ascii_lowercase()
}

/// The name of the cookie. Browsers send cookies to every port of a host, so each port has its own name.
/// Browsers accept a cookie with the prefix `__Host-` only over HTTPS and from the same host.
fn name(headers: &HeaderMap) -> String {
    let host = if is_https(headers) { "__Host-onerow" } else { "onerow" };
    match audience(headers).parse::<Authority>().ok().and_then(|audience| audience.port_u16()) {
        Some(port) => format!("{host}-{port}"),
        None => host.to_owned(),
    }
}

/// Whether the browser uses HTTPS to the proxy in front of the service.
fn is_https(headers: &HeaderMap) -> bool {
    let forwarded = headers.get("x-forwarded-proto").and_then(|value| value.to_str().ok());
    let first = forwarded.and_then(|schemes| schemes.split(',').next());
    first.is_some_and(|scheme| scheme.trim().eq_ignore_ascii_case("https"))
}

/// All cookies with our name: another service on the host may have set one too.
fn cookies(headers: &HeaderMap) -> Vec<String> {
    let sent = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let cookies = sent.flat_map(|list| Cookie::split_parse_encoded(list).flatten());
    let name = name(headers);
    let named = cookies.filter(|cookie| cookie.name() == name);
    named.map(|cookie| cookie.value().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn signing_in_leads_to_pages_of_this_service_only() {
        for good in [
            "/",
            "/?status=dirty&page=2",
            "/rules/a?range=week",
            "/history?rule=a",
            "/plan?rule=a&from=2026-01-28",
            "/runs/20260131T100000Z-93c6eb9d",
        ] {
            assert_eq!(after_sign_in(good), good);
        }
        for bad in [
            "",
            "//evil.example",
            "//evil.example/runs/x",
            "/\\evil.example",
            "https://evil.example/",
            "https://evil.example/plan",
            "javascript:alert(1)",
            "/sign-out",
            "/apply",
            "/api/runs",
            "\r\nSet-Cookie: a=b",
            "/plan\r\nx",
        ] {
            assert_eq!(after_sign_in(bad), "/", "{bad}");
        }
    }

    #[test]
    fn forms_of_other_sites_are_refused() {
        let allowed = |pairs| from_here(&headers(pairs)).is_ok();
        assert!(allowed(&[]));
        assert!(allowed(&[("host", "h:1"), ("origin", "http://h:1")]));
        assert!(allowed(&[("host", "h"), ("origin", "https://h"), ("sec-fetch-site", "none")]));
        for bad in [
            &[("host", "h:1"), ("origin", "http://h:2")][..],
            &[("host", "h:1"), ("origin", "http://evil.example")],
            &[("host", "h:1"), ("origin", "null")],
            &[("origin", "http://h:1")],
            &[("host", "h"), ("origin", "https://h"), ("sec-fetch-site", "cross-site")],
            &[("host", "h"), ("origin", "https://h"), ("sec-fetch-site", "same-site")],
        ] {
            assert!(!allowed(bad), "{bad:?}");
        }
    }

    #[test]
    fn a_cookie_is_of_its_port_and_over_https_of_its_host_alone() {
        let https = ("x-forwarded-proto", "https");
        let cases = [
            (&[("host", "h:8080")][..], "onerow-8080=", ""),
            (&[("host", "h")], "onerow=", ""),
            (&[("host", "h"), https], "__Host-onerow=", "; Secure"),
            (&[("host", "h:8443"), https], "__Host-onerow-8443=", "; Secure"),
        ];
        for (before, starts, secure) in cases {
            let before = headers(before);
            let set = cookie(&before, "a.session").encoded().to_string();
            let ends = format!("a.session; HttpOnly; SameSite=Lax{secure}; Path=/");
            assert_eq!(set, format!("{starts}{ends}"));
            for (other, ..) in cases {
                let mut back = headers(other);
                let sent = set.split(';').next().unwrap();
                back.extend(headers(&[("cookie", &format!("other=1; {sent}"))]));
                let is_same = headers(other) == before;
                assert_eq!(cookies(&back) == ["a.session"], is_same, "{set} {other:?}");
            }
        }
    }
}
