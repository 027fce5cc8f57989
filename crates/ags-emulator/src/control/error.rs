//! An error of the API: a code that a program reads and a message that a person reads.

use std::borrow::Cow;

/// Answered as `{"Response":{"Error":{"Code","Message"},"RequestId"}}` with HTTP 200.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ApiError {
    pub(crate) code: Cow<'static, str>,
    pub(crate) message: String,
}

impl ApiError {
    pub(crate) fn new(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            message: message.into(),
        }
    }

    pub(crate) fn missing(parameter: &str) -> Self {
        Self::new(
            "MissingParameter",
            format!("The request is missing a required parameter `{parameter}`."),
        )
    }

    pub(crate) fn value(message: impl Into<String>) -> Self {
        Self::new("InvalidParameterValue", message)
    }

    pub(crate) fn no_tool(tool: &str) -> Self {
        Self::new(
            "ResourceNotFound.SandboxTool",
            format!("Sandbox tool {tool} not found"),
        )
    }

    pub(crate) fn no_instance(instance: &str) -> Self {
        Self::new(
            "ResourceNotFound.SandboxInstance",
            format!("Sandbox instance {instance} not found"),
        )
    }
}
