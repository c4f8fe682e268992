"""The facts, each with its id in docs/bigquery-facts.md, and how it is tried. Every function returns what it
saw, or raises: `DoesNotHold`, `NotHere`, `NotTried`."""

import time
from concurrent.futures import ThreadPoolExecutor

from google.cloud import bigquery

from storage_write import append
from world import COLUMNS, MIB, NotHere, NotTried, holds

FACTS = []

# Date, active rows, duplicates with the points line in the key, duplicates without.
PUBLISHED = [
    (809, 252, 589), (216, 0, 0), (369, 1, 286), (2892, 2477, 2807), (441, 125, 360),
    (1682, 695, 1400), (1075, 271, 836), (1047, 236, 811), (1097, 632, 776), (113, 0, 0),
]
CASE = "--from 2026-01-20 --to 2026-01-29"
DAY = "--date 2026-01-28"


def fact(id, sentence):
    """Adds an experiment to the table."""

    def add(try_it):
        FACTS.append((id, sentence, try_it))
        return try_it

    return add


def untried(id, sentence, why):
    def try_it(w):
        raise NotTried(why)

    FACTS.append((id, sentence, try_it))


def make(w, name, cut="DAY", column="game_date", columns=COLUMNS, **more):
    """An empty table, partitioned by time."""
    table = bigquery.Table(w.reference(name), [bigquery.SchemaField(c, t) for c, t in columns.items()])
    if cut:
        table.time_partitioning = bigquery.TimePartitioning(type_=cut, field=column, **more)
    w.client.create_table(table)


def row(id, day="2026-01-28", player="a", at="2026-01-28 01:00:00+00", **more):
    """One row as `insert_rows_json` takes it."""
    return {
        "prediction_id": id, "game_id": "g1", "game_date": day, "player_lookup": player,
        "system_id": "s", "is_active": True, "created_at": at, **more,
    }


def put(w, name, *rows):
    """Puts rows in by DML, so that none is in the streaming buffer."""
    line = "('{prediction_id}', '{game_id}', DATE '{game_date}', '{player_lookup}', '{system_id}', TRUE, TIMESTAMP '{created_at}')"
    w.job(
        f"INSERT INTO ${name} (prediction_id, game_id, game_date, player_lookup, system_id, is_active, created_at) VALUES "
        + ", ".join(line.format(**r) for r in rows)
    )


def seed_case(w, name):
    """The case's table: 9,741 active rows of ten days, 7,865 of them duplicates."""
    make(w, name)
    days = []
    for day, (active, by_line, duplicates) in enumerate(PUBLISHED):
        lines, keys = active - by_line, active - duplicates
        days.append(
            f"SELECT CONCAT('p{day}-', CAST(i AS STRING)), 'g1', DATE '2026-01-{20 + day}', "
            f"CONCAT('player', CAST(MOD(c, {keys}) AS STRING)), 's', "
            f"IF(c < {keys}, NULL, CAST(DIV(c, {keys}) AS NUMERIC)), TRUE, "
            f"TIMESTAMP_ADD(TIMESTAMP '2026-01-20 00:00:00+00', INTERVAL i SECOND) "
            f"FROM (SELECT i, IF(i < {lines}, i, MOD(i - {lines}, {lines})) AS c "
            f"FROM UNNEST(GENERATE_ARRAY(0, {active - 1})) AS i)"
        )
    w.job(
        f"INSERT INTO ${name} (prediction_id, game_id, game_date, player_lookup, system_id, "
        "current_points_line, is_active, created_at)\n" + "\nUNION ALL\n".join(days)
    )


def active(w, name):
    return w.value(f"SELECT COUNT(*) FROM ${name} WHERE is_active")


def filler(w, name, days=("2026-01-27", "2026-01-28"), rows=1000, **more):
    """A table in which each date has so many rows, of which each key has two, with a broad column."""
    make(w, name, columns={**COLUMNS, "broad": "STRING"}, **more)
    rows = min(rows, 1000) if w.endpoint else rows
    for nth, day in enumerate(days):
        w.job(
            f"INSERT INTO ${name} (prediction_id, game_id, game_date, player_lookup, system_id, is_active, created_at, broad) "
            f"SELECT CONCAT('{nth}-', CAST(i AS STRING)), 'g1', DATE '{day}', CAST(DIV(i, 2) AS STRING), 's', TRUE, "
            f"TIMESTAMP '2026-01-28 01:00:00+00', REPEAT('x', 100) FROM UNNEST(GENERATE_ARRAY(1, {rows})) AS i"
        )


