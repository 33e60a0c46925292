//! The store's whole suite, on SQLite and on PostgreSQL.

mod claims;
mod cluster;
mod evidence;
mod records;
mod world;
mod writes;
