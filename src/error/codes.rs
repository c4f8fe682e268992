//! The code and the fix of each kind of error. `docs/errors.md` is generated from it.

use super::Kind;

/// The description of a kind of error.
#[derive(Debug)]
pub struct Explained {
    /// The kind.
    pub kind: Kind,
    /// The code, which is stable: scripts and alerts refer to it.
    pub code: &'static str,
    /// The exit code of a command that ends with it.
    pub exit: u8,
    /// The cause, as Markdown.
    pub cause: &'static str,
    /// The fix, as Markdown.
    pub remedy: &'static str,
}

const fn explained(
    kind: Kind,
    code: &'static str,
    exit: u8,
    cause: &'static str,
    remedy: &'static str,
) -> Explained {
    Explained { kind, code, exit, cause, remedy }
}

/// Every kind of error, in the order of [`Kind`].
pub const EXPLAINED: [Explained; 37] = [
    explained(
        Kind::Usage,
        "usage",
        2,
        "An option is unknown, has a value that it cannot have, or does not go with another one.",
        "`onerow COMMAND --help` lists the options, with examples.",
    ),
    explained(
        Kind::Dates,
        "dates",
        2,
        "The command needs dates and has none, or a date does not exist, or a range ends before it begins.",
        "`--date 2026-01-28`, `--date YESTERDAY`, `--from 2026-01-01 --to 2026-01-31`, `--last 14` or `--changed`.",
    ),
    explained(
        Kind::UnknownName,
        "unknown-name",
        2,
        "There is no rule, warehouse, preset or revision of this name. Or there are several, and none was named.",
        "The message lists the names that there are. `--all` is about every rule.",
    ),
    explained(
        Kind::UnknownRun,
        "unknown-run",
        2,
        "The ledger has no run of this id, or nothing of the run can be restored.",
        "`onerow log` lists the runs. The ledger belongs to a warehouse: look at `--warehouse`.",
    ),
    explained(
        Kind::NotConfirmed,
        "not-confirmed",
        2,
        "The command deletes rows or a table, and nobody agreed to it. Nothing was changed.",
        "Answer the question, or pass `--yes` where nobody can be asked.",
    ),
    explained(
        Kind::NoProject,
        "no-project",
        2,
        "There is no `onerow.toml` in this folder or in one above it.",
        "Change into the project, use `--project-dir DIR`, or start a project with `onerow init DIR`.",
    ),
    explained(
        Kind::RuleFile,
        "rule-file",
        2,
        "`onerow.toml`, or a test of the project, does not parse, has an unknown key, or contradicts itself.",
        "The message names file, line and column. [rules.md](rules.md) has all keys, `onerow schema` a schema for editors.",
    ),
    explained(
        Kind::RuleChanged,
        "rule-changed",
        2,
        "A run cannot be undone by the rule as it is now: strategy, columns or `merge` are not those of the run.",
        "Undo it with the rule of then: check out that revision, undo, and come back. [undo.md](undo.md)",
    ),
    explained(
        Kind::Service,
        "service",
        2,
        "`onerow serve` was given keys, accounts or an address that do not fit together. It did not start.",
        "[serve.md](serve.md) says what goes with what.",
    ),
    explained(
        Kind::WebhookAddress,
        "webhook-address",
        2,
        "The environment variable of a webhook's `url_env` is not set, or holds no address that onerow may call.",
        "Set the variable, or set it to `off`. [webhooks.md](webhooks.md)",
    ),
    explained(
        Kind::Link,
        "link",
        2,
        "A file of the project is a link that leads out of the project, or out of the folder it is written to.",
        "Put the file itself in its place. Such links are never followed.",
    ),
    explained(
        Kind::Template,
        "template",
        2,
        "A template does not parse, or a variable that it uses has no value.",
        "The message names the line. [templates.md](templates.md) lists what a template knows.",
    ),
    explained(
        Kind::TemplateLimit,
        "template-limit",
        2,
        "A template takes too long, or its statement is longer than BigQuery allows.",
        "Name fewer dates, or dates in a row, or split the template.",
    ),
    explained(
        Kind::Findings,
        "findings",
        3,
        "A statement has a finding of a check, so it was not sent.",
        "`onerow check` shows all of them. [checks.md](checks.md) explains each.",
    ),
    explained(
        Kind::DataFile,
        "data-file",
        1,
        "A file to be loaded, or one that onerow keeps, cannot be read as what it should be. Nothing was loaded.",
        "Correct the line that the message names, and load the file again.",
    ),
    explained(
        Kind::Unsupported,
        "unsupported",
        1,
        "The embedded warehouse does not know this part of GoogleSQL, or the warehouse cannot say what was asked.",
        "Run it on a `bigquery` warehouse. [embedded.md](embedded.md) lists what the embedded warehouse knows.",
    ),
    explained(
        Kind::StreamingBuffer,
        "streaming-buffer",
        1,
        "BigQuery refused to change rows that are still in its streaming buffer. Nothing was changed.",
        "Run again later, or use `--wait 2h`. [bigquery.md](bigquery.md)",
    ),
    explained(
        Kind::Transient,
        "transient",
        1,
        "The warehouse failed the statement for a moment, and each retry too. The statement changed nothing.",
        "Run the command again.",
    ),
    explained(
        Kind::Unavailable,
        "unavailable",
        1,
        "The warehouse is overloaded, or limits the rate of requests, for as long as onerow tried. Nothing was changed.",
        "Run the command again later. Many rules at once: a smaller `--jobs`.",
    ),
    explained(
        Kind::NoAnswer,
        "no-answer",
        1,
        "The warehouse did not answer, and what became of the statement is not known yet.",
        "Run the command again: it looks up what became of the statement first, and sends nothing twice.",
    ),
    explained(
        Kind::Interrupted,
        "interrupted",
        130,
        "The user, or the system, asked the command to stop. Running jobs were cancelled, and the ledger says so.",
        "Run the command again: it continues.",
    ),
    explained(
        Kind::Credentials,
        "credentials",
        1,
        "There are no credentials for BigQuery, or they cannot be used or exchanged for a token.",
        "`onerow doctor` tries them. [bigquery.md](bigquery.md#who-asks) says which are found, in which order.",
    ),
    explained(
        Kind::AccessDenied,
        "access-denied",
        1,
        "BigQuery does not let this account do it.",
        "Grant the role that the message names. `onerow doctor` tries every permission.",
    ),
    explained(
        Kind::CostLimit,
        "cost-limit",
        1,
        "The run would bill more bytes than `max_bytes_billed` of the warehouse allows. Nothing was changed.",
        "Take fewer dates, or raise the limit. `onerow plan` shows what would be billed.",
    ),
    explained(
        Kind::Locked,
        "locked",
        1,
        "Another onerow process works on the table, or holds the embedded database.",
        "Wait until it has finished, and run the command again.",
    ),
    explained(
        Kind::NotFound,
        "not-found",
        1,
        "A table, dataset or column that a statement names does not exist.",
        "Correct the name in the rule or in the template. `onerow doctor` compares both with the table; a wrong `location` looks the same.",
    ),
    explained(
        Kind::Refused,
        "refused",
        1,
        "The warehouse refused or failed the statement. The message is the warehouse's own.",
        "`onerow log RUN --sql` shows the statement that was sent.",
    ),
    explained(
        Kind::UnexpectedAnswer,
        "unexpected-answer",
        1,
        "The warehouse's answer, or the ledger, cannot be read. A proxy may have answered, or another program changed the ledger.",
        "Look at `endpoint`, and at what else writes to the ledger.",
    ),
    explained(
        Kind::Verification,
        "verification",
        1,
        "After the run, the table is not as the run should have left it. Most often another process writes to the same date.",
        "`onerow status` shows the date, `onerow log RUN --sql` what was sent. Run again when the other process is done; `onerow undo RUN` restores what was removed.",
    ),
    explained(
        Kind::SharedIds,
        "shared-ids",
        1,
        "Active rows of a date have a row id that is NULL or not theirs alone. The date was skipped, the others were not.",
        "Make the ids unique, or use `strategy = \"rewrite\"`. [rules.md](rules.md#what-names-a-row)",
    ),
    explained(
        Kind::DuplicatesLeft,
        "duplicates-left",
        1,
        "After the run, duplicates are still active although no statement failed: they arrived during the run.",
        "Run `onerow apply` for the dates that the message names.",
    ),
    explained(
        Kind::Keyless,
        "keyless",
        1,
        "Keys have rows and no active one, and the rule has `on_keyless = \"fail\"`.",
        "If a run removed their last active row, the message names it: `onerow undo RUN --dry-run` shows what it would restore.",
    ),
    explained(
        Kind::File,
        "file",
        1,
        "A file or a stream could not be read or written.",
        "The message names the path and the system's reason.",
    ),
    explained(
        Kind::LedgerFormat,
        "ledger-format",
        1,
        "The ledger or the removal log was written by a version of onerow with another format.",
        "Use that version. Or rename the table, on the embedded warehouse move the file away: the next run makes a new one.",
    ),
    explained(
        Kind::Database,
        "database",
        1,
        "The file of the embedded database is damaged, or belongs to another program.",
        "Restore the file from a backup, or move it away and load the data again.",
    ),
    explained(
        Kind::Webhook,
        "webhook",
        1,
        "A notification was not delivered. This is a warning: the result of the run is unaffected.",
        "The message says what the receiver answered. [webhooks.md](webhooks.md)",
    ),
    explained(
        Kind::Internal,
        "internal",
        1,
        "A fault of onerow itself.",
        "Please report it, with the message and the command.",
    ),
];
