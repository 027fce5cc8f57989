//! From the arguments to a command, or to one line that says what is wrong with them.

use std::ffi::{OsStr, OsString};

use clap::{CommandFactory as _, Parser as _, error::ErrorKind};

use crate::{
    args::Cli,
    flags::{self, Setting},
    output::Format,
    report::{Failure, USAGE},
};

/// What the arguments ask for.
#[derive(Debug)]
pub(crate) enum Usage {
    /// This command, with these dotted flags.
    Run(Box<Cli>, Vec<Setting>),
    /// This text: help or version.
    Show(String),
    /// They are wrong; the format is the one that they seem to want.
    Wrong(Failure, Format),
}

impl Usage {
    /// Reads the arguments after the program's name.
    pub(crate) fn of(args: Vec<OsString>) -> Self {
        let format = wanted_format(&args);
        let (settings, rest) = match flags::split(args) {
            Ok(split) => split,
            Err(failure) => return Self::Wrong(failure, format),
        };
        let program = [OsString::from("swerex-ags")];
        let help = help_of(&rest);
        match Cli::try_parse_from(program.into_iter().chain(rest)) {
            Ok(cli) => Self::Run(Box::new(cli), settings),
            Err(error) => match error.kind() {
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
                    Self::Show(error.render().to_string())
                }
                _ => Self::Wrong(on_one_line(&error, &help), format),
            },
        }
    }
}

/// The command line that explains the command among these arguments, as far as there is one.
fn help_of(args: &[OsString]) -> String {
    let mut command = &Cli::command();
    let mut line = "swerex-ags".to_owned();
    for name in args.iter().take_while(|arg| *arg != "--") {
        if let Some(found) = command.find_subcommand(name) {
            command = found;
            line = format!("{line} {}", found.get_name());
        }
    }
    format!("{line} --help")
}

/// What is wrong and the remedy, without the synopsis: `help` has that.
fn on_one_line(error: &clap::Error, help: &str) -> Failure {
    debug_assert_eq!(error.exit_code(), i32::from(USAGE));
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        return Failure::usage("a command is missing").hint(format!("`{help}` lists them"));
    }
    let text = error.render().to_string();
    let mut tip = None;
    let mut parts: Vec<String> = Vec::new();
    for line in text.lines() {
        let line = line.trim();
        if line.starts_with("Usage:") || line.starts_with("For more information") {
            break;
        }
        if line.is_empty() {
            continue;
        }
        match line.strip_prefix("tip: ") {
            Some(words) => tip = Some(words.to_owned()),
            None if parts.is_empty() => {
                parts.push(line.strip_prefix("error: ").unwrap_or(line).to_owned());
            }
            None => parts.push(format!(" {line}")),
        }
    }
    let hint = tip.unwrap_or_else(|| match error.kind() {
        ErrorKind::UnknownArgument | ErrorKind::MissingRequiredArgument
            if help.contains(" run ") =>
        {
            "the command comes after --, as in swerex-ags run -- ls".to_owned()
        }
        ErrorKind::InvalidSubcommand => format!("`{help}` lists them"),
        _ => format!("`{help}` has an example"),
    });
    Failure::usage(parts.concat()).hint(hint)
}

/// The format that is asked for, read without understanding the rest.
fn wanted_format(args: &[OsString]) -> Format {
    let ours = args.iter().take_while(|arg| *arg != "--");
    let mut before: Option<&OsStr> = None;
    for arg in ours {
        let is_value = before.is_some_and(|flag| flag == "-o" || flag == "--output");
        if (is_value && arg == "json")
            || arg == "--output=json"
            || arg == "-ojson"
            || arg == "-o=json"
        {
            return Format::Json;
        }
        before = Some(arg);
    }
    Format::Text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(line: &str) -> (String, Format) {
        match Usage::of(line.split(' ').map(OsString::from).collect()) {
            Usage::Wrong(failure, format) => {
                assert_eq!(failure.exit_code(), USAGE);
                (failure.text(), format)
            }
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn what_is_wrong_fits_on_one_line() {
        let cases = [
            ("run --imag x -- true", "unexpected argument '--imag' found"),
            (
                "rum",
                "unrecognized subcommand 'rum'; a similar subcommand exists: 'run'",
            ),
            (
                "completions",
                "the following required arguments were not provided: <SHELL>",
            ),
            (
                "xyz",
                "unrecognized subcommand 'xyz'; `swerex-ags --help` lists them",
            ),
            ("completions fush", "invalid value 'fush' for '<SHELL>'"),
            (
                "tool",
                "a command is missing; `swerex-ags tool --help` lists",
            ),
            (
                "tool list x",
                "unexpected argument 'x' found; `swerex-ags tool list --help` has an example",
            ),
            (
                "run ls",
                "unexpected argument 'ls' found; the command comes after --, as in swerex-ags run -- ls",
            ),
            (
                "-o yaml ps",
                "invalid value 'yaml' for '--output <FORMAT>' [possible values: text, json]; `swerex-ags ps --help`",
            ),
        ];
        for (line, expected) in cases {
            let (text, format) = wrong(line);
            assert!(text.starts_with(expected), "{line}: {text}");
            assert!(!text.contains('\n') && format == Format::Text, "{text}");
        }
    }

    #[test]
    fn errors_go_out_as_they_seem_to_be_wanted() {
        assert_eq!(wrong("rum -o json").1, Format::Json);
        assert_eq!(wrong("--output=json rum").1, Format::Json);
        assert_eq!(wrong("rum x -- -o json").1, Format::Text);
    }

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
