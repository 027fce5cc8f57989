//! The program as docker: what happens when a client is killed, and whose a container is.

use std::process::Output;

use rustix::process::{Pid, Signal, kill_process};
use tokio::process::Command;

use crate::{
    desk::Desk,
    support::{Lab, PATIENCE, program_called},
};

/// An emulator, and the directory that makes it a docker.
pub(crate) async fn harbour() -> Lab {
    let lab = Lab::new().await;
    let shims = lab.path("shims");
    let made = lab.run(&["shims", shims.to_str().unwrap()]).await;
    assert_eq!(made.code, Some(0), "{made:?}");
    lab
}

/// A program that finds docker, which is led to the emulator.
fn beside_docker(lab: &Lab, program: &str, args: &[&str]) -> Command {
    let mut command = program_called(program);
    let path = std::env::var("PATH").unwrap();
    command
        .args(args)
        .env("PATH", format!("{}:{path}", lab.path("shims").display()))
        .env("SWEREX_AGS_LOCAL", lab.path("ready"))
        .env("SWEREX_AGS_STATE_DIR", lab.path("state"));
    command
}

/// `docker` itself.
pub(crate) fn docker(lab: &Lab, args: &[&str]) -> Command {
    let path = lab.path("shims/docker");
    beside_docker(lab, path.to_str().unwrap(), args)
}

async fn ended(mut command: Command) -> Output {
    let output = tokio::time::timeout(PATIENCE, command.output());
    output.await.unwrap().unwrap()
}

pub(crate) async fn said(lab: &Lab, args: &[&str]) -> Output {
    ended(docker(lab, args)).await
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Of `c ends with process 12 (awk), or …`, the 12.
fn owner(told: &str) -> Option<(i32, String)> {
    let (_, owner) = told.split_once("ends with process ")?;
    let (pid, rest) = owner.split_once(" (")?;
    let (name, _) = rest.split_once(')')?;
    Some((pid.parse().ok()?, name.to_owned()))
}

#[tokio::test]
async fn a_container_is_not_that_of_what_only_launches_it() {
    let lab = harbour().await;
    let this = i32::try_from(std::process::id()).unwrap();
    let run = "docker run -d --name c python:3.11 sleep 1h";
    let makefile = lab.path("makefile");
    std::fs::write(&makefile, format!("up:\n\t@{run}; true\n")).unwrap();
    let setup = lab.path("setup.sh");
    std::fs::write(&setup, format!("#!/bin/sh\nset -e\n{run}\necho set up\n")).unwrap();
    let (line, piped) = (format!("{run}; true"), format!("({run}; true) | cat"));
    let words: Vec<&str> = ["60"].into_iter().chain(run.split(' ')).collect();
    for (program, args) in [
        ("sh", vec!["-c", &*line]),
        ("bash", vec!["-c", &*piped]),
        ("timeout", words),
        ("make", vec!["-s", "-f", makefile.to_str().unwrap()]),
        ("sh", vec![setup.to_str().unwrap()]),
        ("setsid", vec!["-w", "sh", "-c", &*line]),
    ] {
        let started = ended(beside_docker(&lab, program, &args)).await;
        assert!(started.status.success(), "{program}: {started:?}");
        let id = text(&started.stdout).lines().next().unwrap().to_owned();
        assert!(
            id.len() == 64 && id.bytes().all(|b| b.is_ascii_hexdigit()),
            "{id}"
        );
        let told = text(&started.stderr);
        assert_eq!(told.lines().count(), 1, "{told}");
        assert_eq!(
            owner(&told).map(|(pid, _)| pid),
            Some(this),
            "{program}: {told}"
        );
        let runs = said(&lab, &["exec", "c", "true"]).await;
        assert!(runs.status.success(), "{program}: {runs:?}");
        assert!(said(&lab, &["rm", "-f", "c"]).await.status.success());
    }
    lab.nothing_runs().await;
}

#[tokio::test]
async fn an_agent_that_is_killed_frees_its_containers_wherever_it_was_started() {
    let lab = harbour().await;
    // A program that is no launcher, and waits for a line; its shell is one.
    let agent =
        "awk 'BEGIN { system(\"docker run -d --name c python:3.11 sleep 1h; true\"); getline }'";
    // On a terminal of a shell, which lives on.
    let mut desk = Desk::new(beside_docker(
        &lab,
        "bash",
        &["--norc", "--noprofile", "-i"],
    ));
    desk.types(&format!("{agent}\n")).await;
    let told = desk.until("owner=none it stays").await;
    let (pid, name) = owner(&told).unwrap_or_else(|| panic!("{told}"));
    assert!(name.contains("awk"), "{told}");
    assert_eq!(lab.emulator.live_instances().len(), 1);
    kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL).unwrap();
    lab.nothing_runs().await;

    // What is typed there stays as long as the shell.
    desk.types("docker run -d --name typed python:3.11 sleep 1h\n")
        .await;
    let told = desk.until("typed ends with process ").await + &desk.until("stays").await;
    let (pid, name) = owner(&told).unwrap_or_else(|| panic!("{told}"));
    assert_eq!(name, "bash", "{told}");
    assert_eq!(lab.emulator.live_instances().len(), 1);
    kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL).unwrap();
    lab.nothing_runs().await;
}

