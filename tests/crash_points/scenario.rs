//! What is run and dies, what must be there afterwards, and whether it is.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use crate::common::honest;
use crate::common::mortal::{self, Act};
use crate::common::oracle::{self, Expected, MAIN, ROWS, Row, STAGED, WINDOW};
use crate::common::{HEADER, Project, RULE};

/// A run, ready to be played any number of times.
pub struct Scenario {
    pub name: &'static str,
    /// The step that changes rows, and the one that records them, as the ledger calls them.
    step: &'static str,
    record: &'static str,
    act: Act,
    /// The command that does the same.
    command: String,
    before: Vec<Row>,
    expected: Expected,
    /// How many rows the statement of each date says that it changed.
    affected: BTreeMap<String, u64>,
    /// The project before the run.
    prepared: Project,
}

/// Each strategy.
pub fn cures() -> Vec<Scenario> {
    cures_of(ROWS, WINDOW)
}

/// Each strategy, where both dirty dates share a statement.
pub fn shared_cures() -> Vec<Scenario> {
    cures().into_iter().map(shared).collect()
}

fn shared(cure: Scenario) -> Scenario {
    let text = std::fs::read_to_string(cure.prepared.path("onerow.toml")).unwrap();
    cure.prepared.write("onerow.toml", text.replace("keep_rows = true", SHARED));
    let first = cure.affected.keys().next().unwrap().clone();
    let affected = BTreeMap::from([(first, cure.affected.values().sum())]);
    Scenario { affected, ..cure }
}

const SHARED: &str = "keep_rows = true\ndates_per_statement = 2";

/// The same for these rows, which are all in this window.
pub fn cures_of(rows: &str, window: &str) -> Vec<Scenario> {
    ["deactivate", "delete", "rewrite"].map(|strategy| cure(strategy, rows, window)).into()
}

fn cure(strategy: &'static str, rows: &str, window: &str) -> Scenario {
    let prepared = Project::new(&rule(strategy));
    prepared.rows(rows);
    Scenario {
        name: strategy,
        step: strategy,
        record: "record",
        act: Act::Apply,
        command: format!("apply --yes {window}"),
        before: oracle::table(rows),
        affected: match strategy {
            "rewrite" => oracle::rewritten(rows),
            _ => oracle::cured(rows, true).changed,
        },
        expected: oracle::cured(rows, strategy == "deactivate"),
        prepared,
    }
}

/// A custom step that removes all duplicates, so that the cure after it finds none.
pub fn custom_step() -> Scenario {
    let steps = "steps = [\"void\", \"detect\", \"deactivate\", \"verify\"]\nrow_id =";
    let prepared = Project::new(&RULE.replace("row_id =", steps));
    let superseded: Vec<String> =
        oracle::superseded(ROWS).iter().map(|id| format!("'{id}'")).collect();
    let update = format!(
        "UPDATE {{{{ rule.table }}}} SET {{{{ rule.active }}}} = FALSE\n\
         WHERE {{{{ window.filter }}}} AND created_at < @cutoff AND id IN ({})\n",
        superseded.join(", ")
    );
    prepared.write(CUSTOM, update);
    prepared.rows(ROWS);
    Scenario {
        name: "custom step",
        step: "void",
        record: "record_custom",
        prepared,
        ..cure("deactivate", ROWS, WINDOW)
    }
}

/// The template of the custom step.
const CUSTOM: &str = "sql/void.sql";

/// The undo of each strategy.
pub fn undos() -> Vec<Scenario> {
    let of = |strategy: &'static str, name: &'static str| {
        let cure = match name.contains("shared") {
            true => shared(cure(strategy, ROWS, WINDOW)),
            false => cure(strategy, ROWS, WINDOW),
        };
        cure.prepared.onerow(&cure.command).exits(0);
        let run = entries(&cure.prepared)[0]["run_id"].as_str().unwrap().to_owned();
        Scenario {
            name,
            step: "undo",
            record: "record",
            command: format!("undo {run}"),
            act: Act::Undo(run),
            before: cure.expected.table,
            affected: oracle::cured(ROWS, true).changed,
            expected: oracle::undone(ROWS),
            prepared: cure.prepared,
        }
    };
    vec![
        of("deactivate", "undo of deactivate"),
        of("deactivate", "undo of a shared deactivate"),
        of("delete", "undo of delete"),
        of("rewrite", "undo of rewrite"),
    ]
}

/// Staging tables merged and dropped.
pub fn consolidation() -> Scenario {
    let staging = "[rule.predictions.staging]\ntables = [\"nba.staging\"]\ndrop = true";
    let prepared = Project::new(&format!("{}{staging}", rule("deactivate")));
    prepared.rows(MAIN);
    prepared.write("staged.csv", format!("{HEADER}{STAGED}\n"));
    prepared.onerow("load staged.csv --into nba.staging").exits(0);
    Scenario {
        name: "consolidate, drop",
        step: "consolidate",
        record: "record",
        act: Act::Consolidate,
        command: format!("consolidate {WINDOW}"),
        before: oracle::table(MAIN),
        expected: oracle::merged(MAIN, STAGED),
        affected: oracle::merged(MAIN, STAGED).changed,
        prepared,
    }
}

