//! Serving until a signal or idleness ends it.

use std::{io, process::ExitCode, time::Duration};

use swerex_proto::route::AUTH_TOKEN_VARIABLE;
use swerex_server::{Server, ServerConfig, forbid_core_dumps};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};

use crate::{args::Options, complain, say};

/// The exit code of uvicorn when it cannot listen.
const CANNOT_LISTEN: u8 = 3;

/// Threads that serve connections; work that blocks has its own.
const THREADS: usize = 2;

/// Threads for work that blocks, at most; they end when they have rested for a moment.
const BLOCKING_THREADS: usize = 512;
const REST: Duration = Duration::from_secs(2);

/// Why serving ended.
enum End {
    Terminated,
    Interrupted,
    Idle,
}

pub(crate) fn serve(options: &Options) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(THREADS)
        .max_blocking_threads(BLOCKING_THREADS)
        .thread_keep_alive(REST)
        .enable_all()
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => {
            complain(&format!("swerex-remote: cannot start: {error}"));
            return ExitCode::FAILURE;
        }
    };
    let outcome = runtime.block_on(until_the_end(options));
    // Work that blocks cannot be ended; it is left behind.
    runtime.shutdown_background();
    match outcome {
        Ok(End::Terminated) => die_by_sigterm(),
        Ok(End::Interrupted | End::Idle) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&format!(
                "swerex-remote: cannot listen on {}:{}: {error}",
                options.host, options.port
            ));
            ExitCode::from(CANNOT_LISTEN)
        }
    }
}

async fn until_the_end(options: &Options) -> io::Result<End> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let host = match options.host.as_str() {
        // Known without a resolver, which a small image may not have.
        "localhost" => "127.0.0.1",
        host => host,
    };
    forbid_core_dumps();
    // It knows its surroundings before it says that it is there.
    let mut config = ServerConfig::with_token(options.auth_token.as_str());
    // A key in the environment is a platform's, whose probe shows none.
    config.answers_probes = std::env::var_os(AUTH_TOKEN_VARIABLE).is_some();
    if let Some(grace) = options.kill_grace {
        config.kill_grace = grace;
    }
    let server = Server::new(config);
    let listener = TcpListener::bind((host, options.port)).await?;
    let address = listener.local_addr()?;
    say(&format!("swerex-remote listens on http://{address}"));

    let mut end = End::Idle;
    let shutdown = async {
        end = tokio::select! {
            _ = terminate.recv() => End::Terminated,
            _ = interrupt.recv() => End::Interrupted,
            () = idle(&server, options.exit_when_idle) => End::Idle,
        };
    };
    server.serve(listener, shutdown).await?;
    Ok(end)
}

async fn idle(server: &Server, time: Option<Duration>) {
    match time {
        Some(time) => server.idle(time).await,
        None => std::future::pending().await,
    }
}

/// As uvicorn does, so that a parent sees the signal; where the signal has no effect, by the shell's number for it.
fn die_by_sigterm() -> ExitCode {
    const SIGTERM: i32 = 15;
    let is_first_process = std::process::id() == 1;
    if !is_first_process {
        let _ = signal_hook::low_level::emulate_default_handler(SIGTERM);
    }
    ExitCode::from(143)
}
