//! Fails: asks for more memory than 32-bit linear memory can have. Rust's allocation error
//! handler writes a line and aborts; there is no panic.
//!
//! The memory is reserved and never touched, so that the failure is quick and costs the host
//! nothing.

struct Tile {
    zoom: u8,
    pixels: Vec<u8>,
}

const MEBIBYTE: usize = 1 << 20;

fn load(zoom: u8) -> Tile {
    let bytes = 640 * MEBIBYTE;
    let pixels = Vec::with_capacity(bytes); // <- fails
    Tile { zoom, pixels }
}

fn main() {
    let mut cache = Vec::new();
    for zoom in 0..16 {
        let tile = load(zoom); // <- loads
        println!(
            "zoom {}: {} MiB",
            tile.zoom,
            tile.pixels.capacity() / MEBIBYTE
        );
        cache.push(tile);
    }
    println!("{} tiles", cache.len());
}
