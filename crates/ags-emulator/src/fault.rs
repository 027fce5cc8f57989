//! Scripted trouble: what goes wrong, on which call, how often.

mod script;
mod spec;

use std::{error::Error, fmt, time::Duration};

use ags_api::description;

pub(crate) use self::script::{Call, Faults, Happening};

/// One line of a fault script: the `effect` happens on calls to `target`, as often as `occurs` says.
///
/// Unless told otherwise it happens once, on the next call, before the call is carried out. Its text form
/// is `TARGET:EFFECT[,OPTION…]`:
///
/// | target | |
/// |---|---|
/// | `StartSandboxInstance` | calls of this action |
/// | `*` | calls of any action |
/// | `/execute` | requests through the gateway with this path (no query) |
/// | `/*` | any request through the gateway |
///
/// | effect | |
/// |---|---|
/// | `error=CODE` | an API error with this code (actions) |
/// | `status=502` | an answer with this HTTP status and no use |
/// | `reset` | the connection is reset; over HTTP/2 that ends the other requests on it too |
/// | `truncate=10` | the answer's body breaks off after 10 bytes and the connection is reset |
/// | `delay=200ms` | the answer comes later |
/// | `hang` | there is never an answer |
/// | `stale-token` | the token of this call is refused: the one just issued (`AcquireSandboxInstanceToken`) or the one that came with the request (paths) |
/// | `expired-instance` | the instance of this call reaches its end |
/// | `instance-dies` | the process of the instance of this call is killed |
/// | `tool-fails` | the tool just created becomes `FAILED` (`CreateSandboxTool`) |
///
/// | option | |
/// |---|---|
/// | `times=3` | on three calls; 1 unless set |
/// | `skip=2` | not on the first two |
/// | `always` | on every call |
/// | `p=0.02` | on each call with this probability, drawn from `seed=7` (0 unless set) |
/// | `after` | after the call has been carried out (reset, status, error, delay, hang, instance-dies) |
/// | `retry-after=2` | with that header, in seconds (status) |
///
/// ```
/// use ags_emulator::fault::{Effect, Fault};
///
/// let lost_answer: Fault = "StartSandboxInstance:reset,after".parse()?;
/// assert_eq!(lost_answer, Fault::on_action("StartSandboxInstance", Effect::Reset).after());
///
/// let flaky: Fault = "/execute:status=502,p=0.02,seed=7".parse()?;
/// assert_eq!(flaky, Fault::on_path("/execute", Effect::status(502)).with_probability(0.02, 7));
/// # Ok::<(), ags_emulator::fault::InvalidFault>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Fault {
    /// Which calls it is about.
    pub target: Target,
    /// What happens.
    pub effect: Effect,
    /// Whether the call is carried out first.
    pub phase: Phase,
    /// On how many of them, and which.
    pub occurs: Occurs,
}

/// Which calls a [`Fault`] is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// Calls of any action.
    AnyAction,
    /// Calls of this action.
    Action(String),
    /// Any request through the gateway.
    AnyPath,
    /// Requests through the gateway with exactly this path.
    Path(String),
}

/// What happens to a call.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Effect {
    /// An API error with this code.
    Error(String),
    /// An answer with this HTTP status, with `Retry-After` in seconds if given.
    Status {
        /// The status, 400 to 599.
        status: u16,
        /// Seconds for `Retry-After`.
        retry_after: Option<u32>,
    },
    /// The connection is reset.
    Reset,
    /// The body breaks off after this many bytes. The call is carried out.
    Truncate(usize),
    /// The answer is late by this much.
    Delay(Duration),
    /// There is never an answer.
    Hang,
    /// The token is refused from now on.
    StaleToken,
    /// The instance reaches the end of its lifetime now.
    ExpiredInstance,
    /// The process of the instance is killed.
    InstanceDies,
    /// The tool becomes `FAILED`.
    ToolFails,
}

/// When a [`Fault`] happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Phase {
    /// The call is not carried out, or, where it is in any case, not yet.
    #[default]
    Before,
    /// The call has been carried out; only its answer is affected.
    After,
}

/// On which of the matching calls a [`Fault`] happens.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Occurs {
    /// On `times` calls after the first `skip`.
    Count {
        /// How many matching calls are left alone first.
        skip: u32,
        /// On how many calls it happens then.
        times: u32,
    },
    /// On every matching call.
    Always,
    /// On each matching call with `probability`; the same `seed` gives the same sequence.
    Probability {
        /// From 0 to 1.
        probability: f64,
        /// Seed of the sequence.
        seed: u64,
    },
}

