//! Sandboxes that stay: `up`, `ps`, coming back with `run`, `shell` and `cp`, and `down`.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path, process::Stdio};

use tokio::{io::AsyncWriteExt as _, process::Command};

use crate::support::{Lab, Said};

#[tokio::test]
async fn a_sandbox_stays_until_it_is_taken_down() {
    let lab = Lab::new().await;
    let said = lab.run(&["-q", "up"]).await;
    let id = said.out.trim();
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""));
    assert_eq!(lab.emulator.live_instances().len(), 1);

    let listed = lab.json(&["ps"]).await;
    assert_eq!(listed[0]["InstanceId"], id);
    let table = lab.run(&["ps"]).await.out;
    assert!(
        table.starts_with("ID ") && table.contains(id) && table.contains("python:3.11"),
        "{table}"
    );

    for (line, out) in [
        (
            "echo one > /tmp/swerex-kept-$PPID; cat /tmp/swerex-kept-$PPID",
            "one\n",
        ),
        ("rm /tmp/swerex-kept-$PPID; echo two", "two\n"),
    ] {
        let said = lab.run(&["-q", "run", "--instance", id, "--", line]).await;
        assert_eq!((said.out.as_str(), said.code), (out, Some(0)), "{said:?}");
    }
    assert_eq!(
        lab.emulator.live_instances().len(),
        1,
        "coming back ends nothing"
    );

    let refused = lab.run(&["down", id]).await;
    assert!(
        refused
            .error(2)
            .starts_with("--yes is missing: to stop 1 instance"),
        "{refused:?}"
    );
    let said = lab.run(&["down", id, "--dry-run"]).await;
    assert_eq!(said.out, format!("would stop 1 instance: {id}\n"));
    assert_eq!(lab.emulator.live_instances().len(), 1);
    let done = lab.json(&["down", "--all", "--yes"]).await;
    assert_eq!(
        (&done[0]["id"], &done[0]["result"]),
        (&id.into(), &"done".into())
    );
    lab.nothing_runs().await;
    assert_eq!(lab.json(&["ps"]).await, serde_json::json!([]));
    let said = lab.run(&["down", "--all", "--yes"]).await;
    assert_eq!(
        (said.out.as_str(), said.code),
        ("none of yours runs\n", Some(0))
    );
    let missing = lab.json(&["down", "nobody", "--yes"]).await;
    assert_eq!(missing[0]["result"], "not there");
    let said = lab.run(&["instance", "pause", "nobody"]).await;
    assert!(
        said.error(1).contains("`swerex-ags instance list --all`"),
        "{said:?}"
    );
}

/// The program with a stdout on which nothing can be written: a full disk, a pipe that nobody reads, and none.
fn unheard(lab: &Lab, args: &[&str]) -> Vec<Command> {
    let (reader, pipe) = std::io::pipe().unwrap();
    drop(reader);
    let full = fs::OpenOptions::new().write(true).open("/dev/full");
    let mut commands: Vec<Command> = [Stdio::from(pipe), full.unwrap().into()]
        .into_iter()
        .map(|stdout| {
            let mut command = lab.command(args);
            command.stdout(stdout).stderr(Stdio::piped());
            command
        })
        .collect();
    let direct = lab.command(args);
    let direct = direct.as_std();
    let mut shell = Command::new("/bin/sh");
    shell
        .args(["-c", "exec \"$0\" \"$@\" >&-"])
        .arg(direct.get_program())
        .args(direct.get_args())
        .current_dir(lab.directory.path())
        .stdin(Stdio::null())
        .stderr(Stdio::piped());
    for (name, value) in direct.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    commands.push(shell);
    commands
}

#[tokio::test]
async fn what_nobody_can_be_told_of_does_not_stay() {
    let lab = Lab::new().await;
    let start = r#"{"ToolId": "TOOL"}"#;
    let tool = lab.json(&["tool", "create"]).await["tool_id"].to_string();
    let start = start.replace("\"TOOL\"", &tool);
    for args in [
        &["-q", "up"][..],
        &["-o", "json", "up"],
        &["tool", "create", "--name", "mine"],
        &["-o", "json", "tool", "create", "--name", "mine"],
    ] {
        for mut command in unheard(&lab, args) {
            let said = command.spawn().unwrap().wait_with_output().await;
            let said = Said::of(said.unwrap());
            assert_eq!(said.code, Some(1), "{args:?}: {said:?}");
            let why = ["could not be told", "nothing was made"];
            assert!(why.iter().any(|why| said.err.contains(why)), "{said:?}");
            lab.nothing_runs().await;
        }
        let tools = lab.json(&["tool", "list"]).await;
        assert_eq!(tools.as_array().unwrap().len(), 1, "{args:?}: {tools}");
    }
    let mut api = unheard(&lab, &["api", "StartSandboxInstance", &start]).remove(0);
    let said = api.spawn().unwrap().wait_with_output().await;
    let said = Said::of(said.unwrap());
    assert!(said.error(1).contains("was stopped"), "{said:?}");
    lab.nothing_runs().await;
    // Where nobody wants to know, that is no failure.
    let mut command = lab.command(&["-q", "up"]);
    assert!(
        command
            .stdout(Stdio::null())
            .status()
            .await
            .unwrap()
            .success()
    );
    assert_eq!(lab.emulator.live_instances().len(), 1);
    lab.json(&["down", "--all", "--yes"]).await;
}

