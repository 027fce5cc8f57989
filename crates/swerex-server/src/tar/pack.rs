//! A directory, written as an archive.

use std::{
    fs::{self, File, Metadata},
    io::{self, Read, Write},
    os::unix::{ffi::OsStrExt, fs::MetadataExt},
    path::Path,
};

use super::{
    BLOCK,
    header::{Header, Kind, MAX_SIZE, attribute},
    padding,
};

/// Bytes of a file that are read at a time.
const CHUNK: usize = 64 * 1024;

/// Writes everything below a directory: files, directories, symbolic links as they are. Pipes, sockets and devices are left
/// out, and files that vanish meanwhile.
pub(crate) fn pack(directory: &Path, out: &mut impl Write) -> io::Result<()> {
    let mut packing = Packing {
        out,
        buffer: vec![0; CHUNK],
    };
    packing.directory(directory, b"")?;
    // Two blocks of zeros end it.
    packing.out.write_all(&[0; 2 * BLOCK])?;
    packing.out.flush()
}

struct Packing<'a, W> {
    out: &'a mut W,
    buffer: Vec<u8>,
}

impl<W: Write> Packing<'_, W> {
    /// One level at a time: its names are in memory, sorted so that the same directory gives the same archive.
    fn directory(&mut self, path: &Path, inner: &[u8]) -> io::Result<()> {
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
                Ok(metadata) => self.entry(&path, inner, &metadata)?,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn entry(&mut self, path: &Path, inner: Vec<u8>, metadata: &Metadata) -> io::Result<()> {
        let mut header = Header {
            name: inner,
            mode: metadata.mode(),
            size: 0,
            modified: u64::try_from(metadata.mtime()).unwrap_or_default(),
            kind: Kind::File,
            link: Vec::new(),
        };
        if metadata.is_dir() {
            let inner = header.name.clone();
            header.name.push(b'/');
            header.kind = Kind::Directory;
            self.header(&header)?;
            return self.directory(path, &inner);
        }
        if metadata.is_symlink() {
            header.kind = Kind::Symlink;
            header.link = fs::read_link(path)?.as_os_str().as_bytes().to_vec();
            return self.header(&header);
        }
        if !metadata.is_file() {
            return Ok(());
        }
        let mut file = match File::open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            opened => opened?,
        };
        header.size = file.metadata()?.len();
        self.header(&header)?;
        self.content(&mut file, header.size)
    }

    /// As many bytes as the header says: a file that grows meanwhile is cut, one that shrinks is filled up.
    fn content(&mut self, file: &mut File, size: u64) -> io::Result<()> {
        let mut left = size;
        while left > 0 {
            let wanted = usize::try_from(left).map_or(CHUNK, |left| left.min(CHUNK));
            let room = self.buffer.get_mut(..wanted).unwrap_or_default();
            let length = match file.read(room)? {
                0 => {
                    room.fill(0);
                    room.len()
                }
                length => length,
            };
            self.out.write_all(room.get(..length).unwrap_or_default())?;
            left -= length as u64;
        }
        self.pad(size)
    }

    fn pad(&mut self, size: u64) -> io::Result<()> {
        let zeros = [0; BLOCK];
        self.out
            .write_all(zeros.get(..padding(size)).unwrap_or_default())
    }

    fn header(&mut self, header: &Header) -> io::Result<()> {
        if let Some(block) = header.encode() {
            return self.out.write_all(&block);
        }
        let mut attributes = attribute("path", &header.name);
        if !header.link.is_empty() {
            attributes.extend(attribute("linkpath", &header.link));
        }
        if header.size > MAX_SIZE {
            attributes.extend(attribute("size", header.size.to_string().as_bytes()));
        }
        let size = attributes.len() as u64;
        self.out
            .write_all(&plain(b"extended", size, Kind::Extended))?;
        self.out.write_all(&attributes)?;
        self.pad(size)?;
        // What does not fit here is in the attributes.
        let mut short = Header {
            name: b"long".to_vec(),
            link: Vec::new(),
            ..header.clone()
        };
        short.size = short.size.min(MAX_SIZE);
        match short.encode() {
            Some(block) => self.out.write_all(&block),
            None => Err(io::ErrorKind::InvalidData.into()),
        }
    }
}

fn plain(name: &[u8], size: u64, kind: Kind) -> [u8; BLOCK] {
    let header = Header {
        name: name.to_vec(),
        mode: 0o644,
        size,
        modified: 0,
        kind,
        link: Vec::new(),
    };
    // Such a small header always fits.
    header.encode().unwrap_or([0; BLOCK])
}
