//! Faults of disks and files, made with real parts: a small disk, a disk that cannot be written, files
//! that are damaged, of another version, or something else than they should be; locks that are
//! removed; clocks that jump. Each ends in a clear error or in the right result, and nothing is half
//! done. What came of each is in `docs/faults.md`.

pub mod world;

mod clocks;
mod damage;
mod disk;
mod locks;
mod places;
mod versions;
