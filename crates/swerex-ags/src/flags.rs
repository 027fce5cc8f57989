//! The dotted flags of SWE-agent's users, taken out of the arguments before the rest is parsed.
//!
//! `--instances.deployment.KEY=VALUE`, `--env.deployment.KEY=VALUE` and `--deployment.KEY=VALUE` mean the same, with `=` or with the
//! value as the next argument; so do `--deployment='{"KEY": …}'` and `--instances='{"deployment": {…}}'`. The first `=` splits. What
//! comes after `--` is somebody else's.

use std::ffi::OsString;

use swerex_ags_deployment::keys;

use crate::report::Failure;

/// The forms, the longest first. What follows each is `.KEY`, `=JSON` or, for the last three, nothing of ours.
const PREFIXES: [&str; 3] = ["--instances.deployment", "--env.deployment", "--deployment"];
/// What SWE-agent wraps a deployment in; as JSON, the deployment is one member of it.
const WRAPPERS: [&str; 2] = ["--instances", "--env"];

/// One dotted flag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Setting {
    /// As it was written, for messages.
    pub(crate) flag: String,
    /// The key below the deployment; empty if the value is the JSON of a whole deployment.
    pub(crate) key: String,
    /// The text after `=`, as it is.
    pub(crate) value: String,
}

/// Takes the dotted flags out of the arguments (the program's name not among them).
///
/// # Errors
/// A flag without a value, one that is not of a deployment, and text that is not UTF-8 in one.
pub(crate) fn split(
    args: impl IntoIterator<Item = OsString>,
) -> Result<(Vec<Setting>, Vec<OsString>), Failure> {
    let (mut settings, mut rest) = (Vec::new(), Vec::new());
    let mut args = args.into_iter();
    while let Some(arg) = args.next() {
        if arg == "--" {
            rest.push(arg);
            rest.extend(args);
            break;
        }
        let shown = arg.to_string_lossy().into_owned();
        let Some(form) = Form::of(&shown) else {
            refuse_alike(&shown)?;
            rest.push(arg);
            continue;
        };
        if arg.to_str().is_none() {
            return Err(Failure::usage(format!("{shown}: the value is not UTF-8")));
        }
        let (flag, attached) = match shown.split_once('=') {
            Some((flag, value)) => (flag.to_owned(), Some(value.to_owned())),
            None => (shown.clone(), None),
        };
        let value = match attached {
            Some(value) => value,
            None => next_value(&flag, args.next())?,
        };
        settings.push(form.setting(flag, value)?);
    }
    Ok((settings, rest))
}

/// Refuses what looks like one of the forms and is none of them: SWE-agent's other settings, and a dash too few.
fn refuse_alike(arg: &str) -> Result<(), Failure> {
    let flag = arg.split_once('=').map_or(arg, |(flag, _)| flag);
    let name = flag.trim_start_matches('-');
    let is_dotted = |wrapper: &str| {
        name.strip_prefix(wrapper.trim_start_matches('-'))
            .is_some_and(|rest| rest.starts_with('.'))
    };
    if name.len() == flag.len() || !WRAPPERS.iter().chain(&PREFIXES).any(|one| is_dotted(one)) {
        return Ok(());
    }
    let key = name.rsplit('.').next().unwrap_or_default();
    Err(Failure::usage(format!(
        "{flag} sets nothing of a deployment; write --deployment.KEY=VALUE{}",
        keys::find(key).map_or_else(String::new, |key| format!(
            ", here --deployment.{}=VALUE",
            key.name
        ))
    )))
}

/// Which of the forms an argument has.
enum Form {
    /// `PREFIX.KEY`.
    Key(String),
    /// `PREFIX` alone: a deployment in JSON.
    Deployment,
    /// A wrapper alone: JSON with a deployment in it.
    Wrapper,
}

impl Form {
    fn of(arg: &str) -> Option<Self> {
        let flag = arg.split_once('=').map_or(arg, |(flag, _)| flag);
        for prefix in PREFIXES {
            match flag.strip_prefix(prefix) {
                Some("") => return Some(Self::Deployment),
                Some(rest) if rest.starts_with('.') => {
                    return Some(Self::Key(rest[1..].to_owned()));
                }
                _ => {}
            }
        }
        // `--env KEY=VALUE` is an option of run: only JSON makes it a wrapper.
        let is_json = arg
            .split_once('=')
            .is_some_and(|(_, value)| value.trim_start().starts_with('{'));
        (is_json && WRAPPERS.contains(&flag)).then_some(Self::Wrapper)
    }

