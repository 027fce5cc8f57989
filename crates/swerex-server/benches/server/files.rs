//! Files both ways, in milliseconds.

use std::{
    fs,
    io::{Cursor, Write},
    path::PathBuf,
    time::Instant,
};

use serde_json::json;
use zip::{ZipWriter, write::SimpleFileOptions};

use crate::{
    compare::milliseconds,
    server::{Connection, Program},
};

const MEGABYTES: usize = 50;
const FILES: usize = 2000;

/// Where no disk is waited for, if there is such a place: making files may take it longer than either server.
const MEMORY: &str = "/dev/shm";

/// A directory that is removed when dropped.
struct Home(PathBuf);

impl Home {
    fn new() -> Self {
        let memory = PathBuf::from(MEMORY);
        let place = if memory.is_dir() {
            memory
        } else {
            std::env::temp_dir()
        };
        let path = place.join(format!("swerex-bench-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

fn timed(program: &Program, work: impl FnOnce(&mut Connection)) -> f64 {
    let (_server, mut connection) = program.start().into_connection();
    let started = Instant::now();
    work(&mut connection);
    milliseconds(started.elapsed())
}

/// Text of lines, as source code has them.
pub(crate) fn write_and_read(program: &Program) -> (f64, f64) {
    let home = Home::new();
    let path = home.0.join("text");
    let line = "a line of text with \"quotes\" and a \\ in it\n";
    let content = line.repeat(MEGABYTES * 1024 * 1024 / line.len());
    let write = json!({"path": path, "content": content});
    let read = json!({"path": path});
    let written = timed(program, |connection| {
        connection.post("/write_file", &write);
    });
    let read = timed(program, |connection| {
        let answer = connection.post("/read_file", &read);
        assert!(answer.len() > content.len());
    });
    (written, read)
}

/// One large file.
pub(crate) fn upload(program: &Program) -> f64 {
    let home = Home::new();
    timed(program, |connection| {
        connection.upload(&home.0.join("file"), MEGABYTES);
    })
}

/// An archive of many small ones.
pub(crate) fn unpack(program: &Program) -> f64 {
    let home = Home::new();
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for number in 0..FILES {
        archive
            .start_file(
                format!("d{}/f{number}", number % 50),
                SimpleFileOptions::default(),
            )
            .unwrap();
        archive.write_all(&[b'x'; 2000]).unwrap();
    }
    let archive = archive.finish().unwrap().into_inner();
    timed(program, |connection| {
        connection.unpack(&home.0.join("files"), &archive);
    })
}