# The main case, and what onerow does with it.


@fact("CASE", "detect, record, deactivate and verify give the published figures")
def main_case(w):
    seed_case(w, "predictions")
    w.rule("predictions", touched_at='"updated_at"')
    said = w.onerow(f"apply predictions {CASE}")
    found = [(d["active"], d["deactivated"]) for d in said["dates"]]
    holds(found == [(a, d) for a, _, d in PUBLISHED], f"figures: {found}")
    again = w.onerow(f"apply predictions {CASE}")["totals"]["deactivated"]
    left = active(w, "predictions")
    return holds((left, again) == (1876, 0), f"7,865 deactivated, {left} left, then {again}")


@fact("CASE-4", "with the points line in the key they are 4,689: NULL equals NULL")
def by_line(w):
    seed_case(w, "by_line")
    w.rule("by_line", key='["game_id", "player_lookup", "system_id", "current_points_line"]')
    said = w.onerow(f"status by_line {CASE}")
    found = [d["duplicates"] for d in said["dates"]]
    return holds(found == [d for _, d, _ in PUBLISHED], f"{sum(found):,} duplicates")


@fact("UNDO", "undo activates the rows again that a run deactivated, and no others")
def undo_deactivate(w):
    make(w, "undone")
    put(w, "undone", row("a"), row("b", at="2026-01-28 02:00:00+00"), row("c", player="b"))
    w.job("UPDATE $undone SET is_active = FALSE WHERE prediction_id = 'c' AND game_date = '2026-01-28'")
    w.rule("undone")
    w.onerow(f"apply undone {DAY}")
    left = active(w, "undone")
    w.onerow("undo last undone")
    again = active(w, "undone")
    return holds((left, again) == (1, 2), f"{left} active, and {again} after undo")


@fact("H2", "undo of delete reads FOR SYSTEM_TIME AS OF, and inserts the rows again")
def undo_delete(w):
    make(w, "deleted")
    put(w, "deleted", row("a"), row("b", at="2026-01-28 02:00:00+00"), row("c", player="b"))
    time.sleep(0 if w.endpoint else 5)
    w.rule("deleted", strategy='"delete"')
    w.onerow(f"apply deleted {DAY} --yes")
    holds(active(w, "deleted") == 2, "2 rows left")
    w.onerow("undo last deleted")
    return holds(active(w, "deleted") == 3, "3 rows again")


def rewrite_and_undo(w, name):
    w.rule(name, strategy='"rewrite"')
    removed = w.onerow(f"apply {name} {DAY} --yes")["totals"]["deactivated"]
    w.onerow(f"undo last {name}")
    left = w.value(f"SELECT COUNT(*) FROM ${name} WHERE game_date = DATE '2026-01-28'")
    return holds((removed, left) == (4, 10), f"{removed} of 10 rows removed, {left} after undo")


@fact("REWRITE", "MERGE ON FALSE with INSERT ROW replaces the rows of a date, and undo inserts them again")
def rewrite(w):
    filler(w, "rewritten", rows=10)
    return rewrite_and_undo(w, "rewritten")


@fact("E6", "that MERGE, and every other statement, is taken where the table requires a partition filter")
def rewrite_with_filter(w):
    filler(w, "filtered", rows=10)
    table = w.table("filtered")
    table.require_partition_filter = True
    w.client.update_table(table, ["require_partition_filter"])
    return rewrite_and_undo(w, "filtered")


