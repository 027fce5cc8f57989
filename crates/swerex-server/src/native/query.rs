//! The parameters behind the question mark.

use std::borrow::Cow;

use crate::{
    answer::Answer,
    json::Value,
    router::percent_decoded,
    validate::{Detail, Invalid},
};

/// Names and values of a query.
pub(crate) struct Query(Vec<(Vec<u8>, Vec<u8>)>);

impl Query {
    pub(crate) fn new(query: Option<&str>) -> Self {
        let decoded = |text: &str| {
            let blanks = text.replace('+', " ");
            percent_decoded(blanks.as_bytes())
        };
        Self(
            query
                .unwrap_or_default()
                .split('&')
                .filter(|pair| !pair.is_empty())
                .map(|pair| {
                    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                    (decoded(name), decoded(value))
                })
                .collect(),
        )
    }

    fn get(&self, name: &str) -> Option<&[u8]> {
        self.0
            .iter()
            .rev()
            .find_map(|(known, value)| (known == name.as_bytes()).then_some(value.as_slice()))
    }

    /// A path; it must be there. Its bytes need not be text.
    pub(crate) fn path(&self) -> Result<&[u8], Answer> {
        self.required("path")
    }

    /// The name of a terminal; it must be there.
    pub(crate) fn terminal(&self) -> Result<Cow<'_, str>, Answer> {
        self.required("terminal").map(String::from_utf8_lossy)
    }

    fn required(&self, name: &'static str) -> Result<&[u8], Answer> {
        self.get(name).ok_or_else(|| missing("query", name))
    }

    /// Where to begin, if that is said.
    pub(crate) fn offset(&self) -> Result<Option<u64>, Answer> {
        self.number("offset", 10)
    }

    /// Where to begin; it must be there.
    pub(crate) fn required_offset(&self) -> Result<u64, Answer> {
        self.offset()?.ok_or_else(|| missing("query", "offset"))
    }

    /// Whether something is asked for: its name is enough.
    pub(crate) fn flag(&self, name: &'static str) -> Result<bool, Answer> {
        let text = self.get(name).map(String::from_utf8_lossy);
        match text.as_deref() {
            None | Some("false" | "0") => Ok(false),
            Some("" | "true" | "1") => Ok(true),
            Some(text) => Err(Invalid::Fields(vec![Detail::new(
                "bool_parsing",
                vec!["query".into(), name.into()],
                "Input should be a valid boolean, unable to interpret input",
                &Value::from(text),
            )])
            .into()),
        }
    }

    /// Refuses what cannot be asked for here.
    pub(crate) fn refuse(&self, name: &'static str, why: &'static str) -> Result<(), Answer> {
        if !self.flag(name)? {
            return Ok(());
        }
        let loc = vec!["query".into(), name.into()];
        let input = &Value::Bool(true);
        let detail = Detail::new("extra_forbidden", loc, why, input);
        Err(Invalid::Fields(vec![detail]).into())
    }

    /// Permission bits in octal, if they are there. Nothing that a client sends runs as somebody else: the three bits above them are left out.
    pub(crate) fn mode(&self) -> Result<Option<u32>, Answer> {
        Ok(self
            .number("mode", 8)?
            .and_then(|mode| u32::try_from(mode).ok())
            .map(|mode| mode & 0o777))
    }

    /// Seconds since 1970, if they are there.
    pub(crate) fn modified(&self) -> Result<Option<i64>, Answer> {
        self.parsed("modified", |text| text.parse().ok())
    }

    fn number(&self, name: &'static str, radix: u32) -> Result<Option<u64>, Answer> {
        self.parsed(name, |text| u64::from_str_radix(text, radix).ok())
    }

    fn parsed<T>(
        &self,
        name: &'static str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, Answer> {
        let Some(text) = self.get(name).map(String::from_utf8_lossy) else {
            return Ok(None);
        };
        parse(&text).map(Some).ok_or_else(|| {
            Invalid::Fields(vec![Detail::new(
                "int_parsing",
                vec!["query".into(), name.into()],
                "Input should be a valid integer, unable to parse string as an integer",
                &Value::from(text.as_ref()),
            )])
            .into()
        })
    }
}

/// The answer to a request without something that must be there.
pub(crate) fn missing(place: &str, name: &str) -> Answer {
    let loc = vec![place.into(), name.into()];
    Invalid::Fields(vec![Detail::missing(loc, &Value::Null)]).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters() {
        let query = Query::new(Some("path=%2Ftmp%2Fa+b%C3%BC&offset=10&mode=755"));
        assert_eq!(query.path().ok(), Some("/tmp/a bü".as_bytes()));
        assert_eq!(query.offset().ok().flatten(), Some(10));
        assert_eq!(query.mode().ok().flatten(), Some(0o755));
        let query = Query::new(Some("path=%2Fna%ffme&mode=7755"));
        assert_eq!(query.path().ok(), Some(&b"/na\xffme"[..]));
        assert_eq!(query.mode().ok().flatten(), Some(0o755), "no set-user-id");
        assert!(Query::new(None).path().is_err());
        let modified = |query| Query::new(Some(query)).modified().ok();
        assert_eq!(modified("modified=-5"), Some(Some(-5)));
        assert_eq!((modified(""), modified("modified=now")), (Some(None), None));
        assert!(Query::new(Some("offset=x")).offset().is_err());
        for (text, is_set) in [
            ("", false),
            ("exact", true),
            ("exact=0", false),
            ("exact=1", true),
        ] {
            let query = Query::new(Some(text));
            assert_eq!(query.flag("exact").ok(), Some(is_set));
            assert_eq!(query.refuse("exact", "no").is_err(), is_set);
        }
        assert!(Query::new(Some("exact=perhaps")).flag("exact").is_err());
    }
}
