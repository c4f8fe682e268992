//! A second opinion on our SQL, from Google's own analyzer and reference implementation: what we
//! render is GoogleSQL, and the embedded warehouse answers what GoogleSQL means. Tests begin in the order of their
//! names, and the analyzer takes long: its name is early.

use std::path::Path;

use jiff::SignedDuration;
use onerow::check;
use onerow::clock::Clock;
use onerow::googlesql::{Ident, Nested, SqlType, SqlValue};
use onerow::project::Project;
use onerow::removals::{COLUMNS, RemovalLog};
use onerow::rule::{Rule, RuleFile, Scope};
use onerow::statement::{Params, Statement, StepName};
use onerow::template::{Renderer, Templates};
use onerow::warehouse::sqlite::{Sqlite, Streaming};
use onerow::warehouse::{Job, JobId, Returned, Warehouse};
use onerow::window::{Day, Window};
use serde_json::{Map, Value as Json, json};

use crate::common::{google, part};

/// Rules with every type of partition, expressions in keys, and names that have to be quoted.
fn odd_rules() -> RuleFile {
    let kinds = [
        ("dates", "order", "DATE"),
        ("datetimes", "order", "DATETIME"),
        ("timestamps", "order", "TIMESTAMP"),
        ("numbers", "order", "INT64"),
        ("texts", "order", "STRING"),
        ("beginnings", "order", "STRING"),
        ("whole", "none", "DATE"),
        ("shards", "_TABLE_SUFFIX", "DATE"),
        ("arrival_times", "_PARTITIONTIME", "TIMESTAMP"),
        ("arrival_dates", "_PARTITIONDATE", "DATE"),
        ("month_dates", "order", "DATE"),
        ("month_numbers", "order", "INT64"),
        ("month_arrival_times", "_PARTITIONTIME", "TIMESTAMP"),
        ("local_timestamps", "order", "TIMESTAMP"),
        ("near_dates", "order", "DATE"),
        ("near_timestamps", "order", "TIMESTAMP"),
        ("near_arrival_times", "_PARTITIONTIME", "TIMESTAMP"),
        ("merged_dates", "order", "DATE"),
        ("merged_numbers", "order", "INT64"),
        ("merged_whole", "none", "DATE"),
        ("merged_shards", "_TABLE_SUFFIX", "DATE"),
        ("merged_arrival_times", "_PARTITIONTIME", "TIMESTAMP"),
    ];
    let cures = ["deactivate", "delete", "rewrite"];
    let mut text = String::new();
    let with_cure = kinds.iter().flat_map(|kind| cures.map(|cure| (kind, cure)));
    let can_be = |(kind, cure): &(&(&str, &str, &str), &str)| {
        !kind.0.starts_with("merged") || *cure == "rewrite"
    };
    for (kind, cure) in with_cure.filter(can_be) {
        let format = match kind.0 {
            "beginnings" => "partition_format = \"yyyymmdd*\"",
            _ => "",
        };
        let read_as = match kind.0 {
            "whole" | "shards" | "merged_whole" | "merged_shards" => String::new(),
            _ => format!("partition_type = \"{}\"", kind.2),
        };
        let (name, partition, kind) = (format!("{}_{cure}", kind.0), kind.1, kind.2);
        let touched = if kind == "DATETIME" { "DATETIME" } else { "TIMESTAMP" };
        let (written, unit) = match kind {
            "DATETIME" => ("DATETIME", ""),
            "INT64" => ("INT64", "written_unit = \"micros\""),
            _ => ("TIMESTAMP", ""),
        };
        let touched_at = match cure {
            "deactivate" => "touched_at = \"touched\"",
            _ => "",
        };
        let across = match name.split('_').next() {
            Some("near") => "across = \"2d\"",
            Some("local") => "time_zone_dates = \"America/New_York\"",
            Some("merged") => "merge = \"last_non_null\"",
            Some("month") => "partition_granularity = \"MONTH\"",
            _ => "",
        };
        let staging = match partition {
            "order" | "none" if !name.starts_with("merged") => format!(
                "[rule.{name}.staging]\ntables = [\"my-project.nba.staged_1\", \"nba.staged_2\"]\n"
            ),
            _ => String::new(),
        };
        let (shards, column) = match partition {
            "_TABLE_SUFFIX" => ("_*", String::new()),
            _ => ("", format!("{partition} = \"{kind}\"")),
        };
        text.push_str(&format!(
            r#"
[rule.{name}]
table = "my-project.nba.{name}{shards}"
strategy = "{cure}"
partition = "{partition}"
{read_as}
{format}
keep_rows = true
{across}
key = ["LOWER(player)", "COALESCE(team, '?')", "points_line", "`group`"]
keep = ["is_final DESC", "created_at DESC NULLS LAST", "`select` ASC"]
row_id = "select"
active = "from"
{touched_at}
written_at = "created_at"
{unit}
[rule.{name}.columns]
{column}
player = "STRING"
team = "STRING"
points_line = "NUMERIC"
group = "INT64"
is_final = "BOOL"
created_at = "{written}"
select = "STRING"
from = "BOOL"
touched = "{touched}"
{staging}"#
        ));
    }
    RuleFile::parse("onerow.toml", &text).unwrap()
}

