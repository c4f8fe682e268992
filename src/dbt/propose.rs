//! From a manifest to rules.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::accept::{accepted, without_columns};
use super::catalog::Catalog;
use super::columns::Columns;
use super::key::{self, Key};
use super::left_out::LeftOut;
use super::manifest::{Manifest, Node, text, texts};
use super::name::{self, Names, snake};
use super::partition::{self, BY_ARRIVAL, Partition};
use super::proposed::{Proposed, Setting, Value};
use super::source::{Found, table};
use super::{order, snapshot};
use crate::googlesql::SqlType;
use crate::propose::names::{ENDED, FLAGS, is_called};

/// The rules that a manifest gives, in the order of their names, and what gives none.
pub(super) fn all(manifest: &Manifest, catalog: Option<&Catalog>) -> Found {
    let mut found = Found::default();
    let mut nodes: Vec<&Node> = manifest.nodes.values().chain(manifest.sources.values()).collect();
    nodes.sort_by_key(|node| (node.resource_type != "model", &node.unique_id));
    for node in nodes {
        match node.resource_type.as_str() {
            "model" | "source" => table_rules(manifest, node, catalog, &mut found),
            "snapshot" => snapshot::rules(manifest, node, &Columns::of(node, catalog), &mut found),
            "seed" => seed(manifest, node, &mut found),
            _ => {}
        }
    }
    disabled(manifest, &mut found);
    in_one_project(&mut found);
    let names: Vec<Names> = found.rules.iter().map(|rule| rule.names.clone()).collect();
    for (rule, name) in found.rules.iter_mut().zip(name::given(&names)) {
        rule.name = name;
        own_view(rule);
    }
    views_apart(&mut found.rules);
    let mut rules: Vec<Proposed> = Vec::new();
    for rule in std::mem::take(&mut found.rules) {
        if let Some(same) = rules.iter().find(|other| is_same(other, &rule)) {
            let why = format!("rule {} is about the same table and key", same.name);
            found.left_out.push(LeftOut::new(&rule.what, why));
            continue;
        }
        match accepted_as(rule) {
            Ok(rule) => rules.push(rule),
            Err(left) => found.left_out.push(left),
        }
    }
    rules.sort_by(|a, b| a.name.cmp(&b.name));
    found.rules = rules;
    found.left_out = together(std::mem::take(&mut found.left_out));
    found
}

/// The rule with its columns; without them, where they are not all known and lack one that the rule names.
fn accepted_as(rule: Proposed) -> Result<Proposed, LeftOut> {
    let why = match accepted(&rule) {
        Ok(()) => return Ok(rule),
        Err(why) => why,
    };
    if rule.complete || rule.columns.is_empty() {
        return Err(LeftOut::new(&rule.what, why));
    }
    let plain = without_columns(&rule);
    match accepted(&plain) {
        Ok(()) => Ok(plain),
        Err(why) => Err(LeftOut::new(&rule.what, why)),
    }
}

fn is_same(one: &Proposed, other: &Proposed) -> bool {
    let key = |rule: &Proposed| {
        let key = rule.settings.iter().find(|setting| setting.key == "key");
        key.and_then(|setting| match &setting.value {
            Value::List(entries) => Some(entries.clone()),
            Value::One(_) => None,
        })
    };
    let same = |name: &str| one.value(name) == other.value(name);
    same("table") && same("active") && key(one) == key(other)
}

/// The rules of a model or source.
fn table_rules(manifest: &Manifest, node: &Node, catalog: Option<&Catalog>, found: &mut Found) {
    let is_source = node.source_name.is_some();
    let materialized = materialized(node);
    if !is_source
        && ["view", "ephemeral", "materialized_view", "materializedview"].contains(&materialized)
    {
        let why = "a view or an ephemeral model holds no rows of its own: duplicates are in the tables that it reads";
        return found.left_out.push(LeftOut::new(node.what(), why));
    }
    let columns = Columns::of(node, catalog);
    let mut keys = Vec::new();
    let entries = texts(&node.config.unique_key);
    if !entries.is_empty() {
        key::add(&mut keys, Key::merged(&entries, &columns));
    }
    let wrong = key::of_tests(manifest, node, &columns, &mut keys);
    let has_wrong = !wrong.is_empty();
    found.left_out.extend(wrong);
    if keys.is_empty() && !has_wrong {
        let why =
            "it has no `unique_key` and no test of uniqueness; add one, or write the rule by hand";
        return found.left_out.push(LeftOut::new(node.what(), why));
    }
    let never_null = key::never_null(manifest, node);
    for (at, key) in keys.iter().enumerate() {
        let active = key.active(&never_null);
        match rule(node, (key, active), (&columns, catalog), at > 0) {
            Ok(rule) => found.rules.push(rule),
            Err(why) if keys.len() > 1 => {
                let what = format!("{}, key {}", node.what(), key.entries.join(", "));
                found.left_out.push(LeftOut::new(what, why));
            }
            Err(why) => found.left_out.push(LeftOut::new(node.what(), why)),
        }
    }
}

