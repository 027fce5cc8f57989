//! `cargo xtask bench [WHAT] [ARGS]`: measurements, each beside its peer in the same run. Ratios hold; seconds depend on the machine.

use crate::{
    commands::Run,
    dist,
    python::{Environment, Packages},
};

/// What can be measured: its name, the crate, and the bench target.
const BENCHES: &[(&str, &str, &str)] = &[
    ("sign", "ags-sign", "sign"),
    ("http", "ags-http", "client"),
    ("server", "swerex-server", "server"),
    ("fleet", "swerex-ags-deployment", "fleet"),
    ("bridge", "swerex-ags", "bridge"),
    (SOAK, "swerex-ags", "soak"),
];

/// Takes a quarter of an hour: it runs only where it is asked for.
const SOAK: &str = "soak";

pub(crate) fn run(args: &[String]) -> Result<(), String> {
    let (what, rest) = match args.split_first() {
        Some((what, rest)) => (Some(what.as_str()), rest),
        None => (None, args),
    };
    let chosen: Vec<_> = BENCHES
        .iter()
        .filter(|(name, ..)| what.map_or(*name != SOAK, |what| what == *name))
        .collect();
    if chosen.is_empty() {
        let known: Vec<&str> = BENCHES.iter().map(|(name, ..)| *name).collect();
        return Err(format!(
            "nothing called `{}` is measured: {}",
            what.unwrap_or_default(),
            known.join(", ")
        ));
    }
    for (name, package, bench) in chosen {
        let mut bench = Run::cargo()
            .args([
                "bench",
                "--locked",
                "--package",
                package,
                "--bench",
                bench,
                "--",
            ])
            .args(rest);
        if *name == "server" {
            let python = Environment::ready(Packages::Server)?;
            bench = bench
                .envs(&python.vars())
                .env("SWEREX_NATIVE_SERVER", dist::server()?);
        }
        bench.run()?;
    }
    Ok(())
}
