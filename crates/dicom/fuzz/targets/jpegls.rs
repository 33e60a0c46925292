#![no_main]
//! Any bytes as a frame of JPEG-LS.
libfuzzer_sys::fuzz_target!(|data: &[u8]| countersign_dicom_fuzz::one_frame(data, "1.2.840.10008.1.2.4.80"));
