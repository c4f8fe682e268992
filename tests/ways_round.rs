//! Ways round the checks: shipped statements that read another partition, lose a condition or call what has
//! effects are refused, wherever in them that is; and what means nothing changes nothing.

use std::sync::LazyLock;

use onerow::check::{self, Code, Finding};
use onerow::rule::{Rule, RuleFile};
use onerow::statement::{Statement, StepName};
use onerow::template::{Renderer, Template, Templates};
use onerow::window::{Day, Window};
use proptest::prelude::*;

use crate::common::part;

const RULES: &str = r#"
[rule.p]
table = "nba.predictions"
partition = "game_date"
PARTITION_TYPE
key = ["game_id", "LOWER(player)"]
keep = ["created_at DESC", "id DESC"]
row_id = "id"
active = "is_active"
written_at = "created_at"
strategy = "STRATEGY"
routines = ["ops.listed"]
steps = ["void", "detect", "STRATEGY", "verify"]

[rule.p.staging]
tables = ["nba.staging"]

[rule.p.columns]
id = "STRING"
game_date = "DATE"
game_id = "STRING"
player = "STRING"
points = "NUMERIC"
is_active = "BOOL"
created_at = "TIMESTAMP"
"#;

/// A custom step's UPDATE, as a project writes it.
const VOID: &str = "UPDATE {{ rule.table }}\nSET {{ rule.active }} = FALSE\n\
    WHERE {{ window.filter }}\n  AND COALESCE(created_at < @cutoff, TRUE)\n  \
    AND id IN (\n    SELECT id\n    FROM {{ rule.table }}\n    WHERE {{ window.filter }}\n      AND player = 'x'\n  )\n";

fn rules(strategy: &str, kind: &str) -> RuleFile {
    let text = RULES
        .replace("STRATEGY", strategy)
        .replace("game_date = \"DATE\"", &format!("game_date = \"{kind}\""));
    let text = text.replace("PARTITION_TYPE", &format!("partition_type = \"{kind}\""));
    RuleFile::parse("onerow.toml", &text).unwrap()
}

/// A statement that changes rows, and what a project may put in its place.
struct Given {
    file: RuleFile,
    statement: Statement,
}

impl std::fmt::Debug for Given {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.sql())
    }
}

impl Given {
    fn of(step: &str, strategy: &str, kind: &str) -> Self {
        let file = rules(strategy, kind);
        let void = Template { path: "sql/void.sql".to_owned(), text: VOID.to_owned() };
        let templates = Templates::shipped().with(None, "void.sql", void);
        let renderer = Renderer::new(&file.rules[0], &templates, &[]).unwrap();
        let window = Window::day(Day::parse("2026-01-28").unwrap());
        let rendered = renderer.render(&StepName::parse(step).unwrap(), &window).unwrap();
        let statement = rendered.into_iter().find(|s| s.step.as_str() == step).unwrap();
        let statement = match &statement.unrestricted {
            Some(own) => Statement::new(statement.step.clone(), window, own.to_string()),
            None => statement,
        };
        Self { file, statement }
    }

    fn rule(&self) -> &Rule {
        &self.file.rules[0]
    }

    fn sql(&self) -> &str {
        &self.statement.sql
    }

    /// What is found where this stands in its place.
    fn found(&self, sql: String) -> Vec<Finding> {
        let Statement { step, window, sql: shipped, .. } = self.statement.clone();
        let own = Statement::new(step, window, sql);
        let own = if own.step.as_str() == "void" { own } else { own.replacing(&shipped) };
        check::inspect(self.rule(), own).findings
    }
}

/// Every such statement, for each type of partition.
static GIVEN: LazyLock<Vec<Given>> = LazyLock::new(|| {
    let steps = [
        ("void", "deactivate"),
        ("deactivate", "deactivate"),
        ("delete", "delete"),
        ("consolidate", "deactivate"),
    ];
    let kinds = ["DATE", "DATETIME", "TIMESTAMP", "INT64", "STRING"];
    let all = kinds.iter().flat_map(|kind| steps.map(|(step, strategy)| (step, strategy, kind)));
    all.map(|(step, strategy, kind)| Given::of(step, strategy, kind)).collect()
});

