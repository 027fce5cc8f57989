//! One complaint about a body, and the answer that lists them.

use crate::json::{Unprintable, Value, print_members, quote};

/// A step of the way to the value that is complained about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Loc {
    Name(String),
    Index(usize),
}

impl From<&str> for Loc {
    fn from(name: &str) -> Self {
        Self::Name(name.to_owned())
    }
}

/// What is wrong with one value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Detail {
    pub(crate) kind: &'static str,
    pub(crate) loc: Vec<Loc>,
    pub(crate) msg: String,
    pub(crate) input: Value,
    /// What the message was made of, as names and values; most kinds have none.
    pub(crate) ctx: Vec<(&'static str, Value)>,
}

impl Detail {
    pub(crate) fn new(
        kind: &'static str,
        loc: Vec<Loc>,
        msg: impl Into<String>,
        input: Value,
    ) -> Self {
        Self {
            kind,
            loc,
            msg: msg.into(),
            input,
            ctx: Vec::new(),
        }
    }

    pub(crate) fn missing(loc: Vec<Loc>, input: Value) -> Self {
        Self::new("missing", loc, "Field required", input)
    }

    fn print(&self, out: &mut Vec<u8>) -> Result<(), Unprintable> {
        out.extend_from_slice(b"{\"type\":");
        quote(self.kind, out);
        out.extend_from_slice(b",\"loc\":[");
        for (index, step) in self.loc.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            match step {
                Loc::Name(name) => quote(name, out),
                Loc::Index(index) => out.extend_from_slice(index.to_string().as_bytes()),
            }
        }
        out.extend_from_slice(b"],\"msg\":");
        quote(&self.msg, out);
        out.extend_from_slice(b",\"input\":");
        self.input.print(out)?;
        if !self.ctx.is_empty() {
            out.extend_from_slice(b",\"ctx\":");
            print_members(self.ctx.iter().map(|(name, value)| (*name, value)), out)?;
        }
        out.push(b'}');
        Ok(())
    }
}

/// The body of a 422 answer.
pub(crate) fn body(details: &[Detail]) -> Result<Vec<u8>, Unprintable> {
    let mut out = b"{\"detail\":[".to_vec();
    for (index, detail) in details.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        detail.print(&mut out)?;
    }
    out.extend_from_slice(b"]}");
    Ok(out)
}