fn windows() -> Vec<Window> {
    let day = |text: &str| Day::parse(text).unwrap();
    vec![
        Window::day(day("2026-01-28")),
        Window::range(day("2026-01-20"), day("2026-01-29")).unwrap(),
        Window::of_days(vec![day("2026-01-20"), day("2026-01-22"), day("2026-01-23")]).unwrap(),
    ]
}

fn whole(of: &Nested) -> Json {
    match of {
        Nested::Scalar(sql_type) => json!(sql_type.to_string()),
        Nested::Array(element) => json!({ "array": whole(element) }),
        Nested::Struct(fields) => {
            let fields = fields.iter().map(|(name, of)| json!([name.as_str(), whole(of)]));
            json!({ "struct": fields.collect::<Vec<_>>() })
        }
    }
}

/// What [`analyze`] takes: the rule's tables, and statements about them.
pub fn request<S: AsRef<str>>(rule: &Rule, statements: impl IntoIterator<Item = S>) -> Json {
    let sql = statements.into_iter().map(|sql| json!(sql.as_ref()));
    let mut columns = types_of(rule);
    let mut set_aside = columns.clone();
    if rule.partition.is_by_arrival() {
        // BigQuery has both, whichever the rule names.
        columns.extend([
            ("_PARTITIONTIME".to_owned(), "TIMESTAMP".into()),
            ("_PARTITIONDATE".to_owned(), "DATE".into()),
        ]);
        set_aside.retain(|name, _| !name.starts_with("_PARTITION"));
        set_aside.insert("onerow_arrived".to_owned(), "TIMESTAMP".into());
    }
    let log = RemovalLog::embedded();
    let logged: Map<String, Json> =
        COLUMNS.map(|(name, t)| (name.to_owned(), t.to_string().into())).into_iter().collect();
    let mut tables = json!({ log.table.dotted(): logged });
    let staging = rule.staging.iter().flat_map(|staging| &staging.tables);
    for table in std::iter::once(&rule.table).chain(staging) {
        tables[table.dotted()] = json!(columns);
    }
    for window in windows().iter().filter(|_| rule.partition.is_sharded()) {
        for day in window.days() {
            tables[rule.table_on(*day).dotted()] = json!(columns);
        }
    }
    tables[format!("{}_{}", log.before_image.dotted(), rule.name)] = json!(set_aside);
    json!({
        "tables": tables,
        "parameters": {
            "cutoff": rule.written_as.sql_type().to_string(), "run_id": "STRING", "run_started_at": "TIMESTAMP",
            "record_id": "STRING", "undone_run": "STRING", "undone_run_started_at": "TIMESTAMP", "removed_since": "TIMESTAMP",
            "undone_record": "STRING", "recorded_by": "STRING", "before": "TIMESTAMP",
        },
        "sql": sql.collect::<Vec<_>>(),
    })
}

/// Asks the analyzer of statements, each request with tables, parameters and the statements about them: all
/// statements, each with its error if it has one.
pub fn analyze(requests: &[Json]) -> Option<Vec<(String, Option<String>)>> {
    let answer = google::ask(&json!({ "analyze": requests }))?;
    let text = |value: &Json| value.as_str().map(str::to_owned);
    let of = |(request, errors): (&Json, &Json)| {
        let statements = request["sql"].as_array().unwrap().iter().map(|sql| text(sql).unwrap());
        let errors = errors.as_array().unwrap();
        assert_eq!(statements.len(), errors.len());
        statements.zip(errors.iter().map(text)).collect::<Vec<_>>()
    };
    let errors = answer["analyze"].as_array().unwrap();
    assert_eq!(requests.len(), errors.len());
    Some(requests.iter().zip(errors).flat_map(of).collect())
}

