//! What an item is, by what readers said. Every read stays where it was; a consensus is derived from them.

mod dawid_skene;
mod glad;
mod majority;
mod one_coin;
mod online;
mod shapes;
mod staple;

pub use dawid_skene::{CONFUSIONS_MAX, DawidSkene, Options, dawid_skene};
pub use glad::{Glad, glad};
pub use majority::{Majority, majority};
pub use one_coin::{OneCoin, one_coin};
pub use online::Online;
pub use shapes::{FusedCuboid, Upright, fuse_cuboids, geometric_median, support, weighted_mean};
pub use staple::{Inside, STAPLE_READERS_MAX, Staple, StapleError, staple};
