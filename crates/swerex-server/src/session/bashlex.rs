//! Which of its two words SWE-ReX answers for its prompt.
//!
//! It takes commands apart with the parser `bashlex`, and ends those that this cannot parse with another word, which clients see
//! in `expect_string`. What a command is has no other meaning here: bash gets it as it is, and what bash does not understand
//! never comes this far. So only the valid constructs are looked for that `bashlex` 0.18 knows nothing of: `case`, `select`,
//! `time`, `coproc`, `[[`, `for ((`, `$((`, `$[`, arrays, extended patterns, and here-documents whose delimiter is quoted.

use super::PROMPT;

/// The word for commands that `bashlex` cannot parse.
const FALLBACK: &str = "UNIQUESTRING29234";

/// Substitutions in substitutions; about where Python's recursion ends `bashlex`.
const MAX_DEPTH: usize = 100;

/// Words at a command's place that are beyond it.
const UNKNOWN: [&[u8]; 5] = [b"case", b"select", b"time", b"coproc", b"[["];

/// Words after which a command may start.
const BEFORE_COMMAND: [&[u8]; 10] = [
    b"if", b"then", b"elif", b"else", b"while", b"until", b"do", b"!", b"{", b"}",
];

/// The word for this command.
pub(super) fn prompt(command: &str) -> &'static str {
    let mut scan = Scan {
        rest: command.trim().as_bytes(),
        documents: Vec::new(),
        depth: 0,
    };
    if scan.commands(None).is_some() {
        PROMPT
    } else {
        FALLBACK
    }
}

/// A reader of shell text; `None` means that something unknown was found.
struct Scan<'a> {
    rest: &'a [u8],
    /// Delimiters of here-documents whose bodies start after the line, and whether tabs before them do not count.
    documents: Vec<(Vec<u8>, bool)>,
    depth: usize,
}

