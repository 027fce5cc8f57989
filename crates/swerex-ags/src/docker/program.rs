//! The program that is called as `docker` or `podman`.

use std::{
    env,
    error::Error as _,
    fs,
    io::{self, Read as _, Write as _},
    path::PathBuf,
    process::ExitCode,
    sync::Arc,
    time::SystemTime,
};

use swerex_ags_deployment::{Account, TencentAgsDeploymentConfig, source::Source, units};
use uuid::Uuid;

use super::{
    args::{Call, End, Misused},
    container::Plan,
    exec,
    hold::{self, HOLD, KILL_LIMIT},
    images::{self, Images},
    inspect,
    listing::Container,
    owner::{self, Choice},
    process::Process,
    records::{Record, Records},
    run_args::RunArgs,
    trouble::{FAILED, Trouble},
};
use crate::{
    local::Ready,
    output::{Format, Output},
    private::Problem,
    report::Failure,
    serve::ags::AgsStarter,
    span::Span,
    state::{self, State},
};

/// Names a configuration file of the deployment.
pub(crate) const CONFIG: &str = "SWEREX_AGS_CONFIG";
/// Names the file with an emulator's ready line.
pub(crate) const LOCAL: &str = "SWEREX_AGS_LOCAL";

/// The names under which this program stands in for another.
pub(crate) fn is_called_as(program: &str) -> bool {
    matches!(program, "docker" | "podman")
}

/// Runs the program; `args` are those after its name.
pub(crate) fn main(args: &[String]) -> ExitCode {
    let output = Output::new(Format::Text, false);
    let complain = |problem: &str| {
        output.remark(&format!("swerex-ags (as docker): {problem}"));
        ExitCode::from(FAILED)
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return complain(&format!("cannot start: {error}")),
    };
    match runtime.block_on(run(args, &output)) {
        Ok(code) => ExitCode::from(code),
        Err(Trouble::Own(problem)) => complain(&problem),
        Err(Trouble::Docker { code, words }) => {
            output.remark(&words);
            ExitCode::from(code)
        }
    }
}

async fn run(args: &[String], output: &Output) -> Result<u8, Trouble> {
    if args.first().is_some_and(|arg| arg == HOLD) {
        return Ok(hold::hold(output).await?);
    }
    let call = Call::parse(args).map_err(|Misused(problem)| problem)?;
    let state = State::of_environment().map_err(told)?;
    let records = Records::of(state.containers().map_err(told)?);
    let images = Images::of(state.images().map_err(told)?);
    match call {
        Call::Inspect(args) => inspect::run(args, &records, &images, output).await,
        Call::Pull(image) => {
            images
                .note(&image)
                .map_err(|error| format!("cannot note that {image} was asked for: {error}"))?;
            say(
                output,
                &format!("{image}: AGS pulls it when a sandbox starts"),
            );
            Ok(0)
        }
        Call::Build { base } => {
            // The Dockerfile adds a Python for the server, which AGS brings by itself.
            io::copy(&mut io::stdin().lock().take(1 << 20), &mut io::sink())
                .map_err(|error| format!("cannot read the Dockerfile: {error}"))?;
            let id = images::id(&base);
            images
                .remember(&id, &base)
                .map_err(|error| format!("cannot note what {id} stands for: {error}"))?;
            say(output, &id);
            Ok(0)
        }
        Call::Run(args) => start(args, &records, &images, output).await,
        Call::Exec(args) => match find(&records, &args.container)? {
            Some(record) => exec::run(&record, args, output).await,
            None => Err(Trouble::no_container(&args.container)),
        },
        Call::End { verb, containers } => {
            let mut code = 0;
            for name in &containers {
                match end(&records, verb, name, output).await {
                    Ok(()) => {}
                    // The others are ended all the same.
                    Err(Trouble::Docker {
                        code: failed,
                        words,
                    }) => {
                        output.remark(&words);
                        code = failed;
                    }
                    Err(other) => return Err(other),
                }
            }
            Ok(code)
        }
        // There is nothing to remove: images are AGS's.
        Call::RemoveImages {
            images: names,
            force,
        } => match names.iter().find(|name| images.known(name).is_none()) {
            Some(name) if !force => Err(Trouble::daemon(&format!("No such image: {name}"))),
            _ => Ok(0),
        },
        Call::Images { quiet, name } => {
            let all = match &name {
                Some(name) => images.known(name).into_iter().collect(),
                None => images
                    .all()
                    .map_err(|error| format!("cannot read which images are known: {error}"))?,
            };
            if !quiet {
                say(output, "IMAGE ID       NAME");
            }
            for image in all {
                let id = images::id(&image);
                let short = &id["sha256:".len()..][..12];
                if quiet {
                    say(output, short);
                } else {
                    say(output, &format!("{short}   {image}"));
                }
            }
            Ok(0)
        }
        Call::List(args) => {
            let asked = records
                .all()
                .map_err(unreadable)?
                .into_iter()
                .map(async |record| {
                    let is_running = exec::is_running(&record).await;
                    Container { record, is_running }
                });
            let all = futures_util::future::join_all(asked).await;
            for line in args
                .lines(all, now())
                .map_err(|problem| Trouble::absent(&problem))?
            {
                say(output, &line);
            }
            Ok(0)
        }
        Call::Version => {
            let version = env!("CARGO_PKG_VERSION");
            let what = "in place of docker and podman: containers are AGS sandboxes";
            say(output, &format!("swerex-ags {version} {what}"));
            Ok(0)
        }
    }
}