impl Default for Occurs {
    fn default() -> Self {
        Self::Count { skip: 0, times: 1 }
    }
}

impl Effect {
    /// An answer with `status` and no `Retry-After`.
    #[must_use]
    pub const fn status(status: u16) -> Self {
        Self::Status {
            status,
            retry_after: None,
        }
    }
}

impl Fault {
    /// `effect` on the next call that `target` names.
    #[must_use]
    pub fn new(target: Target, effect: Effect) -> Self {
        Self {
            target,
            effect,
            phase: Phase::default(),
            occurs: Occurs::default(),
        }
    }

    /// `effect` on the next call of `action`.
    #[must_use]
    pub fn on_action(action: &str, effect: Effect) -> Self {
        Self::new(Target::Action(action.to_owned()), effect)
    }

    /// `effect` on the next request through the gateway for `path`.
    #[must_use]
    pub fn on_path(path: &str, effect: Effect) -> Self {
        Self::new(Target::Path(path.to_owned()), effect)
    }

    /// After the call has been carried out.
    #[must_use]
    pub fn after(mut self) -> Self {
        self.phase = Phase::After;
        self
    }

    /// On `times` calls.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        let skip = match self.occurs {
            Occurs::Count { skip, .. } => skip,
            _ => 0,
        };
        self.occurs = Occurs::Count { skip, times };
        self
    }

    /// Not on the first `skip` calls.
    #[must_use]
    pub fn skip(mut self, skip: u32) -> Self {
        let times = match self.occurs {
            Occurs::Count { times, .. } => times,
            _ => 1,
        };
        self.occurs = Occurs::Count { skip, times };
        self
    }

    /// On every call.
    #[must_use]
    pub fn always(mut self) -> Self {
        self.occurs = Occurs::Always;
        self
    }

    /// On each call with `probability`.
    #[must_use]
    pub fn with_probability(mut self, probability: f64, seed: u64) -> Self {
        self.occurs = Occurs::Probability { probability, seed };
        self
    }

    /// What is wrong with this fault, if anything: an action that does not exist, an effect that its
    /// target cannot have.
    pub(crate) fn checked(self) -> Result<Self, InvalidFault> {
        let refuse = |why: String| Err(InvalidFault::new(self.to_string(), why));
        if let Target::Action(action) = &self.target
            && description::action(action).is_none()
        {
            return refuse(format!("the API has no action {action}"));
        }
        if let Target::Path(path) = &self.target
            && (!path.starts_with('/') || path.contains([':', '?']))
        {
            return refuse(format!(
                "{path} is no path: it begins with / and has no : or ?"
            ));
        }
        let on_path = matches!(self.target, Target::Path(_) | Target::AnyPath);
        let only = |action: &str| matches!(&self.target, Target::Action(name) if name == action);
        match &self.effect {
            Effect::Error(_) if on_path => {
                refuse("a path has no API errors; use status=".to_owned())
            }
            Effect::Error(code) if code.is_empty() => refuse("error= needs a code".to_owned()),
            Effect::Status { status, .. } if !(400..600).contains(status) => {
                refuse(format!("status={status} is not from 400 to 599"))
            }
            Effect::StaleToken if !on_path && !only("AcquireSandboxInstanceToken") => {
                refuse("only AcquireSandboxInstanceToken and paths have tokens".to_owned())
            }
            Effect::ToolFails if !only("CreateSandboxTool") => {
                refuse("only CreateSandboxTool creates tools".to_owned())
            }
            Effect::Truncate(_)
            | Effect::StaleToken
            | Effect::ExpiredInstance
            | Effect::ToolFails
                if self.phase == Phase::After =>
            {
                refuse("this effect has no `after`".to_owned())
            }
            _ => match self.occurs {
                Occurs::Probability { probability, .. } if !(0.0..=1.0).contains(&probability) => {
                    refuse(format!("p={probability} is not from 0 to 1"))
                }
                Occurs::Count { times: 0, .. } => refuse("times=0 never happens".to_owned()),
                _ => Ok(self),
            },
        }
    }
}

/// A fault that cannot happen, or a text that is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidFault {
    spec: String,
    why: String,
}

impl InvalidFault {
    pub(crate) fn new(spec: String, why: String) -> Self {
        Self { spec, why }
    }
}

impl fmt::Display for InvalidFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "fault {:?} is not valid: {}",
            self.spec, self.why
        )
    }
}

impl Error for InvalidFault {}
