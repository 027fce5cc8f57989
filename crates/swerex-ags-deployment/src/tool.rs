//! The tool that instances are started from: the given one, a shared one, or one of its own.

mod own;

use std::time::Duration;

use ags_api::{
    Client, RetryAdvice,
    model::{DescribeSandboxToolListRequest, EnvVar, Filter, SandboxTool, ToolStatus, ToolType},
};
use uuid::Uuid;

pub(crate) use self::own::OwnTool;
use crate::{
    account::Account,
    budget::Budget,
    config::TencentAgsDeploymentConfig,
    error::{Cause, Stage, StartFailed},
    hook::{Hook, Step},
    requests,
};

/// How many tools of one kind may have failed before that is no accident.
const MOST_FAILED: u32 = 5;

/// How often a name may be taken by a tool that is not listed.
const MOST_UNLISTED: u32 = 4;

/// The pause before the status is asked for again when the client gave up asking.
const ASK_PAUSE: Duration = Duration::from_secs(1);

/// A tool that is active.
#[derive(Debug)]
pub(crate) struct Tool {
    pub(crate) id: String,
    /// The name under which the account keeps it for others, if it does.
    pub(crate) shared_as: Option<String>,
    /// Set if it was made for this deployment alone and goes with it.
    pub(crate) own: Option<OwnTool>,
    /// The environment that its instances have by themselves.
    pub(crate) environment: Vec<EnvVar>,
    /// Whether AGS brings the server, which has no key and takes none.
    pub(crate) has_own_server: bool,
}

impl Tool {
    /// One that was made here, by this library.
    fn of_ours(id: String) -> Self {
        Self {
            id,
            shared_as: None,
            own: None,
            environment: Vec::new(),
            has_own_server: false,
        }
    }
}

/// What finding a tool leads to.
enum Found {
    Active(String),
    Creating(String),
    /// It failed and does not heal.
    Failed,
}

/// Finds or makes the tool of a configuration.
pub(crate) async fn ready(
    account: &Account,
    config: &TencentAgsDeploymentConfig,
    clock: &Budget,
    tell: &(dyn Fn(Step) + Sync),
) -> Result<Tool, StartFailed> {
    if !config.tool_id.is_empty() {
        tell(Step::FindingTool {
            tool: config.tool_id.clone(),
        });
        let found = active(account, &config.tool_id, clock, tell).await?;
        let custom = found.custom_configuration.unwrap_or_default();
        return Ok(Tool {
            environment: custom.env.unwrap_or_default(),
            has_own_server: found.tool_type == Some(ToolType::SWEBENCH),
            ..Tool::of_ours(config.tool_id.clone())
        });
    }
    let name = requests::tool_name(config);
    if !config.reuse_tool {
        let name = format!("{name}-{}", &Uuid::new_v4().simple().to_string()[..8]);
        tell(Step::CreatingTool { name: name.clone() });
        // From here on the tool is ours to delete, also if it never becomes active.
        let own = own::create(account, config, &name, clock).await?;
        let id = own.id().to_owned();
        active(account, &id, clock, tell).await?;
        return Ok(Tool {
            own: Some(own),
            ..Tool::of_ours(id)
        });
    }
    let place = account.tool(&name);
    let id = place
        .get_or_try_init(|| shared(account, config, &name, clock, tell))
        .await?
        .clone();
    Ok(Tool {
        shared_as: Some(name),
        ..Tool::of_ours(id)
    })
}

/// The shared tool of this name, or of the next name if that one failed.
async fn shared(
    account: &Account,
    config: &TencentAgsDeploymentConfig,
    name: &str,
    clock: &Budget,
    tell: &(dyn Fn(Step) + Sync),
) -> Result<String, StartFailed> {
    for number in 1..=MOST_FAILED {
        let name = if number == 1 {
            name.to_owned()
        } else {
            format!("{name}-{number}")
        };
        let id = match find_or_create(account, config, &name, clock, tell).await? {
            Found::Active(id) => return Ok(id),
            Found::Creating(id) => id,
            Found::Failed => continue,
        };
        match active(account, &id, clock, tell).await {
            Ok(_) => return Ok(id),
            // Some tools fail for no reason; one under another name does not.
            Err(StartFailed {
                cause: Cause::State(problem),
                ..
            }) => tracing::warn!(tool_id = id, problem, "trying another tool"),
            Err(other) => return Err(other),
        }
    }
    let message = format!(
        "{MOST_FAILED} tools named {name}… failed; see why with `swerex-ags tool list`, delete them, and mend the cause"
    );
    Err(state(message))
}

