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
