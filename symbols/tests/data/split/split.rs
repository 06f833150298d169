//! The source of `split.wasm`, whose debug info lies in `split.dwo` (and again in `split.dwp`).
//! In this folder:
//!
//! ```sh
//! RUSTC_BOOTSTRAP=1 rustc --target wasm32-wasip1 --crate-type cdylib -g -C codegen-units=1 \
//!     -C panic=abort --remap-path-prefix "$PWD"=/src \
//!     -Z unstable-options -C split-debuginfo=unpacked split.rs
//! mv split.*.dwo split.dwo
//! llvm-dwp split.dwo -o split.dwp
//! ```
#![no_std]

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    loop {}
}

#[inline(always)]
fn twice(n: u32) -> u32 {
    n ^ (n << 1)
}

#[inline(never)]
fn area(width: u32, height: u32) -> u32 {
    twice(width) ^ height
}

#[unsafe(no_mangle)]
pub extern "C" fn measure(width: u32) -> u32 {
    area(width, 7)
}
