//! Whoever looks at the pages with a browser: signed in with a key, which a cookie keeps.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use cookie::{Cookie, SameSite};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::access::{Caller, presented};
use super::keys::Right;
use super::problem::{Code, Problem};
use super::{Shared, limits};
use crate::report::html::Viewer;

/// Somebody who may look at the pages.
pub(super) struct Session {
    pub caller: Caller,
    csrf: String,
    signed_in: bool,
}

impl Session {
    /// Who looks: by the cookie, or by what a program sends. The cookie comes first, as a proxy
    /// that checks callers itself may send a token of its own. Errors: nobody the service knows.
    async fn of(service: &Shared, headers: &HeaderMap) -> Result<Self, Problem> {
        let access = &service.access;
        if access.is_open() {
            let caller = access.caller(headers).await?;
            return Ok(Self { caller, csrf: csrf(access.secret.bytes()), signed_in: false });
        }
        for key in kept_keys(headers) {
            if let Ok(caller) = access.by_key(&key) {
                return Ok(Self { caller, csrf: csrf(key.as_bytes()), signed_in: true });
            }
        }
        let caller = access.caller(headers).await?;
        let secret = presented(headers).unwrap_or_default();
        Ok(Self { caller, csrf: csrf(secret.as_bytes()), signed_in: false })
    }

    pub fn viewer(&self) -> Viewer {
        Viewer::Caller {
            who: self.caller.who.clone(),
            may_apply: self.caller.right == Right::Apply,
            csrf: self.csrf.clone(),
            signed_in: self.signed_in,
        }
    }

    /// Refuses a form that a page of this service did not make for this viewer.
    pub fn made(&self, token: &str) -> Result<(), Problem> {
        match bool::from(self.csrf.as_bytes().ct_eq(token.as_bytes())) {
            true => Ok(()),
            false => Err(Problem::new(Code::Forbidden)
                .detail("the form's token is invalid or has expired; reload the page")),
        }
    }
}

impl FromRequestParts<Shared> for Session {
    type Rejection = Response;

    /// Who looks; whoever is not known is led to the sign-in page, and from there back.
    async fn from_request_parts(parts: &mut Parts, service: &Shared) -> Result<Self, Response> {
        Self::of(service, &parts.headers).await.map_err(|problem| match problem.code() {
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

/// Proves that a form came from a page of this service: only who knows the key can know it.
fn csrf(key: &[u8]) -> String {
    let hash = Sha256::new().chain_update(b"onerow-csrf\0").chain_update(key).finalize();
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Refuses what a page of another site sends in the viewer's name.
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
        // No browser: the token has to do.
        (None, None) => true,
    };
    match here {
        true => Ok(()),
        false => Err(Problem::new(Code::Forbidden).detail("the form was sent from another site")),
    }
}

/// Where to go after signing in: a page of this service, whatever was asked for.
pub(super) fn after_sign_in(next: &str) -> String {
    let known = next.parse::<Uri>().ok().filter(|uri| {
        let is_page = |path: &str| matches!(path, "/" | "/plan") || path.starts_with("/runs/");
        uri.authority().is_none() && uri.scheme().is_none() && is_page(uri.path())
    });
    known.map_or_else(|| "/".to_owned(), |uri| uri.to_string())
}

/// Leads the browser to another address, which it asks for with GET.
pub(super) fn see_other(address: &str) -> Response {
    // What is no header value cannot be an address either.
    let address = HeaderValue::from_str(address).unwrap_or(HeaderValue::from_static("/"));
    (StatusCode::SEE_OTHER, [(header::LOCATION, address)]).into_response()
}

/// Has the browser keep the key.
pub(super) fn keep(response: &mut Response, headers: &HeaderMap, key: &str) {
    let mut cookie = cookie(headers, key);
    let seconds = i64::try_from(limits::SIGNED_IN.as_secs()).unwrap_or(i64::MAX);
    cookie.set_max_age(cookie::time::Duration::seconds(seconds));
    set(response, &cookie);
}

/// Has the browser forget the key.
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

fn cookie<'k>(headers: &HeaderMap, key: &'k str) -> Cookie<'k> {
    Cookie::build((name(headers), key))
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(is_https(headers))
        .build()
}

/// A cookie of the first name is taken by browsers over HTTPS only, and from no other host.
fn name(headers: &HeaderMap) -> &'static str {
    match is_https(headers) {
        true => "__Host-onerow",
        false => "onerow",
    }
}

/// Whether the browser speaks HTTPS to whatever stands before the service.
fn is_https(headers: &HeaderMap) -> bool {
    let forwarded = headers.get("x-forwarded-proto").and_then(|value| value.to_str().ok());
    let first = forwarded.and_then(|schemes| schemes.split(',').next());
    first.is_some_and(|scheme| scheme.trim().eq_ignore_ascii_case("https"))
}

/// Another service of the host may have set a cookie of the same name.
fn kept_keys(headers: &HeaderMap) -> Vec<String> {
    let sent = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let cookies = sent.flat_map(|list| Cookie::split_parse_encoded(list).flatten());
    let named = cookies.filter(|cookie| cookie.name() == name(headers));
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
        for good in ["/", "/plan?rule=a&from=2026-01-28", "/runs/20260131T100000Z-93c6eb9d"] {
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
    fn a_cookie_keeps_any_key_and_over_https_for_this_host_alone() {
        let key = "+a;key,with=every\"sort%of\\sign";
        for (before, starts, ends) in [
            (&[][..], "onerow=", "; HttpOnly; SameSite=Lax; Path=/; Max-Age=43200"),
            (
                &[("x-forwarded-proto", "https")],
                "__Host-onerow=",
                "; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=43200",
            ),
        ] {
            let mut response = see_other("/");
            keep(&mut response, &headers(before), key);
            let set = response.headers()[header::SET_COOKIE].to_str().unwrap().to_owned();
            assert!(set.starts_with(starts) && set.ends_with(ends), "{set}");
            let sent = set.split(';').next().unwrap();
            let mut back = headers(&[("cookie", &format!("other=1; {sent}"))]);
            let kept = if before.is_empty() { vec![key.to_owned()] } else { vec![] };
            assert_eq!(kept_keys(&back), kept);
            back.extend(headers(before));
            assert_eq!(kept_keys(&back), [key]);
        }
    }
}
