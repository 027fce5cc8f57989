//! The command that a sandbox is started with: the mounted server if there is one, then the image's own, then an installed one.

use swerex_proto::route::AUTH_TOKEN_VARIABLE;

use crate::config::TencentAgsDeploymentConfig;

/// Where a mounted image may hold the server, below the mount: our static binary, the original's script, and the official runtime image's.
const MOUNTED: [&str; 3] = [
    "swerex/swerex-remote",
    "swerex/run-swerex",
    "swerex/entrypoint.sh",
];

/// The image's own.
const PROGRAM: &str = "swerex-remote";

/// The package on Python's index, at the version whose protocol is spoken.
const PACKAGE: &str = "swe-rex==1.4.0";

/// `command` and `args` of the sandbox's configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StartCommand {
    /// The program.
    pub command: Vec<String>,
    /// Its arguments.
    pub args: Vec<String>,
}

impl StartCommand {
    /// The command for a configuration.
    ///
    /// AGS wants an answer within 30 s of the process's start, which an installation hardly makes: it is the last resort, for images that have
    /// Python and pip.
    ///
    /// The server's key is in the environment, never in these words. Our server takes it from there; a Python one gets it by way of
    /// `sitecustomize.py`, since all its own ways lead over a command line that everybody in the sandbox can read, and since it refuses AGS's
    /// probe otherwise. `--auth-token=` is one word and the last: a script that gives its own key first and passes its arguments on unquoted
    /// keeps it whole.
    pub fn new(config: &TencentAgsDeploymentConfig) -> Self {
        let mut script = format!(
            "guard() {{ \
             if [ -z \"${AUTH_TOKEN_VARIABLE}\" ]; then return; fi; \
             d=${{TMPDIR:-/tmp}}/.swerex.$$; \
             if ! (umask 077 && rm -rf \"$d\" && mkdir \"$d\" && printf %s \"${AUTH_TOKEN_VARIABLE}\" >\"$d/key\" && printf %s {} >\"$d/sitecustomize.py\"); \
             then echo \"the server does not start: its key cannot be kept in $d\" >&2; exit 1; fi; \
             export PYTHONPATH=\"$d${{PYTHONPATH:+:$PYTHONPATH}}\"; unset {AUTH_TOKEN_VARIABLE}; }}; \
             serve() {{ \
             head=; read -r head <\"$1\" 2>/dev/null; \
             case $head in '#!'*) guard;; *) case $(\"$1\" --help 2>/dev/null) in *{AUTH_TOKEN_VARIABLE}*) ;; *) guard;; esac;; esac; \
             exec \"$1\" --host 0.0.0.0 --port {} --auth-token=; }}; ",
            quoted(&guard()),
            config.port
        );
        if !config.mount_image.is_empty() || !config.tool_id.is_empty() {
            let mount = config.mount_path.trim_end_matches('/');
            for path in MOUNTED {
                let path = quoted(&format!("{mount}/{path}"));
                script.push_str(&format!("if [ -x {path} ]; then serve {path}; fi; "));
            }
        }
        script.push_str(&format!(
            "here() {{ if command -v {PROGRAM} >/dev/null 2>&1; then serve \"$(command -v {PROGRAM})\"; fi; }}; here; \
             if command -v pipx >/dev/null 2>&1; then \
             b=${{TMPDIR:-/tmp}}/.swerex-bin; PIPX_BIN_DIR=$b pipx install --force {PACKAGE}; \
             if [ -x \"$b/{PROGRAM}\" ]; then serve \"$b/{PROGRAM}\"; fi; fi; \
             python3 -m pip install --quiet --break-system-packages {PACKAGE} || python3 -m pip install --quiet {PACKAGE}; \
             here; echo \"{PROGRAM}: not found, and not installed\" >&2; exit 127"
        ));
        Self {
            command: vec!["/bin/sh".to_owned()],
            args: vec!["-c".to_owned(), script],
        }
    }
}

