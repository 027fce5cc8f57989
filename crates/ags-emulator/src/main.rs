//! The `ags-emulator` command.

fn main() {}
