//! The client against bare hyper-util, in one run: `cargo bench -p ags-http [-- ROUNDS [WORK]]`.
//!
//! A server process answers over TLS on 127.0.0.1; each measurement is a client process of its own, so that its
//! processor time and its memory are its alone. The two clients take turns; the table shows medians and the ratio
//! of ours to the bare one.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark prints, and stops at the first surprise"
)]

use std::{
    collections::BTreeMap,
    convert::Infallible,
    env, fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use ags_http::{Deadline, HttpClient, HttpService, HttpVersions, ProxyConfig, body};
use bytes::Bytes;
use futures_util::future::join_all;
use http::{Request, Response, Uri};
use http_body_util::{BodyExt, Full};
use hyper::{body::Incoming, service::service_fn};
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
};
use rustls::{
    ClientConfig, RootCertStore, ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use tokio::net::TcpListener;

const QUESTION: &str =
    r#"{"command":"true","timeout":60.0,"shell":true,"check":false,"env":null,"cwd":null}"#;
const REPLY: &str = r#"{"stdout":"","stderr":"","exit_code":0}"#;

fn main() {
    let args: Vec<String> = env::args().skip(1).filter(|arg| arg != "--bench").collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    match words[..] {
        ["serve", certificate, key] => runtime().block_on(serve(certificate, key)),
        [
            "load",
            which,
            versions,
            work,
            calls,
            at_once,
            url,
            counter,
            ca,
        ] => runtime().block_on(load(
            which,
            versions,
            work,
            calls.parse().unwrap(),
            at_once.parse().unwrap(),
            url.parse().unwrap(),
            counter,
            ca,
        )),
        [] => compare(5, ""),
        [rounds] => compare(rounds.parse().unwrap(), ""),
        [rounds, work] => compare(rounds.parse().unwrap(), work),
        _ => println!("usage: client [ROUNDS [WORK]], such as 5 'h1 fast'"),
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Runtime::new().unwrap()
}

/// Runs every measurement whose name has `wanted` in it `rounds` times, the two clients taking turns, and prints
/// the table.
fn compare(rounds: usize, wanted: &str) {
    let home = tempfile::tempdir().unwrap();
    let issued = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    let (certificate, key) = (home.path().join("cert.pem"), home.path().join("key.pem"));
    fs::write(&certificate, issued.cert.pem()).unwrap();
    fs::write(&key, issued.signing_key.serialize_pem()).unwrap();
    let me = env::current_exe().unwrap();
    let (certificate, key) = (certificate.to_str().unwrap(), key.to_str().unwrap());
    let mut server = Command::new(&me)
        .args(["serve", certificate, key])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut ready = String::new();
    BufReader::new(server.stdout.take().unwrap())
        .read_line(&mut ready)
        .unwrap();
    let (port, counter) = ready.trim().split_once(' ').unwrap();
    let url = format!("https://127.0.0.1:{port}");

    println!("work            client      calls/s   CPU us/call   peak MB   handshakes");
    for (versions, work, calls, at_once) in [
        ("h1", "fast", 6_000, 1),
        ("h1", "fast", 30_000, 16),
        ("h1", "fast", 30_000, 256),
        ("h2", "fast", 6_000, 1),
        ("h2", "fast", 30_000, 16),
        ("h2", "fast", 30_000, 256),
        ("h1", "fast", 500, 500),
        ("h2", "fast", 500, 500),
        ("h1", "slow", 500, 500),
        ("h2", "slow", 500, 500),
    ] {
        let name = format!("{versions} {work} {at_once}");
        if !name.contains(wanted) {
            continue;
        }
        let mut results: BTreeMap<&str, Vec<[f64; 4]>> = BTreeMap::new();
        for _ in 0..rounds {
            for which in ["bare", "ours"] {
                let out = Command::new(&me)
                    .args(["load", which, versions, work])
                    .args([calls.to_string(), at_once.to_string()])
                    .args([&url, counter, certificate])
                    .output()
                    .unwrap();
                let text = String::from_utf8(out.stdout).unwrap();
                let numbers: Vec<f64> = text
                    .split_whitespace()
                    .map(|word| word.parse().unwrap())
                    .collect();
                results
                    .entry(which)
                    .or_default()
                    .push(numbers.try_into().unwrap());
            }
        }
        let (bare, ours) = (medians(&results["bare"]), medians(&results["ours"]));
        row(&name, "bare", bare);
        row("", "ours", ours);
        let ratio = |index: usize| ours[index] / bare[index];
        println!(
            "{:14}  {:8} {:10.2} {:13.2} {:9.2} {:12.2}",
            "",
            "ratio",
            ratio(0),
            ratio(1),
            ratio(2),
            ratio(3)
        );
    }
    stop(server);
}

fn stop(mut server: Child) {
    server.kill().unwrap();
    server.wait().unwrap();
}

fn row(name: &str, client: &str, [rate, cpu, memory, handshakes]: [f64; 4]) {
    println!("{name:14}  {client:8} {rate:10.0} {cpu:13.1} {memory:9.1} {handshakes:12.0}");
}

fn medians(rounds: &[[f64; 4]]) -> [f64; 4] {
    [0, 1, 2, 3].map(|index| {
        let mut column: Vec<f64> = rounds.iter().map(|round| round[index]).collect();
        column.sort_by(f64::total_cmp);
        column[column.len() / 2]
    })
}

/// Answers at once, or after 50 ms where the path is `/slow`; a second port tells how many handshakes there were.
async fn serve(certificate: &str, key: &str) {
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![CertificateDer::from_pem_file(certificate).unwrap()],
            PrivateKeyDer::from_pem_file(key).unwrap(),
        )
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let handshakes = Arc::new(AtomicUsize::new(0));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let counter = TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!(
        "{} {}",
        listener.local_addr().unwrap().port(),
        counter.local_addr().unwrap().port()
    );
    let told = handshakes.clone();
    tokio::spawn(async move {
        loop {
            let mut stream = counter.accept().await.unwrap().0.into_std().unwrap();
            stream.set_nonblocking(false).unwrap();
            let _ = write!(stream, "{}", told.load(Ordering::SeqCst));
        }
    });
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        let (acceptor, handshakes) = (acceptor.clone(), handshakes.clone());
        tokio::spawn(async move {
            let Ok(stream) = acceptor.accept(stream).await else {
                return;
            };
            handshakes.fetch_add(1, Ordering::SeqCst);
            let mut builder = auto::Builder::new(TokioExecutor::new());
            builder.http2().max_concurrent_streams(1_000);
            let _ = builder
                .serve_connection(TokioIo::new(stream), service_fn(answer))
                .await;
        });
    }
}

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let slow = request.uri().path() == "/slow";
    let _ = request.into_body().collect().await;
    if slow {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(Response::new(Full::from(REPLY)))
}

