//! A bash on a terminal of its own: what it prints and reports, and what is known of it.

mod keyboard;
mod phase;
mod state;
mod step;

use std::{
    ffi::OsString,
    fs::File,
    io::{self, PipeWriter},
    os::{fd::OwnedFd, unix::fs::FileExt},
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use rustix::{
    fs::{MemfdFlags, memfd_create},
    process::Pid,
};
use swerex_proto::native::MAX_OUTPUT;
use tokio::{
    net::unix::pipe::Receiver,
    process::Child,
    sync::{Notify, watch},
    time::Instant,
};

pub(super) use phase::{Done, End, Keeper, Phase, Refusal};
use state::State;
use step::{FIRST_LOOK, LAST_LOOK};

use super::{
    input::{self, Foreground},
    script::{self, Paths, Report, Way},
    terminal::{Read, Screen, Terminal},
};
use crate::{
    output::Capture,
    process::{self, Entry, is_elsewhere, pty, spawn_lock},
    work::Surroundings,
};

/// Bytes that are kept of what is printed while nobody wants it.
const UNATTENDED: usize = 16 * 1024 * 1024;

/// Bytes that wait to be looked through for a pattern: none of them is left out before.
const UNSEARCHED: usize = 4 * 1024 * 1024;

/// Bytes that are copied at a time.
const PIECE: usize = 256 * 1024;

/// Reports that are there are taken over in less than that.
const MOMENT: Duration = Duration::from_millis(1);

/// A running shell.
pub(super) struct Shell {
    terminal: Terminal,
    reports: Receiver,
    /// The end that bash opens; as long as this one is open, too, the pipe has no end.
    _to_reports: PipeWriter,
    text: File,
    paths: Paths,
    pub(super) pid: Pid,
    /// The start-up file.
    startup: File,
    /// The program and its words; others after `exec`.
    known_as: Mutex<Vec<u8>>,
    /// Calls that want what is printed.
    attending: AtomicUsize,
    attended: Notify,
    /// A command has named a process substitution that takes output.
    substitutes: AtomicBool,
    pub(super) bash: PathBuf,
    pub(super) environment: Vec<(OsString, OsString)>,
    state: Mutex<State>,
    changes: watch::Sender<()>,
}

impl Shell {
    /// Starts a bash; it is ready when it has left the phase [`Phase::Starting`].
    pub(super) fn start(surroundings: &Surroundings) -> io::Result<Arc<Self>> {
        let environment = environment(surroundings);
        let bash = find(&environment);
        let (terminal, screen, pts) = Terminal::open()?;
        let (reports, to_reports) = io::pipe()?;
        let text = File::from(memfd_create("command", MemfdFlags::CLOEXEC)?);
        let startup = File::from(memfd_create("startup", MemfdFlags::CLOEXEC)?);
        let paths = Paths::new(&text, &to_reports);
        startup.write_all_at(paths.startup().as_bytes(), 0)?;
        let mut command = pty_process::Command::new(&bash)
            .arg0("bash")
            .args(["--noediting", "--rcfile", &script::path(&startup)])
            .env_clear()
            .envs(environment.iter().map(|(name, value)| (name, value)));
        if is_elsewhere(&surroundings.directory) {
            command = command.current_dir(&surroundings.directory);
        }
        let child = {
            let _starting = spawn_lock::starting();
            command.spawn(pts).map_err(pty::plain_error)?
        };
        let pid = process::pid(&child).ok_or(io::ErrorKind::NotFound)?;
        let shell = Arc::new(Self {
            terminal,
            reports: Receiver::from_owned_fd(OwnedFd::from(reports))?,
            _to_reports: to_reports,
            text,
            paths,
            pid,
            startup,
            known_as: Mutex::new(input::words(pid)),
            attending: AtomicUsize::new(0),
            attended: Notify::new(),
            substitutes: AtomicBool::new(false),
            bash,
            environment,
            state: Mutex::new(State::new()),
            changes: watch::Sender::new(()),
        });
        let entry = surroundings.running.add(pid);
        tokio::spawn(attend(Arc::clone(&shell), screen, child, entry));
        Ok(shell)
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What has been printed and not been handed out; it stays. It may be much, and nobody is held up meanwhile.
    pub(super) async fn output(&self) -> Capture {
        let mut copy = Capture::new(MAX_OUTPUT);
        let end = self.state().screen.len();
        loop {
            let piece = self.state().screen.piece(copy.len(), PIECE);
            let is_there = copy.follow(&piece);
            if !is_there || piece.is_last || copy.len() >= end {
                return copy;
            }
            tokio::task::yield_now().await;
        }
    }

    /// Takes out what has been printed and not been handed out.
    pub(super) fn take_output(&self) -> Capture {
        self.state().screen.take()
    }

    /// Tells when the state has changed since the call.
    pub(super) fn changes(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }

    /// Runs a command; the shell must be at its prompt. What comes back is the command's number.
    pub(super) fn run(&self, command: &str) -> io::Result<u64> {
        let mut state = self.state();
        if state.has_visible_prompt() {
            self.let_prompt_be_shown(&mut state);
        }
        self.terminal.settle()?;
        let number = state.begin();
        self.evaluate(&mut state, command, Way::of(command))?;
        drop(state);
        self.attended.notify_one();
        Ok(number)
    }

    /// The shell's own number, as it knows it.
    fn number(&self) -> u32 {
        self.pid.as_raw_pid().unsigned_abs()
    }

    /// Types a line to whatever runs.
    pub(super) async fn type_line(&self, line: &str) -> io::Result<()> {
        self.state().mark_typed();
        self.terminal.type_in(format!("{line}\n").as_bytes()).await
    }

    /// The group of processes in the foreground.
    pub(super) fn foreground(&self) -> Option<Pid> {
        self.terminal.foreground()
    }

    /// What the foreground does. A shell that reads its next command is not meant: then the phase is another one.
    pub(super) fn look(&self) -> Foreground {
        let Some(group) = self.foreground() else {
            return Foreground::Unknown;
        };
        let seen = input::look(group, &self.terminal.name);
        if group != self.pid {
            return seen;
        }
        // Bash reports before it reads a command, and a report is taken over while the state is locked.
        let state = self.state();
        if self.has_news()
            || !matches!(state.phase(), Phase::Running { .. })
            || self.reads_command() == Some(true)
        {
            return Foreground::Works;
        }
        seen
    }

    /// Whether there are reports that have not been taken over.
    fn has_news(&self) -> bool {
        rustix::io::ioctl_fionread(&self.reports).is_ok_and(|bytes| bytes > 0)
    }

    /// What the shell has become by `exec`, once that waits for somebody to type.
    pub(super) fn replaced(&self) -> Option<Replaced> {
        let now = input::words(self.pid);
        if now.is_empty() || now == *self.known_as() {
            return None;
        }
        let is_bash = is_bash(&now);
        match self.look() {
            Foreground::Reads if is_bash => Some(Replaced::Bash),
            // It edits lines.
            Foreground::Polls if is_bash => Some(Replaced::Bash),
            Foreground::Reads => Some(Replaced::Other),
            _ => None,
        }
    }

    /// Takes the bash that the shell has become for the shell, when it says that it is at its prompt.
    pub(super) async fn adopt(&self) -> io::Result<()> {
        *self.known_as() = input::words(self.pid);
        self.terminal.settle()?;
        // Line editing is left here, and not in the file: what is being read from changes at the top level only.
        let file = script::path(&self.startup);
        let line = format!(" \\builtin set +o vi +o emacs; \\builtin . {file}");
        self.type_line(&line).await
    }

    fn known_as(&self) -> MutexGuard<'_, Vec<u8>> {
        self.known_as.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The start-up files have been read: the file holds from now on what puts the prompt back.
    fn keep_prompt(&self) -> io::Result<()> {
        self.startup.set_len(0)?;
        self.startup.write_all_at(self.paths.prompt().as_bytes(), 0)
    }

    /// What is printed is taken over as long as this is held. Without, only so much of it as can be kept at little cost; then
    /// whoever prints has to wait.
    pub(super) fn attend(&self) -> Attention<'_> {
        self.attending.fetch_add(1, Ordering::SeqCst);
        self.attended.notify_one();
        Attention(self)
    }

    /// Somebody has looked through more of what was printed.
    pub(super) fn searched(&self) {
        self.attended.notify_one();
    }

    /// Whether more of what is printed is to be taken over.
    fn has_room(&self) -> bool {
        let state = self.state();
        if self.attending.load(Ordering::SeqCst) == 0 {
            return state.screen.len() < UNATTENDED;
        }
        state.unsearched() < UNSEARCHED
    }

    /// Takes over what has been printed.
    fn take_over(&self, state: &mut State, printed: &mut Vec<u8>) {
        if !printed.is_empty() {
            state.print(printed);
            printed.clear();
        }
    }

    /// Takes over reports that are there. Before the end counts, everything that was printed before it is taken over, too.
    fn hear(&self, heard: &mut Vec<u8>) {
        let mut state = self.state();
        let mut piece = [0; 4096];
        while let Ok(length @ 1..) = self.reports.try_read(&mut piece) {
            heard.extend_from_slice(&piece[..length]);
        }
        while let Some(end) = memchr::memchr(b'\n', heard) {
            let line: Vec<u8> = heard.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line);
            let Some(report) = script::report(line.trim_end_matches('\n'), self.number()) else {
                continue;
            };
            let mut printed = Vec::new();
            self.terminal.read(&mut printed);
            self.take_over(&mut state, &mut printed);
            let report = match report {
                // What is printed of it comes after the complaint.
                Report::Prompt(prompt) if prompt.is_visible => {
                    state.expect_mark(prompt);
                    continue;
                }
                Report::Marked => {
                    let Some(prompt) = state.take_marked() else {
                        continue;
                    };
                    Report::Prompt(prompt)
                }
                report => report,
            };
            if let Report::Prompt(prompt) = &report
                && prompt.options.verbose
            {
                state.take_words_back(&self.paths.words_shown());
            }
            let is_first = *state.phase() == Phase::Starting;
            let ask = state.hear(report);
            if is_first && *state.phase() != Phase::Starting {
                // It is memory, and the new text is shorter.
                let _ = self.keep_prompt();
            }
            self.tell(&mut state, ask);
        }
        drop(state);
        self.changes.send_replace(());
    }
}

