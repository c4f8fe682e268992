//! What the proxy does with a call: a fault, or what BigQuery does where nothing goes wrong.

use std::io::Write;
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use onerow::googlesql::SqlValue;
use serde_json::{Value as Json, json};

use super::super::emulator::Emulator;
use super::answers::{BUFFERED, amend, ended, in_state, locate, refusal, refuses_update};
use super::call::{Call, Request, read};
use super::{Fault, Held, Moment, State, TOKEN};

/// The same job with its query parameters written out.
fn with_literals(body: &str) -> String {
    let mut job: Json = serde_json::from_str(body).unwrap();
    let query = &mut job["configuration"]["query"];
    let mut sql = query["query"].as_str().unwrap().to_owned();
    for parameter in query["queryParameters"].as_array().cloned().unwrap_or_default() {
        let value = parameter["parameterValue"]["value"].as_str().unwrap_or_default();
        let sql_type = parameter["parameterType"]["type"].as_str().unwrap().parse().unwrap();
        let literal = SqlValue::parse(value, sql_type).unwrap().literal().to_string();
        sql = sql.replace(&format!("@{}", parameter["name"].as_str().unwrap()), &literal);
    }
    query["query"] = sql.into();
    query.as_object_mut().unwrap().remove("queryParameters");
    job.to_string()
}

const STOPPED: &str = "Job execution was cancelled: User requested cancellation";

/// How an answer is sent.
enum Answer {
    Whole(u16, String),
    Half(u16, String),
    Nothing,
}

pub struct Server {
    pub emulator: &'static Emulator,
    pub state: Arc<Mutex<State>>,
}

impl Server {
    pub fn serve(&self, mut stream: TcpStream) {
        let Some(request) = read(&stream) else { return };
        let begun = Instant::now();
        let delay = self.state.lock().unwrap().habits.delay;
        let updates = Call::of(&request).name() == "insert deactivate";
        if updates {
            let updates = &mut self.state.lock().unwrap().updates;
            updates.0 += 1;
            updates.1 = updates.1.max(updates.0);
        }
        let answer = self.answer_alive(&request);
        std::thread::sleep(delay.saturating_sub(begun.elapsed()));
        if updates {
            self.state.lock().unwrap().updates.0 -= 1;
        }
        let (status, body, whole) = match &answer {
            Answer::Whole(status, body) => (status, body, body.as_str()),
            Answer::Half(status, body) => (status, body, &body[..body.len() / 2]),
            Answer::Nothing => {
                let _ = stream.shutdown(Shutdown::Both);
                return;
            }
        };
        let head = format!(
            "HTTP/1.1 {status} -\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
             connection: close\r\n\r\n",
            body.len()
        );
        let _ = stream.write_all(head.as_bytes());
        let _ = stream.write_all(whole.as_bytes());
        let _ = stream.shutdown(Shutdown::Both);
    }

    /// Answers, unless the caller is to die before it gets the answer.
    fn answer_alive(&self, request: &Request) -> Answer {
        let number = self.state.lock().unwrap().tripwire.arrives();
        let trips = |moment| self.state.lock().unwrap().tripwire.at(number, moment);
        if let Some(kill) = trips(Moment::Sent) {
            kill();
            return Answer::Nothing;
        }
        let answer = self.answer(request);
        match trips(Moment::Executed) {
            Some(kill) => {
                kill();
                Answer::Nothing
            }
            None => answer,
        }
    }

    fn answer(&self, request: &Request) -> Answer {
        let call = Call::of(request);
        if call != Call::Token {
            let mut state = self.state.lock().unwrap();
            state.authorized_by.insert(request.authorization.clone());
            state.quota_projects.insert(request.quota_project.clone());
            state.projects.extend(request.project());
            if matches!(call, Call::Insert { .. }) {
                state.reservations.insert(request.reservation());
            }
            if matches!(call, Call::Get { .. } | Call::Cancel { .. } | Call::Results { .. }) {
                state.looked.insert((call.name(), request.location()));
            }
        }
        match self.fault(&call) {
            None => {
                let (status, body) = self.habitual(&call, request);
                Answer::Whole(status, body)
            }
            Some(fault) => self.faulty(&fault, &call, request),
        }
    }

    /// The fault that is meant for this call, once less.
    fn fault(&self, call: &Call) -> Option<Fault> {
        let mut state = self.state.lock().unwrap();
        let armed =
            state.faults.iter_mut().find(|(matches, _, left)| *left > 0 && matches(call))?;
        armed.2 -= 1;
        Some(armed.1.clone())
    }

