//! Whom to trust: the platform's certificates, the caller's, or (dangerously) anyone.

mod platform;

use std::{fs, sync::Arc};

use platform::platform;

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

/// Whom a client trusts.
pub(crate) struct Trust {
    /// Its TLS settings, without ALPN. The provider is passed explicitly: nothing is installed for the process.
    pub(crate) config: ClientConfig,
    pub(crate) basis: Basis,
}

/// What the trust rests on, for the words about a certificate that is refused.
#[derive(Clone, Copy)]
pub(crate) enum Basis {
    /// Nothing: any certificate is taken.
    Anyone,
    /// The certificates that were given.
    Given,
    /// Those of the platform too; the variables that name some, as a clause.
    Platform(&'static str),
}

/// As `builder` says.
pub(crate) fn trust(builder: &HttpClientBuilder) -> Result<Trust, BuildError> {
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
        return Ok(Trust {
            config: versions
                .dangerous()
                .with_custom_certificate_verifier(verifier)
                .with_no_client_auth(),
            basis: Basis::Anyone,
        });
    }
    let (mut roots, basis) = if builder.native_roots {
        let platform = platform();
        (platform.roots.clone(), Basis::Platform(&platform.told))
    } else {
        (RootCertStore::empty(), Basis::Given)
    };
    for (origin, certificate) in extra {
        roots
            .add(certificate)
            .map_err(|error| BuildError::CaCertificates {
                origin,
                reason: error.to_string(),
            })?;
    }
    Ok(Trust {
        config: versions.with_root_certificates(roots).with_no_client_auth(),
        basis,
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
