//! `swerex-ags api`: any action of the control plane, with JSON in and out.

use std::io::Read as _;

use ags_api::description::{self, ActionInfo, Kind, Problem};
use serde_json::{Value, json};

use crate::{
    context::Context,
    nearest::nearest,
    output::tree,
    plain,
    report::{Failure, Outcome},
};

/// Call any action of the AGS API with JSON
///
/// Without ACTION the actions are listed. What the API description finds wrong with the parameters is a warning: the service may be
/// newer than the description. Secrets in the reply are left out unless --show-secrets is given.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: swerex-ags api DescribeSandboxInstanceList '{\"Limit\": 5}'")]
pub(crate) struct Args {
    /// Name of the action, such as StartSandboxInstance
    action: Option<String>,
    /// Its parameters: JSON, @FILE, or - for stdin
    #[arg(default_value = "{}", hide_default_value = true)]
    parameters: String,
    /// Show what the action takes and gives, and call nothing
    #[arg(long, requires = "action")]
    explain: bool,
    /// Show tokens and keys of the reply
    #[arg(long)]
    show_secrets: bool,
}

/// What makes something that costs as long as nobody ends it.
const START: &str = "StartSandboxInstance";

pub(crate) async fn run(args: Args, context: &Context) -> Outcome {
    let Some(action) = &args.action else {
        return list(context);
    };
    let info = description::action(action).ok_or_else(|| unknown(action))?;
    if args.explain {
        return explain(info, context);
    }
    let parameters = parameters(&args.parameters)?;
    for problem in description::problems(info.input, &parameters) {
        context.output.warn(&worded(&problem, info));
    }
    let cloud = context.cloud().await?;
    let answer = cloud.client.call_json(action, &parameters).await?;
    let mut reply = answer.reply;
    if !args.show_secrets {
        hide(info.output, &mut reply);
    }
    if let Some(members) = reply.as_object_mut() {
        members
            .entry("RequestId")
            .or_insert_with(|| json!(answer.request_id));
    }
    let text = || plain::json(&format!("{reply:#}"));
    let Err(failure) = context.output.result(text, &reply) else {
        return Ok(0);
    };
    let instance = reply["Instance"]["InstanceId"].as_str();
    let Some(id) = instance.filter(|_| action == START) else {
        return Err(failure);
    };
    Err(match cloud.client.stop_if_there(id).await {
        Ok(_) => failure.led_to(format!(
            "the instance {id} was stopped, as nobody was told of it"
        )),
        Err(error) => failure.led_to(format!("the instance {id} may go on ({error})")),
    })
}

fn list(context: &Context) -> Outcome {
    let actions = description::actions();
    let rows: Vec<Vec<String>> = actions
        .iter()
        .map(|info| vec![info.name.to_owned(), info.summary.to_owned()])
        .collect();
    let json = actions
        .iter()
        .map(|info| json!({"action": info.name, "summary": info.summary}))
        .collect();
    context.output.table(&["ACTION", "SUMMARY"], &rows, &json)?;
    Ok(0)
}

fn unknown(action: &str) -> Failure {
    let known = description::actions().iter().map(|info| info.name);
    let remedy = match nearest(action, known) {
        Some(name) => format!("did you mean {name}?"),
        None => "`swerex-ags api` lists them".to_owned(),
    };
    Failure::usage(format!("there is no action `{action}`; {remedy}"))
}

fn parameters(text: &str) -> Result<Value, Failure> {
    let (origin, json) = match text.strip_prefix('@') {
        Some(file) => {
            let json = std::fs::read_to_string(file).map_err(|error| {
                Failure::usage(format!("cannot read the parameters from `{file}`: {error}"))
            })?;
            (file, json)
        }
        None if text == "-" => {
            let mut json = String::new();
            std::io::stdin()
                .read_to_string(&mut json)
                .map_err(|error| {
                    Failure::usage(format!("cannot read the parameters from stdin: {error}"))
                })?;
            ("stdin", json)
        }
        None => ("the argument", text.to_owned()),
    };
    let value: Value = serde_json::from_str(&json).map_err(|error| {
        Failure::usage(format!("the parameters in {origin} are not JSON: {error}"))
    })?;
    if value.is_object() {
        Ok(value)
    } else {
        Err(Failure::usage(format!(
            "the parameters in {origin} are no JSON object; write {{\"Name\": value}}"
        )))
    }
}

