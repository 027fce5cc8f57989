//! A sandbox to work in: started or attached to, given to the work, and stopped however the work ends.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use ags_api::model::DescribeSandboxInstanceListRequest;
use swerex_ags_deployment::{Account, StartFailed, Step, StopFailed, TencentAgsDeployment, marks};
use swerex_ags_runtime::AgsRuntime;
use swerex_proto::Command;

use crate::{
    context::Context, listing::is_over, output::Output, progress::Progress, report::Failure,
    serve::attached::Leash,
};

/// How long the end of a command waits for what is being stopped in the background.
/// Between, it is looked again for instances that AGS has not answered for.
const SETTLE: [Duration; 3] = [
    Duration::from_secs(5),
    Duration::from_secs(10),
    Duration::from_secs(15),
];

/// How many of those that go on are named.
const MOST_NAMED: usize = 10;

/// How long a command in a sandbox that stays may take to end when nobody hears it any more.
const LAST_WORD: Duration = Duration::from_secs(8);

/// How long that may take before it is worth a word.
const SOON: Duration = Duration::from_millis(500);

/// A sandbox that takes commands.
#[derive(Debug)]
pub(crate) struct Sandbox {
    pub(crate) instance_id: String,
    pub(crate) runtime: AgsRuntime,
    /// What ends the command that runs, if it is to end with us.
    leash: Mutex<Option<Leash>>,
}

impl Sandbox {
    fn new(instance_id: &str, runtime: AgsRuntime) -> Self {
        Self {
            instance_id: instance_id.to_owned(),
            runtime,
            leash: Mutex::default(),
        }
    }

    /// The command, so that it ends with the work in this sandbox, if that ends first. A Python server would hear of it only afterwards.
    /// `grace` is what it has from TERM to KILL.
    pub(crate) fn leash(&self, command: Command, grace: Duration) -> Command {
        if !self.runtime.is_native() {
            return command;
        }
        let (command, leash) = Leash::on(&self.runtime, command, grace);
        *self.leashed() = Some(leash);
        command
    }

    /// It has ended by itself.
    pub(crate) fn unleash(&self) {
        if let Some(leash) = self.leashed().take() {
            leash.let_go();
        }
    }

    fn leashed(&self) -> MutexGuard<'_, Option<Leash>> {
        self.leash.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends what is left of the work.
    async fn end(&self) {
        let leash = self.leashed().take();
        let Some(leash) = leash else { return };
        let patience = LAST_WORD.saturating_add(leash.grace());
        if tokio::time::timeout(patience, leash.pull()).await.is_err() {
            tracing::debug!("the command was not ended in time");
        }
    }
}

/// Gives `work` a sandbox: the running instance `existing`, which stays as it is, or a fresh one, which is stopped at the end. The end is
/// the work's, an interrupt, or a failed start.
pub(crate) async fn with<T>(
    existing: Option<&str>,
    context: &Context,
    work: impl AsyncFnOnce(&Sandbox) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let account = context.cloud().await?.account.clone();
    let (outcome, not_stopped) = match existing {
        Some(id) => (attached(id, context, work).await, None),
        None => fresh(context, work).await,
    };
    let is_settled = settle(&account, &context.output).await;
    // What could not be stopped at first has been stopped by now if nothing goes on.
    let Some(error) = not_stopped.filter(|_| !is_settled) else {
        return outcome;
    };
    let told = Failure::from(error);
    match outcome {
        Ok(_) => Err(told),
        // The work's own failure is what the command ends with; what goes on is told all the same.
        Err(failure) => {
            context.output.warn(&told.text());
            Err(failure)
        }
    }
}

/// Starts a sandbox, tells somebody its id, and leaves it running. One that nobody could be told of is stopped.
pub(crate) async fn keep(
    context: &Context,
    tell: impl FnOnce(&str) -> Result<(), Failure> + Send + 'static,
) -> Result<(), Failure> {
    let account = context.cloud().await?.account.clone();
    let outcome = async {
        let (mut deployment, _progress) = started(context).await?;
        let id = deployment
            .instance_id()
            .map_err(|error| Failure::of(&error))?
            .to_owned();
        let told = id.clone();
        // Whoever is told may not read; that is no reason to be deaf to signals.
        let telling = tokio::task::spawn_blocking(move || tell(&told));
        let telling = async {
            telling
                .await
                .unwrap_or_else(|error| Err(Failure::of(&error)))
        };
        match context.until_interrupted(telling).await {
            Ok(()) => deployment
                .keep()
                .map(drop)
                .map_err(|error| Failure::of(&error)),
            Err(failure) => Err(failure.led_to(match deployment.stop().await {
                Ok(()) => format!("the sandbox {id} was stopped, as its id could not be told"),
                Err(error) => format!(
                    "the sandbox {id} may go on ({}), and its id could not be told otherwise",
                    Failure::from(error).text()
                ),
            })),
        }
    };
    let outcome = outcome.await;
    settle(&account, &context.output).await;
    outcome
}

