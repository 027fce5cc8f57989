//! JSON as the Python server reads and writes it: big numbers, NaN, lone surrogates, character offsets in errors.

mod excerpt;
mod parse;
mod print;
mod text;

pub(crate) use excerpt::{Excerpt, cut, cut_bytes, cut_to};
pub(crate) use parse::{Broken, MAX_TREE, parse};
pub(crate) use print::{Unprintable, print_members, quote};
pub(crate) use text::decode;

use std::{borrow::Cow, collections::HashMap};

/// What a JSON text may hold, in Python's eyes. Strings that stand in the text as they are stay there: only those that are wanted are
/// copied.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value<'a> {
    Null,
    Bool(bool),
    Int(i64),
    /// An integer that `i64` cannot hold, as its digits.
    BigInt(Cow<'a, str>),
    /// Also NaN and the infinities, which Python's parser accepts.
    Float(f64),
    Str(Cow<'a, str>),
    /// A string with a surrogate that has no partner; no file, argument or answer can hold it.
    Surrogates(LoneSurrogate),
    List(Vec<Self>),
    Object(Object<'a>),
}

/// Where a string stops being text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LoneSurrogate {
    /// The first one.
    pub(crate) code: u16,
    /// Its place, in characters.
    pub(crate) position: usize,
    /// How many follow one another there, it included.
    pub(crate) run: usize,
}

/// The members of an object in the order of first appearance; of repeated names the last value counts.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Object<'a>(Vec<Member<'a>>);

/// A name and its value.
type Member<'a> = (Cow<'a, str>, Value<'a>);

impl<'a> Object<'a> {
    /// Of repeated names the last value counts, at the first one's place.
    pub(crate) fn from_pairs(pairs: Vec<Member<'a>>) -> Self {
        let mut known = HashMap::with_capacity(pairs.len());
        let places: Vec<usize> = pairs
            .iter()
            .map(|(name, _)| {
                let next = known.len();
                *known.entry(name.as_ref()).or_insert(next)
            })
            .collect();
        if known.len() == pairs.len() {
            return Self(pairs);
        }
        let mut members: Vec<Member<'a>> = Vec::new();
        for (pair, at) in pairs.into_iter().zip(places) {
            match members.get_mut(at) {
                Some(member) => member.1 = pair.1,
                None => members.push(pair),
            }
        }
        Self(members)
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Value<'a>> {
        self.0
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value)
    }

    /// Takes the value away, so that long strings need not be copied.
    pub(crate) fn take(&mut self, name: &str) -> Option<Value<'a>> {
        self.0
            .iter_mut()
            .find(|(known, _)| known == name)
            .map(|(_, value)| std::mem::replace(value, Value::Null))
    }

    /// Puts another value in a member's place.
    pub(crate) fn replace(&mut self, name: &str, value: Value<'a>) {
        if let Some(member) = self.0.iter_mut().find(|(known, _)| known == name) {
            member.1 = value;
        }
    }

    pub(crate) fn members(&self) -> &[Member<'a>] {
        &self.0
    }

    pub(crate) fn into_members(self) -> Vec<Member<'a>> {
        self.0
    }
}

impl Value<'_> {
    /// The same, with everything in it copied.
    fn to_static(&self) -> Value<'static> {
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(*value),
            Self::Int(value) => Value::Int(*value),
            Self::BigInt(digits) => Value::BigInt(digits.to_string().into()),
            Self::Float(value) => Value::Float(*value),
            Self::Str(text) => Value::Str(text.to_string().into()),
            Self::Surrogates(lone) => Value::Surrogates(lone.clone()),
            Self::List(items) => Value::List(items.iter().map(Value::to_static).collect()),
            Self::Object(object) => Value::Object(object.to_static()),
        }
    }
}

impl Object<'_> {
    fn to_static(&self) -> Object<'static> {
        let members = self.0.iter();
        Object(
            members
                .map(|(name, value)| (name.to_string().into(), value.to_static()))
                .collect(),
        )
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Str(text.into())
    }
}

impl From<String> for Value<'_> {
    fn from(text: String) -> Self {
        Self::Str(text.into())
    }
}
