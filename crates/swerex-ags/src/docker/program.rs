//! The program that is called as `docker` or `podman`.

use std::{
    env,
    error::Error as _,
    io::{self, BufRead as _, Read as _, Write as _},
    os::unix::process::CommandExt as _,
    path::PathBuf,
    process::{Command, ExitCode, Stdio},
    sync::Arc,
    time::Duration,
};

use ring::digest::{SHA256, digest};
use swerex_ags_deployment::{Account, TencentAgsDeploymentConfig, source::Source, units};
use uuid::Uuid;

use super::{
    args::{Call, Misused},
    container::{Ended, Plan},
    exec,
    images::Images,
    process::Process,
    records::Records,
    run_args::RunArgs,
};
use crate::{local::Ready, sandbox, serve::ags::AgsStarter, state};

/// Names a configuration file of the deployment.
pub(crate) const CONFIG: &str = "SWEREX_AGS_CONFIG";
/// Names the file with an emulator's ready line.
pub(crate) const LOCAL: &str = "SWEREX_AGS_LOCAL";

/// The hidden command that holds a detached container.
const HOLD: &str = "__hold";

/// How long `kill` waits for a container to end: less than the 10 s after which SWE-ReX kills hard.
const KILL_LIMIT: Duration = Duration::from_secs(9);

/// The names under which this program stands in for another.
pub(crate) fn is_called_as(program: &str) -> bool {
    matches!(program, "docker" | "podman")
}

/// Runs the program; `args` are those after its name.
pub(crate) fn main(args: &[String]) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return complain(&format!("cannot start: {error}")),
    };
    match runtime.block_on(run(args)) {
        Ok(code) => ExitCode::from(code),
        Err(problem) => complain(&problem),
    }
}

async fn run(args: &[String]) -> Result<u8, String> {
    if args.first().is_some_and(|arg| arg == HOLD) {
        return hold().await;
    }
    let call = Call::parse(args).map_err(|Misused(problem)| problem)?;
    let state = state::directory()?;
    let records =
        Records::open(state.join("containers")).map_err(|error| unusable(&state, &error))?;
    let images = Images::open(state.join("images")).map_err(|error| unusable(&state, &error))?;
    match call {
        Call::Inspect(name) => inspect(&records, &name),
        Call::Pull(image) => {
            say(&format!("{image}: AGS pulls it when a sandbox starts"));
            Ok(0)
        }
        Call::Build { base } => {
            // The Dockerfile adds a Python for the server, which AGS brings by itself.
            io::copy(&mut io::stdin().lock().take(1 << 20), &mut io::sink())
                .map_err(|error| format!("cannot read the Dockerfile: {error}"))?;
            let id = format!("sha256:{}", hex(digest(&SHA256, base.as_bytes()).as_ref()));
            images
                .remember(&id, &base)
                .map_err(|error| unusable(&state, &error))?;
            say(&id);
            Ok(0)
        }
        Call::Run(args) => start(args, &records, &images).await,
        Call::Exec(args) => match find(&records, &args.container)? {
            Some(record) => exec::run(&record, args).await,
            None => Err(format!("No such container: {}", args.container)),
        },
        Call::End {
            containers, force, ..
        } => end(&records, &containers, force).await,
        Call::RemoveImages(_) => Ok(0),
        Call::List => {
            say("CONTAINER ID   IMAGE   NAMES");
            for record in records.all().map_err(|error| unusable(&state, &error))? {
                say(&format!(
                    "{}   {}   {}",
                    &record.id[..12],
                    record.image,
                    record.name
                ));
            }
            Ok(0)
        }
        Call::Version => {
            say(&format!(
                "swerex-ags {} in place of docker and podman: containers are AGS sandboxes",
                env!("CARGO_PKG_VERSION")
            ));
            Ok(0)
        }
    }
}

/// Images are always there: AGS pulls them itself.
fn inspect(records: &Records, name: &str) -> Result<u8, String> {
    let id = find(records, name)?.map_or_else(
        || format!("sha256:{}", hex(digest(&SHA256, name.as_bytes()).as_ref())),
        |record| record.id,
    );
    say(&serde_json::json!([{ "Id": id, "RepoTags": [name] }]).to_string());
    Ok(0)
}

async fn start(args: RunArgs, records: &Records, images: &Images) -> Result<u8, String> {
    let image = images
        .find(&args.image)
        .unwrap_or_else(|| args.image.clone());
    let config = configuration(&args)?;
    let owner = Process::parent();
    let (key, port) = match (args.auth_token(), args.port) {
        (Some(token), Some((outside, _))) => (token, outside),
        (None, _) | (_, None) if args.detach => (Uuid::new_v4().to_string(), 0),
        _ => return Err("run: in the foreground only SWE-ReX's own server is run (-p PORT:8000 … swerex-remote --auth-token …); with -d any image".to_owned()),
    };
    let id = format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
    let plan = Plan {
        name: args
            .name
            .clone()
            .unwrap_or_else(|| format!("sandbox-{}", &id[..12])),
        id,
        image,
        port,
        key,
        workdir: args.workdir.clone(),
        env: args.env.clone(),
        owner,
        lifetime: args
            .lifetime()
            .and_then(|text| units::lifetime(&text).ok())
            .map(|lifetime| lifetime.as_secs()),
    };
    if args.detach {
        return detach(&plan, &args);
    }
    let starter = starter(config)?;
    let ended = plan
        .hold(starter.clone(), records, || {}, std::future::pending())
        .await
        .map_err(|error| error.to_string())?;
    finish(ended, &starter.account).await
}

