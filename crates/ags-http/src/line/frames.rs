//! Where frames of HTTP/2 begin and end (RFC 9113, 4.1), and which of them is the answer to our PING.

/// Length, type, flags and stream of a frame.
const HEAD: usize = 9;
/// What a client sends before its first frame.
const PREFACE: usize = 24;
/// What the payload of our PING says; the same in all of them, and none of those that the h2 crate uses.
const OURS: [u8; 8] = *b"ags-http";
/// A PING frame, whole.
pub(super) const PING: [u8; HEAD + OURS.len()] = ping(0);
/// Its answer.
pub(super) const PONG: [u8; HEAD + OURS.len()] = ping(1);

const fn ping(flags: u8) -> [u8; HEAD + OURS.len()] {
    let [a, b, c, d, e, f, g, h] = OURS;
    [0, 0, 8, 6, flags, 0, 0, 0, 0, a, b, c, d, e, f, g, h]
}

/// How far a stream of frames has got.
#[derive(Debug, Default)]
pub(super) struct Frames {
    head: [u8; HEAD],
    /// Bytes of the head that are known.
    known: usize,
    /// Bytes before the next head.
    rest: usize,
}

impl Frames {
    /// Of what a client sends.
    pub(super) fn of_client() -> Self {
        Self {
            rest: PREFACE,
            ..Self::default()
        }
    }

    /// Whether one frame is over and the next has not begun.
    pub(super) fn is_between(&self) -> bool {
        self.known == 0 && self.rest == 0
    }

    /// Takes note of what was sent or has arrived.
    pub(super) fn pass(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            bytes = &bytes[self.step(bytes)..];
        }
    }

    /// Goes on to the end of the head or payload; says how many bytes that took.
    fn step(&mut self, bytes: &[u8]) -> usize {
        if self.rest > 0 {
            let taken = self.rest.min(bytes.len());
            self.rest -= taken;
            return taken;
        }
        let taken = (HEAD - self.known).min(bytes.len());
        self.head[self.known..self.known + taken].copy_from_slice(&bytes[..taken]);
        self.known += taken;
        if self.known == HEAD {
            let [a, b, c, ..] = self.head;
            self.rest = usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c);
            self.known = 0;
        }
        taken
    }
}

/// Takes the answers to our PING out of what arrives.
#[derive(Debug, Default)]
pub(super) struct Sieve {
    frames: Frames,
    /// Answers that are still to come.
    due: usize,
    /// Bytes between two frames that look like the begin of an answer; they are held back.
    alike: usize,
}

impl Sieve {
    /// A PING was sent.
    pub(super) fn expect(&mut self) {
        self.due += 1;
    }

    /// Whether there is nothing to take out.
    pub(super) fn is_idle(&self) -> bool {
        self.due == 0
    }

    /// Takes note of what arrives while there is nothing to take out.
    pub(super) fn pass(&mut self, bytes: &[u8]) {
        self.frames.pass(bytes);
    }

    /// Puts what is not an answer into `kept`.
    pub(super) fn sift(&mut self, mut bytes: &[u8], kept: &mut Vec<u8>) {
        while let Some(first) = bytes.first() {
            if self.due > 0 && self.frames.is_between() {
                if *first == PONG[self.alike] {
                    bytes = &bytes[1..];
                    self.alike += 1;
                    if self.alike == PONG.len() {
                        self.alike = 0;
                        self.due -= 1;
                    }
                    continue;
                }
                self.release(kept);
            }
            let taken = self.frames.step(bytes);
            kept.extend_from_slice(&bytes[..taken]);
            bytes = &bytes[taken..];
        }
    }

    /// What was held back is no answer, or nothing follows.
    pub(super) fn release(&mut self, kept: &mut Vec<u8>) {
        let held = &PONG[..std::mem::take(&mut self.alike)];
        self.frames.pass(held);
        kept.extend_from_slice(held);
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    fn frame(kind: u8, flags: u8, payload: &[u8]) -> Vec<u8> {
        let mut frame = u32::try_from(payload.len()).unwrap().to_be_bytes()[1..].to_vec();
        frame.extend([kind, flags, 0, 0, 0, 1]);
        frame.extend(payload);
        frame
    }

    fn any_frame() -> impl Strategy<Value = Vec<u8>> {
        prop_oneof![
            (any::<u8>(), any::<u8>(), vec(any::<u8>(), 0..40))
                .prop_map(|(kind, flags, payload)| frame(kind, flags, &payload)),
            // Almost our answer: another payload, a PING of the peer, one inside of data.
            Just(PING.to_vec()),
            Just([&PONG[..16], b"!"].concat()),
            Just(frame(0, 0, &PONG)),
            Just(frame(6, 1, b"ags-")),
        ]
    }

    proptest! {
        #[test]
        fn only_our_answers_are_taken_out(
            frames in vec((any_frame(), 0..3_usize), 0..12),
            cuts in vec(1..30_usize, 1..20),
        ) {
            let (mut whole, mut wanted, mut due) = (Vec::new(), Vec::new(), 0);
            for (frame, answers) in &frames {
                whole.extend(frame);
                wanted.extend(frame);
                for _ in 0..*answers {
                    whole.extend(PONG);
                    due += 1;
                }
            }
            let mut sieve = Sieve { due, ..Sieve::default() };
            let mut kept = Vec::new();
            let mut cuts = cuts.iter().cycle();
            let mut rest = whole.as_slice();
            while !rest.is_empty() {
                let (piece, after) = rest.split_at((*cuts.next().unwrap()).min(rest.len()));
                sieve.sift(piece, &mut kept);
                rest = after;
            }
            sieve.release(&mut kept);
            prop_assert_eq!(kept, wanted);
            prop_assert!(sieve.is_idle());
        }

        #[test]
        fn the_end_of_a_frame_is_known(frames in vec(any_frame(), 1..12), cut in any::<prop::sample::Index>()) {
            let mut ends = vec![PREFACE];
            let mut whole = vec![0; PREFACE];
            for frame in &frames {
                whole.extend(frame);
                ends.push(whole.len());
            }
            let cut = cut.index(whole.len() + 1);
            let mut seen = Frames::of_client();
            seen.pass(&whole[..cut]);
            prop_assert_eq!(seen.is_between(), ends.contains(&cut));
            seen.pass(&whole[cut..]);
            prop_assert!(seen.is_between());
        }
    }

    #[test]
    fn a_broken_off_answer_is_handed_on() {
        let mut sieve = Sieve::default();
        sieve.expect();
        let mut kept = Vec::new();
        sieve.sift(&PONG[..5], &mut kept);
        assert!(kept.is_empty() && !sieve.is_idle());
        sieve.release(&mut kept);
        assert_eq!(kept, PONG[..5]);
    }
}
