//! One complaint about a body, and the answer that lists them.

use crate::json::{Excerpt, Unprintable, Value, cut, print_members, quote};

/// Complaints that are listed; how many more there are is told in their place.
pub(super) const MAX_DETAILS: usize = 100;

/// A step of the way to the value that is complained about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Loc {
    Name(String),
    Index(usize),
}

impl From<&str> for Loc {
    fn from(name: &str) -> Self {
        // It may be the request's own.
        Self::Name(cut(name))
    }
}

/// What is wrong with one value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Detail {
    pub(crate) kind: &'static str,
    pub(crate) loc: Vec<Loc>,
    pub(crate) msg: String,
    /// What the request held, or its beginning.
    input: Excerpt,
    /// What the message was made of, as names and values; most kinds have none.
    pub(crate) ctx: Vec<(&'static str, Value<'static>)>,
}

impl Detail {
    pub(crate) fn new(
        kind: &'static str,
        loc: Vec<Loc>,
        msg: impl Into<String>,
        input: impl Into<Excerpt>,
    ) -> Self {
        Self {
            kind,
            loc,
            msg: msg.into(),
            input: input.into(),
            ctx: Vec::new(),
        }
    }

    pub(crate) fn missing(loc: Vec<Loc>, input: impl Into<Excerpt>) -> Self {
        Self::new("missing", loc, "Field required", input)
    }

    /// Stands for complaints that are not listed.
    pub(super) fn more(count: usize) -> Self {
        let msg = format!("{count} more complaints are not listed");
        Self::new("too_many_errors", vec!["body".into()], msg, &Value::Null)
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
        self.input.value().print(out)?;
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
