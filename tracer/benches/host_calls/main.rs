//! What recording host calls costs: each guest runs under stock Wasmtime and with its calls
//! recorded, taking turns in one process; printed are the medians and the median of the paired
//! ratios.
//!
//! Components are run in processes of their own, since `tracing` has one global subscriber.

mod guests;

use std::hint::black_box;
use std::process::Command;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use wasmscope_tracer::{
    Arguments, ComponentCalls, ComponentRecording, P1Host, Recording, add_to_linker,
};
use wasmtime::{Engine, Linker, Module, Store, TypedFunc};
use wasmtime_wasi::p1::WasiP1Ctx;
use wasmtime_wasi::{FsPerms, WasiCtxBuilder};

/// Pairs of runs for each number. Runs are short, so that what else the machine does either hits
/// both of a pair or neither.
const ROUNDS: usize = 301;

/// Pairs of processes for each number.
const PROCESSES: usize = 9;

fn main() {
    let args: Vec<String> = std::env::args().collect();
    if let [_, flag, mode, guest] = args.as_slice()
        && flag == "--component"
    {
        println!("{}", component(mode, guest));
        return;
    }
    println!("core modules: ns per call, stock -> recorded");
    for (name, calls) in guests::CORE {
        core_pair(name, *calls, Recording::default(), "");
        let time = Recording {
            time: true,
            ..Recording::default()
        };
        core_pair(name, *calls, time, " with times");
    }
    println!("components: ns per call, stock -> recorded");
    for (name, _) in guests::COMPONENTS {
        for mode in ["names", "default", "arguments"] {
            component_pair(name, mode);
        }
    }
}

type Core<T> = (Store<T>, TypedFunc<i32, ()>, TempDir);

fn wasi() -> (WasiP1Ctx, TempDir) {
    let dir = TempDir::new().expect("a folder");
    let mut builder = WasiCtxBuilder::new();
    builder.allow_blocking_current_thread(true);
    builder
        .preopened_dir(dir.path(), "/data", FsPerms::ReadWrite)
        .expect("a folder to grant");
    (builder.build_p1(), dir)
}

fn start<T: 'static>(
    module: &Module,
    linker: &Linker<T>,
    data: T,
    dir: TempDir,
    name: &str,
) -> Core<T> {
    let mut store = Store::new(module.engine(), data);
    let instance = linker.instantiate(&mut store, module).expect("an instance");
    let open = instance
        .get_typed_func::<(), ()>(&mut store, "open")
        .expect("open");
    open.call(&mut store, ()).expect("a file");
    let run = instance.get_typed_func(&mut store, name).expect("the loop");
    (store, run, dir)
}

fn timed<T>((store, run, _): &mut Core<T>, calls: i32) -> Duration {
    let start = Instant::now();
    run.call(store, black_box(calls)).expect("a run");
    start.elapsed()
}

fn core_pair(name: &str, calls: i32, recording: Recording, note: &str) {
    let engine = Engine::default();
    let module = Module::new(&engine, guests::CORE_TEXT).expect("a module");
    let mut linker = Linker::new(&engine);
    wasmtime_wasi::p1::add_to_linker_sync(&mut linker, |wasi| wasi).expect("a linker");
    let (ctx, dir) = wasi();
    let mut stock = start(&module, &linker, ctx, dir, name);

    let mut linker = Linker::new(&engine);
    add_to_linker(&mut linker, |host: &mut P1Host| host).expect("a linker");
    let (ctx, dir) = wasi();
    let mut host = P1Host::with_recording(ctx, recording);
    host.expect_calls_from(&module);
    let mut recorded = start(&module, &linker, host, dir, name);

    let pairs = (0..ROUNDS).map(|round| {
        // Taking turns at being first, against drift.
        if round % 2 == 0 {
            let first = timed(&mut stock, calls);
            (first, timed(&mut recorded, calls))
        } else {
            let first = timed(&mut recorded, calls);
            (timed(&mut stock, calls), first)
        }
    });
    let pairs = pairs
        .map(|(a, b)| (per_call(a, calls), per_call(b, calls)))
        .collect();
    report(&format!("{name}{note}"), pairs);
}

fn per_call(duration: Duration, calls: i32) -> f64 {
    duration.as_nanos() as f64 / f64::from(calls)
}

fn report(name: &str, pairs: Vec<(f64, f64)>) {
    let stock = median(pairs.iter().map(|(a, _)| *a).collect());
    let recorded = median(pairs.iter().map(|(_, b)| *b).collect());
    let ratio = median(pairs.iter().map(|(a, b)| b / a).collect());
    println!("  {name:<36} {stock:>8.1} -> {recorded:>8.1}   ratio {ratio:.3}");
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn component_pair(guest: &str, mode: &str) {
    let run = |mode: &str| -> f64 {
        let exe = std::env::current_exe().expect("this program");
        let output = Command::new(exe)
            .args(["--component", mode, guest])
            .output()
            .expect("a run");
        let text = String::from_utf8_lossy(&output.stdout);
        text.trim().parse().unwrap_or_else(|_| panic!("{output:?}"))
    };
    let pairs = (0..PROCESSES).map(|_| (run("stock"), run(mode))).collect();
    report(&format!("{guest}, {mode}"), pairs);
}

/// Runs a component and returns nanoseconds per call, the least of a few runs.
fn component(mode: &str, guest: &str) -> f64 {
    let calls = ComponentCalls::new(ComponentRecording {
        arguments: match mode {
            "names" => Arguments::Never,
            "arguments" => Arguments::Always,
            _ => Arguments::WhenCheap,
        },
        ..ComponentRecording::default()
    });
    if mode != "stock" {
        calls.install().expect("the only subscriber");
    }
    let (text, count) = guests::component(guest);
    let mut run = guests::start_component(text);
    let mut best = f64::MAX;
    for _ in 0..5 {
        let start = Instant::now();
        run(count);
        best = best.min(start.elapsed().as_nanos() as f64 / f64::from(count));
    }
    assert_eq!(mode != "stock", calls.total() > 0);
    best
}
