//! Directories as tar streams, both ways: POSIX headers, long names and large sizes by extended ones.

mod header;
mod pack;
mod unpack;

pub(crate) use pack::pack;
pub(crate) use unpack::unpack;

/// Everything in an archive comes in blocks of this size.
const BLOCK: usize = 512;

/// How many bytes fill the last block of so many.
fn padding(length: u64) -> usize {
    let rest = usize::try_from(length % BLOCK as u64).unwrap_or_default();
    if rest == 0 { 0 } else { BLOCK - rest }
}
