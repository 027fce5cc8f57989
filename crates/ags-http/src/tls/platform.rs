//! What the platform trusts, and what the variables add that other programs take certificates from.

use std::{
    ffi::OsString,
    fmt::Write as _,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use rustls::RootCertStore;

/// What OpenSSL and its kin take in place of the system's own certificates.
const IN_PLACE: [&str; 2] = ["SSL_CERT_FILE", "SSL_CERT_DIR"];
/// Where other programs are told of a company's certificates, each a file or a directory. Here they add to the others.
const BESIDES: [&str; 5] = [
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
    "GIT_SSL_CAINFO",
    "AWS_CA_BUNDLE",
];

/// The certificates, and where they come from.
pub(super) struct Platform {
    pub(super) roots: RootCertStore,
    /// The variables that are set and what was found there, as a clause; empty where none is.
    pub(super) told: String,
}

/// Read once a process.
pub(super) fn platform() -> &'static Platform {
    static PLATFORM: OnceLock<Platform> = OnceLock::new();
    PLATFORM.get_or_init(|| Platform::read(|name| std::env::var_os(name)))
}

impl Platform {
    /// What cannot be read is left out: another program's setting does not end this one. The error of a connection
    /// that would have needed it names it.
    fn read(variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let set = |name: &'static str| {
            let value = variable(name).filter(|value| !value.is_empty())?;
            Some((name, PathBuf::from(value)))
        };
        let mut roots = RootCertStore::empty();
        let mut told = String::new();
        // It knows the first two itself.
        let found = rustls_native_certs::load_native_certs();
        let (added, _) = roots.add_parsable_certificates(found.certs);
        for (name, path) in IN_PLACE.into_iter().filter_map(set) {
            tell(&mut told, name, &path, added);
        }
        if added == 0 {
            tracing::debug!("the platform trusts no certificate: Mozilla's list is used");
            roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        }
        for (name, path) in BESIDES.into_iter().filter_map(set) {
            let (file, directory) = if path.is_dir() {
                (None, Some(path.as_path()))
            } else {
                (Some(path.as_path()), None)
            };
            let found = rustls_native_certs::load_certs_from_paths(file, directory);
            let (added, _) = roots.add_parsable_certificates(found.certs);
            tell(&mut told, name, &path, added);
        }
        Self { roots, told }
    }
}

/// Adds a variable to what is told.
fn tell(told: &mut String, name: &str, path: &Path, added: usize) {
    let separator = if told.is_empty() { "" } else { ", " };
    let found = match added {
        0 if path.exists() => ", which holds no certificate",
        0 => ", which cannot be read",
        _ => "",
    };
    // Writing to a String cannot fail.
    let _ = write!(told, "{separator}{name}={}{found}", path.display());
    if added == 0 {
        tracing::debug!(variable = name, path = %path.display(), "no certificate is read from there");
    }
}
