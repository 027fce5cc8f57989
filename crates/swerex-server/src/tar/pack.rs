//! A directory, written as an archive.

use std::{
    fs::{self, File, Metadata, OpenOptions},
    io::{self, Write},
    os::unix::{
        ffi::OsStrExt,
        fs::{MetadataExt, OpenOptionsExt},
    },
    path::Path,
};

use rustix::fs::OFlags;
use swerex_archive::{Entry, Kind, Writer, measure};

use crate::scratch::Scratch;

/// Writes everything below a directory: files, directories, symbolic links as they are. Pipes, sockets and devices are left
/// out, and files that vanish meanwhile. A file is as long as it is, whatever its metadata say.
pub(crate) fn pack<W: Write>(directory: &Path, out: W) -> io::Result<W> {
    let mut writer = Writer::new(out);
    below(&mut writer, directory, b"")?;
    writer.finish()
}

/// One level at a time: its names are in memory, sorted so that the same directory gives the same archive.
fn below(writer: &mut Writer<impl Write>, path: &Path, inner: &[u8]) -> io::Result<()> {
    let mut names = fs::read_dir(path)?
        .map(|entry| entry.map(|entry| entry.file_name()))
        .collect::<io::Result<Vec<_>>>()?;
    names.sort();
    for name in names {
        let path = path.join(&name);
        let inner = match inner {
            b"" => name.as_bytes().to_vec(),
            above => [above, b"/", name.as_bytes()].concat(),
        };
        match path.symlink_metadata() {
            Ok(metadata) => add(writer, &path, inner, &metadata)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn add(
    writer: &mut Writer<impl Write>,
    path: &Path,
    inner: Vec<u8>,
    metadata: &Metadata,
) -> io::Result<()> {
    let mut entry = Entry {
        name: inner,
        mode: metadata.mode(),
        size: 0,
        modified: u64::try_from(metadata.mtime()).unwrap_or_default(),
        kind: Kind::File,
        link: Vec::new(),
    };
    if metadata.is_dir() {
        let inner = entry.name.clone();
        entry.name.push(b'/');
        entry.kind = Kind::Directory;
        writer.entry(&entry)?;
        return below(writer, path, &inner);
    }
    if metadata.is_symlink() {
        entry.kind = Kind::Symlink;
        entry.link = fs::read_link(path)?.as_os_str().as_bytes().to_vec();
        return writer.entry(&entry);
    }
    if !metadata.is_file() {
        return Ok(());
    }
    // What has become a link or a pipe meanwhile is not followed, and not waited for.
    let opened = OpenOptions::new()
        .read(true)
        .custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed())
        .open(path);
    let file: File = match opened {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        opened => opened?,
    };
    let content = measure(file, || Scratch::temporary()?.into_file())?;
    writer.file(entry, content)
}
