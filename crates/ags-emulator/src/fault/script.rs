//! The faults that are armed, and which of them happens on a call.

use std::sync::{Mutex, PoisonError};

use super::{Effect, Fault, InvalidFault, Occurs, Phase, Target};

/// The armed faults of one emulator.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    armed: Mutex<Vec<Armed>>,
}

#[derive(Debug)]
struct Armed {
    fault: Fault,
    matched: u32,
    happened: u32,
    dice: fastrand::Rng,
}

/// What a call is, for the faults that are about it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Call<'a> {
    Action(&'a str),
    Path(&'a str),
}

/// A fault that happens on this call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Happening {
    pub(crate) effect: Effect,
    pub(crate) phase: Phase,
}

impl Happening {
    /// The effect, if it comes before the call is carried out.
    pub(crate) fn before(&self) -> Option<&Effect> {
        (self.phase == Phase::Before).then_some(&self.effect)
    }

    /// The effect, if it comes after the call has been carried out.
    pub(crate) fn after(&self) -> Option<&Effect> {
        (self.phase == Phase::After).then_some(&self.effect)
    }
}

impl Faults {
    pub(crate) fn arm(&self, fault: Fault) -> Result<(), InvalidFault> {
        let fault = fault.checked()?;
        let seed = match fault.occurs {
            Occurs::Probability { seed, .. } => seed,
            _ => 0,
        };
        self.lock().push(Armed {
            fault,
            matched: 0,
            happened: 0,
            dice: fastrand::Rng::with_seed(seed),
        });
        Ok(())
    }

    /// The first armed fault whose turn it is. A call has at most one; faults after it do not see the call.
    pub(crate) fn draw(&self, call: Call<'_>) -> Option<Happening> {
        let mut armed = self.lock();
        let armed = armed
            .iter_mut()
            .find_map(|armed| armed.draw(call).then_some(armed))?;
        tracing::debug!(fault = %armed.fault, "a scripted fault happens");
        Some(Happening {
            effect: armed.fault.effect.clone(),
            phase: armed.fault.phase,
        })
    }

    /// The faults that have not happened as often as they were to: a count that is not used up, or one
    /// without a count that no call matched.
    pub(crate) fn unconsumed(&self) -> Vec<Fault> {
        self.lock()
            .iter()
            .filter(|armed| match armed.fault.occurs {
                Occurs::Count { times, .. } => armed.happened < times,
                Occurs::Always | Occurs::Probability { .. } => armed.matched == 0,
            })
            .map(|armed| armed.fault.clone())
            .collect()
    }

    /// How often each armed fault has happened, in the order they were armed.
    pub(crate) fn happened(&self) -> Vec<(Fault, u32)> {
        self.lock()
            .iter()
            .map(|armed| (armed.fault.clone(), armed.happened))
            .collect()
    }

    pub(crate) fn clear(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Armed>> {
        self.armed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Armed {
    fn draw(&mut self, call: Call<'_>) -> bool {
        let about = match (&self.fault.target, call) {
            (Target::AnyAction, Call::Action(_)) | (Target::AnyPath, Call::Path(_)) => true,
            (Target::Action(name), Call::Action(action)) => name == action,
            (Target::Path(name), Call::Path(path)) => name == path,
            _ => false,
        };
        if !about {
            return false;
        }
        let now = match self.fault.occurs {
            Occurs::Count { skip, times } => self.matched >= skip && self.happened < times,
            Occurs::Always => true,
            Occurs::Probability { probability, .. } => self.dice.f64() < probability,
        };
        self.matched = self.matched.saturating_add(1);
        self.happened = self.happened.saturating_add(u32::from(now));
        now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turns(faults: &Faults, call: Call<'_>, calls: usize) -> String {
        (0..calls)
            .map(|_| {
                if faults.draw(call).is_some() {
                    'x'
                } else {
                    '.'
                }
            })
            .collect()
    }

    fn armed(spec: &str) -> Faults {
        let faults = Faults::default();
        faults.arm(spec.parse().unwrap()).unwrap();
        faults
    }

    #[test]
    fn counts_and_skips() {
        let faults = armed("/execute:reset,skip=2,times=3");
        assert_eq!(turns(&faults, Call::Path("/is_alive"), 4), "....");
        assert_eq!(turns(&faults, Call::Path("/execute"), 4), "..xx");
        assert_eq!(faults.unconsumed().len(), 1);
        assert_eq!(turns(&faults, Call::Path("/execute"), 4), "x...");
        assert_eq!(faults.unconsumed(), []);
    }

    #[test]
    fn the_same_seed_gives_the_same_sequence() {
        let run = || {
            turns(
                &armed("*:reset,p=0.3,seed=11"),
                Call::Action("StopSandboxInstance"),
                1000,
            )
        };
        let once = run();
        assert_eq!(once, run());
        let happened = once.matches('x').count();
        assert!((200..400).contains(&happened), "{happened}");
        assert_ne!(
            once,
            turns(
                &armed("*:reset,p=0.3,seed=12"),
                Call::Action("StopSandboxInstance"),
                1000
            )
        );
    }

    #[test]
    fn a_call_has_one_fault_and_the_next_waits_for_its_turn() {
        let faults = armed("*:reset");
        faults
            .arm("StartSandboxInstance:hang".parse().unwrap())
            .unwrap();
        let drawn: Vec<_> = (0..3)
            .map(|_| {
                faults
                    .draw(Call::Action("StartSandboxInstance"))
                    .map(|it| it.effect)
            })
            .collect();
        assert_eq!(drawn, [Some(Effect::Reset), Some(Effect::Hang), None]);
    }

    #[test]
    fn one_that_no_call_matched_is_not_consumed() {
        let faults = armed("/execute:status=502,p=0.0");
        assert_eq!(faults.unconsumed().len(), 1);
        assert_eq!(turns(&faults, Call::Path("/execute"), 2), "..");
        assert_eq!(faults.unconsumed(), []);
    }
}
