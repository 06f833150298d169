//! A guest that can call every function of the table, in a world that is the same each time.
//!
//! The guest is generated from the table: it imports every function with the signature of its row
//! and exports it again, so that a test calls it with whatever arguments it likes, with the guest's
//! memory in between.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;
use wasmscope_tracer::table::wasi_p1::{FUNCTIONS, MODULE};
use wasmscope_tracer::table::{Function, WasmType};
use wasmscope_tracer::wasi_p1::effects::{Outputs, Region};
use wasmscope_tracer::{P1Host, add_to_linker};
use wasmtime::{
    Config, Engine, Extern, Instance, Linker, Memory, Module, SharedMemory, Store, Val,
};
use wasmtime_wasi::p1::WasiP1Ctx;
use wasmtime_wasi::p2::pipe::{MemoryInputPipe, MemoryOutputPipe};
use wasmtime_wasi::random::Deterministic;
use wasmtime_wasi::{FsPerms, HostMonotonicClock, HostWallClock, I32Exit, WasiCtxBuilder};
use wiggle::GuestMemory;

/// What the monotonic clock always says.
pub const MONOTONIC: u64 = 12_345_678_901;
/// What the wall clock always says: 2026-11-22T08:48:23.25Z.
pub const WALL: Duration = Duration::from_millis(1_795_337_303_250);

struct Clock;

impl HostMonotonicClock for Clock {
    fn resolution(&self) -> u64 {
        1
    }
    fn now(&self) -> u64 {
        MONOTONIC
    }
}

impl HostWallClock for Clock {
    fn resolution(&self) -> Duration {
        Duration::from_micros(1)
    }
    fn now(&self) -> Duration {
        WALL
    }
}

/// Files for the guest, in a folder of their own.
pub fn sandbox() -> TempDir {
    let dir = TempDir::new().expect("a temporary folder");
    let data = dir.path().join("data");
    std::fs::create_dir_all(data.join("sub")).expect("folders");
    std::fs::create_dir(dir.path().join("ro")).expect("folders");
    std::fs::write(data.join("in.csv"), "id,qty\n1,20\n2,30\n").expect("a file");
    std::fs::write(dir.path().join("ro/fixed.txt"), "fixed\n").expect("a file");
    #[cfg(unix)]
    std::os::unix::fs::symlink("in.csv", data.join("link")).expect("a link");
    dir
}

pub struct Output {
    pub stdout: MemoryOutputPipe,
    pub stderr: MemoryOutputPipe,
}

pub fn wasi(sandbox: &Path) -> (WasiP1Ctx, Output) {
    let output = Output {
        stdout: MemoryOutputPipe::new(1 << 16),
        stderr: MemoryOutputPipe::new(1 << 16),
    };
    let mut builder = WasiCtxBuilder::new();
    builder
        .args(&["orders", "--all"])
        .env("HOME", "/data")
        .env("TOKEN", "secret")
        .stdin(MemoryInputPipe::new("typed\n"))
        .stdout(output.stdout.clone())
        .stderr(output.stderr.clone())
        .wall_clock(Clock)
        .monotonic_clock(Clock)
        .secure_random(Deterministic::new(vec![1, 2, 3, 250]));
    builder
        .preopened_dir(sandbox.join("data"), "/data", FsPerms::ReadWrite)
        .expect("a folder to grant");
    builder
        .preopened_dir(sandbox.join("ro"), "/ro", FsPerms::ReadOnly)
        .expect("a folder to grant");
    (builder.build_p1(), output)
}

/// The guest's text. Its memory is one page, exported or not, shared or not.
pub fn guest_text(memory: &str) -> String {
    let mut imports = String::new();
    let mut exports = String::new();
    for row in FUNCTIONS {
        let params: Vec<&str> = row.wasm_params().map(wat_type).collect();
        let results: Vec<&str> = row.wasm_results().iter().copied().map(wat_type).collect();
        let signature = format!(
            "(param {}) (result {})",
            params.join(" "),
            results.join(" ")
        );
        let name = row.name;
        writeln!(
            imports,
            "(import \"{MODULE}\" \"{name}\" (func ${name} {signature}))"
        )
        .expect("text");
        let gets: String = (0..params.len())
            .map(|i| format!("(local.get {i})"))
            .collect();
        writeln!(
            exports,
            "(func (export \"{name}\") {signature} (call ${name} {gets}))"
        )
        .expect("text");
    }
    format!("(module {imports} {memory} {exports})")
}

fn wat_type(ty: WasmType) -> &'static str {
    match ty {
        WasmType::I32 => "i32",
        WasmType::I64 => "i64",
    }
}

/// How a call went, as the guest or its embedder sees it.
#[derive(Debug, PartialEq)]
pub enum Went {
    Returned(Vec<i32>),
    Exited(i32),
    Failed(String),
}

/// A guest with its host: `T` is what the store holds.
pub struct Running<T: 'static> {
    pub store: Store<T>,
    instance: Instance,
    memory: GuestMem,
    pub output: Output,
    _sandbox: TempDir,
}

enum GuestMem {
    Own(Memory),
    Shared(SharedMemory),
}

