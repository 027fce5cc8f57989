//! A parser of `multipart/form-data` that takes its bytes in any pieces and keeps almost none of them.

mod header;

use memchr::memmem::Finder;

pub(crate) use header::options;

/// Headers of a part.
const MAX_HEADERS: usize = 8;

/// Bytes of one header.
const MAX_HEADER: usize = 4096 + 128;

/// Bytes of a boundary.
const MAX_BOUNDARY: usize = 256;

/// What is found on the way.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Event<'a> {
    /// A part starts, with this `Content-Disposition`.
    Part(&'a [u8]),
    /// Some of its data.
    Data(&'a [u8]),
    /// It is complete.
    PartEnd,
}

/// Why a body is no form.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

#[derive(Debug, PartialEq, Eq)]
enum State {
    /// Before the first boundary; line ends are skipped.
    Start,
    /// In the headers of a part.
    Headers,
    Data,
    /// Behind a boundary, up to the end of its line.
    Padding,
    /// Behind the last boundary; what follows is of no interest.
    End,
}

/// The state between two pieces.
pub(crate) struct Multipart {
    /// The boundary with the line end and the dashes in front of it.
    delimiter: Finder<'static>,
    state: State,
    /// Bytes that cannot be judged before more have come; never longer than a header or a delimiter.
    pending: Vec<u8>,
    headers: usize,
    disposition: Vec<u8>,
}

/// How a step went.
enum Step {
    /// So many bytes are done with.
    Used(usize),
    /// More bytes are needed.
    Starved,
}

impl Multipart {
    pub(crate) fn new(boundary: &[u8]) -> Result<Self, Malformed> {
        if boundary.len() > MAX_BOUNDARY {
            return Err(Malformed);
        }
        Ok(Self {
            delimiter: Finder::new(&[b"\r\n--", boundary].concat()).into_owned(),
            state: State::Start,
            pending: Vec::new(),
            headers: 0,
            disposition: Vec::new(),
        })
    }

    /// Takes the next piece. Data that cannot be part of a boundary is handed on at once.
    pub(crate) fn push<E: From<Malformed>>(
        &mut self,
        piece: &[u8],
        mut tell: impl FnMut(Event<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut pending = std::mem::take(&mut self.pending);
        if pending.is_empty() {
            let used = self.consume(piece, &mut tell)?;
            pending.extend_from_slice(piece.get(used..).unwrap_or_default());
        } else {
            pending.extend_from_slice(piece);
            let used = self.consume(&pending, &mut tell)?;
            pending.drain(..used);
        }
        self.pending = pending;
        Ok(())
    }

    /// How many bytes could be dealt with.
    fn consume<E: From<Malformed>>(
        &mut self,
        bytes: &[u8],
        tell: &mut impl FnMut(Event<'_>) -> Result<(), E>,
    ) -> Result<usize, E> {
        let mut at = 0;
        loop {
            let rest = bytes.get(at..).unwrap_or_default();
            if rest.is_empty() {
                return Ok(at);
            }
            let step = match self.state {
                State::Start => self.start(rest)?,
                State::Headers => self.header(rest, tell)?,
                State::Data => self.data(rest, tell)?,
                State::Padding => self.padding(rest, tell)?,
                State::End => return Ok(bytes.len()),
            };
            match step {
                Step::Used(used) => at += used,
                Step::Starved => return Ok(at),
            }
        }
    }

    fn start(&mut self, rest: &[u8]) -> Result<Step, Malformed> {
        if matches!(rest.first(), Some(b'\r' | b'\n')) {
            let dash = rest.iter().position(|byte| *byte == b'-');
            return Ok(Step::Used(dash.unwrap_or(rest.len())));
        }
        let opening = self.delimiter.needle().get(2..).unwrap_or_default();
        let length = opening.len();
        let known = opening.len().min(rest.len());
        if rest.get(..known) != opening.get(..known) {
            return Err(Malformed);
        }
        match rest.get(length..length + 2) {
            Some(b"\r\n") => self.begin_part(),
            Some(b"--") => self.state = State::End,
            Some(_) => return Err(Malformed),
            None => return Ok(Step::Starved),
        }
        Ok(Step::Used(length + 2))
    }

    fn begin_part(&mut self) {
        self.state = State::Headers;
        self.headers = 0;
        self.disposition.clear();
    }

    fn header<E: From<Malformed>>(
        &mut self,
        rest: &[u8],
        tell: &mut impl FnMut(Event<'_>) -> Result<(), E>,
    ) -> Result<Step, E> {
        let Some(length) = rest.iter().position(|byte| *byte == b'\r') else {
            if rest.len() > MAX_HEADER {
                return Err(Malformed.into());
            }
            return Ok(Step::Starved);
        };
        match rest.get(length + 1) {
            None => return Ok(Step::Starved),
            Some(b'\n') => {}
            Some(_) => return Err(Malformed.into()),
        }
        let line = rest.get(..length).unwrap_or_default();
        if line.is_empty() {
            self.state = State::Data;
            tell(Event::Part(&self.disposition))?;
            return Ok(Step::Used(2));
        }
        self.headers += 1;
        let (name, value) = header::split(line).ok_or(Malformed)?;
        if self.headers > MAX_HEADERS || length > MAX_HEADER {
            return Err(Malformed.into());
        }
        if name.eq_ignore_ascii_case(b"content-disposition") {
            self.disposition = value.to_vec();
        }
        Ok(Step::Used(length + 2))
    }

    fn data<E: From<Malformed>>(
        &mut self,
        rest: &[u8],
        tell: &mut impl FnMut(Event<'_>) -> Result<(), E>,
    ) -> Result<Step, E> {
        let Found { at, is_whole } = find(rest, &self.delimiter);
        if at > 0 {
            tell(Event::Data(rest.get(..at).unwrap_or_default()))?;
            return Ok(Step::Used(at));
        }
        if !is_whole {
            return Ok(Step::Starved);
        }
        let length = self.delimiter.needle().len();
        let behind = rest.get(length..).unwrap_or_default();
        match behind {
            [b' ' | b'\t', ..] => {
                self.state = State::Padding;
                Ok(Step::Used(length))
            }
            [b'\r', b'\n', ..] => {
                tell(Event::PartEnd)?;
                self.begin_part();
                Ok(Step::Used(length + 2))
            }
            [b'-', b'-', ..] => {
                tell(Event::PartEnd)?;
                self.state = State::End;
                Ok(Step::Used(length + 2))
            }
            [] | [b'\r' | b'-'] => Ok(Step::Starved),
            _ => {
                // It only looks like the boundary.
                tell(Event::Data(self.delimiter.needle()))?;
                Ok(Step::Used(length))
            }
        }
    }

    /// Blanks behind a boundary; the part ends with their line.
    fn padding<E: From<Malformed>>(
        &mut self,
        rest: &[u8],
        tell: &mut impl FnMut(Event<'_>) -> Result<(), E>,
    ) -> Result<Step, E> {
        let is_blank = |byte: &&u8| matches!(byte, b' ' | b'\t');
        match rest.iter().take_while(is_blank).count() {
            0 => {}
            blanks => return Ok(Step::Used(blanks)),
        }
        match rest {
            [b'\r'] => Ok(Step::Starved),
            [b'\r', b'\n', ..] => {
                tell(Event::PartEnd)?;
                self.begin_part();
                Ok(Step::Used(2))
            }
            _ => Err(Malformed.into()),
        }
    }
}

struct Found {
    /// Where it starts, or where it might start at the end of the bytes.
    at: usize,
    is_whole: bool,
}

fn find(bytes: &[u8], delimiter: &Finder<'static>) -> Found {
    if let Some(at) = delimiter.find(bytes) {
        return Found { at, is_whole: true };
    }
    let needle = delimiter.needle();
    let last = bytes.len().saturating_sub(needle.len().saturating_sub(1));
    let begun = (last..bytes.len()).find(|at| needle.starts_with(bytes.get(*at..).unwrap_or(b"-")));
    Found {
        at: begun.unwrap_or(bytes.len()),
        is_whole: false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    impl From<Malformed> for String {
        fn from(_: Malformed) -> Self {
            "malformed".to_owned()
        }
    }

    /// Each part's disposition, data, and whether it ended.
    fn parse(pieces: &[&[u8]]) -> Result<Vec<(String, Vec<u8>, bool)>, String> {
        let mut parts = Vec::new();
        let mut parser = Multipart::new(b"X").unwrap();
        for piece in pieces {
            parser.push::<String>(piece, |event| {
                match event {
                    Event::Part(disposition) => {
                        let disposition = String::from_utf8_lossy(disposition).into_owned();
                        parts.push((disposition, Vec::new(), false));
                    }
                    Event::Data(data) => parts.last_mut().unwrap().1.extend_from_slice(data),
                    Event::PartEnd => parts.last_mut().unwrap().2 = true,
                }
                Ok(())
            })?;
        }
        Ok(parts)
    }

    const FORM: &[u8] = b"\r\n--X\r\nContent-Type: a/b\r\nContent-Disposition: one\r\n\r\nd\r\n--Xy\r\n-\r\n--X \t\r\ncontent-disposition:two\r\n\r\n\r\n--X--\r\nepilogue";

    fn form() -> Vec<(String, Vec<u8>, bool)> {
        vec![
            ("one".to_owned(), b"d\r\n--Xy\r\n-".to_vec(), true),
            ("two".to_owned(), Vec::new(), true),
        ]
    }

    #[test]
    fn in_one_piece_and_byte_by_byte() {
        assert_eq!(parse(&[FORM]), Ok(form()));
        let bytes: Vec<&[u8]> = FORM.chunks(1).collect();
        assert_eq!(parse(&bytes), Ok(form()));
    }

    #[test]
    fn what_is_no_form() {
        for bytes in [
            &b"garbage"[..],
            b"--Y\r\n",
            b"--X \r\n",
            b"preamble\r\n--X\r\n",
            b"--X\r\nBad Header: x\r\n\r\n",
            b"--X\r\nnocolon\r\n\r\n",
            b"--X\r\na: b\rc",
        ] {
            assert_eq!(parse(&[bytes]), Err("malformed".to_owned()), "{bytes:?}");
        }
        assert!(Multipart::new(&[b'X'; 300]).is_err());
        // An end that does not come is no mistake of what was there.
        assert!(!parse(&[b"--X\r\n\r\nd"]).unwrap()[0].2);
    }

    proptest! {
        #[test]
        fn pieces_do_not_matter(cuts in proptest::collection::vec(0..FORM.len(), 0..8)) {
            let mut cuts = cuts;
            cuts.extend([0, FORM.len()]);
            cuts.sort_unstable();
            let pieces: Vec<&[u8]> = cuts.windows(2).map(|cut| &FORM[cut[0]..cut[1]]).collect();
            prop_assert_eq!(parse(&pieces), Ok(form()));
        }

        #[test]
        fn data_comes_back_as_it_was(
            data in proptest::collection::vec(prop_oneof![Just(b'\r'), Just(b'\n'), Just(b'-'), Just(b'Y'), any::<u8>()], 0..200),
            size in 1_usize..50,
        ) {
            prop_assume!(!data.windows(5).any(|window| window == b"\r\n--X"));
            let form = [b"--X\r\n\r\n", data.as_slice(), b"\r\n--X--"].concat();
            let pieces: Vec<&[u8]> = form.chunks(size).collect();
            prop_assert_eq!(parse(&pieces), Ok(vec![(String::new(), data, true)]));
        }

        #[test]
        fn never_panics(bytes in proptest::collection::vec(prop_oneof![Just(b'\r'), Just(b'\n'), Just(b'-'), Just(b'X'), Just(b':'), any::<u8>()], 0..100), size in 1_usize..20) {
            let pieces: Vec<&[u8]> = bytes.chunks(size).collect();
            let _ = parse(&pieces);
        }
    }
}
