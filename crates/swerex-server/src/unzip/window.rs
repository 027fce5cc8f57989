//! A part of a file as a reader with a position of its own.

use std::{
    fs::File,
    io::{self, Read},
    os::unix::fs::FileExt,
};

pub(super) struct Window {
    file: File,
    at: u64,
    left: u64,
}

impl Window {
    pub(super) fn new(file: &File, at: u64, length: u64) -> io::Result<Self> {
        Ok(Self {
            file: file.try_clone()?,
            at,
            left: length,
        })
    }
}

impl Read for Window {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let wanted = usize::try_from(self.left).map_or(buffer.len(), |left| left.min(buffer.len()));
        let room = buffer.get_mut(..wanted).unwrap_or_default();
        let length = self.file.read_at(room, self.at)?;
        if length == 0 && wanted > 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.at += length as u64;
        self.left -= length as u64;
        Ok(length)
    }
}