    fn faulty(&self, fault: &Fault, call: &Call, request: &Request) -> Answer {
        let executed = || self.habitual(call, request);
        match fault {
            Fault::Refuse(status, reason) => {
                self.saw(call, false);
                Answer::Whole(*status, self.refusal(*status, reason))
            }
            Fault::ExecuteAndRefuse(status, reason) => {
                executed();
                Answer::Whole(*status, self.refusal(*status, reason))
            }
            Fault::CutBefore => {
                self.saw(call, false);
                Answer::Nothing
            }
            Fault::CutAfter => {
                executed();
                Answer::Nothing
            }
            Fault::CutMidBody => {
                let (status, body) = executed();
                Answer::Half(status, body)
            }
            Fault::Malformed => {
                executed();
                Answer::Whole(200, "<html>it works".to_owned())
            }
            Fault::Slow(duration) => {
                let (status, body) = executed();
                std::thread::sleep(*duration);
                Answer::Whole(status, body)
            }
            Fault::Held => {
                while !self.state.lock().unwrap().released {
                    std::thread::sleep(Duration::from_millis(10));
                }
                let (status, body) = executed();
                Answer::Whole(status, body)
            }
            Fault::Late => {
                self.saw(call, false);
                self.state.lock().unwrap().late.push(request.clone());
                Answer::Nothing
            }
            Fault::End(reason, message) => {
                self.saw(call, false);
                self.held(call, Held::Ended(ended(call, reason, message)))
            }
            Fault::Running(looks) => {
                executed();
                self.held(call, Held::Running(*looks))
            }
            Fault::Queued(looks) => {
                executed();
                self.held(call, Held::Queued(*looks))
            }
            Fault::Stuck => {
                self.saw(call, false);
                self.held(call, Held::Stuck(request.clone()))
            }
            Fault::Endless | Fault::DoneBeforeCancel => {
                self.saw(call, false);
                let done = *fault == Fault::DoneBeforeCancel;
                self.held(call, Held::UntilCancelled(request.clone(), done))
            }
        }
    }

    fn refusal(&self, status: u16, reason: &str) -> String {
        let said = self.state.lock().unwrap().habits.said.clone();
        refusal(status, reason, if said.is_empty() { "said the proxy" } else { &said })
    }

    fn held(&self, call: &Call, held: Held) -> Answer {
        let Call::Insert { id, .. } = call else { panic!("{call:?} is no job") };
        let mut answer = match &held {
            Held::Ended(job) => job.clone(),
            Held::Queued(_) | Held::Stuck(_) => in_state(id, "PENDING"),
            _ => in_state(id, "RUNNING"),
        };
        let mut state = self.state.lock().unwrap();
        locate(&mut answer, state.habits.located);
        state.jobs.insert(id.clone(), held);
        Answer::Whole(200, answer.to_string())
    }

    fn saw(&self, call: &Call, executed: bool) {
        self.state.lock().unwrap().seen.push((call.clone(), executed));
    }

    /// What BigQuery does where nothing goes wrong.
    fn habitual(&self, call: &Call, request: &Request) -> (u16, String) {
        match call {
            Call::Insert { id, dry_run: false, .. } if !id.is_empty() => {
                self.insert(call, id, request)
            }
            Call::Get { id } | Call::Cancel { id } => self.look(call, id, request),
            Call::Token => {
                self.saw(call, true);
                let token =
                    json!({ "access_token": TOKEN, "expires_in": 3599, "token_type": "Bearer" });
                (200, token.to_string())
            }
            _ => {
                self.saw(call, true);
                let (status, body) = self.pass(request);
                (status, self.amended(call, body))
            }
        }
    }

    fn insert(&self, call: &Call, id: &str, request: &Request) -> (u16, String) {
        self.arrive_late(id);
        let mut state = self.state.lock().unwrap();
        if state.jobs.contains_key(id) {
            state.seen.push((call.clone(), false));
            return (409, refusal(409, "duplicate", &format!("Already Exists: Job demo:US.{id}")));
        }
        let refused = refuses_update(call, state.habits.buffer_since, &state.habits.buffered_dates);
        let held = match refused {
            true => Held::Ended(ended(call, "invalidQuery", BUFFERED)),
            false => Held::Known,
        };
        state.jobs.insert(id.to_owned(), held.clone());
        state.seen.push((call.clone(), !refused));
        drop(state);
        match held {
            Held::Ended(job) => (200, job.to_string()),
            _ => {
                let (status, body) = self.pass(request);
                (status, self.amended(call, body))
            }
        }
    }

    fn in_state(&self, id: &str, state: &str) -> Json {
        let mut job = in_state(id, state);
        locate(&mut job, self.state.lock().unwrap().habits.located);
        job
    }

    /// A call that was cut off arrives before the one that repeats it.
    fn arrive_late(&self, id: &str) {
        let mut state = self.state.lock().unwrap();
        let late = state.late.iter().position(|late| late.body.contains(id));
        let Some(late) = late.map(|at| state.late.remove(at)) else { return };
        state.jobs.insert(id.to_owned(), Held::Known);
        state.seen.push((Call::of(&late), true));
        drop(state);
        self.pass(&late);
    }

