#![doc = include_str!("../README.md")]

mod action;
mod alive;
mod command;
pub mod exception;
mod file;
pub mod native;
pub mod pyrepr;
mod relay;
pub mod route;
mod session;

pub use action::{
    Action, BashAction, BashInterruptAction, BashObservation, Check, DEFAULT_INTERRUPT_RETRIES,
    DEFAULT_INTERRUPT_TIMEOUT, Observation,
};
pub use alive::{CloseResponse, IsAliveResponse};
pub use command::{Command, CommandLine, CommandResponse};
pub use exception::{ExceptionBody, ExceptionClass, RemoteError};
pub use file::{
    ReadFileRequest, ReadFileResponse, UploadRequest, UploadResponse, WriteFileRequest,
    WriteFileResponse,
};
pub use relay::LONGEST_RELAYED;
pub use session::{
    CloseBashSessionRequest, CloseBashSessionResponse, CloseSessionRequest, CloseSessionResponse,
    CreateBashSessionRequest, CreateBashSessionResponse, CreateSessionRequest,
    CreateSessionResponse, DEFAULT_SESSION, DEFAULT_STARTUP_TIMEOUT, SessionType,
};
