//! A model as a table of fields, checked against an object.

use std::borrow::Cow;

use super::{Detail, Invalid, Loc, detail::MAX_DETAILS, lax};
use crate::{
    json::{Object, Value},
    room,
};

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
pub(super) struct Checked<'a>(Object<'a>);

/// Checks every field; all complaints come back, in the order of the table.
pub(super) fn check<'a>(
    mut object: Object<'a>,
    fields: &[Field],
    prefix: &[&str],
) -> Result<Checked<'a>, Invalid> {
    let mut coerced = Vec::new();
    let mut checker = Checker::default();
    for field in fields {
        let mut loc: Vec<Loc> = prefix.iter().map(|step| Loc::from(*step)).collect();
        loc.push(field.name.into());
        match object.get(field.name) {
            None if field.required => {
                checker.complain(|| Detail::missing(loc, &object));
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
    /// Complaints that are not listed.
    more: usize,
    surrogates: Option<crate::json::LoneSurrogate>,
}

impl Checker {
    fn finish(mut self) -> Result<(), Invalid> {
        if self.more > 0 {
            self.details.push(Detail::more(self.more));
        }
        if !self.details.is_empty() {
            return Err(Invalid::Fields(self.details));
        }
        self.surrogates
            .map_or(Ok(()), |lone| Err(Invalid::Surrogates(lone)))
    }

    fn complain(&mut self, detail: impl FnOnce() -> Detail) {
        if self.details.len() < MAX_DETAILS {
            self.details.push(detail());
        } else {
            self.more += 1;
        }
    }

    /// How many complaints there are.
    fn count(&self) -> usize {
        self.details.len() + self.more
    }

    /// Takes the last one back.
    fn take_back(&mut self) {
        match self.more.checked_sub(1) {
            Some(more) => self.more = more,
            None => {
                self.details.pop();
            }
        }
    }

    /// The value to put in the given one's place, where another one is meant.
    fn value(&mut self, kind: Kind, value: &Value<'_>, loc: Vec<Loc>) -> Option<Value<'static>> {
        let coerced = match kind {
            Kind::Float => lax::float(value).map(Value::Float),
            Kind::Int => lax::integer(value).map(Value::Int),
            Kind::Extent => lax::extent(value).map(Value::Int),
            Kind::Bool => lax::boolean(value).map(Value::Bool),
            Kind::Str => {
                self.string(value, || loc);
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
            Err((kind, msg)) => {
                self.complain(|| Detail::new(kind, loc, msg, value));
                None
            }
        }
    }

    fn string(&mut self, value: &Value<'_>, loc: impl FnOnce() -> Vec<Loc>) {
        match value {
            Value::Str(_) => {}
            Value::Surrogates(lone) => {
                self.surrogates.get_or_insert_with(|| lone.clone());
            }
            _ => self.complain(|| {
                let msg = "Input should be a valid string";
                Detail::new("string_type", loc(), msg, value)
            }),
        }
    }

    fn strings(&mut self, value: &Value<'_>, loc: &[Loc]) {
        let Value::List(items) = value else {
            let msg = "Input should be a valid list";
            return self.complain(|| Detail::new("list_type", loc.to_vec(), msg, value));
        };
        for (index, item) in items.iter().enumerate() {
            self.string(item, || [loc, &[Loc::Index(index)]].concat());
        }
    }

    fn string_map(&mut self, value: &Value<'_>, loc: &[Loc]) {
        let Value::Object(object) = value else {
            let msg = "Input should be a valid dictionary";
            return self.complain(|| Detail::new("dict_type", loc.to_vec(), msg, value));
        };
        for (name, item) in object.members() {
            self.string(item, || [loc, &[Loc::from(name.as_ref())]].concat());
        }
    }

    fn one_of(&mut self, words: &[&str], value: &Value<'_>, loc: Vec<Loc>) {
        if matches!(value, Value::Str(text) if words.contains(&text.as_ref())) {
            return;
        }
        self.complain(|| {
            let expected = alternatives(words);
            let msg = format!("Input should be {expected}");
            let mut detail = Detail::new("literal_error", loc, msg, value);
            detail.ctx = vec![("expected", expected.into())];
            detail
        });
    }

    fn command_line(&mut self, value: &Value<'_>, loc: &[Loc]) {
        if matches!(value, Value::Str(_) | Value::Surrogates(_)) {
            return self.string(value, || loc.to_vec());
        }
        // Both members of the union complain, unless the list is right.
        self.string(value, || [loc, &["str".into()]].concat());
        let before = self.count();
        self.strings(value, &[loc, &["list[str]".into()]].concat());
        if self.count() == before {
            self.take_back();
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

/// Copied where it stands in the request's text.
fn own(text: Cow<'_, str>) -> String {
    match text {
        Cow::Owned(text) => text,
        Cow::Borrowed(text) => room::owned(text),
    }
}

impl Checked<'_> {
    pub(super) fn string(&mut self, name: &str) -> Option<String> {
        match self.0.take(name) {
            Some(Value::Str(text)) => Some(own(text)),
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
                        Value::Str(text) => Some(own(text)),
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
                        Value::Str(text) => Some((own(name), own(text))),
                        _ => None,
                    })
                    .collect(),
            ),
            _ => None,
        }
    }
}