/// What is executed, statement by statement.
pub fn texts(statements: &[Statement]) -> impl Iterator<Item = &str> {
    statements.iter().map(|statement| statement.sql.as_str())
}

/// Every statement of every step of a rule. One that is about one date differs from that of another
/// date in the date alone, so one of them is enough.
pub fn statements(rule: &Rule, templates: &Templates) -> Vec<Statement> {
    let renderer = Renderer::new(rule, templates, &[]).unwrap();
    let windows = windows();
    let mut statements = Vec::new();
    for step in renderer.steps() {
        let windows = match rule.scope_of(&step) {
            Scope::Window => windows.as_slice(),
            Scope::Date | Scope::Table => &windows[..1],
        };
        for window in windows {
            statements.extend(renderer.render(&step, window).unwrap());
        }
    }
    statements
}

#[test]
fn every_statement_that_is_rendered_is_googlesql() {
    let example = Project::open(Path::new("examples/player_props")).unwrap();
    let cures = Project::open(Path::new("examples/strategies")).unwrap();
    let changes = Project::open(Path::new("examples/change_data")).unwrap();
    let conditions = Project::open(Path::new("examples/conditions")).unwrap();
    let dates = Project::open(Path::new("examples/dates")).unwrap();
    let shapes = Project::open(Path::new("examples/tables")).unwrap();
    let row_ids = Project::open(Path::new("examples/row_ids")).unwrap();
    let odd = odd_rules();
    let shipped = Templates::shipped();
    let rules = example.file.rules.iter().map(|rule| (rule, &example.templates));
    let others = [&cures, &changes, &conditions, &dates, &shapes, &row_ids]
        .into_iter()
        .flat_map(|project| &project.file.rules);
    let others = others.chain(&odd.rules);
    let rules = rules.chain(others.map(|rule| (rule, &shipped)));
    let mut requests: Vec<Json> = part::of(rules, 16)
        .map(|(rule, templates)| request(rule, texts(&statements(rule, templates))))
        .collect();
    // Without these the test proves nothing: an unknown column, and a key that cannot be one.
    let rule = &example.file.rules[0];
    let table = &rule.table;
    let mut float = request(
        rule,
        [format!("SELECT ROW_NUMBER() OVER (PARTITION BY predicted_points) AS n FROM {table}")],
    );
    float["tables"][table.dotted()]["predicted_points"] = "FLOAT64".into();
    // A column that the rule does not list would be lost when rows are written column by column.
    let arrival =
        odd.rules.iter().find(|rule| rule.name.as_str() == "arrival_times_rewrite").unwrap();
    let rewrite = statements(arrival, &shipped).into_iter().find(|s| s.step == *"rewrite").unwrap();
    let mut unlisted = request(arrival, [&rewrite.sql]);
    unlisted["tables"][arrival.table.dotted()]["extra"] = "STRING".into();
    let responses = shapes.file.rule("responses").unwrap();
    let other_case = |name: &str| format!("SELECT {name} FROM {}", responses.table);
    requests.push(request(responses, [&other_case("`GRößE`")]));
    let refused = [
        (unlisted, "UNION ALL have mismatched column count"),
        (request(rule, [&format!("SELECT player_lokup FROM {table}")]), "player_lokup"),
        // The case of letters that are not of ASCII makes another name.
        (request(responses, [&other_case("`GRÖßE`")]), "GRÖßE"),
        (
            request(rule, [&format!("SELECT COUNT(*) AS n FROM {table} WHERE game_date = 5")]),
            "INT64",
        ),
        (float, "DOUBLE"),
    ];
    requests.extend(refused.iter().map(|(request, _)| request.clone()));
    let Some(mut analyzed) = analyze(&requests) else { return };
    let of_refused = analyzed.split_off(analyzed.len() - refused.len());
    assert!(analyzed.len() > part::cases(500, 30), "{}", analyzed.len());
    for (sql, error) in analyzed {
        assert_eq!(error, None, "{sql}");
    }
    for ((_, word), (sql, error)) in refused.iter().zip(of_refused) {
        assert!(error.as_ref().is_some_and(|error| error.contains(word)), "{error:?}: {sql}");
    }
}

