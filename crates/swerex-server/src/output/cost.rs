//! How many bytes of an answer output takes: what is escaped takes more than it is.

use crate::pyrepr::is_printable;

/// How a text gets into an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Written {
    /// As a JSON string.
    Plainly,
    /// As Python's `repr` of it, in a JSON string: so messages show it.
    Quoted,
}

impl Written {
    /// What these bytes take. Those that are no text are spelt out first.
    pub(super) fn cost(self, bytes: &[u8]) -> usize {
        // As a rule it is text, and looking for that is several times as fast.
        if let Ok(text) = std::str::from_utf8(bytes) {
            return self.of_text(text);
        }
        let chunks = bytes.utf8_chunks();
        chunks
            .map(|chunk| self.of_text(chunk.valid()) + chunk.invalid().len() * self.of_byte())
            .sum()
    }

    /// How many of the bytes take no more than that, and what they take; no character is cut.
    pub(super) fn fitting(self, bytes: &[u8], budget: usize) -> (usize, usize) {
        let all = self.cost(bytes);
        if all <= budget {
            return (bytes.len(), all);
        }
        let (mut length, mut cost) = (0, 0);
        for (size, price) in self.tokens(bytes) {
            if cost + price > budget {
                break;
            }
            length += size;
            cost += price;
        }
        (length, cost)
    }

    /// How many of the bytes take at least that; no character is cut.
    pub(super) fn covering(self, bytes: &[u8], wanted: usize) -> usize {
        let (mut length, mut cost) = (0, 0);
        for (size, price) in self.tokens(bytes) {
            if cost >= wanted {
                break;
            }
            length += size;
            cost += price;
        }
        length
    }

    /// Of each character, and each byte that is none: its length, and what it takes.
    fn tokens(self, bytes: &[u8]) -> impl Iterator<Item = (usize, usize)> {
        bytes.utf8_chunks().flat_map(move |chunk| {
            let text = chunk.valid().chars();
            let text = text.map(move |c| (c.len_utf8(), self.of_char(c)));
            text.chain(std::iter::repeat_n(
                (1, self.of_byte()),
                chunk.invalid().len(),
            ))
        })
    }

    fn of_text(self, text: &str) -> usize {
        match self {
            // All bytes of a character beyond ASCII count as themselves.
            Self::Plainly => text
                .bytes()
                .map(|byte| usize::from(IN_JSON[usize::from(byte)]))
                .sum(),
            Self::Quoted => text.chars().map(|c| self.of_char(c)).sum(),
        }
    }

    fn of_char(self, c: char) -> usize {
        let length = c.len_utf8();
        match self {
            Self::Plainly if c.is_ascii() => usize::from(IN_JSON[c as usize]),
            Self::Plainly => length,
            // `repr` escapes with backslashes, and JSON doubles these.
            Self::Quoted => match c {
                '\\' => 4,
                '\n' | '\r' | '\t' | '\'' => 3,
                '"' => 2,
                ' '..='~' => 1,
                c if is_printable(c) => length,
                '\0'..='\u{ff}' => 5,
                '\u{100}'..='\u{ffff}' => 7,
                _ => 11,
            },
        }
    }

    /// Of a byte that is no text: `\xNN`.
    fn of_byte(self) -> usize {
        match self {
            Self::Plainly => 5,
            Self::Quoted => 7,
        }
    }
}

/// Of each byte of text.
const IN_JSON: [u8; 256] = {
    let mut costs = [1; 256];
    let mut control = 0;
    while control < 0x20 {
        costs[control] = 6;
        control += 1;
    }
    let short = *b"\"\\\n\r\t\x08\x0c";
    let mut at = 0;
    while at < short.len() {
        costs[short[at] as usize] = 2;
        at += 1;
    }
    costs
};

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{json::quote, output::decode, pyrepr::repr};

    fn printed(text: &str) -> usize {
        let mut json = Vec::new();
        quote(text, &mut json);
        json.len() - 2
    }

    fn any_bytes() -> impl Strategy<Value = Vec<u8>> {
        let text = "[\\x00-\\x7f]{0,9}|[é☃日🦖\u{ad}\u{200b}\u{e0001}\u{80}]{0,9}";
        let text = text.prop_map(String::into_bytes);
        let binary = proptest::collection::vec(any::<u8>(), 0..9);
        proptest::collection::vec(prop_oneof![text, binary], 0..6).prop_map(|all| all.concat())
    }

    proptest! {
        #[test]
        fn it_is_what_printing_makes_of_it(bytes in any_bytes()) {
            let text = decode(bytes.clone());
            prop_assert_eq!(Written::Plainly.cost(&bytes), printed(&text));
            let quoted = printed(&repr(&text)) - printed(&repr(""));
            // Which quotes `repr` has depends on all of the text.
            let either = bytes.iter().filter(|byte| **byte == b'\'').count() * 2;
            let cost = Written::Quoted.cost(&bytes);
            prop_assert!((quoted..=quoted + either + 2).contains(&cost), "{cost} for {quoted}");
        }

        #[test]
        fn a_part_ends_with_a_character(bytes in any_bytes(), budget in 0_usize..40) {
            for written in [Written::Plainly, Written::Quoted] {
                let (length, cost) = written.fitting(&bytes, budget);
                let (front, back) = bytes.split_at(length);
                prop_assert_eq!(decode(bytes.clone()), decode(front.to_vec()) + &decode(back.to_vec()));
                prop_assert!(cost <= budget && cost == written.cost(front));
                let length = written.covering(&bytes, budget);
                prop_assert!(written.cost(&bytes[..length]) >= budget || length == bytes.len());
                let (front, back) = bytes.split_at(length);
                prop_assert_eq!(decode(bytes.clone()), decode(front.to_vec()) + &decode(back.to_vec()));
            }
        }
    }
}
