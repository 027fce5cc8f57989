//! Which containers there are: one file for each, for as long as the process that holds the sandbox lives.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::process::Process;
use crate::private;

/// The directory of the records. Only its owner can read and change it: records hold keys, and name processes that are told to end.
#[derive(Clone, Debug)]
pub(crate) struct Records {
    directory: PathBuf,
}

/// Letters of an id that people are shown.
const SHORT: usize = 12;

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
    /// What was asked to run in it first.
    #[serde(default)]
    pub(crate) command: Vec<String>,
    #[serde(default)]
    pub(crate) labels: Vec<(String, String)>,
    /// Seconds since 1970 when it was asked for.
    #[serde(default)]
    pub(crate) created: u64,
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

impl Record {
    /// The beginning of the id, as much of it as people are shown.
    pub(crate) fn short_id(&self) -> &str {
        let end = self.id.char_indices().nth(SHORT);
        end.map_or(self.id.as_str(), |(end, _)| &self.id[..end])
    }
}

impl Records {
    /// Those in a directory that only its owner can change.
    pub(crate) fn of(directory: PathBuf) -> Self {
        Self { directory }
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
        let path = self.path(&record.id).ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::InvalidInput,
                "an id of a container is a word",
            )
        })?;
        private::write(&path, &serde_json::to_vec(record)?, private::FILE)
    }

    /// Removes a record; one that is not there is no error.
    pub(crate) fn remove(&self, id: &str) -> io::Result<()> {
        let Some(path) = self.path(id) else {
            return Ok(());
        };
        match fs::remove_file(path) {
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
                // What it says of itself is to be what it is called: else removing one would remove another.
                Some(record) if self.path(&record.id).as_ref() != Some(&path) => {}
                Some(record) if record.holder.is_alive() => all.push(record),
                Some(record) => self.remove(&record.id)?,
                // Of another version, or half gone: not ours to judge.
                None => {}
            }
        }
        all.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(all)
    }

    /// The file of a record; an id that is no word of letters and digits has none.
    fn path(&self, id: &str) -> Option<PathBuf> {
        let is_word = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
        is_word.then(|| self.directory.join(format!("{id}.json")))
    }
}

fn read(path: &Path) -> Option<Record> {
    serde_json::from_slice(&private::read(path)?).ok()
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
            command: Vec::new(),
            labels: Vec::new(),
            created: 0,
        }
    }

    #[test]
    fn a_record_is_found_by_name_id_and_beginning() {
        let directory = tempfile::tempdir().unwrap();
        let records = Records::of(directory.path().to_owned());
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
        let records = Records::of(directory.path().to_owned());
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
        let records = Records::of(directory.path().to_owned());
        let one = record("one", "ab", Process::this().unwrap());
        records.add(&one).unwrap();
        let file = fs::metadata(records.path(&one.id).unwrap()).unwrap();
        assert_eq!(file.permissions().mode() & 0o777, 0o600);
        assert!(!format!("{one:?}").contains("marker-secret"));
    }

    #[test]
    fn an_id_of_any_shape_is_short_and_leads_nowhere_else() {
        let directory = tempfile::tempdir().unwrap();
        let records = Records::of(directory.path().join("containers"));
        fs::create_dir(&records.directory).unwrap();
        let this = Process::this().unwrap();
        let of = |id: &str| Record {
            id: id.to_owned(),
            ..record("one", "ab", this)
        };
        for id in ["", "ab", "容器容器容器容器容", "abc"] {
            assert!(of(id).short_id().chars().count() <= 12, "{id}");
        }
        assert_eq!(
            of("容器容器容器容器容器容器容器").short_id(),
            "容器容器容器容器容器容器"
        );

        // One that is not what its file is called is nobody's.
        let outside = directory.path().join("kept.json");
        fs::write(&outside, "kept").unwrap();
        let dead = Record {
            holder: serde_json::from_str(r#"{"pid": 1, "started": 0}"#).unwrap(),
            ..of("../kept")
        };
        let json = serde_json::to_vec(&dead).unwrap();
        private::write(&records.directory.join("planted.json"), &json, 0o600).unwrap();
        assert_eq!(records.all().unwrap(), []);
        records.remove("../kept").unwrap();
        assert!(outside.exists());
        assert!(records.add(&dead).is_err());
    }
}
