//! What tests turn: how much is much, and rules that are left out to prove that a test would see it.

/// The engine's settings that are no user's.
#[derive(Debug, Clone, Copy)]
pub struct Knobs {
    /// Packed bytes up to this sum travel inside their unit; more go into parts first.
    pub inline: usize,
    /// Whether a sender makes sure that the store has what a save refers to. It does.
    pub proves_at_send: bool,
}

impl Knobs {
    /// As they are for users.
    pub const PLAIN: Self = Self { inline: 4 << 20, proves_at_send: true };
}

#[cfg(not(any(test, feature = "testing")))]
pub(crate) fn knobs() -> Knobs {
    Knobs::PLAIN
}

#[cfg(any(test, feature = "testing"))]
pub(crate) use turned::knobs;

#[cfg(any(test, feature = "testing"))]
mod turned {
    use std::cell::Cell;

    use super::Knobs;

    thread_local! {
        static KNOBS: Cell<Knobs> = const { Cell::new(Knobs::PLAIN) };
    }

    pub(crate) fn knobs() -> Knobs {
        KNOBS.get()
    }

    impl Knobs {
        /// Turns them for this thread.
        pub fn turn(self) {
            KNOBS.set(self);
        }
    }
}