pub const OWN_MEMORY: &str = "(memory (export \"memory\") 1)";
pub const SHARED_MEMORY: &str = "(memory (export \"memory\") 1 1 shared)";

pub fn engine() -> Engine {
    let mut config = Config::new();
    config.shared_memory(true);
    Engine::new(&config).expect("an engine")
}

/// The guest as stock Wasmtime runs it.
pub fn stock(memory: &str) -> Running<WasiP1Ctx> {
    let sandbox = sandbox();
    let (wasi, output) = wasi(sandbox.path());
    let engine = engine();
    let mut linker = Linker::new(&engine);
    wasmtime_wasi::p1::add_to_linker_sync(&mut linker, |wasi| wasi).expect("a linker");
    start(&engine, &linker, wasi, memory, output, sandbox)
}

/// The guest with its calls recorded.
pub fn traced(memory: &str) -> Running<P1Host> {
    let sandbox = sandbox();
    let (wasi, output) = wasi(sandbox.path());
    let engine = engine();
    let mut linker = Linker::new(&engine);
    add_to_linker(&mut linker, |host| host).expect("a linker");
    start(&engine, &linker, P1Host::new(wasi), memory, output, sandbox)
}

fn start<T: 'static>(
    engine: &Engine,
    linker: &Linker<T>,
    data: T,
    memory: &str,
    output: Output,
    sandbox: TempDir,
) -> Running<T> {
    let module = Module::new(engine, guest_text(memory)).expect("a module");
    let mut store = Store::new(engine, data);
    let instance = linker
        .instantiate(&mut store, &module)
        .expect("an instance");
    let memory = match instance.get_export(&mut store, "memory") {
        Some(Extern::Memory(memory)) => GuestMem::Own(memory),
        Some(Extern::SharedMemory(memory)) => GuestMem::Shared(memory),
        _ => panic!("the guest has a memory"),
    };
    Running {
        store,
        instance,
        memory,
        output,
        _sandbox: sandbox,
    }
}

impl<T: 'static> Running<T> {
    pub fn put(&mut self, address: u32, bytes: &[u8]) {
        let mut all = self.memory();
        let start = address as usize;
        all[start..start + bytes.len()].copy_from_slice(bytes);
        match &self.memory {
            GuestMem::Own(memory) => memory.data_mut(&mut self.store).copy_from_slice(&all),
            GuestMem::Shared(memory) => wiggle_write(memory, start, bytes),
        }
    }

    pub fn memory(&self) -> Vec<u8> {
        match &self.memory {
            GuestMem::Own(memory) => memory.data(&self.store).to_vec(),
            GuestMem::Shared(memory) => {
                let all = GuestMemory::Shared(memory.data());
                let length = u32::try_from(memory.data().len()).expect("a small memory");
                all.to_vec(wiggle::GuestPtr::<[u8]>::new((0, length)))
                    .expect("all of the memory")
            }
        }
    }

    pub fn call(&mut self, row: &Function, args: &[i64]) -> Went {
        let function = self
            .instance
            .get_func(&mut self.store, row.name)
            .expect("every row is exported");
        let types: Vec<WasmType> = row.wasm_params().collect();
        assert_eq!(types.len(), args.len(), "arguments for {}", row.name);
        let params: Vec<Val> = types
            .iter()
            .zip(args)
            .map(|(ty, arg)| match ty {
                WasmType::I32 => Val::I32(*arg as i32),
                WasmType::I64 => Val::I64(*arg),
            })
            .collect();
        let mut results = vec![Val::I32(-1); row.wasm_results().len()];
        match function.call(&mut self.store, &params, &mut results) {
            Ok(()) => Went::Returned(results.iter().map(Val::unwrap_i32).collect()),
            Err(error) => match error.downcast_ref::<I32Exit>() {
                Some(exit) => Went::Exited(exit.0),
                None => Went::Failed(format!("{error:#}")),
            },
        }
    }
}

fn wiggle_write(memory: &SharedMemory, start: usize, bytes: &[u8]) {
    let mut all = GuestMemory::Shared(memory.data());
    let at = (
        u32::try_from(start).expect("an address"),
        u32::try_from(bytes.len()).expect("a length"),
    );
    all.copy_from_slice(bytes, wiggle::GuestPtr::<[u8]>::new(at))
        .expect("inside of the memory");
}

/// The parts of memory that the table says a call has written. `before` and `after` are copies.
pub fn declared(
    host: &P1Host,
    row: &'static Function,
    args: &[i64],
    before: &[u8],
    after: &[u8],
    succeeded: bool,
) -> Vec<Region> {
    let types: Vec<WasmType> = row.wasm_params().collect();
    let words: Vec<u64> = types
        .iter()
        .zip(args)
        .map(|(ty, arg)| match ty {
            WasmType::I32 => u64::from(*arg as u32),
            WasmType::I64 => *arg as u64,
        })
        .collect();
    let (mut before, mut after) = (before.to_vec(), after.to_vec());
    let before = GuestMemory::Unshared(&mut before);
    let outputs = Outputs::announced(row, &words, &before, host.recent.string_sizes());
    outputs.written(row, &words, &GuestMemory::Unshared(&mut after), succeeded)
}
