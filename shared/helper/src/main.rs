//! The ConvoSync helper and command line.

fn main() {}
