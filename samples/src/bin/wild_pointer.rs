//! Fails: reads through a pointer that points beyond linear memory. First it reads through a null
//! pointer, which in Wasm is ordinary memory and traps nowhere.

use std::hint::black_box;

#[repr(C)]
struct Header {
    magic: u32,
    length: u32,
}

struct Image {
    name: String,
    header: *const Header,
}

#[inline(never)]
fn length(image: &Image) -> u32 {
    let header = image.header;
    // Volatile, so that the compiler takes nothing for granted and reads.
    unsafe { std::ptr::read_volatile(&raw const (*header).length) } // <- fails
}

fn main() {
    let good = Header {
        magic: 0x4d49,
        length: 512,
    };
    println!("magic {:#x}", black_box(&good).magic);
    let images = [
        ("good", &raw const good),
        ("null", std::ptr::null()),
        ("wild", black_box(0xffff_fff0_usize) as *const Header),
    ];
    for (name, header) in images {
        let image = Image {
            name: name.to_owned(),
            header,
        };
        let length = length(&image); // <- measures
        if name != "null" {
            println!("{}: {length} bytes", image.name);
        }
    }
}
