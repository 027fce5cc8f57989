//! What bash is told: at its start, at every prompt, and to run a command; and what it reports.
//!
//! Nothing of this is seen by a command. The text of a command lies in a file without a name, which bash opens by its path
//! below `/proc`; one line typed at the prompt reads it and hands it to `eval`, at the top level and in one piece. Reports go
//! to a pipe, which bash opens the same way for each of them, so that no child inherits it and no redirection is in the way.
//! A function, a variable or an open descriptor of ours would be in reach of commands; these words are not.

use std::{fmt::Write as _, os::fd::AsRawFd};

use super::terminal::{COLUMNS, LINES};

/// Where bash finds the server's ends.
#[derive(Debug)]
pub(super) struct Paths {
    /// The text of the next command, with a NUL at its end.
    text: String,
    /// Where reports go.
    reports: String,
}

/// Options of the shell that the next command depends on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Options {
    /// `shopt -s extglob` is in force.
    pub(super) extglob: bool,
    /// `set -x` was in force.
    pub(super) trace: bool,
    /// `set -v` was.
    pub(super) verbose: bool,
}

/// What bash says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Report {
    /// Bash has understood the first line of this command, and runs it.
    Begun(u64),
    /// This command has ended with this code, and these options; not said when something makes bash return to its prompt.
    Code(u64, i64, Options),
    /// Bash has read the line that asks for this.
    Settled(u64),
    /// Bash is at its prompt.
    Prompt {
        /// Of the last command, as far as bash knows.
        code: i64,
        /// What is left of them: tracing is off by now if the command's end was told.
        options: Options,
        /// Whether there ever was a background job.
        has_jobs: bool,
    },
}

impl Options {
    /// From `$-` and `$BASHOPTS`.
    fn new(flags: &str, names: &str) -> Self {
        Self {
            extglob: names.split(':').any(|name| name == "extglob"),
            trace: flags.contains('x'),
            verbose: flags.contains('v'),
        }
    }
}

impl Paths {
    pub(super) fn new(text: &impl AsRawFd, reports: &impl AsRawFd) -> Self {
        Self {
            text: path(text),
            reports: path(reports),
        }
    }

    /// The start-up file: what bash would read without one, then the prompt. It is there before and after, because a start-up
    /// file may end early, and may change the prompt.
    pub(super) fn startup(&self) -> String {
        let prompt = self.prompt();
        format!("{prompt}[ -f ~/.bashrc ] && \\builtin . ~/.bashrc\n{prompt}")
    }

    /// The prompt alone, without line editing and history.
    pub(super) fn prompt(&self) -> String {
        // It is quoted whole but for the number of the shell.
        let hook = self.hook("'$$'");
        format!(
            "\\builtin set +o history +o vi +o emacs\n\
             \\builtin unset -v PROMPT_COMMAND; PROMPT_COMMAND='{hook}' LINES={LINES} COLUMNS={COLUMNS}\n"
        )
    }

    /// Run before every prompt: says so, and makes the prompt invisible. Children that inherit it are not meant. There is no
    /// reserved word in it, because those can be made to mean something else. A prompt that is as it should be is not set again:
    /// bash, where it has evaluated a text that ends with a backslash, goes on to show the place where the old one was.
    fn hook(&self, pid: &str) -> String {
        format!(
            "{{ \\builtin printf \"p %s %s %s %s %s\\n\" \"$$\" \"$?\" \"$-\" \"${{!-}}\" \"${{BASHOPTS-}}\" >{}; \
             \\builtin [ \"$$\" = {pid} ] && \\builtin unset -v MAILCHECK && \
             \\builtin [ \"${{PS1-}}${{PS2-}}${{PS0-}}\" != \"\\[\\]\" ] && PS1=\"\\[\\]\" PS2= PS0=; \
             \\builtin set +xv +o history +o vi +o emacs; }} 2>/dev/null",
            self.reports
        )
    }

