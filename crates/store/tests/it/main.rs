//! The store's whole suite, on SQLite and on PostgreSQL.

mod backups;
mod certifications;
mod claims;
mod cluster;
mod evidence;
mod face_models;
mod full;
mod gate;
mod oversight;
mod records;
mod releases;
mod schemas;
mod subjects;
mod witnesses;
mod world;
mod writes;
