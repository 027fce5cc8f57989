//! `cargo xtask tidy`: the invariants of the house (crates/README.md) that a program can check.

mod arrows;
mod layout;
mod sources;

use crate::repo;

/// One rule: what it is called, and what it finds wrong.
type Rule = (&'static str, fn() -> Result<Vec<String>, String>);

const RULES: &[Rule] = &[
    ("crates depend downwards only", arrows::between_crates),
    (
        "the signer and the protocol bring no I/O",
        arrows::pure_crates,
    ),
    ("ring is the only cryptography", arrows::forbidden_crates),
    ("every crate takes the workspace's lints", layout::lints),
    ("the top level is as designed", layout::top_level),
    ("every fixture says where it comes from", layout::provenance),
    ("every module opens with what it is for", sources::headers),
    ("only ags-http dials", sources::dialling),
    ("only output prints", sources::printing),
    ("the signer and the protocol read no clock", sources::clocks),
    ("nothing is left unfinished", sources::unfinished),
    ("rooms stay small", sources::size),
];

/// Checks every rule and reports all that is wrong, not only the first.
pub(crate) fn run(args: &[String]) -> Result<(), String> {
    if let Some(arg) = args.first() {
        return Err(format!("unexpected argument `{arg}`: tidy takes none"));
    }
    let mut wrong = 0;
    for (name, rule) in RULES {
        let found = rule()?;
        let mark = if found.is_empty() { "ok" } else { "WRONG" };
        repo::say(&format!("{mark:>5}  {name}"));
        for line in &found {
            repo::say(&format!("         {line}"));
        }
        wrong += found.len();
    }
    if wrong == 0 {
        Ok(())
    } else {
        Err(format!("{wrong} things to mend"))
    }
}
