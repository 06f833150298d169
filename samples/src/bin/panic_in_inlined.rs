//! Fails: at the bottom of a chain of `#[inline(always)]` functions, so that several source
//! frames share one Wasm frame, in debug builds too.

#[inline(always)]
fn checked_digit(byte: u8, base: u32) -> u32 {
    let digit = (byte as char).to_digit(base);
    match digit {
        Some(digit) => digit,
        None => panic!("{:?} is no digit in base {base}", byte as char), // <- fails
    }
}

#[inline(always)]
fn accumulate(value: u32, byte: u8, base: u32) -> u32 {
    let shifted = value * base;
    shifted + checked_digit(byte, base) // <- outer call
}

#[inline(always)]
fn decode(bytes: &[u8], base: u32) -> u32 {
    let mut value = 0;
    for &byte in bytes {
        value = accumulate(value, byte, base); // <- outermost call
    }
    value
}

#[inline(never)]
fn colour(text: &str) -> [u32; 3] {
    let bytes = text.as_bytes();
    [
        decode(&bytes[0..2], 16),
        decode(&bytes[2..4], 16), // <- green
        decode(&bytes[4..6], 16),
    ]
}

fn main() {
    println!("{:?}", colour("ff8000"));
    println!("{:?}", colour("12g456"));
}
