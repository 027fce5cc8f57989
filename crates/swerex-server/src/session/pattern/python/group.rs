//! Groups: `(…)` and everything that starts with `(?`.

use std::fmt::Write as _;

use super::{Repeats, Translator, at};

impl Translator<'_> {
    pub(super) fn group(&mut self, place: usize) -> Result<(), String> {
        let outside = self.modes;
        if self.next_if(|c| c == '?').is_none() {
            self.open(place, "(");
            return Ok(());
        }
        let unknown = |text: &str| Err(at(place + 1, &format!("unknown extension ?{text}")));
        match self.after()? {
            c @ (':' | '=' | '!' | '>') => self.open(place, &format!("(?{c}")),
            '#' => self.note(place)?,
            '<' => match self.after()? {
                c @ ('=' | '!') => self.open(place, &format!("(?<{c}")),
                c => return unknown(&format!("<{c}")),
            },
            'P' => match self.after()? {
                '<' => {
                    let name = self.name('>')?;
                    self.open(place, &format!("(?P<{name}>"));
                }
                '=' => {
                    let name = self.name(')')?;
                    self.item(&format!("(?P={name})"));
                }
                c => return unknown(&format!("P{c}")),
            },
            '(' => {
                let name = self.name(')')?;
                if name.chars().all(|c| c.is_ascii_digit()) {
                    self.open(place, &format!("(?({name})"));
                } else {
                    self.open(place, &format!("(?(<{name}>)"));
                }
            }
            c if c == '-' || c.is_ascii_alphabetic() => {
                if let Some(flags) = self.flags(c, place)? {
                    self.open(place, &flags);
                    if let Some((_, modes)) = self.open.last_mut() {
                        *modes = outside;
                    }
                }
            }
            c => return unknown(&c.to_string()),
        }
        Ok(())
    }

    pub(super) fn close(&mut self, place: usize) -> Result<(), String> {
        let Some((_, outside)) = self.open.pop() else {
            return Err(at(place, "unbalanced parenthesis"));
        };
        self.modes = outside;
        self.item(")");
        Ok(())
    }

    fn open(&mut self, place: usize, text: &str) {
        self.position(text);
        self.open.push((place, self.modes));
    }

    /// The next character, which must be there.
    fn after(&mut self) -> Result<char, String> {
        let place = self.at;
        self.next()
            .ok_or_else(|| at(place, "unexpected end of pattern"))
    }

    fn note(&mut self, place: usize) -> Result<(), String> {
        loop {
            match self.next() {
                Some(')') => return Ok(()),
                Some(_) => {}
                None => return Err(at(place, "missing ), unterminated comment")),
            }
        }
    }

    /// The name of a group, up to its end.
    fn name(&mut self, end: char) -> Result<String, String> {
        let start = self.at;
        let mut name = String::new();
        loop {
            match self.next() {
                Some(c) if c == end => break,
                Some(c) => name.push(c),
                None if name.is_empty() => return Err(at(start, "missing group name")),
                None => return Err(at(start, &format!("missing {end}, unterminated name"))),
            }
        }
        if name.is_empty() {
            return Err(at(start, "missing group name"));
        }
        if name.chars().all(|c| c == '_' || c.is_alphanumeric()) {
            return Ok(name);
        }
        let name = crate::pyrepr::repr(&name);
        Err(at(start, &format!("bad character in group name {name}")))
    }

    /// `(?flags)` for everything, or `(?flags:` for a group, which is what comes back.
    fn flags(&mut self, first: char, place: usize) -> Result<Option<String>, String> {
        let mut is_on = true;
        let (mut on, mut off) = (String::new(), String::new());
        let mut next = Some(first);
        loop {
            match next {
                Some('-') if is_on => is_on = false,
                Some(c @ ('i' | 's')) => if is_on { &mut on } else { &mut off }.push(c),
                // These two are seen to here, and not by the engine.
                Some('m') => self.modes.is_multiline = is_on,
                Some('x') => self.modes.is_verbose = is_on,
                Some('a' | 'L' | 'u') => {}
                Some(c @ (':' | ')')) => {
                    let dash = if off.is_empty() { "" } else { "-" };
                    let flags = format!("(?{on}{dash}{off}{c}");
                    if c == ':' {
                        return Ok(Some(flags));
                    }
                    if !self.is_at_start {
                        let message = "global flags not at the start of the expression";
                        return Err(at(place, message));
                    }
                    if flags != "(?)" {
                        // Writing to a string cannot fail.
                        let _ = write!(self.out, "{flags}");
                    }
                    self.repeats = Repeats::Nothing;
                    return Ok(None);
                }
                Some(c) if c.is_ascii_alphabetic() => return Err(at(self.at - 1, "unknown flag")),
                Some(_) => return Err(at(self.at - 1, "missing -, : or )")),
                None => return Err(at(self.at, "missing -, : or )")),
            }
            next = self.next();
        }
    }
}
