//! Whom to trust: the platform's certificates, the caller's, or (dangerously) anyone.

use std::{
    fs,
    sync::{Arc, OnceLock},
};

use rustls::{
    ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject};

use crate::{
    BuildError,
    builder::{CaSource, HttpClientBuilder},
};

/// The TLS settings of one client, without ALPN. The provider is passed explicitly: nothing is installed
/// for the process.
pub(crate) fn config(builder: &HttpClientBuilder) -> Result<ClientConfig, BuildError> {
    let provider = Arc::new(ring::default_provider());
    let versions = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(BuildError::Tls)?;
    // Read in any case: a wrong file is reported even while the check is skipped.
    let extra = extra_certificates(&builder.ca)?;
    if builder.skip_ssl_verify {
        tracing::warn!(
            "skip_ssl_verify is set: this client takes any certificate for any name; \
             use it for internal and pre-release endpoints only"
        );
        let verifier = Arc::new(AnyCertificate { provider });
        return Ok(versions
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_no_client_auth());
    }
    let mut roots = if builder.native_roots {
        platform_roots().clone()
    } else {
        RootCertStore::empty()
    };
    for (origin, certificate) in extra {
        roots
            .add(certificate)
            .map_err(|error| BuildError::CaCertificates {
                origin,
                reason: error.to_string(),
            })?;
    }
    Ok(versions.with_root_certificates(roots).with_no_client_auth())
}

/// What the platform trusts, read once a process; Mozilla's list where it has nothing.
fn platform_roots() -> &'static RootCertStore {
    static ROOTS: OnceLock<RootCertStore> = OnceLock::new();
    ROOTS.get_or_init(|| {
        let mut roots = RootCertStore::empty();
        let found = rustls_native_certs::load_native_certs();
        let (added, _) = roots.add_parsable_certificates(found.certs);
        if added == 0 {
            tracing::debug!("the platform trusts no certificate: Mozilla's list is used");
            roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        }
        roots
    })
}

type Sourced = (String, CertificateDer<'static>);

fn extra_certificates(sources: &[CaSource]) -> Result<Vec<Sourced>, BuildError> {
    let mut all = Vec::new();
    for source in sources {
        let (origin, pem) = match source {
            CaSource::Pem(pem) => ("ca_pem".to_owned(), pem.clone()),
            CaSource::File(path) => {
                let pem = fs::read(path).map_err(|source| BuildError::CaFile {
                    path: path.clone(),
                    source,
                })?;
                (path.display().to_string(), pem)
            }
        };
        let before = all.len();
        for certificate in CertificateDer::pem_slice_iter(&pem) {
            let certificate = certificate.map_err(|error| BuildError::CaCertificates {
                origin: origin.clone(),
                reason: format!("the PEM text is damaged: {error}"),
            })?;
            all.push((origin.clone(), certificate));
        }
        if all.len() == before {
            return Err(BuildError::CaCertificates {
                origin,
                reason: "it holds none".to_owned(),
            });
        }
    }
    Ok(all)
}

/// Waives the checks of certificate and name, and those only: the peer must still prove that it holds
/// the key of the certificate that it shows.
#[derive(Debug)]
struct AnyCertificate {
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}
