//! A directory as a tar file, for our native server: permission bits, empty directories and links are kept.

use std::{
    fs::{self, File},
    io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write},
    path::{Component, Path, PathBuf},
    time::UNIX_EPOCH,
};

use tar::{Builder, EntryType, Header};

use crate::walk::{Entry, NotPacked, mode, walk};

/// Packs a directory into a file without a name; gives it, open at its beginning, and its size. Blocks; memory is bounded.
///
/// A link that leads to something within the directory stays a link; others are followed, as a server refuses them.
pub(crate) fn pack(directory: &Path) -> Result<(File, u64), NotPacked> {
    let at = NotPacked::at(directory);
    let root = directory.canonicalize().map_err(&at)?;
    let file = tempfile::tempfile().map_err(&at)?;
    let mut archive = Builder::new(BufWriter::with_capacity(1 << 17, file));
    for entry in walk(directory) {
        let entry = entry?;
        add(&mut archive, &root, &entry).map_err(NotPacked::at(&entry.path))?;
    }
    let mut file = archive
        .into_inner()
        .and_then(|buffered| {
            buffered
                .into_inner()
                .map_err(io::IntoInnerError::into_error)
        })
        .map_err(&at)?;
    let size = file.seek(SeekFrom::End(0)).map_err(&at)?;
    file.rewind().map_err(&at)?;
    Ok((file, size))
}

fn add(archive: &mut Builder<impl Write>, root: &Path, entry: &Entry) -> io::Result<()> {
    let mut header = Header::new_gnu();
    header.set_mode(mode(&entry.metadata));
    let modified = entry.metadata.modified()?;
    let since = modified.duration_since(UNIX_EPOCH).unwrap_or_default();
    header.set_mtime(since.as_secs());
    header.set_size(0);
    if entry.is_link
        && let Some(target) = inner_link(root, entry)?
    {
        header.set_entry_type(EntryType::Symlink);
        return archive.append_link(&mut header, &entry.name, target);
    }
    if entry.metadata.is_dir() {
        header.set_entry_type(EntryType::Directory);
        return archive.append_data(&mut header, format!("{}/", entry.name), io::empty());
    }
    let size = entry.metadata.len();
    header.set_entry_type(EntryType::Regular);
    header.set_size(size);
    // The size stands in front of the bytes: a file that has grown since is cut.
    let mut content = BufReader::with_capacity(1 << 17, File::open(&entry.path)?).take(size);
    archive.append_data(&mut header, &entry.name, &mut content)?;
    if content.limit() > 0 {
        let shrunk = "the file has become shorter while it was packed";
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, shrunk));
    }
    Ok(())
}

/// What a link says, if it leads to something within the directory, also when it is read by its letters.
fn inner_link(root: &Path, entry: &Entry) -> io::Result<Option<PathBuf>> {
    let target = fs::read_link(&entry.path)?;
    let mut depth = Path::new(&entry.name).components().count() - 1;
    for component in target.components() {
        match component {
            Component::Normal(_) => depth += 1,
            Component::CurDir => {}
            Component::ParentDir if depth > 0 => depth -= 1,
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return Ok(None),
        }
    }
    let real = entry.path.canonicalize()?;
    Ok((real.starts_with(root) && target.to_str().is_some()).then_some(target))
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    #[test]
    fn modes_empty_directories_and_inner_links_are_kept() {
        let home = tempfile::tempdir().unwrap();
        let root = home.path().join("in");
        let long = format!("d/{}", "n".repeat(180));
        fs::create_dir_all(root.join("d/empty")).unwrap();
        fs::write(home.path().join("outside"), "outer").unwrap();
        fs::write(root.join(&long), "x").unwrap();
        fs::write(root.join("run"), "#!").unwrap();
        let chmod = |path: PathBuf, mode| {
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        };
        chmod(root.join("run"), 0o750);
        chmod(root.join(&long), 0o644);
        chmod(home.path().join("outside"), 0o644);
        symlink("../run", root.join("d/inner")).unwrap();
        symlink("d", root.join("dir")).unwrap();
        symlink("../outside", root.join("outer")).unwrap();
        symlink(root.join("run"), root.join("absolute")).unwrap();
        symlink("nowhere", root.join("broken")).unwrap();

        let (file, size) = pack(&root).unwrap();
        assert_eq!(size, file.metadata().unwrap().len());
        let mut archive = tar::Archive::new(file);
        let mut seen = Vec::new();
        for entry in archive.entries().unwrap() {
            let mut entry = entry.unwrap();
            let name = entry.path().unwrap().to_str().unwrap().to_owned();
            let link = entry.link_name().unwrap();
            let link = link.map(|link| link.to_str().unwrap().to_owned());
            let mode = entry.header().mode().unwrap();
            let mut content = String::new();
            entry.read_to_string(&mut content).unwrap();
            seen.push((name, link, mode, content));
        }
        let find = |name: &str| {
            let found = seen.iter().find(|(seen, ..)| seen == name);
            found
                .map(|(_, link, mode, content)| (link.as_deref(), *mode, content.as_str()))
                .unwrap()
        };
        assert_eq!(find("run"), (None, 0o750, "#!"));
        assert_eq!(find(&long), (None, 0o644, "x"));
        assert_eq!(find("d/empty/").0, None);
        assert_eq!(find("d/inner").0, Some("../run"));
        assert_eq!(find("dir").0, Some("d"));
        assert_eq!(find("outer"), (None, 0o644, "outer"));
        assert_eq!(find("absolute"), (None, 0o750, "#!"));
        assert_eq!(seen.len(), 8, "{seen:?}");
    }
}
