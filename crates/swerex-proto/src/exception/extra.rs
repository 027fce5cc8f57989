//! `extra_info` as it is read: a peer may put anything there, and a tree of small values costs many times its text.

use std::fmt;

use serde::{
    Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::{Map, Value, value::RawValue};

/// So many members of `extra_info` are taken.
pub const MAX_EXTRA: usize = 64;

/// The longest value of `extra_info` that is taken, in bytes of its JSON, unless it is a text.
pub const LONGEST_EXTRA: usize = 4 << 10;

/// Reads `extra_info` in memory that is a small multiple of its texts.
pub(super) fn bounded<'de, D: Deserializer<'de>>(from: D) -> Result<Map<String, Value>, D::Error> {
    from.deserialize_map(Members)
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Map<String, Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut taken = Map::new();
        while let Some(key) = members.next_key::<String>()? {
            let raw: Box<RawValue> = members.next_value()?;
            let text = raw.get();
            let is_taken = text.starts_with('"') || text.len() <= LONGEST_EXTRA;
            if is_taken
                && taken.len() < MAX_EXTRA
                && let Ok(value) = serde_json::from_str(text)
            {
                taken.insert(key, value);
            }
        }
        Ok(taken)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::*;

    fn read(extra: &Value) -> Map<String, Value> {
        let text = json!({ "message": "m", "extra_info": extra }).to_string();
        serde_json::from_str::<RemoteError>(&text)
            .unwrap()
            .extra_info
    }

    #[test]
    fn texts_and_small_values_are_kept_and_large_ones_are_not() {
        let long = "x".repeat(1 << 20);
        let read = read(&json!({
            "output": long, "code": 7, "more": { "a": [1, null] }, "tree": vec![json!({ "": 0 }); 10_000],
        }));
        assert_eq!(
            Value::from(read),
            json!({ "output": long, "code": 7, "more": { "a": [1, null] } })
        );
    }

    #[test]
    fn there_is_an_end_to_the_members() {
        let many: Map<String, Value> = (0..9_999).map(|n| (n.to_string(), 0.into())).collect();
        assert_eq!(read(&many.into()).len(), MAX_EXTRA);
        assert!(serde_json::from_str::<RemoteError>(r#"{"extra_info":[]}"#).is_err());
        assert!(
            serde_json::from_str::<RemoteError>("{}")
                .unwrap()
                .extra_info
                .is_empty()
        );
        let of_a_tree = json!({ "extra_info": { "output": "o" } });
        let error: RemoteError = serde_json::from_value(of_a_tree).unwrap();
        assert_eq!(error.extra_info["output"], "o");
    }
}
