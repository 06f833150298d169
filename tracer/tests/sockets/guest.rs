//! A guest that imports functions for sockets and hands each of them out, so that a test can call them
//! with any arguments; and its host.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex};
use wasmscope_sockets::{Network, Policy};
use wasmscope_tracer::filter::Names;
use wasmscope_tracer::inject::Injection;
use wasmscope_tracer::table::{Function, WasmType, wasi_p1, wasmedge};
use wasmscope_tracer::wasi_p1::effects::Outputs;
use wasmscope_tracer::{HostCall, P1Host, add_sockets_to_linker, add_to_linker};
use wasmtime::{Engine, Instance, Linker, Memory, Module, Store, Val};
use wasmtime_wasi::WasiCtxBuilder;
use wasmtime_wasi::p2::pipe::MemoryInputPipe;
use wiggle::GuestMemory;

/// The functions that a guest imports, by name and number of parameters.
pub type Imports = &'static [(&'static str, usize)];

/// What programs of the first version import.
pub const FIRST: Imports = &[
    ("sock_open", 3),
    ("sock_bind", 3),
    ("sock_connect", 3),
    ("sock_listen", 2),
    ("sock_accept", 2),
    ("sock_recv", 6),
    ("sock_recv_from", 7),
    ("sock_send", 5),
    ("sock_send_to", 7),
    ("sock_shutdown", 2),
    ("sock_getlocaladdr", 4),
    ("sock_getpeeraddr", 4),
    ("sock_getsockopt", 5),
    ("sock_setsockopt", 5),
    ("sock_getaddrinfo", 8),
    ("epoll_oneoff", 4),
    ("poll_oneoff", 4),
    ("fd_read", 4),
    ("fd_write", 4),
    ("fd_close", 1),
    ("fd_fdstat_get", 2),
    ("fd_fdstat_set_flags", 2),
    ("fd_filestat_get", 2),
    ("fd_renumber", 2),
    ("fd_seek", 4),
    ("fd_sync", 1),
    ("path_open", 9),
];

/// What programs of the second version import.
pub const SECOND: Imports = &[
    ("sock_open_v2", 3),
    ("sock_bind_v2", 3),
    ("sock_connect_v2", 3),
    ("sock_listen_v2", 2),
    ("sock_accept_v2", 3),
    ("sock_recv_v2", 6),
    ("sock_recv_from", 8),
    ("sock_recv_from_v2", 8),
    ("sock_send_v2", 5),
    ("sock_send_to_v2", 7),
    ("sock_getlocaladdr", 3),
    ("sock_getpeeraddr_v2", 3),
    ("sock_accept", 3),
    ("fd_close", 1),
];

pub struct Guest {
    store: Store<P1Host>,
    instance: Instance,
    memory: Memory,
    told: Arc<Mutex<Vec<String>>>,
    /// The rows that have succeeded, by name and number of Wasm parameters.
    pub succeeded: Vec<(&'static str, usize)>,
}

/// All rows that a guest may mean.
pub fn rows() -> impl Iterator<Item = &'static Function> {
    let extension = wasmedge::ROWS.iter().map(|row| &row.function);
    extension.chain(wasi_p1::FUNCTIONS)
}

fn row(name: &str, params: usize) -> &'static Function {
    let plain = name.strip_suffix("_v2").unwrap_or(name);
    rows()
        .find(|row| row.name == plain && row.wasm_params().count() == params)
        .unwrap_or_else(|| panic!("{name} with {params} parameters"))
}

fn text(imports: Imports) -> String {
    let mut declared = String::new();
    let mut exported = String::new();
    for (name, params) in imports {
        let types: Vec<&str> = row(name, *params)
            .wasm_params()
            .map(|ty| match ty {
                WasmType::I32 => "i32",
                WasmType::I64 => "i64",
            })
            .collect();
        let signature = format!("(param {}) (result i32)", types.join(" "));
        let gets: String = (0..types.len())
            .map(|i| format!("(local.get {i})"))
            .collect();
        writeln!(
            declared,
            "(import \"wasi_snapshot_preview1\" \"{name}\" (func ${name} {signature}))"
        )
        .expect("text");
        writeln!(
            exported,
            "(func (export \"{name}\") {signature} (call ${name} {gets}))"
        )
        .expect("text");
    }
    format!("(module {declared} (memory (export \"memory\") 1) {exported})")
}

