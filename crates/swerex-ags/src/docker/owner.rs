//! Whose a detached container is: the process whose end ends it.
//!
//! Docker's containers stay until somebody removes them. A sandbox costs as long as it runs, and an agent that is killed removes nothing: so a
//! container belongs to the program that wanted it. That is seldom what called `docker run`, which may be a shell for one line, `timeout` or
//! `make`, and ends at once. Such launchers are passed over on the way up; the first process that is none of them is the owner. A shell that
//! somebody types into stands for all that is done on its terminal: there it is the leader of its session.

use std::{fmt, path::Path};

use rustix::process::Pid;

use super::process::{Process, Stat, words};

/// The label that says it, and what it may be.
pub(super) const LABEL: &str = "swerex-ags.owner";
pub(super) const CHOICES: &str = "none, session or the id of a process";

/// Shells: what they run is whatever called them wants.
const SHELLS: &[&str] = &[
    "sh", "bash", "rbash", "dash", "ash", "zsh", "ksh", "ksh93", "mksh", "fish", "tcsh", "csh",
];

/// Programs that run another one for whatever called them.
const LAUNCHERS: &[&str] = &[
    "ant", "bazel", "busybox", "chroot", "chrt", "cmake", "doas", "docker", "env", "expect",
    "find", "flock", "gmake", "ionice", "just", "make", "ninja", "nice", "nohup", "npm", "npx",
    "numactl", "parallel", "pnpm", "podman", "runuser", "samu", "script", "setpriv", "setsid",
    "stdbuf", "strace", "su", "sudo", "task", "taskset", "time", "timeout", "unbuffer", "watch",
    "xargs", "xvfb-run", "yarn",
];

/// Launchers that are scripts.
const SCRIPTS: &[&str] = &[
    "npm", "npx", "nox", "parallel", "pnpm", "rake", "tox", "unbuffer", "yarn",
];

/// Programs that run scripts: what they are is said by the script's name.
const INTERPRETERS: &[&str] = &["python", "perl", "ruby", "node", "expect", "tclsh", "wish"];

/// What begins processes and never wants a container; the first of them takes those whose parent has ended.
const INITS: &[&str] = &[
    "systemd",
    "init",
    "tini",
    "dumb-init",
    "docker-init",
    "catatonit",
    "podman-init",
    "runit",
    "runsv",
    "s6-svscan",
    "s6-supervise",
    "cron",
    "crond",
    "atd",
];

/// Processes that are looked at on the way up, at most.
const HIGHEST: usize = 256;

/// What the label asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Choice {
    /// The first process above that is no launcher.
    #[default]
    Found,
    /// The leader of the session, as it is.
    Session,
    /// This process.
    Process(i32),
    /// Nobody: it stays until it is removed, or until its time is over.
    Nobody,
}

impl Choice {
    pub(super) fn parse(text: &str) -> Option<Self> {
        match text {
            "none" => Some(Self::Nobody),
            "session" => Some(Self::Session),
            pid => pid.parse().ok().filter(|pid| *pid > 0).map(Self::Process),
        }
    }
}

/// The process whose end ends a container, and what it is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Owner {
    pub(super) process: Process,
    name: String,
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "process {} ({})", self.process.pid(), self.name)
    }
}

/// The owner of what this process starts; `None` if it is nobody.
///
/// # Errors
/// The process that is named is not there.
pub(super) fn of_this(choice: Choice) -> Result<Option<Owner>, String> {
    let this = rustix::process::getpid();
    match choice {
        Choice::Nobody => Ok(None),
        Choice::Found => Ok(above(this.as_raw_nonzero().get(), &Seen::of)),
        Choice::Session => {
            let leader = rustix::process::getsid(None).map_err(|error| error.to_string())?;
            let leader = Seen::of(leader.as_raw_nonzero().get());
            let leader = leader.filter(|leader| leader.pid() != this.as_raw_nonzero().get());
            let missing = "this process has no session above it, or its leader has ended";
            leader
                .map(|leader| Some(leader.owner()))
                .ok_or_else(|| missing.to_owned())
        }
        Choice::Process(pid) => {
            let seen = Pid::from_raw(pid).and_then(|_| Seen::of(pid));
            let seen = seen.ok_or_else(|| format!("there is no process {pid}"))?;
            Ok(Some(seen.owner()))
        }
    }
}

/// The owner of what the process `from` starts, as far as `look` sees.
fn above(from: i32, look: &impl Fn(i32) -> Option<Seen>) -> Option<Owner> {
    let start = look(from)?;
    let (mut parent, mut highest) = (start.stat.parent, None);
    for _ in 0..HIGHEST {
        let Some(seen) = look(parent) else { break };
        match seen.role() {
            Role::Program => return Some(seen.owner()),
            Role::Terminal => {
                // Above it or it itself, not one that a later process has the number of.
                let leader = look(seen.stat.session);
                let leader = leader.filter(|leader| leader.stat.session == leader.pid());
                return Some(leader.unwrap_or(seen).owner());
            }
            Role::Init => break,
            Role::Launcher => parent = seen.stat.parent,
        }
        highest = Some(seen);
    }
    // Nothing but launchers, up to where all processes come from: a service's script, a job of cron, or an orphan.
    let leader = look(start.stat.session);
    leader
        .filter(|leader| leader.pid() != from && !matches!(leader.role(), Role::Init))
        .or(highest)
        .map(Seen::owner)
}