@fact("CONSOLIDATE", "staging tables are merged NULL-safe, each key once")
def consolidate(w):
    for name in ("main", "staging"):
        make(w, name)
    put(w, "main", row("m"))
    put(w, "staging", row("s", at="2026-01-28 02:00:00+00"), row("t", player="b"), row("u", player="b"))
    w.rule("main", staging="staging", key='["game_id", "player_lookup", "system_id", "current_points_line"]')
    w.onerow(f"consolidate main {DAY}")
    rows = w.value("SELECT COUNT(*) FROM $main")
    return holds(rows == 2, f"{rows} rows")


# Streaming.


@fact("D1", "an UPDATE that reaches rows of insertAll is refused, in words with 'streaming buffer'")
def refused(w):
    make(w, "streamed")
    put(w, "streamed", row("old", at="2026-01-01 00:00:00+00"), row("older", at="2026-01-01 00:00:00+00"))
    now = time.strftime("%Y-%m-%d %H:%M:%S+00", time.gmtime())
    w.stream("streamed", [row("new", at=now), row("newer", at=now)])
    reason, said = w.refusal("UPDATE $streamed SET is_active = FALSE WHERE game_date = DATE '2026-01-28'")
    return holds("streaming buffer" in said, f"{reason}: {said}")


@fact("D3", "with a buffer, an UPDATE that reaches none of its rows is taken")
def beside_the_buffer(w):
    w.stream("streamed", [])
    w.job("UPDATE $streamed SET updated_at = CURRENT_TIMESTAMP() WHERE game_date = DATE '2026-01-28' AND prediction_id = 'old'")
    return "taken"


@fact("D2", "`oldestEntryTime` is there, and apply reports the rows as buffered")
def buffered(w):
    w.stream("streamed", [])
    w.rule("streamed")
    said = w.onerow(f"apply streamed {DAY}", exits=75)["totals"]
    return holds(said["buffered"] > 0, f"oldest entry {w.table('streamed').streaming_buffer.oldest_entry_time}, {said}")


@fact("REWRITE-BUFFER", "a MERGE that leaves out buffered rows of its date by a condition is taken")
def merge_beside_the_buffer(w):
    w.stream("streamed", [])
    w.job(
        "MERGE $streamed AS t USING (SELECT * FROM $streamed WHERE game_date = DATE '2026-01-28' "
        "AND created_at < TIMESTAMP '2026-01-02 00:00:00+00') AS s ON FALSE "
        "WHEN NOT MATCHED BY SOURCE AND game_date = DATE '2026-01-28' AND "
        "created_at < TIMESTAMP '2026-01-02 00:00:00+00' THEN DELETE WHEN NOT MATCHED BY TARGET THEN INSERT ROW"
    )
    return "taken"


@fact("D6", "rows of insertAll in an ingestion-time table have a NULL _PARTITIONTIME")
def unpartitioned(w):
    make(w, "arrivals", column=None)
    w.stream("arrivals", [row("a")])
    rows = w.value("SELECT COUNT(*) FROM $arrivals WHERE _PARTITIONTIME IS NULL")
    return holds(rows == 1, f"{rows} of 1 row")


@fact("D5", "`_PARTITIONTIME IS NOT NULL` is taken in DML on a table that is partitioned by a column")
def pseudo_column(w):
    make(w, "by_column")
    put(w, "by_column", row("a"))
    reason, said = w.refusal("UPDATE $by_column SET is_active = FALSE WHERE _PARTITIONTIME IS NOT NULL")
    return holds(reason is None, said)


@fact("D8", "rows of the Storage Write API can be changed at once, by single statements")
def storage_write(w):
    make(w, "appended")
    append(w, "appended", [row("a"), row("b", at="2026-01-28 02:00:00+00")])
    buffer = w.table("appended").streaming_buffer
    changed = w.job("UPDATE $appended SET is_active = FALSE WHERE prediction_id = 'a'").num_dml_affected_rows
    return holds(changed == 1, f"{changed} changed; streaming buffer in the metadata: {buffer is not None}")


@fact("C6", "in a transaction they cannot be changed, and the refusal says 'streamed' or 'streaming'")
def storage_write_in_transaction(w):
    make(w, "appended_too")
    append(w, "appended_too", [row("a")])
    reason, said = w.refusal(
        "BEGIN TRANSACTION; UPDATE $appended_too SET is_active = FALSE WHERE TRUE; COMMIT TRANSACTION;"
    )
    return holds(reason and "stream" in said.lower(), f"{reason}: {said}")


