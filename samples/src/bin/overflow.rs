//! Fails in a debug build: an addition in `u8` overflows. An optimised build wraps and exits
//! with 0, as Rust says it does.

fn checksum(seed: u8, bytes: &[u8]) -> u8 {
    let mut sum = seed;
    for &byte in bytes {
        let weight = byte % 16;
        sum += weight * 3; // <- fails
    }
    sum
}

struct Packet<'a> {
    seed: u8,
    payload: &'a [u8],
}

fn send(packet: &Packet<'_>) -> u8 {
    let sum = checksum(packet.seed, packet.payload);
    println!("{} bytes, checksum {sum}", packet.payload.len());
    sum
}

fn main() {
    let short = Packet {
        seed: 7,
        payload: b"ping",
    };
    let long = Packet {
        seed: 7,
        payload: b"a payload that is long enough",
    };
    let sums = [send(&short), send(&long)];
    println!("sent: {sums:?}");
}
