//! The binary as scripts and people use it.

mod contract;
mod crash;
mod deid;
mod full;
mod house;
mod inspect;
mod protocol;
mod rows;
mod running;
mod samples;
mod stats;
mod tamper;
mod witness;
