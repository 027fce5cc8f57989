//! What the service knows: tools, instances, tokens, and everything else that an action reads or writes.

mod ids;
mod instance;
mod token;
mod tool;

use std::collections::{BTreeMap, HashMap};

use ags_api::model::{APIKeyInfo, InstanceStatus, PreCacheImage, SandboxSnapshot};

pub(crate) use self::{
    ids::{Ids, secret},
    instance::{Instance, Live, is_final, lives, uses_quota},
    token::{TokenKind, Tokens},
    tool::Tool,
};

/// All of it, behind one lock.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) ids: Ids,
    /// In the order of creation.
    pub(crate) tools: BTreeMap<u64, Tool>,
    /// In the order of creation.
    pub(crate) instances: BTreeMap<u64, Instance>,
    by_instance_id: HashMap<String, u64>,
    pub(crate) tokens: Tokens,
    pub(crate) client_tokens: HashMap<(&'static str, String), UsedClientToken>,
    pub(crate) images: BTreeMap<u64, PreCacheImage>,
    pub(crate) api_keys: BTreeMap<u64, APIKeyInfo>,
    pub(crate) snapshots: BTreeMap<u64, SandboxSnapshot>,
}

/// A `ClientToken` that has been used.
#[derive(Debug, Clone)]
pub(crate) struct UsedClientToken {
    /// What it made.
    pub(crate) resource: String,
    /// Stands for the whole request.
    pub(crate) fingerprint: u64,
}

impl State {
    pub(crate) fn add_tool(&mut self, tool: Tool) {
        self.tools.insert(tool.sequence, tool);
    }

    pub(crate) fn tool(&self, id: &str) -> Option<&Tool> {
        self.tools.values().find(|tool| tool.id == id)
    }

    pub(crate) fn tool_mut(&mut self, id: &str) -> Option<&mut Tool> {
        self.tools.values_mut().find(|tool| tool.id == id)
    }

    pub(crate) fn tool_named(&self, name: &str) -> Option<&Tool> {
        self.tools.values().find(|tool| tool.name == name)
    }

    pub(crate) fn remove_tool(&mut self, id: &str) {
        self.tools.retain(|_, tool| tool.id != id);
    }

    pub(crate) fn add_instance(&mut self, instance: Instance) {
        self.by_instance_id
            .insert(instance.id.clone(), instance.sequence);
        self.instances.insert(instance.sequence, instance);
    }

    pub(crate) fn instance(&self, id: &str) -> Option<&Instance> {
        self.instances.get(self.by_instance_id.get(id)?)
    }

    pub(crate) fn instance_mut(&mut self, id: &str) -> Option<&mut Instance> {
        self.instances.get_mut(self.by_instance_id.get(id)?)
    }

    /// Drops what has been stopped for so long that it is listed no more.
    pub(crate) fn forget(&mut self, mut is_over: impl FnMut(&Instance) -> bool) {
        let over: Vec<u64> = self
            .instances
            .values()
            .filter(|it| is_over(it))
            .map(|it| it.sequence)
            .collect();
        for sequence in over {
            if let Some(instance) = self.instances.remove(&sequence) {
                self.by_instance_id.remove(&instance.id);
                self.tokens.forget(&instance.id);
                self.client_tokens
                    .retain(|_, used| used.resource != instance.id);
            }
        }
    }

    pub(crate) fn count(&self, counts: impl Fn(&InstanceStatus) -> bool) -> usize {
        self.instances
            .values()
            .filter(|instance| counts(&instance.status))
            .count()
    }
}
