//! The text form of a fault, as `--fault` takes it.

use std::{fmt, str::FromStr};

use super::{Effect, Fault, InvalidFault, Occurs, Phase, Target};
use crate::units::{parse_span, span_text};

impl FromStr for Fault {
    type Err = InvalidFault;

    fn from_str(spec: &str) -> Result<Self, InvalidFault> {
        let refuse = |why: String| InvalidFault::new(spec.to_owned(), why);
        let (target, rest) = spec.split_once(':').ok_or_else(|| {
            refuse(
                "it is TARGET:EFFECT[,OPTION…], for example StartSandboxInstance:reset,after"
                    .to_owned(),
            )
        })?;
        let mut words = rest.split(',');
        let effect = parse_effect(words.next().unwrap_or_default()).map_err(&refuse)?;
        let mut fault = Self::new(parse_target(target), effect);
        let mut options = Options::default();
        for word in words {
            options.take(word, &mut fault).map_err(&refuse)?;
        }
        fault.occurs = options.occurs().map_err(&refuse)?;
        fault.checked()
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.target, self.effect)?;
        if let Effect::Status {
            retry_after: Some(seconds),
            ..
        } = self.effect
        {
            write!(formatter, ",retry-after={seconds}")?;
        }
        if self.phase == Phase::After {
            formatter.write_str(",after")?;
        }
        match self.occurs {
            Occurs::Count { skip, times } => {
                if skip != 0 {
                    write!(formatter, ",skip={skip}")?;
                }
                if times != 1 {
                    write!(formatter, ",times={times}")?;
                }
                Ok(())
            }
            Occurs::Always => formatter.write_str(",always"),
            Occurs::Probability { probability, seed } => {
                write!(formatter, ",p={probability},seed={seed}")
            }
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::AnyAction => "*",
            Self::AnyPath => "/*",
            Self::Action(name) | Self::Path(name) => name,
        })
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Error(code) => write!(formatter, "error={code}"),
            Self::Status { status, .. } => write!(formatter, "status={status}"),
            Self::Reset => formatter.write_str("reset"),
            Self::Truncate(bytes) => write!(formatter, "truncate={bytes}"),
            Self::Delay(span) => write!(formatter, "delay={}", span_text(*span)),
            Self::Hang => formatter.write_str("hang"),
            Self::StaleToken => formatter.write_str("stale-token"),
            Self::ExpiredInstance => formatter.write_str("expired-instance"),
            Self::InstanceDies => formatter.write_str("instance-dies"),
            Self::ToolFails => formatter.write_str("tool-fails"),
        }
    }
}

fn parse_target(text: &str) -> Target {
    match text {
        "*" => Target::AnyAction,
        "/*" => Target::AnyPath,
        path if path.starts_with('/') => Target::Path(path.to_owned()),
        action => Target::Action(action.to_owned()),
    }
}

fn parse_effect(text: &str) -> Result<Effect, String> {
    let (name, value) = text.split_once('=').unwrap_or((text, ""));
    let number = |what: &str| format!("{name}= needs {what}, not {value:?}");
    Ok(match name {
        "error" => Effect::Error(value.to_owned()),
        "status" => Effect::status(value.parse().map_err(|_| number("a status"))?),
        "truncate" => Effect::Truncate(value.parse().map_err(|_| number("a number of bytes"))?),
        "delay" => Effect::Delay(parse_span(value).ok_or_else(|| number("a span such as 200ms"))?),
        "reset" if value.is_empty() => Effect::Reset,
        "hang" if value.is_empty() => Effect::Hang,
        "stale-token" if value.is_empty() => Effect::StaleToken,
        "expired-instance" if value.is_empty() => Effect::ExpiredInstance,
        "instance-dies" if value.is_empty() => Effect::InstanceDies,
        "tool-fails" if value.is_empty() => Effect::ToolFails,
        _ => {
            return Err(format!(
                "there is no effect {text:?}: it is one of error=, status=, reset, truncate=, delay=, hang, stale-token, expired-instance, instance-dies, tool-fails"
            ));
        }
    })
}

#[derive(Default)]
struct Options {
    skip: Option<u32>,
    times: Option<u32>,
    always: bool,
    probability: Option<f64>,
    seed: Option<u64>,
}

