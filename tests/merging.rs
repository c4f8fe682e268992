//! `consolidate` over random tables, against an oracle that knows no SQL: each key arrives once,
//! whatever the order and number of staging tables.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use onerow::check;
use onerow::clock::Clock;
use onerow::googlesql::{SqlValue, TableName};
use onerow::interrupt::Interrupt;
use onerow::ledger::{Filter, Ledger};
use onerow::plan;
use onerow::rule::{Rule, RuleFile};
use onerow::run::{self, Context, Ending, Limits, Report};
use onerow::statement::{Params, Statement, StepName};
use onerow::template::{Renderer, Templates};
use onerow::warehouse::sqlite::{Sqlite, Streaming};
use onerow::warehouse::{Job, JobId, Returned, Warehouse};
use onerow::window::{Day, Window};
use proptest::prelude::*;

use crate::common::part;
use crate::common::silent::Silent;

const RULE: &str = r#"
[rule.p]
table = "a.main"
partition = "d"
key = ["k", "LOWER(j)"]
keep = ["seen DESC", "n"]
row_id = "n"
ACTIVE
written_at = "seen"
settle = "90m"
[rule.p.staging]
tables = ["a.s0", "a.s1", "a.s2"]
untouched = ["kept"]
DELETED
[rule.p.columns]
n = "INT64"
d = "DATE"
k = "STRING"
j = "STRING"
v = "INT64"
kept = "INT64"
flag = "BOOL"
seen = "TIMESTAMP"
"#;

const NOW: i64 = 600;
const SETTLE: i64 = 90;
const TABLES: usize = 3;

#[derive(Debug, Clone, PartialEq)]
struct Row {
    n: i64,
    day: i8,
    k: Option<u8>,
    j: &'static str,
    v: Option<i64>,
    active: Option<bool>,
    at: i64,
}

impl Row {
    /// NULL equals NULL, and letters of either case are one.
    fn key(&self) -> (i8, Option<u8>, String) {
        (self.day, self.k, self.j.to_lowercase())
    }

    /// The first by this stays: the newest, then the smallest `n`.
    fn place(&self) -> (i64, i64) {
        (-self.at, self.n)
    }

    fn cells(&self) -> Vec<SqlValue> {
        vec![
            SqlValue::Int64(self.n),
            SqlValue::from(day(self.day)),
            self.k.map_or(SqlValue::Null, |k| SqlValue::String(format!("k{k}"))),
            SqlValue::String(self.j.to_owned()),
            self.v.map_or(SqlValue::Null, SqlValue::Int64),
            SqlValue::Int64(self.n),
            self.active.map_or(SqlValue::Null, SqlValue::Bool),
            SqlValue::Timestamp(minute(self.at)),
        ]
    }
}

fn day(number: i8) -> Day {
    Day::from(jiff::civil::date(2026, 1, number))
}

fn minute(number: i64) -> Timestamp {
    Timestamp::from_second(1_767_225_600 + number * 60).unwrap()
}

fn window() -> Window {
    Window::range(day(1), day(2)).unwrap()
}

fn row() -> impl Strategy<Value = Row> {
    (
        1..=2_i8,
        proptest::option::of(0..2_u8),
        prop_oneof![Just("x"), Just("X"), Just("y")],
        proptest::option::of(0..3_i64),
        prop_oneof![6 => Just(Some(true)), 1 => Just(Some(false)), 1 => Just(None)],
        prop_oneof![0..5_i64, 505..595_i64],
    )
        .prop_map(|(day, k, j, v, active, at)| Row { n: 0, day, k, j, v, active, at })
}

/// Rows of the main table, and staged rows, each with the staging table that it is in.
fn rows() -> impl Strategy<Value = (Vec<Row>, Vec<(Row, usize)>)> {
    let staged = prop::collection::vec((row(), 0..TABLES), 0..12);
    (prop::collection::vec(row(), 0..10), staged).prop_map(|(mut main, mut staged)| {
        let all = main.iter_mut().chain(staged.iter_mut().map(|(row, _)| row));
        all.enumerate().for_each(|(n, row)| row.n = n as i64);
        (main, staged)
    })
}

