//! `swerex-ags shims`: a directory that makes agents find us under the names they look for.

use std::{
    ffi::OsStr,
    fs, io,
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
};

use serde_json::json;

use crate::{
    context::Context,
    docker, plain,
    private::{self, Problem},
    report::{Failure, Outcome},
};

/// The programs that agents look for.
const PROGRAMS: [&str; 2] = ["docker", "podman"];

/// The Python module that every start of Python with DIR on PYTHONPATH runs.
const MODULE: &str = "sitecustomize.py";

/// Permissions of the directory and of the module, whatever the umask.
const DIRECTORY: u32 = 0o755;
const FILE: u32 = 0o644;

/// Gives SWE-ReX 1.4.0's `RemoteDeployment.is_alive` the parameter that SWE-agent calls it with. Python imports this module at its start, before
/// SWE-ReX is: so it waits for the import.
const SITECUSTOMIZE: &str = include_str!("sitecustomize.py");

/// Make a directory for PATH and PYTHONPATH that lets agents find AGS as docker and podman
///
/// It holds `docker` and `podman`, links to this program, and a sitecustomize.py that mends swe-rex 1.4.0 for SWE-agent. Settings reach
/// the links through SWEREX_AGS_CONFIG (a file), the TENCENTCLOUD_… variables, and `docker_args: ["--label=ags.KEY=VALUE"]`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: swerex-ags shims ~/.ags-shims; PATH=~/.ags-shims:$PATH sweagent run-batch …"
)]
pub(crate) struct Args {
    /// The directory; made if it is missing. Nobody else may be able to write to it, and what is in it already and was not made by this
    /// command stays as it is
    #[arg(value_name = "DIR")]
    directory: PathBuf,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    let program = std::env::current_exe()
        .map_err(|error| Failure::because("cannot find this program", &error))?;
    let shims = Shims::open(&args.directory)?;
    shims.make(&program)?;
    let directory = shims.directory;
    let shown = directory.display().to_string();
    let word = shell_word(directory.as_os_str());
    let (config, local) = (docker::CONFIG, docker::LOCAL);
    context.output.result(
        || {
            format!(
                "export PATH={word}:\"$PATH\" PYTHONPATH={word}\"${{PYTHONPATH:+:$PYTHONPATH}}\"\n\
                 # settings: {config}=FILE, TENCENTCLOUD_…; an emulator instead of AGS: {local}=FILE with its ready line"
            )
        },
        &json!({ "directory": shown, "programs": PROGRAMS }),
    )?;
    Ok(0)
}

/// A directory that is looked into by everything that is started with it on its paths: nobody else may write to it.
struct Shims {
    /// Its whole path.
    directory: PathBuf,
}

impl Shims {
    fn open(named: &Path) -> Result<Self, Failure> {
        if named.as_os_str().as_bytes().contains(&b':') {
            return Err(wrong(named, "a path with a colon cannot stand in PATH"));
        }
        private::directory(named, DIRECTORY).map_err(|problem| match problem {
            Problem::Unusable(_, error) => unwritable(named, &error),
            problem => wrong(named, &problem.to_string()),
        })?;
        let directory = named
            .canonicalize()
            .map_err(|error| unwritable(named, &error))?;
        if directory.as_os_str().as_bytes().contains(&b':') {
            return Err(wrong(named, "a path with a colon cannot stand in PATH"));
        }
        Ok(Self { directory })
    }

    /// Makes all of it, or nothing if something of somebody else is in the way.
    fn make(&self, program: &Path) -> Result<(), Failure> {
        let files = PROGRAMS.iter().chain(&[MODULE]);
        let foreign = files.map(|name| self.directory.join(name)).find(|path| {
            let is_there = path.symlink_metadata().is_ok();
            is_there && !is_ours(path, program)
        });
        if let Some(path) = foreign {
            let what = format!(
                "{} is there and was not made by this command",
                path.display()
            );
            return Err(wrong(&self.directory, &what)
                .hint("name another directory, or move that file away"));
        }
        let made = || -> io::Result<()> {
            for name in PROGRAMS {
                private::link(&self.directory.join(name), program)?;
            }
            private::write(&self.directory.join(MODULE), SITECUSTOMIZE.as_bytes(), FILE)
        };
        made().map_err(|error| unwritable(&self.directory, &error))
    }
}

/// Whether what is there was made here: a link to a program of this one's name, or a file whose first line says so.
fn is_ours(path: &Path, program: &Path) -> bool {
    if let Ok(target) = fs::read_link(path) {
        let is_module = path.file_name().is_some_and(|name| name == MODULE);
        let name = target.file_name();
        return !is_module
            && (name == program.file_name() || name == Some(OsStr::new(env!("CARGO_PKG_NAME"))));
    }
    let first = |text: &[u8]| text.split(|byte| *byte == b'\n').next().map(<[u8]>::to_vec);
    let Some(text) = private::read(path) else {
        return false;
    };
    first(&text) == first(SITECUSTOMIZE.as_bytes())
}

