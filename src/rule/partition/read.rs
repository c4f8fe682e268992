//! Reading the partition settings of a rule.

use toml::Spanned;

use super::super::across::Across;
use super::super::validate::RuleReader;
use super::super::{Cut, LocalDays, Partition, Period, Strategy};
use crate::error::Result;
use crate::googlesql::Ident;
use crate::visible::visible_line;

/// BigQuery's pseudo-column with the suffix of a table matched by a wildcard.
/// Source: <https://cloud.google.com/bigquery/docs/querying-wildcard-tables#filtering_selected_tables_using_table_suffix>
const SUFFIX: &str = "_TABLE_SUFFIX";

impl RuleReader<'_> {
    /// The partition column of the rule file; `none` means no column, unless it is in backquotes.
    pub(in crate::rule) fn partition_column(&self) -> Option<&str> {
        match self.section.partition.get_ref().as_str() {
            "none" | SUFFIX => None,
            name => {
                Some(name.strip_prefix('`').and_then(|name| name.strip_suffix('`')).unwrap_or(name))
            }
        }
    }

    pub(in crate::rule) fn partition(&self) -> Result<Partition> {
        let column = &self.section.partition;
        self.shards()?;
        let Some(name) = self.partition_column() else { return self.one_group() };
        let ident = Ident::parse(name).map_err(|error| self.at(column, error))?;
        let cut = self.cut()?;
        let listed = self.listed(column, ident.as_str())?;
        if let Some(listed) = listed.filter(|listed| *listed != cut.sql_type()) {
            let wanted = cut.sql_type();
            let message =
                format!("`{ident}` is of type {listed}, but the partition is read as {wanted}");
            return Err(self.source.error(column, message).help(format!(
                "set `partition_type = \"{listed}\"` (DATE, DATETIME, TIMESTAMP, INT64 or STRING)"
            )));
        }
        let keeps_rows = self.section.keep_rows || self.strategy == Strategy::Rewrite;
        let partition = Partition::by(ident, cut);
        let partition = Partition { period: self.period(&partition, name)?, ..partition };
        let partition = Partition { local: self.local_days(&partition)?, ..partition };
        if partition.is_by_arrival() && keeps_rows && self.columns.is_empty() {
            let message = format!(
                "whole rows of a table partitioned by {name} are written column by column, and the rule lists no columns"
            );
            let help = "list all columns of the table in the rule's section `columns`";
            return Err(self.source.error(column, message).help(help));
        }
        Ok(partition)
    }

    /// Errors: the table is date-sharded and the partition is not the suffix, or the reverse.
    fn shards(&self) -> Result<()> {
        let (table, partition) = (&self.section.table, &self.section.partition);
        match (table.get_ref().ends_with("_*"), partition.get_ref() == SUFFIX) {
            (true, false) => Err(self
                .source
                .error(partition, "the rule is about tables that each hold one date, and `partition` is not part of their names")
                .help(format!("write partition = \"{SUFFIX}\"; for one of these tables alone, name it in `table`"))),
            (false, true) => Err(self
                .source
                .error(table, format!("`{SUFFIX}` is the end of the names of several tables, and the rule names one"))
                .help("write `table` as dataset.events_*, for tables such as dataset.events_20260128")),
            _ => Ok(()),
        }
    }

    /// Tables without a date column.
    fn one_group(&self) -> Result<Partition> {
        let section = self.section;
        let kind = section.partition_type.as_ref().map(|kind| ("partition_type", kind.span()));
        let format =
            section.partition_format.as_ref().map(|format| ("partition_format", format.span()));
        let across = section.across.as_ref().map(|across| ("across", across.span()));
        let zone = section.time_zone_dates.as_ref().map(|zone| ("time_zone_dates", zone.span()));
        let granularity = &section.partition_granularity;
        let granularity = granularity.as_ref().map(|said| ("partition_granularity", said.span()));
        let said = self.section.partition.get_ref();
        let is_sharded = said == SUFFIX;
        let staging = section.staging.as_ref().filter(|_| is_sharded);
        let staging = staging.map(|staging| ("staging", staging.tables.span()));
        let view = section.view.as_ref().filter(|_| is_sharded).map(|view| ("view", view.span()));
        match kind.or(format).or(zone).or(granularity).or(across).or(staging).or(view) {
            None if is_sharded => Ok(Partition::shards()),
            None => Ok(Partition::whole()),
            Some((key, span)) if is_sharded => Err(self
                .source
                .error(
                    &Spanned::new(span, ()),
                    format!("`{key}` cannot be combined with partition = \"{SUFFIX}\""),
                )
                .help("remove it: each date has a table of its own, which is looked at by itself")),
            Some((key, span)) => Err(self
                .source
                .error(
                    &Spanned::new(span, ()),
                    format!("`{key}` has no effect with partition = \"none\""),
                )
                .help("remove it; for a column that is called none write partition = \"`none`\"")),
        }
    }

    /// Errors: there is no such zone; the rule's dates are not those of instants.
    fn local_days(&self, partition: &Partition) -> Result<Option<LocalDays>> {
        let Some(name) = &self.section.time_zone_dates else { return Ok(None) };
        let help = match partition.cut {
            Cut::Timestamp if !partition.is_by_arrival() => {
                return self.zone(name, LocalDays::of).map(Some);
            }
            Cut::Timestamp => {
                "remove it: BigQuery keeps the time of arrival by the hour or the day, in UTC only"
            }
            _ => "remove it; for a column of instants write `partition_type = \"TIMESTAMP\"`",
        };
        let message = "`time_zone_dates` needs a partition by a TIMESTAMP column";
        Err(self.source.error(name, message).help(help))
    }

    fn period(&self, partition: &Partition, column: &str) -> Result<Period> {
        let Some(period) = &self.section.partition_granularity else { return Ok(Period::Day) };
        let (own, wrong) =
            (*period.get_ref(), |problem: String| self.source.error(period, problem));
        if own == Period::Day {
            return Ok(own);
        }
        let word = own.as_str();
        if own.of(partition.cut, &partition.date()).is_none() {
            let message = format!(
                "`partition_granularity` is {word}, and the values of {column} say no dates of which it could hold several"
            );
            return Err(wrong(message).help("remove it"));
        }
        if self.section.across.is_some() {
            let message = format!(
                "`partition_granularity` {word} cannot be combined with `across`, which compares single dates"
            );
            let help = "remove one of them: without it, each date has a statement of its own";
            return Err(wrong(message).help(help));
        }
        Ok(own)
    }

    fn cut(&self) -> Result<Cut> {
        let (kind, format) = (&self.section.partition_type, &self.section.partition_format);
        let kind = kind.as_ref().map(|kind| *kind.get_ref()).unwrap_or_default();
        Cut::of(kind, format.as_ref().map(|format| *format.get_ref())).map_err(|(problem, help)| {
            match format {
                Some(format) => self.source.error(format, problem).help(help),
                None => self.source.error(&self.section.partition, problem).help(help),
            }
        })
    }

    pub(in crate::rule) fn across(&self) -> Result<Option<Across>> {
        let Some(text) = &self.section.across else { return Ok(None) };
        Across::parse(text.get_ref()).map(Some).map_err(|problem| {
            let message =
                format!("`{}` cannot be `across`: {problem}", visible_line(text.get_ref()));
            self.source.error(text, message).help("write it as `1d` or `7d`")
        })
    }
}
