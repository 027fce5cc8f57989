//! `~` at the beginning of a path in a sandbox: a home there, as in every shell.

use std::ffi::{OsStr, OsString};

use swerex_ags_runtime::AgsRuntime;
use swerex_proto::{Command, CommandLine};

use crate::report::Failure;

/// Prints the home of the user `$1`, or of the one that the server runs as; fails where there is none. A name is looked up by the shell, so
/// it is looked at first.
const HOME: &str = r#"case $1 in
'') h=${HOME:-}; [ -n "$h" ] || eval "h=~$(id -un 2>/dev/null)" ;;
-*|*[!A-Za-z0-9._-]*) h= ;;
*) eval "h=~$1" ;;
esac
case $h in /*) printf %s "$h" ;; *) exit 1 ;; esac"#;

/// Whether a path is somebody's home itself.
pub(crate) fn is_home(path: &OsStr) -> bool {
    behind_tilde(path).is_some_and(|(_, rest)| rest.is_empty())
}

/// The path that is meant: `~/x` and `~user/x` are below homes of the sandbox, everything else stays as it is.
///
/// # Errors
/// There is no such home; those of the call.
pub(crate) async fn expanded(runtime: &AgsRuntime, path: &OsStr) -> Result<OsString, Failure> {
    let Some((user, rest)) = behind_tilde(path) else {
        return Ok(path.to_owned());
    };
    let words = ["/bin/sh", "-c", HOME, "sh", &user];
    let command = Command {
        command: CommandLine::Argv(words.map(str::to_owned).to_vec()),
        ..Command::default()
    };
    let answer = runtime.execute(&command).await?;
    if answer.exit_code != Some(0) {
        let shown = path.display();
        return Err(
            Failure::failed(format!("`{shown}`: the sandbox knows no home of ~{user}")).hint(
                format!("write the whole path, or ./{shown} for a name that begins with ~"),
            ),
        );
    }
    let mut home = OsString::from(answer.stdout);
    home.push(rest);
    Ok(home)
}

/// The user behind a `~` at the beginning, and the rest from the slash on.
#[cfg(unix)]
fn behind_tilde(path: &OsStr) -> Option<(String, OsString)> {
    use std::os::unix::ffi::OsStrExt as _;

    let bytes = path.as_bytes().strip_prefix(b"~")?;
    let slash = bytes.iter().position(|byte| *byte == b'/');
    let (user, rest) = bytes.split_at(slash.unwrap_or(bytes.len()));
    let user = String::from_utf8_lossy(user).into_owned();
    Some((user, OsStr::from_bytes(rest).to_owned()))
}

#[cfg(not(unix))]
fn behind_tilde(path: &OsStr) -> Option<(String, OsString)> {
    let text = path.to_str()?.strip_prefix('~')?;
    let (user, rest) = text.split_at(text.find('/').unwrap_or(text.len()));
    Some((user.to_owned(), rest.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_tilde_stands_for() {
        let parts = |path: &str| {
            let (user, rest) = behind_tilde(OsStr::new(path))?;
            Some((user, rest.into_string().unwrap()))
        };
        let some = |user: &str, rest: &str| Some((user.to_owned(), rest.to_owned()));
        assert_eq!(parts("~"), some("", ""));
        assert_eq!(parts("~/"), some("", "/"));
        assert_eq!(parts("~/a/~b"), some("", "/a/~b"));
        assert_eq!(parts("~nobody/x"), some("nobody", "/x"));
        for literal in ["./~/x", "/~", "a~", "a/~/b", ""] {
            assert_eq!(parts(literal), None, "{literal}");
        }
        assert!(is_home(OsStr::new("~")) && is_home(OsStr::new("~root")));
        assert!(!is_home(OsStr::new("~/x")) && !is_home(OsStr::new("x")));
    }

    #[test]
    #[cfg(unix)]
    fn homes_are_looked_up_and_nothing_else_is_run() {
        let home = |user: &str, home: Option<&str>| {
            let mut shell = std::process::Command::new("/bin/sh");
            shell.args(["-c", HOME, "sh", user]);
            match home {
                Some(home) => shell.env("HOME", home),
                None => shell.env_remove("HOME"),
            };
            let output = shell.output().unwrap();
            let text = String::from_utf8(output.stdout).unwrap();
            output.status.success().then_some(text)
        };
        let users = std::fs::read_to_string("/etc/passwd").unwrap();
        let of_root = users.lines().find(|line| line.starts_with("root:"));
        let of_root = of_root.and_then(|line| line.split(':').nth(5)).unwrap();
        assert_eq!(home("", Some("/a b")).as_deref(), Some("/a b"));
        assert_eq!(home("root", Some("/a b")).as_deref(), Some(of_root));
        assert!(home("", None).is_some_and(|home| home.starts_with('/')));
        for wrong in ["no-such-user-here", "$(echo /x)", ";echo /x", "-x", "a b"] {
            assert_eq!(home(wrong, Some("/h")), None, "{wrong}");
        }
        assert_eq!(home("", Some("relative")), None);
    }
}
