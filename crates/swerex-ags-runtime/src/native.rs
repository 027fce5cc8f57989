//! What only our native server has: bytes of files in ranges, directories as tar streams.

use std::{ffi::OsStr, path::Path, sync::Arc};

use ags_http::{
    Body, Deadline, Idempotence, Reached, TransportError, TransportErrorKind, body, retry,
};
use bytes::Bytes;
use http::{HeaderValue, Method, StatusCode, Uri, header};
use http_body_util::BodyExt as _;
use swerex_proto::native;

use crate::{
    attributes::Attributes,
    download::Unpacking,
    error::{Attempted, Error},
    pieces::HALVINGS,
    request::{self, Call, MakeBody},
    runtime::AgsRuntime,
    stage::Stage,
    transfer::DownloadOptions,
    upload::{Told, transfer},
};

/// What is sent besides a file's or an archive's bytes.
pub(crate) struct Content {
    pub(crate) body: MakeBody,
    pub(crate) size: u64,
}

impl AgsRuntime {
    /// Reads `length` bytes of a file from `offset` on, fewer at its end; `None` if the server says that there is nothing there.
    pub(crate) async fn read_range(
        &self,
        path: &[u8],
        offset: u64,
        length: u64,
    ) -> Result<Option<Vec<u8>>, Error> {
        let mut bytes = Vec::new();
        loop {
            let done = bytes.len() as u64;
            let some = self.read_some(path, offset + done, length - done).await;
            let (asked, piece) = match some {
                Ok(some) => some,
                Err(Error::Refused { status, .. })
                    if status == StatusCode::RANGE_NOT_SATISFIABLE =>
                {
                    return Ok((done > 0).then_some(bytes));
                }
                Err(error) => return Err(error),
            };
            bytes.extend_from_slice(&piece);
            if (piece.len() as u64) < asked || bytes.len() as u64 >= length {
                return Ok(Some(bytes));
            }
        }
    }

    /// Asks for as much as seems to come through, and less after an answer that was cut. Gives how much that was, and what came.
    async fn read_some(&self, path: &[u8], from: u64, wanted: u64) -> Result<(u64, Bytes), Error> {
        let connection = &self.connection;
        let policy = retry::RetryPolicy {
            max_attempts: connection.config.retry.max_attempts + HALVINGS,
            ..connection.config.retry
        };
        let once = |_| async {
            let asked = connection.answer_piece.size().min(wanted);
            let call = self.range(path, from, asked).map_err(Attempted::finally)?;
            let deadline = connection.deadline(call.allowed);
            let answer = connection.attempt(&call, deadline, None).await;
            if let Err(Attempted {
                error: Error::UnknownOutcome { .. },
                ..
            }) = &answer
            {
                connection.answer_piece.shrink(asked);
            }
            let answer = answer?;
            if answer.bytes.len() as u64 > asked {
                return Err(Attempted::finally(Error::Reply {
                    call: call.name,
                    status: answer.status,
                    evidence: format!(
                        "{} bytes, of which at most {asked} were asked for",
                        answer.bytes.len()
                    ),
                }));
            }
            Ok((asked, answer.bytes))
        };
        let reading = async {
            retry::run(&policy, Idempotence::Safe, "read_bytes", once)
                .await
                .map_err(Attempted::given_up)
        };
        connection.observed("read_bytes", None, reading).await
    }

    fn range(&self, path: &[u8], from: u64, length: u64) -> Result<Call, Error> {
        let mut call = request::get(
            "read_bytes",
            self.native_uri(native::FILE, &[("path", path)])?,
        );
        let last = from.saturating_add(length).saturating_sub(1);
        let range = HeaderValue::from_str(&format!("bytes={from}-{last}"))
            .map_err(|error| Error::Invalid(error.to_string()))?;
        call.headers.insert(header::RANGE, range);
        call.allowed = transfer(length);
        Ok(call)
    }

    /// Replaces a file, with these attributes or as they are; with `offset`, writes into it from there.
    pub(crate) async fn put_file(
        &self,
        name: &'static str,
        path: &[u8],
        attributes: Attributes,
        offset: Option<u64>,
        content: Content,
    ) -> Result<native::FileWritten, Error> {
        let [mode, modified] = attributes.words();
        let mut query = vec![("path", path)];
        for (name, value) in [("mode", &mode), ("modified", &modified)] {
            if !value.is_empty() {
                query.push((name, value.as_bytes()));
            }
        }
        let offset = offset.map(|offset| offset.to_string());
        if let Some(offset) = &offset {
            query.push(("offset", offset.as_bytes()));
        }
        let uri = self.native_uri(native::FILE, &query)?;
        self.act(&put(name, uri, "application/octet-stream", content))
            .await
    }

