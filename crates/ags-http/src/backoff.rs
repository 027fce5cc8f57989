//! How long to wait before the next attempt: exponential, with full jitter.

use std::time::Duration;

/// First and longest wait of the defaults.
pub const DEFAULT_BASE: Duration = Duration::from_millis(200);
/// Longest single wait of the defaults.
pub const DEFAULT_LONGEST: Duration = Duration::from_secs(10);

/// Exponential backoff: the ceiling of the n-th wait is `base × 2^(n-1)`, at most `longest`; the wait itself is
/// drawn evenly between zero and the ceiling ("full jitter"), so that callers that failed together do not return
/// together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// Ceiling of the first wait.
    pub base: Duration,
    /// Ceiling of every wait.
    pub longest: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self {
            base: DEFAULT_BASE,
            longest: DEFAULT_LONGEST,
        }
    }
}

impl Backoff {
    /// The longest that the wait after failed attempt `attempt` (1 is the first) can be.
    pub fn ceiling(&self, attempt: u32) -> Duration {
        let doublings = attempt.saturating_sub(1).min(31);
        self.base.saturating_mul(1 << doublings).min(self.longest)
    }

    /// The wait after failed attempt `attempt` for a `draw` between 0 and 1.
    pub fn wait(&self, attempt: u32, draw: f64) -> Duration {
        let share = if draw.is_nan() {
            0.0
        } else {
            draw.clamp(0.0, 1.0)
        };
        let ceiling = self.ceiling(attempt);
        Duration::try_from_secs_f64(ceiling.as_secs_f64() * share)
            .unwrap_or(ceiling)
            .min(ceiling)
    }
}

/// Where the randomness of the waits comes from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Jitter {
    /// Different each time.
    #[default]
    Random,
    /// The same sequence for the same seed, for tests.
    Seeded(u64),
}

impl Jitter {
    /// A source of draws between 0 and 1.
    pub(crate) fn source(self) -> fastrand::Rng {
        match self {
            Self::Random => fastrand::Rng::new(),
            Self::Seeded(seed) => fastrand::Rng::with_seed(seed),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_ceiling_doubles_up_to_the_longest() {
        let backoff = Backoff {
            base: Duration::from_millis(100),
            longest: Duration::from_secs(1),
        };
        let ceilings: Vec<u128> = (1..=6).map(|n| backoff.ceiling(n).as_millis()).collect();
        assert_eq!(ceilings, [100, 200, 400, 800, 1000, 1000]);
        assert_eq!(backoff.ceiling(u32::MAX), backoff.longest);
        assert_eq!(backoff.ceiling(0), backoff.base);
        assert_eq!(backoff.wait(3, 0.5), Duration::from_millis(200));
    }

    #[test]
    fn a_seed_repeats_its_draws() {
        let draws = |jitter: Jitter| {
            let mut source = jitter.source();
            [source.f64(), source.f64(), source.f64()]
        };
        assert_eq!(draws(Jitter::Seeded(3)), draws(Jitter::Seeded(3)));
        assert_ne!(draws(Jitter::Seeded(3)), draws(Jitter::Seeded(4)));
        assert_ne!(draws(Jitter::Random), draws(Jitter::Random));
    }

    proptest! {
        #[test]
        fn a_wait_is_never_above_its_ceiling(
            base in any::<Duration>(),
            longest in any::<Duration>(),
            attempt in any::<u32>(),
            draw in any::<f64>(),
        ) {
            let backoff = Backoff { base, longest };
            let wait = backoff.wait(attempt, draw);
            prop_assert!(wait <= backoff.ceiling(attempt));
            prop_assert!(backoff.ceiling(attempt) <= longest);
        }

        #[test]
        fn waits_grow_with_the_draw(attempt in 1_u32..40, low in 0.0..1.0_f64, high in 0.0..1.0_f64) {
            let backoff = Backoff::default();
            let (low, high) = (low.min(high), low.max(high));
            prop_assert!(backoff.wait(attempt, low) <= backoff.wait(attempt, high));
        }
    }
}
