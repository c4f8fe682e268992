//! Concurrent questions for the status of one rule, merged into few lookups.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use super::limits;
use crate::error::Result;
use crate::rule::RuleName;
use crate::run::Report;
use crate::window::Window;

/// Lookups of one rule at a time: a second one starts at once, so that few dates do not wait for many.
const AT_ONCE: usize = 2;

/// A rule, and the number of runs that had finished when it was asked for.
type Key = (usize, RuleName);

/// The questions that wait for a lookup.
#[derive(Default)]
pub(super) struct Merged(Mutex<HashMap<Key, Waiting>>);

#[derive(Default)]
struct Waiting {
    questions: Vec<Question>,
    lookups: usize,
}

struct Question {
    window: Window,
    answer: oneshot::Sender<Option<Result<Report>>>,
}

impl Merged {
    /// The status of these dates, from a lookup of all the dates that are asked for at the moment. `None`: it
    /// cannot be told from that lookup, which failed, perhaps because of other dates.
    pub async fn ask(
        self: &Arc<Self>,
        key: Key,
        window: Window,
        look: impl Fn(&Window) -> Result<Report> + Send + Sync + 'static,
    ) -> Option<Result<Report>> {
        let (answer, answered) = oneshot::channel();
        if self.add(&key, Question { window, answer }) {
            let (merged, look) = (self.clone(), Arc::new(look));
            // The caller may disconnect; others wait for the answers.
            tokio::spawn(async move {
                while let Some(questions) = merged.next(&key) {
                    let look = look.clone();
                    // The questions of a lookup that panics have no answer.
                    let _ =
                        tokio::task::spawn_blocking(move || answer_all(questions, &*look)).await;
                }
            });
        }
        answered.await.ok().flatten()
    }

    /// Whether another lookup has to begin.
    fn add(&self, key: &Key, question: Question) -> bool {
        let mut all = self.all();
        let waiting = all.entry(key.clone()).or_default();
        waiting.questions.push(question);
        let begins = waiting.lookups < AT_ONCE;
        waiting.lookups += usize::from(begins);
        begins
    }

    /// The questions of the next lookup, oldest first. `None`: there are none, and the lookups end.
    fn next(&self, key: &Key) -> Option<Vec<Question>> {
        let mut all = self.all();
        let waiting = all.get_mut(key)?;
        let fitting = fitting(&waiting.questions);
        if fitting == 0 {
            waiting.lookups -= 1;
            if waiting.lookups == 0 {
                all.remove(key);
            }
            return None;
        }
        Some(waiting.questions.drain(..fitting).collect())
    }

