//! How much of what takes long a run of the tests plays: all of it in `tests/run --thorough`, else a
//! part, which is another one each day.

use proptest::test_runner::{Config, RngSeed};

/// What chooses the part, and what random tests start from: `ONEROW_SEED`, or the date, such as
/// 20260128.
pub fn seed() -> u64 {
    match std::env::var("ONEROW_SEED") {
        Ok(seed) => seed.parse().expect("ONEROW_SEED is a number"),
        Err(_) => jiff::Timestamp::now().strftime("%Y%m%d").to_string().parse().unwrap(),
    }
}

/// Which part it is: the number of the day, so that parts follow each other also where a month ends; of a
/// seed that is no date, the seed.
pub fn turn() -> u64 {
    let seed = seed();
    let part = |of: u64| i16::try_from(of).ok();
    let date = || {
        let (year, month, day) =
            (part(seed / 10_000)?, (seed / 100 % 100) as i8, (seed % 100) as i8);
        jiff::civil::Date::new(year, month, day).ok()
    };
    let days = |date: jiff::civil::Date| {
        jiff::civil::date(1970, 1, 1).until(date).ok()?.get_days().try_into().ok()
    };
    date().and_then(days).unwrap_or(seed)
}

/// Whether nothing is left out.
pub fn is_thorough() -> bool {
    std::env::var_os("ONEROW_THOROUGH").is_some() || super::document::is_written()
}

/// Whether this run plays the row of a long table, of which it plays one in so many: each row has its turn
/// within so many days.
pub fn has(row: usize, one_in: u64) -> bool {
    is_thorough() || (row as u64).wrapping_add(turn()).is_multiple_of(one_in)
}

/// Whether it is this test's turn, of so many that take turns from day to day; says so where it is not.
pub fn is_turn(of: usize, among: u64) -> bool {
    let is_turn = has(of, among);
    if !is_turn {
        eprintln!("skipped: it is another test's turn today; `tests/run --thorough` has all");
    }
    is_turn
}

/// The rows of a long table that this run plays.
pub fn of<T>(rows: impl IntoIterator<Item = T>, one_in: u64) -> impl Iterator<Item = T> {
    let all = rows.into_iter().enumerate();
    all.filter(move |(row, _)| has(*row, one_in)).map(|(_, row)| row)
}

/// How many random cases are played.
pub fn cases(thorough: usize, usual: usize) -> usize {
    if is_thorough() { thorough } else { usual }
}

/// So many cases of a test of properties, from the seed.
pub fn properties(thorough: usize, usual: usize) -> Config {
    Config {
        cases: u32::try_from(cases(thorough, usual)).unwrap(),
        max_global_rejects: 4096,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(seed()),
        ..Config::default()
    }
}
