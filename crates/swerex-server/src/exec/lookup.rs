//! Which file a program's name means: every directory of `PATH` is tried, and the first complaint that is not about a missing
//! file is the one that is told, or else the last.

use std::{
    ffi::OsStr,
    fs::File,
    io::{self, Read},
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

use rustix::{fs::Access, io::Errno};

use super::plan::Plan;
use crate::files::TOO_LONG;

/// The files to try in turn, as the kernel is told of them: scripts see the name that they were started by.
pub(super) fn candidates(plan: &Plan) -> Result<Vec<PathBuf>, Errno> {
    let program = plan.program();
    // It need not be looked for in every directory.
    if program.len() >= TOO_LONG {
        return Err(Errno::NAMETOOLONG);
    }
    if program.as_bytes().contains(&b'/') {
        return Ok(vec![program.into()]);
    }
    let directories = plan.path.as_bytes().split(|byte| *byte == b':');
    Ok(directories
        .map(|directory| match directory {
            // A bare name would be looked for once more.
            b"" => Path::new(".").join(program),
            directory => Path::new(OsStr::from_bytes(directory)).join(program),
        })
        .collect())
}

/// The file that would be started.
pub(crate) fn find(plan: &Plan) -> io::Result<PathBuf> {
    let mut complaint = Errno::NOENT;
    for file in candidates(plan)? {
        match check(&file) {
            Ok(()) => return Ok(file),
            Err(errno) if complaint == Errno::NOENT && errno != Errno::NOTDIR => complaint = errno,
            Err(_) => {}
        }
    }
    Err(complaint.into())
}

/// Complaints that the kernel would have about a file, as far as they can be told without starting it.
pub(super) fn check(file: &Path) -> Result<(), Errno> {
    let metadata = file
        .metadata()
        .map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::NOENT))?;
    if !metadata.is_file() {
        return Err(Errno::ACCESS);
    }
    rustix::fs::access(file, Access::EXEC_OK)?;
    if is_bare_script(file) {
        return Err(Errno::NOEXEC);
    }
    Ok(())
}

/// Whether it is text without a `#!`. The kernel refuses it, but the C library, depending on how a program is started, gives
/// it to a shell.
fn is_bare_script(file: &Path) -> bool {
    let mut start = [0; 64];
    let Ok(length) = File::open(file).and_then(|mut file| file.read(&mut start)) else {
        return false;
    };
    let start = &start[..length];
    !start.starts_with(b"#!")
        && start
            .iter()
            .all(|byte| matches!(byte, b' '..=b'~' | b'\n' | b'\t' | b'\r'))
}
