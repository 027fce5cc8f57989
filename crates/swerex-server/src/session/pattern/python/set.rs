//! Character sets: `[…]`.

use super::{Escaped, Translator, at};

impl Translator<'_> {
    pub(super) fn set(&mut self, place: usize) -> Result<(), String> {
        self.item("[");
        if self.next_if(|c| c == '^').is_some() {
            self.out.push('^');
        }
        // A bracket that comes first is one of the members.
        let mut is_first = true;
        loop {
            let start = self.at;
            if !is_first && self.next_if(|c| c == ']').is_some() {
                break;
            }
            is_first = false;
            let low = self.member(place)?;
            let mut ahead = self.rest.clone();
            let is_range = ahead.next() == Some('-') && ahead.next() != Some(']');
            if !is_range {
                low.push_to(&mut self.out);
                continue;
            }
            self.next();
            let high = self.member(place)?;
            match (&low, &high) {
                (Escaped::Char(from), Escaped::Char(to)) if from <= to => {
                    low.push_to(&mut self.out);
                    self.out.push('-');
                    high.push_to(&mut self.out);
                }
                _ => {
                    let range = format!("bad character range {}-{}", low.shown(), high.shown());
                    return Err(at(start, &range));
                }
            }
        }
        self.out.push(']');
        Ok(())
    }

    /// A character or an escape; `\b` is a backspace here.
    fn member(&mut self, set: usize) -> Result<Escaped, String> {
        let start = self.at;
        match self.next() {
            None => Err(at(set, "unterminated character set")),
            Some('\\') if self.next_if(|c| c == 'b').is_some() => Ok(Escaped::Char('\x08')),
            Some('\\') => self.escaped(start),
            Some(c) => Ok(Escaped::Char(c)),
        }
    }
}
