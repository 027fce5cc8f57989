//! `inspect`: what is known of a container or an image, as JSON or by a template. What is not there is an error.

use serde_json::{Value, json};

use super::{
    args::{InspectArgs, Kind},
    exec,
    images::{self, Images},
    listing::state,
    program::{find, say},
    records::Records,
    template::Template,
    trouble::Trouble,
};
use crate::output::Output;

pub(super) async fn run(
    args: InspectArgs,
    records: &Records,
    images: &Images,
    output: &Output,
) -> Result<u8, Trouble> {
    let template = args.format.as_deref().filter(|format| *format != "json");
    let template = match template.map(Template::parse).transpose() {
        Ok(template) => template,
        Err(error) => return Err(Trouble::absent(&error.to_string())),
    };
    let (mut found, mut missing) = (Vec::new(), Vec::new());
    for name in &args.names {
        match look(args.kind, name, records, images).await? {
            Some(value) => found.push(value),
            None => missing.push(name.as_str()),
        }
    }
    match &template {
        Some(template) => {
            for value in &found {
                match template.fill(value) {
                    Ok(line) => say(output, &line),
                    Err(error) => return Err(Trouble::absent(&error.to_string())),
                }
            }
        }
        // Whoever called may have had enough.
        None => drop(output.json(&Value::Array(found))),
    }
    if missing.is_empty() {
        return Ok(0);
    }
    let what = match args.kind {
        Kind::Any => "object",
        Kind::Container => "container",
        Kind::Image => "image",
    };
    let missing: Vec<String> = missing
        .into_iter()
        .map(|name| format!("Error: No such {what}: {name}"))
        .collect();
    Err(Trouble::absent(&missing.join("\n")))
}

async fn look(
    kind: Kind,
    name: &str,
    records: &Records,
    images: &Images,
) -> Result<Option<Value>, Trouble> {
    if kind != Kind::Image
        && let Some(record) = find(records, name)?
    {
        let is_running = exec::is_running(&record).await;
        let env: Vec<String> = record
            .env
            .iter()
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        let labels: serde_json::Map<String, Value> = record
            .labels
            .iter()
            .map(|(key, value)| (key.clone(), json!(value)))
            .collect();
        return Ok(Some(json!({
            "Id": record.id,
            "Name": format!("/{}", record.name),
            "Image": images::id(&record.image),
            "State": { "Status": state(is_running), "Running": is_running, "Paused": false },
            "Config": {
                "Image": record.image,
                "Cmd": record.command,
                "Env": env,
                "Labels": labels,
                "WorkingDir": record.workdir.unwrap_or_default(),
            },
        })));
    }
    if kind == Kind::Container {
        return Ok(None);
    }
    Ok(images
        .known(name)
        .map(|image| json!({ "Id": images::id(&image), "RepoTags": [image], "Os": "linux", "Architecture": "amd64" })))
}
