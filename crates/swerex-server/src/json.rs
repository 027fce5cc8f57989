//! JSON as the Python server reads and writes it: big numbers, NaN, lone surrogates, character offsets in errors.

mod excerpt;
mod parse;
mod print;
mod text;

pub(crate) use excerpt::{Excerpt, cut, cut_bytes};
pub(crate) use parse::{Broken, MAX_TREE, parse};
pub(crate) use print::{Unprintable, print_members, quote};
pub(crate) use text::decode;

use std::collections::HashMap;

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
        let mut known = HashMap::with_capacity(pairs.len());
        let places: Vec<usize> = pairs
            .iter()
            .map(|(name, _)| {
                let next = known.len();
                *known.entry(name.as_str()).or_insert(next)
            })
            .collect();
        if known.len() == pairs.len() {
            return Self(pairs);
        }
        let mut members: Vec<(String, Value)> = Vec::new();
        for (pair, at) in pairs.into_iter().zip(places) {
            match members.get_mut(at) {
                Some(member) => member.1 = pair.1,
                None => members.push(pair),
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
