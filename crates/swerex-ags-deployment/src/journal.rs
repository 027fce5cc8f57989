//! What was started here and has not ended, on disk before it is used: whatever a killed process leaves behind can be found.
//!
//! A journal is two files of one name in a directory: `.jsonl` with a line for each start, its answer and its end, and `.lock`, which is
//! locked as long as the process lives. A journal that nobody has locked is an orphan.

use std::{
    collections::BTreeMap,
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
};

use serde::{Deserialize, Serialize};

use crate::requests;

pub use orphan::{Orphan, living, orphans};

mod orphan;

/// The names of the two files of a journal.
const LINES: &str = "jsonl";
const LOCK: &str = "lock";

/// Lines that are of no use any more before a journal is written anew.
const MOST_SPENT: usize = 1_000;

/// The journal of an account in this process; clones are the same journal. Once it is dropped and all has ended, its files are gone.
#[derive(Clone, Debug)]
pub(crate) struct Journal(Arc<Mutex<Book>>);

#[derive(Debug)]
struct Book {
    path: PathBuf,
    head: Line,
    file: File,
    /// Held until the end.
    lock: File,
    open: Starts,
    /// Lines about starts that are over.
    spent: usize,
    has_failed: bool,
}

/// Starts that are not over, by their client tokens: with the instance's id once AGS has answered.
type Starts = BTreeMap<String, Option<String>>;

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    /// The first: whose journal this is.
    Journal {
        software: String,
        process: String,
        owner: String,
        scope: String,
    },
    /// AGS is asked for an instance with this client token.
    Asked { start: String },
    /// It gave one.
    Started { start: String, instance_id: String },
    /// It gave none, or that was stopped, or is to be left running.
    Over { start: String },
}

