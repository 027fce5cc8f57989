//! STAND-IN (S2) until S1's file is here: exceptions that become 511 answers.

use std::io;

use serde_json::{Map, Value};
use swerex_proto::exception::{ExceptionBody, RemoteError};

use crate::pyrepr::repr;

#[derive(Debug)]
pub(crate) struct PyException(RemoteError);

impl PyException {
    pub(crate) fn new(class: &str, message: impl Into<String>) -> Self {
        Self(RemoteError { message: message.into(), class_path: class.to_owned(), traceback: String::new(), extra_info: Map::<String, Value>::new() })
    }

    pub(crate) fn os(error: &io::Error, path: &str) -> Self {
        let number = error.raw_os_error().unwrap_or_default();
        let text = error.to_string();
        let text = text.split(" (os error").next().unwrap_or_default();
        let class = match number { 1 | 13 => "PermissionError", 2 => "FileNotFoundError", 17 => "FileExistsError", 20 => "NotADirectoryError", 21 => "IsADirectoryError", _ => "OSError" };
        Self::new(&format!("builtins.{class}"), format!("[Errno {number}] {text}: {}", repr(path)))
    }

    pub(crate) fn into_body(self) -> Vec<u8> {
        serde_json::to_vec(&ExceptionBody { swerexception: self.0 }).unwrap_or_default()
    }
}
