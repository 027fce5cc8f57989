//! UTF-8, UTF-16 and UTF-32, with the spans and reasons that CPython gives.

use super::{Decode, Fault};

/// Which byte of a unit comes first.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Little,
    Big,
}

pub(super) struct Utf8;

impl Decode for Utf8 {
    fn name(&self) -> &'static str {
        "utf-8"
    }

    fn run(&self, bytes: &[u8], at: usize, out: &mut String) -> Option<Fault> {
        let rest = bytes.get(at..).unwrap_or_default();
        let error = match std::str::from_utf8(rest) {
            Ok(text) => {
                out.push_str(text);
                return None;
            }
            Err(error) => error,
        };
        let (good, bad) = rest.split_at_checked(error.valid_up_to())?;
        out.push_str(std::str::from_utf8(good).unwrap_or_default());
        let start = at + good.len();
        let (length, reason) = match (error.error_len(), bad.first()) {
            (None, _) => (bad.len(), "unexpected end of data"),
            (Some(1), Some(0x80..=0xC1 | 0xF5..=0xFF)) => (1, "invalid start byte"),
            (Some(length), _) => (length, "invalid continuation byte"),
        };
        Some(Fault {
            start,
            end: start + length,
            reason,
        })
    }
}

pub(super) struct Utf16(pub(super) Order);

impl Utf16 {
    fn unit(&self, pair: [u8; 2]) -> u16 {
        match self.0 {
            Order::Little => u16::from_le_bytes(pair),
            Order::Big => u16::from_be_bytes(pair),
        }
    }
}

impl Decode for Utf16 {
    fn name(&self) -> &'static str {
        match self.0 {
            Order::Little => "utf-16-le",
            Order::Big => "utf-16-be",
        }
    }

    fn run(&self, bytes: &[u8], at: usize, out: &mut String) -> Option<Fault> {
        let (pairs, rest) = bytes.get(at..).unwrap_or_default().as_chunks::<2>();
        let whole = at + pairs.len() * 2;
        let mut units = pairs.iter().map(|pair| self.unit(*pair)).enumerate();
        while let Some((index, unit)) = units.next() {
            let start = at + index * 2;
            let fault = |reason, end| Fault { start, end, reason };
            match unit {
                0xDC00..=0xDFFF => return Some(fault("illegal encoding", start + 2)),
                0xD800..=0xDBFF => match units.next() {
                    Some((_, second @ 0xDC00..=0xDFFF)) => out.push(joined(unit, second)),
                    Some(_) => return Some(fault("illegal UTF-16 surrogate", start + 2)),
                    None => return Some(fault("unexpected end of data", bytes.len())),
                },
                _ => out.push(char::from_u32(u32::from(unit)).unwrap_or_default()),
            }
        }
        (!rest.is_empty()).then_some(Fault {
            start: whole,
            end: bytes.len(),
            reason: "truncated data",
        })
    }
}

fn joined(high: u16, low: u16) -> char {
    let code = 0x10000 + ((u32::from(high) - 0xD800) << 10) + (u32::from(low) - 0xDC00);
    char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)
}

pub(super) struct Utf32(pub(super) Order);

impl Decode for Utf32 {
    fn name(&self) -> &'static str {
        match self.0 {
            Order::Little => "utf-32-le",
            Order::Big => "utf-32-be",
        }
    }

    fn run(&self, bytes: &[u8], at: usize, out: &mut String) -> Option<Fault> {
        let (quads, rest) = bytes.get(at..).unwrap_or_default().as_chunks::<4>();
        for (index, quad) in quads.iter().enumerate() {
            let code = match self.0 {
                Order::Little => u32::from_le_bytes(*quad),
                Order::Big => u32::from_be_bytes(*quad),
            };
            let start = at + index * 4;
            match char::from_u32(code) {
                Some(letter) => out.push(letter),
                None => {
                    return Some(Fault {
                        start,
                        end: start + 4,
                        reason: if code < 0x11_0000 {
                            "code point in surrogate code point range(0xd800, 0xe000)"
                        } else {
                            "code point not in range(0x110000)"
                        },
                    });
                }
            }
        }
        (!rest.is_empty()).then_some(Fault {
            start: at + quads.len() * 4,
            end: bytes.len(),
            reason: "truncated data",
        })
    }
}
