//! `onerow load [RULE] FILE…`

use std::io::Write;
use std::process::Stdio;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::common::whole::{Transcript, whole};
use crate::common::{Ended, HEADER, Project, RULE};

const ROW: &str = "p1,2026-01-28,g1,ann,22.5,true,2026-01-28 08:00:00 UTC\n";

/// A project of two rules.
fn two() -> Project {
    let section = RULE[RULE.find("[rule.predictions]").unwrap()..].replace("predictions", "others");
    let project = Project::new(&format!("{RULE}{section}"));
    project.write("rows.csv", format!("{HEADER}{ROW}"));
    project
}

#[test]
fn the_rule_stands_before_the_files_and_may_be_left_out_where_there_is_one() {
    let project = two();
    project.write("more.csv", format!("{HEADER}{}", ROW.replace("p1", "p2")));
    let ended = project.onerow("load others rows.csv more.csv").exits(0);
    whole!(ended, @"
    $ onerow load others rows.csv more.csv
    -- stderr
    rows.csv: 1 row into nba.others
    more.csv: 1 row into nba.others
    ");
    let only = Project::new(RULE);
    only.write("rows.csv", format!("{HEADER}{ROW}"));
    whole!(only.onerow("load rows.csv"), @"
    $ onerow load rows.csv
    -- stderr
    rows.csv: 1 row into nba.predictions
    ");
    only.onerow("load predictions rows.csv --yes").exits(0);
    assert_eq!(only.active(), ["p1", "p1"]);
}

#[test]
fn what_cannot_be_told_apart_or_found_is_said() {
    let project = two();
    project.write("predictions", "");
    project.write("plain", "");
    let mistakes = [
        "load",
        "load others",
        "load predictions",
        "load predictions rows.csv",
        "load rows.csv",
        "load othrs rows.csv",
        "load rows.csv others",
        "load others row.csv",
        "load rows.csv --rule others",
    ];
    whole!(project.transcript(mistakes), @"
    $ onerow load
    exit code 2
    -- stderr
    error[usage]: no file is named
      help: name the files to load: onerow load rows.csv

    $ onerow load others
    exit code 2
    -- stderr
    error[usage]: `others` is a rule, and no file is named
      help: name the files after it: onerow load others rows.csv

    $ onerow load predictions
    exit code 2
    -- stderr
    error[usage]: `predictions` is a rule, and a file of this folder
      help: write `./predictions` for the file; for the rule, rename the file

    $ onerow load predictions rows.csv
    exit code 2
    -- stderr
    error[usage]: `predictions` is a rule, and a file of this folder
      help: write `./predictions` for the file; for the rule, rename the file

    $ onerow load rows.csv
    exit code 2
    -- stderr
    error[unknown-name]: there are several rules, and none was named
      help: name one of predictions, others before the files

    $ onerow load othrs rows.csv
    exit code 2
    -- stderr
    error[unknown-name]: there is no rule `othrs`, and no file of this name
      help: did you mean `others`?

    $ onerow load rows.csv others
    exit code 2
    -- stderr
    error[unknown-name]: there are several rules, and none was named
      help: name one of predictions, others before the files

    $ onerow load others row.csv
    exit code 1
    -- stderr
    error[file]: cannot read `row.csv`: No such file or directory (os error 2)
      help: check the path, and that the folder still exists

    $ onerow load rows.csv --rule others
    exit code 2
    -- stderr
    error[usage]: `onerow load` has no option `--rule`
      help: `onerow load --help` lists its options
    ");
    assert!(!project.path(".onerow").exists(), "nothing was loaded");
    let only = Project::new(RULE);
    whole!(only.transcript(["load nothing.csv", "load ./predictions"]), @"
    $ onerow load nothing.csv
    exit code 1
    -- stderr
    error[file]: cannot read `nothing.csv`: No such file or directory (os error 2)
      help: check the path, and that the folder still exists

    $ onerow load ./predictions
    exit code 1
    -- stderr
    error[file]: cannot read `./predictions`: No such file or directory (os error 2)
      help: check the path, and that the folder still exists
    ");
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

/// The command with this on its standard input.
fn piped(project: &Project, arguments: &str, input: &[u8]) -> Ended {
    let words: Vec<&str> = arguments.split(' ').collect();
    let mut command = project.command(&words);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    Ended::of(arguments, child.wait_with_output().unwrap())
}

#[test]
fn a_file_may_have_any_separator_be_compressed_or_be_an_array() {
    let csv = format!("{HEADER}{ROW}");
    let object = r#"{"id": "p1", "game_date": "2026-01-28", "game_id": "g1", "player": "ann, the \"first\" ]",
        "is_active": true, "created_at": "2026-01-28T08:00:00Z"}"#;
    let in_lines = object.replace('\n', " ");
    let mut said = Transcript::default();
    for (name, content) in [
        ("semicolons.csv", csv.replace(',', ";").into_bytes()),
        ("pipes.csv", csv.replace(',', "|").into_bytes()),
        ("tabs.tsv", csv.replace(',', "\t").into_bytes()),
        ("one.csv.gz", gzip(&csv)),
        ("named_csv_and_compressed.csv", gzip(&csv)),
        ("lines.json", format!("{in_lines}\n").into_bytes()),
        ("lines.ndjson.gz", gzip(&in_lines)),
        ("array.json", format!("\n [ {object}\n]\n").into_bytes()),
        ("array_with_mark.json", format!("\u{feff}[{object}]").into_bytes()),
    ] {
        let project = Project::new(RULE);
        project.write(name, content);
        said.add(&project.onerow(&format!("load {name}")));
        assert_eq!(project.active(), ["p1"], "{name}");
    }
    whole!(said, @"
    $ onerow load semicolons.csv
    -- stderr
    semicolons.csv: 1 row into nba.predictions

    $ onerow load pipes.csv
    -- stderr
    pipes.csv: 1 row into nba.predictions

    $ onerow load tabs.tsv
    -- stderr
    tabs.tsv: 1 row into nba.predictions

    $ onerow load one.csv.gz
    -- stderr
    one.csv.gz: 1 row into nba.predictions

    $ onerow load named_csv_and_compressed.csv
    -- stderr
    named_csv_and_compressed.csv: 1 row into nba.predictions

    $ onerow load lines.json
    -- stderr
    lines.json: 1 row into nba.predictions

    $ onerow load lines.ndjson.gz
    -- stderr
    lines.ndjson.gz: 1 row into nba.predictions

    $ onerow load array.json
    -- stderr
    array.json: 1 row into nba.predictions

    $ onerow load array_with_mark.json
    -- stderr
    array_with_mark.json: 1 row into nba.predictions
    ");
}

#[test]
fn standard_input_is_a_file_too() {
    let csv = format!("{HEADER}{ROW}");
    let object = r#"{"id": "p1", "game_date": "2026-01-28", "game_id": "g1", "player": "ann", "is_active": true, "created_at": null}"#;
    let mut said = Transcript::default();
    for (arguments, input) in [
        ("load -", csv.as_bytes()),
        ("load predictions -", gzip(&csv).as_slice()),
        ("load - --file-format csv --separator ;", csv.replace(',', ";").as_bytes()),
        ("load -", format!("  [{object}]").as_bytes()),
        ("load -", format!("\u{feff}{object}").as_bytes()),
        ("load - --file-format json", object.as_bytes()),
    ] {
        let project = Project::new(RULE);
        let ended = piped(&project, arguments, input).exits(0);
        said.add(&ended);
        assert_eq!(project.active(), ["p1"], "{arguments}");
    }
    whole!(said, @"
    $ onerow load -
    -- stderr
    standard input: 1 row into nba.predictions

    $ onerow load predictions -
    -- stderr
    standard input: 1 row into nba.predictions

    $ onerow load - --file-format csv --separator ;
    -- stderr
    standard input: 1 row into nba.predictions

    $ onerow load -
    -- stderr
    standard input: 1 row into nba.predictions

    $ onerow load -
    -- stderr
    standard input: 1 row into nba.predictions

    $ onerow load - --file-format json
    -- stderr
    standard input: 1 row into nba.predictions
    ");
    let project = Project::new(RULE);
    whole!(piped(&project, "load -", b"id,points\np1,2\n"), @"
    $ onerow load -
    exit code 1
    -- stderr
    error[data-file]: the rule lists no column `points`
     --> standard input:1:4
      |
    1 | id,points
      |    ^^^^^^
      |
      = help: did you mean `points_line`?
    ");
    whole!(project.onerow("status --date 2026-01-28"), @"
    $ onerow status --date 2026-01-28
    exit code 1
    -- stderr
    error[not-found]: the embedded warehouse has no table `nba.predictions`
      help: load data first, with `onerow load`
    ");
}

#[test]
fn an_array_has_places_of_its_mistakes() {
    let project = Project::new(RULE);
    let mut transcript = crate::common::whole::Transcript::default();
    for (name, text) in [
        ("type.json", "[\n  {\"id\": \"a\"},\n  {\"id\": \"b\",\n   \"points_line\": \"x\"}\n]"),
        ("broken.json", "[{\"id\": \"a\"}, {\"id\" \"b\"}]"),
        ("number.json", "[1]"),
        ("comma.json", "[{\"id\": \"a\"} {\"id\": \"b\"}]"),
        ("comma_at_the_end.json", "[{\"id\": \"a\"},]"),
        ("cut.json", "[{\"id\": \"a\"},"),
        ("cut_within.json", "[{\"id\": \"a\""),
        ("after.json", "[{\"id\": \"a\"}]\n{}"),
        ("empty.json", "[]"),
    ] {
        project.write(name, text);
        transcript.add(&project.onerow(&format!("load {name}")).prints_nothing());
    }
    whole!(transcript, @r#"
    $ onerow load type.json
    exit code 1
    -- stderr
    error[data-file]: column points_line: `x` is not a NUMERIC, such as 22.5
     --> type.json:4:19
      |
    4 |    "points_line": "x"}
      |                   ^^^
      |
      = note: while reading element 2 of the array
      = help: correct the file and load it again; nothing was loaded

    $ onerow load broken.json
    exit code 1
    -- stderr
    error[data-file]: this is not a JSON object: expected `:`
     --> broken.json:1:21
      |
    1 |               {"id" "b"}
      |                     ^
      |
      = note: while reading element 2 of the array
      = help: correct the file and load it again; nothing was loaded

    $ onerow load number.json
    exit code 1
    -- stderr
    error[data-file]: this element of the array is not a JSON object
     --> number.json:1:2
      |
    1 |  1]
      |  ^
      |
      = help: correct the file and load it again; nothing was loaded

    $ onerow load comma.json
    exit code 1
    -- stderr
    error[data-file]: a comma is missing before this element
     --> comma.json:1:14
      |
    1 |              {"id": "b"}]
      |              ^
      |
      = help: correct the file and load it again; nothing was loaded

    $ onerow load comma_at_the_end.json
    exit code 1
    -- stderr
    error[data-file]: an element is missing after the comma
     --> comma_at_the_end.json:1:14
      |
    1 |              ]
      |              ^
      |
      = help: correct the file and load it again; nothing was loaded

    $ onerow load cut.json
    exit code 1
    -- stderr
    error[data-file]: the array has no closing `]`: the file was cut off
     --> cut.json:1:14
      |
    1 |
      |              ^
      |
      = help: correct the file and load it again; nothing was loaded

    $ onerow load cut_within.json
    exit code 1
    -- stderr
    error[data-file]: this element has no end: the file was cut off
     --> cut_within.json:1:12
      |
    1 |
      |            ^
      |
      = help: correct the file and load it again; nothing was loaded

    $ onerow load after.json
    exit code 1
    -- stderr
    error[data-file]: text follows the end of the array
     --> after.json:2:1
      |
    2 | {}
      | ^
      |
      = help: correct the file and load it again; nothing was loaded

    $ onerow load empty.json
    exit code 1
    -- stderr
    error[data-file]: `empty.json` is empty: it holds no row
      help: check how the file was made; nothing was loaded
    "#);
    assert!(!project.path(".onerow").exists(), "nothing was loaded");
}

#[test]
fn a_file_that_was_loaded_before_is_noticed() {
    let project = Project::new(RULE);
    let csv = format!("{HEADER}{ROW}");
    project.write("rows.csv", &csv);
    project.write("copy.csv", &csv);
    project.onerow("load rows.csv").exits(0);
    whole!(project.onerow("load rows.csv"), @"
    $ onerow load rows.csv
    exit code 2
    -- stderr
    error[not-confirmed]: `rows.csv` was loaded into nba.predictions at [TIME]: each of its rows would be there twice
      help: pass `--replace` to remove the table's rows first, or `--yes` to load the file again
    ");
    whole!(project.onerow("load copy.csv"), @"
    $ onerow load copy.csv
    exit code 2
    -- stderr
    error[not-confirmed]: `copy.csv` was loaded into nba.predictions as `rows.csv` at [TIME]: each of its rows would be there twice
      help: pass `--replace` to remove the table's rows first, or `--yes` to load the file again
    ");
    assert_eq!(project.active(), ["p1"]);
    project.onerow("load copy.csv --yes").exits(0);
    assert_eq!(project.active(), ["p1", "p1"]);
    let other = Project::new(RULE);
    other.write("rows.csv", &csv);
    other.write("copy.csv", &csv);
    whole!(other.onerow("load rows.csv copy.csv"), @"
    $ onerow load rows.csv copy.csv
    exit code 2
    -- stderr
    error[not-confirmed]: `copy.csv` has the same content as `rows.csv`: each of its rows would be there twice
      help: pass `--replace` to remove the table's rows first, or `--yes` to load the file again
    ");
    other.onerow("load rows.csv copy.csv --replace").exits(2);
    other.write("copy.csv", format!("{HEADER}{}", ROW.replace("p1", "p2")));
    other.onerow("load rows.csv copy.csv").exits(0);
}

#[test]
fn rows_that_replace_others_do_so_whole_or_not_at_all() {
    let project = Project::new(RULE);
    project.write("rows.csv", format!("{HEADER}{ROW}"));
    project.onerow("load rows.csv").exits(0);
    project.write("new.csv", format!("{HEADER}{}", ROW.replace("p1", "p2")));
    project.write("wrong.csv", format!("{HEADER}{}", ROW.replace("22.5", "x")));
    project.onerow("load new.csv wrong.csv --replace").exits(1);
    assert_eq!(project.active(), ["p1"], "a mistake in one file removes nothing");
    let wrong = format!("{HEADER}{}", ROW.replace("22.5", "x"));
    piped(&project, "load - --replace", wrong.as_bytes()).exits(1);
    assert_eq!(project.active(), ["p1"], "nor does one that is found while loading");
    project.onerow("load new.csv --replace").exits(0);
    assert_eq!(project.active(), ["p2"]);
    project.onerow("load rows.csv").exits(0);
    assert_eq!(project.active(), ["p1", "p2"], "what was replaced may be loaded again");
    project.onerow("status --date 2026-01-28 --exit-code").exits(4);
}

#[test]
fn what_a_file_is_can_be_said_and_has_to_be_where_its_name_does_not() {
    let project = Project::new(RULE);
    project.write("rows.txt", format!("{HEADER}{ROW}"));
    whole!(project.onerow("load rows.txt"), @"
    $ onerow load rows.txt
    exit code 2
    -- stderr
    error[usage]: `rows.txt` has an unknown format
      help: name the file *.csv, *.tsv, *.ndjson, *.jsonl or *.json, each also with .gz at the end, or *.parquet; or say what it is, with --file-format
    ");
    project.onerow("load rows.txt --file-format csv").exits(0);
    project.write("rows.json", "{\"id\": \"p2\"}");
    whole!(project.onerow("load rows.json --separator ;"), @"
    $ onerow load rows.json --separator ;
    exit code 2
    -- stderr
    error[usage]: --separator is for CSV, and a file is JSON or Parquet
      help: leave out `--separator`, or load the files one after the other
    ");
    whole!(project.onerow("load rows.txt --file-format csv --separator x"), @"
    $ onerow load rows.txt --file-format csv --separator x
    exit code 2
    -- stderr
    error[usage]: --separator: not a separator
      help: use `,`, `;`, `|` or `tab`
    ");
    project.write("cut.csv.gz", &gzip(&format!("{HEADER}{ROW}"))[..40]);
    whole!(project.onerow("load cut.csv.gz"), @"
    $ onerow load cut.csv.gz
    exit code 1
    -- stderr
    error[file]: cannot read `cut.csv.gz`: incomplete deflate stream
    ");
}

/// What pandas, Spark and BigQuery write, by the library that pandas uses; it is installed with the emulator.
const PARQUET: &str = r#"
import datetime, decimal, sys
import pyarrow as pa
import pyarrow.parquet as pq
at = datetime.datetime(2026, 1, 28, 8, 0, 0, 123456)
utc = at.replace(tzinfo=datetime.timezone.utc)
table = pa.table({
    "id": pa.array(["a", None]),
    "n": pa.array([-7, None], pa.int32()),
    "x": pa.array([0.1, None]),
    "points": pa.array([decimal.Decimal("22.50"), None], pa.decimal128(38, 9)),
    "ok": pa.array([True, None]),
    "d": pa.array([at.date(), None]),
    "at": pa.array([utc, None], pa.timestamp("us", "UTC")),
    "at_ns": pa.array([utc, None], pa.timestamp("ns", "UTC")),
    "local": pa.array([at, None], pa.timestamp("us")),
    "t": pa.array([at.time(), None], pa.time64("us")),
    "tags": pa.array([[{"k": "a", "n": 1}], None], pa.list_(pa.struct([("k", pa.string()), ("n", pa.int64())]))),
})
for compression in ("snappy", "gzip", "zstd", "none"):
    pq.write_table(table, sys.argv[1] + "/" + compression + ".parquet", compression=compression)
pq.write_table(table.slice(0, 0), sys.argv[1] + "/empty.parquet")
pq.write_table(table.rename_columns(["id", "m"] + table.column_names[2:]), sys.argv[1] + "/other.parquet")
pq.write_table(pa.table({"id": pa.array(["a"]), "n": pa.array(["x"])}), sys.argv[1] + "/text.parquet")
pq.write_table(table, sys.argv[1] + "/int96.parquet", use_deprecated_int96_timestamps=True)
more = pa.table({
    "u": pa.array([bytes(range(16))], pa.binary(16)).cast(pa.uuid()),
    "long": pa.array([decimal.Decimal("1.123456789012345678")], pa.decimal128(38, 18)),
    "big": pa.array([2**64 - 1], pa.uint64()),
    "t": pa.array([at.time()], pa.time64("ns")),
})
pq.write_table(more, sys.argv[1] + "/more.parquet")
"#;

#[test]
fn parquet_is_loaded_with_every_type_that_is_written_by_others() {
    let Ok(emulator) = std::env::var("ONEROW_BQEMULATOR") else { return };
    let python = std::path::Path::new(&emulator).with_file_name("python");
    let project = Project::new(
        "[warehouse.local]\ntype = \"sqlite\"\n[rule.r]\ntable = \"d.r\"\nstrategy = \"rewrite\"\n\
         partition = \"d\"\nkey = [\"id\"]\nkeep = [\"n\"]\n[rule.r.columns]\nid = \"STRING\"\nn = \"INT64\"\n\
         x = \"FLOAT64\"\npoints = \"NUMERIC\"\nok = \"BOOL\"\nd = \"DATE\"\nat = \"TIMESTAMP\"\n\
         at_ns = \"TIMESTAMP\"\nlocal = \"DATETIME\"\nt = \"TIME\"\n\
         tags = \"ARRAY<STRUCT<k STRING, n INT64>>\"\n",
    );
    let made = std::process::Command::new(python)
        .args(["-c", PARQUET])
        .arg(project.path(""))
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    for compression in ["snappy", "gzip", "zstd", "none"] {
        project.onerow(&format!("load {compression}.parquet --replace")).exits(0);
        let rows = r#"SELECT quote(id) || n || x || ' ' || points || ok || ' ' || d || ' ' || at || ' ' || at_ns
            || ' ' || local || ' ' || t || tags FROM "d.r" WHERE id IS NOT NULL"#;
        let row: String = project.database().query_row(rows, [], |row| row.get(0)).unwrap();
        insta::allow_duplicates! { insta::assert_snapshot!(row, @r#"'a'-70.1 22.51 2026-01-28 1769587200123456 1769587200123456 1769587200123456 28800123456[{"k":"a","n":1}]"#); }
    }
    let mut transcript = crate::common::whole::Transcript::default();
    project.write("cut.parquet", &std::fs::read(project.path("snappy.parquet")).unwrap()[..200]);
    project.write("csv.parquet", "id,n\na,1\n");
    for command in [
        "load empty.parquet",
        "load other.parquet",
        "load text.parquet",
        "load cut.parquet",
        "load csv.parquet",
        "load snappy.parquet",
        "load - --file-format parquet",
        "load other.parquet --ignore m --replace",
        "load int96.parquet",
        "init --file snappy.parquet proposed",
        "try more.parquet --format json",
    ] {
        transcript.add(&project.onerow(command));
    }
    let text = std::fs::read_to_string(project.path("proposed/onerow.toml")).unwrap();
    transcript.text(&text[text.find("[rule.snappy.columns]").unwrap()..]);
    whole!(transcript, @r#"
    $ onerow load empty.parquet
    exit code 1
    -- stderr
    error[data-file]: `empty.parquet` is empty: it holds no row
      help: check how the file was made; nothing was loaded

    $ onerow load other.parquet
    exit code 1
    -- stderr
    error[data-file]: `other.parquet`: the rule lists no column `m`
      help: list it in the rule's columns, or leave it out with `--ignore`

    $ onerow load text.parquet
    exit code 1
    -- stderr
    error[data-file]: `text.parquet` has no column `d`: every row would be NULL there
      help: the rule needs this column: add it to the file, or load another file

    $ onerow load cut.parquet
    exit code 1
    -- stderr
    error[data-file]: `cut.parquet` is not a Parquet file that can be read: Parquet error: Invalid Parquet file. Corrupt footer
      help: check how the file was made; nothing was loaded

    $ onerow load csv.parquet
    exit code 1
    -- stderr
    error[data-file]: `csv.parquet` is not a Parquet file that can be read: Parquet error: Invalid Parquet file. Corrupt footer
      help: check how the file was made; nothing was loaded

    $ onerow load snappy.parquet
    -- stderr
    snappy.parquet: 2 rows into d.r

    $ onerow load - --file-format parquet
    exit code 2
    -- stderr
    error[usage]: Parquet cannot be read from standard input
      help: it is not read from front to back: name the file

    $ onerow load other.parquet --ignore m --replace
    exit code 1
    -- stderr
    error[data-file]: `other.parquet` has no column `n`: every row would be NULL there
      help: the rule needs this column: add it to the file, or load another file

    $ onerow load int96.parquet
    exit code 1
    -- stderr
    error[data-file]: `int96.parquet`: column `at` is an INT96, of which the microseconds would be lost
      help: write timestamps as INT64; in Spark: spark.sql.parquet.outputTimestampType=TIMESTAMP_MICROS

    $ onerow init --file snappy.parquet proposed
    -- stderr
    snappy.parquet: 2 rows looked at
    wrote proposed/onerow.schema.json
    wrote proposed/.gitignore
    wrote proposed/onerow.toml with a rule `snappy`
    look at: strategy, partition, key, keep; the comments say why they are so
    note: by this key 1 of 2 rows are duplicates; with `at` in it, 2 of 2 rows would stay. If rows of different things are called duplicates, a column is missing in it: `onerow explain` shows them.
    next:
      cd proposed
      onerow load ../snappy.parquet
      onerow status
      onerow plan

    $ onerow try more.parquet --format json
    -- stdout
    {
      "rule": "[rule.more]\ntable = \"local.more\"\n# guess: no column says which rows count, and none names a row: a date's rows are replaced by those\n# that stay\nstrategy = \"rewrite\"\n# guess: no column holds dates: a key has one row in the whole table\npartition = \"none\"\n# guess: with u further rows can be told apart; 1 of 1 rows would stay\nkey = [\"u\"]\n# guess: no column says which row is newer, so that any may stay\nkeep = [\"t\"]\n\n[rule.more.columns]\nu = \"STRING\"\nlong = \"BIGNUMERIC\"\nbig = \"NUMERIC\"\nt = \"TIME\"\n",
      "notes": [],
      "status": {
        "rule": "more",
        "dates": [
          {
            "date": "all",
            "active": 1,
            "keys": 1,
            "duplicates": 0,
            "buffered": 0,
            "shared_ids": 0,
            "keyless": 0,
            "unflagged": 0,
            "status": "clean"
          }
        ],
        "totals": {
          "active": 1,
          "keys": 1,
          "duplicates": 0,
          "buffered": 0,
          "shared_ids": 0,
          "keyless": 0,
          "unflagged": 0
        }
      },
      "duplicates": [],
      "sql": []
    }
    -- stderr
    more.parquet: 1 row

    [rule.snappy.columns]
    id = "STRING"
    n = "INT64"
    x = "FLOAT64"
    points = "NUMERIC"
    ok = "BOOL"
    d = "DATE"
    at = "TIMESTAMP"
    at_ns = "TIMESTAMP"
    local = "DATETIME"
    t = "TIME"
    tags = "JSON"
    "#);
}
