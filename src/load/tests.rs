//! What files may look like, and what is said of a mistake in one.

use super::part::MAX_BYTES;
use super::*;

fn columns() -> Vec<(Ident, SqlType)> {
    [
        ("id", SqlType::String),
        ("n", SqlType::Int64),
        ("points", SqlType::Numeric),
        ("x", SqlType::Float64),
        ("ok", SqlType::Bool),
        ("d", SqlType::Date),
        ("at", SqlType::Timestamp),
    ]
    .map(|(name, sql_type)| (Ident::parse(name).unwrap(), sql_type))
    .to_vec()
}

#[test]
fn an_ignored_column_is_left_out_whatever_it_holds() {
    let known = columns();
    let ignored =
        |name: &str, must_be_there| Ignored { name: Ident::parse(name).unwrap(), must_be_there };
    let ignored = [ignored("Event Params", true), ignored("y", false)];
    let read = |text: &str, format| {
        let columns = Columns { known: &known, nested: &[], needed: &[], ignored: &ignored };
        Rows::new("data", text.as_bytes(), format, columns).collect::<Result<Vec<_>>>()
    };
    let files = [
        ("id,event params,n\na,\"[{\"\"x\"\"\n: 1\",2\n", TextFormat::Csv(None)),
        (r#"{"id":"a","event params":[{"x":{"y":null}}],"n":2,"Y":{}}"#, TextFormat::Json),
    ];
    for (text, format) in files {
        assert_eq!(shown(read(text, format)), ["a | 2"]);
    }
    let none = [("id,n\na,2\n", TextFormat::Csv(None)), (r#"{"id":"a"}"#, TextFormat::Json)];
    let twice = [
        ("event params,id,Event Params\n1,a,2\n", TextFormat::Csv(None)),
        (r#"{"event params":1,"EVENT PARAMS":2}"#, TextFormat::Json),
    ];
    let wrong = none.map(|case| (case, "no column `Event Params` to ignore"));
    for ((text, format), says) in wrong.into_iter().chain(twice.map(|case| (case, "twice"))) {
        let error = read(text, format).unwrap_err().to_string();
        assert!(error.contains(says), "{text}: {error}");
    }
}

#[test]
fn a_name_may_have_spaces_quotes_and_letters_of_any_script() {
    let names = ["Order ID", "größe", " at the ends ", "it's <5%"];
    let known = names.map(|name| (Ident::parse(name).unwrap(), SqlType::String));
    let files = [
        ("order id,\"größe\", at the ends , it's <5% \na,b,c,d\n", TextFormat::Csv(None)),
        (r#"{"ORDER ID":"a","größe":"b"," at the ends ":"c","it's <5%":"d"}"#, TextFormat::Json),
    ];
    for (text, format) in files {
        let rows = Rows::new("data", text.as_bytes(), format, all(&known)).collect();
        assert_eq!(shown(rows), ["a | b | c | d"]);
    }
    let error = Rows::new("data", "GRÖßE\na\n".as_bytes(), TextFormat::Csv(None), all(&known));
    let error = error.collect::<Result<Vec<_>>>().unwrap_err().to_string();
    assert!(error.contains("the rule lists no column `GRÖßE`"), "{error}");
}

fn all(known: &[(Ident, SqlType)]) -> Columns<'_> {
    Columns { known, nested: &[], needed: &[], ignored: &[] }
}

#[test]
fn a_file_that_lacks_what_the_rule_works_with_is_refused() {
    let (known, needed) = (columns(), ["N".to_owned()]);
    let read = |text: &str, format| {
        let columns = Columns { known: &known, nested: &[], needed: &needed, ignored: &[] };
        let rows = Rows::new("data", text.as_bytes(), format, columns);
        rows.collect::<Result<Vec<_>>>().map(|rows| rows.len()).map_err(|e| e.to_string())
    };
    let error = read("id\na\n", TextFormat::Csv(None)).unwrap_err();
    assert!(error.contains("`data` has no column `N`"), "{error}");
    let error = read("{\"id\": \"a\"}\n{\"id\": \"b\"}\n", TextFormat::Json).unwrap_err();
    assert!(error.contains("`data` has no column `N`"), "{error}");
    assert_eq!(read("id,n\na,\n", TextFormat::Csv(None)), Ok(1), "NULL is a value");
    assert_eq!(read("{\"id\": \"a\"}\n{\"n\": null}\n", TextFormat::Json), Ok(2));
}

fn csv(text: impl AsRef<[u8]>) -> Result<Vec<Vec<SqlValue>>> {
    Rows::new("data.csv", text.as_ref(), TextFormat::Csv(None), all(&columns())).collect()
}

fn ndjson(text: &str) -> Result<Vec<Vec<SqlValue>>> {
    Rows::new("data.ndjson", text.as_bytes(), TextFormat::Json, all(&columns())).collect()
}

/// The rows without trailing NULL columns.
fn shown(rows: Result<Vec<Vec<SqlValue>>>) -> Vec<String> {
    let row = |row: &Vec<SqlValue>| {
        let values: Vec<String> = row.iter().map(ToString::to_string).collect();
        values.join(" | ").trim_end_matches(" | NULL").to_owned()
    };
    rows.unwrap().iter().map(row).collect()
}

#[test]
fn values_take_the_types_of_the_rules_columns() {
    let expected = ["a | 1 | 22.5 | 1.5 | true | 2026-01-28 | 2026-01-28 07:41:28+00"];
    let row = "a,1,22.50,1.5,TRUE,2026-01-28,2026-01-28 07:41:28 UTC";
    assert_eq!(shown(csv(format!("id,n,points,x,ok,d,at\n{row}\n"))), expected);
    let row = r#"{"id":"a","n":1,"points":22.50,"x":1.5,"ok":true,"d":"2026-01-28","at":"2026-01-28T07:41:28Z"}"#;
    assert_eq!(shown(ndjson(row)), expected);
}

#[test]
fn an_empty_field_and_a_missing_key_are_null() {
    assert_eq!(shown(csv("ID,points\na,\n,1\n")), ["a", "NULL | NULL | 1"]);
    assert_eq!(shown(csv("id,n\n\"\",\"\"\n")), [""], "a quoted empty STRING is one");
    let rows = "{\"id\": \"a\"}\n\n{\"points\": \"1\", \"id\": null}\n{\"id\": \"\"}";
    assert_eq!(shown(ndjson(rows)), ["a", "NULL | NULL | 1", ""]);
}

#[test]
fn a_number_is_kept_to_the_last_digit() {
    let digits = "12345678901234567890.123456789";
    assert_eq!(
        shown(ndjson(&format!("{{\"points\": {digits}}}"))),
        [format!("NULL | NULL | {digits}")]
    );
    assert_eq!(shown(ndjson("{\"n\": 9223372036854775807}")), ["NULL | 9223372036854775807"]);
}

#[test]
fn a_csv_may_have_a_bom_crlf_and_quotes() {
    let text = "\u{feff}id,n\r\n\"a \"\"b\"\",\nc\",1\r\n";
    assert_eq!(shown(csv(text)), ["a \"b\",\nc | 1"]);
}

#[test]
fn a_mistake_names_line_and_column() {
    let cases = [
        ("id,n\na,1\nb,x\n", "data.csv:3:3", "column n: `x` is not an INT64"),
        ("id,n\n\"a\nb\",1\n\"c,d\",x\n", "data.csv:4:7", "column n"),
        ("id,nn\na,1\n", "data.csv:1:4", "did you mean `n`?"),
        ("id,id\na,1\n", "data.csv:1:4", "twice"),
        ("id,n\na\n", "data.csv:2:1", "1 field"),
        ("id,n\na,1,2\n", "data.csv:2:1", "3 fields"),
        ("id,d\na,2026-02-30\n", "data.csv:2:3", "2026-02-30"),
        ("id,x\na,NaN\n", "data.csv:2:3", "not a finite number"),
        ("id,n\r\na,1\r\nb,x\r\n", "data.csv:3:3", "column n"),
        ("n,id\r\n1,a\r\nx,b\r\n", "data.csv:3:1", "column n"),
        ("id,n\r\na,1\r\nb\r\n", "data.csv:3:1", "1 field"),
        ("id,n\na,1\n\n\nb,x\n", "data.csv:5:3", "column n"),
        ("id,n\na,1\n\n\nb\n", "data.csv:5:1", "1 field"),
        ("\n\nid,nn\na,1\n", "data.csv:3:4", "did you mean `n`?"),
        ("id,n\n5\" x,y\n", "data.csv:2:6", "column n"),
    ];
    for (text, place, message) in cases {
        let error = csv(text).unwrap_err().to_string();
        assert!(error.contains(place) && error.contains(message), "{text:?}: {error}");
    }
    let cases = [
        ("{\"n\": 1}\n{\"n\": \"x\"}", "data.ndjson:2:7", "column n: `x` is not an INT64"),
        ("{\"n\": 1.5}", "data.ndjson:1:7", "1.5"),
        ("{\"id\": 1}", "data.ndjson:1:8", "a JSON string"),
        ("{\"ok\": 1}", "data.ndjson:1:8", "true or false"),
        ("{\"nn\": 1}", "data.ndjson:1:", "did you mean `n`?"),
        ("{\"n\": 1, \"n\": 2}", "data.ndjson:1:", "twice"),
        ("{\"n\": [1]}", "data.ndjson:1:7", "nested"),
        ("{\"n\": 1", "data.ndjson:1:7", "not a JSON object"),
        ("[1]", "data.ndjson:1:2", "not a JSON object"),
    ];
    for (text, place, message) in cases {
        let error = ndjson(text).unwrap_err().to_string();
        assert!(error.contains(place) && error.contains(message), "{text:?}: {error}");
    }
}

#[test]
fn a_quote_left_open_swallows_no_row() {
    let cases = [
        ("n,id\n1,\"a\n2,b\n3,c\n", "data.csv:2:3", "no closing quote"),
        ("id,n\n\"a,1\nb,2\n", "data.csv:2:1", "no closing quote"),
        ("\"id,n\na,1\n", "data.csv:1:1", "no closing quote"),
        ("n,id\n1,\"a\n2,\"b\n3,c\n", "data.csv:3:3", "text follows"),
        ("id,n\n\"a\"b,1\n", "data.csv:2:3", "text follows"),
    ];
    for (text, place, message) in cases {
        let error = csv(text).unwrap_err().to_string();
        assert!(error.contains(place) && error.contains(message), "{text:?}: {error}");
    }
    assert_eq!(
        shown(csv("id,n\n5\" x,1\n\"\",2\r\n\"a\"\"\",3")),
        ["5\" x | 1", " | 2", "a\" | 3"]
    );
}

#[test]
fn a_line_has_an_end() {
    let error = csv(format!("id,n\n{},1\n", "x".repeat(MAX_BYTES))).unwrap_err().to_string();
    assert!(error.contains("line 2 is longer than"), "{error}");
    let field = format!("\"{}", "x\n".repeat(MAX_BYTES / 2 + 1));
    let error = csv(format!("id,n\na,1\n{field}\",1\n")).unwrap_err().to_string();
    assert!(error.contains("the row of line 3 is longer than"), "{error}");
    let error = csv(format!("id,n\na,1\n{field}b,1\n")).unwrap_err().to_string();
    assert!(error.contains("data.csv:3:1") && error.contains("no closing quote"), "{error}");
}

#[test]
fn the_rows_before_a_mistake_are_given_and_none_after_it() {
    let columns = columns();
    let rows = |text: &str| {
        let rows =
            Rows::new("data.csv", text.as_bytes(), TextFormat::Csv(None), all(&columns)).take(9);
        rows.map(|row| row.is_ok()).collect::<Vec<_>>()
    };
    assert_eq!(rows("id,n\na,1\nb,x\nc,1\n"), [true, false]);
    assert_eq!(rows("id,n\na,1\nb,2\n"), [true, true]);
    assert_eq!(rows("id\rn\ra,1\r"), [true, false], "a lone CR ends a line too");
}

#[test]
fn a_file_without_rows_or_not_in_utf_8_is_refused() {
    for empty in ["", "\n", "id,n\n"] {
        assert!(csv(empty).unwrap_err().to_string().contains("is empty"), "{empty:?}");
    }
    assert!(ndjson("\n \n").unwrap_err().to_string().contains("is empty"));
    let error = csv(b"id,n\na\xff,1\n").unwrap_err().to_string();
    assert!(error.contains("not UTF-8: line 2"), "{error}");
}