fn given() -> impl Strategy<Value = &'static Given> {
    any::<prop::sample::Index>().prop_map(|at| at.get(&GIVEN))
}

/// A statement as text: what stands before the conditions that have to hold, these, and what comes after.
struct Parts {
    head: String,
    conditions: Vec<String>,
    tail: String,
}

impl Parts {
    fn of(sql: &str) -> Self {
        let (begin, end) =
            if sql.contains("\nMERGE") { ("\nON ", "\nWHEN") } else { ("\nWHERE ", "\0") };
        let start = sql.find(begin).unwrap() + begin.len();
        let end = sql[start..].find(end).map_or(sql.len(), |end| start + end);
        let conditions = sql[start..end].trim_end().split("\n  AND ").map(str::to_owned);
        let (head, conditions) = (sql[..start].to_owned(), conditions.collect());
        Self { head, conditions, tail: sql[end..].to_owned() }
    }

    fn text(&self) -> String {
        format!("{}{}\n{}", self.head, self.conditions.join("\n  AND "), self.tail)
    }

    /// The condition of this index, turned into another one.
    fn with(mut self, at: usize, other: impl Fn(&str) -> Option<String>) -> String {
        match other(&self.conditions[at]) {
            Some(other) => self.conditions[at] = other,
            None => _ = self.conditions.remove(at),
        }
        self.text()
    }

    fn and(mut self, condition: &str) -> String {
        self.conditions.push(condition.to_owned());
        self.text()
    }
}

/// Names of what could be the rule's table, or one that waits to be merged into it.
const SPELT: [&str; 14] = [
    "nba.predictions",
    "`nba.predictions`",
    "`nba`.`predictions`",
    "`nba`.predictions",
    "NBA.Predictions",
    "predictions",
    "`predictions`",
    "`some-project.nba.predictions`",
    "`some-project`.nba.predictions",
    "`some-project`.`nba.predictions`",
    "`nba.pred*`",
    "`nba.*`",
    "nba.predictions_current",
    "nba.staging",
];

/// Queries of ids that read the table TABLE and confine it to nothing.
const READS: [&str; 19] = [
    "SELECT id FROM TABLE",
    "SELECT z.id FROM TABLE AS z WHERE z.is_active",
    "SELECT z.id FROM TABLE AS z WHERE z.game_date = OTHER",
    "SELECT z.id FROM TABLE AS z WHERE z.game_date = SAME OR z.is_active",
    "SELECT z.id FROM TABLE AS z WHERE NOT z.game_date = SAME",
    "SELECT z.id FROM TABLE AS z, UNNEST([SAME]) AS game_date WHERE game_date = SAME",
    "SELECT z.id FROM TABLE AS z, UNNEST([1]) AS n WITH OFFSET AS game_date WHERE game_date = SAME",
    "SELECT z.id FROM TABLE AS z, z.days AS game_date WHERE game_date = SAME",
    "SELECT z.id FROM TABLE AS z CROSS JOIN (SELECT SAME AS d) AS game_date WHERE game_date = SAME",
    "SELECT z.id FROM TABLE AS z, UNNEST([STRUCT(SAME AS game_date)]) AS y WHERE y.game_date = SAME",
    "SELECT z.id FROM TABLE AS z JOIN ops.a AS y ON y.id = z.id WHERE y.game_date = SAME",
    "SELECT y.id FROM (ops.a AS y JOIN TABLE AS z ON y.id = z.id)",
    "SELECT y.id FROM (ops.b AS x JOIN (ops.a AS y JOIN TABLE AS z ON y.id = z.id) ON x.id = y.id)",
    "SELECT id FROM (SELECT id, game_date FROM TABLE) WHERE game_date = SAME",
    "WITH w AS (SELECT id, game_date FROM TABLE) SELECT id FROM w WHERE game_date = SAME",
    "SELECT id FROM ops.a UNION ALL SELECT id FROM TABLE",
    "SELECT y.id FROM ops.a AS y, LATERAL (SELECT 1 AS one FROM TABLE AS z WHERE z.id = y.id)",
    "SELECT id FROM ops.a |> JOIN TABLE AS z ON z.id = id |> SELECT id",
    "SELECT id FROM TABLE PIVOT(COUNT(*) FOR player IN ('a', 'b')) WHERE game_date = SAME",
];

