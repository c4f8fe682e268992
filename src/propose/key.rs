//! The key, and what names a row.

use super::{Column, Counts, Seen, Setting, Wishes, names, order};
use crate::error::{Error, Kind, Result};
use crate::googlesql::{Ident, SqlType};

/// The columns that may be part of a key, or name a row.
pub(super) struct Candidates<'a> {
    /// Named like what names a row, such as `row_id`.
    row_ids: Vec<&'a Column>,
    /// Called after the table, such as `order_id` in `orders`.
    own: Option<&'a Column>,
    /// Other ids.
    ids: Vec<&'a Column>,
    /// What may be part of a key as well.
    more: Vec<&'a Column>,
}

/// At most so many columns that are no ids are counted with them.
const MOST_MORE: usize = 8;

impl<'a> Candidates<'a> {
    /// The candidates among the columns of a table, without its partition column.
    pub fn of(seen: &'a Seen, partition: Option<&str>) -> Self {
        let is_partition =
            |column: &Column| partition.is_some_and(|name| column.name.same_column(name));
        let usable = || seen.columns.iter().filter(|c| c.is_groupable() && !is_partition(c));
        let row_ids: Vec<&Column> = usable().filter(|column| names::is_row_id(column)).collect();
        let is_row_id = |column: &Column| row_ids.contains(&column);
        let of_table = |column: &&Column| names::is_own_id(column, &seen.table);
        // `order_id` before `id`.
        let own = usable().filter(of_table).filter(|column| !is_row_id(column));
        let own = own.max_by_key(|column| names::words(column.name.as_str()).len());
        let is_other =
            |column: &&Column| !is_row_id(column) && own.is_none_or(|own| own != *column);
        let ids = usable().filter(is_other).filter(|column| names::is_id(column));
        let ids: Vec<&Column> = ids.collect();
        // A table is clustered by what people look for, which often names a thing.
        let is_clustered = |column: &Column| {
            let clustering = &seen.description.details.clustering;
            clustering.iter().any(|name| column.name.same_column(name))
                && matches!(column.sql_type, SqlType::String | SqlType::Int64)
        };
        let more = usable().filter(is_other).filter(|column| {
            let may = names::may_identify(column) || order::is_of_event(column);
            !names::is_id(column) && (may || is_clustered(column))
        });
        let mut more: Vec<&Column> = more.collect();
        more.sort_by_key(|column| (!is_clustered(column), !names::is_of_identity(column)));
        more.truncate(MOST_MORE);
        Self { row_ids, own, ids, more }
    }

    /// All of them.
    pub fn all(&self) -> Vec<&'a Column> {
        let single = self.row_ids.iter().chain(&self.own).chain(&self.ids).chain(&self.more);
        single.copied().collect()
    }

    /// What is counted together: the ids, and the ids with one and two of the others; the table's own id with each
    /// other column.
    pub fn sets(&self) -> Vec<Vec<&'a Column>> {
        let with = |more: &[&'a Column]| [self.ids.as_slice(), more].concat();
        let mut sets = vec![with(&[])];
        for (number, first) in self.more.iter().enumerate() {
            sets.push(with(&[*first]));
            sets.extend(self.more[number + 1..].iter().map(|second| with(&[*first, *second])));
        }
        let others = self.ids.iter().chain(&self.more);
        sets.extend(self.own.iter().flat_map(|own| others.clone().map(|other| vec![*own, *other])));
        // One column is counted by itself.
        sets.retain(|set| set.len() > 1);
        sets
    }
}

/// What was chosen.
pub(super) struct Chosen {
    pub key: Setting,
    pub row_id: Option<Setting>,
    /// The key's columns, where it consists of columns.
    pub columns: Vec<Ident>,
    pub notes: Vec<String>,
}

impl Chosen {
    /// Whether the column is part of the key, or names a row.
    pub fn uses(&self, column: &Column) -> bool {
        self.columns.contains(&column.name)
            || self.row_id_column() == Some(column.name.to_string().as_str())
    }

    /// The column that names a row, as SQL.
    pub fn row_id_column(&self) -> Option<&str> {
        match self.row_id.as_ref().map(|setting| &setting.value) {
            Some(super::Value::Text(column)) => Some(column),
            _ => None,
        }
    }

    fn of(key: &[&Column], why: String, row_id: Option<Setting>) -> Self {
        let columns: Vec<Ident> = key.iter().map(|column| column.name.clone()).collect();
        let value: Vec<String> = columns.iter().map(Ident::to_string).collect();
        Self { key: Setting::guess("key", value, why), row_id, columns, notes: Vec::new() }
    }
}

