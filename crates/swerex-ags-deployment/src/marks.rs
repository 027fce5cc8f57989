//! What marks instances and tools as made by this library, for those who clean up.

use ags_api::model::{SandboxInstance, SandboxTool};

use crate::requests::{CREATED_BY, OWNER, PROCESS, SOFTWARE, START, TOOL_PREFIX, owner, process};

/// Whether a deployment of this library started the instance, in whichever version.
pub fn is_ours(instance: &SandboxInstance) -> bool {
    let product = SOFTWARE.split('/').next().unwrap_or(SOFTWARE);
    let made_by = metadata(instance, CREATED_BY).and_then(|software| software.split('/').next());
    made_by == Some(product)
}

/// Who started the instance, as `user@host`; `None` if it is not ours.
pub fn owner_of(instance: &SandboxInstance) -> Option<&str> {
    metadata(instance, OWNER).filter(|_| is_ours(instance))
}

/// Who starts instances from here, as `user@host`.
pub fn this_owner() -> String {
    owner()
}

/// Which process started the instance; `None` if it is not ours.
pub fn process_of(instance: &SandboxInstance) -> Option<&str> {
    metadata(instance, PROCESS).filter(|_| is_ours(instance))
}

/// Whether this very process started the instance, also if it never learned of its id.
pub fn is_of_this_process(instance: &SandboxInstance) -> bool {
    process_of(instance) == Some(&process())
}

/// The client token that the instance was asked for with; `None` if it is not ours.
pub fn start_of(instance: &SandboxInstance) -> Option<&str> {
    metadata(instance, START).filter(|_| is_ours(instance))
}

/// Whether the tool has the name of one that a deployment made.
pub fn is_our_tool(tool: &SandboxTool) -> bool {
    tool.tool_name
        .as_deref()
        .is_some_and(|name| name.starts_with(TOOL_PREFIX))
}

fn metadata<'a>(instance: &'a SandboxInstance, name: &str) -> Option<&'a str> {
    let item = instance
        .metadata
        .iter()
        .flatten()
        .find(|item| item.name.as_deref() == Some(name))?;
    item.value.as_deref()
}

#[cfg(test)]
mod tests {
    use ags_api::model::MetadataVar;

    use super::*;

    fn marked(name: &str, value: &str) -> SandboxInstance {
        let variable = |name: &str, value: &str| MetadataVar {
            name: Some(name.to_owned()),
            value: Some(value.to_owned()),
            ..Default::default()
        };
        SandboxInstance {
            metadata: Some(vec![variable(name, value), variable(OWNER, "me@here")]),
            ..Default::default()
        }
    }

    #[test]
    fn only_what_carries_our_mark_is_ours() {
        assert!(is_ours(&marked(CREATED_BY, "swerex-ags/9.9.9")));
        assert!(!is_ours(&marked(CREATED_BY, "swerex-agsx/0.1.0")));
        assert!(!is_ours(&marked("made_by", SOFTWARE)));
        assert_eq!(owner_of(&marked(CREATED_BY, SOFTWARE)), Some("me@here"));
        assert_eq!(owner_of(&marked("x", "y")), None);
        let mut this = marked(CREATED_BY, SOFTWARE);
        assert!(!is_of_this_process(&this));
        let variable = MetadataVar {
            name: Some(PROCESS.to_owned()),
            value: Some(process()),
            ..Default::default()
        };
        this.metadata.iter_mut().flatten().for_each(|one| {
            if one.name == Some(OWNER.to_owned()) {
                *one = variable.clone();
            }
        });
        assert!(is_of_this_process(&this));
        let named = |name: &str| SandboxTool {
            tool_name: Some(name.to_owned()),
            ..Default::default()
        };
        assert!(is_our_tool(&named("swerex-0011")) && !is_our_tool(&named("my-swerex")));
    }
}
