//! What all commands share: the output, the settings, the way to the cloud, and whether somebody wants to end it.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use ags_api::{
    Client,
    model::{DescribeSandboxInstancesRequest, SandboxInstance},
};
use ags_emulator::Emulator;
use swerex_ags_deployment::{
    Account, TencentAgsDeploymentConfig,
    source::{Resolved, Source},
};
use tokio::sync::{Notify, OnceCell, watch};

use crate::{
    args::Global,
    flags::Setting,
    interrupt::Interrupts,
    local::{self, Ready},
    output::Output,
    private::Problem,
    report::Failure,
    state,
};

/// What all commands share.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) output: Output,
    global: Global,
    flags: Vec<Setting>,
    /// Why the command is to end, once somebody wants that.
    interrupted: watch::Receiver<Option<Failure>>,
    ctrl_c: Arc<CtrlC>,
    cloud: OnceCell<Cloud>,
}

/// ctrl-c for those who have a use for it besides ending.
#[derive(Debug, Default)]
struct CtrlC {
    is_taken: AtomicBool,
    pressed: Notify,
}

/// The way to the cloud, or to the emulator that stands in for it.
#[derive(Debug)]
pub(crate) struct Cloud {
    pub(crate) config: TencentAgsDeploymentConfig,
    pub(crate) account: Account,
    pub(crate) client: Client,
    /// The emulator in this process, if there is one.
    emulator: Option<Emulator>,
}

impl Context {
    /// Must be made within a runtime. From now on ctrl-c ends commands in their own way.
    pub(crate) fn new(
        global: Global,
        flags: Vec<Setting>,
        output: Output,
    ) -> Result<Self, Failure> {
        let mut interrupts = Interrupts::listen()?;
        let (tell, interrupted) = watch::channel(None);
        let (notes, ctrl_c) = (output.clone(), Arc::new(CtrlC::default()));
        let given = Arc::clone(&ctrl_c);
        tokio::spawn(async move {
            loop {
                let interrupt = interrupts.next().await;
                if interrupt.is_ctrl_c() && given.is_taken.load(Ordering::Relaxed) {
                    given.pressed.notify_one();
                } else if tell.borrow().is_none() {
                    tell.send_replace(Some(interrupt.failure()));
                } else {
                    notes.warn("still stopping what was started; it ends by itself");
                }
            }
        });
        Ok(Self {
            output,
            global: global.or_environment(|name| std::env::var_os(name)),
            flags,
            interrupted,
            ctrl_c,
            cloud: OnceCell::new(),
        })
    }

    /// Resolves when somebody wants the command to end, also if that was before.
    pub(crate) async fn interrupted(&self) -> Failure {
        let mut interrupted = self.interrupted.clone();
        let failure = interrupted.wait_for(Option::is_some).await;
        match failure.ok().and_then(|failure| failure.clone()) {
            Some(failure) => failure,
            // The listener is gone: nobody can want it any more.
            None => std::future::pending().await,
        }
    }

    /// Takes ctrl-c: from now on it ends nothing by itself.
    pub(crate) fn take_ctrl_c(&self) {
        self.ctrl_c.is_taken.store(true, Ordering::Relaxed);
    }

    /// Resolves when ctrl-c is pressed, once it was taken.
    pub(crate) async fn ctrl_c(&self) {
        self.ctrl_c.pressed.notified().await;
    }

    /// `work`, given up when somebody wants the command to end.
    pub(crate) async fn until_interrupted<T>(
        &self,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        tokio::select! {
            outcome = work => outcome,
            failure = self.interrupted() => Err(failure),
        }
    }

    /// Whether an emulator inside this process stands in for the cloud: nothing outlives the command.
    pub(crate) fn is_local_here(&self) -> bool {
        matches!(self.global.local, Some(None))
    }

    /// The settings and where each comes from; not checked yet.
    pub(crate) fn resolved(&self) -> Result<Resolved, Failure> {
        let ready = match &self.global.local {
            Some(Some(file)) => Some(Ready::read(file)?),
            Some(None) | None => None,
        };
        self.resolve(ready.as_ref())
    }

    /// Writes down from now on what is started, so that `instance gc` finds it after a kill. Without a place for it, sandboxes start all the
    /// same; a place that others can change is refused.
    pub(crate) fn keep_journal(&self, account: &Account) -> Result<(), Failure> {
        if self.is_local_here() {
            return Ok(());
        }
        match state::keep_journal(account) {
            Err(problem @ Problem::Unsafe(_)) => Err(problem.into()),
            Err(problem) => {
                let problem = Failure::from(problem).text();
                let what =
                    "after a kill, `swerex-ags instance gc` knows by age only what is left over";
                self.output
                    .warn(&format!("no journal is kept: {problem}; {what}"));
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    fn resolve(&self, ready: Option<&Ready>) -> Result<Resolved, Failure> {
        let misuse = |error| Failure::misuse(&error);
        let mut source = Source::default();
        for file in &self.global.config {
            source.file(file).map_err(misuse)?;
        }
        source
            .environment(|name| std::env::var(name).ok())
            .map_err(misuse)?;
        for Setting { key, value, .. } in &self.flags {
            if key.is_empty() {
                source.json(value).map_err(misuse)?;
            } else {
                source.flag(key, value).map_err(misuse)?;
            }
        }
        for (key, value) in ready.into_iter().flat_map(Ready::settings) {
            source.emulator(key, value).map_err(misuse)?;
        }
        source.resolve().map_err(misuse)
    }

    /// The way to the cloud, checked and built when it is first needed. It does not connect yet.
    pub(crate) async fn cloud(&self) -> Result<&Cloud, Failure> {
        self.cloud.get_or_try_init(|| self.connect()).await
    }

    async fn connect(&self) -> Result<Cloud, Failure> {
        let path = self.global.local_path.as_deref();
        let (emulator, ready) = match &self.global.local {
            None if path.is_some() => {
                return Err(Failure::usage("--local-path needs --local"));
            }
            None => (None, None),
            Some(Some(_)) if path.is_some() => {
                return Err(Failure::usage(
                    "--local-path is for an emulator in this process: write --local without FILE",
                ));
            }
            Some(Some(file)) => (None, Some(Ready::read(file)?)),
            Some(None) => {
                // What is wrong with the settings is said before anything is started.
                self.resolve(None)?;
                let emulator = local::start(path).await?;
                let ready = Ready::of(&emulator);
                (Some(emulator), Some(ready))
            }
        };
        let resolved = self.resolve(ready.as_ref())?;
        resolved
            .validate()
            .map_err(|error| Failure::misuse(&error))?;
        let config = resolved.config;
        let account = Account::of(&config)?;
        let client = account.client().clone();
        Ok(Cloud {
            config,
            account,
            client,
            emulator,
        })
    }

    /// Ends what this process runs itself.
    pub(crate) async fn close(self) {
        if let Some(emulator) = self.cloud.into_inner().and_then(|cloud| cloud.emulator) {
            emulator.shutdown().await;
        }
    }
}

impl Cloud {
    /// The instance of this id.
    pub(crate) async fn instance(&self, id: &str) -> Result<SandboxInstance, Failure> {
        let request = DescribeSandboxInstancesRequest {
            instance_ids: Some(vec![id.to_owned()]),
            ..Default::default()
        };
        let answer = self.client.call(&request).await?;
        let mut found = answer.reply.instance_set.unwrap_or_default();
        found.pop().ok_or_else(|| {
            Failure::failed(format!(
                "there is no instance `{id}` in {}",
                self.config.region
            ))
            .hint("`swerex-ags instance list --all` shows those that there are")
        })
    }
}
