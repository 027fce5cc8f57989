//! A server process, its numbers, and connections to it.

use std::{
    fs,
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

const TOKEN: &str = "bench";

/// A `swerex-remote`, ours or the other.
pub(crate) struct Program {
    pub(crate) path: PathBuf,
}

/// One that runs; ended when dropped.
pub(crate) struct Server {
    child: Child,
    port: u16,
    /// From its start to its first answer.
    pub(crate) startup: Duration,
}

impl Program {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    pub(crate) fn start(&self) -> Server {
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let started = Instant::now();
        let child = Command::new(&self.path)
            .args([
                "--host",
                "127.0.0.1",
                "--port",
                &port.to_string(),
                "--auth-token",
                TOKEN,
            ])
            .env_remove("TERM")
            // The start-up files of whoever measures are not the server's.
            .env("HOME", "/nonexistent")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(
                started.elapsed() < Duration::from_secs(30),
                "it does not come up"
            );
            thread::sleep(Duration::from_micros(200));
        }
        let mut server = Server {
            child,
            port,
            startup: Duration::ZERO,
        };
        server.connect().get("/is_alive");
        server.startup = started.elapsed();
        server
    }
}

impl Server {
    pub(crate) fn connect(&self) -> Connection {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_nodelay(true).unwrap();
        Connection { stream }
    }

    /// A number of kilobytes from its status, in bytes.
    fn status(&self, name: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace()
            .nth(1)
            .unwrap()
            .parse::<u64>()
            .unwrap()
            * 1024
    }

    pub(crate) fn memory(&self) -> u64 {
        self.status("VmRSS:")
    }

    pub(crate) fn peak_memory(&self) -> u64 {
        self.status("VmHWM:")
    }

    pub(crate) fn descriptors(&self) -> usize {
        fs::read_dir(format!("/proc/{}/fd", self.child.id()))
            .unwrap()
            .count()
    }

    pub(crate) fn threads(&self) -> usize {
        fs::read_dir(format!("/proc/{}/task", self.child.id()))
            .unwrap()
            .count()
    }

    /// Processes that it started, zombies too.
    pub(crate) fn children(&self) -> usize {
        let parent = format!("PPid:\t{}", self.child.id());
        fs::read_dir("/proc")
            .unwrap()
            .filter_map(|entry| fs::read_to_string(entry.ok()?.path().join("status")).ok())
            .filter(|status| status.lines().any(|line| line == parent))
            .count()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// A connection that stays open, as far as the server lets it.
pub(crate) struct Connection {
    stream: TcpStream,
}

impl Connection {
    pub(crate) fn get(&mut self, path: &str) -> Vec<u8> {
        self.head("GET", path, "", 0);
        self.answer()
    }

    pub(crate) fn post(&mut self, path: &str, body: &Value) -> Vec<u8> {
        let (status, body) = self.ask(path, body);
        assert_eq!(status, 200, "{}", String::from_utf8_lossy(&body));
        body
    }

    /// As [`post`](Self::post), whatever the answer is.
    pub(crate) fn ask(&mut self, path: &str, body: &Value) -> (u16, Vec<u8>) {
        let body = body.to_string();
        self.head(
            "POST",
            path,
            "content-type: application/json\r\n",
            body.len(),
        );
        self.stream.write_all(body.as_bytes()).unwrap();
        self.any_answer()
    }

    /// A file of so many megabytes.
    pub(crate) fn upload(&mut self, target: &Path, megabytes: usize) {
        let chunk = vec![b'x'; 1024 * 1024];
        self.form(
            target,
            "false",
            std::iter::repeat_n(chunk.as_slice(), megabytes),
        );
    }

    /// An archive, to be unpacked.
    pub(crate) fn unpack(&mut self, target: &Path, archive: &[u8]) {
        self.form(target, "true", std::iter::once(archive));
    }

    fn form<'a>(
        &mut self,
        target: &Path,
        unzip: &str,
        content: impl Iterator<Item = &'a [u8]> + Clone,
    ) {
        let field = |name: &str| format!("--B\r\nContent-Disposition: form-data; name=\"{name}\"");
        let head = format!("{}; filename=\"x\"\r\n\r\n", field("file"));
        let tail = format!(
            "\r\n{}\r\n\r\n{}\r\n{}\r\n\r\n{unzip}\r\n--B--\r\n",
            field("target_path"),
            target.display(),
            field("unzip")
        );
        let length: usize = content.clone().map(<[u8]>::len).sum();
        self.head(
            "POST",
            "/upload",
            "content-type: multipart/form-data; boundary=B\r\n",
            head.len() + length + tail.len(),
        );
        self.stream.write_all(head.as_bytes()).unwrap();
        for piece in content {
            self.stream.write_all(piece).unwrap();
        }
        self.stream.write_all(tail.as_bytes()).unwrap();
        self.answer();
    }

    fn head(&mut self, method: &str, path: &str, more: &str, length: usize) {
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: bench\r\nx-api-key: {TOKEN}\r\n{more}content-length: {length}\r\n\r\n"
        );
        self.stream.write_all(head.as_bytes()).unwrap();
    }

    /// The body of a 200.
    fn answer(&mut self) -> Vec<u8> {
        let (status, body) = self.any_answer();
        assert_eq!(status, 200, "{}", String::from_utf8_lossy(&body));
        body
    }

    fn any_answer(&mut self) -> (u16, Vec<u8>) {
        let mut answer = Vec::new();
        let mut buffer = vec![0; 256 * 1024];
        let end = loop {
            let length = self.stream.read(&mut buffer).unwrap();
            assert!(length > 0, "the server hung up");
            answer.extend_from_slice(&buffer[..length]);
            if let Some(end) = answer.windows(4).position(|window| window == b"\r\n\r\n") {
                break end + 4;
            }
        };
        let head = String::from_utf8_lossy(&answer[..end]).to_ascii_lowercase();
        let length: usize = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .unwrap()
            .parse()
            .unwrap();
        let mut body = answer.split_off(end);
        let read = body.len();
        body.resize(length, 0);
        self.stream.read_exact(&mut body[read..]).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, body)
    }
}
