//! A certificate authority of the emulator's own, and a leaf for whatever name of its domain a client asks for.
//!
//! A wildcard for `*.localhost` would be simpler, but TLS stacks refuse a wildcard that only one label
//! follows, so leaves are made on demand from the name in the ClientHello.

use std::{
    collections::HashMap,
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::{Arc, Mutex, PoisonError},
};

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, SanType,
};
use rustls::{
    ServerConfig,
    crypto::ring::{default_provider, sign::any_ecdsa_type},
    pki_types::{CertificateDer, PrivateKeyDer},
    server::{ClientHello, ResolvesServerCert},
    sign::{CertifiedKey, SigningKey},
};

use crate::error::StartError;

/// Names for which a leaf is kept; beyond it the leaves are made anew.
const KEPT_LEAVES: usize = 4096;

/// Signs leaves for the names of one domain.
pub(crate) struct Authority {
    domain: String,
    ca: CertificateDer<'static>,
    ca_pem: String,
    issuer: Issuer<'static, KeyPair>,
    leaf_key: KeyPair,
    signer: Arc<dyn SigningKey>,
    fallback: Arc<CertifiedKey>,
    leaves: Mutex<HashMap<String, Arc<CertifiedKey>>>,
}

impl Authority {
    /// A new authority for `domain`, its subdomains, `localhost` and the loopback addresses.
    pub(crate) fn new(domain: &str, listen: IpAddr) -> Result<Self, StartError> {
        let ca_key = KeyPair::generate().map_err(StartError::certificate)?;
        let ca_params = ca_params();
        let ca = ca_params
            .self_signed(&ca_key)
            .map_err(StartError::certificate)?;
        let leaf_key = KeyPair::generate().map_err(StartError::certificate)?;
        let der = PrivateKeyDer::Pkcs8(leaf_key.serialize_der().into());
        let signer = any_ecdsa_type(&der).map_err(StartError::certificate)?;
        let issuer = Issuer::new(ca_params, ca_key);
        let mut names = vec![domain.to_owned()];
        if domain != "localhost" {
            names.push("localhost".to_owned());
        }
        let mut addresses = vec![
            IpAddr::V4(Ipv4Addr::LOCALHOST),
            IpAddr::V6(Ipv6Addr::LOCALHOST),
        ];
        if !listen.is_unspecified() && !addresses.contains(&listen) {
            addresses.push(listen);
        }
        let ca_der = ca.der().clone();
        let fallback = leaf(&names, &addresses, &issuer, &leaf_key, &signer, &ca_der)
            .map_err(StartError::certificate)?;
        Ok(Self {
            domain: domain.to_owned(),
            ca_pem: ca.pem(),
            ca: ca_der,
            issuer,
            leaf_key,
            signer,
            fallback: Arc::new(fallback),
            leaves: Mutex::default(),
        })
    }

    /// The certificate to trust.
    pub(crate) fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// What the listener presents: HTTP/2 and HTTP/1.1, TLS 1.2 and 1.3.
    pub(crate) fn server_config(self: &Arc<Self>) -> Result<ServerConfig, StartError> {
        let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(StartError::certificate)?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(self) as Arc<dyn ResolvesServerCert>);
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(config)
    }

    fn leaf_for(&self, name: &str) -> Option<Arc<CertifiedKey>> {
        let mut leaves = self.leaves.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(leaf) = leaves.get(name) {
            return Some(Arc::clone(leaf));
        }
        let made = leaf(
            &[name.to_owned()],
            &[],
            &self.issuer,
            &self.leaf_key,
            &self.signer,
            &self.ca,
        )
        .ok()?;
        if leaves.len() >= KEPT_LEAVES {
            leaves.clear();
        }
        let made = Arc::new(made);
        leaves.insert(name.to_owned(), Arc::clone(&made));
        Some(made)
    }
}

impl ResolvesServerCert for Authority {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let Some(name) = hello.server_name().map(str::to_ascii_lowercase) else {
            return Some(Arc::clone(&self.fallback));
        };
        let below = name
            .strip_suffix(&self.domain)
            .is_some_and(|labels| labels.ends_with('.'));
        if below || name.ends_with(".localhost") {
            self.leaf_for(&name)
        } else {
            // A foreign name gets the leaf of ours, which its client will refuse as it should.
            Some(Arc::clone(&self.fallback))
        }
    }
}

impl fmt::Debug for Authority {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Authority")
            .field("domain", &self.domain)
            .finish_non_exhaustive()
    }
}

fn ca_params() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = named("AGS emulator CA");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

fn leaf(
    names: &[String],
    addresses: &[IpAddr],
    issuer: &Issuer<'static, KeyPair>,
    key: &KeyPair,
    signer: &Arc<dyn SigningKey>,
    ca: &CertificateDer<'static>,
) -> Result<CertifiedKey, rcgen::Error> {
    let mut params = CertificateParams::new(names.to_vec())?;
    params.distinguished_name = named("AGS emulator");
    params
        .subject_alt_names
        .extend(addresses.iter().copied().map(SanType::IpAddress));
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let leaf = params.signed_by(key, issuer)?;
    Ok(CertifiedKey::new(
        vec![leaf.der().clone(), ca.clone()],
        Arc::clone(signer),
    ))
}

fn named(name: &str) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    distinguished.push(DnType::CommonName, name);
    distinguished
}
