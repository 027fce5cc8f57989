//! What we add to the API description: rooms, type names, secrets, idempotence, words.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::description::{Description, Member};

/// `fixtures/ags/overlay.json`; its own `about` says what it is for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Overlay {
    #[serde(rename = "about")]
    _about: String,
    pub(super) default_page: String,
    pub(super) rate_limit_page: String,
    names: BTreeMap<String, String>,
    times: BTreeSet<String>,
    secrets: BTreeSet<String>,
    pub(super) modules: BTreeMap<String, Module>,
    pub(super) enums: BTreeMap<String, Open>,
    pub(super) actions: BTreeMap<String, ActionNotes>,
    structures: BTreeMap<String, StructureNotes>,
}

/// One generated file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Module {
    pub(super) title: String,
    #[serde(default)]
    pub(super) actions: Vec<String>,
    #[serde(default)]
    pub(super) structures: Vec<String>,
}

/// A string type with known values that may grow.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Open {
    pub(super) module: String,
    pub(super) doc: String,
    members: BTreeSet<String>,
    #[serde(default)]
    pub(super) consts: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ActionNotes {
    pub(super) doc: String,
    pub(super) idempotence: Idempotence,
    pub(super) why: String,
    pub(super) page: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Idempotence {
    Safe,
    SameId,
    Never,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct StructureNotes {
    doc: Option<String>,
    #[serde(default)]
    members: BTreeMap<String, String>,
}

impl Overlay {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        serde_json::from_str(text).map_err(|error| format!("overlay: {error}"))
    }

    pub(super) fn structure_doc(&self, structure: &str) -> Option<&str> {
        self.structures.get(structure)?.doc.as_deref()
    }

    pub(super) fn member_doc(&self, structure: &str, member: &str) -> Option<&str> {
        self.structures
            .get(structure)?
            .members
            .get(member)
            .map(String::as_str)
    }

    pub(super) fn rust_name(&self, member: &str) -> Option<&str> {
        self.names.get(member).map(String::as_str)
    }

    pub(super) fn is_secret(&self, structure: &str, member: &str) -> bool {
        self.secrets.contains(&format!("{structure}.{member}"))
    }

    pub(super) fn is_time(&self, member: &Member) -> bool {
        member.kind == "string" && self.times.contains(&member.name)
    }

    pub(super) fn open_type(&self, structure: &str, member: &str) -> Option<&str> {
        let path = format!("{structure}.{member}");
        self.enums
            .iter()
            .find(|(_, open)| open.members.contains(&path))
            .map(|(name, _)| name.as_str())
    }

    /// Every value known or seen for an open type, in the order of the description.
    pub(super) fn values<'a>(&self, open: &Open, description: &'a Description) -> Vec<&'a str> {
        let mut values: Vec<&str> = Vec::new();
        for (structure, object) in &description.objects {
            for member in object.members.iter().filter(|member| {
                open.members
                    .contains(&format!("{structure}.{}", member.name))
            }) {
                for value in member.known.iter().chain(&member.observed) {
                    if !values.contains(&value.as_str()) {
                        values.push(value);
                    }
                }
            }
        }
        values
    }

    /// The room of each structure.
    pub(super) fn rooms(&self, description: &Description) -> BTreeMap<String, String> {
        let mut rooms = BTreeMap::new();
        for (room, module) in &self.modules {
            for structure in module.all(description) {
                rooms.insert(structure.to_owned(), room.clone());
            }
        }
        for (name, open) in &self.enums {
            rooms.insert(name.clone(), open.module.clone());
        }
        rooms
    }

    /// Refuses an overlay that leaves something out or names what does not exist.
    pub(super) fn check(&self, description: &Description) -> Result<(), String> {
        let mut problems = Vec::new();
        let mut placed = BTreeSet::new();
        for (room, module) in &self.modules {
            for action in &module.actions {
                if !description.actions.contains_key(action) {
                    problems.push(format!("module {room} names the unknown action {action}"));
                }
            }
            for structure in module.all(description) {
                if !description.objects.contains_key(structure) {
                    problems.push(format!(
                        "module {room} names the unknown structure {structure}"
                    ));
                }
                if !placed.insert(structure.to_owned()) {
                    problems.push(format!("{structure} is in two modules"));
                }
            }
        }
        for structure in description
            .objects
            .keys()
            .filter(|structure| !placed.contains(*structure))
        {
            problems.push(format!("{structure} is in no module"));
        }
        for (name, action) in &description.actions {
            match self.actions.get(name) {
                None => problems.push(format!("action {name} has no stated idempotence")),
                Some(notes) => {
                    let by_token = notes.idempotence == Idempotence::SameId;
                    if by_token != action.takes_client_token(description) {
                        problems.push(format!(
                            "action {name} is `same_id` exactly if its request has a ClientToken"
                        ));
                    }
                }
            }
        }
        problems.extend(
            self.actions
                .keys()
                .filter(|name| !description.actions.contains_key(*name))
                .map(|name| format!("unknown action {name}")),
        );
        for (structure, notes) in &self.structures {
            match description.objects.get(structure) {
                None => problems.push(format!("words for the unknown structure {structure}")),
                Some(_) => problems.extend(
                    notes
                        .members
                        .keys()
                        .filter_map(|member| missing(description, structure, member)),
                ),
            }
        }
        let paths = self
            .secrets
            .iter()
            .chain(self.enums.values().flat_map(|open| &open.members));
        for path in paths {
            match path.split_once('.') {
                Some((structure, member)) => {
                    problems.extend(missing(description, structure, member))
                }
                None => problems.push(format!("{path} is no Structure.Member")),
            }
        }
        for (structure, object) in &description.objects {
            for member in &object.members {
                let listed = !member.known.is_empty() || !member.observed.is_empty();
                if listed && self.open_type(structure, &member.name).is_none() {
                    problems.push(format!(
                        "{structure}.{} has known values and no type",
                        member.name
                    ));
                }
            }
        }
        if problems.is_empty() {
            Ok(())
        } else {
            Err(format!("overlay: {}", problems.join("; ")))
        }
    }
}

