//! Which virtual server a request is for: `/v1/{image}/{instance}/{endpoint}`.

use std::fmt;

/// The first part of every path that the bridge serves.
pub(crate) const PREFIX: &str = "v1";

/// The longest image reference or instance name that is taken, in bytes.
const LONGEST: usize = 512;

/// One virtual server: the image its sandboxes are started from, and a name that tells agents on the same image apart.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Address {
    /// The image reference, as the agent's configuration names it.
    pub(crate) image: String,
    /// The instance's name, such as `astropy__astropy-12907`.
    pub(crate) instance: String,
}

/// A virtual server and what is asked of it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) address: Address,
    /// The endpoint's name without a slash, such as `create_session`; empty for the root.
    pub(crate) endpoint: String,
}

/// Why a path names no virtual server.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NoAddress(String);

impl Address {
    /// The path of this virtual server, to be used as the end of an agent's `host`.
    ///
    /// # Errors
    /// No bridge would serve it; why.
    pub(crate) fn path(&self) -> Result<String, NoAddress> {
        let (image, instance) = (encode(&self.image), encode(&self.instance));
        let path = format!("/{PREFIX}/{image}/{instance}");
        Target::parse(&path, None).map(|_| path)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.instance, self.image)
    }
}

impl Target {
    /// Reads a request's raw path and query.
    ///
    /// The raw path is split before anything is decoded: clients keep `%2F` within a segment.
    ///
    /// # Errors
    /// A path of another form, a query, or a part that is empty, too long, not UTF-8 or has control characters.
    pub(crate) fn parse(path: &str, query: Option<&str>) -> Result<Self, NoAddress> {
        if let Some(query) = query {
            return Err(NoAddress(format!(
                "the address has a query `?{query}`: write `?` in an image or instance as %3F"
            )));
        }
        let parts: Vec<&str> = path.strip_prefix('/').unwrap_or(path).split('/').collect();
        let (image, instance, endpoint) = match parts.as_slice() {
            [PREFIX, image, instance] => (image, instance, ""),
            [PREFIX, image, instance, endpoint] => (image, instance, *endpoint),
            [PREFIX, _, _, "", ..] => {
                return Err(NoAddress(
                    "the host ends with a slash: remove it".to_owned(),
                ));
            }
            _ => {
                return Err(NoAddress(format!(
                    "`{path}` names no virtual server: it should be /{PREFIX}/IMAGE/INSTANCE/ENDPOINT with `/` in IMAGE written as %2F"
                )));
            }
        };
        let address = Address {
            image: decode("image", image)?,
            instance: decode("instance", instance)?,
        };
        Ok(Self {
            address,
            endpoint: endpoint.to_owned(),
        })
    }
}

impl fmt::Display for NoAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NoAddress {}

/// Percent-encodes everything but what every client and proxy leaves alone within a path segment.
fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push(hex(byte >> 4));
            out.push(hex(byte & 15));
        }
    }
    out
}

fn hex(nibble: u8) -> char {
    char::from(b"0123456789ABCDEF"[usize::from(nibble & 15)])
}

fn decode(part: &str, segment: &str) -> Result<String, NoAddress> {
    let refuse = |why: &str| NoAddress(format!("the {part} `{segment}` in the path {why}"));
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digits = (rest.next().and_then(digit), rest.next().and_then(digit));
        let (Some(high), Some(low)) = digits else {
            return Err(refuse(
                "has a `%` that two hexadecimal digits do not follow",
            ));
        };
        bytes.push(high << 4 | low);
    }
    let text = String::from_utf8(bytes).map_err(|_| refuse("is not UTF-8"))?;
    if text.is_empty() {
        return Err(refuse("is empty"));
    }
    if matches!(text.as_str(), "." | "..") {
        return Err(refuse("is a directory to clients, which leave it out"));
    }
    if text.len() > LONGEST {
        return Err(refuse("is too long (at most 512 bytes)"));
    }
    if text.chars().any(char::is_control) {
        return Err(refuse("has control characters"));
    }
    Ok(text)
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte)
        .to_digit(16)
        .and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn address(image: &str, instance: &str) -> Address {
        Address {
            image: image.to_owned(),
            instance: instance.to_owned(),
        }
    }

    #[test]
    fn what_aiohttp_sends_is_understood() {
        // aiohttp keeps %2F and writes %3A as a bare colon.
        let target = Target::parse(
            "/v1/docker.io%2Flibrary%2Fpython:3.11/astropy__astropy-12907/create_session",
            None,
        )
        .unwrap();
        assert_eq!(
            target.address,
            address("docker.io/library/python:3.11", "astropy__astropy-12907")
        );
        assert_eq!(target.endpoint, "create_session");
    }

    #[test]
    fn what_is_wrong_is_said() {
        let why = |path: &str, query| Target::parse(path, query).unwrap_err().to_string();
        assert!(why("/v1/a/b//create_session", None).contains("ends with a slash"));
        assert!(why("/create_session", None).contains("/v1/IMAGE/INSTANCE/ENDPOINT"));
        assert!(why("/v1/a/b/close", Some("x=1")).contains("%3F"));
        assert!(why("/v1/a%2/b/close", None).contains("hexadecimal"));
        assert!(why("/v1//b/close", None).contains("empty"));
        assert!(why("/v1/a%00/b/close", None).contains("control"));
        assert!(why("/v1/%ff/b/close", None).contains("UTF-8"));
        assert!(why("/v1/a/%2e%2E/close", None).contains("the instance `%2e%2E`"));
    }

    proptest! {
        #[test]
        fn every_address_comes_back(image in "[^\\p{Cc}]{1,60}", instance in "[^\\p{Cc}]{1,40}") {
            prop_assume!(![".", ".."].contains(&image.as_str()) && ![".", ".."].contains(&instance.as_str()));
            let there = address(&image, &instance);
            let target = Target::parse(&format!("{}/close", there.path().unwrap()), None).unwrap();
            prop_assert_eq!(target, Target { address: there, endpoint: "close".to_owned() });
        }

        #[test]
        fn no_path_panics(path in ".{0,80}", query in proptest::option::of(".{0,10}")) {
            drop(Target::parse(&path, query.as_deref()));
        }
    }
}
