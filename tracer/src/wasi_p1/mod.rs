//! Core modules: every function of WASI preview 1, wrapped. The guest gets what stock Wasmtime would
//! give it.
//!
//! The wrappers are made from the rows of the table, one typed closure each around the function of
//! Wasmtime with the same name; what they have in common is in [`boundary`]. What a call writes into
//! guest memory is in [`effects`]. What is about sockets is not Wasmtime's: [`routes`] has it.

mod boundary;
pub mod effects;
mod extension;
mod gate;
mod routes;

pub use extension::{add_sockets_to_gated_linker, add_sockets_to_linker};
pub use gate::CallGate;

use crate::inject::{Fault, Injection};
use crate::observe::{CallObserver, Interest};
use crate::recent::{RecentCalls, Recording, StringSizes};
use crate::table::wasi_p1::{MODULE, Row, wasi_p1_rows};
use crate::table::{self, RowId};
use wasmscope_sockets::{Network, Policy, Sockets};
use wasmtime::{Caller, Linker, Module, ModuleExport, Result};
use wasmtime_wasi::p1::WasiP1Ctx;
use wasmtime_wasi::p1::wasi_snapshot_preview1 as raw;
use wasmtime_wasi::runtime::in_tokio;
use wiggle::GuestMemory;

/// The host's side of a core module: Wasmtime's WASI preview 1 and the record of the calls to it.
pub struct P1Host {
    /// Wasmtime's implementation.
    pub wasi: WasiP1Ctx,
    /// The last calls.
    pub recent: RecentCalls,
    /// Where the memory of the main module is.
    memory: Option<ModuleExport>,
    /// Who is told of every call.
    observed: Option<Observed>,
    /// What is done to calls on purpose.
    injection: Injection,
    /// The guest's sockets.
    sockets: Sockets,
    /// Who has carried out the call that is about to end, if that is not Wasmtime.
    routed: Option<routes::Route>,
}

/// An observer, and what it wants to hear of which functions.
struct Observed {
    observer: Box<dyn CallObserver>,
    /// What it wants of each function, by the position of the row.
    interests: Vec<Interest>,
    /// Whether it looks at the guest's memory and stack pointer.
    with_state: bool,
}

impl P1Host {
    /// A host that keeps the last calls with default settings.
    pub fn new(wasi: WasiP1Ctx) -> Self {
        P1Host::with_recording(wasi, Recording::default())
    }

    /// A host that keeps the last calls as told.
    pub fn with_recording(mut wasi: WasiP1Ctx, recording: Recording) -> Self {
        let mut recent = RecentCalls::new(recording);
        recent.set_strings(string_sizes(&mut wasi));
        for (fd, path) in preopens(&mut wasi) {
            recent.name_fd(fd, &path);
        }
        P1Host {
            wasi,
            recent,
            memory: None,
            observed: None,
            injection: Injection::default(),
            sockets: Sockets::new(Policy::new(Network::default(), |_| {})),
            routed: None,
        }
    }

    /// Says what the guest may do on the network, before it runs: without this it may listen on the
    /// host's loopback addresses. WASI preview 1 itself has no sockets; see
    /// [`add_sockets_to_linker`].
    pub fn set_network(&mut self, policy: Policy) {
        self.sockets = Sockets::new(policy);
    }

    /// Has every call of this host told to `observer`, as it returns. What it is told is what
    /// [`RecentCalls`] keeps of a call, so that it hears nothing when that keeps no calls.
    pub fn observe(&mut self, mut observer: Box<dyn CallObserver>) {
        observer.starts(self.recent.started());
        let interests = table::functions().map(|row| observer.interest(row));
        let interests = interests.collect();
        let with_state = observer.wants_state();
        self.observed = Some(Observed {
            observer,
            interests,
            with_state,
        });
    }

    /// Closes the guest's sockets, as the end of its process would.
    pub fn close_sockets(&mut self) {
        self.sockets.close_all();
    }

    /// What somebody wants to hear of the calls of a row. Calls that nobody listens to are timed if
    /// that was asked for.
    #[inline]
    fn interest(&self, row: RowId) -> Interest {
        let listened = self.observed.as_ref();
        listened.map_or(Interest::Sums, |observed| {
            let interest = observed.interests.get(row.index());
            interest.copied().unwrap_or(Interest::Nothing)
        })
    }