/// The tool of this name. Another process may make it at the same moment: then that one is found.
async fn find_or_create(
    account: &Account,
    config: &TencentAgsDeploymentConfig,
    name: &str,
    clock: &Budget,
    tell: &(dyn Fn(Step) + Sync),
) -> Result<Found, StartFailed> {
    tell(Step::FindingTool {
        tool: name.to_owned(),
    });
    let mut refused = 0;
    loop {
        if let Some(found) = find(account, name, clock).await? {
            return Ok(found);
        }
        match create(account, config, name, clock, tell).await {
            Ok(id) => return Ok(Found::Creating(id)),
            Err(failed) if refused < MOST_UNLISTED && is_taken(&failed) => {
                if refused > 0 {
                    // It is made, or goes, and is not listed yet, or not any more.
                    tokio::time::sleep(ASK_PAUSE).await;
                }
                refused += 1;
            }
            Err(failed) => return Err(failed),
        }
    }
}

/// Whether there is a tool of the name already, as far as the code tells.
fn is_taken(failed: &StartFailed) -> bool {
    let Cause::Api(error) = &failed.cause else {
        return false;
    };
    error.code().is_some_and(|code| {
        matches!(
            code.as_str(),
            "InvalidParameterValue.SandboxTool" | "FailedOperation.DuplicateRequest"
        )
    })
}

/// The tool of this name.
pub(crate) async fn of_name(
    client: Client,
    name: &str,
) -> Result<Option<SandboxTool>, ags_api::Error> {
    let filter = Filter {
        name: Some("ToolName".to_owned()),
        values: Some(vec![name.to_owned()]),
        ..Default::default()
    };
    let request = DescribeSandboxToolListRequest {
        filters: Some(vec![filter]),
        limit: Some(100),
        ..Default::default()
    };
    let tools = client.call(&request).await?.reply.sandbox_tool_set;
    let mut tools = tools.unwrap_or_default().into_iter();
    Ok(tools.find(|tool| tool.tool_name.as_deref() == Some(name)))
}

async fn find(account: &Account, name: &str, clock: &Budget) -> Result<Option<Found>, StartFailed> {
    let found = of_name(client(account, clock), name).await.map_err(api)?;
    let Some(SandboxTool {
        tool_id: Some(id),
        status,
        ..
    }) = found
    else {
        return Ok(None);
    };
    Ok(Some(match status {
        Some(status) if status == ToolStatus::ACTIVE => Found::Active(id),
        Some(status) if status == ToolStatus::CREATING => Found::Creating(id),
        Some(status) if status == ToolStatus::FAILED || status == ToolStatus::DELETING => {
            Found::Failed
        }
        _ => Found::Creating(id),
    }))
}

/// Asks for a tool.
async fn create(
    account: &Account,
    config: &TencentAgsDeploymentConfig,
    name: &str,
    clock: &Budget,
    tell: &(dyn Fn(Step) + Sync),
) -> Result<String, StartFailed> {
    tell(Step::CreatingTool {
        name: name.to_owned(),
    });
    let request = requests::tool(config, name, &Uuid::new_v4().to_string());
    let created = client(account, clock).call(&request).await.map_err(api)?;
    let no_id = || state("AGS created a tool without an id".to_owned());
    created.reply.tool_id.ok_or_else(no_id)
}

