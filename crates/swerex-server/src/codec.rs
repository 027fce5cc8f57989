//! Python's text encodings by Python's names, with Python's error handlers and messages.

mod charset;
mod handler;
mod multibyte;
mod tables;
mod unicode;

use charset::Charset;
use handler::Handler;
use multibyte::Multibyte;
use tables::CHARSETS;
use unicode::{Order, Utf8, Utf16, Utf32};

use crate::exception::named;

/// Bytes that an encoding cannot read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    start: usize,
    end: usize,
    reason: &'static str,
}

/// One encoding: decodes until it cannot go on.
trait Decode {
    /// The name in messages.
    fn name(&self) -> &'static str;

    /// Appends the text of the bytes from `at` on; a fault says where it stopped.
    fn run(&self, bytes: &[u8], at: usize, out: &mut String) -> Option<Fault>;
}

/// Why bytes did not become text, as Python says it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Undecodable {
    /// `UnicodeDecodeError`.
    Fault(String),
    /// `LookupError`: no such encoding, or no such error handler.
    Lookup(String),
    /// `UnicodeError`: no byte order mark where one must be.
    NoMark(&'static str),
    /// `TypeError`: a handler that only encodes.
    Handler(&'static str),
    /// The text would hold half characters (`surrogateescape`), which no answer can.
    Escaped {
        /// The first byte that became one.
        byte: u8,
        /// How many followed one another.
        run: usize,
        /// The text before it.
        before: String,
    },
}

/// Decodes a file's bytes as `Path.read_text(encoding, errors)` does, line ends untouched.
pub(crate) fn decode(
    bytes: Vec<u8>,
    encoding: Option<&str>,
    errors: Option<&str>,
) -> Result<String, Undecodable> {
    let handler = Handler::named(errors.unwrap_or("strict"));
    let bytes = match encoding {
        // By far the most frequent case needs no copy.
        None => match String::from_utf8(bytes) {
            Ok(text) => return Ok(text),
            Err(error) => error.into_bytes(),
        },
        Some(_) => bytes,
    };
    let all = |decoder: &dyn Decode, from: usize| handler::drive(decoder, &bytes, from, &handler);
    let Some(encoding) = encoding else {
        return all(&Utf8, 0);
    };
    let name = normalized(encoding);
    match name.as_str() {
        "utf_8" | "u8" | "utf" | "utf8" | "utf8_ucs2" | "utf8_ucs4" | "cp65001" | "locale" => {
            all(&Utf8, 0)
        }
        "utf_8_sig" => {
            // Unlike with the other marks, positions count from behind it.
            let text = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&bytes);
            handler::drive(&Utf8, text, 0, &handler)
        }
        "utf_16" | "u16" | "utf16" => match bytes.as_slice() {
            [0xFF, 0xFE, ..] => all(&Utf16(Order::Little), 2),
            [0xFE, 0xFF, ..] => all(&Utf16(Order::Big), 2),
            _ => marked(all(&Utf16(Order::Little), 0), &bytes, 2, "UTF-16"),
        },
        "utf_16_le" | "utf_16le" | "unicodelittleunmarked" => all(&Utf16(Order::Little), 0),
        "utf_16_be" | "utf_16be" | "unicodebigunmarked" => all(&Utf16(Order::Big), 0),
        "utf_32" | "u32" | "utf32" => match bytes.as_slice() {
            [0xFF, 0xFE, 0, 0, ..] => all(&Utf32(Order::Little), 4),
            [0, 0, 0xFE, 0xFF, ..] => all(&Utf32(Order::Big), 4),
            _ => marked(all(&Utf32(Order::Little), 0), &bytes, 4, "UTF-32"),
        },
        "utf_32_le" | "utf_32le" => all(&Utf32(Order::Little), 0),
        "utf_32_be" | "utf_32be" => all(&Utf32(Order::Big), 0),
        "ascii" | "646" | "ansi_x3.4_1968" | "ansi_x3_4_1968" | "ansi_x3.4_1986" | "cp367"
        | "csascii" | "ibm367" | "iso646_us" | "iso_646.irv_1991" | "iso_ir_6" | "us"
        | "us_ascii" => all(&charset::Ascii, 0),
        "latin_1" | "8859" | "cp819" | "csisolatin1" | "ibm819" | "iso8859" | "iso8859_1"
        | "iso_8859_1" | "iso_8859_1_1987" | "iso_ir_100" | "l1" | "latin" | "latin1" => {
            Ok(bytes.iter().map(|byte| char::from(*byte)).collect())
        }
        "base64" | "base64_codec" | "base_64" | "bz2" | "bz2_codec" | "hex" | "hex_codec"
        | "quopri" | "quopri_codec" | "rot13" | "rot_13" | "uu" | "uu_codec" | "zip" | "zlib"
        | "zlib_codec" => Err(Undecodable::Lookup(format!(
            "'{encoding}' is not a text encoding; use codecs.open() to handle arbitrary codecs"
        ))),
        other => {
            if let Some(multibyte) = Multibyte::named(other) {
                return all(&multibyte, 0);
            }
            CHARSETS
                .iter()
                .find(|charset| charset.names.contains(&other))
                .map(Charset)
                .map_or_else(
                    || {
                        Err(Undecodable::Lookup(format!(
                            "unknown encoding: {}",
                            named(encoding)
                        )))
                    },
                    |charset| all(&charset, 0),
                )
        }
    }
}

