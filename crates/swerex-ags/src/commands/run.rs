//! `swerex-ags run`: one command in a sandbox; its output and its exit code are this program's.

use std::ffi::OsStr;

use serde::Serialize;
use swerex_ags_runtime::Error;
use swerex_proto::Command;

use crate::{
    context::Context,
    home,
    kept::{Both, Kept},
    progress::Progress,
    report::{FAILED, Failure, Outcome},
    sandbox,
    serve::attached::DEFAULT_KILL_GRACE,
    shown::Shown,
    span::Span,
};

/// What a death by signal N adds to N.
const SIGNAL: i64 = 128;

/// Run one command in a fresh sandbox, then stop the sandbox
///
/// One argument is a command line for /bin/sh, several are a program and its arguments. Output and exit code are the command's; a death
/// by signal N is 128+N. Output comes while it is printed, byte for byte; with -o json the first and the last 8 MiB of each stream are kept. With
/// the Python server it comes at the end, as text.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: swerex-ags run --deployment.image=python:3.12 -- python3 -c 'print(6 * 7)'"
)]
pub(crate) struct Args {
    /// Use this running sandbox instead, and leave it running
    #[arg(short, long, value_name = "ID")]
    instance: Option<String>,
    /// How long the command may take [default: as long as it wants]
    #[arg(short, long, value_name = "SPAN", value_parser = Span::positive)]
    timeout: Option<Span>,
    /// The directory to run it in
    #[arg(short = 'C', long, value_name = "DIR")]
    cwd: Option<String>,
    /// A variable for the command; may be given more than once
    #[arg(short, long, value_name = "NAME=VALUE", value_parser = variable)]
    env: Vec<String>,
    /// With --instance, and our own server there: how long the command has from SIGTERM to SIGKILL when this program is told to end first
    #[arg(long, value_name = "SPAN", default_value_t = Span(DEFAULT_KILL_GRACE))]
    kill_grace: Span,
    /// The command, after --
    #[arg(last = true, required = true)]
    command: Vec<String>,
}

pub(crate) async fn run(args: Args, context: &Context) -> Outcome {
    let mut command = command(&args);
    let instance = args.instance.as_deref();
    sandbox::with(instance, context, async |sandbox| {
        if let Some(cwd) = &mut command.cwd {
            let expanded = home::expanded(&sandbox.runtime, OsStr::new(cwd)).await?;
            *cwd = expanded.to_string_lossy().into_owned();
        }
        let progress = Progress::spinner(&context.output);
        progress.wait("running the command");
        let command = match instance {
            // A sandbox that stays is not to keep a command that nobody hears any more.
            Some(_) => sandbox.leash(command, args.kill_grace.0),
            None => command,
        };
        let runtime = &sandbox.runtime;
        let (mut kept, is_json) = (Both::default(), context.output.is_json());
        let answer = if is_json {
            runtime.execute_streamed(&command, &mut kept).await
        } else {
            let shown = Shown::new(&context.output, Some(progress.clone()));
            runtime.execute_streamed(&command, shown).await
        };
        progress.done();
        if matches!(answer, Ok(_) | Err(Error::Remote(_))) {
            sandbox.unleash();
        }
        let answer = answer.map_err(|error| match error {
            Error::Output(error) => Failure::stdout(error),
            error => error.into(),
        })?;
        let code = exit_code(answer.exit_code)?;
        if is_json {
            let Both { stdout, stderr } = kept.finish();
            context.output.json(&Told {
                exit_code: answer.exit_code,
                instance_id: &sandbox.instance_id,
                stderr,
                stdout,
            })?;
        }
        Ok(code)
    })
    .await
}

/// The result for programs.
#[derive(Serialize)]
struct Told<'a> {
    exit_code: Option<i64>,
    instance_id: &'a str,
    stderr: Kept,
    stdout: Kept,
}

/// `NAME=VALUE`, whose name a program's environment can hold.
fn variable(text: &str) -> Result<String, String> {
    match text.split_once('=') {
        Some((name, _)) if !name.is_empty() && !name.starts_with('-') => Ok(text.to_owned()),
        _ => Err("it should be NAME=VALUE".to_owned()),
    }
}

fn command(args: &Args) -> Command {
    let mut argv: Vec<String> = Vec::new();
    // The protocol's `env` would replace the sandbox's whole environment.
    if !args.env.is_empty() {
        argv.push("env".to_owned());
        argv.extend(args.env.iter().cloned());
    }
    let command = match args.command.as_slice() {
        [line] if argv.is_empty() => Command::shell(line),
        [line] => {
            argv.extend(["/bin/sh", "-c", line].map(str::to_owned));
            Command::argv(argv)
        }
        words => {
            argv.extend(words.iter().cloned());
            Command::argv(argv)
        }
    };
    Command {
        timeout: args.timeout.map(|span| span.0.as_secs_f64()),
        cwd: args.cwd.clone(),
        ..command
    }
}

/// The code as this process can end with: a death by signal N (-N) is 128+N, as shells have it.
pub(crate) fn exit_code(code: Option<i64>) -> Outcome {
    let code = code.ok_or_else(|| Failure::failed("the server told no exit code"))?;
    let code = if code < 0 {
        SIGNAL.saturating_sub(code)
    } else {
        code
    };
    Ok(u8::try_from(code).unwrap_or(FAILED))
}

#[cfg(test)]
mod tests {
    use swerex_proto::CommandLine;

    use super::*;

    fn args(env: &[&str], words: &[&str]) -> Args {
        let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        Args {
            instance: None,
            timeout: None,
            cwd: None,
            kill_grace: Span(DEFAULT_KILL_GRACE),
            env: owned(env),
            command: owned(words),
        }
    }

    #[test]
    fn one_argument_is_a_command_line_and_several_are_a_program() {
        assert_eq!(command(&args(&[], &["ls | wc"])), Command::shell("ls | wc"));
        assert_eq!(
            command(&args(&[], &["ls", "a b"])),
            Command::argv(["ls", "a b"])
        );
    }

    #[test]
    fn variables_are_added_to_the_environment() {
        let CommandLine::Argv(argv) = command(&args(&["A=1 2"], &["echo $A"])).command else {
            panic!("a list is wanted");
        };
        assert_eq!(argv, ["env", "A=1 2", "/bin/sh", "-c", "echo $A"]);
        assert!(variable("A=").is_ok() && variable("=x").is_err() && variable("-u=x").is_err());
    }

    #[test]
    fn exit_codes_are_as_shells_have_them() {
        assert_eq!(exit_code(Some(7)), Ok(7));
        assert_eq!(exit_code(Some(-9)), Ok(137));
        assert_eq!(exit_code(Some(4096)), Ok(FAILED));
        for any in [i64::MIN, i64::MIN + 1, i64::MAX] {
            assert_eq!(exit_code(Some(any)), Ok(FAILED));
        }
        assert!(exit_code(None).is_err());
    }
}
