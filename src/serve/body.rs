//! Request bodies, with checks of type, size and time.

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};

use super::limits;
use super::problem::{Code, Problem};

/// The content type of programs.
pub(super) const JSON: &str = "application/json";
/// The content type of browsers.
pub(super) const FORM: &str = "application/x-www-form-urlencoded";

/// Reads a body. Errors: it is declared as another type, is too large or too slow, or ends early.
pub(super) async fn read(headers: &HeaderMap, kind: &str, body: Body) -> Result<Bytes, Problem> {
    let declared = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = declared.and_then(|value| value.split(';').next()).unwrap_or_default();
    if !essence.trim().eq_ignore_ascii_case(kind) {
        return Err(Problem::new(Code::UnsupportedMediaType)
            .detail(format!("send the header Content-Type: {kind}")));
    }
    let collected = Limited::new(body, limits::BODY).collect();
    let collected = tokio::time::timeout(limits::ARRIVAL, collected)
        .await
        .map_err(|_| Problem::new(Code::RequestTimeout))?
        .map_err(|cause| match cause.is::<LengthLimitError>() {
            true => Problem::new(Code::BodyTooLarge)
                .detail(format!("a body may have {} bytes", limits::BODY)),
            false => Problem::new(Code::InvalidJson).detail("the body did not arrive whole"),
        })?;
    Ok(collected.to_bytes())
}
