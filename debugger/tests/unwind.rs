//! The unwound shadow stack against the truth: the same failure in debuggable code, where
//! Wasmtime tells every Wasm local of every frame.

use wasmscope_debugger::target::{FailedGuest, Target};
use wasmscope_debugger::unwind::unwind;
use wasmscope_runner::{Options, Outcome, Program, World, run, run_exact};
use wasmscope_symbols::{Binary, CoreModule, FrameBaseRegister, ModulePc, Symbols, SymbolsOptions};
use wasmscope_test_support::{Build, Target as Wasi, sample};

/// Programs that fail deep in std, in a host call, by a trap of Wasm's own, and below frames that
/// are over-aligned, huge or missing.
const SAMPLES: [&str; 7] = [
    "orders",
    "odd_frames",
    "unwrap_none",
    "wild_pointer",
    "refcell_double_borrow",
    "out_of_memory",
    "stack_overflow",
];

/// What was compared.
#[derive(Default)]
struct Count {
    /// Wasm locals that hold an address of their frame.
    locals: usize,
    /// Frames whose function keeps a frame base, and of those the ones for which it was found.
    based: usize,
    found: usize,
}

#[test]
fn every_address_is_the_one_that_the_guest_had() {
    for wasi in Wasi::ALL {
        for build in [Build::Debug, Build::ReleaseWithDebug] {
            let mut count = Count::default();
            for name in SAMPLES {
                compare(name, build, wasi, &mut count);
            }
            let what = format!("{wasi:?} {build:?}");
            assert!(
                count.locals > 50,
                "{what}: only {} locals compared",
                count.locals
            );
            assert!(
                count.based > 50,
                "{what}: only {} frames have a base",
                count.based
            );
            // All but those that stand before their prologue.
            assert!(
                count.found + SAMPLES.len() >= count.based,
                "{what}: {} of {} bases found",
                count.found,
                count.based
            );
        }
    }
}

fn compare(name: &str, build: Build, wasi: Wasi, count: &mut Count) {
    let program = Program::load(sample(name, build, wasi)).expect("the sample loads");
    let options = Options {
        cache: None,
        ..Options::default()
    };
    let (Ok(Outcome::Failed(plain)), Ok(Outcome::Failed(exact))) = (
        run(&program, &World::default(), &options),
        run_exact(&program, &World::default(), &options),
    ) else {
        panic!("{name} was to fail");
    };
    let binary = Binary::parse(program.bytes().clone()).expect("the sample is well-formed");
    let open = |module: &std::sync::Arc<CoreModule>| {
        Symbols::open(module.clone(), &SymbolsOptions::default())
    };
    let symbols: Vec<Symbols> = binary.modules.iter().map(open).collect();

    // How deep a runaway recursion gets depends on the code; all other stacks are the same.
    let same_depth = plain.frames.len() == exact.frames.len();
    assert!(
        same_depth || name == "stack_overflow",
        "{name}: two different stacks"
    );
    let failures = [Some(&plain).filter(|_| same_depth), Some(&exact)];
    for failure in failures.into_iter().flatten() {
        let shadow = unwind(&FailedGuest::new(failure), &symbols);
        for (place, frame) in shadow.iter().enumerate() {
            let Ok(values) = exact.frame_values(place) else {
                continue;
            };
            let truth = FailedGuest::new(&exact);
            for &(index, address) in frame.iter().flat_map(|frame| &frame.locals) {
                let known = truth
                    .local(place, index)
                    .ok()
                    .and_then(|value| value.as_address());
                assert_eq!(
                    known,
                    Some(address),
                    "{name} {build:?} {wasi:?}: frame {place} local {index}"
                );
                count.locals += 1;
            }
            let wasm = &failure.frames[place];
            let module = &symbols[wasm.module];
            let pc = module
                .module()
                .code
                .to_code(ModulePc(wasm.pc))
                .expect("in the code");
            if let Some(FrameBaseRegister::Local(index)) = module.frame_base_register(pc)
                && (index as usize) < values.locals.len()
            {
                count.based += 1;
                count.found += usize::from(
                    frame
                        .as_ref()
                        .is_ok_and(|frame| frame.local(index).is_some()),
                );
            }
        }
    }
}