/// Waits until a tool is active. While there is time a question that gets no answer is asked again.
async fn active(
    account: &Account,
    tool_id: &str,
    clock: &Budget,
    tell: &(dyn Fn(Step) + Sync),
) -> Result<SandboxTool, StartFailed> {
    let mut told = false;
    let mut settled = |tool: Option<SandboxTool>| {
        let Some(tool) = tool else {
            return Some(Err(state(format!(
                "the tool {tool_id} does not exist: check tool_id and region"
            ))));
        };
        let status = tool.status.clone().unwrap_or_default();
        if status == ToolStatus::ACTIVE {
            return Some(Ok(tool));
        }
        if [
            ToolStatus::FAILED,
            ToolStatus::DELETING,
            ToolStatus::ISOLATED,
        ]
        .contains(&status)
        {
            let reason = tool
                .status_reason
                .filter(|reason| !reason.is_empty())
                .map(|reason| format!(" ({reason})"));
            let message = format!(
                "the tool {tool_id} is {}{}",
                status.as_str(),
                reason.unwrap_or_default()
            );
            return Some(Err(state(message)));
        }
        clock.saw(format!("the tool {tool_id} is {}", status.as_str()));
        if !std::mem::replace(&mut told, true) {
            tell(Step::WaitingForTool {
                tool_id: tool_id.to_owned(),
            });
        }
        None
    };
    loop {
        match account.board().until_tool(tool_id, &mut settled).await {
            Ok(outcome) => return outcome,
            Err(error) if error.is_retryable() => clock.saw(error.to_string()),
            Err(error) => return Err(api(error)),
        }
        tokio::time::sleep(ASK_PAUSE).await;
    }
}

/// For calls that are over in time.
fn client(account: &Account, clock: &Budget) -> Client {
    account.client().within(clock.for_a_call())
}

/// Whether a start was refused because of the tool itself, so that another one should be found.
pub(crate) fn is_at_fault(error: &ags_api::Error) -> bool {
    error.code().is_some_and(|code| {
        matches!(
            code.as_str(),
            "ResourceNotFound.SandboxTool" | "ResourceUnavailable.SandboxTool"
        )
    })
}

/// Whether a deletion was refused because of the tool's instances, also those that are stopping.
pub(crate) fn is_in_use(error: &ags_api::Error) -> bool {
    error
        .code()
        .is_some_and(|code| code.as_str() == "ResourceInUse.SandboxTool")
}

/// Whether a request was refused because its client token stands for something else, or for what is there no more.
pub(crate) fn is_duplicate(error: &ags_api::Error) -> bool {
    error
        .code()
        .is_some_and(|code| code.as_str() == "FailedOperation.DuplicateRequest")
}

/// Whether a start was refused because all instances of the account are in use.
pub(crate) fn is_quota(error: &ags_api::Error) -> bool {
    error.code().is_some_and(|code| {
        code.as_str() == "LimitExceeded.SandboxInstance" && code.advice() == RetryAdvice::Later
    })
}

impl Account {
    /// Has a tool ready as deployments of `config` use it, and gives its id: one of this `name`, made now, or without a name the one that
    /// they share, found or made.
    ///
    /// # Errors
    /// [`StartFailed`]: the name is taken, AGS refuses it, or it does not become active within `startup_timeout`.
    pub async fn prepare_tool(
        &self,
        config: &TencentAgsDeploymentConfig,
        name: Option<&str>,
        hook: &dyn Hook,
    ) -> Result<String, StartFailed> {
        let tell = |step: Step| hook.on_step(&step);
        let clock = Budget::of(config.startup_timeout);
        let work = async {
            let Some(name) = name else {
                let name = requests::tool_name(config);
                return shared(self, config, &name, &clock, &tell).await;
            };
            let id = create(self, config, name, &clock, &tell).await?;
            active(self, &id, &clock, &tell).await?;
            Ok(id)
        };
        clock.bound(Stage::Tool, "the tool", work).await
    }
}

fn api(error: ags_api::Error) -> StartFailed {
    StartFailed::new(Stage::Tool, Cause::Api(error))
}

fn state(problem: String) -> StartFailed {
    StartFailed::new(Stage::Tool, Cause::State(problem))
}
