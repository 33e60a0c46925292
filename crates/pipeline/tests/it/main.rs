//! The use cases end to end over a real store.

mod harness;
mod heads;
mod identified;
mod oversight;
mod privacy;
mod real_input;
mod releases;
mod shared;
mod stow;
mod vault;
mod work;
