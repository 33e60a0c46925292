//! The store's whole suite, on SQLite and on PostgreSQL.

mod backups;
mod claims;
mod cluster;
mod evidence;
mod gate;
mod records;
mod releases;
mod schemas;
mod world;
mod writes;