    fn look(&self, call: &Call, id: &str, request: &Request) -> (u16, String) {
        self.saw(call, true);
        let held = self.state.lock().unwrap().jobs.get(id).cloned();
        let cancels = matches!(call, Call::Cancel { .. });
        let next = match held {
            Some(Held::Ended(job)) => return (200, job.to_string()),
            Some(Held::Running(looks)) if looks > 1 => Held::Running(looks - 1),
            Some(Held::Queued(looks)) if looks > 1 => Held::Queued(looks - 1),
            Some(Held::Stuck(insert)) if cancels => {
                Held::Ended(ended(&Call::of(&insert), "stopped", STOPPED))
            }
            Some(Held::Stuck(_)) => return (200, self.in_state(id, "PENDING").to_string()),
            Some(Held::UntilCancelled(insert, done)) if cancels => {
                if done {
                    self.saw(&Call::of(&insert), true);
                    self.pass(&insert);
                    Held::Known
                } else {
                    Held::Ended(ended(&Call::of(&insert), "stopped", STOPPED))
                }
            }
            Some(Held::UntilCancelled(..)) => {
                return (200, self.in_state(id, "RUNNING").to_string());
            }
            Some(Held::Known | Held::Running(_) | Held::Queued(_)) | None => {
                let (status, body) = self.pass(request);
                return (status, self.amended(call, body));
            }
        };
        let state = if matches!(next, Held::Queued(_)) { "PENDING" } else { "RUNNING" };
        self.state.lock().unwrap().jobs.insert(id.to_owned(), next);
        let job = self.in_state(id, state);
        (200, if cancels { json!({ "job": job }) } else { job }.to_string())
    }

    /// The emulator calls `INSERT ROW` something else, and takes no query parameters in FOR SYSTEM_TIME
    /// AS OF. What BigQuery refuses it lets through: DML that reads another time.
    fn pass(&self, request: &Request) -> (u16, String) {
        let body = request.body.replace("THEN INSERT ROW", "THEN INSERT");
        // The emulator keeps no books of partitions: a table of that name and form stands for them.
        // Source: https://cloud.google.com/bigquery/docs/information-schema-partitions#schema
        let body = body.replace(".INFORMATION_SCHEMA.PARTITIONS`", ".partitions`");
        let json: Json = serde_json::from_str(&body).unwrap_or_default();
        let sql = json["configuration"]["query"]["query"].as_str().unwrap_or_default();
        let travels = sql.contains("SYSTEM_TIME");
        assert!(!(travels && sql.contains("INSERT INTO")), "BigQuery refuses this: {sql}");
        let body = if travels { with_literals(&body) } else { body };
        self.emulator.call(&request.method, &request.path, &body)
    }

    /// The emulator's answer with what BigQuery would add or leave out.
    fn amended(&self, call: &Call, body: String) -> String {
        let state = self.state.lock().unwrap();
        let habits = &state.habits;
        let Ok(mut answer) = serde_json::from_str::<Json>(&body) else { return body };
        match call {
            Call::Insert { dry_run: true, sql, .. } => {
                if sql.contains("SYSTEM_TIME") && !habits.then.is_null() {
                    answer["statistics"]["query"]["schema"] = json!({ "fields": habits.then });
                }
                if let Some(bytes) = habits.dry_run_bytes {
                    answer["statistics"]["totalBytesProcessed"] = json!(bytes.to_string());
                    answer["statistics"]["query"]["totalBytesProcessed"] = json!(bytes.to_string());
                }
            }
            Call::Insert { .. } | Call::Get { .. } if habits.hides_figures => {
                answer.as_object_mut().unwrap().remove("statistics");
            }
            Call::Insert { .. } | Call::Get { .. } => {
                locate(&mut answer, habits.located);
                if let Some(began) = habits.began {
                    answer["statistics"]["startTime"] = json!(began.as_millisecond().to_string());
                }
                if let Some(slot_ms) = habits.slot_ms {
                    answer["statistics"]["totalSlotMs"] = json!(slot_ms.to_string());
                }
                if habits.row_policies {
                    answer["statistics"]["rowLevelSecurityStatistics"] =
                        json!({ "rowLevelSecurityApplied": true });
                }
            }
            Call::Dataset => amend(&mut answer, &habits.dataset),
            Call::Table { name } if !name.contains("ledger") => {
                amend(&mut answer, &habits.table);
                for field in answer["schema"]["fields"].as_array_mut().into_iter().flatten() {
                    if habits.protected.iter().any(|name| field["name"] == *name) {
                        field["policyTags"] = json!({ "names": ["projects/demo/locations/us/taxonomies/1/policyTags/2"] });
                    }
                }
                if habits.ages {
                    let at = 1_769_758_890_000 + state.seen.len();
                    answer["lastModifiedTime"] = json!(at.to_string());
                }
                if let (Some(since), false) = (habits.buffer_since, habits.hides_buffer) {
                    answer["streamingBuffer"] = json!({
                        "estimatedRows": "3", "estimatedBytes": "300",
                        "oldestEntryTime": since.as_millisecond().to_string(),
                    });
                }
            }
            _ => {}
        }
        answer.to_string()
    }
}
