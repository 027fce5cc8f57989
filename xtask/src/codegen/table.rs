//! The description as data that a program can look things up in.

use super::{
    MADE_BY,
    description::{Description, Member},
    overlay::{Idempotence, Overlay},
};

/// `description/table.rs`.
pub(super) fn table(description: &Description, overlay: &Overlay) -> String {
    let mut text = format!(
        "{MADE_BY}\n//! The description as data, sorted by name.\n\nuse crate::action::Idempotence;\n\nuse super::{{ActionInfo, DISABLED, IN_REPLIES, Kind, NULLABLE, REQUIRED, SECRET, Structure, member}};\n\n\
         #[rustfmt::skip] // One line each.\npub(super) static ACTIONS: &[ActionInfo] = &[\n"
    );
    for (name, action) in &description.actions {
        let Some(notes) = overlay.actions.get(name) else {
            continue;
        };
        let idempotence = match notes.idempotence {
            Idempotence::Safe => "Safe",
            Idempotence::SameId => "SameId",
            Idempotence::Never => "Never",
        };
        text.push_str(&format!(
            "    ActionInfo {{ name: {name:?}, summary: {:?}, input: {:?}, output: {:?}, idempotence: Idempotence::{idempotence}, \
             rate_limit_per_second: {:?}, errors: &{:?} }},\n",
            notes.doc,
            action.input,
            action.output,
            action.rate_limit_per_s,
            action.errors.as_deref().unwrap_or_default()
        ));
    }
    text.push_str("];\n\n#[rustfmt::skip] // One line each.\npub(super) static STRUCTURES: &[Structure] = &[\n");
    for (name, object) in &description.objects {
        text.push_str(&format!("    Structure {{ name: {name:?}, members: &[\n"));
        for member in &object.members {
            text.push_str(&self::member(name, member, overlay));
        }
        text.push_str("    ] },\n");
    }
    text.push_str("];\n\npub(super) static ERROR_CODES: &[&str] = &[\n");
    for code in &description.error_codes {
        text.push_str(&format!("{code:?},\n"));
    }
    text.push_str("];\n");
    text
}

/// `tests/every_structure/list.rs`: one line per structure and action for a test that is generic over them.
pub(super) fn test_list(description: &Description) -> String {
    let mut text = format!(
        "{MADE_BY}\n//! Every structure and action by name, for the tests.\n\nuse ags_api::model::*;\n\nuse super::{{action, structure}};\n\n\
         pub(super) fn structures() {{\n"
    );
    for name in description.objects.keys() {
        text.push_str(&format!("structure::<{name}>({name:?});\n"));
    }
    text.push_str("}\n\npub(super) fn actions() {\n");
    for (name, info) in &description.actions {
        text.push_str(&format!("action::<{}>({name:?});\n", info.input));
    }
    text.push_str("}\n");
    text
}

fn member(structure: &str, member: &Member, overlay: &Overlay) -> String {
    let kind = match (member.kind.as_str(), member.member.as_deref()) {
        ("list", Some("string")) => "Kind::Strings".to_owned(),
        ("list", Some(item)) => format!("Kind::List({item:?})"),
        ("object", Some(object)) => format!("Kind::Object({object:?})"),
        ("int64", _) => "Kind::Integer".to_owned(),
        ("uint64", _) => "Kind::Unsigned".to_owned(),
        ("float", _) => "Kind::Float".to_owned(),
        ("bool", _) => "Kind::Bool".to_owned(),
        _ => "Kind::String".to_owned(),
    };
    let flags: Vec<&str> = [
        (member.required, "REQUIRED"),
        (member.nullable, "NULLABLE"),
        (member.output_required, "IN_REPLIES"),
        (member.disabled, "DISABLED"),
        (overlay.is_secret(structure, &member.name), "SECRET"),
    ]
    .into_iter()
    .filter_map(|(holds, flag)| holds.then_some(flag))
    .collect();
    let flags = if flags.is_empty() {
        "0".to_owned()
    } else {
        flags.join(" | ")
    };
    let known: Vec<&String> = member.known.iter().chain(&member.observed).collect();
    let doc = overlay
        .member_doc(structure, &member.name)
        .unwrap_or_default();
    format!(
        "        member({:?}, {kind}, {flags}, &{known:?}, {doc:?}),\n",
        member.name
    )
}
