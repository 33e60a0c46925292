//! The use cases end to end over a real store.

mod acceptance;
mod double;
mod evidence;
mod gate_camera;
mod harness;
mod heads;
mod identified;
mod model_server;
mod models;
mod oversight;
mod privacy;
mod real_input;
mod releases;
mod shared;
mod stow;
mod vault;
mod work;
