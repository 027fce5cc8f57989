//! `swerex-ags cp`: files and directories, both ways.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use serde_json::json;
use swerex_ags_runtime::Told;
use tokio::io::AsyncWriteExt as _;

use crate::{
    context::Context,
    progress::Progress,
    report::{Failure, Outcome},
    sandbox,
};

/// Copy files and directories into or out of a running sandbox
///
/// One of SOURCE and TARGET is in the sandbox: ID:PATH. A directory is merged into one that is there; permission bits are kept. A TARGET
/// that ends with / is the directory to copy into. - is stdin or stdout, for one file.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: swerex-ags cp ./repo 3f9c…:/work/ && swerex-ags cp 3f9c…:/work/repo/fix.patch ."
)]
pub(crate) struct Args {
    /// What to copy: PATH or ID:PATH
    source: String,
    /// Where to: PATH or ID:PATH
    target: String,
}

/// An end of a copy.
#[derive(Debug, PartialEq, Eq)]
enum Place {
    Here(PathBuf),
    Stream,
    In { id: String, path: String },
}

pub(crate) async fn run(args: Args, context: &Context) -> Outcome {
    let (source, target) = (Place::of(&args.source)?, Place::of(&args.target)?);
    match (source, target) {
        (Place::Here(source), Place::In { id, path }) => upload(&source, &id, path, context).await,
        (Place::In { id, path }, Place::Here(target)) => {
            download(&id, &path, target, context).await
        }
        (Place::Stream, Place::In { id, path }) => {
            if path.ends_with('/') {
                return Err(Failure::usage(format!(
                    "`{path}` names no file; write {id}:{path}NAME for what comes from stdin"
                )));
            }
            let file = context.until_interrupted(from_stdin()).await?;
            upload(file.path(), &id, path, context).await
        }
        (Place::In { id, path }, Place::Stream) => to_stdout(&id, &path, context).await,
        (Place::Here(_) | Place::Stream, Place::Here(_) | Place::Stream) => {
            Err(Failure::usage(format!(
                "neither `{}` nor `{}` is in a sandbox; write ID:PATH for the one that is",
                args.source, args.target
            )))
        }
        (Place::In { .. }, Place::In { .. }) => Err(Failure::usage(
            "both places are in a sandbox; copy to here first, and from here then",
        )),
    }
}

impl Place {
    fn of(text: &str) -> Result<Self, Failure> {
        let is_id = |id: &str| {
            // A single letter is a drive.
            id.len() > 1
                && id
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        };
        match text.split_once(':') {
            _ if text.is_empty() => Err(Failure::usage("a place to copy from or to is empty")),
            _ if text == "-" => Ok(Self::Stream),
            Some((id, "")) if is_id(id) => Err(Failure::usage(format!(
                "`{text}` has no path; write {id}:/some/path"
            ))),
            Some((id, path)) if is_id(id) => Ok(Self::In {
                id: id.to_owned(),
                path: path.to_owned(),
            }),
            _ => Ok(Self::Here(PathBuf::from(text))),
        }
    }
}

async fn upload(source: &Path, id: &str, target: String, context: &Context) -> Outcome {
    // Looked at before anybody is called.
    let metadata = std::fs::metadata(source)
        .map_err(|error| Failure::usage(format!("cannot read `{}`: {error}", source.display())))?;
    let absolute = source
        .canonicalize()
        .map_err(|error| Failure::usage(format!("cannot read `{}`: {error}", source.display())))?;
    let name = absolute.file_name().map(|name| name.to_string_lossy());
    let target = match name {
        Some(name) if target.ends_with('/') => format!("{target}{name}"),
        _ => target,
    };
    sandbox::with(Some(id), context, async |sandbox| {
        let said = format!("{} → {id}:{target}", source.display());
        let (progress, told) = told(&said, context);
        let outcome = sandbox.runtime.upload_told(source, &target, told).await;
        progress.done();
        outcome?;
        let ends = (source.display().to_string(), format!("{id}:{target}"));
        copied(&said, ends, metadata.is_dir(), context)
    })
    .await
}

async fn download(id: &str, source: &str, target: PathBuf, context: &Context) -> Outcome {
    let name = source
        .trim_end_matches('/')
        .rsplit('/')
        .next()
        .unwrap_or_default();
    let into = target.is_dir() || target.to_string_lossy().ends_with('/');
    let target = if into && !name.is_empty() && name != "." && name != ".." {
        target.join(name)
    } else {
        target
    };
    if let Some(parent) = target
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
    {
        std::fs::create_dir_all(parent).map_err(|error| {
            Failure::because(format!("cannot make `{}`", parent.display()), &error)
        })?;
    }
    sandbox::with(Some(id), context, async |sandbox| {
        let said = format!("{id}:{source} → {}", target.display());
        let (progress, told) = told(&said, context);
        let outcome = sandbox.runtime.download(source, &target, &*told).await;
        progress.done();
        outcome?;
        let ends = (format!("{id}:{source}"), target.display().to_string());
        copied(&said, ends, target.is_dir(), context)
    })
    .await
}

/// All of stdin, in a file for as long as that is needed.
async fn from_stdin() -> Result<tempfile::NamedTempFile, Failure> {
    let wrong = |error| Failure::because("cannot read stdin", &error);
    let file = tempfile::NamedTempFile::new().map_err(wrong)?;
    let copy = file.as_file().try_clone().map_err(wrong)?;
    let mut copy = tokio::fs::File::from_std(copy);
    tokio::io::copy(&mut tokio::io::stdin(), &mut copy)
        .await
        .map_err(wrong)?;
    copy.flush().await.map_err(wrong)?;
    Ok(file)
}

async fn to_stdout(id: &str, source: &str, context: &Context) -> Outcome {
    let wrong = |error| Failure::because("cannot keep what is copied", &error);
    let directory = tempfile::tempdir().map_err(wrong)?;
    let file = directory.path().join("file");
    sandbox::with(Some(id), context, async |sandbox| {
        let (progress, told) = told(&format!("{id}:{source} → stdout"), context);
        let outcome = sandbox.runtime.download(source, &file, &*told).await;
        progress.done();
        outcome?;
        if file.is_dir() {
            return Err(Failure::usage(format!(
                "`{source}` is a directory; name a place for it instead of -"
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
    context: &Context,
) -> Outcome {
    let json = json!({"source": source, "target": target, "directory": is_directory});
    if context.output.is_json() {
        context.output.result(String::new, &json)?;
    } else {
        context.output.note(&format!("copied {said}"));
    }
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn which_end_is_in_a_sandbox() {
        let inside = |id: &str, path: &str| {
            Ok(Place::In {
                id: id.to_owned(),
                path: path.to_owned(),
            })
        };
        assert_eq!(Place::of("3f9c:/a:b"), inside("3f9c", "/a:b"));
        assert_eq!(Place::of("3f9c:a"), inside("3f9c", "a"));
        for here in ["a", "./a:b", "/x/y:z", "C:\\x", "C:/x", "a b:c"] {
            assert_eq!(
                Place::of(here),
                Ok(Place::Here(PathBuf::from(here))),
                "{here}"
            );
        }
        assert_eq!(Place::of("-"), Ok(Place::Stream));
        assert!(Place::of("3f9c:").is_err() && Place::of("").is_err());
    }
}