/// Chooses the key: what a person or the table declares, then ids, then what distinguishes rows.
pub(super) fn propose(
    seen: &Seen,
    counts: Option<&Counts>,
    wishes: &Wishes,
    partition: Option<&str>,
    has_active: bool,
) -> Result<Chosen> {
    let candidates = Candidates::of(seen, partition);
    let row_id = row_id(&candidates, counts, wishes, has_active);
    if !wishes.key.is_empty() {
        let columns = wishes.key.iter().filter_map(|entry| Ident::of_sql(entry)).collect();
        let key = Setting::certain("key", wishes.key.clone(), "");
        return Ok(Chosen {
            key,
            row_id: other_than(row_id, &wishes.key),
            columns,
            notes: Vec::new(),
        });
    }
    let declared = &seen.description.details.primary_key;
    if let Some(unknown) = declared.iter().find(|name| seen.column(name).is_none()) {
        let message = format!(
            "the declared primary key has column `{unknown}`, of a type that onerow does not know"
        );
        return Err(Error::new(Kind::Usage, message).help("name the key with --key"));
    }
    let declared: Vec<&Column> =
        seen.description.details.primary_key.iter().filter_map(|name| seen.column(name)).collect();
    if !declared.is_empty() {
        let mut chosen = Chosen::of(
            &declared,
            "the table declares it as its primary key, which BigQuery does not enforce".to_owned(),
            None,
        );
        chosen.key.look = false;
        chosen.row_id = other_than(row_id, &list(&chosen.columns));
        return Ok(chosen);
    }
    let own_is_row = |own: &Column| {
        row_id.as_ref().is_some_and(|id| id.value == super::Value::Text(own.name.to_string()))
    };
    match candidates.own {
        Some(own) if !own_is_row(own) => Ok(own_key(own, &candidates, counts, row_id)),
        _ => from_ids(seen, &candidates, counts, row_id, partition),
    }
}

fn list(columns: &[Ident]) -> Vec<String> {
    columns.iter().map(Ident::to_string).collect()
}

/// A row id that is not itself the key.
fn other_than(row_id: Option<Setting>, key: &[String]) -> Option<Setting> {
    row_id.filter(
        |setting| !matches!((&setting.value, key), (super::Value::Text(id), [only]) if id == only),
    )
}

/// What names a row: a column of such a name; where a column says which rows count, also the table's own id, since
/// a thing then has several rows.
fn row_id(
    candidates: &Candidates<'_>,
    counts: Option<&Counts>,
    wishes: &Wishes,
    has_active: bool,
) -> Option<Setting> {
    if let Some(wish) = &wishes.row_id {
        return Some(Setting::certain("row_id", wish.clone(), ""));
    }
    let has_others = !candidates.ids.is_empty();
    let own = candidates.own.filter(|_| has_active && has_others);
    let named = candidates.row_ids.iter().copied().chain(own);
    let is_unique = |column: &Column| counts.is_none_or(|counts| counts.is_unique(column));
    let column = named.into_iter().find(|column| is_unique(column))?;
    let why = match counts {
        Some(counts) if counts.exact => {
            format!("its name says so, and it differs in each of {}", of_rows(counts))
        }
        Some(counts) => {
            format!(
                "its name says so, and it differs in each of {}, or nearly each",
                of_rows(counts)
            )
        }
        None => "its name says so".to_owned(),
    };
    Some(Setting::guess("row_id", column.name.to_string(), why))
}

fn of_rows(counts: &Counts) -> String {
    format!("{} rows{}", counts.rows, counts.of)
}

/// How many rows would stay, if one did for each of so many values.
fn would_stay(values: u64, counts: &Counts) -> String {
    let about = if counts.exact { "" } else { "about " };
    format!("{about}{values} of {} would stay", of_rows(counts))
}

/// That there are duplicates by a key, and what else could be in it: a key that is too coarse removes rows of other
/// things.
fn warning(
    key: &[&Column],
    values: u64,
    candidates: &Candidates<'_>,
    counts: &Counts,
) -> Option<String> {
    if counts.is_all(values) {
        return None;
    }
    let about = if counts.exact { "" } else { "about " };
    let mut text = format!(
        "by this key {about}{} of {} are duplicates",
        counts.rows.saturating_sub(values),
        of_rows(counts)
    );
    let is_row = |column: &&Column| candidates.own == Some(*column) && !key.contains(column);
    let finer = candidates.sets().into_iter().filter(|set| key.iter().all(|c| set.contains(c)));
    let finer = finer.filter(|set| !set.iter().any(is_row));
    let finer = finer.filter_map(|set| Some((counts.together(&set)?, set)));
    // Of several, the one with fewer columns.
    let finer = finer.max_by_key(|(together, set)| (*together, usize::MAX - set.len()));
    if let Some((together, set)) = finer.filter(|(together, _)| *together > values) {
        let added: Vec<String> =
            set.iter().filter(|c| !key.contains(c)).map(|c| c.name.to_string()).collect();
        text.push_str(&format!(
            "; with {} in it, {}",
            added.join(" and "),
            would_stay(together, counts)
        ));
    }
    text.push_str(". If rows of different things are called duplicates, a column is missing in it: `onerow explain` shows them.");
    Some(text)
}