    fn setting(self, flag: String, value: String) -> Result<Setting, Failure> {
        let (key, value) = match self {
            Self::Key(key) => (key, value),
            Self::Deployment => (String::new(), value),
            Self::Wrapper => {
                let json: serde_json::Value = serde_json::from_str(&value)
                    .map_err(|error| Failure::usage(format!("{flag}: not JSON: {error}")))?;
                let deployment = json
                    .as_object()
                    .filter(|members| members.len() == 1)
                    .and_then(|members| members.get("deployment"))
                    .ok_or_else(|| {
                        Failure::usage(format!(
                            "{flag}: only `deployment` is known here; write {flag}='{{\"deployment\": {{…}}}}'"
                        ))
                    })?;
                (String::new(), deployment.to_string())
            }
        };
        if key.contains('.') || (key.is_empty() && !value.trim_start().starts_with('{')) {
            return Err(Failure::usage(format!(
                "{flag}: give one key of a deployment, as in --deployment.region=ap-guangzhou"
            )));
        }
        Ok(Setting { flag, key, value })
    }
}

/// The argument after a flag without `=`. One that looks like a flag needs the `=`; negative numbers do not.
fn next_value(flag: &str, next: Option<OsString>) -> Result<String, Failure> {
    let missing = || Failure::usage(format!("{flag} needs a value; write {flag}=VALUE"));
    let value = next
        .ok_or_else(missing)?
        .into_string()
        .map_err(|_| Failure::usage(format!("{flag}: the value is not UTF-8")))?;
    if value.starts_with('-') && value.parse::<f64>().is_err() {
        return Err(missing());
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    type Pairs = Vec<(String, String)>;

    fn of(line: &[&str]) -> Result<(Pairs, Vec<String>), String> {
        let (settings, rest) =
            split(line.iter().map(OsString::from)).map_err(|error| error.text())?;
        let settings = settings
            .into_iter()
            .map(|setting| (setting.key, setting.value))
            .collect();
        let rest = rest
            .into_iter()
            .map(|arg| arg.into_string().unwrap())
            .collect();
        Ok((settings, rest))
    }

    fn pair(key: &str, value: &str) -> (String, String) {
        (key.to_owned(), value.to_owned())
    }

    #[test]
    fn the_three_names_mean_the_same_with_and_without_equals() {
        for prefix in PREFIXES {
            let attached = format!("{prefix}.image=a=b");
            let alone = format!("{prefix}.port");
            let (settings, rest) = of(&["run", &attached, "-q", &alone, "-5", "x"]).unwrap();
            assert_eq!(settings, [pair("image", "a=b"), pair("port", "-5")]);
            assert_eq!(rest, ["run", "-q", "x"]);
        }
    }

    #[test]
    fn whole_deployments_in_json() {
        let json = r#"{"port": 1}"#;
        let flag = format!("--env.deployment={json}");
        assert_eq!(of(&[&flag]).unwrap().0, [pair("", json)]);
        let (settings, _) = of(&[r#"--instances={"deployment": {"port": 1}}"#]).unwrap();
        assert_eq!(settings, [pair("", r#"{"port":1}"#)]);
        let error = of(&[r#"--instances={"deployment": {}, "type": "file"}"#]).unwrap_err();
        assert!(error.contains("only `deployment`"), "{error}");
    }

    #[test]
    fn what_comes_after_two_dashes_and_other_flags_stay() {
        let line = [
            "run",
            "--env",
            "A=B",
            "--envelope.x",
            "--",
            "--deployment.port=1",
        ];
        assert_eq!(
            of(&line).unwrap(),
            (Vec::new(), line.map(str::to_owned).to_vec())
        );
    }

    #[test]
    fn what_is_wrong_is_named_with_the_remedy() {
        for (line, expected) in [
            (
                vec!["--deployment.image"],
                "--deployment.image needs a value; write --deployment.image=VALUE",
            ),
            (
                vec!["--deployment.image", "--quiet"],
                "--deployment.image needs a value",
            ),
            (vec!["--deployment.a.b=c"], "--deployment.a.b: give one key"),
            (vec!["--deployment=5"], "--deployment: give one key"),
            (vec!["--deployment.=5"], "--deployment.: give one key"),
            (
                vec!["--env.repo.path=x"],
                "--env.repo.path sets nothing of a deployment; write --deployment.KEY=VALUE",
            ),
            (
                vec!["-deployment.image=x"],
                "-deployment.image sets nothing of a deployment; write --deployment.KEY=VALUE, here --deployment.image=VALUE",
            ),
            (
                vec!["--instances.deploymnet.cpu=x"],
                "--instances.deploymnet.cpu sets nothing of a deployment",
            ),
        ] {
            let error = of(&line).unwrap_err();
            assert!(error.starts_with(expected), "{error}");
        }
    }
}
