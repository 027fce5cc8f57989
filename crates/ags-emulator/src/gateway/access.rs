//! Who may reach a port of an instance.

use ags_api::model::AuthMode;

use crate::{
    behaviour::PortToken,
    clock::Moment,
    state::{Instance, TokenKind, Tokens},
};

/// envd's port, which always takes `Token` and is the one that `PUBLIC` keeps closed.
pub(crate) const ENVD_PORT: u16 = 49_983;

/// Says why the request is refused, if it is.
pub(super) fn check(
    tokens: &Tokens,
    instance: &Instance,
    port: u16,
    token: Option<&str>,
    port_token: PortToken,
    now: Moment,
) -> Result<(), &'static str> {
    let is_open = instance.auth_mode == AuthMode::NONE
        || instance.auth_mode == AuthMode::PUBLIC && port != ENVD_PORT;
    if is_open {
        return Ok(());
    }
    let token = token.ok_or("the request has no X-Access-Token")?;
    let token = tokens.find(token).ok_or("the access token is not valid")?;
    if token.instance != instance.id {
        return Err("the access token is for another instance");
    }
    if token.expires <= now {
        return Err("the access token has expired");
    }
    let opens = match (port, port_token, token.kind) {
        (ENVD_PORT, _, kind) => kind == TokenKind::Access,
        (_, PortToken::Either, _) => true,
        (_, PortToken::Token, kind) => kind == TokenKind::Access,
        (_, PortToken::Traffic, kind) => kind == TokenKind::Traffic,
    };
    if opens {
        Ok(())
    } else {
        Err("the access token does not open this port")
    }
}
