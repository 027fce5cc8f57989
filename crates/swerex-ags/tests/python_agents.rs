//! Unmodified Python agents on AGS: SWE-ReX's own deployments and mini-swe-agent, through the bridge and the stand-in for docker.
//!
//! `SWEREX_PYTHON` names an interpreter that has them; `cargo xtask test` sets it. Without it these tests say that they are skipped.
#![expect(clippy::print_stdout, reason = "a test that is skipped says so")]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]
#![cfg(unix)]

use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use ags_emulator::{Emulator, InstanceRunner};
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
};

const LONG: Duration = Duration::from_secs(120);
/// Within so long an agent hears that its sandbox is gone.
const SOON: Duration = Duration::from_secs(10);

/// An emulator with the Python server in its sandboxes, and a home for agents with everything that they need on PATH.
struct World {
    emulator: Emulator,
    home: tempfile::TempDir,
    python: PathBuf,
}

impl World {
    async fn new() -> Option<Self> {
        Self::with_server(None).await
    }

    /// With this script in place of the Python server.
    async fn with_server(script: Option<&str>) -> Option<Self> {
        let Some(python) = std::env::var_os("SWEREX_PYTHON").map(PathBuf::from) else {
            println!("SKIPPED: SWEREX_PYTHON is not set; `cargo xtask integration` runs this test");
            return None;
        };
        let home = tempfile::tempdir().unwrap();
        let mut path = OsString::from(python.parent().unwrap());
        path.push(":/usr/local/bin:/usr/bin:/bin");
        if let Some(script) = script {
            let directory = home.path().join("server");
            install(&python, &path_of(script), &directory);
            path = [directory.into(), path].join(OsStr::new(":"));
        }
        let emulator = Emulator::builder()
            .runner(InstanceRunner::Process)
            .path(path)
            .start()
            .await
            .unwrap();
        std::fs::write(home.path().join("ready.json"), emulator.ready_line()).unwrap();
        let world = Self {
            emulator,
            home,
            python,
        };
        let made = world
            .program(&["shims", world.shims().to_str().unwrap()])
            .output()
            .await
            .unwrap();
        assert!(made.status.success(), "{made:?}");
        Some(world)
    }

    fn shims(&self) -> PathBuf {
        self.home.path().join("shims")
    }

    fn program(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_swerex-ags"));
        command.args(args);
        self.at_home(&mut command);
        command
    }

    fn script(&self, name: &str, args: &[&str]) -> Command {
        let mut command = Command::new(&self.python);
        command.arg(path_of(name)).args(args);
        self.at_home(&mut command);
        command
    }

    fn at_home(&self, command: &mut Command) {
        let path = format!("{}:/usr/local/bin:/usr/bin:/bin", self.shims().display());
        command
            .env_clear()
            .env("HOME", self.home.path())
            .env("PATH", path)
            .env("PYTHONPATH", self.shims())
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("SWEREX_AGS_STATE_DIR", self.home.path().join("state"))
            .env("LANG", "C.UTF-8")
            .env("SWEREX_AGS_LOCAL", self.home.path().join("ready.json"))
            .env("MSWEA_CONFIGURED", "true")
            .env("MSWEA_SILENT_STARTUP", "1")
            .env("MSWEA_GLOBAL_CONFIG_DIR", self.home.path())
            .stdin(Stdio::null())
            .kill_on_drop(true);
    }

