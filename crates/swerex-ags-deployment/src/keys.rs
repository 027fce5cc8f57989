//! The keys of the configuration: one table for parsing, help, and `config show`.

/// What a key's value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Any text.
    Text,
    /// A text that is never shown.
    Secret,
    /// `true` or `false`; also `1`, `0`, `yes`, `no`, `on`, `off`, `t`, `f`, `y`, `n` in any case.
    Bool,
    /// A port, 1 to 65535.
    Port,
    /// Seconds, fractions allowed.
    Seconds,
}

/// One key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    /// Its name, as in files and flags.
    pub name: &'static str,
    /// What its value is.
    pub kind: Kind,
    /// Its default as text; empty for none.
    pub default: &'static str,
    /// The environment variable that sets it, if there is one.
    pub env: Option<&'static str>,
    /// What it is for, in one line.
    pub doc: &'static str,
}

const fn key(name: &'static str, kind: Kind, default: &'static str, doc: &'static str) -> Key {
    Key {
        name,
        kind,
        default,
        env: None,
        doc,
    }
}

const fn with_env(mut key: Key, env: &'static str) -> Key {
    key.env = Some(env);
    key
}

/// The value of the key `type`.
pub const TYPE: &str = "tencentags";

/// Default of `http_endpoint`.
pub const DEFAULT_HTTP_ENDPOINT: &str = "ags.tencentcloudapi.com";
/// Default of `region`.
pub const DEFAULT_REGION: &str = "ap-chongqing";
/// What follows the region in the default of `domain`.
pub const DOMAIN_SUFFIX: &str = "tencentags.com";
/// Default of `image`.
pub const DEFAULT_IMAGE: &str = "python:3.11";
/// Default of `image_registry_type` and `mount_image_registry_type`.
pub const DEFAULT_REGISTRY_TYPE: &str = "enterprise";
/// Default of `timeout`, the lifetime of an instance.
pub const DEFAULT_TIMEOUT: &str = "1h";
/// Default of `port`.
pub const DEFAULT_PORT: u16 = 8000;
/// Default of `startup_timeout`, in seconds.
pub const DEFAULT_STARTUP_TIMEOUT: f64 = 180.0;
/// Default of `runtime_timeout`, in seconds.
pub const DEFAULT_RUNTIME_TIMEOUT: f64 = 60.0;
/// Default of `cpu`.
pub const DEFAULT_CPU: &str = "1";
/// Default of `memory`.
pub const DEFAULT_MEMORY: &str = "1Gi";
/// Default of `mount_path` and `image_subpath`.
pub const DEFAULT_MOUNT_PATH: &str = "/nix";

