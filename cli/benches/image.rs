//! What a container image costs on the way to its guest's first instruction, beside the same module
//! bare, and beside one pass over the image's bytes.
//!
//! The guest writes a byte and ends; what is measured is the time from starting `wasmscope run` to that
//! byte. Bare and image take turns. One pass is what no one can save who verifies an image and
//! gives the guest its files: read all, digest it, decompress it if need be, write it to a file; by one
//! thread, in this process. Printed are medians of milliseconds, and the median of the ratios
//! (image - bare) / pass.
//!
//! `cargo bench --workspace --bench image`, optionally `-- ROUNDS`.

use sha2::{Digest as _, Sha256};
use std::fs::{self, File};
use std::io::{BufReader, Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use wasmscope_test_support::image::{ImageMaker, Stored, Tar, gzip, zstd};
use wasmscope_test_support::wat_to_wasm;

/// Writes `!` first of all.
const GUEST: &str = r#"(module
    (import "wasi_snapshot_preview1" "fd_write"
        (func $write (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 1)
    (data (i32.const 0) "\10\00\00\00\01\00\00\00")
    (data (i32.const 16) "!")
    (func (export "_start")
        (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))"#;

const MEGABYTE: usize = 1 << 20;
/// Bytes read at once.
const BUFFER: usize = 128 << 10;

fn main() {
    let rounds = std::env::args()
        .find_map(|arg| arg.parse().ok())
        .unwrap_or(9);
    let folder = TempDir::new().expect("a folder");
    let module = wat_to_wasm(GUEST);
    let bare = folder.path().join("app.wasm");
    fs::write(&bare, &module).expect("writable");
    println!("milliseconds: bare -> image (one pass over its bytes), (image - bare) / pass");
    for megabytes in [5, 100] {
        let files = files(megabytes);
        let maker = ImageMaker::new()
            .layer(files.clone())
            .layer(Tar::new().file("app.wasm", &module).finish())
            .with("Entrypoint", serde_json::json!(["/app.wasm"]));
        let oci = |stored| maker.oci_archive("app", stored);
        let (gzipped, zstded) = (gzip(&files), zstd(&files));
        for (name, archive, layer, stored) in [
            (
                "docker save",
                maker.docker_save_25("app"),
                &files,
                Stored::Plain,
            ),
            (
                "docker save until 24",
                maker.docker_save_24("app"),
                &files,
                Stored::Plain,
            ),
            (
                "OCI, gzip layers",
                oci(Stored::Gzip),
                &gzipped,
                Stored::Gzip,
            ),
            ("OCI, zstd layers", oci(Stored::Zstd), &zstded, Stored::Zstd),
        ] {
            let image = folder.path().join("image.tar");
            fs::write(&image, archive).expect("writable");
            let alone = folder.path().join("layer");
            fs::write(&alone, layer).expect("writable");
            let name = format!("{megabytes} MB, {name}");
            compare(&name, rounds, [&bare, &image], || pass(&alone, stored));
        }
    }
}

/// A layer of so many files of a megabyte each.
fn files(megabytes: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut layer = Tar::new();
    for index in 0..megabytes {
        // Half of it compresses.
        let content: Vec<u8> = (0..MEGABYTE / 16)
            .flat_map(|_| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                let mut bytes = [0u8; 16];
                bytes[..8].copy_from_slice(&state.to_le_bytes());
                bytes
            })
            .collect();
        layer = layer.data(&format!("data/{index}"), content);
    }
    layer.finish()
}

fn compare(name: &str, rounds: usize, [bare, image]: [&Path; 2], pass: impl Fn() -> f64) {
    let mut measured = Vec::new();
    // The first one compiles the module and reads everything into the system's cache.
    for round in 0..=rounds {
        let one = (first_byte(bare), first_byte(image), pass());
        if round > 0 {
            measured.push(one);
        }
    }
    let of = |choose: fn(&(f64, f64, f64)) -> f64| median(measured.iter().map(choose).collect());
    println!(
        "  {name:<30} {:>7.1} -> {:>7.1} ({:>6.1})   {:>5.2} times",
        of(|m| m.0),
        of(|m| m.1),
        of(|m| m.2),
        of(|m| (m.1 - m.0) / m.2)
    );
}

/// From the start of `wasmscope run` to the guest's first byte.
fn first_byte(target: &Path) -> f64 {
    let start = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_wasmscope"))
        .arg("run")
        .arg(target)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut byte = [0];
    let mut stdout = child.stdout.take().expect("a pipe");
    stdout.read_exact(&mut byte).expect("the guest writes");
    let took = start.elapsed();
    assert!(child.wait().expect("it ends").success());
    milliseconds(took)
}

/// Reads, digests, decompresses and writes all of a layer.
fn pass(layer: &Path, stored: Stored) -> f64 {
    let start = Instant::now();
    let copy: PathBuf = layer.with_extension("copy");
    let mut digesting = Digesting {
        from: File::open(layer).expect("it is there"),
        hasher: Sha256::new(),
    };
    {
        let compressed = BufReader::with_capacity(BUFFER, &mut digesting);
        let mut from: Box<dyn Read> = match stored {
            Stored::Plain => Box::new(compressed),
            Stored::Gzip => Box::new(flate2::bufread::GzDecoder::new(compressed)),
            Stored::Zstd => Box::new(zstd::Decoder::with_buffer(compressed).expect("zstd")),
        };
        let mut to = File::create(&copy).expect("writable");
        let mut buffer = vec![0; BUFFER];
        loop {
            let read = from.read(&mut buffer).expect("readable");
            if read == 0 {
                break;
            }
            to.write_all(&buffer[..read]).expect("writable");
        }
    }
    std::hint::black_box(digesting.hasher.finalize());
    let took = start.elapsed();
    fs::remove_file(copy).expect("it is there");
    milliseconds(took)
}

struct Digesting {
    from: File,
    hasher: Sha256,
}

impl Read for Digesting {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.from.read(buffer)?;
        self.hasher.update(&buffer[..read]);
        Ok(read)
    }
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
