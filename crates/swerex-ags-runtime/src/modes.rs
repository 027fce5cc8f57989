//! Permission bits that a server forgot, set again by few commands.

use swerex_proto::{Command, CommandLine};

use crate::{archive::Mode, error::Error, runtime::AgsRuntime};

/// The longest script, in bytes: a kernel takes 128 KiB as one argument.
const LONGEST_SCRIPT: usize = 64 << 10;

/// What an error about them begins with.
const FAILED: &str = "the upload is there, but its permission bits could not be set";

impl AgsRuntime {
    /// Sets the permission bits of what was unpacked into the directory `target`.
    pub(crate) async fn restore(&self, target: &str, modes: Vec<Mode>) -> Result<(), Error> {
        for script in scripts(modes) {
            let argv = ["/bin/sh", "-c", &script];
            self.change_modes(argv, Some(target)).await?;
        }
        Ok(())
    }

    /// Sets the permission bits of a file.
    pub(crate) async fn chmod(&self, mode: u32, path: &str) -> Result<(), Error> {
        self.change_modes(["chmod", &format!("{mode:o}"), "--", path], None)
            .await
    }

    async fn change_modes(
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
