//! `docker` and `podman` by another name: what agents ask of a container program, with the sandbox on AGS.

pub(crate) mod args;
pub(crate) mod run_args;
pub(crate) mod process;
pub(crate) mod records;
