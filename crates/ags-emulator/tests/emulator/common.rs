//! An emulator, a client for its control plane and one for its gateway.

use std::{sync::Arc, time::Duration};

use ags_api::{
    Client, Limits, Secret,
    model::{
        AcquireSandboxInstanceTokenRequest, CreateSandboxToolRequest, CustomConfiguration,
        HttpGetAction, ImageRegistryType, NetworkConfiguration, NetworkMode, PortConfiguration,
        ProbeConfiguration, SandboxInstance, StartSandboxInstanceRequest, ToolType,
    },
};
use ags_emulator::{Emulator, EmulatorBuilder, InstanceRunner, InstanceView};
use ags_http::{Body, Deadline, HttpClient, HttpService as _, body, retry::RetryPolicy};
use ags_sign::Credential;
use bytes::Bytes;
use http::{Request, Response, StatusCode};

/// The port that the commands of these tests are written for.
pub(crate) const PORT: u16 = 8000;

/// A server of the standard library; it serves its directory.
pub(crate) const SERVE: &str = "exec python3 -m http.server 8000 --bind 127.0.0.1";

pub(crate) struct Rig {
    pub(crate) emulator: Emulator,
    pub(crate) client: Client,
    pub(crate) http: HttpClient,
}

/// An emulator whose instances run their commands.
pub(crate) fn commands() -> EmulatorBuilder {
    Emulator::builder().runner(InstanceRunner::Process)
}

impl Rig {
    pub(crate) async fn new() -> Self {
        Self::with(commands()).await
    }

    pub(crate) async fn with(builder: EmulatorBuilder) -> Self {
        let emulator = builder.start().await.unwrap();
        let http = HttpClient::builder()
            .ca_file(emulator.ca_file())
            .build()
            .unwrap();
        let client = client(emulator.credential(), &emulator.endpoint(), &http);
        Self {
            emulator,
            client,
            http,
        }
    }

    /// An active tool whose instances run `script` with the shell and are probed on [`PORT`].
    pub(crate) async fn tool(&self, name: &str, script: &str) -> String {
        let request = tool_request(name, script);
        self.client
            .create_sandbox_tool(&request)
            .await
            .unwrap()
            .reply
            .tool_id
            .unwrap()
    }

    pub(crate) async fn start(&self, tool: &str) -> SandboxInstance {
        self.start_with(StartSandboxInstanceRequest {
            tool_id: Some(tool.to_owned()),
            ..Default::default()
        })
        .await
    }

    pub(crate) async fn start_with(&self, request: StartSandboxInstanceRequest) -> SandboxInstance {
        self.client
            .start_sandbox_instance(&request)
            .await
            .unwrap()
            .reply
            .instance
            .unwrap()
    }

    /// A running instance of [`SERVE`] and a token for it.
    pub(crate) async fn serving(&self) -> (String, Secret) {
        let name = format!("serving-{}", self.emulator.tools().len());
        let tool = self.tool(&name, SERVE).await;
        let id = self.start(&tool).await.instance_id.unwrap();
        let token = self.token(&id).await;
        (id, token)
    }

    pub(crate) async fn token(&self, instance: &str) -> Secret {
        self.tokens(instance).await.0
    }

    pub(crate) async fn tokens(&self, instance: &str) -> (Secret, Option<Secret>) {
        let request = AcquireSandboxInstanceTokenRequest {
            instance_id: Some(instance.to_owned()),
            ..Default::default()
        };
        let reply = self
            .client
            .acquire_sandbox_instance_token(&request)
            .await
            .unwrap()
            .reply;
        (reply.token.unwrap(), reply.traffic_token)
    }

    pub(crate) fn url(&self, port: u16, instance: &str, path: &str) -> String {
        format!("https://{port}-{instance}.{}{path}", self.emulator.domain())
    }

    pub(crate) async fn send(
        &self,
        request: Request<Body>,
    ) -> Result<Response<Body>, ags_http::TransportError> {
        self.http
            .call(request, Deadline::after(Duration::from_secs(30)))
            .await
    }

