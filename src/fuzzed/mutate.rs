//! Mutations of valid inputs that often break programs.

use fastrand::Rng;

/// Pieces of text with a meaning in some format.
const PIECES: [&str; 46] = [
    "'",
    "\"",
    "`",
    "--",
    "#",
    "/*",
    "*/",
    "\n",
    "\r",
    "\0",
    "\u{1b}[2J",
    "\u{202e}",
    "\u{2019}",
    "\u{ff07}",
    "\\",
    ";",
    "(",
    ")",
    "[",
    "]",
    "{{",
    "}}",
    "{%",
    "%}",
    "{",
    "}",
    "<script>",
    "::error::",
    "|",
    ",",
    "=",
    "+1",
    " AND TRUE",
    "NULL",
    "-",
    "1e999999999",
    "9223372036854775808",
    "0001-01-01",
    "9999-12-31",
    "2026-02-30",
    "\u{feff}",
    " UNION ALL SELECT 1",
    "r'\\",
    "%00",
    "&rule=",
    "'''",
];

/// The longest input: repetition makes inputs long enough to show quadratic time.
const LONGEST: usize = 100_000;

/// A changed copy of one of the seeds.
pub(super) fn mutated(random: &mut Rng, seeds: &[Vec<u8>]) -> Vec<u8> {
    let mut input = one_of(random, seeds).clone();
    for _ in 0..random.usize(1..6) {
        change(random, &mut input, seeds);
    }
    input.truncate(LONGEST);
    input
}

fn change(random: &mut Rng, input: &mut Vec<u8>, seeds: &[Vec<u8>]) {
    let from = random.usize(..=input.len());
    let to = input.len().min(from + random.usize(..40));
    match random.u8(..8) {
        0 => _ = input.drain(from..to),
        1 => input.truncate(from),
        2 if from < to => input[from] = random.u8(..),
        3 => {
            let other = one_of(random, seeds);
            let begin = random.usize(..=other.len());
            input.splice(from.., other[begin..].iter().copied());
        }
        4 => {
            let times = [2, 30, 1200, 20_000][random.usize(..4)];
            let piece = match random.bool() {
                true => input[from..to].to_vec(),
                false => one_of(random, &PIECES).as_bytes().to_vec(),
            };
            input.splice(from..from, piece.repeat(times.min(1 + LONGEST / (piece.len() + 1))));
        }
        5 => {
            let depth = [3, 40, 3000][random.usize(..3)];
            let (open, close) =
                [("(", ")"), ("[", "]"), ("{", "}"), ("ABS(", ")"), ("-", "")][random.usize(..5)];
            input.splice(to..to, close.repeat(depth).into_bytes());
            input.splice(from..from, open.repeat(depth).into_bytes());
        }
        _ => _ = input.splice(from..to.min(from + 2), one_of(random, &PIECES).bytes()),
    }
}

fn one_of<'a, T>(random: &mut Rng, of: &'a [T]) -> &'a T {
    &of[random.usize(..of.len())]
}