/// A process as it is seen from outside.
#[derive(Clone, Debug)]
struct Seen {
    stat: Stat,
    words: Vec<String>,
    /// Whether its standard input is a terminal, as far as it can be told.
    reads_terminal: bool,
}

/// What a process is to those below it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// It runs another one for whatever is above it.
    Launcher,
    /// A shell that somebody types into.
    Terminal,
    /// Where processes come from.
    Init,
    /// Anything else.
    Program,
}

impl Seen {
    fn of(pid: i32) -> Option<Self> {
        let stat = Stat::of(pid)?;
        let input = std::fs::read_link(format!("/proc/{pid}/fd/0"));
        let reads_terminal = match input {
            Ok(input) => ["/dev/pts/", "/dev/tty", "/dev/console"]
                .iter()
                .any(|terminal| input.as_os_str().to_string_lossy().starts_with(terminal)),
            // Somebody else's.
            Err(_) => stat.has_terminal,
        };
        Some(Self {
            words: words(pid),
            reads_terminal,
            stat,
        })
    }

    fn pid(&self) -> i32 {
        self.stat.process.pid()
    }

    fn owner(self) -> Owner {
        Owner {
            name: self.program().to_owned(),
            process: self.stat.process,
        }
    }

    /// The name of its program.
    fn program(&self) -> &str {
        let word = match self.words.as_slice() {
            // One that has given itself a title: `npm run up`, `sshd: me@pts/0`.
            [title] => title.split([' ', ':']).next().unwrap_or_default(),
            [word, ..] => word,
            [] => "",
        };
        match word {
            "" => &self.stat.name,
            // A login shell has a dash before its name.
            word => base(word.strip_prefix('-').unwrap_or(word)),
        }
    }

    fn role(&self) -> Role {
        let program = self.program();
        if SHELLS.contains(&program) {
            return if self.is_typed_into() {
                Role::Terminal
            } else {
                Role::Launcher
            };
        }
        if INITS.contains(&program) {
            return Role::Init;
        }
        if LAUNCHERS.contains(&program) {
            return Role::Launcher;
        }
        let is_interpreter = INTERPRETERS.iter().any(|name| {
            let version = program.strip_prefix(name);
            version.is_some_and(|rest| rest.chars().all(|c| c.is_ascii_digit() || c == '.'))
        });
        let script = self
            .words
            .iter()
            .skip(1)
            .find(|word| !word.starts_with('-'));
        match script {
            Some(script) if is_interpreter && SCRIPTS.contains(&stem(script)) => Role::Launcher,
            _ => Role::Program,
        }
    }

    /// Whether somebody types commands into this shell, or it is there for one command or a script.
    fn is_typed_into(&self) -> bool {
        if self.stat.is_copy {
            // What stands in parentheses, in a pipe, or in a substitution.
            return false;
        }
        let mut is_asked_to = false;
        let mut words = self.words.iter().skip(1);
        while let Some(word) = words.next() {
            let letters = match word.strip_prefix(['-', '+']) {
                Some("" | "-") => break,
                Some(letters) => letters,
                // A script.
                None => return false,
            };
            if let Some(long) = letters.strip_prefix('-') {
                if matches!(long, "rcfile" | "init-file") {
                    words.next();
                }
                continue;
            }
            if letters.contains('c') {
                return false;
            }
            if letters.contains(['o', 'O']) {
                words.next();
            }
            is_asked_to |= letters.contains('i');
            if letters.contains('s') {
                break;
            }
        }
        is_asked_to || self.reads_terminal
    }
}

fn base(path: &str) -> &str {
    Path::new(path)
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or(path)
}

