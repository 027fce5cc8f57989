//! `swerex-ags tool`: the templates that instances are started from.

use std::{
    collections::HashSet,
    sync::atomic::{AtomicBool, Ordering},
};

use ags_api::model::{
    DescribeSandboxInstanceListRequest, DescribeSandboxToolListRequest, Filter, SandboxTool,
    ToolStatus, ToolType,
};
use serde_json::{Value, json};
use swerex_ags_deployment::{Step, marks};

use crate::{
    commands::each::{self, Done},
    consent::Consent,
    context::Context,
    listing::{age, counted, is_over, since, text},
    output::tree,
    progress::Progress,
    report::{Failure, Outcome},
    span::Span,
};

/// List, create and delete tools, the templates of instances
#[derive(Debug, clap::Subcommand)]
#[command(after_help = "Example: swerex-ags tool list --status ACTIVE")]
pub(crate) enum Command {
    /// List tools
    #[command(after_help = "Example: swerex-ags tool list --type custom")]
    List(List),
    /// Show all that is known about a tool
    #[command(after_help = "Example: swerex-ags tool get sdt-1a2b3c4d")]
    Get {
        /// Its id
        #[arg(value_name = "ID")]
        id: String,
    },
    /// Create the tool that deployments with these settings use, and wait until it is active; prints its id
    #[command(after_help = "Example: swerex-ags tool create --name rex --deployment.port=8000")]
    Create {
        /// Its name [default: the one under which deployments share it; one that is there is used]
        #[arg(long)]
        name: Option<String>,
    },
    /// Delete tools; their instances must be stopped
    #[command(after_help = "Example: swerex-ags tool delete sdt-1a2b3c4d --yes")]
    Delete {
        /// Their ids
        #[arg(required = true, value_name = "ID")]
        ids: Vec<String>,
        #[command(flatten)]
        consent: Consent,
    },
    /// Delete tools of swerex-ags that have no instances
    #[command(after_help = "Example: swerex-ags tool gc --older-than 7d --dry-run")]
    Gc {
        /// Only those that were created this long ago
        #[arg(long, value_name = "SPAN", default_value = "1d")]
        older_than: Span,
        #[command(flatten)]
        consent: Consent,
    },
}

/// Which tools to list.
#[derive(Debug, clap::Args)]
pub(crate) struct List {
    /// Only the one of this name
    #[arg(long)]
    name: Option<String>,
    /// Only those of this type, such as custom; may be given more than once
    #[arg(long = "type", value_name = "TYPE")]
    kind: Vec<String>,
    /// Only those in this state, such as ACTIVE; may be given more than once
    #[arg(long)]
    status: Vec<String>,
}

pub(crate) async fn run(command: Command, context: &Context) -> Outcome {
    match command {
        Command::List(args) => list(args, context).await,
        Command::Get { id } => get(id, context).await,
        Command::Create { name } => create(name, context).await,
        Command::Delete { ids, consent } => delete(ids, consent, context).await,
        Command::Gc {
            older_than,
            consent,
        } => gc(older_than, consent, context).await,
    }
}

async fn list(args: List, context: &Context) -> Outcome {
    let filters: Vec<Filter> = [
        ("ToolName", args.name.into_iter().collect()),
        ("ToolType", args.kind),
        ("Status", args.status),
    ]
    .into_iter()
    .filter(|(_, values): &(_, Vec<String>)| !values.is_empty())
    .map(|(name, values)| Filter {
        name: Some(name.to_owned()),
        values: Some(values),
        ..Default::default()
    })
    .collect();
    let request = DescribeSandboxToolListRequest {
        filters: (!filters.is_empty()).then_some(filters),
        ..Default::default()
    };
    let tools = context.cloud().await?.client.list_all(&request).await?;
    let rows: Vec<Vec<String>> = tools
        .iter()
        .map(|tool| {
            vec![
                text(tool.tool_id.as_deref()),
                text(tool.status.as_ref().map(ToolStatus::as_str)),
                text(tool.tool_type.as_ref().map(ToolType::as_str)),
                text(tool.tool_name.as_deref()),
                since(tool.create_time.as_ref()),
                text(tool.status_reason.as_deref()),
            ]
        })
        .collect();
    let head = ["ID", "STATUS", "TYPE", "NAME", "AGE", "REASON"];
    context.output.table(&head, &rows, &json!(tools))?;
    Ok(0)
}

