//! Places on this machine that nobody else can change: what is found there is believed, and what is written there stays.

use std::{
    fmt, fs,
    io::{self, Read as _, Write as _},
    os::unix::fs::{
        DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _,
    },
    path::{Path, PathBuf},
};

use crate::report::Failure;

/// Permissions of what is only for its owner.
pub(crate) const DIRECTORY: u32 = 0o700;
/// As [`DIRECTORY`], for a file.
pub(crate) const FILE: u32 = 0o600;

/// Write permission for the group and for everybody.
const OTHERS_WRITE: u32 = 0o022;
/// Write permission for everybody, and the bit that keeps their hands off what is not theirs.
const EVERYBODY_WRITES: u32 = 0o002;
const STICKY: u32 = 0o1000;

/// The largest file that is read, in bytes: ours are much smaller.
const LARGEST: u64 = 1 << 20;

/// Why a place is not used.
#[derive(Debug)]
pub(crate) enum Problem {
    /// Others could have written what is there, or could replace it: what and the remedy.
    Unsafe(String),
    /// It cannot be used at all.
    Unusable(PathBuf, io::Error),
    /// There is none: what names one.
    Unnamed(&'static str),
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsafe(what) => f.write_str(what),
            Self::Unusable(place, _) => write!(f, "cannot use {}", place.display()),
            Self::Unnamed(what) => f.write_str(what),
        }
    }
}

impl std::error::Error for Problem {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Unusable(_, error) => Some(error),
            Self::Unsafe(_) | Self::Unnamed(_) => None,
        }
    }
}

impl From<Problem> for Failure {
    /// What is unsafe is refused as wrong usage is.
    fn from(problem: Problem) -> Self {
        match problem {
            Problem::Unsafe(_) => Self::misuse(&problem),
            Problem::Unusable(..) | Problem::Unnamed(_) => Self::of(&problem),
        }
    }
}

/// Makes a directory, and those above it, if they are missing; those that are made have exactly this mode, whatever the umask. Then it is
/// [`check`]ed.
pub(crate) fn directory(directory: &Path, mode: u32) -> Result<(), Problem> {
    make(directory, mode).map_err(|error| Problem::Unusable(directory.to_owned(), error))?;
    check(directory)
}

fn make(directory: &Path, mode: u32) -> io::Result<()> {
    match fs::DirBuilder::new().mode(mode).create(directory) {
        Ok(()) => fs::set_permissions(directory, fs::Permissions::from_mode(mode)),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && directory.is_dir() => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let above = directory.parent().filter(|above| *above != directory);
            make(above.ok_or(error)?, mode)?;
            make(directory, mode)
        }
        Err(error) => Err(error),
    }
}

/// Whether a directory that is there is ours, nobody else can write to it, and nobody can put another one in its place.
pub(crate) fn check(directory: &Path) -> Result<(), Problem> {
    let unusable = |error| Problem::Unusable(directory.to_owned(), error);
    let us = rustix::process::geteuid().as_raw();
    let link = fs::symlink_metadata(directory).map_err(unusable)?;
    let path = directory.canonicalize().map_err(unusable)?;
    let there = fs::metadata(&path).map_err(unusable)?;
    let refuse = |why: String| {
        Err(Problem::Unsafe(format!(
            "the directory {} is not used: {why}",
            directory.display()
        )))
    };
    if !there.is_dir() {
        return Err(unusable(io::ErrorKind::NotADirectory.into()));
    }
    if there.uid() != us {
        return refuse(format!(
            "it belongs to uid {}, not to uid {us}, which runs this; name another one, or take it with `chown`",
            there.uid()
        ));
    }
    if link.is_symlink() && ![us, 0].contains(&link.uid()) {
        return refuse(format!(
            "it is a link that belongs to uid {}; name the directory itself",
            link.uid()
        ));
    }
    let mode = there.mode();
    if mode & OTHERS_WRITE != 0 {
        return refuse(format!(
            "others can write to it (its mode is {:o}); look at what is in it, then `chmod go-w` it",
            mode & 0o7777
        ));
    }
    for above in path.ancestors().skip(1) {
        let mode = fs::metadata(above).map_err(unusable)?.mode();
        if mode & EVERYBODY_WRITES != 0 && mode & STICKY == 0 {
            return refuse(format!(
                "everybody can put another one in its place, since they can write to {} (its mode is {:o}); name another place",
                above.display(),
                mode & 0o7777
            ));
        }
    }
    Ok(())
}

