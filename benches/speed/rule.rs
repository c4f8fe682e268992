//! The rule whose table is filled with rows.

pub const RULE: &str = r#"
[warehouse.local]
type = "sqlite"

[rule.p]
table = "a.b"
partition = "d"
key = ["game", "player"]
keep = ["created_at DESC", "id DESC"]
row_id = "id"
active = "active"
written_at = "created_at"

[rule.p.columns]
id = "STRING"
d = "DATE"
game = "STRING"
player = "STRING"
active = "BOOL"
created_at = "TIMESTAMP"
"#;

/// Later than every row.
pub const NOW: &str = "2030-01-01T00:00:00Z";
