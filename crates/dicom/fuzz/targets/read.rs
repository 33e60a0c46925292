#![no_main]
//! Any bytes as a file: read, written, read again.
libfuzzer_sys::fuzz_target!(|data: &[u8]| countersign_dicom_fuzz::whole_file(data, false));
