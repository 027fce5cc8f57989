//! A request that is known to be signable: everything is checked here, so that signing cannot fail.

use std::ops::Range;

use crate::error::InvalidRequest;

/// The headers that are always signed.
pub(crate) const CONTENT_TYPE: &str = "content-type";
pub(crate) const HOST: &str = "host";

/// The HTTP method. The API takes no other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Parameters in the query.
    Get,
    /// Parameters in the body.
    Post,
}

/// What the signature says of the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payload<'a> {
    /// These bytes, exactly as they are sent.
    Bytes(&'a [u8]),
    /// Nothing: `X-TC-Content-SHA256: UNSIGNED-PAYLOAD`.
    Unsigned,
}

/// What is signed of a request. Values are signed exactly as they must be sent.
#[derive(Clone, Debug)]
pub struct SignableRequest<'a> {
    pub(crate) method: Method,
    pub(crate) path: &'a str,
    pub(crate) query: &'a str,
    pub(crate) payload: Payload<'a>,
    content_type: &'a str,
    host: &'a str,
    /// Other signed headers: lower-case names in ascending order, each once.
    others: Vec<(String, &'a str)>,
}

impl Method {
    /// As it stands in the request line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
        }
    }
}

impl<'a> SignableRequest<'a> {
    /// A request with the two headers that are always signed: `content-type` and `host`.
    ///
    /// `host` is what goes out as `Host`, with its port if it has one; `path` is `/` for API 3.0; `query` is
    /// without `?`, percent-encoded as it is sent; it is empty for a POST.
    ///
    /// # Errors
    /// [`InvalidRequest`] names the part that cannot stand in a request.
    pub fn new(
        method: Method,
        host: &'a str,
        path: &'a str,
        query: &'a str,
        content_type: &'a str,
        payload: Payload<'a>,
    ) -> Result<Self, InvalidRequest> {
        if host.is_empty() || !host.bytes().all(|b| IN_HOST[usize::from(b)]) {
            return Err(InvalidRequest::new("host", host, "is no host or host:port"));
        }
        if !path.starts_with('/')
            || !path
                .bytes()
                .all(|b| b.is_ascii_graphic() && !b"?#".contains(&b))
        {
            return Err(InvalidRequest::new(
                "path",
                path,
                "should begin with `/` and be percent-encoded",
            ));
        }
        if !query.bytes().all(|b| b.is_ascii_graphic() && b != b'#') {
            return Err(InvalidRequest::new(
                "query",
                query,
                "should be percent-encoded",
            ));
        }
        if content_type.is_empty() {
            return Err(InvalidRequest::new(
                "content type",
                content_type,
                "is empty",
            ));
        }
        Ok(Self {
            method,
            path,
            query,
            payload,
            content_type: value_of("content type", content_type)?,
            host: value_of("host", host)?,
            others: Vec::new(),
        })
    }

    /// Signs another header too. Its name is lower-cased, its value trimmed; given twice, the last value counts.
    ///
    /// # Errors
    /// [`InvalidRequest`] if the name or the value cannot stand in a header, or the header is `authorization`.
    pub fn signed_header(mut self, name: &str, value: &'a str) -> Result<Self, InvalidRequest> {
        let lower = name.to_ascii_lowercase();
        let is_token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
        if lower.is_empty() || !lower.bytes().all(is_token) {
            return Err(InvalidRequest::new(
                "header name",
                name,
                "is no header name",
            ));
        }
        if lower == "authorization" {
            return Err(InvalidRequest::new(
                "header name",
                name,
                "cannot sign itself",
            ));
        }
        let value = value_of("header value", value)?;
        match lower.as_str() {
            CONTENT_TYPE => self.content_type = value,
            HOST => self.host = value,
            _ => match self.others.binary_search_by(|(there, _)| there.cmp(&lower)) {
                Ok(at) => self.others[at].1 = value,
                Err(at) => self.others.insert(at, (lower, value)),
            },
        }
        Ok(self)
    }

    /// The signed headers, in the order of their names.
    pub(crate) fn headers(&self) -> impl Iterator<Item = (&str, &str)> + Clone {
        let before = |name: &str| {
            self.others
                .partition_point(|(other, _)| other.as_str() < name)
        };
        let (first, second) = (before(CONTENT_TYPE), before(HOST));
        let others = |range: Range<usize>| {
            let pairs = self.others[range].iter();
            pairs.map(|(name, value)| (name.as_str(), *value))
        };
        others(0..first)
            .chain([(CONTENT_TYPE, self.content_type)])
            .chain(others(first..second))
            .chain([(HOST, self.host)])
            .chain(others(second..self.others.len()))
    }
}

/// Whether a byte may stand in a host, and in a header's value: looked up, since a small request is signed in less than a microsecond.
const IN_HOST: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = b'!';
    while byte <= b'~' {
        table[byte as usize] = !matches!(byte, b'/' | b'?' | b'#' | b'@' | b'\\');
        byte += 1;
    }
    table
};
const IN_VALUE: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = byte == 0x09 || (byte >= 0x20 && byte != 0x7f);
        byte += 1;
    }
    table
};

/// A header's value without the blanks around it.
fn value_of<'v>(part: &'static str, value: &'v str) -> Result<&'v str, InvalidRequest> {
    let value = value.trim_matches([' ', '\t']);
    if !value.bytes().all(|b| IN_VALUE[usize::from(b)])
        || (!value.is_ascii() && value.contains(|c: char| !c.is_ascii() && c.is_control()))
    {
        return Err(InvalidRequest::new(part, value, "has control characters"));
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn post(host: &str, path: &str, query: &str) -> Result<(), InvalidRequest> {
        SignableRequest::new(
            Method::Post,
            host,
            path,
            query,
            "application/json",
            Payload::Unsigned,
        )
        .map(drop)
    }

    #[test]
    fn what_cannot_be_sent_is_refused() {
        assert!(post("ags.tencentcloudapi.com", "/", "").is_ok());
        assert!(post("127.0.0.1:8443", "/", "").is_ok());
        let wrong = post("https://ags.tencentcloudapi.com", "/", "").unwrap_err();
        assert_eq!(
            wrong.to_string(),
            "the host `https://ags.tencentcloudapi.com` is no host or host:port"
        );
        assert_eq!(post("h", "", "").unwrap_err().part(), "path");
        assert_eq!(post("h", "/", "a b").unwrap_err().part(), "query");
        let request =
            SignableRequest::new(Method::Get, "h", "/", "", "x", Payload::Unsigned).unwrap();
        assert!(request.clone().signed_header("a b", "c").is_err());
        assert!(request.clone().signed_header("a", "c\nd: e").is_err());
        assert!(request.signed_header("Authorization", "x").is_err());
    }

    #[test]
    fn headers_are_lowered_trimmed_ordered_and_single() {
        let request =
            SignableRequest::new(Method::Post, "h", "/", "", "x", Payload::Unsigned).unwrap();
        let request = request.signed_header("X-TC-Action", " A ").unwrap();
        let request = request
            .signed_header("b", "1")
            .unwrap()
            .signed_header("B", "2")
            .unwrap();
        let headers: Vec<_> = request.headers().map(|(n, v)| format!("{n}={v}")).collect();
        assert_eq!(
            headers,
            ["b=2", "content-type=x", "host=h", "x-tc-action=A"]
        );
    }
}
