//! What foreign errors mean: hyper's, rustls' and the system's, told apart by kind and by how far the request got.

use std::{error::Error, fmt, io};

use rustls::CertificateError;

use crate::{BodyError, Reached, TransportError, TransportErrorKind as Kind, tls::Basis};

/// What the name or address of a host gave instead of a TCP connection.
pub(crate) fn connecting(error: BodyError, peer: &str) -> TransportError {
    let (kind, message) = if find::<NoAddress>(&*error).is_some() {
        (Kind::Resolve, format!("the name of {peer} has no address"))
    } else {
        (Kind::Connect, format!("no connection to {peer}"))
    };
    TransportError::new(kind, Reached::NotSent, message).with_source(error)
}

/// Whether TLS is what failed.
pub(crate) fn is_tls(error: &(dyn Error + 'static)) -> bool {
    find::<rustls::Error>(error).is_some()
}

/// What came of the TLS handshake with `peer`.
pub(crate) fn handshaking(error: BodyError, peer: &str, basis: Basis) -> TransportError {
    let (message, permanent) = match find::<rustls::Error>(&*error) {
        Some(rustls::Error::InvalidCertificate(reason)) => (refusal(reason, peer, basis), true),
        Some(rustls::Error::InvalidMessage(_)) => (
            format!("{peer} does not speak TLS: for a plain server write http://"),
            true,
        ),
        Some(rustls::Error::PeerIncompatible(_)) => {
            (format!("{peer} offers no TLS that is safe enough"), true)
        }
        _ => (format!("the TLS handshake with {peer} failed"), false),
    };
    let failed = TransportError::new(Kind::Tls, Reached::NotSent, message).with_source(error);
    if permanent {
        failed.permanent()
    } else {
        failed
    }
}

fn refusal(reason: &CertificateError, peer: &str, basis: Basis) -> String {
    use CertificateError::{
        BadSignature, Expired, ExpiredContext, NotValidForName, NotValidForNameContext,
        NotValidYet, NotValidYetContext, UnknownIssuer,
    };
    let looked = match basis {
        Basis::Platform(variables) if !variables.is_empty() => {
            format!(" (certificates were looked for in {variables})")
        }
        _ => String::new(),
    };
    let unless = "or set skip_ssl_verify for an internal endpoint";
    let told = match reason {
        // Nothing makes this one safe, least of all less checking.
        BadSignature if matches!(basis, Basis::Anyone) => {
            return format!(
                "the handshake with {peer} is forged: it is not signed with the key of the certificate that was shown, \
                 so somebody stands in between; check the way there (proxy, name server)"
            );
        }
        BadSignature => format!(
            "a signature does not fit its key{looked}: somebody may stand in between, or else its issuer has a new \
             key: name the new certificate in ca_file or SSL_CERT_FILE"
        ),
        UnknownIssuer => format!(
            "its issuer is not trusted{looked}: name the issuer's certificate in ca_file or SSL_CERT_FILE, {unless}"
        ),
        Expired | ExpiredContext { .. } => {
            format!("it has expired: check this machine's clock, {unless}")
        }
        NotValidYet | NotValidYetContext { .. } => {
            format!("it is not valid yet: check this machine's clock, {unless}")
        }
        NotValidForName | NotValidForNameContext { .. } => {
            format!("it is for another name: check the endpoint, {unless}")
        }
        _ => format!("it cannot be verified: name a certificate that fits it in ca_file, {unless}"),
    };
    format!("the certificate of {peer} is refused because {told}")
}

/// What hyper says about a request that was handed to a connection, or about the answer to it.
pub(crate) fn exchanging(error: hyper::Error, unwritten: bool) -> TransportError {
    let stream = find::<h2::Error>(&error);
    // h2 keeps kind and text of the system's error, but does not show it as a cause.
    let system = find::<io::Error>(&error).or_else(|| stream.and_then(h2::Error::get_io));
    let system = system.map(io::Error::kind);
    // RFC 9113, 8.7: a stream that was refused was not processed.
    let refused = stream.is_some_and(|h2| h2.reason() == Some(h2::Reason::REFUSED_STREAM));
    let reached = if unwritten || refused {
        Reached::NotSent
    } else {
        Reached::Unknown
    };
    // hyper has a predicate for this, but only in builds that hold its server too.
    let too_large = error.is_parse() && error.to_string() == "message head is too large";
    let (kind, message) = if system == Some(io::ErrorKind::TimedOut) {
        (
            Kind::Silent,
            "the connection went silent: nothing arrives from the peer any more",
        )
    } else if too_large {
        (Kind::TooLarge, "the head of the answer is too large")
    } else if error.is_parse() {
        (Kind::Malformed, "the answer is not HTTP")
    } else if error.is_user() {
        (Kind::Body, "the request could not be written whole")
    } else if system == Some(io::ErrorKind::ConnectionReset)
        || stream.is_some_and(h2::Error::is_reset)
    {
        (Kind::Reset, "the connection was reset")
    } else if matches!(
        system,
        Some(io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput)
    ) {
        (Kind::Malformed, "the answer is damaged")
    } else {
        (
            Kind::Closed,
            "the connection was closed before the answer was complete",
        )
    };
    TransportError::new(kind, reached, message).with_source(error)
}

/// The request's own body broke off while it was being sent.
pub(crate) fn broke_off(cause: BodyError) -> TransportError {
    let message = "the body of the request broke off";
    TransportError::new(Kind::Body, Reached::Unknown, message).with_source(cause)
}

/// The deadline passed.
pub(crate) fn late(reached: Reached) -> TransportError {
    let message = match reached {
        Reached::NotSent => "no connection within the deadline of the call",
        Reached::Unknown => "no complete answer within the deadline of the call",
    };
    TransportError::new(Kind::Timeout, reached, message)
}

/// The first cause of type `T`, also inside of `io::Error`s, whose `source` skips what they wrap.
pub(crate) fn find<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        let wrapped = error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref)
            .map(|inner| inner as &(dyn Error + 'static));
        next = wrapped.or_else(|| error.source());
    }
    None
}

/// A name has no address.
#[derive(Debug)]
pub(crate) struct NoAddress(pub(crate) Option<io::Error>);

impl fmt::Display for NoAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name cannot be resolved")
    }
}

impl Error for NoAddress {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.as_ref().map(|error| error as _)
    }
}