@fact("D10", "DML on a table that had UPSERT streams is refused, in words with 'UPSERT streams'")
def upserts(w):
    columns = ", ".join(f"{c} {t}" for c, t in COLUMNS.items())
    w.job(f"CREATE TABLE $upserted ({columns}, PRIMARY KEY (prediction_id) NOT ENFORCED) CLUSTER BY prediction_id")
    append(w, "upserted", [row("a")], upsert=True)
    reason, said = w.refusal("UPDATE $upserted SET is_active = FALSE WHERE prediction_id = 'a'")
    return holds("upsert stream" in said.lower(), f"{reason}: {said}")


# Partitions.


@fact("E1", "on a MONTH table an UPDATE of one date reads and bills the month")
def month(w):
    filler(w, "monthly", cut="MONTH")
    filler(w, "daily")
    sql = "UPDATE ${} SET is_active = FALSE WHERE game_date = DATE '2026-01-28'"
    month, day = w.dry(sql.format("monthly")), w.dry(sql.format("daily"))
    return holds(month > 1.5 * day, f"{month} bytes for the month, {day} for the day")


@fact("E1-APPLY", "apply cleans a MONTH table")
def month_apply(w):
    filler(w, "months", cut="MONTH", rows=20)
    w.rule("months")
    said = w.onerow("apply months --from 2026-01-27 --to 2026-01-28")["totals"]["deactivated"]
    return holds(said == 18, f"{said} of 40 rows deactivated")


@fact("E8", "INSERT INTO t (_PARTITIONTIME, …) puts rows back into an ingestion-time partition")
def insert_into_partition(w):
    make(w, "ingested", column=None)
    w.job("INSERT INTO $ingested (_PARTITIONTIME, prediction_id) SELECT TIMESTAMP '2026-01-28 00:00:00+00', 'a'")
    rows = w.value("SELECT COUNT(*) FROM $ingested WHERE _PARTITIONTIME = TIMESTAMP '2026-01-28 00:00:00+00'")
    return holds(rows == 1, f"{rows} row in the partition")


@fact("E9", "_PARTITIONDATE is there on daily ingestion-time tables, and prunes")
def partition_date(w):
    make(w, "pruned", column=None)
    for day in (27, 28):
        w.job(
            f"INSERT INTO $pruned (_PARTITIONTIME, prediction_id) SELECT TIMESTAMP '2026-01-{day} 00:00:00+00', "
            "CAST(i AS STRING) FROM UNNEST(GENERATE_ARRAY(1, 1000)) AS i"
        )
    one, all = (w.dry(f"SELECT prediction_id FROM $pruned {where}") for where in ("WHERE _PARTITIONDATE = '2026-01-28'", ""))
    return holds(one < all, f"{one} of {all} bytes")


@fact("E9-APPLY", "apply cleans an ingestion-time table by _PARTITIONDATE")
def ingestion_apply(w):
    make(w, "by_arrival", column=None)
    for id in "ab":
        w.job(
            "INSERT INTO $by_arrival (_PARTITIONTIME, prediction_id, game_id, player_lookup, system_id, is_active) "
            f"SELECT TIMESTAMP '2026-01-28 00:00:00+00', '{id}', 'g', 'p', 's', TRUE"
        )
    w.rule("by_arrival", partition='"_PARTITIONDATE"', keep='["prediction_id DESC"]', written_at=None)
    said = w.onerow(f"apply by_arrival {DAY}")["totals"]["deactivated"]
    return holds(said == 1, f"{said} deactivated")


@fact("E7", "a filter on the view reads only the partitions that it names")
def view_prunes(w):
    filler(w, "viewed")
    w.rule("viewed")
    w.onerow("view create viewed", format="")
    one, all = (w.dry(f"SELECT broad FROM $viewed_current {where}") for where in ("WHERE game_date = '2026-01-28'", ""))
    return holds(one < 0.75 * all, f"{one} of {all} bytes")


