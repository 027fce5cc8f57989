//! Commands that print without end, and what others notice of them.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    compare::{megabytes, milliseconds},
    server::{Program, Server},
};

/// What is printed: lines, control characters, and beginnings of a terminal's codes.
const FLOODS: [&str; 4] = [
    "yes",
    r"tr '\0' '\1' < /dev/zero",
    r"yes $'\e[' | tr -d '\n'",
    "cat /dev/urandom",
];

/// How long, in seconds.
const TIME: u32 = 3;

/// The status of a command whose time is up.
const TIMEOUT: u16 = 511;

/// The longest wait for an `is_alive` while four sessions flood, and until all of them have answered.
pub(crate) fn in_sessions(program: &Program) -> f64 {
    let server = program.start();
    for session in 0..FLOODS.len() {
        let create =
            json!({"session_type": "bash", "session": session.to_string(), "startup_timeout": 30});
        server.connect().post("/create_session", &create);
    }
    worst(
        &server,
        "/run_in_session",
        |number, flood| json!({"action_type": "bash", "session": number.to_string(), "command": flood, "timeout": TIME}),
    )
}

/// The same of four commands.
pub(crate) fn in_executes(program: &Program) -> f64 {
    let server = program.start();
    worst(
        &server,
        "/execute",
        |_, flood| json!({"command": ["bash", "-c", flood], "timeout": TIME}),
    )
}

fn worst(server: &Server, path: &str, body: impl Fn(usize, &str) -> Value) -> f64 {
    let left = AtomicUsize::new(FLOODS.len());
    thread::scope(|scope| {
        for (number, flood) in FLOODS.iter().enumerate() {
            let (left, body) = (&left, body(number, flood));
            let mut connection = server.connect();
            scope.spawn(move || {
                assert_eq!(connection.ask(path, &body).0, TIMEOUT);
                left.fetch_sub(1, Ordering::SeqCst);
            });
        }
        let mut connection = server.connect();
        let mut worst = Duration::ZERO;
        while left.load(Ordering::SeqCst) > 0 {
            let started = Instant::now();
            connection.get("/is_alive");
            worst = worst.max(started.elapsed());
            thread::sleep(Duration::from_millis(5));
        }
        milliseconds(worst)
    })
}

/// How long a command takes that never ends and has 2 s.
pub(crate) fn until_a_timeout(program: &Program) -> f64 {
    let mut connection = program.start().into_connection();
    let started = Instant::now();
    let body = json!({"command": ["yes"], "timeout": 2});
    assert_eq!(connection.1.ask("/execute", &body).0, TIMEOUT);
    started.elapsed().as_secs_f64()
}

/// The server's memory at its peak for one long output of each kind.
pub(crate) fn memory(program: &Program) -> f64 {
    let peaks = FLOODS.iter().map(|flood| {
        let (server, mut connection) = program.start().into_connection();
        let command = format!("{flood} | head -c 400000000");
        connection.post("/execute", &json!({"command": ["bash", "-c", command]}));
        megabytes(server.peak_memory())
    });
    peaks.fold(0.0, f64::max)
}
