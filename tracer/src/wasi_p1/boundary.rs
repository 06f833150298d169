//! The one place that every WASI preview 1 call passes on its way to the host and back.
//!
//! All that a call does to its guest is visible here: the result, the memory it wrote (see
//! [`super::effects`]) and whether the guest goes on. Recording happens here, and faults are put in;
//! a journal that plays calls back belongs here too, instead of `call`.

use super::P1Host;
use super::gate::{self, CallGate, Timers};
use super::routes::{self, Route};
use crate::inject::Fault;
use crate::observe::{Beginning, CallingGuest, Interest, STACK_POINTER};
use crate::recent::{CallId, Ended};
use crate::table::RowId;
use std::time::Instant;
use wasmtime::{AsContextMut, Caller, Error, Extern, Memory, Result, Val, WasmBacktrace};
use wasmtime_wasi::I32Exit;
use wasmtime_wasi::p1::WasiP1Ctx;
use wasmtime_wasi::p1::wasi_snapshot_preview1::WasiSnapshotPreview1;
use wiggle::GuestMemory;

/// What a wrapped function returns to the guest.
pub(super) trait Returned: Copy {
    /// The error number, 0 when there is none.
    fn errno(self) -> u32;

    /// What a function returns with this error number; `None` when it returns nothing.
    fn made_up(errno: u32) -> Option<Self>;
}

impl Returned for i32 {
    fn errno(self) -> u32 {
        self as u32
    }

    fn made_up(errno: u32) -> Option<Self> {
        i32::try_from(errno).ok()
    }
}

impl Returned for () {
    fn errno(self) -> u32 {
        0
    }

    fn made_up(_errno: u32) -> Option<Self> {
        None
    }
}

/// Carries out one call: `call` is Wasmtime's implementation with the arguments bound.
///
/// The guest's memory is found and the host's fuel set as Wasmtime's own linker does it.
pub(super) fn cross<T: 'static, R: Returned>(
    mut caller: Caller<'_, T>,
    get: impl Fn(&mut T) -> &mut P1Host + Copy,
    row: RowId,
    args: &[u64],
    call: impl FnOnce(&mut WasiP1Ctx, &mut GuestMemory<'_>) -> Result<R>,
) -> Result<R> {
    let export = memory_export(&mut caller, get)?;
    let fuel = caller.as_context_mut().hostcall_fuel();
    let (mut memory, host) = at_hand(&mut caller, &export, get);
    host.wasi.set_hostcall_fuel(fuel);

    let id = enter(host, &memory, row, args);
    let result = match host.fault(row) {
        None => {
            let result = match host.route(row, args, &memory) {
                None => call(&mut host.wasi, &mut memory),
                Some(route) => reroute(host, &mut memory, route, args),
            };
            leave(host, &memory, row, args, id, &result);
            result
        }
        Some(fault) => with_fault(host, memory, row, args, id, &fault, call),
    };
    if host.observed.is_some() {
        tell(&mut caller, get, row, id);
    }
    result
}

/// Carries out a call that is not Wasmtime's alone.
#[cold]
fn reroute<R: Returned>(
    host: &mut P1Host,
    memory: &mut GuestMemory<'_>,
    route: Route,
    args: &[u64],
) -> Result<R> {
    host.routed = Some(route);
    let carried_out = routes::carry_out(&mut host.wasi, &mut host.sockets, route, args, memory);
    returned(wasmtime_wasi::runtime::in_tokio(carried_out))
}

/// An error number as what a function returns.
pub(super) fn returned<R: Returned>(errno: Result<u32>) -> Result<R> {
    R::made_up(errno?).ok_or_else(|| Error::msg("a call that does not return has returned: a bug"))
}