#[tokio::test]
async fn a_container_may_be_nobodys() {
    let lab = harbour().await;
    let (label, none) = ("--label", "swerex-ags.owner=none");
    let run = [
        "run",
        "-d",
        label,
        none,
        "--name",
        "c",
        "python:3.11",
        "sleep",
        "1h",
    ];
    let started = said(&lab, &run).await;
    assert!(started.status.success(), "{started:?}");
    let told = text(&started.stderr);
    assert!(
        told.contains("c belongs to nobody: `docker rm -f c` ends it, or 1h do"),
        "{told}"
    );
    let wrong = said(
        &lab,
        &["run", "-d", label, "swerex-ags.owner=me", "python:3.11"],
    )
    .await;
    assert_eq!(wrong.status.code(), Some(125));
    assert!(text(&wrong.stderr).contains("none, session or the id of a process"));
    // Whoever wants no word hears none.
    let quiet = [
        "run",
        "-d",
        "-q",
        "--name",
        "d",
        "python:3.11",
        "sleep",
        "1h",
    ];
    assert_eq!(text(&said(&lab, &quiet).await.stderr), "");
    assert!(said(&lab, &["kill", "c", "d"]).await.status.success());
    lab.nothing_runs().await;
}

#[tokio::test]
async fn a_command_ends_with_its_client() {
    let lab = harbour().await;
    let run = ["run", "-d", "--name", "c", "python:3.11", "sleep", "2h"];
    let started = said(&lab, &run).await;
    assert!(started.status.success(), "{started:?}");

    // A number that nothing else on this machine sleeps for.
    let sleep = format!("sleep 1000.{}", std::process::id());
    let script = format!("{sleep} & {sleep}; echo never");
    let mut client = docker(&lab, &["exec", "c", "sh", "-c", &script])
        .spawn()
        .unwrap();
    let watch = |end: &str| {
        format!("until [ $(pgrep -fxc '{sleep}') = {end} ]; do sleep 0.02; done; echo seen")
    };
    let begun = said(&lab, &["exec", "c", "sh", "-c", &watch("2")]).await;
    assert_eq!(begun.stdout, b"seen\n", "{begun:?}");
    client.kill().await.unwrap();
    let ended = said(&lab, &["exec", "c", "sh", "-c", &watch("0")]).await;
    assert_eq!(ended.stdout, b"seen\n", "{ended:?}");

    // Others are left alone, and codes come as before.
    let other = said(&lab, &["exec", "c", "sh", "-c", "echo $0; exit 7", "x"]).await;
    assert_eq!(
        (other.stdout.as_slice(), other.status.code()),
        (&b"x\n"[..], Some(7))
    );
    let missing = said(&lab, &["exec", "c", "no-such-program"]).await;
    assert_eq!(missing.status.code(), Some(127), "{missing:?}");
    let killed = said(&lab, &["kill", "c"]).await;
    assert!(killed.status.success(), "{killed:?}");
    lab.nothing_runs().await;
}
