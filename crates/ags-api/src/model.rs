// Made by `cargo xtask codegen` from fixtures/ags/api-2025-09-20.json and fixtures/ags/overlay.json; do not edit.

//! The 60 actions and 181 structures of API 2025-09-20, one room a resource, all of them also here.
//!
//! Every member is an `Option`, so that `StartSandboxInstanceRequest { tool_id: Some(id), ..Default::default() }`
//! names only what it sets; what is `None` is not sent. Members that this description does not know are kept in `extra`.

pub mod api_key;
pub mod common;
pub mod configuration;
pub mod deployment;
pub mod image_cache;
pub mod instance_token;
pub mod quota;
pub mod registry;
pub mod registry_record;
pub mod sandbox_instance;
pub mod sandbox_tool;
pub mod session;
pub mod session_space;
pub mod skill_package;
pub mod snapshot;
pub mod storage;

pub use self::{
    api_key::*, common::*, configuration::*, deployment::*, image_cache::*, instance_token::*,
    quota::*, registry::*, registry_record::*, sandbox_instance::*, sandbox_tool::*, session::*,
    session_space::*, skill_package::*, snapshot::*, storage::*,
};