/// Carries out a call with a fault put into it: what was to be done by the host may not happen.
#[cold]
fn with_fault<R: Returned>(
    host: &mut P1Host,
    mut memory: GuestMemory<'_>,
    row: RowId,
    args: &[u64],
    id: CallId,
    fault: &Fault,
    call: impl FnOnce(&mut WasiP1Ctx, &mut GuestMemory<'_>) -> Result<R>,
) -> Result<R> {
    if let Some(delay) = fault.delay_enter {
        std::thread::sleep(delay);
    }
    host.recent.tampered(id, fault.tampering());
    let made_up = fault.errno().and_then(R::made_up);
    let result = match made_up {
        Some(_) => None,
        None => Some(match host.route(row, args, &memory) {
            None => call(&mut host.wasi, &mut memory),
            Some(route) => reroute(host, &mut memory, route, args),
        }),
    };
    if let Some(delay) = fault.delay_exit {
        std::thread::sleep(delay);
    }
    match (made_up, result) {
        (_, Some(result)) => {
            leave(host, &memory, row, args, id, &result);
            result
        }
        (Some(made_up), None) => {
            host.recent
                .leave_injected(id, Ended::Errno(made_up.errno()));
            Ok(made_up)
        }
        // There is one or the other.
        (None, None) => Err(Error::msg("a call came to no end: a bug")),
    }
}

/// As [`cross`], through a gate. It is a macro because a function cannot be generic over futures
/// that borrow what is lent to them anew each time.
macro_rules! cross_gated {
    ($caller:ident, $get:ident, $gate:expr, $row:expr, $args:expr,
        |$wasi:ident, $memory:ident| $call:expr) => {{
        let mut crossing =
            $crate::wasi_p1::boundary::Crossing::begin(&mut $caller, $get, $gate, $row, $args)?;
        let result = loop {
            let (mut memory, host) = crossing.lend(&mut $caller, $get);
            let route = crossing.route(&mut *host, &memory);
            let (sockets, $wasi, $memory) = (&mut host.sockets, &mut host.wasi, &mut memory);
            let call = async {
                match route {
                    None => $call.await,
                    Some(route) => $crate::wasi_p1::boundary::returned(
                        $crate::wasi_p1::routes::carry_out(
                            $wasi,
                            sockets,
                            route,
                            crossing.args(),
                            $memory,
                        )
                        .await,
                    ),
                }
            };
            let waited = $crate::wasi_p1::gate::look_after(
                crossing.may_stop(route),
                || $gate.is_wanted(),
                call,
            )
            .await;
            match waited {
                $crate::wasi_p1::gate::Waited::Done(result) => break result,
                $crate::wasi_p1::gate::Waited::Wanted => {
                    crossing.wait(&mut $caller, $get, $gate)?
                }
            }
        };
        crossing.end(&mut $caller, $get, $gate, &result);
        result
    }};
}
pub(super) use cross_gated;

/// A call on its way through a gate.
pub(super) struct Crossing {
    row: RowId,
    args: Vec<u64>,
    export: Extern,
    id: CallId,
    fuel: usize,
    began: Instant,
    timers: Timers,
}

impl Crossing {
    /// Records the call and lets the gate look.
    pub(super) fn begin<T: 'static>(
        caller: &mut Caller<'_, T>,
        get: impl Fn(&mut T) -> &mut P1Host + Copy,
        gate: &impl CallGate<T>,
        row: RowId,
        args: &[u64],
    ) -> Result<Self> {
        let function = row.function();
        let is_asked_for = gate.enters(function);
        let began = Instant::now();
        let export = memory_export(caller, get)?;
        let fuel = caller.as_context_mut().hostcall_fuel();
        let (memory, host) = at_hand(caller, &export, get);
        let id = enter(host, &memory, row, args);
        let call = is_asked_for.then(|| host.recent.call(id));
        let timers = Timers::of(function, args, &memory);
        let crossing = Self {
            row,
            args: args.to_vec(),
            id,
            fuel,
            began,
            timers,
            export,
        };
        if let Some(call) = call {
            let allowed = gate.begins(caller, function, call);
            crossing.check(caller, get, gate, allowed)?;
        }
        Ok(crossing)
    }

    /// Whether the call can be given up and carried out anew.
    pub(super) fn may_stop(&self, route: Option<Route>) -> bool {
        match route {
            None => gate::may_wait_anew(self.row.function(), &self.args),
            Some(route) => route.may_stop(),
        }
    }

    /// Who carries it out.
    pub(super) fn route(&self, host: &mut P1Host, memory: &GuestMemory<'_>) -> Option<Route> {
        host.routed = host.route(self.row, &self.args, memory);
        host.routed
    }

    /// The raw arguments.
    pub(super) fn args(&self) -> &[u64] {
        &self.args
    }

    /// What the call is carried out with.
    pub(super) fn lend<'c, T: 'static>(
        &'c self,
        caller: &'c mut Caller<'_, T>,
        get: impl Fn(&mut T) -> &mut P1Host,
    ) -> (GuestMemory<'c>, &'c mut P1Host) {
        let (memory, host) = at_hand(caller, &self.export, get);
        host.wasi.set_hostcall_fuel(self.fuel);
        (memory, host)
    }

    /// Lets the gate look at a guest that waits.
    pub(super) fn wait<T: 'static>(
        &mut self,
        caller: &mut Caller<'_, T>,
        get: impl Fn(&mut T) -> &mut P1Host + Copy,
        gate: &impl CallGate<T>,
    ) -> Result<()> {
        let allowed = gate.waits(caller, self.row.function());
        self.check(caller, get, gate, allowed)?;
        let (mut memory, _) = at_hand(caller, &self.export, get);
        self.timers.pass(self.began, &mut memory);
        Ok(())
    }

    /// Ends the call if the gate does not let it pass.
    fn check<T: 'static>(
        &self,
        caller: &mut Caller<'_, T>,
        get: impl Fn(&mut T) -> &mut P1Host + Copy,
        gate: &impl CallGate<T>,
        allowed: Result<()>,
    ) -> Result<()> {
        let result: Result<()> = allowed;
        if result.is_err() {
            self.end(caller, get, gate, &result);
        }
        result
    }

    /// Records the result and tells whoever listens.
    pub(super) fn end<T: 'static, R: Returned>(
        &self,
        caller: &mut Caller<'_, T>,
        get: impl Fn(&mut T) -> &mut P1Host + Copy,
        gate: &impl CallGate<T>,
        result: &Result<R>,
    ) {
        let (mut memory, host) = at_hand(caller, &self.export, get);
        self.timers.restore(&mut memory);
        leave(host, &memory, self.row, &self.args, self.id, result);
        let is_asked_for = gate.leaves(self.row.function());
        let call = is_asked_for.then(|| host.recent.call(self.id)).flatten();
        if host.observed.is_some() {
            tell(caller, get, self.row, self.id);
        }
        if let Some(call) = call {
            gate.returned(caller, call);
        }
    }
}

