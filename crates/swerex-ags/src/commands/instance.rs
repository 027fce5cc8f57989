//! `swerex-ags instance`: the running sandboxes of the account, whoever started them.

mod gc;

use ags_api::model::{
    DescribeSandboxInstanceListRequest, Filter, InstanceStatus, PauseSandboxInstanceRequest,
    ResumeSandboxInstanceRequest, SandboxInstance, UpdateSandboxInstanceRequest,
};
use serde_json::json;
use swerex_ags_deployment::{server_key, units};

use crate::{
    commands::each::{self, Done},
    consent::Consent,
    context::Context,
    listing::{self, is_over, text},
    output::tree,
    report::{Failure, Outcome},
    span::Span,
};

/// List, look at and end instances
#[derive(Debug, clap::Subcommand)]
#[command(after_help = "Example: swerex-ags instance list --status RUNNING")]
pub(crate) enum Command {
    /// List instances; those that are over only with --all
    #[command(after_help = "Example: swerex-ags instance list --tool sdt-1a2b3c4d")]
    List(List),
    /// Show all that is known about an instance
    #[command(after_help = "Example: swerex-ags instance get 3f9c… -o json")]
    Get {
        /// Its id
        #[arg(value_name = "ID")]
        id: String,
    },
    /// End instances for good
    #[command(after_help = "Example: swerex-ags instance stop 3f9c… --yes")]
    Stop {
        /// Their ids
        #[arg(required = true, value_name = "ID")]
        ids: Vec<String>,
        #[command(flatten)]
        consent: Consent,
    },
    /// Put an instance to sleep; it keeps its files
    #[command(after_help = "Example: swerex-ags instance pause 3f9c…")]
    Pause {
        /// Its id
        #[arg(value_name = "ID")]
        id: String,
        /// Do not keep what is in memory: its processes end
        #[arg(long)]
        without_memory: bool,
    },
    /// Wake a paused instance
    #[command(after_help = "Example: swerex-ags instance resume 3f9c… --timeout 2h")]
    Resume {
        /// Its id
        #[arg(value_name = "ID")]
        id: String,
        /// How long it lives from now on: 30s to 24h [default: the deployment's `timeout`]
        #[arg(long, value_name = "SPAN")]
        timeout: Option<String>,
    },
    /// Let an instance live longer
    #[command(after_help = "Example: swerex-ags instance extend 3f9c… --timeout 4h")]
    Extend {
        /// Its id
        #[arg(value_name = "ID")]
        id: String,
        /// How long it lives from now on: 30s to 24h
        #[arg(long, value_name = "SPAN")]
        timeout: String,
    },
    /// End instances that swerex-ags started and nobody ended
    ///
    /// Those whose process on this machine has ended without stopping them, and all that were started long ago, wherever, unless their
    /// process lives on this machine.
    #[command(after_help = "Example: swerex-ags instance gc --older-than 6h --dry-run")]
    Gc {
        /// From elsewhere only those that were started this long ago; younger ones may be in use
        #[arg(long, value_name = "SPAN", default_value = "2h")]
        older_than: Span,
        /// From elsewhere only those of this owner, such as me@laptop [default: anybody's]
        #[arg(long, value_name = "USER@HOST")]
        owner: Option<String>,
        #[command(flatten)]
        consent: Consent,
    },
}

/// Which instances to list.
#[derive(Debug, clap::Args)]
pub(crate) struct List {
    /// Also those that have stopped or failed
    #[arg(long)]
    all: bool,
    /// Only those of this tool
    #[arg(long, value_name = "ID")]
    tool: Option<String>,
    /// Only those in this state, such as RUNNING; may be given more than once
    #[arg(long)]
    status: Vec<String>,
}