/// Conditions that call what may have effects.
const CALLS: [&str; 19] = [
    "ops.f(id)",
    "`ops`.`f`(id)",
    "`ops.f`(id)",
    "`some-project`.ops.f(id)",
    "SAFE.ops.f(id)",
    "ops.LISTED(id)",
    "`f`(id)",
    "NET.FETCH(id)",
    "ML.PREDICT(id)",
    "ops.f(id) OVER (PARTITION BY id)",
    "ARRAY_LENGTH(ARRAY(SELECT ops.f(x) FROM UNNEST([1]) AS x)) > 0",
    "id IN (SELECT id FROM ops.table_function('x'))",
    "id IN (SELECT id FROM ops.a, ops.table_function(1) AS b)",
    "id IN (SELECT id FROM ops.a |> CALL ops.table_function(1) |> SELECT id)",
    "id IN (SELECT id FROM EXTERNAL_QUERY('c', 'x'))",
    "id IN (SELECT id FROM external_query('c', 'x') AS e)",
    "id IN (SELECT id FROM `EXTERNAL_QUERY`('c', 'x'))",
    "id IN (SELECT y.id FROM (ops.a AS y JOIN `External_Query`('c', 'x') AS e ON e.id = y.id))",
    "id IN (SELECT id FROM ML.PREDICT((SELECT 1), (SELECT 2)))",
];

/// What a condition may stand in.
fn somewhere(condition: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    const AROUND: [&str; 12] = [
        "(…)",
        "NOT (…)",
        "(TRUE OR …)",
        "COALESCE(…, TRUE)",
        "IF(…, TRUE, FALSE)",
        "CASE WHEN … THEN TRUE ELSE FALSE END",
        "EXISTS (SELECT 1 FROM ops.c WHERE …)",
        "id IN (SELECT id FROM (SELECT id FROM ops.c WHERE …))",
        "id IN (WITH v AS (SELECT id FROM ops.c WHERE …) SELECT id FROM v)",
        "id IN (WITH predictions AS (SELECT id FROM ops.c) SELECT id FROM predictions WHERE …)",
        "(SELECT COUNT(*) FROM ops.c WHERE …) > 0",
        "id IN (SELECT id FROM ops.c GROUP BY id HAVING …)",
    ];
    let around = prop::collection::vec(prop::sample::select(&AROUND[..]), 0..4);
    (condition, around).prop_map(|(condition, around)| {
        around.into_iter().fold(condition, |it, around| around.replace('…', &it))
    })
}

fn literal(given: &Given, day: &str) -> String {
    use onerow::rule::Cut::{Date, Datetime, Int64, String, Timestamp};
    match given.rule().partition.cut {
        Date => format!("DATE '{day}'"),
        Datetime => format!("DATETIME '{day} 00:00:00'"),
        Timestamp => format!("TIMESTAMP '{day} 00:00:00+00'"),
        Int64(_) => day.replace('-', ""),
        onerow::rule::Cut::Shards | onerow::rule::Cut::Whole => {
            unreachable!("each of these rules has a partition column")
        }
        String(_) => format!("'{}'", day.replace('-', "")),
    }
}

fn has(found: &[Finding], codes: &[Code]) -> bool {
    found.iter().any(|finding| codes.contains(&finding.code))
}

