//! Reading a text file.

use std::{
    fs::{File, Metadata, OpenOptions},
    io::{self, Read},
    os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt},
};

use rustix::{fs::OFlags, io::Errno};

use super::{Place, newline::universal, os::special, os_error};
use crate::{
    codec::{Undecodable, decode},
    exception::PyException,
    json,
};

/// The longest file that is sent as text; longer ones are to be read in ranges.
pub(crate) const MAX_TEXT_FILE: u64 = 512 * 1024 * 1024;

/// `Path(path).read_text(encoding, errors)`.
pub(crate) fn read_text(
    place: &Place,
    encoding: Option<&str>,
    errors: Option<&str>,
) -> Result<String, PyException> {
    let opened = open_regular(place)?;
    for argument in [encoding, errors].into_iter().flatten() {
        if argument.contains('\0') {
            return Err(PyException::new(
                "builtins.ValueError",
                "embedded null character",
            ));
        }
    }
    let bytes = match opened {
        Some((file, metadata)) => contents(file, &metadata, place)?,
        None => Vec::new(),
    };
    decode(bytes, encoding, errors)
        .map(universal)
        .map_err(undecodable)
}

/// A regular file to read from; `None` is the null device. A pipe or another device is refused: it may never end.
pub(crate) fn open_regular(place: &Place) -> Result<Option<(File, Metadata)>, PyException> {
    let path = place.real();
    let refused = |error| os_error(&error, place.shown());
    // Looked at before it is opened: opening a pipe or a device can have effects.
    if is_special(&path.metadata().map_err(refused)?) {
        return if is_null(&path.metadata().map_err(refused)?) {
            Ok(None)
        } else {
            Err(special(place.shown()))
        };
    }
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(OFlags::NONBLOCK.bits().cast_signed())
        .open(path)
        .map_err(refused)?;
    let metadata = file.metadata().map_err(refused)?;
    if metadata.is_dir() {
        return Err(refused(Errno::ISDIR.into()));
    }
    if is_special(&metadata) {
        return Err(special(place.shown()));
    }
    Ok(Some((file, metadata)))
}

pub(super) fn is_special(metadata: &Metadata) -> bool {
    let kind = metadata.file_type();
    kind.is_char_device() || kind.is_block_device() || kind.is_fifo() || kind.is_socket()
}

/// `/dev/null`, by its number.
pub(super) fn is_null(metadata: &Metadata) -> bool {
    metadata.file_type().is_char_device() && metadata.rdev() == rustix::fs::makedev(1, 3)
}

fn contents(file: File, metadata: &Metadata, place: &Place) -> Result<Vec<u8>, PyException> {
    let expected = usize::try_from(metadata.len().min(MAX_TEXT_FILE)).unwrap_or_default();
    // One byte more shows the end without growing.
    let mut bytes = Vec::with_capacity(expected + 1);
    let length = file
        .take(MAX_TEXT_FILE + 1)
        .read_to_end(&mut bytes)
        .map_err(|error: io::Error| PyException::os_bare(&error))?;
    if length as u64 > MAX_TEXT_FILE {
        return Err(PyException::new(
            "builtins.MemoryError",
            format!(
                "{} has more than {MAX_TEXT_FILE} bytes; read it in ranges",
                place.shown()
            ),
        ));
    }
    Ok(bytes)
}

/// What Python says of bytes that are no text.
pub(crate) fn undecodable(problem: Undecodable) -> PyException {
    let (class, message) = match problem {
        Undecodable::Fault(message) => ("builtins.UnicodeDecodeError", message),
        Undecodable::Lookup(message) => ("builtins.LookupError", message),
        Undecodable::NoMark(message) => ("builtins.UnicodeError", message.to_owned()),
        Undecodable::Handler(message) => ("builtins.TypeError", message.to_owned()),
        Undecodable::Escaped { byte, run, before } => {
            // Python finds out when it encodes the answer, and counts from its start.
            let mut printed = br#"{"content":"#.to_vec();
            json::quote(&universal(before), &mut printed);
            let start = String::from_utf8_lossy(&printed).chars().count() - 1;
            let message = if run == 1 {
                format!(
                    "'utf-8' codec can't encode character '\\udc{byte:02x}' in position {start}: surrogates not allowed"
                )
            } else {
                let last = start + run - 1;
                format!(
                    "'utf-8' codec can't encode characters in position {start}-{last}: surrogates not allowed"
                )
            };
            ("builtins.UnicodeEncodeError", message)
        }
    };
    PyException::new(class, message)
}
