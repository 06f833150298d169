//! What `wasmscope trace` costs a guest that does nothing but call its host, beside plain Wasmtime,
//! Wasmtime's own log of the same calls, and strace where that is installed.
//!
//! Each mode runs in processes of its own, taking turns with plain Wasmtime: once with the calls and
//! once with hardly any, so that starting and compiling drop out. Printed are the medians per call,
//! and the median of the ratios to the plain run of the same round.
//!
//! `cargo bench -p wasmscope --bench trace`, optionally `-- ROUNDS`.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tracing_subscriber::filter::LevelFilter;
use wasmtime::{Engine, Linker, Module, Store};
use wasmtime_wasi::{FsPerms, WasiCtxBuilder};

/// A guest: its name, how many calls of the host it makes in a round of its loop, how many rounds,
/// and the loop's body. File 4 is open for writing.
const GUESTS: [(&str, u32, u32, &str); 3] = [
    (
        "clock_time_get",
        1,
        1_000_000,
        "(drop (call $clock (i32.const 1) (i64.const 0) (i32.const 16)))",
    ),
    (
        "fd_write of 16 bytes",
        1,
        100_000,
        "(drop (call $write (i32.const 4) (i32.const 32) (i32.const 1) (i32.const 24)))",
    ),
    (
        "path_open and fd_close",
        2,
        10_000,
        "(drop (call $open (i32.const 3) (i32.const 0) (i32.const 64) (i32.const 5) (i32.const 0)
            (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 28)))
        (drop (call $close (i32.load (i32.const 28))))",
    ),
];

/// How `wasmscope` is asked to trace; `OUT` is a file.
const MODES: [(&str, &[&str]); 8] = [
    ("run", &["run"]),
    (
        "everything filtered out",
        &["trace", "-o", "OUT", "-e", "none"],
    ),
    ("-c", &["trace", "-o", "OUT", "-c"]),
    (
        "text without source lines",
        &["trace", "-o", "OUT", "--no-source"],
    ),
    ("text", &["trace", "-o", "OUT"]),
    ("text with stacks (-k)", &["trace", "-o", "OUT", "-k"]),
    (
        "JSON without source lines",
        &["trace", "-o", "OUT", "--no-source", "--format", "json"],
    ),
    (
        "Chrome without source lines",
        &["trace", "-o", "OUT", "--no-source", "--format", "chrome"],
    ),
];

fn main() {
    let args: Vec<String> = std::env::args().collect();
    if let [_, mode, module, folder] = args.as_slice()
        && mode.starts_with("--stock")
    {
        return stock(mode == "--stock-log", Path::new(module), Path::new(folder));
    }
    let rounds = args.iter().find_map(|arg| arg.parse().ok()).unwrap_or(5);
    let folder = TempDir::new().expect("a folder");
    for (name, calls, times, body) in GUESTS {
        println!("{name}: ns per call, and times plain Wasmtime");
        let guest = Guest {
            full: module(&folder, "full.wat", times, body),
            empty: module(&folder, "empty.wat", 1, body),
            calls: f64::from(calls * times),
            folder: folder.path(),
        };
        guest.compare("Wasmtime's log", rounds, |module| {
            guest.stock("--stock-log", module)
        });
        if let Some(strace) = strace() {
            guest.compare("strace -f", rounds, |module| {
                let mut command = Command::new(&strace);
                command.args(["-f", "-o"]).arg(guest.out());
                let stock = guest.stock("--stock", module);
                command.arg(stock.get_program()).args(stock.get_args());
                command
            });
        }
        for (mode, options) in MODES {
            guest.compare(mode, rounds, |module| guest.wasmscope(options, module));
        }
    }
}

/// A guest in two sizes.
struct Guest<'f> {
    full: PathBuf,
    empty: PathBuf,
    calls: f64,
    folder: &'f Path,
}

