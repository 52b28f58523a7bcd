//! The use cases of ConvoSync over small synchronous ports.
//!
//! Prints nothing, reads no clock, environment or home directory: reports out, ports in.

pub mod ports;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
