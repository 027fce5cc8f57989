//! `swerex-ags image`: images that AGS keeps at hand, so that sandboxes start in seconds.

use std::{num::NonZeroUsize, path::Path, time::Duration};

use ags_api::{
    Client,
    model::{
        CreatePreCacheImageTaskRequest, DescribePreCacheImageListRequest,
        DescribePreCacheImageTaskRequest, ImageRegistryType, PreCacheTaskStatus,
    },
};
use futures_util::{StreamExt as _, stream};
use serde_json::{Value, json};

use crate::{
    context::Context,
    listing::{counted, since, text},
    progress::Progress,
    report::{FAILED, Failure, Outcome},
    span::Span,
};

/// How often a task is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// How many images are pulled at a time, and how long each may take, when nobody says.
const WARM_JOBS: NonZeroUsize = NonZeroUsize::new(8).expect("8 is not 0");
const WARM_TIMEOUT: Duration = Duration::from_secs(30 * 60);
/// The status of a task that succeeded, whatever its letters' case.
const SUCCESS: &str = "success";
/// What the statuses of tasks that failed begin with; the vendor documents none of them.
const FAILURES: [&str; 3] = ["fail", "error", "cancel"];

/// Have AGS keep images at hand
#[derive(Debug, clap::Subcommand)]
#[command(after_help = "Example: swerex-ags image prewarm images.txt --jobs 8")]
pub(crate) enum Command {
    /// Pull images ahead of time: the first start takes seconds then, not minutes
    #[command(
        after_help = "Example: swerex-ags image prewarm ccr.ccs.tencentyun.com/team/repo:tag"
    )]
    Prewarm(Prewarm),
    /// List the images that are at hand
    #[command(after_help = "Example: swerex-ags image list -o json")]
    List,
}

/// Which images, and how patiently.
#[derive(Debug, clap::Args)]
pub(crate) struct Prewarm {
    /// Images, or files that name some: one a line, or SWE-agent's instances in JSON, JSONL or YAML
    #[arg(required = true, value_name = "FILE|IMAGE")]
    images: Vec<String>,
    /// Where the images are [default: the deployment's `image_registry_type`]
    #[arg(long, value_name = "TYPE")]
    registry_type: Option<String>,
    /// How many are pulled at a time
    #[arg(short, long, value_name = "COUNT", default_value = "8", value_parser = jobs)]
    jobs: NonZeroUsize,
    /// How long one may take
    #[arg(long, value_name = "SPAN", default_value = "30m", value_parser = Span::positive)]
    timeout: Span,
}

pub(crate) async fn run(command: Command, context: &Context) -> Outcome {
    match command {
        Command::Prewarm(args) => prewarm(args, context).await,
        Command::List => list(context).await,
    }
}

async fn list(context: &Context) -> Outcome {
    let cloud = context.cloud().await?;
    let images = cloud
        .client
        .list_all(&DescribePreCacheImageListRequest::default())
        .await?;
    let rows: Vec<Vec<String>> = images
        .iter()
        .map(|image| {
            vec![
                text(image.pre_cache_image_id.as_deref()),
                text(image.status.as_ref().map(|status| status.as_str())),
                text(image.image.as_deref()),
                since(image.create_time.as_ref()),
                since(image.last_used_time.as_ref()),
            ]
        })
        .collect();
    let head = ["ID", "STATUS", "IMAGE", "AGE", "LAST USED"];
    context.output.table(&head, &rows, &json!(images))?;
    Ok(0)
}

async fn prewarm(args: Prewarm, context: &Context) -> Outcome {
    let images = images(&args.images)?;
    let cloud = context.cloud().await?;
    let registry = args
        .registry_type
        .unwrap_or_else(|| cloud.config.image_registry_type.clone());
    let results = pull_all(images, &registry.into(), args.jobs, args.timeout, context).await?;
    tell(results, context)
}

/// Pulls images ahead of other work; those that fail are told and no more.
pub(super) async fn warm(images: Vec<String>, context: &Context) -> Result<(), Failure> {
    let registry = context.cloud().await?.config.image_registry_type.clone();
    let (jobs, timeout) = (WARM_JOBS, Span(WARM_TIMEOUT));
    for (image, outcome) in pull_all(images, &registry.into(), jobs, timeout, context).await? {
        if let Err(failure) = outcome {
            context
                .output
                .warn(&format!("{image} is not pre-cached: {}", failure.text()));
        }
    }
    Ok(())
}