/// What a test varies beside the rows.
#[derive(Debug, Clone, Copy)]
struct Form {
    /// Whether the rule has `active`; else it deletes.
    active: bool,
    /// Whether staged rows are deletion markers where `v` is 2.
    marks: bool,
    /// Whether late rows of the main table are in the streaming buffer.
    buffered: bool,
}

impl Form {
    fn is_marker(self, row: &Row) -> bool {
        self.marks && row.v == Some(2)
    }
}

struct World {
    file: RuleFile,
    warehouse: Sqlite,
}

impl World {
    fn new(form: Form, main: &[Row], staged: &[(Row, usize)]) -> Self {
        let Form { active, marks, buffered } = form;
        let keys = if active { "active = \"flag\"" } else { "strategy = \"delete\"" };
        let deleted = if marks { "deleted = \"v = 2\"" } else { "" };
        let text = RULE.replace("ACTIVE", keys).replace("DELETED", deleted);
        let file = RuleFile::parse("onerow.toml", &text).unwrap();
        let drain = SignedDuration::from_mins(SETTLE);
        let warehouse = Sqlite::in_memory(Clock::Fixed(minute(NOW)), drain).unwrap();
        let columns = &file.rules[0].columns;
        let load = |table: &TableName, rows: Vec<&Row>, streaming| {
            let mut rows = rows.into_iter().map(|row| Ok(row.cells()));
            warehouse.load(table, columns, &[], &mut rows, streaming).unwrap();
        };
        let (late, settled): (Vec<&Row>, Vec<&Row>) =
            main.iter().partition(|row| buffered && row.at >= NOW - SETTLE);
        load(&file.rules[0].table, settled, Streaming::Settled);
        load(&file.rules[0].table, late, Streaming::Streamed);
        for (place, table) in file.rules[0].staging.as_ref().unwrap().tables.iter().enumerate() {
            let rows = staged.iter().filter(|(_, of)| *of == place).map(|(row, _)| row);
            load(table, rows.collect(), Streaming::Settled);
        }
        Self { file, warehouse }
    }

    fn rule(&self) -> &Rule {
        &self.file.rules[0]
    }

    fn consolidate(&self) -> Report {
        let renderer = Renderer::new(self.rule(), &Templates::shipped(), &[]).unwrap();
        let steps = [StepName::parse(StepName::CONSOLIDATE).unwrap()];
        let plan = plan::plan(&renderer, &steps, &window()).unwrap().unwrap();
        let context = Context {
            renderer: &renderer,
            warehouse: &self.warehouse,
            ledger: &self.warehouse,
            clock: Clock::Fixed(minute(NOW)),
            who: "test",
            progress: &Silent,
            interrupt: &Interrupt::default(),
            limits: Limits::default(),
            run: None,
        };
        run::consolidate(&context, &plan).unwrap()
    }

    fn table(&self) -> Vec<Vec<SqlValue>> {
        let step = StepName::parse("look").unwrap();
        let sql = "SELECT n, d, k, j, v, kept, flag, seen FROM `a.main` ORDER BY n";
        let statement = Statement::new(step.clone(), window(), sql.to_owned());
        let checked = check::run(self.rule(), statement).unwrap();
        let id = JobId::derive("look", 1, &step, day(1));
        let job = Job { id: &id, run: "look", rule: &self.rule().name };
        match self.warehouse.submit(&job, &checked, &Params::none()).unwrap().result {
            Returned::Rows(rows) => rows.rows,
            _ => panic!("a query answers with rows"),
        }
    }
}

