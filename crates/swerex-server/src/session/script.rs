//! What bash is told: at its start, at every prompt, and to run a command; and what it reports.
//!
//! A command of one line is typed at the prompt, as a person would: `$?`, `PIPESTATUS`, `$_` and traps are bash's own. A text of
//! several lines, or one that a keyboard cannot type, is handed to `eval` in one piece, or lies in a file without a name, which
//! bash reads by its path below `/proc`.
//!
//! Bash reports by a redirection that fails: its complaint, which goes to the server's pipe, holds the words of the path. Nothing
//! is run for that, so no function, no variable and no trap of the user's is in the way, and none sees it. Bash opens the pipe
//! by its path each time, so that no child inherits it. The report stands in `PROMPT_COMMAND`, where the user's own hooks may be,
//! too: they come before it.

use std::{fmt::Write as _, os::fd::AsRawFd};

use super::terminal::{COLUMNS, LINES};

/// The most bytes of a line that is typed. A terminal takes 4,095.
const LONGEST_LINE: usize = 3_000;

/// Where the report stands in an array of hooks: behind those of the user, also behind one that is assigned as if it were no
/// array. While start-up files are read it stands elsewhere, so that what they append to the array does not come after it.
const PLACE: u32 = 9_999;
const FIRST_PLACE: u32 = 99;

/// What keeps a text from ending, or from being read, where the line ends.
const UNTYPABLE: [&str; 2] = ["<<", "\n"];

/// What stands in the complaint that is printed before a prompt of the user's.
pub(super) const MARK: &str = "/dev/null";

/// What the prompts are: invisible, but not empty, since start-up files take a shell without a prompt for one that is not
/// interactive.
const PROMPT: &str = "\\[\\]";

/// Where bash finds the server's ends.
#[derive(Debug)]
pub(super) struct Paths {
    /// The text of a command that cannot be typed.
    text: String,
    /// Where reports go.
    reports: String,
}

/// Options of the shell that matter here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Options {
    /// `shopt -s extglob` is in force.
    pub(super) extglob: bool,
    /// `set -x`.
    pub(super) trace: bool,
    /// `set -v`: bash prints what it reads.
    pub(super) verbose: bool,
    /// `set -e`.
    pub(super) errexit: bool,
    /// `set -o emacs`, `vi` or `history`: what is typed would be edited, expanded or remembered.
    pub(super) editing: bool,
}

/// What bash says at its prompt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Prompt {
    /// Of the last command.
    pub(super) code: i64,
    pub(super) options: Options,
    /// Commands of the last pipeline.
    pub(super) pipes: usize,
    /// Whether there ever was a background job.
    pub(super) has_jobs: bool,
    /// Seconds after which an idle shell would end; 0 is never.
    pub(super) idle_limit: u64,
    /// The user's prompt is there, and not the invisible one.
    pub(super) is_visible: bool,
}

/// What bash says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Report {
    /// Bash evaluates the text with this number.
    Begun(u64),
    /// Bash is at its prompt.
    Prompt(Prompt),
    /// The complaint before a prompt of the user's has been printed.
    Marked,
    /// Bash has understood so far what was typed, and wants more of it.
    Unfinished,
    /// Bash has read the question with this number; the last command's code.
    Answer(u64, i64),
}

/// How a command gets to bash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// It is the line that is typed.
    Typed,
    /// It is evaluated: by `eval`, or by what stands in for it where that is a function of the user's.
    Evaluated(usize),
}

/// Words that evaluate a text, and words that read it from a file.
const EVALUATORS: [&str; 3] = ["\\eval", "\\builtin eval", "\\command eval"];
const READERS: [&str; 3] = ["\\.", "\\builtin .", "\\command ."];

impl Way {
    /// The first that is tried.
    pub(super) fn of(command: &str) -> Self {
        let is_typed = command.len() <= LONGEST_LINE
            && !UNTYPABLE.iter().any(|text| command.contains(text))
            && !command
                .bytes()
                .any(|byte| byte != b'\t' && byte.is_ascii_control())
            && !command.ends_with('\\');
        if is_typed {
            Self::Typed
        } else {
            Self::Evaluated(0)
        }
    }

    /// The one after it; `None` after the last.
    pub(super) fn next(self) -> Option<Self> {
        match self {
            Self::Typed => None,
            Self::Evaluated(way) => (way < EVALUATORS.len()).then_some(Self::Evaluated(way + 1)),
        }
    }
}

