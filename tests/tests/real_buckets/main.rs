//! Buckets on real servers: the store contract, sixteen writers at once, the main job.

#![allow(clippy::print_stderr, reason = "a failing test says which clause it was at")]

#[path = "../../../shared/adapters/tests/store_contract/mod.rs"]
mod store_contract;

mod contract;
mod cut_line;
mod devices;
mod setting_up;
mod writers;