/// The guest's memory, as Wasmtime's own linker finds it.
fn memory_export<T: 'static>(
    caller: &mut Caller<'_, T>,
    get: impl Fn(&mut T) -> &mut P1Host,
) -> Result<Extern> {
    let export = match get(caller.data_mut()).memory {
        Some(place) => caller.get_module_export(&place),
        None => None,
    };
    export
        .or_else(|| caller.get_export("memory"))
        .filter(|export| matches!(export, Extern::Memory(_) | Extern::SharedMemory(_)))
        .ok_or_else(|| Error::msg("missing required memory export"))
}

/// The guest's memory and its host, side by side.
fn at_hand<'c, T: 'static>(
    caller: &'c mut Caller<'_, T>,
    export: &'c Extern,
    get: impl Fn(&mut T) -> &mut P1Host,
) -> (GuestMemory<'c>, &'c mut P1Host) {
    match export {
        Extern::Memory(memory) => {
            let (bytes, data) = memory.data_and_store_mut(caller);
            (GuestMemory::Unshared(bytes), get(data))
        }
        Extern::SharedMemory(memory) => {
            (GuestMemory::Shared(memory.data()), get(caller.data_mut()))
        }
        // Not what `memory_export` answers.
        _ => (GuestMemory::Unshared(&mut []), get(caller.data_mut())),
    }
}

