//! The agents: each with a session behind the bridge and one without it.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use ags_http::{HttpClient, HttpService};
use futures_util::future::join_all;
use swerex_ags_deployment::{Account as CloudAccount, TencentAgsDeployment};
use swerex_ags_runtime::{AgsRuntime, AgsRuntimeConfig};
use swerex_proto::{
    Action, BashAction, Command, CreateBashSessionRequest, CreateSessionRequest, ReadFileRequest,
};

use crate::{
    account::Account,
    bridge::{Bridge, KEY},
};

/// How often each agent asks each thing.
const ROUNDS: usize = 10;

/// What an agent does between two questions: with 64 agents and three questions of two calls each, some 190 calls a second.
const PAUSE: Duration = Duration::from_secs(2);

/// The same question twice, in ms.
pub(super) struct Pair {
    pub(super) direct: f64,
    pub(super) bridged: f64,
}

/// What is asked.
#[derive(Clone, Copy)]
enum Question {
    RunInSession,
    Execute,
    ReadFile,
}

const QUESTIONS: [(&str, Question); 3] = [
    ("run_in_session", Question::RunInSession),
    ("execute", Question::Execute),
    ("read_file", Question::ReadFile),
];

/// All of them from beginning to end; what was measured, by call.
pub(super) async fn work(
    count: usize,
    account: &Account,
    bridge: &Bridge,
) -> BTreeMap<&'static str, Vec<Pair>> {
    let mut config = account.config();
    "bench".clone_into(&mut config.image);
    let cloud = CloudAccount::of(&config).unwrap();
    let http: Arc<dyn HttpService> = Arc::new(HttpClient::builder().build().unwrap());
    let agents = (0..count).map(|number| {
        let deployment = TencentAgsDeployment::with_account(config.clone(), cloud.clone()).unwrap();
        let base = format!("{}/v1/bench/agent-{number}", bridge.url);
        let bridged = AgsRuntimeConfig::new(base.parse().unwrap()).with_auth_token(KEY);
        let bridged = AgsRuntime::new(bridged, Arc::clone(&http), None).unwrap();
        tokio::spawn(live(number, count, deployment, bridged))
    });
    let mut all: BTreeMap<_, Vec<Pair>> = BTreeMap::new();
    for measured in join_all(agents).await {
        for (call, pair) in measured.unwrap() {
            all.entry(call).or_default().push(pair);
        }
    }
    all
}

async fn live(
    number: usize,
    count: usize,
    mut deployment: TencentAgsDeployment,
    bridged: AgsRuntime,
) -> Vec<(&'static str, Pair)> {
    let session = CreateSessionRequest::Bash(CreateBashSessionRequest::default());
    let opened = async {
        deployment.start().await.unwrap();
        let runtime = deployment.runtime().unwrap().clone();
        runtime.create_session(&session).await.unwrap();
        runtime
    };
    let (direct, created) = tokio::join!(opened, bridged.create_session(&session));
    created.unwrap();
    // Not all at the same moment.
    let share = u32::try_from(number).unwrap();
    tokio::time::sleep(PAUSE * share / u32::try_from(count).unwrap()).await;
    let mut pairs = Vec::new();
    for round in 0..=ROUNDS {
        tokio::time::sleep(PAUSE).await;
        for (call, question) in QUESTIONS {
            // Who is first changes, so that neither always finds the machine warm.
            let pair = if (round + number).is_multiple_of(2) {
                let direct = ask(&direct, question).await;
                let bridged = ask(&bridged, question).await;
                Pair { direct, bridged }
            } else {
                let bridged = ask(&bridged, question).await;
                let direct = ask(&direct, question).await;
                Pair { direct, bridged }
            };
            // The first round opens connections.
            if round > 0 {
                pairs.push((call, pair));
            }
        }
    }
    bridged.close().await.unwrap();
    deployment.stop().await.unwrap();
    pairs
}

/// Asks once; how many ms it took.
async fn ask(runtime: &AgsRuntime, question: Question) -> f64 {
    let begun = Instant::now();
    match question {
        Question::RunInSession => {
            let action = Action::Bash(BashAction::new("echo well"));
            let seen = runtime.run_in_session(&action).await.unwrap();
            assert_eq!(seen.output, "well\n");
        }
        Question::Execute => {
            let answer = runtime.execute(&Command::shell("echo well")).await.unwrap();
            assert_eq!(answer.stdout, "well\n");
        }
        Question::ReadFile => {
            let request = ReadFileRequest {
                path: "/etc/hostname".to_owned(),
                ..ReadFileRequest::default()
            };
            runtime.read_file(&request).await.unwrap();
        }
    }
    begun.elapsed().as_secs_f64() * 1000.0
}