/// The guard of a Python server, without its comments.
fn guard() -> String {
    let code = include_str!("start_command/sitecustomize.py").lines();
    let code: Vec<&str> = code
        .filter(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#'))
        .collect();
    code.join("\n")
}

fn quoted(path: &str) -> String {
    // The configuration has no control characters in paths, which is all that cannot be quoted.
    shlex::try_quote(path).map_or_else(|_| path.to_owned(), std::borrow::Cow::into_owned)
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _, path::Path, process::Command};

    use super::*;

    fn config(mount: &Path) -> TencentAgsDeploymentConfig {
        let mut config = TencentAgsDeploymentConfig::new("a", "b");
        config.mount_image = "x".to_owned();
        config.mount_path = mount.to_str().unwrap().to_owned();
        config.port = 8123;
        config
    }

    /// Puts a program that tells how it was called, and whether it sees a key.
    fn program(path: &Path) {
        let text = "#!/bin/sh\necho \"$0 $* [$SWEREX_AUTH_TOKEN] ${PYTHONPATH:+guarded}\"\n";
        executable(path, text.as_bytes());
    }

    fn executable(path: &Path, content: &[u8]) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Runs the command with a key; what it prints.
    fn run(config: &TencentAgsDeploymentConfig, bin: &Path) -> String {
        run_with(config, bin, "k-1")
    }

    fn run_with(config: &TencentAgsDeploymentConfig, bin: &Path, key: &str) -> String {
        let start = StartCommand::new(config);
        assert!(start.args.iter().all(|word| !word.contains("k-1")));
        let output = Command::new(&start.command[0])
            .args(&start.args)
            .env_clear()
            .env("PATH", format!("{}:/usr/bin:/bin", bin.display()))
            .env("TMPDIR", bin)
            .env("SWEREX_AUTH_TOKEN", key)
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    }

    #[test]
    fn the_mounted_server_comes_first_then_the_images_then_an_installed_one() {
        let home = tempfile::tempdir().unwrap();
        let (mount, bin) = (home.path().join("a 'mount"), home.path().join("b in"));
        let flags = "--host 0.0.0.0 --port 8123 --auth-token= [] guarded\n";
        let installs = "#!/bin/sh\necho \"$*\" >\"$TMPDIR/asked\"; cp \"$TMPDIR/template\" \"$PIPX_BIN_DIR/swerex-remote\"\n";
        executable(&bin.join("pipx"), installs.as_bytes());
        program(&bin.join("template"));
        fs::create_dir(bin.join(".swerex-bin")).unwrap();
        assert_eq!(
            run(&config(&mount), &bin),
            format!("{}/.swerex-bin/swerex-remote {flags}", bin.display())
        );
        assert_eq!(
            fs::read_to_string(bin.join("asked")).unwrap(),
            "install --force swe-rex==1.4.0\n"
        );
        program(&bin.join("swerex-remote"));
        assert_eq!(
            run(&config(&mount), &bin),
            format!("{}/swerex-remote {flags}", bin.display())
        );
        for name in [
            "swerex/entrypoint.sh",
            "swerex/run-swerex",
            "swerex/swerex-remote",
        ] {
            program(&mount.join(name));
            assert_eq!(
                run(&config(&mount), &bin),
                format!("{}/{name} {flags}", mount.display())
            );
        }
        let mut unmounted = config(&mount);
        unmounted.mount_image.clear();
        assert_eq!(
            run(&unmounted, &bin),
            format!("{}/swerex-remote {flags}", bin.display())
        );
    }

    #[test]
    fn a_server_that_reads_the_variable_keeps_it_and_no_other_does() {
        let home = tempfile::tempdir().unwrap();
        let bin = home.path().join("bin");
        fs::create_dir(&bin).unwrap();
        // A program that is no script. Its help names the path that it was called by, which here stands for what our server's says.
        let echo = fs::read("/bin/echo").unwrap();
        let ours = home.path().join("SWEREX_AUTH_TOKEN");
        for (mount, guarded) in [(&ours, false), (&home.path().join("other"), true)] {
            executable(&mount.join("swerex/swerex-remote"), &echo);
            assert_eq!(
                run(&config(mount), &bin),
                "--host 0.0.0.0 --port 8123 --auth-token=\n"
            );
            let kept = fs::read_dir(&bin).map_or(0, Iterator::count);
            assert_eq!(kept > 0, guarded, "{}", mount.display());
        }
    }

    #[test]
    fn a_key_that_cannot_be_kept_ends_the_start() {
        let home = tempfile::tempdir().unwrap();
        let bin = home.path().join("bin");
        program(&bin.join("swerex-remote"));
        let no_directory = TencentAgsDeploymentConfig::new("a", "b");
        let start = StartCommand::new(&no_directory);
        let ended = |key: &str| {
            let mut command = Command::new(&start.command[0]);
            command
                .args(&start.args)
                .env("PATH", format!("{}:/usr/bin:/bin", bin.display()));
            command.env("TMPDIR", bin.join("swerex-remote"));
            command.env("SWEREX_AUTH_TOKEN", key).output().unwrap()
        };
        let refused = ended("k-1");
        assert_eq!(refused.status.code(), Some(1));
        let told = String::from_utf8(refused.stderr).unwrap();
        assert!(told.contains("its key cannot be kept in"), "{told}");
        assert!(!told.contains("k-1"), "{told}");
        assert!(
            ended("").status.success(),
            "without a key there is nothing to keep"
        );
    }
}
