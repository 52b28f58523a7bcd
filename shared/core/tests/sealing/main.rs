//! Sealed objects: they come back as they were, nothing else is accepted, and the bytes never
//! change.

mod epochs;
mod fixture;
mod frozen;
mod refusals;
mod round_trip;
mod secrecy;
