//! Datagrams that components send and receive, which Wasmtime leaves out of its events as it does all
//! lists: passed through as in [`super::watched`].

use super::faults::MadeUpError;
use super::ring::Ring;
use super::slot::RESULT;
use super::watched::{Watched, WatchedView, Watches, convert, pass_on};
use crate::call::{Arg, Value};
use std::borrow::Cow;
use wasmtime::Result;
use wasmtime::component::{Linker, Resource};
use wasmtime_wasi::p2::bindings::sockets::network::{
    self, IpAddressFamily, IpSocketAddress, Network,
};
use wasmtime_wasi::p2::bindings::sync::io::error::Error;
use wasmtime_wasi::p2::bindings::sync::io::poll::Pollable;
use wasmtime_wasi::p2::bindings::sync::sockets::udp;
use wasmtime_wasi::p2::{SocketError, SocketResult};
use wasmtime_wasi::sockets::{WasiSocketsCtxView, WasiSocketsView as _};

/// At most this many datagrams of a call are kept; Wasmtime receives no more at once.
const MAX_DATAGRAMS: usize = 16;

const UDP: &str = "wasi:sockets/udp";

type Socket = Resource<udp::UdpSocket>;
type Incoming = Resource<udp::IncomingDatagramStream>;
type Outgoing = Resource<udp::OutgoingDatagramStream>;
/// What a socket is turned into to send and receive.
type Streams = (Incoming, Outgoing);

/// Puts the watched functions in a linker in place of those that are there.
pub(super) fn add_to_linker<T: WatchedView + 'static>(linker: &mut Linker<T>) -> Result<()> {
    // Streams' errors are asked for there that we have made up.
    network::add_to_linker::<T, Watches>(linker, &network::LinkOptions::default(), T::watched)?;
    udp::add_to_linker::<T, Watches>(linker, T::watched)
}

/// A datagram as it is recorded.
fn datagram(ring: &Ring, data: &[u8], address: Option<IpSocketAddress>) -> Value {
    let mut fields = vec![Arg {
        name: Cow::Borrowed("data"),
        value: Value::Bytes(ring.kept(data)),
        detail: false,
    }];
    if let Some(address) = address {
        fields.push(Arg {
            name: Cow::Borrowed("remote-address"),
            value: Value::Text {
                text: std::net::SocketAddr::from(address).to_string(),
                cut: false,
            },
            detail: false,
        });
    }
    Value::Record(fields)
}

/// A list of datagrams as it is recorded.
fn list(items: impl ExactSizeIterator<Item = Value>) -> Value {
    let count = items.len() as u64;
    Value::List {
        items: items.take(MAX_DATAGRAMS).collect(),
        count,
    }
}

macro_rules! sockets {
    ($self:ident) => {
        &mut $self.sockets()
    };
}

impl network::Host for Watched<'_> {
    fn network_error_code(&mut self, error: Resource<Error>) -> Result<Option<network::ErrorCode>> {
        if let Some(made_up) = self.view.table.get(&error)?.downcast_ref::<MadeUpError>() {
            return Ok(made_up.socket_code());
        }
        network::Host::network_error_code(sockets!(self), error)
    }

    convert! { network::Host, sockets:
        fn convert_error_code(error: SocketError) -> Result<network::ErrorCode>;
    }
}

impl network::HostNetwork for Watched<'_> {
    convert! { network::HostNetwork, sockets:
        fn drop(network: Resource<Network>) -> Result<()>;
    }
}

impl udp::Host for Watched<'_> {}

impl udp::HostUdpSocket for Watched<'_> {
    fn drop(&mut self, socket: Socket) -> Result<()> {
        self.dropping(UDP, "[resource-drop]udp-socket", socket.rep(), |this| {
            udp::HostUdpSocket::drop(&mut this.sockets(), socket)
        })
    }

    pass_on! { udp::HostUdpSocket, sockets:
        fn start_bind(socket: Socket, network: Resource<Network>, address: IpSocketAddress) -> SocketResult<()>;
        fn finish_bind(socket: Socket) -> SocketResult<()>;
        fn stream(socket: Socket, address: Option<IpSocketAddress>) -> SocketResult<Streams>;
        fn local_address(socket: Socket) -> SocketResult<IpSocketAddress>;
        fn remote_address(socket: Socket) -> SocketResult<IpSocketAddress>;
        fn address_family(socket: Socket) -> Result<IpAddressFamily>;
        fn unicast_hop_limit(socket: Socket) -> SocketResult<u8>;
        fn set_unicast_hop_limit(socket: Socket, value: u8) -> SocketResult<()>;
        fn receive_buffer_size(socket: Socket) -> SocketResult<u64>;
        fn set_receive_buffer_size(socket: Socket, value: u64) -> SocketResult<()>;
        fn send_buffer_size(socket: Socket) -> SocketResult<u64>;
        fn set_send_buffer_size(socket: Socket, value: u64) -> SocketResult<()>;
        fn subscribe(socket: Socket) -> Result<Resource<Pollable>>;
    }
}

impl udp::HostIncomingDatagramStream for Watched<'_> {
    fn receive(
        &mut self,
        stream: Incoming,
        max_results: u64,
    ) -> SocketResult<Vec<udp::IncomingDatagram>> {
        let answer = self.made_up().unwrap_or_else(|| {
            let sockets: &mut WasiSocketsCtxView<'_> = sockets!(self);
            udp::HostIncomingDatagramStream::receive(sockets, stream, max_results)
        });
        match &answer {
            Ok(received) => self.calls.note(RESULT, |ring| {
                list(
                    received
                        .iter()
                        .map(|one| datagram(ring, &one.data, Some(one.remote_address))),
                )
            }),
            Err(error) => self.note_error(error),
        }
        answer
    }

    fn drop(&mut self, stream: Incoming) -> Result<()> {
        let function = "[resource-drop]incoming-datagram-stream";
        self.dropping(UDP, function, stream.rep(), |this| {
            udp::HostIncomingDatagramStream::drop(&mut this.sockets(), stream)
        })
    }

    pass_on! { udp::HostIncomingDatagramStream, sockets:
        fn subscribe(stream: Incoming) -> Result<Resource<Pollable>>;
    }
}

impl udp::HostOutgoingDatagramStream for Watched<'_> {
    fn send(
        &mut self,
        stream: Outgoing,
        datagrams: Vec<udp::OutgoingDatagram>,
    ) -> SocketResult<u64> {
        self.calls.note("datagrams", |ring| {
            list(
                datagrams
                    .iter()
                    .map(|one| datagram(ring, &one.data, one.remote_address)),
            )
        });
        if let Some(made_up) = self.made_up() {
            return made_up;
        }
        udp::HostOutgoingDatagramStream::send(sockets!(self), stream, datagrams)
    }

    fn drop(&mut self, stream: Outgoing) -> Result<()> {
        let function = "[resource-drop]outgoing-datagram-stream";
        self.dropping(UDP, function, stream.rep(), |this| {
            udp::HostOutgoingDatagramStream::drop(&mut this.sockets(), stream)
        })
    }

    pass_on! { udp::HostOutgoingDatagramStream, sockets:
        fn check_send(stream: Outgoing) -> SocketResult<u64>;
        fn subscribe(stream: Outgoing) -> Result<Resource<Pollable>>;
    }
}
