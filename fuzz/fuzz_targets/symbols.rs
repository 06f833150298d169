//! Any bytes as a module: every question gets an answer.
#![no_main]

#[path = "../../symbols/tests/support/questions.rs"]
mod questions;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| questions::ask_everything(bytes));
