//! Directories as tar streams, both ways.

mod pack;
mod unpack;

pub(crate) use pack::{Unreadable, pack};
pub(crate) use unpack::unpack;
