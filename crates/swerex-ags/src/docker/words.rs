//! The words of one call, read from left to right as docker's own parser reads them.

use super::args::Misused;

/// The arguments of one command.
pub(super) struct Words<'a> {
    verb: &'a str,
    /// The letters that take a value: `-e A=1`, `-eA=1`. The others can be grouped: `-dit`.
    valued: &'static str,
    words: std::iter::Peekable<std::slice::Iter<'a, String>>,
    /// Letters of a group that are yet to be told.
    group: Option<(&'a str, &'a str)>,
}

/// An option, with its value if it came as one word with it.
pub(super) struct Word {
    /// With its dashes: `--name`, `-n`.
    pub(super) name: String,
    attached: Option<String>,
    /// The word in which it came.
    whole: String,
}

impl<'a> Words<'a> {
    pub(super) fn new(verb: &'a str, valued: &'static str, words: &'a [String]) -> Self {
        Self {
            verb,
            valued,
            words: words.iter().peekable(),
            group: None,
        }
    }

    /// The next option; `None` when the next word is none.
    pub(super) fn option(&mut self) -> Option<Word> {
        if let Some((whole, letters)) = self.group.take() {
            return self.letter(whole, letters);
        }
        let word = self
            .words
            .next_if(|word| word.starts_with('-') && word.len() > 1)?;
        match word.strip_prefix("--") {
            // What follows is no option, whatever it begins with.
            Some("") => None,
            Some(_) => {
                let (name, attached) = match word.split_once('=') {
                    Some((name, value)) => (name, Some(value.to_owned())),
                    None => (word.as_str(), None),
                };
                Some(Word {
                    name: name.to_owned(),
                    attached,
                    whole: word.clone(),
                })
            }
            None => self.letter(word, &word[1..]),
        }
    }

    /// The first of some grouped letters.
    fn letter(&mut self, whole: &'a str, letters: &'a str) -> Option<Word> {
        let mut rest = letters.chars();
        let letter = rest.next()?;
        let rest = rest.as_str();
        let attached = match rest.strip_prefix('=') {
            Some(value) => Some(value.to_owned()),
            None if self.valued.contains(letter) => (!rest.is_empty()).then(|| rest.to_owned()),
            None => {
                self.group = (!rest.is_empty()).then_some((whole, rest));
                None
            }
        };
        Some(Word {
            name: format!("-{letter}"),
            attached,
            whole: whole.to_owned(),
        })
    }

    /// The value of an option.
    ///
    /// # Errors
    /// There is none.
    pub(super) fn value(&mut self, word: Word) -> Result<String, Misused> {
        match word.attached.or_else(|| self.words.next().cloned()) {
            Some(value) => Ok(value),
            None => Err(self.misused(&match word.name.strip_prefix("--") {
                Some(_) => format!("flag needs an argument: {}", word.name),
                None => format!(
                    "flag needs an argument: '{}' in {}",
                    &word.name[1..],
                    word.whole
                ),
            })),
        }
    }

    /// Whether a switch is on: it may come as `--rm=false`.
    ///
    /// # Errors
    /// The value is neither true nor false.
    pub(super) fn is_on(&self, word: &Word) -> Result<bool, Misused> {
        match word.attached.as_deref() {
            None | Some("1" | "t" | "T" | "true" | "TRUE" | "True") => Ok(true),
            Some("0" | "f" | "F" | "false" | "FALSE" | "False") => Ok(false),
            Some(other) => Err(self.misused(&format!(
                "invalid argument \"{other}\" for \"{}\" flag: it should be true or false",
                word.name
            ))),
        }
    }

    /// What is said of an option that docker does not know either, or that a sandbox cannot honour.
    pub(super) fn unknown(&self, word: &Word) -> Misused {
        self.misused(&match word.name.strip_prefix("--") {
            Some(_) => format!(
                "unknown flag: {}: the stand-in for docker does not know it, or a sandbox cannot honour it",
                word.name
            ),
            None => format!(
                "unknown shorthand flag: '{}' in {}: the stand-in for docker does not know it, or a sandbox cannot honour it",
                &word.name[1..],
                word.whole
            ),
        })
    }

    /// A problem of this command.
    pub(super) fn misused(&self, problem: &str) -> Misused {
        Misused(format!("{}: {problem}", self.verb))
    }

    /// All words that are left.
    pub(super) fn rest(self) -> Vec<String> {
        self.words.cloned().collect()
    }

    pub(super) fn several(self, what: &str) -> Result<Vec<String>, Misused> {
        let verb = self.verb;
        let rest = self.rest();
        if rest.is_empty() {
            Err(Misused(format!("{verb}: {what} is needed")))
        } else {
            Ok(rest)
        }
    }

    pub(super) fn one(self, what: &str) -> Result<String, Misused> {
        let verb = self.verb;
        match <[String; 1]>::try_from(self.rest()) {
            Ok([word]) => Ok(word),
            Err(words) => Err(Misused(format!(
                "{verb}: {what} is needed, and nothing else; there are {} words",
                words.len()
            ))),
        }
    }

    pub(super) fn none(self) -> Result<(), Misused> {
        let verb = self.verb;
        match self.rest().first() {
            None => Ok(()),
            Some(word) => Err(Misused(format!(
                "{verb}: accepts no arguments, and {word} is one"
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Vec<(String, Option<String>)> {
        let line: Vec<String> = line.split(' ').map(str::to_owned).collect();
        let mut words = Words::new("run", "ew", &line);
        let mut read = Vec::new();
        while let Some(word) = words.option() {
            let name = word.name.clone();
            let is_valued = matches!(name.as_str(), "-e" | "-w" | "--env");
            let value = is_valued.then(|| words.value(word).unwrap());
            read.push((name, value));
        }
        read.push((words.rest().join(" "), None));
        read
    }

    fn told(read: &[(&str, Option<&str>)]) -> Vec<(String, Option<String>)> {
        read.iter()
            .map(|(name, value)| ((*name).to_owned(), value.map(str::to_owned)))
            .collect()
    }

    #[test]
    fn letters_are_grouped_and_hold_their_values() {
        let dit = [("-d", None), ("-i", None), ("-t", None), ("x -d", None)];
        assert_eq!(read("-dit x -d"), told(&dit));
        for line in [
            "-eA=1 x",
            "-e A=1 x",
            "-e=A=1 x",
            "--env A=1 x",
            "--env=A=1 x",
        ] {
            let read = read(line);
            assert_eq!(read[0].1.as_deref(), Some("A=1"), "{line}");
            assert_eq!(read[1].0, "x", "{line}");
        }
        let both = [("-d", None), ("-w", Some("/a")), ("x", None)];
        assert_eq!(read("-dw/a x"), told(&both));
        assert_eq!(read("-dw /a x"), told(&both));
        assert_eq!(read("-d -- -x"), told(&[("-d", None), ("-x", None)]));
        assert_eq!(read("-"), told(&[("-", None)]));
    }

    #[test]
    fn a_switch_can_be_off() {
        let of = |line: &str| {
            let line = [line.to_owned()];
            let mut words = Words::new("run", "", &line);
            let word = words.option().unwrap();
            words.is_on(&word)
        };
        assert_eq!(of("-i=false"), Ok(false));
        assert_eq!(of("--rm=0"), Ok(false));
        assert_eq!(of("--rm"), Ok(true));
        assert!(of("--rm=maybe").unwrap_err().0.contains("\"maybe\""));
    }
}
