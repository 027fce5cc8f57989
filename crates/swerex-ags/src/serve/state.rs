//! The life of one virtual server, as a table without I/O.
//!
//! | state | `create_session` | another call | `is_alive` | `close` | start succeeded | start failed | sandbox gone | idle too long |
//! |---|---|---|---|---|---|---|---|---|
//! | Idle | start → Starting | start → Starting | alive | – | stop the stray | – | – | – |
//! | Starting | wait | wait | not yet | cancel → Idle | → Running | → Idle | – | – |
//! | Running | forward; stop and start → Starting when it would follow a dead agent | forward | alive | stop → Idle | stop the stray | – | → Dead | stop → Idle |
//! | Dead | start → Starting | refuse | dead | → Idle | stop the stray | – | – | → Idle |
//!
//! A dead sandbox is never replaced silently: an agent in the middle of its work would find an empty repository. `create_session` is how
//! an agent begins, so it gets a fresh sandbox. An agent that died without `/close` left its session behind: the next `create_session`
//! for that session replaces the sandbox, unless a call is still under way, which means that two live agents share the address.

/// Which start a message is about; a cancelled start may still answer.
pub(crate) type Generation = u64;

/// Where one virtual server is in its life. `S` is a running sandbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum State<S> {
    /// No sandbox, none wanted.
    Idle,
    /// A sandbox is being started.
    Starting(Generation),
    /// A sandbox serves calls.
    Running(S),
    /// The sandbox is gone, and the agent does not know yet.
    Dead(String),
}

/// What happens to a virtual server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Event<S> {
    /// An agent begins. `held`: the sandbox has that session already; `busy`: another call is under way.
    Create { held: bool, busy: bool },
    /// Any other call that needs the sandbox.
    Use,
    /// The agent is done, or everybody who waited for the start has hung up.
    Close,
    /// A start succeeded.
    Started(Generation, S),
    /// A start failed.
    StartFailed(Generation),
    /// The sandbox no longer exists, and why.
    Gone(String),
    /// Nothing was asked for too long.
    IdleTooLong,
}

/// What is to be done about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Effect<S> {
    Nothing,
    /// Start a sandbox and wait for it.
    Start(Generation),
    /// Wait for the start that is under way.
    Wait,
    /// Pass the call on.
    Forward(S),
    /// Stop the old sandbox, start another and wait for it.
    Replace(S, Generation),
    /// Answer that the sandbox is gone.
    RefuseDead(String),
    /// Answer that the session exists: another live agent holds it.
    RefuseHeld,
    /// Stop this sandbox.
    Stop(S),
    /// Give up the start that is under way; whatever it creates is stopped.
    Cancel,
}

impl<S: Clone> State<S> {
    /// The next state and what it takes; `next` numbers a start if one begins.
    pub(crate) fn step(&self, event: Event<S>, next: Generation) -> (Self, Effect<S>) {
        match (self, event) {
            (Self::Idle | Self::Dead(_), Event::Create { .. }) | (Self::Idle, Event::Use) => {
                (Self::Starting(next), Effect::Start(next))
            }
            (Self::Starting(at), Event::Create { .. } | Event::Use) => {
                (Self::Starting(*at), Effect::Wait)
            }
            (
                Self::Running(sandbox),
                Event::Create {
                    held: true,
                    busy: false,
                },
            ) => (Self::Starting(next), Effect::Replace(sandbox.clone(), next)),
            (
                Self::Running(_),
                Event::Create {
                    held: true,
                    busy: true,
                },
            ) => (self.clone(), Effect::RefuseHeld),
            (Self::Running(sandbox), Event::Create { held: false, .. } | Event::Use) => {
                (self.clone(), Effect::Forward(sandbox.clone()))
            }
            (Self::Dead(why), Event::Use) => (self.clone(), Effect::RefuseDead(why.clone())),

            (Self::Starting(_), Event::Close) => (Self::Idle, Effect::Cancel),
            (Self::Running(sandbox), Event::Close | Event::IdleTooLong) => {
                (Self::Idle, Effect::Stop(sandbox.clone()))
            }
            (Self::Dead(_), Event::Close | Event::IdleTooLong) => (Self::Idle, Effect::Nothing),

            (Self::Starting(at), Event::Started(generation, sandbox)) if *at == generation => {
                (Self::Running(sandbox), Effect::Nothing)
            }
            (_, Event::Started(_, stray)) => (self.clone(), Effect::Stop(stray)),
            (Self::Starting(at), Event::StartFailed(generation)) if *at == generation => {
                (Self::Idle, Effect::Nothing)
            }
            (Self::Running(_), Event::Gone(why)) => (Self::Dead(why), Effect::Nothing),

            (Self::Idle, Event::Close | Event::IdleTooLong)
            | (Self::Starting(_), Event::IdleTooLong)
            | (_, Event::StartFailed(_) | Event::Gone(_)) => (self.clone(), Effect::Nothing),
        }
    }

