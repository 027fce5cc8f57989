//! What `docker` and `podman` are asked, in exactly the forms that agents use.
//!
//! An option that would change what the container is, and that a sandbox cannot honour, is refused rather than ignored.

use std::fmt;

use super::run_args::RunArgs;

/// One call of the container program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    /// `inspect IMAGE|CONTAINER`: succeeds if there is one.
    Inspect(String),
    /// `pull IMAGE`.
    Pull(String),
    /// `build -q … --build-arg BASE_IMAGE=IMAGE -`: prints an id that stands for the base image.
    Build { base: String },
    /// `run …`.
    Run(RunArgs),
    /// `exec …`.
    Exec(ExecArgs),
    /// `kill CONTAINER…`, `stop CONTAINER…`, `rm CONTAINER…`: ends them; `force`: one that is not there is no error.
    End {
        verb: &'static str,
        containers: Vec<String>,
        force: bool,
    },
    /// `rmi IMAGE…`: there is nothing to remove.
    RemoveImages(Vec<String>),
    /// `ps`.
    List,
    /// `version`, `--version`, `info`.
    Version,
}

/// `exec [-w DIR] [-e KEY=VALUE]… CONTAINER COMMAND…`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ExecArgs {
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
            return Err(Misused("no command: this stands in for docker and podman and knows inspect, pull, build, run, exec, kill, stop, rm, rmi, ps, version".to_owned()));
        };
        let mut rest = Words::new(verb, rest);
        match verb.as_str() {
            "inspect" => Ok(Self::Inspect(rest.one("an image or container")?)),
            "pull" => {
                rest.skip_flags(&["-q", "--quiet"])?;
                Ok(Self::Pull(rest.one("an image")?))
            }
            "build" => build(rest),
            "run" => Ok(Self::Run(RunArgs::parse(rest)?)),
            "exec" => exec(rest),
            "kill" => end("kill", rest),
            "stop" => end("stop", rest),
            "rm" => end("rm", rest),
            "rmi" => {
                rest.skip_flags(&["-f", "--force"])?;
                Ok(Self::RemoveImages(rest.several("an image")?))
            }
            "ps" => Ok(Self::List),
            "version" | "--version" | "-v" | "info" => Ok(Self::Version),
            other => Err(Misused(format!(
                "unknown command `{other}`: this stands in for docker and podman and knows inspect, pull, build, run, exec, kill, stop, rm, rmi, ps, version"
            ))),
        }
    }
}

fn build(mut rest: Words<'_>) -> Result<Call, Misused> {
    let mut base = None;
    while let Some(word) = rest.option()? {
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
    while let Some(word) = rest.option()? {
        match word.name.as_str() {
            "-w" | "--workdir" => args.workdir = Some(rest.value(word)?),
            "-e" | "--env" => args.env.push(pair(&rest.value(word)?)),
            // A terminal and standard input are not passed on; agents that ask for them do not use them.
            "-i" | "--interactive" | "-t" | "--tty" | "-it" | "-ti" => {}
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

fn end(verb: &'static str, mut rest: Words<'_>) -> Result<Call, Misused> {
    let mut force = false;
    while let Some(word) = rest.option()? {
        match word.name.as_str() {
            "-f" | "--force" => force = true,
            "-v" | "--volumes" if verb == "rm" => {}
            "-t" | "--time" | "--timeout" if verb == "stop" => drop(rest.value(word)?),
            "-s" | "--signal" if verb != "rm" => drop(rest.value(word)?),
            _ => return Err(rest.unknown(&word)),
        }
    }
    Ok(Call::End {
        verb,
        containers: rest.several("a container")?,
        force,
    })
}

/// `KEY=VALUE`; a bare `KEY` takes this process's value, as the originals do.
pub(super) fn pair(text: &str) -> (String, String) {
    match text.split_once('=') {
        Some((key, value)) => (key.to_owned(), value.to_owned()),
        None => (text.to_owned(), std::env::var(text).unwrap_or_default()),
    }
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

/// The arguments of one command, read from left to right.
pub(super) struct Words<'a> {
    verb: &'a str,
    words: std::iter::Peekable<std::slice::Iter<'a, String>>,
}

/// An option, with its value if it came as `--name=value`.
pub(super) struct Word {
    pub(super) name: String,
    attached: Option<String>,
}

impl<'a> Words<'a> {
    fn new(verb: &'a str, words: &'a [String]) -> Self {
        Self {
            verb,
            words: words.iter().peekable(),
        }
    }

    /// The next option; `None` when the next word is none.
    pub(super) fn option(&mut self) -> Result<Option<Word>, Misused> {
        let Some(word) = self
            .words
            .next_if(|word| word.starts_with('-') && word.len() > 1)
        else {
            return Ok(None);
        };
        Ok(Some(match word.split_once('=') {
            Some((name, value)) if name.starts_with("--") => Word {
                name: name.to_owned(),
                attached: Some(value.to_owned()),
            },
            _ => Word {
                name: word.clone(),
                attached: None,
            },
        }))
    }

    /// The value of an option.
    pub(super) fn value(&mut self, word: Word) -> Result<String, Misused> {
        match word.attached.or_else(|| self.words.next().cloned()) {
            Some(value) => Ok(value),
            None => Err(Misused(format!(
                "{}: {} needs a value",
                self.verb, word.name
            ))),
        }
    }

    pub(super) fn unknown(&self, word: &Word) -> Misused {
        Misused(format!(
            "{}: unknown option {}: a sandbox cannot honour it; remove it",
            self.verb, word.name
        ))
    }

    fn skip_flags(&mut self, known: &[&str]) -> Result<(), Misused> {
        while let Some(word) = self.option()? {
            if !known.contains(&word.name.as_str()) {
                return Err(self.unknown(&word));
            }
        }
        Ok(())
    }

    /// All words that are left.
    pub(super) fn rest(self) -> Vec<String> {
        self.words.cloned().collect()
    }

    fn several(self, what: &str) -> Result<Vec<String>, Misused> {
        let verb = self.verb;
        let rest = self.rest();
        if rest.is_empty() {
            Err(Misused(format!("{verb}: {what} is needed")))
        } else {
            Ok(rest)
        }
    }

    fn one(self, what: &str) -> Result<String, Misused> {
        let verb = self.verb;
        match <[String; 1]>::try_from(self.rest()) {
            Ok([word]) => Ok(word),
            Err(words) => Err(Misused(format!(
                "{verb}: {what} is needed, and nothing else; there are {} words",
                words.len()
            ))),
        }
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
            Ok(Call::Inspect("python:3.11".to_owned()))
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
            verb: "kill",
            containers: vec!["n-1".to_owned()],
            force: false,
        };
        assert_eq!(parse("kill n-1"), Ok(kill));
        assert_eq!(
            parse("rmi python:3.11"),
            Ok(Call::RemoveImages(vec!["python:3.11".to_owned()]))
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
        };
        assert_eq!(
            parse("exec -w /testbed -e PAGER=cat -e A=b=c abc bash -lc ls"),
            Ok(Call::Exec(expected))
        );
        let stop = Call::End {
            verb: "stop",
            containers: vec!["abc".to_owned()],
            force: false,
        };
        assert_eq!(parse("stop abc"), Ok(stop));
        let remove = Call::End {
            verb: "rm",
            containers: vec!["abc".to_owned()],
            force: true,
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
}
