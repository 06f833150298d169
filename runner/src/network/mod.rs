//! The network of a component: the functions of WASI 0.2 that say where a socket is, with the addresses
//! that the user's flags make of the guest's, and name lookup by the user's names.
//!
//! They are Wasmtime's in everything else, the record of the call included. Which connections are
//! allowed, Wasmtime asks itself (`World::wasi`); core modules are in `wasmscope_sockets`. What has to do
//! with addresses is in [`addresses`], the table of them in [`places`].

use crate::component::ComponentState;
use wasmscope_sockets::{Lookup, Policy};
use wasmtime::component::{Linker, Resource};
use wasmtime::{Result, StoreContextMut};
use wasmtime_wasi::p2::SocketResult;
use wasmtime_wasi::p2::bindings::sockets::ip_name_lookup::Host as _;
use wasmtime_wasi::p2::bindings::sockets::network::{ErrorCode, Host as _, Network};
use wasmtime_wasi::sockets::WasiSocketsView as _;

/// As the linker has them.
const NAMES: &str = "wasi:sockets/ip-name-lookup@0.2.12";

/// The span of a call and the event with its arguments, as Wasmtime's bindings make them: by these its
/// record is kept.
macro_rules! call {
    ($module:literal, $function:literal, $($field:ident = $value:expr),*) => {{
        let span = tracing::trace_span!(
            target: "wasmtime_wasi::p2::bindings::wasi::sockets",
            "wit-bindgen import",
            module = $module,
            function = $function
        );
        span.in_scope(|| tracing::event!(
            target: "wasmtime_wasi::p2::bindings::wasi::sockets",
            tracing::Level::TRACE,
            $($field = tracing::field::debug($value),)*
            "call"
        ));
        span
    }};
}

/// Says how a call ended, as Wasmtime's bindings do.
macro_rules! answered {
    ($result:ident) => {{
        tracing::event!(
            target: "wasmtime_wasi::p2::bindings::wasi::sockets",
            tracing::Level::TRACE,
            result = tracing::field::debug(&$result),
            "return"
        );
        Ok(($result,))
    }};
}

mod addresses;
mod places;

pub(crate) use places::Places;

type Answer<R> = std::result::Result<R, ErrorCode>;

/// Puts the functions in a linker that has WASI 0.2 in it, in place of Wasmtime's. `waits` says that
/// the guest's thread has Wasmtime's runtime around it, `heard` that calls are watched.
///
/// # Errors
/// Those of the linker.
pub(crate) fn add_to_linker(
    linker: &mut Linker<ComponentState>,
    policy: &Policy,
    waits: bool,
    heard: bool,
) -> Result<()> {
    linker.allow_shadowing(true);
    addresses::add_to_linker(linker, policy, waits, heard)?;
    names(linker, policy)?;
    linker.allow_shadowing(false);
    Ok(())
}

fn names(linker: &mut Linker<ComponentState>, policy: &Policy) -> Result<()> {
    let by = policy.clone();
    linker.instance(NAMES)?.func_wrap(
        "resolve-addresses",
        move |mut store: StoreContextMut<'_, ComponentState>,
              (network, name): (Resource<Network>, String)| {
            let span = call!(
                "ip-name-lookup",
                "resolve-addresses",
                network = &network,
                name = &name
            );
            let _entered = span.enter();
            let calls = store.data().calls.clone();
            let made_up = calls.made_up();
            let view = &mut store.data_mut().sockets();
            let answer = made_up.unwrap_or_else(|| match by.lookup(&name) {
                // Wasmtime answers an address with itself.
                Ok(Lookup::Given(given)) => match given.first() {
                    Some(first) => view.resolve_addresses(network, first.to_string()),
                    None => Err(ErrorCode::NameUnresolvable.into()),
                },
                Ok(Lookup::Host) => view.resolve_addresses(network, name),
                Err(refusal) => {
                    calls.refused(&refusal.how);
                    Err(ErrorCode::AccessDenied.into())
                }
            });
            let result = converted(view, answer)?;
            answered!(result)
        },
    )
}

/// An answer as the guest gets it.
fn converted<R>(
    view: &mut wasmtime_wasi::sockets::WasiSocketsCtxView<'_>,
    answer: SocketResult<R>,
) -> Result<Answer<R>> {
    match answer {
        Ok(value) => Ok(Ok(value)),
        Err(error) => Ok(Err(view.convert_error_code(error)?)),
    }
}
