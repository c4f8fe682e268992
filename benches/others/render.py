"""What a script would do: renders the same templates with Jinja, parses the SQL with sqlglot, and
writes it. Arguments: the statements as JSON, the folder of templates, the folder to write to."""

import json
import sys
from pathlib import Path

import sqlglot
from jinja2 import Environment, FileSystemLoader

statements, templates, out = (Path(argument) for argument in sys.argv[1:])
asked = json.loads(statements.read_text())
environment = Environment(
    loader=FileSystemLoader(templates),
    finalize=lambda value: str(value).upper() if isinstance(value, bool) else value,
)
environment.filters["commas"] = ", ".join
for statement in asked["statements"]:
    template = environment.get_template(f"{statement['step']}.sql")
    sql = template.render(
        rule=asked["rule"], window=statement["window"], removals=asked["removals"]
    )
    sqlglot.parse_one(sql, dialect="bigquery")
    (out / f"{statement['name']}.sql").write_text(sql)