/// Pulls images, several at a time; gives each one's task or failure.
async fn pull_all(
    images: Vec<String>,
    registry: &ImageRegistryType,
    jobs: NonZeroUsize,
    timeout: Span,
    context: &Context,
) -> Result<Vec<(String, Result<Value, Failure>)>, Failure> {
    let cloud = context.cloud().await?;
    let progress = Progress::parts(&context.output, images.len());
    progress.step(&format!("pulling {}", counted(images.len(), "image")));
    let results: Vec<(String, Result<Value, Failure>)> = stream::iter(images)
        .map(|image| {
            let (client, registry, progress) = (&cloud.client, registry, &progress);
            async move {
                let pulled = tokio::time::timeout(timeout.0, pull(client, &image, registry));
                let outcome = pulled.await.unwrap_or_else(|_| {
                    let late = format!("not pulled within {}", timeout);
                    Err(Failure::failed(late)
                        .hint("AGS goes on pulling it; look with `swerex-ags image list`"))
                });
                let word = if outcome.is_ok() { "pulled" } else { "failed" };
                progress.advance(1);
                progress.step(&format!("{word} {image}"));
                (image, outcome)
            }
        })
        .buffer_unordered(jobs.get())
        .collect()
        .await;
    progress.done();
    Ok(results)
}

/// A table of all, the failures last so that they are seen.
fn tell(mut results: Vec<(String, Result<Value, Failure>)>, context: &Context) -> Outcome {
    results.sort_by_key(|(image, outcome)| (outcome.is_err(), image.clone()));
    let failed = results
        .iter()
        .filter(|(_, outcome)| outcome.is_err())
        .count();
    let rows: Vec<Vec<String>> = results
        .iter()
        .map(|(image, outcome)| match outcome {
            Ok(task) => vec![image.clone(), "ready".to_owned(), size(task)],
            Err(failure) => vec![image.clone(), "failed".to_owned(), failure.text()],
        })
        .collect();
    let json = results
        .iter()
        .map(|(image, outcome)| match outcome {
            Ok(task) => json!({"image": image, "status": "ready", "task": task}),
            Err(failure) => {
                json!({"image": image, "status": "failed", "error": failure.json()["error"]})
            }
        })
        .collect();
    context
        .output
        .table(&["IMAGE", "STATUS", "DETAIL"], &rows, &json)?;
    if failed == 0 {
        return Ok(0);
    }
    context.output.note(&format!(
        "{failed} of {} failed",
        counted(rows.len(), "image")
    ));
    Ok(FAILED)
}

fn size(task: &Value) -> String {
    match task["CachedImageSizeBytes"].as_u64() {
        Some(bytes) if bytes > 0 => format!("{} MB", bytes.div_ceil(1_000_000)),
        _ => String::new(),
    }
}

/// Has AGS pull one image and waits for it; gives the finished task.
async fn pull(
    client: &Client,
    image: &str,
    registry: &ImageRegistryType,
) -> Result<Value, Failure> {
    let create = CreatePreCacheImageTaskRequest {
        image: Some(image.to_owned()),
        image_registry_type: Some(registry.clone()),
        ..Default::default()
    };
    let created = client.call(&create).await?.reply;
    // An older service gives no id; then the image itself names the task.
    let describe = match created.pre_cache_image_id {
        Some(id) => DescribePreCacheImageTaskRequest {
            pre_cache_image_id: Some(id),
            ..Default::default()
        },
        None => DescribePreCacheImageTaskRequest {
            image: created.image.or_else(|| Some(image.to_owned())),
            image_registry_type: created
                .image_registry_type
                .or_else(|| Some(registry.clone())),
            image_digest: created.image_digest,
            ..Default::default()
        },
    };
    loop {
        let task = client.call(&describe).await?.reply;
        let status = task.status.as_ref().map_or("", PreCacheTaskStatus::as_str);
        let status = status.to_ascii_lowercase();
        if status == SUCCESS {
            return Ok(json!(task));
        }
        if FAILURES.iter().any(|failure| status.contains(failure)) {
            let message = text(task.message.as_deref());
            return Err(Failure::failed(format!("AGS could not pull it: {message}")));
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

fn jobs(text: &str) -> Result<NonZeroUsize, String> {
    text.parse()
        .map_err(|_| "write a count of 1 or more".to_owned())
}

/// The images that the arguments name, each once, in their order.
fn images(args: &[String]) -> Result<Vec<String>, Failure> {
    let mut images: Vec<String> = Vec::new();
    for arg in args {
        let path = Path::new(arg);
        if crate::images::is_missing_file(path) {
            return Err(Failure::usage(format!("`{arg}`: there is no such file")));
        }
        let named = if path.is_file() {
            crate::images::read(path)?
        } else {
            crate::images::check(arg).map_err(Failure::usage)?;
            vec![arg.clone()]
        };
        for image in named {
            if !images.contains(&image) {
                images.push(image);
            }
        }
    }
    if images.is_empty() {
        return Err(Failure::usage(format!("no image in {}", args.join(", "))));
    }
    Ok(images)
}
