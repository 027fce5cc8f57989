//! The API description as it is on disk.

use std::collections::BTreeMap;

use serde::Deserialize;

/// `fixtures/ags/api-2025-09-20.json`.
#[derive(Debug, Deserialize)]
pub(super) struct Description {
    pub(super) version: String,
    pub(super) actions: BTreeMap<String, Action>,
    pub(super) objects: BTreeMap<String, Object>,
    pub(super) error_codes: Vec<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Action {
    pub(super) input: String,
    pub(super) output: String,
    pub(super) rate_limit_per_s: Option<u32>,
    pub(super) errors: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Object {
    pub(super) members: Vec<Member>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Member {
    pub(super) name: String,
    #[serde(rename = "type")]
    pub(super) kind: String,
    /// The structure of an object; the structure or scalar type of a list's items.
    pub(super) member: Option<String>,
    #[serde(default)]
    pub(super) required: bool,
    #[serde(default)]
    pub(super) nullable: bool,
    #[serde(default)]
    pub(super) output_required: bool,
    #[serde(default)]
    pub(super) disabled: bool,
    #[serde(default, rename = "enum")]
    pub(super) known: Vec<String>,
    #[serde(default, rename = "enum_observed")]
    pub(super) observed: Vec<String>,
}

impl Description {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        serde_json::from_str(text).map_err(|error| format!("API description: {error}"))
    }

    /// The action whose request (or reply) is `structure`.
    pub(super) fn action_of(&self, structure: &str) -> Option<(&String, &Action)> {
        self.actions
            .iter()
            .find(|(_, action)| action.input == structure || action.output == structure)
    }
}

impl Action {
    /// Whether its request has a member by which the service recognises a repeat.
    pub(super) fn takes_client_token(&self, description: &Description) -> bool {
        description.objects.get(&self.input).is_some_and(|object| {
            object
                .members
                .iter()
                .any(|member| member.name == "ClientToken")
        })
    }
}
