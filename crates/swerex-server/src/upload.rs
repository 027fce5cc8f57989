//! `/upload`: a form goes to disk as it arrives, then the file takes its place or the archive is unpacked.

mod form;
mod place;

pub(crate) use form::{Broken, Form, receive};
pub(crate) use place::put;

use crate::{
    json::{Object, Value},
    scratch::Scratch,
    validate::{Detail, boolean},
};

/// What is to be put where.
pub(crate) struct Upload {
    pub(crate) file: Scratch,
    pub(crate) target: String,
    pub(crate) unzip: bool,
}

/// One value of a form.
pub(crate) enum Part {
    Text(String),
    File {
        /// What it holds; parts that nobody reads are not kept.
        content: Option<Scratch>,
        name: String,
        is_empty: bool,
    },
}

impl Part {
    /// An empty text is as good as none, and so is what browsers send where no file was chosen.
    fn is_given(&self) -> bool {
        match self {
            Self::Text(text) => !text.is_empty(),
            Self::File { name, is_empty, .. } => !(*is_empty && name.is_empty()),
        }
    }
}

impl Form {
    /// The three fields, checked as FastAPI checks them.
    pub(crate) fn check(self) -> Result<Upload, Vec<Detail>> {
        let mut details = Vec::new();
        let loc = |name: &str| vec!["body".into(), name.into()];
        let given = |part: Option<Part>| part.filter(Part::is_given);

        let file = match given(self.file) {
            Some(Part::File {
                content: Some(content),
                ..
            }) => Some(content),
            Some(Part::Text(text)) => {
                let mut detail = Detail::new(
                    "value_error",
                    loc("file"),
                    "Value error, Expected UploadFile, received: <class 'str'>",
                    &Value::from(text),
                );
                detail.ctx = vec![("error", Value::Object(Object::default()))];
                details.push(detail);
                None
            }
            _ => {
                details.push(Detail::missing(loc("file"), &Value::Null));
                None
            }
        };

        let target = match given(self.target_path) {
            Some(Part::Text(text)) => Some(text),
            Some(Part::File { name, .. }) => {
                details.push(Detail::new(
                    "string_type",
                    loc("target_path"),
                    "Input should be a valid string",
                    &named(name),
                ));
                None
            }
            None => {
                details.push(Detail::missing(loc("target_path"), &Value::Null));
                None
            }
        };

        let unzip = match given(self.unzip) {
            None => false,
            Some(part) => {
                let input = match part {
                    Part::Text(text) => text.into(),
                    Part::File { name, .. } => named(name),
                };
                boolean(&input).unwrap_or_else(|(kind, msg)| {
                    details.push(Detail::new(kind, loc("unzip"), msg, &input));
                    false
                })
            }
        };

        match (file, target) {
            (Some(file), Some(target)) if details.is_empty() => Ok(Upload {
                file,
                target,
                unzip,
            }),
            _ => Err(details),
        }
    }
}

/// A file where a text should be.
fn named(name: String) -> Value<'static> {
    Value::Object(Object::from_pairs(vec![("filename".into(), name.into())]))
}
