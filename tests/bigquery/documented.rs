//! Answers that BigQuery documents, or that people have pasted, and no emulator gives. Each ends a job that
//! has changed nothing.

use super::proxy::Fault;

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Documented {
    /// What the table of faults calls it.
    pub name: &'static str,
    /// The reason of the job's `errorResult`.
    pub reason: &'static str,
    /// Its message.
    pub message: &'static str,
    /// Where it is documented, or was pasted.
    pub source: &'static str,
}

impl Documented {
    /// The job ends like this.
    pub fn fault(&self) -> Fault {
        Fault::End(self.reason, self.message)
    }
}

/// All of them.
pub const DOCUMENTED: &[Documented] = &[
    Documented {
        name: "streaming buffer",
        reason: "invalidQuery",
        message: "UPDATE or DELETE statement over table demo.nba.predictions would affect rows in the \
                  streaming buffer, which is not supported",
        source: "https://cloud.google.com/bigquery/docs/data-manipulation-language#limitations",
    },
    Documented {
        name: "streaming buffer, as a script says it",
        reason: "invalidQuery",
        message: "Query error: UPDATE or DELETE statement over table demo.nba.predictions would affect rows \
                  in the streaming buffer, which is not supported at [3:1]",
        source: "https://github.com/glific/glific/issues/820",
    },
    Documented {
        name: "could not serialize access",
        reason: "invalidQuery",
        message: "Could not serialize access to table demo:nba.predictions due to concurrent update",
        source: "https://cloud.google.com/bigquery/docs/data-manipulation-language#dml_statement_conflicts",
    },
    Documented {
        name: "transaction aborted",
        reason: "invalidQuery",
        message: "Transaction is aborted due to concurrent update against table demo:nba.predictions. \
                  Transaction ID: 1234",
        source: "https://github.com/estuary/connectors/issues/111",
    },
    Documented {
        name: "too many DML statements outstanding",
        reason: "resourcesExceeded",
        message: "Resources exceeded during query execution: Too many DML statements outstanding against \
                  table demo:nba.predictions, limit is 20.",
        source: "https://cloud.google.com/bigquery/docs/data-manipulation-language#concurrent_mutating_jobs",
    },
    Documented {
        name: "out of memory",
        reason: "resourcesExceeded",
        message: "Resources exceeded during query execution: The query could not be executed in the allotted \
                  memory. Peak usage: 112% of limit.",
        source: "https://cloud.google.com/bigquery/docs/troubleshoot-queries#ts-resources-exceeded",
    },
    Documented {
        name: "upsert streams",
        reason: "invalid",
        message: "DELETE/UPDATE/MERGE DMLs are currently not supported over tables that had UPSERT streams",
        source: "https://cloud.google.com/bigquery/docs/change-data-capture#limitations",
    },
    Documented {
        name: "bytes billed",
        reason: "bytesBilledLimitExceeded",
        message: "Query exceeded limit for bytes billed: 10485760. 20971520 or higher required.",
        source: "https://cloud.google.com/bigquery/docs/best-practices-costs#restrict-bytes-billed",
    },
    Documented {
        name: "timed out",
        reason: "timeout",
        message: "Operation timed out after 6.0 hours. Consider reducing the amount of work performed by your \
                  operation so that it can complete within this limit.",
        source: "https://cloud.google.com/bigquery/docs/error-messages",
    },
    Documented {
        name: "stopped",
        reason: "stopped",
        message: "Job execution was cancelled: Job timed out after 15m",
        source: "https://cloud.google.com/bigquery/docs/error-messages",
    },
    Documented {
        name: "quota",
        reason: "quotaExceeded",
        message: "Quota exceeded: Your project exceeded quota for concurrent queries.",
        source: "https://cloud.google.com/bigquery/docs/troubleshoot-quotas",
    },
    Documented {
        name: "table not found",
        reason: "notFound",
        message: "Not found: Table demo:nba.predictions was not found in location US",
        source: "https://cloud.google.com/bigquery/docs/error-messages",
    },
    Documented {
        name: "table not found, as a script says it",
        reason: "invalidQuery",
        message: "Query error: Not found: Table demo:nba.predictions was not found in location US at [2:13]",
        source: "https://github.com/dbt-labs/dbt-core/pull/3386",
    },
    Documented {
        name: "partition filter required",
        reason: "invalidQuery",
        message: "Cannot query over table 'nba.predictions' without a filter over column(s) 'game_date' that \
                  can be used for partition elimination",
        source: "https://cloud.google.com/bigquery/docs/querying-partitioned-tables#require-filter",
    },
    Documented {
        name: "policy tags",
        reason: "accessDenied",
        message: "Access Denied: BigQuery BigQuery: User has neither fine-grained reader nor masked get \
                  permission to get data protected by policy tag \"demo : secret\" on column \
                  nba.predictions.player.",
        source: "https://cloud.google.com/bigquery/docs/column-level-security-intro",
    },
    Documented {
        name: "organization's policy",
        reason: "accessDenied",
        message: "VPC Service Controls: Request is prohibited by organization's policy. \
                  vpcServiceControlsUniqueIdentifier: abc",
        source: "https://cloud.google.com/vpc-service-controls/docs/troubleshooting",
    },
    Documented {
        name: "billing",
        reason: "billingNotEnabled",
        message: "Billing has not been enabled for this project. DML queries are not allowed in the free tier.",
        source: "https://cloud.google.com/bigquery/docs/sandbox#limits",
    },
];

#[test]
fn each_documented_answer_has_its_source_and_a_name_of_its_own() {
    for (i, answer) in DOCUMENTED.iter().enumerate() {
        assert!(answer.source.starts_with("https://"), "{}", answer.name);
        assert!(DOCUMENTED[..i].iter().all(|other| other.name != answer.name), "{}", answer.name);
    }
}