impl Options {
    /// From `$-`, `$SHELLOPTS` and `$BASHOPTS`.
    fn new(flags: &str, set: &str, shopt: &str) -> Self {
        let is_set = |names: &str, name: &str| names.split(':').any(|known| known == name);
        Self {
            extglob: is_set(shopt, "extglob"),
            trace: flags.contains('x'),
            verbose: flags.contains('v'),
            errexit: flags.contains('e'),
            editing: ["emacs", "vi", "history"]
                .iter()
                .any(|name| is_set(set, name)),
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

    /// The start-up file: what bash would read without one, between what the server needs. It is there before and after,
    /// because a start-up file may end early, and may change the prompt.
    pub(super) fn startup(&self) -> String {
        format!(
            "{}LINES={LINES} COLUMNS={COLUMNS}\n[ -f ~/.bashrc ] && \\builtin . ~/.bashrc\n{}",
            self.words(FIRST_PLACE),
            self.prompt(),
        )
    }

    /// What the server needs, for a shell that has started already.
    pub(super) fn prompt(&self) -> String {
        format!(
            "{}\\builtin unset -v 'PROMPT_COMMAND[{FIRST_PLACE}]' 2>/dev/null\n",
            self.words(PLACE)
        )
    }

    /// No line editing and no history, the prompts, and the report. Where a name is readonly the rest is done all the same, and
    /// a prompt reports in place of the hook.
    fn words(&self, place: u32) -> String {
        let hook = self.hook();
        // Within a prompt bash does not know reserved words at any moment.
        let report = self.report().replace("! { :; } ", "");
        // Before 5.1 there is no array of hooks.
        format!(
            "\\builtin set +o history +o vi +o emacs\n\
             (PS0=) 2>/dev/null && PS0=\n\
             (PS2=) 2>/dev/null && PS2='{continuation}'\n\
             if (PROMPT_COMMAND=) 2>/dev/null; then\n\
             if [ \"${{BASH_VERSINFO[0]}}${{BASH_VERSINFO[1]}}\" -ge 51 ]; then PROMPT_COMMAND[{place}]='{hook}'\n\
             elif [ -n \"${{PROMPT_COMMAND##*'/dev/null/p '*}}\" ] || [ -z \"${{PROMPT_COMMAND-}}\" ]; then\n\
             PROMPT_COMMAND=\"${{PROMPT_COMMAND:+$PROMPT_COMMAND$'\\n'}}\"'{hook}'\n\
             fi\nfi\n\
             case \"${{PROMPT_COMMAND[*]-}}\" in\n\
             *'/dev/null/p '*) (PS1=) 2>/dev/null && PS1='{PROMPT}';;\n\
             *) (PS1=) 2>/dev/null && PS1='\\[$({report})\\]';;\n\
             esac\n",
            continuation = self.continuation(),
        )
    }

    /// Says that bash is at its prompt. It runs nothing.
    fn report(&self) -> String {
        format!(
            "! {{ :; }} 2>>{} <\"/dev/null/p $$ $? $- ${{#PIPESTATUS[*]}} ${{!-}} ${{SHELLOPTS-}} ${{BASHOPTS-}} ${{TMOUT-}} ${{#PS1}} ${{PS1:0:2}}\"",
            self.reports
        )
    }

    /// Run before every prompt: the report; where the prompt is the user's, a complaint on the terminal and a report that it is
    /// there; then what puts the prompts back where they were changed. Only then are there words of which a trap or a function of the user's could take notice.
    fn hook(&self) -> String {
        format!(
            "{}\n{{ for _ in; do :; done; }} <\"{MARK}${{PS1#\"\\[\\]\"}}\" || ! {{ :; }} 2>>{} <\"/dev/null/q $$\"\nif {{ for _ in; do :; done; }} 2>/dev/null <\"/dev/null${{PS1#\"\\[\\]\"}}${{PS2##*\"/dev/null/i \"*}}${{PS0-}}${{MAILCHECK+m}}\"; \
             then for _ in; do :; done; \
             else \\builtin unset -v MAILCHECK; PS0=; PS2=\"{}\"; PS1=\"\\[\\]\"; fi 2>/dev/null",
            self.report(),
            self.reports,
            self.continuation().replace('$', "\\$").replace('"', "\\\""),
        )
    }

    /// What stands in place of the prompt for more of a command: says that it is wanted.
    fn continuation(&self) -> String {
        format!("$(2>>{} <\"/dev/null/i $$\")", self.reports)
    }

    /// The line that runs a command, and the text that lies ready meanwhile.
    ///
    /// Whether an evaluator is what it seems is seen by a report from within. That changes `$?`, which is put back, and
    /// `PIPESTATUS`, which cannot be: where that matters nothing is reported.
    pub(super) fn line(&self, command: &str, way: Way, number: u64, last: &Prompt) -> Line {
        let Way::Evaluated(way) = way else {
            return Line {
                typed: format!("{command}\n"),
                text: Vec::new(),
                is_told: false,
            };
        };
        let begun = format!("! {{ :; }} 2>>{} <\"/dev/null/b {number}\"", self.reports);
        let mut text = String::with_capacity(command.len() + 128);
        // The trace would show the server's own words.
        let quiet = if last.options.trace {
            text.push_str("\\set -x\n");
            "{ \\set +x; } 2>/dev/null; "
        } else {
            ""
        };
        // The next line would be taken for the rest of this one.
        let command = match command.strip_suffix('\\') {
            Some(whole) if !ends_in_pairs(whole) => command,
            Some(whole) => whole,
            None => command,
        };
        let word = quoted(&format!("{text}{command}"));
        if let (Some(word), Some(evaluator)) = (word, EVALUATORS.get(way)) {
            let is_told = last.pipes <= 1;
            let typed = match (is_told, last.code) {
                (false, _) => format!(" {quiet}{evaluator} {word}\n"),
                (true, 0) => format!(" {quiet}! {evaluator} '{begun}'; {evaluator} {word}\n"),
                (true, code) => format!(
                    " {quiet}! {evaluator} '{begun}'; if (exit {code}); then for _ in; do :; done; else {evaluator} {word}; fi\n"
                ),
            };
            return Line {
                typed,
                text: Vec::new(),
                is_told,
            };
        }
        let is_told = last.code == 0 && last.pipes <= 1;
        if is_told {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{begun}\nfor _ in; do :; done");
        }
        text.push_str(command);
        let reader = READERS[way % READERS.len()];
        Line {
            typed: format!(" {quiet}{reader} {}\n", self.text),
            text: text.into_bytes(),
            is_told,
        }
    }

    /// A line that is answered when bash reads it at its prompt, and which leaves this code behind. Where the hook was lost, a
    /// file with the prompt's words is read.
    pub(super) fn question(&self, number: u64, leave: Option<i64>, words: Option<&str>) -> String {
        let mut line = format!(
            " ! {{ :; }} 2>>{} <\"/dev/null/s {number} $?\"",
            self.reports
        );
        if let Some(file) = words {
            let _ = write!(line, "; \\builtin . {file}");
        }
        if let Some(code) = leave {
            let _ = write!(line, "; (exit {code})");
        }
        line.push('\n');
        line
    }

    /// A line that switches editing and history off. It must be typed: what a shell reads from changes at its prompt only.
    pub(super) fn plain_input() -> &'static str {
        " \\builtin set +o vi +o emacs +o history\n"
    }

    /// How the words at the prompt begin, which `set -v` shows.
    pub(super) fn words_shown(&self) -> String {
        format!("! {{ :; }} 2>>{} <\"/dev/null/p ", self.reports)
    }
}

/// What is typed for a command.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) typed: String,
    /// What the file holds.
    pub(super) text: Vec<u8>,
    /// Whether its beginning is reported.
    pub(super) is_told: bool,
}

