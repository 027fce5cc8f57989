//! Files of any bytes, which the protocol's `read_file` and `write_file` cannot carry: as they are from and to a native server, in pieces of
//! base64 through commands of the sandbox otherwise.

use std::{ffi::OsStr, io};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use swerex_proto::{Command, CommandLine};

use crate::{
    attributes::Attributes,
    error::Error,
    native::Content,
    pieces::{self, LARGEST},
    runtime::AgsRuntime,
};

/// Prints a part of a file, and how the reader ended: a failure in the middle must not look like the file's end.
const READ: &str = r#"test -f "$1" || { echo "not a file: $1" >&2; exit 1; }
exec 4>&1
s=$({ { tail -c +"$2" -- "$1"; echo "$?" >&3; } | head -c "$3" | base64 >&4; } 3>&1)
echo "!$s""#;

/// Reads arguments in which bytes are written as octal numbers. What follows them keeps line ends at their end.
const DECODE: &str = r#"for a do shift; a=$(printf '%bx' "$a"); set -- "$@" "${a%x}"; done
"#;

impl AgsRuntime {
    /// Reads a file of any bytes, at most `limit` of them.
    ///
    /// # Errors
    /// [`Error::Remote`] if it cannot be read; [`Error::Local`] if it is larger than `limit`; others as every call.
    pub async fn read_bytes(&self, path: impl AsRef<OsStr>, limit: u64) -> Result<Vec<u8>, Error> {
        let path = path.as_ref();
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
    pub async fn read_piece(
        &self,
        path: impl AsRef<OsStr>,
        offset: u64,
        length: u64,
    ) -> Result<Vec<u8>, Error> {
        let path = path.as_ref().as_encoded_bytes();
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
        path: &[u8],
        offset: u64,
        length: u64,
    ) -> Result<Vec<u8>, Error> {
        let (from, wanted) = ((offset + 1).to_string(), length.to_string());
        let args = [path, from.as_bytes(), wanted.as_bytes()];
        let answer = self.run_script(READ, &args).await?;
        let strange = || Error::Reply {
            call: "read_bytes",
            status: http::StatusCode::OK,
            evidence: crate::gateway::evidence(answer.as_bytes()),
        };
        let (text, status) = answer.rsplit_once('!').ok_or_else(strange)?;
        let text: String = text.split_ascii_whitespace().collect();
        let bytes = STANDARD.decode(text).map_err(|_| strange())?;
        // Who has all that was asked for hangs up on the reader, which is no failure.
        let is_whole = status.trim() == "0" || bytes.len() as u64 == length;
        if is_whole && bytes.len() as u64 <= length {
            Ok(bytes)
        } else {
            Err(strange())
        }
    }

    /// Writes a file of any bytes; directories above it are made. The file is replaced at once when all of it is there.
    ///
    /// # Errors
    /// [`Error::Remote`] if it cannot be written; others as every call.
    pub async fn write_bytes(&self, path: impl AsRef<OsStr>, bytes: &[u8]) -> Result<(), Error> {
        let path = path.as_ref().as_encoded_bytes();
        if self.is_native() {
            let content = Content::of_bytes(Bytes::copy_from_slice(bytes));
            match self
                .put_file("write_bytes", path, Attributes::default(), None, content)
                .await
            {
                Err(error) if pieces::is_too_large(&error) => {}
                outcome => return outcome.map(drop),
            }
        }
        self.write_bytes_in_pieces(Bytes::copy_from_slice(bytes), path)
            .await
    }

    /// Runs a script of `/bin/sh` with arguments of any bytes and gives its output.
    pub(crate) async fn run_script(&self, script: &str, args: &[&[u8]]) -> Result<String, Error> {
        let argv = script_argv(script, args);
        let command = Command {
            command: CommandLine::Argv(argv),
            check: true,
            timeout: Some(self.connection.config.runtime_timeout.as_secs_f64()),
            ..Command::default()
        };
        Ok(self.execute(&command).await?.stdout)
    }
}

/// A script and its arguments as a program's. JSON carries no bytes that are not UTF-8, so where an argument has some, all are written as
/// `printf` reads them, and the script begins with reading them.
fn script_argv(script: &str, args: &[&[u8]]) -> Vec<String> {
    let texts: Option<Vec<&str>> = args
        .iter()
        .map(|arg| std::str::from_utf8(arg).ok())
        .collect();
    let argv = |script: String| ["/bin/sh", "-c", &script, "sh"].map(str::to_owned).to_vec();
    match texts {
        Some(texts) => {
            let mut all = argv(script.to_owned());
            all.extend(texts.into_iter().map(str::to_owned));
            all
        }
        None => {
            let mut all = argv(format!("{DECODE}{script}"));
            all.extend(args.iter().map(|arg| octal(arg)));
            all
        }
    }
}

/// Bytes in letters that stand for themselves, and octal numbers as `printf %b` reads them.
fn octal(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'_' => {
                text.push(char::from(*byte));
            }
            byte => text.push_str(&format!("\\0{byte:03o}")),
        }
    }
    text
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt as _, process};

    use super::*;

    #[test]
    fn arguments_of_any_bytes_reach_a_script() {
        let odd: Vec<u8> = (1..=255).chain(*b"\n\n").collect();
        let args: [&[u8]; 4] = [b"plain", b"", b"-n \\0101 %s", &odd];
        let argv = script_argv("for a do printf '%s|' \"$a\"; done", &args);
        for shell in ["sh", "bash"] {
            let run = process::Command::new(shell).args(&argv[1..]).output();
            // Not every machine has every shell.
            let Ok(output) = run else { continue };
            let expected: Vec<u8> = args
                .iter()
                .flat_map(|arg| [arg, &b"|"[..]].concat())
                .collect();
            assert_eq!(output.stdout, expected, "{shell}: {output:?}");
        }
        assert!(OsStr::from_bytes(&odd).to_str().is_none());
        assert_eq!(
            script_argv("x", &[b"\xc3\xbc"])[4],
            "ü",
            "as it is, where it can be"
        );
    }
}
