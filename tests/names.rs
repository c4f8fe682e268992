//! What a column is called makes no difference: the names of the tool's own columns, of the table, of
//! keywords and of date parts are those of columns like any other.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use onerow::clock::Clock;
use onerow::engine::{Engine, RunOptions, Streaming, Task};
use onerow::googlesql::{SqlType, SqlValue, TableName};
use onerow::project::Project;
use onerow::removals::COLUMNS;
use onerow::run::{RunId, Which};
use onerow::template::Template;
use onerow::window::{Day, Window};
use serde_json::Value as Json;

use crate::analyzer::{analyze, request, statements, texts};
use crate::common::part;
use crate::common::silent::Silent;

/// Names that shipped templates give to columns and relations, and that people give to columns.
const NAMES: &str = "date rank copies settled row_id id survivor key_1 keep_1 survivor_keep_1 times \
    matches others removes removed found before_image changes staged staging_table active keys \
    duplicates buffered shared_ids keys_lost inserts updates rule window staging custom \
    order select group from all hour month week timestamp default value values \
    rowid _rowid_ sqlite_master";

/// BigQuery's flexible column names: what has to stand in backquotes, and what could be taken for more than a name.
const FLEXIBLE: [&str; 12] = [
    "Order ID",
    "größe",
    "2026 total",
    "注文番号",
    "मूल्य",
    "a -- b",
    "it's",
    "<b>&",
    "# x",
    "a:b=c%d+e",
    "x|y|z",
    "GRÖSSE",
];

/// In this order: the partition, the key, the order of survival, the row id, the active flag, and the
/// times of writing and of deactivation.
const ROLES: usize = 7;
/// Columns without a role.
const OTHERS: usize = 5;
const KINDS: [SqlType; 4] = [SqlType::Date, SqlType::Timestamp, SqlType::Int64, SqlType::Datetime];
const STRATEGIES: [&str; 3] = ["deactivate", "delete", "rewrite"];

