//! The command line of `swerex-remote`.

use std::{ffi::OsString, fs, time::Duration};

use swerex_proto::route::AUTH_TOKEN_VARIABLE;

/// What the program is asked to do.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// To serve.
    Serve(Options),
    /// To print something and end well.
    Print(String),
    /// To say that it was not understood, with this exit code.
    Refuse(String, u8),
}

/// How it serves.
#[derive(PartialEq, Eq)]
pub(crate) struct Options {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) auth_token: String,
    pub(crate) exit_when_idle: Option<Duration>,
    pub(crate) kill_grace: Option<Duration>,
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("exit_when_idle", &self.exit_when_idle)
            .field("kill_grace", &self.kill_grace)
            .finish_non_exhaustive()
    }
}

/// The version of SWE-ReX that this stands in for; clients compare it.
const COMPATIBLE_WITH: &str = "1.4.0";

const USAGE: &str = "usage: swerex-remote [-h] [--host HOST] [--port PORT] [--auth-token TOKEN | --auth-token-file FILE]
                     [--exit-when-idle SECONDS] [--kill-grace SECONDS]";

const HELP: &str = "
Run the SWE-ReX server

options:
  -h, --help            show this help message and exit
  -v, --version         print the version of SWE-ReX that this server is compatible with; alone only
  --host HOST           address to listen on (default: 0.0.0.0)
  --port PORT           port to listen on; 0 takes a free one and prints it (default: 8000)
  --auth-token TOKEN    what clients must send as X-API-Key; empty switches that off
  --auth-token-file FILE
                        the same from a file, so that it stands in no list of processes
  --exit-when-idle SECONDS
                        end after this time without a request (default: never)
  --kill-grace SECONDS  time to end before SIGKILL: after SIGTERM for a command that runs into its timeout, after
                        SIGHUP for what runs in a session or terminal that is closed (default: 0.2)

environment:
  SWEREX_AUTH_TOKEN     the same again, where none of the above gives a key or it is empty; commands do not see it";

/// Reads the arguments behind the program's name; `variable` is the value of [`AUTH_TOKEN_VARIABLE`].
pub(crate) fn read(args: impl IntoIterator<Item = OsString>, variable: Option<OsString>) -> Asked {
    let mut words = Vec::new();
    for arg in args {
        match arg.into_string() {
            Ok(word) => words.push(word),
            Err(arg) => return refuse(&format!("{} is not text", arg.display())),
        }
    }
    let is_version = |word: &String| word == "-v" || word == "--version";
    if words.iter().any(is_version) {
        return if words.iter().all(is_version) {
            Asked::Print(COMPATIBLE_WITH.to_owned())
        } else {
            Asked::Refuse(
                "Error: --version cannot be combined with other arguments".to_owned(),
                1,
            )
        };
    }
    if words.iter().any(|word| word == "-h" || word == "--help") {
        return Asked::Print(format!("{USAGE}\n{HELP}"));
    }
    let variable = match variable.map(OsString::into_string) {
        Some(Err(_)) => return refuse(&format!("{AUTH_TOKEN_VARIABLE} is not text")),
        Some(Ok(token)) => Some(token),
        None => None,
    };
    match options(words, variable) {
        Ok(options) => Asked::Serve(options),
        Err(problem) => refuse(&problem),
    }
}

fn refuse(problem: &str) -> Asked {
    Asked::Refuse(format!("{USAGE}\nswerex-remote: error: {problem}"), 2)
}

fn options(words: Vec<String>, variable: Option<String>) -> Result<Options, String> {
    let mut host = "0.0.0.0".to_owned();
    let mut port = 8000;
    let mut auth_token = None;
    let (mut exit_when_idle, mut kill_grace) = (None, None);
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        let (name, attached) = match word.split_once('=') {
            Some((name, value)) if name.starts_with("--") => {
                (name.to_owned(), Some(value.to_owned()))
            }
            _ => (word, None),
        };
        let known = [
            "--host",
            "--port",
            "--auth-token",
            "--auth-token-file",
            "--exit-when-idle",
            "--kill-grace",
        ];
        if !known.contains(&name.as_str()) {
            return Err(format!("unrecognized arguments: {name}"));
        }
        let value = attached
            // What looks like the next option is one, as for the original.
            .or_else(|| words.next().filter(|word| !word.starts_with("--")))
            .ok_or_else(|| format!("argument {name}: expected one argument"))?;
        match name.as_str() {
            "--host" => host = value,
            "--port" => {
                port = value
                    .parse()
                    .map_err(|_| format!("argument --port: not a port: '{value}'"))?;
            }
            "--auth-token" => auth_token = Some(value),
            "--auth-token-file" => {
                let text = fs::read_to_string(&value)
                    .map_err(|error| format!("argument --auth-token-file: {value}: {error}"))?;
                auth_token = Some(text.trim_end_matches(['\r', '\n']).to_owned());
            }
            "--kill-grace" => kill_grace = Some(seconds(&name, &value, |_| true)?),
            _ => exit_when_idle = Some(seconds(&name, &value, |time| !time.is_zero())?),
        }
    }
    Ok(Options {
        host,
        port,
        auth_token: key(auth_token, variable)?,
        exit_when_idle,
        kill_grace,
    })
}

