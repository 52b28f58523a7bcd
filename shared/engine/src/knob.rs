//! What tests turn: how much is much, and rules that are left out to prove that a test would see it.

/// Packed bytes up to this sum travel inside their unit; more go into parts first.
const INLINE: usize = 4 << 20;

/// Fewer cards than these are opened one by one each time.
const FEW: usize = 64;

/// Sealed bytes of sent saves that this device keeps, so that the next save of a session need not
/// ask the store: 256 MB, some thousand sessions.
const CACHED: u64 = 256_000_000;

#[cfg(not(any(test, feature = "testing")))]
mod fixed {
    /// See [`super::INLINE`].
    pub(crate) fn inline() -> usize {
        super::INLINE
    }

    /// Whether a sender makes sure that the store has what a save refers to.
    pub(crate) fn proves_at_send() -> bool {
        true
    }

    /// See [`super::FEW`].
    pub(crate) fn few() -> usize {
        super::FEW
    }

    /// Whether a list goes by the overview of cards.
    pub(crate) fn glances() -> bool {
        true
    }

    /// See [`super::CACHED`].
    pub(crate) fn cached() -> u64 {
        super::CACHED
    }
}

#[cfg(not(any(test, feature = "testing")))]
pub(crate) use fixed::{cached, few, glances, inline, proves_at_send};

#[cfg(any(test, feature = "testing"))]
mod turned {
    use std::cell::Cell;

    /// The engine's settings that are no user's.
    #[derive(Debug, Clone, Copy)]
    pub struct Knobs {
        /// Packed bytes up to this sum travel inside their unit; more go into parts first.
        pub inline: usize,
        /// Whether a sender makes sure that the store has what a save refers to. It does.
        pub proves_at_send: bool,
        /// Fewer cards than these are opened one by one each time.
        pub few: usize,
        /// Whether a list goes by the overview of cards. It does.
        pub glances: bool,
        /// Sealed bytes of sent saves that a device keeps.
        pub cached: u64,
    }

    thread_local! {
        static KNOBS: Cell<Knobs> = const { Cell::new(Knobs::PLAIN) };
    }

    impl Knobs {
        /// As they are for users.
        pub const PLAIN: Self = Self {
            inline: super::INLINE,
            proves_at_send: true,
            few: super::FEW,
            glances: true,
            cached: super::CACHED,
        };

        /// Turns them for this thread.
        pub fn turn(self) {
            KNOBS.set(self);
        }
    }

    pub(crate) fn inline() -> usize {
        KNOBS.get().inline
    }

    pub(crate) fn proves_at_send() -> bool {
        KNOBS.get().proves_at_send
    }

    pub(crate) fn few() -> usize {
        KNOBS.get().few
    }

    pub(crate) fn glances() -> bool {
        KNOBS.get().glances
    }

    pub(crate) fn cached() -> u64 {
        KNOBS.get().cached
    }
}

#[cfg(any(test, feature = "testing"))]
pub use turned::Knobs;
#[cfg(any(test, feature = "testing"))]
pub(crate) use turned::{cached, few, glances, inline, proves_at_send};
