"""What Google's own analyzer says of SQL, and what its reference implementation answers, with types.

Reads JSON objects from standard input, a line each, and answers each with a line on standard output:
  tables:    {name: {columns: {column: type}, rows: [SELECT of literals], key: whether the first column is one}}
  functions: true  ->  [name]
  accepts:   [sql]  ->  [error or null], from the analyzer
  analyze:   [{tables: {name: {column: type}}, parameters: {name: type}, sql: [sql]}]  ->  [[error or null]],
             of tables of their own; a type may be {array: type} or {struct: [[field, type]]}
  parse:     [sql]  ->  [error or null], from the parser alone
  answers:   [sql]  ->  [{error} or {types: [type], rows: [[text or null]]}]
  changes:   [UPDATE or DELETE]  ->  [{error} or {changes: [{operation, key: [text], row: [text or null]}]}]
"""

import base64
import datetime
import json
import sys

from service import Service, type_pb2

EPOCH = datetime.datetime(1970, 1, 1)


def bits(number, *widths):
    """The fields of a packed number, from its highest on."""
    fields = []
    for width in reversed(widths):
        fields.append(number & ((1 << width) - 1))
        number >>= width
    return fields[::-1]


def decimal(data, places):
    number = int.from_bytes(data, "little", signed=True)
    digits = str(abs(number)).rjust(places + 1, "0")
    return ("-" if number < 0 else "") + digits[:-places] + "." + digits[-places:]


def day(number):
    return (EPOCH + datetime.timedelta(days=number)).date().isoformat()


def civil(value):
    year, month, date, hour, minute, second = bits(value.bit_field_datetime_seconds, 14, 4, 5, 5, 6, 6)
    return f"{year:04}-{month:02}-{date:02} {hour:02}:{minute:02}:{second:02}.{value.nanos // 1000:06}"


def time(packed):
    hour, minute, second, nanos = bits(packed, 5, 6, 6, 30)
    return f"{hour:02}:{minute:02}:{second:02}.{nanos // 1000:06}"


def instant(value):
    at = EPOCH + datetime.timedelta(seconds=value.seconds, microseconds=value.nanos // 1000)
    return at.isoformat(" ", "microseconds") + " UTC"


WRITTEN = {
    "int64_value": str,
    "double_value": repr,
    "bool_value": lambda value: str(value).lower(),
    "string_value": str,
    "bytes_value": lambda value: base64.b64encode(value).decode(),
    "date_value": day,
    "datetime_value": civil,
    "time_value": time,
    "timestamp_value": instant,
    "numeric_value": lambda value: decimal(value, 9),
    "bignumeric_value": lambda value: decimal(value, 38),
}


def text(cell):
    field = cell.WhichOneof("value")
    return None if field is None else WRITTEN[field](getattr(cell, field))


def type_name(column):
    name = type_pb2.TypeKind.Name(column.type.type_kind).removeprefix("TYPE_")
    return {"DOUBLE": "FLOAT64"}.get(name, name)


def error_of(act):
    try:
        act()
    except Exception as error:  # whatever the library raises, it is the analyzer's answer
        return str(error) or type(error).__name__
    return None


def answer(service, sql):
    try:
        columns, content = service.run(sql)
        rows = [[text(cell) for cell in row.cell] for row in content.table_data.row]
        return {"types": [type_name(column) for column in columns], "rows": rows}
    except Exception as error:
        return {"error": str(error) or type(error).__name__}


def analyzed(service, of):
    tables = {name: {"columns": columns} for name, columns in of["tables"].items()}
    with service.declared(tables, of["parameters"]):
        return [error_of(lambda: service.analyze(sql)) for sql in of["sql"]]


def changed(service, sql):
    try:
        rows = service.modify(sql)
    except Exception as error:
        return {"error": str(error) or type(error).__name__}
    return {
        "changes": [
            {
                "operation": row.Operation.Name(row.operation),
                "key": [text(cell) for cell in row.old_primary_key],
                "row": [text(cell) for cell in row.cell],
            }
            for row in rows
        ]
    }


def answered(service, request):
    with service.declared(request.get("tables", {})):
        return {
            "functions": service.functions() if request.get("functions") else [],
            "accepts": [error_of(lambda: service.analyze(sql)) for sql in request.get("accepts", [])],
            "analyze": [analyzed(service, of) for of in request.get("analyze", [])],
            "parse": [error_of(lambda: service.parse(sql)) for sql in request.get("parse", [])],
            "answers": [answer(service, sql) for sql in request.get("answers", [])],
            "changes": [changed(service, sql) for sql in request.get("changes", [])],
        }


def main():
    service = Service()
    for line in sys.stdin:
        print(json.dumps(answered(service, json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
