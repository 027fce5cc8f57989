//! The slot and the bridge, with sandboxes made of paper.

mod bridge;
mod double;
mod pool;
mod slot;
