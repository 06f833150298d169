//! Host calls of components, out of Wasmtime's `tracing` events.

use std::io::Write;
use std::sync::{Arc, Mutex};
use tracing::subscriber::NoSubscriber;
use wasmscope_tracer::{
    Arguments, Beginning, CallObserver, CallResult, CallingGuest, Class, ComponentCalls,
    ComponentRecording, HostCall, Interest, Watched, WatchedView,
};
use wasmtime::component::{Component, Linker, ResourceTable};
use wasmtime::{CallHook, Engine, Store, WasmBacktrace};
use wasmtime_wasi::p2::pipe::MemoryOutputPipe;
use wasmtime_wasi::{FsPerms, WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};

const WRITE: &str = include_str!("../benches/host_calls/write.wat");

/// Opens a file of the first preopened folder that is there and one that is not, and exits.
const FILES: &str = include_str!("components/files.wat");

struct World {
    ctx: WasiCtx,
    table: ResourceTable,
    calls: ComponentCalls,
}

impl WatchedView for World {
    fn watched(&mut self) -> Watched<'_> {
        Watched {
            view: WasiCtxView {
                ctx: &mut self.ctx,
                table: &mut self.table,
            },
            calls: &self.calls,
        }
    }
}

impl WasiView for World {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.ctx,
            table: &mut self.table,
        }
    }
}

/// Runs a component's `run(n)` and returns what it wrote, and the error if it failed.
fn run(text: &str, n: u32) -> (String, Option<String>) {
    run_watched(text, n, None)
}

/// As [`run`], with the record told of each call's end.
fn run_watched(text: &str, n: u32, calls: Option<&ComponentCalls>) -> (String, Option<String>) {
    let dir = tempfile::TempDir::new().expect("a folder");
    std::fs::write(dir.path().join("in.csv"), "1,2\n").expect("a file");
    let engine = Engine::default();
    let component = Component::new(&engine, text).expect("a component");
    let mut linker = Linker::<World>::new(&engine);
    wasmtime_wasi::p2::add_to_linker_sync(&mut linker).expect("a linker");
    if calls.is_some() {
        ComponentCalls::watch(&mut linker).expect("a linker");
    }
    let stdout = MemoryOutputPipe::new(1 << 16);
    let mut builder = WasiCtxBuilder::new();
    builder.stdout(stdout.clone());
    builder
        .preopened_dir(dir.path(), "/data", FsPerms::ReadWrite)
        .expect("a folder to grant");
    let world = World {
        ctx: builder.build(),
        table: ResourceTable::new(),
        calls: calls.cloned().unwrap_or_default(),
    };
    let mut store = Store::new(&engine, world);
    if let Some(calls) = calls.cloned() {
        store.call_hook(move |store, hook| {
            if matches!(hook, CallHook::ReturningFromHost) {
                calls.returned(&|| WasmBacktrace::force_capture(&store));
            }
            Ok(())
        });
    }
    let instance = linker
        .instantiate(&mut store, &component)
        .expect("an instance");
    let run = instance
        .get_typed_func::<(u32,), ()>(&mut store, "run")
        .expect("run");
    let error = run.call(&mut store, (n,)).err().map(|e| format!("{e:#}"));
    let written = String::from_utf8_lossy(&stdout.contents()).into_owned();
    (written, error)
}

fn lines(calls: &[HostCall]) -> Vec<String> {
    calls.iter().map(ToString::to_string).collect()
}

fn record(recording: ComponentRecording, text: &str, n: u32) -> ComponentCalls {
    let calls = ComponentCalls::new(recording);
    let tap = calls.tap(NoSubscriber::new());
    let traced = tracing::subscriber::with_default(tap, || run(text, n));
    assert_eq!(traced, run(text, n), "recording changes nothing");
    calls
}

