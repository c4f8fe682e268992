//! The two rules of a snapshot: one row for each version, and one open version for each record.
//! Source: <https://docs.getdbt.com/docs/build/snapshots>

use super::columns::Columns;
use super::key::{Key, add, of_tests, written};
use super::left_out::LeftOut;
use super::manifest::{Manifest, Node, text, texts};
use super::name::{Names, snake};
use super::partition::{self, Partition};
use super::proposed::{GUESS, Proposed, Setting};
use super::source::Found;
use crate::googlesql::SqlType;
use crate::rule::is_literal;

/// The rules of a snapshot.
pub(super) fn rules(manifest: &Manifest, node: &Node, columns: &Columns, found: &mut Found) {
    let meta = |name: &str| {
        let renamed = text(&node.config.snapshot_meta_column_names[name]);
        renamed.unwrap_or_else(|| name.to_owned())
    };
    let (scd_id, valid_to) = (meta("dbt_scd_id"), meta("dbt_valid_to"));
    let (valid_from, updated_at) = (meta("dbt_valid_from"), meta("dbt_updated_at"));
    let version = Key::new(std::slice::from_ref(&scd_id), "what dbt names a version by", columns);
    match partition::of(node, &version, columns) {
        Ok(partition) => {
            let mut rule = begun(node, "versions", columns, partition);
            rule.remarks.insert(
                1,
                "Two runs of `dbt snapshot` at a time can insert one version twice.".to_owned(),
            );
            rule.settings.extend([
                Setting::list("key", version.entries.clone(), "what dbt names a version by"),
                Setting::list(
                    "keep",
                    vec![format!("{} NULLS LAST", written(&valid_to))],
                    "one that was closed since, rather than one that is open",
                ),
                Setting::one("strategy", "rewrite", "the other rows of the version are dropped"),
                Setting::one("view", view(node, "versions"), "each rule has a view of its own"),
            ]);
            found.rules.push(rule);
        }
        Err(why) => {
            found.left_out.push(LeftOut::new(format!("{}, its versions", node.what()), why))
        }
    }

    let mut keys = Vec::new();
    let entries = texts(&node.config.unique_key);
    if !entries.is_empty() {
        add(&mut keys, Key::new(&entries, "unique_key", columns));
    }
    // A test on a snapshot is about its versions.
    let mut tested = Vec::new();
    let wrong = of_tests(manifest, node, columns, &mut tested);
    found.left_out.extend(wrong);
    for test in tested.iter().filter(|test| !test.has(&scd_id)) {
        let what = format!("{}, {}", node.what(), test.from.join(", "));
        found.left_out.push(LeftOut::new(
            what,
            "a snapshot has several versions of a row; its rules are about these",
        ));
    }
    let Some(key) = keys.first() else {
        found.left_out.push(LeftOut::new(
            format!("{}, its open versions", node.what()),
            "it has no `unique_key`",
        ));
        return;
    };
    let partition = match partition::of(node, key, columns) {
        // Versions of a record begin at different times: they are compared over the whole table.
        Ok(partition) if is_of_versions(&partition, &[&valid_from, &valid_to, &updated_at]) => {
            let why = "it is partitioned by a time of the version, and open versions of a record are on different dates of it: \
                 write a rule with `partition = \"none\"`, if a query may read the whole table; presets/dbt-snapshot has one (`onerow init --preset dbt-snapshot`)";
            found.left_out.push(LeftOut::new(format!("{}, its open versions", node.what()), why));
            return;
        }
        Ok(partition) => partition,
        Err(why) => {
            found.left_out.push(LeftOut::new(format!("{}, its open versions", node.what()), why));
            return;
        }
    };
    let mut rule = begun(node, "current", columns, partition);
    rule.remarks.insert(
        1,
        "Two versions that are both open: the older one is closed, with the time of the run."
            .to_owned(),
    );
    let (open, note) = match text(&node.config.dbt_valid_to_current) {
        None => (format!("{} IS NULL", written(&valid_to)), "dbt leaves the open version's empty"),
        Some(value) => (format!("{} = {value}", written(&valid_to)), "dbt_valid_to_current"),
    };
    let reopens = text(&node.config.dbt_valid_to_current).filter(|value| !is_literal(value));
    let keep = [
        format!("{} DESC", written(&valid_from)),
        format!("{} DESC", written(&updated_at)),
        written(&scd_id),
    ];
    rule.settings.extend([
        Setting::list("key", key.entries.clone(), key.from.join(", ")),
        Setting::list("keep", keep.to_vec(), "the version that began last stays open"),
        Setting::one("row_id", scd_id.clone(), "what dbt names a version by"),
        Setting::one("active", open, note),
    ]);
    if columns.type_of(&valid_to).is_none() || !node.config.dbt_valid_to_current.is_null() {
        let (now, note) = now(columns.type_of(&valid_to));
        rule.settings.push(Setting::one(
            "deactivate",
            format!("{} = {now}", written(&valid_to)),
            note,
        ));
    }
    // Of a literal, `active` says it already.
    if let Some(value) = reopens {
        let note = "dbt_valid_to_current, for `onerow undo`";
        let reopen = format!("{} = {value}", written(&valid_to));
        rule.settings.push(Setting::one("reactivate", reopen, note));
    }
    rule.settings.push(Setting::one(
        "view",
        view(node, "current"),
        "each rule has a view of its own",
    ));
    found.rules.push(rule);
}

/// The time of a run in the type of `dbt_valid_to`, and what is said of it.
fn now(of: Option<SqlType>) -> (&'static str, String) {
    match of {
        Some(SqlType::Datetime) => ("CURRENT_DATETIME()", "the time of the run".to_owned()),
        Some(SqlType::Date) => ("CURRENT_DATE()", "the date of the run".to_owned()),
        Some(_) => ("CURRENT_TIMESTAMP()", "the time of the run".to_owned()),
        None => (
            "CURRENT_TIMESTAMP()",
            format!("{GUESS} it is a TIMESTAMP; for a DATETIME write CURRENT_DATETIME()"),
        ),
    }
}

fn begun(node: &Node, part: &str, columns: &Columns, partition: Partition) -> Proposed {
    let name = snake(&node.name);
    let names = [format!("{name}_{part}"), format!("{}_{name}_{part}", snake(&node.package_name))];
    let mut rule =
        Proposed::new(Names(names.iter().map(|name| snake(name)).collect()), node, columns);
    rule.remarks.extend(partition.remark);
    rule.settings = vec![Setting::one("table", super::source::table(node), "")];
    rule.settings.extend(partition.settings);
    rule
}

fn view(node: &Node, part: &str) -> String {
    format!("{}_{part}", super::source::table(node))
}

fn is_of_versions(partition: &Partition, times: &[&String]) -> bool {
    partition
        .column
        .as_ref()
        .is_some_and(|column| times.iter().any(|time| time.eq_ignore_ascii_case(column)))
}