/// What a shell may become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Replaced {
    /// Another bash, which can be the shell.
    Bash,
    Other,
}

/// Somebody who wants what is printed.
pub(super) struct Attention<'a>(&'a Shell);

impl Drop for Attention<'_> {
    fn drop(&mut self) {
        self.0.attending.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Reads what a shell prints and reports, until it has ended.
async fn attend(shell: Arc<Shell>, mut screen: Screen, mut child: Child, running: Entry) {
    let mut printed = Vec::new();
    let mut heard = Vec::new();
    let mut is_open = true;
    let mut last_news = Instant::now();
    let mut pause = FIRST_LOOK;
    let status = loop {
        let has_room = shell.has_room();
        let look = shell.next_look(last_news, pause);
        tokio::select! {
            ready = shell.reports.readable() => {
                if ready.is_err() {
                    break None;
                }
                (last_news, pause) = (Instant::now(), FIRST_LOOK);
                shell.hear(&mut heard);
            }
            read = shell.terminal.read_ready(&mut screen, &mut printed), if is_open && has_room => {
                (last_news, pause) = (Instant::now(), FIRST_LOOK);
                is_open = read != Read::Closed;
                shell.take_over(&mut shell.state(), &mut printed);
                shell.changes.send_replace(());
                if read == Read::More {
                    tokio::task::yield_now().await;
                }
            }
            () = shell.attended.notified() => {}
            () = sleep_until(look) => {
                pause = (pause * 2).min(LAST_LOOK);
                if shell.look_for_end(last_news.elapsed()) {
                    last_news = Instant::now();
                }
            }
            status = child.wait() => break status.ok(),
        }
    };
    shell.hear(&mut heard);
    shell.terminal.read(&mut printed);
    {
        let mut state = shell.state();
        shell.take_over(&mut state, &mut printed);
        state.end(End::of(status));
    }
    shell.changes.send_replace(());
    drop(running);
}

/// Without a time it never returns.
async fn sleep_until(time: Option<Instant>) {
    match time {
        Some(time) => tokio::time::sleep_until(time).await,
        None => std::future::pending().await,
    }
}

/// The shell's environment; pagers would wait for keys that nobody presses.
fn environment(surroundings: &Surroundings) -> Vec<(OsString, OsString)> {
    let mut environment: Vec<(OsString, OsString)> = match &surroundings.environment {
        Some(pairs) => pairs.to_vec(),
        None => std::env::vars_os().collect(),
    };
    for name in ["PAGER", "GIT_PAGER"] {
        if !environment.iter().any(|(known, _)| known == name) {
            environment.push((name.into(), "cat".into()));
        }
    }
    environment
}

/// The bash that `env bash` would start.
fn find(environment: &[(OsString, OsString)]) -> PathBuf {
    let path = environment.iter().find(|(name, _)| name == "PATH");
    let path = path.map_or_else(|| "/bin:/usr/bin".into(), |(_, value)| value.clone());
    std::env::split_paths(&path)
        .filter(|directory| directory.is_absolute())
        .map(|directory| directory.join("bash"))
        .find(|file| {
            rustix::fs::access(file, rustix::fs::Access::EXEC_OK).is_ok() && file.is_file()
        })
        .unwrap_or_else(|| PathBuf::from("/bin/bash"))
}

/// Whether the first of these words names a bash.
fn is_bash(words: &[u8]) -> bool {
    let program = words.split(|byte| *byte == 0).next().unwrap_or_default();
    let name = program.rsplit(|byte| *byte == b'/').next();
    matches!(name, Some(b"bash" | b"-bash"))
}
