//! The journal of a process that is no more.

use std::{
    collections::HashSet,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use ags_api::model::SandboxInstance;

use super::{LINES, Line, Starts, lines_of, lock_orphan, remove, replace, text};
use crate::marks;

/// Nothing that a journal names lives longer after its last line: an instance lives for 24 h, and may have been given 24 h more.
const FORGOTTEN: Duration = Duration::from_secs(49 * 60 * 60);

/// What a process left behind that ended without stopping it. While this is held, nobody else takes it.
#[derive(Debug)]
pub struct Orphan {
    path: PathBuf,
    head: Line,
    open: Starts,
    lock: File,
}

/// The journals of ended processes in a directory that are about this scope (see [`Account::journal_scope`](crate::Account::journal_scope)).
/// Without the directory there are none; a journal that cannot be read is passed over with a warning.
///
/// # Errors
/// The directory cannot be read.
pub fn orphans(directory: &Path, scope: &str) -> io::Result<Vec<Orphan>> {
    of_each(directory, |path| Orphan::take(path, scope))
}

/// The processes that live and keep a journal in a directory, as the metadata of their instances names them (see
/// [`marks::process_of`](crate::marks::process_of)). Ask before [`orphans`], which are held from then on.
///
/// # Errors
/// The directory cannot be read.
pub fn living(directory: &Path) -> io::Result<HashSet<String>> {
    let processes = of_each(directory, |path| {
        if lock_orphan(path)?.is_some() {
            return Ok(None);
        }
        let content = fs::read_to_string(path)?;
        let head = content.lines().next().map(serde_json::from_str);
        Ok(match head {
            Some(Ok(Line::Journal { process, .. })) => Some(process),
            _ => None,
        })
    })?;
    Ok(processes.into_iter().collect())
}

/// What is made of each journal in a directory.
fn of_each<T>(
    directory: &Path,
    make: impl Fn(&Path) -> io::Result<Option<T>>,
) -> io::Result<Vec<T>> {
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut all = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_none_or(|extension| extension != LINES) {
            continue;
        }
        match make(&path) {
            Ok(made) => all.extend(made),
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "a journal cannot be read")
            }
        }
    }
    Ok(all)
}

impl Orphan {
    fn take(path: &Path, scope: &str) -> io::Result<Option<Self>> {
        let Some(lock) = lock_orphan(path)? else {
            return Ok(None);
        };
        let content = match fs::read_to_string(path) {
            // It ended well between the listing and the lock.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                remove(path);
                return Ok(None);
            }
            content => content?,
        };
        // The last line may be half a line.
        let mut lines = content
            .lines()
            .map_while(|line| serde_json::from_str::<Line>(line).ok());
        let Some(head) = lines.next() else {
            // It was killed before it wrote anything.
            remove(path);
            return Ok(None);
        };
        if !matches!(&head, Line::Journal { scope: of, .. } if of == scope) {
            return Ok(None);
        }
        let mut open = Starts::new();
        for line in lines {
            match line {
                Line::Asked { start } => drop(open.insert(start, None)),
                Line::Started { start, instance_id } => drop(open.insert(start, Some(instance_id))),
                Line::Over { start } => drop(open.remove(&start)),
                Line::Journal { .. } => {}
            }
        }
        if open.is_empty() {
            remove(path);
            return Ok(None);
        }
        Ok(Some(Self {
            path: path.to_owned(),
            head,
            open,
            lock,
        }))
    }

    /// Whether the ended process started this instance, also if it never learned of its id.
    pub fn owns(&self, instance: &SandboxInstance) -> bool {
        let start = marks::start_of(instance);
        self.open.iter().any(|(token, id)| {
            (id.is_some() && *id == instance.instance_id) || start == Some(token)
        })
    }

    /// The ids that it had learned of.
    pub fn instance_ids(&self) -> impl Iterator<Item = &str> {
        self.open.values().flatten().map(String::as_str)
    }

    /// Starts that AGS had not answered. Their instances may yet appear in its list.
    pub fn unanswered(&self) -> usize {
        self.open.values().filter(|id| id.is_none()).count()
    }

    /// Strikes off what has ended. The journal is removed once nothing is left, or nothing can be; else the rest stays for the next time.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub fn settle(mut self, has_ended: impl Fn(&str, Option<&str>) -> bool) -> io::Result<()> {
        self.open
            .retain(|start, id| !has_ended(start, id.as_deref()));
        let written = fs::metadata(&self.path)?.modified()?;
        let age = SystemTime::now().duration_since(written);
        if self.open.is_empty() || age.is_ok_and(|age| age > FORGOTTEN) {
            remove(&self.path);
        } else {
            let mut all = text(&self.head)?;
            all.extend(lines_of(&self.open)?);
            let file = replace(&self.path, &all)?;
            // The age is that of the last start.
            file.set_modified(written)?;
        }
        self.lock.unlock()
    }
}
