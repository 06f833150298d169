//! Images made of any bytes: nothing gets out of the temporary folder, and nothing is left behind.
#![no_main]

#[path = "../../image/tests/support/anything.rs"]
mod anything;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| anything::open_anything(bytes));