/// The variable adds a key where the command line has none: a start command can give an empty one for all kinds of servers.
fn key(argument: Option<String>, variable: Option<String>) -> Result<String, String> {
    let given = |key: &Option<String>| key.as_ref().is_some_and(|key| !key.is_empty());
    if given(&variable) && !given(&argument) {
        return Ok(variable.unwrap_or_default());
    }
    argument.ok_or_else(|| {
        format!(
            "the following arguments are required: --auth-token (or --auth-token-file, or {AUTH_TOKEN_VARIABLE} in the environment)"
        )
    })
}

fn seconds(
    name: &str,
    value: &str,
    may_be: impl FnOnce(&Duration) -> bool,
) -> Result<Duration, String> {
    value
        .parse()
        .ok()
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .filter(may_be)
        .ok_or_else(|| format!("argument {name}: not a number of seconds: '{value}'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(line: &str) -> Asked {
        asked_with(line, None)
    }

    fn asked_with(line: &str, variable: Option<&str>) -> Asked {
        let words = line.split(' ').filter(|word| !word.is_empty());
        read(words.map(OsString::from), variable.map(OsString::from))
    }

    fn code(line: &str) -> u8 {
        match asked(line) {
            Asked::Refuse(_, code) => code,
            _ => 0,
        }
    }

    #[test]
    fn the_same_line_as_the_original_takes() {
        let Asked::Serve(options) = asked("--host 127.0.0.1 --port=0 --auth-token t") else {
            panic!("it is to serve");
        };
        assert_eq!((options.host.as_str(), options.port), ("127.0.0.1", 0));
        assert_eq!(options.auth_token, "t");
        assert_eq!(asked("-v"), Asked::Print("1.4.0".to_owned()));
        assert_eq!(asked("--version"), Asked::Print("1.4.0".to_owned()));
    }

    #[test]
    fn exit_codes() {
        assert_eq!(code("--version --port 1"), 1);
        assert_eq!(code(""), 2);
        assert_eq!(code("--auth-token t --nope"), 2);
        assert_eq!(code("--auth-token t --port x"), 2);
        assert_eq!(code("--auth-token"), 2);
        assert_eq!(code("--auth-token --host 0.0.0.0"), 2);
        assert_eq!(code("--auth-token t --exit-when-idle 0"), 2);
        assert_eq!(code("--auth-token t --exit-when-idle 0.5"), 0);
        assert_eq!(code("--auth-token t --kill-grace -1"), 2);
        assert_eq!(code("--auth-token t --kill-grace x"), 2);
        assert_eq!(code("--auth-token t --kill-grace=0"), 0);
    }

    #[test]
    fn the_variable_adds_a_key_where_the_line_has_none() {
        let key = |line, variable| match asked_with(line, variable) {
            Asked::Serve(options) => options.auth_token,
            _ => "refused".to_owned(),
        };
        assert_eq!(key("--auth-token=", Some("k")), "k");
        assert_eq!(key("", Some("k")), "k");
        assert_eq!(key("--auth-token a", Some("k")), "a");
        assert_eq!(key("--auth-token=", Some("")), "");
        assert_eq!(key("--auth-token=", None), "");
        assert_eq!(key("", Some("")), "refused");
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(&file, "f\n").unwrap();
        let line = format!("--auth-token-file {}", file.path().display());
        assert_eq!(key(&line, Some("k")), "f");
        fs::write(&file, "\n").unwrap();
        assert_eq!(key(&line, Some("k")), "k");
        assert_eq!(key(&line, None), "");
    }

    #[test]
    fn the_token_is_not_shown() {
        assert!(!format!("{:?}", asked("--auth-token s3cret")).contains("s3cret"));
    }
}
