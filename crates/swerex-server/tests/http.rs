//! What a client sees beside the protocol's exchanges: limits, keep-alive, redirects, repeats, hang-ups.
#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking, its helpers too"
)]

#[expect(dead_code, reason = "other tests use the rest")]
mod support;

use std::{
    io::{Read, Write},
    net::TcpStream,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::json;
use support::{Remote, Request, TOKEN, send};
use swerex_proto::native;
use swerex_server::{Server, ServerConfig};
use tokio::net::TcpListener;

fn exchange(stream: &mut TcpStream, request: &str) -> String {
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    let mut byte = [0];
    while !answer.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).unwrap();
        answer.push(byte[0]);
    }
    let head = String::from_utf8(answer).unwrap();
    let length: usize = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).unwrap();
    head + &String::from_utf8(body).unwrap()
}

#[test]
fn a_connection_serves_many_requests() {
    let server = Remote::plain();
    let mut stream = TcpStream::connect(server.address).unwrap();
    for _ in 0..3 {
        let answer = exchange(
            &mut stream,
            &format!("GET /is_alive HTTP/1.1\r\nhost: x\r\nX-API-KEY: {TOKEN}\r\n\r\n"),
        );
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        let revision = format!("{}: {}", native::HEADER, native::REVISION);
        assert!(answer.contains(&revision), "{answer}");
        assert!(
            answer.ends_with(r#"{"is_alive":true,"message":""}"#),
            "{answer}"
        );
    }
}

#[test]
fn what_is_too_much_is_refused_plainly() {
    let server = Remote::plain();
    let long = "x".repeat(300_000);
    let reply = send(
        server.address,
        &Request::new("GET", "/is_alive").header("X-Long", &long),
    );
    assert_eq!(reply.unwrap().status, 431);

    let mut stream = TcpStream::connect(server.address).unwrap();
    let answer = exchange(
        &mut stream,
        &format!(
            "POST /write_file HTTP/1.1\r\nhost: x\r\nx-api-key: {TOKEN}\r\ncontent-type: application/json\r\ncontent-length: 999999999999\r\n\r\n"
        ),
    );
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
}

#[test]
fn a_server_whose_directory_is_removed_goes_on() {
    let home = tempfile::tempdir().unwrap();
    let place = home.path().join("place");
    std::fs::create_dir(&place).unwrap();
    let path = ("PATH".to_owned(), std::env::var("PATH").unwrap());
    let server = Remote::start(&place, &[path], &[]);
    let ask = |path: &str, body| {
        let request = Request::new("POST", path).json(&body);
        send(server.address, &request).unwrap().json()
    };
    let echo = json!({"command": ["echo", "here"]});
    let pwd = json!({"command": ["pwd"]});
    std::fs::remove_dir(&place).unwrap();
    assert_eq!(ask("/execute", echo)["stdout"], "here\n");
    let session = json!({"session_type": "bash"});
    assert_eq!(ask("/create_session", session)["session_type"], "bash");
    std::fs::create_dir(&place).unwrap();
    let there = format!("{}\n", place.display());
    assert_eq!(ask("/execute", pwd)["stdout"], there);
}

#[test]
fn connections_and_sessions_leave_descriptors_for_others() {
    use rustix::process::{Pid, Resource, Rlimit, prlimit};

    const DESCRIPTORS: u64 = 80;
    let server = Remote::plain();
    let pid = Pid::from_raw(server.child.id().try_into().unwrap());
    let limit = Rlimit {
        current: Some(DESCRIPTORS),
        maximum: Some(DESCRIPTORS),
    };
    prlimit(pid, Resource::Nofile, limit).unwrap();
    let alive = format!("GET /is_alive HTTP/1.1\r\nhost: x\r\nx-api-key: {TOKEN}\r\n\r\n");
    let create = |name: u64| {
        let body = json!({"session_type": "bash", "session": name.to_string()});
        let request = Request::new("POST", "/create_session").json(&body);
        send(server.address, &request).unwrap()
    };
    for name in 0..DESCRIPTORS / 16 {
        assert_eq!(create(name).status, 200);
    }
    assert_eq!(
        create(DESCRIPTORS).json()["swerexception"]["message"],
        "[Errno 24] Too many open files"
    );
    let close = Request::new("POST", "/close");
    assert_eq!(send(server.address, &close).unwrap().status, 200);

    let mut streams = Vec::new();
    for _ in 0..DESCRIPTORS / 2 {
        let mut stream = TcpStream::connect(server.address).unwrap();
        assert!(exchange(&mut stream, &alive).starts_with("HTTP/1.1 200"));
        streams.push(stream);
    }
    let mut answer = String::new();
    let mut one_more = TcpStream::connect(server.address).unwrap();
    one_more.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 429"), "{answer}");
    let body = r#"{"command":["true"]}"#;
    let execute = format!(
        "POST /execute HTTP/1.1\r\nhost: x\r\nx-api-key: {TOKEN}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let answer = exchange(&mut streams[0], &execute);
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[test]
fn one_connection_too_many_is_told_so() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut config = ServerConfig::default();
    config.max_connections = 2;
    let server = Server::new(config);
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    runtime.spawn(async move { server.serve(listener, std::future::pending()).await });
    let request = "GET /is_alive HTTP/1.1\r\nhost: x\r\n\r\n";
    let mut streams = [0, 1].map(|_| TcpStream::connect(address).unwrap());
    for stream in &mut streams {
        assert!(exchange(stream, request).starts_with("HTTP/1.1 200"));
    }
    let mut third = TcpStream::connect(address).unwrap();
    let mut answer = String::new();
    third.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 429"), "{answer}");
    assert!(exchange(&mut streams[0], request).starts_with("HTTP/1.1 200"));
}

#[test]
fn the_key_comes_before_everything() {
    let server = Remote::plain();
    for (method, path) in [
        ("GET", "/"),
        ("GET", "/nope"),
        ("PUT", "/execute"),
        ("GET", "/native/capabilities"),
        ("POST", "/upload"),
    ] {
        let mut request = Request::new(method, path);
        request.headers.clear();
        let reply = send(server.address, &request).unwrap();
        assert_eq!(reply.status, 401, "{method} {path}");
        assert_eq!(reply.header("www-authenticate"), Some("APIKey"));
        assert_eq!(reply.json(), json!({"detail": "Not authenticated"}));
        let wrong = request.header("X-API-Key", "wrong");
        let reply = send(server.address, &wrong).unwrap();
        assert_eq!(reply.json(), json!({"detail": "Invalid API Key"}));
    }
}

#[test]
fn a_client_that_is_still_sending_sees_why_it_is_refused() {
    let server = Remote::plain();
    let large = vec![b'x'; 20_000_000];
    let stranger = Request::new("POST", "/upload").body(large.clone());
    let stranger = Request {
        headers: vec![("X-API-Key".to_owned(), "wrong".to_owned())],
        ..stranger
    };
    assert_eq!(send(server.address, &stranger).unwrap().status, 401);
    let garbage = Request::new("POST", "/upload")
        .header("Content-Type", "multipart/form-data; boundary=B")
        .body(large);
    assert_eq!(send(server.address, &garbage).unwrap().status, 400);
}

/// Counts its runs in a file and prints the number.
fn counting(file: &std::path::Path, more: &str) -> serde_json::Value {
    let file = file.display();
    json!({"command": format!("echo x >> {file}; {more} wc -l < {file}"), "shell": true})
}

#[test]
fn a_command_runs_once_however_often_it_is_asked_for() {
    let server = Remote::plain();
    let home = tempfile::tempdir().unwrap();
    let slow = Request::new("POST", "/execute")
        .header("X-Request-ID", "slow")
        .json(&counting(&home.path().join("slow"), "sleep 0.5;"));

    // A client gives up, and two others ask while it runs, and one afterwards.
    let mut impatient = slow.clone();
    impatient.patience = Some(Duration::from_millis(100));
    assert!(send(server.address, &impatient).is_none());
    let replies = std::thread::scope(|scope| {
        let both = [0, 1].map(|_| scope.spawn(|| send(server.address, &slow).unwrap()));
        both.map(|reply| reply.join().unwrap())
    });
    for reply in replies
        .iter()
        .chain([&send(server.address, &slow).unwrap()])
    {
        assert_eq!(reply.json()["stdout"], "1\n");
    }

    // An exception is an answer like others.
    let mut failing = counting(&home.path().join("failing"), "");
    failing["check"] = true.into();
    failing["command"] = format!("{}; false", failing["command"].as_str().unwrap()).into();
    let failing = Request::new("POST", "/execute")
        .header("X-Request-ID", "failing")
        .json(&failing);
    let first = send(server.address, &failing).unwrap();
    assert_eq!(first.status, 511);
    assert_eq!(send(server.address, &failing).unwrap().body, first.body);

    // Another body under the same id is refused, and needs the key as well.
    let other = Request::new("POST", "/execute")
        .header("X-Request-ID", "slow")
        .json(&json!({"command": ["true"]}));
    assert_eq!(send(server.address, &other).unwrap().status, 409);
    let mut stranger = slow;
    stranger.headers.retain(|(name, _)| name != "X-API-Key");
    assert_eq!(send(server.address, &stranger).unwrap().status, 401);
}

#[test]
fn what_a_client_that_hung_up_asked_for_runs_on_but_not_for_ever() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut config = ServerConfig::with_token(TOKEN);
    config.abandoned_after = Duration::from_secs(1);
    let server = Server::new(config);
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    runtime.spawn(async move { server.serve(listener, std::future::pending()).await });

    let home = tempfile::tempdir().unwrap();
    let run = |script: &str| {
        let mut request =
            Request::new("POST", "/execute").json(&json!({"command": script, "shell": true}));
        request.patience = Some(Duration::from_millis(200));
        assert!(send(address, &request).is_none());
    };
    let wait = |what: &dyn Fn() -> bool| {
        let patience = Instant::now() + Duration::from_secs(10);
        while !what() {
            assert!(Instant::now() < patience);
            std::thread::sleep(Duration::from_millis(20));
        }
    };
    let done = home.path().join("done");
    run(&format!("sleep 0.5; echo > {}", done.display()));
    wait(&|| done.exists());

    let file = home.path().join("pid");
    run(&format!(
        "echo $$ > {0}.new; mv {0}.new {0}; sleep 1000",
        file.display()
    ));
    wait(&|| file.exists());
    let pid = std::fs::read_to_string(&file).unwrap();
    let process = format!("/proc/{}", pid.trim());
    wait(&|| !std::path::Path::new(&process).exists());
}

/// Whether a process is there and no zombie.
fn is_alive(pid: &str) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

#[test]
fn signals_end_it_as_they_end_the_original() {
    use std::os::unix::process::ExitStatusExt;

    for (signal, code, death) in [("INT", Some(0), None), ("TERM", None, Some(15))] {
        let mut server = Remote::plain();
        let session =
            Request::new("POST", "/create_session").json(&json!({"session_type": "bash"}));
        send(server.address, &session).unwrap();
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("pid");
        let script = format!("echo $$ > {}; sleep 1000; true", file.display());
        let busy = Request {
            patience: Some(Duration::from_millis(500)),
            ..Request::new("POST", "/execute").json(&json!({"command": script, "shell": true}))
        };
        assert!(send(server.address, &busy).is_none());
        let command = std::fs::read_to_string(&file).unwrap();
        let started = Instant::now();
        let pid = server.child.id().to_string();
        Command::new("kill")
            .args(["-s", signal, &pid])
            .status()
            .unwrap();
        let status = server.child.wait().unwrap();
        assert_eq!((status.code(), status.signal()), (code, death), "{signal}");
        assert!(started.elapsed() < Duration::from_secs(3));
        assert!(!is_alive(command.trim()), "{signal}");
    }
}

#[test]
fn it_ends_when_it_is_idle() {
    let env: Vec<(String, String)> = std::env::vars().collect();
    let cwd = std::env::temp_dir();
    let mut server = Remote::start(&cwd, &env, &["--exit-when-idle", "0.3"]);
    assert_eq!(server.child.wait().unwrap().code(), Some(0));
}

#[test]
fn the_program_says_what_it_was_told_wrong() {
    let run = |args: &[&str]| {
        let done = Command::new(env!("CARGO_BIN_EXE_swerex-remote"))
            .args(args)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        (
            done.status.code().unwrap(),
            String::from_utf8(done.stdout).unwrap(),
        )
    };
    assert_eq!(run(&["--version"]), (0, "1.4.0\n".to_owned()));
    assert_eq!(run(&["-v", "--port", "1"]).0, 1);
    assert_eq!(run(&[]).0, 2);
    assert_eq!(run(&["--auth-token", "t", "--bogus"]).0, 2);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let args = ["--auth-token", "t", "--host", "127.0.0.1", "--port", &port];
    assert_eq!(run(&args).0, 3);
}
