//! A ledger that another version wrote.

use super::world::{self, Fault, apply, project, told};
use crate::common::Project;
use crate::common::oracle::WINDOW;

const FAULTS: [Fault; 6] = [
    ("a newer version wrote the database", || refused("PRAGMA user_version = 6")),
    ("an older version wrote the database", || refused("PRAGMA user_version = 4")),
    ("the ledger has a column that is not known", || {
        let project = applied_after("ALTER TABLE _onerow_ledger ADD COLUMN mood TEXT");
        world::is_done_and_honest(&project, "a column more");
        "the right result".to_owned()
    }),
    ("the ledger has a column less", || {
        let project = project();
        project.onerow(&format!("run detect {WINDOW}")).exits(0);
        change(&project, "ALTER TABLE _onerow_ledger DROP COLUMN detail");
        let ended = apply(&project);
        assert_eq!(ended.code, Some(1), "{ended}");
        assert_eq!(world::nothing_is_half_done(&project, "a column less"), 0);
        told(&project, &ended)
    }),
    ("the ledger holds an outcome that is not known", unknown_outcome),
    ("the ledger holds entries of a later format", later_format),
];

#[test]
fn what_another_version_wrote_is_used_right_or_not_at_all() {
    world::play("versions", &FAULTS);
}

fn change(project: &Project, sql: &str) {
    project.database().execute_batch(sql).unwrap();
}

fn refused(sql: &str) -> String {
    let project = project();
    change(&project, sql);
    let ended = apply(&project);
    assert_eq!(ended.code, Some(1), "{ended}");
    assert_eq!(world::nothing_is_half_done(&project, sql), 0);
    told(&project, &ended)
}

fn applied_after(sql: &str) -> Project {
    let project = project();
    project.onerow(&format!("run detect {WINDOW}")).exits(0);
    change(&project, sql);
    apply(&project).exits(0);
    project
}

/// It is no outcome that this version knows, nor one that it may overwrite.
fn unknown_outcome() -> String {
    let project = project();
    project.onerow(&format!("run detect {WINDOW}")).exits(0);
    let columns = "format, run_id, sequence, rule, table_name, first_date, last_date, step, job_id, \
                   fingerprint, sql, parameters, logged_at, version, who";
    change(
        &project,
        &format!(
            "INSERT INTO _onerow_ledger (outcome, {columns}) \
             SELECT 'paused', {columns} FROM _onerow_ledger LIMIT 1"
        ),
    );
    let ended = project.onerow("log");
    assert_eq!(ended.code, Some(1), "{ended}");
    told(&project, &ended)
}

fn later_format() -> String {
    let project = project();
    project.onerow(&format!("run detect {WINDOW}")).exits(0);
    let columns = "run_id, rule, table_name, first_date, last_date, step, job_id, fingerprint, sql, \
                   parameters, outcome, logged_at, version, who";
    change(
        &project,
        &format!(
            "INSERT INTO _onerow_ledger (format, sequence, {columns}) \
             SELECT format + 1, sequence + 9, {columns} FROM _onerow_ledger LIMIT 1"
        ),
    );
    let ended = project.onerow("log");
    assert_eq!(ended.code, Some(1), "{ended}");
    told(&project, &ended)
}