/// Puts a file in its place, in one step, with exactly this mode. What was there is replaced, and a link never followed.
pub(crate) fn write(path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    let mut file = tempfile::NamedTempFile::new_in(parent(path))?;
    let permissions = fs::Permissions::from_mode(mode);
    file.as_file().set_permissions(permissions)?;
    file.write_all(content)?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// As [`write()`], for a link.
pub(crate) fn link(path: &Path, target: &Path) -> io::Result<()> {
    let made = tempfile::Builder::new().make_in(parent(path), |path| {
        std::os::unix::fs::symlink(target, path)
    })?;
    made.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// The content of a file that is ours; `None` if it is not there or not a file of ours.
pub(crate) fn read(path: &Path) -> Option<Vec<u8>> {
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    let file = fs::OpenOptions::new()
        .read(true)
        .custom_flags(i32::try_from(flags.bits()).ok()?)
        .open(path)
        .ok()?;
    let there = file.metadata().ok()?;
    let is_ours = there.is_file() && there.uid() == rustix::process::geteuid().as_raw();
    if !is_ours || there.mode() & OTHERS_WRITE != 0 {
        return None;
    }
    let mut content = Vec::new();
    file.take(LARGEST).read_to_end(&mut content).ok()?;
    Some(content)
}

fn parent(path: &Path) -> &Path {
    path.parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or_else(|| Path::new("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chmod(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    fn mode(path: &Path) -> u32 {
        fs::symlink_metadata(path).unwrap().mode() & 0o7777
    }

    #[test]
    fn a_directory_that_others_can_change_is_refused_with_the_remedy() {
        let home = tempfile::tempdir().unwrap();
        let place = home.path().join("a/b/c");
        directory(&place, DIRECTORY).unwrap();
        for path in [
            place.as_path(),
            &home.path().join("a"),
            &home.path().join("a/b"),
        ] {
            assert_eq!(mode(path), 0o700, "{}", path.display());
        }
        for others in [0o770, 0o702, 0o777, 0o1777] {
            chmod(&place, others);
            let why = directory(&place, DIRECTORY).unwrap_err().to_string();
            assert!(why.contains("others can write to it"), "{why}");
            assert!(
                why.contains(&format!("{others:o}")) && why.contains("chmod go-w"),
                "{why}"
            );
            assert_eq!(
                mode(&place),
                others,
                "it is not mended behind anybody's back"
            );
        }
        chmod(&place, 0o755);
        directory(&place, DIRECTORY).unwrap();

        // Whoever can write above it can put another one there, unless only owners may rename.
        chmod(&home.path().join("a"), 0o1777);
        check(&place).unwrap();
        chmod(&home.path().join("a"), 0o777);
        let why = check(&place).unwrap_err().to_string();
        assert!(why.contains("put another one in its place"), "{why}");
    }

    #[test]
    fn somebody_elses_directory_is_refused() {
        // Root's, or, for root, one that is given away.
        let home = tempfile::tempdir().unwrap();
        let place = if rustix::process::geteuid().is_root() {
            let place = home.path().join("given");
            fs::create_dir(&place).unwrap();
            std::os::unix::fs::chown(&place, Some(65_534), None).unwrap();
            place
        } else {
            PathBuf::from("/usr")
        };
        let why = check(&place).unwrap_err();
        assert!(matches!(why, Problem::Unsafe(_)), "{why}");
        assert!(why.to_string().contains("it belongs to uid "), "{why}");
    }

    #[test]
    fn a_file_has_its_mode_and_replaces_a_link() {
        let home = tempfile::tempdir().unwrap();
        let (path, victim) = (home.path().join("file"), home.path().join("victim"));
        fs::write(&victim, "theirs").unwrap();
        std::os::unix::fs::symlink(&victim, &path).unwrap();
        assert_eq!(read(&path), None, "a link is not followed");
        write(&path, b"ours", FILE).unwrap();
        assert_eq!(
            (fs::read_to_string(&victim).unwrap().as_str(), mode(&path)),
            ("theirs", 0o600)
        );
        assert_eq!(read(&path).as_deref(), Some(&b"ours"[..]));
        write(&path, b"all", 0o644).unwrap();
        assert_eq!(mode(&path), 0o644);
        chmod(&path, 0o666);
        assert_eq!(read(&path), None, "others can have written it");
        link(&path, &victim).unwrap();
        assert_eq!(fs::read_link(&path).unwrap(), victim);
        assert_eq!(
            fs::read_dir(home.path()).unwrap().count(),
            2,
            "nothing half done stays"
        );
    }
}