async fn start(
    args: RunArgs,
    records: &Records,
    images: &Images,
    output: &Output,
) -> Result<u8, Trouble> {
    if let Some(name) = &args.name
        && let Some(other) = records
            .find(name)
            .map_err(unreadable)?
            .filter(|other| other.name == *name)
    {
        return Err(Trouble::Docker {
            code: FAILED,
            words: format!(
                "docker: Error response from daemon: Conflict. The container name \"/{name}\" is already in use by container \"{}\". You have to remove (or rename) that container to be able to reuse that name.",
                other.id
            ),
        });
    }
    let image = images
        .find(&args.image)
        .unwrap_or_else(|| args.image.clone());
    let config = configuration(&args)?;
    let owner = match args.owner {
        // In the foreground it is called by whoever waits for it.
        Choice::Found if !args.detach => None,
        choice => owner::of_this(choice).map_err(|problem| format!("run: {problem}"))?,
    };
    let (key, port) = match (args.auth_token(), args.port) {
        (Some(token), Some((outside, _))) => (token, outside),
        (None, _) | (_, None) if args.detach => (Uuid::new_v4().to_string(), 0),
        _ => return Err("run: in the foreground only SWE-ReX's own server is run (-p PORT:8000 … swerex-remote --auth-token …); with -d any image".to_owned().into()),
    };
    let id = format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
    let short: String = id.chars().take(12).collect();
    let plan = Plan {
        name: args
            .name
            .clone()
            .unwrap_or_else(|| format!("sandbox-{short}")),
        id,
        image,
        port,
        key,
        workdir: args.workdir.clone(),
        env: args.env.clone(),
        command: args.command.clone(),
        labels: args.labels.clone(),
        created: now(),
        owner: match (&owner, args.owner) {
            (None, Choice::Found) if !args.detach => Process::parent(),
            (owner, _) => owner.as_ref().map(|owner| owner.process),
        },
        lifetime: args
            .lifetime()
            .and_then(|text| units::lifetime(&text).ok())
            .map(|lifetime| lifetime.as_secs()),
    };
    images
        .note(&plan.image)
        .map_err(|error| format!("cannot note that {} was asked for: {error}", plan.image))?;
    if let Some(path) = &args.cidfile {
        fs::File::create_new(path)
            .and_then(|mut file| file.write_all(plan.id.as_bytes()))
            .map_err(|error| {
                format!("run: --cidfile {path}: {error}; remove it or name another")
            })?;
    }
    if args.detach {
        hold::detach(&plan, &args, output)?;
        if !args.quiet {
            let (name, time) = (&plan.name, Span(config.lifetime()));
            let whose = match owner {
                Some(owner) => format!(
                    "{name} ends with {owner}, or after {time}; with --label {}=none it stays",
                    owner::LABEL
                ),
                None => {
                    format!("{name} belongs to nobody: `docker rm -f {name}` ends it, or {time} do")
                }
            };
            output.remark(&format!("swerex-ags (as docker): {whose}"));
        }
        return Ok(0);
    }
    let starter = starter(config)?;
    let ended = plan
        .hold(starter.clone(), records, || {}, std::future::pending())
        .await
        .map_err(|error| error.to_string())?;
    Ok(hold::finish(ended, &starter.account).await?)
}