/// Whether there are two backslashes at its end, or four, or none.
fn ends_in_pairs(text: &str) -> bool {
    let others = text.trim_end_matches('\\').len();
    (text.len() - others).is_multiple_of(2)
}

/// As one word of bash, if it fits into a line that is typed.
fn quoted(text: &str) -> Option<String> {
    // Bash uses these two within words itself.
    if text.len() > LONGEST_LINE || text.contains(['\u{1}', '\u{7f}']) {
        return None;
    }
    let mut word = String::with_capacity(text.len() + 16);
    word.push_str("$'");
    for c in text.chars() {
        match c {
            '\\' => word.push_str("\\\\"),
            '\'' => word.push_str("\\'"),
            '\n' => word.push_str("\\n"),
            c if c.is_ascii_control() => {
                let _ = write!(word, "\\{:03o}", u32::from(c));
            }
            c => word.push(c),
        }
    }
    word.push('\'');
    (word.len() <= LONGEST_LINE).then_some(word)
}

pub(super) fn path(descriptor: &impl AsRawFd) -> String {
    format!("/proc/{}/fd/{}", std::process::id(), descriptor.as_raw_fd())
}

/// Reads one line of the pipe, a complaint of bash's; what does not come from the shell with this number is nothing.
pub(super) fn report(line: &str, pid: u32) -> Option<Report> {
    let (_, words) = line.split_once("/dev/null/")?;
    // The words end where the complaint begins.
    let (words, _) = words.rsplit_once(": ")?;
    let mut words = words.split(' ');
    let kind = words.next()?;
    let first = words.next()?;
    Some(match kind {
        "b" => Report::Begun(first.parse().ok()?),
        "s" => Report::Answer(first.parse().ok()?, words.next()?.parse().ok()?),
        "q" if first.parse() == Ok(pid) => Report::Marked,
        "i" if first.parse() == Ok(pid) => Report::Unfinished,
        "p" if first.parse() == Ok(pid) => {
            let code = words.next()?.parse().ok()?;
            let flags = words.next()?;
            let pipes = words.next()?.parse().unwrap_or(1);
            let last_job = words.next()?;
            let options = Options::new(flags, words.next()?, words.next()?);
            let idle_limit = words.next().and_then(|word| word.parse().ok()).unwrap_or(0);
            let length: usize = words.next().and_then(|word| word.parse().ok()).unwrap_or(0);
            // The invisible prompt, or the one that reports.
            let is_ours = words.next() == Some("\\[") && (length == PROMPT.len() || length > 100);
            Report::Prompt(Prompt {
                code,
                options,
                pipes,
                has_jobs: !last_job.is_empty(),
                idle_limit,
                is_visible: length > 0 && !is_ours,
            })
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

    fn paths() -> Paths {
        let file = std::fs::File::open("/dev/null").unwrap();
        Paths::new(&file, &file)
    }

    #[test]
    fn reports_are_read() {
        let prompt = Prompt {
            code: 7,
            options: Options {
                extglob: true,
                trace: true,
                verbose: false,
                errexit: true,
                editing: true,
            },
            pipes: 2,
            has_jobs: true,
            idle_limit: 600,
            is_visible: true,
        };
        let quiet = Prompt {
            code: 1,
            pipes: 1,
            ..Prompt::default()
        };
        let cases = [
            (
                "bash: /dev/null/b 7: Not a directory",
                Some(Report::Begun(7)),
            ),
            (
                "bash: /dev/null/s 7 130: Kein Verzeichnis",
                Some(Report::Answer(7, 130)),
            ),
            (
                "-bash: /dev/null/i 12: Not a directory",
                Some(Report::Unfinished),
            ),
            ("bash: /dev/null/i 13: Not a directory", None),
            (
                "bash: /dev/null/p 12 7 ehimxBHs 2 4711 monitor:vi cmdhist:extglob:promptvars 600 9 \\u: Not a directory",
                Some(Report::Prompt(prompt)),
            ),
            (
                "bash: /dev/null/p 12 1 himBHs 1  monitor cmdhist  4 \\[: Not a directory",
                Some(Report::Prompt(quiet)),
            ),
            (
                "bash: /dev/null/p 13 1 himBHs 1  monitor cmdhist  4 \\[: Not a directory",
                None,
            ),
            ("bash: x", None),
            ("", None),
            ("bash: /dev/null/b -1: Not a directory", None),
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
    fn what_a_keyboard_cannot_type_is_evaluated() {
        for text in ["true", "echo 'it'; (exit 3)", "a\tb", "", "# x", "é"] {
            assert_eq!(Way::of(text), Way::Typed, "{text}");
        }
        let long = "x".repeat(LONGEST_LINE + 1);
        for text in [
            "a\nb", "cat <<E", "a\\", "a\u{1}", "a\u{4}", "a\u{7f}", "a\r", &long,
        ] {
            assert_eq!(Way::of(text), Way::Evaluated(0), "{text}");
        }
    }

    #[test]
    fn a_line_fits_into_a_terminals_line() {
        let last = Prompt {
            options: Options {
                trace: true,
                ..Options::default()
            },
            ..Prompt::default()
        };
        let texts = [
            "'".repeat(4_000),
            "\n".repeat(1_400),
            "x".repeat(LONGEST_LINE),
            "\u{2}\n".repeat(40_000),
        ];
        for text in texts {
            let mut way = Some(Way::of(&text));
            while let Some(present) = way {
                let line = paths().line(&text, present, u64::MAX, &last).typed;
                assert!(line.len() < 4_000, "{}", line.len());
                assert_eq!(line.matches('\n').count(), 1);
                way = present.next();
            }
        }
        let question = paths().question(u64::MAX, Some(i64::MIN), Some("/proc/4194304/fd/1048576"));
        assert!(question.len() < 2_048, "{}", question.len());
    }
}
