//! `docker` and `podman` by another name: what agents ask of a container program, with the sandbox on AGS.

pub(crate) mod args;
mod container;
mod exec;
mod hold;
mod images;
mod inspect;
mod listing;
mod owner;
mod process;
mod program;
mod records;
pub(crate) mod run_args;
mod template;
mod trouble;
mod words;

pub(crate) use program::{CONFIG, LOCAL, is_called_as, main};
