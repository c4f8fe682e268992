//! The pages: `onerow report --html` through the real binary, and each page of the service from
//! fixed values.

mod dates;
pub mod fixed;
pub mod html;
pub mod overview;
mod pages;
mod plans;
mod reports;
mod snapshots;
mod style;