@fact("H4", "a row that is inserted into an expired partition is gone")
def expired(w):
    make(w, "expiring", expiration_ms=24 * 3600 * 1000)
    put(w, "expiring", row("a", day="2020-01-01"))
    rows = w.value("SELECT COUNT(*) FROM $expiring")
    return holds(rows == 0, f"{rows} rows")


# Money.


@fact("F2", "a dry run of an UPDATE covers its query's columns and all columns of its partition")
def dry_run_of_dml(w):
    filler(w, "dml")
    narrow = w.dry("SELECT is_active, prediction_id FROM $dml WHERE game_date = '2026-01-28'")
    whole = w.dry("SELECT * FROM $dml WHERE game_date = '2026-01-28'")
    sql = "UPDATE $dml SET is_active = FALSE WHERE game_date = '2026-01-28' AND prediction_id = '1-1'"
    dry, real = w.dry(sql), w.job(sql).total_bytes_processed
    return holds(dry >= whole > narrow and dry >= real, f"dry {dry}, real {real}, all columns {whole}, its own {narrow}")


@fact("F1", "a query is billed 10 MiB for each table that it references")
def ten_mebibytes(w):
    filler(w, "left", rows=10)
    filler(w, "right", rows=10)
    one = w.job("SELECT COUNT(broad) FROM $left").total_bytes_billed
    two = w.job("SELECT COUNT(a.broad) FROM $left AS a JOIN $right AS b USING (prediction_id)").total_bytes_billed
    if w.endpoint and not one:
        raise NotHere("jobs say that 0 bytes are billed")
    return holds((one, two) == (10 * MIB, 20 * MIB), f"{one} and {two} bytes")


@fact("F3", "a limit under 10 MiB refuses every query, and the refusal names 10485760")
def small_limit(w):
    filler(w, "limited", rows=10)
    reason, said = w.refusal("SELECT COUNT(broad) FROM $limited", maximum_bytes_billed=MIB)
    return holds(reason is not None and "10485760" in said, f"{reason}: {said}")


@fact("F4", "the limit of a script is for each of its statements, not for their sum")
def limit_of_script(w):
    filler(w, "scripted", rows=10)
    reason, said = w.refusal(
        "SELECT COUNT(broad) FROM $scripted; SELECT COUNT(broad) FROM $scripted;", maximum_bytes_billed=15 * MIB
    )
    if w.endpoint:
        raise NotHere("no limit is looked at")
    return holds(reason is None, said)


@fact("F5", "writing a batch to the ledger is billed 10 MiB at most")
def ledger_write(w):
    make(w, "entries", columns={"entry": "STRING"}, cut=None)
    billed = w.job("INSERT INTO $entries (entry) SELECT entry FROM UNNEST(['a', 'b']) AS entry").total_bytes_billed
    if w.endpoint and not billed:
        raise NotHere("jobs say that 0 bytes are billed")
    return holds(billed <= 10 * MIB, f"{billed} bytes")


@fact("X1", "WRITE_TRUNCATE into a partition is billed less than the MERGE that replaces its rows")
def write_truncate(w):
    filler(w, "merged", rows=100_000)
    survivors = (
        "SELECT * FROM $merged WHERE game_date = '2026-01-28' QUALIFY ROW_NUMBER() OVER "
        "(PARTITION BY player_lookup ORDER BY created_at DESC, prediction_id DESC) = 1"
    )
    merge = w.job(
        f"MERGE $merged AS t USING ({survivors}) AS s ON FALSE WHEN NOT MATCHED BY SOURCE AND "
        "game_date = '2026-01-28' THEN DELETE WHEN NOT MATCHED BY TARGET THEN INSERT ROW"
    )
    truncate = w.job(
        survivors.replace("2026-01-28", "2026-01-27"),
        destination=w.reference("merged") + "$20260127",
        write_disposition="WRITE_TRUNCATE",
    )
    figures = [(j.total_bytes_billed, j.slot_millis) for j in (merge, truncate)]
    if w.endpoint and not figures[0][0]:
        raise NotHere("jobs say that 0 bytes are billed")
    note = "; ".join(f"{name} {b} bytes, {s} slot ms" for name, (b, s) in zip(("MERGE", "WRITE_TRUNCATE"), figures))
    return holds(figures[1][0] < figures[0][0], note)