fn wrong(directory: &Path, why: &str) -> Failure {
    Failure::usage(format!("DIR {}: {why}", directory.display()))
}

fn unwritable(directory: &Path, error: &io::Error) -> Failure {
    wrong(directory, &format!("cannot make the shims there: {error}"))
        .hint("name a directory that you can write to")
}

/// A word of a shell's command line that means these bytes and nothing else.
fn shell_word(text: &OsStr) -> String {
    let is_plain = |text: &&str| *text == plain::one_line(text) && !text.contains(['\n', '\t']);
    if let Some(text) = text.to_str().filter(is_plain)
        && let Ok(word) = shlex::try_quote(text)
    {
        return word.into_owned();
    }
    // As bash, zsh, ksh and POSIX 2024 have it.
    let mut word = "$'".to_owned();
    for &byte in text.as_bytes() {
        match byte {
            b'\'' | b'\\' => word.extend(['\\', char::from(byte)]),
            b' '..=b'~' => word.push(char::from(byte)),
            // Always three digits: what follows cannot be taken for another one.
            byte => word.push_str(&format!("\\{byte:03o}")),
        }
    }
    word.push('\'');
    word
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    const PROGRAM: &str = "/opt/bin/swerex-ags";

    fn make(directory: &Path) -> Result<(), String> {
        let made = Shims::open(directory).and_then(|shims| shims.make(Path::new(PROGRAM)));
        made.map_err(|failure| failure.text())
    }

    #[test]
    fn what_was_made_here_is_made_anew() {
        let home = tempfile::tempdir().unwrap();
        let place = home.path().join("a/shims");
        make(&place).unwrap();
        // By an earlier version, somewhere else.
        fs::remove_file(place.join("docker")).unwrap();
        symlink("/old/target/debug/swerex-ags", place.join("docker")).unwrap();
        let first = SITECUSTOMIZE.lines().next().unwrap();
        fs::write(place.join(MODULE), format!("{first}\nold = 1\n")).unwrap();
        make(&place).unwrap();
        for name in PROGRAMS {
            assert_eq!(fs::read_link(place.join(name)).unwrap(), Path::new(PROGRAM));
        }
        assert_eq!(
            fs::read_to_string(place.join(MODULE)).unwrap(),
            SITECUSTOMIZE
        );
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
        let modes = [&home.path().join("a"), &place, &place.join(MODULE)].map(|path| mode(path));
        assert_eq!(modes, [0o755, 0o755, 0o644]);
        assert_eq!(fs::read_dir(&place).unwrap().count(), 3);
    }

    #[test]
    fn what_is_somebody_elses_stays_and_nothing_is_made() {
        for name in [PROGRAMS[0], PROGRAMS[1], MODULE] {
            for kind in ["file", "link", "dangling", "directory"] {
                let home = tempfile::tempdir().unwrap();
                let (place, outside) = (home.path().join("shims"), home.path().join("theirs"));
                fs::create_dir(&place).unwrap();
                fs::set_permissions(&place, fs::Permissions::from_mode(0o755)).unwrap();
                let path = place.join(name);
                // Through a link not even what is ours is taken for ours.
                fs::write(&outside, SITECUSTOMIZE).unwrap();
                match kind {
                    "file" => fs::write(&path, "theirs = 1\n").unwrap(),
                    "link" => symlink(&outside, &path).unwrap(),
                    "dangling" => symlink("/nowhere/docker", &path).unwrap(),
                    _ => fs::create_dir(&path).unwrap(),
                }
                let why = make(&place).unwrap_err();
                assert!(
                    why.contains(name) && why.contains("move that file away"),
                    "{why}"
                );
                assert_eq!(fs::read_dir(&place).unwrap().count(), 1, "{name} {kind}");
                assert_eq!(fs::read_to_string(&outside).unwrap(), SITECUSTOMIZE);
            }
        }
    }

    #[test]
    fn a_directory_that_others_can_write_to_is_refused() {
        let home = tempfile::tempdir().unwrap();
        for mode in [0o777, 0o775, 0o1777] {
            fs::set_permissions(home.path(), fs::Permissions::from_mode(mode)).unwrap();
            let why = make(home.path()).unwrap_err();
            assert!(why.contains("others can write to it"), "{why}");
        }
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
        assert!(make(Path::new("/tmp/a:b")).unwrap_err().contains("colon"));
    }

    #[test]
    fn a_shell_takes_the_word_as_one() {
        for bytes in [
            &b"/home/me/.shims"[..],
            b"/a b;touch $(id) `id` \"'\\ *",
            b"/caf\xe9\n\x1b[31m7",
            "/容器/\u{202e}x".as_bytes(),
        ] {
            let word = shell_word(OsStr::from_bytes(bytes));
            assert_eq!(word, plain::one_line(&word), "a terminal may be shown it");
            let script = format!("printf %s {word}");
            let output = std::process::Command::new("bash")
                .args(["-c", &script])
                .output();
            assert_eq!(output.unwrap().stdout, bytes, "{word}");
        }
    }
}
