//! Sessions as files: what other programs, other accounts and people read. The host opens the
//! files; here they are something to read from or to write to.

mod export;
mod import;
