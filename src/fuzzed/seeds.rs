//! The seeds of the bounded run: the project's own files, and a few inputs of each kind.

use std::path::Path;

/// The seeds of an entry.
pub(super) fn of(entry: &str) -> Vec<Vec<u8>> {
    let texts: Vec<String> = match entry {
        "rule_file" => [files("examples", "onerow.toml"), vec![super::RULES.to_owned()]].concat(),
        "suite" => files("examples", "cases.toml")
            .into_iter()
            .chain(files("examples/player_props/tests", ".toml"))
            .chain(files("examples/strategies/tests", ".toml"))
            .chain(files("examples/change_data/tests", ".toml"))
            .collect(),
        "template" => files("sql", ".sql")
            .into_iter()
            .chain(files("examples", ".sql"))
            .chain(TEMPLATES.map(str::to_owned))
            .collect(),
        "check" | "lowering" => {
            let snapshots = files("snapshots", ".date.snap");
            snapshots.into_iter().chain(SQL.map(str::to_owned)).collect()
        }
        "dates" => DATES.map(str::to_owned).to_vec(),
        "csv" => CSV.map(str::to_owned).to_vec(),
        "ndjson" => NDJSON.map(str::to_owned).to_vec(),
        "http" => HTTP.map(str::to_owned).to_vec(),
        "bigquery_answer" => ANSWERS.map(str::to_owned).to_vec(),
        "dbt_manifest" => MANIFESTS.map(str::to_owned).to_vec(),
        "ledger_row" => vec![LEDGER.replace('|', "\n")],
        other => panic!("{other} has no seeds"),
    };
    assert!(!texts.is_empty(), "{entry}");
    texts.into_iter().map(String::into_bytes).collect()
}

/// The texts of the files below a folder with this suffix.
fn files(folder: &str, ending: &str) -> Vec<String> {
    let walk = walkdir::WalkDir::new(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder));
    let entries = walk.sort_by_file_name().into_iter().map(Result::unwrap);
    let paths = entries.map(walkdir::DirEntry::into_path);
    let wanted = paths.filter(|path| path.to_string_lossy().ends_with(ending));
    let texts = wanted.map(|path| std::fs::read_to_string(path).unwrap());
    // A snapshot begins with insta's header.
    texts.map(|text| text.rsplit("\n---\n").next().unwrap_or_default().to_owned()).collect()
}

const DATES: [&str; 3] = [
    "2026-01-28 TODAY YESTERDAY 2026-01-30 3 10000 10001",
    "0001-01-01 9999-12-31 4294967295 0",
    "n=5 d=2026-01-28 l=[1,2] s=x",
];

const TEMPLATES: [&str; 6] = [
    "SELECT {{ vars.quote }} AS q, {{ vars.systems | commas }} FROM {{ rule.table }} WHERE {{ window.filter }}",
    "{% for day in window.days %}SELECT {{ day }} AS d{% if not loop.last %} UNION ALL {% endif %}{% endfor %}",
    "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{% endif %}{% endmacro %}SELECT {{ m(3) }} 1",
    "{% set x = [1, 2] %}{% set x = x + x %}SELECT {{ x }} AS x, {{ 'a' * 3 }} AS a, {{ range(3) | list }} AS r",
    "SELECT {{ rule.key | of('a') | commas }}, {{ 'order' | ident }}, {{ 'x' | raw }} FROM {{ rule.table }} AS a",
    "{% for i in range(9) %}{% for j in range(9) recursive %}{{ loop([i]) }}{% endfor %}{% endfor %}",
];

const SQL: [&str; 6] = [
    "SELECT 1 + 2 * 3 AS x, 'it\\'s' AS s, r'\\d' AS r FROM nba.predictions WHERE game_date = DATE '2026-01-28'",
    "SELECT CASE WHEN n > 1 THEN SAFE_DIVIDE(x, n) ELSE NULL END AS v FROM nba.predictions GROUP BY n, x HAVING COUNT(*) > 1",
    "WITH a AS (SELECT * FROM nba.predictions) SELECT COALESCE(IFNULL(n, 1), LEAST(n, 2)) AS c, id IN ('a') AS i FROM a UNION ALL SELECT 1, TRUE",
    "MERGE nba.predictions t USING (SELECT id FROM nba.predictions) s ON t.id = s.id WHEN MATCHED THEN UPDATE SET n = 1 WHEN NOT MATCHED THEN INSERT (id) VALUES ('x')",
    "SELECT TO_JSON_STRING(t), ROW_NUMBER() OVER (PARTITION BY game_id ORDER BY created_at DESC) AS r FROM nba.predictions AS t QUALIFY r = 1",
    "SELECT CAST(CONCAT(id, player) AS INT64), TIMESTAMP_ADD(created_at, INTERVAL 5 MINUTE), DATE_TRUNC(game_date, MONTH), n IS DISTINCT FROM 5, x BETWEEN 1 AND 2, NULLIF(n, 3), IF(n > 1, 2, 3), ROUND(line, 2) FROM nba.predictions",
];

const CSV: [&str; 3] = [
    "id\u{98}x,\u{9b}2J\n1,2\n",
    "id,game_date,game_id,player,line,n,x,is_active,created_at\na,2026-01-28,g,p,22.5,1,1.5,true,2026-01-28T07:00:00Z\n",
    "\u{feff}player,id\r\n\"a \"\"b\"\",\nc\",1\r\n\r\n,\r\n",
];

