"""Loads the DAG files of a folder as Airflow does, prints what it finds as JSON, and runs each task's command."""

import json
import os
import sys
import tempfile

home = tempfile.mkdtemp()
os.environ.update(
    AIRFLOW_HOME=home,
    AIRFLOW__CORE__LOAD_EXAMPLES="False",
    AIRFLOW__CORE__DAGS_FOLDER=sys.argv[1],
    AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=f"sqlite:///{home}/airflow.db",
    AIRFLOW__LOGGING__LOGGING_LEVEL="CRITICAL",
)

from airflow.dag_processing.dagbag import DagBag  # noqa: E402


def outcome(task):
    """What becomes of the task: its command is run, as on a worker."""
    try:
        task.execute(context={})
    except Exception as error:
        return f"{type(error).__name__}: {error}".splitlines()[0]
    return "success"


bag = DagBag(sys.argv[1])
dags = [
    {
        "id": dag.dag_id,
        "schedule": dag.timetable.expression,
        "zone": str(dag.timezone),
        "catchup": dag.catchup,
        "active": dag.max_active_runs,
        "tasks": [
            {
                "id": task.task_id,
                "retries": task.retries,
                "delay": task.retry_delay.total_seconds(),
                "command": task.bash_command,
                "outcome": outcome(task),
            }
            for task in dag.tasks
        ],
    }
    for dag in bag.dags.values()
]
json.dump({"errors": list(bag.import_errors.values()), "dags": dags}, open(sys.argv[2], "w"))