fn worded(problem: &Problem, info: &ActionInfo) -> String {
    let name = info.name;
    match problem {
        Problem::Missing(path) => format!("{name} requires `{path}`"),
        Problem::Unknown(path) => {
            let known = description::structure(info.input)
                .into_iter()
                .flat_map(|structure| structure.members)
                .map(|member| member.name);
            match nearest(path, known) {
                Some(near) => format!("{name} has no `{path}`; did you mean `{near}`?"),
                None => format!("{name} has no `{path}`"),
            }
        }
        Problem::Mistyped(path) => format!("{name}: `{path}` is of another type than the API's"),
        other => format!("{name}: {other:?}"),
    }
}

/// Replaces the members that must not be shown, as the description marks them.
fn hide(structure: &str, value: &mut Value) {
    let (Some(info), Some(members)) = (description::structure(structure), value.as_object_mut())
    else {
        return;
    };
    for member in info.members {
        let Some(value) = members.get_mut(member.name) else {
            continue;
        };
        if member.secret() {
            if !value.is_null() {
                *value = json!("[redacted]");
            }
            continue;
        }
        match (member.kind, value) {
            (Kind::Object(inner), value) => hide(inner, value),
            (Kind::List(inner), Value::Array(items)) => {
                items.iter_mut().for_each(|item| hide(inner, item));
            }
            _ => {}
        }
    }
}

/// What an action takes and gives.
fn explain(info: &ActionInfo, context: &Context) -> Outcome {
    let json = json!({
        "action": info.name,
        "summary": info.summary,
        "rate_limit_per_second": info.rate_limit_per_second,
        "parameters": members(info.input),
        "reply": members(info.output),
        "errors": info.errors,
    });
    context.output.result(|| tree(&json), &json)?;
    Ok(0)
}

fn members(structure: &str) -> Value {
    let Some(info) = description::structure(structure) else {
        return Value::Null;
    };
    info.members
        .iter()
        .map(|member| {
            let mut kind = match member.kind {
                Kind::String => "string".to_owned(),
                Kind::Integer | Kind::Unsigned => "integer".to_owned(),
                Kind::Float => "number".to_owned(),
                Kind::Bool => "bool".to_owned(),
                Kind::Strings => "list of strings".to_owned(),
                Kind::Object(name) => name.to_owned(),
                Kind::List(name) => format!("list of {name}"),
            };
            if member.required() {
                kind.push_str(", required");
            }
            if !member.known.is_empty() {
                kind.push_str(&format!(", one of {}", member.known.join(" | ")));
            }
            if !member.doc.is_empty() {
                kind.push_str(&format!(". {}", member.doc));
            }
            (member.name.to_owned(), Value::String(kind))
        })
        .collect::<serde_json::Map<_, _>>()
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_hidden_wherever_they_stand() {
        let mut reply = json!({"Token": "marker", "ExpiresAt": "x", "TrafficToken": null});
        hide("AcquireSandboxInstanceTokenResponse", &mut reply);
        assert_eq!(
            reply,
            json!({"Token": "[redacted]", "ExpiresAt": "x", "TrafficToken": null})
        );
    }

    #[test]
    fn parameters_are_a_json_object_from_wherever() {
        assert_eq!(parameters("{\"A\": 1}").unwrap(), json!({"A": 1}));
        assert!(
            parameters("[1]")
                .unwrap_err()
                .text()
                .contains("no JSON object")
        );
        assert!(
            parameters("@/no/such/file")
                .unwrap_err()
                .text()
                .contains("/no/such/file")
        );
        assert_eq!(parameters("{").unwrap_err().exit_code(), 2);
    }

    #[test]
    fn an_unknown_action_names_the_nearest() {
        let text = unknown("StartSandboxInstanc").text();
        assert!(
            text.contains("did you mean StartSandboxInstance?"),
            "{text}"
        );
    }
}
