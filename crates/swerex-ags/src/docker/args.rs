//! What `docker` and `podman` are asked, in exactly the forms that agents and the scripts around them use.
//!
//! An option is honoured or refused: one that would change what the container is, and that a sandbox cannot honour, is never dropped.

use std::{env, fmt, fs};

use super::{listing::ListArgs, run_args::RunArgs, words::Words};

/// What is known, for those who ask something else.
const KNOWN: &str =
    "inspect, pull, build, run, exec, kill, stop, rm, rmi, ps, images, info, version";

/// One call of the container program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    /// `inspect`, `container inspect`, `image inspect`.
    Inspect(InspectArgs),
    /// `pull IMAGE`.
    Pull(String),
    /// `build -q … --build-arg BASE_IMAGE=IMAGE -`: prints an id that stands for the base image.
    Build { base: String },
    /// `run …`.
    Run(RunArgs),
    /// `exec …`.
    Exec(ExecArgs),
    /// `kill CONTAINER…`, `stop CONTAINER…`, `rm CONTAINER…`: ends them.
    End { verb: End, containers: Vec<String> },
    /// `rmi IMAGE…`: they are not known any more.
    RemoveImages { images: Vec<String>, force: bool },
    /// `ps`, `container ls`.
    List(ListArgs),
    /// `images [-q] [NAME]`, `image ls`.
    Images { quiet: bool, name: Option<String> },
    /// `version`, `info`, `--version`.
    Version,
}

/// How a container is to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Kill,
    Stop,
    /// `force`: also one that runs, and one that is not there is no error.
    Remove {
        force: bool,
    },
}

/// `inspect [-f TEMPLATE] [--type KIND] NAME…`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct InspectArgs {
    pub(crate) kind: Kind,
    pub(crate) format: Option<String>,
    pub(crate) names: Vec<String>,
}

/// What is inspected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Kind {
    #[default]
    Any,
    Container,
    Image,
}

/// `exec [-d] [-u USER] [-w DIR] [-e KEY=VALUE]… [--env-file FILE] CONTAINER COMMAND…`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ExecArgs {
    /// Return at once; nobody sees its output.
    pub(crate) detach: bool,
    /// Standard input is to be passed on.
    pub(crate) interactive: bool,
    pub(crate) user: Option<String>,
    pub(crate) workdir: Option<String>,
    pub(crate) env: Vec<(String, String)>,
    pub(crate) container: String,
    pub(crate) command: Vec<String>,
}

/// Why a call is not understood: the argument and the remedy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Misused(pub(crate) String);

impl fmt::Display for Misused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Misused {}

impl Call {
    /// Reads the arguments after the program's name.
    ///
    /// # Errors
    /// An unknown command or option, or a missing argument.
    pub(crate) fn parse(args: &[String]) -> Result<Self, Misused> {
        let Some((verb, rest)) = args.split_first() else {
            return Err(Misused(format!(
                "no command: this stands in for docker and podman and knows {KNOWN}"
            )));
        };
        if let ("container" | "image", Some((word, rest))) = (verb.as_str(), rest.split_first()) {
            return match (verb.as_str(), word.as_str()) {
                ("container", "inspect") => inspect(Kind::Container, rest),
                ("image", "inspect") => inspect(Kind::Image, rest),
                ("container", "ls" | "list" | "ps") => Self::of("ps", rest),
                ("image", "ls" | "list") => Self::of("images", rest),
                ("image", "rm" | "remove") => Self::of("rmi", rest),
                ("image", "pull" | "build") => Self::of(word, rest),
                ("container", "run" | "exec" | "kill" | "stop" | "rm") => Self::of(word, rest),
                _ => Err(unknown(&format!("{verb} {word}"))),
            };
        }
        Self::of(verb, rest)
    }

