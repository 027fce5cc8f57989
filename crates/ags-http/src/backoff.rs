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
