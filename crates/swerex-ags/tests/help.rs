//! What each command says of itself, as people see it.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::Command;

/// Every command with its subcommands.
const COMMANDS: [&str; 37] = [
    "",
    "run",
    "shell",
    "cp",
    "up",
    "down",
    "ps",
    "tool",
    "tool list",
    "tool get",
    "tool create",
    "tool delete",
    "tool gc",
    "instance",
    "instance list",
    "instance get",
    "instance stop",
    "instance pause",
    "instance resume",
    "instance extend",
    "instance gc",
    "image",
    "image prewarm",
    "image list",
    "quota",
    "api",
    "config",
    "config show",
    "config check",
    "config options",
    "doctor",
    "serve",
    "shims",
    "agent-config",
    "emulator",
    "completions",
    "man",
];

fn help(command: &str) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_swerex-ags"))
        .args(command.split_whitespace())
        .arg("--help")
        .env("COLUMNS", "100")
        .output()
        .unwrap();
    assert!(
        output.status.success() && output.stderr.is_empty(),
        "{command}"
    );
    String::from_utf8(output.stdout).unwrap()
}

/// The help without the options that all commands share, which the first one shows.
fn own(text: &str) -> String {
    let mut own = String::new();
    let mut is_common = false;
    for line in text.lines() {
        if line == "Common options:" {
            is_common = true;
        } else if is_common && !line.is_empty() && !line.starts_with(' ') {
            is_common = false;
        }
        if !is_common {
            own.push_str(line.trim_end());
            own.push('\n');
        }
    }
    own
}

#[test]
fn every_command_explains_itself_with_an_example() {
    for command in COMMANDS {
        let text = help(command);
        assert!(
            text.contains("Example:") && text.contains("swerex-ags"),
            "{command}: {text}"
        );
        let shown = if command.is_empty() { text } else { own(&text) };
        let name = format!("help {command}").trim_end().replace(' ', "-");
        insta::assert_snapshot!(name, shown);
    }
}

#[test]
fn the_list_of_commands_is_whole() {
    for above in COMMANDS {
        let lines = help(above);
        let names = lines
            .lines()
            .skip_while(|line| *line != "Commands:")
            .skip(1)
            .take_while(|line| !line.is_empty())
            // What stands further in goes on with the line before.
            .filter_map(|line| line.strip_prefix("  ")?.split(' ').next())
            .filter(|name| !name.is_empty());
        for name in names {
            let command = format!("{above} {name}").trim_start().to_owned();
            let is_listed = COMMANDS.contains(&command.as_str());
            assert!(is_listed, "{command} is not in the list above");
        }
    }
}
