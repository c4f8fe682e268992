//! What BigQuery hides from the account is never called clean. An emulator knows no policies: the answers
//! are those that BigQuery documents.
//! Sources: <https://cloud.google.com/bigquery/docs/reference/rest/v2/Job#rowlevelsecuritystatistics>,
//! <https://cloud.google.com/bigquery/docs/reference/rest/v2/tables#tablefieldschema>

use super::fixture::{Fixture, ROWS, SURVIVORS, WINDOW};
use crate::common::RULE;
use crate::common::whole::{Transcript, whole};

fn with(setting: &str) -> Option<Fixture> {
    let rules =
        RULE.replace("nba.", "DATASET.").replace("row_id = ", &format!("{setting}\nrow_id = "));
    Some(Fixture::with_rules(&rules, "")?.rows(ROWS))
}

#[test]
fn rows_behind_row_access_policies_are_an_error_and_no_clean_date() {
    let Some(fixture) = with("") else { return };
    fixture.proxy.habits(|habits| habits.row_policies = true);
    let commands = ["status", "plan", "apply"].map(|command| format!("{command} {WINDOW}"));
    whole!(fixture.project.transcript(&commands), @"
    $ onerow status --from 2026-01-27 --to 2026-01-29
    exit code 1
    -- stderr
    error[access-denied]: [DATASET].predictions has row access policies, which may hide rows from the account that runs onerow: what it counts need not be all that is there
      note: while running detect of 2026-01-27 to 2026-01-29
      help: give the account a policy that hides nothing, with CREATE ROW ACCESS POLICY … ON `[DATASET].predictions` GRANT TO (…) FILTER USING (TRUE), and then set `full_access = true` in the rule

    $ onerow plan --from 2026-01-27 --to 2026-01-29
    exit code 1
    -- stderr
    error[access-denied]: [DATASET].predictions has row access policies, which may hide rows from the account that runs onerow: what it counts need not be all that is there
      note: while running detect of 2026-01-27 to 2026-01-29
      help: give the account a policy that hides nothing, with CREATE ROW ACCESS POLICY … ON `[DATASET].predictions` GRANT TO (…) FILTER USING (TRUE), and then set `full_access = true` in the rule

    $ onerow apply --from 2026-01-27 --to 2026-01-29
    exit code 1
    -- stderr
    error[access-denied]: [DATASET].predictions has row access policies, which may hide rows from the account that runs onerow: what it counts need not be all that is there
      note: while running detect of 2026-01-27 to 2026-01-29
      help: give the account a policy that hides nothing, with CREATE ROW ACCESS POLICY … ON `[DATASET].predictions` GRANT TO (…) FILTER USING (TRUE), and then set `full_access = true` in the rule
    ");
    assert_eq!(fixture.active().len(), 7, "nothing was changed");
}

#[test]
fn a_rule_that_vouches_for_the_account_is_taken_at_its_word() {
    let Some(fixture) = with("full_access = true") else { return };
    fixture.proxy.habits(|habits| {
        habits.row_policies = true;
        habits.protected = vec!["player"];
    });
    fixture.project.onerow(&format!("apply {WINDOW}")).exits(0);
    assert_eq!(fixture.active(), SURVIVORS);
}

#[test]
fn a_protected_column_that_decides_is_an_error_before_anything_is_sent() {
    let mut said = Transcript::default();
    for column in ["player", "created_at", "id"] {
        let Some(fixture) = with("") else { return };
        fixture.proxy.habits(|habits| habits.protected = vec![column]);
        for command in ["status", "plan", "apply"] {
            said.add(&fixture.project.onerow(&format!("{command} {WINDOW}")));
        }
        assert_eq!(fixture.active().len(), 7, "nothing was changed");
    }
    whole!(said, @"
    $ onerow status --from 2026-01-27 --to 2026-01-29
    exit code 1
    -- stderr
    error[access-denied]: policy tags protect player of [DATASET].predictions: the account that runs onerow may see masked values in place of the true ones, and would compare or write those
      help: grant the account the role Fine-Grained Reader on these tags, and then set `full_access = true` in the rule

    $ onerow plan --from 2026-01-27 --to 2026-01-29
    exit code 1
    -- stderr
    error[access-denied]: policy tags protect player of [DATASET].predictions: the account that runs onerow may see masked values in place of the true ones, and would compare or write those
      help: grant the account the role Fine-Grained Reader on these tags, and then set `full_access = true` in the rule

    $ onerow apply --from 2026-01-27 --to 2026-01-29
    exit code 1
    -- stderr
    error[access-denied]: policy tags protect player of [DATASET].predictions: the account that runs onerow may see masked values in place of the true ones, and would compare or write those
      help: grant the account the role Fine-Grained Reader on these tags, and then set `full_access = true` in the rule

    $ onerow status --from 2026-01-27 --to 2026-01-29
    exit code 1
    -- stderr
    error[access-denied]: policy tags protect created_at of [DATASET].predictions: the account that runs onerow may see masked values in place of the true ones, and would compare or write those
      help: grant the account the role Fine-Grained Reader on these tags, and then set `full_access = true` in the rule

    $ onerow plan --from 2026-01-27 --to 2026-01-29
    exit code 1
    -- stderr
    error[access-denied]: policy tags protect created_at of [DATASET].predictions: the account that runs onerow may see masked values in place of the true ones, and would compare or write those
      help: grant the account the role Fine-Grained Reader on these tags, and then set `full_access = true` in the rule

    $ onerow apply --from 2026-01-27 --to 2026-01-29
    exit code 1
    -- stderr
    error[access-denied]: policy tags protect created_at of [DATASET].predictions: the account that runs onerow may see masked values in place of the true ones, and would compare or write those
      help: grant the account the role Fine-Grained Reader on these tags, and then set `full_access = true` in the rule

    $ onerow status --from 2026-01-27 --to 2026-01-29
    exit code 1
    -- stderr
    error[access-denied]: policy tags protect id of [DATASET].predictions: the account that runs onerow may see masked values in place of the true ones, and would compare or write those
      help: grant the account the role Fine-Grained Reader on these tags, and then set `full_access = true` in the rule

    $ onerow plan --from 2026-01-27 --to 2026-01-29
    exit code 1
    -- stderr
    error[access-denied]: policy tags protect id of [DATASET].predictions: the account that runs onerow may see masked values in place of the true ones, and would compare or write those
      help: grant the account the role Fine-Grained Reader on these tags, and then set `full_access = true` in the rule

    $ onerow apply --from 2026-01-27 --to 2026-01-29
    exit code 1
    -- stderr
    error[access-denied]: policy tags protect id of [DATASET].predictions: the account that runs onerow may see masked values in place of the true ones, and would compare or write those
      help: grant the account the role Fine-Grained Reader on these tags, and then set `full_access = true` in the rule
    ");
}

#[test]
fn another_protected_column_matters_only_where_whole_rows_are_read() {
    let Some(fixture) = with("") else { return };
    fixture.proxy.habits(|habits| habits.protected = vec!["points_line"]);
    fixture.project.onerow(&format!("apply {WINDOW}")).exits(0);
    assert_eq!(fixture.active(), SURVIVORS);
    let Some(fixture) = with("keep_rows = true") else { return };
    fixture.proxy.habits(|habits| habits.protected = vec!["points_line"]);
    let ended = fixture.project.onerow(&format!("apply {WINDOW}"));
    whole!(ended, @"
    $ onerow apply --from 2026-01-27 --to 2026-01-29
    exit code 1
    -- stderr
    error[access-denied]: policy tags protect points_line of [DATASET].predictions: the account that runs onerow may see masked values in place of the true ones, and would compare or write those
      help: grant the account the role Fine-Grained Reader on these tags, and then set `full_access = true` in the rule
    ");
}
