//! The built-in presets: the folders of `presets/`, for tables that other tools write.

use std::fmt::Write as _;

use crate::error::{Error, Kind, Result, nearest};
use crate::project::RULE_FILE;

/// A ready project: a rule, data with the tool's duplicates, tests, and commands to try.
pub(super) struct Preset {
    pub name: &'static str,
    /// Paths below the project's folder, with contents.
    pub files: [(&'static str, &'static str); 4],
}

macro_rules! preset {
    ($name:literal, $data:literal) => {
        Preset {
            name: $name,
            files: [
                (RULE_FILE, include_str!(concat!("../../../presets/", $name, "/onerow.toml"))),
                (README, include_str!(concat!("../../../presets/", $name, "/README.md"))),
                ($data, include_str!(concat!("../../../presets/", $name, "/", $data))),
                (
                    concat!("tests/", $name, ".toml"),
                    include_str!(concat!("../../../presets/", $name, "/tests/", $name, ".toml")),
                ),
            ],
        }
    };
}

const README: &str = "README.md";

const PRESETS: &[Preset] = &[
    preset!("airbyte", "orders.csv"),
    preset!("cloud-logging", "syslog.csv"),
    preset!("datastream", "orders.ndjson"),
    preset!("dbt-snapshot", "orders_snapshot.csv"),
    preset!("dlt", "orders.csv"),
    preset!("firebase", "events_20260128.csv"),
    preset!("fivetran", "account.csv"),
    preset!("ga4", "events_20260128.csv"),
    preset!("hubspot", "contacts.csv"),
    preset!("kafka-connect", "orders.csv"),
    preset!("pubsub", "messages.csv"),
    preset!("rudderstack", "tracks.csv"),
    preset!("segment", "tracks.csv"),
    preset!("snowplow", "events.csv"),
    preset!("stitch", "orders.csv"),
];

/// The preset of this name. Errors: unknown name; the nearest one and all of them are listed.
pub(super) fn find(name: &str) -> Result<&'static Preset> {
    PRESETS.iter().find(|preset| preset.name == name).ok_or_else(|| {
        let meant = match nearest(name, PRESETS.iter().map(|preset| preset.name)) {
            Some(nearest) => format!("did you mean `{nearest}`? "),
            None => String::new(),
        };
        Error::new(Kind::UnknownName, format!("there is no preset `{}`", name.escape_debug()))
            .help(format!("{meant}These are there:\n{}", list().trim_end()))
    })
}

/// The name of each preset, and what it is about.
pub fn presets() -> impl Iterator<Item = (&'static str, &'static str)> {
    PRESETS.iter().map(|preset| (preset.name, preset.about()))
}

/// All presets, one per line.
pub(super) fn list() -> String {
    let width = PRESETS.iter().map(|preset| preset.name.len()).max().unwrap_or_default();
    PRESETS.iter().fold(String::new(), |mut list, preset| {
        let _ = writeln!(list, "{:width$}  {}", preset.name, preset.about());
        list
    })
}

impl Preset {
    fn readme(&self) -> &'static str {
        self.files.iter().find(|(name, _)| *name == README).map_or("", |(_, text)| text)
    }

    /// The title of its README, after the name.
    fn about(&self) -> &'static str {
        let title = self.readme().lines().next().unwrap_or_default();
        title.split_once(": ").map_or(title, |(_, about)| about)
    }

    /// The commands in its README, in order.
    pub fn commands(&self) -> impl Iterator<Item = &'static str> {
        self.readme().lines().filter_map(|line| line.strip_prefix("$ "))
    }
}
