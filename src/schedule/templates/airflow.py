"""onerow for rule «rule»: yesterday every day, the last «last» dates every «day.name».

Put this file into the DAGs folder (Airflow 2.4 or newer, or 3); workers need onerow.

The dates follow from when a DAG run was due, not from the clock: a run that starts late, is retried
after midnight or is cleared months later works on the dates that it was meant for. That is why the
command gets dates and not YESTERDAY, which would be the day before the re-run.

While rows are in BigQuery's streaming buffer, onerow exits with 75. The task fails and is retried
every 30 minutes; waiting inside the task instead would hold a worker for as long.
"""

from datetime import timedelta

import pendulum

try:
    from airflow.sdk import DAG
    from airflow.providers.standard.operators.bash import BashOperator
except ImportError:
    from airflow import DAG
    from airflow.operators.bash import BashOperator

ZONE = «zone|string»


def days_before(dag_run, days):
    """The date that many days before the one on which the run was due, in the rule's time zone."""
    due = dag_run.data_interval_end or dag_run.run_after
    return pendulum.instance(due).in_timezone(ZONE).subtract(days=days).to_date_string()


def dag(name, schedule, dates):
    with DAG(
        dag_id=name,
        schedule=schedule,
        start_date=pendulum.datetime(2025, 1, 1, tz=ZONE),
        catchup=False,
        max_active_runs=1,
        default_args={"retries": «retries», "retry_delay": timedelta(minutes=30)},
        user_defined_macros={"days_before": days_before},
        tags=["onerow"],
    ) as made:
        BashOperator(
            task_id="apply",
            bash_command=«((program|sh) ~ " " ~ (apply|map("sh")|join(" ")) ~ " ")|string» + dates,
        )
    return made


daily = dag(
    «("onerow_" ~ rule ~ "_daily")|string»,
    «(daily_at.minute ~ " " ~ daily_at.hour ~ " * * *")|string»,
    "--date {{ days_before(dag_run, 1) }}",
)

# Rows that arrive late and backfills dirty old dates.
weekly = dag(
    «("onerow_" ~ rule ~ "_weekly")|string»,
    «(weekly_at.minute ~ " " ~ weekly_at.hour ~ " * * " ~ day.cron)|string»,
    "--from {{ days_before(dag_run, «last») }} --to {{ days_before(dag_run, 1) }}",
)
