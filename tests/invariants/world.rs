//! A table of random rows on the embedded warehouse, and an oracle that knows no SQL.

use std::cmp::{Ordering, Reverse};
use std::collections::BTreeMap;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use onerow::check;
use onerow::clock::Clock;
use onerow::error::Kind;
use onerow::googlesql::{SqlType, SqlValue, TableName};
use onerow::interrupt::Interrupt;
use onerow::plan;
use onerow::rule::{Rule, RuleFile};
use onerow::run::{self, Context, Limits, Report, Undone, Which};
use onerow::statement::{Params, Statement, StepName};
use onerow::template::{Renderer, Templates};
use onerow::warehouse::sqlite::{Access, Sqlite, Streaming};
use onerow::warehouse::{Job, JobId, Returned, Warehouse};
use onerow::window::{Day, Window};
use proptest::prelude::*;
use tempfile::TempDir;

use crate::common::cuts::Way;
use crate::common::silent::Silent;

/// How duplicates are taken out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cure {
    Deactivate,
    Delete,
    /// As for a table without an active flag: every row counts.
    DeleteAny,
    Rewrite,
    /// Rows that count are told by a condition.
    DeactivateNot,
    DeactivateLetter,
    DeactivateTime,
    DeleteLetter,
    RewriteTime,
    /// A row is named by several columns, by an expression, by key and keep order, or by all of it.
    DeactivateComposite,
    DeleteComposite,
    DeleteExpression,
    DeactivateUnnamed,
    DeleteUnnamed,
    RewriteUnnamed,
    /// Survivors are put together of all rows of their key.
    Merge,
    MergeUnnamed,
}

/// How the column `active` says that a row counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// TRUE.
    Flag,
    /// FALSE.
    Not,
    /// 'Y' does, 'N' does not.
    Letter,
    /// NULL does, and a time does not.
    Time,
}

impl Form {
    fn sql_type(self) -> &'static str {
        match self {
            Self::Flag | Self::Not => "BOOL",
            Self::Letter => "STRING",
            Self::Time => "TIMESTAMP",
        }
    }

    fn cell(self, active: Option<bool>) -> SqlValue {
        let letter = |active| SqlValue::String(if active { "Y" } else { "N" }.to_owned());
        let cell = match self {
            Self::Flag => active.map(SqlValue::Bool),
            Self::Not => active.map(|active| SqlValue::Bool(!active)),
            Self::Letter => active.map(letter),
            Self::Time => (active != Some(true)).then(|| SqlValue::Timestamp(minute(-1))),
        };
        cell.unwrap_or(SqlValue::Null)
    }

    /// What the cell says, where the time that is written on deactivation is one of many.
    fn seen(self, cell: &SqlValue) -> SqlValue {
        match (self, cell) {
            (Self::Flag, cell) => cell.clone(),
            (Self::Not, SqlValue::Bool(ended)) => SqlValue::Bool(!ended),
            (Self::Letter, SqlValue::String(letter)) => SqlValue::Bool(letter == "Y"),
            (Self::Time, cell) => SqlValue::Bool(*cell == SqlValue::Null),
            (_, cell) => cell.clone(),
        }
    }
}

impl Cure {
    fn form(self) -> Form {
        match self {
            Self::DeactivateNot => Form::Not,
            Self::DeactivateLetter | Self::DeleteLetter => Form::Letter,
            Self::DeactivateTime | Self::RewriteTime => Form::Time,
            _ => Form::Flag,
        }
    }