impl Guest {
    pub fn new(imports: Imports, network: Network) -> Self {
        let told: Arc<Mutex<Vec<String>>> = Arc::default();
        let heard = Arc::clone(&told);
        let policy = Policy::new(network, move |refusal| {
            heard.lock().expect("not poisoned").push(refusal.to_owned());
        });
        let engine = Engine::default();
        let module = Module::new(&engine, text(imports)).expect("a module");
        let mut linker = Linker::new(&engine);
        add_to_linker(&mut linker, |host| host).expect("a linker");
        add_sockets_to_linker(&mut linker, &module, |host| host).expect("a linker");
        let mut wasi = WasiCtxBuilder::new();
        wasi.stdin(MemoryInputPipe::new("typed\n"));
        let mut host = P1Host::new(wasi.build_p1());
        host.set_network(policy);
        let mut store = Store::new(&engine, host);
        let instance = linker
            .instantiate(&mut store, &module)
            .expect("all imports are there");
        let memory = instance.get_memory(&mut store, "memory").expect("a memory");
        Guest {
            store,
            instance,
            memory,
            told,
            succeeded: Vec::new(),
        }
    }

    /// What was told of refusals.
    pub fn told(&self) -> Vec<String> {
        self.told.lock().expect("not poisoned").clone()
    }

    pub fn inject(&mut self, specification: &str) {
        let mut injection = Injection::default();
        injection.add(specification, Names::Table).expect("valid");
        self.store.data_mut().inject(injection);
    }

    pub fn put(&mut self, address: u32, bytes: &[u8]) {
        self.memory
            .write(&mut self.store, address as usize, bytes)
            .expect("inside");
    }

    pub fn words(&mut self, address: u32, words: &[u32]) {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        self.put(address, &bytes);
    }

    pub fn bytes(&self, address: u32, length: usize) -> Vec<u8> {
        let start = address as usize;
        self.memory.data(&self.store)[start..start + length].to_vec()
    }

    pub fn word(&self, address: u32) -> u32 {
        let bytes = self.bytes(address, 4);
        u32::from_le_bytes(bytes.try_into().expect("four"))
    }

    /// Calls a function: the error number and the record's line. Every byte of memory that changed
    /// must be one that the table says the call writes.
    pub fn call(&mut self, name: &str, args: &[i64]) -> (i32, String) {
        let row = row(name, args.len());
        let words: Vec<u64> = row
            .wasm_params()
            .zip(args)
            .map(|(ty, arg)| match ty {
                WasmType::I32 => u64::from(*arg as u32),
                WasmType::I64 => *arg as u64,
            })
            .collect();
        let params: Vec<Val> = row
            .wasm_params()
            .zip(args)
            .map(|(ty, arg)| match ty {
                WasmType::I32 => Val::I32(*arg as i32),
                WasmType::I64 => Val::I64(*arg),
            })
            .collect();
        let mut before = self.memory.data(&self.store).to_vec();
        let outputs = {
            let sizes = self.store.data().recent.string_sizes();
            Outputs::announced(row, &words, &GuestMemory::Unshared(&mut before), sizes)
        };
        let function = self
            .instance
            .get_func(&mut self.store, name)
            .expect("exported");
        let mut results = [Val::I32(-1)];
        function
            .call(&mut self.store, &params, &mut results)
            .expect("no trap");
        let errno = results[0].unwrap_i32();
        let mut after = self.memory.data(&self.store).to_vec();
        let changed: Vec<u64> = (0_u64..)
            .zip(before.iter().zip(&after))
            .filter(|(_, (a, b))| a != b)
            .map(|(at, _)| at)
            .collect();
        let regions = outputs.written(row, &words, &GuestMemory::Unshared(&mut after), errno == 0);
        for at in changed {
            let is_declared = regions.iter().any(|region| region.contains(&at));
            assert!(
                is_declared,
                "{name}{args:?} changed {at:#x}, declared are {regions:x?}"
            );
        }
        if errno == 0 {
            self.succeeded.push((row.name, row.wasm_params().count()));
        }
        (errno, self.last().to_string())
    }

    /// The record of the last call.
    pub fn last(&self) -> HostCall {
        self.store.data().recent.calls().pop().expect("a record")
    }

    /// Calls a function that must succeed; its line.
    pub fn ok(&mut self, name: &str, args: &[i64]) -> String {
        let (errno, line) = self.call(name, args);
        assert_eq!(errno, 0, "{line}");
        line
    }

    /// Calls a function that must fail with this number; its line.
    pub fn fails(&mut self, errno: i32, name: &str, args: &[i64]) -> String {
        let (number, line) = self.call(name, args);
        assert_eq!(number, errno, "{line}");
        line
    }
}
