//! Temporary files, where there is room for them.

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
};

use crate::walk::NotPacked;

/// Gives `work` a file without a name. Where that cannot be made, or its disk is full, the next place is tried from the beginning: the places for
/// temporary files, the working directory, the home, and last the directory of `near`.
pub(crate) fn spooled<T>(near: &Path, work: impl FnMut(File) -> io::Result<T>) -> io::Result<T> {
    in_one_of(&places(near), work)
}

/// Has a directory packed into such a file.
pub(crate) fn packed<T>(
    directory: &Path,
    pack: impl Fn(&Path, File) -> Result<T, NotPacked>,
) -> Result<T, NotPacked> {
    let mut failed = None;
    let packed = spooled(directory, |file| {
        pack(directory, file).map_err(|NotPacked { path, source }| {
            failed = Some(path);
            source
        })
    });
    packed.map_err(|source| NotPacked {
        path: failed.unwrap_or_else(|| directory.to_owned()),
        source,
    })
}

/// As [`spooled`], the file alone.
pub(crate) fn spool(near: &Path) -> io::Result<File> {
    spooled(near, Ok)
}

fn in_one_of<T>(places: &[PathBuf], mut work: impl FnMut(File) -> io::Result<T>) -> io::Result<T> {
    let mut first = None;
    for place in places {
        match tempfile::tempfile_in(place) {
            Ok(file) => match work(file) {
                Err(error) if is_full(&error) => first = first.or(Some(error)),
                outcome => return outcome,
            },
            Err(error) => first = first.or(Some(error)),
        }
    }
    // The first place is the one that its owner chose.
    Err(first.unwrap_or_else(|| io::ErrorKind::NotFound.into()))
}

fn places(near: &Path) -> Vec<PathBuf> {
    let mut places = vec![std::env::temp_dir()];
    if cfg!(unix) {
        places.extend(["/tmp", "/var/tmp"].map(PathBuf::from));
    }
    places.push(PathBuf::from("."));
    places.extend(std::env::home_dir());
    let parent = near
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    places.extend(parent.map(Path::to_owned));
    places
}

/// Whether another disk may do.
pub(crate) fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull
            | io::ErrorKind::QuotaExceeded
            | io::ErrorKind::ReadOnlyFilesystem
    )
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Seek as _, Write as _};

    use super::*;

    #[test]
    fn a_place_that_is_missing_or_full_is_passed_over() {
        let home = tempfile::tempdir().unwrap();
        let places = [
            PathBuf::from("/nowhere/at/all"),
            home.path().to_owned(),
            home.path().to_owned(),
        ];
        let mut tries = 0;
        let mut file = in_one_of(&places, |mut file| {
            tries += 1;
            file.write_all(b"x")?;
            match tries {
                1 => Err(io::ErrorKind::StorageFull.into()),
                _ => Ok(file),
            }
        })
        .unwrap();
        let mut content = String::new();
        file.rewind().unwrap();
        file.read_to_string(&mut content).unwrap();
        assert_eq!((content.as_str(), tries), ("x", 2));

        let refused = in_one_of(&places, |_| -> io::Result<()> {
            Err(io::ErrorKind::PermissionDenied.into())
        });
        let kind = refused.unwrap_err().kind();
        assert_eq!(kind, io::ErrorKind::PermissionDenied, "the work's own");
    }
}