async fn attached<T>(
    id: &str,
    context: &Context,
    work: impl AsyncFnOnce(&Sandbox) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let progress = Progress::spinner(&context.output);
    let deployment = deployment(context, &progress).await?;
    progress.step(&format!("reaching the sandbox {id}"));
    let reach = async { deployment.attach(id).await.map_err(Failure::from) };
    let runtime = context.until_interrupted(reach).await;
    progress.done();
    let sandbox = Sandbox::new(id, runtime?);
    let outcome = work_in(&sandbox, &deployment, context, work).await;
    sandbox.end().await;
    outcome
}

/// The work's outcome; of a sandbox that is gone, with what became of it.
async fn work_in<T>(
    sandbox: &Sandbox,
    deployment: &TencentAgsDeployment,
    context: &Context,
    work: impl AsyncFnOnce(&Sandbox) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let outcome = context.until_interrupted(work(sandbox)).await;
    match outcome {
        Ok(done) => Ok(done),
        Err(failure) => {
            let account = deployment.account();
            Err(failure.with_fate(account, &sandbox.instance_id).await)
        }
    }
}

/// The work's outcome in a sandbox of its own, and what could not be stopped at the end.
async fn fresh<T>(
    context: &Context,
    work: impl AsyncFnOnce(&Sandbox) -> Result<T, Failure>,
) -> (Result<T, Failure>, Option<StopFailed>) {
    let (mut deployment, progress) = match started(context).await {
        Ok(started) => started,
        Err(failure) => return (Err(failure), None),
    };
    let outcome = async {
        let started = |error| Failure::of(&error);
        let sandbox = Sandbox::new(
            deployment.instance_id().map_err(started)?,
            deployment.runtime().map_err(started)?.clone(),
        );
        work_in(&sandbox, &deployment, context, work).await
    };
    let outcome = outcome.await;
    let stopped = deployment.stop().await;
    progress.done();
    (outcome, stopped.err())
}

/// A started deployment; an interrupt while it starts gives it up.
async fn started(context: &Context) -> Result<(TencentAgsDeployment, Progress), Failure> {
    let progress = Progress::spinner(&context.output);
    let mut deployment = deployment(context, &progress).await?;
    let start = async { deployment.start().await.map_err(Failure::from) };
    let outcome = context.until_interrupted(start).await;
    progress.done();
    outcome.map(|()| (deployment, progress))
}

async fn deployment(
    context: &Context,
    progress: &Progress,
) -> Result<TencentAgsDeployment, Failure> {
    let cloud = context.cloud().await?;
    context.keep_journal(&cloud.account)?;
    let told = progress.clone();
    let deployment =
        TencentAgsDeployment::with_account(cloud.config.clone(), cloud.account.clone())?;
    Ok(deployment.with_hook(Arc::new(move |step: &Step| told.step(&step.to_string()))))
}

/// Waits until what was given up is stopped, for a while; whether it is. What goes on after that is told.
pub(crate) async fn settle(account: &Account, output: &Output) -> bool {
    if account.settled(SOON).await {
        return true;
    }
    output.note(&format!("still stopping: {}", names(account)));
    for patience in SETTLE {
        // An instance that AGS is still starting has no id here yet, but the list has it, and stopping it answers the start.
        if let Err(error) = stop_unanswered(account).await {
            tracing::debug!(%error, "what is still starting could not be looked for");
        }
        if account.settled(patience).await {
            return true;
        }
    }
    output.warn(&unsettled(account));
    false
}

/// What is still being stopped when a program ends, and what finds it.
pub(crate) fn unsettled(account: &Account) -> String {
    format!(
        "not stopped yet: {}; `swerex-ags instance gc` and `swerex-ags tool gc` find what is left",
        names(account)
    )
}

fn names(account: &Account) -> String {
    let mut names = account.unsettled();
    let more = names.len().saturating_sub(MOST_NAMED);
    names.truncate(MOST_NAMED);
    if more > 0 {
        names.push(format!("{more} more"));
    }
    names.join(", ")
}

async fn stop_unanswered(account: &Account) -> Result<(), ags_api::Error> {
    let request = DescribeSandboxInstanceListRequest::default();
    let all = account.client().list_all(&request).await?;
    for instance in all
        .iter()
        .filter(|one| marks::is_of_this_process(one) && !is_over(one))
    {
        let id = instance.instance_id.as_deref().unwrap_or_default();
        account.client().stop_if_there(id).await?;
    }
    Ok(())
}

impl From<StartFailed> for Failure {
    fn from(error: StartFailed) -> Self {
        let failure = match error.cause() {
            swerex_ags_deployment::Cause::Api(api) => Self::from(api.clone()).within(&error),
            _ if error.is_usage() => Self::misuse(&error),
            _ => Self::of(&error),
        };
        match error.hint() {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }
}

impl From<StopFailed> for Failure {
    fn from(error: StopFailed) -> Self {
        Self::from(error.cause().clone()).within(&error)
    }
}

impl From<swerex_ags_runtime::Error> for Failure {
    fn from(error: swerex_ags_runtime::Error) -> Self {
        let failure = Self::of(&error);
        use swerex_ags_runtime::Error;
        // A sandbox that ends answers strangely, or not at all, before its gateway knows.
        let may_be_gone = matches!(
            error,
            Error::Reply { .. } | Error::UnknownOutcome { .. } | Error::NotSent { .. }
        );
        if may_be_gone || error.is_environment_expired() {
            failure.gone()
        } else {
            failure
        }
    }
}