impl Scan<'_> {
    fn next(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    fn skip(&mut self, prefix: &[u8]) -> bool {
        match self.rest.strip_prefix(prefix) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn skip_blanks(&mut self) {
        while self.skip(b" ") || self.skip(b"\t") || self.skip(b"\\\n") {}
    }

    /// A substitution, up to the byte that ends it.
    fn inner(&mut self, end: u8) -> Option<()> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return None;
        }
        self.commands(Some(end))?;
        self.depth -= 1;
        Some(())
    }

    /// Reads up to the end, or to the byte that ends a substitution.
    fn commands(&mut self, end: Option<u8>) -> Option<()> {
        let mut is_start = true;
        let mut last_word: Vec<u8> = Vec::new();
        loop {
            self.skip_blanks();
            let Some(c) = self.rest.first().copied() else {
                return Some(());
            };
            if Some(c) == end {
                self.next();
                return Some(());
            }
            match c {
                b'#' => self.note(),
                b'\n' => {
                    self.next();
                    self.bodies();
                    is_start = true;
                }
                b';' | b'&' | b'|' | b')' => {
                    self.next();
                    is_start = true;
                }
                b'(' => {
                    if last_word == b"for" {
                        return None;
                    }
                    if is_start && self.skip(b"((") {
                        self.skip_arithmetic()?;
                    } else {
                        // A group, or the brackets of a function.
                        self.next();
                        is_start = true;
                    }
                }
                b'<' | b'>' => self.redirection()?,
                _ => {
                    let is_function = last_word == b"function";
                    let word = self.word(is_start || is_function)?;
                    if is_start && UNKNOWN.contains(&word.as_slice()) {
                        return None;
                    }
                    let is_name = is_function || word.ends_with(b"()");
                    is_start = is_name || (is_start && BEFORE_COMMAND.contains(&word.as_slice()));
                    last_word = word;
                    continue;
                }
            }
            last_word.clear();
        }
    }

    fn note(&mut self) {
        let end = memchr::memchr(b'\n', self.rest).unwrap_or(self.rest.len());
        self.rest = &self.rest[end..];
    }

    /// `<`, `>` and what belongs to them, without the word after them but for a here-document's.
    fn redirection(&mut self) -> Option<()> {
        if self.skip(b"<<<") {
            return Some(());
        }
        if !self.skip(b"<<") {
            self.next();
            if self.skip(b"(") {
                return self.inner(b')');
            }
            while self.skip(b">") || self.skip(b"&") || self.skip(b"|") {}
            return Some(());
        }
        let has_tabs = self.skip(b"-");
        self.skip_blanks();
        let length = self
            .rest
            .iter()
            .position(|byte| b" \t\n;&|<>()".contains(byte))
            .unwrap_or(self.rest.len());
        let (delimiter, rest) = self.rest.split_at(length);
        if delimiter.iter().any(|byte| b"'\"\\".contains(byte)) {
            return None;
        }
        self.documents.push((delimiter.to_vec(), has_tabs));
        self.rest = rest;
        Some(())
    }

    /// Skips the bodies of here-documents at the start of a line.
    fn bodies(&mut self) {
        for (delimiter, has_tabs) in std::mem::take(&mut self.documents) {
            while !self.rest.is_empty() {
                let length = memchr::memchr(b'\n', self.rest).unwrap_or(self.rest.len());
                let (mut line, rest) = self.rest.split_at(length);
                self.rest = rest.get(1..).unwrap_or_default();
                while has_tabs && let Some(shorter) = line.strip_prefix(b"\t") {
                    line = shorter;
                }
                if line == delimiter {
                    break;
                }
            }
        }
    }

    /// One word, quotes and all; `name()` is one word.
    fn word(&mut self, is_start: bool) -> Option<Vec<u8>> {
        let mut word = Vec::new();
        while let Some(c) = self.rest.first().copied() {
            match c {
                b' ' | b'\t' | b'\n' | b';' | b'&' | b'|' | b'<' | b'>' | b')' => break,
                b'(' => {
                    // A function, or else an array or an extended pattern.
                    let is_function = is_start && !word.contains(&b'=') && self.skip(b"()");
                    return is_function.then(|| {
                        word.extend_from_slice(b"()");
                        word
                    });
                }
                b'`' if self.rest.len() == 1 => self.rest = &[],
                _ => {
                    word.push(c);
                    self.piece(false)?;
                }
            }
        }
        // A number before a redirection, or nothing that is known.
        if word.is_empty() {
            self.next();
        }
        Some(word)
    }

    /// One character, or what it introduces.
    fn piece(&mut self, is_quoted: bool) -> Option<()> {
        match self.next()? {
            b'\\' => {
                self.next();
            }
            b'\'' if !is_quoted => while self.next().is_some_and(|c| c != b'\'') {},
            b'"' if !is_quoted => {
                while self.rest.first().is_some_and(|c| *c != b'"') {
                    self.piece(true)?;
                }
                self.next();
            }
            b'`' => return self.inner(b'`'),
            b'$' => return self.dollar(is_quoted),
            _ => {}
        }
        Some(())
    }

    fn dollar(&mut self, is_quoted: bool) -> Option<()> {
        if self.skip(b"((") || self.skip(b"[") {
            return None;
        }
        if self.skip(b"(") {
            return self.inner(b')');
        }
        if self.skip(b"{") {
            self.parameter();
        } else if !is_quoted && self.skip(b"'") {
            while let Some(c) = self.next()
                && c != b'\''
            {
                if c == b'\\' {
                    self.next();
                }
            }
        }
        Some(())
    }

    /// `${…}`, which `bashlex` does not look into.
    fn parameter(&mut self) {
        let mut depth = 1;
        while depth > 0 {
            match self.next() {
                None => return,
                Some(b'\\') => {
                    self.next();
                }
                Some(b'{') => depth += 1,
                Some(b'}') => depth -= 1,
                Some(_) => {}
            }
        }
    }

    /// `((…))` as a command is known, what is substituted in it is not.
    fn skip_arithmetic(&mut self) -> Option<()> {
        while !self.rest.is_empty() && !self.skip(b"))") {
            self.piece(true)?;
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Each was given to `bashlex.parse` of bashlex 0.18.
    const PARSED: &[&str] = &[
        "echo a",
        "m[a]=1",
        "echo ${m[@]}",
        "((1+1))",
        "(( i++ ))",
        "echo '$((1+1))'",
        "for i in 1 2; do echo $i; done",
        "if true; then echo; elif false; then echo; fi",
        "f() { echo; }",
        "function f { echo; }",
        "function f() { echo; }",
        "f() ( echo )",
        "{ echo a; }",
        "( echo a )",
        "! true",
        "a | b",
        "a |& b",
        "a && b || c",
        "a & b",
        "echo a &>> f",
        "echo a 2>&1",
        "echo a >| f",
        "cat <<< \"x\"",
        "diff <(a) <(b)",
        "tee >(cat)",
        "echo `date`",
        "echo \"$(echo \"$(date)\")\"",
        "echo $'a\\n'",
        "echo ${x:-$(date)}",
        "echo \"${x//a/b}\"",
        "A='x y' b",
        "A=$(date)",
        "[ 1 = 1 ]",
        "echo a # $((1))",
        "find . -name '*.py' -exec grep x {} \\;",
        "echo \"x !echo y\"",
        "x=1; while [ $x -lt 3 ]; do x=2; done",
        "printf '%s\\n' \"${a[@]}\"",
        "cat <<EOF\na\nEOF",
        "cat <<-EOF\n\ta\n\tEOF",
        "cat <<EOF | tr a b\na\nEOF",
        "cat <<EOF\na $((1+1)) `x` $(y)\nEOF\necho b",
        "cat <<A; cat <<B\na\nA\nb\nB",
        "# c\necho a",
        "a &&\nb",
        "a \\\n b",
        "while read l; do echo; done <<EOF\n1\nEOF",
        "echo \"a=(b)\"",
        "echo 'case'",
        "echo case in",
        "echo [[ x ]]",
        "${x[$((1))]}",
        "echo \"${x:$((1))}\"",
        "cat <<EOF\n$[1]\nEOF",
        "echo \"<<'EOF'\"",
        "# <<'EOF'\necho a",
        "cat <<$E\nx\n$E",
        "\\time x",
        "'time' x",
        "echo select",
        "echo }",
        "echo {",
        "<<<x cat",
        "echo $( (a) )",
        "echo '$('",
        "a ! b",
        "echo !$",
        "echo 'it'\"'\"'s'",
        "(\ncd x\nls\n)",
        "f() {\n echo x\n return 4\n}\nf x",
        "echo a>b",
        "echo $# $* $? $$",
    ];

    /// Likewise; it raises for each of these.
    const UNPARSED: &[&str] = &[
        "case x in x) echo;; esac",
        "[[ 1 == 1 ]] && echo yes",
        "A=()",
        "A=(1 2)",
        "declare -a m=(1 2)",
        "echo $((1+1))",
        "echo \"$((1+1))\"",
        "for ((i=0;i<3;i++)); do echo; done",
        "select x in a b; do break; done",
        "time sleep 1",
        "coproc cat",
        "echo $(case x in x) echo;; esac)",
        "echo !(a)",
        "shopt -s extglob; ls @(a|b)",
        "echo $[1+1]",
        "if [[ $x ]]; then echo; fi",
        "cat <<'EOF'\na\nEOF",
        "cat <<\"EOF\"\na\nEOF",
        "cat <<\\EOF\na\nEOF",
        "cat > f <<'EOF'\na\nEOF",
        "case x in\n x) echo X;;\nesac",
        "echo 'hw';A=();echo 'asdf'",
        "x+=(1)",
        "if true; then case x in y) ;; esac; fi",
        "! time x",
        "a; time b",
        "a && [[ x ]]",
        "{ [[ x ]]; }",
        "( [[ x ]] )",
        "while [[ x ]]; do :; done",
        "echo $( [[ x ]] )",
        "echo ?(a)",
        "echo `echo $((1))`",
        "cat <<-'E'\nx\nE",
        "cat 2<<'E'\nx\nE",
        "f() { [[ x ]]; }",
        "function g { case x in x) ;; esac; }",
        "cat <(echo $((1)))",
        "x=$(cat <<'E'\nx\nE\n)",
        "((x=$((1))))",
        "for x in $((1)); do :; done",
        "while true; do time x; done",
        "let x=$((1))",
        "x=1 y=(1)",
        "echo \\$((1+1))",
        "cat <<EOF >f && echo $((1))\nx\nEOF",
        "cat<<<$((1))",
        "> $((1))",
        "i=0; while [ $i -lt 3 ]; do echo $i; i=$((i+1)); done",
        "time -p a",
    ];

    #[test]
    fn the_word_is_that_of_swe_rex() {
        for command in PARSED {
            assert_eq!(prompt(command), PROMPT, "{command}");
        }
        for command in UNPARSED {
            assert_eq!(prompt(command), FALLBACK, "{command}");
        }
    }

    #[test]
    fn depth_is_bounded() {
        let nested =
            |depth: usize| format!("echo {}x{}", "\"$(".repeat(depth), ")\"".repeat(depth));
        assert_eq!(prompt(&nested(MAX_DEPTH)), PROMPT);
        assert_eq!(prompt(&nested(1_000_000)), FALLBACK);
    }

    proptest! {
        #[test]
        fn any_text_has_a_word(command in "[a-z$(){}\\[\\]<>'\"`;&|#=!\\\\\n\t -]{0,40}") {
            prompt(&command);
        }
    }
}
