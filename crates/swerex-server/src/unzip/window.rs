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
        let length = match buffer.get_mut(..wanted) {
            Some(room) => self.file.read_at(room, self.at)?,
            None => 0,
        };
        self.at += length as u64;
        self.left -= length as u64;
        Ok(length)
    }
}
