//! The functions of a component's sockets that have to do with addresses: binding, connecting, and what
//! the guest is told of where its sockets are. The guest's addresses are made the host's here, and the
//! host's the guest's.

use super::converted;
use super::places::Places;
use crate::component::ComponentState;
use std::net::SocketAddr;
use tracing::Instrument as _;
use wasmscope_sockets::{Policy, Protocol, Refusal};
use wasmscope_tracer::WatchedView as _;
use wasmtime::component::{Linker, LinkerInstance, Resource, ResourceType};
use wasmtime::{Result, StoreContextMut};
use wasmtime_wasi::p2::bindings::sockets::network::{ErrorCode, IpSocketAddress, Network};
use wasmtime_wasi::p2::bindings::sockets::tcp::{
    HostTcpSocket, InputStream, OutputStream, TcpSocket,
};
use wasmtime_wasi::p2::bindings::sockets::udp::HostUdpSocket;
use wasmtime_wasi::p2::bindings::sync::sockets::{tcp as sync_tcp, udp as sync_udp};
use wasmtime_wasi::p2::{SocketResult, UdpSocket};
use wasmtime_wasi::runtime::in_tokio;
use wasmtime_wasi::sockets::WasiSocketsView as _;

/// As the linker has them.
const TCP: &str = "wasi:sockets/tcp@0.2.12";
const UDP: &str = "wasi:sockets/udp@0.2.12";

type Store<'a> = StoreContextMut<'a, ComponentState>;
type Tcp = Resource<TcpSocket>;
type Udp = Resource<UdpSocket>;
/// A connection that came in.
type Accepted = (Tcp, Resource<InputStream>, Resource<OutputStream>);

/// Defines a function that answers at once, in place of Wasmtime's; a fault may answer in its place.
macro_rules! function {
    ($interface:ident, $module:literal, $function:literal,
        |$state:ident; $($arg:ident: $ty:ty),*| $answer:expr) => {
        $interface.func_wrap(
            $function,
            move |mut store: Store<'_>, ($($arg,)*): ($($ty,)*)| {
                let span = call!($module, $function, $($arg = &$arg),*);
                let _entered = span.enter();
                let $state = store.data_mut();
                let answer = $state.calls.made_up();
                let answer = answer.unwrap_or_else(|| $answer);
                let result = converted(&mut $state.sockets(), answer)?;
                answered!(result)
            },
        )?
    };
}

/// Defines a `start-bind` that asks for the host's address and goes on as Wasmtime's.
macro_rules! start_bind {
    ($interface:ident, $policy:ident, $waits:ident, $module:literal, $function:literal,
        $trait:ident, $socket:ident, $protocol:expr) => {{
        let by = $policy.clone();
        type Args = (Resource<$socket>, Resource<Network>, IpSocketAddress);
        if $waits {
            $interface.func_wrap_async($function, move |mut store: Store<'_>, args: Args| {
                let by = by.clone();
                Box::new(bind!(
                    store, args, by, $module, $function, $trait, $protocol
                ))
            })?;
        } else {
            $interface.func_wrap($function, move |mut store: Store<'_>, args: Args| {
                let by = by.clone();
                in_tokio(bind!(
                    store, args, by, $module, $function, $trait, $protocol
                ))
            })?;
        }
    }};
}

/// The call itself, as a future.
macro_rules! bind {
    ($store:ident, $args:ident, $by:ident, $module:literal, $function:literal, $trait:ident,
        $protocol:expr) => {{
        let (socket, network, asked) = $args;
        let span = call!(
            $module,
            $function,
            self_ = &socket,
            network = &network,
            local_address = &asked
        );
        let bind = async move {
            let state = $store.data_mut();
            let made_up: Option<SocketResult<()>> = state.calls.made_up();
            let id = socket.rep();
            let answer = match (made_up, bound(&$by, asked, $protocol)) {
                (Some(made_up), _) => made_up,
                (None, Ok(host)) => {
                    let view = &mut state.sockets();
                    $trait::start_bind(view, socket, network, host).await
                }
                (None, Err(refusal)) => {
                    state.calls.refused(&refusal.how);
                    Err(ErrorCode::AccessDenied.into())
                }
            };
            if answer.is_ok() {
                let host = $trait::local_address(&mut state.sockets(), Resource::new_borrow(id));
                if let Ok(host) = host {
                    state.places.bound($protocol, id, asked.into(), host.into());
                }
            }
            let result = converted(&mut state.sockets(), answer)?;
            answered!(result)
        };
        bind.instrument(span)
    }};
}