    fn of(verb: &str, words: &[String]) -> Result<Self, Misused> {
        let of = |valued| Words::new(verb, valued, words);
        match verb {
            "inspect" => inspect(Kind::Any, words),
            "pull" => pull(of("")),
            "build" => build(of("t")),
            "run" => Ok(Self::Run(RunArgs::parse(of(RunArgs::VALUED))?)),
            "exec" => exec(of("euw")),
            "kill" => end(End::Kill, of("s")),
            "stop" => end(End::Stop, of("st")),
            "rm" => end(End::Remove { force: false }, of("")),
            "rmi" => remove_images(of("")),
            "ps" => Ok(Self::List(ListArgs::parse(of("fn"))?)),
            "images" => images(of("f")),
            "version" | "info" => of("f").none().map(|()| Self::Version),
            "--version" | "-v" => Ok(Self::Version),
            other => Err(unknown(other)),
        }
    }
}

fn unknown(command: &str) -> Misused {
    Misused(format!(
        "unknown command `{command}`: this stands in for docker and podman and knows {KNOWN}"
    ))
}

fn inspect(mut kind: Kind, words: &[String]) -> Result<Call, Misused> {
    let mut rest = Words::new("inspect", "f", words);
    let mut format = None;
    while let Some(word) = rest.option() {
        match word.name.as_str() {
            "-f" | "--format" => format = Some(rest.value(word)?),
            "--type" if kind == Kind::Any => {
                kind = match rest.value(word)?.as_str() {
                    "container" => Kind::Container,
                    "image" => Kind::Image,
                    other => {
                        return Err(rest
                            .misused(&format!("--type {other}: it should be container or image")));
                    }
                }
            }
            _ => return Err(rest.unknown(&word)),
        }
    }
    Ok(Call::Inspect(InspectArgs {
        kind,
        format,
        names: rest.several("an image or container")?,
    }))
}

fn pull(mut rest: Words<'_>) -> Result<Call, Misused> {
    while let Some(word) = rest.option() {
        match word.name.as_str() {
            // Nothing is drawn either way.
            "-q" | "--quiet" => drop(rest.is_on(&word)?),
            "--platform" => platform(&rest.value(word)?)?,
            _ => return Err(rest.unknown(&word)),
        }
    }
    Ok(Call::Pull(rest.one("an image")?))
}

fn images(mut rest: Words<'_>) -> Result<Call, Misused> {
    let mut quiet = false;
    while let Some(word) = rest.option() {
        match word.name.as_str() {
            "-q" | "--quiet" => quiet = rest.is_on(&word)?,
            _ => return Err(rest.unknown(&word)),
        }
    }
    let mut names = rest.rest();
    let name = names.pop();
    if names.is_empty() {
        Ok(Call::Images { quiet, name })
    } else {
        Err(Misused("images: one name at most".to_owned()))
    }
}

fn remove_images(mut rest: Words<'_>) -> Result<Call, Misused> {
    let mut force = false;
    while let Some(word) = rest.option() {
        match word.name.as_str() {
            "-f" | "--force" => force = rest.is_on(&word)?,
            _ => return Err(rest.unknown(&word)),
        }
    }
    let images = rest.several("an image")?;
    Ok(Call::RemoveImages { images, force })
}

fn build(mut rest: Words<'_>) -> Result<Call, Misused> {
    let mut base = None;
    while let Some(word) = rest.option() {
        match word.name.as_str() {
            "-q" | "--quiet" => {}
            "--platform" => platform(&rest.value(word)?)?,
            "--build-arg" => {
                let value = rest.value(word)?;
                if let Some(image) = value.strip_prefix("BASE_IMAGE=") {
                    base = Some(image.to_owned());
                }
            }
            _ => return Err(rest.unknown(&word)),
        }
    }
    match (base, rest.one("`-`, the Dockerfile on standard input")?.as_str()) {
        (Some(base), "-") => Ok(Call::Build { base }),
        _ => Err(Misused(
            "build: only SWE-ReX's own build is known (`--build-arg BASE_IMAGE=IMAGE -`); sandboxes run images from a registry, so build and push elsewhere".to_owned(),
        )),
    }
}