#[test]
fn the_list_of_statements_that_the_parser_has_to_read_is_googlesql() {
    let text = include_str!("googlesql/statements.sql");
    let blocks = text.split("\n\n").map(str::trim);
    let blocks: Vec<&str> = blocks.filter(|b| !b.is_empty() && !b.starts_with("--")).collect();
    let mut all = blocks.clone();
    all.push("SELECT id FORM nba.predictions WHERE");
    let Some(answer) = google::ask(&json!({ "parse": all })) else { return };
    let errors = answer["parse"].as_array().unwrap();
    let refused: Vec<_> = blocks.iter().zip(errors).filter(|(_, error)| !error.is_null()).collect();
    assert!(refused.is_empty(), "{refused:#?}");
    assert!(errors.last().unwrap().is_string(), "nonsense has to be refused");
}

/// The columns of each rule after its id and its date.
const OTHERS: &str = r#"
game_id = "STRING"
player = "STRING"
line = "NUMERIC"
is_active = "BOOL"
created_at = "TIMESTAMP""#;

const RULES: &str = r#"
[rule.plain]
table = "nba.predictions"
partition = "game_date"
key = ["game_id", "player", "line"]
keep = ["created_at DESC", "id DESC"]
row_id = "id"
active = "is_active"
written_at = "created_at"
[rule.plain.columns]
id = "STRING"
game_date = "DATE"
OTHERS

[rule.fields]
table = "nba.predictions"
strategy = "rewrite"
partition = "game_date"
key = ["meta.who.player", "line"]
keep = ["meta.n DESC", "meta.seen DESC", "id DESC"]
active = "meta.n != 2"
[rule.fields.columns]
id = "STRING"
game_date = "DATE"
OTHERS
meta = "STRUCT<who STRUCT<player STRING>, seen TIMESTAMP, n INT64>"

[rule.near]
table = "nba.predictions"
partition = "game_date"
across = "1d"
key = ["game_id", "player", "line"]
keep = ["created_at DESC", "id DESC"]
row_id = "id"
active = "is_active"
written_at = "created_at"
[rule.near.columns]
id = "STRING"
game_date = "DATE"
OTHERS

[rule.near_rewrite]
table = "nba.predictions"
partition = "game_date"
across = "2d"
key = ["game_id", "player", "line"]
keep = ["created_at DESC", "id DESC"]
row_id = "id"
strategy = "rewrite"
active = "is_active"
written_at = "created_at"
[rule.near_rewrite.columns]
id = "STRING"
game_date = "DATE"
OTHERS

[rule.shared_ids]
table = "nba.predictions"
strategy = "rewrite"
partition = "game_date"
key = ["game_id", "player"]
keep = ["created_at DESC", "id"]
row_id = "id"
written_at = "created_at"
[rule.shared_ids.columns]
id = "STRING"
game_date = "DATE"
OTHERS

[rule.merged]
table = "nba.predictions"
strategy = "rewrite"
merge = "last_non_null"
partition = "game_date"
key = ["game_id"]
keep = ["created_at DESC", "id"]
active = "is_active"
written_at = "created_at"
[rule.merged.columns]
id = "STRING"
game_date = "DATE"
OTHERS

[rule.expressions]
table = "nba.predictions"
partition = "game_date"
key = ["LOWER(player)", "IFNULL(line, -1)"]
keep = ["line DESC NULLS LAST", "created_at", "id"]
row_id = "id"
active = "is_active"
written_at = "created_at"
[rule.expressions.columns]
id = "STRING"
game_date = "DATE"
OTHERS

[rule.texts]
table = "nba.predictions"
partition = "game_date"
partition_type = "STRING"
key = ["game_id", "player"]
keep = ["created_at DESC", "id DESC"]
row_id = "id"
active = "is_active"
written_at = "created_at"
[rule.texts.columns]
id = "STRING"
game_date = "STRING"
OTHERS

[rule.beginnings]
table = "nba.predictions"
partition = "game_date"
partition_type = "STRING"
partition_format = "yyyy-mm-dd*"
key = ["game_id", "player"]
keep = ["created_at DESC", "id DESC"]
row_id = "id"
active = "is_active"
written_at = "created_at"
[rule.beginnings.columns]
id = "STRING"
game_date = "STRING"
OTHERS
"#;

fn rule_file() -> RuleFile {
    RuleFile::parse("onerow.toml", &RULES.replace("OTHERS", OTHERS)).unwrap()
}

