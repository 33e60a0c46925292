//! The use cases end to end over a real store.

mod acceptance;
mod certification;
#[path = "../../../store/tests/it/cluster.rs"]
mod cluster;
mod double;
mod evidence;
mod gate_camera;
mod harness;
mod heads;
mod identified;
mod model_server;
mod models;
mod monitoring;
mod oversight;
mod privacy;
mod real_input;
mod releases;
mod shared;
mod stow;
mod vault;
mod work;