    /// Has faults put into the calls of this host from now on: such a call does not reach Wasmtime if
    /// its result is given, and the guest finds its memory as it left it. Calls through a gate are
    /// left alone.
    pub fn inject(&mut self, injection: Injection) {
        self.injection = injection;
    }

    /// The fault for a call that is about to be made.
    fn fault(&mut self, row: RowId) -> Option<Fault> {
        if self.injection.is_empty() {
            return None;
        }
        self.injection.count(row.function())
    }

    /// Announces the module that will call most. Finding a caller's memory by name takes as long as
    /// recording its call; for instances of this module it is found by position from now on. Other
    /// modules may call as well.
    pub fn expect_calls_from(&mut self, module: &Module) {
        self.memory = module.get_export_index("memory");
    }
}

/// A longer path of a preopened directory is not asked for.
const MAX_PREOPEN_PATH: u32 = 4096;

/// The preopened directories with their descriptors, asked for as a guest would.
fn preopens(wasi: &mut WasiP1Ctx) -> Vec<(u32, String)> {
    let mut scratch = vec![0; MAX_PREOPEN_PATH as usize];
    let mut found = Vec::new();
    for fd in 3_i32.. {
        let memory = &mut GuestMemory::Unshared(&mut scratch);
        if !matches!(raw::fd_prestat_get(wasi, memory, fd, 0), Ok(0)) {
            break;
        }
        let length = crate::copies::read_u32(memory, 4).unwrap_or(0);
        let name = raw::fd_prestat_dir_name(wasi, memory, fd, 0, MAX_PREOPEN_PATH as i32);
        if let (Ok(0), Some(path)) = (name, crate::copies::read(memory, 0, length)) {
            found.push((fd as u32, String::from_utf8_lossy(&path).into_owned()));
        }
    }
    found
}

/// How many arguments and environment variables there are, asked for as a guest would.
fn string_sizes(wasi: &mut WasiP1Ctx) -> StringSizes {
    let mut scratch = [0; 8];
    let mut ask = |sizes: fn(&mut WasiP1Ctx, &mut GuestMemory<'_>) -> Result<i32>| {
        let memory = &mut GuestMemory::Unshared(&mut scratch);
        match sizes(wasi, memory) {
            Ok(0) => crate::copies::read_u32(memory, 0).zip(crate::copies::read_u32(memory, 4)),
            _ => None,
        }
    };
    StringSizes {
        arguments: ask(|wasi, memory| raw::args_sizes_get(wasi, memory, 0, 4)),
        environment: ask(|wasi, memory| raw::environ_sizes_get(wasi, memory, 0, 4)),
    }
}

/// A Wasm value as the 64 bits that a record keeps.
trait Word {
    fn word(self) -> u64;
}

impl Word for i32 {
    fn word(self) -> u64 {
        u64::from(self as u32)
    }
}

impl Word for i64 {
    fn word(self) -> u64 {
        self as u64
    }
}