proptest! {
    #![proptest_config(part::properties(3000, 300))]

    #[test]
    fn whatever_reads_another_partition_is_refused(
        given in given(),
        table in prop::sample::select(&SPELT[..]),
        condition in somewhere(prop_oneof![
            prop::sample::select(&READS[..]).prop_map(|read| format!("id IN ({read})")),
            prop::sample::select(&READS[..]).prop_map(|read| format!("EXISTS ({read})")),
            prop::sample::select(&READS[..]).prop_map(|read| format!("'x' = (SELECT MAX(id) FROM ({read}))")),
        ]),
    ) {
        // A name of the table's alone is that of the common table expression around it.
        prop_assume!(!(table.trim_matches('`') == "predictions" && condition.contains("WITH predictions")));
        let condition = condition
            .replace("TABLE", table)
            .replace("SAME", &literal(given, "2026-01-28"))
            .replace("OTHER", &literal(given, "2026-01-27"));
        let found = given.found(Parts::of(given.sql()).and(&condition));
        prop_assert!(!has(&found, &[Code::Unparsable]), "{condition}: {found:?}");
        prop_assert!(has(&found, &[Code::ReadsOtherPartition]), "{condition}: {found:?}");
    }

    #[test]
    fn whatever_calls_what_may_have_effects_is_refused(
        given in given(),
        condition in somewhere(prop::sample::select(&CALLS[..]).prop_map(str::to_owned)),
        allowed in any::<bool>(),
    ) {
        let sql = Parts::of(given.sql()).and(&condition);
        let allow = "-- onerow: allow reads-other-partition: it is right here\n\
                     -- onerow: allow other-dialect: it is right here\n\
                     -- onerow: allow always-refused: it is right here\n\
                     -- onerow: allow unparsable: it is right here\n";
        let found = given.found(if allowed { format!("{allow}{sql}") } else { sql });
        prop_assert!(!has(&found, &[Code::Unparsable]), "{condition}: {found:?}");
        prop_assert!(has(&found, &[Code::CallsRoutine]), "{condition}: {found:?}");
    }

    /// The third condition of the custom UPDATE is the project's own.
    #[test]
    fn whatever_loses_a_condition_is_refused(
        given in given(),
        at in any::<prop::sample::Index>(),
        how in 0_usize..10,
    ) {
        let parts = Parts::of(given.sql());
        let is_own = given.statement.step.as_str() == "void";
        let at = at.index(if is_own { 2 } else { parts.conditions.len() });
        let sql = parts.with(at, |condition| match how {
            0 => None,
            1 => Some(format!("({condition} OR TRUE)")),
            2 => Some(format!("(TRUE OR {condition})")),
            3 => Some(format!("NOT ({condition})")),
            4 => Some(format!("({condition} OR game_id = 'x')")),
            5 => Some(format!("({condition}) IS NOT NULL")),
            6 => Some(format!("IF(FALSE, {condition}, TRUE)")),
            7 => Some(format!("COALESCE(({condition}), ({condition}), TRUE)")),
            8 => Some("(@cutoff IS NULL OR TRUE)".to_owned()),
            _ => Some(format!("EXISTS (SELECT 1 FROM ops.a WHERE {condition})")),
        });
        let found = given.found(sql.clone());
        prop_assert!(!has(&found, &[Code::Unparsable]), "{sql}: {found:?}");
        let codes = [Code::NoPartition, Code::DropsCutoff, Code::DropsCondition];
        prop_assert!(has(&found, &codes), "{sql}: {found:?}");
    }

    /// A condition in a subquery of what replaces a shipped text: one line of it.
    #[test]
    fn whatever_loses_a_condition_of_a_subquery_is_refused(
        given in given(),
        at in any::<prop::sample::Index>(),
        turned in any::<bool>(),
    ) {
        prop_assume!(given.statement.step.as_str() != "void");
        let sql = given.sql();
        let clauses = sql.find("\nWHEN").unwrap_or(sql.len());
        let is_inner = |line: &str| {
            let is_whole = line.matches('(').count() == line.matches(')').count();
            line.starts_with("    ") && line.trim_start().starts_with("AND ") && is_whole
        };
        let mut begin = 0;
        let mut inner = Vec::new();
        for line in sql[..clauses].split_inclusive('\n') {
            if is_inner(line) {
                inner.push(begin..begin + line.len());
            }
            begin += line.len();
        }
        prop_assume!(!inner.is_empty());
        let line = inner[at.index(inner.len())].clone();
        let other = if turned { sql[line.clone()].replacen("AND ", "OR ", 1) } else { String::new() };
        let mut text = sql.to_owned();
        text.replace_range(line, &other);
        let found = given.found(text.clone());
        prop_assert!(!has(&found, &[Code::Unparsable]), "{text}: {found:?}");
        prop_assert!(has(&found, &[Code::DropsCondition]), "{text}: {found:?}");
    }

    #[test]
    fn what_means_nothing_changes_nothing(
        given in given(),
        order in prop::collection::vec(any::<u8>(), 8),
        brackets in prop::collection::vec(0_usize..3, 8),
        lower in any::<bool>(),
        comments in any::<bool>(),
        without_as in any::<bool>(),
        whole in any::<bool>(),
    ) {
        let mut parts = Parts::of(given.sql());
        for (condition, brackets) in parts.conditions.iter_mut().zip(&brackets) {
            *condition = format!("{}{condition}{}", "(".repeat(*brackets), ")".repeat(*brackets));
        }
        let mut numbered: Vec<(u8, String)> = order.into_iter().zip(parts.conditions).collect();
        numbered.sort();
        parts.conditions = numbered.into_iter().map(|(_, condition)| condition).collect();
        if whole {
            parts.conditions = vec![format!("({})", parts.conditions.join("\n  AND "))];
        }
        let mut sql = parts.text();
        if lower {
            sql = in_small_letters(&sql);
        }
        if without_as {
            for name in ["row_id", "rank", "copies", "settled", "onerow_main", "onerow_row"] {
                sql = sql.replace(&format!(" AS {name}"), &format!(" {name}"));
            }
        }
        if comments {
            sql = sql.replace("\n  AND ", "\n  AND /* OR TRUE */ ").replace("\n    AND ", " -- )\n    AND ");
        }
        let found = given.found(sql.clone());
        prop_assert!(found.is_empty(), "{sql}: {found:?}");
    }
}

