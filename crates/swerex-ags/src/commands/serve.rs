//! `swerex-ags serve`: the bridge between unmodified SWE-ReX clients and AGS.

mod prewarm;

use std::{net::SocketAddr, sync::Arc};

use serde_json::json;
use tokio::net::TcpListener;
use uuid::Uuid;

use self::prewarm::Prewarm;
use crate::{
    auth_token::AuthToken,
    context::Context,
    images,
    report::{FAILED, Failure, Outcome},
    sandbox,
    serve::{
        address::Address,
        ags::AgsStarter,
        bridge::{Bridge, Key, STOP_LIMIT, Settings},
        descriptors,
        pool::Pool,
    },
    span::Span,
};

/// Serve SWE-ReX on a local port, one virtual server for each path /v1/IMAGE/INSTANCE
///
/// An agent's `create_session` starts a sandbox of that image; its `/close` frees it. IMAGE and INSTANCE are percent-encoded (`/` as %2F).
/// SWE-agent users write `deployment: {type: remote, host: "http://127.0.0.1:8866/v1/IMAGE/INSTANCE", auth_token: …}`;
/// `swerex-ags agent-config` does it for them. Without a key of yours the bridge makes one at random and prints it once.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: swerex-ags serve --prewarm instances.json --prewarm python:3.12=4"
)]
pub(crate) struct Args {
    /// Where to listen; another address than loopback lets others use the account
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8866", value_parser = address)]
    listen: SocketAddr,
    #[command(flatten)]
    auth_token: AuthToken,
    /// Free a sandbox after so long without a call
    #[arg(long, value_name = "SPAN", default_value = "45m", value_parser = Span::positive)]
    idle_timeout: Span,
    /// Answer an agent with an error when no sandbox came up for so long; SWE-ReX gives up after 300 s
    #[arg(long, value_name = "SPAN", default_value = "285s", value_parser = Span::positive)]
    start_timeout: Span,
    /// Keep COUNT started sandboxes of IMAGE ready (1 unless given), for agents that then wait for nothing; or, for a FILE with a list of
    /// images or SWE-agent's instances, have AGS pre-cache those images first. May be given more than once
    #[arg(long, value_name = "IMAGE[=COUNT]|FILE")]
    prewarm: Vec<Prewarm>,
}

fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse()
        .map_err(|_| "write IP:PORT, as in 127.0.0.1:8866; port 0 is any free one".to_owned())
}

pub(crate) async fn run(args: Args, context: &Context) -> Outcome {
    let given = args.auth_token.given()?;
    let is_random = given.is_none();
    let key = given.unwrap_or_else(|| format!("brk_{}", Uuid::new_v4().simple()));
    let cloud = context.cloud().await?;
    for prewarm in &args.prewarm {
        if let Prewarm::Cached(file) = prewarm {
            let images = images::read(file)?;
            let warmed = super::image::warm(images, context);
            context.until_interrupted(warmed).await?;
        }
    }
    // An emulator in this process starts programs, which are to find the limit as it was.
    if !context.is_local_here() {
        descriptors::raise();
    }
    let listener = TcpListener::bind(args.listen).await.map_err(|error| {
        Failure::because(
            format!("--listen {}: cannot listen there", args.listen),
            &error,
        )
    })?;
    let at = listener
        .local_addr()
        .map_err(|error| Failure::because("the listener has no address", &error))?;
    if !at.ip().is_loopback() {
        context
            .output
            .warn("not on loopback: whoever has the key can start sandboxes on this account");
    }
    context.keep_journal(&cloud.account)?;
    let starter = AgsStarter {
        config: cloud.config.clone(),
        account: cloud.account.clone(),
    };
    let settings = Settings {
        idle_timeout: args.idle_timeout.0,
        start_timeout: args.start_timeout.0,
        only: None,
    };
    let pool = Pool::new(Arc::new(starter), cloud.config.lifetime() / 2);
    let bridge = Bridge::new(Key::new(key.clone()), settings, Arc::new(pool.clone()));

    let url = format!("http://{at}");
    let example = Address {
        image: cloud.config.image.clone(),
        instance: "INSTANCE".to_owned(),
    }
    .path()
    .map_err(|error| Failure::misuse(&error))?;
    let told = if is_random { key } else { String::new() };
    context.output.result(
        || {
            let token = if is_random {
                format!("auth_token: {told}\n")
            } else {
                String::new()
            };
            format!("listening on {url}\n{token}host: {url}{example}\n")
        },
        &json!({ "url": url, "auth_token": is_random.then_some(&told) }),
    )?;
    // Not before somebody knows where.
    for prewarm in &args.prewarm {
        if let Prewarm::Started { image, count } = prewarm {
            pool.keep(image, *count);
        }
    }
    let stop = async {
        context.interrupted().await;
        context.output.note("freeing all sandboxes");
        pool.close();
    };
    let freed = bridge.serve(listener, stop).await && pool.finished(STOP_LIMIT).await;
    if !freed {
        // They are being asked to stop, each by its own.
        context
            .output
            .warn("not all sandboxes are stopped yet; `swerex-ags instance gc` finds what is left");
        return Ok(FAILED);
    }
    if !sandbox::settle(&cloud.account, &context.output).await {
        return Ok(FAILED);
    }
    // Being told to stop is how it is meant to end.
    Ok(0)
}
