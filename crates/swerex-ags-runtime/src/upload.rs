//! Bringing files and directories to the server.

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use ags_http::{Body, body};
use http::Method;
use http_body_util::BodyExt as _;
use swerex_proto::{UploadResponse, route};

use crate::{
    archive,
    error::Error,
    file,
    multipart::Multipart,
    native::Content,
    pieces::is_too_large,
    request::{self, Again, Allowed, MakeBody},
    runtime::AgsRuntime,
    tarball,
    walk::{NotPacked, mode},
};

/// The name that the original's client gives a packed directory.
const ZIP_NAME: &str = "zipped_transfer.zip";

/// The slowest transfer that is waited for, in bytes a second, beyond `runtime_timeout`.
const SLOWEST: u64 = 128 << 10;

/// The permission bits that the Python server gives every file.
const DEFAULT_MODE: u32 = 0o644;

/// Is told how many bytes of how many have been transferred. It must not block.
pub type Told = dyn Fn(u64, u64) + Send + Sync;

impl AgsRuntime {
    /// Brings a file or a directory to `target` on the server's machine, with its permission bits.
    ///
    /// The file is streamed, a directory is packed into a temporary file first; memory is bounded. A directory is merged into one that is there.
    /// Broken links and special files are left out. A native server gets a tar archive, in which links that lead to something within the
    /// directory stay links; the Python server gets a zip archive, in which all are followed, as the original's client does. It forgets
    /// permission bits: where they are not the usual ones (644, 755) they are set by a few commands afterwards. Where the gateway takes only
    /// smaller bodies, all of it goes in pieces; a directory is then unpacked by the sandbox's `tar`.
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
            if self.is_native() {
                return self.upload_tar(source, target, told).await;
            }
            return self.upload_zip(source, target, told).await;
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
        let (size, mode) = (metadata.len(), mode(&metadata));
        if self.is_native() {
            let again = file.try_clone().map_err(local)?;
            let content = content(source, file, size, Arc::clone(&told));
            return match self
                .put_file("upload", target, Some(mode), None, content)
                .await
            {
                Ok(_) => Ok(UploadResponse {}),
                Err(error) if is_too_large(&error) => {
                    let mode = Some(mode);
                    self.write_in_pieces(again, size, target, mode, &*told)
                        .await
                        .map(|()| UploadResponse {})
                }
                Err(error) => Err(error),
            };
        }
        let again = file.try_clone().map_err(local)?;
        let name = source.file_name().unwrap_or_default().to_string_lossy();
        let parts = Multipart::new(file, size, &name, target, false)?;
        let done = match self
            .send_parts(source, parts, size, Arc::clone(&told))
            .await
        {
            Err(error) if is_too_large(&error) => {
                self.write_in_pieces(again, size, target, Some(mode), &*told)
                    .await?;
                return Ok(UploadResponse {});
            }
            outcome => outcome?,
        };
        if mode != DEFAULT_MODE {
            self.chmod(mode, target).await?;
        }
        Ok(done)
    }

    async fn upload_tar(
        &self,
        source: &Path,
        target: &str,
        told: Arc<Told>,
    ) -> Result<UploadResponse, Error> {
        let directory = source.to_owned();
        let (file, size) = blocking(move || tarball::pack(&directory))
            .await?
            .map_err(not_packed)?;
        let again = file
            .try_clone()
            .map_err(|error| not_packed(NotPacked::at(source)(error)))?;
        let content = content(source, file, size, Arc::clone(&told));
        match self.put_tar(target, content).await {
            Err(error) if is_too_large(&error) => {
                self.unpack_in_pieces(again, size, target, &*told).await?;
            }
            outcome => outcome?,
        }
        Ok(UploadResponse {})
    }

    async fn upload_zip(
        &self,
        source: &Path,
        target: &str,
        told: Arc<Told>,
    ) -> Result<UploadResponse, Error> {
        let directory = source.to_owned();
        let archive = blocking(move || archive::pack(&directory))
            .await?
            .map_err(not_packed)?;
        let parts = Multipart::new(archive.file, archive.size, ZIP_NAME, target, true)?;
        let done = match self
            .send_parts(source, parts, archive.size, Arc::clone(&told))
            .await
        {
            Err(error) if is_too_large(&error) => {
                let directory = source.to_owned();
                let (file, size) = blocking(move || tarball::pack(&directory))
                    .await?
                    .map_err(not_packed)?;
                self.unpack_in_pieces(file, size, target, &*told).await?;
                return Ok(UploadResponse {});
            }
            outcome => outcome?,
        };
        if archive.is_empty {
            // The Python server makes no directory of nothing.
            self.run_script(r#"mkdir -p -- "$1""#, &[target]).await?;
        }
        self.restore(target, archive.modes).await?;
        Ok(done)
    }

    async fn send_parts(
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
        call.allowed = transfer(size);
        call.again = Again::Same;
        self.act(&call).await
    }
}

/// How long so many bytes may take.
pub(crate) fn transfer(size: u64) -> Allowed {
    Allowed::Transfer(Duration::from_secs(size / SLOWEST))
}

/// A file of `size` bytes as a body, counted; errors name `source`.
fn content(source: &Path, file: File, size: u64, told: Arc<Told>) -> Content {
    let path = source.to_owned();
    let body: MakeBody = Arc::new(move || {
        let pieces = file::pieces(&file, size).map_err(|source| Error::Local {
            path: path.clone(),
            source,
        })?;
        Ok(counted(body::stream(pieces), size, Arc::clone(&told)))
    });
    Content { body, size }
}

fn not_packed(NotPacked { path, source }: NotPacked) -> Error {
    Error::Local { path, source }
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
