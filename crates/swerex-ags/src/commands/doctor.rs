//! `swerex-ags doctor`: whether a sandbox could be started, and if not, what to do.

mod control;
mod sandbox;

use serde_json::{Value, json};
use swerex_ags_deployment::source::{Origin, Resolved};

use crate::{
    context::Context,
    progress::Progress,
    report::{FAILED, Failure, Outcome},
};

/// Check settings, credentials, clock, network, TLS, quota and images; each with a remedy
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: swerex-ags doctor --deployment.region=ap-guangzhou")]
pub(crate) struct Args {}

/// How something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Fine,
    Doubtful,
    Wrong,
}

/// What was looked at, how it is, and what to do.
#[derive(Debug)]
struct Finding {
    what: &'static str,
    state: State,
    seen: String,
    remedy: String,
}

impl Finding {
    fn fine(what: &'static str, seen: impl Into<String>) -> Self {
        Self::new(what, State::Fine, seen, "")
    }

    fn new(
        what: &'static str,
        state: State,
        seen: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            what,
            state,
            seen: seen.into(),
            remedy: remedy.into(),
        }
    }
}

pub(crate) async fn run(_: Args, context: &Context) -> Outcome {
    let progress = Progress::spinner(&context.output);
    let findings = examine(context, &progress).await?;
    progress.done();
    tell(&findings, context)
}

async fn examine(context: &Context, progress: &Progress) -> Result<Vec<Finding>, Failure> {
    let look = |what: &str| progress.step(&format!("looking at {what}"));
    look("the settings");
    // What cannot be read at all is wrong usage, and nothing to examine.
    let resolved = context.resolved()?;
    let mut findings = Vec::new();
    let cloud = match context.cloud().await {
        Ok(cloud) => cloud,
        Err(failure) => {
            let remedy = "`swerex-ags config show` tells where each setting comes from";
            findings.push(Finding::new(
                "settings",
                State::Wrong,
                failure.text(),
                remedy,
            ));
            return Ok(findings);
        }
    };
    findings.push(Finding::fine("settings", "complete and well-formed"));
    findings.push(origin_of_credentials(&resolved, context));
    look("the control plane");
    let is_reached = control::answers(cloud, &mut findings).await;
    findings.push(sandbox::domain(&cloud.config));
    look("the gateway");
    findings.push(sandbox::gateway(&cloud.config).await);
    if is_reached {
        look("the quota");
        findings.push(control::quota(cloud).await);
        look("the tool and the images");
        findings.push(sandbox::server(cloud).await);
    }
    Ok(findings)
}

fn origin_of_credentials(resolved: &Resolved, context: &Context) -> Finding {
    const WHAT: &str = "credentials";
    if context.is_local_here() {
        return Finding::fine(WHAT, "the emulator's own");
    }
    let key = resolved
        .settings
        .iter()
        .find(|setting| setting.key.name == "secret_key");
    match key.map(|setting| &setting.origin) {
        Some(Origin::File(file)) => Finding::new(
            WHAT,
            State::Doubtful,
            format!("secret_key is in the file {file}"),
            "keep it out of files that are shared: set TENCENTCLOUD_SECRET_KEY",
        ),
        Some(origin) => Finding::fine(WHAT, format!("secret_key comes from: {origin}")),
        None => Finding::fine(WHAT, "there"),
    }
}

fn tell(findings: &[Finding], context: &Context) -> Outcome {
    let rows: Vec<Vec<String>> = findings
        .iter()
        .map(|finding| {
            let seen = if finding.remedy.is_empty() {
                finding.seen.clone()
            } else {
                format!("{} → {}", finding.seen, finding.remedy)
            };
            vec![
                word(finding.state).to_owned(),
                finding.what.to_owned(),
                seen,
            ]
        })
        .collect();
    let json: Value = findings
        .iter()
        .map(|finding| {
            json!({
                "check": finding.what, "state": word(finding.state),
                "seen": finding.seen, "remedy": finding.remedy,
            })
        })
        .collect();
    context.output.table(&["", "CHECK", "SEEN"], &rows, &json)?;
    let is_wrong = findings.iter().any(|finding| finding.state == State::Wrong);
    Ok(if is_wrong { FAILED } else { 0 })
}

fn word(state: State) -> &'static str {
    match state {
        State::Fine => "ok",
        State::Doubtful => "warn",
        State::Wrong => "FAIL",
    }
}