/// The text with the words of GoogleSQL and its functions in small letters.
fn in_small_letters(sql: &str) -> String {
    const WORDS: [&str; 49] = [
        "ALL",
        "AND",
        "AS",
        "ASC",
        "BY",
        "COALESCE",
        "COUNT",
        "CURRENT_TIMESTAMP",
        "DATE",
        "DATETIME",
        "DELETE",
        "DESC",
        "FALSE",
        "FIRST_VALUE",
        "FROM",
        "IF",
        "IN",
        "INSERT",
        "INTO",
        "IS",
        "LOWER",
        "MATCHED",
        "MERGE",
        "NOT",
        "NULL",
        "ON",
        "OR",
        "ORDER",
        "OVER",
        "PARTITION",
        "ROW_NUMBER",
        "SELECT",
        "SET",
        "STRUCT",
        "TARGET",
        "THEN",
        "TIMESTAMP",
        "TO_JSON_STRING",
        "TRUE",
        "UNION",
        "UPDATE",
        "USING",
        "VALUES",
        "WHEN",
        "WHERE",
        "WINDOW",
        "BETWEEN",
        "EXISTS",
        "LIMIT",
    ];
    sql.split_inclusive(|c: char| !(c.is_alphanumeric() || c == '_'))
        .map(|word| {
            let bare = word.trim_end_matches(|c: char| !(c.is_alphanumeric() || c == '_'));
            if WORDS.contains(&bare) { word.to_lowercase() } else { word.to_owned() }
        })
        .collect()
}