pub(crate) async fn run(command: Command, context: &Context) -> Outcome {
    let cloud = context.cloud().await?;
    let client = &cloud.client;
    match command {
        Command::List(args) => list(&args, context).await,
        Command::Get { id } => {
            let mut instance = cloud.instance(&id).await?;
            server_key::hide(&mut instance);
            let json = json!(instance);
            context.output.result(|| tree(&json), &json)?;
            Ok(0)
        }
        Command::Stop { ids, consent } => stop(ids, consent, context).await,
        Command::Pause { id, without_memory } => {
            let request = PauseSandboxInstanceRequest {
                instance_id: Some(id.clone()),
                memory: without_memory.then_some(false),
                ..Default::default()
            };
            let answer = client.call(&request).await.map_err(looked_up)?;
            let status = answer.reply.instance_status;
            said(
                context,
                &id,
                status.as_ref().map_or("pausing", |s| s.as_str()),
            )
        }
        Command::Resume { id, timeout } => {
            let timeout = timeout.unwrap_or_else(|| cloud.config.timeout.clone());
            let request = ResumeSandboxInstanceRequest {
                instance_id: Some(id.clone()),
                timeout: Some(lifetime(timeout)?),
                ..Default::default()
            };
            client.call(&request).await.map_err(looked_up)?;
            said(context, &id, "resuming")
        }
        Command::Extend { id, timeout } => {
            let timeout = lifetime(timeout)?;
            let request = UpdateSandboxInstanceRequest {
                instance_id: Some(id.clone()),
                timeout: Some(timeout.clone()),
                ..Default::default()
            };
            client.call(&request).await.map_err(looked_up)?;
            said(context, &id, &format!("ends in {timeout}"))
        }
        Command::Gc {
            older_than,
            owner,
            consent,
        } => gc::run(older_than, owner.as_deref(), consent, context).await,
    }
}

/// Why a call about an instance failed; if there is none, where those are that there are.
fn looked_up(error: ags_api::Error) -> Failure {
    let is_missing = error.is_not_found();
    let failure = Failure::from(error);
    if is_missing {
        failure.hint("`swerex-ags instance list --all` shows those that there are")
    } else {
        failure
    }
}

/// One instance and what became of it.
fn said(context: &Context, id: &str, what: &str) -> Outcome {
    let json = json!({"instance_id": id, "status": what});
    context.output.result(|| format!("{id}  {what}"), &json)?;
    Ok(0)
}

fn lifetime(text: String) -> Result<String, Failure> {
    match units::lifetime(&text) {
        Ok(_) => Ok(text),
        Err(problem) => Err(Failure::usage(format!("--timeout `{text}` {problem}"))),
    }
}

async fn list(args: &List, context: &Context) -> Outcome {
    let cloud = context.cloud().await?;
    let request = DescribeSandboxInstanceListRequest {
        tool_id: args.tool.clone(),
        filters: (!args.status.is_empty()).then(|| {
            vec![Filter {
                name: Some("Status".to_owned()),
                values: Some(args.status.clone()),
                ..Default::default()
            }]
        }),
        ..Default::default()
    };
    let mut instances = cloud.client.list_all(&request).await?;
    if !args.all && args.status.is_empty() {
        instances.retain(|instance| !is_over(instance));
    }
    show(context, &instances)
}

/// The table that `instance list` and `ps` share.
pub(crate) fn show(context: &Context, instances: &[SandboxInstance]) -> Outcome {
    let rows: Vec<Vec<String>> = instances
        .iter()
        .map(|instance| {
            let image = instance
                .custom_configuration
                .as_ref()
                .and_then(|custom| custom.image.as_deref());
            vec![
                text(instance.instance_id.as_deref()),
                text(instance.status.as_ref().map(InstanceStatus::as_str)),
                text(image),
                text(instance.tool_name.as_deref()),
                listing::since(instance.create_time.as_ref()),
                listing::until(instance.expires_at.as_ref()),
            ]
        })
        .collect();
    let head = ["ID", "STATUS", "IMAGE", "TOOL", "AGE", "ENDS IN"];
    let mut shown = instances.to_vec();
    shown.iter_mut().for_each(server_key::hide);
    context.output.table(&head, &rows, &json!(shown))?;
    Ok(0)
}

pub(crate) async fn stop(ids: Vec<String>, consent: Consent, context: &Context) -> Outcome {
    let what = format!("stop {}", listing::counted(ids.len(), "instance"));
    each::destroy(ids, consent, &what, context, async |account, id| {
        let was_there = account.stop_instance(&id).await?;
        Ok(if was_there { Done::Now } else { Done::Before })
    })
    .await
}
