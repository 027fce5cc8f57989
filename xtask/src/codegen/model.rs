//! The structures of one resource as Rust source.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    MADE_BY,
    description::{Description, Member},
    docs, names,
    overlay::{Idempotence, Overlay},
};

/// Scalars of the description.
const SCALARS: [(&str, &str); 5] = [
    ("string", "String"),
    ("int64", "i64"),
    ("uint64", "u64"),
    ("float", "f64"),
    ("bool", "bool"),
];

/// `model.rs`: the rooms, and everything in them under one name.
pub(super) fn index(description: &Description, overlay: &Overlay) -> String {
    let mut text = format!(
        "{MADE_BY}\n//! The {} actions and {} structures of API {}, one room a resource, all of them also here.\n//!\n\
         //! Every member is an `Option`, so that `StartSandboxInstanceRequest {{ tool_id: Some(id), ..Default::default() }}`\n\
         //! names only what it sets; what is `None` is not sent. Members that this description does not know are kept in `extra`.\n\n",
        description.actions.len(),
        description.objects.len(),
        description.version
    );
    for room in overlay.modules.keys() {
        text.push_str(&format!("pub mod {room};\n"));
    }
    let all: Vec<String> = overlay
        .modules
        .keys()
        .map(|room| format!("{room}::*"))
        .collect();
    text.push_str(&format!("\npub use self::{{{}}};\n", all.join(", ")));
    text
}

/// `model/{room}.rs`.
pub(super) fn module(room: &str, description: &Description, overlay: &Overlay) -> String {
    let Some(module) = overlay.modules.get(room) else {
        return String::new();
    };
    let rooms = overlay.rooms(description);
    let mut body = String::new();
    let mut used = BTreeSet::new();
    for structure in module.all(description) {
        body.push_str(&self::structure(structure, description, overlay, &mut used));
    }
    for (name, open) in overlay.enums.iter().filter(|(_, open)| open.module == room) {
        used.insert("crate::open::open_string".to_owned());
        body.push_str(&format!(
            "open_string! {{\n{}    pub struct {name} {{\n",
            docs::comment("    ", std::slice::from_ref(&open.doc))
        ));
        for value in overlay.values(open, description) {
            let constant = open
                .consts
                .get(value)
                .cloned()
                .unwrap_or_else(|| names::constant(value));
            body.push_str(&format!("        {constant} = \"{value}\",\n"));
        }
        body.push_str("    }\n}\n\n");
    }
    format!(
        "{MADE_BY}\n//! {}\n\n{}\n{body}",
        module.title,
        imports(room, &used, &rooms)
    )
}

fn imports(room: &str, used: &BTreeSet<String>, rooms: &BTreeMap<String, String>) -> String {
    let mut siblings: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut own: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for path in used {
        match (
            rooms.get(path),
            path.strip_prefix("crate::")
                .and_then(|path| path.split_once("::")),
        ) {
            (Some(there), _) if there == room => {}
            (Some(there), _) => siblings.entry(there).or_default().push(path),
            (None, Some((module, item))) => own.entry(module).or_default().push(item),
            (None, None) => {}
        }
    }
    let group = |root: &str, modules: BTreeMap<&str, Vec<&str>>| {
        let modules: Vec<String> = modules
            .into_iter()
            .map(|(module, items)| format!("{module}::{{{}}}", items.join(", ")))
            .collect();
        if modules.is_empty() {
            String::new()
        } else {
            format!("use {root}::{{{}}};\n", modules.join(", "))
        }
    };
    format!(
        "use serde::{{Deserialize, Serialize}};\nuse serde_with::skip_serializing_none;\n\n{}{}",
        group("super", siblings),
        group("crate", own)
    )
}

fn structure(
    name: &str,
    description: &Description,
    overlay: &Overlay,
    used: &mut BTreeSet<String>,
) -> String {
    let Some(object) = description.objects.get(name) else {
        return String::new();
    };
    used.insert("crate::extra::Extra".to_owned());
    let mut text = docs::comment("", &docs::structure(name, description, overlay));
    text.push_str("#[skip_serializing_none]\n#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]\n");
    text.push_str(&format!(
        "#[serde(default, rename_all = \"PascalCase\")]\npub struct {name} {{\n"
    ));
    for member in &object.members {
        text.push_str(&docs::comment("    ", &docs::member(name, member, overlay)));
        let field = overlay
            .rust_name(&member.name)
            .map_or_else(|| names::snake(&member.name), str::to_owned);
        let mut attributes = Vec::new();
        if names::pascal(&field) != member.name {
            attributes.push(format!("rename = \"{}\"", member.name));
        }
        let rust = rust_type(name, member, overlay, used);
        if rust == "Secret" {
            attributes.push("serialize_with = \"crate::secret::on_the_wire\"".to_owned());
        }
        if !attributes.is_empty() {
            text.push_str(&format!("    #[serde({})]\n", attributes.join(", ")));
        }
        text.push_str(&format!(
            "    pub {}: Option<{rust}>,\n",
            names::field(&field)
        ));
    }
    text.push_str("    /// Members that this description does not know.\n    #[serde(flatten)]\n    pub extra: Extra,\n}\n\n");
    text.push_str(&action_impl(name, description, overlay, used));
    text
}

fn rust_type(
    structure: &str,
    member: &Member,
    overlay: &Overlay,
    used: &mut BTreeSet<String>,
) -> String {
    let named = |used: &mut BTreeSet<String>, path: &str| {
        used.insert(path.to_owned());
        path.rsplit("::").next().unwrap_or(path).to_owned()
    };
    if overlay.is_secret(structure, &member.name) {
        return named(used, "crate::secret::Secret");
    }
    if let Some(open) = overlay.open_type(structure, &member.name) {
        return named(used, open);
    }
    if overlay.is_time(member) {
        return named(used, "crate::time::ApiTime");
    }
    let of = |used: &mut BTreeSet<String>, kind: &str| match SCALARS
        .iter()
        .find(|(scalar, _)| *scalar == kind)
    {
        Some((_, rust)) => (*rust).to_owned(),
        None => named(used, kind),
    };
    match (member.kind.as_str(), member.member.as_deref()) {
        ("list", Some(item)) => format!("Vec<{}>", of(used, item)),
        ("object", Some(object)) => of(used, object),
        (scalar, _) => of(used, scalar),
    }
}

fn action_impl(
    structure: &str,
    description: &Description,
    overlay: &Overlay,
    used: &mut BTreeSet<String>,
) -> String {
    let Some((name, action)) = description
        .action_of(structure)
        .filter(|(_, action)| action.input == structure)
    else {
        return String::new();
    };
    let Some(notes) = overlay.actions.get(name) else {
        return String::new();
    };
    used.insert("crate::action::Action".to_owned());
    used.insert("crate::action::Idempotence".to_owned());
    let idempotence = match notes.idempotence {
        Idempotence::Safe => "Safe",
        Idempotence::SameId => "SameId",
        Idempotence::Never => "Never",
    };
    let limit = action
        .rate_limit_per_s
        .map_or_else(|| "None".to_owned(), |limit| format!("Some({limit})"));
    format!(
        "impl Action for {structure} {{\n    const NAME: &'static str = \"{name}\";\n    \
         const IDEMPOTENCE: Idempotence = Idempotence::{idempotence};\n    \
         const RATE_LIMIT_PER_SECOND: Option<u32> = {limit};\n    type Reply = {};\n}}\n\n",
        action.output
    )
}
