//! Bringing files and directories to the server.

use std::{
    ffi::OsStr,
    fs::File,
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use ags_http::{Body, body};
use http::Method;
use http_body_util::BodyExt as _;
use swerex_archive::{Measured, measure};
use swerex_proto::{UploadResponse, route};

use crate::{
    archive,
    attributes::Attributes,
    error::Error,
    file,
    multipart::Multipart,
    native::Content,
    pieces::{beside, is_too_large},
    request::{self, Again, Allowed, MakeBody},
    runtime::AgsRuntime,
    spool::{spool, spooled},
    tarball::{self, Tarball},
    transfer::Transferred,
    walk::NotPacked,
};

/// The name that the original's client gives a packed directory.
const ZIP_NAME: &str = "zipped_transfer.zip";

/// The slowest transfer that is waited for, in bytes a second, beyond `runtime_timeout`.
const SLOWEST: u64 = 128 << 10;

/// The permission bits of an archive that is unpacked there.
const ARCHIVE_MODE: u32 = 0o600;

/// The permission bits that the Python server gives every file.
const DEFAULT_MODE: u32 = 0o644;

/// Is told how many bytes of how many have been transferred. It must not block.
pub type Told = dyn Fn(u64, u64) + Send + Sync;

/// A path in the sandbox for what is on its way to a place that a form cannot name.
const ON_THE_WAY: &str = "/tmp/.swerex";

/// Puts a file in its place, with the directories above it.
const PLACE: &str = r#"[ -z "$4" ] || touch -c -d "@$4" -- "$1" 2>/dev/null
mkdir -p -- "$(dirname -- "$2")" && chmod "$3" -- "$1" && mv -f -- "$1" "$2" || { s=$?; rm -f -- "$1"; exit $s; }"#;

impl AgsRuntime {
    /// Brings a file or a directory to `target` on the server's machine, with its permission bits and the times of files. What was left out is in
    /// [`Transferred`].
    ///
    /// The file is streamed, a directory is packed into a temporary file first (in the place for those, or where there is room); memory is bounded. A
    /// directory is merged into one that is there. Files are read to their end, whatever their metadata say.
    ///
    /// A `source` that is a link is followed. Links within a directory are not: they arrive as links, wherever they lead, so nothing outside of the
    /// directory is read. Pipes, sockets and devices are left out, and what cannot be read. Names need not be UTF-8. A file with several names in the
    /// directory is one there, too. Holes are sent as zeros, which our servers do not write to the disk.
    ///
    /// A native server gets a tar archive. The Python server gets a zip archive; links and permission bits, of which it knows nothing, follow by a
    /// few commands. If a name is not UTF-8, and where the gateway takes only smaller bodies, it gets a tar archive, which the sandbox's `tar` unpacks.
    ///
    /// # Errors
    /// [`Error::Local`] if `source` itself cannot be read; [`Error::Remote`] if `target` cannot be written; others as every call.
    pub async fn upload(
        &self,
        source: &Path,
        target: impl AsRef<OsStr>,
    ) -> Result<Transferred, Error> {
        self.upload_told(source, target, Arc::new(|_, _| {})).await
    }

    /// As [`upload`](Self::upload), telling how it goes on. What is counted has been handed to the connection.
    ///
    /// # Errors
    /// As [`upload`](Self::upload).
    pub async fn upload_told(
        &self,
        source: &Path,
        target: impl AsRef<OsStr>,
        told: Arc<Told>,
    ) -> Result<Transferred, Error> {
        let target = target.as_ref().as_encoded_bytes();
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
        let path = source.to_owned();
        let opened = blocking(move || measured(&path)).await?;
        let (file, size) = opened.map_err(local)?;
        let attributes = Attributes::of(&metadata);
        self.upload_file(source, (file, size), attributes, target, told)
            .await?;
        Ok(Transferred::default())
    }

    async fn upload_file(
        &self,
        source: &Path,
        (file, size): (File, u64),
        attributes: Attributes,
        target: &[u8],
        told: Arc<Told>,
    ) -> Result<(), Error> {
        let again = file.try_clone().map_err(|source_error| Error::Local {
            path: source.to_owned(),
            source: source_error,
        })?;
        let sent = if self.is_native() {
            let content = content(source, file, size, Arc::clone(&told));
            self.put_file("upload", target, attributes, None, content)
                .await
                .map(drop)
        } else {
            self.post_file(source, (file, size), attributes, target, Arc::clone(&told))
                .await
        };
        match sent {
            Err(error) if is_too_large(&error) => {
                self.write_in_pieces(again, size, target, attributes, &*told)
                    .await
            }
            outcome => outcome,
        }
    }

    /// Sends a file as SWE-ReX's own client does. The form can only name a target that is text: to another, the file is moved.
    async fn post_file(
        &self,
        source: &Path,
        (file, size): (File, u64),
        attributes: Attributes,
        target: &[u8],
        told: Arc<Told>,
    ) -> Result<(), Error> {
        let name = source.file_name().unwrap_or_default().to_string_lossy();
        let on_the_way =
            String::from_utf8_lossy(&beside(ON_THE_WAY.as_bytes(), "file")).into_owned();
        let named = std::str::from_utf8(target);
        let to = named.unwrap_or(&on_the_way);
        let parts = Multipart::new(file, size, &name, to, false)?;
        self.send_parts(source, parts, size, told).await?;
        let [mode, modified] = attributes.words();
        let (mode, modified) = (mode.as_bytes(), modified.as_bytes());
        if named.is_err() {
            let args = [on_the_way.as_bytes(), target, mode, modified];
            return self.run_script(PLACE, &args).await.map(drop);
        }
        if attributes == Attributes::of_mode(DEFAULT_MODE) {
            return Ok(());
        }
        match self.set_attributes(to, attributes).await {
            Err(error) if attributes.mode == Some(DEFAULT_MODE) => {
                // The file is there as it should be, but for its time.
                tracing::debug!(%error, "the time of an uploaded file was not set");
                Ok(())
            }
            outcome => outcome,
        }
    }

    async fn upload_tar(
        &self,
        source: &Path,
        target: &[u8],
        told: Arc<Told>,
    ) -> Result<Transferred, Error> {
        let packed = packed(source).await?;
        let again = packed
            .file
            .try_clone()
            .map_err(|error| not_packed(NotPacked::at(source)(error)))?;
        let size = packed.size;
        let content = content(source, packed.file, size, Arc::clone(&told));
        match self.put_tar(target, content).await {
            Err(error) if is_too_large(&error) => {
                self.unpack_in_pieces(again, size, target, &*told).await?;
            }
            outcome => outcome?,
        }
        Ok(packed.transferred)
    }

    async fn upload_zip(
        &self,
        source: &Path,
        target: &[u8],
        told: Arc<Told>,
    ) -> Result<Transferred, Error> {
        let directory = source.to_owned();
        let archive = blocking(move || archive::pack(&directory))
            .await?
            .map_err(not_packed)?;
        let (Some(archive), Ok(to)) = (archive, std::str::from_utf8(target)) else {
            return self.post_tar(source, target, told).await;
        };
        let parts = Multipart::new(archive.file, archive.size, ZIP_NAME, to, true)?;
        match self
            .send_parts(source, parts, archive.size, Arc::clone(&told))
            .await
        {
            Err(error) if is_too_large(&error) => {
                let packed = packed(source).await?;
                self.unpack_in_pieces(packed.file, packed.size, target, &*told)
                    .await?;
                return Ok(packed.transferred);
            }
            outcome => outcome?,
        };
        if archive.is_empty {
            // The Python server makes no directory of nothing.
            self.run_script(r#"mkdir -p -- "$1""#, &[target]).await?;
        }
        self.restore(to, archive.later).await?;
        Ok(archive.transferred)
    }

    /// Sends a directory as a tar archive to a server that knows none, for the sandbox's `tar`.
    async fn post_tar(
        &self,
        source: &Path,
        target: &[u8],
        told: Arc<Told>,
    ) -> Result<Transferred, Error> {
        let packed = packed(source).await?;
        let there = beside(ON_THE_WAY.as_bytes(), "tar");
        let content = (packed.file, packed.size);
        self.upload_file(
            source,
            content,
            Attributes::of_mode(ARCHIVE_MODE),
            &there,
            told,
        )
        .await?;
        self.unpack_there(&there, target).await?;
        Ok(packed.transferred)
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

/// A file, and how long it is.
fn measured(path: &Path) -> io::Result<(File, u64)> {
    match measure(File::open(path)?, || spool(path))? {
        Measured::File { file, length } => Ok((file, length)),
        Measured::Bytes(bytes) => {
            let mut file = File::open(path)?;
            let length = bytes.len() as u64;
            // Most are as long as they say; of others there is a copy.
            if file.metadata()?.len() != length {
                file = spooled(path, |mut copy| {
                    copy.write_all(&bytes)?;
                    Ok(copy)
                })?;
            }
            Ok((file, length))
        }
    }
}

async fn packed(directory: &Path) -> Result<Tarball, Error> {
    let directory = directory.to_owned();
    blocking(move || tarball::pack(&directory))
        .await?
        .map_err(not_packed)
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
