//! Groups: `(…)` and everything that starts with `(?`.

use std::{collections::HashMap, fmt::Write as _};

use super::{Modes, Repeats, Translator, at};
use crate::pyrepr::repr;

/// The groups of a pattern, as far as it has been read.
#[derive(Default)]
pub(super) struct Groups {
    open: Vec<Open>,
    /// Those that capture: whether they are closed. Their numbers start at 1.
    closed: Vec<bool>,
    names: HashMap<String, usize>,
    /// Numbers that conditions name, and where; the groups may come later.
    wanted: Vec<(usize, usize)>,
}

/// A group that is open.
struct Open {
    start: usize,
    /// The modes outside of it.
    outside: Modes,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Captures(usize),
    /// Has so many bars.
    Condition(usize),
    Other,
}

impl Groups {
    /// The number of the next group that captures.
    fn number(&mut self) -> usize {
        self.closed.push(false);
        self.closed.len()
    }

    fn named(&mut self, name: &str, place: usize) -> Result<usize, String> {
        let number = self.number();
        match self.names.insert(name.to_owned(), number) {
            None => Ok(number),
            Some(before) => {
                let name = repr(name);
                let message = format!(
                    "redefinition of group name {name} as group {number}; was group {before}"
                );
                Err(at(place, &message))
            }
        }
    }

    fn number_of(&self, name: &str, place: usize) -> Result<usize, String> {
        let unknown = || at(place, &format!("unknown group name {}", repr(name)));
        self.names.get(name).copied().ok_or_else(unknown)
    }

    /// A reference back; the places are those of the two complaints.
    pub(super) fn refer(&self, number: usize, open: usize, invalid: usize) -> Result<(), String> {
        match number.checked_sub(1).and_then(|at| self.closed.get(at)) {
            Some(true) => Ok(()),
            Some(false) => Err(at(open, "cannot refer to an open group")),
            None => Err(at(invalid, &format!("invalid group reference {number}"))),
        }
    }

    pub(super) fn bar(&mut self, place: usize) -> Result<(), String> {
        match self.open.last_mut().map(|group| &mut group.kind) {
            Some(Kind::Condition(bars @ 0)) => *bars = 1,
            Some(Kind::Condition(_)) => {
                let message = "conditional backref with more than two branches";
                return Err(at(place, message));
            }
            _ => {}
        }
        Ok(())
    }

    fn close(&mut self, place: usize) -> Result<Modes, String> {
        let Some(group) = self.open.pop() else {
            return Err(at(place, "unbalanced parenthesis"));
        };
        if let Kind::Captures(number) = group.kind
            && let Some(closed) = self.closed.get_mut(number - 1)
        {
            *closed = true;
        }
        Ok(group.outside)
    }

    /// What is wrong when the pattern ends here.
    pub(super) fn end(&self) -> Result<(), String> {
        if let Some(group) = self.open.last() {
            return Err(at(group.start, "missing ), unterminated subpattern"));
        }
        for (number, place) in &self.wanted {
            if *number > self.closed.len() {
                return Err(at(*place, &format!("invalid group reference {number}")));
            }
        }
        Ok(())
    }
}

impl Translator<'_> {
    pub(super) fn group(&mut self, place: usize) -> Result<(), String> {
        let outside = self.modes;
        if self.next_if(|c| c == '?').is_none() {
            let number = self.groups.number();
            self.open(place, "(", Kind::Captures(number));
            return Ok(());
        }
        let unknown = |text: &str| Err(at(place + 1, &format!("unknown extension ?{text}")));
        match self.after()? {
            c @ (':' | '=' | '!' | '>') => self.open(place, &format!("(?{c}"), Kind::Other),
            '#' => self.note(place)?,
            '<' => match self.after()? {
                c @ ('=' | '!') => self.open(place, &format!("(?<{c}"), Kind::Other),
                c => return unknown(&format!("<{c}")),
            },
            'P' => match self.after()? {
                '<' => {
                    let start = self.at;
                    let name = self.name('>', start)?;
                    let number = self.groups.named(&name, start)?;
                    // The engine knows names or numbers, not both.
                    self.open(place, "(", Kind::Captures(number));
                }
                '=' => {
                    let start = self.at;
                    let name = self.name(')', start)?;
                    let number = self.groups.number_of(&name, start)?;
                    self.groups.refer(number, start, start)?;
                    self.item(&format!("(?:\\{number})"));
                }
                c => return unknown(&format!("P{c}")),
            },
            '(' => self.condition(place)?,
            c if c == '-' || "aiLmsux".contains(c) => {
                if let Some(flags) = self.flags(c, place)? {
                    self.open(place, &flags, Kind::Other);
                    if let Some(group) = self.groups.open.last_mut() {
                        group.outside = outside;
                    }
                }
            }
            c => return unknown(&c.to_string()),
        }
        Ok(())
    }

    /// `(?(1)…|…)`, or with a name.
    fn condition(&mut self, place: usize) -> Result<(), String> {
        let start = self.at;
        let name = self.text(')', start)?;
        let number = if name.bytes().all(|byte| byte.is_ascii_digit()) {
            let number = name.parse().unwrap_or(usize::MAX);
            if number == 0 {
                return Err(at(start, "bad group number"));
            }
            self.groups.wanted.push((number, start));
            number
        } else {
            check_name(&name, start)?;
            self.groups.number_of(&name, start)?
        };
        self.open(place, &format!("(?({number})"), Kind::Condition(0));
        Ok(())
    }

    pub(super) fn close(&mut self, place: usize) -> Result<(), String> {
        self.modes = self.groups.close(place)?;
        self.item(")");
        Ok(())
    }

    fn open(&mut self, start: usize, text: &str, kind: Kind) {
        self.position(text);
        let outside = self.modes;
        self.groups.open.push(Open {
            start,
            outside,
            kind,
        });
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
    fn name(&mut self, end: char, start: usize) -> Result<String, String> {
        let name = self.text(end, start)?;
        check_name(&name, start)?;
        Ok(name)
    }

    fn text(&mut self, end: char, start: usize) -> Result<String, String> {
        let mut text = String::new();
        loop {
            match self.next() {
                Some(c) if c == end => break,
                Some(c) => text.push(c),
                None if text.is_empty() => break,
                None => return Err(at(start, &format!("missing {end}, unterminated name"))),
            }
        }
        if text.is_empty() {
            return Err(at(start, "missing group name"));
        }
        Ok(text)
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

/// Names of groups are those of variables.
fn check_name(name: &str, start: usize) -> Result<(), String> {
    let is_letter = |c: char| c == '_' || c.is_alphabetic();
    let is_name =
        name.starts_with(is_letter) && name.chars().all(|c| is_letter(c) || c.is_numeric());
    if is_name {
        return Ok(());
    }
    let message = format!("bad character in group name {}", repr(name));
    Err(at(start, &message))
}
