//! Resources as JSON. The client's own types have a fixed list of column types and drop most of a table's
//! metadata.

use std::sync::Arc;

use gcp_bigquery_client::auth::Authenticator;
use gcp_bigquery_client::error::{BQError, ResponseError};
use serde_json::Value as Json;

use super::failure::Failure;

/// The API's root, if there is no `endpoint`.
pub(super) const ROOT: &str = "https://bigquery.googleapis.com/bigquery/v2";

/// The API with the client's HTTP connections and credentials.
pub(super) struct Rest {
    http: reqwest::Client,
    auth: Arc<dyn Authenticator>,
    root: String,
}

impl Rest {
    /// `root` is the API's address with its version.
    pub fn new(http: reqwest::Client, auth: Arc<dyn Authenticator>, root: String) -> Self {
        Self { http, auth, root }
    }

    /// GET of a resource below `projects/`, as JSON.
    ///
    /// # Errors
    /// Also [`Failure::Unreadable`] for a successful response that is not JSON, which a retry would not
    /// change.
    pub async fn get(
        &self,
        path: &[&str],
        query: &[(&str, Option<&str>)],
    ) -> Result<Json, Failure> {
        let mut url = reqwest::Url::parse(&format!("{}/projects", self.root))
            .map_err(|error| Failure::Unsent(format!("the endpoint is not a URL: {error}")))?;
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.extend(path);
        }
        for (name, value) in query.iter().filter_map(|(name, value)| Some((*name, (*value)?))) {
            url.query_pairs_mut().append_pair(name, value);
        }
        self.call(self.http.get(url)).await
    }

    /// POST of a resource below `projects/`, as JSON.
    ///
    /// # Errors
    /// Those of [`Rest::get`].
    pub async fn post(&self, path: &[&str], body: &Json) -> Result<Json, Failure> {
        let url = format!("{}/projects/{}", self.root, path.join("/"));
        self.call(self.http.post(url).json(body)).await
    }

    async fn call(&self, request: reqwest::RequestBuilder) -> Result<Json, Failure> {
        let token = self.auth.access_token().await?;
        let sent = request.bearer_auth(token).send().await;
        let answer = sent.map_err(BQError::from)?;
        let is_success = answer.status().is_success();
        let status = answer.status();
        // A truncated body is a lost response, which may be requested again.
        let body = answer.bytes().await.map_err(BQError::from)?;
        match (is_success, serde_json::from_slice(&body)) {
            (true, Ok(resource)) => Ok(resource),
            (true, Err(error)) => Err(Failure::Unreadable(format!("no JSON ({error})"))),
            (false, _) => match serde_json::from_slice::<ResponseError>(&body) {
                Ok(error) => Err(BQError::ResponseError { error }.into()),
                Err(_) => Err(Failure::Refused {
                    status: status.as_u16().into(),
                    reason: String::new(),
                    message: String::new(),
                }),
            },
        }
    }
}
