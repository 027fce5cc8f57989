//! `exec`: one command in a container, its output and its exit code.

use std::{io, sync::Arc, time::Duration};

use ags_http::HttpClient;
use swerex_ags_runtime::{AgsRuntime, AgsRuntimeConfig, Error};
use swerex_proto::{Command, CommandLine, ExceptionClass};

use super::{
    args::ExecArgs,
    records::Record,
    trouble::{FAILED, Trouble},
};
use crate::{
    output::{self, Output},
    report::Failure,
    serve::attached,
    shown::Shown,
};

/// Exit codes as shells and docker have them.
const NOT_EXECUTABLE: u8 = 126;
const NOT_FOUND: u8 = 127;
const SIGNAL: i64 = 128;
/// As of a program that wrote to a pipe that nobody reads: a death by SIGPIPE.
const UNREAD: u8 = 141;

/// How long a holder has to tell whether its sandbox is there: it knows that by itself.
const ALIVE_LIMIT: Duration = Duration::from_secs(5);

/// How a holder begins to tell that its sandbox has ended.
const GONE: &str = "the sandbox is gone";

/// Runs `$@` if the user is `$0`.
const AS_USER: &str = r#"[ "$(id -u)" = "$0" ] || [ "$(id -un)" = "$0" ] || { echo "unable to run as user $0: commands of this sandbox run as $(id -un)" >&2; exit 126; }
exec "$@""#;

/// Begins `$@`, and does not wait for it.
const DETACHED: &str = r#"command -v "$0" >/dev/null || { echo "exec: \"$0\": executable file not found in \$PATH" >&2; exit 127; }
"$0" "$@" </dev/null >/dev/null 2>&1 &"#;

/// Runs the command and gives its exit code, or what went wrong.
pub(super) async fn run(record: &Record, args: ExecArgs, output: &Output) -> Result<u8, Trouble> {
    if args.interactive && !args.detach && has_input() {
        return Err(Trouble::Own(
            "exec: -i: standard input cannot be passed on to a sandbox yet, and it is a pipe or a file here; copy it there with `swerex-ags cp`, or leave -i out"
                .to_owned(),
        ));
    }
    let runtime = connect(record)?;
    let command = Command {
        command: CommandLine::Argv(argv(record, &args)),
        cwd: args.workdir.clone().or_else(|| record.workdir.clone()),
        merge_output_streams: output::is_one_stream(),
        ..Command::default()
    };
    let answer = if args.detach {
        runtime.execute(&command).await.map(|answer| {
            for line in answer.stderr.lines() {
                output.remark(line);
            }
            answer.exit_code
        })
    } else {
        // It ends with this process, however that ends: its holder sees to that.
        let shown = Shown::new(output, None);
        let answer = runtime.execute_attached(attached::PATH, &command, shown);
        answer.await.map(|answer| answer.exit_code)
    };
    match answer {
        Ok(answer) => Ok(code(answer)),
        // Whoever read it has had enough.
        Err(Error::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(UNREAD),
        Err(_) if !is_running(record).await => Err(Trouble::not_running(&record.id)),
        Err(Error::Remote(error)) => {
            let code = match error.class() {
                ExceptionClass::FileNotFound => NOT_FOUND,
                ExceptionClass::PermissionError => NOT_EXECUTABLE,
                _ => FAILED,
            };
            output.remark(&format!("exec: {}", error.message));
            Ok(code)
        }
        Err(error) => Err(Trouble::Own(Failure::of(&error).text())),
    }
}

/// Whether the sandbox of a container is there, as its holder knows. A holder that says nothing of the kind, or nothing, has it.
pub(super) async fn is_running(record: &Record) -> bool {
    if !record.holder.is_alive() {
        return false;
    }
    let Ok(runtime) = connect(record) else {
        return true;
    };
    match runtime.is_alive(ALIVE_LIMIT).await {
        Ok(answer) => answer.is_alive || !answer.message.starts_with(GONE),
        Err(_) => record.holder.is_alive(),
    }
}

fn connect(record: &Record) -> Result<AgsRuntime, String> {
    let base = format!("http://127.0.0.1:{}", record.port)
        .parse()
        .map_err(|error| format!("no address: {error}"))?;
    let http = HttpClient::builder()
        .proxy(ags_http::ProxyConfig::None)
        .build()
        .map_err(|error| error.to_string())?;
    let config = AgsRuntimeConfig::new(base).with_auth_token(record.key.as_str());
    AgsRuntime::new(config, Arc::new(http), None).map_err(|error| error.to_string())
}

/// Whether standard input is a pipe, a file or a socket: something that a command would read. A terminal and `/dev/null` are not.
fn has_input() -> bool {
    use rustix::fs::{FileType, fstat};
    fstat(io::stdin())
        .is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) != FileType::CharacterDevice)
}

/// The command, with the container's and its own additions to the environment.
fn argv(record: &Record, args: &ExecArgs) -> Vec<String> {
    let mut argv: Vec<String> = record
        .env
        .iter()
        .chain(&args.env)
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    if !argv.is_empty() {
        argv.insert(0, "env".to_owned());
    }
    if let Some(user) = &args.user {
        argv.extend(["sh", "-c", AS_USER, user].map(str::to_owned));
    }
    if args.detach {
        argv.extend(["sh", "-c", DETACHED].map(str::to_owned));
    }
    argv.extend(args.command.iter().cloned());
    argv
}

/// Docker's exit code: 128+N for a death by signal N.
fn code(code: Option<i64>) -> u8 {
    let code = code.unwrap_or_else(|| i64::from(FAILED));
    // Whatever number a server tells.
    let code = if code < 0 {
        SIGNAL.saturating_sub(code)
    } else {
        code
    };
    u8::try_from(code & 255).unwrap_or(FAILED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_codes_are_dockers() {
        assert_eq!(
            (
                code(Some(0)),
                code(Some(3)),
                code(Some(-9)),
                code(Some(256 + 7)),
                code(None)
            ),
            (0, 3, 137, 7, FAILED)
        );
        for any in [i64::MIN, i64::MIN + 1, i64::MAX] {
            // No number ends it in another way.
            let _ = code(Some(any));
        }
        assert_eq!(code(Some(i64::MIN)), 255);
    }
}
