//! `exec`: one command in a container, its output and its exit code.

use std::{error::Error as _, io, sync::Arc};

use ags_http::{HttpClient, body};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header};
use swerex_ags_runtime::{AgsRuntime, AgsRuntimeConfig, DEFAULT_MAX_REPLY, Error, Lost, Tried};
use swerex_proto::{Command, CommandLine, CommandResponse, ExceptionBody, ExceptionClass};

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
    match attached(&runtime, &command).await {
        Ok(answer) => {
            write(&mut io::stdout(), &answer.stdout)?;
            write(&mut io::stderr(), &answer.stderr)?;
            Ok(code(answer.exit_code))
        }
        Err(Error::Remote(error)) => {
            let code = match error.class() {
                ExceptionClass::FileNotFound => NOT_FOUND,
                ExceptionClass::PermissionError => NOT_EXECUTABLE,
                _ => FAILED,
            };
            write(&mut io::stderr(), &format!("exec: {}\n", error.message))?;
            Ok(code)
        }
        Err(error) => Err(match error.source() {
            Some(cause) => format!("{error}: {cause}"),
            None => error.to_string(),
        }),
    }
}

/// Has the holder of the container run the command, which ends with this process however that ends.
async fn attached(runtime: &AgsRuntime, command: &Command) -> Result<CommandResponse, Error> {
    const CALL: &str = "exec";
    let invalid = |error: serde_json::Error| Error::Invalid(error.to_string());
    let text = Bytes::from(serde_json::to_vec(command).map_err(invalid)?);
    let headers = HeaderMap::from_iter([
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        ),
        (header::CONTENT_LENGTH, HeaderValue::from(text.len())),
    ]);
    let body = move || Ok(body::full(text.clone()));
    let answer = runtime.forward(attached::PATH, headers, body, None).await?;
    let status = answer.status();
    let bytes = body::collect(answer.into_body(), DEFAULT_MAX_REPLY)
        .await
        .map_err(|source| Error::UnknownOutcome {
            call: CALL,
            source: Lost::Transport(source),
            tried: Tried::default(),
        })?;
    if status.is_success() {
        return serde_json::from_slice(&bytes).map_err(invalid);
    }
    match serde_json::from_slice::<ExceptionBody>(&bytes) {
        Ok(body) => Err(Error::Remote(body.swerexception)),
        Err(_) => Err(Error::Refused {
            call: CALL,
            status,
            message: String::from_utf8_lossy(&bytes).into_owned(),
            tried: Tried::default(),
        }),
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

fn write(to: &mut impl io::Write, text: &str) -> Result<(), String> {
    match to.write_all(text.as_bytes()).and_then(|()| to.flush()) {
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
