//! The lifetime of an instance that is in use: extended in time, and only as long as work goes on.

use std::time::Duration;

use ags_api::{ErrorKind, model::UpdateSandboxInstanceRequest};
use swerex_ags_runtime::AgsRuntime;
use tokio::task::JoinHandle;

use crate::{account::Account, config::TencentAgsDeploymentConfig, error::with_causes, units};

/// How often in a lifetime it is looked whether the sandbox is used. An extension that fails has two more chances.
const LOOKS: u32 = 4;

/// Extends an instance's lifetime until it is dropped.
#[derive(Debug)]
pub(crate) struct Extension(JoinHandle<()>);

impl Extension {
    /// `None` if the configuration does not ask for it.
    pub(crate) fn of(
        config: &TencentAgsDeploymentConfig,
        account: &Account,
        instance_id: &str,
        runtime: &AgsRuntime,
    ) -> Option<Self> {
        if !config.extend_timeout {
            return None;
        }
        let lifetime = units::lifetime(&config.timeout).ok()?;
        let request = UpdateSandboxInstanceRequest {
            instance_id: Some(instance_id.to_owned()),
            timeout: Some(config.timeout.clone()),
            ..Default::default()
        };
        let work = extend(account.clone(), request, runtime.clone(), lifetime / LOOKS);
        Some(Self(tokio::spawn(work)))
    }
}

impl Drop for Extension {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn extend(
    account: Account,
    request: UpdateSandboxInstanceRequest,
    runtime: AgsRuntime,
    pause: Duration,
) {
    let instance_id = request.instance_id.clone().unwrap_or_default();
    let (mut seen, _) = runtime.activity();
    let mut is_due = false;
    loop {
        tokio::time::sleep(pause).await;
        let (begun, under_way) = runtime.activity();
        is_due |= begun > seen || under_way > 0;
        seen = begun;
        if !is_due {
            continue;
        }
        match account.client().call(&request).await {
            Ok(_) => {
                is_due = false;
                account.tally().extensions.one_more();
                tracing::info!(instance_id, "it is in use: its lifetime begins anew");
            }
            Err(error)
                if matches!(
                    error.kind(),
                    Some(ErrorKind::NotFound | ErrorKind::InvalidParameter | ErrorKind::Auth(_))
                ) =>
            {
                let cause = with_causes(&error);
                tracing::warn!(instance_id, cause, "its lifetime cannot be extended");
                return;
            }
            // What is paused or overloaded now may not be the next time.
            Err(error) => {
                let cause = with_causes(&error);
                tracing::warn!(
                    instance_id,
                    cause,
                    "its lifetime was not extended; trying again"
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use ags_http::testing::{Recorded, Recorder};
    use swerex_ags_runtime::AgsRuntimeConfig;
    use swerex_proto::Command;

    use super::*;

    /// An account and a runtime whose peers answer well at once.
    fn world() -> (Account, Recorder, AgsRuntime) {
        let answer = |request: &Recorded| {
            let text = if request.uri.path() == "/execute" {
                r#"{"stdout":"","stderr":"","exit_code":0}"#
            } else {
                r#"{"Response":{"RequestId":"r"}}"#
            };
            let json = http::Response::builder().header("Content-Type", "application/json");
            Ok(json.body(ags_http::body::full(text)).unwrap())
        };
        let peer = Recorder::new(answer);
        let credential = ags_sign::Credential::new("id", "key").unwrap();
        let client = ags_api::Client::builder(credential)
            .region("ap-here")
            .http(Arc::new(peer.clone()))
            .build()
            .unwrap();
        let account = Account::with_client(client, Arc::new(peer.clone()));
        let at = AgsRuntimeConfig::new("http://127.0.0.1:1".parse().unwrap());
        let runtime = AgsRuntime::new(at, account.data(), None).unwrap();
        (account, peer, runtime)
    }

    fn extensions(peer: &Recorder) -> usize {
        let all = peer.requests();
        let is_one = |one: &&Recorded| one.header("x-tc-action") == "UpdateSandboxInstance";
        let found: Vec<&Recorded> = all.iter().filter(is_one).collect();
        for one in &found {
            assert!(one.text().contains(r#""Timeout":"40m""#), "{one:?}");
        }
        found.len()
    }

    #[tokio::test(start_paused = true)]
    async fn only_a_sandbox_in_use_lives_longer() {
        let (account, peer, runtime) = world();
        let mut config = TencentAgsDeploymentConfig::new("id", "key");
        config.timeout = "40m".to_owned();
        assert!(Extension::of(&config, &account, "sbi-1", &runtime).is_none());
        config.extend_timeout = true;
        let extension = Extension::of(&config, &account, "sbi-1", &runtime).unwrap();
        let minutes = |count: u64| tokio::time::sleep(Duration::from_secs(60 * count));

        minutes(35).await;
        assert_eq!(extensions(&peer), 0, "nobody used it");
        runtime.execute(&Command::shell("true")).await.unwrap();
        minutes(10).await;
        assert_eq!(extensions(&peer), 1);
        minutes(60).await;
        assert_eq!(extensions(&peer), 1, "nobody used it since");
        assert_eq!(account.counters().extensions, 1);
        runtime.execute(&Command::shell("true")).await.unwrap();
        drop(extension);
        minutes(60).await;
        assert_eq!(extensions(&peer), 1, "its deployment has ended");
    }
}
