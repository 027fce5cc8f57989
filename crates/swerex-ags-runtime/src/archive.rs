//! A directory as a zip file, the way SWE-ReX's own client packs it: links are followed, special files and broken links left out.

use std::{
    fs::File,
    io::{self, BufReader, BufWriter, Seek, SeekFrom, Write},
    path::Path,
};

use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use crate::walk::{NotPacked, default_mode, mode, walk};

/// A packed directory.
#[derive(Debug)]
pub(crate) struct Archive {
    /// The zip file, open at its beginning; it has no name and goes when it is closed.
    pub(crate) file: File,
    pub(crate) size: u64,
    /// Whether the directory has nothing to pack.
    pub(crate) is_empty: bool,
    /// The permission bits that are not what a server gives by itself.
    pub(crate) modes: Vec<Mode>,
}

/// An entry's permission bits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mode {
    /// The path below the directory.
    pub(crate) name: String,
    pub(crate) mode: u32,
    pub(crate) is_directory: bool,
}

/// Packs a directory. Blocks; memory is bounded.
pub(crate) fn pack(directory: &Path) -> Result<Archive, NotPacked> {
    let at = NotPacked::at(directory);
    let file = tempfile::tempfile().map_err(&at)?;
    let mut zip = ZipWriter::new(BufWriter::with_capacity(1 << 17, file));
    let (mut is_empty, mut modes) = (true, Vec::new());
    for entry in walk(directory) {
        let entry = entry?;
        let here = NotPacked::at(&entry.path);
        let mode = mode(&entry.metadata);
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .unix_permissions(mode);
        let is_directory = entry.metadata.is_dir();
        if is_directory {
            zip.add_directory(format!("{}/", entry.name), options)
                .map_err(|error| here(error.into()))?;
        } else {
            let source = File::open(&entry.path).map_err(&here)?;
            let options = options.large_file(entry.metadata.len() >= u64::from(u32::MAX));
            zip.start_file(entry.name.as_str(), options)
                .map_err(|error| here(error.into()))?;
            io::copy(&mut BufReader::with_capacity(1 << 17, source), &mut zip).map_err(&here)?;
        }
        is_empty = false;
        if mode != default_mode(&entry.metadata) {
            modes.push(Mode {
                name: entry.name,
                mode,
                is_directory,
            });
        }
    }
    let mut file = zip
        .finish()
        .map_err(io::Error::from)
        .and_then(|buffered| {
            buffered
                .into_inner()
                .map_err(io::IntoInnerError::into_error)
        })
        .map_err(&at)?;
    file.flush().map_err(&at)?;
    let size = file.seek(SeekFrom::End(0)).map_err(&at)?;
    file.rewind().map_err(&at)?;
    Ok(Archive {
        file,
        size,
        is_empty,
        modes,
    })
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::{
        fs,
        io::Read as _,
        os::unix::fs::{PermissionsExt as _, symlink},
    };

    use super::*;

    #[test]
    fn a_directory_is_packed_as_the_python_client_does() {
        let home = tempfile::tempdir().unwrap();
        let root = home.path();
        fs::create_dir_all(root.join("bin/empty")).unwrap();
        fs::write(root.join("bin/run"), "#!/bin/sh\n").unwrap();
        fs::set_permissions(root.join("bin/run"), fs::Permissions::from_mode(0o755)).unwrap();
        fs::write(root.join("ü.txt"), [0xff, 0]).unwrap();
        fs::set_permissions(root.join("ü.txt"), fs::Permissions::from_mode(0o644)).unwrap();
        fs::set_permissions(root.join("bin"), fs::Permissions::from_mode(0o755)).unwrap();
        fs::set_permissions(root.join("bin/empty"), fs::Permissions::from_mode(0o700)).unwrap();
        symlink("run", root.join("bin/link")).unwrap();
        symlink("nowhere", root.join("broken")).unwrap();
        symlink("circle", root.join("circle")).unwrap();

        let archive = pack(root).unwrap();
        assert_eq!(archive.size, archive.file.metadata().unwrap().len());
        let expected = [
            ("bin/empty", 0o700, true),
            ("bin/link", 0o755, false),
            ("bin/run", 0o755, false),
        ];
        let expected = expected.map(|(name, mode, is_directory)| Mode {
            name: name.to_owned(),
            mode,
            is_directory,
        });
        assert_eq!(archive.modes, expected);
        assert!(!archive.is_empty);
        let mut zip = zip::ZipArchive::new(archive.file).unwrap();
        let mut names: Vec<String> = zip
            .file_names()
            .map(|name| name.unwrap().into_owned())
            .collect();
        names.sort();
        assert_eq!(
            names,
            ["bin/", "bin/empty/", "bin/link", "bin/run", "ü.txt"]
        );
        let mut link = String::new();
        zip.by_name("bin/link")
            .unwrap()
            .read_to_string(&mut link)
            .unwrap();
        assert_eq!(link, "#!/bin/sh\n", "links are followed");
        assert_eq!(zip.by_name("bin/run").unwrap().unix_mode(), Some(0o100_755));
        let mut bytes = Vec::new();
        zip.by_name("ü.txt")
            .unwrap()
            .read_to_end(&mut bytes)
            .unwrap();
        assert_eq!(bytes, [0xff, 0]);
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let error = pack(Path::new("/nowhere/at/all")).unwrap_err();
        assert_eq!(error.path, Path::new("/nowhere/at/all"));
        assert_eq!(error.source.kind(), io::ErrorKind::NotFound);
    }
}
