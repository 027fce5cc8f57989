//! `swerex-ags config`: what is set, whether it is right, and what can be set.

use serde_json::{Value, json};
use swerex_ags_deployment::keys::{KEYS, Key, Kind, TYPE};

use crate::{
    context::Context,
    report::{Failure, Outcome},
};

/// Show, check and explain the settings
#[derive(Debug, clap::Subcommand)]
#[command(after_help = "Example: swerex-ags config show --config swe-agent.yaml")]
pub(crate) enum Command {
    /// Show each setting and where it comes from
    #[command(after_help = "Example: swerex-ags config show --deployment.region=ap-guangzhou")]
    Show,
    /// Check the settings without calling anybody
    #[command(after_help = "Example: swerex-ags config check --config instances.yaml")]
    Check,
    /// List what can be set
    #[command(after_help = "Example: swerex-ags config options -o json")]
    Options,
}

pub(crate) fn run(command: Command, context: &Context) -> Outcome {
    match command {
        Command::Show => show(context),
        Command::Check => check(context),
        Command::Options => options(context),
    }
}

fn show(context: &Context) -> Outcome {
    let resolved = context.resolved()?;
    let mut rows = vec![vec!["type".to_owned(), TYPE.to_owned(), "fixed".to_owned()]];
    let mut json = vec![json!({"key": "type", "value": TYPE, "origin": "fixed"})];
    for setting in &resolved.settings {
        let (key, origin) = (setting.key.name, setting.origin.to_string());
        json.push(json!({"key": key, "value": setting.value, "origin": origin, "default": setting.key.default}));
        rows.push(vec![key.to_owned(), setting.value.clone(), origin]);
    }
    let head = ["KEY", "VALUE", "FROM"];
    context.output.table(&head, &rows, &Value::Array(json))?;
    Ok(0)
}

fn check(context: &Context) -> Outcome {
    let resolved = context.resolved()?;
    // An emulator in this process brings its own credentials.
    if !context.is_local_here() {
        resolved
            .validate()
            .map_err(|error| Failure::misuse(&error))?;
    }
    context
        .output
        .result(|| "the settings are fine".to_owned(), &json!({"ok": true}))?;
    Ok(0)
}

fn options(context: &Context) -> Outcome {
    let rows: Vec<Vec<String>> = KEYS
        .iter()
        .map(|key| {
            vec![
                key.name.to_owned(),
                kind(key).to_owned(),
                key.default.to_owned(),
                key.env.unwrap_or_default().to_owned(),
                key.doc.to_owned(),
            ]
        })
        .collect();
    let json = KEYS
        .iter()
        .map(|key| {
            json!({
                "key": key.name, "type": kind(key), "default": key.default,
                "environment": key.env, "doc": key.doc, "flag": format!("--deployment.{}", key.name),
            })
        })
        .collect();
    let head = ["KEY", "TYPE", "DEFAULT", "ENVIRONMENT", "WHAT IT IS"];
    context.output.table(&head, &rows, &json)?;
    Ok(0)
}

fn kind(key: &Key) -> &'static str {
    match key.kind {
        Kind::Text => "text",
        Kind::Secret => "secret",
        Kind::Bool => "bool",
        Kind::Port => "port",
        Kind::Seconds => "seconds",
    }
}
