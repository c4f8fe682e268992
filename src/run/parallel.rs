//! Concurrent execution.

use std::sync::{Mutex, PoisonError};
use std::thread;

/// Calls `act` for each item, at most `concurrency` at a time, in the order of the items. Returns the results in
/// the same order.
pub(crate) fn parallel_map<T: Send, R: Send>(
    concurrency: usize,
    items: Vec<T>,
    act: impl Fn(T) -> R + Sync,
) -> Vec<R> {
    if concurrency <= 1 || items.len() <= 1 {
        return items.into_iter().map(act).collect();
    }
    let concurrency = concurrency.min(items.len());
    let mut done: Vec<Option<R>> = items.iter().map(|_| None).collect();
    let waiting = Mutex::new(items.into_iter().zip(done.iter_mut()));
    thread::scope(|scope| {
        for _ in 0..concurrency {
            scope.spawn(|| {
                let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).next();
                while let Some((item, slot)) = next() {
                    *slot = Some(act(item));
                }
            });
        }
    });
    done.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::*;

    #[test]
    fn never_more_than_so_many_at_a_time_and_all_in_order() {
        let (now, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let done = parallel_map(2, (0..20).collect(), |number: u32| {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            thread::sleep(Duration::from_millis(2));
            now.fetch_sub(1, Ordering::SeqCst);
            number * 2
        });
        assert_eq!(done, (0..20).map(|number| number * 2).collect::<Vec<_>>());
        assert_eq!(most.into_inner(), 2);
    }
}