/// Rows with ties, NULLs, shared ids, inactive ones and ones after the cutoff.
fn rows(seed: u64, count: usize) -> Vec<Vec<SqlValue>> {
    let file = rule_file();
    let mut random = fastrand::Rng::with_seed(seed);
    let mut pick = |values: &[&str]| -> Option<String> {
        let value = values[random.usize(..values.len())];
        (value != "NULL").then(|| value.to_owned())
    };
    let row = |i: usize| {
        let texts = [
            pick(&["NULL", "twin", "", "", "", "", "", "", "", ""])
                .map(|t| if t.is_empty() { format!("id{i}") } else { t }),
            pick(&["2026-01-27", "2026-01-28", "2026-01-29"]),
            pick(&["g1", "g2", "NULL"]),
            pick(&["ann", "Ann", "bob", "é", "É", "NULL"]),
            pick(&["20.5", "20.50", "21", "NULL"]),
            pick(&["true", "true", "true", "false", "NULL"]),
            pick(&[
                "2026-01-28T08:00:00Z",
                "2026-01-28T08:00:00.000001Z",
                "2026-01-28T11:59:59Z",
                "NULL",
            ]),
        ];
        let cells = texts.into_iter().zip(&file.rules[0].columns);
        let value = |(text, (_, t)): (Option<String>, &(_, SqlType))| {
            text.map_or(SqlValue::Null, |text| SqlValue::parse(&text, *t).unwrap())
        };
        cells.map(value).collect()
    };
    (0..count).map(row).collect()
}

/// The same rows with dates as the rule has them: as texts, of which some are no dates.
fn rows_of(rule: &Rule, rows: &[Vec<SqlValue>]) -> Vec<Vec<SqlValue>> {
    let odd =
        ["2026-1-28", "20260128x", " 20260128", "", "2026-02-30", "２０２６0128", "2026-01-2"];
    let text = |i: usize, date: &SqlValue| match date {
        SqlValue::Date(_) if i.is_multiple_of(5) => {
            SqlValue::String(odd[i / 5 % odd.len()].to_owned())
        }
        SqlValue::Date(date) if rule.name.as_str() == "texts" => {
            SqlValue::String(date.to_string().replace('-', ""))
        }
        SqlValue::Date(date) => SqlValue::String(format!("{date}{}", ["", "T07", "é"][i % 3])),
        other => other.clone(),
    };
    // Of some rows a part is missing, of some all of it.
    let meta = |i: usize, row: &[SqlValue], of: &Nested| match i % 7 {
        0 => SqlValue::Null,
        part => {
            let who = if part == 1 { Json::Null } else { json!({ "player": row[3].to_json() }) };
            let meta = json!({ "who": who, "seen": row[6].to_json(), "n": i % 3 });
            SqlValue::String(of.canonical(&meta.to_string()).unwrap())
        }
    };
    let row = |(i, row): (usize, &Vec<SqlValue>)| {
        let mut row = row.clone();
        if rule.columns[1].1 == SqlType::String {
            row[1] = text(i, &row[1]);
        }
        if let [(_, nested)] = rule.nested.as_slice() {
            row.push(meta(i, &row, nested));
        }
        row
    };
    rows.iter().enumerate().map(row).collect()
}

/// The value as SQL writes it.
fn nested_literal(of: &Nested, value: &Json) -> String {
    match (of, value) {
        (_, Json::Null) => "NULL".to_owned(),
        (Nested::Scalar(sql_type), value) => {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            SqlValue::parse(&text, *sql_type).unwrap().literal().to_string()
        }
        (Nested::Array(_), _) => panic!("no rule here has an ARRAY"),
        (Nested::Struct(fields), value) => {
            let fields = fields.iter().map(|(name, of)| nested_literal(of, &value[name.as_str()]));
            format!("STRUCT({})", fields.collect::<Vec<_>>().join(", "))
        }
    }
}

const CUTOFF: &str = "2026-01-28T10:00:00Z";

/// The types of the rule's columns, as the analyzer is told of them.
fn types_of(rule: &Rule) -> Map<String, Json> {
    let of = |(name, sql_type): &(Ident, SqlType)| {
        let nested = rule.nested.iter().find(|(known, _)| known == name);
        let of = nested.map_or_else(|| json!(sql_type.to_string()), |(_, nested)| whole(nested));
        (name.as_str().to_owned(), of)
    };
    rule.columns.iter().map(of).collect()
}