async fn end(records: &Records, verb: End, name: &str, output: &Output) -> Result<(), Trouble> {
    let Some(record) = find(records, name)? else {
        return match verb {
            End::Kill => Err(Trouble::daemon(&format!(
                "Cannot kill container: {name}: No such container: {name}"
            ))),
            End::Remove { force: true } => Ok(()),
            End::Stop | End::Remove { .. } => Err(Trouble::no_container(name)),
        };
    };
    let id = &record.id;
    let is_running = exec::is_running(&record).await;
    if verb == (End::Remove { force: false }) && is_running {
        return Err(Trouble::daemon(&format!(
            "cannot remove container \"/{}\": container is running: stop the container before removing or force remove",
            record.name
        )));
    }
    if !hold::holds(&record) {
        let pid = record.holder.pid();
        return Err(Trouble::Own(format!(
            "cannot end {name}: process {pid}, which its record names, does not hold it; nothing was sent to it"
        )));
    }
    record
        .holder
        .terminate()
        .map_err(|error| format!("cannot end {name}: {error}"))?;
    let gone = record
        .holder
        .gone_within(KILL_LIMIT)
        .await
        .map_err(|error| format!("cannot wait for {name}: {error}"))?;
    if !gone {
        return Err(Trouble::Own(format!("{name} is still ending")));
    }
    if verb == End::Kill && !is_running {
        return Err(Trouble::daemon(&format!(
            "Cannot kill container: {name}: Container {id} is not running"
        )));
    }
    say(output, name);
    Ok(())
}

/// The deployment's configuration: the file that the environment names, the environment, the options of `run`.
pub(super) fn configuration(args: &RunArgs) -> Result<TencentAgsDeploymentConfig, String> {
    let mut source = Source::default();
    let say = |problem: swerex_ags_deployment::InvalidConfig| problem.to_string();
    if let Some(file) = env::var_os(CONFIG) {
        source.file(&PathBuf::from(file)).map_err(say)?;
    }
    source
        .environment(|name| env::var(name).ok())
        .map_err(say)?;
    let lifetime = args
        .lifetime()
        .or_else(|| args.lifetime_of.map(|seconds| format!("{seconds}s")));
    if let Some(lifetime) = lifetime.filter(|text| units::lifetime(text).is_ok()) {
        source.flag("timeout", &lifetime).map_err(say)?;
    }
    for (key, value) in &args.deployment {
        source
            .flag(key, value)
            .map_err(|problem| format!("run: --label=ags.{problem}"))?;
    }
    if let Some(file) = env::var_os(LOCAL) {
        let ready = Ready::read(&PathBuf::from(file)).map_err(|failure| failure.text())?;
        for (key, value) in ready.settings() {
            source.emulator(key, value).map_err(say)?;
        }
    }
    let resolved = source.resolve().map_err(say)?;
    resolved.validate().map_err(say)?;
    Ok(resolved.config)
}

pub(super) fn starter(config: TencentAgsDeploymentConfig) -> Result<Arc<AgsStarter>, String> {
    let account = Account::of(&config).map_err(|error| match error.source() {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    })?;
    // Its holder may be killed; without a journal its sandbox is found by age.
    match state::keep_journal(&account) {
        Err(problem @ Problem::Unsafe(_)) => return Err(told(problem)),
        Err(problem) => tracing::warn!(%problem),
        Ok(()) => {}
    }
    Ok(Arc::new(AgsStarter { config, account }))
}

pub(super) fn find(records: &Records, name: &str) -> Result<Option<Record>, String> {
    records.find(name).map_err(unreadable)
}

fn unreadable(error: io::Error) -> String {
    format!("cannot read the records of containers: {error}")
}

pub(super) fn told(problem: Problem) -> String {
    Failure::from(problem).text()
}

/// Seconds since 1970.
fn now() -> u64 {
    SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

pub(super) fn say(output: &Output, line: &str) {
    // Whoever called may have had enough.
    drop(output.line(line));
}