    /// Unpacks an archive into a directory. Doing so again changes nothing, so it is repeated when the answer is lost.
    pub(crate) async fn put_tar(&self, target: &[u8], content: Content) -> Result<(), Error> {
        let uri = self.native_uri(native::TAR, &[("path", target)])?;
        let call = put("upload", uri, "application/x-tar", content);
        let deadline = self.connection.deadline(call.allowed);
        self.connection.read(&call, deadline).await.map(drop)
    }

    /// Brings a directory as an archive and unpacks it while it comes. It may take as long as something comes.
    pub(crate) async fn get_tar(
        &self,
        source: &OsStr,
        target: &Path,
        options: &DownloadOptions,
        told: &Told,
    ) -> Result<Stage, Error> {
        let path = source.as_encoded_bytes();
        let query = [("path", path), (native::PARTIAL, &b""[..])];
        let call = request::get("download", self.native_uri(native::TAR, &query)?);
        let begin = || Unpacking::begin(source, target, options, &self.connection.rooms);
        let once = |_| self.get_tar_once(&call, &begin, told);
        let policy = self.connection.config.retry;
        let getting = async {
            retry::run(&policy, Idempotence::Safe, call.name, once)
                .await
                .map_err(Attempted::given_up)
        };
        self.connection.observed(call.name, None, getting).await
    }

    async fn get_tar_once(
        &self,
        call: &Call,
        begin: &(impl Fn() -> Unpacking + Sync),
        told: &Told,
    ) -> Result<Stage, Attempted> {
        let transport = |error| Attempted::transport(call.name, error);
        let response = self.connection.send(call, Deadline::none(), None).await?;
        let (parts, incoming) = response.into_parts();
        if parts.status != StatusCode::OK {
            let problem = self.connection.read_problem(call.name, &parts, incoming);
            return Err(problem.await);
        }
        let unpacking = begin();
        match self.feed(incoming, &unpacking, told).await {
            Ok(()) => unpacking.finish().await.map_err(Attempted::finally),
            Err(error) => {
                unpacking.give_up().await;
                Err(transport(error))
            }
        }
    }

    /// Feeds what unpacks, as long as it wants more.
    async fn feed(
        &self,
        mut incoming: Body,
        unpacking: &Unpacking,
        told: &Told,
    ) -> Result<(), TransportError> {
        let silence = self.connection.config.runtime_timeout;
        let mut done = 0_u64;
        loop {
            let frame = tokio::time::timeout(silence, incoming.frame())
                .await
                .map_err(|_| {
                    let said = format!("nothing came for {:.0} s", silence.as_secs_f64());
                    TransportError::new(TransportErrorKind::Timeout, Reached::Unknown, said)
                })?;
            let Some(frame) = frame else {
                return Ok(());
            };
            let frame = frame.map_err(body::into_transport)?;
            if let Ok(data) = frame.into_data() {
                done += data.len() as u64;
                if !unpacking.push(data).await {
                    return Ok(());
                }
                told(done, done);
            }
        }
    }

    /// An address with a query of any bytes.
    fn native_uri(&self, path: &str, query: &[(&str, &[u8])]) -> Result<Uri, Error> {
        let uri = request::uri(&self.connection.config.base, path, &[])?;
        let pairs = query.iter().map(|(name, value)| {
            let value: String = url::form_urlencoded::byte_serialize(value).collect();
            format!("{name}={value}")
        });
        let uri = format!("{uri}?{}", pairs.collect::<Vec<_>>().join("&"));
        uri.parse()
            .map_err(|error| Error::Invalid(format!("the address `{uri}` cannot be used: {error}")))
    }
}

impl Content {
    /// Bytes that are at hand.
    pub(crate) fn of_bytes(bytes: Bytes) -> Self {
        let size = bytes.len() as u64;
        let body: MakeBody = Arc::new(move || Ok(body::full(bytes.clone())));
        Self { body, size }
    }
}

fn put(name: &'static str, uri: Uri, kind: &'static str, content: Content) -> Call {
    let mut call = request::get(name, uri);
    call.method = Method::PUT;
    let headers = &mut call.headers;
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(content.size));
    call.allowed = transfer(content.size);
    call.body = content.body;
    call
}