#[tokio::test]
async fn the_key_of_a_sandboxs_server_is_not_shown() {
    let lab = Lab::new().await;
    let id = lab.up().await;
    let custom = lab.emulator.live_instances()[0].configuration.clone();
    let mut variables = custom.unwrap().env.unwrap().into_iter();
    let key = variables.next().unwrap().value.unwrap();
    for words in [
        &["-o", "json", "instance", "get", &id][..],
        &["instance", "get", &id],
        &["-o", "json", "instance", "list"],
        &["-o", "json", "ps"],
        &["config", "show"],
        &["-vvv", "run", "-i", &id, "--", "env"],
    ] {
        let said = lab.run(words).await;
        assert_eq!(said.code, Some(0), "{words:?}: {said:?}");
        let shown = format!("{}{}", said.out, said.err);
        assert!(!shown.contains(key.expose()), "{words:?}: {shown}");
    }
    lab.json(&["down", &id, "--yes"]).await;
}

#[tokio::test]
async fn coming_back_to_what_is_gone_is_told() {
    let lab = Lab::new().await;
    let said = lab
        .run(&["-q", "run", "--instance", "nobody", "--", "true"])
        .await;
    assert!(
        said.error(1)
            .contains("there is no instance nobody in ap-chongqing"),
        "{said:?}"
    );
    let id = lab.up().await;
    lab.json(&["down", &id, "--yes"]).await;
    let said = lab
        .run(&["-q", "run", "--instance", &id, "--", "true"])
        .await;
    assert!(said.error(1).contains("is STOPPED"), "{said:?}");
}

#[tokio::test]
async fn an_emulator_of_its_own_cannot_keep_one() {
    let said = crate::support::without_cloud(&["up", "--local"]).await;
    assert!(
        said.error(2).contains("swerex-ags emulator > FILE"),
        "{said:?}"
    );
}

