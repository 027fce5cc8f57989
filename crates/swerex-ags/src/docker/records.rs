//! Which containers there are: one file for each, for as long as the process that holds the sandbox lives.

use std::{
    fs, io,
    io::Write as _,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::process::Process;

/// The directory of the records. Only its owner can read it: records hold keys.
#[derive(Clone, Debug)]
pub(crate) struct Records {
    directory: PathBuf,
}

/// One container.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) name: String,
    /// 64 hexadecimal digits.
    pub(crate) id: String,
    pub(crate) image: String,
    /// The process that holds the sandbox.
    pub(crate) holder: Process,
    /// Where that process serves SWE-ReX, on loopback.
    pub(crate) port: u16,
    /// The key to it.
    pub(crate) key: String,
    /// Where commands run unless told otherwise.
    pub(crate) workdir: Option<String>,
    /// What commands find in their environment besides the sandbox's own.
    pub(crate) env: Vec<(String, String)>,
}

impl std::fmt::Debug for Record {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            name,
            id,
            image,
            holder,
            port,
            ..
        } = self;
        f.debug_struct("Record")
            .field("name", name)
            .field("id", id)
            .field("image", image)
            .field("holder", holder)
            .field("port", port)
            .finish_non_exhaustive()
    }
}

impl Records {
    /// The records in `directory`, which is made if it is missing.
    pub(crate) fn open(directory: impl Into<PathBuf>) -> io::Result<Self> {
        let directory = directory.into();
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&directory)?;
        Ok(Self { directory })
    }

    /// Writes a record.
    ///
    /// # Errors
    /// [`io::ErrorKind::AlreadyExists`] if a container of that name lives.
    pub(crate) fn add(&self, record: &Record) -> io::Result<()> {
        if self.all()?.iter().any(|other| other.name == record.name) {
            let message = format!("a container `{}` is there already", record.name);
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, message));
        }
        let path = self.path(&record.id);
        let half = path.with_extension("new");
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&half)?;
        file.write_all(&serde_json::to_vec(record)?)?;
        drop(file);
        fs::rename(&half, &path)
    }

    /// Removes a record; one that is not there is no error.
    pub(crate) fn remove(&self, id: &str) -> io::Result<()> {
        match fs::remove_file(self.path(id)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// The container of this name, id, or unambiguous beginning of an id.
    pub(crate) fn find(&self, name: &str) -> io::Result<Option<Record>> {
        let all = self.all()?;
        if let Some(record) = all
            .iter()
            .find(|record| record.name == name || record.id == name)
        {
            return Ok(Some(record.clone()));
        }
        let mut beginning = all
            .into_iter()
            .filter(|record| name.len() >= 4 && record.id.starts_with(name));
        let found = beginning.next();
        Ok(if beginning.next().is_some() {
            None
        } else {
            found
        })
    }

    /// Every container that lives. Records whose process died are cleared away.
    pub(crate) fn all(&self) -> io::Result<Vec<Record>> {
        let mut all = Vec::new();
        for entry in fs::read_dir(&self.directory)? {
            let path = entry?.path();
            if path.extension().is_none_or(|extension| extension != "json") {
                continue;
            }
            match read(&path) {
                Some(record) if record.holder.is_alive() => all.push(record),
                Some(record) => self.remove(&record.id)?,
                // Of another version, or half gone: not ours to judge.
                None => {}
            }
        }
        all.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(all)
    }

    fn path(&self, id: &str) -> PathBuf {
        self.directory.join(format!("{id}.json"))
    }
}

fn read(path: &Path) -> Option<Record> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn record(name: &str, id: &str, holder: Process) -> Record {
        Record {
            name: name.to_owned(),
            id: id.repeat(64 / id.len()),
            image: "python:3.11".to_owned(),
            holder,
            port: 8123,
            key: "marker-secret".to_owned(),
            workdir: None,
            env: Vec::new(),
        }
    }

    #[test]
    fn a_record_is_found_by_name_id_and_beginning() {
        let directory = tempfile::tempdir().unwrap();
        let records = Records::open(directory.path().join("containers")).unwrap();
        let this = Process::this().unwrap();
        let (one, two) = (record("one", "ab", this), record("two", "ac", this));
        records.add(&one).unwrap();
        records.add(&two).unwrap();
        assert_eq!(records.find("one").unwrap(), Some(one.clone()));
        assert_eq!(records.find(&two.id).unwrap(), Some(two.clone()));
        assert_eq!(records.find("abab").unwrap(), Some(one.clone()));
        assert_eq!(records.find("a").unwrap(), None, "too short to mean one");
        assert_eq!(
            records.add(&one).unwrap_err().kind(),
            io::ErrorKind::AlreadyExists
        );
        records.remove(&one.id).unwrap();
        records.remove(&one.id).unwrap();
        assert_eq!(records.all().unwrap(), [two]);
    }

    #[test]
    fn a_record_whose_process_died_is_cleared_away() {
        let directory = tempfile::tempdir().unwrap();
        let records = Records::open(directory.path()).unwrap();
        let mut child = std::process::Command::new("sleep")
            .arg("600")
            .spawn()
            .unwrap();
        let pid = rustix::process::Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
        let process = Process::of(pid).unwrap();
        records.add(&record("gone", "ab", process)).unwrap();
        assert_eq!(records.all().unwrap().len(), 1);
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(records.all().unwrap(), []);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
    }

    #[test]
    fn the_key_is_for_the_owner_only() {
        let directory = tempfile::tempdir().unwrap();
        let records = Records::open(directory.path().join("containers")).unwrap();
        let one = record("one", "ab", Process::this().unwrap());
        records.add(&one).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&records.directory), 0o700);
        assert_eq!(mode(&records.path(&one.id)), 0o600);
        assert!(!format!("{one:?}").contains("marker-secret"));
    }
}
