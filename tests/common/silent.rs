//! Progress that nobody looks at.

use onerow::run::Progress;

pub struct Silent;

impl Progress for Silent {
    fn begin(&self, _: u64) {}
    fn advance(&self) {}
    fn note(&self, _: &str) {}
    fn waiting(&self, _: &str) {}
    fn end(&self) {}
}
