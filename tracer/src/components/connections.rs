//! What components do with connections, and the making of sockets: passed through so that faults can be
//! put in, and dropping them recorded. Datagrams are in [`super::datagrams`].

use super::watched::{Watched, WatchedView, Watches, pass_on};
use wasmtime::Result;
use wasmtime::component::{Linker, Resource};
use wasmtime_wasi::p2::SocketResult;
use wasmtime_wasi::p2::bindings::sockets::network::{
    IpAddress, IpAddressFamily, IpSocketAddress, Network,
};
use wasmtime_wasi::p2::bindings::sockets::{ip_name_lookup, tcp_create_socket};
use wasmtime_wasi::p2::bindings::sync::io::poll::Pollable;
use wasmtime_wasi::p2::bindings::sync::io::streams::{InputStream, OutputStream};
use wasmtime_wasi::p2::bindings::sync::sockets::{tcp, udp, udp_create_socket};
use wasmtime_wasi::sockets::WasiSocketsView as _;

const TCP: &str = "wasi:sockets/tcp";
const LOOKUP: &str = "wasi:sockets/ip-name-lookup";

type Socket = Resource<tcp::TcpSocket>;
type Lookup = Resource<ip_name_lookup::ResolveAddressStream>;
/// The two ways of a connection.
type Ways = (Resource<InputStream>, Resource<OutputStream>);
/// A connection that came in.
type Accepted = (Socket, Resource<InputStream>, Resource<OutputStream>);

/// Puts the functions in a linker in place of those that are there.
pub(super) fn add_to_linker<T: WatchedView + 'static>(linker: &mut Linker<T>) -> Result<()> {
    tcp_create_socket::add_to_linker::<T, Watches>(linker, T::watched)?;
    udp_create_socket::add_to_linker::<T, Watches>(linker, T::watched)?;
    ip_name_lookup::add_to_linker::<T, Watches>(linker, T::watched)?;
    tcp::add_to_linker::<T, Watches>(linker, T::watched)
}

macro_rules! sockets {
    ($self:ident) => {
        &mut $self.sockets()
    };
}

impl tcp_create_socket::Host for Watched<'_> {
    pass_on! { tcp_create_socket::Host, sockets:
        fn create_tcp_socket(family: IpAddressFamily) -> SocketResult<Socket>;
    }
}

impl udp_create_socket::Host for Watched<'_> {
    pass_on! { udp_create_socket::Host, sockets:
        fn create_udp_socket(family: IpAddressFamily) -> SocketResult<Resource<udp::UdpSocket>>;
    }
}

impl ip_name_lookup::Host for Watched<'_> {
    pass_on! { ip_name_lookup::Host, sockets:
        fn resolve_addresses(network: Resource<Network>, name: String) -> SocketResult<Lookup>;
    }
}

impl ip_name_lookup::HostResolveAddressStream for Watched<'_> {
    fn drop(&mut self, lookup: Lookup) -> Result<()> {
        let function = "[resource-drop]resolve-address-stream";
        self.dropping(LOOKUP, function, lookup.rep(), |this| {
            ip_name_lookup::HostResolveAddressStream::drop(&mut this.sockets(), lookup)
        })
    }

    pass_on! { ip_name_lookup::HostResolveAddressStream, sockets:
        fn resolve_next_address(lookup: Lookup) -> SocketResult<Option<IpAddress>>;
        fn subscribe(lookup: Lookup) -> Result<Resource<Pollable>>;
    }
}

impl tcp::Host for Watched<'_> {}

impl tcp::HostTcpSocket for Watched<'_> {
    fn drop(&mut self, socket: Socket) -> Result<()> {
        self.dropping(TCP, "[resource-drop]tcp-socket", socket.rep(), |this| {
            tcp::HostTcpSocket::drop(&mut this.sockets(), socket)
        })
    }

    pass_on! { tcp::HostTcpSocket, sockets:
        fn start_bind(socket: Socket, network: Resource<Network>, address: IpSocketAddress) -> SocketResult<()>;
        fn finish_bind(socket: Socket) -> SocketResult<()>;
        fn start_connect(socket: Socket, network: Resource<Network>, address: IpSocketAddress) -> SocketResult<()>;
        fn finish_connect(socket: Socket) -> SocketResult<Ways>;
        fn start_listen(socket: Socket) -> SocketResult<()>;
        fn finish_listen(socket: Socket) -> SocketResult<()>;
        fn accept(socket: Socket) -> SocketResult<Accepted>;
        fn local_address(socket: Socket) -> SocketResult<IpSocketAddress>;
        fn remote_address(socket: Socket) -> SocketResult<IpSocketAddress>;
        fn is_listening(socket: Socket) -> Result<bool>;
        fn address_family(socket: Socket) -> Result<IpAddressFamily>;
        fn set_listen_backlog_size(socket: Socket, value: u64) -> SocketResult<()>;
        fn keep_alive_enabled(socket: Socket) -> SocketResult<bool>;
        fn set_keep_alive_enabled(socket: Socket, value: bool) -> SocketResult<()>;
        fn keep_alive_idle_time(socket: Socket) -> SocketResult<u64>;
        fn set_keep_alive_idle_time(socket: Socket, value: u64) -> SocketResult<()>;
        fn keep_alive_interval(socket: Socket) -> SocketResult<u64>;
        fn set_keep_alive_interval(socket: Socket, value: u64) -> SocketResult<()>;
        fn keep_alive_count(socket: Socket) -> SocketResult<u32>;
        fn set_keep_alive_count(socket: Socket, value: u32) -> SocketResult<()>;
        fn hop_limit(socket: Socket) -> SocketResult<u8>;
        fn set_hop_limit(socket: Socket, value: u8) -> SocketResult<()>;
        fn receive_buffer_size(socket: Socket) -> SocketResult<u64>;
        fn set_receive_buffer_size(socket: Socket, value: u64) -> SocketResult<()>;
        fn send_buffer_size(socket: Socket) -> SocketResult<u64>;
        fn set_send_buffer_size(socket: Socket, value: u64) -> SocketResult<()>;
        fn subscribe(socket: Socket) -> Result<Resource<Pollable>>;
        fn shutdown(socket: Socket, how: tcp::ShutdownType) -> SocketResult<()>;
    }
}