/// One wrapper: turns the kinds of a row into the typed parameters of a closure, taking names from a
/// list, then defines the closure.
macro_rules! wrap {
    ($with:tt [$($out:tt)*] [$a:ident $b:ident $($names:ident)*] (path) $($more:tt)*) => {
        wrap!($with [$($out)* ($a: i32) ($b: i32)] [$($names)*] $($more)*)
    };
    ($with:tt [$($out:tt)*] [$a:ident $b:ident $($names:ident)*] (buffers_in) $($more:tt)*) => {
        wrap!($with [$($out)* ($a: i32) ($b: i32)] [$($names)*] $($more)*)
    };
    ($with:tt [$($out:tt)*] [$a:ident $b:ident $($names:ident)*] (buffers_out) $($more:tt)*) => {
        wrap!($with [$($out)* ($a: i32) ($b: i32)] [$($names)*] $($more)*)
    };
    ($with:tt [$($out:tt)*] [$a:ident $b:ident $($names:ident)*] (entries_out) $($more:tt)*) => {
        wrap!($with [$($out)* ($a: i32) ($b: i32)] [$($names)*] $($more)*)
    };
    ($with:tt [$($out:tt)*] [$a:ident $b:ident $($names:ident)*] (buffer_out $_f:tt) $($more:tt)*) => {
        wrap!($with [$($out)* ($a: i32) ($b: i32)] [$($names)*] $($more)*)
    };
    ($with:tt [$($out:tt)*] [$a:ident $b:ident $($names:ident)*] (strings_out $_w:tt) $($more:tt)*) => {
        wrap!($with [$($out)* ($a: i32) ($b: i32)] [$($names)*] $($more)*)
    };
    ($with:tt [$($out:tt)*] [$a:ident $($names:ident)*] (val64 $($_t:tt)*) $($more:tt)*) => {
        wrap!($with [$($out)* ($a: i64)] [$($names)*] $($more)*)
    };
    ($with:tt [$($out:tt)*] [$a:ident $($names:ident)*] ($($_t:tt)*) $($more:tt)*) => {
        wrap!($with [$($out)* ($a: i32)] [$($names)*] $($more)*)
    };
    (((gated $linker:ident $get:ident $gate:ident) $name:ident $how:ident $returns:ident)
        [$(($arg:ident: $ty:ty))*] $names:tt) => {{
        let gate = $gate.clone();
        $linker.func_wrap_async(
            MODULE,
            stringify!($name),
            move |mut caller: Caller<'_, T>, ($($arg,)*): ($($ty,)*)| {
                let gate = gate.clone();
                Box::new(async move {
                    let result: Result<wrap!(@returns $returns)> = boundary::cross_gated!(
                        caller,
                        $get,
                        &gate,
                        RowId::P1(Row::$name),
                        &[$($arg.word()),*],
                        |wasi, memory| wrap!(@wait $how raw::$name(wasi, memory $(, $arg)*))
                    );
                    result
                })
            },
        )?;
    }};
    (((open $linker:ident $get:ident) $name:ident $how:ident $returns:ident)
        [$(($arg:ident: $ty:ty))*] $names:tt) => {
        $linker.func_wrap(
            MODULE,
            stringify!($name),
            move |caller: Caller<'_, T> $(, $arg: $ty)*| -> Result<wrap!(@returns $returns)> {
                boundary::cross(
                    caller,
                    $get,
                    RowId::P1(Row::$name),
                    &[$($arg.word()),*],
                    |wasi, memory| wrap!(@call $how raw::$name(wasi, memory $(, $arg)*)),
                )
            },
        )?;
    };
    (@returns Errno) => { i32 };
    (@returns Never) => { () };
    (@call now $call:expr) => { $call };
    (@call block $call:expr) => { in_tokio($call) };
    (@wait now $call:expr) => { async { $call } };
    (@wait block $call:expr) => { $call };
}

macro_rules! wrap_all {
    ($way:tt $($name:ident $how:ident($returns:ident) [$($class:ident)*]
        $effect:ident $summary:literal: $(($param:ident: $($kind:tt)*))*;)*) => {
        $(wrap!(($way $name $how $returns) [] [a b c d e f g h i j] $(($($kind)*))*);)*
    };
}

/// Adds every function of WASI preview 1 to a linker, each wrapped so that its calls are recorded in
/// [`P1Host::recent`]. It is the counterpart of `wasmtime_wasi::p1::add_to_linker_sync`: for stores
/// that run without async, and not to be used inside of an async runtime.
///
/// # Errors
/// When one of the names is defined in the linker already.
pub fn add_to_linker<T: Send + 'static>(
    linker: &mut Linker<T>,
    get: impl Fn(&mut T) -> &mut P1Host + Copy + Send + Sync + 'static,
) -> Result<()> {
    wasi_p1_rows!(wrap_all (open linker get));
    Ok(())
}

/// As [`add_to_linker`], with every call passing a gate. For stores that run with async, on a
/// thread that has Wasmtime's own runtime around it
/// ([`wasmtime_wasi::runtime::with_ambient_tokio_runtime`]) and does not block in it.
///
/// # Errors
/// When one of the names is defined in the linker already.
pub fn add_to_gated_linker<T: Send + 'static>(
    linker: &mut Linker<T>,
    get: impl Fn(&mut T) -> &mut P1Host + Copy + Send + Sync + 'static,
    gate: &impl CallGate<T>,
) -> Result<()> {
    wasi_p1_rows!(wrap_all (gated linker get gate));
    Ok(())
}
