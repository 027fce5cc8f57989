//! Work that takes long, where it holds up nobody: off the threads that serve connections.

use serde::Serialize;
use tokio::sync::Semaphore;

use crate::room;

/// Work on more bytes than that leaves the threads that serve connections.
pub(crate) const LARGE: usize = 256 * 1024;

/// So much of it is done at a time: each takes several times the memory of what it works on.
static TURNS: Semaphore = Semaphore::const_new(2);

/// Does work on so many bytes, and waits for it. Dropping the future leaves work that has begun to itself.
pub(crate) async fn weighed<T: Send + 'static>(
    bytes: usize,
    work: impl FnOnce() -> T + Send + 'static,
) -> T {
    if bytes <= LARGE {
        return work();
    }
    // It is never closed.
    let turn = TURNS.acquire().await.ok();
    let done = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        work()
    });
    match done.await {
        Ok(done) => done,
        Err(failed) => match failed.try_into_panic() {
            // The answer to a panic is made at one place, where the handler was called.
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime ends, and with it whoever waits.
            Err(_) => std::future::pending().await,
        },
    }
}

/// A value as JSON that takes about so many bytes.
pub(crate) fn json(value: &impl Serialize, bytes: usize) -> serde_json::Result<Vec<u8>> {
    note(bytes);
    let mut json = room::bytes(bytes);
    serde_json::to_writer(&mut json, value)?;
    if json.len() > LARGE {
        json.shrink_to_fit();
    }
    Ok(json)
}

/// Called where work on so many bytes is done. Under test, a thread that serves connections must not come here with many.
pub(crate) fn note(bytes: usize) {
    #[cfg(test)]
    tests::check(bytes);
    let _ = bytes;
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use bytes::Bytes;
    use futures_util::FutureExt;
    use http_body_util::{BodyExt, Full};
    use serde_json::{Value, json};

    use super::*;
    use crate::{Server, ServerConfig};

    thread_local! {
        static SERVES: Cell<bool> = const { Cell::new(false) };
    }

    /// From now on this thread is one that serves connections.
    fn serves() {
        SERVES.set(true);
    }

    pub(super) fn check(bytes: usize) {
        assert!(
            bytes <= LARGE || !SERVES.get(),
            "work on {bytes} bytes holds up a thread that serves connections"
        );
    }

    #[tokio::test]
    async fn only_much_work_leaves_the_thread() {
        serves();
        let here = std::thread::current().id();
        let thread = || {
            note(LARGE);
            std::thread::current().id()
        };
        assert_eq!(weighed(LARGE, thread).await, here);
        assert_ne!(weighed(LARGE + 1, thread).await, here);
        weighed(LARGE + 1, || note(LARGE + 1)).await;
    }

    #[tokio::test]
    #[should_panic(expected = "oh no")]
    async fn a_panic_comes_back() {
        weighed(LARGE + 1, || panic!("oh no")).await;
    }

    #[tokio::test]
    async fn whoever_is_in_the_way_of_others_waits_for_a_turn() {
        let (open, gate) = std::sync::mpsc::channel::<()>();
        let gate = std::sync::Arc::new(std::sync::Mutex::new(gate));
        let held = || {
            let gate = std::sync::Arc::clone(&gate);
            Box::pin(weighed(LARGE + 1, move || {
                gate.lock().unwrap().recv().unwrap();
            }))
        };
        let (mut first, mut second, mut third) = (held(), held(), held());
        for work in [&mut first, &mut second, &mut third] {
            assert!(work.now_or_never().is_none());
        }
        // Small work does not wait for large.
        assert_eq!(weighed(1, || 7).await, 7);
        for _ in 0..3 {
            open.send(()).unwrap();
        }
        tokio::join!(first, second, third);
    }

    /// All of a server is on one thread here, but for what leaves it.
    #[tokio::test]
    async fn no_answer_holds_up_the_others() {
        serves();
        let server = Server::new(ServerConfig::default());
        let ask = async |path: &str, body: Value| {
            let request = http::Request::post(path)
                .header("content-type", "application/json")
                .body(Full::new(Bytes::from(body.to_string())))
                .unwrap();
            let answer = server.handle(request).await;
            let status = answer.status().as_u16();
            let body = answer.into_body().collect().await.unwrap().to_bytes();
            (status, String::from_utf8(body.to_vec()).unwrap())
        };
        let session = json!({"session_type": "bash"});
        assert_eq!(ask("/create_session", session).await.0, 200);
        let flood = r"head -c 300000 /dev/zero | tr '\0' '\1'";
        let fails = format!("{flood}; (exit 7)");
        let long = format!("{flood}; sleep 600");
        let execute = |command: &str, timeout: f64, check: bool| json!({"command": ["bash", "-c", command], "timeout": timeout, "check": check});
        let run = |command: &str, timeout: f64, check: &str| json!({"action_type": "bash", "command": command, "timeout": timeout, "check": check});
        let spelt = "\\u0001".repeat(1000);
        let quoted = "\\\\x01".repeat(1000);
        for (path, body, status, part) in [
            ("/execute", execute(flood, 60.0, true), 200, &spelt),
            ("/execute", execute(&fails, 60.0, true), 511, &quoted),
            ("/execute", execute(&long, 2.0, true), 511, &spelt),
            ("/run_in_session", run(flood, 60.0, "raise"), 200, &spelt),
            ("/run_in_session", run(&fails, 60.0, "raise"), 511, &quoted),
            ("/run_in_session", run(&long, 2.0, "raise"), 511, &spelt),
        ] {
            for path in [path.to_owned(), format!("/native{path}")] {
                let (told, answer) = ask(&path, body.clone()).await;
                assert!(told == 200 || told == status, "{path} {body}: {told}");
                let end = &answer[answer.len().saturating_sub(300)..];
                assert!(!answer.contains("holds up"), "{path} {body}: {end}");
                assert!(answer.contains(part), "{path} {body}: {end}");
                if path.ends_with("session") && body["timeout"] == 2.0 {
                    let interrupt = json!({"action_type": "bash_interrupt"});
                    let (_, answer) = ask("/run_in_session", interrupt).await;
                    assert!(answer.contains(part));
                }
            }
        }
        server.close().await;
    }
}
