//! The network of a component: the functions of WASI 0.2 that say where a socket is, with the addresses
//! that the user's flags make of the guest's, and name lookup by the user's names.
//!
//! They are Wasmtime's in everything else, the record of the call included. Which connections are
//! allowed, Wasmtime asks itself (`World::wasi`); core modules are in `wasmscope_sockets`.

use crate::component::ComponentState;
use std::net::SocketAddr;
use tracing::Instrument as _;
use wasmscope_sockets::{Lookup, Policy, Protocol, Refusal};
use wasmtime::component::{Linker, Resource};
use wasmtime::{Result, StoreContextMut};
use wasmtime_wasi::p2::bindings::sockets::ip_name_lookup::Host as _;
use wasmtime_wasi::p2::bindings::sockets::network::{
    ErrorCode, Host as _, IpSocketAddress, Network,
};
use wasmtime_wasi::p2::bindings::sockets::tcp::{HostTcpSocket, TcpSocket};
use wasmtime_wasi::p2::bindings::sockets::udp::HostUdpSocket;
use wasmtime_wasi::p2::{SocketResult, UdpSocket};
use wasmtime_wasi::runtime::in_tokio;
use wasmtime_wasi::sockets::WasiSocketsView as _;

/// As the linker has them.
const TCP: &str = "wasi:sockets/tcp@0.2.12";
const UDP: &str = "wasi:sockets/udp@0.2.12";
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

/// Defines a `start-bind` that asks for the host's address and goes on as Wasmtime's.
macro_rules! start_bind {
    ($linker:ident, $policy:ident, $waits:ident, $interface:ident, $module:literal,
        $function:literal, $trait:ident, $socket:ident, $protocol:expr) => {{
        let mut interface = $linker.instance($interface)?;
        let by = $policy.clone();
        type Args = (Resource<$socket>, Resource<Network>, IpSocketAddress);
        if $waits {
            interface.func_wrap_async(
                $function,
                move |mut store: StoreContextMut<'_, ComponentState>, args: Args| {
                    let by = by.clone();
                    Box::new(bind!(
                        store, args, by, $module, $function, $trait, $protocol
                    ))
                },
            )?;
        } else {
            interface.func_wrap(
                $function,
                move |mut store: StoreContextMut<'_, ComponentState>, args: Args| {
                    let by = by.clone();
                    in_tokio(bind!(
                        store, args, by, $module, $function, $trait, $protocol
                    ))
                },
            )?;
        }
    }};
}

/// The call itself, as a future.
macro_rules! bind {
    ($store:ident, $args:ident, $by:ident, $module:literal, $function:literal, $trait:ident,
        $protocol:expr) => {{
        let (socket, network, address) = $args;
        let span = call!(
            $module,
            $function,
            self_ = &socket,
            network = &network,
            local_address = &address
        );
        let bind = async move {
            let calls = $store.data().calls.clone();
            let made_up: Option<SocketResult<()>> = calls.made_up();
            let view = &mut $store.data_mut().sockets();
            let answer = match (made_up, bound(&$by, address, $protocol)) {
                (Some(made_up), _) => made_up,
                (None, Ok(address)) => $trait::start_bind(view, socket, network, address).await,
                (None, Err(refusal)) => {
                    calls.refused(&refusal.how);
                    Err(ErrorCode::AccessDenied.into())
                }
            };
            let result = converted(view, answer)?;
            answered!(result)
        };
        bind.instrument(span)
    }};
}

type Answer<R> = std::result::Result<R, ErrorCode>;

/// Puts the functions in a linker that has WASI 0.2 in it, in place of Wasmtime's. `waits` says that
/// the guest's thread has Wasmtime's runtime around it.
///
/// # Errors
/// Those of the linker.
pub(crate) fn add_to_linker(
    linker: &mut Linker<ComponentState>,
    policy: &Policy,
    waits: bool,
) -> Result<()> {
    linker.allow_shadowing(true);
    start_bind!(
        linker,
        policy,
        waits,
        TCP,
        "tcp",
        "[method]tcp-socket.start-bind",
        HostTcpSocket,
        TcpSocket,
        Protocol::Tcp
    );
    start_bind!(
        linker,
        policy,
        waits,
        UDP,
        "udp",
        "[method]udp-socket.start-bind",
        HostUdpSocket,
        UdpSocket,
        Protocol::Udp
    );
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

/// Where a guest is bound, which Wasmtime then asks about.
fn bound(
    policy: &Policy,
    asked: IpSocketAddress,
    protocol: Protocol,
) -> std::result::Result<IpSocketAddress, Refusal> {
    let host = policy.bind(SocketAddr::from(asked), protocol)?;
    policy.grant(host);
    Ok(host.into())
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
