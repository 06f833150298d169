//! Types: what DWARF says a value is made of, in Rust's words.