/// Every key but `type`, in the order in which they are shown.
pub const KEYS: &[Key] = &[
    with_env(
        key(
            "secret_id",
            Kind::Text,
            "",
            "SecretId of the Tencent Cloud account",
        ),
        "TENCENTCLOUD_SECRET_ID",
    ),
    with_env(
        key(
            "secret_key",
            Kind::Secret,
            "",
            "SecretKey of the Tencent Cloud account",
        ),
        "TENCENTCLOUD_SECRET_KEY",
    ),
    with_env(
        key(
            "token",
            Kind::Secret,
            "",
            "session token of temporary credentials (STS)",
        ),
        "TENCENTCLOUD_TOKEN",
    ),
    with_env(
        key(
            "role_arn",
            Kind::Text,
            "",
            "role that AGS assumes to pull private images and mounts",
        ),
        "TENCENTCLOUD_ROLE_ARN",
    ),
    key(
        "http_endpoint",
        Kind::Text,
        DEFAULT_HTTP_ENDPOINT,
        "host of the control plane: HOST, HOST:PORT or a URL",
    ),
    key(
        "skip_ssl_verify",
        Kind::Bool,
        "false",
        "accept any certificate, for internal and pre-release endpoints; both planes",
    ),
    key(
        "ca_file",
        Kind::Text,
        "",
        "PEM file of certificates to trust besides the platform's and those of SSL_CERT_FILE, REQUESTS_CA_BUNDLE and the like; both planes",
    ),
    key(
        "region",
        Kind::Text,
        DEFAULT_REGION,
        "region of the sandboxes",
    ),
    key(
        "domain",
        Kind::Text,
        "ap-chongqing.tencentags.com",
        "domain of the data plane; follows the region",
    ),
    key(
        "tool_id",
        Kind::Text,
        "",
        "SandboxTool to start instances of; empty: find or create one",
    ),
    key(
        "reuse_tool",
        Kind::Bool,
        "true",
        "with an empty tool_id: share one tool among all that need the same; false: one of its own, deleted at the end",
    ),
    key(
        "image",
        Kind::Text,
        DEFAULT_IMAGE,
        "image that the sandbox runs",
    ),
    key(
        "image_registry_type",
        Kind::Text,
        DEFAULT_REGISTRY_TYPE,
        "where the image is: enterprise, personal, custom, system",
    ),
    key(
        "timeout",
        Kind::Text,
        DEFAULT_TIMEOUT,
        "lifetime of an instance: 5m, 300s, 1h; 30 s to 24 h",
    ),
    key(
        "extend_timeout",
        Kind::Bool,
        "false",
        "let the lifetime begin anew as long as the sandbox is used",
    ),
    key(
        "port",
        Kind::Port,
        "8000",
        "port of the SWE-ReX server in the sandbox",
    ),
    with_env(
        key(
            "auth_token",
            Kind::Secret,
            "",
            "key of the SWE-ReX server in the sandbox, for one that brings its own; empty: a random one for each start",
        ),
        swerex_proto::route::AUTH_TOKEN_VARIABLE,
    ),
    key(
        "startup_timeout",
        Kind::Seconds,
        "180.0",
        "seconds until a started sandbox must answer",
    ),
    key(
        "runtime_timeout",
        Kind::Seconds,
        "60.0",
        "seconds that a call may take beyond its command's own timeout",
    ),
    key("cpu", Kind::Text, DEFAULT_CPU, "CPUs: 1, 2, 500m"),
    key("memory", Kind::Text, DEFAULT_MEMORY, "memory: 1Gi, 512Mi"),
    key(
        "mount_name",
        Kind::Text,
        "",
        "name of the tool's mount of the server image; empty with mount_image: swerex",
    ),
    key(
        "mount_image",
        Kind::Text,
        "",
        "image that holds the SWE-ReX server, mounted into the sandbox",
    ),
    key(
        "mount_image_registry_type",
        Kind::Text,
        DEFAULT_REGISTRY_TYPE,
        "where the mounted image is: enterprise, personal",
    ),
    key(
        "mount_path",
        Kind::Text,
        DEFAULT_MOUNT_PATH,
        "where it is mounted",
    ),
    key(
        "image_subpath",
        Kind::Text,
        DEFAULT_MOUNT_PATH,
        "which directory of it is mounted",
    ),
    key(
        "mount_readonly",
        Kind::Bool,
        "false",
        "whether it is mounted read-only",
    ),
];

/// The key of this name.
pub fn find(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
}

/// The known name that is most like an unknown one, if any is like it.
pub fn nearest(name: &str) -> Option<&'static str> {
    let wanted = name.to_ascii_lowercase().replace('-', "_");
    let names = KEYS.iter().map(|key| key.name).chain(["type"]);
    let (likeness, nearest) = names
        .map(|known| (strsim::jaro_winkler(&wanted, known), known))
        .max_by(|(a, _), (b, _)| a.total_cmp(b))?;
    (likeness > 0.75).then_some(nearest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_key_has_a_neighbour_or_none() {
        assert_eq!(nearest("imgae"), Some("image"));
        assert_eq!(nearest("skip-ssl-verify"), Some("skip_ssl_verify"));
        assert_eq!(nearest("secretid"), Some("secret_id"));
        assert_eq!(nearest("Region"), Some("region"));
        assert_eq!(nearest("xyzzy"), None);
    }
}
