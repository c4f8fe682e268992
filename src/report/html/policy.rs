//! What a page may load: only its own style.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

/// The one style sheet, inlined into each page.
pub(super) const STYLE: &str = include_str!("style.css");

/// The value of the header `Content-Security-Policy` for every page.
pub fn content_security_policy() -> String {
    format!("{}; frame-ancestors 'none'", of_a_file())
}

/// The policy for a `meta` element, in which browsers ignore `frame-ancestors`.
/// Source: <https://www.w3.org/TR/CSP3/#meta-element>
pub(super) fn of_a_file() -> String {
    let hash = STANDARD.encode(Sha256::digest(STYLE.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{hash}'; img-src data:; form-action 'self'; base-uri 'none'"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_style_is_what_stands_in_the_page() {
        assert!(!STYLE.contains('\r') && !STYLE.contains("</"), "a browser would hash other text");
    }
}