impl Module {
    /// Requests and replies of its actions, then its other structures.
    pub(super) fn all<'a>(&'a self, description: &'a Description) -> Vec<&'a str> {
        let mut all = Vec::new();
        for action in self
            .actions
            .iter()
            .filter_map(|name| description.actions.get(name))
        {
            all.extend([action.input.as_str(), action.output.as_str()]);
        }
        all.extend(self.structures.iter().map(String::as_str));
        all
    }
}

fn missing(description: &Description, structure: &str, member: &str) -> Option<String> {
    let there = description
        .objects
        .get(structure)
        .is_some_and(|object| object.members.iter().any(|it| it.name == member));
    (!there).then(|| format!("{structure}.{member} does not exist"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(change: impl FnOnce(&mut serde_json::Value)) -> Result<(), String> {
        let mut overlay =
            serde_json::from_str(include_str!("../../../fixtures/ags/overlay.json")).unwrap();
        change(&mut overlay);
        let description = include_str!("../../../fixtures/ags/api-2025-09-20.json");
        Overlay::parse(&overlay.to_string())?.check(&Description::parse(description)?)
    }

    fn problem(change: impl FnOnce(&mut serde_json::Value)) -> String {
        check(change).unwrap_err()
    }

    #[test]
    fn what_is_left_out_or_does_not_exist_is_named() {
        assert_eq!(check(|_| {}), Ok(()));
        assert!(
            problem(|overlay| overlay["modules"]["common"]["structures"] = serde_json::json!([]))
                .contains("Tag is in no module")
        );
        assert!(
            problem(|overlay| overlay["secrets"][0] = "Tag.Nothing".into())
                .contains("Tag.Nothing does not exist")
        );
        assert!(
            problem(|overlay| {
                overlay["actions"]["StartSandboxInstance"]["idempotence"] = "safe".into();
            })
            .contains("StartSandboxInstance is `same_id` exactly if")
        );
        assert!(
            problem(|overlay| {
                overlay["enums"]["StopReason"]["members"] = serde_json::json!([]);
            })
            .contains("SandboxInstance.StopReason has known values and no type")
        );
        assert!(problem(|overlay| overlay["typo"] = 1.into()).contains("unknown field"));
    }
}