    fn all(&self) -> MutexGuard<'_, HashMap<Key, Waiting>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How many of the questions, from the first on, one lookup can answer: as many dates as one request may have,
/// and all of them with the rows of no date, or none.
fn fitting(questions: &[Question]) -> usize {
    let Some(first) = questions.first() else { return 0 };
    let mut days = first.window.days().to_vec();
    let fits = |question: &&Question| {
        days.extend(question.window.days());
        days.sort_unstable();
        days.dedup();
        days.len() <= limits::DATES && question.window.has_undated() == first.window.has_undated()
    };
    1 + questions[1..].iter().take_while(fits).count()
}

fn answer_all(questions: Vec<Question>, look: &dyn Fn(&Window) -> Result<Report>) {
    // A caller that has disconnected needs no answer.
    let send = |question: Question, answer| drop(question.answer.send(answer));
    let questions = match <[Question; 1]>::try_from(questions) {
        Ok([only]) => {
            let found = look(&only.window);
            return send(only, Some(found));
        }
        Err(several) => several,
    };
    let days = questions.iter().flat_map(|question| question.window.days()).copied();
    let found = Window::of_days(days.collect()).and_then(|all| look(&all)).ok();
    for question in questions {
        let part = found.as_ref().and_then(|report| report.within(&question.window));
        send(question, part.map(Ok));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;
    use crate::error::{Error, Kind};
    use crate::rule::{OnKeyless, Rule, RuleFile};
    use crate::run::{Counts, DayReport};
    use crate::window::Day;

    fn rule() -> Rule {
        let text = "[rule.orders]\ntable = \"a.b\"\npartition = \"d\"\nkey = [\"k\"]\nkeep = [\"id\"]\n\
                    row_id = \"id\"\nactive = \"a\"\n";
        RuleFile::parse("onerow.toml", text).unwrap().rules[0].clone()
    }

    fn days(from: &str, to: &str) -> Window {
        let day = |text: &str| Day::parse(text).unwrap();
        Window::range(day(from), day(to)).unwrap()
    }

    /// As many rows on each date as its place in the month.
    fn counted(window: &Window) -> Report {
        let day = |day: &Day| DayReport {
            day: *day,
            counts: Counts {
                total: day.date().unwrap().day().try_into().unwrap(),
                ..Counts::default()
            },
            deactivated: None,
            failed: false,
            on_keyless: OnKeyless::Warn,
        };
        let days = window.days().iter().map(day).collect();
        Report { days, ..Report::nothing(&rule()) }
    }

    /// The windows, each asked for while the lookups of the first two wait; the answers, and what was looked at.
    fn ask_all(
        windows: &[Window],
        look: fn(&Window) -> Result<Report>,
    ) -> (Vec<Option<Result<Report>>>, Vec<Window>) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let merged = Arc::new(Merged::default());
        let (begun, looked) = mpsc::channel();
        let (go, wait) = mpsc::channel::<()>();
        let wait = Arc::new(Mutex::new(wait));
        let answers = runtime.block_on(async {
            let mut asked = Vec::new();
            for window in windows.iter().cloned() {
                let (merged, begun, wait) = (merged.clone(), begun.clone(), wait.clone());
                let look = move |window: &Window| {
                    begun.send(window.clone()).unwrap();
                    // The first two lookups take as long as it takes to ask all; the channel is closed then.
                    let _ = wait.lock().unwrap().recv();
                    look(window)
                };
                let key = (0, rule().name);
                asked.push(tokio::spawn(async move { merged.ask(key, window, look).await }));
                tokio::task::yield_now().await;
                tokio::task::yield_now().await;
            }
            drop(go);
            let mut answers = Vec::new();
            for asked in asked {
                answers.push(asked.await.unwrap());
            }
            // The lookups end when no question is left.
            while !merged.all().is_empty() {
                tokio::task::yield_now().await;
            }
            answers
        });
        drop(begun);
        (answers, looked.into_iter().collect())
    }

    #[test]
    fn what_is_asked_during_two_lookups_is_answered_by_a_third() {
        let windows: Vec<Window> =
            (1..=9).map(|day| days(&format!("2026-01-0{day}"), "2026-01-10")).collect();
        let (answers, looked) = ask_all(&windows, |window| Ok(counted(window)));
        for (window, answer) in windows.iter().zip(answers) {
            let report = answer.unwrap().unwrap();
            let found: Vec<Day> = report.days.iter().map(|day| day.day).collect();
            assert_eq!(found, window.days());
            assert_eq!(report.totals().total, counted(window).totals().total);
        }
        assert_eq!(looked.len(), 3);
        assert_eq!(looked[2], days("2026-01-03", "2026-01-10"));
    }

    #[test]
    fn a_lookup_of_several_questions_that_fails_answers_none_of_them() {
        let windows =
            ["05", "06", "07", "08"].map(|day| days(&format!("2026-01-{day}"), "2026-01-10"));
        let (answers, _) = ask_all(&windows, |_| Err(Error::new(Kind::CostLimit, "no")));
        let failed: Vec<Option<bool>> =
            answers.iter().map(|answer| answer.as_ref().map(Result::is_err)).collect();
        assert_eq!(failed, [Some(true), Some(true), None, None]);
    }

    #[test]
    fn a_lookup_that_panics_answers_none_and_the_next_question_is_answered() {
        let panics = |window: &Window| match window.days().len() {
            1 => panic!("on purpose"),
            _ => Ok(counted(window)),
        };
        let windows = [days("2026-01-05", "2026-01-05"), days("2026-01-05", "2026-01-06")];
        let (answers, _) = ask_all(&windows, panics);
        assert!(answers[0].is_none());
        assert!(answers[1].as_ref().is_some_and(Result::is_ok));
    }

    #[test]
    fn a_lookup_has_no_more_dates_than_a_request_may_have() {
        let year = days("2025-01-01", "2025-12-31");
        let months = [days("2024-01-01", "2024-01-31"), days("2025-12-15", "2026-01-31")];
        let question =
            |window: &Window| Question { window: window.clone(), answer: oneshot::channel().0 };
        let questions =
            |windows: &[&Window]| windows.iter().map(|w| question(w)).collect::<Vec<_>>();
        assert_eq!(fitting(&questions(&[&year, &months[0], &months[1]])), 2);
        assert_eq!(fitting(&questions(&[&year, &year, &months[1], &months[0]])), 3);
        let undated = months[0].with_undated();
        assert_eq!(fitting(&questions(&[&months[0], &undated, &months[0]])), 1);
        assert_eq!(fitting(&questions(&[])), 0);
    }
}
