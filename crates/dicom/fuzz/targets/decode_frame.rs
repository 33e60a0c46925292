#![no_main]
//! Any bytes as a file, its frames decoded, rendered, put back and transcoded.
libfuzzer_sys::fuzz_target!(|data: &[u8]| countersign_dicom_fuzz::whole_file(data, true));