/// Records that a call begins.
fn enter(host: &mut P1Host, memory: &GuestMemory<'_>, row: RowId, args: &[u64]) -> CallId {
    let function = row.function();
    let timed = host.interest(row) > Interest::Nothing;
    let id = host.recent.enter(function, args, memory, timed);
    if let Some(observed) = &mut host.observed
        && function.plan.may_begin
    {
        let beginning = Beginning {
            may_wait: function.may_wait(args),
            may_show: function.may_show(args),
        };
        if beginning != Beginning::default() {
            let recent = &host.recent;
            let call = || recent.call(id);
            observed.observer.begins(function, beginning, &call);
            host.recent.restart(id);
        }
    }
    id
}

/// Records what came of it.
fn leave<R: Returned>(
    host: &mut P1Host,
    memory: &GuestMemory<'_>,
    row: RowId,
    args: &[u64],
    id: CallId,
    result: &Result<R>,
) {
    let ended = match result {
        Ok(returned) => Ended::Errno(returned.errno()),
        Err(error) => ended_by(error),
    };
    let function = row.function();
    host.recent.leave(id, function, args, memory, ended);
    if let Some(route) = host.routed.take() {
        host.follow_sockets(function, args, memory, id, route);
    }
}

/// Tells the observer of a call that has returned. The guest's stack is as it was when the guest
/// called.
fn tell<T: 'static>(
    caller: &mut Caller<'_, T>,
    get: impl Fn(&mut T) -> &mut P1Host,
    row: RowId,
    id: CallId,
) {
    let host = get(caller.data_mut());
    match host.interest(row) {
        Interest::Nothing => return,
        Interest::Sums => {
            if let (Some(observed), Some(brief)) = (&mut host.observed, host.recent.brief(id)) {
                observed.observer.ends_briefly(&brief);
            }
            return;
        }
        Interest::Calls => {}
    }
    // Out of the store while it is told, since it may look at the store.
    let Some(mut observed) = host.observed.take() else {
        return;
    };
    if !observed.observer.has_enough()
        && let Some(call) = host.recent.call(id)
    {
        let (memory, stack_pointer) = match observed.with_state {
            true => state(caller),
            false => (None, None),
        };
        let guest = Standing {
            caller: &*caller,
            memory,
            stack_pointer,
        };
        observed.observer.ends(call, &guest);
    }
    get(caller.data_mut()).observed = Some(observed);
}

/// A guest between the end of its call and its next instruction.
struct Standing<'c, 's, T: 'static> {
    caller: &'c Caller<'s, T>,
    memory: Option<Memory>,
    stack_pointer: Option<u64>,
}

impl<T> CallingGuest for Standing<'_, '_, T> {
    fn stack(&self) -> WasmBacktrace {
        WasmBacktrace::force_capture(self.caller)
    }

    fn memory(&self) -> Option<&[u8]> {
        Some(self.memory?.data(self.caller))
    }

    fn stack_pointer(&self) -> Option<u64> {
        self.stack_pointer
    }
}

/// The memory and the stack pointer of the module that calls, where it exports them. What several
/// threads share changes while it is read.
fn state<T>(caller: &mut Caller<'_, T>) -> (Option<Memory>, Option<u64>) {
    let memory = match caller.get_export("memory") {
        Some(Extern::Memory(memory)) => Some(memory),
        _ => None,
    };
    let pointer = match caller.get_export(STACK_POINTER) {
        Some(Extern::Global(global)) => match global.get(caller) {
            Val::I32(address) => Some(u64::from(address.cast_unsigned())),
            Val::I64(address) => Some(address.cast_unsigned()),
            _ => None,
        },
        _ => None,
    };
    (memory, pointer)
}

/// How the guest ended, when the host ended it.
#[cold]
fn ended_by(error: &Error) -> Ended {
    match error.downcast_ref::<I32Exit>() {
        Some(I32Exit(code)) => Ended::Exit(*code),
        None => Ended::Trap(crate::call::error_text(error).into_boxed_str()),
    }
}
