//! `swerex-ags cp`: files and directories, both ways.

mod place;
mod stdin;

use std::{
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use place::Place;
use serde_json::json;
use swerex_ags_runtime::{
    DEFAULT_MAX_BYTES, DEFAULT_MAX_ENTRIES, DownloadOptions, Error, Limit, Told, Transferred,
};

use crate::{
    context::Context,
    home,
    progress::Progress,
    report::{Failure, Outcome},
    sandbox::{self, Sandbox},
};

/// Copy files and directories into or out of a running sandbox
///
/// One of SOURCE and TARGET is in the sandbox: ID:PATH, where ~ is the home there. A directory is merged into one that is there; permission bits
/// are kept. A TARGET that ends with / is the directory to copy into. - is stdin or stdout, for one file.
///
/// A SOURCE that is a link is followed; links within a directory arrive as links. Out of a sandbox, links that lead out of TARGET are left
/// out with a warning, nothing is written through a link, and a file takes the place of a link that has its name. Pipes, sockets and devices are not
/// copied; into a sandbox, a warning names them. What cannot be read is named, the rest is copied, and the exit code is 1.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: swerex-ags cp ./repo 3f9c…:/work/ && swerex-ags cp 3f9c…:/work/repo/fix.patch ."
)]
pub(crate) struct Args {
    /// What to copy: PATH or ID:PATH
    source: OsString,
    /// Where to: PATH or ID:PATH
    target: OsString,
    #[command(flatten)]
    limits: Limits,
}

/// What may come out of a sandbox.
#[derive(Clone, Copy, Debug, clap::Args)]
struct Limits {
    /// Copy nothing out of a sandbox if something would be left out
    #[arg(long)]
    strict: bool,
    /// Write to where TARGET leads if it is a link, instead of replacing it
    #[arg(long)]
    follow_link: bool,
    /// The most that is copied out of a sandbox: a number of bytes, or one with K, M, G or T
    #[arg(long, value_name = "SIZE", default_value_t = Size(DEFAULT_MAX_BYTES))]
    max_bytes: Size,
    /// The most entries that a directory from a sandbox may have
    #[arg(long, value_name = "COUNT", default_value_t = DEFAULT_MAX_ENTRIES)]
    max_entries: u64,
}

/// How long it may take without a word to take away what has come.
const SOON: Duration = Duration::from_secs(1);

/// A number of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Size(u64);

/// The letters for powers of 1024.
const UNITS: [char; 4] = ['K', 'M', 'G', 'T'];

impl std::str::FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let unit = UNITS
            .iter()
            .position(|unit| text.ends_with([*unit, unit.to_ascii_lowercase()]));
        let (digits, shift) = match unit {
            Some(unit) => (text.get(..text.len() - 1), 10 * (unit + 1)),
            None => (Some(text), 0),
        };
        digits
            .and_then(|digits| digits.parse::<u64>().ok()?.checked_mul(1 << shift))
            .map(Self)
            .ok_or_else(|| "write a number of bytes, such as 500M or 64G".to_owned())
    }
}

impl std::fmt::Display for Size {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (mut number, mut unit) = (self.0, None);
        for letter in UNITS {
            if number == 0 || number % 1024 != 0 {
                break;
            }
            (number, unit) = (number / 1024, Some(letter));
        }
        write!(f, "{number}{}", unit.map(String::from).unwrap_or_default())
    }
}

impl From<Limits> for DownloadOptions {
    fn from(limits: Limits) -> Self {
        let mut options = Self::default();
        options.strict = limits.strict;
        options.follow_link = limits.follow_link;
        options.max_bytes = limits.max_bytes.0;
        options.max_entries = limits.max_entries;
        options
    }
}

pub(crate) async fn run(args: Args, context: &Context) -> Outcome {
    let (source, target) = (Place::of(&args.source)?, Place::of(&args.target)?);
    let options = DownloadOptions::from(args.limits);
    match (source, target) {
        (Place::Here(source), Place::In { id, path }) => upload(&source, &id, path, context).await,
        (Place::In { id, path }, Place::Here(target)) => {
            download(&id, &path, target, options, context).await
        }
        (Place::Stream, Place::In { id, path }) => {
            if ends_with_slash(&path) {
                let path = path.display();
                return Err(Failure::usage(format!(
                    "`{path}` names no file; write {id}:{path}NAME for what comes from stdin"
                )));
            }
            let file = context.until_interrupted(stdin::spooled()).await?;
            upload(file.path(), &id, path, context).await
        }
        (Place::In { id, path }, Place::Stream) => to_stdout(&id, &path, options, context).await,
        (Place::Here(_) | Place::Stream, Place::Here(_) | Place::Stream) => {
            Err(Failure::usage(format!(
                "neither `{}` nor `{}` is in a sandbox; write ID:PATH for the one that is",
                args.source.display(),
                args.target.display()
            )))
        }
        (Place::In { .. }, Place::In { .. }) => Err(Failure::usage(
            "both places are in a sandbox; copy to here first, and from here then",
        )),
    }
}

