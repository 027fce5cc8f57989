//! The key of the server in a sandbox: of each start, for nobody without it, and for everybody who has the account.

use std::{collections::BTreeSet, sync::Arc};

use ags_api::model::{
    CreateSandboxToolRequest, CustomConfiguration, EnvVar, NetworkConfiguration, NetworkMode,
    PauseSandboxInstanceRequest, ResumeSandboxInstanceRequest, SandboxInstance, ToolType,
};
use ags_emulator::Behaviour;
use swerex_ags_deployment::{
    TencentAgsDeployment,
    fleet::{Pool, PoolSettings},
    server_key,
};
use swerex_ags_runtime::{AgsRuntime, AgsRuntimeConfig, Secret, gateway};
use swerex_proto::Command;

use crate::lab::{LONG, Lab, account, shell};

const VARIABLE: &str = "SWEREX_AUTH_TOKEN";

/// The variables of an instance or a tool as they were asked for.
fn variables(custom: Option<&CustomConfiguration>) -> Vec<(String, String)> {
    let env = custom.and_then(|custom| custom.env.clone());
    let pair = |one: EnvVar| Some((one.name?, one.value?.expose().to_owned()));
    env.unwrap_or_default()
        .into_iter()
        .filter_map(pair)
        .collect()
}

fn key_of(lab: &Lab, id: &str) -> Option<String> {
    let instances = lab.emulator.instances();
    let instance = instances.iter().find(|one| one.id == id).unwrap();
    let variables = variables(instance.configuration.as_ref());
    let mut keys = variables.into_iter().filter(|(name, _)| name == VARIABLE);
    keys.next().map(|(_, key)| key)
}

/// A runtime with the gateway's token, and this key.
async fn with_key(lab: &Lab, id: &str, key: Option<&str>) -> AgsRuntime {
    #[derive(Debug)]
    struct Tokens(ags_api::Client, String);
    impl swerex_ags_runtime::Acquire for Tokens {
        fn acquire(
            &self,
        ) -> ags_http::BoxFuture<
            '_,
            Result<swerex_ags_runtime::AccessToken, swerex_ags_runtime::TokenError>,
        > {
            Box::pin(async {
                let request = ags_api::model::AcquireSandboxInstanceTokenRequest {
                    instance_id: Some(self.1.clone()),
                    ..Default::default()
                };
                let reply = self.0.call(&request).await.unwrap().reply;
                Ok(swerex_ags_runtime::AccessToken {
                    token: Secret::new(reply.token.unwrap().expose()),
                    traffic_token: None,
                    expires_at: None,
                })
            })
        }

        fn now(&self) -> i64 {
            0
        }
    }
    let base = gateway::endpoint(lab.config.port, id, &lab.config.domain).unwrap();
    let mut config = AgsRuntimeConfig::new(base);
    config.auth_token = key.map(Secret::from);
    let http = ags_http::HttpClient::builder()
        .ca_file(lab.emulator.ca_file())
        .build()
        .unwrap();
    let tokens =
        swerex_ags_runtime::TokenCache::new(Tokens(lab.account.client().clone(), id.to_owned()));
    AgsRuntime::new(config, Arc::new(http), Some(Arc::new(tokens))).unwrap()
}

async fn is_refused(runtime: &AgsRuntime) -> bool {
    let outcome = runtime.execute(&Command::shell("id")).await;
    matches!(outcome, Err(swerex_ags_runtime::Error::Unauthorized { .. }))
}

