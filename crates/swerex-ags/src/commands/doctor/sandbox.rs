//! What a sandbox needs: a domain of its region, a gateway that answers, a tool, and a server that comes soon enough.

use std::time::Duration;

use ags_api::model::{
    DescribePreCacheImageListRequest, DescribeSandboxToolListRequest, ToolStatus,
};
use swerex_ags_deployment::{
    Connections, TencentAgsDeploymentConfig, domain_of, keys::DOMAIN_SUFFIX,
};
use swerex_ags_runtime::{AgsRuntime, AgsRuntimeConfig, Error, gateway};

use super::{Finding, State};
use crate::{context::Cloud, report::Failure};

/// How long the gateway may take to answer.
const GATEWAY_TIMEOUT: Duration = Duration::from_secs(10);
/// An instance that there is not: the gateway answers for it all the same.
const NOBODY: &str = "doctor";

pub(super) fn domain(config: &TencentAgsDeploymentConfig) -> Finding {
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
pub(super) async fn gateway(config: &TencentAgsDeploymentConfig) -> Finding {
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

/// Where the server in the sandbox comes from, and whether it comes soon enough.
pub(super) async fn server(cloud: &Cloud) -> Finding {
    const WHAT: &str = "server";
    let config = &cloud.config;
    if !config.tool_id.is_empty() {
        return tool(cloud).await;
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

/// The tool that the settings name.
async fn tool(cloud: &Cloud) -> Finding {
    const WHAT: &str = "tool";
    let id = &cloud.config.tool_id;
    let remedy = "`swerex-ags tool list` shows those that there are; without tool_id one is made";
    let request = DescribeSandboxToolListRequest {
        tool_ids: Some(vec![id.clone()]),
        ..Default::default()
    };
    let found = match cloud.client.call(&request).await {
        Ok(answer) => answer.reply.sandbox_tool_set.unwrap_or_default().pop(),
        Err(error) => {
            let seen = Failure::from(error).text_without_hint();
            return Finding::new(WHAT, State::Doubtful, seen, remedy);
        }
    };
    let Some(tool) = found else {
        let seen = format!("there is no tool {id} in {}", cloud.config.region);
        return Finding::new(WHAT, State::Wrong, seen, remedy);
    };
    let status = tool.status.unwrap_or(ToolStatus::ACTIVE);
    let seen = format!("{id} is {}", status.as_str());
    if status == ToolStatus::FAILED {
        return Finding::new(WHAT, State::Wrong, seen, remedy);
    }
    Finding::fine(WHAT, format!("{seen}; the server is as it says"))
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
