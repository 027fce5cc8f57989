//! `swerex-ags agent-config`: SWE-agent's instances, each with its own virtual server of the bridge.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};

use crate::{
    auth_token::AuthToken,
    context::Context,
    expert::{self, Bridge},
    images,
    report::{Failure, Outcome},
};

/// The permissions of a file with a key in it.
#[cfg(unix)]
const OWNER_ONLY: u32 = 0o600;

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
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8866", value_parser = bridge)]
    bridge: String,
    #[command(flatten)]
    auth_token: AuthToken,
    /// Where to write; it will hold the key, so only its owner can read it
    #[arg(long, value_name = "FILE", default_value = "expert.json")]
    to: PathBuf,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    let rows = images::rows(&args.instances)?;
    let key = args.auth_token.given()?.ok_or_else(|| {
        Failure::usage("no key for the bridge: give --auth-token-file or set SWEREX_AGS_AUTH_TOKEN to what `serve` printed")
    })?;
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

/// An address that clients can put a path behind.
fn bridge(text: &str) -> Result<String, String> {
    let is_one = text.parse::<http::Uri>().is_ok_and(|uri| {
        uri.scheme_str() == Some("http") && uri.path() == "/" && uri.query().is_none()
    });
    if is_one {
        Ok(text.to_owned())
    } else {
        Err("write what `serve` printed, as in http://127.0.0.1:8866".to_owned())
    }
}

/// Writes a file that only its owner can read, also where one is that others could.
fn write(path: &Path, value: &Value) -> Result<(), Failure> {
    let wrong = |error: std::io::Error| {
        Failure::usage(format!(
            "--to {}: cannot write there: {error}",
            path.display()
        ))
    };
    let text = format!("{value:#}\n");
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, OWNER_ONLY);
    let mut file = options.open(path).map_err(wrong)?;
    // One that was there has the permissions that it had; what is no file has none of its own.
    #[cfg(unix)]
    if file.metadata().map_err(wrong)?.is_file() {
        let owner_only = std::os::unix::fs::PermissionsExt::from_mode(OWNER_ONLY);
        file.set_permissions(owner_only).map_err(wrong)?;
    }
    file.write_all(text.as_bytes()).map_err(wrong)
}
