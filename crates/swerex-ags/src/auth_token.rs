//! The bridge's key as its user gives it: on the command line, in a file, or in the environment.

use std::path::PathBuf;

use swerex_ags_runtime::Secret;

use crate::report::Failure;

/// Names the variable that holds the key for agents.
pub(crate) const VARIABLE: &str = "SWEREX_AGS_AUTH_TOKEN";

/// Where the key comes from.
#[derive(Debug, clap::Args)]
pub(crate) struct AuthToken {
    /// The key that agents send; shows in the list of processes, unlike that in a file
    #[arg(long, value_name = "TOKEN", conflicts_with = "auth_token_file")]
    auth_token: Option<Secret>,
    /// File with the key; without either flag it is SWEREX_AGS_AUTH_TOKEN
    #[arg(long, value_name = "FILE")]
    auth_token_file: Option<PathBuf>,
}

impl AuthToken {
    /// The key that was given; `None` if none was.
    ///
    /// # Errors
    /// What was given is no key. The message does not repeat it.
    pub(crate) fn given(&self) -> Result<Option<String>, Failure> {
        if let Some(token) = &self.auth_token {
            return checked("--auth-token", token.expose()).map(Some);
        }
        if let Some(file) = &self.auth_token_file {
            let origin = format!("--auth-token-file {}", file.display());
            let text = std::fs::read_to_string(file)
                .map_err(|error| Failure::usage(format!("{origin}: {error}")))?;
            return checked(&origin, &text).map(Some);
        }
        match std::env::var_os(VARIABLE) {
            Some(text) => checked(VARIABLE, &text.to_string_lossy()).map(Some),
            None => Ok(None),
        }
    }
}

/// It is sent as a header.
fn checked(origin: &str, text: &str) -> Result<String, Failure> {
    let key = text.trim();
    if key.is_empty() {
        return Err(Failure::usage(format!(
            "{origin} is empty: give a key of visible ASCII characters, or leave it out"
        )));
    }
    if !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Failure::usage(format!(
            "{origin} should hold a key of visible ASCII characters"
        )));
    }
    Ok(key.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(token: &str) -> Result<Option<String>, String> {
        let flags = AuthToken {
            auth_token: Some(token.into()),
            auth_token_file: None,
        };
        assert!(!format!("{flags:?}").contains("marker"));
        flags.given().map_err(|failure| failure.text())
    }

    #[test]
    fn a_key_is_taken_and_what_is_none_is_not_repeated() {
        assert_eq!(given("brk_marker\n"), Ok(Some("brk_marker".to_owned())));
        assert!(given(" ").unwrap_err().starts_with("--auth-token is empty"));
        let text = given("two markers").unwrap_err();
        assert!(text.contains("ASCII") && !text.contains("marker"), "{text}");
    }
}