/// Python insists on a mark, but only after it has read on.
fn marked(
    decoded: Result<String, Undecodable>,
    bytes: &[u8],
    unit: usize,
    name: &str,
) -> Result<String, Undecodable> {
    let text = decoded?;
    if bytes.len() < unit {
        return Ok(text);
    }
    Err(Undecodable::NoMark(if name == "UTF-16" {
        "UTF-16 stream does not start with BOM"
    } else {
        "UTF-32 stream does not start with BOM"
    }))
}

/// Lower case; every run of other characters than letters, digits and points is one underscore.
fn normalized(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut gap = false;
    for letter in name.chars() {
        if letter.is_ascii_alphanumeric() || letter == '.' {
            if gap && !out.is_empty() {
                out.push('_');
            }
            gap = false;
            out.push(letter.to_ascii_lowercase());
        } else {
            gap = true;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fault(bytes: &[u8], encoding: &str) -> String {
        match decode(bytes.to_vec(), Some(encoding), None) {
            Err(Undecodable::Fault(message)) => message,
            other => panic!("{encoding}: {other:?}"),
        }
    }

    // Every expectation is what CPython 3.11 does.
    #[test]
    fn faults_are_told_as_python_tells_them() {
        for (bytes, encoding, message) in [
            (
                &b"\xff"[..],
                "utf-8",
                "'utf-8' codec can't decode byte 0xff in position 0: invalid start byte",
            ),
            (
                b"abc\xe2\x82",
                "UTF8",
                "'utf-8' codec can't decode bytes in position 3-4: unexpected end of data",
            ),
            (
                b"h\xe9llo",
                "u8",
                "'utf-8' codec can't decode byte 0xe9 in position 1: invalid continuation byte",
            ),
            (
                b"\xff",
                "ASCII",
                "'ascii' codec can't decode byte 0xff in position 0: ordinal not in range(128)",
            ),
            (
                b"a\x81",
                "cp1252",
                "'charmap' codec can't decode byte 0x81 in position 1: character maps to <undefined>",
            ),
            (
                b"\xff\xfea",
                "utf-16",
                "'utf-16-le' codec can't decode byte 0x61 in position 2: truncated data",
            ),
            (
                b"\x00\xdca\x00",
                "utf-16-le",
                "'utf-16-le' codec can't decode bytes in position 0-1: illegal encoding",
            ),
            (
                b"\x00\xd8a\x00",
                "utf-16-le",
                "'utf-16-le' codec can't decode bytes in position 0-1: illegal UTF-16 surrogate",
            ),
            (
                b"\x00\xd8",
                "utf-16-le",
                "'utf-16-le' codec can't decode bytes in position 0-1: unexpected end of data",
            ),
            (
                b"\x00\x00\x11\x00",
                "utf-32-le",
                "'utf-32-le' codec can't decode bytes in position 0-3: code point not in range(0x110000)",
            ),
        ] {
            assert_eq!(fault(bytes, encoding), message);
        }
    }

    #[test]
    fn handlers() {
        let read = |errors: &str| decode(b"\xff\xfe\0ok".to_vec(), None, Some(errors));
        assert_eq!(read("ignore").as_deref(), Ok("\0ok"));
        assert_eq!(read("replace").as_deref(), Ok("\u{fffd}\u{fffd}\0ok"));
        assert_eq!(read("backslashreplace").as_deref(), Ok("\\xff\\xfe\0ok"));
        assert_eq!(
            read("bogus"),
            Err(Undecodable::Lookup(
                "unknown error handler name 'bogus'".to_owned()
            ))
        );
        assert_eq!(
            decode(b"ok".to_vec(), None, Some("bogus")).as_deref(),
            Ok("ok")
        );
    }

    // What CPython 3.11 says.
    #[test]
    fn half_characters_for_bytes_that_are_no_ascii() {
        let read = |bytes: &[u8], encoding| {
            decode(bytes.to_vec(), Some(encoding), Some("surrogateescape"))
        };
        assert_eq!(
            read(b"ok\xff\xfex\xff", "utf-8"),
            Err(Undecodable::Escaped {
                byte: 0xff,
                run: 2,
                before: "ok".to_owned()
            })
        );
        for (bytes, encoding, message) in [
            (
                &b"\x00\x00\x11\x00"[..],
                "utf-32-le",
                "'utf-32-le' codec can't decode bytes in position 0-3: code point not in range(0x110000)",
            ),
            (
                b"\xc3\xa9\xf0\x9f\x98\x80\n",
                "utf-32-le",
                "'utf-32-le' codec can't decode byte 0x0a in position 6: truncated data",
            ),
        ] {
            let told = Err(Undecodable::Fault(message.to_owned()));
            assert_eq!(read(bytes, encoding), told);
        }
    }

    #[test]
    fn names() {
        for (encoding, bytes, text) in [
            ("ISO-8859-1", &b"h\xe9"[..], "hé"),
            ("utf-8-sig", b"\xEF\xBB\xBFhi", "hi"),
            ("UTF-16", b"\xff\xfeh\0\xe9\0", "hé"),
            ("windows-1251", b"\xcf\xf0", "Пр"),
            ("koi8-r", b"\xf0", "П"),
            ("gbk", b"\xc4\xe3\xba\xc3", "你好"),
            ("Shift_JIS", b"\x82\xa0", "あ"),
        ] {
            assert_eq!(
                decode(bytes.to_vec(), Some(encoding), None).as_deref(),
                Ok(text),
                "{encoding}"
            );
        }
        assert_eq!(
            decode(Vec::new(), Some("bogus"), None),
            Err(Undecodable::Lookup("unknown encoding: bogus".to_owned()))
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(
            bytes in prop::collection::vec(any::<u8>(), 0..64),
            encoding in prop::sample::select(&[
                "utf-8", "utf-8-sig", "ascii", "utf-16", "utf-16-be", "utf-32", "utf-32-le", "cp1252", "koi8-r", "gbk",
                "gb18030", "big5", "shift_jis", "euc_jp", "euc_kr", "bogus", "",
            ][..]),
            errors in prop::sample::select(&[
                "strict", "ignore", "replace", "backslashreplace", "surrogateescape", "surrogatepass", "namereplace", "bogus",
            ][..]),
        ) {
            let _ = decode(bytes, Some(encoding), Some(errors));
        }
    }
}