/// Where programs keep journals: `SWEREX_AGS_STATE_DIR`, else `swerex-ags` in `XDG_STATE_HOME`, else `~/.local/state/swerex-ags`.
/// `None` if the environment has none of `SWEREX_AGS_STATE_DIR`, `XDG_STATE_HOME`, `HOME`.
pub fn default_directory(variable: impl Fn(&str) -> Option<std::ffi::OsString>) -> Option<PathBuf> {
    let set = |name| {
        variable(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    set("SWEREX_AGS_STATE_DIR")
        .or_else(|| Some(set("XDG_STATE_HOME")?.join("swerex-ags")))
        .or_else(|| Some(set("HOME")?.join(".local/state/swerex-ags")))
}

impl Journal {
    /// A new journal in a directory, which is made if it is not there. `scope` names the endpoint and region that ids belong to.
    pub(crate) fn open(directory: &Path, scope: &str) -> io::Result<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        private_directory(directory)?;
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = directory.join(format!("{}-{number}.{LINES}", requests::process()));
        // Locked before there is a journal: nobody takes it for an orphan.
        let lock = private(OpenOptions::new().write(true).create(true).truncate(true))
            .open(path.with_extension(LOCK))?;
        lock.try_lock()?;
        let head = Line::Journal {
            software: requests::SOFTWARE.to_owned(),
            process: requests::process(),
            owner: requests::owner(),
            scope: scope.to_owned(),
        };
        let mut file = private(OpenOptions::new().append(true).create_new(true)).open(&path)?;
        file.write_all(&text(&head)?)?;
        Ok(Self(Arc::new(Mutex::new(Book {
            path,
            head,
            file,
            lock,
            open: Starts::new(),
            spent: 0,
            has_failed: false,
        }))))
    }

    /// AGS is about to be asked for an instance.
    pub(crate) fn asked(&self, start: &str) {
        let mut book = self.book();
        book.open.insert(start.to_owned(), None);
        book.write(&Line::Asked {
            start: start.to_owned(),
        });
    }

    /// There is an instance.
    pub(crate) fn started(&self, start: &str, instance_id: &str) {
        let mut book = self.book();
        book.open
            .insert(start.to_owned(), Some(instance_id.to_owned()));
        book.write(&Line::Started {
            start: start.to_owned(),
            instance_id: instance_id.to_owned(),
        });
    }

    /// There is no instance of this start.
    pub(crate) fn over(&self, start: &str) {
        self.book().over(start);
    }

    /// The instance has been stopped, or is to be left running.
    pub(crate) fn instance_over(&self, instance_id: &str) {
        let mut book = self.book();
        let is_it = |(start, id): (&String, &Option<String>)| {
            (id.as_deref() == Some(instance_id)).then(|| start.clone())
        };
        if let Some(start) = book.open.iter().find_map(is_it) {
            book.over(&start);
        }
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Book {
    fn over(&mut self, start: &str) {
        if self.open.remove(start).is_none() {
            return;
        }
        self.write(&Line::Over {
            start: start.to_owned(),
        });
        self.spent += 3;
        if self.spent > MOST_SPENT.max(self.open.len())
            && let Err(error) = self.write_anew()
        {
            self.failed(&error);
        }
    }

    /// Sandboxes are worth more than the journal: where it cannot be written, they go on.
    fn write(&mut self, line: &Line) {
        let written = text(line).and_then(|text| self.file.write_all(&text));
        if let Err(error) = written {
            self.failed(&error);
        }
    }

    fn failed(&mut self, error: &io::Error) {
        if !self.has_failed {
            let path = self.path.display();
            tracing::warn!(%path, %error, "what is started is not kept on disk: after a kill it is found by its metadata only");
        }
        self.has_failed = true;
    }

    /// Leaves out what is over. The old file stays until the new one is whole.
    fn write_anew(&mut self) -> io::Result<()> {
        let mut all = text(&self.head)?;
        all.extend(lines_of(&self.open)?);
        self.file = replace(&self.path, &all)?;
        self.spent = 0;
        Ok(())
    }
}

impl Drop for Book {
    fn drop(&mut self) {
        if self.open.is_empty() {
            remove(&self.path);
        }
        // On some systems a lock outlives its handle for a moment unless it is given up.
        drop(self.lock.unlock());
    }
}

fn lines_of(open: &Starts) -> io::Result<Vec<u8>> {
    let mut lines = Vec::new();
    for (start, instance_id) in open {
        let start = start.clone();
        lines.extend(text(&match instance_id.clone() {
            Some(instance_id) => Line::Started { start, instance_id },
            None => Line::Asked { start },
        })?);
    }
    Ok(lines)
}

/// Puts another file in the place of one, in one step.
fn replace(path: &Path, content: &[u8]) -> io::Result<File> {
    let new = path.with_extension("new");
    // One that a killed process left half done is of no use.
    if let Err(error) = fs::remove_file(&new)
        && error.kind() != io::ErrorKind::NotFound
    {
        return Err(error);
    }
    let mut file = private(OpenOptions::new().write(true).create_new(true)).open(&new)?;
    file.write_all(content)?;
    fs::rename(&new, path)?;
    OpenOptions::new().append(true).open(path)
}

/// Removes both files; the lock last, so that no journal is ever without one.
fn remove(path: &Path) {
    for file in [path.to_owned(), path.with_extension(LOCK)] {
        if let Err(error) = fs::remove_file(&file)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::debug!(path = %file.display(), %error, "a journal that is over stays");
        }
    }
}

fn text(line: &Line) -> io::Result<Vec<u8>> {
    let mut text = serde_json::to_vec(line)?;
    text.push(b'\n');
    Ok(text)
}

/// A file for its owner alone.
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

/// Makes a directory for its owner alone.
fn private_directory(directory: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory)
}

/// Locks a journal unless its process lives.
fn lock_orphan(path: &Path) -> io::Result<Option<File>> {
    let lock = private(OpenOptions::new().write(true).create(true).truncate(false))
        .open(path.with_extension(LOCK))?;
    match lock.try_lock() {
        Ok(()) => Ok(Some(lock)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

#[cfg(test)]
mod tests;
