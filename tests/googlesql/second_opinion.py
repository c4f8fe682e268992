"""What Google's own analyzer says of SQL, and what its reference implementation answers.

Reads one JSON object from standard input and writes one to standard output:
  analyze: [{tables: {name: {column: type}}, parameters: {name: type}, sql}]  ->  [error or null]
  parse:   [sql]                                                            ->  [error or null]
  execute: [sql]                                      ->  [{error} or {rows: [JSON text]}]
"""

import json
import sys

import service  # noqa: F401  what it compiled once is used again
from zetasql.api import Analyzer, CatalogBuilder, Parser, PreparedQuery, TableBuilder
from zetasql.types import (
    AnalyzerOptions,
    LanguageOptions,
    Type,
    TypeKind,
    ZetaSQLBuiltinFunctionOptions,
)

LANGUAGE = LanguageOptions.maximum_features()


def kind(name):
    return getattr(TypeKind, "TYPE_" + {"FLOAT64": "DOUBLE"}.get(name, name))


def catalog(tables):
    builder = CatalogBuilder("catalog")
    for name, columns in tables.items():
        table = TableBuilder(name)
        for column, type_name in columns.items():
            table = table.add_column(column, kind(type_name))
        builder = builder.add_table(table.build())
    options = ZetaSQLBuiltinFunctionOptions(language_options=LANGUAGE)
    return builder.with_builtin_functions(options).build()


def options(parameters):
    declared = [
        AnalyzerOptions.QueryParameter(name=name, type=Type(type_kind=kind(type_name)))
        for name, type_name in parameters.items()
    ]
    return AnalyzerOptions(language_options=LANGUAGE, query_parameters=declared)


def error_of(act):
    try:
        act()
    except Exception as error:  # whatever the library raises, it is the analyzer's answer
        return str(error) or type(error).__name__
    return None


def analyze(request):
    analyzer = Analyzer(options(request["parameters"]), catalog(request["tables"]))
    return error_of(lambda: analyzer.analyze_statement(request["sql"]))


def parse(sql):
    return error_of(lambda: Parser.parse_statement_static(sql, LANGUAGE))


def execute(sql, empty):
    builder = PreparedQuery.builder().set_sql(sql).set_analyzer_options(options({}))
    try:
        with builder.set_catalog(empty).prepare() as query:
            data = query.execute().content.table_data
            rows = data.row if data else []
            return {"rows": [row.cell[0].string_value for row in rows]}
    except Exception as error:
        return {"error": str(error) or type(error).__name__}


def main():
    request = json.load(sys.stdin)
    empty = catalog({})
    answer = {
        "analyze": [analyze(item) for item in request.get("analyze", [])],
        "parse": [parse(sql) for sql in request.get("parse", [])],
        "execute": [execute(sql, empty) for sql in request.get("execute", [])],
    }
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