/// Starts a process that holds the container, and returns when it is ready.
fn detach(plan: &Plan, args: &RunArgs) -> Result<u8, String> {
    let program =
        env::current_exe().map_err(|error| format!("cannot find this program: {error}"))?;
    let mut child = Command::new(program)
        .arg0("docker")
        .arg(HOLD)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .map_err(|error| format!("cannot start the process that holds the container: {error}"))?;
    let lost =
        |error: io::Error| format!("the process that holds the container has ended: {error}");
    let mut orders = child
        .stdin
        .take()
        .ok_or("the process that holds the container has no stdin")?;
    let answers = child
        .stdout
        .take()
        .ok_or("the process that holds the container has no stdout")?;
    let order = serde_json::json!({ "plan": plan, "deployment": args.deployment });
    writeln!(orders, "{order}").map_err(lost)?;
    let mut answer = String::new();
    io::BufReader::new(answers)
        .read_line(&mut answer)
        .map_err(lost)?;
    match answer.trim_end().split_once(' ') {
        Some(("ready", id)) => {
            say(id);
            // From now on it stays without us.
            writeln!(orders, "keep").map_err(lost)?;
            Ok(0)
        }
        Some(("failed", why)) => Err(why.to_owned()),
        _ => Err("the process that holds the container has ended without a word".to_owned()),
    }
}

/// The process that holds a detached container: told what to hold on stdin, and whether to keep it.
async fn hold() -> Result<u8, String> {
    #[derive(serde::Deserialize)]
    struct Order {
        plan: Plan,
        deployment: Vec<(String, String)>,
    }

    let mut line = String::new();
    io::stdin()
        .read_line(&mut line)
        .map_err(|error| error.to_string())?;
    let Order { plan, deployment } =
        serde_json::from_str(&line).map_err(|error| format!("not told what to hold: {error}"))?;
    let state = state::directory()?;
    let outcome = async {
        let records =
            Records::open(state.join("containers")).map_err(|error| unusable(&state, &error))?;
        let starter = starter(configuration(&RunArgs {
            deployment,
            lifetime_of: plan.lifetime,
            ..RunArgs::default()
        })?)?;
        let id = plan.id.clone();
        // Whoever asked for the container may be killed before it is ready: then nobody knows of it, and it goes.
        let (gone, unwanted) = tokio::sync::oneshot::channel();
        let waiter = std::thread::spawn(move || {
            let mut word = String::new();
            let kept = io::stdin().read_line(&mut word).is_ok() && word.trim() == "keep";
            if !kept {
                let _ = gone.send(());
            }
        });
        let unwanted = async {
            if unwanted.await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        let ended = plan
            .hold(
                starter.clone(),
                &records,
                || say(&format!("ready {id}")),
                unwanted,
            )
            .await
            .map_err(|error| error.to_string())?;
        drop(waiter);
        finish(ended, &starter.account).await
    }
    .await;
    if let Err(problem) = &outcome {
        say(&format!("failed {}", problem.replace('\n', " ")));
    }
    outcome
}

async fn finish(ended: Ended, account: &Account) -> Result<u8, String> {
    let is_settled = account.settled(KILL_LIMIT).await;
    match ended {
        Ended::NotStarted(why) => Err(format!("the sandbox did not start: {why}")),
        Ended::Well if is_settled => Ok(0),
        Ended::Well => Err(sandbox::unsettled(account)),
        Ended::Leaving => {
            Err("the sandbox could not be stopped; `swerex-ags instance gc` does it".to_owned())
        }
    }
}

async fn end(records: &Records, containers: &[String], force: bool) -> Result<u8, String> {
    let mut missing = Vec::new();
    for name in containers {
        let Some(record) = find(records, name)? else {
            missing.push(name.as_str());
            continue;
        };
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
            return Err(format!("{name} is still ending"));
        }
        say(name);
    }
    if missing.is_empty() || force {
        Ok(0)
    } else {
        Err(format!("No such container: {}", missing.join(", ")))
    }
}

/// The deployment's configuration: the file that the environment names, the environment, the options of `run`.
fn configuration(args: &RunArgs) -> Result<TencentAgsDeploymentConfig, String> {
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

fn starter(config: TencentAgsDeploymentConfig) -> Result<Arc<AgsStarter>, String> {
    let account = Account::of(&config).map_err(|error| match error.source() {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    })?;
    // Its holder may be killed; without a journal its sandbox is found by age.
    if let Err(problem) = state::keep_journal(&account) {
        tracing::warn!(%problem);
    }
    Ok(Arc::new(AgsStarter { config, account }))
}

fn find(records: &Records, name: &str) -> Result<Option<super::records::Record>, String> {
    records
        .find(name)
        .map_err(|error| format!("cannot read the records of containers: {error}"))
}

fn unusable(directory: &std::path::Path, error: &io::Error) -> String {
    format!("cannot use {}: {error}", directory.display())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn say(line: &str) {
    // Whoever called may have had enough.
    let mut out = io::stdout().lock();
    drop(writeln!(out, "{line}").and_then(|()| out.flush()));
}

fn complain(problem: &str) -> ExitCode {
    drop(writeln!(
        io::stderr().lock(),
        "swerex-ags (as docker): {problem}"
    ));
    ExitCode::from(exec::FAILED)
}
