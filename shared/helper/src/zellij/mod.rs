//! Zellij, as far as the helper speaks to it by itself.

mod push;

pub(crate) use push::Speaker;
