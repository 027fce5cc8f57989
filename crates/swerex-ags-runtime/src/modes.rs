//! Links, permission bits and times that a server forgot, made and set again by few commands.

use std::collections::BTreeMap;

use swerex_proto::{Command, CommandLine};

use crate::{
    archive::{Later, Mode},
    attributes::Attributes,
    error::Error,
    runtime::AgsRuntime,
};

/// The longest script, in bytes: a kernel takes 128 KiB as one argument.
const LONGEST_SCRIPT: usize = 64 << 10;

/// How many different times are set at most, those of most files first: each takes a program.
const MOST_TIMES: usize = 1_000;

/// What an error about them begins with.
const FAILED: &str =
    "the upload is there, but its links could not be made or its permission bits not be set";

/// Sets what is known of a file.
const ATTRIBUTES: &str = r#"[ -z "$2" ] || chmod "$2" -- "$1" || exit
[ -z "$3" ] || touch -c -d "@$3" -- "$1" 2>/dev/null || :"#;

/// Makes a link in the place of a file or a link.
const LINK: &str = r#"set -e
l() { if [ -d "$1" ] && [ ! -L "$1" ]; then echo "a directory is in the place of the link $1" >&2; exit 1; fi; rm -f -- "$1"; ln -s -- "$2" "$1"; }"#;

impl AgsRuntime {
    /// Makes the links of what was unpacked into the directory `target`, and sets times and permission bits: directories may be closed then.
    pub(crate) async fn restore(&self, target: &str, later: Later) -> Result<(), Error> {
        let scripts = linking(&later.links)
            .into_iter()
            .chain(timing(later.times))
            .chain(scripts(later.modes));
        for script in scripts {
            let argv = ["/bin/sh", "-c", &script];
            self.change(argv, Some(target)).await?;
        }
        Ok(())
    }

    /// Sets the permission bits of a file, and its time where `touch` takes it.
    pub(crate) async fn set_attributes(
        &self,
        path: &str,
        attributes: Attributes,
    ) -> Result<(), Error> {
        let [mode, modified] = attributes.words();
        let argv = ["/bin/sh", "-c", ATTRIBUTES, "sh", path, &mode, &modified];
        self.change(argv, None).await
    }

    async fn change(
        &self,
        argv: impl IntoIterator<Item = &str>,
        cwd: Option<&str>,
    ) -> Result<(), Error> {
        let command = Command {
            command: CommandLine::Argv(argv.into_iter().map(str::to_owned).collect()),
            check: true,
            error_msg: FAILED.to_owned(),
            cwd: cwd.map(str::to_owned),
            timeout: Some(self.connection.config.runtime_timeout.as_secs_f64()),
            ..Command::default()
        };
        self.execute(&command).await.map(drop)
    }
}

/// Scripts that make links.
fn linking(links: &[(String, String)]) -> Vec<String> {
    let mut scripts: Vec<String> = Vec::new();
    for (name, text) in links {
        let line = format!("\nl {} {}", quoted(name), quoted(text));
        let is_full = scripts
            .last()
            .is_none_or(|script| script.len() + line.len() > LONGEST_SCRIPT);
        if is_full {
            scripts.push(LINK.to_owned());
        }
        if let Some(script) = scripts.last_mut() {
            script.push_str(&line);
        }
    }
    scripts
}

/// Scripts of `touch`es, one for all files with the same time. Where a time cannot be set, that is no failure.
fn timing(times: Vec<(String, i64)>) -> Vec<String> {
    let mut names_at: BTreeMap<i64, Vec<String>> = BTreeMap::new();
    for (name, time) in times {
        names_at.entry(time).or_default().push(name);
    }
    let mut names_at: Vec<(i64, Vec<String>)> = names_at.into_iter().collect();
    names_at.sort_by_key(|(_, names)| std::cmp::Reverse(names.len()));
    names_at.truncate(MOST_TIMES);
    let mut scripts = vec![String::new()];
    for (time, names) in names_at {
        let mut is_begun = false;
        for name in names {
            let word = quoted(&name);
            if scripts
                .last()
                .is_some_and(|script| script.len() + word.len() > LONGEST_SCRIPT)
            {
                scripts.push(String::new());
                is_begun = false;
            }
            if let Some(script) = scripts.last_mut() {
                if !is_begun {
                    script.push_str(&format!("\ntouch -c -d @{time} --"));
                }
                script.push_str(&format!(" {word}"));
            }
            is_begun = true;
        }
    }
    scripts.retain(|script| !script.is_empty());
    scripts
        .into_iter()
        .map(|script| format!("exec 2>/dev/null{script}\n:"))
        .collect()
}

