"""Writes a dbt project with one model for each statement, from the same templates as macros.
Arguments: the statements as JSON, the folder of templates, the folder to write to."""

import json
import re
import sys
from pathlib import Path

statements, templates, out = (Path(argument) for argument in sys.argv[1:])
asked = json.loads(statements.read_text())


def macros(name: str) -> str:
    """The template in dbt's words: macros are global there, and there is no filter `commas`."""
    text = (templates / f"{name}.sql").read_text()
    text = re.sub(r"{%-? from .*?%}", "", text).replace("| commas", "| join(', ')")
    return text.replace("(rule, false)", "(rule, 'FALSE')")


def write(path: str, text: str) -> None:
    (out / path).parent.mkdir(parents=True, exist_ok=True)
    (out / path).write_text(text)


for name in ("survivors", "removals"):
    write(f"macros/{name}.sql", macros(f"_{name}"))
for step in {statement["step"] for statement in asked["statements"]}:
    body = macros(step)
    write(f"macros/{step}.sql", f"{{% macro {step}(rule, window, removals) %}}{body}{{% endmacro %}}")
for statement in asked["statements"]:
    call = f"{{{{ {statement['step']}(var('rule'), {json.dumps(statement['window'])}, var('removals')) }}}}"
    write(f"models/{statement['name']}.sql", call)
project = {"name": "same", "profile": "same", "version": "1.0", "vars": {name: asked[name] for name in ("rule", "removals")}}
write("dbt_project.yml", json.dumps(project))
database = {"type": "duckdb", "path": ":memory:"}
write("profiles.yml", json.dumps({"same": {"target": "it", "outputs": {"it": database}}}))
