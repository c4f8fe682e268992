//! What must come of a small table, computed without SQL.

use std::collections::BTreeMap;

pub const FIRST: &str = "2026-01-27";
pub const LAST: &str = "2026-01-29";
pub const WINDOW: &str = "--from 2026-01-27 --to 2026-01-29";

/// The columns of a line of these CSVs: id, date, two columns of the key, line, active flag, instant.
pub const COLUMNS: usize = 7;

/// A date without duplicates and two with some; a key that holds NULL, and an inactive row that
/// is newer than the survivor.
pub const ROWS: &str = "\
a1,2026-01-27,g1,a,,true,2026-01-27T01:00:00Z
b0,2026-01-28,g1,a,,false,2026-01-28T09:00:00Z
b1,2026-01-28,g1,a,,true,2026-01-28T01:00:00Z
b2,2026-01-28,g1,a,,true,2026-01-28T02:00:00Z
b3,2026-01-28,g1,a,,true,2026-01-28T03:00:00Z
b4,2026-01-28,g1,b,,true,2026-01-28T03:00:00Z
b5,2026-01-28,g1,,,true,2026-01-28T01:00:00Z
b6,2026-01-28,g1,,,true,2026-01-28T02:00:00Z
c1,2026-01-29,g1,a,,true,2026-01-29T01:00:00Z
c2,2026-01-29,g1,a,,true,2026-01-29T02:00:00Z";

/// Rows without duplicates, and what is staged for them: of each date a key that is there, and one
/// that is new.
pub const MAIN: &str = "\
a1,2026-01-27,g1,a,1,true,2026-01-27T01:00:00Z
b1,2026-01-28,g1,a,1,true,2026-01-28T01:00:00Z
c1,2026-01-29,g1,a,1,true,2026-01-29T01:00:00Z";
pub const STAGED: &str = "\
s1,2026-01-28,g1,a,7,true,2026-01-28T03:00:00Z
s2,2026-01-28,g2,b,7,true,2026-01-28T03:00:00Z
s3,2026-01-29,g1,a,7,true,2026-01-29T03:00:00Z
s4,2026-01-29,g2,b,7,true,2026-01-29T03:00:00Z";

/// A row, but for its instants.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Row {
    pub id: String,
    pub date: String,
    pub key: (String, String),
    pub line: String,
    pub active: bool,
}

/// A table, in order, and how many rows each date was changed by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    pub table: Vec<Row>,
    pub changed: BTreeMap<String, u64>,
}

impl Row {
    pub fn of(cells: &[String]) -> Self {
        let [id, date, game, player, line, active] = cells else { panic!("{cells:?}") };
        let key = (game.clone(), player.clone());
        let (id, date, line) = (id.clone(), date.clone(), line.clone());
        Self { id, date, key, line, active: active == "true" }
    }
}

/// Rows and when they were created.
fn read(csv: &str) -> Vec<(Row, String)> {
    let cells = |line: &str| line.split(',').map(str::to_owned).collect::<Vec<_>>();
    let row = |cells: Vec<String>| (Row::of(&cells[..COLUMNS - 1]), cells[COLUMNS - 1].clone());
    csv.lines().map(|line| row(cells(line))).collect()
}

/// The table of a CSV as it is.
pub fn table(csv: &str) -> Vec<Row> {
    sorted(read(csv).into_iter().map(|(row, _)| row))
}

fn sorted(rows: impl IntoIterator<Item = Row>) -> Vec<Row> {
    let mut rows: Vec<Row> = rows.into_iter().collect();
    rows.sort();
    rows
}

/// The ids of the duplicates.
pub fn superseded(csv: &str) -> Vec<String> {
    let rows = read(csv);
    let survives = |row: &Row, at: &str| {
        let rivals = rows.iter().filter(|(rival, _)| {
            rival.active && (&rival.date, &rival.key) == (&row.date, &row.key)
        });
        rivals.max_by_key(|(rival, at)| (at.clone(), rival.id.clone())).map(|(rival, _)| &rival.id)
            == Some(&row.id)
            && !at.is_empty()
    };
    let loses = |(row, at): &&(Row, String)| row.active && !survives(row, at);
    rows.iter().filter(loses).map(|(row, _)| row.id.clone()).collect()
}

/// What a cure makes of the rows: superseded ones are deactivated, or gone.
pub fn cured(csv: &str, deactivates: bool) -> Expected {
    let superseded = superseded(csv);
    let mut changed = BTreeMap::new();
    let after = table(csv).into_iter().filter_map(|mut row| {
        if superseded.contains(&row.id) {
            *changed.entry(row.date.clone()).or_default() += 1;
            row.active = false;
            return deactivates.then_some(row);
        }
        Some(row)
    });
    let table = sorted(after);
    Expected { table, changed }
}

/// How many rows the MERGE of a rewrite touches on each date that has duplicates: it deletes all
/// active rows of the date and inserts its survivors.
pub fn rewritten(csv: &str) -> BTreeMap<String, u64> {
    let mut touched = cured(csv, false).changed;
    for (date, touched) in &mut touched {
        let active = table(csv).iter().filter(|row| row.active && row.date == *date).count() as u64;
        *touched = active + (active - *touched);
    }
    touched
}

/// What an undo of that cure makes of them: the rows that there were.
pub fn undone(csv: &str) -> Expected {
    Expected { table: table(csv), ..cured(csv, true) }
}

/// What merging the staged rows makes of them. Each of these is newer than what is there.
pub fn merged(main: &str, staged: &str) -> Expected {
    let mut rows = table(main);
    let mut changed = BTreeMap::new();
    for arriving in table(staged) {
        *changed.entry(arriving.date.clone()).or_default() += 1;
        let same = |row: &&mut Row| (&row.date, &row.key) == (&arriving.date, &arriving.key);
        match rows.iter_mut().find(same) {
            Some(row) => row.line.clone_from(&arriving.line),
            None => rows.push(arriving),
        }
    }
    Expected { table: sorted(rows), changed }
}
