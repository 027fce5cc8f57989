//! Files of any bytes, which the protocol's `read_file` and `write_file` cannot carry: as they are from and to a native server, in pieces of
//! base64 through commands of the sandbox otherwise.

use std::io;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use swerex_proto::{Command, CommandLine};

use crate::{
    error::Error,
    native::Content,
    pieces::{self, LARGEST},
    runtime::AgsRuntime,
};

impl AgsRuntime {
    /// Reads a file of any bytes, at most `limit` of them.
    ///
    /// # Errors
    /// [`Error::Remote`] if it cannot be read; [`Error::Local`] if it is larger than `limit`; others as every call.
    pub async fn read_bytes(&self, path: &str, limit: u64) -> Result<Vec<u8>, Error> {
        let mut bytes = Vec::new();
        loop {
            let offset = bytes.len() as u64;
            let piece = self.read_piece(path, offset, LARGEST).await?;
            let is_last = (piece.len() as u64) < LARGEST;
            bytes.extend_from_slice(&piece);
            if bytes.len() as u64 > limit {
                let source = io::Error::new(
                    io::ErrorKind::FileTooLarge,
                    format!("it is larger than {limit} bytes"),
                );
                return Err(Error::Local {
                    path: path.into(),
                    source,
                });
            }
            if is_last {
                return Ok(bytes);
            }
        }
    }

    /// Reads at most `length` bytes of a file from `offset` on; fewer only at its end.
    ///
    /// # Errors
    /// [`Error::Remote`] if it cannot be read; others as every call.
    pub async fn read_piece(&self, path: &str, offset: u64, length: u64) -> Result<Vec<u8>, Error> {
        if length == 0 {
            return Ok(Vec::new());
        }
        if self.is_native() {
            match self.read_range(path, offset, length).await? {
                Some(bytes) => return Ok(bytes),
                None if offset > 0 => return Ok(Vec::new()),
                // Empty by its size, as the kernel's own files are: a command sees what is in it.
                None => {}
            }
        }
        let mut bytes = Vec::new();
        while (bytes.len() as u64) < length {
            let done = bytes.len() as u64;
            let piece = &self.connection.answer_piece;
            let asked = piece.size().min(length - done);
            match self.read_by_command(path, offset + done, asked).await {
                Ok(some) => {
                    bytes.extend_from_slice(&some);
                    if (some.len() as u64) < asked {
                        break;
                    }
                }
                // It only reads, so it may be asked again for less.
                Err(Error::UnknownOutcome { .. }) if piece.shrink(asked) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(bytes)
    }

    async fn read_by_command(
        &self,
        path: &str,
        offset: u64,
        length: u64,
    ) -> Result<Vec<u8>, Error> {
        let script = r#"test -f "$1" || { echo "not a file: $1" >&2; exit 1; }; tail -c +"$2" -- "$1" | head -c "$3" | base64"#;
        let (from, length) = ((offset + 1).to_string(), length.to_string());
        let answer = self.run_script(script, &[path, &from, &length]).await?;
        let text: String = answer.split_ascii_whitespace().collect();
        STANDARD.decode(text).map_err(|_| Error::Reply {
            call: "read_bytes",
            status: http::StatusCode::OK,
            evidence: crate::gateway::evidence(answer.as_bytes()),
        })
    }

    /// Writes a file of any bytes; directories above it are made. The file is replaced at once when all of it is there.
    ///
    /// # Errors
    /// [`Error::Remote`] if it cannot be written; others as every call.
    pub async fn write_bytes(&self, path: &str, bytes: &[u8]) -> Result<(), Error> {
        if self.is_native() {
            let content = Content::of_bytes(Bytes::copy_from_slice(bytes));
            match self
                .put_file("write_bytes", path, None, None, content)
                .await
            {
                Err(error) if pieces::is_too_large(&error) => {}
                outcome => return outcome.map(drop),
            }
        }
        self.write_bytes_in_pieces(Bytes::copy_from_slice(bytes), path)
            .await
    }

    /// Runs a script of `/bin/sh` with arguments and gives its output.
    pub(crate) async fn run_script(&self, script: &str, args: &[&str]) -> Result<String, Error> {
        let argv = ["/bin/sh", "-c", script, "sh"]
            .into_iter()
            .chain(args.iter().copied());
        let command = Command {
            command: CommandLine::Argv(argv.map(str::to_owned).collect()),
            check: true,
            timeout: Some(self.connection.config.runtime_timeout.as_secs_f64()),
            ..Command::default()
        };
        Ok(self.execute(&command).await?.stdout)
    }
}
