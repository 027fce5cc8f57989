//! A Python server on a free port, in a directory of its own, gone when it is dropped.

use std::{
    env,
    os::unix::process::CommandExt as _,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use ags_http::HttpClient;
use swerex_ags_runtime::{AgsRuntime, AgsRuntimeConfig};

const KEY: &str = "a-key";

pub(crate) struct Server {
    child: Child,
    port: u16,
    home: tempfile::TempDir,
}

impl Server {
    /// A server that answers, or `None` where there is no Python.
    pub(crate) async fn start() -> Option<Self> {
        let Some(program) = env::var_os("SWEREX_PYTHON_SERVER") else {
            println!(
                "SKIPPED: SWEREX_PYTHON_SERVER is not set; `cargo xtask integration` runs this test"
            );
            return None;
        };
        let home = tempfile::tempdir().unwrap();
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let child = Command::new(program)
            .args([
                "--host",
                "127.0.0.1",
                "--port",
                &port.to_string(),
                "--auth-token",
                KEY,
            ])
            .current_dir(home.path())
            .env("HOME", home.path())
            .env_remove("TERM")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .unwrap();
        let server = Self { child, port, home };
        server
            .runtime()
            .wait_until_alive(Duration::from_secs(60))
            .await
            .unwrap();
        Some(server)
    }

    pub(crate) fn runtime(&self) -> AgsRuntime {
        self.runtime_with_key(KEY)
    }

    pub(crate) fn runtime_with_key(&self, key: &str) -> AgsRuntime {
        let base = format!("http://127.0.0.1:{}", self.port).parse().unwrap();
        let http = Arc::new(HttpClient::builder().build().unwrap());
        AgsRuntime::new(AgsRuntimeConfig::new(base).with_auth_token(key), http, None).unwrap()
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.home.path().to_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
