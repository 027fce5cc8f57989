//! From the bytes of a body to the object that a model is checked against.

use std::borrow::Cow;

use super::{Detail, Invalid, Loc};
use crate::{
    json::{self, Broken, Excerpt, Object, Value},
    pyrepr,
};

/// Whether FastAPI reads a body of this content type as JSON.
fn is_json(content_type: Option<&[u8]>) -> bool {
    let Some(text) = content_type.and_then(|value| std::str::from_utf8(value).ok()) else {
        return false;
    };
    let essence = text.split(';').next().unwrap_or_default().trim();
    let Some((main, sub)) = essence.split_once('/') else {
        return false;
    };
    let sub = sub.to_ascii_lowercase();
    main.eq_ignore_ascii_case("application") && (sub == "json" || sub.ends_with("+json"))
}

/// A body as text.
pub(super) enum Body<'a> {
    Empty,
    Json(Cow<'a, str>),
    /// What is not said to be JSON, or its beginning.
    Other(String),
}

impl<'a> Body<'a> {
    pub(super) fn new(content_type: Option<&[u8]>, bytes: &'a [u8]) -> Result<Self, Invalid> {
        Ok(if bytes.is_empty() {
            Self::Empty
        } else if is_json(content_type) {
            Self::Json(json::decode(bytes).map_err(|_| Invalid::Unreadable)?)
        } else {
            Self::Other(json::cut_bytes(bytes))
        })
    }

    /// The object that it holds.
    pub(super) fn object(&self) -> Result<Object<'_>, Invalid> {
        let value = match self {
            Self::Empty => {
                return Err(Invalid::Fields(vec![Detail::missing(
                    vec!["body".into()],
                    &Value::Null,
                )]));
            }
            Self::Json(text) => json::parse(text).map_err(complaint)?,
            Self::Other(text) => text.as_str().into(),
        };
        match value {
            Value::Object(object) => Ok(object),
            other => Err(Invalid::Fields(vec![Detail::new(
                "model_attributes_type",
                vec!["body".into()],
                "Input should be a valid dictionary or object to extract fields from",
                &other,
            )])),
        }
    }
}

fn complaint(broken: Broken) -> Invalid {
    match broken {
        Broken::Excessive => Invalid::Unreadable,
        Broken::TooMany => Invalid::TooMany,
        Broken::At { error, offset } => {
            let loc = vec!["body".into(), Loc::Index(offset)];
            let empty = Object::default();
            let mut detail = Detail::new("json_invalid", loc, "JSON decode error", &empty);
            detail.ctx = vec![("error", error.into())];
            Invalid::Fields(vec![detail])
        }
    }
}

/// The member that says which model the object is of.
pub(super) fn tag<'a>(
    object: &Object<'_>,
    discriminator: &'static str,
    expected: &[&'a str],
) -> Result<&'a str, Invalid> {
    let quoted = Value::from(format!("'{discriminator}'"));
    let refuse = |kind, msg: String, ctx| {
        let mut detail = Detail::new(kind, vec!["body".into()], msg, object);
        detail.ctx = ctx;
        Err(Invalid::Fields(vec![detail]))
    };
    let Some(value) = object.get(discriminator) else {
        return refuse(
            "union_tag_not_found",
            format!("Unable to extract tag using discriminator '{discriminator}'"),
            vec![("discriminator", quoted)],
        );
    };
    if let Value::Str(tag) = value
        && let Some(known) = expected.iter().find(|known| *known == tag)
    {
        return Ok(known);
    }
    let tag = python_str(Excerpt::from(value).value());
    let expected: Vec<String> = expected.iter().map(|tag| format!("'{tag}'")).collect();
    let expected = expected.join(", ");
    refuse(
        "union_tag_invalid",
        format!(
            "Input tag '{tag}' found using '{discriminator}' does not match any of the expected tags: {expected}"
        ),
        vec![
            ("discriminator", quoted),
            ("tag", tag.into()),
            ("expected_tags", expected.into()),
        ],
    )
}

/// Python's `str` of a value.
fn python_str(value: &Value<'_>) -> String {
    match value {
        Value::Str(text) => text.to_string(),
        other => python_repr(other),
    }
}

fn python_repr(value: &Value<'_>) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Int(value) => value.to_string(),
        Value::BigInt(digits) => digits.to_string(),
        Value::Float(value) => pyrepr::float(*value),
        Value::Str(text) => pyrepr::repr(text),
        Value::Surrogates(_) => "'\u{fffd}'".to_owned(),
        Value::List(items) => {
            let items: Vec<String> = items.iter().map(python_repr).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(object) => {
            let members: Vec<String> = object
                .members()
                .iter()
                .map(|(name, value)| format!("{}: {}", pyrepr::repr(name), python_repr(value)))
                .collect();
            format!("{{{}}}", members.join(", "))
        }
    }
}
