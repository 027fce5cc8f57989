//! Which part of the emulator a host name is for.

/// Where a request belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Route {
    /// An address, the domain itself, or a name outside of it: the control plane.
    Control,
    /// `{port}-{instance}` below the domain.
    Instance {
        /// The port inside of the instance.
        port: u16,
        /// The id as it is in the name.
        instance: String,
    },
    /// Another name below the domain.
    Malformed,
}

/// Reads `host`, with or without a port of its own. Between the instance and the domain there may be
/// further labels, as a region.
pub(crate) fn route(host: &str, domain: &str) -> Route {
    let name = match host.rsplit_once(':') {
        // An IPv6 address ends with its bracket.
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let name = name.to_ascii_lowercase();
    let name = name.trim_end_matches('.');
    let Some(labels) = name
        .strip_suffix(domain)
        .and_then(|labels| labels.strip_suffix('.'))
    else {
        return Route::Control;
    };
    let label = labels.split('.').next().unwrap_or_default();
    // The names that the vendor's endpoint would have here, should a client be given them.
    if label == "ags" || label == "api" {
        return Route::Control;
    }
    let Some((port, instance)) = label.split_once('-') else {
        return Route::Malformed;
    };
    let is_number = port.bytes().all(|byte| byte.is_ascii_digit());
    match port.parse() {
        Ok(port @ 1..) if is_number && !instance.is_empty() => Route::Instance {
            port,
            instance: instance.to_owned(),
        },
        _ => Route::Malformed,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_are_told_apart() {
        let instance = |port, instance: &str| Route::Instance {
            port,
            instance: instance.to_owned(),
        };
        for (host, expected) in [
            ("127.0.0.1:8443", Route::Control),
            ("[::1]:8443", Route::Control),
            ("localhost:8443", Route::Control),
            ("LOCALHOST", Route::Control),
            ("ags.tencentcloudapi.com", Route::Control),
            ("ags.localhost:1", Route::Control),
            ("notlocalhost", Route::Control),
            ("", Route::Control),
            ("8000-abc.localhost:8443", instance(8000, "abc")),
            (
                "8000-abc.ap-chongqing.localhost:8443",
                instance(8000, "abc"),
            ),
            ("49983-ABC.localhost.", instance(49983, "abc")),
            ("abc-8000.localhost", Route::Malformed),
            ("abc.localhost", Route::Malformed),
            ("0-abc.localhost", Route::Malformed),
            ("70000-abc.localhost", Route::Malformed),
            ("+80-abc.localhost", Route::Malformed),
            ("8000-.localhost", Route::Malformed),
            (".localhost", Route::Malformed),
        ] {
            assert_eq!(route(host, "localhost"), expected, "{host}");
        }
    }

    proptest! {
        #[test]
        fn no_host_panics(host in ".*") {
            let _ = route(&host, "localhost");
        }
    }
}
