//! The guest's calls to its host, before they are carried out, while they wait, and after they have
//! returned: a gate for WASI preview 1, Wasmtime's call hook for components.

use super::control::HostCallName;
use super::known::Known;
use super::paused::Paused;
use super::supervision::Supervision;
use super::walk::Innermost;
use super::{HostCallBegin, Interruption, PausedGuest as _, Resume};
use crate::code_index::{Callee, function_name};
use crate::component::ComponentState;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use wasmscope_tracer::{CallGate, ComponentCalls, Function, HostCall};
use wasmtime::{AsContextMut, CallHook, Caller, Error, Result, Store, StoreContextMut};

/// How far out the function that is called is looked for: behind the table-calling functions that
/// component tools put between a module and its imports.
const MAX_SHIMS: usize = 4;

/// What ends a guest that is to call no more.
fn killed() -> Error {
    Error::msg("the guest was ended by its debugger")
}

/// The gate for WASI preview 1.
#[derive(Clone)]
pub(crate) struct Gate(Arc<Supervision>);

impl Supervision {
    /// A gate for the calls of a core module.
    pub(crate) fn gate(self: &Arc<Self>) -> Gate {
        Gate(Arc::clone(self))
    }

    /// Has the calls of a component told. `calls` is where finished ones are recorded.
    pub(crate) fn hook_calls(
        self: &Arc<Self>,
        calls: Option<ComponentCalls>,
        store: &mut Store<ComponentState>,
    ) {
        let supervision = Arc::clone(self);
        store.call_hook(move |store, hook| match hook {
            CallHook::CallingHost => supervision.calling(store),
            CallHook::ReturningFromHost => {
                supervision.returning(store, calls.as_ref());
                Ok(())
            }
            CallHook::CallingWasm | CallHook::ReturningFromWasm => Ok(()),
        });
    }

    /// A component is about to call its host.
    ///
    /// A call within a call is not told (while the host makes room in guest memory, for example),
    /// and neither is the dropping of a resource: its stack cannot be walked.
    fn calling(&self, mut store: StoreContextMut<'_, ComponentState>) -> Result<()> {
        if self.host_depth.fetch_add(1, Ordering::Relaxed) > 0 {
            return Ok(());
        }
        let name = {
            let mut watched = self.lock();
            let name = match watched.supervisor.wants_host_calls() {
                true => called_function(store.as_context_mut(), &mut watched.known),
                false => None,
            };
            let Some(name) = name else {
                let unnamed = HostCallName::Table("a host function");
                self.control.set_host_call(Some(unnamed));
                return Ok(());
            };
            let found = HostCallName::Found(Arc::clone(&name));
            self.control.set_host_call(Some(found));
            if !watched.supervisor.wants_host_call(&name) {
                return Ok(());
            }
            name
        };
        let why = Interruption::HostCall(HostCallBegin {
            function: &name,
            call: None,
        });
        match self.tell(store, why, Innermost::Call) {
            Resume::Continue => Ok(()),
            Resume::Kill => Err(killed()),
        }
    }

    /// A component's call has returned.
    fn returning(
        &self,
        store: StoreContextMut<'_, ComponentState>,
        calls: Option<&ComponentCalls>,
    ) {
        if self.host_depth.fetch_sub(1, Ordering::Relaxed) > 1 {
            return;
        }
        self.control.set_host_call(None);
        let mut watched = self.lock();
        if !watched.supervisor.hears_host_calls() {
            return;
        }
        if let Some(call) = calls.and_then(|calls| calls.calls().pop()) {
            watched.returned(store, call);
        }
    }
}

/// The host function that the guest's innermost frame calls.
fn called_function<T: 'static>(
    store: StoreContextMut<'_, T>,
    known: &mut Known,
) -> Option<Arc<str>> {
    let mut guest = Paused::new(store, known, Innermost::Call);
    if !guest.is_walkable() {
        return None;
    }
    for frame in 0..MAX_SHIMS {
        let place = guest.frame(frame)?;
        match guest.called_by(frame)? {
            Callee::Function(index) => {
                if let Some(name) = guest.known().import_name(place.place.module, index) {
                    return Some(name);
                }
            }
            Callee::Indirect => {
                if let Some(name) = guest
                    .known()
                    .shim_name(place.place.module, place.func_index)
                {
                    return Some(name);
                }
            }
        }
    }
    None
}

/// What a function of component tools' shim modules stands for, by its name:
/// `indirect-wasi:io/streams@0.2.0-[method]output-stream.write`.
pub(super) fn shim_target(module: &[u8], function: u32) -> Option<String> {
    let name = function_name(module, function)?;
    let rest = name.strip_prefix("indirect-")?;
    let (interface, function) = match rest.find("-[") {
        Some(at) => (rest.get(..at)?, rest.get(at + 1..)?),
        // Versions have dashes only in pre-releases, interfaces before the version.
        None => {
            let version = rest.find('@').unwrap_or(0);
            let at = version + rest.get(version..)?.find('-')?;
            (rest.get(..at)?, rest.get(at + 1..)?)
        }
    };
    Some(format!("{interface}#{function}"))
}

impl<T: Send + 'static> CallGate<T> for Gate {
    fn enters(&self, function: &'static Function) -> bool {
        self.0
            .control
            .set_host_call(Some(HostCallName::Table(function.name)));
        self.0.lock().supervisor.wants_host_call(function.name)
    }

    fn begins(
        &self,
        caller: &mut Caller<'_, T>,
        function: &'static Function,
        call: Option<HostCall>,
    ) -> Result<()> {
        let why = Interruption::HostCall(HostCallBegin {
            function: function.name,
            call: call.as_ref(),
        });
        match self.0.tell(caller.as_context_mut(), why, Innermost::Call) {
            Resume::Continue => Ok(()),
            Resume::Kill => Err(killed()),
        }
    }

    fn is_wanted(&self) -> bool {
        self.0.control.is_wanted()
    }

    fn waits(&self, caller: &mut Caller<'_, T>, _function: &'static Function) -> Result<()> {
        let why = Interruption::Interrupted;
        match self.0.tell(caller.as_context_mut(), why, Innermost::Call) {
            Resume::Continue => Ok(()),
            Resume::Kill => Err(killed()),
        }
    }

    fn leaves(&self, _function: &'static Function) -> bool {
        self.0.control.set_host_call(None);
        self.0.lock().supervisor.hears_host_calls()
    }

    fn returned(&self, caller: &mut Caller<'_, T>, call: HostCall) {
        self.0.lock().returned(caller.as_context_mut(), call);
    }
}