fn exec(mut rest: Words<'_>) -> Result<Call, Misused> {
    let mut args = ExecArgs::default();
    while let Some(word) = rest.option() {
        match word.name.as_str() {
            "-d" | "--detach" => args.detach = rest.is_on(&word)?,
            "-i" | "--interactive" => args.interactive = rest.is_on(&word)?,
            // There is none to give; agents that ask for one do not use it.
            "-t" | "--tty" => drop(rest.is_on(&word)?),
            "-u" | "--user" => args.user = Some(rest.value(word)?),
            "-w" | "--workdir" => args.workdir = Some(rest.value(word)?),
            "-e" | "--env" => args.env.extend(pair(&rest.value(word)?)),
            "--env-file" => args.env.extend(env_file("exec", &rest.value(word)?)?),
            _ => return Err(rest.unknown(&word)),
        }
    }
    let mut words = rest.rest();
    if words.len() < 2 {
        return Err(Misused(
            "exec: a container and a command are needed".to_owned(),
        ));
    }
    args.container = words.remove(0);
    args.command = words;
    Ok(Call::Exec(args))
}

fn end(mut verb: End, mut rest: Words<'_>) -> Result<Call, Misused> {
    while let Some(word) = rest.option() {
        match (verb, word.name.as_str()) {
            (End::Remove { .. }, "-f" | "--force") => {
                verb = End::Remove {
                    force: rest.is_on(&word)?,
                };
            }
            // A sandbox has no volumes that outlive it.
            (End::Remove { .. }, "-v" | "--volumes") => drop(rest.is_on(&word)?),
            // A sandbox ends at once, which is within every time.
            (End::Stop, "-t" | "--time" | "--timeout") => {
                let text = rest.value(word)?;
                if text.parse::<i64>().is_err() {
                    return Err(rest.misused(&format!("--time {text}: it should be a number")));
                }
            }
            (End::Stop | End::Kill, "-s" | "--signal") => ending(&rest.value(word)?)?,
            _ => return Err(rest.unknown(&word)),
        }
    }
    Ok(Call::End {
        verb,
        containers: rest.several("a container")?,
    })
}

/// Only signals that end a container can be honoured: there is no process here to send another one to.
fn ending(signal: &str) -> Result<(), Misused> {
    let name = signal.to_ascii_uppercase();
    match name.strip_prefix("SIG").unwrap_or(&name) {
        "KILL" | "TERM" | "INT" | "QUIT" | "HUP" | "9" | "15" | "2" | "3" | "1" => Ok(()),
        _ => Err(Misused(format!(
            "--signal {signal}: a sandbox is only ended; KILL, TERM, INT, QUIT and HUP do that"
        ))),
    }
}

/// `KEY=VALUE`; a bare `KEY` takes this process's value, and is left out where there is none, as the originals do.
pub(super) fn pair(text: &str) -> Option<(String, String)> {
    match text.split_once('=') {
        Some((key, value)) => Some((key.to_owned(), value.to_owned())),
        None => Some((text.to_owned(), env::var(text).ok()?)),
    }
}

/// A file of [`pair`]s, one a line; lines that begin with `#` and empty ones say nothing.
pub(super) fn env_file(verb: &str, path: &str) -> Result<Vec<(String, String)>, Misused> {
    let text = fs::read_to_string(path)
        .map_err(|error| Misused(format!("{verb}: --env-file {path}: {error}")))?;
    let mut env = Vec::new();
    for line in text.lines() {
        let line = line.trim_start();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let key = line.split('=').next().unwrap_or_default();
        if key.is_empty() || key.contains(char::is_whitespace) {
            // The line may hold a secret: only its key is told.
            return Err(Misused(format!(
                "{verb}: --env-file {path}: `{key}` is no name of a variable"
            )));
        }
        env.extend(pair(line));
    }
    Ok(env)
}

