//! The server as a whole, in process, over a real store.

mod access;
mod document;
mod gate;
mod house;
mod live;
mod refusals;
mod seed;
mod serving;
mod session;
mod town;
mod upload;
mod work;
