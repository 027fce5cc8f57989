//! JSON as the Python server reads and writes it: big numbers, NaN, lone surrogates, character offsets in errors.

mod parse;
mod print;
mod text;

pub(crate) use parse::{Broken, parse};
pub(crate) use print::{Unprintable, print_members, quote};
pub(crate) use text::decode;

/// What a JSON text may hold, in Python's eyes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    Int(i64),
    /// An integer that `i64` cannot hold, as its digits.
    BigInt(String),
    /// Also NaN and the infinities, which Python's parser accepts.
    Float(f64),
    Str(String),
    /// A string with a surrogate that has no partner; no file, argument or answer can hold it.
    Surrogates(LoneSurrogate),
    List(Vec<Self>),
    Object(Object),
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
pub(crate) struct Object(Vec<(String, Value)>);

impl Object {
    /// Of repeated names the last value counts, at the first one's place.
    pub(crate) fn from_pairs(pairs: Vec<(String, Value)>) -> Self {
        let mut places = std::collections::HashMap::with_capacity(pairs.len());
        let mut members: Vec<(String, Value)> = Vec::with_capacity(pairs.len());
        for (name, value) in pairs {
            match places.get(&name) {
                Some(&at) => {
                    if let Some(member) = members.get_mut::<usize>(at) {
                        member.1 = value;
                    }
                }
                None => {
                    places.insert(name.clone(), members.len());
                    members.push((name, value));
                }
            }
        }
        Self(members)
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.0
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value)
    }

    /// Takes the value away, so that long strings need not be copied.
    pub(crate) fn take(&mut self, name: &str) -> Option<Value> {
        self.0
            .iter_mut()
            .find(|(known, _)| known == name)
            .map(|(_, value)| std::mem::replace(value, Value::Null))
    }

    /// Puts another value in a member's place.
    pub(crate) fn replace(&mut self, name: &str, value: Value) {
        if let Some(member) = self.0.iter_mut().find(|(known, _)| known == name) {
            member.1 = value;
        }
    }

    pub(crate) fn members(&self) -> &[(String, Value)] {
        &self.0
    }

    pub(crate) fn into_members(self) -> Vec<(String, Value)> {
        self.0
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Str(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Str(text)
    }
}
