"""Where a real optimizer applies a filter on a view: at the scan of the table, or above the ranking.

Reads one JSON object {table, columns: {name: type}, view, query} from standard input, each SQL in GoogleSQL, and
writes DuckDB's plan of the query. What DuckDB pushes below a window function is what may be pushed at all: a
condition on an expression of its PARTITION BY.
"""

import json
import sys

import duckdb
import sqlglot


def duck(sql):
    [translated] = sqlglot.transpile(sql, read="bigquery", write="duckdb")
    return translated


def main():
    request = json.load(sys.stdin)
    database = duckdb.connect()
    # It would see that there is no such date, and read no table at all.
    database.execute("SET disabled_optimizers = 'statistics_propagation'")
    database.execute(f'CREATE SCHEMA {request["table"].split(".")[0]}')
    columns = ", ".join(f'"{name}" {kind}' for name, kind in request["columns"].items())
    database.execute(f'CREATE TABLE {request["table"]} ({columns})')
    database.execute(
        f'INSERT INTO {request["table"]} SELECT {", ".join("NULL" for _ in request["columns"])} FROM range(1000)'
    )
    database.execute(duck(request["view"]))
    [(_, plan)] = database.execute("EXPLAIN " + duck(request["query"])).fetchall()
    print(plan)


main()
