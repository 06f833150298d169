//! Every opcode of every sample has the frames that the `addr2line` crate finds, and dead code has
//! none.

use std::path::Path;
use std::sync::Arc;
use wasmscope_symbols::crosscheck::crosscheck;
use wasmscope_symbols::{Binary, CodeOffset, Symbols, SymbolsOptions};
use wasmscope_test_support::{Build, Target, sample, samples};

/// The symbols of every core module in a file.
fn open(path: &Path) -> Vec<Symbols> {
    let bytes: Arc<[u8]> = std::fs::read(path).unwrap().into();
    let binary = Binary::parse(bytes).unwrap();
    let open = |module| Symbols::open(module, &SymbolsOptions::default());
    binary.modules.into_iter().map(open).collect()
}

fn check_all(build: Build, target: Target) {
    for name in samples() {
        let path = sample(&name, build, target);
        let mut with_line = 0;
        for symbols in open(&path) {
            let check = crosscheck(&symbols).expect("addr2line opens the sample");
            assert_eq!(check.different, 0, "{}: {check}", path.display());
            with_line += check.with_line;
            assert_dead_ranges_are_silent(&symbols);
            assert_eq!(symbols.problems(), [], "{}", path.display());
        }
        // A check that compares nothing with nothing proves nothing.
        assert!(with_line > 10_000, "{}: {with_line}", path.display());
    }
}

/// Addresses that linkers use for dropped code, and the bytes between bodies, belong to nothing.
fn assert_dead_ranges_are_silent(symbols: &Symbols) {
    let module = symbols.module();
    let dead = [
        0,
        1,
        u64::from(u32::MAX),
        u64::from(u32::MAX) - 1,
        u64::MAX,
        u64::MAX - 1,
    ];
    let beyond = [module.code.len, module.code.len + 1];
    // The size field in front of a body is in no body.
    let sizes = module.bodies.iter().map(|body| body.range.start.0 - 1);
    for offset in dead.into_iter().chain(beyond).chain(sizes) {
        if module.body_at(CodeOffset(offset)).is_none() {
            assert!(symbols.frames(CodeOffset(offset)).is_empty(), "{offset:#x}");
        }
    }
}

#[test]
fn debug_modules() {
    check_all(Build::Debug, Target::WasiP1);
}

#[test]
fn release_modules() {
    check_all(Build::ReleaseWithDebug, Target::WasiP1);
}

#[test]
fn release_modules_with_line_tables_only() {
    check_all(Build::ReleaseWithLines, Target::WasiP1);
}

#[test]
fn debug_components() {
    check_all(Build::Debug, Target::WasiP2);
}

#[test]
fn release_components() {
    check_all(Build::ReleaseWithDebug, Target::WasiP2);
}

/// DWARF 5, whose line programs, range lists and strings are coded otherwise. (The standard
/// library, which comes compiled, stays DWARF 4.)
#[test]
fn dwarf_5_modules() {
    let source = wasmscope_test_support::sample_source("orders");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    for level in ["0", "3"] {
        let wasm = folder.join(format!("orders-dwarf5-O{level}.wasm"));
        let status = std::process::Command::new(option_env!("RUSTC").unwrap_or("rustc"))
            .args([
                "--edition=2024",
                "--target=wasm32-wasip1",
                "-g",
                "-Cdwarf-version=5",
            ])
            .arg(format!("-Copt-level={level}"))
            .arg("-o")
            .args([&wasm, &source])
            .status();
        assert!(status.expect("rustc runs").success());
        let [symbols] = &*open(&wasm) else {
            panic!("one core module")
        };
        let versions = symbols.debug_facts().versions;
        assert!(versions.contains_key(&5), "{versions:?}");
        let check = crosscheck(symbols).expect("addr2line opens it");
        assert_eq!(check.different, 0, "-O{level}: {check}");
        assert!(check.with_line > 10_000);
        let line = symbols.find_line("orders.rs", 100);
        assert!(!line.places.is_empty(), "-O{level}");
    }
}