fn ends_with_slash(path: &OsStr) -> bool {
    path.as_encoded_bytes().ends_with(b"/")
}

async fn upload(source: &Path, id: &str, target: OsString, context: &Context) -> Outcome {
    // Looked at before anybody is called.
    let unreadable = |error| Failure::usage(format!("cannot read `{}`: {error}", source.display()));
    let metadata = std::fs::metadata(source).map_err(unreadable)?;
    let mut target = target;
    if home::is_home(&target) {
        target.push("/");
    }
    if ends_with_slash(&target) {
        // `.` and `..` have names only when it is known where they lead.
        let absolute = source.canonicalize().map_err(unreadable)?;
        if let Some(name) = source.file_name().or_else(|| absolute.file_name()) {
            target.push(name);
        }
    }
    sandbox::with(Some(id), context, async |sandbox| {
        let target = home::expanded(&sandbox.runtime, &target).await?;
        let shown = format!("{id}:{}", target.display());
        let said = format!("{} → {shown}", source.display());
        let (progress, told) = told(&said, context);
        let outcome = sandbox.runtime.upload_told(source, &target, told).await;
        progress.done();
        let transferred = outcome?;
        let ends = (source.display().to_string(), shown);
        copied(&said, ends, metadata.is_dir(), &transferred, context)
    })
    .await
}

async fn download(
    id: &str,
    source: &OsStr,
    target: PathBuf,
    mut options: DownloadOptions,
    context: &Context,
) -> Outcome {
    tidily(id, context, async |sandbox| {
        let source = home::expanded(&sandbox.runtime, source).await?;
        let target = landing(&source, target, &mut options)?;
        let shown = format!("{id}:{}", source.display());
        let said = format!("{shown} → {}", target.display());
        let (progress, told) = told(&said, context);
        let outcome = sandbox
            .runtime
            .download_with(&source, &target, &options, &*told)
            .await;
        progress.done();
        let transferred = outcome.map_err(with_flag)?;
        let ends = (shown, target.display().to_string());
        copied(&said, ends, target.is_dir(), &transferred, context)
    })
    .await
}

/// As [`sandbox::with`]; also when it is interrupted, nothing of what has come stays where it was put together.
async fn tidily(
    id: &str,
    context: &Context,
    work: impl AsyncFnOnce(&Sandbox) -> Outcome,
) -> Outcome {
    let runtime = OnceLock::new();
    let outcome = sandbox::with(Some(id), context, async |sandbox| {
        let _ = runtime.set(sandbox.runtime.clone());
        work(sandbox).await
    })
    .await;
    if let Some(runtime) = runtime.get()
        && tokio::time::timeout(SOON, runtime.tidied()).await.is_err()
    {
        context.output.note("taking away what has come so far");
        runtime.tidied().await;
    }
    outcome
}

/// Where a source goes, with the directories above that.
fn landing(
    source: &OsStr,
    target: PathBuf,
    options: &mut DownloadOptions,
) -> Result<PathBuf, Failure> {
    let into = target.is_dir() || ends_with_slash(target.as_os_str());
    let target = match own_name(source) {
        Some(name) if into => target.join(name),
        // The directory itself has been named, be it by a link.
        _ => {
            options.follow_link |= into;
            target
        }
    };
    if let Some(parent) = target
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
    {
        std::fs::create_dir_all(parent).map_err(|error| {
            Failure::because(format!("cannot make `{}`", parent.display()), &error)
        })?;
    }
    Ok(target)
}

/// The name that a path ends with, unless that is none of its own.
fn own_name(path: &OsStr) -> Option<&OsStr> {
    let bytes = path.as_encoded_bytes();
    let end = bytes.iter().rposition(|byte| *byte != b'/')? + 1;
    let last = bytes.get(..end)?.rsplit(|byte| *byte == b'/').next()?;
    // A library's idea of the last name passes over a `.`.
    (last != b"." && last != b"..")
        .then(|| Path::new(path).file_name())
        .flatten()
}

