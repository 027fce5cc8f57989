//! The API description as data: for servers that check requests and for tools that explain them.

mod table;

use serde_json::Value;

use crate::action::Idempotence;

/// An action of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ActionInfo {
    /// Name, for example `StartSandboxInstance`.
    pub name: &'static str,
    /// One or two sentences about what it does.
    pub summary: &'static str,
    /// Name of the request's structure.
    pub input: &'static str,
    /// Name of the reply's structure.
    pub output: &'static str,
    /// Whether it may be repeated.
    pub idempotence: Idempotence,
    /// Documented calls per second, if any.
    pub rate_limit_per_second: Option<u32>,
    /// Documented error codes; empty where none are documented. Others must be expected.
    pub errors: &'static [&'static str],
}

/// A structure of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Structure {
    /// Name, for example `SandboxTool`.
    pub name: &'static str,
    /// Its members, in the order of the description.
    pub members: &'static [Member],
}

/// A member of a structure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Member {
    /// Name on the wire, for example `ToolId`.
    pub name: &'static str,
    /// Type on the wire.
    pub kind: Kind,
    /// Values known for it; empty where any string is fine. Others must be expected.
    pub known: &'static [&'static str],
    /// What it means, in our words; empty where the public sources say nothing.
    pub doc: &'static str,
    flags: u8,
}

/// The type of a member on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text.
    String,
    /// A whole number.
    Integer,
    /// A whole number that is not negative.
    Unsigned,
    /// A number.
    Float,
    /// True or false.
    Bool,
    /// A structure of this name.
    Object(&'static str),
    /// A list of structures of this name.
    List(&'static str),
    /// A list of texts.
    Strings,
}

/// What is wrong with a request, found by [`problems`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// A required member is not there; the path of it, for example `NetworkConfiguration.NetworkMode`.
    Missing(String),
    /// The description has no such member.
    Unknown(String),
    /// A member of another type than the description says.
    Mistyped(String),
}

/// The description of `action`.
#[must_use]
pub fn action(action: &str) -> Option<&'static ActionInfo> {
    let at = table::ACTIONS
        .binary_search_by(|info| info.name.cmp(action))
        .ok()?;
    table::ACTIONS.get(at)
}

/// All actions, sorted by name.
#[must_use]
pub fn actions() -> &'static [ActionInfo] {
    table::ACTIONS
}

/// The description of `structure`.
#[must_use]
pub fn structure(structure: &str) -> Option<&'static Structure> {
    let at = table::STRUCTURES
        .binary_search_by(|info| info.name.cmp(structure))
        .ok()?;
    table::STRUCTURES.get(at)
}

/// All structures, sorted by name.
#[must_use]
pub fn structures() -> &'static [Structure] {
    table::STRUCTURES
}

/// The error codes that the vendor lists; others have been seen.
#[must_use]
pub fn error_codes() -> &'static [&'static str] {
    table::ERROR_CODES
}

/// What the description finds wrong with `value` as a `structure`, in the order of its members.
///
/// The client does not refuse such requests, since the service may be newer than the description. An
/// unknown structure has no problems.
#[must_use]
pub fn problems(structure: &str, value: &Value) -> Vec<Problem> {
    let mut found = Vec::new();
    look(structure, value, "", &mut found);
    found
}

/// Whether `structure`, or anything in it, has a member that must not be shown.
pub(crate) fn holds_secret(structure: &str) -> bool {
    let Some(info) = self::structure(structure) else {
        return true;
    };
    // The description has no structure that holds itself, so this ends.
    info.members.iter().any(|member| match member.kind {
        Kind::Object(inner) | Kind::List(inner) => holds_secret(inner),
        _ => member.secret(),
    })
}

impl Structure {
    /// The member called `name` on the wire.
    #[must_use]
    pub fn member(&self, name: &str) -> Option<&'static Member> {
        self.members.iter().find(|member| member.name == name)
    }
}

impl Member {
    /// Whether a request must have it.
    #[must_use]
    pub fn required(&self) -> bool {
        self.flags & REQUIRED != 0
    }

    /// Whether it may be `null`.
    #[must_use]
    pub fn nullable(&self) -> bool {
        self.flags & NULLABLE != 0
    }

    /// Whether every reply is said to have it.
    #[must_use]
    pub fn always_in_replies(&self) -> bool {
        self.flags & IN_REPLIES != 0
    }

    /// Whether the vendor marks it as disabled.
    #[must_use]
    pub fn disabled(&self) -> bool {
        self.flags & DISABLED != 0
    }

    /// Whether it must not be shown.
    #[must_use]
    pub fn secret(&self) -> bool {
        self.flags & SECRET != 0
    }
}

const REQUIRED: u8 = 1;
const NULLABLE: u8 = 2;
const IN_REPLIES: u8 = 4;
const DISABLED: u8 = 8;
const SECRET: u8 = 16;

const fn member(
    name: &'static str,
    kind: Kind,
    flags: u8,
    known: &'static [&'static str],
    doc: &'static str,
) -> Member {
    Member {
        name,
        kind,
        known,
        doc,
        flags,
    }
}

fn look(structure: &str, value: &Value, path: &str, found: &mut Vec<Problem>) {
    let Some(info) = self::structure(structure) else {
        return;
    };
    let Value::Object(there) = value else {
        found.push(Problem::Mistyped(path.to_owned()));
        return;
    };
    let below = |name: &str| {
        if path.is_empty() {
            name.to_owned()
        } else {
            format!("{path}.{name}")
        }
    };
    for member in info.members {
        let path = below(member.name);
        match there.get(member.name) {
            None | Some(Value::Null) if member.required() => found.push(Problem::Missing(path)),
            None | Some(Value::Null) => {}
            Some(value) => look_at_member(member, value, path, found),
        }
    }
    found.extend(
        there
            .keys()
            .filter(|name| info.member(name).is_none())
            .map(|name| Problem::Unknown(below(name))),
    );
}

fn look_at_member(member: &Member, value: &Value, path: String, found: &mut Vec<Problem>) {
    let fits = match (member.kind, value) {
        (Kind::Object(structure), _) => return look(structure, value, &path, found),
        (Kind::List(structure), Value::Array(items)) => {
            for (at, item) in items.iter().enumerate() {
                look(structure, item, &format!("{path}.{at}"), found);
            }
            true
        }
        (Kind::Strings, Value::Array(items)) => items.iter().all(Value::is_string),
        (Kind::String, _) => value.is_string(),
        (Kind::Integer, _) => value.is_i64() || value.is_u64(),
        (Kind::Unsigned, _) => value.is_u64(),
        (Kind::Float, _) => value.is_number(),
        (Kind::Bool, _) => value.is_boolean(),
        (Kind::List(_) | Kind::Strings, _) => false,
    };
    if !fits {
        found.push(Problem::Mistyped(path));
    }
}
