//! `exec`: one command in a container, its output and its exit code.

use std::{io, sync::Arc};

use ags_http::HttpClient;
use swerex_ags_runtime::{AgsRuntime, AgsRuntimeConfig, Error};
use swerex_proto::{Command, CommandLine, ExceptionClass};

use super::{args::ExecArgs, records::Record};
use crate::{
    output::{self, Output},
    report::Failure,
    serve::attached,
    shown::Shown,
};

/// Exit code when the container program itself fails.
pub(crate) const FAILED: u8 = 125;
/// Exit codes as shells and docker have them.
const NOT_EXECUTABLE: u8 = 126;
const NOT_FOUND: u8 = 127;
const SIGNAL: i64 = 128;
/// As of a program that wrote to a pipe that nobody reads: a death by SIGPIPE.
const UNREAD: u8 = 141;

/// Runs the command and gives its exit code, or what went wrong.
pub(crate) async fn run(record: &Record, args: ExecArgs, output: &Output) -> Result<u8, String> {
    let base = format!("http://127.0.0.1:{}", record.port)
        .parse()
        .map_err(|error| format!("no address: {error}"))?;
    let http = HttpClient::builder()
        .proxy(ags_http::ProxyConfig::None)
        .build()
        .map_err(|error| error.to_string())?;
    let config = AgsRuntimeConfig::new(base).with_auth_token(record.key.as_str());
    let runtime =
        AgsRuntime::new(config, Arc::new(http), None).map_err(|error| error.to_string())?;
    let command = Command {
        command: CommandLine::Argv(argv(record, &args)),
        cwd: args.workdir.clone().or_else(|| record.workdir.clone()),
        merge_output_streams: output::is_one_stream(),
        ..Command::default()
    };
    // It ends with this process, however that ends: its holder sees to that.
    let shown = Shown::new(output, None);
    let answer = runtime.execute_attached(attached::PATH, &command, shown);
    match answer.await {
        Ok(answer) => Ok(code(answer.exit_code)),
        Err(Error::Remote(error)) => {
            let code = match error.class() {
                ExceptionClass::FileNotFound => NOT_FOUND,
                ExceptionClass::PermissionError => NOT_EXECUTABLE,
                _ => FAILED,
            };
            output.remark(&format!("exec: {}", error.message));
            Ok(code)
        }
        // Whoever read it has had enough.
        Err(Error::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(UNREAD),
        Err(error) => Err(Failure::of(&error).text()),
    }
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
