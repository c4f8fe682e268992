//! Clauses, each in a query that has it and little else. What prepares is claimed.

/// What it is called in the document, and a query.
pub const CLAUSES: &[(&str, &str)] = &[
    ("`SELECT` of expressions, with and without aliases", "SELECT id, id + 1 AS x FROM edges"),
    ("`SELECT *`, `t.*`", "SELECT t.* FROM edges AS t"),
    ("`SELECT * EXCEPT (…)`", "SELECT * EXCEPT (id) FROM edges"),
    ("`SELECT * REPLACE (…)`", "SELECT * REPLACE (1 AS id) FROM edges"),
    ("`SELECT DISTINCT`", "SELECT DISTINCT s1 FROM edges"),
    ("`SELECT AS STRUCT`", "SELECT AS STRUCT id FROM edges"),
    ("`SELECT` without `FROM`", "SELECT 1 AS x"),
    ("`WHERE`", "SELECT id FROM edges WHERE o1"),
    (
        "`GROUP BY` expressions, aliases and numbers",
        "SELECT s1 AS k, COUNT(*) AS n FROM edges GROUP BY k, LOWER(s2), 1",
    ),
    ("`GROUP BY ALL`", "SELECT s1, COUNT(*) AS n FROM edges GROUP BY ALL"),
    ("`GROUP BY ROLLUP (…)`", "SELECT s1, COUNT(*) AS n FROM edges GROUP BY ROLLUP (s1)"),
    ("`GROUP BY CUBE (…)`", "SELECT s1, COUNT(*) AS n FROM edges GROUP BY CUBE (s1)"),
    (
        "`GROUP BY GROUPING SETS (…)`",
        "SELECT s1, COUNT(*) AS n FROM edges GROUP BY GROUPING SETS (s1, ())",
    ),
    ("`GROUP BY` a FLOAT64", "SELECT f1, COUNT(*) AS n FROM edges GROUP BY f1"),
    ("`HAVING`", "SELECT s1 FROM edges GROUP BY s1 HAVING COUNT(*) > 1"),
    ("`QUALIFY`", "SELECT id FROM edges WHERE TRUE QUALIFY ROW_NUMBER() OVER (ORDER BY id) = 1"),
    ("`WINDOW`", "SELECT ROW_NUMBER() OVER w AS n FROM edges WINDOW w AS (ORDER BY id)"),
    (
        "`WINDOW` based on another window",
        "SELECT ROW_NUMBER() OVER (w ORDER BY id) AS n FROM edges WINDOW w AS (PARTITION BY s1)",
    ),
    (
        "`ORDER BY … ASC`, `DESC`, `NULLS FIRST`, `NULLS LAST`",
        "SELECT id FROM edges ORDER BY s1 DESC NULLS LAST, 1 ASC NULLS FIRST",
    ),
    ("`LIMIT`, `OFFSET`", "SELECT id FROM edges ORDER BY id LIMIT 1 OFFSET 2"),
    ("`FROM a, b`", "SELECT a.id FROM edges AS a, edges AS b"),
    ("`CROSS JOIN`", "SELECT a.id FROM edges AS a CROSS JOIN edges AS b"),
    ("`JOIN … ON`", "SELECT a.id FROM edges AS a JOIN edges AS b ON a.id = b.id"),
    ("`JOIN … USING`", "SELECT id FROM edges AS a JOIN edges AS b USING (id)"),
    ("`LEFT JOIN … ON`", "SELECT a.id FROM edges AS a LEFT JOIN edges AS b ON a.id = b.id"),
    ("`RIGHT JOIN`", "SELECT a.id FROM edges AS a RIGHT JOIN edges AS b ON a.id = b.id"),
    ("`FULL JOIN`", "SELECT a.id FROM edges AS a FULL JOIN edges AS b ON a.id = b.id"),
    ("a join in parentheses", "SELECT a.id FROM (edges AS a JOIN edges AS b ON a.id = b.id)"),
    ("subqueries in `FROM`", "SELECT x FROM (SELECT id AS x FROM edges) AS t"),
    ("`UNNEST` in `FROM`", "SELECT x FROM UNNEST([1, 2]) AS x"),
    (
        "scalar subqueries, also over columns of the query around them",
        "SELECT (SELECT MAX(b.i1) FROM edges AS b WHERE b.s1 = a.s1) AS x FROM edges AS a",
    ),
    ("`IN (SELECT …)`", "SELECT id FROM edges WHERE id IN (SELECT i1 FROM edges)"),
    (
        "`EXISTS (SELECT …)`",
        "SELECT id FROM edges AS a WHERE EXISTS (SELECT 1 FROM edges AS b WHERE b.i1 = a.id)",
    ),
    ("`ARRAY(SELECT …)`", "SELECT ARRAY(SELECT id FROM edges) AS x"),
    ("`WITH`", "WITH t AS (SELECT id FROM edges) SELECT id FROM t"),
    (
        "`WITH RECURSIVE`",
        "WITH RECURSIVE t AS (SELECT 1 AS x UNION ALL SELECT x + 1 FROM t WHERE x < 3) SELECT x FROM t",
    ),
    ("`UNION ALL`", "SELECT id FROM edges UNION ALL SELECT i1 FROM edges"),
    ("`UNION DISTINCT`", "SELECT id FROM edges UNION DISTINCT SELECT i1 FROM edges"),
    ("`INTERSECT DISTINCT`", "SELECT id FROM edges INTERSECT DISTINCT SELECT i1 FROM edges"),
    ("`EXCEPT DISTINCT`", "SELECT id FROM edges EXCEPT DISTINCT SELECT i1 FROM edges"),
    ("`EXCEPT ALL`", "SELECT id FROM edges EXCEPT ALL SELECT i1 FROM edges"),
    ("`VALUES` as a query", "VALUES (1)"),
    ("`PIVOT`", "SELECT * FROM (SELECT s1, i1 FROM edges) PIVOT (SUM(i1) FOR s1 IN ('a'))"),
    ("`UNPIVOT`", "SELECT * FROM (SELECT i1, i2 FROM edges) UNPIVOT (v FOR k IN (i1, i2))"),
    ("`TABLESAMPLE`", "SELECT id FROM edges TABLESAMPLE SYSTEM (10 PERCENT)"),
    ("`FOR SYSTEM_TIME AS OF`", "SELECT id FROM edges FOR SYSTEM_TIME AS OF CURRENT_TIMESTAMP()"),
    ("pipe syntax", "FROM edges |> WHERE o1"),
    ("`TO_JSON_STRING(t)` of a row", "SELECT TO_JSON_STRING(t) AS x FROM edges AS t"),
    (
        "`FIRST_VALUE(… IGNORE NULLS)` over a window that begins with its partition",
        "SELECT FIRST_VALUE(s1 IGNORE NULLS) OVER (ORDER BY id) AS x FROM edges",
    ),
    (
        "`IGNORE NULLS` otherwise",
        "SELECT LAST_VALUE(s1 IGNORE NULLS) OVER (ORDER BY id) AS x FROM edges",
    ),
    ("`LIKE ANY`", "SELECT s1 LIKE ANY ('a', 'b') AS x FROM edges"),
    ("`AT TIME ZONE` outside of `EXTRACT`", "SELECT ts1 AT TIME ZONE 'UTC' AS x FROM edges"),
    ("`CAST(… AS … FORMAT …)`", "SELECT CAST(d1 AS STRING FORMAT 'YYYY') AS x FROM edges"),
    ("types with parameters in `CAST`", "SELECT CAST(s1 AS STRING(3)) AS x FROM edges"),
    ("`SAFE.` before a function", "SELECT SAFE.SUBSTR(s1, 1) AS x FROM edges"),
    ("lambdas, arrays, structs", "SELECT ARRAY_LENGTH([1]) AS x, STRUCT(1) AS y"),
];

/// The query over the table of edges.
pub fn query(sql: &str) -> String {
    let mut text = sql.to_owned();
    for before in ["FROM edges", "JOIN edges", "(edges", ", edges"] {
        text = text.replace(before, &before.replace("edges", "`lowering.edges`"));
    }
    text
}
