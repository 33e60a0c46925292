//! The server as a whole, in process, over a real store.

mod access;
mod blind;
mod document;
mod draft;
mod full;
mod gate;
mod gold;
mod house;
mod live;
mod protocols;
mod records;
mod refusals;
mod refused;
mod seed;
mod separation;
mod serving;
mod session;
mod stale;
mod stow;
mod suggestions;
mod town;
mod unseen;
mod upload;
mod work;
