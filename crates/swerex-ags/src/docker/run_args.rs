//! The arguments of `run`, and what of them a sandbox takes on.

use super::{
    args::{Misused, Word, Words, pair, platform},
    owner::{self, Choice},
};

/// A label of this form sets a key of the deployment: `--label=ags.region=ap-chongqing`.
const LABEL: &str = "ags.";

/// `run [-d] [--rm] [-p HOST:CONTAINER] [-w DIR] [-e KEY=VALUE]… [--name NAME] IMAGE COMMAND…`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct RunArgs {
    pub(crate) detach: bool,
    pub(crate) name: Option<String>,
    /// The port on this machine, and the server's in the sandbox.
    pub(crate) port: Option<(u16, u16)>,
    pub(crate) workdir: Option<String>,
    pub(crate) env: Vec<(String, String)>,
    pub(crate) image: String,
    pub(crate) command: Vec<String>,
    /// Keys of the deployment and their values, in the order given.
    pub(crate) deployment: Vec<(String, String)>,
    /// Whose a detached container is.
    pub(crate) owner: Choice,
    /// Say nothing that was not asked for.
    pub(crate) quiet: bool,
    /// How many seconds a container whose command is not known any more would last.
    pub(crate) lifetime_of: Option<u64>,
}

impl RunArgs {
    pub(super) fn parse(mut rest: Words<'_>) -> Result<Self, Misused> {
        let mut args = Self::default();
        while let Some(word) = rest.option()? {
            args.option(&mut rest, word)?;
        }
        let mut words = rest.rest();
        if words.is_empty() {
            return Err(Misused("run: an image is needed".to_owned()));
        }
        args.image = words.remove(0);
        args.command = words;
        Ok(args)
    }

    fn option(&mut self, rest: &mut Words<'_>, word: Word) -> Result<(), Misused> {
        match word.name.as_str() {
            "-d" | "--detach" => self.detach = true,
            "--rm" | "-i" | "-t" | "-it" | "--init" => {}
            "-q" | "--quiet" => self.quiet = true,
            "--name" => self.name = Some(rest.value(word)?),
            "-w" | "--workdir" => self.workdir = Some(rest.value(word)?),
            "-e" | "--env" => self.env.push(pair(&rest.value(word)?)),
            "--platform" => platform(&rest.value(word)?)?,
            "-p" | "--publish" => self.port = Some(port(&rest.value(word)?)?),
            "-m" | "--memory" => self
                .deployment
                .push(("memory".to_owned(), memory(&rest.value(word)?)?)),
            "--cpus" => self.deployment.push(("cpu".to_owned(), rest.value(word)?)),
            "-l" | "--label" => {
                let (key, value) = pair(&rest.value(word)?);
                if key == owner::LABEL {
                    self.owner = Choice::parse(&value).ok_or_else(|| {
                        let choices = owner::CHOICES;
                        Misused(format!(
                            "run: --label {key}={value}: it should be {choices}"
                        ))
                    })?;
                }
                // Other labels mark containers for their owners; they change nothing.
                if let Some(key) = key.strip_prefix(LABEL) {
                    self.deployment.push((key.to_owned(), value));
                }
            }
            _ => return Err(rest.unknown(&word)),
        }
        Ok(())
    }

    /// The key of the SWE-ReX server that the command starts, if it starts one.
    pub(crate) fn auth_token(&self) -> Option<String> {
        let line = self.command.join(" ");
        let (_, after) = line.split_once("--auth-token")?;
        let token = after
            .trim_start_matches(['=', ' '])
            .split_whitespace()
            .next()?;
        Some(token.trim_matches(['"', '\'', ')']).to_owned())
    }

    /// How long a container of `sleep DURATION` would last, as AGS writes durations.
    pub(crate) fn lifetime(&self) -> Option<String> {
        let [sleep, duration] = self.command.as_slice() else {
            return None;
        };
        let (number, unit) = match duration.find(|c: char| !c.is_ascii_digit()) {
            Some(at) => duration.split_at(at),
            None => (duration.as_str(), "s"),
        };
        let known = sleep == "sleep" && !number.is_empty() && matches!(unit, "s" | "m" | "h");
        known.then(|| format!("{number}{unit}"))
    }
}

