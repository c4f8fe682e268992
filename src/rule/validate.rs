//! Validating a parsed rule. Every error has its place.

use jiff::SignedDuration;
use jiff::tz::TimeZone;
use toml::Spanned;

use super::across::grouping;
use super::document::{RuleSection, Source};
use super::expression::{
    Expression, Ties, order as keep_order, parse_keep, parse_key, parse_ranking,
    parse_ranking_across,
};
use super::{Keep, RoutineName, Rule, RuleName, Strategy, WrittenAs, is_nested, row};
use crate::error::{Error, Result, nearest};
use crate::googlesql::{Fragment, Ident, Nested, SqlType, SqlValue, TableName, is_pseudo_column};
use crate::removals::RemovalLog;

const DEFAULT_SETTLE: SignedDuration = SignedDuration::from_mins(90);

/// Checks one rule.
pub(super) fn rule(
    source: &Source,
    name: &Spanned<String>,
    section: &RuleSection,
    removal_logs: &[RemovalLog],
) -> Result<Rule> {
    RuleReader { source, section, removal_logs, strategy: section.strategy, columns: Vec::new() }
        .read(name)
}

/// Parses a duration; the default is 90 minutes.
pub(super) fn duration(source: &Source, text: Option<&Spanned<String>>) -> Result<SignedDuration> {
    let Some(text) = text else { return Ok(DEFAULT_SETTLE) };
    match text.get_ref().parse::<SignedDuration>() {
        Ok(duration) if !duration.is_negative() => Ok(duration),
        _ => Err(source
            .error(text, format!("`{}` is not a duration", text.get_ref()))
            .help("write it as `90m` or `1h 30m`")),
    }
}

/// A parser of key or keep entries; its error is a phrase.
pub(super) type Parse = fn(&str) -> Result<Expression, String>;

/// An expression that compares a value of a type that BigQuery neither groups nor orders.
/// Source: <https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types#data_type_properties>
fn exact_text(column: &str, sql_type: SqlType) -> String {
    let column =
        Ident::parse(column).map_or_else(|_| format!("`{column}`"), |name| name.to_string());
    match sql_type {
        SqlType::Geography => format!("ST_ASBINARY({column})"),
        _ => format!("TO_JSON_STRING({column})"),
    }
}

/// The column that an entry would be with backquotes.
fn unquoted(entry: &str) -> Option<Ident> {
    let ends = [" DESC", " ASC"];
    let name = ends.iter().find_map(|end| entry.trim().strip_suffix(end)).unwrap_or(entry).trim();
    Ident::parse(name).ok().filter(|name| name.to_string() != name.as_str())
}

/// A rule during validation.
pub(super) struct RuleReader<'a> {
    pub(super) source: &'a Source,
    pub(super) section: &'a RuleSection,
    pub(super) removal_logs: &'a [RemovalLog],
    pub(super) strategy: Strategy,
    pub(super) columns: Vec<(Ident, SqlType)>,
}