fn rule(strategy: &str) -> String {
    let keys = format!("row_id = \"id\"\nstrategy = \"{strategy}\"\nkeep_rows = true");
    let rule = RULE.replace("row_id = \"id\"", &keys);
    match strategy {
        "deactivate" => rule,
        _ => rule.replace("touched_at = \"updated_at\"\n", ""),
    }
}

/// The entries of the ledger, oldest first, read without onerow.
pub fn entries(project: &Project) -> Vec<Json> {
    let there = "SELECT name FROM sqlite_schema WHERE name = '_onerow_ledger'";
    if strings(project, there, 1).is_empty() {
        return Vec::new();
    }
    let sql = "SELECT json_object('run_id', run_id, 'sequence', sequence, 'step', step, 'first_date', first_date, \
               'outcome', outcome, 'affected_rows', affected_rows, 'recovered_by', recovered_by) FROM _onerow_ledger ORDER BY id";
    let entries = strings(project, sql, 1);
    entries.iter().map(|cells| serde_json::from_str(&cells[0]).unwrap()).collect()
}

/// The table, read without onerow.
pub fn table(project: &Project) -> Vec<Row> {
    let sql = r#"SELECT id, game_date, game_id, coalesce(player, ''), coalesce(points_line, ''),
                   CASE WHEN is_active THEN 'true' ELSE 'false' END
                 FROM "nba.predictions" ORDER BY id"#;
    strings(project, sql, 6).iter().map(|cells| Row::of(cells)).collect()
}