/// `HOST:CONTAINER` or `ADDRESS:HOST:CONTAINER` on loopback.
fn port(text: &str) -> Result<(u16, u16), Misused> {
    let refuse = || {
        Misused(format!(
            "run: -p {text}: it should be PORT:PORT, as in 8123:8000"
        ))
    };
    let mut parts = text.rsplit(':');
    let mut number = || parts.next()?.parse().ok().filter(|port: &u16| *port != 0);
    let (inside, outside) = (number().ok_or_else(refuse)?, number().ok_or_else(refuse)?);
    match parts.next() {
        None | Some("127.0.0.1" | "localhost") => Ok((outside, inside)),
        Some(address) => Err(Misused(format!(
            "run: -p {text}: only loopback is listened on, not {address}"
        ))),
    }
}

/// Docker's `10g` is AGS's `10Gi`.
fn memory(text: &str) -> Result<String, Misused> {
    let lower = text.to_ascii_lowercase();
    let split = lower
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(lower.len());
    let (number, unit) = lower.split_at(split);
    match (number, unit) {
        ("", _) => {}
        (_, "g" | "gb" | "gi") => return Ok(format!("{number}Gi")),
        (_, "m" | "mb" | "mi") => return Ok(format!("{number}Mi")),
        _ => {}
    }
    Err(Misused(format!(
        "run: --memory {text}: it should be a number with m or g, as in 4g"
    )))
}

#[cfg(test)]
mod tests {
    use super::super::args::Call;
    use super::*;

    fn run(words: &[&str]) -> Result<RunArgs, Misused> {
        let words: Vec<String> = ["run"]
            .iter()
            .chain(words)
            .map(|word| (*word).to_owned())
            .collect();
        match Call::parse(&words)? {
            Call::Run(args) => Ok(args),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_swe_rex_runs() {
        let command = "swerex-remote --auth-token 0f-1 || (python3 -m pip install pipx && pipx run swe-rex --auth-token 0f-1)";
        let args = run(&[
            "--rm",
            "-p",
            "8123:8000",
            "--platform",
            "linux/amd64",
            "--label=ags.region=ap-chongqing",
            "--memory=10g",
            "--label",
            "team=x",
            "--name",
            "py-1",
            "python:3.11",
            "/bin/sh",
            "-c",
            command,
        ])
        .unwrap();
        assert_eq!(args.port, Some((8123, 8000)));
        assert_eq!(args.image, "python:3.11");
        assert_eq!(args.auth_token().as_deref(), Some("0f-1"));
        let expected = [("region", "ap-chongqing"), ("memory", "10Gi")];
        assert_eq!(
            args.deployment,
            expected.map(|(key, value)| (key.to_owned(), value.to_owned()))
        );
        assert!(!args.detach);

        let standalone = run(&[
            "sha256:ab",
            "/bin/sh",
            "-c",
            "/root/python3.11/bin/swerex-remote --auth-token 0f-2",
        ])
        .unwrap();
        assert_eq!(standalone.auth_token().as_deref(), Some("0f-2"));
    }

    #[test]
    fn what_mini_swe_agent_runs() {
        let args = run(&[
            "-d",
            "--name",
            "minisweagent-1",
            "-w",
            "/testbed",
            "--rm",
            "python:3.11",
            "sleep",
            "2h",
        ])
        .unwrap();
        assert!(args.detach);
        assert_eq!(args.workdir.as_deref(), Some("/testbed"));
        assert_eq!(args.lifetime().as_deref(), Some("2h"));
        assert_eq!(args.auth_token(), None);
    }

    #[test]
    fn what_a_sandbox_cannot_honour_is_refused() {
        let why = |words: &[&str]| run(words).unwrap_err().to_string();
        assert!(why(&["-v", "/a:/b", "x"]).contains("unknown option -v"));
        assert!(why(&["--network=host", "x"]).contains("--network"));
        assert!(why(&["-p", "0.0.0.0:1:2", "x"]).contains("loopback"));
        assert!(why(&["-p", "8000", "x"]).contains("8123:8000"));
        assert!(why(&["-m", "lots", "x"]).contains("4g"));
        assert!(why(&["--rm"]).contains("an image is needed"));
        let other = ["--label", "swerex-ags.owner=me", "x"];
        assert!(why(&other).contains("none, session or the id of a process"));
    }

    #[test]
    fn a_label_says_whose_it_is() {
        let owner = |words: &[&str]| run(words).unwrap().owner;
        assert_eq!(owner(&["-d", "x"]), Choice::Found);
        assert_eq!(
            owner(&["-d", "--label", "swerex-ags.owner=none", "x"]),
            Choice::Nobody
        );
        assert_eq!(
            owner(&["-l", "swerex-ags.owner=77", "x"]),
            Choice::Process(77)
        );
        assert!(run(&["-d", "-q", "x"]).unwrap().quiet);
    }
}
