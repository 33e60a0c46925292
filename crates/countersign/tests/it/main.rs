//! The binary as scripts and people use it.

mod contract;
mod crash;
mod house;
mod tamper;