#[tokio::test]
async fn files_are_copied_both_ways_whatever_is_in_them() {
    let lab = Lab::new().await;
    let id = lab.up().await;
    let bytes: Vec<u8> = (0..9_000_000_u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8)
        .collect();
    fs::write(lab.path("there"), &bytes).unwrap();
    fs::set_permissions(lab.path("there"), fs::Permissions::from_mode(0o750)).unwrap();
    let remote = lab.path("in the sandbox");
    let remote = remote.display();

    let said = lab.run(&["cp", "there", &format!("{id}:{remote}/")]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    let said = lab
        .run(&["cp", &format!("{id}:{remote}/there"), "back/"])
        .await;
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(
        fs::read(lab.path("back/there")).unwrap() == bytes,
        "the bytes are others"
    );
    let mode = fs::metadata(lab.path("back/there"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o750);

    let said = lab
        .run(&["cp", &format!("{id}:~no-such-user/x"), "x"])
        .await;
    assert!(said.error(1).contains("or ./~no-such-user/x"), "{said:?}");
    let said = lab.run(&["cp", &format!("{id}:/no/such"), "x"]).await;
    assert_eq!(
        said.error(1),
        "FileNotFoundError: no such file or directory: /no/such"
    );
    let said = lab.run(&["cp", &format!("{id}:/dev/null"), "x"]).await;
    assert!(
        said.error(1).contains("neither a file nor a directory"),
        "{said:?}"
    );
    let said = lab
        .run(&["cp", "nothing-here", &format!("{id}:/tmp")])
        .await;
    assert!(
        said.error(2).starts_with("cannot read `nothing-here`"),
        "{said:?}"
    );
    lab.json(&["down", &id, "--yes"]).await;
}

/// Of a directory of the kernel's, in which even root cannot read everything.
#[tokio::test]
#[cfg(target_os = "linux")]
async fn what_cannot_be_read_is_named_and_the_exit_code_tells() {
    let root = Path::new("/proc/sys/vm");
    let names = fs::read_dir(root).unwrap().map(|entry| entry.unwrap());
    let unreadable = names.filter(|entry| fs::read(entry.path()).is_err());
    let unreadable = unreadable.count();
    if unreadable == 0 {
        return;
    }
    let lab = Lab::new().await;
    let id = lab.up().await;
    let (there, up) = (format!("{id}:{}", root.display()), format!("{id}:up"));
    for (from, to) in [("/proc/sys/vm", up.as_str()), (&there, "down")] {
        let said = lab.run(&["-q", "cp", from, to]).await;
        let all = format!("{unreadable} of the entries in `{from}` could not be read");
        assert!(said.error(1).starts_with(&all), "{said:?}");
        let named = said.err.matches("warning: left out: `").count();
        assert_eq!(named, unreadable, "{said:?}");
    }
    assert!(lab.path("down/overcommit_memory").is_file());
    let said = lab.run(&["-o", "json", "cp", &there, "json"]).await;
    let result: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(
        (said.code, &result["missing"]),
        (Some(1), &unreadable.into())
    );
    lab.json(&["down", &id, "--yes"]).await;
}

#[tokio::test]
async fn what_is_no_file_is_written_to_and_a_link_is_replaced() {
    let lab = Lab::new().await;
    let id = lab.up().await;
    let remote = format!("{id}:{}", lab.path("remote").display());
    let bytes = b"\xff\x00\n";
    let mut child = lab
        .command(&["cp", "-", &remote])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(bytes).await.unwrap();
    drop(stdin);
    assert!(child.wait().await.unwrap().success());

    let output = lab.command(&["cp", &remote, "-"]).output().await.unwrap();
    assert_eq!(
        (output.stdout.as_slice(), output.status.code()),
        (&bytes[..], Some(0))
    );
    let path = lab.path("fifo");
    let made = Command::new("mkfifo").arg(&path).status().await.unwrap();
    assert!(made.success());
    let reader = tokio::task::spawn_blocking(move || fs::read(path).unwrap());
    let said = lab.run(&["cp", &remote, "fifo"]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(reader.await.unwrap(), bytes);
    let kind = fs::symlink_metadata(lab.path("fifo")).unwrap().file_type();
    assert!(!kind.is_file(), "the pipe is still one");

    fs::write(lab.path("file"), "old").unwrap();
    std::os::unix::fs::symlink("file", lab.path("link")).unwrap();
    let said = lab.run(&["cp", "--follow-link", &remote, "link"]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(lab.path("link").is_symlink());
    assert_eq!(fs::read(lab.path("file")).unwrap(), bytes);
    fs::write(lab.path("file"), "mine").unwrap();
    let said = lab.run(&["cp", &remote, "link"]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(!lab.path("link").is_symlink());
    assert_eq!(fs::read(lab.path("link")).unwrap(), bytes);
    assert_eq!(fs::read(lab.path("file")).unwrap(), b"mine");

    let directory = format!("{id}:{}", lab.directory.path().display());
    let said = lab.run(&["-q", "cp", &directory, "-"]).await;
    assert!(said.error(2).contains("is a directory"), "{said:?}");
    lab.json(&["down", &id, "--yes"]).await;
}

#[tokio::test]
async fn what_leads_out_or_is_too_much_is_named() {
    use std::os::unix::fs::symlink;

    let lab = Lab::new().await;
    let id = lab.up().await;
    let results = lab.path("sandbox/results");
    fs::create_dir_all(&results).unwrap();
    fs::create_dir(lab.path("home")).unwrap();
    fs::write(lab.path("home/key"), "mine").unwrap();
    fs::write(results.join("fix.patch"), "x".repeat(3000)).unwrap();
    symlink("../../home/key", results.join("notes\u{1b}.txt")).unwrap();
    let remote = format!("{id}:{}", results.display());

    let said = lab.run(&["cp", "--strict", &remote, "down"]).await;
    let error = said.error(1);
    assert!(
        error.contains("outside of the target; nothing was copied"),
        "{said:?}"
    );
    let said = lab.run(&["cp", "--max-bytes=2K", &remote, "down"]).await;
    assert!(said.error(1).contains("2048 bytes"), "{said:?}");
    assert!(
        said.error(1).contains("--max-bytes allows more"),
        "{said:?}"
    );
    let said = lab
        .run(&["cp", "--max-entries", "1", &remote, "down"])
        .await;
    assert!(said.error(1).contains("1 entries"), "{said:?}");
    assert!(
        said.error(1).contains("--max-entries allows more"),
        "{said:?}"
    );
    assert!(!lab.path("down").exists());
    let said = lab
        .run(&["cp", "--max-bytes=2K", &format!("{remote}/fix.patch"), "f"])
        .await;
    assert!(said.error(1).contains("2048 bytes"), "{said:?}");
    assert!(!lab.path("f").exists());

    let said = lab.run(&["-q", "cp", &remote, "down"]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    let warning = "warning: left out: `notes\\u{1b}.txt` is a link to `../../home/key`";
    assert!(said.err.starts_with(warning), "{said:?}");
    assert!(!lab.path("down").join("notes\u{1b}.txt").is_symlink());

    // Back up: links as links, nothing of what is outside.
    symlink("../home/key", lab.path("down/key")).unwrap();
    let made = Command::new("mkfifo")
        .arg(lab.path("down/pipe"))
        .status()
        .await;
    assert!(made.unwrap().success());
    let up = lab.path("sandbox/up");
    let json = lab
        .json(&["cp", "down", &format!("{id}:{}", up.display())])
        .await;
    assert_eq!(json["left_out"], serde_json::json!(["pipe"]));
    assert!(up.join("key").is_symlink() && up.join("fix.patch").is_file());
    lab.json(&["down", &id, "--yes"]).await;
}

#[tokio::test]
async fn names_need_not_be_text() {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt as _};

    let lab = Lab::new().await;
    let id = lab.up().await;
    let odd = OsStr::from_bytes(b"na\xffme");
    fs::create_dir(lab.path("tree")).unwrap();
    fs::write(lab.path("tree").join(odd), "x").unwrap();
    let home = lab.path("sandbox");
    let remote = |path: &Path| {
        let mut place = std::ffi::OsString::from(format!("{id}:"));
        place.push(path);
        place
    };
    let copied = async |from: &OsStr, to: &OsStr| {
        let output = lab
            .command(&["cp"])
            .args([from, to])
            .output()
            .await
            .unwrap();
        assert!(output.status.success(), "{output:?}");
    };
    let here = |path: &Path| path.as_os_str().to_owned();
    let there = home.join(odd);
    copied(&here(&lab.path("tree")), &remote(&there)).await;
    assert_eq!(fs::read(there.join(odd)).unwrap(), b"x");
    copied(
        &here(&lab.path("tree").join(odd)),
        &remote(&home.join("files/")),
    )
    .await;
    assert_eq!(fs::read(home.join("files").join(odd)).unwrap(), b"x");
    copied(&remote(&there.join(odd)), OsStr::new("back/")).await;
    assert_eq!(fs::read(lab.path("back").join(odd)).unwrap(), b"x");
    lab.json(&["down", &id, "--yes"]).await;
}

#[tokio::test]
async fn directories_are_copied_both_ways_with_their_modes() {
    let lab = Lab::new().await;
    let id = lab.up().await;
    fs::create_dir_all(lab.path("tree/a/empty")).unwrap();
    for number in 0..50 {
        fs::write(
            lab.path(&format!("tree/a/{number}.txt")),
            format!("{number}\n"),
        )
        .unwrap();
    }
    fs::write(lab.path("tree/run"), "#!/bin/sh\n").unwrap();
    fs::set_permissions(lab.path("tree/run"), fs::Permissions::from_mode(0o755)).unwrap();
    let remote = format!("{id}:{}", lab.path("remote").display());

    let said = lab.run(&["cp", "tree", &format!("{remote}/")]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    let json = lab.json(&["cp", &format!("{remote}/tree"), "home"]).await;
    assert_eq!(json["directory"], true);
    assert_eq!(fs::read_to_string(lab.path("home/a/7.txt")).unwrap(), "7\n");
    assert!(lab.path("home/a/empty").is_dir());
    assert_eq!(fs::read_dir(lab.path("home/a")).unwrap().count(), 51);
    let mode = fs::metadata(lab.path("home/run"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o755);
    lab.json(&["down", &id, "--yes"]).await;
}

#[tokio::test]
async fn a_shell_keeps_its_state_from_line_to_line() {
    let lab = Lab::new().await;
    let mut command = lab.command(&["-q", "shell"]);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let script = "cd /usr\nx=5\nif true; then\n  echo $x in $PWD\nfi\n\nfalse; echo was $?\nexit 9\necho never\n";
    child
        .stdin
        .take()
        .unwrap()
        .write_all(script.as_bytes())
        .await
        .unwrap();
    let said = Said::of(child.wait_with_output().await.unwrap());
    assert_eq!(
        (said.out.as_str(), said.code),
        ("5 in /usr\nwas 1\n", Some(9)),
        "{said:?}"
    );
    lab.nothing_runs().await;
}
