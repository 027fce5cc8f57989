//! `NO_PROXY`: the hosts that are reached directly, in the forms that curl, Go and Python understand together.

use std::net::IpAddr;

/// The hosts that are reached directly.
///
/// | form | what it is for | who knows it |
/// |---|---|---|
/// | `*` | every host | all three |
/// | `x`, `.x` | the name and all below it | curl, Python; Go takes `.x` for what is below alone |
/// | `*.x` | all names below it | Go |
/// | `x:443`, `10.0.0.1:443`, `[::1]:443` | that port alone | Go, Python |
/// | `10.0.0.1`, `::1`, `[::1]` | the address | all three |
/// | `10.0.0.0/8`, `fd00::/8` | the network | curl, Go |
///
/// Commas and blanks separate them; neither case nor a dot at the end matters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Exceptions(Vec<Exception>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Exception {
    host: Host,
    port: Option<u16>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Host {
    Any,
    Address(IpAddr),
    Network(IpAddr, u8),
    /// In lower case, without dots at its ends.
    Name {
        name: String,
        itself: bool,
    },
}

impl Exceptions {
    /// What cannot be understood matches nothing.
    pub(super) fn parse(text: &str) -> Self {
        let separate = |letter: char| letter == ',' || letter.is_whitespace();
        Self(text.split(separate).filter_map(Exception::parse).collect())
    }

    /// Whether `host` (an address in brackets or not, or a name) is one, asked on `port`.
    pub(super) fn contain(&self, host: &str, port: u16) -> bool {
        let host = host.strip_suffix('.').unwrap_or(host);
        let address = bare(host).parse().ok().map(|ip: IpAddr| ip.to_canonical());
        let name = host.to_ascii_lowercase();
        self.0.iter().any(|one| {
            one.port.is_none_or(|wanted| wanted == port)
                && match (&one.host, address) {
                    (Host::Any, _) => true,
                    (Host::Address(known), Some(asked)) => *known == asked,
                    (Host::Network(network, bits), Some(asked)) => within(asked, *network, *bits),
                    (
                        Host::Name {
                            name: known,
                            itself,
                        },
                        None,
                    ) => is_below(&name, known, *itself),
                    _ => false,
                }
        })
    }
}

impl Exception {
    fn parse(text: &str) -> Option<Self> {
        if text.is_empty() {
            return None;
        }
        if let Some((network, bits)) = text.split_once('/') {
            return Host::network(network, bits).map(|host| Self { host, port: None });
        }
        // An address without brackets has colons of its own.
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if text.parse::<IpAddr>().is_err() && !text.ends_with(']') => {
                (host, Some(port.parse().ok()?))
            }
            _ => (text, None),
        };
        Host::parse(host).map(|host| Self { host, port })
    }
}

impl Host {
    fn parse(text: &str) -> Option<Self> {
        if text == "*" {
            return Some(Self::Any);
        }
        if let Ok(address) = bare(text).parse::<IpAddr>() {
            return Some(Self::Address(address.to_canonical()));
        }
        let (text, itself) = match text.strip_prefix("*.") {
            Some(below) => (below, false),
            None => (text, true),
        };
        let name = text.trim_matches('.').to_ascii_lowercase();
        (!name.is_empty()).then_some(Self::Name { name, itself })
    }

    fn network(address: &str, bits: &str) -> Option<Self> {
        let address: IpAddr = bare(address).parse().ok()?;
        let bits: u8 = bits.parse().ok()?;
        let whole = if address.is_ipv4() { 32 } else { 128 };
        (bits <= whole).then_some(Self::Network(address, bits))
    }
}

/// Without the brackets of an IPv6 address.
fn bare(host: &str) -> &str {
    let inside = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    inside.unwrap_or(host)
}

