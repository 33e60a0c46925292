//! Tests of the item's state machine: named paths and a random walk, in one small world.

mod checks;
mod handing_on;
mod parallel;
mod paths;
mod random_walk;
mod rosters;
mod shadow;
mod world;