/// Scripts of `chmod`s. Files first, one `chmod` for all with the same bits; then directories, deepest first, since one that loses its search
/// bit hides what is in it.
fn scripts(mut modes: Vec<Mode>) -> Vec<String> {
    modes.sort_by_cached_key(|entry| {
        let depth = entry.name.matches('/').count();
        let order = if entry.is_directory {
            (usize::MAX - depth, entry.mode)
        } else {
            (0, entry.mode)
        };
        (entry.is_directory, order, entry.name.clone())
    });
    let mut scripts: Vec<String> = Vec::new();
    let mut last = None;
    for Mode { name, mode, .. } in modes {
        let word = quoted(&name);
        let is_full = scripts
            .last()
            .is_none_or(|script| script.len() + word.len() > LONGEST_SCRIPT);
        if is_full {
            scripts.push("set -e".to_owned());
            last = None;
        }
        if let Some(script) = scripts.last_mut() {
            if last != Some(mode) {
                script.push_str(&format!("\nchmod {mode:o} --"));
                last = Some(mode);
            }
            script.push(' ');
            script.push_str(&word);
        }
    }
    scripts
}

/// A word of the shell that stands for `text`, whatever is in it.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: &str, mode: u32, is_directory: bool) -> Mode {
        Mode {
            name: name.to_owned(),
            mode,
            is_directory,
        }
    }

    #[test]
    fn one_chmod_for_all_files_with_the_same_bits_and_directories_last() {
        let modes = vec![
            entry("d", 0o555, true),
            entry("d/e", 0o500, true),
            entry("d/e/-x", 0o755, false),
            entry("a'b", 0o600, false),
            entry("c", 0o755, false),
        ];
        let expected = "set -e\nchmod 600 -- 'a'\\''b'\nchmod 755 -- 'c' 'd/e/-x'\nchmod 500 -- 'd/e'\nchmod 555 -- 'd'";
        assert_eq!(scripts(modes), [expected]);
        assert!(scripts(Vec::new()).is_empty());
    }

    #[test]
    fn one_touch_for_all_files_with_the_same_time() {
        let files = |times: &[(&str, i64)]| {
            timing(
                times
                    .iter()
                    .map(|(name, time)| ((*name).to_owned(), *time))
                    .collect(),
            )
        };
        assert!(files(&[]).is_empty());
        let expected =
            "exec 2>/dev/null\ntouch -c -d @9 -- 'a' 'it'\\''s'\ntouch -c -d @-5 -- 'old'\n:";
        assert_eq!(files(&[("a", 9), ("old", -5), ("it's", 9)]), [expected]);
        let many = (0..5_000)
            .map(|n| (format!("{n:060}"), n % 2_000))
            .collect();
        let scripts = timing(many);
        assert!(
            scripts
                .iter()
                .all(|script| script.len() < LONGEST_SCRIPT + 100)
        );
        let touches: usize = scripts
            .iter()
            .map(|script| script.matches("touch").count())
            .sum();
        assert!(
            (MOST_TIMES..MOST_TIMES + 10).contains(&touches),
            "{touches}"
        );
    }

    #[test]
    #[cfg(unix)]
    fn links_take_the_place_of_files_and_links_only() {
        use std::{fs, os::unix::fs::symlink, path::Path, process};

        let home = tempfile::tempdir().unwrap();
        let path = |name: &str| home.path().join(name);
        fs::create_dir(path("directory")).unwrap();
        fs::write(path("file"), "").unwrap();
        symlink("directory", path("-old")).unwrap();
        let run = |links: &[(&str, &str)]| {
            let links: Vec<_> = links
                .iter()
                .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
                .collect();
            let script = linking(&links).remove(0);
            let mut shell = process::Command::new("/bin/sh");
            shell.args(["-c", &script]).current_dir(home.path());
            shell.output().unwrap()
        };
        let made = run(&[("file", "/etc/o'k"), ("-old", "-x"), ("new", "../a b")]);
        assert!(made.status.success(), "{made:?}");
        let text = |name: &str| fs::read_link(path(name)).unwrap();
        assert_eq!(text("file"), Path::new("/etc/o'k"));
        assert_eq!(text("-old"), Path::new("-x"));
        assert_eq!(text("new"), Path::new("../a b"));
        let refused = run(&[("directory", "x")]);
        assert!(!refused.status.success() && path("directory").is_dir());
        assert_eq!(fs::read_dir(path("directory")).unwrap().count(), 0);
    }

    #[test]
    fn a_tree_takes_few_scripts_none_of_them_too_long() {
        let modes: Vec<Mode> = (0..5_000)
            .map(|n| entry(&format!("directory/{n:040}"), 0o600 + n % 2 * 0o100, false))
            .collect();
        let scripts = scripts(modes);
        assert_eq!(scripts.len(), 5);
        assert!(
            scripts
                .iter()
                .all(|script| script.len() < LONGEST_SCRIPT + 100)
        );
        assert!(
            scripts
                .iter()
                .all(|script| script.starts_with("set -e\nchmod "))
        );
        let words: usize = scripts
            .iter()
            .map(|script| script.matches("'directory/").count())
            .sum();
        assert_eq!(words, 5_000);
    }
}
