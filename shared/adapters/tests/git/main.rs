//! The git adapter against real repositories and a real git.

mod bundle;
mod commit;
mod facts;
mod foresee;
mod history;
mod join;
mod lab;
mod moves;
mod park;
mod remote;
mod stops;
mod work;