/// That rows have no value in the key: they all count as one thing.
fn without_value(key: &[&Column], counts: &Counts) -> Option<String> {
    let tallies = key.iter().filter_map(|column| counts.tally(column));
    let most = tallies.filter(|tally| tally.nulls > 1).max_by_key(|tally| tally.nulls)?;
    Some(format!(
        "{} is NULL in {} of {}, and NULL equals NULL: where they are not one thing, set active = \"{} IS NOT NULL\".",
        most.column,
        most.nulls,
        of_rows(counts),
        most.column
    ))
}

fn own_key(
    own: &Column,
    candidates: &Candidates<'_>,
    counts: Option<&Counts>,
    row_id: Option<Setting>,
) -> Chosen {
    let mut why = "it is called after the table".to_owned();
    let mut notes = Vec::new();
    if let (Some(counts), Some(tally)) = (counts, counts.and_then(|counts| counts.tally(own))) {
        why.push_str(&format!("; {}", would_stay(tally.values, counts)));
        notes.extend(warning(&[own], tally.values, candidates, counts));
        notes.extend(without_value(&[own], counts));
        if counts.is_unique(own) && !candidates.ids.is_empty() {
            let others: Vec<String> = candidates.ids.iter().map(|c| c.name.to_string()).collect();
            notes.push(format!(
                "{} differs in each row, so by this key there are no duplicates. If it names a row and not a thing, the key is something else, such as {}, and {} is the row_id.",
                own.name,
                others.join(", "),
                own.name,
            ));
        }
    }
    Chosen { notes, ..Chosen::of(&[own], why, row_id) }
}

fn from_ids(
    seen: &Seen,
    candidates: &Candidates<'_>,
    counts: Option<&Counts>,
    row_id: Option<Setting>,
    partition: Option<&str>,
) -> Result<Chosen> {
    let mut key = candidates.ids.clone();
    let Some(counts) = counts.filter(|counts| counts.rows > 0) else {
        if key.is_empty() {
            key = fallback(seen, partition)?;
            return Ok(Chosen::of(&key, NO_ID.to_owned(), row_id));
        }
        return Ok(Chosen::of(&key, "they are called like ids".to_owned(), row_id));
    };
    let mut values = counts.together(&key).unwrap_or(0);
    let mut why = match key.is_empty() {
        true => "no column is called like an id".to_owned(),
        false => format!("they are called like ids; {}", would_stay(values, counts)),
    };
    let best =
        candidates.sets().into_iter().chain(candidates.more.iter().map(|column| vec![*column]));
    // The table's own id is not in a key of others: it names a row.
    let has_own = |set: &Vec<&Column>| candidates.own.is_some_and(|own| set.contains(&own));
    let best = best.filter(|set| !has_own(set));
    let best =
        best.filter(|set| set.len() > key.len() && key.iter().all(|known| set.contains(known)));
    let mut best: Vec<(Vec<&Column>, u64)> =
        best.filter_map(|set| counts.together(&set).map(|values| (set, values))).collect();
    // Fewer columns first: a longer key has to be worth it.
    best.sort_by_key(|(set, _)| set.len());
    for (set, together) in best {
        if together as f64 >= values as f64 * WORTH && counts.share(values) < ENOUGH {
            let added: Vec<String> =
                set.iter().filter(|c| !key.contains(c)).map(|c| c.name.to_string()).collect();
            why = format!(
                "with {} further rows can be told apart; {}",
                added.join(" and "),
                would_stay(together, counts)
            );
            (key, values) = (set, together);
        }
    }
    if key.is_empty() {
        let key = fallback(seen, partition)?;
        return Ok(Chosen::of(&key, NO_ID.to_owned(), row_id));
    }
    let mut notes: Vec<String> = warning(&key, values, candidates, counts).into_iter().collect();
    notes.extend(without_value(&key, counts));
    Ok(Chosen { notes, ..Chosen::of(&key, why, row_id) })
}

/// A column that brings fewer further values is not worth being in the key.
const WORTH: f64 = 1.5;
/// A key with values for this share of the rows needs no further column.
const ENOUGH: f64 = 0.95;

const NO_ID: &str = "no column is called like an id, so a thing is what is equal in all of these";

/// All columns that may be in a key, where no name says more: a key that is too fine removes nothing that is good.
fn fallback<'a>(seen: &'a Seen, partition: Option<&str>) -> Result<Vec<&'a Column>> {
    let is_partition =
        |column: &Column| partition.is_some_and(|name| column.name.same_column(name));
    let usable = seen.columns.iter().filter(|column| column.is_groupable());
    let usable = usable.filter(|c| !order::is_time_of_row(c) && !is_partition(c));
    let found: Vec<&Column> = usable.collect();
    match found.is_empty() {
        false => Ok(found),
        true => Err(Error::new(
            Kind::Usage,
            format!("no column of `{}` could be part of a key", seen.table.dotted()),
        )
        .help(
            "a key needs a column that BigQuery can group by, or an expression: name it with --key",
        )),
    }
}
