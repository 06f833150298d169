//! What a debugger's questions cost: statements of functions, first and again; statics, types and
//! the user's functions, which read all units; the table of functions, which reads all code.
//!
//! `cargo bench -p wasmscope-symbols --bench stepping [-- FILE.wasm…]`; without files, on two of the
//! samples.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};
use wasmscope_symbols::{Binary, CodeOffset, CoreModule, StaticQuery, Symbols, SymbolsOptions};
use wasmscope_test_support::{Build, Target, sample};

fn main() {
    let mut files: Vec<_> = std::env::args()
        .skip(1)
        .filter(|arg| !arg.starts_with('-'))
        .collect();
    if files.is_empty() {
        for build in [Build::Debug, Build::ReleaseWithDebug] {
            let path = sample("stepping_calls", build, Target::WasiP1);
            files.push(path.display().to_string());
        }
    }
    for file in files {
        let bytes: Arc<[u8]> = std::fs::read(&file).expect("a readable file").into();
        println!("{file} ({:.1} MB)", bytes.len() as f64 / 1e6);
        let binary = Binary::parse(bytes).expect("a Wasm binary");
        let largest = binary.modules.iter().max_by_key(|module| module.code.len);
        bench(largest.expect("a core module"));
    }
}

fn bench(module: &Arc<CoreModule>) {
    let open = || Symbols::open(Arc::clone(module), &SymbolsOptions::default());
    let symbols = open();
    let places: Vec<CodeOffset> = module.bodies.iter().map(|b| b.first_opcode).collect();
    let some: Vec<CodeOffset> = places
        .iter()
        .copied()
        .step_by(places.len() / 200 + 1)
        .collect();
    let per = |time: Duration| time / u32::try_from(some.len()).unwrap_or(1);
    let statements = || {
        for place in &some {
            black_box(symbols.statements(*place));
        }
    };
    tell("statements of a function, first", per(timed(statements)));
    let fresh = open();
    let first = timed(|| {
        black_box(fresh.statements(some[some.len() / 2]));
    });
    tell("statements of one function, symbols just opened", first);
    tell("statements of a function, again", per(timed(statements)));
    let table = timed(|| {
        black_box(module.table_function(0, 1));
    });
    tell("table of functions, first", table);
    let own = timed(|| {
        black_box(symbols.functions_of_files(&|file| !file.starts_with("/rustc/")));
    });
    tell("functions of files", own);
    let statics = || {
        black_box(symbols.statics(&StaticQuery::Suffix("main".into())));
    };
    tell("statics, first", timed(statics));
    tell("statics, again", timed(statics));
    for name in ["u32", "String", "Vec<u8>"] {
        let types = || {
            black_box(symbols.find_types(name));
        };
        tell(&format!("type {name}"), timed(types));
    }
}

fn timed(work: impl Fn()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

fn tell(what: &str, time: Duration) {
    println!("  {what}: {time:?}");
}
