//! What the sources may say.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::repo;

/// Lines of a room beyond which it should become two; tests and generated files aside.
const LARGE: usize = 450;

/// How a connection is opened, in this ecosystem.
const DIALS: &[&str] = &[
    "TcpStream::connect",
    "UnixStream::connect",
    "TcpSocket::new",
    "client::legacy",
    "client::conn",
    "HttpConnector",
    "UdpSocket::bind",
];

/// How a program writes where a person reads.
const PRINTS: &[&str] = &[
    "print!(",
    "println!(",
    "stdout()",
    "stderr()",
    "/dev/std",
    "/dev/fd",
    "from_raw_fd",
];

/// The one room of the command line that prints.
const OUTPUT: &str = "crates/swerex-ags/src/output.rs";

/// How a command's own output is printed, which a terminal gets as it is.
const RAW: &[&str] = &["command_stdout(", "command_stderr(", ".print(", ".copy("];

/// Who has a command's own output to print, or a file that was asked for.
const RUNS_COMMANDS: &[&str] = &[
    "crates/swerex-ags/src/commands/cp.rs",
    "crates/swerex-ags/src/commands/shell",
    "crates/swerex-ags/src/shown.rs",
];

const CLOCKS: &[&str] = &["SystemTime", "Instant::now", "Timestamp::now", "Zoned::now"];

/// Each file's path and text, without its tests.
fn sources() -> Result<Vec<(PathBuf, String)>, String> {
    repo::files(&["*.rs"])?
        .into_iter()
        .map(|file| match fs::read_to_string(repo::root().join(&file)) {
            Ok(text) => Ok((file, text)),
            Err(error) => Err(format!("cannot read {}: {error}", file.display())),
        })
        .collect()
}

fn is_test(file: &Path) -> bool {
    file.components().any(|part| {
        matches!(
            part.as_os_str().to_str(),
            Some("tests" | "tests.rs" | "benches" | "examples" | "testing" | "testing.rs")
        )
    })
}

fn is_generated(text: &str) -> bool {
    text.starts_with("// Made by `cargo xtask codegen`")
}

/// The text before a `mod tests` at its end.
fn without_tests(text: &str) -> &str {
    text.find("#[cfg(test)]\nmod ")
        .map_or(text, |at| &text[..at])
}

/// `//!` at the top of every file.
pub(super) fn headers() -> Result<Vec<String>, String> {
    let says = |text: &str| {
        let is_header = |line: &str| line.starts_with("//!") || line.starts_with("#![doc");
        let is_comment = |line: &str| line.starts_with("//") && !is_header(line);
        text.lines()
            .find(|line| !line.trim().is_empty() && !is_comment(line))
            .is_some_and(is_header)
    };
    Ok(sources()?
        .iter()
        .filter(|(_, text)| !says(text))
        .map(|(file, _)| file.display().to_string())
        .collect())
}

/// No other crate opens a connection.
pub(super) fn dialling() -> Result<Vec<String>, String> {
    words(DIALS, |file| {
        file.starts_with("crates") && !file.starts_with("crates/ags-http") && !is_test(file)
    })
}

/// What a peer says is made plain in one place, so nothing passes by it.
pub(super) fn printing() -> Result<Vec<String>, String> {
    let is_of_program = |file: &Path| file.starts_with("crates/swerex-ags/src") && !is_test(file);
    let mut found = words(PRINTS, |file| {
        is_of_program(file) && file != Path::new(OUTPUT)
    })?;
    found.extend(words(RAW, |file| {
        is_of_program(file)
            && file != Path::new(OUTPUT)
            && !RUNS_COMMANDS.iter().any(|room| file.starts_with(room))
    })?);
    Ok(found)
}

/// Time is an argument there.
pub(super) fn clocks() -> Result<Vec<String>, String> {
    words(CLOCKS, |file| {
        (file.starts_with("crates/ags-sign/src") || file.starts_with("crates/swerex-proto/src"))
            && !is_test(file)
    })
}

/// Words that stand for work not done.
pub(super) fn unfinished() -> Result<Vec<String>, String> {
    // Put together here, so that this file does not find itself.
    let marks = [
        ["TO", "DO"].concat(),
        ["FIX", "ME"].concat(),
        ["todo", "!("].concat(),
        ["unimplemented", "!("].concat(),
        ["#[ig", "nore"].concat(),
    ];
    let marks: Vec<&str> = marks.iter().map(String::as_str).collect();
    words_in(&marks, |_| true, |text| text)
}

/// Files that a reader cannot take in.
pub(super) fn size() -> Result<Vec<String>, String> {
    let large = |(file, text): &(PathBuf, String)| {
        let lines = without_tests(text).lines().count();
        (lines > LARGE && !is_generated(text) && !is_test(file))
            .then(|| format!("{} has {lines} lines (at most {LARGE})", file.display()))
    };
    Ok(sources()?.iter().filter_map(large).collect())
}

fn words(words: &[&str], wanted: impl Fn(&Path) -> bool) -> Result<Vec<String>, String> {
    words_in(words, wanted, without_tests)
}

fn words_in(
    words: &[&str],
    wanted: impl Fn(&Path) -> bool,
    part: impl Fn(&str) -> &str,
) -> Result<Vec<String>, String> {
    let mut found = Vec::new();
    for (file, text) in sources()?.iter().filter(|(file, _)| wanted(file)) {
        for (number, line) in part(text).lines().enumerate() {
            let code = line.trim_start();
            let comment = code.starts_with("//");
            if let Some(word) = words.iter().find(|word| {
                code.contains(**word) && (!comment || word.chars().all(|c| c.is_ascii_uppercase()))
            }) {
                found.push(format!("{}:{}: {word}", file.display(), number + 1));
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_are_left_out() {
        assert_eq!(
            without_tests("fn a() {}\n#[cfg(test)]\nmod tests { x }"),
            "fn a() {}\n"
        );
        assert!(is_test(Path::new("crates/x/tests/a.rs")));
        assert!(!is_test(Path::new("crates/x/src/retests.rs")));
    }

    #[test]
    fn only_output_prints() {
        assert_eq!(printing(), Ok(Vec::new()));
    }

    #[test]
    fn a_word_is_found_with_its_place() {
        let found = words_in(
            &["fn a_word_is_found"],
            |file| file.ends_with("sources.rs"),
            |text| text,
        )
        .unwrap();
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].starts_with("xtask/src/tidy/sources.rs:"));
    }
}