/// The name of a script: of `/usr/lib/npm-cli.js`, `npm`.
fn stem(path: &str) -> &str {
    let name = base(path);
    let name = name.split_once('.').map_or(name, |(name, _)| name);
    name.strip_suffix("-cli").unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A process: id, parent, session, words; `*` before them: its input is a terminal, `&`: it is a copy of its parent.
    type Line = (i32, i32, i32, &'static str);

    fn owner(tree: &[Line]) -> Option<(i32, String)> {
        let look = |pid: i32| {
            let &(_, parent, session, line) = tree.iter().find(|line| line.0 == pid)?;
            let (is_copy, line) = (line.contains('&'), line.replace('&', ""));
            let (reads_terminal, line) = (line.contains('*'), line.replace('*', ""));
            let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
            let stat = Stat {
                process: serde_json::from_value(serde_json::json!({"pid": pid, "started": 1}))
                    .ok()?,
                name: base(&words[0]).to_owned(),
                parent,
                session,
                has_terminal: reads_terminal,
                is_copy,
            };
            Some(Seen {
                stat,
                words,
                reads_terminal,
            })
        };
        let (this, ..) = *tree.last()?;
        above(this, &look).map(|owner| (owner.process.pid(), owner.name))
    }

    const INIT: Line = (1, 0, 1, "/sbin/init splash");
    const BASH: Line = (10, 1, 10, "*-bash");

    fn is(tree: &[Line], pid: i32, name: &str) {
        assert_eq!(owner(tree), Some((pid, name.to_owned())), "{tree:?}");
    }

    #[test]
    fn an_agent_owns_what_it_starts_wherever_it_was_started() {
        let agent = (20, 10, 10, "*/usr/bin/python3 /usr/bin/mini-extra swebench");
        is(
            &[INIT, BASH, agent, (30, 20, 10, "docker run")],
            20,
            "python3",
        );
        for between in [
            "sh -c docker_run;true",
            "/bin/bash -ec docker",
            "bash --noprofile -e setup.sh -i",
            "timeout 60 docker run",
            "make -s up",
            "sudo -E docker run",
            "xargs docker run",
            "perl /usr/bin/parallel docker run",
            "node /usr/lib/node_modules/npm/bin/npm-cli.js run up",
            "bash -s",
            "&-bash",
        ] {
            let launcher = (25, 20, 10, between);
            is(
                &[INIT, BASH, agent, launcher, (30, 25, 10, "docker run")],
                20,
                "python3",
            );
            // Of a session of its own, it is a launcher all the same.
            let leader = (25, 20, 25, between);
            is(
                &[INIT, BASH, agent, leader, (30, 25, 25, "docker run")],
                20,
                "python3",
            );
        }
        // In a container it may be the first of all.
        is(
            &[(1, 0, 1, "python agent.py"), (30, 1, 1, "docker run")],
            1,
            "python",
        );
    }

    #[test]
    fn what_is_typed_or_scripted_belongs_to_the_session() {
        let docker = (30, 25, 10, "docker run");
        is(&[INIT, BASH, (30, 10, 10, "docker run")], 10, "bash");
        for launcher in [
            "/bin/sh ./setup.sh",
            "make",
            "*&-bash",
            "*bash ./x",
            "*bash",
            "*zsh -i",
        ] {
            is(&[INIT, BASH, (25, 10, 10, launcher), docker], 10, "bash");
        }
        // The leader of the session has ended: what is left is what was found.
        is(&[INIT, (25, 1, 10, "*bash"), docker], 25, "bash");
        let other = (10, 1, 9, "unrelated");
        is(&[INIT, other, (25, 1, 10, "*bash"), docker], 25, "bash");
    }

    #[test]
    fn where_there_are_only_launchers_it_is_the_leader_or_the_highest() {
        let script = (25, 1, 25, "/bin/bash /opt/service.sh");
        is(&[INIT, script, (30, 25, 25, "docker run")], 25, "bash");
        let cron = (5, 1, 5, "/usr/sbin/cron -f");
        let (job, line) = ((20, 5, 20, "/bin/sh -c x"), (25, 20, 20, "bash x"));
        is(
            &[INIT, cron, job, line, (30, 25, 20, "docker run")],
            20,
            "sh",
        );
        // The script's parent has ended, and its terminal is still there.
        let orphan = (25, 1, 10, "bash x");
        is(
            &[INIT, BASH, orphan, (30, 25, 10, "docker run")],
            10,
            "bash",
        );
        is(&[INIT, orphan, (30, 25, 10, "docker run")], 25, "bash");
        is(
            &[(1, 0, 1, "bash entry.sh"), (30, 1, 1, "docker run")],
            1,
            "bash",
        );
        assert_eq!(owner(&[INIT, (30, 1, 30, "docker run")]), None);
        assert_eq!(owner(&[(30, 0, 0, "docker run")]), None);
    }

    #[test]
    fn a_tree_of_any_shape_is_climbed_to_an_end() {
        is(
            &[
                (25, 26, 7, "sh x"),
                (26, 25, 7, "sh y"),
                (30, 25, 7, "docker"),
            ],
            26,
            "sh",
        );
        let silent = [(20, 1, 1, ""), (30, 20, 1, "docker run")];
        assert_eq!(owner(&silent), Some((20, String::new())));
    }

    #[test]
    fn the_label_says_otherwise() {
        assert_eq!(Choice::parse("none"), Some(Choice::Nobody));
        assert_eq!(Choice::parse("session"), Some(Choice::Session));
        assert_eq!(Choice::parse("12"), Some(Choice::Process(12)));
        for wrong in ["", "None", "0", "-3", "12x", "99999999999"] {
            assert_eq!(Choice::parse(wrong), None, "{wrong}");
        }
        assert_eq!(of_this(Choice::Nobody), Ok(None));
        let this = i32::try_from(std::process::id()).unwrap();
        let owner = of_this(Choice::Process(this)).unwrap().unwrap();
        assert_eq!(owner.process, Process::this().unwrap());
        assert!(
            of_this(Choice::Process(i32::MAX))
                .unwrap_err()
                .contains("no process")
        );
    }
}
