//! The table of the case, made row by row so that it has every published figure: for each date
//! the active rows, the keys of the rule `player_prop_predictions`, and the keys of `by_line`.
//! No clock and no chance: the same bytes every time.

use std::fmt::Write;

/// A date of the published table: active rows, what was 'found' with the points line in the key,
/// and what was deactivated without it.
struct Figures {
    day: u32,
    active: usize,
    found: usize,
    deactivated: usize,
}

const FIGURES: [Figures; 10] = [
    Figures { day: 20, active: 809, found: 252, deactivated: 589 },
    Figures { day: 21, active: 216, found: 0, deactivated: 0 },
    Figures { day: 22, active: 369, found: 1, deactivated: 286 },
    Figures { day: 23, active: 2892, found: 2477, deactivated: 2807 },
    Figures { day: 24, active: 441, found: 125, deactivated: 360 },
    Figures { day: 25, active: 1682, found: 695, deactivated: 1400 },
    Figures { day: 26, active: 1075, found: 271, deactivated: 836 },
    Figures { day: 27, active: 1047, found: 236, deactivated: 811 },
    Figures { day: 28, active: 1097, found: 632, deactivated: 776 },
    Figures { day: 29, active: 113, found: 0, deactivated: 0 },
];

const HEADER: &str = "prediction_id,game_id,game_date,player_lookup,system_id,current_points_line,\
                      predicted_points,is_active,created_at,updated_at\n";
const TEAMS: [&str; 8] = ["LAL", "BOS", "DEN", "MIA", "NYK", "PHX", "DAL", "OKC"];
const FIRST: [&str; 12] = [
    "lebron", "jayson", "nikola", "jimmy", "jalen", "devin", "luka", "shai", "tyrese", "anthony",
    "domantas", "pascal",
];
const LAST: [&str; 11] = [
    "james", "tatum", "jokic", "butler", "brunson", "booker", "doncic", "gilgeous", "maxey",
    "edwards", "sabonis",
];
const SYSTEMS: [&str; 4] = ["moving_average", "catboost_v8", "ensemble_v1", "similarity"];

/// When a row reached the table.
#[derive(Clone, Copy, PartialEq)]
enum Batch {
    /// Long settled.
    History,
    /// The backfill of 2026-01-30, 08:37 UTC.
    Backfill,
}

/// The whole table, long settled.
pub fn csv() -> String {
    write(rows().iter())
}

/// The table without the backfill.
pub fn history_csv() -> String {
    write(rows().iter().filter(|row| row.batch == Batch::History))
}

/// The backfill of the dates 20 and 22 to 28: its rows are new, whatever date they carry.
pub fn backfill_csv() -> String {
    write(rows().iter().filter(|row| row.batch == Batch::Backfill))
}

struct Row {
    day: u32,
    /// The row's number on its date, from 0.
    number: usize,
    /// The number of its (game, player, system) on the date.
    key: usize,
    /// Which of the key's points lines it has, from 0.
    line: usize,
    /// Which copy of that line it is, from 0.
    copy: usize,
    active: bool,
    batch: Batch,
}

fn rows() -> Vec<Row> {
    FIGURES.iter().flat_map(|figures| active_rows(figures).chain(inactive_rows(figures))).collect()
}

/// Keys get their lines in turn, and lines get their copies in turn, until the figures are met.
fn active_rows(figures: &Figures) -> impl Iterator<Item = Row> {
    let keys = figures.active - figures.deactivated;
    let lines = figures.active - figures.found;
    let day = figures.day;
    let backfilled = figures.deactivated > 0;
    (0..figures.active).map(move |number| {
        let (line_number, copy) = (number % lines, number / lines);
        let (key, line) = (line_number % keys, line_number / keys);
        let late = backfilled && (copy % 2 == 1 || (copy == 0 && line % 3 == 2));
        let batch = if late { Batch::Backfill } else { Batch::History };
        Row { day, number, key, line, copy, active: true, batch }
    })
}

/// Rows that were deactivated earlier: some of keys that have active rows, some of keys of their own.
fn inactive_rows(figures: &Figures) -> impl Iterator<Item = Row> {
    let keys = figures.active - figures.deactivated;
    let (day, active) = (figures.day, figures.active);
    (0..12).map(move |i| Row {
        day,
        number: active + i,
        key: if i < 8 { i * 7 % keys } else { keys + i },
        line: i % 2,
        copy: i,
        active: false,
        batch: Batch::History,
    })
}

impl Row {
    /// The players of a game have several systems each, the games of a day several players.
    fn game(&self) -> String {
        let game = self.key / SYSTEMS.len() % 4;
        format!("202601{}_{}_{}", self.day, TEAMS[2 * game], TEAMS[2 * game + 1])
    }

    fn player(&self) -> String {
        let player = self.key / SYSTEMS.len();
        format!("{}{}", FIRST[player % FIRST.len()], LAST[player % LAST.len()])
    }

