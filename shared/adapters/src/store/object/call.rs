//! Waiting for a service: nothing waits for ever, and a cancelled caller is let go at once.

use std::fmt;
use std::pin::pin;
use std::time::Duration;

use convosync_engine::Cancel;
use convosync_engine::ports::StoreError;
use futures_util::future::{Either, select};
use tokio::runtime::{Builder, Runtime};

use crate::faults::{Change, before};

/// How long a service may be silent.
pub(super) const SILENCE: Duration = Duration::from_secs(30);

/// How soon a cancelled caller is let go.
const TICK: Duration = Duration::from_millis(50);

/// The slowest way up that is waited for, in bytes a second.
const SLOWEST: u64 = 16 << 10;

/// Runs what has to wait on one thread, the caller's.
pub(super) struct Calls {
    /// `None` only while it is dropped.
    runtime: Option<Runtime>,
    cancel: Cancel,
}

impl fmt::Debug for Calls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Calls")
    }
}

impl Calls {
    pub(super) fn new(cancel: Cancel) -> Result<Self, StoreError> {
        let runtime = Builder::new_current_thread().enable_all().build().map_err(|error| {
            StoreError::Unreachable(format!("this system has nothing to wait with: {error}"))
        })?;
        Ok(Self { runtime: Some(runtime), cancel })
    }

    /// Waits for `work`, or until the user cancels.
    pub(super) fn run<T>(
        &self,
        work: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let _ = before(Change::Starts, format_args!("ask a server"));
        let runtime = self.runtime.as_ref().expect("it is taken only when this is dropped");
        runtime.block_on(async {
            match select(pin!(work), pin!(self.cancelled())).await {
                Either::Left((done, _)) => done,
                Either::Right(_) => Err(StoreError::Unreachable("cancelled".to_owned())),
            }
        })
    }

    async fn cancelled(&self) {
        while !self.cancel.is_cancelled() {
            tokio::time::sleep(TICK).await;
        }
    }
}

impl Drop for Calls {
    /// A name that is still being looked up is not waited for.
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Waits for an answer, as long as a service may be silent.
pub(super) async fn answered<T>(work: impl Future<Output = T>) -> Result<T, StoreError> {
    within(SILENCE, work).await
}

/// Waits until so many bytes are up, and for the answer.
pub(super) async fn sent<T>(bytes: u64, work: impl Future<Output = T>) -> Result<T, StoreError> {
    within(SILENCE + Duration::from_secs(bytes / SLOWEST), work).await
}

async fn within<T>(limit: Duration, work: impl Future<Output = T>) -> Result<T, StoreError> {
    let late = |_| StoreError::Unreachable(format!("no answer within {} s", limit.as_secs()));
    tokio::time::timeout(limit, work).await.map_err(late)
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn who_cancels_is_let_go_at_once() {
        let cancel = Cancel::new();
        let calls = Calls::new(cancel.clone()).unwrap();
        let start = Instant::now();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                std::thread::sleep(Duration::from_millis(100));
                cancel.cancel();
            });
            let never = std::future::pending::<Result<(), StoreError>>();
            let stopped = calls.run(never).unwrap_err();
            assert!(stopped.to_string().contains("cancelled"), "{stopped}");
        });
        assert!(start.elapsed() < Duration::from_secs(5));
    }

    #[test]
    fn silence_ends() {
        let calls = Calls::new(Cancel::new()).unwrap();
        let silent = within(Duration::from_millis(10), std::future::pending::<()>());
        assert!(matches!(calls.run(silent), Err(StoreError::Unreachable(_))));
    }
}
