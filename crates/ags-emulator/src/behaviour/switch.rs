//! How one switch is declared: an enum whose variants have names on the command line.

use std::{error::Error, fmt};

use super::Behaviour;

macro_rules! switch {
    (
        $(#[$attribute:meta])*
        pub enum $name:ident { $($(#[$variant_attribute:meta])* $variant:ident = $text:literal,)+ }
    ) => {
        $(#[$attribute])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
        pub enum $name { $($(#[$variant_attribute])* $variant,)+ }

        impl $name {
            /// The values by name, in order.
            pub const VALUES: &'static [&'static str] = &[$($text),+];
            /// Every value, in the same order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];
        }

        impl std::str::FromStr for $name {
            type Err = ();

            fn from_str(text: &str) -> Result<Self, ()> {
                match text {
                    $($text => Ok(Self::$variant),)+
                    _ => Err(()),
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str(match self { $(Self::$variant => $text,)+ })
            }
        }
    };
}

pub(super) use switch;

/// A switch, or a value of one, that does not exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownSwitch {
    switch: String,
    value: String,
}

impl UnknownSwitch {
    pub(super) fn new(switch: &str, value: &str) -> Self {
        Self {
            switch: switch.to_owned(),
            value: value.to_owned(),
        }
    }
}

impl fmt::Display for UnknownSwitch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { switch, value } = self;
        match Behaviour::SWITCHES.iter().find(|(name, _)| name == switch) {
            Some((_, values)) => write!(
                formatter,
                "behaviour {switch}={value} is unknown: {switch} takes {}",
                values.join(", ")
            ),
            None => {
                let names: Vec<&str> = Behaviour::SWITCHES.iter().map(|(name, _)| *name).collect();
                write!(
                    formatter,
                    "there is no behaviour {switch}: it is one of {}",
                    names.join(", ")
                )
            }
        }
    }
}

impl Error for UnknownSwitch {}