    /// The line that runs the command whose text lies ready. `pid` is the shell's.
    ///
    /// Tracing is switched off at the end and on again for the next command, so that it does not show what is said here.
    /// Line editing, which start-up files switch on, is switched off again: with it there are no prompts of this kind.
    /// The report about the beginning is on the command's first line, so it comes when bash has understood that line. The
    /// prompt is put back at the end, because a command may have changed it.
    pub(super) fn trigger(&self, number: u64, pid: u32, options: Options) -> String {
        let mut before = String::new();
        if options.trace {
            before.push_str("\\\\builtin set -x;");
        }
        if options.verbose {
            before.push_str("\\\\builtin set -v;");
        }
        let mut line = String::with_capacity(1024);
        // Writing to a string cannot fail.
        let _ = writeln!(
            line,
            " IFS= \\builtin read -r -d \"\" -a __swerex <{text};\
             \\builtin eval \"{{ \\\\builtin printf 'b {number}\\n' >{reports};\\\\builtin unset -v __swerex; }} 2>/dev/null;\
             {before}${{__swerex-}}\";\
             {{ \\builtin printf \"c {number} $? $-\\n\" >{reports};\\builtin set +xv +o vi +o emacs;\\builtin unset -v PROMPT_COMMAND;PROMPT_COMMAND='{hook}'; }} \
             2>/dev/null || \\builtin :",
            text = self.text,
            reports = self.reports,
            hook = self.hook(&pid.to_string()),
        );
        line
    }

    /// A line that does nothing but report. Before bash reads it, it tells of jobs; and it reads none to the end as long as it
    /// has an interrupt to see to. It may be typed again.
    pub(super) fn settle(&self, number: u64) -> String {
        format!(
            " \\builtin printf \"s {number}\\n\" >{} 2>/dev/null\n",
            self.reports
        )
    }
}

pub(super) fn path(descriptor: &impl AsRawFd) -> String {
    format!("/proc/{}/fd/{}", std::process::id(), descriptor.as_raw_fd())
}

/// Reads one line of the pipe; what does not come from the shell with this number is nothing.
pub(super) fn report(line: &str, pid: u32) -> Option<Report> {
    let mut words = line.split(' ');
    let kind = words.next()?;
    let first = words.next()?;
    Some(match kind {
        "b" => Report::Begun(first.parse().ok()?),
        "s" => Report::Settled(first.parse().ok()?),
        "c" => {
            let code = words.next()?.parse().ok()?;
            let options = Options::new(words.next()?, "");
            Report::Code(first.parse().ok()?, code, options)
        }
        "p" if first.parse() == Ok(pid) => {
            let code = words.next()?.parse().ok()?;
            let flags = words.next()?;
            let last_job = words.next()?;
            Report::Prompt {
                code,
                options: Options::new(flags, words.next()?),
                has_jobs: !last_job.is_empty(),
            }
        }
        _ => return None,
    })
}

/// The command that reads start-up files, in order; a leading `~` means what it means to the shell.
pub(super) fn source(files: &[String]) -> String {
    let lines = files.iter().map(|file| {
        let (home, rest) = match file.strip_prefix('~') {
            Some("") => ("~", ""),
            Some(rest) if rest.starts_with('/') => ("~/", rest.trim_start_matches('/')),
            _ => ("", file.as_str()),
        };
        format!("source {home}'{}'\n", rest.replace('\'', "'\\''"))
    });
    lines.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_are_read() {
        let options = Options {
            extglob: true,
            trace: true,
            verbose: false,
        };
        let verbose = Options {
            verbose: true,
            ..Options::default()
        };
        let cases = [
            ("b 7", Some(Report::Begun(7))),
            ("s 7", Some(Report::Settled(7))),
            ("c 7 130 himvBHs", Some(Report::Code(7, 130, verbose))),
            (
                "p 12 0 himxBHs 4711 cmdhist:extglob:promptvars",
                Some(Report::Prompt {
                    code: 0,
                    options,
                    has_jobs: true,
                }),
            ),
            (
                "p 12 1 himBHs  cmdhist",
                Some(Report::Prompt {
                    code: 1,
                    options: Options::default(),
                    has_jobs: false,
                }),
            ),
            ("p 13 1 himBHs  cmdhist", None),
            ("p x", None),
            ("", None),
            ("b -1", None),
        ];
        for (line, expected) in cases {
            assert_eq!(report(line, 12), expected, "{line}");
        }
    }

    #[test]
    fn names_of_files_are_quoted() {
        let files = ["/a b", "~/.bashrc", "it's", "~user/x", "$(x)"].map(str::to_owned);
        assert_eq!(
            source(&files),
            "source '/a b'\nsource ~/'.bashrc'\nsource 'it'\\''s'\nsource '~user/x'\nsource '$(x)'\n"
        );
    }

    #[test]
    fn a_line_fits_into_a_terminals_line() {
        let file = std::fs::File::open("/dev/null").unwrap();
        let paths = Paths::new(&file, &file);
        let options = Options {
            extglob: true,
            trace: true,
            verbose: true,
        };
        let line = paths.trigger(u64::MAX, u32::MAX, options);
        assert!(line.len() < 2048, "{}", line.len());
        assert_eq!(line.matches('\n').count(), 1);
    }
}
