//! The store's whole suite, on SQLite and on PostgreSQL.

mod appraisals;
mod backups;
mod campaigns;
mod certifications;
mod claims;
mod click_models;
mod cluster;
mod evidence;
mod face_models;
mod flow;
mod full;
mod gate;
mod monitoring;
mod oversight;
mod qualifications;
mod records;
mod releases;
mod schemas;
mod seen;
mod subjects;
mod witnesses;
mod world;
mod worth;
mod writes;
