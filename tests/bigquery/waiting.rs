//! Beside other writers: conflicts, queues and limits of BigQuery, and what is said of each.

use std::time::{Duration, Instant};

use super::fixture::{Fixture, ROWS, SURVIVORS, WINDOW};
use super::proxy::Fault;
use crate::common::whole::{Transcript, whole};

/// Source: <https://cloud.google.com/bigquery/docs/data-manipulation-language#dml-limitations>
const OUTSTANDING: &str = "Resources exceeded during query execution: Too many DML statements outstanding against table demo:d.t, limit is 20.";
const QUEUED_FOR_TOO_LONG: &str = "DML statement has been queued for too long";

/// Source: <https://cloud.google.com/bigquery/docs/data-manipulation-language#dml_statement_conflicts>
const CONFLICT: &str = "Could not serialize access to table demo:d.t due to concurrent update";

const DAY: &str = "apply --date 2026-01-28";

fn count(fixture: &Fixture, call: &str) -> usize {
    fixture.proxy.names().iter().filter(|name| *name == call).count()
}

#[test]
fn what_other_writers_make_fail_is_retried_longer_than_five_times() {
    let Some(fixture) = Fixture::new("") else { return };
    let fixture = fixture.rows(ROWS);
    for (reason, message) in [
        ("invalidQuery", CONFLICT),
        ("resourcesExceeded", OUTSTANDING),
        ("invalidQuery", QUEUED_FOR_TOO_LONG),
        ("quotaExceeded", "Quota exceeded: Your project exceeded quota for concurrent queries."),
        ("invalidQuery", CONFLICT),
    ] {
        fixture.proxy.arm("insert deactivate", Fault::End(reason, message), 1);
    }
    let ended = fixture.project.onerow(DAY);
    whole!(ended, @"
    $ onerow apply --date 2026-01-28
    -- stdout
    rule predictions, run [RUN]
     date         active   keys   duplicates   buffered   shared ids   removed   status
    ────────
     2026-01-28        4      2            2          0            0         2   cleaned
    ────────
     total             4      2            2          0            0         2
    -- stderr
    deactivate of 2026-01-28: BigQuery says invalidQuery: Could not serialize access to table demo:d.t due to concurrent update; retrying in [PAUSE], since [TIME], for 15m at most
    deactivate of 2026-01-28: BigQuery says resourcesExceeded: Resources exceeded during query execution: Too many DML statements outstanding against table demo:d.t, limit is 20; retrying in [PAUSE], since [TIME], for 15m at most
    deactivate of 2026-01-28: BigQuery says invalidQuery: DML statement has been queued for too long; retrying in [PAUSE], since [TIME], for 15m at most
    deactivate of 2026-01-28: BigQuery says quotaExceeded: Quota exceeded: Your project exceeded quota for concurrent queries; retrying in [PAUSE], since [TIME], for 15m at most
    deactivate of 2026-01-28: BigQuery says invalidQuery: Could not serialize access to table demo:d.t due to concurrent update; retrying in [PAUSE], since [TIME], for 15m at most
    ");
    let since = |line: &str| line.split("since ").nth(1).map(|rest| rest[..12].to_owned());
    let mut lines: Vec<String> = ended.stderr.lines().filter_map(since).collect();
    assert_eq!(lines.len(), 5, "{ended}");
    lines.dedup();
    assert_eq!(lines.len(), 1, "the wait began once: {ended}");
    assert_eq!(count(&fixture, "insert deactivate"), 6);
}

#[test]
fn nothing_is_retried_for_ever() {
    let Some(fixture) = Fixture::new("retry_for = \"2s\"") else { return };
    let fixture = fixture.rows(ROWS);
    fixture.proxy.arm("insert deactivate", Fault::End("resourcesExceeded", OUTSTANDING), u32::MAX);
    let begun = Instant::now();
    fixture.project.onerow(DAY).exits(1).says(&[
        OUTSTANDING,
        "it was retried for 2s (`retry_for`)",
        "when the other statements on the table have ended",
        "job onerow_",
        "deactivate of 2026-01-28",
    ]);
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    fixture.proxy.heal();
    fixture.project.onerow(&format!("apply {WINDOW}")).exits(0);
    assert_eq!(fixture.active(), SURVIVORS);
}

/// Whoever waits is told, in a run and outside of one.
#[test]
fn a_query_in_the_queue_says_so_outside_of_a_run_too() {
    let Some(fixture) = Fixture::new("") else { return };
    let fixture = fixture.rows(ROWS);
    fixture.proxy.arm("insert detect", Fault::Queued(10), 1);
    let status = fixture.project.onerow(&format!("status {WINDOW}")).exits(0);
    status.says(&["queued by BigQuery for ", "`queue_timeout`"]);
}

#[test]
fn a_job_in_the_queue_is_waited_for_and_its_timeout_has_not_begun() {
    let Some(fixture) = Fixture::new("timeout = \"3s\"\npriority = \"batch\"") else { return };
    let fixture = fixture.rows(ROWS);
    fixture.proxy.arm("insert deactivate", Fault::Queued(10), 1);
    let begun = Instant::now();
    fixture.project.onerow(DAY).exits(0).says(&[
        "deactivate of 2026-01-28: queued by BigQuery for ",
        "waits for slots, or for other statements that change the table",
        "at most 24h (`queue_timeout`)",
    ]);
    assert!(begun.elapsed() > Duration::from_secs(6), "it was not queued longer than `timeout`");
    assert_eq!(count(&fixture, "cancel deactivate"), 0);
}

#[test]
fn a_job_that_stays_in_the_queue_is_cancelled() {
    let Some(fixture) = Fixture::new("queue_timeout = \"1s\"") else { return };
    let fixture = fixture.rows(ROWS);
    fixture.proxy.arm("insert deactivate", Fault::Stuck, 1);
    whole!(fixture.project.onerow(DAY), @"
    $ onerow apply --date 2026-01-28
    exit code 1
    -- stdout
    rule predictions, run [RUN]
     date         active   keys   duplicates   buffered   shared ids   removed   status
    ────────
     2026-01-28        4      2            2          0            0         0   dirty
    ────────
     total             4      2            2          0            0         0
    -- stderr
    error[refused]: the job was queued longer than `queue_timeout` (1s), and was cancelled; it changed nothing
      note: while running job onerow_[RUN]_3_deactivate_2026-01-28
      note: while running deactivate of 2026-01-28
      help: run again when fewer queries wait, raise `queue_timeout`, or set a `reservation` that has slots
    error[verification]: verify of 2026-01-28 failed: settled duplicates that are still active: 2
      help: look at the statements with `onerow log --sql`; if another process writes to this date, run again when it is done
    ");
    assert_eq!(count(&fixture, "cancel deactivate"), 1);
    assert_eq!(fixture.active().len(), 7);
}

#[test]
fn a_job_that_runs_too_long_is_cancelled() {
    let Some(fixture) = Fixture::new("timeout = \"3s\"") else { return };
    let fixture = fixture.rows(ROWS);
    fixture.proxy.arm("insert deactivate", Fault::Endless, 1);
    whole!(fixture.project.onerow(DAY), @"
    $ onerow apply --date 2026-01-28
    exit code 1
    -- stdout
    rule predictions, run [RUN]
     date         active   keys   duplicates   buffered   shared ids   removed   status
    ────────
     2026-01-28        4      2            2          0            0         0   dirty
    ────────
     total             4      2            2          0            0         0
    -- stderr
    error[refused]: the job ran longer than `timeout` (3s), and was cancelled; it changed nothing
      note: while running job onerow_[RUN]_3_deactivate_2026-01-28
      note: while running deactivate of 2026-01-28
      help: take fewer dates, or raise `timeout`
    error[verification]: verify of 2026-01-28 failed: settled duplicates that are still active: 2
      help: look at the statements with `onerow log --sql`; if another process writes to this date, run again when it is done
    ");
    assert_eq!(count(&fixture, "cancel deactivate"), 1);
    assert_eq!(fixture.active().len(), 7);
}

#[test]
fn each_limit_has_its_own_way_out_and_is_not_retried() {
    let mut said = Transcript::default();
    for (reason, message) in [
        // Source: <https://cloud.google.com/bigquery/docs/error-messages>
        (
            "resourcesExceeded",
            "Resources exceeded during query execution: The query could not be executed in the allotted memory.",
        ),
        ("timeout", "Operation timed out after 0.3 hours."),
        ("stopped", "Job execution was cancelled: User requested cancellation"),
        (
            "quotaExceeded",
            "Quota exceeded: Your table exceeded quota for Number of partition modifications to a column partitioned table",
        ),
        // Source: <https://cloud.google.com/bigquery/quotas#query_jobs>
        ("billingTierLimitExceeded", "Query exceeded resource limits."),
        // Source: <https://cloud.google.com/bigquery/docs/change-data-capture#limitations>
        (
            "invalid",
            "UPDATE/MERGE/DELETE statement over table demo:d.t which had UPSERT streams is not supported",
        ),
        // Source: <https://cloud.google.com/vpc-service-controls/docs/troubleshooting>
        (
            "accessDenied",
            "VPC Service Controls: Request is prohibited by organization's policy. vpcServiceControlsUniqueIdentifier: abc",
        ),
        (
            "accessDenied",
            "Access Denied: User does not have bigquery.reservations.use permission for reservation r",
        ),
    ] {
        let Some(fixture) = Fixture::new("") else { return };
        let fixture = fixture.rows(ROWS);
        fixture.proxy.arm("insert deactivate", Fault::End(reason, message), 1);
        said.add(&fixture.project.onerow(DAY));
        assert_eq!(count(&fixture, "insert deactivate"), 1, "{reason}");
    }
    whole!(said, @"
    $ onerow apply --date 2026-01-28
    exit code 1
    -- stdout
    rule predictions, run [RUN]
     date         active   keys   duplicates   buffered   shared ids   removed   status
    ────────
     2026-01-28        4      2            2          0            0         0   dirty
    ────────
     total             4      2            2          0            0         0
    -- stderr
    error[refused]: BigQuery says resourcesExceeded: Resources exceeded during query execution: The query could not be executed in the allotted memory.
      note: while running job onerow_[RUN]_3_deactivate_2026-01-28
      note: while running deactivate of 2026-01-28
      help: the query needs more memory than one may have: take fewer dates at a time, or shorter expressions in `key` and `keep`
    error[verification]: verify of 2026-01-28 failed: settled duplicates that are still active: 2
      help: look at the statements with `onerow log --sql`; if another process writes to this date, run again when it is done

    $ onerow apply --date 2026-01-28
    exit code 1
    -- stdout
    rule predictions, run [RUN]
     date         active   keys   duplicates   buffered   shared ids   removed   status
    ────────
     2026-01-28        4      2            2          0            0         0   dirty
    ────────
     total             4      2            2          0            0         0
    -- stderr
    error[refused]: BigQuery says timeout: Operation timed out after 0.3 hours.
      note: while running job onerow_[RUN]_3_deactivate_2026-01-28
      note: while running deactivate of 2026-01-28
      help: raise `timeout` or take fewer dates; the project or organization may set a limit of its own (default_query_job_timeout_ms, default_interactive_query_queue_timeout_ms)
    error[verification]: verify of 2026-01-28 failed: settled duplicates that are still active: 2
      help: look at the statements with `onerow log --sql`; if another process writes to this date, run again when it is done

    $ onerow apply --date 2026-01-28
    exit code 1
    -- stdout
    rule predictions, run [RUN]
     date         active   keys   duplicates   buffered   shared ids   removed   status
    ────────
     2026-01-28        4      2            2          0            0         0   dirty
    ────────
     total             4      2            2          0            0         0
    -- stderr
    error[refused]: BigQuery says stopped: Job execution was cancelled: User requested cancellation
      note: while running job onerow_[RUN]_3_deactivate_2026-01-28
      note: while running deactivate of 2026-01-28
      help: somebody cancelled the job, or it ran into a time limit; it changed nothing: run again, and raise `timeout` if it took so long
    error[verification]: verify of 2026-01-28 failed: settled duplicates that are still active: 2
      help: look at the statements with `onerow log --sql`; if another process writes to this date, run again when it is done

    $ onerow apply --date 2026-01-28
    exit code 1
    -- stdout
    rule predictions, run [RUN]
     date         active   keys   duplicates   buffered   shared ids   removed   status
    ────────
     2026-01-28        4      2            2          0            0         0   dirty
    ────────
     total             4      2            2          0            0         0
    -- stderr
    error[refused]: BigQuery says quotaExceeded: Quota exceeded: Your table exceeded quota for Number of partition modifications to a column partitioned table
      note: while running job onerow_[RUN]_3_deactivate_2026-01-28
      note: while running deactivate of 2026-01-28
      help: wait and run again: most quotas are refilled within minutes, daily ones over 24 hours; the message names the quota, and https://cloud.google.com/bigquery/docs/troubleshoot-quotas how to raise it
    error[verification]: verify of 2026-01-28 failed: settled duplicates that are still active: 2
      help: look at the statements with `onerow log --sql`; if another process writes to this date, run again when it is done

    $ onerow apply --date 2026-01-28
    exit code 1
    -- stdout
    rule predictions, run [RUN]
     date         active   keys   duplicates   buffered   shared ids   removed   status
    ────────
     2026-01-28        4      2            2          0            0         0   dirty
    ────────
     total             4      2            2          0            0         0
    -- stderr
    error[refused]: BigQuery says billingTierLimitExceeded: Query exceeded resource limits.
      note: while running job onerow_[RUN]_3_deactivate_2026-01-28
      note: while running deactivate of 2026-01-28
      help: the query needs more CPU than on-demand pricing allows for the bytes that it reads: simplify `key` and `keep`, or set a `reservation` for the warehouse
    error[verification]: verify of 2026-01-28 failed: settled duplicates that are still active: 2
      help: look at the statements with `onerow log --sql`; if another process writes to this date, run again when it is done

    $ onerow apply --date 2026-01-28
    exit code 1
    -- stdout
    rule predictions, run [RUN]
     date         active   keys   duplicates   buffered   shared ids   removed   status
    ────────
     2026-01-28        4      2            2          0            0         0   dirty
    ────────
     total             4      2            2          0            0         0
    -- stderr
    error[refused]: BigQuery says invalid: UPDATE/MERGE/DELETE statement over table demo:d.t which had UPSERT streams is not supported
      note: while running job onerow_[RUN]_3_deactivate_2026-01-28
      note: while running deactivate of 2026-01-28
      help: the table is filled by change data capture (such as Datastream), which keeps one row for each primary key itself; remove its rule, or make the rule for a table that is copied from it
    error[verification]: verify of 2026-01-28 failed: settled duplicates that are still active: 2
      help: look at the statements with `onerow log --sql`; if another process writes to this date, run again when it is done

    $ onerow apply --date 2026-01-28
    exit code 1
    -- stdout
    rule predictions, run [RUN]
     date         active   keys   duplicates   buffered   shared ids   removed   status
    ────────
     2026-01-28        4      2            2          0            0         0   dirty
    ────────
     total             4      2            2          0            0         0
    -- stderr
    error[access-denied]: BigQuery says accessDenied: VPC Service Controls: Request is prohibited by organization's policy. vpcServiceControlsUniqueIdentifier: abc
      note: while running job onerow_[RUN]_3_deactivate_2026-01-28
      note: while running deactivate of 2026-01-28
      help: VPC Service Controls refused: run onerow inside the service perimeter, or give its administrator the vpcServiceControlsUniqueIdentifier
    error[verification]: verify of 2026-01-28 failed: settled duplicates that are still active: 2
      help: look at the statements with `onerow log --sql`; if another process writes to this date, run again when it is done

    $ onerow apply --date 2026-01-28
    exit code 1
    -- stdout
    rule predictions, run [RUN]
     date         active   keys   duplicates   buffered   shared ids   removed   status
    ────────
     2026-01-28        4      2            2          0            0         0   dirty
    ────────
     total             4      2            2          0            0         0
    -- stderr
    error[access-denied]: BigQuery says accessDenied: Access Denied: User does not have bigquery.reservations.use permission for reservation r
      note: while running job onerow_[RUN]_3_deactivate_2026-01-28
      note: while running deactivate of 2026-01-28
      help: grant roles/bigquery.resourceEditor on the reservation's project
    error[verification]: verify of 2026-01-28 failed: settled duplicates that are still active: 2
      help: look at the statements with `onerow log --sql`; if another process writes to this date, run again when it is done
    ");
}

/// Some refusals come with a status of the 500s, and are final all the same.
#[test]
fn a_limit_of_bytes_is_final_whatever_its_status() {
    let Some(fixture) = Fixture::new("retry_for = \"2s\"") else { return };
    let fixture = fixture.rows(ROWS);
    let refused = Fault::Refuse(500, "bytesBilledLimitExceeded");
    fixture.proxy.arm("insert deactivate", refused, u32::MAX);
    whole!(fixture.project.onerow(DAY), @"
    $ onerow apply --date 2026-01-28
    exit code 1
    -- stdout
    rule predictions, run [RUN]
     date         active   keys   duplicates   buffered   shared ids   removed   status
    ────────
     2026-01-28        4      2            2          0            0         0   dirty
    ────────
     total             4      2            2          0            0         0
    -- stderr
    error[cost-limit]: BigQuery says bytesBilledLimitExceeded: said the proxy
      note: while running job onerow_[RUN]_3_deactivate_2026-01-28
      note: while running deactivate of 2026-01-28
      help: the statement would read more than `max_bytes_billed` allows; take fewer dates, or raise the limit
    error[verification]: verify of 2026-01-28 failed: settled duplicates that are still active: 2
      help: look at the statements with `onerow log --sql`; if another process writes to this date, run again when it is done
    ");
    assert_eq!(count(&fixture, "insert deactivate"), 1);
}

/// An organization may demand keys of its own for what is created.
/// Source: <https://cloud.google.com/bigquery/docs/customer-managed-encryption#org-policy>
#[test]
fn a_ledger_that_may_not_be_created_without_a_key_is_said() {
    let Some(fixture) = Fixture::new("") else { return };
    let fixture = fixture.rows(ROWS);
    let said = "Operation denied by org policy: constraints/gcp.restrictNonCmekServices";
    fixture.proxy.habits(|habits| habits.said = said.to_owned());
    fixture.proxy.arm("create table", Fault::Refuse(412, "conditionNotMet"), u32::MAX);
    whole!(fixture.project.onerow(DAY), @"
    $ onerow apply --date 2026-01-28
    exit code 1
    -- stdout
    rule predictions, run [RUN]
     date         active   keys   duplicates   buffered   shared ids   removed   status
    ────────
     2026-01-28        4      2            2          0            0         0   dirty
    ────────
     total             4      2            2          0            0         0
    -- stderr
    error[access-denied]: BigQuery says conditionNotMet: Operation denied by org policy: constraints/gcp.restrictNonCmekServices
      note: while creating the removal log [DATASET].ledger_removals
      help: set a default Cloud KMS key for the ledger's dataset (`bq update --default_kms_key KEY DATASET`), or for the project
    error[access-denied]: BigQuery says conditionNotMet: Operation denied by org policy: constraints/gcp.restrictNonCmekServices
      note: the entries are kept in the outbox, and the next run delivers them
      note: while creating the ledger [DATASET].ledger
      note: while writing 2 entries to the ledger [DATASET].ledger
      help: set a default Cloud KMS key for the ledger's dataset (`bq update --default_kms_key KEY DATASET`), or for the project
    ");
}

#[test]
fn jobs_name_the_reservation_of_the_warehouse() {
    let name = "projects/admin/locations/US/reservations/night";
    let Some(fixture) = Fixture::new(&format!("reservation = \"{name}\"")) else { return };
    let fixture = fixture.rows(ROWS);
    fixture.proxy.arm("insert deactivate", Fault::CutAfter, 1);
    fixture.proxy.arm("insert verify", Fault::Refuse(503, "backendError"), 1);
    fixture.project.onerow(&format!("plan {WINDOW}")).exits(0);
    fixture.project.onerow(&format!("apply {WINDOW}")).exits(0);
    assert_eq!(fixture.active(), SURVIVORS);
    assert_eq!(fixture.proxy.reservations(), [Some(name.to_owned())]);
    let said = "Access Denied: bigquery.reservations.use denied";
    fixture.proxy.habits(|habits| habits.said = said.to_owned());
    fixture.proxy.arm("insert detect", Fault::Refuse(403, "accessDenied"), 1);
    whole!(fixture.project.onerow(&format!("apply {WINDOW}")), @"
    $ onerow apply --from 2026-01-27 --to 2026-01-29
    exit code 1
    -- stderr
    error[access-denied]: BigQuery says accessDenied: Access Denied: bigquery.reservations.use denied
      note: while running job onerow_[RUN]_1_detect_2026-01-27
      note: while running detect of 2026-01-27 to 2026-01-29
      help: grant roles/bigquery.resourceEditor on the reservation's project
    ");

    let Some(fixture) = Fixture::new("") else { return };
    let fixture = fixture.rows(ROWS);
    fixture.project.onerow(&format!("apply {WINDOW}")).exits(0);
    assert_eq!(fixture.proxy.reservations(), [None]);
}
