//! Strings with known values that may grow: unknown ones are kept.

/// Makes a string type with a constant for each known value.
macro_rules! open_string {
    (
        $(#[$attribute:meta])*
        pub struct $name:ident { $($constant:ident = $value:literal,)* }
    ) => {
        $(#[$attribute])*
        ///
        /// An open type: values other than the known ones are kept and sent as they are.
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(std::borrow::Cow<'static, str>);

        impl $name {
            $(
                #[doc = concat!("`", $value, "`.")]
                pub const $constant: Self = Self(std::borrow::Cow::Borrowed($value));
            )*

            /// Every value that was known when this was generated.
            pub const KNOWN: &'static [&'static str] = &[$($value),*];

            /// The value as it is on the wire.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// Whether this is one of [`KNOWN`](Self::KNOWN).
            #[must_use]
            pub fn is_known(&self) -> bool {
                Self::KNOWN.contains(&self.as_str())
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Debug::fmt(self.as_str(), formatter)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str(self.as_str())
            }
        }

        impl From<String> for $name {
            fn from(value: String) -> Self {
                Self(value.into())
            }
        }

        impl From<&str> for $name {
            fn from(value: &str) -> Self {
                Self(value.to_owned().into())
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                self.as_str()
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                self.as_str() == other
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, other: &&str) -> bool {
                self.as_str() == *other
            }
        }
    };
}

pub(crate) use open_string;
