//! The environment of a program on a terminal: the sandbox's own, and what the client's terminal and language are where they mean something
//! there.

use std::{
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
};

use swerex_proto::native::TerminalRequest;

use crate::{
    exception::PyException,
    exec::{Environment, check_names},
    work::Surroundings,
};

/// A kind of terminal that nearly all terminals can be taken for, and nearly all systems know.
const COMMON: &str = "xterm-256color";

/// Where descriptions of terminals are kept.
const DESCRIPTIONS: [&str; 5] = [
    "/etc/terminfo",
    "/lib/terminfo",
    "/usr/share/terminfo",
    "/usr/lib/terminfo",
    "/usr/local/share/terminfo",
];

/// Variables that name a language.
const LANGUAGES: [&str; 3] = ["LC_ALL", "LC_CTYPE", "LANG"];

pub(super) fn of(
    request: &TerminalRequest,
    surroundings: &Surroundings,
) -> Result<Environment, PyException> {
    check_names(request.env.keys())?;
    let mut environment: Environment = match &surroundings.environment {
        Some(pairs) => pairs.to_vec(),
        None => std::env::vars_os().collect(),
    };
    if let Some(lang) = &request.lang
        && LANGUAGES
            .iter()
            .all(|name| get(&environment, name).is_none_or(OsStr::is_empty))
    {
        set(&mut environment, "LANG", lang);
    }
    let kind = match request.term.as_deref() {
        Some(kind) if is_known(kind, &directories(&environment)) => kind,
        _ => COMMON,
    };
    set(&mut environment, "TERM", kind);
    for (name, value) in &request.env {
        set(&mut environment, name, value);
    }
    Ok(environment)
}

fn get<'a>(environment: &'a Environment, name: &str) -> Option<&'a OsStr> {
    let pair = environment.iter().rev().find(|(known, _)| known == name);
    pair.map(|(_, value)| value.as_os_str())
}

fn set(environment: &mut Environment, name: &str, value: &str) {
    environment.retain(|(known, _)| known != name);
    environment.push((name.into(), value.into()));
}

/// Directories with descriptions of terminals that are there.
fn directories(environment: &Environment) -> Vec<PathBuf> {
    let home = get(environment, "HOME").map(|home| Path::new(home).join(".terminfo"));
    let named = get(environment, "TERMINFO").map(PathBuf::from);
    let listed = get(environment, "TERMINFO_DIRS").map(OsString::from);
    let mut all: Vec<PathBuf> = named.into_iter().chain(home).collect();
    all.extend(listed.iter().flat_map(std::env::split_paths));
    all.extend(DESCRIPTIONS.map(PathBuf::from));
    all.retain(|directory| directory.is_dir());
    all
}

/// Whether there is a description of this kind. Where there are none at all, nobody looks for one.
fn is_known(kind: &str, directories: &[PathBuf]) -> bool {
    let is_name = |letter: u8| letter.is_ascii_alphanumeric() || b"+-._".contains(&letter);
    let Some(first) = kind.bytes().next() else {
        return false;
    };
    if !kind.bytes().all(is_name) || kind.starts_with('.') {
        return false;
    }
    // Below its first letter, or that letter's number.
    let places = [char::from(first).to_string(), format!("{first:x}")];
    directories.is_empty()
        || directories.iter().any(|directory| {
            places
                .iter()
                .any(|place| directory.join(place).join(kind).is_file())
        })
}

#[cfg(test)]
mod tests {
    use swerex_proto::native::TerminalSize;

    use super::*;
    use crate::process::Running;

    fn variables(request: &TerminalRequest, own: &[(&str, &str)]) -> Environment {
        let owned = |(name, value): &(&str, &str)| (name.into(), value.into());
        let surroundings = Surroundings {
            directory: "/".into(),
            environment: Some(own.iter().map(owned).collect()),
            running: Running::default(),
        };
        of(request, &surroundings).unwrap()
    }

    fn request() -> TerminalRequest {
        TerminalRequest::new(TerminalSize { rows: 24, cols: 80 })
    }

    #[test]
    fn a_kind_that_nobody_knows_is_told_as_one_that_is_known() {
        let home = tempfile::tempdir().unwrap();
        let directory = home.path().join(".terminfo/o");
        std::fs::create_dir_all(&directory).unwrap();
        std::fs::write(directory.join("odd-1"), b"").unwrap();
        let home = home.path().to_str().unwrap();
        for (kind, told) in [
            (Some("odd-1"), "odd-1"),
            (Some("odd-2"), COMMON),
            (Some("../o/odd-1"), COMMON),
            (Some(""), COMMON),
            (None, COMMON),
        ] {
            let request = TerminalRequest {
                term: kind.map(str::to_owned),
                ..request()
            };
            let all = variables(&request, &[("HOME", home), ("TERM", "dumb")]);
            assert_eq!(get(&all, "TERM"), Some(OsStr::new(told)), "{kind:?}");
        }
    }

    #[test]
    fn the_sandboxs_language_wins_and_what_is_asked_for_is_set() {
        let mut request = TerminalRequest {
            lang: Some("de_DE.UTF-8".to_owned()),
            ..request()
        };
        let lang = |request: &TerminalRequest, own: &[(&str, &str)]| {
            get(&variables(request, own), "LANG").map(OsStr::to_owned)
        };
        assert_eq!(lang(&request, &[]).unwrap(), "de_DE.UTF-8");
        assert_eq!(lang(&request, &[("LANG", "C.UTF-8")]).unwrap(), "C.UTF-8");
        assert_eq!(lang(&request, &[("LC_ALL", "C")]), None);
        request.env.insert("LANG".to_owned(), "C".to_owned());
        assert_eq!(lang(&request, &[("LANG", "C.UTF-8")]).unwrap(), "C");
        request.env.insert("A=B".to_owned(), String::new());
        let surroundings = Surroundings {
            directory: "/".into(),
            environment: None,
            running: Running::default(),
        };
        assert!(of(&request, &surroundings).is_err());
    }
}