fn within(asked: IpAddr, network: IpAddr, bits: u8) -> bool {
    /// Whether the first `bits` of `whole` bits are the same.
    fn same(one: u128, two: u128, whole: u32, bits: u8) -> bool {
        let rest = whole - u32::from(bits);
        (one ^ two).checked_shr(rest).unwrap_or(0) == 0
    }
    match (asked, network) {
        (IpAddr::V4(one), IpAddr::V4(two)) => {
            same(one.to_bits().into(), two.to_bits().into(), 32, bits)
        }
        (IpAddr::V6(one), IpAddr::V6(two)) => same(one.to_bits(), two.to_bits(), 128, bits),
        _ => false,
    }
}

fn is_below(name: &str, known: &str, itself: bool) -> bool {
    match name.strip_suffix(known) {
        Some("") => itself,
        Some(before) => before.ends_with('.'),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_means_what_it_is_known_for() {
        let table: &[(&str, &[&str], &[&str])] = &[
            ("*", &["x:1", "10.0.0.1:1", "[::1]:1"], &[]),
            ("a, *", &["x:1"], &[]),
            (
                "x.io",
                &["x.io:443", "a.x.io:443", "a.b.x.io:80", "X.IO:1", "x.io.:1"],
                &["ax.io:443", "x.io.evil:1", "io:1"],
            ),
            (".x.io", &["x.io:443", "a.x.io:443"], &["ax.io:443"]),
            (
                "*.x.io",
                &["a.x.io:443", "a.b.x.io:1", "A.X.IO.:1"],
                &["x.io:443", "ax.io:1"],
            ),
            ("X.Io.", &["x.io:443", "a.x.io.:1"], &["x.i:1"]),
            (
                "x.io:443",
                &["x.io:443", "a.x.io:443"],
                &["x.io:8443", "x.io:80"],
            ),
            ("*.x.io:80", &["a.x.io:80"], &["a.x.io:443", "x.io:80"]),
            ("*:80", &["anything:80"], &["anything:443"]),
            ("x.io:http, x.io:99999", &[], &["x.io:80", "x.io:34463"]),
            (
                "a.io b.io\tc.io\n,d.io ,, e.io",
                &["a.io:1", "b.io:1", "c.io:1", "d.io:1", "e.io:1"],
                &["f.io:1"],
            ),
            (
                "10.0.0.1",
                &["10.0.0.1:1"],
                &["10.0.0.2:1", "x.10.0.0.1:1", "110.0.0.1:1"],
            ),
            ("10.0.0.1:443", &["10.0.0.1:443"], &["10.0.0.1:80"]),
            (
                "10.0.0.0/8",
                &["10.255.9.1:1", "[::ffff:10.1.1.1]:1"],
                &["11.0.0.1:1", "x.io:1", "[::1]:1"],
            ),
            ("10.1.2.3/16", &["10.1.9.9:1"], &["10.2.0.1:1"]),
            ("0.0.0.0/0", &["8.8.8.8:1"], &["[::1]:1", "x.io:1"]),
            ("10.0.0.1/32", &["10.0.0.1:1"], &["10.0.0.0:1"]),
            ("fd00::/8", &["[fd12::1]:1"], &["[fe80::1]:1", "10.0.0.1:1"]),
            ("::/0", &["[fd12::1]:1"], &["10.0.0.1:1"]),
            ("::1", &["[::1]:443"], &["[::2]:443"]),
            ("[::1]", &["[::1]:443", "[0:0::1]:1"], &["[::2]:443"]),
            ("[::1]:443", &["[::1]:443"], &["[::1]:80"]),
            ("::ffff:10.0.0.1", &["10.0.0.1:1"], &[]),
            (
                "10.0.0.0/33, x/8, 10.0.0.0/x, ., *., ",
                &[],
                &["10.0.0.1:1", "x:1"],
            ),
            ("", &[], &["x:1"]),
        ];
        for (text, direct, proxied) in table {
            let exceptions = Exceptions::parse(text);
            for (hosts, expected) in [(direct, true), (proxied, false)] {
                for host in *hosts {
                    let (name, port) = host.rsplit_once(':').unwrap();
                    let found = exceptions.contain(name, port.parse().unwrap());
                    assert_eq!(found, expected, "{text:?} {host}");
                }
            }
        }
    }
}