/// Sandboxes are linux/amd64.
pub(super) fn platform(platform: &str) -> Result<(), Misused> {
    match platform {
        "linux/amd64" | "linux/x86_64" | "amd64" => Ok(()),
        other => Err(Misused(format!(
            "--platform {other}: AGS runs linux/amd64 only"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Call, Misused> {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        Call::parse(&words)
    }

    #[test]
    fn what_swe_rex_asks() {
        assert_eq!(
            parse("inspect python:3.11"),
            Ok(Call::Inspect(InspectArgs {
                names: vec!["python:3.11".to_owned()],
                ..InspectArgs::default()
            }))
        );
        assert_eq!(
            parse("pull python:3.11"),
            Ok(Call::Pull("python:3.11".to_owned()))
        );
        let build = Ok(Call::Build {
            base: "python:3.11".to_owned(),
        });
        assert_eq!(
            parse("build -q --platform linux/amd64 --build-arg BASE_IMAGE=python:3.11 -"),
            build
        );
        assert_eq!(
            parse("build -q --build-arg BASE_IMAGE=python:3.11 -"),
            build
        );
        let kill = Call::End {
            verb: End::Kill,
            containers: vec!["n-1".to_owned()],
        };
        assert_eq!(parse("kill n-1"), Ok(kill));
        assert_eq!(
            parse("rmi python:3.11"),
            Ok(Call::RemoveImages {
                images: vec!["python:3.11".to_owned()],
                force: false
            })
        );
    }

    #[test]
    fn what_mini_swe_agent_asks() {
        let expected = ExecArgs {
            workdir: Some("/testbed".to_owned()),
            env: vec![
                ("PAGER".to_owned(), "cat".to_owned()),
                ("A".to_owned(), "b=c".to_owned()),
            ],
            container: "abc".to_owned(),
            command: vec!["bash".to_owned(), "-lc".to_owned(), "ls".to_owned()],
            ..ExecArgs::default()
        };
        assert_eq!(
            parse("exec -w /testbed -e PAGER=cat -e A=b=c abc bash -lc ls"),
            Ok(Call::Exec(expected))
        );
        let stop = Call::End {
            verb: End::Stop,
            containers: vec!["abc".to_owned()],
        };
        assert_eq!(parse("stop abc"), Ok(stop));
        let remove = Call::End {
            verb: End::Remove { force: true },
            containers: vec!["abc".to_owned()],
        };
        assert_eq!(parse("rm -f abc"), Ok(remove));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let why = |line: &str| parse(line).unwrap_err().to_string();
        assert!(why("compose up").contains("`compose`"));
        assert!(why("build -t x .").contains("-t"));
        assert!(why("build .").contains("BASE_IMAGE"));
        assert!(why("exec abc").contains("a command"));
        assert!(why("kill").contains("a container is needed"));
        assert!(
            why("build --platform linux/arm64 --build-arg BASE_IMAGE=x -").contains("linux/amd64")
        );
    }

    #[test]
    fn options_are_honoured_or_refused() {
        let Ok(Call::Exec(args)) = parse("exec -itu root -eA=1 -e NO_SUCH_VARIABLE -d abc true")
        else {
            panic!("it is not understood");
        };
        assert!(args.interactive && args.detach);
        assert_eq!(args.user.as_deref(), Some("root"));
        assert_eq!(args.env, [("A".to_owned(), "1".to_owned())]);
        let Ok(Call::Exec(args)) = parse("exec -i=false abc true") else {
            panic!("it is not understood");
        };
        assert!(!args.interactive);
        for refused in [
            "ps --nonsense",
            "ps -z",
            "ps a",
            "ps --filter color=red",
            "ps --filter status=happy",
            "ps -n x",
            "kill -s USR1 abc",
            "stop -t soon abc",
            "rm --link abc",
            "version --format {{.Server.Version}}",
            "info --format {{.ServerVersion}}",
            "exec --privileged abc true",
            "inspect --type volume x",
        ] {
            assert!(parse(refused).is_err(), "{refused}");
        }
        for known in [
            "kill -s 9 abc",
            "kill --signal=SIGTERM abc",
            "stop -t 1 abc",
            "stop -t1 abc",
            "container ls -aq",
            "image inspect x",
            "images -q",
        ] {
            assert!(parse(known).is_ok(), "{known}");
        }
    }

    #[test]
    fn a_file_of_variables_is_read() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let path = file.path().to_str().unwrap();
        fs::write(path, "# a comment\n\nA=b=c\nNO_SUCH_VARIABLE\n B= x\n").unwrap();
        let env = env_file("run", path).unwrap();
        let expected = [("A", "b=c"), ("B", " x")];
        assert_eq!(
            env,
            expected.map(|(key, value)| (key.to_owned(), value.to_owned()))
        );
        fs::write(path, "A B=secret\n").unwrap();
        let wrong = env_file("run", path).unwrap_err().0;
        assert!(
            wrong.contains("`A B`") && !wrong.contains("secret"),
            "{wrong}"
        );
        assert!(env_file("run", "/no/such/file").is_err());
    }
}
