//! What an item is, by what readers said. Every read stays where it was; a consensus is derived from them.

mod dawid_skene;
mod majority;
mod staple;

pub use dawid_skene::{CONFUSIONS_MAX, DawidSkene, Options, dawid_skene};
pub use majority::{Majority, majority};
pub use staple::{STAPLE_READERS_MAX, Staple, StapleError, staple};
