//! `swerex-ags shims`: a directory that makes agents find us under the names they look for.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde_json::json;

use crate::{
    context::Context,
    docker,
    report::{Failure, Outcome},
};

/// The programs that agents look for.
const PROGRAMS: [&str; 2] = ["docker", "podman"];

/// Gives SWE-ReX 1.4.0's `RemoteDeployment.is_alive` the parameter that SWE-agent calls it with. Python imports this module at its start, before
/// SWE-ReX is: so it waits for the import.
const SITECUSTOMIZE: &str = include_str!("sitecustomize.py");

/// Make a directory for PATH and PYTHONPATH that lets agents find AGS as docker and podman
///
/// It holds `docker` and `podman`, links to this program, and a sitecustomize.py that mends swe-rex 1.4.0 for SWE-agent. Settings reach
/// the links through SWEREX_AGS_CONFIG (a file), the TENCENTCLOUD_… variables, and `docker_args: ["--label=ags.KEY=VALUE"]`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: swerex-ags shims ~/.ags-shims; PATH=~/.ags-shims:$PATH sweagent run-batch …"
)]
pub(crate) struct Args {
    /// The directory; made if it is missing
    #[arg(value_name = "DIR")]
    directory: PathBuf,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    let program = std::env::current_exe()
        .map_err(|error| Failure::because("cannot find this program", &error))?;
    let wrong = |error: io::Error| {
        let directory = args.directory.display();
        Failure::usage(format!(
            "DIR {directory}: cannot make the shims there: {error}"
        ))
        .hint("name a directory that you can write to")
    };
    fs::create_dir_all(&args.directory).map_err(wrong)?;
    for name in PROGRAMS {
        link(&program, &args.directory.join(name)).map_err(wrong)?;
    }
    fs::write(args.directory.join("sitecustomize.py"), SITECUSTOMIZE).map_err(wrong)?;
    let directory = args
        .directory
        .canonicalize()
        .map_err(wrong)?
        .display()
        .to_string();
    let (config, local) = (docker::CONFIG, docker::LOCAL);
    context.output.result(
        || {
            format!(
                "export PATH={directory}:$PATH PYTHONPATH={directory}${{PYTHONPATH:+:$PYTHONPATH}}\n\
                 # settings: {config}=FILE, TENCENTCLOUD_…; an emulator instead of AGS: {local}=FILE with its ready line"
            )
        },
        &json!({ "directory": directory, "programs": PROGRAMS }),
    )?;
    Ok(0)
}

/// Links `name` to `program`; a link that is there is replaced, anything else is left alone.
fn link(program: &Path, name: &Path) -> io::Result<()> {
    match fs::symlink_metadata(name) {
        Ok(there) if there.is_symlink() => fs::remove_file(name)?,
        Ok(_) => {
            let message = format!("{} is there and is no link", name.display());
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, message));
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    std::os::unix::fs::symlink(program, name)
}