    /// Runs a script to its end, which it announces.
    async fn run(&self, name: &str, args: &[&str]) {
        let output = tokio::time::timeout(LONG, self.script(name, args).output())
            .await
            .expect("the script hangs")
            .unwrap();
        let text = format!(
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        assert!(
            output.status.success() && text.contains("done"),
            "{name}: {text}"
        );
    }

    /// A bridge on its way, its address and its key.
    async fn bridge(&self) -> (Child, String, String) {
        let mut bridge = self
            .program(&["serve", "--listen", "127.0.0.1:0", "-o", "json"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let told: serde_json::Value =
            serde_json::from_str(&line(&mut bridge, "auth_token").await).unwrap();
        let text = |key: &str| told[key].as_str().unwrap().to_owned();
        (bridge, text("url"), text("auth_token"))
    }

    /// The images that instances were started from, and how many of each.
    fn images(&self) -> BTreeMap<String, usize> {
        let mut images = BTreeMap::new();
        for instance in self.emulator.instances() {
            let image = instance.configuration.and_then(|custom| custom.image);
            *images.entry(image.unwrap_or_default()).or_default() += 1;
        }
        images
    }

    async fn none_lives(&self) {
        let over = self
            .emulator
            .wait_for_instances(|instances| instances.iter().all(|instance| instance.is_over()));
        tokio::time::timeout(LONG, over)
            .await
            .expect("an instance lives on");
    }
}

fn path_of(script: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/python")
        .join(script)
}

/// Makes `swerex-remote` in a directory the given script.
fn install(python: &Path, script: &Path, directory: &Path) {
    let program = directory.join("swerex-remote");
    let text = format!(
        "#!/bin/sh\nexec '{}' '{}' \"$@\"\n",
        python.display(),
        script.display()
    );
    std::fs::create_dir(directory).unwrap();
    std::fs::write(&program, text).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
}

type Output = Lines<BufReader<ChildStdout>>;

fn output(child: &mut Child) -> Output {
    BufReader::new(child.stdout.take().unwrap()).lines()
}

/// Waits for a line that a process prints.
async fn line(child: &mut Child, wanted: &str) -> String {
    next(&mut output(child), wanted).await
}

async fn next(lines: &mut Output, wanted: &str) -> String {
    let found = async {
        while let Some(line) = lines.next_line().await.unwrap() {
            if line.contains(wanted) {
                return line;
            }
        }
        panic!("it ended without saying `{wanted}`");
    };
    tokio::time::timeout(LONG, found)
        .await
        .expect("it does not say so")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn swe_rex_takes_us_for_docker() {
    let Some(world) = World::new().await else {
        return;
    };
    world.run("rex_docker.py", &[]).await;
    let once_a_start = BTreeMap::from([("python:3.11".to_owned(), 2)]);
    assert_eq!(world.images(), once_a_start, "not what `build` printed");
    world.none_lives().await;
    world.emulator.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_that_is_killed_leaves_nothing_running() {
    let Some(world) = World::new().await else {
        return;
    };
    let mut agent = world
        .script("rex_docker.py", &["forever"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    line(&mut agent, "working").await;
    assert_eq!(world.emulator.live_instances().len(), 1);
    agent.kill().await.unwrap();
    world.none_lives().await;
    world.emulator.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mini_swe_agent_takes_us_for_docker() {
    let Some(world) = World::new().await else {
        return;
    };
    world.run("mini.py", &["4"]).await;
    let own = (9..13).map(|number| (format!("python:3.{number}"), 1));
    assert_eq!(world.images(), own.collect(), "each agent has its own");
    world.none_lives().await;
    world.emulator.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mini_swe_agent_takes_us_for_podman_under_swe_rex() {
    let Some(world) = World::new().await else {
        return;
    };
    world.run("mini_rex.py", &[]).await;
    assert_eq!(world.emulator.instances().len(), 1);
    world.none_lives().await;
    world.emulator.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_that_is_refused_is_told_in_swe_rexs_own_class() {
    let Some(world) = World::new().await else {
        return;
    };
    let (_bridge, url, token) = world.bridge().await;
    let fault = "StartSandboxInstance:error=UnauthorizedOperation".parse();
    world.emulator.arm(fault.unwrap()).unwrap();
    world.run("rex_refused.py", &[&url, &token]).await;
    assert!(world.emulator.unconsumed_faults().is_empty());
    world.none_lives().await;
    world.emulator.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn swe_rex_takes_the_bridge_for_its_servers() {
    let Some(world) = World::new().await else {
        return;
    };
    let (mut bridge, url, token) = world.bridge().await;
    let (url, token) = (url.as_str(), token.as_str());
    world.run("rex_remote.py", &[url, token]).await;
    let own = (0..4).map(|number| (format!("registry.example.com/team/image{number}:1"), 2));
    assert_eq!(
        world.images(),
        own.collect(),
        "each agent has its own, twice"
    );
    world.none_lives().await;

    // An agent goes away in the middle; the bridge is told to stop, and frees what is left.
    let mut agent = world
        .script("rex_idle.py", &[url, token])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    line(&mut agent, "working").await;
    agent.kill().await.unwrap();
    assert_eq!(world.emulator.live_instances().len(), 1);
    let pid = rustix::process::Pid::from_raw(i32::try_from(bridge.id().unwrap()).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    let ended = tokio::time::timeout(LONG, bridge.wait())
        .await
        .expect("the bridge does not stop")
        .unwrap();
    assert!(ended.success(), "{ended}");
    world.none_lives().await;
    world.emulator.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sandbox_cannot_have_the_agents_client_run_anything() {
    let Some(world) = World::with_server(Some("evil_server.py")).await else {
        return;
    };
    let (_bridge, url, token) = world.bridge().await;
    world.run("rex_evil.py", &[&url, &token]).await;
    world.none_lives().await;
    world.emulator.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_is_told_soon_that_its_sandbox_died() {
    let Some(world) = World::new().await else {
        return;
    };
    let (_bridge, url, token) = world.bridge().await;
    for is_killed in [true, false] {
        let mut agent = world
            .script("rex_dying.py", &[&url, &token])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = output(&mut agent);
        next(&mut said, "working").await;
        let id = world.emulator.live_instances()[0].id.clone();
        if is_killed {
            world.emulator.kill_instance(&id);
        } else {
            let down = world.program(&["down", &id, "--yes"]).output().await;
            assert!(down.unwrap().status.success());
        }
        let begun = Instant::now();
        let why = next(&mut said, "refused: ").await;
        assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
        assert!(why.contains("the sandbox is gone"), "{why}");
        let told = why.contains("it died") || why.contains("was stopped by somebody");
        assert!(told, "what became of it is told: {why}");
        next(&mut said, "done").await;
        world.none_lives().await;
    }
    assert_eq!(world.emulator.instances().len(), 4, "each time a fresh one");
    world.emulator.shutdown().await;
}