    fn row_id(self) -> &'static str {
        match self {
            Self::DeactivateComposite | Self::DeleteComposite => "row_id = [\"id\", \"k1\"]",
            Self::DeleteExpression => "row_id = \"CONCAT(id, ' of ', COALESCE(k1, '-'))\"",
            Self::DeactivateUnnamed
            | Self::DeleteUnnamed
            | Self::RewriteUnnamed
            | Self::MergeUnnamed => "",
            _ => "row_id = \"id\"",
        }
    }

    /// Whether both have the same id, where they are of one date.
    fn same_id(self, a: &Row, b: &Row) -> bool {
        match self {
            Self::DeactivateComposite | Self::DeleteComposite | Self::DeleteExpression => {
                (a.id, a.k1) == (b.id, b.k1)
            }
            Self::DeactivateUnnamed | Self::DeleteUnnamed => {
                let of = |row: &Row| (row.k1, row.k2, row.score, row.created_at, row.id);
                of(a) == of(b)
            }
            _ => a.id == b.id,
        }
    }

    /// Whether the row has an id.
    fn has_id(self, row: &Row) -> bool {
        match self {
            Self::DeactivateComposite
            | Self::DeleteComposite
            | Self::DeactivateUnnamed
            | Self::DeleteUnnamed => true,
            _ => row.id.is_some(),
        }
    }

    pub fn deactivates(self) -> bool {
        self.step() == "deactivate"
    }

    pub fn rewrites(self) -> bool {
        self.step() == "rewrite"
    }

    pub fn merges(self) -> bool {
        matches!(self, Self::Merge | Self::MergeUnnamed)
    }

    pub fn keys(self) -> &'static str {
        match self {
            Self::DeactivateNot => "active = \"NOT active\"\ntouched_at = \"touched\"",
            Self::DeactivateLetter => {
                "active = \"active = 'Y'\"\ndeactivate = \"active = 'N'\"\ntouched_at = \"touched\""
            }
            Self::DeactivateTime => "active = \"active IS NULL\"\ntouched_at = \"touched\"",
            Self::DeleteLetter => {
                "active = \"active = 'Y'\"\ndeactivate = \"active = 'N'\"\nstrategy = \"delete\""
            }
            Self::RewriteTime => "active = \"active IS NULL\"\nstrategy = \"rewrite\"",
            Self::Deactivate | Self::DeactivateComposite | Self::DeactivateUnnamed => {
                "active = \"active\"\ntouched_at = \"touched\""
            }
            Self::Delete | Self::DeleteComposite | Self::DeleteExpression | Self::DeleteUnnamed => {
                "active = \"active\"\nstrategy = \"delete\""
            }
            Self::DeleteAny => "strategy = \"delete\"",
            Self::Rewrite | Self::RewriteUnnamed => "active = \"active\"\nstrategy = \"rewrite\"",
            Self::Merge | Self::MergeUnnamed => {
                "active = \"active\"\nstrategy = \"rewrite\"\nmerge = \"last_non_null\""
            }
        }
    }

    pub fn step(self) -> &'static str {
        match self {
            Self::Deactivate
            | Self::DeactivateNot
            | Self::DeactivateLetter
            | Self::DeactivateTime
            | Self::DeactivateComposite
            | Self::DeactivateUnnamed => "deactivate",
            Self::Rewrite
            | Self::RewriteTime
            | Self::RewriteUnnamed
            | Self::Merge
            | Self::MergeUnnamed => "rewrite",
            _ => "delete",
        }
    }

    pub fn counts(self, row: &Row) -> bool {
        self == Self::DeleteAny || row.active == Some(true)
    }
}

pub fn cures() -> impl Strategy<Value = Cure> {
    prop_oneof![
        14 => single(),
        2 => prop_oneof![Just(Cure::Merge), Just(Cure::MergeUnnamed)],
    ]
}

/// Those whose survivors stay as they are.
pub fn single() -> impl Strategy<Value = Cure> {
    prop_oneof![
        Just(Cure::Deactivate),
        Just(Cure::Delete),
        Just(Cure::DeleteAny),
        Just(Cure::Rewrite),
        Just(Cure::DeactivateNot),
        Just(Cure::DeactivateLetter),
        Just(Cure::DeactivateTime),
        Just(Cure::DeleteLetter),
        Just(Cure::RewriteTime),
        Just(Cure::DeactivateComposite),
        Just(Cure::DeleteComposite),
        Just(Cure::DeleteExpression),
        Just(Cure::DeactivateUnnamed),
        Just(Cure::DeleteUnnamed),
        Just(Cure::RewriteUnnamed),
    ]
}

const RULE: &str = r#"
[rule.p]
table = "a.b"
partition = "d"
key = ["k1", "k2"]
keep = ["score DESC", "created_at DESC", "id"]
ROWID
keep_rows = true
written_at = "created_at"
CURE
[rule.p.columns]
n = "INT64"
d = "DATE"
k1 = "STRING"
k2 = "NUMERIC"
score = "NUMERIC"
id = "STRING"
active = "FORM"
created_at = "TIMESTAMP"
email = "STRING"
worth = "NUMERIC"
touched = "TIMESTAMP"
"#;

