//! Answers in BigQuery's words.

use jiff::Timestamp;
use serde_json::{Value as Json, json};

use super::call::Call;

pub fn amend(answer: &mut Json, with: &Json) {
    for (key, value) in with.as_object().into_iter().flatten() {
        answer[key] = value.clone();
    }
}

pub const BUFFERED: &str = "UPDATE or DELETE statement over table demo.nba.predictions would affect \
                        rows in the streaming buffer, which is not supported";

/// Whether an UPDATE would touch rows in the buffer: it spares what was written at or after its
/// cutoff, and everything written before the buffer began.
pub fn refuses_update(call: &Call, buffer_since: Option<Timestamp>, dates: &[&str]) -> bool {
    let Call::Insert { sql, cutoff, .. } = call else { return false };
    let verbs = ["UPDATE", "DELETE", "MERGE"];
    let updates = sql.lines().any(|line| verbs.iter().any(|verb| line.starts_with(verb)));
    let spares = sql.contains("@cutoff");
    if !dates.is_empty() && !dates.iter().any(|date| sql.contains(date)) {
        return false;
    }
    match buffer_since {
        Some(since) if updates => !spares || cutoff.is_none_or(|cutoff| cutoff > since),
        _ => false,
    }
}

pub fn refusal(status: u16, reason: &str, message: &str) -> String {
    let error = json!({ "domain": "global", "reason": reason, "message": message });
    let body = json!({ "code": status, "message": message, "errors": [error], "status": "" });
    json!({ "error": body }).to_string()
}

pub fn ended(call: &Call, reason: &str, message: &str) -> Json {
    let Call::Insert { id, .. } = call else { panic!("{call:?} is no job") };
    let error = json!({ "reason": reason, "message": message });
    json!({
        "jobReference": { "projectId": "demo", "jobId": id },
        "configuration": { "query": { "query": "" } },
        "status": { "state": "DONE", "errorResult": error, "errors": [error] },
    })
}

/// A job that has not ended.
pub fn in_state(id: &str, state: &str) -> Json {
    json!({
        "jobReference": { "projectId": "demo", "jobId": id },
        "configuration": { "query": { "query": "" } },
        "status": { "state": state },
    })
}

/// A job says where it is.
pub fn locate(job: &mut Json, location: Option<&str>) {
    if let Some(location) = location {
        job["jobReference"]["location"] = location.into();
    }
}
