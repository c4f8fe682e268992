"""What Google's own analyzer says of SQL, and what its reference implementation answers.

Reads one JSON object from standard input and writes one to standard output:
  analyze: [{tables: {name: {column: type, or {array: type} or {struct: [[field, type]]}}}, parameters: {name: type}, sql}]  ->  [error or null];
           of a list of SQL, a list of these: making a catalog takes longer than analyzing a statement
  parse:   [sql]                                                            ->  [error or null]
  execute: [sql]                                      ->  [{error} or {rows: [JSON text]}]
"""

import json
import sys

import service
from zetasql.api import Analyzer, CatalogBuilder, Parser, TableBuilder
from zetasql.types import (
    AnalyzerOptions,
    ArrayType,
    LanguageOptions,
    StructField,
    StructType,
    Type,
    TypeKind,
    ZetaSQLBuiltinFunctionOptions,
)

LANGUAGE = LanguageOptions.maximum_features()
# What BigQuery adds to a table partitioned by ingestion time.
PSEUDO_COLUMNS = {"_PARTITIONTIME", "_PARTITIONDATE"}


def kind(name):
    return getattr(TypeKind, "TYPE_" + {"FLOAT64": "DOUBLE"}.get(name, name))


def whole(of):
    if isinstance(of, str):
        return Type(type_kind=kind(of))
    if "array" in of:
        return Type(type_kind=TypeKind.TYPE_ARRAY, array_type=ArrayType(element_type=whole(of["array"])))
    fields = [StructField(field_name=name, field_type=whole(field)) for name, field in of["struct"]]
    return Type(type_kind=TypeKind.TYPE_STRUCT, struct_type=StructType(field=fields))


def catalog(tables):
    builder = CatalogBuilder("catalog")
    for name, columns in tables.items():
        table = TableBuilder(name)
        for column, of in columns.items():
            table = table.add_column(column, whole(of))
        table = table.build()
        for column in table.column:
            column.is_pseudo_column = column.name in PSEUDO_COLUMNS
        builder = builder.add_table(table)
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
    sql = request["sql"]
    if isinstance(sql, list):
        return [error_of(lambda: analyzer.analyze_statement(one)) for one in sql]
    return error_of(lambda: analyzer.analyze_statement(sql))


def parse(sql):
    return error_of(lambda: Parser.parse_statement_static(sql, LANGUAGE))


def execute(sql, reference):
    try:
        _, content = reference.run(sql)
        return {"rows": [row.cell[0].string_value for row in content.table_data.row]}
    except Exception as error:
        return {"error": str(error) or type(error).__name__}


def main():
    request = json.load(sys.stdin)
    queries = request.get("execute", [])
    reference = service.Service({}) if queries else None
    answer = {
        "analyze": [analyze(item) for item in request.get("analyze", [])],
        "parse": [parse(sql) for sql in request.get("parse", [])],
        "execute": [execute(sql, reference) for sql in queries],
    }
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