/// Minutes after midnight of 2026-01-30.
pub const NOW: i64 = 600;
pub const SETTLE: i64 = 90;

#[derive(Debug, Clone)]
pub struct Row {
    pub n: i64,
    /// The day of January; 0 for none.
    pub day: u8,
    pub k1: Option<u8>,
    pub k2: Option<u8>,
    pub score: Option<u8>,
    pub id: Option<u8>,
    pub active: Option<bool>,
    /// Minute of writing as the row tells it.
    pub created_at: Option<i64>,
    /// Minute in which it really was streamed, if it was.
    pub streamed: Option<i64>,
    /// What its survivor may take over.
    pub values: [Option<u8>; 2],
}

pub fn minute(minute: i64) -> Timestamp {
    "2026-01-30T00:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_mins(minute)
}

pub fn rows() -> impl Strategy<Value = Vec<Row>> {
    // Mostly distinct ids: shared ids stop a date, and then nothing else would be seen of it.
    let id = prop_oneof![1 => Just(None), 40 => any::<u8>().prop_map(Some)];
    let row = (
        prop_oneof![1 => Just(0), 10 => 1..=2u8],
        prop::option::weighted(0.8, 0..3u8),
        prop::option::weighted(0.8, 0..2u8),
        prop::option::weighted(0.8, 8..12u8),
        id,
        prop::option::weighted(0.95, prop::bool::weighted(0.85)),
        prop::option::weighted(0.95, prop_oneof![3 => 0..400i64, 1 => 500..600i64]),
        prop::option::weighted(0.1, 480..600i64),
        prop::array::uniform2(prop::option::weighted(0.5, 0..9u8)),
    );
    prop::collection::vec(row, 0..24).prop_map(|rows| {
        let row = |(n, (day, k1, k2, score, id, active, created_at, streamed, values))| Row {
            n: n as i64,
            day,
            k1,
            k2,
            score,
            id,
            active,
            // Most streamed rows say when they came; some look older than they are.
            created_at: match streamed {
                Some(minute) if minute % 8 != 0 => Some(minute),
                _ => created_at,
            },
            streamed,
            values,
        };
        rows.into_iter().enumerate().map(row).collect()
    })
}

/// What must come of a date: the numbers of the rows that are taken out, and the figures.
#[derive(Debug, PartialEq, Default, Clone)]
pub struct Expected {
    pub taken_out: Vec<i64>,
    pub active: u64,
    pub keys: u64,
    pub duplicates: u64,
    pub buffered: u64,
    pub shared_ids: u64,
    pub deactivated: u64,
}

pub struct Oracle {
    pub cure: Cure,
    pub cutoff: i64,
    pub now: i64,
}

impl Oracle {
    pub fn at(cure: Cure, now: i64, rows: &[Row]) -> Self {
        let oldest = rows.iter().filter(|r| is_buffered(r, now)).filter_map(|r| r.streamed).min();
        Self { cure, cutoff: oldest.map_or(now, |oldest| oldest.min(now - SETTLE)), now }
    }

    pub fn settled(&self, row: &Row) -> bool {
        row.created_at.is_none_or(|written| written < self.cutoff)
    }

