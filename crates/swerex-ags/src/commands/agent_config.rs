//! `swerex-ags agent-config`: SWE-agent's instances, each with its own virtual server of the bridge.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};

use crate::{
    context::Context,
    expert::{self, Bridge},
    report::{Failure, Outcome},
};

/// Write SWE-agent's `expert_file` instances for the bridge
///
/// Takes instances of SWE-agent's `file` type or rows of a SWE-bench data set, in JSON, JSONL or YAML.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: swerex-ags agent-config instances.jsonl --auth-token-file bridge.key --to expert.json"
)]
pub(crate) struct Args {
    /// The instances
    #[arg(value_name = "FILE")]
    instances: PathBuf,
    /// The bridge's address
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8866")]
    bridge: String,
    /// File with the bridge's key; otherwise SWEREX_AGS_AUTH_TOKEN
    #[arg(long, value_name = "FILE")]
    auth_token_file: Option<PathBuf>,
    /// Where to write; it will hold the key, so only its owner can read it
    #[arg(long, value_name = "FILE", default_value = "expert.json")]
    to: PathBuf,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    let rows = rows(&args.instances)?;
    let key = key(args)?;
    let bridge = Bridge {
        url: &args.bridge,
        auth_token: &key,
    };
    let named = |problem: expert::BadInstance| {
        Failure::usage(format!("{}: {problem}", args.instances.display()))
    };
    let instances = expert::instances(&rows, &bridge).map_err(named)?;
    let images = expert::images(&rows).map_err(named)?;
    write(&args.to, &Value::from(instances))?;
    let to = args.to.display().to_string();
    context.output.result(
        || {
            format!(
                "{count} instances of {images} images are in {to}. Now:\n\n  \
                 sweagent run-batch --instances.type=expert_file --instances.path={to} …your usual flags…\n\n\
                 With SWE-ReX 1.4.0, put the directory of `swerex-ags shims DIR` into PYTHONPATH: without it, runs that end in a soft failure \
                 lose their patch.",
                count = rows.len(),
                images = images.len(),
            )
        },
        &json!({ "instances": rows.len(), "images": images, "file": to }),
    )?;
    Ok(0)
}

fn key(args: &Args) -> Result<String, Failure> {
    let key = match &args.auth_token_file {
        Some(file) => fs::read_to_string(file).map_err(|error| {
            Failure::usage(format!("--auth-token-file {}: {error}", file.display()))
        })?,
        None => std::env::var("SWEREX_AGS_AUTH_TOKEN").unwrap_or_default(),
    };
    match key.trim() {
        "" => Err(Failure::usage(
            "no key for the bridge: give --auth-token-file or set SWEREX_AGS_AUTH_TOKEN to what `serve` printed",
        )),
        key => Ok(key.to_owned()),
    }
}

fn rows(file: &Path) -> Result<Vec<Value>, Failure> {
    let wrong = |problem: String| Failure::usage(format!("{}: {problem}", file.display()));
    let text = fs::read_to_string(file).map_err(|error| wrong(error.to_string()))?;
    let is_lines = file
        .extension()
        .is_some_and(|extension| extension == "jsonl");
    if is_lines {
        let lines = text
            .lines()
            .enumerate()
            .filter(|(_, line)| !line.trim().is_empty());
        return lines
            .map(|(index, line)| {
                serde_json::from_str(line)
                    .map_err(|error| wrong(format!("line {}: {error}", index + 1)))
            })
            .collect();
    }
    let document: Value = match serde_json::from_str(&text) {
        Ok(document) => document,
        Err(_) => serde_saphyr::from_str(&text).map_err(|error| {
            wrong(format!(
                "neither JSON nor YAML: {}",
                error.to_string().lines().next().unwrap_or_default()
            ))
        })?,
    };
    match document {
        Value::Array(rows) => Ok(rows),
        _ => Err(wrong("should hold a list of instances".to_owned())),
    }
}

/// Writes a file that only its owner can read.
fn write(path: &Path, value: &Value) -> Result<(), Failure> {
    let wrong =
        |error: std::io::Error| Failure::failed(format!("--to {}: {error}", path.display()));
    let text = format!("{value:#}\n");
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(wrong)
}
