//! The bucket store over a small S3 of our own, which fails as it is told: the contract, with and
//! without faults on the way, and what a hostile or broken server must not reach. Real servers are
//! asked by the slow tests.

#![allow(clippy::unwrap_used, reason = "as in the functions of tests")]

#[path = "../store_contract/mod.rs"]
mod store_contract;

mod answers;
mod faults;
mod server;

mod over_a_good_server {
    crate::store_contract::store_contract!(crate::server::good);
}

mod over_a_bad_network {
    crate::store_contract::store_contract!(crate::faults::bad_network);
}
