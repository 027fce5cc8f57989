//! `swerex-ags doctor`: whether a sandbox could be started, and if not, what to do.

use std::time::Duration;

use ags_api::{
    ErrorKind, Phase,
    model::{
        DescribePreCacheImageListRequest, DescribeQuotaOverviewRequest,
        DescribeSandboxInstanceListRequest,
    },
};
use serde_json::{Value, json};
use swerex_ags_deployment::{
    Connections, TencentAgsDeploymentConfig, domain_of,
    keys::DOMAIN_SUFFIX,
    source::{Origin, Resolved},
};
use swerex_ags_runtime::{AgsRuntime, AgsRuntimeConfig, Error, gateway};

use crate::{
    context::{Cloud, Context},
    progress::Progress,
    report::{FAILED, Failure, Outcome},
};

/// How long the gateway may take to answer.
const GATEWAY_TIMEOUT: Duration = Duration::from_secs(10);
/// An instance that there is not: the gateway answers for it all the same.
const NOBODY: &str = "doctor";

/// Check settings, credentials, clock, network, quota and images; each with a remedy
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
    let is_reached = control_plane(cloud, &mut findings).await;
    findings.push(domain(&cloud.config));
    look("the gateway");
    findings.push(gateway(&cloud.config).await);
    if is_reached {
        look("the quota");
        findings.push(quota(cloud).await);
        look("the images");
        findings.push(server(cloud).await);
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

/// Endpoint, TLS, credentials and clock, all by one harmless call; whether it was answered as it should be.
async fn control_plane(cloud: &Cloud, findings: &mut Vec<Finding>) -> bool {
    let request = DescribeSandboxInstanceListRequest {
        limit: Some(1),
        ..Default::default()
    };
    let answer = cloud.client.call(&request).await;
    let endpoint = cloud.client.endpoint().to_string();
    let Err(error) = answer else {
        findings.push(Finding::fine("endpoint", format!("{endpoint} answers")));
        findings.push(Finding::fine("access", "the credentials are accepted"));
        findings.push(clock(cloud));
        return true;
    };
    let what = match (error.phase(), error.kind()) {
        (Phase::Service { .. }, Some(ErrorKind::Auth(_))) => "access",
        (Phase::Service { .. }, _) => "service",
        _ => "endpoint",
    };
    let remedy = match what {
        "endpoint" => {
            "check http_endpoint, the network and the proxy; ca_file for a private certificate authority"
        }
        _ => error
            .hint()
            .unwrap_or("see the message; it names the request id for the vendor's support"),
    };
    let seen = Failure::from(error.clone()).text_without_hint();
    findings.push(Finding::new(what, State::Wrong, seen, remedy));
    findings.push(clock(cloud));
    false
}

fn clock(cloud: &Cloud) -> Finding {
    if cloud.client.counters().clock_corrections == 0 {
        return Finding::fine("clock", "within the five minutes that AGS allows");
    }
    Finding::new(
        "clock",
        State::Doubtful,
        "more than five minutes off; calls correct for it",
        "set this machine's clock",
    )
}

fn domain(config: &TencentAgsDeploymentConfig) -> Finding {
    let (domain, expected) = (&config.domain, domain_of(&config.region));
    if domain.ends_with(DOMAIN_SUFFIX) && !domain.starts_with(&format!("{}.", config.region)) {
        return Finding::new(
            "domain",
            State::Wrong,
            format!("{domain} is not of the region {}", config.region),
            format!("leave domain out, or set it to {expected}"),
        );
    }
    Finding::fine("domain", domain)
}

/// Whether the data plane answers; for an instance that there is not, any answer is a good one.
async fn gateway(config: &TencentAgsDeploymentConfig) -> Finding {
    const WHAT: &str = "gateway";
    let remedy = "check domain, the network and the proxy";
    let wrong = |seen: String| Finding::new(WHAT, State::Wrong, seen, remedy);
    let runtime = gateway::endpoint(config.port, NOBODY, &config.domain)
        .map_err(|error| Failure::of(&error))
        .and_then(|base| {
            let data = Connections::of(config)
                .map_err(|error| Failure::of(&error))?
                .data;
            AgsRuntime::new(AgsRuntimeConfig::new(base), data, None)
                .map_err(|error| Failure::of(&error))
        });
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(failure) => return wrong(failure.text()),
    };
    match runtime.is_alive(GATEWAY_TIMEOUT).await {
        Err(error @ (Error::NotSent { .. } | Error::UnknownOutcome { .. })) => {
            wrong(Failure::of(&error).text())
        }
        _ => Finding::fine(WHAT, format!("*.{} answers", config.domain)),
    }
}

async fn quota(cloud: &Cloud) -> Finding {
    const WHAT: &str = "quota";
    let reply = match cloud
        .client
        .call(&DescribeQuotaOverviewRequest::default())
        .await
    {
        Ok(answer) => answer.reply,
        Err(error) => {
            let seen = Failure::from(error).text_without_hint();
            return Finding::new(
                WHAT,
                State::Doubtful,
                seen,
                "allow DescribeQuotaOverview to see it",
            );
        }
    };
    let account = reply.account_quota_overview.unwrap_or_default();
    let (quota, usage) = (
        account.quota.unwrap_or_default(),
        account.usage.unwrap_or_default(),
    );
    let (Some(most), Some(used)) = (quota.sandbox_instances, usage.sandbox_instances) else {
        return Finding::new(WHAT, State::Doubtful, "the service does not tell", "");
    };
    let seen = format!("{used} of {most} instances are in use");
    if used < most {
        return Finding::fine(WHAT, seen);
    }
    let remedy =
        "`swerex-ags instance gc` stops what nobody ended; one that is stopping counts for minutes";
    Finding::new(WHAT, State::Wrong, seen, remedy)
}

/// Where the server in the sandbox comes from, and whether it comes soon enough.
async fn server(cloud: &Cloud) -> Finding {
    const WHAT: &str = "server";
    let config = &cloud.config;
    if !config.tool_id.is_empty() {
        return Finding::fine(WHAT, format!("as the tool {} has it", config.tool_id));
    }
    if config.mount_image.is_empty() {
        return Finding::new(
            WHAT,
            State::Doubtful,
            format!(
                "mount_image is empty: {} must hold swerex-remote itself",
                config.image
            ),
            "set mount_image and role_arn, or use an image with swerex-remote: installing it takes longer than AGS waits",
        );
    }
    let listed = cloud
        .client
        .list_all(&DescribePreCacheImageListRequest::default())
        .await;
    let is_cached = listed.is_ok_and(|images| {
        images
            .iter()
            .any(|image| image.image.as_deref() == Some(&config.mount_image))
    });
    let seen = format!("mounted from {}", config.mount_image);
    if is_cached {
        return Finding::fine(WHAT, format!("{seen}, which is at hand"));
    }
    let remedy = format!(
        "`swerex-ags image prewarm {}` makes first starts fast",
        config.mount_image
    );
    Finding::new(
        WHAT,
        State::Doubtful,
        format!("{seen}, which is not pre-cached"),
        remedy,
    )
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_of_another_region_is_wrong() {
        let mut config = TencentAgsDeploymentConfig::new("a", "b");
        assert_eq!(domain(&config).state, State::Fine);
        config.region = "ap-beijing".to_owned();
        let finding = domain(&config);
        assert_eq!(finding.state, State::Wrong);
        assert!(
            finding.remedy.ends_with("ap-beijing.tencentags.com"),
            "{finding:?}"
        );
        config.domain = "localhost:4433".to_owned();
        assert_eq!(
            domain(&config).state,
            State::Fine,
            "others know what they do"
        );
    }
}
