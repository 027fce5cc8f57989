//! Run commands in AGS sandboxes from the command line.
fn main() {}
