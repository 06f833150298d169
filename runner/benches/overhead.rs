//! What running under wasmscope costs: a CPU-bound and a host-call-bound guest through
//! [`wasmscope_runner::run`], against the same Wasmtime with its own WASI and nothing else. Both
//! compile the guest each time and run in turns in one process; the ratio of a turn is what counts,
//! and its median over all turns is printed.
//!
//! `cargo bench -p wasmscope-runner`, optionally `-- TURNS`.

use std::time::{Duration, Instant};
use wasmscope_runner::{Options, Outcome, Program, World, run};
use wasmtime::{Config, Engine, Linker, Module, Store};
use wasmtime_wasi::p1::WasiP1Ctx;
use wasmtime_wasi::{WasiCtxBuilder, p1};

/// A sieve over a memory of 16 MiB, several times: loads, stores, branches, calls.
const CPU_BOUND: &str = r#"(module
    (memory (export "memory") 256)
    (func $strike (param $step i32)
        (local $at i32)
        (local.set $at (i32.mul (local.get $step) (local.get $step)))
        (block $done
            (loop $next
                (br_if $done (i32.ge_u (local.get $at) (i32.const 16000000)))
                (i32.store8 (local.get $at) (i32.const 1))
                (local.set $at (i32.add (local.get $at) (local.get $step)))
                (br $next))))
    (func $sieve
        (local $at i32)
        (local.set $at (i32.const 2))
        (memory.fill (i32.const 0) (i32.const 0) (i32.const 16000000))
        (loop $next
            (if (i32.eqz (i32.load8_u (local.get $at)))
                (then (call $strike (local.get $at))))
            (local.set $at (i32.add (local.get $at) (i32.const 1)))
            (br_if $next (i32.lt_u (local.get $at) (i32.const 4000)))))
    (func (export "_start")
        (local $round i32)
        (loop $next
            (call $sieve)
            (local.set $round (i32.add (local.get $round) (i32.const 1)))
            (br_if $next (i32.lt_u (local.get $round) (i32.const 4))))))"#;

/// Two million of the cheapest host call there is.
const HOST_CALL_BOUND: &str = r#"(module
    (import "wasi_snapshot_preview1" "clock_time_get"
        (func $clock (param i32 i64 i32) (result i32)))
    (memory (export "memory") 1)
    (func (export "_start")
        (local $left i32)
        (local.set $left (i32.const 2000000))
        (loop $next
            (drop (call $clock (i32.const 1) (i64.const 0) (i32.const 16)))
            (local.set $left (i32.sub (local.get $left) (i32.const 1)))
            (br_if $next (local.get $left)))))"#;

fn main() {
    let turns = std::env::args()
        .skip(1)
        .find_map(|arg| arg.parse().ok())
        .unwrap_or(11);
    for (name, text) in [
        ("cpu-bound", CPU_BOUND),
        ("host-call-bound", HOST_CALL_BOUND),
    ] {
        let program = Program::from_bytes("guest.wat", text.as_bytes().to_vec()).expect("valid");
        let mut ratios = Vec::new();
        let (mut stock, mut ours) = (Duration::MAX, Duration::MAX);
        for turn in 0..=turns {
            // Which goes first changes from turn to turn.
            let (without, with) = if turn % 2 == 0 {
                let without = time(|| run_stock(&program));
                (without, time(|| run_ours(&program)))
            } else {
                let with = time(|| run_ours(&program));
                (time(|| run_stock(&program)), with)
            };
            // The first turn warms up.
            if turn > 0 {
                ratios.push(with.as_secs_f64() / without.as_secs_f64());
                stock = stock.min(without);
                ours = ours.min(with);
            }
        }
        ratios.sort_by(f64::total_cmp);
        let median = ratios.get(ratios.len() / 2).copied().unwrap_or(f64::NAN);
        let best = ours.as_secs_f64() / stock.as_secs_f64();
        println!(
            "{name:16} wasmscope / wasmtime: {median:.3} (median of {turns} turns; best times \
             {best:.3}: {ours:.0?} and {stock:.0?})"
        );
    }
}

fn time(run: impl FnOnce()) -> Duration {
    let start = Instant::now();
    run();
    start.elapsed()
}

fn run_ours(program: &Program) {
    let options = Options {
        cache: None,
        ..Options::default()
    };
    match run(program, &World::default(), &options) {
        Ok(Outcome::Exited { code: 0, .. }) => {}
        other => panic!("{other:?}"),
    }
}

fn run_stock(program: &Program) {
    let engine = Engine::new(&Config::new()).expect("an engine");
    let module = Module::from_binary(&engine, program.bytes()).expect("it compiles");
    let mut linker: Linker<WasiP1Ctx> = Linker::new(&engine);
    p1::add_to_linker_sync(&mut linker, |wasi| wasi).expect("linked");
    let wasi = WasiCtxBuilder::new()
        .inherit_stdio()
        .allow_blocking_current_thread(true)
        .build_p1();
    let mut store = Store::new(&engine, wasi);
    let instance = linker
        .instantiate(&mut store, &module)
        .expect("instantiated");
    let start = instance
        .get_typed_func::<(), ()>(&mut store, "_start")
        .expect("a command");
    start.call(&mut store, ()).expect("it runs");
}