/// The table with these rows, as Google's reference implementation is told of it.
fn described(rule: &Rule, rows: &[Vec<SqlValue>]) -> Json {
    let cell = |(value, (name, sql_type)): (&SqlValue, &(Ident, SqlType))| {
        let nested = rule.nested.iter().find(|(known, _)| known == name);
        match (nested, value) {
            (Some((_, of)), SqlValue::String(text)) => {
                let value = serde_json::from_str(text).unwrap();
                format!("CAST({} AS {of})", nested_literal(of, &value))
            }
            (Some((_, of)), _) => format!("CAST(NULL AS {of})"),
            _ => format!("CAST({} AS {sql_type})", value.literal()),
        }
    };
    let row = |row: &Vec<SqlValue>| {
        let cells: Vec<String> = row.iter().zip(&rule.columns).map(cell).collect();
        format!("SELECT {}", cells.join(", "))
    };
    json!({ "columns": types_of(rule), "rows": rows.iter().map(row).collect::<Vec<_>>() })
}

/// The embedded warehouse's answer, a line of sorted cells for each row.
fn embedded(rule: &Rule, rows: &[Vec<SqlValue>], statement: Statement) -> Vec<String> {
    let warehouse = Sqlite::in_memory(Clock::System, SignedDuration::from_mins(90)).unwrap();
    let mut given = rows.iter().cloned().map(Ok);
    warehouse
        .load(&rule.table, &rule.columns, &rule.nested, &mut given, Streaming::Settled)
        .unwrap();
    let checked = check::run(rule, statement).unwrap();
    let id = JobId::from_ledger("analyzer".to_owned());
    let job = Job { id: &id, run: "second", rule: &rule.name };
    let params = Params::none().with("cutoff", SqlValue::Timestamp(CUTOFF.parse().unwrap()));
    let answer = warehouse.submit(&job, &checked, &params).unwrap();
    let Returned::Rows(found) = answer.result else { panic!("a query returns rows") };
    let lines = found.rows.iter().map(|row| {
        line(
            found
                .columns
                .iter()
                .zip(row)
                .map(|(name, value)| (name.clone(), comparable(&value.to_json()))),
        )
    });
    sorted(lines)
}

fn line(cells: impl Iterator<Item = (String, String)>) -> String {
    let mut cells: Vec<String> = cells.map(|(name, value)| format!("{name}={value}")).collect();
    cells.sort();
    cells.join(" ")
}

fn sorted(lines: impl Iterator<Item = String>) -> Vec<String> {
    let mut lines: Vec<String> = lines.collect();
    lines.sort();
    lines
}

/// Numbers and instants in one form, whatever the JSON writes them as.
fn comparable(value: &Json) -> String {
    let text = match value {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    };
    if let Ok(instant) = SqlValue::parse(&text, SqlType::Timestamp)
        && text.len() > 10
    {
        return instant.to_string();
    }
    match SqlValue::parse(&text, SqlType::Numeric) {
        Ok(number) => number.to_string(),
        Err(_) => text,
    }
}

#[test]
fn the_embedded_warehouse_answers_as_googles_reference_implementation_does() {
    let file = rule_file();
    let templates = Templates::shipped();
    let cutoff = SqlValue::Timestamp(CUTOFF.parse().unwrap()).literal().to_string();
    let (mut cases, mut tables, mut queries) = (Vec::new(), Map::new(), Vec::new());
    // Two and five have no common divisor, so that each rule meets each seed.
    for rule in part::of(&file.rules, 2) {
        let renderer = Renderer::new(rule, &templates, &[]).unwrap();
        for seed in part::of(0..5, 5) {
            let rows = rows_of(rule, &rows(seed, 60));
            let table = format!("{}_{seed}", rule.name);
            tables.insert(table.clone(), described(rule, &rows));
            for step in [StepName::DETECT, StepName::VERIFY, StepName::EXPLAIN, StepName::CURRENT] {
                let step = StepName::parse(step).unwrap();
                for window in windows() {
                    let statement = renderer.render(&step, &window).unwrap().remove(0);
                    let sql = statement.sql.replace(&rule.table.to_string(), &table);
                    let sql = sql.replace("@cutoff", &cutoff);
                    queries.push(format!(
                        "SELECT TO_JSON_STRING(answer) AS line FROM ({sql}) AS answer"
                    ));
                    cases.push((rule, rows.clone(), statement));
                }
            }
        }
    }
    let Some(answer) = google::ask(&json!({ "tables": tables, "answers": queries })) else {
        return;
    };
    let mut compared = 0;
    for ((rule, rows, statement), theirs) in
        cases.into_iter().zip(answer["answers"].as_array().unwrap())
    {
        let title = format!("{}: {}", rule.name, statement.title());
        let lines = theirs["rows"].as_array().unwrap_or_else(|| panic!("{title}: {theirs}"));
        let theirs = sorted(lines.iter().map(|cells| {
            let text = cells[0].as_str().unwrap();
            let object: Map<String, Json> = serde_json::from_str(text).unwrap();
            line(object.into_iter().map(|(name, value)| (name, comparable(&value))))
        }));
        compared += theirs.len();
        assert_eq!(embedded(rule, &rows, statement), theirs, "{title}");
    }
    assert!(compared > part::cases(300, 30), "{compared} rows were compared");
}

