//! The process that holds a detached container, and the one that starts it.

use std::{
    env,
    io::{self, BufRead as _, Write as _},
    os::unix::{fs::MetadataExt as _, process::CommandExt as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use swerex_ags_deployment::Account;

use super::{
    container::{Ended, Plan},
    process,
    program::{configuration, is_called_as, say, starter, told},
    records::{Record, Records},
    run_args::RunArgs,
};
use crate::{output::Output, sandbox, state::State};

/// The hidden command that holds a detached container. The word after it is the container's id.
pub(super) const HOLD: &str = "__hold";

/// How long `kill` waits for a container to end: less than the 10 s after which SWE-ReX kills hard.
pub(super) const KILL_LIMIT: Duration = Duration::from_secs(9);

/// Starts a process that holds the container, and returns when it is ready.
pub(super) fn detach(plan: &Plan, args: &RunArgs, output: &Output) -> Result<(), String> {
    let program =
        env::current_exe().map_err(|error| format!("cannot find this program: {error}"))?;
    let mut child = Command::new(program)
        .arg0("docker")
        .arg(HOLD)
        // Who looks at the process sees what it holds.
        .arg(&plan.id)
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
            say(output, id);
            // From now on it stays without us.
            writeln!(orders, "keep").map_err(lost)
        }
        Some(("failed", why)) => Err(why.to_owned()),
        _ => Err("the process that holds the container has ended without a word".to_owned()),
    }
}

/// The process that holds a detached container: told what to hold on stdin, and whether to keep it.
pub(super) async fn hold(output: &Output) -> Result<u8, String> {
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
    let outcome = async {
        let state = State::of_environment().map_err(told)?;
        let records = Records::of(state.containers().map_err(told)?);
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
                || say(output, &format!("ready {id}")),
                unwanted,
            )
            .await
            .map_err(|error| error.to_string())?;
        drop(waiter);
        finish(ended, &starter.account).await
    }
    .await;
    if let Err(problem) = &outcome {
        say(output, &format!("failed {problem}"));
    }
    outcome
}

/// The exit code of a container that has ended.
pub(super) async fn finish(ended: Ended, account: &Account) -> Result<u8, String> {
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

/// Whether the process that a record names is the one that holds the container: ours, this program, and started for it. A record alone is not
/// believed when somebody is to be sent a signal.
pub(super) fn holds(record: &Record) -> bool {
    let pid = record.holder.pid();
    let is_ours = std::fs::metadata(format!("/proc/{pid}"))
        .is_ok_and(|there| there.uid() == rustix::process::geteuid().as_raw());
    let words = process::words(pid);
    let is_for_it = match words.as_slice() {
        [program, command, rest @ ..] if is_called_as(base(Path::new(program))) => {
            (command == HOLD && rest.first() == Some(&record.id)) || command == "run"
        }
        _ => false,
    };
    is_ours && is_for_it && is_this_program(pid)
}

/// Whether a process runs a program of this one's name; it may have been replaced by another version since.
fn is_this_program(pid: i32) -> bool {
    let of = |process: &str| -> Option<PathBuf> {
        std::fs::read_link(format!("/proc/{process}/exe")).ok()
    };
    let name = |path: PathBuf| {
        let name = base(&path);
        name.strip_suffix(" (deleted)").unwrap_or(name).to_owned()
    };
    let (this, that) = (of("self").map(name), of(&pid.to_string()).map(name));
    this.is_some() && this == that
}

fn base(path: &Path) -> &str {
    path.file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::docker::process::Process;

    #[test]
    fn a_process_that_a_record_only_names_holds_nothing() {
        let mut child = Command::new("sleep")
            .arg0("docker")
            .args(["600"])
            .spawn()
            .unwrap();
        let pid = rustix::process::Pid::from_child(&child);
        let record = |holder| Record {
            name: "n".to_owned(),
            id: "ab".repeat(32),
            image: "i".to_owned(),
            holder,
            port: 1,
            key: String::new(),
            workdir: None,
            env: Vec::new(),
            command: Vec::new(),
            labels: Vec::new(),
            created: 0,
        };
        // Another program, whatever it is called; and this very program, that was started for something else.
        assert!(!holds(&record(Process::of(pid).unwrap())));
        assert!(!holds(&record(Process::this().unwrap())));
        child.kill().unwrap();
        child.wait().unwrap();
    }
}
