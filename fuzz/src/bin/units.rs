#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| convosync_fuzz::units(bytes));