#[test]
fn writes_are_recorded_with_arguments_and_results() {
    let calls = record(ComponentRecording::default(), WRITE, 2);
    assert_eq!(
        lines(&calls.calls()),
        [
            "get-stdout() = output-stream#0 </dev/stdout>",
            "output-stream.blocking-write-and-flush(self=output-stream#0, contents=...) = 0",
            "output-stream.blocking-write-and-flush(self=output-stream#0, contents=...) = 0",
        ]
    );
    let first = &calls.calls()[0];
    assert_eq!(first.module, "wasi:cli/stdout");
    let second = &calls.calls()[1];
    assert_eq!(second.module, "wasi:io/streams");
    assert_eq!(second.class, Some(Class::Fd));
    assert_eq!(calls.total(), 3);
}

#[test]
fn errors_and_exits_are_recorded() {
    let calls = record(ComponentRecording::default(), FILES, 0);
    assert_eq!(
        lines(&calls.calls()),
        [
            "get-directories() = ...",
            "descriptor.open-at(self=descriptor#0, path-flags=SYMLINK_FOLLOW, path=\"in.csv\", \
             open-flags=0, flags=READ) = descriptor#1",
            "descriptor.open-at(self=descriptor#0, path-flags=0, path=\"missing\", \
             open-flags=CREATE, flags=READ|WRITE) = descriptor#2",
            "descriptor.open-at(self=descriptor#0, path-flags=0, path=\"../up\", open-flags=0, \
             flags=READ) = error not-permitted",
            "exit(status=err) = ? (exited with 1)",
        ]
    );
}

/// Keeps the lines of what it is told, with the number of frames on the stack.
struct Listener(Arc<Mutex<Vec<String>>>);

impl CallObserver for Listener {
    fn interest_named(&self, module: &str, function: &str) -> Interest {
        match module.starts_with("wasi:") && !function.contains("check-write") {
            true => Interest::Calls,
            false => Interest::Nothing,
        }
    }

    fn begins_named(&mut self, beginning: Beginning, call: Option<&HostCall>) {
        let call = call.expect("unwanted calls are not asked for");
        let line = format!("{} shows: {}", call.function, beginning.may_show);
        self.0.lock().expect("a lock").push(line);
    }

    fn ends(&mut self, call: HostCall, guest: &dyn CallingGuest) {
        let (start, duration) = (call.start, call.duration);
        assert!(start.is_some() && duration.is_some(), "{call:?}");
        let frames = guest.stack().frames().len();
        let call = HostCall {
            start: None,
            duration: None,
            ..call
        };
        let line = format!("{frames}: {call}");
        self.0.lock().expect("a lock").push(line);
    }
}

/// What an observer of a component is told.
fn observed(text: &str, n: u32) -> Vec<String> {
    let calls = ComponentCalls::new(ComponentRecording {
        arguments: Arguments::Always,
        time: true,
        ..ComponentRecording::default()
    });
    let told = Arc::new(Mutex::new(Vec::new()));
    calls.observe(Box::new(Listener(Arc::clone(&told))));
    let tap = calls.tap(NoSubscriber::new());
    let traced = tracing::subscriber::with_default(tap, || run_watched(text, n, Some(&calls)));
    assert_eq!(traced, run(text, n), "being observed changes nothing");
    let told = told.lock().expect("a lock");
    told.clone()
}

#[test]
fn observers_are_told_of_each_call_with_what_resources_stand_for() {
    assert_eq!(
        observed(FILES, 0),
        [
            "1: get-directories() = [descriptor#0 </data>]",
            "1: descriptor.open-at(self=descriptor#0 </data>, path-flags=SYMLINK_FOLLOW, \
             path=\"in.csv\", open-flags=0, flags=READ) = descriptor#1 </data/in.csv>",
            "1: descriptor.open-at(self=descriptor#0 </data>, path-flags=0, path=\"missing\", \
             open-flags=CREATE, flags=READ|WRITE) = descriptor#2 </data/missing>",
            "1: descriptor.open-at(self=descriptor#0 </data>, path-flags=0, path=\"../up\", \
             open-flags=0, flags=READ) = error not-permitted",
            "1: exit(status=err) = ? (exited with 1)",
        ]
    );
}