fn strings(project: &Project, sql: &str, columns: usize) -> Vec<Vec<String>> {
    let database = project.database();
    let mut statement = database.prepare(sql).unwrap();
    let cells = |row: &rusqlite::Row<'_>| (0..columns).map(|i| row.get(i)).collect();
    let rows = statement.query_map([], cells).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

impl Scenario {
    /// Whether rows are restored by an UPDATE, and not from a before image.
    pub fn is_update(&self) -> bool {
        self.name.ends_with("deactivate")
    }

    /// The names of the points of the run, in order.
    pub fn points(&self) -> Vec<String> {
        let project = self.copy();
        let points = mortal::play(&project.path(""), &self.act, 0);
        assert_eq!(table(&project), self.expected.table, "{}: without dying", self.name);
        points.iter().map(|point| point.replace(self.step, "REMOVAL")).collect()
    }

    /// The project before the run, for one play.
    pub fn copy(&self) -> Project {
        let rules = std::fs::read_to_string(self.prepared.path("onerow.toml")).unwrap();
        let project = Project::new(&rules);
        let database = std::fs::read(self.prepared.path(".onerow/local.db")).unwrap();
        project.write(".onerow/local.db", database);
        if let Ok(custom) = std::fs::read_to_string(self.prepared.path(CUSTOM)) {
            project.write(CUSTOM, custom);
        }
        project
    }

    /// The command, as arguments of the binary.
    pub fn arguments(&self) -> Vec<&str> {
        self.command.split_whitespace().collect()
    }

    /// Runs, dies there, runs again, and once more; returns what came of it.
    pub fn die_at(&self, at: usize) -> String {
        let project = self.copy();
        let points = mortal::play(&project.path(""), &self.act, at);
        let told = format!("{}, dead at point {at}: {:?}", self.name, points.last());
        self.converges(&project, &told)
    }

    /// After a process died: the next run finishes, and the one after it sends no DML. Returns how far
    /// the first had come, and what the second found.
    pub fn converges(&self, project: &Project, told: &str) -> String {
        let outcome = self.finishes(project, told);
        let known = entries(project).len();
        project.onerow(&self.command).exits(0);
        let third = &entries(project)[known..];
        assert!(!third.iter().any(honest::changes), "{told}: {third:#?}");
        assert_eq!(table(project), self.expected.table, "{told}");
        outcome
    }

    /// The same without the run after it.
    pub fn finishes(&self, project: &Project, told: &str) -> String {
        let done = self.dates_done(project, told);
        self.each_entry_is_true(project, told);
        project.onerow(&self.command).exits(0);
        assert_eq!(table(project), self.expected.table, "{told}");
        self.each_entry_is_true(project, told);
        let log = entries(project);
        honest::is_whole(&log, told);
        assert_eq!(honest::changed(&log, self.step, told), self.affected, "{told}");
        self.nothing_was_executed_twice(project, told);
        self.the_removal_log_has_each_row_once(project, told);
        let known = entries(&self.prepared).len();
        let done = format!("{done} of {}", self.expected.changed.len());
        match honest::completed(&log[known..]) {
            (0, 0) => done,
            (executed, 0) => format!("{done}, {executed} was executed"),
            (0, nothing) => format!("{done}, {nothing} changed nothing"),
            both => panic!("{told}: a process dies in one statement: {both:?}"),
        }
    }

    /// How many dates are as they should be; the others are as they were, and none is between.
    pub fn dates_done(&self, project: &Project, told: &str) -> usize {
        let of = |rows: &[Row], date: &String| -> Vec<Row> {
            rows.iter().filter(|row| row.date == *date).cloned().collect()
        };
        let found = table(project);
        let is_done = |date: &&String| {
            let rows = of(&found, date);
            let done = rows == of(&self.expected.table, date);
            assert!(done || rows == of(&self.before, date), "{told}: half done: {rows:?}");
            done
        };
        self.expected.changed.keys().filter(is_done).count()
    }

    /// Entry by entry against what the database has recorded of the job: what is done changed as many rows as the
    /// entry says, what failed changed none, and no job ran that was not in the ledger first. True also right
    /// after the kill; what is in doubt then says nothing yet.
    fn each_entry_is_true(&self, project: &Project, told: &str) {
        let there = |table: &str| {
            let sql = format!("SELECT name FROM sqlite_schema WHERE name = '{table}'");
            !strings(project, &sql, 1).is_empty()
        };
        let jobs: BTreeMap<String, i64> = match there("_onerow_jobs") {
            true => strings(project, "SELECT job, CAST(affected AS TEXT) FROM _onerow_jobs", 2),
            false => Vec::new(),
        }
        .into_iter()
        .map(|cells| (cells[0].clone(), cells[1].parse().unwrap()))
        .collect();
        let sql = "SELECT coalesce(job_id, ''), step, outcome, coalesce(CAST(affected_rows AS TEXT), '') \
                   FROM _onerow_ledger ORDER BY id";
        let entries = if there("_onerow_ledger") { strings(project, sql, 4) } else { Vec::new() };
        let mut begun = BTreeSet::new();
        for entry in &entries {
            let (job, step, affected) = (&entry[0], entry[1].as_str(), &entry[3]);
            let executed = jobs.get(job).filter(|affected| **affected >= 0);
            match entry[2].as_str() {
                "started" => {
                    begun.insert(job);
                }
                // A query changes nothing, and what makes or drops a table changes no row.
                "done" if !honest::CHANGES_ROWS.contains(&step) => {
                    assert_eq!(executed.copied().unwrap_or(0), 0, "{told}: {entry:?}");
                }
                "done" => assert_eq!(
                    executed.map(i64::to_string).as_ref(),
                    Some(affected),
                    "{told}: {entry:?} of {jobs:?}"
                ),
                "failed" => assert_eq!(executed, None, "{told}: {entry:?}"),
                "unknown" => {}
                other => panic!("{told}: {other}"),
            }
        }
        for (job, affected) in &jobs {
            assert!(begun.contains(job), "{told}: {job} changed {affected} rows unannounced");
        }
    }

    /// As the warehouse has recorded it: one job of each date, which changed the date's rows.
    fn nothing_was_executed_twice(&self, project: &Project, told: &str) {
        let sql = format!(
            "SELECT substr(job, -10), CAST(affected AS TEXT) FROM _onerow_jobs \
             WHERE affected >= 0 AND instr(job, '_{}_')",
            self.step
        );
        assert_eq!(counts(strings(project, &sql, 2), told), self.affected, "{told}");
    }

    /// What was removed, and nothing else that counts: a record counts where the ledger has it, in the
    /// same run, that the rows were removed.
    fn the_removal_log_has_each_row_once(&self, project: &Project, told: &str) {
        if self.act == Act::Apply {
            let done = |step: &str| {
                format!("FROM _onerow_ledger WHERE step = '{step}' AND outcome = 'done'")
            };
            let sql = format!(
                "SELECT date, CAST(COUNT(*) AS TEXT) FROM \"onerow.removals\" WHERE record_id IN \
                 (SELECT job_id {} AND (run_id, first_date) IN (SELECT run_id, first_date {})) \
                 GROUP BY record_id, date",
                done(self.record),
                done(self.step)
            );
            assert_eq!(counts(strings(project, &sql, 2), told), self.expected.changed, "{told}");
        }
    }
}

/// Pairs of a date and a number; each date is there once.
fn counts(pairs: Vec<Vec<String>>, told: &str) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for pair in pairs {
        let twice = counts.insert(pair[0].clone(), pair[1].parse().unwrap());
        assert!(twice.is_none(), "{told}: {pair:?} is there twice");
    }
    counts
}
