//! Many sessions and commands, and what is left of them.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use serde_json::json;

use crate::server::{Program, Server};

const SESSIONS: usize = 2_000;
const SESSIONS_AT_A_TIME: usize = 16;
const EXECUTES: usize = 20_000;
const EXECUTES_AT_A_TIME: usize = 32;

/// Prints the numbers before and after.
pub(crate) fn run(program: &Program) {
    let server = program.start();
    // What a first use needs stays: threads, pools.
    sessions(&server, 50);
    executes(&server, 500);
    settle();
    report("before", &server);
    let started = Instant::now();
    sessions(&server, SESSIONS);
    let after_sessions = started.elapsed();
    executes(&server, EXECUTES);
    let all = started.elapsed();
    settle();
    report("after", &server);
    println!(
        "{SESSIONS} sessions created, used and closed in {:.1} s; {EXECUTES} executes, {EXECUTES_AT_A_TIME} at a time, in {:.1} s",
        after_sessions.as_secs_f64(),
        (all - after_sessions).as_secs_f64()
    );
}

/// Threads for work that blocks end after a moment.
fn settle() {
    thread::sleep(Duration::from_secs(4));
}

fn report(when: &str, server: &Server) {
    println!(
        "{when:<8}{:>4} processes{:>6} descriptors{:>6} threads{:>8.2} MB",
        server.children(),
        server.descriptors(),
        server.threads(),
        server.memory() as f64 / 1_048_576.0
    );
}

fn sessions(server: &Server, count: usize) {
    each(server, count, SESSIONS_AT_A_TIME, |connection, number| {
        let name = format!("soak-{number}");
        connection.post(
            "/create_session",
            &json!({"session_type": "bash", "session": name, "startup_timeout": 30}),
        );
        let action =
            json!({"action_type": "bash", "session": name, "command": "echo $$", "timeout": 30});
        connection.post("/run_in_session", &action);
        connection.post(
            "/close_session",
            &json!({"session_type": "bash", "session": name}),
        );
    });
}

fn executes(server: &Server, count: usize) {
    each(server, count, EXECUTES_AT_A_TIME, |connection, _| {
        connection.post("/execute", &json!({"command": ["true"]}));
    });
}

/// So many calls of `work`, so many at a time.
fn each(
    server: &Server,
    count: usize,
    at_a_time: usize,
    work: impl Fn(&mut crate::server::Connection, usize) + Sync,
) {
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..at_a_time {
            scope.spawn(|| {
                let mut connection = server.connect();
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= count {
                        break;
                    }
                    work(&mut connection, number);
                }
            });
        }
    });
}