fn names() -> Vec<String> {
    let own = NAMES.split_whitespace().chain(COLUMNS.iter().map(|(name, _)| *name));
    let mut names: Vec<String> = own.chain(FLEXIBLE).map(str::to_owned).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// A table whose columns have these names: first those with roles.
struct Table {
    names: Vec<String>,
    /// Which of all names comes first.
    turn: usize,
    strategy: &'static str,
    /// Whether the table is called like one of the columns that have a role.
    is_namesake: bool,
}

impl Table {
    fn column(&self, role: usize) -> &str {
        &self.names[role]
    }

    fn kind(&self) -> SqlType {
        KINDS[self.turn % KINDS.len()]
    }

    fn type_of(&self, column: usize) -> SqlType {
        match column {
            0 => self.kind(),
            2 | 5 | 6 => SqlType::Timestamp,
            4 => SqlType::Bool,
            _ => SqlType::String,
        }
    }

    fn project(&self) -> Project {
        let [partition, key, keep, row_id, active, written_at, touched_at] =
            std::array::from_fn::<&str, ROLES, _>(|role| self.column(role));
        let namesake = self.column(self.turn / 2 % ROLES);
        let table = match TableName::parse(&format!("d.{namesake}")) {
            Ok(_) if self.is_namesake => namesake,
            _ => "t_1",
        };
        let (own, touched_at) = match self.strategy {
            "deactivate" => ("\"own\", ", format!("touched_at = \"{touched_at}\"")),
            _ => ("", "keep_rows = true".to_owned()),
        };
        let (strategy, kind) = (self.strategy, self.kind());
        let rule = format!("{strategy}_{}", self.turn);
        let listed: Vec<String> = (0..self.names.len())
            .map(|i| format!("\"{}\" = \"{}\"", self.names[i], self.type_of(i)))
            .collect();
        let text = format!(
            r#"
[rule.{rule}]
table = "d_{rule}.{table}"
strategy = "{strategy}"
partition = "{partition}"
partition_type = "{kind}"
key = ["`{key}`"]
keep = ["`{keep}` DESC", "`{row_id}` DESC"]
row_id = "{row_id}"
active = "{active}"
written_at = "{written_at}"
{touched_at}
steps = [{own}"detect", "{strategy}", "verify"]
[rule.{rule}.staging]
tables = ["s_{rule}.{table}"]
[rule.{rule}.columns]
{}
"#,
            listed.join("\n")
        );
        let own = "UPDATE {{ rule.table }} AS own_row\nSET {{ rule.active }} = FALSE\nWHERE {{ window.filter }}\n  \
                   AND {{ rule.written_at }} < @cutoff\n  AND {{ rule.row_id }} = 'r5'\n";
        let template =
            |path: &str, text: &str| Template { path: path.to_owned(), text: text.into() };
        let sql = match strategy {
            "deactivate" => vec![("own.sql".into(), template("own.sql", own))],
            _ => Vec::new(),
        };
        let rules = template("onerow.toml", &text);
        Project::of(Path::new("."), &rules, sql).unwrap_or_else(|error| panic!("{error}\n{text}"))
    }

    /// Columns without a role hold the id of another row, which nothing may take for the row's own.
    fn row(&self, id: usize, key: &str, minute: usize, active: bool) -> Vec<SqlValue> {
        let time =
            |minute| SqlValue::Timestamp(format!("2026-01-28T06:{minute:02}:00Z").parse().unwrap());
        let cell = |column: usize| match (column, self.kind()) {
            (0, SqlType::Int64) => SqlValue::Int64(20260128),
            (0, SqlType::Date) => SqlValue::parse("2026-01-28", SqlType::Date).unwrap(),
            (0, kind) => SqlValue::parse("2026-01-28 00:00:00", kind).unwrap(),
            (1, _) => SqlValue::String(key.to_owned()),
            (2, _) => time(minute),
            (3, _) => SqlValue::String(format!("r{id}")),
            (4, _) => SqlValue::Bool(active),
            (5, _) => time(0),
            (6, _) => SqlValue::Null,
            _ => SqlValue::String(format!("r{}", (id + column) % 8)),
        };
        (0..self.names.len()).map(cell).collect()
    }

    /// Everything that onerow does to the table, in words.
    fn story(&self) -> String {
        let now: Timestamp = "2026-01-29T12:00:00Z".parse().unwrap();
        let engine = Engine::in_memory(self.project(), Vec::new(), Clock::Fixed(now)).unwrap();
        let rule = &engine.project().file.rules[0];
        let window = Window::day(Day::parse("2026-01-28").unwrap());
        let loader = engine.loader().unwrap();
        let rows = [(1, "a", 1), (2, "a", 2), (3, "a", 3), (4, "b", 1), (5, "b", 0), (6, "c", 1)];
        let rows = rows.map(|(id, key, minute)| self.row(id, key, minute, true));
        let load = |table, rows: &[Vec<SqlValue>]| {
            let mut rows = rows.iter().cloned().map(Ok);
            loader.load(table, &rule.columns, &rule.nested, &mut rows, Streaming::Settled).unwrap();
        };
        load(&rule.table, &rows);
        load(&rule.table, &[self.row(0, "a", 9, false)]);
        load(
            &rule.staging.as_ref().unwrap().tables[0],
            &[self.row(7, "d", 1, true), self.row(8, "b", 9, true)],
        );
        let mut story = Vec::new();
        let held = || {
            let shown = |row: Vec<SqlValue>| {
                let role = |role: usize| row[role].to_string();
                let others = (ROLES..ROLES + OTHERS).map(role).collect::<String>();
                format!("{} {} {} {} {others}", role(3), role(1), role(2), role(4))
            };
            let rows = engine.rows(rule, &window).unwrap().rows.into_iter();
            let mut rows: Vec<String> = rows.map(shown).collect();
            rows.sort_unstable();
            rows.join("\n")
        };
        let counts = || engine.status(rule, &window).unwrap().totals();
        story.push(format!("{:?}", counts()));
        story.push(format!("{:?}", engine.explain(rule, &window).unwrap()));
        let options = || RunOptions {
            id: RunId::new(now),
            who: "test",
            wait: Duration::ZERO,
            progress: &Silent,
        };
        let mut run = |task: Task| {
            let plan = engine.plan(rule, &task, &window).unwrap();
            let report = engine.run(&plan, options()).unwrap();
            story.push(format!("{task:?} {:?} {:?}", report.problems, report.totals()));
            story.push(held());
        };
        run(Task::Apply);
        let undone = engine.undo(rule, &Which::Last, options()).unwrap();
        story.push(format!("{:?} {:?}\n{}", undone.days, undone.problems, held()));
        let mut run = |task: Task| {
            let plan = engine.plan(rule, &task, &window).unwrap();
            let report = engine.run(&plan, options()).unwrap();
            story.push(format!("{task:?} {:?} {:?}", report.problems, report.totals()));
            story.push(held());
        };
        run(Task::Consolidate);
        run(Task::Apply);
        story.push(format!("{:?}", counts()));
        story.join("\n")
    }
}

/// Each name has each role once, in tables with every strategy; every second table is called like one of
/// its own columns.
fn tables() -> impl Iterator<Item = Table> {
    let names = names();
    (0..names.len() * STRATEGIES.len()).map(move |i| {
        let turn = i / STRATEGIES.len();
        let names = names.iter().cycle().skip(turn).take(ROLES + OTHERS).cloned().collect();
        let (strategy, is_namesake) = (STRATEGIES[i % STRATEGIES.len()], turn % 2 == 1);
        Table { names, turn, strategy, is_namesake }
    })
}

/// The names that a table's columns with roles have, for the messages of tests.
fn title(table: &Table) -> String {
    let roles: Vec<&str> = (0..ROLES).map(|role| table.column(role)).collect();
    format!("{} of {}, namesake {}", table.strategy, roles.join(", "), table.is_namesake)
}

#[test]
fn shipped_templates_have_no_findings_whatever_columns_are_called() {
    let window = Window::day(Day::parse("2026-01-28").unwrap());
    for table in part::of(tables(), 4) {
        let engine = Engine::in_memory(table.project(), Vec::new(), Clock::System).unwrap();
        let inspected = engine.check(&engine.project().file.rules[0], None, &window).unwrap();
        assert!(inspected.findings.is_empty(), "{}: {:#?}", title(&table), inspected.findings);
        assert!(inspected.statements > 8, "{}", inspected.statements);
    }
}

#[test]
fn statements_do_the_same_whatever_columns_are_called() {
    let plain: Vec<String> = (0..ROLES + OTHERS).map(|i| format!("c{i}")).collect();
    let mut stories: BTreeMap<(&str, usize), String> = BTreeMap::new();
    for table in part::of(tables(), 8) {
        let (strategy, turn, names) = (table.strategy, table.turn % KINDS.len(), plain.clone());
        let expected = || Table { names, turn, strategy, is_namesake: false }.story();
        let expected = stories.entry((strategy, turn)).or_insert_with(expected);
        let story = table.story();
        let mut lines = story.lines().zip(expected.lines());
        let differing = lines.find(|(one, other)| one != other);
        assert!(differing.is_none(), "{}: {differing:#?}", title(&table));
        assert_eq!(story, *expected);
    }
    let told = |part: &str| stories.values().filter(|story| story.contains(part)).count();
    let all = stories.len();
    assert_eq!((told("Restored { rows: "), told("r7 d")), (all, all));
}

#[test]
fn statements_are_googlesql_whatever_columns_are_called() {
    let of = |table: Table| {
        let project = table.project();
        let rule = &project.file.rules[0];
        // To the analyzer a table's whole name is one word; in BigQuery its last part names the rows.
        let named = format!("AS `{}` FOR SYSTEM_TIME", rule.table.table());
        let statements = statements(rule, &project.templates);
        request(rule, texts(&statements).map(|sql| sql.replace("FOR SYSTEM_TIME", &named)))
    };
    let requests: Vec<Json> = part::of(tables(), 104).map(of).collect();
    let Some(analyzed) = analyze(&requests) else { return };
    assert!(analyzed.len() > part::cases(500, 30), "{}", analyzed.len());
    let refused: Vec<String> = analyzed
        .into_iter()
        .filter_map(|(sql, error)| Some(format!("{}\n{sql}", error?)))
        .collect();
    let shown = refused.iter().take(5).cloned().collect::<Vec<_>>().join("\n\n");
    assert!(refused.is_empty(), "{} are refused:\n{shown}", refused.len());
}
