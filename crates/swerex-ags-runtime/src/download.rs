//! Bringing files and directories from the server: SWE-ReX itself reads text only.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use swerex_proto::{ExceptionClass, RemoteError};

use crate::{
    error::Error,
    pieces::LARGEST,
    runtime::AgsRuntime,
    upload::{Told, blocking},
};

/// What stands at a path of the server's machine: `d`, `f` with size and permission bits, `o` for something else, or `n` for nothing.
const LOOK: &str = r#"if [ -d "$1" ]; then echo d
elif [ -f "$1" ]; then echo "f $(($(wc -c < "$1"))) $(stat -L -c %a -- "$1" 2>/dev/null || echo 644)"
elif [ -e "$1" ]; then echo o; else echo n; fi"#;

/// Packs a directory into a temporary file and gives the file's name and size.
const PACK: &str = r#"t=$(mktemp) || exit 1
tar -C "$1" -cf "$t" . || { rm -f -- "$t"; exit 1; }
echo "$(($(wc -c < "$t"))) $t""#;

/// The permission bits that are taken over: no set-user-id from a sandbox.
const MODE: u32 = 0o777;

impl AgsRuntime {
    /// Brings the file or directory `source` to the local path `target`, with its permission bits.
    ///
    /// A file is replaced at once when all of it is there; what is neither file nor directory, such as a pipe, is written to. A directory is merged into one that is there; a native server packs it while it is
    /// sent, otherwise the sandbox's `tar` packs it first, which needs as much room in its temporary directory. Memory is bounded. Nothing is
    /// written outside of `target`. Where the size is not known beforehand, `told` hears what has come so far as the whole.
    ///
    /// # Errors
    /// [`Error::Remote`] if `source` cannot be read; [`Error::Local`] if `target` cannot be written; others as every call.
    pub async fn download(&self, source: &str, target: &Path, told: &Told) -> Result<(), Error> {
        let seen = self.run_script(LOOK, &[source]).await?;
        let words: Vec<&str> = seen.split_whitespace().collect();
        match words.as_slice() {
            ["d"] => self.download_directory(source, target, told).await,
            ["f", size, mode] => {
                let size = number(size, &seen)?;
                let mode = u32::from_str_radix(mode, 8).unwrap_or(0o644) & MODE;
                let local = |error| at(target, error);
                if fs::metadata(target).is_ok_and(|there| !there.is_file() && !there.is_dir()) {
                    let open = File::options().write(true).open(target);
                    return self
                        .fetch(source, size, open.map_err(local)?, target, told)
                        .await;
                }
                // A link stays one.
                let link = fs::canonicalize(target);
                let target = link.as_deref().unwrap_or(target);
                let local = |error| at(target, error);
                let folder = target
                    .parent()
                    .filter(|parent| !parent.as_os_str().is_empty());
                let folder = folder.unwrap_or_else(|| Path::new("."));
                let part = tempfile::Builder::new()
                    .prefix(".swerex-")
                    .tempfile_in(folder)
                    .map_err(local)?;
                let file = part.as_file().try_clone().map_err(local)?;
                self.fetch(source, size, file, target, told).await?;
                set_mode(part.as_file(), mode).map_err(local)?;
                part.persist(target).map_err(|error| local(error.error))?;
                Ok(())
            }
            ["n"] => Err(unreadable(
                ExceptionClass::FileNotFound,
                format!("no such file or directory: {source}"),
            )),
            ["o"] => Err(unreadable(
                ExceptionClass::OsError,
                format!("neither a file nor a directory: {source}"),
            )),
            _ => Err(strange(&seen)),
        }
    }