    /// Every third key has no line among its lines; the others begin at a number of their own.
    fn points_line(&self) -> String {
        match (self.key % 3, self.line) {
            (0, 0) => String::new(),
            (_, line) => format!("{}.5", 8 + self.key % 17 + line),
        }
    }

    /// A system writes all lines of a player in one go, and copies come in pairs: only the id tells
    /// such rows apart.
    fn created_at(&self) -> String {
        let moment = self.copy / 2;
        match self.batch {
            Batch::History => {
                format!("2026-01-{:02} {:02}:{:02}:28 UTC", self.day, 7 + moment / 60, moment % 60)
            }
            Batch::Backfill => format!("2026-01-30 08:37:{:02} UTC", moment % 9),
        }
    }

    fn id(&self) -> String {
        let bits = scrambled(u64::from(self.day) << 32 | self.number as u64);
        let more = scrambled(bits);
        format!(
            "{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}",
            bits >> 32,
            bits >> 16 & 0xffff,
            bits & 0xfff,
            more >> 52,
            more & 0xffff_ffff_ffff
        )
    }
}

/// SplitMix64: different numbers stay different and look unlike each other.
fn scrambled(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn write<'a>(rows: impl Iterator<Item = &'a Row>) -> String {
    let mut text = HEADER.to_owned();
    for row in rows {
        let system = SYSTEMS[row.key % SYSTEMS.len()];
        let points = 10 + scrambled(row.number as u64) % 25;
        let created_at = row.created_at();
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "{},{},2026-01-{:02},{},{system},{},{points}.{},{},{created_at},{created_at}",
            row.id(),
            row.game(),
            row.day,
            row.player(),
            row.points_line(),
            row.number % 10,
            row.active,
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, HashSet};

    use super::*;

    type Fields = Vec<String>;

    fn parsed(text: &str) -> Vec<Fields> {
        let lines = text.lines().skip(1);
        lines.map(|line| line.split(',').map(str::to_owned).collect()).collect()
    }

    fn active_of(rows: &[Fields], day: u32) -> Vec<&Fields> {
        let date = format!("2026-01-{day:02}");
        rows.iter().filter(|row| row[2] == date && row[7] == "true").collect()
    }

    fn assert_figures(rows: &[Fields]) {
        let mut totals = (0, 0, 0);
        for figures in &FIGURES {
            let active = active_of(rows, figures.day);
            let keys: HashSet<_> = active.iter().map(|r| (&r[1], &r[3], &r[4])).collect();
            let by_line: HashSet<_> = active.iter().map(|r| (&r[1], &r[3], &r[4], &r[5])).collect();
            assert_eq!(active.len(), figures.active, "{}", figures.day);
            assert_eq!(active.len() - by_line.len(), figures.found, "{}", figures.day);
            assert_eq!(active.len() - keys.len(), figures.deactivated, "{}", figures.day);
            totals.0 += active.len();
            totals.1 += active.len() - by_line.len();
            totals.2 += active.len() - keys.len();
        }
        assert_eq!(totals, (9741, 4689, 7865));
    }

    #[test]
    fn the_data_has_every_published_figure() {
        assert_figures(&parsed(&csv()));
    }

    #[test]
    fn history_and_backfill_together_are_the_table() {
        let mut both = parsed(&history_csv());
        let backfill = parsed(&backfill_csv());
        let dates: HashSet<&str> = backfill.iter().map(|row| row[2].as_str()).collect();
        assert_eq!(dates.len(), 8);
        assert!(backfill.iter().all(|row| row[8].starts_with("2026-01-30 08:37:0")));
        both.extend(backfill);
        assert_figures(&both);
    }

    #[test]
    fn ids_are_unique() {
        let rows = parsed(&csv());
        let ids: HashSet<&String> = rows.iter().map(|row| &row[0]).collect();
        assert_eq!(ids.len(), rows.len());
    }

    #[test]
    fn the_data_has_ties_null_lines_several_systems_and_inactive_rows() {
        let rows = parsed(&csv());
        for figures in &FIGURES {
            let active = active_of(&rows, figures.day);
            let systems: HashSet<&String> = active.iter().map(|row| &row[4]).collect();
            assert!(systems.len() > 1, "{}", figures.day);
            assert!(active.iter().any(|row| row[5].is_empty()), "{}", figures.day);
            let date = format!("2026-01-{:02}", figures.day);
            assert!(rows.iter().any(|row| row[2] == date && row[7] == "false"));
        }
        let mut newest: BTreeMap<_, Vec<&String>> = BTreeMap::new();
        for row in rows.iter().filter(|row| row[7] == "true") {
            newest.entry((&row[1], &row[3], &row[4])).or_default().push(&row[8]);
        }
        let tied = newest.values().filter(|times| {
            let last = times.iter().max();
            times.iter().filter(|time| Some(*time) == last).count() > 1
        });
        assert!(tied.count() > 100, "survivors that only the id decides");
    }
}