/// A tool of the account's owner.
async fn own_tool(lab: &Lab, kind: ToolType, env: Vec<EnvVar>) -> String {
    let custom = CustomConfiguration {
        image: Some("a".to_owned()),
        image_registry_type: Some("enterprise".into()),
        command: Some(vec!["serve".to_owned()]),
        env: Some(env),
        ports: serde_json::from_str(r#"[{"Name":"swerex","Port":8000,"Protocol":"TCP"}]"#).unwrap(),
        probe: serde_json::from_str(r#"{"HttpGet":{"Path":"/","Port":8000,"Scheme":"HTTP"}}"#)
            .unwrap(),
        ..Default::default()
    };
    let request = CreateSandboxToolRequest {
        tool_name: Some(format!("own-{kind}")),
        custom_configuration: (kind == ToolType::CUSTOM).then_some(custom),
        tool_type: Some(kind),
        network_configuration: Some(NetworkConfiguration {
            network_mode: Some(NetworkMode::PUBLIC),
            ..Default::default()
        }),
        ..Default::default()
    };
    let made = lab.account.client().call(&request).await.unwrap();
    made.reply.tool_id.unwrap()
}

fn variable(name: &str, value: &str) -> EnvVar {
    EnvVar {
        name: Some(name.to_owned()),
        value: Some(value.into()),
        ..Default::default()
    }
}

#[tokio::test]
async fn the_server_asks_for_a_key_of_its_own_start() {
    let lab = Lab::new().await;
    let journal = lab.directory.path().join("state");
    lab.account.keep_journal(&journal).unwrap();
    let (mut one, mut other) = (lab.started().await, lab.started().await);
    let (id, other_id) = (
        one.instance_id().unwrap().to_owned(),
        other.instance_id().unwrap(),
    );
    let (key, other_key) = (key_of(&lab, &id).unwrap(), key_of(&lab, other_id).unwrap());
    assert_ne!(key, other_key);
    assert!(key.len() >= 43, "256 bits: {}", key.len());
    for wrong in [None, Some("wrong"), Some(other_key.as_str())] {
        assert!(
            is_refused(&with_key(&lab, &id, wrong).await).await,
            "{wrong:?}"
        );
    }
    assert!(!is_refused(&with_key(&lab, &id, Some(&key)).await).await);
    // The platform's probe has none. A client that has a wrong one learns of it with its first question.
    let alive = with_key(&lab, &id, None).await.is_alive(LONG).await;
    assert!(alive.unwrap().is_alive);
    let wrong = with_key(&lab, &id, Some("wrong"))
        .await
        .is_alive(LONG)
        .await;
    assert!(matches!(
        wrong,
        Err(swerex_ags_runtime::Error::Unauthorized { .. })
    ));
    // Neither its commands see it, nor what is shown or kept, nor the tool that all share.
    let seen = shell(
        one.runtime().unwrap(),
        "env; tr '\\0' '\\n' </proc/self/cmdline",
    )
    .await;
    assert!(!seen.stdout.contains(&key) && !seen.stdout.contains(VARIABLE));
    assert!(!format!("{one:?} {:?}", one.runtime().unwrap()).contains(&key));
    for file in std::fs::read_dir(&journal).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        assert!(!text.contains(&key), "{text}");
    }
    let asked = ags_api::model::DescribeSandboxToolListRequest::default();
    let tools = lab.account.client().list_all(&asked).await.unwrap();
    let told = serde_json::to_string(&tools).unwrap();
    assert!(!told.contains(&key), "{told}");
    let view = lab.emulator.instances();
    let custom = view[0].configuration.clone().unwrap();
    let words = [custom.command.unwrap(), custom.args.unwrap()].concat();
    assert!(words.iter().all(|word| !word.contains(&key)));
    one.stop().await.unwrap();
    other.stop().await.unwrap();
    lab.nothing_runs("keys").await;
}

#[tokio::test]
async fn whoever_has_the_account_reads_the_key_back() {
    let lab = Lab::new().await;
    let id = lab.started().await.keep().unwrap();
    // Another machine: nothing is known there but the account.
    let elsewhere = account(&lab.emulator, &lab.config, LONG);
    let there = TencentAgsDeployment::with_account(lab.config.clone(), elsewhere.clone()).unwrap();
    let runtime = there.attach(&id).await.unwrap();
    assert_eq!(shell(&runtime, "echo well").await.stdout, "well\n");
    // It sleeps, with and without its memory, and has the same key when it wakes.
    for memory in [true, false] {
        let client = elsewhere.client();
        let pause = PauseSandboxInstanceRequest {
            instance_id: Some(id.clone()),
            memory: Some(memory),
            ..Default::default()
        };
        client.call(&pause).await.unwrap();
        until(&lab, &id, "PAUSED").await;
        let resume = ResumeSandboxInstanceRequest {
            instance_id: Some(id.clone()),
            ..Default::default()
        };
        client.call(&resume).await.unwrap();
        until(&lab, &id, "RUNNING").await;
        let runtime = there.attach(&id).await.unwrap();
        assert_eq!(shell(&runtime, "echo well").await.stdout, "well\n");
        assert!(is_refused(&with_key(&lab, &id, None).await).await);
    }
    // What is shown of it does not have it.
    let found: Option<SandboxInstance> =
        ags_api::poll::StatusBoard::new(elsewhere.client().clone())
            .instance(&id)
            .await
            .unwrap();
    let mut found = found.unwrap();
    let key = server_key::of(&found).unwrap();
    server_key::hide(&mut found);
    assert!(
        !serde_json::to_string(&found)
            .unwrap()
            .contains(key.expose())
    );
    lab.account.stop_instance(&id).await.unwrap();
}

async fn until(lab: &Lab, id: &str, status: &str) {
    let reached = lab
        .emulator
        .wait_for_instances(|all| all.iter().any(|one| one.id == id && one.status == *status));
    tokio::time::timeout(LONG, reached).await.unwrap();
}

#[tokio::test]
async fn sandboxes_of_a_pool_have_keys_of_their_own() {
    let lab = Lab::new().await;
    let pool = Pool::new(&lab.account, lab.config.clone(), PoolSettings::new(2)).unwrap();
    let (one, other) = (pool.take().await.unwrap(), pool.take().await.unwrap());
    let mut keys = BTreeSet::new();
    for deployment in [&one, &other] {
        shell(deployment.runtime().unwrap(), "true").await;
        keys.insert(key_of(&lab, deployment.instance_id().unwrap()).unwrap());
    }
    assert_eq!(keys.len(), 2);
    drop((one, other));
    assert!(pool.close().await.is_empty());
    lab.nothing_runs("the pool").await;
}

/// Nobody knows whether an instance's list replaces the tool's: what the tool's owner wants in the environment is there either way.
#[tokio::test]
async fn the_variables_of_the_users_own_tool_stay() {
    for lists in ["replace", "merge"] {
        let mut behaviour = Behaviour::default();
        behaviour.set("list-members", lists).unwrap();
        let mut lab = Lab::with(|builder| builder.behaviour(behaviour)).await;
        lab.config.tool_id = own_tool(&lab, ToolType::CUSTOM, vec![variable("A", "1")]).await;
        let mut deployment = lab.started().await;
        let id = deployment.instance_id().unwrap().to_owned();
        let seen = shell(deployment.runtime().unwrap(), "echo $A$SWEREX_AUTH_TOKEN").await;
        assert_eq!(seen.stdout, "1\n", "{lists}");
        assert!(
            is_refused(&with_key(&lab, &id, None).await).await,
            "{lists}"
        );
        deployment.stop().await.unwrap();
    }
}

#[tokio::test]
async fn a_key_that_somebody_chose_is_used_as_it_is() {
    let mut lab = Lab::new().await;
    lab.config.tool_id = own_tool(
        &lab,
        ToolType::CUSTOM,
        vec![variable(VARIABLE, "of-the-tool")],
    )
    .await;
    let mut of_the_tool = lab.started().await;
    let id = of_the_tool.instance_id().unwrap();
    assert_eq!(key_of(&lab, id).as_deref(), Some("of-the-tool"));
    of_the_tool.stop().await.unwrap();
    lab.config.auth_token = Some("of-the-user".into());
    let mut of_the_user = lab.started().await;
    let id = of_the_user.instance_id().unwrap();
    assert_eq!(key_of(&lab, id).as_deref(), Some("of-the-user"));
    of_the_user.stop().await.unwrap();
    lab.config.auth_token = Some("two words".into());
    let refused = TencentAgsDeployment::with_account(lab.config.clone(), lab.account.clone());
    let told = refused.unwrap_err().to_string();
    assert!(
        told.starts_with("auth_token has a blank") && !told.contains("two words"),
        "{told}"
    );
}

/// AGS brings the server of a `swebench` tool, which asks for nothing and is told nothing.
#[tokio::test]
async fn a_server_that_ags_brings_has_no_key() {
    let mut lab = Lab::new().await;
    lab.config.tool_id = own_tool(&lab, ToolType::SWEBENCH, Vec::new()).await;
    let mut deployment = lab.started().await;
    let id = deployment.instance_id().unwrap().to_owned();
    assert_eq!(key_of(&lab, &id), None);
    shell(deployment.runtime().unwrap(), "true").await;
    assert!(!is_refused(&with_key(&lab, &id, None).await).await);
    let there = TencentAgsDeployment::with_account(lab.config.clone(), lab.account.clone());
    shell(&there.unwrap().attach(&id).await.unwrap(), "true").await;
    deployment.stop().await.unwrap();
}
