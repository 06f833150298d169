//! How fast symbols open and answer, as ratios to the `addr2line` crate on the same file.
//!
//! `cargo bench -p wasmscope-symbols [-- FILE.wasm…]`; without files, on two of the samples. Both
//! sides take turns in one run, so that what else the machine does weighs on both; medians are
//! given, and the smallest and largest ratio of any turn.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};
use wasmscope_symbols::{Binary, CodeOffset, CoreModule, Symbols, SymbolsOptions};
use wasmscope_test_support::{Build, Target, sample};

const LOOKUPS: usize = 10_000;

fn main() {
    let mut files: Vec<_> = std::env::args()
        .skip(1)
        .filter(|arg| !arg.starts_with('-'))
        .collect();
    if files.is_empty() {
        for build in [Build::Debug, Build::ReleaseWithDebug] {
            files.push(
                sample("orders", build, Target::WasiP1)
                    .display()
                    .to_string(),
            );
        }
    }
    for file in files {
        let bytes: Arc<[u8]> = std::fs::read(&file).expect("a readable file").into();
        println!("{file} ({:.1} MB)", bytes.len() as f64 / 1e6);
        let start = Instant::now();
        let binary = Binary::parse(bytes).expect("a Wasm binary");
        println!("  container taken apart in {:?}", start.elapsed());
        let largest = binary.modules.iter().max_by_key(|module| module.code.len);
        bench(largest.expect("a core module"));
    }
}

fn bench(module: &Arc<CoreModule>) {
    let places = random_places(module);
    let turns = if module.bytes().len() > 20_000_000 {
        5
    } else {
        15
    };
    let first = &places[..1];
    compare(
        "open + first lookup",
        turns,
        || ours(module, first),
        || theirs(module, first),
    );
    compare(
        "open + 10,000 lookups",
        turns,
        || ours(module, &places),
        || theirs(module, &places),
    );
    let symbols = Symbols::open(Arc::clone(module), &SymbolsOptions::default());
    let context = context(module);
    let warm_ours = || timed(|| ask_ours(&symbols, &places));
    let warm_theirs = || timed(|| ask_theirs(&context, &places));
    warm_ours();
    warm_theirs();
    compare("10,000 lookups again", turns, warm_ours, warm_theirs);
}

/// Places spread over all opcodes, the same in every run.
fn random_places(module: &CoreModule) -> Vec<CodeOffset> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below as u64) as usize
    };
    let mut places = Vec::with_capacity(LOOKUPS);
    while places.len() < LOOKUPS {
        let body = &module.bodies[next(module.bodies.len())];
        let len = (body.range.end.0 - body.first_opcode.0).max(1) as usize;
        places.push(CodeOffset(body.first_opcode.0 + next(len) as u64));
    }
    places
}

fn timed<T>(work: impl FnOnce() -> T) -> Duration {
    let start = Instant::now();
    black_box(work());
    start.elapsed()
}

fn ours(module: &Arc<CoreModule>, places: &[CodeOffset]) -> Duration {
    timed(|| {
        let symbols = Symbols::open(Arc::clone(module), &SymbolsOptions::default());
        ask_ours(&symbols, places);
        symbols
    })
}

fn ask_ours(symbols: &Symbols, places: &[CodeOffset]) {
    for place in places {
        black_box(symbols.frames(*place));
    }
}

type Slice<'a> = gimli::EndianSlice<'a, gimli::LittleEndian>;

fn context(module: &CoreModule) -> addr2line::Context<Slice<'_>> {
    let section = |id: gimli::SectionId| -> Result<_, gimli::Error> {
        let data = module.custom_section(id.name()).unwrap_or_default();
        Ok(gimli::EndianSlice::new(data, gimli::LittleEndian))
    };
    let dwarf = gimli::Dwarf::load(section).expect("sections");
    addr2line::Context::from_dwarf(dwarf).expect("well-formed debug info")
}

fn theirs(module: &CoreModule, places: &[CodeOffset]) -> Duration {
    timed(|| {
        let context = context(module);
        ask_theirs(&context, places);
        context
    })
}

fn ask_theirs(context: &addr2line::Context<Slice<'_>>, places: &[CodeOffset]) {
    for place in places {
        let mut frames = context
            .find_frames(place.0)
            .skip_all_loads()
            .expect("frames");
        while let Ok(Some(frame)) = frames.next() {
            black_box(&frame);
        }
    }
}

fn compare(
    what: &str,
    turns: usize,
    mut ours: impl FnMut() -> Duration,
    mut theirs: impl FnMut() -> Duration,
) {
    let mut times: Vec<(Duration, Duration)> = (0..turns).map(|_| (ours(), theirs())).collect();
    let ratio = |(ours, theirs): &(Duration, Duration)| ours.as_secs_f64() / theirs.as_secs_f64();
    let mut ratios: Vec<f64> = times.iter().map(ratio).collect();
    ratios.sort_by(f64::total_cmp);
    times.sort();
    let ours = times[turns / 2].0;
    let mut others: Vec<_> = times.iter().map(|(_, theirs)| *theirs).collect();
    others.sort();
    let (median, least, most) = (ratios[turns / 2], ratios[0], ratios[turns - 1]);
    println!(
        "  {what:<24} {ours:>10.2?}   addr2line {:>10.2?}   ratio {median:.2} [{least:.2}..{most:.2}]",
        others[turns / 2]
    );
}
