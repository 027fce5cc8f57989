//! How long a file is, whatever its metadata say.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom, Write},
};

/// Files up to this many bytes are read before their length is told.
const READ_FIRST: usize = 64 * 1024;

/// Bytes that are read at a time.
const CHUNK: usize = 64 * 1024;

/// The longest file of a length that only reading tells, in bytes: one may never end.
pub const MAX_UNSIZED: u64 = 1 << 30;

/// A file's content, and how long it is.
#[derive(Debug)]
pub enum Measured {
    /// All of it.
    Bytes(Vec<u8>),
    /// A file at its beginning, as long as is said. What is appended meanwhile is not part of it.
    File {
        /// The file.
        file: File,
        /// Its length in bytes.
        length: u64,
    },
}

impl Measured {
    /// Bytes of the content.
    pub fn length(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::File { length, .. } => *length,
        }
    }
}

/// Measures a file, from its beginning. A small one is read; of a large one the metadata are believed where its end is where they say, or was
/// when they said it. Others, such as large files of procfs, are copied into what `spool` gives, up to [`MAX_UNSIZED`].
///
/// # Errors
/// The file cannot be read; there is no room for a copy; it has no end, as far as one can see.
pub fn measure(mut file: File, spool: impl FnOnce() -> io::Result<File>) -> io::Result<Measured> {
    let length = file.metadata()?.len();
    file.rewind()?;
    let mut first = Vec::new();
    (&mut file)
        .take(READ_FIRST as u64 + 1)
        .read_to_end(&mut first)?;
    if first.len() <= READ_FIRST {
        return Ok(Measured::Bytes(first));
    }
    if length >= first.len() as u64 && ends_at(&mut file, length)? {
        file.rewind()?;
        return Ok(Measured::File { file, length });
    }
    file.rewind()?;
    let mut copy = spool()?;
    let length = copied(&mut file, &mut copy)?;
    copy.rewind()?;
    Ok(Measured::File { file: copy, length })
}

/// Whether nothing follows so many bytes, or what follows has been appended just now.
fn ends_at(file: &mut File, length: u64) -> io::Result<bool> {
    file.seek(SeekFrom::Start(length))?;
    let more = file.read(&mut [0])?;
    Ok(more == 0 || file.metadata()?.len() != length)
}

fn copied(from: &mut File, to: &mut File) -> io::Result<u64> {
    let mut buffer = vec![0; CHUNK];
    let mut done = 0;
    loop {
        let length = match from.read(&mut buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            read => read?,
        };
        if length == 0 {
            return Ok(done);
        }
        done += length as u64;
        if done > MAX_UNSIZED {
            return Err(io::Error::new(
                io::ErrorKind::FileTooLarge,
                format!("its length is not known, and {MAX_UNSIZED} bytes are not all of it"),
            ));
        }
        to.write_all(buffer.get(..length).unwrap_or_default())?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spool() -> io::Result<File> {
        tempfile::tempfile()
    }

    fn none() -> io::Result<File> {
        Err(io::Error::other("this one needs no copy"))
    }

    fn content(measured: Measured) -> Vec<u8> {
        let length = measured.length();
        let bytes = match measured {
            Measured::Bytes(bytes) => bytes,
            Measured::File { file, length } => {
                let mut bytes = Vec::new();
                file.take(length).read_to_end(&mut bytes).unwrap();
                bytes
            }
        };
        assert_eq!(bytes.len() as u64, length);
        bytes
    }

    #[test]
    fn files_are_as_long_as_they_are() {
        for length in [0, 1, READ_FIRST, READ_FIRST + 1, 3 * READ_FIRST] {
            let mut file = tempfile::tempfile().unwrap();
            file.write_all(&vec![b'x'; length]).unwrap();
            assert_eq!(content(measure(file, none).unwrap()).len(), length);
        }
    }

    // Both say that they have none; one is longer than what is read at first.
    #[test]
    #[cfg(target_os = "linux")]
    fn files_of_the_kernel_are_read() {
        let version = measure(File::open("/proc/version").unwrap(), none).unwrap();
        assert_eq!(content(version), std::fs::read("/proc/version").unwrap());
        let symbols = File::open("/proc/kallsyms").unwrap();
        let whole = std::fs::read("/proc/kallsyms").unwrap();
        assert!(content(measure(symbols, spool).unwrap()) == whole);
        let page = "/sys/kernel/mm/transparent_hugepage/enabled";
        if let Ok(file) = File::open(page) {
            let seen = content(measure(file, none).unwrap());
            assert_eq!(seen, std::fs::read(page).unwrap(), "stat says 4096");
        }
    }
}
