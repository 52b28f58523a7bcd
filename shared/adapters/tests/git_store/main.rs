//! The git store: the contract over each way to a repository, and what only a remote can do.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "as in the functions of tests")]

#[path = "../store_contract/mod.rs"]
mod store_contract;

mod filled;
mod forge;
mod http;
mod lab;
mod many;
mod race;
mod ssh;
mod talk;
mod units;

mod over_files {
    crate::store_contract::store_contract!(crate::lab::over_files);
}

mod over_http {
    crate::store_contract::store_contract!(crate::lab::over_http);
}
