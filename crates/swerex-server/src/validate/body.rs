//! From the bytes of a body to the object that a model is checked against.

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

/// The object that a body holds.
pub(super) fn object(content_type: Option<&[u8]>, bytes: &[u8]) -> Result<Object, Invalid> {
    if bytes.is_empty() {
        return Err(Invalid::Fields(vec![Detail::missing(
            vec!["body".into()],
            &Value::Null,
        )]));
    }
    let value = if is_json(content_type) {
        let text = json::decode(bytes).map_err(|_| Invalid::Unreadable)?;
        json::parse(&text).map_err(|broken| match broken {
            Broken::Excessive => Invalid::Unreadable,
            Broken::TooMany => Invalid::TooMany,
            Broken::At { error, offset } => {
                let loc = vec!["body".into(), Loc::Index(offset)];
                let empty = Value::Object(Object::default());
                let mut detail = Detail::new("json_invalid", loc, "JSON decode error", &empty);
                detail.ctx = vec![("error", error.into())];
                Invalid::Fields(vec![detail])
            }
        })?
    } else {
        Value::Str(json::cut_bytes(bytes))
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

/// The member that says which model the object is of.
pub(super) fn tag<'a>(
    object: &Object,
    discriminator: &'static str,
    expected: &[&'a str],
) -> Result<&'a str, Invalid> {
    let quoted = Value::Str(format!("'{discriminator}'"));
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
            ("tag", Value::Str(tag)),
            ("expected_tags", Value::Str(expected)),
        ],
    )
}

/// Python's `str` of a value.
fn python_str(value: &Value) -> String {
    match value {
        Value::Str(text) => text.clone(),
        other => python_repr(other),
    }
}

fn python_repr(value: &Value) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Int(value) => value.to_string(),
        Value::BigInt(digits) => digits.clone(),
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
