//! What the `ags-emulator` command takes, for other commands that start an emulator too.

use std::{ffi::OsString, net::SocketAddr, path::PathBuf, time::Duration};

use crate::{
    Behaviour, DEFAULT_TOKEN_TTL, Emulator, EmulatorBuilder, Fault, InstanceRunner, Throttle,
    behaviour::UnknownSwitch,
};
use clap::{Parser, ValueEnum};

/// A local AGS: control plane, data-plane gateway and running instances, over TLS on one port
///
/// When it is ready it prints one line of JSON with endpoint, domain, CA file and credential, and runs until SIGTERM or SIGINT.
#[derive(Debug, Parser)]
#[command(name = "ags-emulator", version)]
pub struct Args {
    /// Address to listen on; port 0 is any free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Domain of the gateway, without port
    #[arg(long, default_value = "localhost")]
    domain: String,
    /// The secret id that is known [default: a random one]
    #[arg(long, value_name = "ID")]
    secret_id: Option<String>,
    /// Its key [default: a random one]
    #[arg(long, value_name = "KEY")]
    secret_key: Option<String>,
    /// File for the CA certificate [default: one in a temporary directory]
    #[arg(long, value_name = "FILE")]
    ca_out: Option<PathBuf>,
    /// How long an instance is STARTING before its process starts
    #[arg(long, value_name = "SPAN", default_value = "0s", value_parser = span)]
    start_delay: Duration,
    /// How long a tool is CREATING
    #[arg(long, value_name = "SPAN", default_value = "0s", value_parser = span)]
    tool_delay: Duration,
    /// How long a token is good [default: 24h]
    #[arg(long, value_name = "SPAN", value_parser = span)]
    token_ttl: Option<Duration>,
    /// How long an instance is STOPPING, at least until its processes have ended
    #[arg(long, value_name = "SPAN", default_value = "0s", value_parser = span)]
    stop_delay: Duration,
    /// How long an instance is PAUSING and RESUMING
    #[arg(long, value_name = "SPAN", default_value = "0s", value_parser = span)]
    pause_delay: Duration,
    /// The content of an image that tools mount lies in this directory; may be given more than once
    #[arg(long, value_name = "REFERENCE=DIR", value_parser = image)]
    image: Vec<(String, PathBuf)>,
    /// PATH of the processes of instances, for --instance process [default: the emulator's own]
    #[arg(long)]
    path: Option<OsString>,
    /// What an instance runs: the native SWE-ReX server inside this process, or the Command and Args of its tool
    #[arg(long, value_enum, default_value = "native")]
    instance: InstanceArg,
    /// Whether calls beyond the documented rates get RequestLimitExceeded
    #[arg(long, value_enum, default_value = "off")]
    throttle: ThrottleArg,
    /// How many tools there may be
    #[arg(long, value_name = "COUNT", default_value = "100")]
    tool_quota: usize,
    /// How many instances there may be, those that are stopping included
    #[arg(long, value_name = "COUNT", default_value = "200")]
    instance_quota: usize,
    /// A fault of the script, such as StartSandboxInstance:reset,after or /execute:status=502,p=0.02,seed=7; may be given more than once
    #[arg(long, value_name = "SPEC")]
    fault: Vec<Fault>,
    /// A switch for what nobody outside AGS knows, such as port-token=traffic; may be given more than once
    #[arg(long, value_name = "SWITCH=VALUE", value_parser = pair, long_help = switches())]
    behaviour: Vec<(String, String)>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ThrottleArg {
    Off,
    PerSecond,
    Sliding,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum InstanceArg {
    Native,
    Process,
}

impl Args {
    /// The emulator that they describe.
    ///
    /// # Errors
    /// A `--behaviour` that there is not.
    pub fn builder(self) -> Result<EmulatorBuilder, UnknownSwitch> {
        let mut behaviour = Behaviour::default();
        for (switch, value) in &self.behaviour {
            behaviour.set(switch, value)?;
        }
        let mut builder = Emulator::builder()
            .listen(self.listen)
            .domain(self.domain)
            .start_delay(self.start_delay)
            .tool_delay(self.tool_delay)
            .token_ttl(self.token_ttl.unwrap_or(DEFAULT_TOKEN_TTL))
            .stop_delay(self.stop_delay)
            .pause_delay(self.pause_delay)
            .tool_quota(self.tool_quota)
            .instance_quota(self.instance_quota)
            .behaviour(behaviour)
            .runner(match self.instance {
                InstanceArg::Native => InstanceRunner::Native,
                InstanceArg::Process => InstanceRunner::Process,
            })
            .throttle(match self.throttle {
                ThrottleArg::Off => Throttle::Off,
                ThrottleArg::PerSecond => Throttle::PerSecond,
                ThrottleArg::Sliding => Throttle::Sliding,
            });
        if let Some(id) = self.secret_id {
            builder = builder.secret_id(id);
        }
        if let Some(key) = self.secret_key {
            builder = builder.secret_key(key);
        }
        if let Some(file) = self.ca_out {
            builder = builder.ca_out(file);
        }
        if let Some(path) = self.path {
            builder = builder.path(path);
        }
        for (reference, directory) in self.image {
            builder = builder.image(reference, directory);
        }
        for fault in self.fault {
            builder = builder.fault(fault);
        }
        Ok(builder)
    }
}

fn span(text: &str) -> Result<Duration, String> {
    crate::parse_span(text).ok_or_else(|| "it is a span such as 250ms, 5s, 3m or 1h".to_owned())
}

fn image(text: &str) -> Result<(String, PathBuf), String> {
    // A directory may have a `=`, a reference has none.
    let (reference, directory) = text.split_once('=').ok_or("it is REFERENCE=DIR")?;
    Ok((reference.to_owned(), directory.into()))
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (switch, value) = text.split_once('=').ok_or("it is SWITCH=VALUE")?;
    Ok((switch.to_owned(), value.to_owned()))
}

fn switches() -> String {
    let lines: Vec<String> = Behaviour::SWITCHES
        .iter()
        .map(|(switch, values)| format!("  {switch}={}", values.join("|")))
        .collect();
    format!(
        "A switch for what nobody outside AGS knows; may be given more than once:\n{}",
        lines.join("\n")
    )
}