    /// GETs `path` of [`PORT`].
    pub(crate) async fn get(
        &self,
        instance: &str,
        token: Option<&Secret>,
        path: &str,
    ) -> (StatusCode, Bytes) {
        let mut request = Request::get(self.url(PORT, instance, path));
        if let Some(token) = token {
            request = request.header("X-Access-Token", token.expose());
        }
        let answer = self
            .send(request.body(body::empty()).unwrap())
            .await
            .unwrap();
        let status = answer.status();
        (
            status,
            body::collect(answer.into_body(), 1 << 20).await.unwrap(),
        )
    }

    pub(crate) fn view(&self, instance: &str) -> InstanceView {
        self.emulator
            .instances()
            .into_iter()
            .find(|view| view.id == instance)
            .unwrap()
    }

    /// Waits for a status.
    pub(crate) async fn until(&self, instance: &str, status: &str) {
        self.emulator
            .wait_for_instances(|all| {
                all.iter()
                    .any(|view| view.id == instance && view.status == status)
            })
            .await;
    }

    /// Moves the clock and waits for a status.
    pub(crate) async fn until_advanced(&self, instance: &str, status: &str, delay: Duration) {
        self.emulator.advance(delay);
        self.until(instance, status).await;
    }

    /// The error code of a call that is refused.
    pub(crate) async fn refused(&self, action: &str, params: serde_json::Value) -> String {
        let error = self.client.call_json(action, &params).await.unwrap_err();
        error
            .code()
            .unwrap_or_else(|| panic!("{error:?}"))
            .as_str()
            .to_owned()
    }

    pub(crate) async fn call(&self, action: &str, params: serde_json::Value) -> serde_json::Value {
        self.client.call_json(action, &params).await.unwrap().reply
    }
}

/// A client that shows what the emulator answers as it comes: no retry, no limits of its own.
pub(crate) fn client(credential: Credential, endpoint: &str, http: &HttpClient) -> Client {
    Client::builder(credential)
        .region("ap-chongqing")
        .endpoint(endpoint)
        .unwrap()
        .http(Arc::new(http.clone()))
        .retry(RetryPolicy {
            max_attempts: 1,
            ..RetryPolicy::default()
        })
        .limits(Limits::unlimited())
        .build()
        .unwrap()
}

pub(crate) fn tool_request(name: &str, script: &str) -> CreateSandboxToolRequest {
    CreateSandboxToolRequest {
        tool_name: Some(name.to_owned()),
        tool_type: Some(ToolType::CUSTOM),
        network_configuration: Some(NetworkConfiguration {
            network_mode: Some(NetworkMode::PUBLIC),
            ..Default::default()
        }),
        custom_configuration: Some(CustomConfiguration {
            image: Some("python:3.11".to_owned()),
            image_registry_type: Some(ImageRegistryType::ENTERPRISE),
            command: Some(vec!["/bin/sh".to_owned(), "-c".to_owned()]),
            args: Some(vec![script.to_owned()]),
            ports: Some(vec![PortConfiguration {
                name: Some("http".to_owned()),
                port: Some(PORT.into()),
                ..Default::default()
            }]),
            probe: Some(ProbeConfiguration {
                http_get: Some(HttpGetAction {
                    path: Some("/".to_owned()),
                    port: Some(PORT.into()),
                    ..Default::default()
                }),
                ready_timeout_ms: Some(30_000),
                probe_timeout_ms: Some(1000),
                probe_period_ms: Some(1000),
                ..Default::default()
            }),
            ..Default::default()
        }),
        ..Default::default()
    }
}

/// The processes whose environment says that they are of `instance`.
pub(crate) fn processes_of(instance: &str) -> Vec<String> {
    let mark = format!("AGS_INSTANCE_ID={instance}");
    let all = std::fs::read_dir("/proc").unwrap().flatten();
    all.filter(|entry| {
        let environment = std::fs::read(entry.path().join("environ")).unwrap_or_default();
        environment
            .split(|byte| *byte == 0)
            .any(|variable| variable == mark.as_bytes())
    })
    .map(|entry| entry.file_name().to_string_lossy().into_owned())
    .collect()
}
