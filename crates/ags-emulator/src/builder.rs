//! How an emulator is set up.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use ags_api::Secret;

use crate::{
    Emulator, StartError,
    behaviour::Behaviour,
    fault::Fault,
    instance::InstanceRunner,
    quota::{Quotas, Throttle},
};

/// How long a token is good unless [`token_ttl`](EmulatorBuilder::token_ttl) says otherwise, as measured on the service.
pub const DEFAULT_TOKEN_TTL: Duration = Duration::from_secs(24 * 3600);
/// How long a process has after TERM before KILL, unless [`kill_grace`](EmulatorBuilder::kill_grace) says otherwise.
pub const DEFAULT_KILL_GRACE: Duration = Duration::from_secs(2);
/// How long a stopped instance stays listed; the service keeps them 2 to 6 hours.
pub const STOPPED_IS_LISTED_FOR: Duration = Duration::from_secs(2 * 3600);

/// Settings of an emulator; [`start`](Self::start) starts it.
#[derive(Debug, Clone)]
#[must_use]
pub struct EmulatorBuilder {
    pub(crate) listen: SocketAddr,
    pub(crate) domain: String,
    pub(crate) secret_id: Option<String>,
    pub(crate) secret_key: Option<Secret>,
    pub(crate) session_token: Option<Secret>,
    pub(crate) regions: Vec<String>,
    pub(crate) ca_out: Option<PathBuf>,
    pub(crate) start_delay: Duration,
    pub(crate) tool_delay: Duration,
    pub(crate) stop_delay: Duration,
    pub(crate) pause_delay: Duration,
    pub(crate) token_ttl: Duration,
    pub(crate) kill_grace: Duration,
    pub(crate) images: BTreeMap<String, PathBuf>,
    pub(crate) path: Option<OsString>,
    pub(crate) runner: InstanceRunner,
    pub(crate) throttle: Throttle,
    pub(crate) quotas: Quotas,
    pub(crate) behaviour: Behaviour,
    pub(crate) faults: Vec<Fault>,
}

impl Default for EmulatorBuilder {
    fn default() -> Self {
        Self {
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0),
            domain: "localhost".to_owned(),
            secret_id: None,
            secret_key: None,
            session_token: None,
            regions: Vec::new(),
            ca_out: None,
            start_delay: Duration::ZERO,
            tool_delay: Duration::ZERO,
            stop_delay: Duration::ZERO,
            pause_delay: Duration::ZERO,
            token_ttl: DEFAULT_TOKEN_TTL,
            kill_grace: DEFAULT_KILL_GRACE,
            images: BTreeMap::new(),
            path: None,
            runner: InstanceRunner::default(),
            throttle: Throttle::default(),
            quotas: Quotas::default(),
            behaviour: Behaviour::default(),
            faults: Vec::new(),
        }
    }
}