/// Puts the functions in a linker that has WASI 0.2 in it, in place of Wasmtime's. `waits` says that
/// the guest's thread has Wasmtime's runtime around it, `heard` that calls are watched.
///
/// # Errors
/// Those of the linker.
pub(super) fn add_to_linker(
    linker: &mut Linker<ComponentState>,
    policy: &Policy,
    waits: bool,
    heard: bool,
) -> Result<()> {
    let mut tcp = linker.instance(TCP)?;
    start_bind!(
        tcp,
        policy,
        waits,
        "tcp",
        "[method]tcp-socket.start-bind",
        HostTcpSocket,
        TcpSocket,
        Protocol::Tcp
    );
    listening(&mut tcp, policy)?;
    connecting(&mut tcp, policy)?;
    let by = policy.clone();
    let ty = ResourceType::host::<TcpSocket>();
    tcp.resource("tcp-socket", ty, move |mut store, id| {
        let state = store.data_mut();
        if let Some(host) = state.places.gone(Protocol::Tcp, id) {
            by.unbound(Protocol::Tcp, host);
        }
        match heard {
            true => sync_tcp::HostTcpSocket::drop(&mut state.watched(), Resource::new_own(id)),
            false => HostTcpSocket::drop(&mut state.sockets(), Resource::new_own(id)),
        }
    })?;
    let mut udp = linker.instance(UDP)?;
    start_bind!(
        udp,
        policy,
        waits,
        "udp",
        "[method]udp-socket.start-bind",
        HostUdpSocket,
        UdpSocket,
        Protocol::Udp
    );
    datagrams(&mut udp, heard)
}

/// What a socket that waits for connections answers, and where it and they are.
fn listening(tcp: &mut LinkerInstance<'_, ComponentState>, policy: &Policy) -> Result<()> {
    let by = policy.clone();
    function!(tcp, "tcp", "[method]tcp-socket.finish-listen", |state; self_: Tcp| {
        let id = self_.rep();
        let answer = HostTcpSocket::finish_listen(&mut state.sockets(), self_);
        if answer.is_ok() && let Some((guest, host)) = state.places.listens(id) {
            by.bound(Protocol::Tcp, guest, host);
        }
        answer
    });
    function!(tcp, "tcp", "[method]tcp-socket.accept", |state; self_: Tcp| {
        let id = self_.rep();
        let answer: SocketResult<Accepted> = HostTcpSocket::accept(&mut state.sockets(), self_);
        if let Ok((accepted, _, _)) = &answer {
            state.places.accepted(id, accepted.rep());
        }
        answer
    });
    function!(tcp, "tcp", "[method]tcp-socket.local-address", |state; self_: Tcp| {
        let id = self_.rep();
        let host = HostTcpSocket::local_address(&mut state.sockets(), self_);
        host.map(|host| local(&state.places, Protocol::Tcp, id, host))
    });
    Ok(())
}

/// Connecting, which for the guest's own port, and others, is elsewhere on the host.
fn connecting(tcp: &mut LinkerInstance<'_, ComponentState>, policy: &Policy) -> Result<()> {
    let by = policy.clone();
    function!(
        tcp,
        "tcp",
        "[method]tcp-socket.start-connect",
        |state; self_: Tcp, network: Resource<Network>, remote_address: IpSocketAddress| {
            let id = self_.rep();
            let asked = SocketAddr::from(remote_address);
            let host = by.elsewhere(asked, Protocol::Tcp).unwrap_or(asked);
            let view = &mut state.sockets();
            let answer = HostTcpSocket::start_connect(view, self_, network, host.into());
            if answer.is_ok() && host != asked {
                state.places.connects(id, asked);
            }
            answer
        }
    );
    function!(tcp, "tcp", "[method]tcp-socket.remote-address", |state; self_: Tcp| {
        let id = self_.rep();
        let host = HostTcpSocket::remote_address(&mut state.sockets(), self_);
        host.map(|host| IpSocketAddress::from(state.places.peer(id, host.into())))
    });
    Ok(())
}

/// Where a socket for datagrams is.
fn datagrams(udp: &mut LinkerInstance<'_, ComponentState>, heard: bool) -> Result<()> {
    function!(udp, "udp", "[method]udp-socket.local-address", |state; self_: Udp| {
        let id = self_.rep();
        let host = HostUdpSocket::local_address(&mut state.sockets(), self_);
        host.map(|host| local(&state.places, Protocol::Udp, id, host))
    });
    let ty = ResourceType::host::<UdpSocket>();
    udp.resource("udp-socket", ty, move |mut store, id| {
        let state = store.data_mut();
        state.places.gone(Protocol::Udp, id);
        match heard {
            true => sync_udp::HostUdpSocket::drop(&mut state.watched(), Resource::new_own(id)),
            false => HostUdpSocket::drop(&mut state.sockets(), Resource::new_own(id)),
        }
    })
}

/// A socket's address for the guest.
fn local(places: &Places, protocol: Protocol, id: u32, host: IpSocketAddress) -> IpSocketAddress {
    places.local(protocol, id, host.into()).into()
}

/// Where a guest is bound, which Wasmtime then asks about.
fn bound(
    policy: &Policy,
    asked: IpSocketAddress,
    protocol: Protocol,
) -> std::result::Result<IpSocketAddress, Refusal> {
    let asked = SocketAddr::from(asked);
    let host = policy.bind(asked, protocol)?;
    // Sockets of components are of one family alone.
    let is_mapped = |at: SocketAddr| at.ip().to_canonical() != at.ip();
    if is_mapped(host) && !is_mapped(asked) {
        return Err(policy.other_family(asked, protocol));
    }
    policy.grant(host);
    Ok(host.into())
}
