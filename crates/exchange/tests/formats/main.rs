//! Tests of the formats: what is written means the same when it is read back.

mod coco;
mod native;
mod world;
