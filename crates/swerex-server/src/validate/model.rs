//! A model as a table of fields, checked against an object.

use super::{
    Detail, Invalid, Loc,
    lax::{self, Complaint},
};
use crate::json::{Object, Value};

/// What a field holds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Str,
    Float,
    Int,
    /// How many lines or columns.
    Extent,
    Bool,
    /// A list of strings.
    Strings,
    /// An object of strings.
    StringMap,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// A string or a list of strings.
    CommandLine,
}

/// One field of a model.
pub(super) struct Field {
    name: &'static str,
    kind: Kind,
    required: bool,
    nullable: bool,
}

/// A field without a default.
pub(super) const fn required(name: &'static str, kind: Kind) -> Field {
    Field {
        name,
        kind,
        required: true,
        nullable: false,
    }
}

/// A field with a default.
pub(super) const fn optional(name: &'static str, kind: Kind) -> Field {
    Field {
        name,
        kind,
        required: false,
        nullable: false,
    }
}

/// A field that may be null, which is its default.
pub(super) const fn nullable(name: &'static str, kind: Kind) -> Field {
    Field {
        name,
        kind,
        required: false,
        nullable: true,
    }
}

/// An object whose fields have been checked and coerced.
pub(super) struct Checked(Object);

/// Checks every field; all complaints come back, in the order of the table.
pub(super) fn check(
    mut object: Object,
    fields: &[Field],
    prefix: &[&str],
) -> Result<Checked, Invalid> {
    let mut coerced = Vec::new();
    let mut checker = Checker::default();
    for field in fields {
        let mut loc: Vec<Loc> = prefix.iter().map(|step| Loc::from(*step)).collect();
        loc.push(field.name.into());
        match object.get(field.name) {
            None if field.required => {
                let whole = Value::Object(object.clone());
                checker.details.push(Detail::missing(loc, whole));
            }
            None => {}
            Some(Value::Null) if field.nullable => {}
            Some(value) => {
                if let Some(better) = checker.value(field.kind, value, loc) {
                    coerced.push((field.name, better));
                }
            }
        }
    }
    checker.finish()?;
    for (name, value) in coerced {
        object.replace(name, value);
    }
    Ok(Checked(object))
}

#[derive(Default)]
struct Checker {
    details: Vec<Detail>,
    surrogates: Option<crate::json::LoneSurrogate>,
}

impl Checker {
    fn finish(self) -> Result<(), Invalid> {
        if !self.details.is_empty() {
            return Err(Invalid::Fields(self.details));
        }
        self.surrogates
            .map_or(Ok(()), |lone| Err(Invalid::Surrogates(lone)))
    }

    fn complain(&mut self, complaint: Complaint, loc: Vec<Loc>, input: &Value) {
        let (kind, msg) = complaint;
        self.details
            .push(Detail::new(kind, loc, msg, input.clone()));
    }

    /// The value to put in the given one's place, where another one is meant.
    fn value(&mut self, kind: Kind, value: &Value, loc: Vec<Loc>) -> Option<Value> {
        let coerced = match kind {
            Kind::Float => lax::float(value).map(Value::Float),
            Kind::Int => lax::integer(value).map(Value::Int),
            Kind::Extent => lax::extent(value).map(Value::Int),
            Kind::Bool => lax::boolean(value).map(Value::Bool),
            Kind::Str => {
                self.string(value, loc);
                return None;
            }
            Kind::Strings => {
                self.strings(value, &loc);
                return None;
            }
            Kind::StringMap => {
                self.string_map(value, &loc);
                return None;
            }
            Kind::OneOf(words) => {
                self.one_of(words, value, loc);
                return None;
            }
            Kind::CommandLine => {
                self.command_line(value, &loc);
                return None;
            }
        };
        match coerced {
            Ok(better) => Some(better),
            Err(complaint) => {
                self.complain(complaint, loc, value);
                None
            }
        }
    }

    fn string(&mut self, value: &Value, loc: Vec<Loc>) {
        match value {
            Value::Str(_) => {}
            Value::Surrogates(lone) => {
                self.surrogates.get_or_insert_with(|| lone.clone());
            }
            _ => self.complain(
                ("string_type", "Input should be a valid string"),
                loc,
                value,
            ),
        }
    }

    fn strings(&mut self, value: &Value, loc: &[Loc]) {
        let Value::List(items) = value else {
            let complaint = ("list_type", "Input should be a valid list");
            return self.complain(complaint, loc.to_vec(), value);
        };
        for (index, item) in items.iter().enumerate() {
            self.string(item, [loc, &[Loc::Index(index)]].concat());
        }
    }

    fn string_map(&mut self, value: &Value, loc: &[Loc]) {
        let Value::Object(object) = value else {
            let complaint = ("dict_type", "Input should be a valid dictionary");
            return self.complain(complaint, loc.to_vec(), value);
        };
        for (name, item) in object.members() {
            self.string(item, [loc, &[Loc::from(name.as_str())]].concat());
        }
    }

    fn one_of(&mut self, words: &[&str], value: &Value, loc: Vec<Loc>) {
        if matches!(value, Value::Str(text) if words.contains(&text.as_str())) {
            return;
        }
        let expected = alternatives(words);
        let msg = format!("Input should be {expected}");
        let mut detail = Detail::new("literal_error", loc, msg, value.clone());
        detail.ctx = vec![("expected", Value::Str(expected))];
        self.details.push(detail);
    }

    fn command_line(&mut self, value: &Value, loc: &[Loc]) {
        if matches!(value, Value::Str(_) | Value::Surrogates(_)) {
            return self.string(value, loc.to_vec());
        }
        // Both members of the union complain, unless the list is right.
        let before = self.details.len();
        self.string(value, [loc, &["str".into()]].concat());
        let complaints = self.details.len();
        self.strings(value, &[loc, &["list[str]".into()]].concat());
        if self.details.len() == complaints {
            self.details.truncate(before);
        }
    }
}

/// `'a', 'b' or 'c'`.
fn alternatives(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
        None => String::new(),
    }
}

impl Checked {
    pub(super) fn string(&mut self, name: &str) -> Option<String> {
        match self.0.take(name) {
            Some(Value::Str(text)) => Some(text),
            _ => None,
        }
    }

    pub(super) fn float(&self, name: &str) -> Option<f64> {
        match self.0.get(name) {
            Some(Value::Float(value)) => Some(*value),
            _ => None,
        }
    }

    pub(super) fn int(&self, name: &str) -> Option<i64> {
        match self.0.get(name) {
            Some(Value::Int(value)) => Some(*value),
            _ => None,
        }
    }

    pub(super) fn bool(&self, name: &str) -> Option<bool> {
        match self.0.get(name) {
            Some(Value::Bool(value)) => Some(*value),
            _ => None,
        }
    }

    pub(super) fn strings(&mut self, name: &str) -> Option<Vec<String>> {
        match self.0.take(name) {
            Some(Value::List(items)) => Some(
                items
                    .into_iter()
                    .filter_map(|item| match item {
                        Value::Str(text) => Some(text),
                        _ => None,
                    })
                    .collect(),
            ),
            Some(other) => {
                self.0.replace(name, other);
                None
            }
            None => None,
        }
    }

    pub(super) fn string_map(&mut self, name: &str) -> Option<Vec<(String, String)>> {
        match self.0.take(name) {
            Some(Value::Object(object)) => Some(
                object
                    .into_members()
                    .into_iter()
                    .filter_map(|(name, value)| match value {
                        Value::Str(text) => Some((name, text)),
                        _ => None,
                    })
                    .collect(),
            ),
            _ => None,
        }
    }
}
