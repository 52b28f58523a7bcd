//! Ctrl-C and its kin: the first asks to stop, the second stops at once.

use std::io;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use convosync_engine::Cancel;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag;
use signal_hook::low_level::pipe;

/// What asks to stop.
const SIGNALS: [i32; 3] = [SIGINT, SIGTERM, SIGHUP];

/// Whether somebody asked to stop.
#[derive(Debug, Clone, Default)]
pub(crate) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Listens to SIGINT, SIGTERM and SIGHUP. A second one exits with 128 + its number.
    ///
    /// # Errors
    ///
    /// If the system refuses the handlers.
    pub(crate) fn listen() -> io::Result<Self> {
        let interrupt = Self::default();
        for signal in SIGNALS {
            // In this order, or the first signal would already end the program.
            flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&interrupt.0))?;
            flag::register(signal, Arc::clone(&interrupt.0))?;
        }
        Ok(interrupt)
    }

    /// Something that can be read as soon as a signal asks to stop, for who sleeps until then.
    ///
    /// # Errors
    ///
    /// If the system refuses the handlers.
    pub(crate) fn bell() -> io::Result<UnixStream> {
        let (bell, rings) = UnixStream::pair()?;
        for signal in SIGNALS {
            pipe::register(signal, rings.try_clone()?)?;
        }
        Ok(bell)
    }

    /// Asks to stop.
    pub(crate) fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether somebody asked to stop.
    pub(crate) fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// The same for the engine.
    pub(crate) fn cancel(&self) -> Cancel {
        Arc::clone(&self.0).into()
    }
}
