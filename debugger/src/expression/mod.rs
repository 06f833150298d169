//! Rust-like expressions on the values of a stopped guest.
