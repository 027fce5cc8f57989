//! Receiving a form, with the limits and complaints of Starlette.

use std::io;

use super::Part;
use crate::{
    body::Incoming,
    idempotency::Fingerprinting,
    multipart::{Event, Malformed, Multipart, options},
    scratch::Scratch,
};

/// Bytes of a text field.
const MAX_FIELD: usize = 1024 * 1024;

/// Fields, and files.
const MAX_PARTS: usize = 1000;

/// The fields that `/upload` knows; of repeated ones the last.
#[derive(Default)]
pub(crate) struct Form {
    pub(super) file: Option<Part>,
    pub(super) target_path: Option<Part>,
    pub(super) unzip: Option<Part>,
}

/// Why a form was not received.
#[derive(Debug)]
pub(crate) enum Broken {
    /// Not what a form looks like.
    Form(String),
    /// The disk is full, or the client is gone.
    Io(io::Error),
}

impl From<Malformed> for Broken {
    fn from(_: Malformed) -> Self {
        Self::Form("Invalid multipart data.".to_owned())
    }
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Reads the whole form; what the file holds is on disk then. The fingerprint covers everything but the boundary.
pub(crate) fn receive(
    content_type: Option<&[u8]>,
    incoming: &mut Incoming,
    mut print: Fingerprinting,
) -> Result<(Form, Fingerprinting), Broken> {
    let (kind, parameters) = options(content_type.unwrap_or_default());
    if kind == b"application/x-www-form-urlencoded" {
        let form = urlencoded(incoming)?;
        return Ok((form, print));
    }
    if kind != b"multipart/form-data" {
        return Ok((Form::default(), print));
    }
    let boundary = parameters
        .into_iter()
        .find_map(|(name, value)| (name == b"boundary").then_some(value))
        .ok_or_else(|| Broken::Form("Missing boundary in multipart.".to_owned()))?;
    let mut parser = Multipart::new(&boundary)?;
    let mut receiver = Receiver::default();
    while let Some(piece) = incoming.piece()? {
        parser.push(&piece, |event| {
            print = std::mem::take(&mut print).event(&event);
            receiver.take(&event)
        })?;
    }
    Ok((receiver.form, print))
}

impl Fingerprinting {
    fn event(self, event: &Event<'_>) -> Self {
        match event {
            // How the data was cut into pieces is chance.
            Event::Data(data) => self.raw(data),
            Event::Part(disposition) => self.part(disposition),
            Event::PartEnd => self.part(b""),
        }
    }
}

#[derive(Default)]
struct Receiver {
    form: Form,
    current: Option<Current>,
    fields: usize,
    files: usize,
}

/// The part that is being received.
struct Current {
    field: Field,
    value: Value,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Field {
    File,
    TargetPath,
    Unzip,
    Other,
}

enum Value {
    Text(Vec<u8>),
    File {
        name: String,
        content: Option<Scratch>,
        is_empty: bool,
    },
}

impl Receiver {
    fn take(&mut self, event: &Event<'_>) -> Result<(), Broken> {
        match event {
            Event::Part(disposition) => self.begin(disposition),
            Event::Data(data) => self.data(data),
            Event::PartEnd => {
                self.end();
                Ok(())
            }
        }
    }

    fn begin(&mut self, disposition: &[u8]) -> Result<(), Broken> {
        let (_, parameters) = options(disposition);
        let parameter = |wanted: &[u8]| {
            parameters
                .iter()
                .find_map(|(name, value)| (name == wanted).then_some(value.as_slice()))
        };
        let field = match parameter(b"name") {
            Some(b"file") => Field::File,
            Some(b"target_path") => Field::TargetPath,
            Some(b"unzip") => Field::Unzip,
            Some(_) => Field::Other,
            None => {
                return Err(Broken::Form(
                    "The Content-Disposition header field \"name\" must be provided.".to_owned(),
                ));
            }
        };
        let too_many = |what: &str| {
            Broken::Form(format!(
                "Too many {what}. Maximum number of {what} is {MAX_PARTS}."
            ))
        };
        let value = match parameter(b"filename") {
            Some(name) => {
                self.files += 1;
                if self.files > MAX_PARTS {
                    return Err(too_many("files"));
                }
                Value::File {
                    name: safe_decode(name.to_vec()),
                    content: match field {
                        Field::File => Some(Scratch::temporary()?),
                        _ => None,
                    },
                    is_empty: true,
                }
            }
            None => {
                self.fields += 1;
                if self.fields > MAX_PARTS {
                    return Err(too_many("fields"));
                }
                Value::Text(Vec::new())
            }
        };
        self.current = Some(Current { field, value });
        Ok(())
    }

    fn data(&mut self, data: &[u8]) -> Result<(), Broken> {
        match self.current.as_mut().map(|current| &mut current.value) {
            Some(Value::Text(text)) => {
                if text.len() + data.len() > MAX_FIELD {
                    return Err(Broken::Form(
                        "Part exceeded maximum size of 1024KB.".to_owned(),
                    ));
                }
                text.extend_from_slice(data);
            }
            Some(Value::File {
                content, is_empty, ..
            }) => {
                *is_empty = false;
                if let Some(scratch) = content {
                    scratch.append(data)?;
                }
            }
            None => {}
        }
        Ok(())
    }

    fn end(&mut self) {
        let Some(Current { field, value }) = self.current.take() else {
            return;
        };
        let part = match value {
            Value::Text(text) => Part::Text(safe_decode(text)),
            Value::File {
                name,
                content,
                is_empty,
            } => Part::File {
                content,
                name,
                is_empty,
            },
        };
        self.form.set(field, part);
    }
}

impl Form {
    fn set(&mut self, field: Field, part: Part) {
        match field {
            Field::File => self.file = Some(part),
            Field::TargetPath => self.target_path = Some(part),
            Field::Unzip => self.unzip = Some(part),
            Field::Other => {}
        }
    }
}

/// UTF-8, or Latin-1 where it is none.
fn safe_decode(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| {
        error
            .as_bytes()
            .iter()
            .map(|byte| char::from(*byte))
            .collect()
    })
}

/// A form without files, from which nothing can be uploaded; its complaints are about values.
fn urlencoded(incoming: &mut Incoming) -> Result<Form, Broken> {
    let mut all = Vec::new();
    while let Some(piece) = incoming.piece()? {
        if all.len() + piece.len() > MAX_FIELD {
            return Err(Broken::Form(
                "Field exceeded maximum size of 1024KB.".to_owned(),
            ));
        }
        all.extend_from_slice(&piece);
    }
    let mut form = Form::default();
    for pair in all.split(|byte| *byte == b'&') {
        let equals = pair.iter().position(|byte| *byte == b'=');
        let (name, value) = pair.split_at(equals.unwrap_or(pair.len()));
        let value = value.strip_prefix(b"=").unwrap_or(value);
        let field = match name {
            b"file" => Field::File,
            b"target_path" => Field::TargetPath,
            b"unzip" => Field::Unzip,
            _ => Field::Other,
        };
        form.set(field, Part::Text(unquote_plus(value)));
    }
    Ok(form)
}

fn unquote_plus(value: &[u8]) -> String {
    let blanks: Vec<u8> = value
        .iter()
        .map(|byte| if *byte == b'+' { b' ' } else { *byte })
        .collect();
    String::from_utf8_lossy(&crate::router::percent_decoded(&blanks)).into_owned()
}