/// Errors: a phrase.
fn rule(
    node: &Node,
    (key, active): (&Key, Option<(String, String)>),
    (columns, catalog): (&Columns, Option<&Catalog>),
    is_further: bool,
) -> Result<Proposed, String> {
    let is_source = node.source_name.is_some();
    let partition = match (is_source, node.table().ends_with("_*")) {
        (_, true) => Partition::shards(),
        (true, false) => match catalog.and_then(|catalog| catalog.partition(&node.unique_id)) {
            None => Partition::unknown(),
            Some(by) => partition::of_source(by.as_deref(), key, columns),
        },
        (false, false) => partition::of(node, key, columns)?,
    };
    let entries = key.entries.iter();
    let bad = entries.filter_map(|entry| Some((entry, columns.type_of(entry)?)));
    if let Some((entry, of)) = bad.into_iter().find(|(_, of)| !of.can_be_key()) {
        return Err(format!(
            "its key `{entry}` is of type {of}, by which BigQuery cannot group rows: write the rule by hand, with an \
             expression such as TO_JSON_STRING({entry})"
        ));
    }
    let Some(order) = order::of(node, key, columns, partition.column.as_deref()) else {
        return Err(format!(
            "no column is known that says which row of a key ({}) is the newest: list such a column, as updated_at, among the \
             model's `columns` in dbt, or write `target/catalog.json` with `dbt docs generate`, and run this again; or write the \
             rule by hand with a `keep` of your own",
            key.entries.join(", ")
        ));
    };
    let mut rule = Proposed::new(names(node, key, is_further), node, columns);
    rule.remarks.extend(remarks(node, key, columns));
    rule.remarks.extend(key.remarks.iter().cloned());
    rule.remarks.extend(partition.remark);
    let table = table(node);
    rule.settings = vec![Setting::one("table", &table, "")];
    rule.settings.extend(partition.settings);
    if rule.value("partition") == Some(BY_ARRIVAL) {
        rule.columns.push((BY_ARRIVAL.to_owned(), SqlType::Timestamp.to_string()));
    }
    rule.settings.push(Setting::list("key", key.entries.clone(), key.from.join(", ")));
    rule.settings.push(Setting::list("keep", order.entries, order.note));
    let why = "the other rows are dropped, rows that are equal in every column too";
    rule.settings.push(Setting::one("strategy", "rewrite", why));
    if let Some((condition, note)) = active {
        rule.settings.push(Setting::one("active", condition, note));
    }
    if let Some(loaded_at) =
        order.loaded_at.filter(|name| columns.type_of(name) == Some(SqlType::Timestamp))
    {
        let note = "loaded_at_field: younger rows may be in the streaming buffer";
        rule.settings.push(Setting::one("written_at", loaded_at, note));
    }
    if is_further {
        // Its name is the rule's, which is not known yet.
        rule.settings.push(Setting::one("view", "", "each rule has a view of its own"));
    }
    Ok(rule)
}

fn names(node: &Node, key: &Key, is_further: bool) -> Names {
    let own = match (&node.source_name, text(&node.version)) {
        (Some(source), _) => format!("{source}_{}", node.name),
        (None, Some(version)) => format!("{}_v{version}", node.name),
        (None, None) => node.name.clone(),
    };
    let own = match is_further {
        true => format!("{own}_by_{}", key.words()),
        false => own,
    };
    let name = |text: &str| snake(text);
    Names(vec![name(&own), name(&format!("{}_{own}", node.package_name))])
}

fn materialized(node: &Node) -> &str {
    node.config.materialized.as_deref().unwrap_or("table")
}