    /// What `is_alive` answers: whether it is, and what to say if not.
    pub(crate) fn alive(&self) -> (bool, String) {
        match self {
            Self::Idle | Self::Running(_) => (true, String::new()),
            Self::Starting(_) => (false, "the sandbox is starting".to_owned()),
            Self::Dead(why) => (false, format!("the sandbox is gone: {why}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type S = State<u32>;

    const FRESH: Event<u32> = Event::Create {
        held: false,
        busy: false,
    };

    fn dead() -> S {
        State::Dead("expired".to_owned())
    }

    #[test]
    fn an_agent_begins_works_and_ends() {
        let (state, effect) = S::Idle.step(FRESH, 1);
        assert_eq!((&state, effect), (&S::Starting(1), Effect::Start(1)));
        let (state, effect) = state.step(Event::Use, 2);
        assert_eq!((&state, effect), (&S::Starting(1), Effect::Wait));
        let (state, _) = state.step(Event::Started(1, 7), 2);
        let (state, effect) = state.step(Event::Use, 2);
        assert_eq!((&state, effect), (&S::Running(7), Effect::Forward(7)));
        assert_eq!(state.step(Event::Close, 2), (S::Idle, Effect::Stop(7)));
    }

    #[test]
    fn a_dead_agents_sandbox_is_replaced_and_a_live_ones_is_not() {
        let running = S::Running(7);
        assert_eq!(
            running.step(
                Event::Create {
                    held: true,
                    busy: false
                },
                2
            ),
            (S::Starting(2), Effect::Replace(7, 2))
        );
        assert_eq!(
            running.step(
                Event::Create {
                    held: true,
                    busy: true
                },
                2
            ),
            (S::Running(7), Effect::RefuseHeld)
        );
        assert_eq!(running.step(FRESH, 2), (S::Running(7), Effect::Forward(7)));
    }

    #[test]
    fn a_gone_sandbox_is_not_replaced_silently() {
        let (state, _) = S::Running(7).step(Event::Gone("expired".to_owned()), 2);
        assert_eq!(state, dead());
        assert_eq!(
            state.alive(),
            (false, "the sandbox is gone: expired".to_owned())
        );
        assert_eq!(
            state.step(Event::Use, 2),
            (dead(), Effect::RefuseDead("expired".to_owned()))
        );
        assert_eq!(state.step(FRESH, 2), (S::Starting(2), Effect::Start(2)));
        assert_eq!(state.step(Event::Close, 2), (S::Idle, Effect::Nothing));
    }

    #[test]
    fn a_cancelled_start_that_succeeds_is_stopped() {
        assert_eq!(
            S::Starting(1).step(Event::Close, 2),
            (S::Idle, Effect::Cancel)
        );
        for state in [S::Idle, S::Starting(2), S::Running(8), dead()] {
            assert_eq!(
                state.step(Event::Started(1, 7), 3),
                (state.clone(), Effect::Stop(7))
            );
        }
    }

    fn event() -> impl Strategy<Value = Event<u32>> {
        prop_oneof![
            (any::<bool>(), any::<bool>()).prop_map(|(held, busy)| Event::Create { held, busy }),
            Just(Event::Use),
            Just(Event::Close),
            Just(Event::Gone("x".to_owned())),
            Just(Event::IdleTooLong),
        ]
    }

    proptest! {
        /// Every sandbox that came up is, at any moment, either the running one, or one that was to be stopped, or one that went by itself.
        #[test]
        fn no_sandbox_is_forgotten(events in proptest::collection::vec((event(), any::<bool>(), any::<bool>()), 1..60)) {
            let mut state = S::Idle;
            let mut next = 1;
            let mut starting: Vec<Generation> = Vec::new();
            let mut alive: Vec<u32> = Vec::new();
            let mut apply = |state: &mut S, event: Event<u32>, starting: &mut Vec<Generation>, alive: &mut Vec<u32>| {
                if let (Event::Gone(_), S::Running(sandbox)) = (&event, &*state) {
                    alive.retain(|other| other != sandbox);
                }
                let (after, effect) = state.step(event, next);
                *state = after;
                match effect {
                    Effect::Start(generation) => starting.push(generation),
                    Effect::Replace(old, generation) => {
                        alive.retain(|other| *other != old);
                        starting.push(generation);
                    }
                    Effect::Stop(old) => alive.retain(|other| *other != old),
                    _ => {}
                }
                next += 1;
            };
            for (event, finish, well) in events {
                apply(&mut state, event, &mut starting, &mut alive);
                if finish && let Some(generation) = starting.pop() {
                    if well {
                        let sandbox = u32::try_from(generation).unwrap();
                        alive.push(sandbox);
                        apply(&mut state, Event::Started(generation, sandbox), &mut starting, &mut alive);
                    } else {
                        apply(&mut state, Event::StartFailed(generation), &mut starting, &mut alive);
                    }
                }
                let expected = match &state { S::Running(sandbox) => vec![*sandbox], _ => Vec::new() };
                prop_assert_eq!(&alive, &expected);
            }
        }
    }
}
