//! Core modules: every function of WASI preview 1, wrapped. The guest gets what stock Wasmtime would
//! give it.

use crate::recent::{RecentCalls, Recording};
use wasmtime_wasi::p1::WasiP1Ctx;

/// The host's side of a core module: Wasmtime's WASI preview 1 and the record of the calls to it.
pub struct P1Host {
    /// Wasmtime's implementation.
    pub wasi: WasiP1Ctx,
    /// The last calls.
    pub recent: RecentCalls,
}

impl P1Host {
    /// A host that keeps the last calls with default settings.
    pub fn new(wasi: WasiP1Ctx) -> Self {
        P1Host::with_recording(wasi, Recording::default())
    }

    /// A host that keeps the last calls as told.
    pub fn with_recording(wasi: WasiP1Ctx, recording: Recording) -> Self {
        P1Host {
            wasi,
            recent: RecentCalls::new(recording),
        }
    }
}

/// Adds every function of WASI preview 1 to a linker, each wrapped so that its calls are recorded in
/// [`P1Host::recent`]. Like `wasmtime_wasi::p1::add_to_linker_sync`, of which it is the counterpart,
/// it is for stores that run without async.
///
/// # Errors
/// When one of the names is defined in the linker already.
pub fn add_to_linker<T: Send + 'static>(
    linker: &mut wasmtime::Linker<T>,
    get: impl Fn(&mut T) -> &mut P1Host + Copy + Send + Sync + 'static,
) -> wasmtime::Result<()> {
    wasmtime_wasi::p1::add_to_linker_sync(linker, move |data| &mut get(data).wasi)
}