    async fn download_directory(
        &self,
        source: &str,
        target: &Path,
        told: &Told,
    ) -> Result<(), Error> {
        if self.is_native() {
            let local = |error| at(target, error);
            let file = tempfile::tempfile().map_err(local)?;
            match self.get_tar(source, &file, told).await {
                Ok(()) => {
                    let to = target.to_owned();
                    return blocking(move || unpack(file, &to)).await?.map_err(local);
                }
                // An answer that is cut each time is more than the gateway lets through; in pieces it may come.
                Err(Error::UnknownOutcome { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        let packed = self.run_script(PACK, &[source]).await?;
        let (size, archive) = packed
            .trim_end()
            .split_once(' ')
            .ok_or_else(|| strange(&packed))?;
        let size = number(size, &packed)?;
        let outcome = self.unpack(archive, size, target, told).await;
        // Also after a failure: the sandbox may go on for long.
        let removed = self.run_script(r#"rm -f -- "$1""#, &[archive]).await;
        outcome?;
        removed.map(drop)
    }

    async fn unpack(
        &self,
        archive: &str,
        size: u64,
        target: &Path,
        told: &Told,
    ) -> Result<(), Error> {
        let local = |error| at(target, error);
        let file = tempfile::tempfile().map_err(local)?;
        let written = file.try_clone().map_err(local)?;
        self.fetch(archive, size, written, target, told).await?;
        let to = target.to_owned();
        let unpacked = blocking(move || unpack(file, &to)).await?;
        unpacked.map_err(local)
    }

    /// Copies a remote file of `size` bytes to a local one. One that has grown since is cut.
    async fn fetch(
        &self,
        source: &str,
        size: u64,
        file: File,
        target: &Path,
        told: &Told,
    ) -> Result<(), Error> {
        let mut file = tokio::fs::File::from_std(file);
        let mut done = 0;
        while done < size {
            let wanted = LARGEST.min(size - done);
            let piece = self.read_piece(source, done, wanted).await?;
            if piece.is_empty() || piece.len() as u64 > wanted {
                let changed = io::Error::new(
                    io::ErrorKind::UnexpectedEof,
                    format!("{source} changed while it was read"),
                );
                return Err(at(target, changed));
            }
            tokio::io::AsyncWriteExt::write_all(&mut file, &piece)
                .await
                .map_err(|error| at(target, error))?;
            done += piece.len() as u64;
            told(done, size);
        }
        tokio::io::AsyncWriteExt::flush(&mut file)
            .await
            .map_err(|error| at(target, error))
    }
}

/// Unpacks an archive; what would land outside of `target` is left out by the library and refused here.
fn unpack(mut file: File, target: &Path) -> io::Result<()> {
    io::Seek::rewind(&mut file)?;
    fs::create_dir_all(target)?;
    let mut archive = tar::Archive::new(io::BufReader::new(file));
    let mut directories = Vec::new();
    for entry in archive.entries()? {
        let mut entry = entry?;
        let kind = entry.header().entry_type();
        // Devices and the like are nothing to bring home.
        if !(kind.is_file() || kind.is_dir() || kind.is_symlink() || kind.is_hard_link()) {
            continue;
        }
        // A directory's permission bits are set last: one without the write bit takes no files.
        if kind.is_dir() {
            directories.push(entry);
            continue;
        }
        if !entry.unpack_in(target)? {
            let path = entry.path()?.into_owned();
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!("`{}` would be outside of it", path.display()),
            ));
        }
    }
    for mut directory in directories.into_iter().rev() {
        directory.unpack_in(target)?;
    }
    Ok(())
}

#[cfg(unix)]
fn set_mode(file: &File, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    file.set_permissions(fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn set_mode(_: &File, _: u32) -> io::Result<()> {
    Ok(())
}

fn number(text: &str, seen: &str) -> Result<u64, Error> {
    text.parse().map_err(|_| strange(seen))
}

fn strange(seen: &str) -> Error {
    Error::Reply {
        call: "download",
        status: http::StatusCode::OK,
        evidence: crate::gateway::evidence(seen.as_bytes()),
    }
}

fn unreadable(class: ExceptionClass, message: String) -> Error {
    Error::Remote(RemoteError::new(&class, message))
}

fn at(path: &Path, source: io::Error) -> Error {
    Error::Local {
        path: PathBuf::from(path),
        source,
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn archive(entries: &[(&str, tar::EntryType, u32, &[u8])]) -> File {
        let mut builder = tar::Builder::new(tempfile::tempfile().unwrap());
        for (path, kind, mode, content) in entries {
            let mut header = tar::Header::new_gnu();
            header.set_entry_type(*kind);
            header.set_mode(*mode);
            header.set_size(content.len() as u64);
            // The library's own setter refuses `..`; a hostile archive does not.
            let name = &mut header.as_gnu_mut().unwrap().name;
            name[..path.len()].copy_from_slice(path.as_bytes());
            header.set_cksum();
            builder.append(&header, *content).unwrap();
        }
        let mut file = builder.into_inner().unwrap();
        file.flush().unwrap();
        file
    }

    #[test]
    fn a_directory_without_the_write_bit_takes_its_files() {
        let home = tempfile::tempdir().unwrap();
        let target = home.path().join("new");
        let file = archive(&[
            ("./", tar::EntryType::Directory, 0o755, b""),
            ("./d/", tar::EntryType::Directory, 0o555, b""),
            ("./d/f", tar::EntryType::Regular, 0o750, b"\xff\x00"),
        ]);
        unpack(file, &target).unwrap();
        assert_eq!(fs::read(target.join("d/f")).unwrap(), b"\xff\x00");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = |path: &str| {
                fs::metadata(target.join(path))
                    .unwrap()
                    .permissions()
                    .mode()
                    & 0o777
            };
            assert_eq!((mode("d"), mode("d/f")), (0o555, 0o750));
            fs::set_permissions(target.join("d"), fs::Permissions::from_mode(0o755)).unwrap();
        }
    }

    #[test]
    fn nothing_is_written_outside() {
        let home = tempfile::tempdir().unwrap();
        let target = home.path().join("in");
        let file = archive(&[("../out", tar::EntryType::Regular, 0o644, b"x")]);
        assert!(unpack(file, &target).is_err());
        assert!(!home.path().join("out").exists());
    }
}
