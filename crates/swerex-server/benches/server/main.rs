//! Our server beside the Python one, in one run: `cargo bench -p swerex-server -- [compare|soak] [--ours PROGRAM] [--rounds N]
//! [--only PART-OF-A-NAME]`.
//!
//! `SWEREX_PYTHON_SERVER` names the Python `swerex-remote`; without it only ours is measured. `SWEREX_NATIVE_SERVER` names ours as
//! it is shipped; without it, it is the one that cargo has built for this. The two take turns, each measurement
//! against a process of its own; the table shows medians, their ratio, and what is asked of it.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark prints, and stops at the first surprise"
)]

mod compare;
mod files;
mod floods;
mod server;
mod soak;

use std::path::PathBuf;

use server::Program;

/// What was asked for.
struct Plan {
    ours: Program,
    python: Option<Program>,
    rounds: usize,
    /// A part of the names of what is measured.
    only: String,
}

fn main() {
    let mut plan = Plan {
        ours: Program::new(
            std::env::var_os("SWEREX_NATIVE_SERVER")
                .map_or_else(|| env!("CARGO_BIN_EXE_swerex-remote").into(), PathBuf::from),
        ),
        python: std::env::var_os("SWEREX_PYTHON_SERVER").map(|path| Program::new(path.into())),
        rounds: 5,
        only: String::new(),
    };
    let mut what = "all".to_owned();
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--ours" => plan.ours = Program::new(PathBuf::from(args.next().unwrap())),
            "--rounds" => plan.rounds = args.next().unwrap().parse().unwrap(),
            "--only" => plan.only = args.next().unwrap(),
            // What cargo itself adds.
            "--bench" => {}
            other => what = other.to_owned(),
        }
    }
    if matches!(what.as_str(), "all" | "compare") {
        compare::run(&plan);
    }
    if matches!(what.as_str(), "all" | "soak") {
        soak::run(&plan.ours);
    }
}
