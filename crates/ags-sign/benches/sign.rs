//! Signatures a second, beside bare ring with a cached key doing the same digests and HMAC.

use std::hint::black_box;

use ags_sign::{Credential, Method, Payload, SignableRequest, Signer};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use ring::{
    digest::{SHA256, digest},
    hmac,
};

fn sign(criterion: &mut Criterion) {
    let credential =
        Credential::new("AKIDEXAMPLE", "secret").unwrap_or_else(|error| panic!("{error}"));
    let signer = Signer::new(credential, "ags").unwrap_or_else(|error| panic!("{error}"));
    let key = hmac::Key::new(hmac::HMAC_SHA256, &[7; 32]);
    for size in [200, 2_000, 1_000_000] {
        let body = vec![b'x'; size];
        let mut group = criterion.benchmark_group("sign");
        group.throughput(Throughput::Elements(1));
        group.bench_function(BenchmarkId::new("ags-sign", size), |bencher| {
            bencher.iter(|| {
                let (host, kind) = ("ags.tencentcloudapi.com", "application/json");
                let request = SignableRequest::new(
                    Method::Post,
                    host,
                    "/",
                    "",
                    kind,
                    Payload::Bytes(black_box(&body)),
                );
                request.map(|request| signer.sign(&request, 1_767_225_600))
            });
        });
        group.bench_function(BenchmarkId::new("ring", size), |bencher| {
            bencher.iter(|| {
                let payload = digest(&SHA256, black_box(&body));
                let canonical = digest(&SHA256, &[payload.as_ref(), &[b'x'; 110]].concat());
                hmac::sign(&key, &[canonical.as_ref(), &[b'x'; 60]].concat())
            });
        });
    }
}

criterion_group!(benches, sign);
criterion_main!(benches);
