//! Which commands tell, and what others have written in what is told.

use super::receiver::{PAIR, Receiver, project, run};
use crate::common::whole::whole;

#[test]
fn a_step_of_ones_own_that_fails_is_told_and_its_words_are_only_text() {
    let (project, receiver) = (project(""), Receiver::new());
    project.rows(PAIR);
    let words = "<!channel> & <https://evil.example|Ωμέγα>";
    let sql = format!("SELECT CAST('{words}' AS INT64) AS n\n");
    project.write("sql/boom.sql", sql);
    whole!(run(&project, &receiver, "run boom --date 2026-01-28"), @"
    $ onerow run boom --date 2026-01-28
    exit code 1
    -- stderr
    error[refused]: cannot run the query: `<!channel> & <https://evil.example|Ωμέγα>` is not an INT64, such as 42: Error code 1: SQL logic error
      note: while running boom of 2026-01-28
    ");
    let text = receiver.text();
    assert!(!text.contains(['<', '>']), "{text}");
    whole!(text, @"
    *predictions: run failed*
    run of 2026-01-28, run `[RUN]`
    • cannot run the query: `&lt;!channel&gt; &amp; &lt;https://evil.example|Ωμέγα&gt;` is not an INT64, such as 42: Error code 1: SQL logic error (while running boom of 2026-01-28)
    Next: see what was sent with `onerow log [RUN] --sql`
    ");
}

#[test]
fn an_undo_that_fails_is_told_and_one_that_nobody_can_mean_is_not() {
    let (project, receiver) = (project(""), Receiver::new());
    project.rows(PAIR);
    let ran = run(&project, &receiver, "apply --date 2026-01-28 --format json").exits(0).json();
    let id = ran["run_id"].as_str().unwrap();
    run(&project, &receiver, "undo 2020").exits(2);
    assert_eq!(receiver.messages().len(), 0);
    project.database().execute_batch("DROP TABLE \"onerow.removals\"").unwrap();
    run(&project, &receiver, &format!("undo {id}")).exits(1);
    whole!(receiver.text(), @"
    *predictions: undo failed*
    undo of 2026-01-28, run `[RUN]`
    • cannot run the statement: no such table: onerow.removals: Error code 1: SQL logic error (while running undo of 2026-01-28)
    Next: see what was sent with `onerow log [RUN] --sql`
    ");
}

#[test]
fn an_undo_that_does_what_it_should_is_not_told() {
    let (project, receiver) = (project("duplicates_over = 5"), Receiver::new());
    project.rows(PAIR);
    let ran = run(&project, &receiver, "apply --date 2026-01-28 --format json").exits(0).json();
    let id = ran["run_id"].as_str().unwrap();
    run(&project, &receiver, &format!("undo {id}")).exits(0);
    assert_eq!(receiver.messages().len(), 0);
}

#[test]
fn a_consolidate_that_lacks_its_staging_table_is_told() {
    let staging = "[rule.predictions.staging]\ntables = [\"nba.staging_a\"]\n";
    let (project, receiver) = (project(&format!("\n{staging}")), Receiver::new());
    project.rows(PAIR);
    run(&project, &receiver, "consolidate --date 2026-01-28 --dry-run").exits(1);
    assert_eq!(receiver.messages().len(), 0);
    run(&project, &receiver, "consolidate --date 2026-01-28").exits(1);
    whole!(receiver.text(), @"
    *predictions: consolidate failed*
    consolidate of 2026-01-28
    • the embedded warehouse has no table `nba.staging_a` (while looking at the staging tables)
    Next: known: nba.predictions
    ");
}