    pub fn day(&self, rows: &[Row]) -> Expected {
        let rewrites = self.cure.rewrites();
        let active: Vec<&Row> = rows.iter().filter(|row| self.cure.counts(row)).collect();
        let mut keys: BTreeMap<(Option<u8>, Option<u8>), Vec<&Row>> = BTreeMap::new();
        for row in &active {
            keys.entry((row.k1, row.k2)).or_default().push(row);
        }
        let (mut superseded, mut touchable) = (Vec::new(), Vec::new());
        for rows in keys.values_mut() {
            rows.sort_by(|a, b| survival(a, b));
            superseded.extend(rows.iter().skip(1).copied());
            // Where the survivor takes their values, all rows of a key are settled or none is touched.
            let ready = !self.cure.merges() || rows.iter().all(|row| self.settled(row));
            let settled = |row: &&Row| ready && self.settled(row);
            touchable.extend(rows.iter().skip(1).copied().filter(settled));
        }
        let shares_id = |row: &&&Row| {
            !self.cure.has_id(row)
                || active.iter().filter(|other| self.cure.same_id(other, row)).count() > 1
        };
        let shared_ids = match rewrites {
            true => 0,
            false => active.iter().filter(shares_id).count() as u64,
        };
        // A rewrite waits for buffered duplicates, and touches every settled row.
        let waits = rewrites && touchable.len() < superseded.len();
        let changed = if rewrites { &active } else { &touchable };
        let changed = changed.iter().filter(|row| !touchable.is_empty() && self.settled(row));
        let refused = !waits && changed.clone().any(|row| is_buffered(row, self.now));
        let deactivated = match shared_ids > 0 || refused || waits {
            true => Vec::new(),
            false => touchable.clone(),
        };
        let waiting = if refused && shared_ids == 0 {
            superseded.len()
        } else {
            superseded.len() - touchable.len()
        };
        Expected {
            taken_out: deactivated.iter().map(|row| row.n).collect(),
            active: active.len() as u64,
            keys: keys.len() as u64,
            duplicates: superseded.len() as u64,
            buffered: waiting as u64,
            shared_ids,
            deactivated: deactivated.len() as u64,
        }
    }
}

/// `score DESC, created_at DESC, id`, with NULL as the smallest value, as in BigQuery. Where
/// shared ids are told apart, by their JSON, which begins with the number.
pub fn survival(a: &Row, b: &Row) -> Ordering {
    let json = |row: &Row| format!("{{\"n\":{},", row.n);
    let key = |row: &Row| (Reverse(row.score), Reverse(row.created_at), row.id, json(row));
    key(a).cmp(&key(b))
}

/// Whether the warehouse refuses to touch the row.
pub fn is_buffered(row: &Row, now: i64) -> bool {
    row.streamed.is_some_and(|streamed| streamed + SETTLE > now)
}

/// Whether each statement did what it should: skipped dates are a failure of the run, and none of its statements.
pub fn has_worked(report: &Report) -> bool {
    report.problems.iter().all(|problem| problem.kind() == Kind::SharedIds)
}

pub struct World {
    pub cure: Cure,
    pub way: Way,
    pub file: RuleFile,
    pub rows: Vec<Row>,
    pub templates: Templates,
    pub warehouse: Sqlite,
    pub _folder: TempDir,
}

impl World {
    pub fn new(cure: Cure, rows: &[Row], now: i64) -> Self {
        Self::cut(Way::Date, cure, rows, now)
    }

    /// A table that is cut into dates in this way.
    pub fn cut(way: Way, cure: Cure, rows: &[Row], now: i64) -> Self {
        Self::sharing(way, cure, 1, rows, now)
    }

    /// The same; so many dates share a statement that removes rows.
    pub fn sharing(way: Way, cure: Cure, dates: u8, rows: &[Row], now: i64) -> Self {
        let shares = !matches!(way, Way::Shards | Way::Whole);
        let keys = shares.then(|| format!("dates_per_statement = {dates}"));
        let text = way.rule(&text(cure, &keys.unwrap_or_default()));
        Self::filled(way, cure, RuleFile::parse("onerow.toml", &text).unwrap(), rows, now)
    }

    pub fn of(cure: Cure, file: RuleFile, rows: &[Row], now: i64) -> Self {
        Self::filled(Way::Date, cure, file, rows, now)
    }

    fn filled(way: Way, cure: Cure, file: RuleFile, rows: &[Row], now: i64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.db");
        // No table holds the rows without a date.
        let on_a_date = |row: &&Row| way != Way::Shards || row.day > 0;
        let rows: &[Row] = &rows.iter().filter(on_a_date).cloned().collect::<Vec<_>>();
        let warehouse = Self::fill((way, cure), &path, &file.rules[0], rows, now);
        let templates = Templates::shipped();
        Self { cure, way, file, templates, rows: rows.to_vec(), warehouse, _folder: folder }
    }

