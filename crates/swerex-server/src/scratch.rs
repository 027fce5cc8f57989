//! Files that vanish unless they are given a name.

use std::{
    fs::{self, File, OpenOptions},
    hash::{BuildHasher, RandomState},
    io::{self, Read, Seek, Write},
    path::{Path, PathBuf},
};

/// How often another name is tried.
const TRIES: usize = 16;

/// A new file of mode 0666 without the umask, readable and writable; removed when dropped.
#[derive(Debug)]
pub(crate) struct Scratch {
    path: PathBuf,
    file: File,
    kept: bool,
}

impl Scratch {
    /// In the given directory, so that renaming it there is atomic.
    pub(crate) fn beside(directory: &Path) -> io::Result<Self> {
        let mut last = io::Error::from(io::ErrorKind::AlreadyExists);
        for _ in 0..TRIES {
            // Unpredictable enough: a name that exists is never opened.
            let number = RandomState::new().hash_one(std::process::id());
            let path = directory.join(format!(".swerex-{number:016x}"));
            match OpenOptions::new()
                .read(true)
                .write(true)
                .create_new(true)
                .open(&path)
            {
                Ok(file) => {
                    return Ok(Self {
                        path,
                        file,
                        kept: false,
                    });
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => last = error,
                Err(error) => return Err(error),
            }
        }
        Err(last)
    }

    /// Where temporary files go.
    pub(crate) fn temporary() -> io::Result<Self> {
        Self::in_one_of(&places())
    }

    fn in_one_of(places: &[PathBuf]) -> io::Result<Self> {
        let mut last = io::Error::from(io::ErrorKind::NotFound);
        for directory in places {
            match Self::beside(directory) {
                Ok(scratch) => return Ok(scratch),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// Appends to it. Where a disk is full, all of it moves on to the next place for temporary files that has room: the disk that it is meant for in
    /// the end may have.
    pub(crate) fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let length = self.file.stream_position()?;
        let Err(full) = self.file.write_all(bytes) else {
            return Ok(());
        };
        if !is_full(&full) {
            return Err(full);
        }
        let here = self.path.parent().map(Path::to_owned);
        let places = places();
        let tried = places.iter().position(|place| Some(place) == here.as_ref());
        for place in places.iter().skip(tried.map_or(0, |tried| tried + 1)) {
            let moved = Self::beside(place).and_then(|mut other| {
                self.file.rewind()?;
                io::copy(&mut (&self.file).take(length), other.file())?;
                other.file().write_all(bytes)?;
                Ok(other)
            });
            if let Ok(other) = moved {
                *self = other;
                return Ok(());
            }
        }
        Err(full)
    }

    pub(crate) fn file(&mut self) -> &mut File {
        &mut self.file
    }

    /// The file alone; its name is gone.
    pub(crate) fn into_file(self) -> io::Result<File> {
        self.file.try_clone()
    }

    /// Gives it a name, in the place of what has that name; on another file system it is copied first.
    pub(crate) fn rename(mut self, to: &Path) -> io::Result<()> {
        match fs::rename(&self.path, to) {
            Ok(()) => {
                self.kept = true;
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
                let directory = to.parent().unwrap_or_else(|| Path::new("/"));
                let mut beside = Self::beside(directory)?;
                io::copy(&mut File::open(&self.path)?, beside.file())?;
                beside.rename(to)
            }
            Err(error) => Err(error),
        }
    }
}

/// The places for temporary files, in the order in which they are tried. The last ones are rarely small or read-only where there is room at all.
fn places() -> Vec<PathBuf> {
    let home = std::env::var_os("HOME").map(PathBuf::from);
    let mut places = vec![
        std::env::temp_dir(),
        PathBuf::from("/tmp"),
        PathBuf::from("/var/tmp"),
        PathBuf::from("."),
    ];
    places.extend(home.filter(|home| home.is_absolute()));
    places.push(PathBuf::from("/"));
    places
}

/// Whether another disk may do.
fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull
            | io::ErrorKind::QuotaExceeded
            | io::ErrorKind::ReadOnlyFilesystem
    )
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if !self.kept {
            // Nobody is left to tell.
            let _ = fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vanishes_unless_named() {
        let home = tempfile::tempdir().unwrap();
        drop(Scratch::beside(home.path()).unwrap());
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);

        let mut scratch = Scratch::beside(home.path()).unwrap();
        scratch.file().write_all(b"x").unwrap();
        scratch.rename(&home.path().join("name")).unwrap();
        assert_eq!(fs::read(home.path().join("name")).unwrap(), b"x");
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1);
    }
}