impl RuleReader<'_> {
    fn read(mut self, name: &Spanned<String>) -> Result<Rule> {
        let section = self.section;
        let rule_name = RuleName::parse(name.get_ref()).map_err(|error| self.at(name, error))?;
        self.columns = self.columns()?;
        let (partition, key, keep) = (self.partition()?, self.key()?, self.keep()?);
        let active = self.active(name)?;
        // Rows with shared ids may be equal in all of `keep`; the rest of the row breaks ties.
        let rewrites = self.strategy == Strategy::Rewrite;
        let written_at = self.written_at()?;
        let across = self.across()?;
        let narrow = rewrites && across.is_none() && section.staging.is_none();
        // The written time breaks ties before the rest of the row does, so that no count depends on which row
        // is chosen.
        let settles = written_at.as_ref().map(|(column, _)| column).filter(|column| {
            let orders_by =
                |keep: &Keep| keep.column.as_ref().is_some_and(|own| column.same_column(own));
            narrow && !keep.iter().any(orders_by)
        });
        let settles = settles.cloned();
        let row = rewrites.then(|| row(&partition, &self.columns, "_PARTITIONTIME"));
        let row = row.map(|row| match &settles {
            Some(settles) => Fragment::trusted(format!("{settles}, {row}")),
            None => row,
        });
        let order = |after: Option<&Fragment>, ties| {
            keep_order(row.as_ref().map(Fragment::as_str), &keep, after, ties)
        };
        let wrong = |problem| self.source.error(&section.keep, problem);
        let ranking = |order: &str| parse_ranking(&partition, &key, order).map_err(wrong);
        // Of equal rows, a deletion marker is first, then the existing row.
        let marks = section.staging.as_ref().is_some_and(|staging| staging.deleted.is_some());
        let marked = marks.then_some("onerow_deletes DESC");
        let staged_ranking = ranking(&order(None, Ties { marked, last: Some("onerow_staged") }))?;
        let condition = active.as_ref().map(|active| &active.condition);
        let by = order(None, Ties::default());
        let counted_by = match narrow {
            true => {
                let settles = settles.as_ref().map(Ident::to_string);
                keep_order(settles.as_deref(), &keep, condition, Ties::default())
            }
            false => order(condition, Ties::default()),
        };
        let (ranking, counted_ranking) = match across {
            None => (ranking(&by)?, ranking(&counted_by)?),
            Some(_) => {
                let ranking = parse_ranking_across(&key).map_err(wrong)?;
                (ranking.clone(), ranking)
            }
        };
        let grouping = |order: &str| match (across, &section.across) {
            (Some(across), Some(at)) => {
                grouping(across, &partition, &key, order).map_err(|problem| {
                    self.source.error(at, format!("`across` cannot be used: {problem}"))
                })
            }
            _ => Ok(Vec::new()),
        };
        let (grouping, counted_grouping) = (grouping(&by)?, grouping(&counted_by)?);
        let row_id = self.row_id(&partition, &key, &keep)?;
        let undetermined = self.undetermined(&row_id, &key, &keep);
        let constants = self.constants(&partition)?;
        let deciding = self.deciding()?;
        let table = TableName::parse_shards(section.table.get_ref())
            .map_err(|error| self.at(&section.table, error))?;
        let rule = Rule {
            name: rule_name,
            view: self.view(&table)?,
            keep_rows: section.keep_rows || self.strategy == Strategy::Rewrite,
            removal_logs: self.removal_logs.to_vec(),
            strategy: self.strategy,
            staging: self.staging(&table, &partition)?,
            dates_per_statement: self.dates_per_statement(&partition)?,
            table,
            partition,
            across,
            grouping,
            counted_grouping,
            key,
            keep,
            constants,
            ranking,
            counted_ranking,
            staged_ranking,
            undetermined,
            row_id,
            active,
            on_keyless: section.on_keyless,
            full_access: section.full_access,
            merged: self.merged(&deciding)?,
            deciding,
            touched_at: self.touched_at()?,
            written_as: self.written_as(written_at.as_ref())?,
            settles,
            counts_narrowly: narrow,
            written_at: written_at.map(|(column, _)| column),
            settle: duration(self.source, section.settle.as_ref())?,
            time_zone: self.time_zone()?,
            routines: self.routines()?,
            vars: self.vars()?,
            steps: self.steps()?,
            columns: self.columns.clone(),
            nested: self.nested()?,
        };
        self.check_arriving(&rule)?;
        Ok(rule)
    }

    fn view(&self, table: &TableName) -> Result<TableName> {
        let Some(name) = &self.section.view else {
            return Ok(match table.is_sharded() {
                true => table.shard("current"),
                false => table.with_suffix("_current"),
            });
        };
        let view = TableName::parse(name.get_ref()).map_err(|error| self.at(name, error))?;
        match view == *table {
            true => Err(self.source.error(name, "`view` is the table itself")),
            false => Ok(view),
        }
    }

    pub(super) fn at<T>(&self, spanned: &Spanned<T>, error: impl Into<Error>) -> Error {
        error.into().at(self.source.place(spanned.span()))
    }

    fn columns(&self) -> Result<Vec<(Ident, SqlType)>> {
        let mut columns: Vec<(Ident, SqlType)> = Vec::new();
        for (name, sql_type) in &self.section.columns {
            let ident = Ident::parse(name.get_ref()).map_err(|error| self.at(name, error))?;
            self.refuse_own(name, ident.as_str())?;
            if ident.has_reserved_prefix() && !is_pseudo_column(ident.as_str()) {
                let message = format!("`{}` cannot be the name of a column", ident.as_str());
                return Err(self.source.error(name, message).help(
                    "BigQuery keeps names that begin so for itself; leave it out of the rule's columns",
                ));
            }
            if columns.iter().any(|(known, _)| known.same_column(ident.as_str())) {
                let message = format!("column `{ident}` is listed twice; BigQuery ignores case");
                return Err(self.source.error(name, message));
            }
            let sql_type = sql_type
                .get_ref()
                .parse()
                .map_err(|error: googlesql_sqlite::error::Error| self.at(sql_type, error))?;
            columns.push((ident, sql_type));
        }
        Ok(columns)
    }

    /// The full types of nested columns, where given.
    fn nested(&self) -> Result<Vec<(Ident, Nested)>> {
        let said = self.section.columns.iter().zip(&self.columns);
        let said = said.filter(|((_, text), (_, sql_type))| {
            is_nested(*sql_type) && text.get_ref().contains('<')
        });
        let read = |((_, text), (column, _)): ((_, &Spanned<String>), &(Ident, SqlType))| {
            let nested = Nested::parse(text.get_ref()).map_err(|error| self.at(text, error))?;
            Ok((column.clone(), nested))
        };
        said.map(read).collect()
    }

    /// The listed type of a column; `None` if the rule lists no columns. Errors: the rule lists columns, but
    /// not this one.
    pub(super) fn listed<T>(&self, at: &Spanned<T>, name: &str) -> Result<Option<SqlType>> {
        self.refuse_own(at, name)?;
        if self.columns.is_empty() {
            return Ok(None);
        }
        let known = self.columns.iter().find(|(column, _)| column.same_column(name));
        known.map(|(_, sql_type)| Some(*sql_type)).ok_or_else(|| {
            let all = self.columns.iter().map(|(column, _)| column.as_str());
            let message = format!(
                "table `{}` has no column `{}`",
                self.section.table.get_ref(),
                name.escape_debug()
            );
            let help = match nearest(name, all) {
                Some(column) => {
                    format!("did you mean `{column}`? If not, add it to the rule's columns")
                }
                None => "add it to the rule's columns, with its type".to_owned(),
            };
            self.source.error(at, message).help(help)
        })
    }

    /// Refuses a column whose name is one that statements add.
    fn refuse_own<T>(&self, at: &Spanned<T>, name: &str) -> Result<()> {
        match name.trim_start_matches('_').to_ascii_lowercase().starts_with("onerow_") {
            false => Ok(()),
            true => Err(self
                .source
                .error(at, format!("`{}` is a name of onerow's own", name.escape_debug()))
                .help("rename the column: names that begin with `onerow_` are those of columns that its statements add")),
        }
    }

    /// A column that must have one of these types: the listed type, otherwise the first.
    pub(super) fn column(
        &self,
        name: &Spanned<String>,
        role: &str,
        types: &[SqlType],
    ) -> Result<(Ident, SqlType)> {
        let ident = Ident::parse(name.get_ref()).map_err(|error| self.at(name, error))?;
        let sql_type = self.listed(name, ident.as_str())?.unwrap_or(types[0]);
        if !types.contains(&sql_type) {
            let wanted: Vec<String> = types.iter().map(SqlType::to_string).collect();
            let message = format!(
                "`{role}` is {ident}, which is of type {sql_type}; it must be {}",
                wanted.join(" or ")
            );
            return Err(self.source.error(name, message));
        }
        Ok((ident, sql_type))
    }

    fn touched_at(&self) -> Result<Option<(Ident, SqlType)>> {
        let types = [SqlType::Timestamp, SqlType::Datetime];
        let Some(column) = &self.section.touched_at else { return Ok(None) };
        if self.strategy != Strategy::Deactivate {
            let message =
                format!("`touched_at` has no effect with strategy {}", self.strategy.step());
            return Err(self.source.error(column, message).help("remove it: no row is updated"));
        }
        let touched_at = self.column(column, "touched_at", &types)?;
        for (role, name) in self.deciding()? {
            if touched_at.0.same_column(&name) {
                let message = format!("`touched_at` is {name}, which the rule's {role} reads");
                return Err(self
                    .source
                    .error(column, message)
                    .help("deactivating a row would change it; name another column, or none"));
            }
        }
        Ok(Some(touched_at))
    }

    fn written_at(&self) -> Result<Option<(Ident, SqlType)>> {
        let Some(column) = &self.section.written_at else { return Ok(None) };
        let types = match self.section.written_unit {
            Some(_) => &[SqlType::Int64][..],
            None => &[SqlType::Timestamp, SqlType::Datetime, SqlType::Int64],
        };
        self.column(column, "written_at", types).map(Some)
    }

    fn written_as(&self, written_at: Option<&(Ident, SqlType)>) -> Result<WrittenAs> {
        let (column, unit) = (&self.section.written_at, &self.section.written_unit);
        match (written_at, column, unit) {
            (Some((_, SqlType::Int64)), Some(column), None) => Err(self
                .source
                .error(column, "`written_at` is an INT64, and nothing says what its numbers count")
                .help("add `written_unit = \"micros\"` (seconds, millis or micros since 1970-01-01 00:00:00 UTC)")),
            (None, _, Some(unit)) => Err(self
                .source
                .error(unit, "`written_unit` has no effect without `written_at`")
                .help("name the INT64 column in `written_at`, or remove `written_unit`")),
            (_, _, Some(unit)) => Ok(WrittenAs::Number(*unit.get_ref())),
            (Some((_, SqlType::Datetime)), _, None) => Ok(WrittenAs::Datetime),
            _ => Ok(WrittenAs::Timestamp),
        }
    }

    fn key(&self) -> Result<Vec<Fragment>> {
        let entries = self.section.key.get_ref();
        if entries.is_empty() {
            return Err(self
                .source
                .error(&self.section.key, "`key` is empty")
                .help("name the columns that make a row unique on a date"));
        }
        let mut key: Vec<Fragment> = Vec::new();
        for entry in entries {
            let parsed = self.entry(entry, "key", parse_key)?;
            if let Some(column) = &parsed.plain_column
                && let Some(listed) = self.listed(entry, column)?
                && !listed.can_be_key()
            {
                return Err(self
                    .source
                    .error(entry, format!("key column `{column}` is of type {listed}, which cannot be part of a key"))
                    .help(format!("BigQuery refuses PARTITION BY {listed}; write `{}`", exact_text(column, listed))));
            }
            let fragment = Fragment::trusted(entry.get_ref().trim());
            if key.contains(&fragment) {
                return Err(self.source.error(entry, format!("`{fragment}` is in the key twice")));
            }
            key.push(fragment);
        }
        Ok(key)
    }

    fn keep(&self) -> Result<Vec<Keep>> {
        let entries = self.section.keep.get_ref();
        if entries.is_empty() {
            return Err(self
                .source
                .error(&self.section.keep, "`keep` is empty")
                .help("say which row stays, such as [\"created_at DESC\", \"id DESC\"]"));
        }
        let mut keep = Vec::new();
        for entry in entries {
            let parsed = self.entry(entry, "keep", parse_keep)?;
            if let Some(column) = &parsed.plain_column
                && let Some(listed) = self.listed(entry, column)?
                && !listed.can_be_ordered()
            {
                return Err(self
                    .source
                    .error(
                        entry,
                        format!("`keep` orders by {column}, but type {listed} has no order"),
                    )
                    .help(format!(
                        "order by a value in it, or by `{}`",
                        exact_text(column, listed)
                    )));
            }
            keep.push(Keep {
                order: Fragment::trusted(entry.get_ref().trim()),
                value: Fragment::trusted(parsed.text),
                column: parsed.plain_column,
                place: self.source.place(entry.span()),
            });
        }
        Ok(keep)
    }

    pub(super) fn entry(
        &self,
        entry: &Spanned<String>,
        role: &str,
        parse: Parse,
    ) -> Result<Expression> {
        let parsed = parse(entry.get_ref()).map_err(|problem| {
            let message = format!(
                "{role} entry `{}` cannot be used: {problem}",
                entry.get_ref().escape_debug()
            );
            let error = self.source.error(entry, message);
            match unquoted(entry.get_ref()) {
                Some(column) => error.help(format!("if that is one column, write it as {column}")),
                None => error,
            }
        })?;
        for column in &parsed.columns {
            self.listed(entry, column)?;
        }
        Ok(parsed)
    }

    fn time_zone(&self) -> Result<TimeZone> {
        match self.section.time_zone.as_ref().or(self.section.time_zone_dates.as_ref()) {
            Some(name) => self.zone(name, TimeZone::get),
            None => Ok(TimeZone::UTC),
        }
    }

    /// Resolves a time zone's name. Errors: there is no such zone.
    pub(super) fn zone<Z>(
        &self,
        name: &Spanned<String>,
        get: impl Fn(&str) -> std::result::Result<Z, jiff::Error>,
    ) -> Result<Z> {
        get(name.get_ref()).map_err(|_| {
            let known: Vec<String> =
                jiff::tz::db().available().map(|zone| zone.to_string()).collect();
            let help = match nearest(name.get_ref(), known.iter().map(String::as_str)) {
                Some(zone) => format!("did you mean `{zone}`?"),
                None => "write an IANA name, such as America/New_York".to_owned(),
            };
            self.source
                .error(name, format!("there is no time zone `{}`", name.get_ref()))
                .help(help)
        })
    }

    fn routines(&self) -> Result<Vec<RoutineName>> {
        let mut routines: Vec<RoutineName> = Vec::new();
        for entry in &self.section.routines {
            let name =
                RoutineName::parse(entry.get_ref()).map_err(|error| self.at(entry, error))?;
            if routines.contains(&name) {
                let message = format!("routine `{}` is listed twice", name.as_str());
                return Err(self.source.error(entry, message));
            }
            routines.push(name);
        }
        Ok(routines)
    }

    fn vars(&self) -> Result<Vec<(Ident, SqlValue)>> {
        let section = &self.section.vars;
        section
            .iter()
            .map(|(name, value)| {
                let ident =
                    Ident::parse_plain(name.get_ref()).map_err(|error| self.at(name, error))?;
                let value = super::vars::of_toml(value.get_ref())
                    .map_err(|problem| self.source.error(value, format!("`{ident}` {problem}")))?;
                Ok((ident, value))
            })
            .collect()
    }
}