/// A key of these types is an error, and what its help says is taken, by BigQuery and, where that
/// knows the type, by the embedded warehouse.
#[test]
fn the_expression_that_is_advised_for_a_key_can_be_one() {
    let rule = |sql_type: &str, key: &str, keep: &str| {
        format!(
            "[rule.r]\ntable = \"d.t\"\nstrategy = \"delete\"\npartition = \"day\"\nkey = [\"{key}\"]\n\
             keep = [\"{keep}\"]\nrow_id = \"id\"\n[rule.r.columns]\nid = \"STRING\"\nday = \"DATE\"\norder = \"{sql_type}\"\n"
        )
    };
    let advised = |text: String| {
        let error = RuleFile::parse("onerow.toml", &text).err().unwrap().to_string();
        let advice = error.rsplit_once("write `").or(error.rsplit_once("or by `")).unwrap().1;
        advice.trim_end_matches(['\n', '`']).to_owned()
    };
    let mut requests = Vec::new();
    for sql_type in ["FLOAT64", "JSON", "ARRAY", "STRUCT", "GEOGRAPHY"] {
        let key = advised(rule(sql_type, "`order`", "id"));
        let keep = match sql_type {
            "FLOAT64" => key.clone(),
            _ => advised(rule(sql_type, "id", "`order` DESC")),
        };
        let file = RuleFile::parse("onerow.toml", &rule(sql_type, &key, &keep)).unwrap();
        let detect = StepName::parse(StepName::DETECT).unwrap();
        let templates = Templates::shipped();
        let renderer = Renderer::new(&file.rules[0], &templates, &[]).unwrap();
        let statement = renderer.render(&detect, &windows()[0]).unwrap().remove(0);
        if sql_type == "FLOAT64" {
            let cell = |text: &str, t| SqlValue::parse(text, t).unwrap();
            use SqlType::{Date, Float64, String};
            let row = |id, number| {
                vec![cell(id, String), cell("2026-01-28", Date), cell(number, Float64)]
            };
            let rows = [row("a", "0.1"), row("b", "0.1"), row("c", "0.10000000000000002")];
            let counted = embedded(&file.rules[0], &rows, statement.clone());
            assert!(counted[0].contains("duplicates=1 keyless=0 keys=2"), "{counted:?}");
        }
        let declared = match sql_type {
            "ARRAY" | "STRUCT" => continue,
            _ => request(&file.rules[0], [&statement.sql]),
        };
        requests.push(declared);
    }
    // Of an array and a struct, which the analyzer's table cannot have here.
    for value in ["[1, 2]", "STRUCT(1 AS a, [STRUCT('x' AS b)] AS c)"] {
        let sql = format!(
            "SELECT ROW_NUMBER() OVER (PARTITION BY TO_JSON_STRING(v) ORDER BY TO_JSON_STRING(v)) AS n FROM (SELECT {value} AS v)"
        );
        requests.push(json!({ "tables": {}, "parameters": {}, "sql": [sql] }));
    }
    let refused = "SELECT ROW_NUMBER() OVER (PARTITION BY CAST(JSON '1' AS STRING)) AS n";
    requests.push(json!({ "tables": {}, "parameters": {}, "sql": [refused] }));
    let Some(mut analyzed) = analyze(&requests) else { return };
    assert!(analyzed.pop().unwrap().1.is_some(), "what was advised before is refused");
    assert_eq!(analyzed.len(), 5);
    assert!(analyzed.iter().all(|(_, error)| error.is_none()), "{analyzed:#?}");
}
