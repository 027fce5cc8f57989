//! Asking bash whether it understands a command, before anything of it runs.
//!
//! A command of one line needs no asking where it cannot be unfinished: bash reads all of it before it runs any of it.

use std::{
    ffi::OsString,
    fs::File,
    io::{self, Seek, Write},
    path::Path,
    process::Stdio,
};

use rustix::fs::{MemfdFlags, memfd_create};
use tokio::process::Command;

use crate::{output::decode, process::spawn_lock};

/// The exit code of a bash that does not understand.
const SYNTAX_ERROR: i32 = 2;

/// Brackets within brackets, at most, of which bash is not asked. Of very many it dies.
const DEPTH: usize = 50;

/// What begins a command that may go on in the next line.
const COMPOUND: [&str; 11] = [
    "if", "for", "while", "until", "case", "select", "function", "coproc", "do", "then", "else",
];

/// Whether parts of it would run before bash has read the rest, or bash might want more of it.
pub(super) fn needs_asking(command: &str) -> bool {
    command.trim_matches('\n').contains('\n') || !is_finished(command)
}

/// Whether a line is surely whole: its quotes and brackets are closed, and nothing stands at its end, or in it, that needs more.
/// Where that is not so it may be whole all the same.
fn is_finished(line: &str) -> bool {
    let mut open = Vec::new();
    let mut word = String::new();
    let mut last = ' ';
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match (open.last(), c) {
            (Some('\''), '\'') | (Some('"'), '"') | (Some('`'), '`') => {
                open.pop();
            }
            (Some('\''), _) => {}
            (_, '\\') if chars.next().is_none() => return false,
            (_, '\\') => {}
            (Some('('), ')') | (Some('{'), '}') => {
                open.pop();
            }
            // Within double quotes only expansions are brackets.
            (Some('"'), '(' | '{') if last != '$' => {}
            (Some('"'), '\'' | ')' | '}') => {}
            (_, '\'' | '"' | '`' | '(' | '{') => open.push(c),
            (_, ')' | '}') => return false,
            (None, '#') if last.is_whitespace() => break,
            _ => {}
        }
        if open.len() > DEPTH {
            return false;
        }
        if c.is_ascii_alphanumeric() || c == '_' {
            word.push(c);
        } else {
            if COMPOUND.contains(&word.as_str()) {
                return false;
            }
            word.clear();
        }
        last = c;
    }
    open.is_empty()
        && !COMPOUND.contains(&word.as_str())
        && !line.trim_end().ends_with(['|', '&', '!', ')'])
        && !line.contains("<<")
}

/// What bash complains about; `None` if it does not, or cannot be asked.
///
/// It is a new bash, to which the one option that changes the grammar is told. A command may also switch that on for itself.
pub(super) async fn complaint(
    bash: &Path,
    environment: &[(OsString, OsString)],
    command: &str,
    extglob: bool,
) -> Option<String> {
    let complaint = ask(bash, environment, command, extglob).await?;
    if !extglob && command.contains("extglob") {
        ask(bash, environment, command, true).await?;
    }
    Some(complaint)
}

async fn ask(
    bash: &Path,
    environment: &[(OsString, OsString)],
    command: &str,
    extglob: bool,
) -> Option<String> {
    let options: &[&str] = if extglob { &["-O", "extglob"] } else { &[] };
    let mut bash = Command::new(bash);
    bash.arg0("bash")
        .args(options)
        .arg("-n")
        .stdin(text(command).ok()?)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true);
    bash.env_clear()
        .envs(environment.iter().map(|(name, value)| (name, value)));
    for name in ["BASH_ENV", "ENV", "SHELLOPTS", "BASHOPTS"] {
        bash.env_remove(name);
    }
    let child = {
        let _starting = spawn_lock::starting();
        bash.spawn().ok()?
    };
    let output = child.wait_with_output().await.ok()?;
    match output.status.code() {
        Some(SYNTAX_ERROR) => Some(decode(output.stderr)),
        Some(_) => None,
        // The session's own would end of it, too.
        None => Some("bash: it ends of this command, which is nested too deeply\n".to_owned()),
    }
}

fn text(command: &str) -> io::Result<File> {
    let mut file = File::from(memfd_create("command", MemfdFlags::CLOEXEC)?);
    file.write_all(command.as_bytes())?;
    file.rewind()?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_may_be_unfinished_is_asked_of() {
        for line in [
            "true",
            "echo 'it' \"x y\" `ls`",
            "(exit 3); echo $(echo a) ${x}",
            "cd /x && make -j4 2>&1 | tail -3",
            "echo \"it's\" # don't",
            "echo '#' \"(\" a\\'b",
            "echo x &",
            "format if_x",
        ] {
            let is_job = line.ends_with('&');
            assert_eq!(is_finished(line), !is_job, "{line}");
        }
        for line in [
            "echo 'it",
            "echo \"it",
            "(a",
            "a &&",
            "a |",
            "if true; then",
            "f() {",
            "echo a\\",
            "cat <<E",
            "case x in a) echo;; esac",
            "for",
            "echo `x",
            &"$(".repeat(5_000),
            &format!("{}{}", "$(".repeat(60), ")".repeat(60)),
        ] {
            assert!(!is_finished(line), "{line}");
        }
    }
}
