//! Which rules are listed, and in which order, as an address asks for it.

use crate::run::Status;

/// The order of the rules, by the word in the address.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OverviewOrder {
    /// Those that are not clean first.
    #[default]
    Status,
    /// By name.
    Name,
    /// Most duplicates first.
    Duplicates,
    /// Most buffered rows first.
    Buffered,
    /// Most rows without a date first.
    NoDate,
    /// The longest without a clean run first.
    LastClean,
    /// The last run first.
    LastRun,
    /// The most bytes billed first.
    Cost,
}

impl OverviewOrder {
    pub(super) const ALL: [(Self, &'static str); 8] = [
        (Self::Name, "name"),
        (Self::Status, "status"),
        (Self::Duplicates, "duplicates"),
        (Self::Buffered, "buffered"),
        (Self::NoDate, "no_date"),
        (Self::LastClean, "last_clean"),
        (Self::LastRun, "last_run"),
        (Self::Cost, "cost"),
    ];

    /// The order of this word; the default if it is empty.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "" => Some(Self::default()),
            word => Self::ALL.iter().find(|(_, known)| *known == word).map(|(order, _)| *order),
        }
    }

    /// The words, for a message.
    pub fn words() -> String {
        Self::ALL.map(|(_, word)| word).join(", ")
    }

    /// The word.
    pub(super) fn word(self) -> &'static str {
        Self::ALL.iter().find(|(order, _)| *order == self).map_or("", |(_, word)| word)
    }
}

/// The rules to list, by the word in the address.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Wanted {
    /// All.
    #[default]
    Any,
    /// Those that are not clean.
    NotClean,
    /// Those with this status.
    Only(Status),
    /// Those that were never counted.
    Unknown,
}

impl Wanted {
    pub(super) const ALL: [(Self, &'static str); 10] = [
        (Self::Any, "any"),
        (Self::NotClean, "not_clean"),
        (Self::Only(Status::Dirty), "dirty"),
        (Self::Only(Status::SharedIds), "shared_ids"),
        (Self::Only(Status::Partial), "partial"),
        (Self::Only(Status::Buffered), "buffered"),
        (Self::Only(Status::Keyless), "keyless"),
        (Self::Unknown, "unknown"),
        (Self::Only(Status::Empty), "empty"),
        (Self::Only(Status::Clean), "clean"),
    ];

    /// The choice of this word; any if it is empty.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "" => Some(Self::Any),
            word => Self::ALL.iter().find(|(_, known)| *known == word).map(|(wanted, _)| *wanted),
        }
    }

    /// The words, for a message.
    pub fn words() -> String {
        Self::ALL.map(|(_, word)| word).join(", ")
    }

    /// The word.
    pub(super) fn word(self) -> &'static str {
        Self::ALL.iter().find(|(wanted, _)| *wanted == self).map_or("", |(_, word)| word)
    }
}

/// What the address asks for.
#[derive(Debug, Clone, Default)]
pub struct Choice {
    /// The order.
    pub sort: OverviewOrder,
    /// The status.
    pub status: Wanted,
    /// A part of the name, in any case; empty for all.
    pub name: String,
    /// The page, from 1.
    pub page: usize,
}

impl Choice {
    /// The address of this choice, without what is the default.
    pub(super) fn address(&self) -> String {
        let page = self.page.to_string();
        let fields = [
            ("sort", self.sort.word(), self.sort == OverviewOrder::default()),
            ("status", self.status.word(), self.status == Wanted::default()),
            ("name", self.name.as_str(), self.name.is_empty()),
            ("page", page.as_str(), self.page <= 1),
        ];
        let given = fields.iter().filter(|(.., is_default)| !is_default);
        let given: Vec<(&str, &str)> = given.map(|(name, value, _)| (*name, *value)).collect();
        match serde_urlencoded::to_string(given) {
            Ok(query) if !query.is_empty() => format!("/?{query}"),
            _ => "/".to_owned(),
        }
    }
}
