//! A directory as a zip file, the way SWE-ReX's own client packs it: links are followed, special files and broken links left out.

use std::{
    fs::{self, File},
    io::{self, BufReader, BufWriter, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use walkdir::WalkDir;
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

/// What a server does with what it unpacks, whatever the archive says: files and directories get these permission bits.
const DEFAULT_MODES: Modes = Modes {
    file: 0o644,
    directory: 0o755,
};

struct Modes {
    file: u32,
    directory: u32,
}

/// A packed directory.
#[derive(Debug)]
pub(crate) struct Archive {
    /// The zip file, open at its beginning; it has no name and goes when it is closed.
    pub(crate) file: File,
    pub(crate) size: u64,
    /// Entries whose permission bits are not what a server gives by itself: the path below the directory, and the bits.
    pub(crate) modes: Vec<(String, u32)>,
}

/// An entry that could not be packed.
#[derive(Debug)]
pub(crate) struct NotPacked {
    pub(crate) path: PathBuf,
    pub(crate) source: io::Error,
}

/// Packs a directory. Blocks; memory is bounded.
pub(crate) fn pack(directory: &Path) -> Result<Archive, NotPacked> {
    let at = |path: &Path| {
        let path = path.to_owned();
        move |source| NotPacked { path, source }
    };
    let file = tempfile::tempfile().map_err(at(directory))?;
    let mut zip = ZipWriter::new(BufWriter::with_capacity(1 << 17, file));
    let mut modes = Vec::new();
    for entry in WalkDir::new(directory).min_depth(1).sort_by_file_name() {
        let entry = entry.map_err(|error| {
            let path = error.path().unwrap_or(directory).to_owned();
            NotPacked {
                path,
                source: error.into(),
            }
        })?;
        let path = entry.path();
        // Through links: a broken one, or one in a circle, is left out.
        let Ok(metadata) = fs::metadata(path) else {
            continue;
        };
        let Some(name) = path.strip_prefix(directory).ok().and_then(Path::to_str) else {
            let source = io::Error::new(io::ErrorKind::InvalidInput, "the name is not UTF-8");
            return Err(NotPacked {
                path: path.to_owned(),
                source,
            });
        };
        let name = name.replace(std::path::MAIN_SEPARATOR, "/");
        let mode = mode(&metadata);
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .unix_permissions(mode);
        if metadata.is_dir() {
            zip.add_directory(format!("{name}/"), options)
                .map_err(|error| at(path)(error.into()))?;
            note(&mut modes, name, mode, DEFAULT_MODES.directory);
        } else if metadata.is_file() {
            let source = File::open(path).map_err(at(path))?;
            let options = options.large_file(metadata.len() >= u64::from(u32::MAX));
            zip.start_file(name.as_str(), options)
                .map_err(|error| at(path)(error.into()))?;
            io::copy(&mut BufReader::with_capacity(1 << 17, source), &mut zip).map_err(at(path))?;
            note(&mut modes, name, mode, DEFAULT_MODES.file);
        }
    }
    let done = zip.finish().map_err(|error| at(directory)(error.into()))?;
    let mut file = done
        .into_inner()
        .map_err(|error| at(directory)(error.into_error()))?;
    file.flush().map_err(at(directory))?;
    let size = file.seek(SeekFrom::End(0)).map_err(at(directory))?;
    file.rewind().map_err(at(directory))?;
    Ok(Archive { file, size, modes })
}

fn note(modes: &mut Vec<(String, u32)>, name: String, mode: u32, default: u32) {
    if mode != default {
        modes.push((name, mode));
    }
}

#[cfg(unix)]
pub(crate) fn mode(metadata: &fs::Metadata) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;

    metadata.permissions().mode() & 0o777
}

/// Platforms without permission bits: what servers give by themselves.
#[cfg(not(unix))]
pub(crate) fn mode(metadata: &fs::Metadata) -> u32 {
    if metadata.is_dir() {
        DEFAULT_MODES.directory
    } else {
        DEFAULT_MODES.file
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::{
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
            ("bin/empty", 0o700),
            ("bin/link", 0o755),
            ("bin/run", 0o755),
        ];
        assert_eq!(
            archive.modes,
            expected.map(|(name, mode)| (name.to_owned(), mode))
        );
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