impl Guest<'_> {
    fn out(&self) -> PathBuf {
        self.folder.join("trace.out")
    }

    /// This program as plain Wasmtime.
    fn stock(&self, mode: &str, module: &Path) -> Command {
        let mut command = Command::new(std::env::current_exe().expect("this program"));
        command.arg(mode).arg(module).arg(self.folder);
        command
    }

    fn wasmscope(&self, options: &[&str], module: &Path) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wasmscope"));
        let out = self.out();
        for option in options {
            match *option {
                "OUT" => command.arg(&out),
                option => command.arg(option),
            };
        }
        let mut dir = self.folder.as_os_str().to_owned();
        dir.push("::.");
        command.arg("--dir").arg(dir).arg(module);
        command
    }

    /// Nanoseconds for each call.
    fn per_call(&self, command: impl Fn(&Path) -> Command) -> f64 {
        let full = timed(command(&self.full));
        let empty = timed(command(&self.empty));
        full.saturating_sub(empty).as_nanos() as f64 / self.calls
    }

    fn compare(&self, mode: &str, rounds: usize, command: impl Fn(&Path) -> Command) {
        let pairs: Vec<(f64, f64)> = (0..rounds)
            .map(|_| {
                let plain = self.per_call(|module| self.stock("--stock", module));
                (plain, self.per_call(&command))
            })
            .collect();
        let plain = median(pairs.iter().map(|(plain, _)| *plain).collect());
        let cost = median(pairs.iter().map(|(_, cost)| *cost).collect());
        let ratio = median(pairs.iter().map(|(plain, cost)| cost / plain).collect());
        println!("  {mode:<30} {plain:>8.0} -> {cost:>9.0}   {ratio:>7.2} times");
    }
}

fn timed(mut command: Command) -> Duration {
    let start = Instant::now();
    let output = command
        .env_remove("RUST_BACKTRACE")
        .stdin(Stdio::null())
        .output()
        .expect("it runs");
    let took = start.elapsed();
    assert!(output.status.success(), "{command:?}: {output:?}");
    took
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Where strace is, if it is installed.
fn strace() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join("strace"))
        .find(|file| file.is_file())
}

fn module(folder: &TempDir, name: &str, times: u32, body: &str) -> PathBuf {
    let text = format!(
        r#"(module
    (import "wasi_snapshot_preview1" "clock_time_get"
        (func $clock (param i32 i64 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_write"
        (func $write (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_close" (func $close (param i32) (result i32)))
    (import "wasi_snapshot_preview1" "path_open"
        (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
    (memory (export "memory") 1)
    (data (i32.const 32) "\80\00\00\00\10\00\00\00")
    (data (i32.const 64) "o.txt")
    (data (i32.const 128) "0123456789abcde\n")
    (func (export "_start")
        (local $left i32)
        (drop (call $open (i32.const 3) (i32.const 0) (i32.const 64) (i32.const 5) (i32.const 1)
            (i64.const 64) (i64.const 0) (i32.const 0) (i32.const 28)))
        (local.set $left (i32.const {times}))
        (loop $next
            {body}
            (local.set $left (i32.sub (local.get $left) (i32.const 1)))
            (br_if $next (local.get $left)))))"#
    );
    let path = folder.path().join(name);
    std::fs::write(&path, text).expect("a file");
    path
}

/// Runs a guest under Wasmtime and its own WASI, as `wasmtime run` does, with its log of host calls
/// in a file if that is wanted.
fn stock(log: bool, module: &Path, folder: &Path) {
    if log {
        let file = File::create(folder.join("log.out")).expect("a file");
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(LevelFilter::TRACE)
            .with_writer(Mutex::new(file))
            .with_ansi(false)
            .finish();
        tracing::subscriber::set_global_default(subscriber).expect("the only one");
    }
    let engine = Engine::default();
    let module = Module::from_file(&engine, module).expect("a module");
    let mut linker = Linker::new(&engine);
    wasmtime_wasi::p1::add_to_linker_sync(&mut linker, |wasi| wasi).expect("a linker");
    let mut builder = WasiCtxBuilder::new();
    builder.allow_blocking_current_thread(true);
    builder
        .preopened_dir(folder, ".", FsPerms::ReadWrite)
        .expect("a folder to grant");
    let mut store = Store::new(&engine, builder.build_p1());
    let instance = linker
        .instantiate(&mut store, &module)
        .expect("an instance");
    let start = instance
        .get_typed_func::<(), ()>(&mut store, "_start")
        .expect("a command");
    start.call(&mut store, ()).expect("a run");
}