fn remarks(node: &Node, key: &Key, columns: &Columns) -> Vec<String> {
    let mut remarks = Vec::new();
    let strategy = text(&node.config.incremental_strategy);
    match (materialized(node), strategy.as_deref()) {
        _ if node.source_name.is_some() => {}
        ("incremental", Some(strategy @ ("append" | "insert_overwrite" | "microbatch"))) => {
            remarks.push(format!(
                "Its strategy is {strategy}: dbt itself does not look at the key."
            ));
        }
        ("incremental", _) => {}
        ("table", _) => remarks.push(
            "dbt builds this table anew on each run, and duplicates come back with it: mend the model or its source as well."
                .to_owned(),
        ),
        (other, _) => remarks.push(format!("It is materialized as {other}; this rule takes it for a table.")),
    }
    let clustered = texts(&node.config.cluster_by);
    if !clustered.is_empty() {
        remarks.push(format!(
            "Clustered by {}: BigQuery keeps rewritten rows clustered; a rule has no setting for it.",
            clustered.join(", ")
        ));
    }
    let flag = columns.iter().find(|column| {
        let named = [FLAGS, ENDED].iter().any(|names| is_called(column.name.as_str(), names));
        named && column.sql_type.is_none_or(|of| of == SqlType::Bool)
    });
    if let (Some(flag), None) = (flag, &key.condition) {
        remarks.push(format!(
            "{} does not decide which rows count, as it does not for dbt. If it should, say so in `active`.",
            flag.name
        ));
    }
    remarks
}

/// A seed with a test is a file of the project.
fn seed(manifest: &Manifest, node: &Node, found: &mut Found) {
    let mut keys = Vec::new();
    let wrong = key::of_tests(manifest, node, &Columns::default(), &mut keys);
    if !keys.is_empty() || !wrong.is_empty() {
        let why = "dbt loads it anew from a file of the project: remove the duplicates there";
        found.left_out.push(LeftOut::new(node.what(), why));
    }
}

fn disabled(manifest: &Manifest, found: &mut Found) {
    let mut nodes: Vec<&Node> = manifest.disabled.values().flatten().collect();
    nodes.sort_by_key(|node| &node.unique_id);
    for node in nodes {
        let is_one = match node.resource_type.as_str() {
            "model" | "snapshot" => node.config.unique_key != Json::Null,
            "test" => key::key_of(node, &Columns::default()).is_some(),
            _ => false,
        };
        if is_one {
            found.left_out.push(LeftOut::new(node.what(), "it is disabled in dbt"));
        }
    }
}

/// The project of most tables is the warehouse's, and is not repeated in their names.
fn in_one_project(found: &mut Found) {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for rule in &found.rules {
        let table = rule.value("table").unwrap_or_default();
        if let (3, Some((project, _))) = (table.split('.').count(), table.split_once('.')) {
            *counts.entry(project.to_owned()).or_default() += 1;
        }
    }
    let most = counts.into_iter().max_by(|a, b| a.1.cmp(&b.1).then(b.0.cmp(&a.0)));
    let Some((project, _)) = most else { return };
    let settings = found.rules.iter_mut().flat_map(|rule| &mut rule.settings);
    for setting in settings.filter(|setting| ["table", "view"].contains(&setting.key)) {
        if let Value::One(name) = &mut setting.value
            && let Some(rest) = name.strip_prefix(&format!("{project}."))
        {
            *name = rest.to_owned();
        }
    }
    found.project = Some(project);
}

/// Names the view of a further rule of a table.
fn own_view(rule: &mut Proposed) {
    let table = rule.value("table").unwrap_or_default();
    let dataset = table.rsplit_once('.').map_or(table, |(dataset, _)| dataset);
    let view = format!("{dataset}.{}_current", rule.name);
    for setting in &mut rule.settings {
        if let ("view", Value::One(name)) = (setting.key, &mut setting.value)
            && name.is_empty()
        {
            name.clone_from(&view);
        }
    }
}

/// Views of one name get one of their own: dbt's files, and the embedded warehouse, make no difference by case.
fn views_apart(rules: &mut [Proposed]) {
    let mut known: BTreeSet<String> = BTreeSet::new();
    for rule in rules {
        let table = rule.value("table").unwrap_or_default();
        let view = rule.value("view").map_or_else(|| format!("{table}_current"), str::to_owned);
        if known.insert(view.to_lowercase()) || table.ends_with("_*") {
            continue;
        }
        let dataset = table.rsplit_once('.').map_or(table, |(dataset, _)| dataset);
        let own = format!("{dataset}.{}_current", rule.name);
        rule.settings.retain(|setting| setting.key != "view");
        known.insert(own.to_lowercase());
        let note = "another view differs from this one by case alone";
        rule.settings.push(Setting::one("view", own, note));
    }
}

/// Those with one reason in one entry.
fn together(all: Vec<LeftOut>) -> Vec<LeftOut> {
    let mut grouped: Vec<LeftOut> = Vec::new();
    for left in all {
        match grouped.iter_mut().find(|known| known.why == left.why) {
            Some(known) => known.what = format!("{}, {}", known.what, left.what),
            None => grouped.push(left),
        }
    }
    grouped
}
