//! As many histories as the fast lane has no time for.

#[path = "histories/main.rs"]
mod histories;
