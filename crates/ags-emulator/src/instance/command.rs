//! How a command that was written for a container of its own finds its ports and mounts on a shared machine.
//!
//! All instances share one loopback, so a declared port such as 8000 is mapped to a free one, and the
//! command has to be told: wherever the declared number stands alone in a word of the command (`--port 8000`,
//! `--port=8000`, `0.0.0.0:8000`, also inside the text of `sh -c`), the mapped one is put in its place. A
//! number that is part of another (`18000`, `8000.5`) or of a name (`AGS_PORT_8000`, `x8000`) stays.

use std::collections::BTreeMap;

/// `word` with every declared port replaced by the one it is mapped to.
pub(crate) fn with_ports(word: &str, ports: &BTreeMap<u16, u16>) -> String {
    let mut out = String::with_capacity(word.len());
    let mut rest = word;
    let mut before: Option<char> = None;
    while let Some(letter) = rest.chars().next() {
        if !letter.is_ascii_digit() {
            out.push(letter);
            before = Some(letter);
            rest = &rest[letter.len_utf8()..];
            continue;
        }
        let end = rest
            .find(|letter: char| !letter.is_ascii_digit())
            .unwrap_or(rest.len());
        let (number, after) = rest.split_at(end);
        let mapped = number
            .parse::<u16>()
            .ok()
            .filter(|_| !number.starts_with('0'))
            .and_then(|port| ports.get(&port));
        match mapped {
            Some(mapped) if stands_alone(before, after) => out.push_str(&mapped.to_string()),
            _ => out.push_str(number),
        }
        before = number.chars().last();
        rest = after;
    }
    out
}

/// `word` with `path`, wherever it stands as a path or begins one, replaced by `directory`.
pub(crate) fn with_mount(word: &str, path: &str, directory: &str) -> String {
    let mut out = String::with_capacity(word.len());
    let mut rest = word;
    while let Some(at) = rest.find(path) {
        let (head, tail) = rest.split_at(at);
        let tail = &tail[path.len()..];
        out.push_str(head);
        // What was replaced before ends with `directory`, after which a `path` would be a part of it.
        let begins = !out.chars().next_back().is_some_and(in_path);
        let ends = !tail
            .chars()
            .next()
            .is_some_and(|letter| in_path(letter) && letter != '/');
        out.push_str(if begins && ends { directory } else { path });
        rest = tail;
    }
    out.push_str(rest);
    out
}

fn stands_alone(before: Option<char>, after: &str) -> bool {
    let mut after = after.chars();
    let in_name = |letter: char| letter.is_alphanumeric() || letter == '_';
    let ends = match after.next() {
        Some('.') => !after.next().is_some_and(|letter| letter.is_ascii_digit()),
        Some(letter) => !in_name(letter),
        None => true,
    };
    // `-p8000` is a flag with its value; `x8000` is a name.
    ends && !before.is_some_and(|letter| in_name(letter) && letter != 'p' || letter == '.')
}

fn in_path(letter: char) -> bool {
    letter.is_alphanumeric() || matches!(letter, '/' | '_' | '-' | '.' | '+')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mapped(word: &str) -> String {
        with_ports(word, &BTreeMap::from([(8000, 21001), (80, 21002)]))
    }

    #[test]
    fn a_port_that_stands_alone_is_mapped() {
        for (word, expected) in [
            ("8000", "21001"),
            ("--port=8000", "--port=21001"),
            ("-p8000", "-p21001"),
            ("0.0.0.0:8000", "0.0.0.0:21001"),
            (
                "exec swerex-remote --port 8000 || pipx run swe-rex --port 8000",
                "exec swerex-remote --port 21001 || pipx run swe-rex --port 21001",
            ),
            ("listen 80; # not 8000.", "listen 21002; # not 21001."),
            ("http://localhost:8000/8000", "http://localhost:21001/21001"),
        ] {
            assert_eq!(mapped(word), expected);
        }
    }

    #[test]
    fn a_number_that_is_part_of_something_else_stays() {
        for word in [
            "18000",
            "80000",
            "8000.5",
            "1.8000",
            "AGS_PORT_8000",
            "x8000",
            "8000ms",
            "08000",
            "99999999999999999999",
            "ä8000",
            "",
        ] {
            assert_eq!(mapped(word), word);
        }
    }

    #[test]
    fn a_mount_path_becomes_the_directory() {
        let mounted = |word| with_mount(word, "/nix", "/srv/images/nix");
        for (word, expected) in [
            (
                "/nix/swerex/run --port 1",
                "/srv/images/nix/swerex/run --port 1",
            ),
            (
                "test -x '/nix/a' && exec /nix/a",
                "test -x '/srv/images/nix/a' && exec /srv/images/nix/a",
            ),
            (
                "PATH=/nix/bin:/usr/bin",
                "PATH=/srv/images/nix/bin:/usr/bin",
            ),
            ("ls /nix", "ls /srv/images/nix"),
            (
                "/nixos/x /opt/nix/x /nix-store",
                "/nixos/x /opt/nix/x /nix-store",
            ),
        ] {
            assert_eq!(mounted(word), expected);
        }
    }
}
