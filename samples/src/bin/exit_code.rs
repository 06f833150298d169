//! Exits with the code that its first argument says, 3 without one. That is no failure of the
//! program in wasmscope's eyes: the code is handed on and nothing is reported.

use std::process::exit;

fn main() {
    let code = match std::env::args().nth(1) {
        None => 3,
        Some(text) => text.parse().unwrap_or_else(|_| {
            eprintln!("`{text}` is not an exit code");
            exit(2)
        }),
    };
    println!("exiting with {code}");
    exit(code);
}
