//! `read_file` and `write_file`, with the errors that Python's `pathlib` gives.

mod newline;
mod os;
mod path;
mod read;
mod write;

pub(crate) use os::{blocking, os_error, special};
pub(crate) use path::{Place, TOO_LONG, shown};
pub(crate) use read::{open_regular, read_text, undecodable};
pub(crate) use write::{make_parents, replaceable, write_text};
