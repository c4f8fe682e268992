//! Pages as responses, and problems as pages.

use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;

use super::problem::{Code, Problem};
use super::{Shared, pages};
use crate::log::Line;
use crate::report::html::{self, Viewer};

/// A page with a single message.
pub(super) fn notice(
    service: &Shared,
    viewer: &Viewer,
    title: &str,
    detail: &str,
    refreshing: bool,
) -> Result<Response, Problem> {
    let page =
        html::ProblemPage { title, detail: Some(detail), status: None, run: None, refreshing };
    shown(service, html::problem(&page, viewer))
}

/// A problem as a sentence.
pub(super) fn sentence(problem: &Problem) -> String {
    match problem.sentence() {
        Some(detail) => format!("{}: {detail}.", problem.title()),
        None => format!("{}.", problem.title()),
    }
}

/// A page as a response.
pub(super) fn shown(
    service: &Shared,
    page: crate::error::Result<String>,
) -> Result<Response, Problem> {
    let page = page.map_err(|error| {
        service.log.line(Line::of_error(&error));
        Problem::new(Code::Internal)
    })?;
    let mut response = Response::new(Body::from(page));
    make_page(&mut response);
    Ok(response)
}

fn make_page(response: &mut Response) {
    let headers = response.headers_mut();
    let html = HeaderValue::from_static("text/html; charset=utf-8");
    headers.insert(header::CONTENT_TYPE, html);
    // The policy is ASCII; without it, the browser would still receive the content type.
    if let Ok(policy) = HeaderValue::from_str(&html::content_security_policy()) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
}

/// Renders problem documents as pages for browsers, both on the pages and on API addresses.
pub(super) async fn for_people(
    State(service): State<Shared>,
    request: Request,
    next: Next,
) -> Response {
    let path = request.extensions().get::<MatchedPath>();
    let is_page = path.is_some_and(|path| pages::ALL.contains(&path.as_str()));
    let accept = request.headers().get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    let is_browser = accept.is_some_and(|accept| accept.contains("text/html"));
    let response = next.run(request).await;
    match is_page || is_browser {
        true => problem_page(&service, response),
        false => response,
    }
}

fn problem_page(service: &Shared, mut response: Response) -> Response {
    let Some(problem) = response.extensions_mut().remove::<Problem>() else { return response };
    let detail = problem.sentence().map(capitalized);
    let page = html::ProblemPage {
        status: Some(problem.status().as_u16()),
        title: problem.title(),
        detail: detail.as_deref(),
        run: problem.run_id(),
        refreshing: false,
    };
    match html::problem(&page, &Viewer::Nobody) {
        Ok(page) => {
            *response.body_mut() = Body::from(page);
            make_page(&mut response);
        }
        Err(error) => service.log.line(Line::of_error(&error)),
    }
    response
}

/// A problem's detail as a sentence.
fn capitalized(detail: &str) -> String {
    let mut letters = detail.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(letters).chain(['.']).collect()
}