impl Options {
    fn take(&mut self, word: &str, fault: &mut Fault) -> Result<(), String> {
        let (name, value) = word.split_once('=').unwrap_or((word, ""));
        let not_a_number = |_| format!("{name}= needs a number, not {value:?}");
        match name {
            "after" if value.is_empty() => fault.phase = Phase::After,
            "always" if value.is_empty() => self.always = true,
            "skip" => self.skip = Some(value.parse().map_err(not_a_number)?),
            "times" => self.times = Some(value.parse().map_err(not_a_number)?),
            "seed" => self.seed = Some(value.parse().map_err(not_a_number)?),
            "p" => {
                self.probability = Some(
                    value
                        .parse()
                        .map_err(|_| format!("p= needs a number from 0 to 1, not {value:?}"))?,
                )
            }
            "retry-after" => match &mut fault.effect {
                Effect::Status { retry_after, .. } => {
                    *retry_after = Some(value.parse().map_err(not_a_number)?)
                }
                _ => return Err("retry-after goes with status=".to_owned()),
            },
            _ => {
                return Err(format!(
                    "there is no option {word:?}: it is one of times=, skip=, always, p=, seed=, after, retry-after="
                ));
            }
        }
        Ok(())
    }

    fn occurs(&self) -> Result<Occurs, String> {
        let counted = self.skip.is_some() || self.times.is_some();
        match (self.probability, self.always) {
            (Some(_), true) => Err("p= and always exclude each other".to_owned()),
            (None, _) if self.seed.is_some() => Err("seed= goes with p=".to_owned()),
            (Some(_), _) | (_, true) if counted => {
                Err("times= and skip= do not go with p= or always".to_owned())
            }
            (Some(probability), false) => Ok(Occurs::Probability {
                probability,
                seed: self.seed.unwrap_or(0),
            }),
            (None, true) => Ok(Occurs::Always),
            (None, false) => Ok(Occurs::Count {
                skip: self.skip.unwrap_or(0),
                times: self.times.unwrap_or(1),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn wrong_specs_say_what_is_wrong() {
        for (spec, why) in [
            ("reset", "TARGET:EFFECT"),
            ("StartInstance:reset", "no action StartInstance"),
            ("/execute:error=InternalError", "use status="),
            ("/execute:status=200", "not from 400 to 599"),
            ("/execute:explode", "there is no effect"),
            ("*:stale-token", "have tokens"),
            ("*:tool-fails", "creates tools"),
            ("*:reset,often", "there is no option"),
            ("*:reset,p=2", "not from 0 to 1"),
            ("*:reset,p=0.5,times=2", "do not go with"),
            ("*:reset,seed=2", "goes with p="),
            ("*:reset,times=0", "never happens"),
            ("*:reset,retry-after=1", "goes with status="),
            ("*:truncate=1,after", "no `after`"),
            ("*:delay=soon", "needs a span"),
        ] {
            let error = spec.parse::<Fault>().unwrap_err().to_string();
            assert!(error.contains(why), "{spec}: {error}");
        }
    }

    fn effects() -> impl Strategy<Value = Effect> {
        prop_oneof![
            Just(Effect::Error("InternalError".to_owned())),
            (400_u16..600, proptest::option::of(0_u32..100)).prop_map(|(status, retry_after)| {
                Effect::Status {
                    status,
                    retry_after,
                }
            }),
            Just(Effect::Reset),
            (0_usize..1_000_000).prop_map(Effect::Truncate),
            (0_u64..100_000).prop_map(|millis| Effect::Delay(Duration::from_millis(millis))),
            Just(Effect::Hang),
            Just(Effect::ExpiredInstance),
            Just(Effect::InstanceDies),
        ]
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(
            effect in effects(),
            on_path: bool,
            after: bool,
            occurs in prop_oneof![
                (0_u32..9, 1_u32..9).prop_map(|(skip, times)| Occurs::Count { skip, times }),
                Just(Occurs::Always),
                (0.0..=1.0_f64, any::<u64>()).prop_map(|(probability, seed)| Occurs::Probability { probability, seed }),
            ],
        ) {
            let target = if on_path { Target::AnyPath } else { Target::Action("StartSandboxInstance".to_owned()) };
            let mut fault = Fault::new(target, effect);
            fault.occurs = occurs;
            if after { fault = fault.after(); }
            if let Ok(fault) = fault.checked() {
                prop_assert_eq!(fault.to_string().parse::<Fault>().unwrap(), fault);
            }
        }

        #[test]
        fn no_text_panics(spec in ".*") {
            let _ = spec.parse::<Fault>();
        }
    }
}
