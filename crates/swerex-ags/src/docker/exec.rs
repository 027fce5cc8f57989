//! `exec`: one command in a container, its output and its exit code.

use std::{error::Error as _, io, sync::Arc};

use ags_http::HttpClient;
use bytes::Bytes;
use swerex_ags_runtime::{AgsRuntime, AgsRuntimeConfig, Error, Sink};
use swerex_proto::{Command, CommandLine, ExceptionClass, native::Stream};

use super::{args::ExecArgs, records::Record};
use crate::serve::attached;

/// Exit code when the container program itself fails.
pub(crate) const FAILED: u8 = 125;
/// Exit codes as shells and docker have them.
const NOT_EXECUTABLE: u8 = 126;
const NOT_FOUND: u8 = 127;
const SIGNAL: i64 = 128;

/// Runs the command and gives its exit code, or what went wrong.
pub(crate) async fn run(record: &Record, args: ExecArgs) -> Result<u8, String> {
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
        merge_output_streams: is_one_stream(),
        ..Command::default()
    };
    let answer = runtime.execute_attached(attached::PATH, &command, Printed);
    match answer.await {
        Ok(answer) => Ok(code(answer.exit_code)),
        Err(Error::Remote(error)) => {
            let code = match error.class() {
                ExceptionClass::FileNotFound => NOT_FOUND,
                ExceptionClass::PermissionError => NOT_EXECUTABLE,
                _ => FAILED,
            };
            write(
                &mut io::stderr(),
                format!("exec: {}\n", error.message).as_bytes(),
            )?;
            Ok(code)
        }
        Err(error) => Err(match error.source() {
            Some(cause) => format!("{error}: {cause}"),
            None => error.to_string(),
        }),
    }
}

/// Prints what a command in the container prints.
struct Printed;

impl Sink for Printed {
    async fn take(&mut self, stream: Stream, piece: Bytes) -> io::Result<()> {
        let printed = match stream {
            Stream::Stdout => write(&mut io::stdout(), &piece),
            Stream::Stderr => write(&mut io::stderr(), &piece),
        };
        printed.map_err(io::Error::other)
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

/// Whether stdout and stderr are one: then the output is to come in order.
fn is_one_stream() -> bool {
    let of = |fd: std::os::fd::BorrowedFd<'_>| {
        rustix::fs::fstat(fd)
            .map(|stat| (stat.st_dev, stat.st_ino))
            .ok()
    };
    let (out, err) = (of(rustix::stdio::stdout()), of(rustix::stdio::stderr()));
    out.is_some() && out == err
}

/// Docker's exit code: 128+N for a death by signal N.
fn code(code: Option<i64>) -> u8 {
    let code = code.unwrap_or_else(|| i64::from(FAILED));
    let code = if code < 0 { SIGNAL - code } else { code };
    u8::try_from(code & 255).unwrap_or(FAILED)
}

fn write(to: &mut impl io::Write, text: &[u8]) -> Result<(), String> {
    match to.write_all(text).and_then(|()| to.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(format!("cannot write: {error}"))
        }
        _ => Ok(()),
    }
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
    }
}
