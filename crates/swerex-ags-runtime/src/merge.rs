//! What has been unpacked goes to its place.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use cap_std::{ambient_authority, fs::Dir};
use walkdir::{DirEntry, WalkDir};

use crate::{
    error::Error,
    links::Union,
    stage::{Stage, copy},
    system::{set_mode, symlink},
    transfer::{Transferred, Why},
};

/// Directories that are open at a time; of those above, the rest of the names is in memory.
const MAX_OPEN: usize = 100;

/// Puts a stage in its place. First all of it is looked at: what stands in the way of something else is an error, and nothing is written then.
pub(crate) fn merge(mut stage: Stage) -> Result<Transferred, Error> {
    let tree = stage.tree();
    let target = stage.target.clone();
    let there = if stage.merges {
        let opened = Dir::open_ambient_dir(&target, ambient_authority());
        Some(opened.map_err(|error| at(&target, error))?)
    } else {
        None
    };
    if let Some(there) = &there {
        make_way(&mut stage, &tree, there)?;
    }
    // Only now it is known which directories there will be for links to lead through.
    if stage.has_links {
        keep_in(&mut stage, &tree, there.as_ref())?;
    }
    if stage.merges {
        for entry in walk(&tree) {
            let (entry, inner) = found(entry, &tree, &target)?;
            let to = target.join(&inner);
            put(&entry, &to).map_err(|error| at(&to, error))?;
        }
    } else {
        fs::rename(&tree, &target).map_err(|error| at(&target, error))?;
    }
    // Those below others first.
    stage.closed.sort_by(|one, other| other.cmp(one));
    for (inner, mode) in &stage.closed {
        let path = target.join(inner);
        if fs::symlink_metadata(&path).is_ok_and(|there| there.is_dir()) {
            set_mode(&path, *mode).map_err(|error| at(&path, error))?;
        }
    }
    Ok(std::mem::take(&mut stage.left_out.transferred))
}

/// Leaves out what is behind a link in the target, and complains of what stands in the way.
fn make_way(stage: &mut Stage, tree: &Path, there: &Dir) -> Result<(), Error> {
    let mut entries = walk(tree);
    while let Some(entry) = entries.next() {
        let (entry, inner) = found(entry, tree, &stage.target)?;
        let path = stage.target.join(&inner);
        let here = |error| at(&path, error);
        let Ok(old) = there.symlink_metadata(&inner) else {
            continue;
        };
        if !entry.file_type().is_dir() {
            if old.is_dir() {
                return Err(here(io::ErrorKind::IsADirectory.into()));
            }
        } else if old.is_symlink() {
            entries.skip_current_dir();
            stage.left_out.skip(&inner, Why::ThroughLink)?;
            stage.closed.retain(|(path, _)| !path.starts_with(&inner));
            fs::remove_dir_all(entry.path()).map_err(here)?;
        } else if !old.is_dir() {
            return Err(here(io::ErrorKind::NotADirectory.into()));
        }
    }
    Ok(())
}

/// Leaves out links that lead out of the target.
fn keep_in(stage: &mut Stage, tree: &Path, there: Option<&Dir>) -> Result<(), Error> {
    let union = Union {
        tree,
        target: there,
    };
    for entry in walk(tree) {
        let (entry, inner) = found(entry, tree, &stage.target)?;
        if !entry.path_is_symlink() {
            continue;
        }
        let path = stage.target.join(&inner);
        let here = |error| at(&path, error);
        let text = fs::read_link(entry.path()).map_err(here)?;
        if union.leads_out(&inner, &text) {
            stage.left_out.skip(&inner, Why::LeadsOut(text))?;
            fs::remove_file(entry.path()).map_err(here)?;
        }
    }
    Ok(())
}

fn walk(tree: &Path) -> walkdir::IntoIter {
    WalkDir::new(tree)
        .min_depth(1)
        .max_open(MAX_OPEN)
        .into_iter()
}

/// An entry of the stage, and its path below the target.
fn found(
    entry: walkdir::Result<DirEntry>,
    tree: &Path,
    target: &Path,
) -> Result<(DirEntry, PathBuf), Error> {
    let entry = entry.map_err(|error| at(target, error.into()))?;
    let inner = entry.path().strip_prefix(tree);
    let inner = inner.unwrap_or_else(|_| entry.path()).to_owned();
    Ok((entry, inner))
}

/// Puts an entry into a target that is there: a directory is made or opened, a file or a link takes the place of a file or a link.
fn put(entry: &DirEntry, to: &Path) -> io::Result<()> {
    if !entry.file_type().is_dir() {
        return moved(entry, to);
    }
    match fs::symlink_metadata(to) {
        Ok(there) if there.is_dir() => {}
        Ok(_) => return Err(io::ErrorKind::NotADirectory.into()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => fs::create_dir(to)?,
        Err(error) => return Err(error),
    }
    fs::set_permissions(to, entry.metadata()?.permissions())
}

fn moved(entry: &DirEntry, to: &Path) -> io::Result<()> {
    let from = entry.path();
    match fs::rename(from, to) {
        // A directory of the target may be another disk.
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {}
        done => return done,
    }
    let folder = to.parent().unwrap_or_else(|| Path::new("."));
    let room = tempfile::Builder::new()
        .prefix(".swerex-")
        .tempdir_in(folder)?;
    let beside = room.path().join("entry");
    if entry.path_is_symlink() {
        symlink(&fs::read_link(from)?, &beside)?;
    } else {
        copy(from, &beside)?;
    }
    fs::rename(&beside, to)
}

fn at(path: &Path, source: io::Error) -> Error {
    Error::Local {
        path: path.to_owned(),
        source,
    }
}