    /// Each streamed row comes through a warehouse whose clock stands at its minute.
    fn fill((way, cure): (Way, Cure), path: &Path, rule: &Rule, rows: &[Row], now: i64) -> Sqlite {
        let drain = SignedDuration::from_mins(SETTLE);
        let mut minutes: Vec<Option<i64>> = rows.iter().map(|row| row.streamed).collect();
        minutes.push(None);
        minutes.sort_unstable();
        minutes.dedup();
        for streamed in minutes {
            let clock = Clock::Fixed(minute(streamed.unwrap_or(0)));
            let warehouse = Sqlite::open(path, Access::Create, clock, drain).unwrap();
            let streaming =
                if streamed.is_some() { Streaming::Streamed } else { Streaming::Settled };
            let rows: Vec<&Row> = rows.iter().filter(|row| row.streamed == streamed).collect();
            for (table, day) in tables(way, rule) {
                let is_in = |row: &&&Row| day.is_none_or(|day| row.day == day);
                let mut cells = rows
                    .iter()
                    .filter(is_in)
                    .map(|row| {
                        let mut cells = cells(way, row);
                        cells[6] = cure.form().cell(row.active);
                        Ok(cells)
                    })
                    .peekable();
                // The second date has a table where it has rows.
                if day != Some(2) || cells.peek().is_some() {
                    warehouse
                        .load(&table, &rule.columns, &rule.nested, &mut cells, streaming)
                        .unwrap();
                }
            }
        }
        Sqlite::open(path, Access::ReadWrite, Clock::Fixed(minute(now)), drain).unwrap()
    }

    pub fn rule(&self) -> &Rule {
        &self.file.rules[0]
    }

    pub fn apply(&self, now: i64) -> Report {
        let window = match self.way {
            Way::Whole => Window::whole(),
            _ => Window::range(day(1), day(2)).unwrap(),
        };
        self.with_context(now, |context| {
            let steps = plan::steps_of(context.renderer);
            let plan = plan::plan(context.renderer, &steps, &window).unwrap().unwrap();
            run::apply(context, &plan).unwrap()
        })
    }

    pub fn undo(&self, now: i64, run: &str) -> Undone {
        self.with_context(now, |context| run::undo(context, &Which::Id(run.to_owned())).unwrap())
    }