@fact("X2", "a MERGE with a NULL-safe OR on 100,000 rows is joined by hash")
def hash_join(w):
    for name in ("many", "many_staged"):
        filler(w, name, days=("2026-01-28",), rows=100_000)
    safe = " AND ".join(f"(t.{c} = s.{c} OR (t.{c} IS NULL AND s.{c} IS NULL))" for c in ("game_id", "player_lookup"))
    job = w.job(
        "MERGE $many AS t USING (SELECT * FROM $many_staged QUALIFY ROW_NUMBER() OVER "
        f"(PARTITION BY game_id, player_lookup ORDER BY prediction_id) = 1) AS s ON {safe} AND t.game_date = '2026-01-28' "
        "WHEN MATCHED THEN UPDATE SET updated_at = s.created_at"
    )
    steps = [sub for stage in job.query_plan for step in stage.steps for sub in step.substeps]
    joins = sorted({step.split(" ON ")[0] for step in steps if "JOIN" in step})
    if w.endpoint and not joins:
        raise NotHere("jobs have no query plan")
    seconds = (job.ended - job.started).total_seconds()
    return holds(any("HASH JOIN" in join for join in joins), f"{joins}, {seconds:.0f} s")


# Jobs.


@fact("A3", "a job is found with the location that the answer to its insertion names")
def location(w):
    job = w.job("SELECT 1")
    if not job.location:
        raise NotHere("the answer names no location")
    found = w.client.get_job(job.job_id, location=job.location)
    return holds(found.state == "DONE", f"{job.location}, {found.state}")


@fact("B1", "an id that was used is refused with 409, also after its job failed")
def used_id(w):
    id = f"{w.prefix}once"
    for sql in ("SELECT ERROR('no')", "SELECT 1"):
        try:
            w.client.query(sql, job_id=id, retry=None, job_retry=None, timeout=60)
        except Exception as error:
            return holds(getattr(error, "code", None) == 409, str(error))
    return holds(False, "taken twice")


@fact("B4", "the jobs of a script's statements carry the labels of the script")
def labels(w):
    parent = w.job("SELECT 1; SELECT 2;")
    children = list(w.client.list_jobs(parent_job=parent.job_id))
    if w.endpoint and not children:
        raise NotHere("scripts have no child jobs")
    return holds(children and all(c.labels.get("tool") == "onerow-live" for c in children), [c.labels for c in children])


@fact("B6", "parameters that a statement does not use are taken, by DDL too")
def unused_parameters(w):
    parameters = [bigquery.ScalarQueryParameter("cutoff", "TIMESTAMP", "2026-01-28 00:00:00+00")]
    w.job("CREATE VIEW $unused AS SELECT 1 AS one", query_parameters=parameters)
    return "taken"


@fact("B9", "the time limit of a job counts from its start: `startTime` is never before `creationTime`")
def starts(w):
    job = w.job("SELECT 1")
    return holds(job.started >= job.created, f"{job.created} and {job.started}")


@fact("B10", "a job that runs into its limit ends with reason `stopped` or `timeout`")
def times_out(w):
    if w.endpoint:
        raise NotHere("jobs are not ended by a limit")
    numbers = "UNNEST(GENERATE_ARRAY(1, 100000))"
    reason, said = w.refusal(
        f"SELECT SUM(MOD(a * b + c, 7)) FROM {numbers} AS a, {numbers} AS b, UNNEST(GENERATE_ARRAY(1, 100)) AS c",
        job_timeout_ms=2000,
    )
    return holds(reason in ("stopped", "timeout"), f"{reason}: {said}")


@fact("C2", "a table that is missing in a script is reported with reason `notFound`")
def missing_in_script(w):
    reason, said = w.refusal("BEGIN TRANSACTION; INSERT INTO $missing (a) SELECT 1; COMMIT TRANSACTION;")
    return holds(reason == "notFound", f"{reason}: {said}")


