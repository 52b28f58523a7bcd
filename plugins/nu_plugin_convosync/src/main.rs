//! The Nushell plugin's entry.

fn main() {}
