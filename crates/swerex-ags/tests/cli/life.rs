//! The life of one short agent: a sandbox, some work in it, the end.

use std::sync::Arc;

use ags_http::{HttpClient, HttpService};
use swerex_ags_runtime::{AgsRuntime, AgsRuntimeConfig, Error};
use swerex_proto::{
    Action, BashAction, Command, CreateBashSessionRequest, CreateSessionRequest, ReadFileRequest,
    WriteFileRequest,
};

/// Commands in the session.
const COMMANDS: usize = 5;

/// As SWE-ReX's client, it connects anew for each call.
pub(crate) fn client() -> Arc<dyn HttpService> {
    Arc::new(
        HttpClient::builder()
            .pool_max_idle_per_host(0)
            .build()
            .unwrap(),
    )
}

/// Lives it at an address of a bridge. `file` is for the agent to write.
pub(crate) async fn live(
    address: &str,
    key: &str,
    http: &Arc<dyn HttpService>,
    file: &str,
) -> Result<(), String> {
    let config = AgsRuntimeConfig::new(address.parse().unwrap()).with_auth_token(key);
    let server = AgsRuntime::new(config, Arc::clone(http), None).unwrap();
    let lived = work(&server, file).await;
    let closed = server.close().await;
    let told = |error: Error| {
        format!(
            "{address}: {error}: {:?}",
            std::error::Error::source(&error)
        )
    };
    lived.and_then(|()| closed.map(drop)).map_err(told)
}

async fn work(server: &AgsRuntime, file: &str) -> Result<(), Error> {
    let session = CreateSessionRequest::Bash(CreateBashSessionRequest::default());
    server.create_session(&session).await?;
    for number in 0..COMMANDS {
        let action = Action::Bash(BashAction::new(format!("echo well {number}")));
        let seen = server.run_in_session(&action).await?;
        assert_eq!(seen.output, format!("well {number}\n"));
    }
    let content = "x".repeat(10_000);
    let write = WriteFileRequest {
        path: file.to_owned(),
        content: content.clone(),
    };
    server.write_file(&write).await?;
    let counted = server
        .execute(&Command::shell(format!("wc -c <{file}")))
        .await?;
    assert_eq!(counted.stdout.trim(), "10000");
    let read = ReadFileRequest {
        path: file.to_owned(),
        ..ReadFileRequest::default()
    };
    assert_eq!(server.read_file(&read).await?.content, content);
    Ok(())
}