/// What can be done about it.
fn with_flag(error: Error) -> Failure {
    let hint = match &error {
        Error::OverLimit {
            limit: Limit::Entries(_),
            ..
        } => "--max-entries allows more",
        Error::OverLimit { .. } => "--max-bytes allows more",
        Error::LeftOut(_) => "nothing was copied; without --strict the rest is",
        _ => return error.into(),
    };
    Failure::from(error).hint(hint)
}

async fn to_stdout(
    id: &str,
    source: &OsStr,
    options: DownloadOptions,
    context: &Context,
) -> Outcome {
    let wrong = |error| Failure::because("cannot keep what is copied", &error);
    let directory = stdin::directory().map_err(wrong)?;
    let file = directory.path().join("file");
    tidily(id, context, async |sandbox| {
        let source = home::expanded(&sandbox.runtime, source).await?;
        let shown = source.display();
        let (progress, told) = told(&format!("{id}:{shown} → stdout"), context);
        let outcome = sandbox
            .runtime
            .download_with(&source, &file, &options, &*told)
            .await;
        progress.done();
        outcome.map_err(with_flag)?;
        if file.is_dir() {
            return Err(Failure::usage(format!(
                "`{shown}` is a directory; name a place for it instead of -"
            )));
        }
        context
            .output
            .copy(std::fs::File::open(&file).map_err(wrong)?)?;
        Ok(0)
    })
    .await
}

/// A bar for a transfer, and what moves it.
fn told(said: &str, context: &Context) -> (Progress, Arc<Told>) {
    let progress = Progress::bytes(&context.output);
    progress.step(said);
    let (bar, before) = (progress.clone(), AtomicU64::new(0));
    let told = move |done: u64, total: u64| {
        bar.of(total);
        // A transfer that is repeated begins anew.
        let last = before.swap(done, Ordering::Relaxed);
        bar.advance(done.saturating_sub(last));
    };
    (progress, Arc::new(told))
}

fn copied(
    said: &str,
    (source, target): (String, String),
    is_directory: bool,
    transferred: &Transferred,
    context: &Context,
) -> Outcome {
    for skipped in &transferred.skipped {
        context.output.warn(&format!("left out: {skipped}"));
    }
    if transferred.more_skipped > 0 {
        let more = transferred.more_skipped;
        context.output.warn(&format!("left out: {more} more"));
    }
    let left_out: Vec<_> = transferred
        .skipped
        .iter()
        .map(|skipped| skipped.path.to_string_lossy())
        .collect();
    let json = json!({
        "source": source,
        "target": target,
        "directory": is_directory,
        "left_out": left_out,
        "more_left_out": transferred.more_skipped,
        "missing": transferred.missing,
    });
    if context.output.is_json() {
        context.output.result(String::new, &json)?;
    }
    if transferred.missing > 0 {
        let missing = transferred.missing;
        return Err(Failure::failed(format!(
            "{missing} of the entries in `{source}` could not be read; all others have arrived"
        )));
    }
    if !context.output.is_json() {
        context.output.note(&format!("copied {said}"));
    }
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_numbers_with_a_letter() {
        let size = |text: &str| text.parse::<Size>().ok().map(|size| size.0);
        assert_eq!(size("1000"), Some(1000));
        assert_eq!((size("64G"), size("2k")), (Some(64 << 30), Some(2048)));
        for wrong in ["", "G", "-1", "1.5G", "16777216T", "1GB"] {
            assert_eq!(size(wrong), None, "{wrong}");
        }
        let shown = |bytes| Size(bytes).to_string();
        assert_eq!(
            (shown(64 << 30), shown(1500), shown(0)),
            ("64G".into(), "1500".into(), "0".into())
        );
    }

    #[test]
    fn the_name_that_is_copied_into_a_directory() {
        let name = |path: &str| {
            own_name(OsStr::new(path))
                .and_then(OsStr::to_str)
                .map(str::to_owned)
        };
        assert_eq!(name("/a/b//").as_deref(), Some("b"));
        assert_eq!(name("b").as_deref(), Some("b"));
        for none in ["/", "", ".", "/a/.", "a/..", "a/./"] {
            assert_eq!(name(none), None, "{none}");
        }
    }
}