impl EmulatorBuilder {
    /// Where it listens: `127.0.0.1` and any free port unless set.
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.listen = address;
        self
    }

    /// The domain of the gateway, without port: `localhost` unless set.
    ///
    /// Clients that do not resolve names below it to the emulator need their own way there.
    pub fn domain(mut self, domain: impl Into<String>) -> Self {
        self.domain = domain.into();
        self
    }

    /// The one secret id that is known: a random one unless set.
    pub fn secret_id(mut self, id: impl Into<String>) -> Self {
        self.secret_id = Some(id.into());
        self
    }

    /// Its key: a random one unless set.
    pub fn secret_key(mut self, key: impl Into<Secret>) -> Self {
        self.secret_key = Some(key.into());
        self
    }

    /// Makes the credential a temporary one: calls without this `X-TC-Token` get `AuthFailure.TokenFailure`.
    pub fn session_token(mut self, token: impl Into<Secret>) -> Self {
        self.session_token = Some(token.into());
        self
    }

    /// The regions that exist: any well-formed one unless set. Others get `UnsupportedRegion`.
    pub fn regions(mut self, regions: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.regions = regions.into_iter().map(Into::into).collect();
        self
    }

    /// The file that the CA certificate is written to: one in a temporary directory unless set.
    pub fn ca_out(mut self, file: impl Into<PathBuf>) -> Self {
        self.ca_out = Some(file.into());
        self
    }

    /// How long an instance is `STARTING` before its process starts (the pull of its image): no time unless set.
    pub fn start_delay(mut self, span: Duration) -> Self {
        self.start_delay = span;
        self
    }

    /// How long a tool is `CREATING`: no time unless set.
    pub fn tool_delay(mut self, span: Duration) -> Self {
        self.tool_delay = span;
        self
    }

    /// How long an instance is `STOPPING`, at least until its processes have ended: no time unless set; minutes on the service.
    pub fn stop_delay(mut self, span: Duration) -> Self {
        self.stop_delay = span;
        self
    }

    /// How long an instance is `PAUSING` and `RESUMING`: no time unless set.
    pub fn pause_delay(mut self, span: Duration) -> Self {
        self.pause_delay = span;
        self
    }

    /// How long a token is good: [`DEFAULT_TOKEN_TTL`] unless set.
    pub fn token_ttl(mut self, span: Duration) -> Self {
        self.token_ttl = span;
        self
    }

    /// How long processes have after TERM before KILL: [`DEFAULT_KILL_GRACE`] unless set.
    pub fn kill_grace(mut self, span: Duration) -> Self {
        self.kill_grace = span;
        self
    }

    /// Has the content of an image lie in a local directory.
    ///
    /// A tool that mounts `reference` at a path then runs with that path, in its `Command` and `Args`,
    /// replaced by the directory (by `directory/SubPath` where that exists).
    pub fn image(mut self, reference: impl Into<String>, directory: impl Into<PathBuf>) -> Self {
        self.images.insert(reference.into(), directory.into());
        self
    }

    /// `PATH` of the processes of instances: the emulator's own unless set.
    pub fn path(mut self, path: impl Into<OsString>) -> Self {
        self.path = Some(path.into());
        self
    }

    /// What an instance runs: the native server, in this process, unless set.
    pub fn runner(mut self, runner: InstanceRunner) -> Self {
        self.runner = runner;
        self
    }

    /// Whether the documented limits per second hold: no unless set.
    pub fn throttle(mut self, throttle: Throttle) -> Self {
        self.throttle = throttle;
        self
    }

    /// How many tools, instances, … there may be.
    pub fn quotas(mut self, quotas: Quotas) -> Self {
        self.quotas = quotas;
        self
    }

    /// How many instances there may be, those that are stopping included: 200 unless set.
    pub fn instance_quota(mut self, count: usize) -> Self {
        self.quotas.instances = count;
        self
    }

    /// How many tools there may be: 100 unless set.
    pub fn tool_quota(mut self, count: usize) -> Self {
        self.quotas.tools = count;
        self
    }

    /// The switches for what nobody outside AGS knows.
    pub fn behaviour(mut self, behaviour: Behaviour) -> Self {
        self.behaviour = behaviour;
        self
    }

    /// Adds a fault to the script.
    pub fn fault(mut self, fault: Fault) -> Self {
        self.faults.push(fault);
        self
    }

    /// Starts the emulator; it answers when this returns.
    ///
    /// # Errors
    /// [`StartError`] when a setting is wrong, the address cannot be listened on, or the CA file cannot be written.
    pub async fn start(self) -> Result<Emulator, StartError> {
        Emulator::start(self).await
    }

    pub(crate) fn checked(self) -> Result<Self, StartError> {
        let label = |label: &str| {
            !label.is_empty()
                && label
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        };
        if !self.domain.split('.').all(label) || self.domain.len() > 200 {
            return Err(StartError::invalid(format!(
                "domain {:?} is no host name; it is one without scheme and port, such as localhost",
                self.domain
            )));
        }
        if let Some((reference, directory)) = self
            .images
            .iter()
            .find(|(_, directory)| !directory.is_dir())
        {
            return Err(StartError::invalid(format!(
                "image {reference} has no directory {}; name one that exists",
                directory.display()
            )));
        }
        Ok(Self {
            domain: self.domain.to_ascii_lowercase(),
            ..self
        })
    }
}
