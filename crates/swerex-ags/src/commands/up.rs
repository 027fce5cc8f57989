//! `swerex-ags up`: a sandbox that stays.

use serde_json::json;

use crate::{
    context::Context,
    report::{Failure, Outcome},
    sandbox,
};

/// Start a sandbox and leave it running; prints its id
///
/// It lives as long as --deployment.timeout says (1h by default), or until `swerex-ags down`. Come back to it with `run --instance`,
/// `shell --instance` and `cp`. If its id cannot be written to stdout, it is stopped.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: id=$(swerex-ags up --deployment.timeout=4h)")]
pub(crate) struct Args {}

pub(crate) async fn run(_: Args, context: &Context) -> Outcome {
    if context.is_local_here() {
        return Err(Failure::usage(
            "up --local: the emulator would end with this command, and the sandbox with it; \
             start `swerex-ags emulator > FILE` and give --local=FILE",
        ));
    }
    context.output.is_there()?;
    let output = context.output.clone();
    let tell = move |id: &str| output.result(|| id.to_owned(), &json!({"instance_id": id}));
    sandbox::keep(context, tell).await?;
    Ok(0)
}
