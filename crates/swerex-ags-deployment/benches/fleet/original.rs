//! The same with the sequence of the Python original: each sandbox on its own.

use std::{sync::Arc, time::Duration};

use ags_api::{
    Client, Limits,
    model::{
        AcquireSandboxInstanceTokenRequest, CreateSandboxToolRequest, CustomConfiguration,
        DescribeSandboxInstanceListRequest, DescribeSandboxToolListRequest, HttpGetAction,
        NetworkConfiguration, NetworkMode, PortConfiguration, ProbeConfiguration,
        StartSandboxInstanceRequest, StopSandboxInstanceRequest, ToolType,
    },
};
use ags_http::{HttpService, retry::RetryPolicy};
use ags_sign::Credential;
use futures_util::future::join_all;
use swerex_ags_deployment::{Connections, TencentAgsDeploymentConfig};
use swerex_ags_runtime::{
    AccessToken, AgsRuntime, AgsRuntimeConfig, Secret, TokenError, TokenSource, gateway,
};
use swerex_proto::Command;
use tokio::time::Instant;

use crate::{account, ours::in_full, usage::Meter};

/// How often SWE-ReX looks whether a server is there.
const POLL: Duration = Duration::from_millis(250);

pub(super) async fn drive(count: usize, ready: &str) {
    let config = account::config(ready);
    let tool_id = tool(&config).await;
    let meter = Meter::start();
    let lives = (0..count).map(|number| {
        let (config, tool_id) = (config.clone(), tool_id.clone());
        tokio::spawn(async move { live(&config, &tool_id, number).await })
    });
    let failures: Vec<String> = join_all(lives)
        .await
        .into_iter()
        .filter_map(|life| life.unwrap().err())
        .collect();
    println!("{}", meter.read(&failures));
}

/// A client of its own, as for each call of the original; nothing is repeated, no limit kept.
fn client(config: &TencentAgsDeploymentConfig, http: Arc<dyn HttpService>) -> Client {
    let credential = Credential::new(&config.secret_id, config.secret_key.expose()).unwrap();
    Client::builder(credential)
        .region(&config.region)
        .endpoint(&config.http_endpoint)
        .unwrap()
        .http(http)
        .limits(Limits::unlimited())
        .retry(RetryPolicy::once())
        .build()
        .unwrap()
}

/// One tool for all: the original's user gives it, since the account has room for ten.
async fn tool(config: &TencentAgsDeploymentConfig) -> String {
    let client = client(config, Connections::of(config).unwrap().control);
    let request = CreateSandboxToolRequest {
        tool_name: Some("by-hand".to_owned()),
        tool_type: Some(ToolType::CUSTOM),
        network_configuration: Some(NetworkConfiguration {
            network_mode: Some(NetworkMode::PUBLIC),
            ..Default::default()
        }),
        custom_configuration: Some(custom(config, "image")),
        ..Default::default()
    };
    let reply = client.call(&request).await.unwrap().reply;
    reply.tool_id.unwrap()
}

fn custom(config: &TencentAgsDeploymentConfig, image: &str) -> CustomConfiguration {
    CustomConfiguration {
        image: Some(image.to_owned()),
        image_registry_type: Some(config.image_registry_type.clone().into()),
        command: Some(vec!["swerex-remote".to_owned()]),
        ports: Some(vec![PortConfiguration {
            port: Some(i64::from(config.port)),
            ..Default::default()
        }]),
        probe: Some(ProbeConfiguration {
            http_get: Some(HttpGetAction {
                path: Some("/".to_owned()),
                port: Some(i64::from(config.port)),
                scheme: Some("HTTP".into()),
                ..Default::default()
            }),
            ready_timeout_ms: Some(30_000),
            probe_timeout_ms: Some(1_000),
            probe_period_ms: Some(100),
            success_threshold: Some(1),
            failure_threshold: Some(100),
            ..Default::default()
        }),
        ..Default::default()
    }
}

async fn live(
    config: &TencentAgsDeploymentConfig,
    tool_id: &str,
    number: usize,
) -> Result<(), String> {
    let http = Connections::of(config).unwrap();
    let client = client(config, Arc::clone(&http.control));
    let verify = DescribeSandboxToolListRequest {
        tool_ids: Some(vec![tool_id.to_owned()]),
        ..Default::default()
    };
    client.call(&verify).await.map_err(in_full)?;
    let start = StartSandboxInstanceRequest {
        tool_id: Some(tool_id.to_owned()),
        timeout: Some("1h".to_owned()),
        custom_configuration: Some(custom(config, &format!("image:{number}"))),
        ..Default::default()
    };
    let reply = client.call(&start).await.map_err(in_full)?.reply;
    let id = reply.instance.unwrap().instance_id.unwrap();
    let used = use_it(config, &client, &http.data, &id).await;
    let stop = StopSandboxInstanceRequest {
        instance_id: Some(id),
        ..Default::default()
    };
    // The original swallows this one; it is counted here.
    client.call(&stop).await.map_err(in_full)?;
    used
}

async fn use_it(
    config: &TencentAgsDeploymentConfig,
    client: &Client,
    http: &Arc<dyn HttpService>,
    id: &str,
) -> Result<(), String> {
    let acquire = AcquireSandboxInstanceTokenRequest {
        instance_id: Some(id.to_owned()),
        ..Default::default()
    };
    let reply = client.call(&acquire).await.map_err(in_full)?.reply;
    let token = reply.token.unwrap();
    let at = gateway::endpoint(config.port, id, &config.domain).map_err(in_full)?;
    let settings = AgsRuntimeConfig {
        retry: RetryPolicy::once(),
        ..AgsRuntimeConfig::new(at)
    };
    let tokens = Arc::new(Fixed(Secret::new(token.expose())));
    let runtime = AgsRuntime::new(settings, Arc::clone(http), Some(tokens)).map_err(in_full)?;
    let end = Instant::now() + config.startup_timeout;
    loop {
        let look = DescribeSandboxInstanceListRequest {
            instance_ids: Some(vec![id.to_owned()]),
            ..Default::default()
        };
        let is_listed = client.call(&look).await.is_ok();
        if is_listed && runtime.is_alive(Duration::from_secs(1)).await.is_ok() {
            break;
        }
        if Instant::now() > end {
            return Err("it did not come up in time".to_owned());
        }
        tokio::time::sleep(POLL).await;
    }
    let answer = runtime.execute(&Command::shell("echo well")).await;
    answer.map(drop).map_err(in_full)
}

/// One token, never renewed.
#[derive(Debug)]
struct Fixed(Secret);

impl TokenSource for Fixed {
    fn token(&self) -> ags_http::BoxFuture<'_, Result<AccessToken, TokenError>> {
        let token = AccessToken {
            token: self.0.clone(),
            traffic_token: None,
            expires_at: None,
        };
        Box::pin(async { Ok(token) })
    }

    fn renew(&self, _: &AccessToken) -> ags_http::BoxFuture<'_, Result<AccessToken, TokenError>> {
        Box::pin(async { Err(TokenError::new("it is not renewed")) })
    }
}
