//! What pydantic does to a body: required fields, lax coercions, every error in field order.

mod body;
mod detail;
mod lax;
mod model;
mod requests;

pub(crate) use detail::{Detail, Loc, body as details_body};
pub(crate) use lax::boolean;
pub(crate) use requests::{
    close_session, command, create_session, read_file, run_in_session, terminal, terminal_size,
    write_file,
};

use crate::json::LoneSurrogate;

/// Why a body is no request.
#[derive(Debug, PartialEq)]
pub(crate) enum Invalid {
    /// Bytes that are no text, or JSON nobody should send.
    Unreadable,
    /// JSON of more values than a body may have.
    TooMany,
    /// Wrong fields, all of them.
    Fields(Vec<Detail>),
    /// A string that cannot be encoded.
    Surrogates(LoneSurrogate),
}
