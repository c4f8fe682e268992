//! Limits sign-in attempts with wrong keys per minute: per address, and in total.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use moka::sync::Cache;

use super::crowd::Origin;
use super::limits;
use super::problem::{Code, Problem};

/// The number of addresses tracked.
const ORIGINS: u64 = 10_000;

/// The attempts of the last minute.
pub(super) struct Tries {
    of_one: Cache<Origin, Arc<AtomicU32>>,
    of_all: Cache<(), Arc<AtomicU32>>,
}

impl Tries {
    pub fn new() -> Self {
        let again = limits::TRIES_AGAIN;
        Self {
            of_one: Cache::builder().max_capacity(ORIGINS).time_to_live(again).build(),
            of_all: Cache::builder().time_to_live(again).build(),
        }
    }

    /// Counts an attempt.
    ///
    /// # Errors
    /// The number is above a limit.
    pub fn count(&self, origin: Origin) -> Result<(), Problem> {
        let of_one = self.of_one.get_with(origin, Arc::default);
        // Refused attempts do not count towards the total.
        let too_many = of_one.fetch_add(1, Ordering::SeqCst) >= limits::TRIES_OF_ONE
            || self.of_all.get_with((), Arc::default).fetch_add(1, Ordering::SeqCst)
                >= limits::TRIES;
        match too_many {
            true => Err(Problem::new(Code::TooManyRequests).detail(
                "this key is unknown, and too many unknown ones were tried; try again in a minute",
            )),
            false => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_so_many_tries_and_all_of_them_have_so_many() {
        let tries = Tries::new();
        let mut of = |address: u8| {
            let origin = Origin::of([192, 0, 2, address].into());
            (0..1_000).filter(|_| tries.count(origin).is_ok()).count()
        };
        let counts: Vec<usize> = (0..20).map(&mut of).collect();
        let one = limits::TRIES_OF_ONE as usize;
        assert_eq!(counts[..10], [one; 10]);
        assert_eq!(counts.iter().sum::<usize>(), limits::TRIES as usize);
    }
}