    pub fn with_context<T>(&self, now: i64, act: impl FnOnce(&Context<'_>) -> T) -> T {
        let renderer = Renderer::new(self.rule(), &self.templates, &[]).unwrap();
        let context = Context {
            renderer: &renderer,
            warehouse: &self.warehouse,
            ledger: &self.warehouse,
            clock: Clock::Fixed(minute(now)),
            who: "test",
            progress: &Silent,
            interrupt: &Interrupt::default(),
            limits: Limits::default(),
            run: None,
        };
        act(&context)
    }

    /// Every row of the table, but for the time of its last change.
    pub fn table(&self) -> Vec<Vec<SqlValue>> {
        let there = tables(self.way, self.rule()).into_iter().map(|(table, _)| table);
        let there = there.filter(|table| self.warehouse.describe(table).is_ok());
        let all: Vec<String> =
            there.map(|table| format!("SELECT * EXCEPT (touched) FROM {table}")).collect();
        let sql = format!("SELECT * FROM (\n{}\n) ORDER BY n", all.join("\nUNION ALL\n"));
        let step = StepName::parse("look").unwrap();
        let statement = Statement::new(step.clone(), Window::day(day(1)), sql);
        let checked = check::run(self.rule(), statement).unwrap();
        let id = JobId::derive("look", 1, &step, day(1));
        let job = Job { id: &id, run: "look", rule: &self.rule().name };
        let Returned::Rows(rows) =
            self.warehouse.submit(&job, &checked, &Params::none()).unwrap().result
        else {
            panic!("a query answers with rows");
        };
        let form = self.cure.form();
        let seen = |mut cells: Vec<SqlValue>| {
            cells[6] = form.seen(&cells[6]);
            cells
        };
        rows.rows.into_iter().map(seen).collect()
    }

    /// The keys of each date that have an active row now.
    pub fn keys(&self) -> Vec<String> {
        let active = self.table().into_iter().filter(|cells| cells[6] == SqlValue::Bool(true));
        let mut keys: Vec<String> = active.map(|cells| format!("{:?}", &cells[1..4])).collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    }

    /// The row as it is once these are taken out: a survivor has, of each value, the first of its key that is there.
    fn put_together(&self, row: &Row, taken_out: &[i64]) -> Row {
        let of_key = |a: &&Row| {
            let key = |row: &Row| (self.way.group(row.day), row.k1, row.k2);
            key(a) == key(row) && self.cure.counts(a)
        };
        let mut rows: Vec<&Row> = self.rows.iter().filter(of_key).collect();
        rows.sort_by(|a, b| survival(a, b));
        let goes = |row: &&Row| taken_out.contains(&row.n);
        if !self.cure.merges() || !self.cure.counts(row) || !rows.iter().any(goes) {
            return row.clone();
        }
        let first = |i: usize| rows.iter().find_map(|row| row.values[i]);
        Row { values: [first(0), first(1)], ..row.clone() }
    }

    /// The rows that there were, without those that are taken out, or with their flag set to FALSE.
    pub fn without(&self, taken_out: &[i64]) -> Vec<Vec<SqlValue>> {
        let stays = |row: &Row| match taken_out.contains(&row.n) {
            true if self.cure.deactivates() => Some(Row { active: Some(false), ..row.clone() }),
            true => None,
            false => Some(self.put_together(row, taken_out)),
        };
        let mut rows: Vec<Row> = self.rows.iter().filter_map(stays).collect();
        rows.sort_by_key(|row| row.n);
        let form = self.cure.form();
        let visible = |row: &Row| {
            let mut cells = cells(self.way, row);
            cells[6] = form.seen(&form.cell(row.active));
            cells.pop();
            cells
        };
        rows.iter().map(visible).collect()
    }

    pub fn expected(&self, now: i64) -> Vec<Expected> {
        let oracle = Oracle::at(self.cure, now, &self.rows);
        let of_day = |day| oracle.day(&self.of_group(day));
        match self.way {
            Way::Whole => vec![of_day(1)],
            _ => vec![of_day(1), of_day(2)],
        }
    }

    /// What must be found of the rows without a date.
    pub fn expected_undated(&self, now: i64) -> Expected {
        Oracle::at(self.cure, now, &self.rows).day(&self.of_group(0))
    }

    fn of_group(&self, group: u8) -> Vec<Row> {
        let of_group = |row: &&Row| self.way.group(row.day) == group;
        self.rows.iter().filter(of_group).cloned().collect()
    }
}

/// The tables that rows are in, each with the day whose rows it holds, where it does not hold all.
fn tables(way: Way, rule: &Rule) -> Vec<(TableName, Option<u8>)> {
    match way {
        Way::Shards => [1, 2].map(|number| (rule.table_on(day(number)), Some(number))).into(),
        _ => vec![(rule.table.clone(), None)],
    }
}

/// The rule file, with these keys too.
pub fn file(cure: Cure, keys: &str) -> RuleFile {
    RuleFile::parse("onerow.toml", &text(cure, keys)).unwrap()
}

fn text(cure: Cure, keys: &str) -> String {
    let keys = format!("{}\n{keys}", cure.keys());
    let text = RULE.replace("CURE", &keys).replace("ROWID", cure.row_id());
    text.replace("FORM", cure.form().sql_type())
}

pub fn day(number: u8) -> Day {
    Day::parse(&format!("2026-01-0{number}")).unwrap()
}

pub fn cells(way: Way, row: &Row) -> Vec<SqlValue> {
    let or_null = |value: Option<SqlValue>| value.unwrap_or(SqlValue::Null);
    let numeric = |n: u8| SqlValue::parse(&n.to_string(), SqlType::Numeric).unwrap();
    vec![
        SqlValue::Int64(row.n),
        way.value((row.day > 0).then(|| day(row.day)), row.n),
        or_null(row.k1.map(|k| SqlValue::String(format!("key {k}")))),
        or_null(row.k2.map(numeric)),
        or_null(row.score.map(numeric)),
        or_null(row.id.map(|id| SqlValue::String(format!("{id:03}")))),
        or_null(row.active.map(SqlValue::Bool)),
        or_null(row.created_at.map(|m| SqlValue::Timestamp(minute(m)))),
        or_null(row.values[0].map(|value| SqlValue::String(format!("{value}@example.org")))),
        or_null(row.values[1].map(numeric)),
        SqlValue::Null,
    ]
}
