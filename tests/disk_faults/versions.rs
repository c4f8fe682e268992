//! A ledger that another version wrote.

use super::world::{self, Fault, apply, project, told};
use crate::common::Project;
use crate::common::oracle::WINDOW;

const FAULTS: [Fault; 5] = [
    ("a newer version wrote the database", || refused("PRAGMA user_version = 4")),
    ("an older version wrote the database", || refused("PRAGMA user_version = 2")),
    ("the ledger has a column that is not known", || {
        let project = applied_after("ALTER TABLE _onerow_ledger ADD COLUMN mood TEXT");
        world::is_done_and_honest(&project, "a column more");
        "the right result".to_owned()
    }),
    ("the ledger has a column less", || {
        let project = project();
        project.onerow(&format!("run detect {WINDOW}")).exits(0);
        change(&project, "ALTER TABLE _onerow_ledger DROP COLUMN figures");
        let ended = apply(&project);
        assert_eq!(ended.code, Some(1), "{ended}");
        assert_eq!(world::nothing_is_half_done(&project, "a column less"), 0);
        told(&project, &ended)
    }),
    ("the ledger holds a state that is not known", unknown_state),
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
fn unknown_state() -> String {
    let project = project();
    project.onerow(&format!("run detect {WINDOW}")).exits(0);
    let columns = "run_id, sequence, rule, dates, step, job_id, fingerprint, sql, parameters, \
                   logged_at, version, who";
    change(
        &project,
        &format!(
            "INSERT INTO _onerow_ledger (state, {columns}) \
             SELECT 'paused', {columns} FROM _onerow_ledger LIMIT 1"
        ),
    );
    let ended = project.onerow("log");
    assert_eq!(ended.code, Some(1), "{ended}");
    told(&project, &ended)
}