/// The main table as it has to be afterwards, and whether something waits for the buffer.
fn expected(form: Form, main: &[Row], staged: &[(Row, usize)]) -> (Vec<Vec<SqlValue>>, bool) {
    let Form { active, buffered, .. } = form;
    let counts = |row: &Row| !active || row.active == Some(true);
    let waits_for_drain = |row: &Row| {
        let late = main.iter().filter(|row| buffered && row.at >= NOW - SETTLE);
        late.clone().count() > 0 && row.at >= NOW - SETTLE
    };
    let mut first: BTreeMap<_, &Row> = BTreeMap::new();
    let takes_part = |row: &&Row| form.is_marker(row) || counts(row);
    for row in staged.iter().map(|(row, _)| row).filter(takes_part) {
        let slot = first.entry(row.key()).or_insert(row);
        if row.place() < slot.place() {
            *slot = row;
        }
    }
    let (mut table, mut waits): (Vec<Row>, bool) = (main.to_vec(), false);
    let mut gone: Vec<i64> = Vec::new();
    for (key, winner) in first {
        let there: Vec<usize> =
            (0..main.len()).filter(|i| counts(&main[*i]) && main[*i].key() == key).collect();
        if there.iter().any(|i| main[*i].place() < winner.place()) {
            continue;
        }
        if form.is_marker(winner) {
            match there.iter().any(|i| waits_for_drain(&main[*i])) {
                true => waits = true,
                false if active => there.iter().for_each(|i| table[*i].active = Some(false)),
                false => gone.extend(there.iter().map(|i| main[*i].n)),
            }
            continue;
        }
        let is_new = |i: &&usize| (main[**i].v, main[**i].j) != (winner.v, winner.j);
        let is_new = |i: &&usize| is_new(i) || (!active && main[**i].active != winner.active);
        if there.is_empty() {
            table.push(winner.clone());
        } else if there.iter().any(|i| waits_for_drain(&main[*i])) {
            waits |= there.iter().any(|i| is_new(&i));
        } else {
            for i in there {
                let row = &mut table[i];
                (row.v, row.j) = (winner.v, winner.j);
                if !active {
                    row.active = winner.active;
                }
            }
        }
    }
    table.retain(|row| !gone.contains(&row.n));
    table.sort_by_key(|row| row.n);
    (table.iter().map(Row::cells).collect(), waits)
}

proptest! {
    #![proptest_config(part::properties(128, 16))]

    #[test]
    fn each_key_arrives_once_as_the_row_that_would_survive(
        active: bool, marks: bool, buffered: bool, (main, staged) in rows()
    ) {
        let form = Form { active, marks, buffered };
        let world = World::new(form, &main, &staged);
        let (table, waits) = expected(form, &main, &staged);
        let report = world.consolidate();
        prop_assert!(report.problems.is_empty(), "{:?}", report.problems);
        prop_assert_eq!(world.table(), table.clone());
        prop_assert_eq!(report.ending(), if waits { Ending::Buffered } else { Ending::Clean });
        let again = world.consolidate();
        let run = again.run.as_deref().unwrap();
        let sent = world.warehouse.entries(&Filter::run(run)).unwrap();
        prop_assert!(sent.iter().all(|entry| entry.step == *StepName::STAGED), "no DML twice");
        prop_assert_eq!(world.table(), table);
    }

    #[test]
    fn the_order_and_number_of_staging_tables_do_not_matter(
        marks: bool, (main, staged) in rows(), shift in 0..TABLES
    ) {
        let form = Form { active: true, marks, buffered: false };
        let one = World::new(form, &main, &staged);
        one.consolidate();
        let mut others: Vec<(Row, usize)> =
            staged.iter().map(|(row, of)| (row.clone(), if shift == 0 { 0 } else { (of + shift) % TABLES })).collect();
        others.reverse();
        let other = World::new(form, &main, &others);
        other.consolidate();
        prop_assert_eq!(one.table(), other.table());
    }
}
