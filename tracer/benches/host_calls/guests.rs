//! The guests: loops around one host call each, in text format.

use wasmtime::component::{Component, Linker, ResourceTable};
use wasmtime::{Engine, Store};
use wasmtime_wasi::p2::pipe::SinkOutputStream;
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};

/// The loops of the core module, with the number of calls to make in one run.
pub const CORE: &[(&str, i32)] = &[
    ("clock_time_get", 5_000),
    ("fd_write of 16 bytes", 1_000),
    ("path_open, fd_fdstat_get, fd_close", 200),
];

pub const CORE_TEXT: &str = r#"(module
  (import "wasi_snapshot_preview1" "clock_time_get"
    (func $clock_time_get (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write"
    (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_seek"
    (func $fd_seek (param i32 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_open"
    (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_fdstat_get"
    (func $fd_fdstat_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_close" (func $fd_close (param i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 1000) "out.bin")
  (data (i32.const 1100) "0123456789abcde\n")
  (data (i32.const 1200) "\4c\04\00\00\10\00\00\00")
  (global $fd (mut i32) (i32.const 0))
  (func $check (param i32) (if (local.get 0) (then unreachable)))
  (func $open_file (result i32)
    (call $check (call $path_open (i32.const 3) (i32.const 0) (i32.const 1000) (i32.const 7)
      (i32.const 1) (i64.const 0x1fffffff) (i64.const 0) (i32.const 0) (i32.const 100)))
    (i32.load (i32.const 100)))
  (func (export "open") (global.set $fd (call $open_file)))
  (func (export "clock_time_get") (param $n i32)
    (loop $again
      (call $check (call $clock_time_get (i32.const 1) (i64.const 1) (i32.const 104)))
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (br_if $again (local.get $n))))
  (func (export "fd_write of 16 bytes") (param $n i32)
    (call $check (call $fd_seek (global.get $fd) (i64.const 0) (i32.const 0) (i32.const 104)))
    (loop $again
      (call $check (call $fd_write (global.get $fd) (i32.const 1200) (i32.const 1) (i32.const 104)))
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (br_if $again (local.get $n))))
  (func (export "path_open, fd_fdstat_get, fd_close") (param $n i32) (local $fd i32)
    (loop $again
      (local.set $fd (call $open_file))
      (call $check (call $fd_fdstat_get (local.get $fd) (i32.const 200)))
      (call $check (call $fd_close (local.get $fd)))
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (br_if $again (local.get $n)))))"#;

/// The components with the number of calls to make in one run.
pub const COMPONENTS: &[(&str, u32)] = &[
    ("monotonic-clock now", 200_000),
    ("write to stdout", 20_000),
];

const CLOCK_TEXT: &str = r#"(component
  (import "wasi:clocks/monotonic-clock@0.2.0" (instance $clock
    (export "now" (func (result u64)))))
  (core func $now (canon lower (func $clock "now")))
  (core module $m
    (import "host" "now" (func $now (result i64)))
    (func (export "run") (param $n i32)
      (loop $again
        (drop (call $now))
        (local.set $n (i32.sub (local.get $n) (i32.const 1)))
        (br_if $again (local.get $n)))))
  (core instance $i (instantiate $m (with "host" (instance (export "now" (func $now))))))
  (func (export "run") (param "n" u32) (canon lift (core func $i "run"))))"#;

const WRITE_TEXT: &str = include_str!("write.wat");

pub fn component(name: &str) -> (&'static str, u32) {
    let text = if name == "write to stdout" {
        WRITE_TEXT
    } else {
        CLOCK_TEXT
    };
    let (_, count) = COMPONENTS
        .iter()
        .find(|(known, _)| *known == name)
        .expect("a known guest");
    (text, *count)
}

struct World {
    ctx: WasiCtx,
    table: ResourceTable,
}

impl WasiView for World {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.ctx,
            table: &mut self.table,
        }
    }
}

/// Starts a component; what is returned runs its loop so many times.
pub fn start_component(text: &str) -> impl FnMut(u32) {
    let engine = Engine::default();
    let component = Component::new(&engine, text).expect("a component");
    let mut linker = Linker::<World>::new(&engine);
    wasmtime_wasi::p2::add_to_linker_sync(&mut linker).expect("a linker");
    let mut builder = WasiCtxBuilder::new();
    builder.stdout(SinkOutputStream);
    let world = World {
        ctx: builder.build(),
        table: ResourceTable::new(),
    };
    let mut store = Store::new(&engine, world);
    let instance = linker
        .instantiate(&mut store, &component)
        .expect("an instance");
    let run = instance
        .get_typed_func::<(u32,), ()>(&mut store, "run")
        .expect("the loop");
    move |count| run.call(&mut store, (count,)).expect("a run")
}
