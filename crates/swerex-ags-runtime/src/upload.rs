//! Bringing files and directories to the server.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use ags_http::Body;
use http::Method;
use http_body_util::BodyExt as _;
use swerex_proto::{Command, CommandLine, UploadResponse, route};

use crate::{
    archive::{self, Archive, NotPacked},
    error::Error,
    multipart::Multipart,
    request::{self, Allowed},
    runtime::AgsRuntime,
};

/// The name that the original's client gives a packed directory.
const ZIP_NAME: &str = "zipped_transfer.zip";

/// The slowest transfer that is waited for, in bytes a second, beyond `runtime_timeout`.
const SLOWEST: u64 = 128 << 10;

/// The longest list of paths in one command, in bytes: far below what a kernel takes.
const LONGEST_LIST: usize = 64 << 10;

/// Is told how many bytes of how many have been transferred. It must not block.
pub type Told = dyn Fn(u64, u64) + Send + Sync;

impl AgsRuntime {
    /// Brings a file or a directory to `target` on the server's machine, with its permission bits.
    ///
    /// The file is streamed, a directory is packed into a temporary file first; memory is bounded. A directory is merged into one that is there.
    /// Links are followed, as the original's client does; broken ones and special files are left out. The Python server forgets permission
    /// bits: where they are not the usual ones (644, 755) they are set by a few commands afterwards.
    ///
    /// # Errors
    /// [`Error::Local`] if `source` cannot be read; [`Error::Remote`] if `target` cannot be written; others as every call.
    pub async fn upload(&self, source: &Path, target: &str) -> Result<UploadResponse, Error> {
        self.upload_told(source, target, Arc::new(|_, _| {})).await
    }

    /// As [`upload`](Self::upload), telling how it goes on. What is counted has been handed to the connection.
    ///
    /// # Errors
    /// As [`upload`](Self::upload).
    pub async fn upload_told(
        &self,
        source: &Path,
        target: &str,
        told: Arc<Told>,
    ) -> Result<UploadResponse, Error> {
        let local = |source_error| Error::Local {
            path: source.to_owned(),
            source: source_error,
        };
        let metadata = tokio::fs::metadata(source).await.map_err(local)?;
        if metadata.is_dir() {
            let directory = source.to_owned();
            let Archive { file, size, modes } = blocking(move || archive::pack(&directory))
                .await?
                .map_err(|NotPacked { path, source }| Error::Local { path, source })?;
            let parts = Multipart::new(file, size, ZIP_NAME, target, true)?;
            let done = self.send(source, parts, size, told).await?;
            self.restore(target, modes).await?;
            return Ok(done);
        }
        if !metadata.is_file() {
            return Err(local(io::Error::new(
                io::ErrorKind::InvalidInput,
                "it is neither a file nor a directory",
            )));
        }
        let file = tokio::fs::File::open(source)
            .await
            .map_err(local)?
            .into_std()
            .await;
        let name = source.file_name().unwrap_or_default().to_string_lossy();
        let parts = Multipart::new(file, metadata.len(), &name, target, false)?;
        let done = self.send(source, parts, metadata.len(), told).await?;
        let mode = archive::mode(&metadata);
        if mode != 0o644 {
            self.chmod(mode, vec![target.to_owned()], None).await?;
        }
        Ok(done)
    }

    async fn send(
        &self,
        source: &Path,
        parts: (Multipart, http::HeaderMap),
        size: u64,
        told: Arc<Told>,
    ) -> Result<UploadResponse, Error> {
        let (multipart, headers) = parts;
        let mut call = request::get("upload", self.uri(route::UPLOAD)?);
        call.method = Method::POST;
        call.headers = headers;
        let make = multipart.make(PathBuf::from(source));
        call.body = Arc::new(move || Ok(counted(make()?, size, Arc::clone(&told))));
        call.allowed = Allowed::For(Duration::from_secs(size / SLOWEST));
        self.act(&call).await
    }

    /// Sets the permission bits that the server did not.
    async fn restore(&self, target: &str, modes: Vec<(String, u32)>) -> Result<(), Error> {
        // Deepest first: a directory that loses its search bit must be done last.
        let mut modes = modes;
        modes.sort_by(|(a, _), (b, _)| {
            b.matches('/')
                .count()
                .cmp(&a.matches('/').count())
                .then_with(|| a.cmp(b))
        });
        let mut batch: Vec<String> = Vec::new();
        let (mut size, mut current) = (0, None);
        for (path, mode) in modes {
            if current.is_some_and(|current| current != mode) || size + path.len() > LONGEST_LIST {
                if let Some(current) = current {
                    self.chmod(current, std::mem::take(&mut batch), Some(target))
                        .await?;
                }
                size = 0;
            }
            size += path.len() + 1;
            current = Some(mode);
            batch.push(path);
        }
        match current {
            Some(mode) if !batch.is_empty() => self.chmod(mode, batch, Some(target)).await,
            _ => Ok(()),
        }
    }

    async fn chmod(&self, mode: u32, paths: Vec<String>, below: Option<&str>) -> Result<(), Error> {
        let mut argv = vec!["chmod".to_owned(), format!("{mode:o}"), "--".to_owned()];
        argv.extend(paths);
        let timeout = self.connection.config.runtime_timeout.as_secs_f64();
        let command = Command {
            command: CommandLine::Argv(argv),
            check: true,
            error_msg: "the upload is there, but its permission bits could not be set".to_owned(),
            cwd: below.map(str::to_owned),
            timeout: Some(timeout),
            ..Command::default()
        };
        self.execute(&command).await.map(drop)
    }
}

/// A body that tells how much of it was taken. The frame of multipart around a file is left out of the count.
fn counted(body: Body, size: u64, told: Arc<Told>) -> Body {
    let mut done: u64 = 0;
    body.map_frame(move |frame| {
        if let Some(data) = frame.data_ref() {
            done += data.len() as u64;
            told(done.min(size), size);
        }
        frame
    })
    .boxed_unsync()
}

/// Runs blocking work aside.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Error> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| Error::Invalid(format!("packing was interrupted: {error}")))
}