@fact("E3", "more than 22 UPDATEs of one table at a time are refused, in words with 'outstanding'")
def outstanding(w):
    if w.endpoint:
        raise NotHere("no statement is queued")
    filler(w, "busy", rows=10)
    sql = "UPDATE $busy SET is_active = TRUE WHERE game_date = '2026-01-28'"
    with ThreadPoolExecutor(40) as pool:
        said = [text for _, text in pool.map(lambda _: w.refusal(sql), range(40))]
    refused = [text for text in said if "outstanding" in text.lower()]
    return holds(refused, refused[0] if refused else "all 40 were taken")


@fact("E5", "a job of one statement takes under 15 seconds")
def overhead(w):
    filler(w, "quick", rows=10)
    job = w.job("UPDATE $quick SET is_active = TRUE WHERE game_date = '2026-01-28'")
    seconds = (job.ended - job.created).total_seconds()
    return holds(seconds < 15, "under 15 s" if w.endpoint else f"{seconds:.1f} s")


@fact("E15", "with the collation und:ci, 'A' and 'a' are one group of PARTITION BY")
def collation(w):
    w.job("CREATE TABLE $collated (name STRING COLLATE 'und:ci')")
    w.job("INSERT INTO $collated (name) VALUES ('A'), ('a')")
    most = w.value("SELECT MAX(n) FROM (SELECT ROW_NUMBER() OVER (PARTITION BY name ORDER BY name) AS n FROM $collated)")
    return holds(most == 2, f"{most} in the largest group")


@fact("E16", "a declared primary key that is broken makes a join lose rows")
def broken_key(w):
    w.job("CREATE TABLE $keyed (id INT64, PRIMARY KEY (id) NOT ENFORCED)")
    w.job("INSERT INTO $keyed (id) VALUES (1), (1)")
    rows = w.value("SELECT COUNT(*) FROM (SELECT 1 AS id) AS one LEFT JOIN $keyed USING (id)")
    return holds(rows == 1, f"{rows} of 2 rows")


# What the account may see.


@fact("G1", "a row access policy hides rows without a word, and status of onerow is an error")
def row_policies(w):
    make(w, "secured")
    put(w, "secured", row("a"), row("b"))
    w.job("CREATE ROW ACCESS POLICY live ON $secured GRANT TO ('allAuthenticatedUsers') FILTER USING (prediction_id = 'a')")
    rows = w.value("SELECT COUNT(*) FROM $secured")
    if w.endpoint and rows == 2:
        raise NotHere("policies are not applied")
    w.rule("secured")
    said = w.onerow(f"status secured {DAY}", exits=1)
    return holds(rows == 1 and "row access polic" in said, f"{rows} of 2 rows; {said.strip().splitlines()[0]}")


@fact("G2", "time travel on a table with row access policies is refused")
def time_travel_of_secured(w):
    if w.endpoint:
        raise NotHere("policies are not applied")
    make(w, "secured_then")
    put(w, "secured_then", row("a"))
    w.job("CREATE ROW ACCESS POLICY live ON $secured_then GRANT TO ('allAuthenticatedUsers') FILTER USING (TRUE)")
    reason, said = w.refusal(
        "SELECT * FROM $secured_then FOR SYSTEM_TIME AS OF TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 SECOND)"
    )
    return holds(reason is not None, f"{reason}: {said}")


untried("A5", "jobs of another account are not found without `bigquery.jobs.get`", "needs a second account")
untried("A6", "a quota project is needed in some organisations", "needs such an organisation")
untried("A8", "the metadata server gives a token", "needs a machine of Google Cloud")
untried("B11", "`quotaExceeded` passes within minutes", "needs a quota that is used up")
untried("C12", "tables take the dataset's default expiry", "the dataset belongs to the caller, and is not changed")
untried("D9", "a row that is streamed between the last look and DROP TABLE is lost", "needs a writer that cannot be timed")
untried("E18", "a DML statement makes the next refresh of a materialized view a full one", "refreshes are not told of")
untried("F6", "one UPDATE makes a long-term partition active again", "needs a partition of 90 days ago")
untried("G3", "a masked reader's SELECT and INSERT … SELECT give masked values", "needs a policy tag and a second account")
untried("G5", "a refusal by VPC Service Controls is a 403", "needs a perimeter")