const NDJSON: [&str; 4] = [
    "\u{feff}[{\"id\":\"a}\",\"n\":1},\n {\"id\":null,\"line\":[{}]}]\n",
    "\n\u{8c} (\u{1b}\n",
    "{\"id\":\"a\",\"n\":1,\"line\":22.50,\"x\":1.5,\"is_active\":true,\"game_date\":\"2026-01-28\"}\n\n{\"id\":null}\n",
    "{\"player\":\"\\u00e9\\ud83d\\ude00\",\"created_at\":\"2026-01-28 07:41:28 UTC\",\"line\":1e28}",
];

const HTTP: [&str; 9] = [
    "\0\n{\"rule\":\"p\",\"game_date\":\"2026-01-28\",\"dry_run\":true}",
    "\0\n{\"from\":\"2026-01-28\",\"to\":\"2026-01-30\",\"fail_when_buffered\":true}",
    "\0\n{\"last\":3}",
    "\x01rule=p&last=3",
    "\x01date=2026-01-28&from=2026-01-28&to=2026-01-30\n",
    "\x02rule=p&days=30&limit=5",
    "\x03onerow_20260130_210000_abcdef",
    "\x04rule=p&date=TODAY",
    "\x06\nkey=abc&next=%2Frules%2Fp",
];

const ANSWERS: [&str; 4] = [
    r#"{"status":{"state":"DONE","errorResult":{"reason":"invalidQuery","message":"no"}},"statistics":{"startTime":"1769758890000","totalSlotMs":"7","query":{"totalBytesProcessed":"12","numDmlAffectedRows":"3"}}}"#,
    r#"{"jobComplete":true,"schema":{"fields":[{"name":"d","type":"DATE"},{"name":"n","type":"INTEGER"},{"name":"at","type":"TIMESTAMP"},{"name":"v","type":"NUMERIC"}]},"rows":[{"f":[{"v":"2026-01-28"},{"v":"-3"},{"v":"1.769758890123456E9"},{"v":"22.5"}]}]}"#,
    r#"{"tableReference":{"projectId":"p","datasetId":"d","tableId":"t"},"schema":{"fields":[{"name":"d","type":"DATE","mode":"REPEATED"}]},"streamingBuffer":{"oldestEntryTime":"1769758890000"},"timePartitioning":{"type":"DAY","field":"d"}}"#,
    r#"{"schema":{"fields":[{"name":"ok","type":"BOOLEAN"},{"name":"t","type":"TIME"},{"name":"dt","type":"DATETIME"},{"name":"r","type":"RECORD","fields":[{"name":"x","type":"FLOAT"}]}]},"rows":[{"f":[{"v":"true"},{"v":"01:02:03"},{"v":"2026-01-28T01:02:03"},{"v":{"f":[{"v":"1"}]}}]}]}"#,
];

const LEDGER: &str = "1|run-1|1|p|a.b|detect|2026-01-28|2026-01-30|[\"2026-01-28\",\"2026-01-30\"]|done|5|\
|it failed|{\"counts\":{\"2026-01-28\":{\"active\":1,\"keys\":1,\"duplicates\":0,\"buffered\":0,\"shared_ids\":0,\
\"settled\":1}}}|2026-01-28T07:00:00Z|job|abc|SELECT 1|{\"cutoff\":\"x\"}|{\"v\":\"1\"}|6|7|8|\
2026-01-28T07:00:00Z|2026-01-28T07:00:01Z|2026-01-28T07:00:02Z||run-2|0.1.0|who";

const MANIFESTS: [&str; 2] = [
    r#"{"metadata": {"dbt_schema_version": "https://schemas.getdbt.com/dbt/manifest/v12.json", "dbt_version": "1.11.16",
    "project_name": "shop", "adapter_type": "bigquery"}, "nodes": {"model.s.o": {"unique_id": "model.s.o", "resource_type":
    "model", "package_name": "s", "name": "o", "original_file_path": "models/o.sql", "database": "p", "schema": "d", "alias":
    "o", "config": {"materialized": "incremental", "unique_key": ["id", "a b"], "partition_by": {"field": "day", "data_type":
    "timestamp", "granularity": "month"}, "cluster_by": ["x"]}, "columns": {"id": {"name": "id", "data_type": "int64"},
    "updated_at": {"name": "updated_at", "data_type": "timestamp"}}, "depends_on": {"nodes": []}}}, "sources": {}}"#,
    r#"{"metadata": {"dbt_schema_version": "https://schemas.getdbt.com/dbt/manifest/v12.json", "adapter_type": "bigquery"},
    "nodes": {"snapshot.s.o": {"unique_id": "snapshot.s.o", "resource_type": "snapshot", "name": "o", "database": "p",
    "schema": "d", "config": {"unique_key": "id", "dbt_valid_to_current": "date '9999-12-31'", "snapshot_meta_column_names":
    {"dbt_valid_to": "until"}}}, "test.s.u": {"unique_id": "test.s.u", "resource_type": "test", "name": "u", "attached_node":
    "source.s.r.t", "test_metadata": {"name": "unique", "kwargs": {"column_name": "id"}}, "config": {"where": "x = 1"}}},
    "sources": {"source.s.r.t": {"unique_id": "source.s.r.t", "resource_type": "source", "name": "t", "source_name": "r",
    "identifier": "t_*", "schema": "d", "loaded_at_field": "at"}}}"#,
];
