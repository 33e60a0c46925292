//! The page is embedded from `web/dist`: a new build of the page must lead to a new build of this crate.

fn main() {
    println!("cargo::rerun-if-changed=../../web/dist");
}
