"""onerow for rule «rule»: «dates», every day.

Changed means written since last found clean, by late rows and backfills too; the first run takes all.

Put this file into the DAGs folder (Airflow 2.4 or newer, or 3); workers need onerow.

A run takes whatever is not shown to be clean when it starts. One that starts late, is retried after
midnight or is cleared months later is therefore right as it is: it needs no date from Airflow.

While rows are in BigQuery's streaming buffer, onerow exits with 75. The task fails and is retried
every 30 minutes; waiting inside the task instead would hold a worker for as long. What is buffered even
then, the next day's run takes along.
"""

from datetime import timedelta

import pendulum

try:
    from airflow.sdk import DAG
    from airflow.providers.standard.operators.bash import BashOperator
except ImportError:
    from airflow import DAG
    from airflow.operators.bash import BashOperator

with DAG(
    dag_id=«("onerow_" ~ rule ~ "_daily")|string»,
    schedule=«(at.minute ~ " " ~ at.hour ~ " * * *")|string»,
    start_date=pendulum.datetime(2025, 1, 1, tz=«zone|string»),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": «retries», "retry_delay": timedelta(minutes=30)},
    tags=["onerow"],
):
    BashOperator(
        task_id="apply",
        bash_command=«((program|sh) ~ " " ~ (apply|map("sh")|join(" ")))|string»,
    )