#[test]
fn contents_are_told_that_wasmtime_leaves_out() {
    let told = observed(WRITE, 1);
    assert_eq!(told.len(), 3, "{told:?}");
    assert_eq!(told[0], "1: get-stdout() = output-stream#0 </dev/stdout>");
    assert_eq!(
        told[1],
        "[method]output-stream.blocking-write-and-flush shows: true"
    );
    let write = "1: output-stream.blocking-write-and-flush(self=output-stream#0 </dev/stdout>, \
                 contents=\"";
    assert!(told[2].starts_with(write), "{told:?}");
    assert!(told[2].ends_with("\") = 0"), "{told:?}");
}

#[test]
fn without_arguments_names_and_order_remain() {
    let recording = ComponentRecording {
        arguments: Arguments::Never,
        calls: 2,
        ..ComponentRecording::default()
    };
    let calls = record(recording, WRITE, 3);
    assert_eq!(
        lines(&calls.calls()),
        [
            "output-stream.blocking-write-and-flush(...)",
            "output-stream.blocking-write-and-flush(...)",
        ]
    );
    assert_eq!(calls.calls()[1].seq, 3);
    assert_eq!(calls.calls()[1].result, CallResult::Unknown);
    assert_eq!(calls.total(), 4);
}

#[test]
fn text_is_bounded() {
    let recording = ComponentRecording {
        text_bytes: 4,
        ..ComponentRecording::default()
    };
    let calls = record(recording, FILES, 0).calls();
    let open = calls
        .iter()
        .find(|call| call.function.contains("open-at"))
        .expect("a call");
    assert!(open.to_string().contains("..."), "{open}");
    assert!(open.to_string().len() < 200, "{open}");
}

/// Somewhere for a log to go.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("a lock").extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().expect("a lock")).into_owned()
    }
}

/// Runs the writing component with a log at a level beside the record.
fn logged(level: tracing::Level) -> (Vec<String>, String) {
    let log = Log::default();
    let writer = log.clone();
    let logging = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    let calls = ComponentCalls::default();
    tracing::subscriber::with_default(calls.tap(logging), || {
        tracing::info_span!("outer", run = 1).in_scope(|| {
            run(WRITE, 1);
            tracing::warn!("from the program itself");
        });
    });
    (lines(&calls.calls()), log.text())
}

#[test]
fn the_programs_own_logging_goes_on() {
    let (calls, log) = logged(tracing::Level::INFO);
    assert_eq!(calls.len(), 2, "{calls:?}");
    assert!(log.contains("WARN outer{run=1}"), "{log}");
    assert!(log.contains("from the program itself"), "{log}");
    assert!(!log.contains("blocking-write-and-flush"), "{log}");
}

#[test]
fn logging_at_the_trace_level_sees_the_calls_too() {
    let (calls, log) = logged(tracing::Level::TRACE);
    assert_eq!(calls.len(), 2, "{calls:?}");
    assert!(
        log.contains("outer{run=1}:wit-bindgen import{module=\"streams\""),
        "{log}"
    );
    assert!(log.contains("contents="), "{log}");
}

#[test]
fn arguments_are_left_out_while_calls_come_fast() {
    let recording = ComponentRecording {
        arguments: Arguments::WhenCheap,
        calls: 1000,
        ..ComponentRecording::default()
    };
    let calls = record(recording, WRITE, 400).calls();
    let with = |call: &HostCall| call.to_string().contains("self=output-stream#0");
    // The first calls of a run always have them. A machine may be slow enough for all to have them,
    // so what the later ones show is only that each is either whole or without.
    assert!(calls[1..60].iter().all(with));
    for call in &calls[1..] {
        let bare = "output-stream.blocking-write-and-flush(...)";
        assert!(with(call) || call.to_string() == bare, "{call}");
    }
}
