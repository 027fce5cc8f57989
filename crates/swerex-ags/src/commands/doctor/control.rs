//! What the control plane says: whether it can be reached and trusted, whether it lets us in, and how much room there is.

use ags_api::{
    ErrorKind, Phase,
    model::{DescribeQuotaOverviewRequest, DescribeSandboxInstanceListRequest},
};
use ags_http::TransportErrorKind;

use super::{Finding, State};
use crate::{context::Cloud, report::Failure};

/// Endpoint, TLS, credentials and clock, all by one harmless call; whether it was answered as it should be.
pub(super) async fn answers(cloud: &Cloud, findings: &mut Vec<Finding>) -> bool {
    let request = DescribeSandboxInstanceListRequest {
        limit: Some(1),
        ..Default::default()
    };
    let answer = cloud.client.call(&request).await;
    let endpoint = cloud.client.endpoint().to_string();
    let Err(error) = answer else {
        findings.push(Finding::fine("endpoint", format!("{endpoint} answers")));
        findings.push(tls(cloud));
        findings.push(Finding::fine("access", "the credentials are accepted"));
        findings.push(clock(cloud));
        return true;
    };
    let (what, remedy) = match (error.phase(), error.kind()) {
        (Phase::Service { .. }, Some(ErrorKind::Auth(_))) => ("access", error.hint()),
        (Phase::Service { .. }, _) => ("service", error.hint()),
        (Phase::Transport(lost), _) if lost.kind() == TransportErrorKind::Tls => (
            "tls",
            Some(
                "set ca_file to the issuer's certificate; skip_ssl_verify only for an internal endpoint",
            ),
        ),
        _ => (
            "endpoint",
            Some("check http_endpoint, the network and the proxy"),
        ),
    };
    let remedy =
        remedy.unwrap_or("see the message; it names the request id for the vendor's support");
    let seen = Failure::from(error.clone()).text_without_hint();
    findings.push(Finding::new(what, State::Wrong, seen, remedy));
    findings.push(clock(cloud));
    false
}

fn tls(cloud: &Cloud) -> Finding {
    const WHAT: &str = "tls";
    if cloud.config.skip_ssl_verify {
        return Finding::new(
            WHAT,
            State::Doubtful,
            "certificates are not checked",
            "leave skip_ssl_verify out, unless the endpoint is internal; ca_file names a private issuer",
        );
    }
    Finding::fine(WHAT, "the certificate is trusted")
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

pub(super) async fn quota(cloud: &Cloud) -> Finding {
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
    let mut seen = format!("{used} of {most} instances are in use");
    if used >= most {
        let remedy = "`swerex-ags instance gc` stops what nobody ended; one that is stopping counts for minutes";
        return Finding::new(WHAT, State::Wrong, seen, remedy);
    }
    if let (Some(most), Some(used)) = (quota.sandbox_tools, usage.sandbox_tools) {
        seen.push_str(&format!(", {used} of {most} tools"));
        if used >= most {
            let remedy = "`swerex-ags tool gc` deletes those that nobody uses; a start with a tool that is there needs no other";
            return Finding::new(WHAT, State::Doubtful, seen, remedy);
        }
    }
    Finding::fine(WHAT, seen)
}
