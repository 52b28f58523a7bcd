//! Set-up, demo, test and install.

fn main() {}