async fn get(id: String, context: &Context) -> Outcome {
    let cloud = context.cloud().await?;
    let request = DescribeSandboxToolListRequest {
        tool_ids: Some(vec![id.clone()]),
        ..Default::default()
    };
    let found = cloud.client.call(&request).await?.reply;
    let tool = found
        .sandbox_tool_set
        .unwrap_or_default()
        .pop()
        .ok_or_else(|| {
            Failure::failed(format!(
                "there is no tool `{id}` in {}",
                cloud.config.region
            ))
            .hint("`swerex-ags tool list` shows those that there are")
        })?;
    let json = json!(tool);
    context.output.result(|| tree(&json), &json)?;
    Ok(0)
}

async fn create(name: Option<String>, context: &Context) -> Outcome {
    context.output.is_there()?;
    let cloud = context.cloud().await?;
    let progress = Progress::spinner(&context.output);
    let (told, is_made) = (progress.clone(), AtomicBool::new(false));
    let hook = |step: &Step| {
        told.step(&step.to_string());
        is_made.fetch_or(matches!(step, Step::CreatingTool { .. }), Ordering::Relaxed);
    };
    let outcome = cloud
        .account
        .prepare_tool(&cloud.config, name.as_deref(), &hook)
        .await;
    progress.done();
    let id = outcome.map_err(|error| {
        let failure = Failure::from(error);
        if name.is_some() && failure.is_of("InvalidParameterValue.SandboxTool") {
            failure.hint("give another --name, or none to share the tool that deployments use")
        } else {
            failure
        }
    })?;
    let told = context
        .output
        .result(|| id.clone(), &json!({"tool_id": id}));
    let Err(failure) = told else { return Ok(0) };
    if !is_made.into_inner() {
        return Err(failure);
    }
    // What nobody knows of is not to stay.
    Err(match cloud.client.delete_tool_if_there(&id).await {
        Ok(_) => failure.led_to(format!(
            "the tool {id} was deleted, as its id could not be told"
        )),
        Err(error) => failure.led_to(format!(
            "the tool {id} stays ({error}), and its id could not be told otherwise"
        )),
    })
}

async fn delete(ids: Vec<String>, consent: Consent, context: &Context) -> Outcome {
    let what = format!("delete {}", counted(ids.len(), "tool"));
    each::destroy(
        ids,
        consent,
        &what,
        context,
        async |account, id| match account.client().delete_tool_if_there(&id).await {
            Ok(true) => Ok(Done::Now),
            Ok(false) => Ok(Done::Before),
            Err(error)
                if error
                    .code()
                    .is_some_and(|code| *code == "ResourceInUse.SandboxTool") =>
            {
                Err(Failure::from(error)
                    .hint("stop its instances first; one that is stopping counts for minutes"))
            }
            Err(error) => Err(error.into()),
        },
    )
    .await
}

async fn gc(older_than: Span, consent: Consent, context: &Context) -> Outcome {
    let client = &context.cloud().await?.client;
    let instances = client
        .list_all(&DescribeSandboxInstanceListRequest::default())
        .await?;
    let in_use: HashSet<String> = instances
        .into_iter()
        .filter(|instance| !is_over(instance))
        .filter_map(|instance| instance.tool_id)
        .collect();
    let is_litter = |tool: &SandboxTool| {
        marks::is_our_tool(tool)
            && age(tool.create_time.as_ref()).is_some_and(|age| age >= older_than.0)
    };
    let ids: Vec<String> = client
        .list_all(&DescribeSandboxToolListRequest::default())
        .await?
        .into_iter()
        .filter(is_litter)
        .filter_map(|tool| tool.tool_id)
        .filter(|id| !in_use.contains(id))
        .collect();
    if ids.is_empty() {
        let text = || format!("no unused tool of swerex-ags is older than {older_than}");
        context.output.result(text, &Value::Array(Vec::new()))?;
        return Ok(0);
    }
    delete(ids, consent, context).await
}
