//! A process with everything that came of it: its group, its children, their children, also those in sessions of their own.

use std::{collections::HashSet, time::Duration};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use tokio::time::Instant;

use super::{Process, processes};

/// How often it is looked whether they have.
const GLANCE: Duration = Duration::from_millis(5);

/// Processes that are killed may have started others a moment before; this often it is looked again.
const ROUNDS: usize = 4;

/// The tree below a process that leads its own group.
#[derive(Debug)]
pub(crate) struct Tree {
    root: Pid,
    /// Everything that was ever seen to belong to it: a process whose parent has ended is not found again.
    known: Vec<Process>,
}

impl Tree {
    pub(crate) fn of(root: Pid) -> Self {
        Self {
            root,
            known: Vec::new(),
        }
    }

    /// Asks everything to end, and kills what has not done so after `grace`.
    pub(crate) async fn end(mut self, grace: Duration) {
        self.signal(Signal::TERM);
        // One that is stopped does not hear the question.
        self.signal(Signal::CONT);
        let begun = Instant::now();
        while self.is_alive() && begun.elapsed() < grace {
            tokio::time::sleep(GLANCE).await;
        }
        self.kill();
    }

    /// Kills everything at once.
    pub(crate) fn kill(&mut self) {
        Self::kill_together(std::slice::from_mut(self));
    }

    /// Kills several trees, looking at the table of processes once for all.
    pub(crate) fn kill_all(roots: &[Pid]) {
        let mut trees: Vec<Self> = roots.iter().copied().map(Self::of).collect();
        Self::kill_together(&mut trees);
    }

    fn kill_together(trees: &mut [Self]) {
        for _ in 0..ROUNDS {
            let table = processes();
            let mut is_any = false;
            for tree in &mut *trees {
                is_any |= tree.send(&table, Signal::KILL);
            }
            if !is_any {
                break;
            }
        }
    }

    /// Sends a signal to all of it.
    pub(crate) fn signal(&mut self, signal: Signal) {
        self.send(&processes(), signal);
    }

    fn is_alive(&self) -> bool {
        self.known.iter().any(Process::is_alive)
    }

    /// Whether there was anything alive to send it to.
    fn send(&mut self, table: &[Process], signal: Signal) -> bool {
        self.learn(table);
        // The group first: it is hit in one go, before its members can start others. Either may be gone already.
        let _ = kill_process_group(self.root, signal);
        let mut is_any = false;
        for process in &self.known {
            if process.is_alive() {
                is_any = true;
                if process.group != Some(self.root) {
                    let _ = kill_process(process.pid, signal);
                }
            }
        }
        is_any
    }

    /// Adds what belongs to the tree now.
    fn learn(&mut self, table: &[Process]) {
        // The children of a dead one have another parent by now, and its number may be another's.
        let alive = self.known.iter().filter(|process| process.is_alive());
        let mut members: HashSet<Pid> = alive.map(|process| process.pid).collect();
        members.insert(self.root);
        loop {
            let before = members.len();
            for process in table {
                let belongs = process.group == Some(self.root)
                    || process.session == Some(self.root)
                    || process
                        .parent
                        .is_some_and(|parent| members.contains(&parent));
                if belongs {
                    members.insert(process.pid);
                }
            }
            if members.len() == before {
                break;
            }
        }
        for process in table {
            if members.contains(&process.pid) && !self.known.iter().any(|other| other.is(process)) {
                self.known.push(*process);
            }
        }
    }
}
