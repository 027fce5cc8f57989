//! The command that a sandbox is started with: the mounted server if there is one, then the image's own, then an installed one.

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
    /// The server's own key is empty: the gateway's token protects it. AGS wants an answer within 30 s of the process's start, which an
    /// installation hardly makes: it is the last resort, for images that have Python and pip.
    pub fn new(config: &TencentAgsDeploymentConfig) -> Self {
        let flags = format!("--host 0.0.0.0 --port {} --auth-token ''", config.port);
        let mut script = String::new();
        if !config.mount_image.is_empty() || !config.tool_id.is_empty() {
            let mount = config.mount_path.trim_end_matches('/');
            for path in MOUNTED {
                let path = quoted(&format!("{mount}/{path}"));
                script.push_str(&format!("if [ -x {path} ]; then exec {path} {flags}; fi; "));
            }
        }
        script.push_str(&format!(
            "if command -v {PROGRAM} >/dev/null 2>&1; then exec {PROGRAM} {flags}; fi; "
        ));
        script.push_str(&format!(
            "if command -v pipx >/dev/null 2>&1; then exec pipx run --spec {PACKAGE} {PROGRAM} {flags}; fi; \
             python3 -m pip install --quiet --break-system-packages {PACKAGE} || python3 -m pip install --quiet {PACKAGE}; \
             exec {PROGRAM} {flags}"
        ));
        Self {
            command: vec!["/bin/sh".to_owned()],
            args: vec!["-c".to_owned(), script],
        }
    }
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

    /// Puts a program that tells how it was called.
    fn program(path: &Path) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "#!/bin/sh\necho \"$0\" \"$@\" \"[$6]\"\n").unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn run(config: &TencentAgsDeploymentConfig, path: &Path) -> String {
        let start = StartCommand::new(config);
        let output = Command::new(&start.command[0])
            .args(&start.args)
            .env("PATH", path)
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    }

    #[test]
    fn the_mounted_server_comes_first_then_the_images_then_an_installed_one() {
        let home = tempfile::tempdir().unwrap();
        let (mount, bin) = (home.path().join("a 'mount"), home.path().join("bin"));
        let flags = "--host 0.0.0.0 --port 8123 --auth-token  []\n";
        program(&bin.join("pipx"));
        let installed = run(&config(&mount), &bin);
        assert!(
            installed.contains(
                "pipx run --spec swe-rex==1.4.0 swerex-remote --host 0.0.0.0 --port 8123"
            ),
            "{installed}"
        );
        program(&bin.join("swerex-remote"));
        assert_eq!(
            run(&config(&mount), &bin),
            format!("{}/swerex-remote {flags}", bin.display())
        );
        program(&mount.join("swerex/entrypoint.sh"));
        assert_eq!(
            run(&config(&mount), &bin),
            format!("{}/swerex/entrypoint.sh {flags}", mount.display())
        );
        program(&mount.join("swerex/swerex-remote"));
        assert_eq!(
            run(&config(&mount), &bin),
            format!("{}/swerex/swerex-remote {flags}", mount.display())
        );
        let mut unmounted = config(&mount);
        unmounted.mount_image.clear();
        assert_eq!(
            run(&unmounted, &bin),
            format!("{}/swerex-remote {flags}", bin.display())
        );
    }
}