/// One measurement: calls a second, processor microseconds a call, peak memory in MB, handshakes.
#[expect(
    clippy::too_many_arguments,
    reason = "they are the words of one command line"
)]
async fn load(
    which: &str,
    versions: &str,
    work: &str,
    calls: usize,
    at_once: usize,
    url: Uri,
    counter: &str,
    ca: &str,
) {
    let url: Uri = format!("{url}{work}").parse().unwrap();
    let before = handshakes(counter);
    let pem = fs::read(ca).unwrap();
    let (elapsed, cpu) = match which {
        "ours" => {
            let client = HttpClient::builder()
                .proxy(ProxyConfig::None)
                .native_roots(false)
                .ca_pem(pem)
                .http_versions(if versions == "h1" {
                    HttpVersions::Http1
                } else {
                    HttpVersions::Negotiated
                })
                .build()
                .unwrap();
            timed(calls, at_once, || async {
                let request = request(&url).body(body::full(QUESTION)).unwrap();
                let answer = client
                    .call(request, Deadline::after(Duration::from_secs(60)))
                    .await
                    .unwrap();
                let reply = body::collect(answer.into_body(), 1 << 20).await.unwrap();
                assert_eq!(reply, REPLY);
            })
            .await
        }
        _ => {
            let client = bare(versions, &pem);
            timed(calls, at_once, || async {
                let request = request(&url).body(Full::from(QUESTION)).unwrap();
                let answer = client.request(request).await.unwrap();
                let reply = answer.into_body().collect().await.unwrap().to_bytes();
                assert_eq!(reply, REPLY);
            })
            .await
        }
    };
    let rate = calls as f64 / elapsed.as_secs_f64();
    let each = cpu.as_secs_f64() * 1e6 / calls as f64;
    println!(
        "{rate} {each} {} {}",
        peak_megabytes(),
        handshakes(counter) - before
    );
}

fn request(url: &Uri) -> http::request::Builder {
    Request::post(url.clone())
        .header("content-type", "application/json")
        .header("x-access-token", "0123456789abcdef")
}

/// hyper-util's client as its documentation sets it up.
fn bare(
    versions: &str,
    pem: &[u8],
) -> Client<hyper_rustls::HttpsConnector<HttpConnector>, Full<Bytes>> {
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(pem).unwrap())
        .unwrap();
    let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    let schemes = HttpsConnectorBuilder::new()
        .with_tls_config(tls)
        .https_or_http();
    let connector = if versions == "h1" {
        schemes.enable_http1().wrap_connector(tcp)
    } else {
        schemes.enable_all_versions().wrap_connector(tcp)
    };
    Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .build(connector)
}

/// Makes `calls` calls, `at_once` at a time. The first call, which connects, counts only where all are made at once.
async fn timed<F>(calls: usize, at_once: usize, call: impl Fn() -> F) -> (Duration, Duration)
where
    F: Future<Output = ()>,
{
    if calls > at_once {
        call().await;
    }
    let (start, cpu) = (Instant::now(), processor_time());
    let made = AtomicUsize::new(0);
    join_all((0..at_once).map(|_| async {
        while made.fetch_add(1, Ordering::Relaxed) < calls {
            call().await;
        }
    }))
    .await;
    (start.elapsed(), processor_time().saturating_sub(cpu))
}

fn handshakes(counter: &str) -> usize {
    let mut text = String::new();
    let mut stream = TcpStream::connect(format!("127.0.0.1:{counter}")).unwrap();
    stream.read_to_string(&mut text).unwrap();
    text.parse().unwrap()
}

/// What this process used so far, from the scheduler's own count (Linux; zero elsewhere).
fn processor_time() -> Duration {
    let Ok(tasks) = fs::read_dir("/proc/self/task") else {
        return Duration::ZERO;
    };
    let spent =
        tasks.filter_map(|task| fs::read_to_string(task.ok()?.path().join("schedstat")).ok());
    let nanos = spent.filter_map(|text| text.split(' ').next()?.parse::<u64>().ok());
    Duration::from_nanos(nanos.sum())
}

/// The most memory that this process had at a time (Linux; zero elsewhere).
fn peak_megabytes() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes =
        line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse::<f64>().ok());
    kilobytes.unwrap_or_default() / 1024.0
}
