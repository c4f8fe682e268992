//! Rules from dbt, and rules to dbt. dbt itself is asked where `tests/run` has prepared it.

mod from_dbt;
mod program;
mod to_dbt;
mod which_rows;

pub use program::Dbt;
