#![doc = include_str!("../README.md")]

mod header;
mod holes;
mod length;
mod names;
mod read;
mod write;

pub use header::{Entry, Kind};
pub use holes::Sparse;
pub use length::{MAX_UNSIZED, Measured, measure};
pub use names::FirstNames;
pub use read::{Broken, MAX_EXTENDED, Reader};
pub use write::{NotWritten, Writer};

/// Everything in an archive comes in blocks of this size.
const BLOCK: usize = 512;

/// How many bytes fill the last block of so many.
fn padding(length: u64) -> usize {
    let rest = usize::try_from(length % BLOCK as u64).unwrap_or_default();
    if rest == 0 { 0 } else { BLOCK - rest }
}
