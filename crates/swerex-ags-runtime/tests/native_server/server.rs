//! A native server in this process, on a free port, in a directory of its own.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use ags_http::{
    Body, BoxFuture, Deadline, HttpClient, HttpService, Reached, TransportError,
    TransportErrorKind, body,
};
use futures_util::{StreamExt as _, stream};
use http::{Request, Response};
use http_body_util::BodyExt as _;
use swerex_ags_runtime::{AgsRuntime, AgsRuntimeConfig};
use swerex_proto::native;
use swerex_server::ServerConfig;
use tokio::{net::TcpListener, sync::oneshot};

const KEY: &str = "a-key";

pub(crate) struct Server {
    port: u16,
    home: tempfile::TempDir,
    _stop: oneshot::Sender<()>,
}

impl Server {
    pub(crate) async fn start() -> Self {
        let home = tempfile::tempdir().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let mut config = ServerConfig::with_token(KEY);
        // Nobody's start-up files.
        config.environment = Some(vec![
            ("HOME".to_owned(), home.path().to_str().unwrap().to_owned()),
            ("PATH".to_owned(), std::env::var("PATH").unwrap()),
        ]);
        let server = swerex_server::Server::new(config);
        let (stop, stopped) = oneshot::channel::<()>();
        tokio::spawn(async move {
            let stopped = async {
                let _ = stopped.await;
            };
            server.serve(listener, stopped).await.unwrap();
        });
        Self {
            port,
            home,
            _stop: stop,
        }
    }

    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    pub(crate) async fn runtime(&self) -> AgsRuntime {
        self.over(Arc::new(HttpClient::builder().build().unwrap()))
            .await
    }

    /// A runtime whose first streams of events break off after their first piece, and what is typed first is not answered; and how many
    /// losses are still to come, of either kind.
    pub(crate) async fn lossy(&self, cuts: usize) -> (AgsRuntime, Arc<[AtomicUsize; 2]>) {
        let cuts = Arc::new([cuts, cuts].map(AtomicUsize::new));
        let lossy = Lossy {
            inner: HttpClient::builder().build().unwrap(),
            cuts: Arc::clone(&cuts),
        };
        (self.over(Arc::new(lossy)).await, cuts)
    }

    async fn over(&self, http: Arc<dyn HttpService>) -> AgsRuntime {
        let base = format!("http://127.0.0.1:{}", self.port).parse().unwrap();
        let config = AgsRuntimeConfig::new(base).with_auth_token(KEY);
        let runtime = AgsRuntime::new(config, http, None).unwrap();
        runtime
            .wait_until_alive(Duration::from_secs(60))
            .await
            .unwrap();
        assert!(runtime.is_native());
        runtime
    }
}

#[derive(Debug)]
struct Lossy {
    inner: HttpClient,
    cuts: Arc<[AtomicUsize; 2]>,
}

impl HttpService for Lossy {
    fn call(
        &self,
        request: Request<Body>,
        deadline: Deadline,
    ) -> BoxFuture<'_, Result<Response<Body>, TransportError>> {
        Box::pin(async move {
            let is_typed = request.method() == http::Method::PUT;
            let is_lossy =
                [native::EXECUTE_EVENTS, native::TERMINAL].contains(&request.uri().path());
            let response = self.inner.call(request, deadline).await?;
            let is_cut = self.cuts[usize::from(is_typed)]
                .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
                    left.checked_sub(usize::from(is_lossy))
                })
                .is_ok();
            if !is_lossy || !is_cut {
                return Ok(response);
            }
            let reset = TransportError::new(TransportErrorKind::Reset, Reached::Unknown, "cut");
            if is_typed {
                return Err(reset);
            }
            Ok(response.map(|whole| {
                let first = whole.into_data_stream().take(1);
                body::stream(first.chain(stream::iter([Err(reset.into())])))
            }))
        })
    }
}
