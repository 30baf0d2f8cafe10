//! Whether a refresh token may be used up.

use std::{sync::Mutex, time::Duration};

use tokio::time::Instant;

use super::lock;
use crate::{Secret, oauth::digest};

/// The refresh token that was presented last without a response that says what became of it. It may be used up, and
/// presenting it again may end the whole authorisation (A48).
#[derive(Debug, Default)]
pub(super) struct Doubt(Mutex<Option<Presented>>);

#[derive(Debug, Clone, Copy)]
struct Presented {
    refresh: [u8; 32],
    /// How long ago it was presented, at `since`.
    age: Duration,
    since: Instant,
}

impl Presented {
    fn age(&self) -> Duration {
        self.age.saturating_add(self.since.elapsed())
    }
}

impl Doubt {
    /// A refresh token was presented so long ago, or more recently if that is known already.
    pub(super) fn begin(&self, refresh: &Secret, age: Duration) {
        let known = self.age(refresh).unwrap_or(Duration::MAX);
        let presented = Presented { refresh: digest(refresh), age: age.min(known), since: Instant::now() };
        *lock(&self.0) = Some(presented);
    }

    /// What became of it is known.
    pub(super) fn end(&self) {
        *lock(&self.0) = None;
    }

    /// How long ago a refresh token was presented, if what became of it is not known.
    pub(super) fn age(&self, refresh: &Secret) -> Option<Duration> {
        let presented = (*lock(&self.0))?;
        (presented.refresh == digest(refresh)).then(|| presented.age())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_doubt_is_about_one_token_and_grows_older_until_it_ends() {
        let (doubt, token) = (Doubt::default(), Secret::from("FAKE-R0"));
        assert_eq!(doubt.age(&token), None);
        doubt.begin(&token, Duration::from_secs(10));
        tokio::time::advance(Duration::from_secs(5)).await;
        assert_eq!(doubt.age(&token), Some(Duration::from_secs(15)));
        assert_eq!(doubt.age(&Secret::from("FAKE-R1")), None);
        // It was presented again since, or somebody else's clock is wrong.
        doubt.begin(&token, Duration::from_secs(3));
        doubt.begin(&token, Duration::from_secs(3600));
        assert_eq!(doubt.age(&token), Some(Duration::from_secs(3)));
        doubt.begin(&token, Duration::MAX);
        doubt.end();
        assert_eq!(doubt.age(&token), None);
        doubt.begin(&token, Duration::MAX);
        tokio::time::advance(Duration::from_secs(5)).await;
        assert_eq!(doubt.age(&token), Some(Duration::MAX));
    }
}
