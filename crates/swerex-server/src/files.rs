//! `read_file` and `write_file`, with the errors that Python's `pathlib` gives.

mod newline;
mod os;
mod path;
mod read;
mod write;

pub(crate) use os::{blocking, os_error};
pub(crate) use path::Place;
pub(crate) use read::{open_regular, read_text, undecodable};
pub(crate) use write::{make_parents, open_to_write, replaceable, write_text};
