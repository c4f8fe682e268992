"""What an experiment works with: tables of its own in one dataset, a client, and the real onerow."""

import json
import os
import re
import subprocess
import tempfile
import time

from google.api_core.exceptions import GoogleAPIError, NotFound
from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

MIB = 1 << 20
# Each job may bill so much, and all of them together.
JOB_LIMIT = 1 << 30
LIMIT = 100 << 30
PRICE_PER_TIB = 6.25


class NotHere(Exception):
    """This warehouse lacks what the experiment needs."""


class NotTried(Exception):
    """The experiment needs what this script cannot make."""


class DoesNotHold(Exception):
    """The fact is not so."""


def holds(condition, found):
    """Raises unless the condition is so; `found` says what was seen, and becomes the note of the verdict."""
    if not condition:
        raise DoesNotHold(found)
    return found


class World:
    def __init__(self, project, dataset, location=None, endpoint=None, storage_endpoint=None):
        options = ClientOptions(api_endpoint=endpoint) if endpoint else None
        credentials = AnonymousCredentials() if endpoint else None
        self.client = bigquery.Client(project, credentials, location=location, client_options=options)
        self.project, self.dataset, self.location = project, dataset, location
        self.endpoint, self.storage_endpoint = endpoint, storage_endpoint
        self.prefix = f"onerow_live_{os.urandom(4).hex()}_"
        self.billed = 0
        self.folder = tempfile.TemporaryDirectory(prefix="onerow-live-")
        self.rules = ""

    # The client.

    def name(self, table):
        return f"{self.dataset}.{self.prefix}{table}"

    def reference(self, table):
        return f"{self.project}.{self.name(table)}"

    def start(self, sql, **settings):
        """A query job that runs. `$name` in the text is a table of this world."""
        sql = re.sub(r"\$(\w+)", lambda found: f"`{self.name(found[1])}`", sql)
        config = bigquery.QueryJobConfig(use_query_cache=False, labels={"tool": "onerow-live"})
        config.maximum_bytes_billed = JOB_LIMIT
        for key, value in settings.items():
            setattr(config, key, value)
        return self.client.query(sql, job_config=config, retry=None, job_retry=None)

    def job(self, sql, **settings):
        """A query job that has ended. Raises Google's error where it failed."""
        job = self.start(sql, **settings)
        try:
            job.result()
        finally:
            self.billed += job.total_bytes_billed or 0
        return job

    def rows(self, sql, **settings):
        return [tuple(row.values()) for row in self.job(sql, **settings).result()]

    def value(self, sql):
        return self.rows(sql)[0][0]

    def dry(self, sql):
        """The bytes that a statement would read, by its dry run."""
        found = self.start(sql, dry_run=True).total_bytes_processed
        if self.endpoint and not found:
            raise NotHere("dry runs say 0 bytes")
        return found

    def refusal(self, sql, **settings):
        """Reason and message of the error that the statement ends with."""
        try:
            self.job(sql, **settings)
        except Exception as error:
            first = (getattr(error, "errors", None) or [{}])[0]
            return first.get("reason", type(error).__name__), first.get("message", str(error))
        return None, "it was taken"

    def table(self, name):
        return self.client.get_table(self.reference(name))

    def stream(self, name, rows):
        """Streams rows in by `tabledata.insertAll`, and waits until the metadata know of the buffer."""
        for left in range(30, -1, -1):
            try:
                errors = rows and self.client.insert_rows_json(self.reference(name), rows)
                break
            except NotFound:
                # A table that was just made is unknown to the streaming servers for a while.
                if left == 0:
                    raise
                time.sleep(2)
        holds(not errors, f"insertAll: {errors}")
        for _ in range(1 if self.endpoint else 60):
            if self.table(name).streaming_buffer:
                return
            time.sleep(2)
        raise NotHere("the metadata show no streaming buffer")

    def spent(self):
        """Bytes billed so far: this script's jobs, and onerow's, by what the ledger has of them."""
        try:
            self.table("ledger")
        except NotFound:
            return self.billed
        sql = f"SELECT COALESCE(SUM(bytes_billed), 0), COUNT(*) FROM `{self.name('ledger')}`"
        ours, entries = self.rows(sql + " WHERE logged_at >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 DAY)")[0]
        # What wrote the ledger is not in it: 10 MiB for each batch, of which there are fewer than entries.
        return self.billed + ours + entries * 10 * MIB

    def clean_up(self):
        """Drops every table and view of this world, and returns the names of those that it could not drop."""
        self.folder.cleanup()
        dataset = bigquery.DatasetReference(self.project, self.dataset)
        made = [item for item in self.client.list_tables(dataset) if item.table_id.startswith(self.prefix)]
        for _ in range(2):
            left = [(item, problem) for item in made if (problem := self.drop(item))]
            made = [item for item, _ in left]
        return [f"{item.table_id}: {problem}" for item, problem in left]

    def drop(self, item):
        """Drops a table or view; what is returned is the error that was in the way."""
        try:
            if item.table_type == "VIEW":
                self.job(f"DROP VIEW IF EXISTS `{self.dataset}.{item.table_id}`")
            else:
                self.client.delete_table(item.reference, not_found_ok=True, retry=None, timeout=60)
        except (GoogleAPIError, OSError) as error:
            return error
        return None

    # The real onerow.

    def rule(self, name, table=None, **changes):
        """A rule of the case's columns for one of the tables; `changes` replace or remove keys."""
        keys = {
            "table": f'"{self.name(table or name)}"',
            "partition": '"game_date"',
            "key": '["game_id", "player_lookup", "system_id"]',
            "keep": '["created_at DESC", "prediction_id DESC"]',
            "row_id": '"prediction_id"',
            "active": '"is_active"',
            "on_keyless": '"ignore"',
            "written_at": '"created_at"',
        }
        staging = changes.pop("staging", None)
        keys.update(changes)
        lines = [f"{key} = {value}" for key, value in keys.items() if value is not None]
        columns = "".join(f"{c} = \"{t}\"\n" for c, t in COLUMNS.items())
        self.rules += f"\n[rule.{name}]\n" + "\n".join(lines) + f"\n[rule.{name}.columns]\n{columns}"
        if staging:
            self.rules += f"[rule.{name}.staging]\ntables = [\"{self.name(staging)}\"]\nuntouched = [\"created_at\"]\n"
        # An emulator bills nothing, and one of those of the tests cannot dry-run each statement.
        limit = f'endpoint = "{self.endpoint}"\n' if self.endpoint else 'max_bytes_billed = "1 GiB"\n'
        location = f'location = "{self.location}"\n' if self.location else ""
        head = (
            f'default_warehouse = "live"\n[warehouse.live]\ntype = "bigquery"\nproject = "{self.project}"\n'
            f'ledger = "{self.name("ledger")}"\n{limit}{location}'
        )
        with open(os.path.join(self.folder.name, "onerow.toml"), "w") as file:
            file.write(head + self.rules)

    def onerow(self, line, exits=0, format="--format json"):
        """Runs onerow, and returns its JSON, or what it says instead. Raises where it ends otherwise."""
        words = [os.environ["ONEROW"], *f"{line} {format}".split()]
        ended = subprocess.run(words, cwd=self.folder.name, capture_output=True, text=True)
        if ended.returncode != exits:
            said = next(iter(ended.stderr.strip().splitlines()), "nothing")
            raise OnerowEnded(f"`onerow {line.split()[0]}` exits with {ended.returncode}: {said}")
        return json.loads(ended.stdout) if format and ended.stdout.strip() else ended.stderr


class OnerowEnded(Exception):
    """onerow ended otherwise than the experiment expects."""


COLUMNS = {
    "prediction_id": "STRING",
    "game_id": "STRING",
    "game_date": "DATE",
    "player_lookup": "STRING",
    "system_id": "STRING",
    "current_points_line": "NUMERIC",
    "predicted_points": "NUMERIC",
    "is_active": "BOOL",
    "created_at": "TIMESTAMP",
    "updated_at": "TIMESTAMP",
}
