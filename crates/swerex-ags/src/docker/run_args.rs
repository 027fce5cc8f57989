//! The arguments of `run`, and what of them a sandbox takes on.

use super::{
    args::{Misused, env_file, pair, platform},
    owner::{self, Choice},
    words::{Word, Words},
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
    /// What marks it, for `ps --filter label=…`.
    pub(crate) labels: Vec<(String, String)>,
    /// Where its id is written to; the file must not be there.
    pub(crate) cidfile: Option<String>,
    /// How many seconds a container whose command is not known any more would last.
    pub(crate) lifetime_of: Option<u64>,
}

impl RunArgs {
    /// The letters that take a value.
    pub(super) const VALUED: &'static str = "ewpmlhuvca";

    pub(super) fn parse(mut rest: Words<'_>) -> Result<Self, Misused> {
        let mut args = Self::default();
        while let Some(word) = rest.option() {
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
            "-d" | "--detach" => self.detach = rest.is_on(&word)?,
            // A sandbox is removed when it ends, its init reaps, and nobody is attached to its first command.
            "--rm" | "-i" | "--interactive" | "-t" | "--tty" | "--init" => drop(rest.is_on(&word)?),
            "-q" | "--quiet" => self.quiet = rest.is_on(&word)?,
            "--name" => self.name = Some(name(&rest.value(word)?)?),
            "-w" | "--workdir" => self.workdir = Some(rest.value(word)?),
            "-e" | "--env" => self.env.extend(pair(&rest.value(word)?)),
            "--env-file" => self.env.extend(env_file("run", &rest.value(word)?)?),
            "--cidfile" => self.cidfile = Some(rest.value(word)?),
            "--platform" => platform(&rest.value(word)?)?,
            "-p" | "--publish" => self.port = Some(port(&rest.value(word)?)?),
            "-m" | "--memory" => self
                .deployment
                .push(("memory".to_owned(), memory(&rest.value(word)?)?)),
            "--cpus" => self
                .deployment
                .push(("cpu".to_owned(), cpus(&rest.value(word)?)?)),
            "--pull" => one_of(
                &word.name.clone(),
                &rest.value(word)?,
                &["always", "missing", "never"],
            )?,
            // It ends at once, which is within every time.
            "--stop-timeout" => {
                let text = rest.value(word)?;
                if text.parse::<i64>().is_err() {
                    return Err(Misused(format!(
                        "run: --stop-timeout {text}: it should be a number"
                    )));
                }
            }
            // A sandbox has one network of its own, that reaches out.
            "--network" | "--net" => {
                one_of(
                    &word.name.clone(),
                    &rest.value(word)?,
                    &["bridge", "default"],
                )?;
            }
            "-l" | "--label" => {
                let text = rest.value(word)?;
                let (key, value) = text.split_once('=').unwrap_or((&text, ""));
                if key == owner::LABEL {
                    self.owner = Choice::parse(value).ok_or_else(|| {
                        let choices = owner::CHOICES;
                        Misused(format!(
                            "run: --label {key}={value}: it should be {choices}"
                        ))
                    })?;
                }
                if let Some(key) = key.strip_prefix(LABEL) {
                    self.deployment.push((key.to_owned(), value.to_owned()));
                }
                self.labels.retain(|(other, _)| other != key);
                self.labels.push((key.to_owned(), value.to_owned()));
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

fn one_of(option: &str, value: &str, known: &[&str]) -> Result<(), Misused> {
    if known.contains(&value) {
        return Ok(());
    }
    Err(Misused(format!(
        "run: {option} {value}: a sandbox cannot honour it; it can {}",
        known.join(", ")
    )))
}

/// Docker's rule for names, but for those of one letter, which are taken.
fn name(text: &str) -> Result<String, Misused> {
    let begins = text.starts_with(|c: char| c.is_ascii_alphanumeric());
    if begins
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c))
    {
        return Ok(text.to_owned());
    }
    Err(Misused(format!(
        "run: invalid container name ({text}): only [a-zA-Z0-9][a-zA-Z0-9_.-]* are allowed"
    )))
}

/// Docker's `1.5` is AGS's `1500m`.
fn cpus(text: &str) -> Result<String, Misused> {
    let wrong = || {
        Misused(format!(
            "run: --cpus {text}: it should be a number of at most three decimals, more than 0, as in 1.5"
        ))
    };
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(whole) || !is_number(part) || part.len() > 3 {
        return Err(wrong());
    }
    let whole: u64 = if whole.is_empty() {
        Ok(0)
    } else {
        whole.parse()
    }
    .map_err(|_| wrong())?;
    let part: u64 = format!("{part:0<3}").parse().map_err(|_| wrong())?;
    match whole
        .checked_mul(1000)
        .and_then(|whole| whole.checked_add(part))
    {
        None | Some(0) => Err(wrong()),
        Some(milli) if milli % 1000 == 0 => Ok((milli / 1000).to_string()),
        Some(milli) => Ok(format!("{milli}m")),
    }
}

/// Docker's `10g` is AGS's `10Gi`; a bare number is bytes, and `2.5g` is 2560 MiB. Never less than was asked for.
fn memory(text: &str) -> Result<String, Misused> {
    const MIB: u64 = 1 << 20;
    let wrong = || {
        Misused(format!(
            "run: --memory {text}: it should be a number with b, k, m, g or t, of at least 6m, as in 4g"
        ))
    };
    let lower = text.to_ascii_lowercase();
    let split = lower
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(lower.len());
    let (number, unit) = lower.split_at(split);
    let unit: u64 = match unit.trim() {
        "" | "b" => 1,
        "k" | "kb" | "ki" | "kib" => 1 << 10,
        "m" | "mb" | "mi" | "mib" => MIB,
        "g" | "gb" | "gi" | "gib" => 1 << 30,
        "t" | "tb" | "ti" | "tib" => 1 << 40,
        _ => return Err(wrong()),
    };
    let (whole, part) = number.split_once('.').unwrap_or((number, "0"));
    if part.is_empty() || part.len() > 6 || !part.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(wrong());
    }
    let whole: u64 = whole.parse().map_err(|_| wrong())?;
    let part: u64 = format!("{part:0<6}").parse().map_err(|_| wrong())?;
    // Below 10^6 · 2^40: no overflow in 128 bits.
    let part = u128::from(part) * u128::from(unit) / 1_000_000;
    let bytes = u128::from(whole) * u128::from(unit) + part;
    let mib = u64::try_from(bytes.div_ceil(u128::from(MIB))).map_err(|_| wrong())?;
    // Docker's own least.
    match mib {
        0..6 => Err(wrong()),
        _ if mib % 1024 == 0 => Ok(format!("{}Gi", mib / 1024)),
        _ => Ok(format!("{mib}Mi")),
    }
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
        assert!(why(&["-v", "/a:/b", "x"]).contains("'v' in -v"));
        assert!(why(&["-dv", "/a:/b", "x"]).contains("'v' in -dv"));
        assert!(why(&["--network=none", "x"]).contains("bridge"));
        assert!(why(&["--name", "a/b", "x"]).contains("(a/b)"));
        assert!(why(&["--cpus", "0", "x"]).contains("1.5"));
        assert!(why(&["-m", "4096", "x"]).contains("6m"));
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

    #[test]
    fn grouped_options_and_sizes_are_dockers() {
        for group in ["-dit", "-itd", "-tid"] {
            assert!(run(&[group, "x"]).unwrap().detach, "{group}");
        }
        assert_eq!(
            run(&["-deA=1", "x"]).unwrap().env,
            [("A".to_owned(), "1".to_owned())]
        );
        assert!(
            run(&["-e", "NO_SUCH_VARIABLE", "x"])
                .unwrap()
                .env
                .is_empty()
        );
        for (text, expected) in [
            ("2.5g", "2560Mi"),
            ("4g", "4Gi"),
            ("512m", "512Mi"),
            ("1073741824", "1Gi"),
            ("8388609", "9Mi"),
            ("1T", "1024Gi"),
        ] {
            assert_eq!(memory(text).as_deref(), Ok(expected), "{text}");
        }
        for text in ["", "g", "1.g", "1.2.3g", "-1g", "99999999999999999999g"] {
            assert!(memory(text).is_err(), "{text}");
        }
        for (text, expected) in [
            ("2", "2"),
            ("1.5", "1500m"),
            (".5", "500m"),
            ("0.250", "250m"),
            ("2.0", "2"),
        ] {
            assert_eq!(cpus(text).as_deref(), Ok(expected), "{text}");
        }
        for text in ["", ".", "-1", "1e3", "1.2345", "99999999999999999999"] {
            assert!(cpus(text).is_err(), "{text}");
        }
    }
}
